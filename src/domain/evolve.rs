//! Making an event part of the state. It never refuses: what is in the journal has happened.
//!
//! After an event, the indexes of whatever it touched are brought up to date, and an instruction that is over leaves the
//! state for the archive.

mod affairs;
mod clocks;
mod escalation;
mod task;

use std::collections::BTreeSet;

pub(in crate::domain) use self::clocks::arm_instruction;
use self::task::apply;
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::instruction::{self, Instruction, Pause};
use crate::domain::reaction::{refresh_instruction, refresh_task, stir_owners};
use crate::domain::state::{Archived, Changed, Finished, FinishedTask, State};
use crate::domain::task::{Assignee, CancelledDecision, PlannedTask, State as TaskState, Task};
use crate::domain::time::{Millis, Stamp};
use crate::domain::work::Tier;

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
        | Event::DigestSent { .. } => affairs::apply(state, entry),
        Event::Received { id, request, department } => {
            if let Some(key) = &request.key {
                state.keys.insert(key.clone(), (*id, request.fingerprint()));
            }
            let received = Instruction {
                id: *id,
                request: request.clone(),
                asked_by: entry.principal.clone(),
                received: entry.at,
                department: department.clone(),
                triage: None,
                state: instruction::State::Received,
                entered: entry.at,
                tasks: Vec::new(),
                open: BTreeSet::new(),
                paused: None,
                reminded: None,
            };
            state.instructions.insert(*id, received);
            refresh_instruction(state, *id);
        }
        Event::Instruction(id, event) => {
            evolve_instruction(state, entry, *id, event);
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
    let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
    tasks.into_iter().for_each(|task| refresh_task(state, task));
    let instructions: Vec<InstructionId> = state.instructions.keys().copied().collect();
    instructions.into_iter().for_each(|instruction| refresh_instruction(state, instruction));
    affairs::rebuild(state);
    clocks::rebuild(state);
    state.take_changed();
    state.take_stirred();
}

fn evolve_instruction(state: &mut State, entry: &Entry, id: InstructionId, event: &InstructionEvent) {
    let Some(found) = state.instructions.get_mut(&id) else {
        return;
    };
    let next = match event {
        InstructionEvent::Triaged(triage) => {
            found.triage = Some(triage.clone());
            Some(instruction::State::Triaged)
        }
        InstructionEvent::Rejected { reason } => Some(instruction::State::Rejected { reason: reason.clone() }),
        InstructionEvent::Planned { .. } => Some(instruction::State::Planned),
        InstructionEvent::Queued => Some(instruction::State::Queued),
        InstructionEvent::Executing => Some(instruction::State::Executing),
        InstructionEvent::GoNoGoReached => Some(instruction::State::GoNoGo { no_go: Vec::new() }),
        InstructionEvent::NoGo { facts } => Some(instruction::State::GoNoGo { no_go: facts.clone() }),
        InstructionEvent::Completed { .. } => Some(instruction::State::Completed),
        InstructionEvent::Cancelled { reason } => {
            Some(instruction::State::Cancelled { reason: reason.clone(), by: entry.principal.clone() })
        }
        InstructionEvent::Paused { reason } => {
            let by = entry.principal.clone();
            found.paused = Some(Pause { by, reason: reason.clone(), since: entry.at });
            None
        }
        InstructionEvent::Resumed => {
            if let Some(pause) = found.paused.take() {
                if matches!(found.state, instruction::State::GoNoGo { .. }) {
                    // Whoever decides about its end is reminded that much later, too.
                    let from = found.reminded.unwrap_or(found.entered.org);
                    let waited = entry.at.org.since(from.max(pause.since.org)).max(Millis(0));
                    found.reminded = Some(from.plus(waited));
                }
                let open = found.open.clone();
                clocks::shift(state, &open, pause.since.org, entry.at.org);
            }
            None
        }
        InstructionEvent::Reminded { .. } => {
            found.reminded = Some(entry.at.org);
            None
        }
    };
    let Some(found) = state.instructions.get_mut(&id) else {
        return;
    };
    if let Some(next) = next {
        found.state = next;
        found.entered = entry.at;
        found.reminded = None;
    }
    let (tier, priority) = (found.tier().unwrap_or(Tier::Moderate), found.request.priority);
    if let InstructionEvent::Planned { tasks } = event {
        for planned in tasks {
            add_task(state, Task::new(planned, id, None, tier, priority, entry.at));
        }
    }
    if matches!(event, InstructionEvent::Executing) {
        clocks::delegate_plan(state, id, entry.at);
    }
    refresh_instruction(state, id);
    // Whether anything may start hangs on the instruction, so everything open of it is looked at again.
    let open: Vec<TaskId> =
        state.instructions.get(&id).map(|found| found.open.iter().copied().collect()).unwrap_or_default();
    open.into_iter().for_each(|task| refresh_task(state, task));
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
    apply(task, entry, event);
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
    if moved || matches!(event, TaskEvent::CancelledDecided { .. } | TaskEvent::EscalationClimbed { .. }) {
        // The same duty can be owed again: at the next gate, by whoever stands in at both, for the next cancelled task.
        stir_owners(state, id);
    }
    let neighbours_see_it =
        moved || matches!(event, TaskEvent::HandoffAccepted { .. } | TaskEvent::CancelledDecided { .. });
    if neighbours_see_it {
        refresh_neighbours(state, id);
    }
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
    }
}
