//! The indexes over a state, brought up to date with what events made of it: what each role owes, how much is on each
//! desk, and how many escalations each place holds.

mod load;

pub(in crate::domain) use self::load::{refresh_hours, reweigh_desk};

use std::collections::BTreeSet;

use self::load::{refresh_waiting, replace_weight, weight};
use super::{Duty, accountability, instruction_duties};
use crate::domain::id::{DomainId, InstructionId, TaskId};
use crate::domain::instruction;
use crate::domain::role::Role;
use crate::domain::state::{Changed, State};
use crate::domain::task::{State as TaskState, Task};
use crate::domain::time::Effort;

/// Brings the indexes up to date with what a task has become.
pub(in crate::domain) fn refresh_task(state: &mut State, id: TaskId) {
    // What is armed stays so until the clocks of all that the event touched are looked at.
    let mut known = state.index.tasks.remove(&id).unwrap_or_default();
    let now = state.tasks.get(&id).map(|task| accountability(state, task)).unwrap_or_default();
    if now != known.accountability {
        replace_duties(state, &known.accountability.duties(id), &now.duties(id));
        known.accountability = now;
    }
    refresh_holders(state, id, &mut known.holders);
    state.index.touched.insert(id);
    let weight_now = state.tasks.get(&id).and_then(|task| weight(state, task));
    if weight_now != known.weight {
        replace_weight(state, id, &known.weight, &weight_now);
        known.weight = weight_now;
    }
    refresh_share(state, id, &mut known.share);
    refresh_waiting(state, id);
    if state.tasks.contains_key(&id) {
        state.index.tasks.insert(id, known);
        state.index.changed.insert(Changed::Task(id));
    } else {
        state.index.armed.remove_task(id, known.clock);
    }
}

/// What a task adds to the open work of its domain: the hours that are still to be done, as far as its instruction runs.
/// A milestone counts until it is broken down; what is handed in is done, for as long as nobody sends it back.
fn share(state: &State, task: &Task) -> Option<(DomainId, InstructionId, Effort)> {
    let instruction = state.instructions.get(&task.instruction)?;
    let runs = instruction.state == instruction::State::Executing && instruction.paused.is_none();
    let is_work = task.children.is_empty() && task.work.effort > Effort::default();
    let is_to_do = match &task.state {
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. } => true,
        TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => false,
    };
    (runs && is_work && is_to_do).then(|| (task.domain.clone(), task.instruction, task.work.effort))
}

/// Brings the open work of domains up to date with what a task has become, which added `known` to it.
fn refresh_share(state: &mut State, id: TaskId, known: &mut Option<(DomainId, InstructionId, Effort)>) {
    let now = state.tasks.get(&id).and_then(|task| share(state, task));
    if now == *known {
        return;
    }
    let before = std::mem::replace(known, now.clone());
    if let Some((domain, instruction, hours)) = before {
        if let Some(of) = state.index.work.get_mut(&domain) {
            let left = of.get(&instruction).copied().unwrap_or_default().minus(hours);
            if left == Effort::default() {
                of.remove(&instruction);
            } else {
                of.insert(instruction, left);
            }
            if of.is_empty() {
                state.index.work.remove(&domain);
            }
        }
        // What waits for capacity may begin.
        if !state.index.queued.is_empty() {
            state.index.stirred.insert(Role::Organisation);
        }
    }
    if let Some((domain, instruction, hours)) = now {
        let of = state.index.work.entry(domain).or_default().entry(instruction).or_default();
        *of = of.plus(hours);
    }
}

/// Whoever owes something for a task looks at it again.
pub(in crate::domain) fn stir_owners(state: &mut State, id: TaskId) {
    if let Some(found) = state.index.tasks.get(&id) {
        state.index.stirred.extend(found.accountability.owes.iter().map(|(role, _)| role.clone()));
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
    refresh_relations(state, id);
    crate::domain::evolve::arm_instruction(state, id);
}

/// Brings up to date which instructions are queued and which wait for one another.
fn refresh_relations(state: &mut State, id: InstructionId) {
    let found = state.instructions.get(&id);
    let is_queued = found.is_some_and(|found| found.state == instruction::State::Queued);
    let makes_room = found.is_some_and(|found| found.paused.as_ref().is_some_and(|pause| pause.until.is_some()));
    let now: BTreeSet<InstructionId> = found.map(awaited).unwrap_or_default();
    let parent = found.and_then(|found| found.request.parent);
    let before =
        if now.is_empty() { state.index.awaits.remove(&id) } else { state.index.awaits.insert(id, now.clone()) };
    let before = before.unwrap_or_default();
    for gone in before.difference(&now) {
        if let Some(waiting) = state.index.waiting_for.get_mut(gone) {
            waiting.remove(&id);
            if waiting.is_empty() {
                state.index.waiting_for.remove(gone);
            }
        }
    }
    for new in now.difference(&before) {
        state.index.waiting_for.entry(*new).or_default().insert(id);
    }
    if let Some(parent) = parent {
        state.index.parts.entry(parent).or_default().insert(id);
    }
    if is_queued {
        state.index.queued.insert(id);
        state.index.stirred.insert(Role::Organisation);
    } else if state.index.queued.remove(&id) && !state.index.queued.is_empty() {
        // What it held back may begin.
        state.index.stirred.insert(Role::Organisation);
    }
    if makes_room {
        state.index.making_room.insert(id);
    } else if state.index.making_room.remove(&id) && !state.index.queued.is_empty() {
        state.index.stirred.insert(Role::Organisation);
    }
}

/// The instructions whose end an instruction looks at: those it depends on, is made of, and makes room for.
fn awaited(found: &instruction::Instruction) -> BTreeSet<InstructionId> {
    let parts = found.plan.iter().flat_map(|plan| plan.parts.iter().map(|part| part.id));
    let until = found.paused.iter().filter_map(|pause| pause.until);
    found.request.depends_on.iter().copied().chain(parts).chain(until).collect()
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

/// Brings the count of open escalations of each place up to date with those of a task, of which `known` had one.
fn refresh_holders(state: &mut State, id: TaskId, known: &mut Vec<Role>) {
    let records = state.tasks.get(&id).map(|task| task.escalations.values());
    let now: Vec<Role> = records.into_iter().flatten().map(|record| record.holder.clone()).collect();
    for role in std::mem::replace(known, now.clone()) {
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
        // Whoever works on a duty that is gone should know, too: an IC stops the attempt. To others it is nothing new.
        if duty.may_be_at_work() {
            state.index.stirred.insert(role.clone());
        }
    }
    for (role, duty) in now.iter().filter(|owed| !before.contains(owed)) {
        state.index.duties.or_default(role.clone()).insert(*duty);
        state.index.stirred.insert(role.clone());
    }
}
