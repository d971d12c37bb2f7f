//! The indexes over a state, brought up to date with what events made of it: what each role owes, how much is on each
//! desk, and how many escalations each place holds.

use std::mem::discriminant;

use super::{Duty, accountability, instruction_duties};
use crate::domain::id::{IcId, InstructionId, TaskId};
use crate::domain::role::Role;
use crate::domain::state::{Changed, Load, State, TaskIndex};
use crate::domain::task::{Assignee, Attempt, State as TaskState, Task};

/// What a task adds to the desks of ICs.
fn weights(task: &Task) -> Vec<(IcId, Load)> {
    let mut weights = Vec::new();
    match &task.state {
        TaskState::Assigned { assignee: Assignee::Ic(ic) } => {
            weights.push((ic.clone(), Load { committed: task.work.effort, tasks: 1, ..Load::default() }));
        }
        TaskState::InProgress { assignee: Assignee::Ic(ic), attempt } => {
            let running = u32::from(matches!(attempt, Attempt::Running { .. }));
            weights.push((ic.clone(), Load { committed: task.work.effort, tasks: 1, running, reviews: 0 }));
        }
        TaskState::UnderReview { reviewer: Role::Ic(ic), .. } => {
            weights.push((ic.clone(), Load { reviews: 1, ..Load::default() }));
        }
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => {}
    }
    weights
}

/// Brings the indexes up to date with what a task has become.
pub(in crate::domain) fn refresh_task(state: &mut State, id: TaskId) {
    let now = state.tasks.get(&id).map(|task| accountability(state, task)).unwrap_or_default();
    let before = state.index.tasks.remove(&id).unwrap_or_default();
    replace_duties(state, &before.accountability.duties(id), &now.duties(id));
    refresh_holders(state, id);
    state.index.touched.insert(id);
    let weights_now = state.tasks.get(&id).map(weights).unwrap_or_default();
    let weights_before = state.index.weights.remove(&id).unwrap_or_default();
    if weights_now != weights_before {
        for (ic, weight) in &weights_before {
            let load = state.index.load.entry(ic.clone()).or_default();
            load.committed = load.committed.minus(weight.committed);
            load.running = load.running.saturating_sub(weight.running);
            load.tasks = load.tasks.saturating_sub(weight.tasks);
            load.reviews = load.reviews.saturating_sub(weight.reviews);
            // Somebody has more room than before: they may start something else, and their lead may give them something.
            state.index.stirred.insert(Role::Ic(ic.clone()));
            stir_assigners(state, ic);
            if let Some(desk) = state.index.desks.get_mut(ic) {
                desk.remove(&id);
                // Whether the clocks of the others run hangs on what is at work.
                if weight.running > 0 {
                    state.index.touched.extend(desk.iter());
                }
            }
            if let Some(running) = state.index.running.get_mut(ic) {
                running.remove(&id);
            }
        }
        for (ic, weight) in &weights_now {
            let load = state.index.load.entry(ic.clone()).or_default();
            load.committed = load.committed.plus(weight.committed);
            load.running = load.running.saturating_add(weight.running);
            load.tasks = load.tasks.saturating_add(weight.tasks);
            load.reviews = load.reviews.saturating_add(weight.reviews);
            if weight.tasks > 0 {
                let desk = state.index.desks.entry(ic.clone()).or_default();
                if weight.running > 0 {
                    state.index.touched.extend(desk.iter());
                    state.index.running.entry(ic.clone()).or_default().insert(id);
                }
                desk.insert(id);
            }
        }
    }
    if !weights_now.is_empty() {
        state.index.weights.insert(id, weights_now);
    }
    if state.tasks.contains_key(&id) {
        // What is armed stays so until the clocks of all that the event touched are looked at.
        state.index.tasks.insert(id, TaskIndex { accountability: now, clock: before.clock });
        state.index.changed.insert(Changed::Task(id));
    } else {
        state.index.armed.remove_task(id, before.clock);
    }
}

/// Whoever owes something for a task looks at it again.
pub(in crate::domain) fn stir_owners(state: &mut State, id: TaskId) {
    if let Some(found) = state.index.tasks.get(&id) {
        state.index.stirred.extend(found.accountability.owes.iter().map(|(role, _)| role.clone()));
    }
}

/// Leads with something to give out look again when somebody within their reach has more room.
fn stir_assigners(state: &mut State, ic: &IcId) {
    let first = TaskId::new(uuid::Uuid::nil());
    for role in [Role::DomainLead(ic.domain()), Role::TechLead(ic.department())] {
        let Some(duties) = state.index.duties.get(&role) else {
            continue;
        };
        let owes =
            |from: Duty| duties.range(from..).next().is_some_and(|found| discriminant(found) == discriminant(&from));
        if owes(Duty::Assign(first)) || owes(Duty::ClearBlocker(first)) {
            state.index.stirred.insert(role);
        }
    }
}

/// Brings the indexes up to date with what an instruction has become.
pub(in crate::domain) fn refresh_instruction(state: &mut State, id: InstructionId) {
    let now = state.instructions.get(&id).map(|found| instruction_duties(state, found)).unwrap_or_default();
    let before = state.index.instructions.remove(&id).unwrap_or_default();
    replace_duties(state, &before, &now);
    if state.instructions.contains_key(&id) {
        state.index.instructions.insert(id, now);
        state.index.changed.insert(Changed::Instruction(id));
    }
    crate::domain::evolve::arm_instruction(state, id);
}

/// Brings what is derived from messages to channels up to date.
pub(in crate::domain) fn refresh_affairs(state: &mut State) {
    let mut now = Vec::new();
    for (id, sent) in &state.broadcasts {
        let unread = sent.recipients.iter().filter(|(role, read)| read.is_none() && state.has_place(role));
        now.extend(unread.map(|(role, _)| (role.clone(), Duty::Read(*id))));
    }
    let before = std::mem::replace(&mut state.index.unread, now.clone());
    replace_duties(state, &before, &now);
}

/// Brings the count of open escalations of each place up to date with those of a task.
fn refresh_holders(state: &mut State, id: TaskId) {
    let now: Vec<Role> = state
        .tasks
        .get(&id)
        .map(|task| task.escalations.values().map(|record| record.holder.clone()).collect())
        .unwrap_or_default();
    let before =
        if now.is_empty() { state.index.holders.remove(&id) } else { state.index.holders.insert(id, now.clone()) };
    for role in before.unwrap_or_default() {
        if let Some(count) = state.index.held.get_mut(&role) {
            *count = count.saturating_sub(1);
        }
        if let Some(tasks) = state.index.held_tasks.get_mut(&role) {
            tasks.remove(&id);
        }
        if state.index.held.get(&role) == Some(&0) {
            state.index.held.remove(&role);
            state.index.held_tasks.remove(&role);
        }
    }
    for role in now {
        state.index.held_tasks.entry(role.clone()).or_default().insert(id);
        let count = state.index.held.entry(role).or_insert(0);
        *count = count.saturating_add(1);
    }
}

fn replace_duties(state: &mut State, before: &[(Role, Duty)], now: &[(Role, Duty)]) {
    for owed in before.iter().filter(|owed| !now.contains(owed)) {
        let (role, duty) = owed;
        if let Some(duties) = state.index.duties.get_mut(role) {
            duties.remove(duty);
            if duties.is_empty() {
                state.index.duties.remove(role);
            }
        }
        // Whoever works on a duty that is gone should know, too: an IC stops the attempt.
        state.index.stirred.insert(role.clone());
    }
    for (role, duty) in now.iter().filter(|owed| !before.contains(owed)) {
        state.index.duties.entry(role.clone()).or_default().insert(*duty);
        state.index.stirred.insert(role.clone());
    }
}
