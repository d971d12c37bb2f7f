//! Making an event part of the state. It never refuses: what is in the journal has happened.
//!
//! After an event, the indexes of whatever it touched are brought up to date, and an instruction that is over leaves the
//! state for the archive.

mod affairs;
mod clocks;
mod escalation;
mod instruction;
mod task;

use std::collections::BTreeSet;

pub(in crate::domain) use self::clocks::arm_instruction;
use self::task::apply;
use crate::domain::event::{Entry, Event, TaskEvent};
use crate::domain::id::{Epoch, InstructionId, TaskId};
use crate::domain::reaction::{refresh_hours, refresh_instruction, refresh_task, stir_owners};
use crate::domain::state::{Archived, Changed, Finished, FinishedTask, State};
use crate::domain::task::{Assignee, CancelledDecision, PlannedTask, State as TaskState, Task};
use crate::domain::time::{Millis, Stamp};

/// Makes `entry` part of the state.
pub fn evolve(state: &mut State, entry: &Entry) {
    state.sequence = entry.sequence;
    state.last = entry.at;
    match &entry.event {
        Event::ChartApplied(chart) => {
            affairs::apply_chart(state, chart, entry.at);
            let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
            tasks.into_iter().for_each(|task| refresh_task(state, task));
            let instructions: Vec<InstructionId> = state.instructions.keys().copied().collect();
            instructions.into_iter().for_each(|instruction| refresh_instruction(state, instruction));
        }
        Event::Started { .. }
        | Event::ClockAnchored(_)
        | Event::SilenceExcused
        | Event::Absent { .. }
        | Event::Present { .. }
        | Event::Broadcast { .. }
        | Event::BroadcastsRead { .. }
        | Event::StandupHeld { .. }
        | Event::DigestSent { .. }
        | Event::CapacityNoted { .. } => affairs::apply(state, entry),
        Event::Received { id, request, department } => {
            if let Some(key) = &request.key {
                state.keys.insert(key.clone(), (*id, request.fingerprint()));
            }
            state.instructions.insert(*id, instruction::received(state, entry, *id, request, department));
            refresh_instruction(state, *id);
        }
        Event::Instruction(id, event) => {
            instruction::evolve(state, entry, *id, event);
            archive_if_over(state, *id);
        }
        Event::Task(id, event) => {
            evolve_task(state, entry, *id, event);
            if let Some(instruction) = state.tasks.get(id).map(|task| task.instruction) {
                archive_if_over(state, instruction);
            }
        }
    }
    clocks::settle(state, entry.at);
}

/// Derives the indexes of a state that was loaded from snapshots. Nothing counts as changed by that.
pub fn rebuild_index(state: &mut State) {
    refresh_hours(state);
    let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
    tasks.into_iter().for_each(|task| refresh_task(state, task));
    let instructions: Vec<InstructionId> = state.instructions.keys().copied().collect();
    instructions.into_iter().for_each(|instruction| refresh_instruction(state, instruction));
    affairs::rebuild(state);
    clocks::rebuild(state);
    state.take_changed();
    state.take_stirred();
}

fn add_task(state: &mut State, task: Task) {
    let id = task.id;
    for need in &task.needs {
        if let Some(needed) = state.tasks.get_mut(need) {
            needed.dependants.push(id);
        }
    }
    if let Some(parent) = task.parent.and_then(|parent| state.tasks.get_mut(&parent)) {
        parent.children.push(id);
    }
    if let Some(found) = state.instructions.get_mut(&task.instruction) {
        found.tasks.push(id);
        found.open.insert(id);
    }
    let needs = task.needs.clone();
    state.tasks.insert(id, task);
    refresh_task(state, id);
    needs.into_iter().for_each(|need| refresh_task(state, need));
}

fn add_children(state: &mut State, parent: TaskId, children: &[PlannedTask], at: Stamp) {
    let Some((instruction, tier, priority)) =
        state.tasks.get(&parent).map(|task| (task.instruction, task.tier, task.priority))
    else {
        return;
    };
    for child in children {
        add_task(state, Task::new(child, instruction, Some(parent), tier, priority, at));
    }
    refresh_instruction(state, instruction);
}

fn evolve_task(state: &mut State, entry: &Entry, id: TaskId, event: &TaskEvent) {
    let Some(task) = state.tasks.get_mut(&id) else {
        return;
    };
    let before = task.visit;
    let ran = task.running_epoch();
    apply(task, entry, event);
    count_time(task, ran, entry.at);
    let moved = task.visit != before;
    let over = task.state.is_terminal();
    let completed = task.state == TaskState::Completed;
    let instruction = task.instruction;
    clocks::delegate(state, id, entry, event, moved);
    clocks::remind(state, id, entry.at, event);
    if matches!(event, TaskEvent::ScopeChanged { .. } | TaskEvent::CancelledDecided { .. }) {
        // How long a milestone takes follows from its parts.
        state.index.touched.extend(state.tasks.get(&id).and_then(|task| task.parent));
    }
    match event {
        // Who is busy with what is more urgent sees that differently now.
        TaskEvent::PriorityChanged { .. } => touch_desk_of(state, id),
        TaskEvent::BrokenDown { children }
        | TaskEvent::ChangesRequested { children, .. }
        | TaskEvent::HandoffRejected { children, .. } => {
            add_children(state, id, children, entry.at);
            clocks::delegate_children(state, id, children, entry.at);
        }
        TaskEvent::CancelledDecided { decision: CancelledDecision::Replace(with), .. } => {
            if let Some(replacement) = state.tasks.get_mut(with)
                && !replacement.dependants.contains(&id)
            {
                replacement.dependants.push(id);
            }
            refresh_task(state, *with);
        }
        _others => {}
    }
    if moved && over {
        if let Some(found) = state.instructions.get_mut(&instruction) {
            found.open.remove(&id);
        }
        if completed {
            affairs::count_completed(state, id);
            affairs::remember(state, id);
        }
        refresh_instruction(state, instruction);
    }
    refresh_task(state, id);
    if let TaskEvent::EscalationRaised { to, .. } | TaskEvent::EscalationClimbed { to, .. } = event
        && state.held_by(&to.holder) > state.chart.sla.digest_after
        && !state.digests.contains_key(&to.holder)
    {
        state.digests.insert(to.holder.clone(), entry.at.org);
        state.index.changed.insert(Changed::Affairs);
    }
    let looks_again = matches!(
        event,
        TaskEvent::CancelledDecided { .. } | TaskEvent::EscalationClimbed { .. } | TaskEvent::ForecastPassed
    );
    if moved || looks_again {
        // The same duty can be owed again: at the next gate, by whoever stands in at both, for the next cancelled task.
        stir_owners(state, id);
    }
    let neighbours_see_it =
        moved || matches!(event, TaskEvent::HandoffAccepted { .. } | TaskEvent::CancelledDecided { .. });
    if neighbours_see_it {
        refresh_neighbours(state, id);
    }
}

/// Counts how long an attempt has run, once it is not at work any more.
fn count_time(task: &mut Task, ran: Option<Epoch>, at: Stamp) {
    let runs = task.running_epoch();
    if runs == ran {
        return;
    }
    if let Some(since) = task.running_since.take() {
        task.spent = Millis(task.spent.0.saturating_add(at.org.since(since).0.max(0)));
    }
    task.running_since = runs.map(|_| at.org);
}

/// Looks at the clocks of everything that lies on the same desk as a task.
fn touch_desk_of(state: &mut State, id: TaskId) {
    let ic = state.tasks.get(&id).and_then(|task| task.state.assignee()).and_then(Assignee::ic);
    if let Some(desk) = ic.and_then(|ic| state.index.desks.get(ic)) {
        state.index.touched.extend(desk);
    }
}

/// Whoever waits for a task, or for whom it is a receiver or a child, sees it differently now.
fn refresh_neighbours(state: &mut State, id: TaskId) {
    let Some(task) = state.tasks.get(&id) else {
        return;
    };
    let mut neighbours: BTreeSet<TaskId> = BTreeSet::new();
    for dependant in task.dependants.iter().filter_map(|dependant| state.tasks.get(dependant)) {
        neighbours.insert(dependant.id);
        // What a milestone waits for, its children wait for, too.
        neighbours.extend(&dependant.children);
    }
    if task.state.is_terminal() {
        neighbours.extend(&task.needs);
        neighbours.extend(&task.parent);
    }
    neighbours.extend(&task.children);
    neighbours.into_iter().for_each(|neighbour| refresh_task(state, neighbour));
}

fn archive_if_over(state: &mut State, id: InstructionId) {
    let over =
        state.instructions.get(&id).is_some_and(|found| found.state.name().is_terminal() && found.open.is_empty());
    if !over {
        return;
    }
    if let Some(found) = state.instructions.remove(&id) {
        let parent = found.request.parent;
        let mut tasks = Vec::with_capacity(found.tasks.len());
        for task in &found.tasks {
            if let Some(gone) = state.tasks.remove(task) {
                let stub = FinishedTask { instruction: id, state: gone.state.name() };
                state.finished_tasks.insert(*task, stub);
                tasks.push(gone);
            }
            refresh_task(state, *task);
            state.index.changed.insert(Changed::Task(*task));
        }
        state.finished.insert(id, Finished { state: found.state.name() });
        state.index.archived.push(Archived { instruction: found, tasks });
        refresh_instruction(state, id);
        state.index.changed.insert(Changed::Instruction(id));
        if let Some(parts) = parent.and_then(|parent| state.index.parts.get_mut(&parent)) {
            parts.remove(&id);
        }
        state.index.parts.retain(|_, parts| !parts.is_empty());
        // Whoever waits for its end sees it differently now.
        let waiting = state.index.waiting_for.get(&id).cloned().unwrap_or_default();
        waiting.into_iter().for_each(|other| refresh_instruction(state, other));
    }
}
