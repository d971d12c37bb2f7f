//! What follows by itself once an event is part of the state: the next gate, the end of a handoff, the review of a parent
//! whose children are over, the block of a task whose dependency was cancelled, the end of an instruction.
//!
//! These are the moves whose actor is `system` in the lifecycle. They are derived from the state, never from who asked.

mod departure;
mod instruction;

use crate::domain::decide::{gate_holder, gates_of};
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{Epoch, TaskId};
use crate::domain::instruction::State as InstructionState;
use crate::domain::review::{Gate, GateOutcome, TaskKind};
use crate::domain::role::Level;
use crate::domain::state::State;
use crate::domain::task::{
    Assignee, Attempt, Blocker, BlockerKind, CancelledDecision, State as TaskState, Task, Trouble,
};
use crate::domain::work::Tier;

/// What follows from `entry`, which is part of `state` already.
#[must_use]
pub fn consequences(state: &State, entry: &Entry) -> Vec<Event> {
    let mut events = Vec::new();
    match &entry.event {
        Event::ChartApplied(_) => departure::from_the_chart(state, entry.at, &mut events),
        Event::Absent { role, .. } => departure::from_a_place(state, entry.at, role, &mut events),
        Event::Started { .. }
        | Event::Received { .. }
        | Event::ClockAnchored(_)
        | Event::SilenceExcused
        | Event::Present { .. }
        | Event::Broadcast { .. }
        | Event::BroadcastsRead { .. }
        | Event::StandupHeld { .. }
        | Event::DigestSent { .. }
        | Event::CapacityNoted { .. } => {}
        Event::Instruction(id, event) => instruction::of(state, *id, event, entry.at.org, &mut events),
        Event::Task(id, event) => {
            if let Some(task) = state.tasks.get(id) {
                of_task(state, task, event, &mut events);
                instruction::after_task(state, task, event, entry.at.org, &mut events);
            }
        }
    }
    events
}

/// An escalation that an event has answered.
fn answered(task: &Task, event: &TaskEvent) -> Option<TaskEvent> {
    let (trouble, reason) = match event {
        TaskEvent::Heartbeat { .. } => (Trouble::Stalled, "a sign of life came"),
        TaskEvent::AttemptFailed { .. } => (Trouble::Stalled, "the attempt is over"),
        TaskEvent::AttemptStarted { .. } | TaskEvent::DelegationAcknowledged => {
            (Trouble::Unacknowledged, "it was acknowledged")
        }
        _others => return None,
    };
    task.escalation_for(trouble).map(|(id, _)| TaskEvent::EscalationClosed { id, reason: reason.to_owned() })
}

fn of_task(state: &State, task: &Task, event: &TaskEvent, events: &mut Vec<Event>) {
    let mut push = |id: TaskId, event: TaskEvent| events.push(Event::Task(id, event));
    if let Some(event) = answered(task, event) {
        push(task.id, event);
    }
    if let Some(event) = departure::handed_back(state, task) {
        push(task.id, event);
        return;
    }
    if can_be_held_up(task)
        && let Some(cancelled) = state.cancelled_dependency(task)
    {
        push(task.id, TaskEvent::Blocked { blocker: dependency_cancelled(state, cancelled) });
        return;
    }
    match event {
        TaskEvent::AttemptStarted { .. } => {
            let waiting = task.parent.and_then(|id| state.tasks.get(&id));
            if let Some(parent) = waiting.filter(|parent| matches!(parent.state, TaskState::Assigned { .. })) {
                push(parent.id, TaskEvent::ChildrenStarted);
            }
        }
        TaskEvent::GatePassed { .. } | TaskEvent::GateSkipped { .. } => {
            if let Some(next) = after_gate(state, task) {
                push(task.id, next);
            }
        }
        TaskEvent::HandoffAccepted { .. } => {
            if handoff_is_over(state, task) {
                push(task.id, TaskEvent::Completed);
            }
        }
        TaskEvent::CancelledDecided { of, decision: CancelledDecision::Cancel } => {
            let name = state.tasks.get(of).map_or_else(|| of.to_string(), |found| found.key.to_string());
            push(task.id, TaskEvent::Cancelled { reason: format!("cannot go on without {name}, which was cancelled") });
        }
        TaskEvent::CancelledDecided { decision: CancelledDecision::Waive | CancelledDecision::Replace(_), .. } => {
            after_children(state, task, &mut push);
        }
        TaskEvent::Resolved { .. } => after_resolution(state, task, &mut push),
        TaskEvent::Completed | TaskEvent::HandedIn { .. } | TaskEvent::Cancelled { .. } if task.state.is_terminal() => {
            after_end(state, task, events);
        }
        TaskEvent::ChildrenStarted => after_children(state, task, &mut push),
        TaskEvent::Completed
        | TaskEvent::HandedIn { .. }
        | TaskEvent::Cancelled { .. }
        | TaskEvent::PlanningBegun
        | TaskEvent::Proposed { .. }
        | TaskEvent::ProposalRefused { .. }
        | TaskEvent::Stopped
        | TaskEvent::GoAheadAsked { .. }
        | TaskEvent::WentAhead { .. }
        | TaskEvent::BrokenDown { .. }
        | TaskEvent::Assigned { .. }
        | TaskEvent::Unassigned { .. }
        | TaskEvent::Reassigned { .. }
        | TaskEvent::Heartbeat { .. }
        | TaskEvent::AttemptFailed { .. }
        | TaskEvent::Blocked { .. }
        | TaskEvent::Escalated { .. }
        | TaskEvent::ReviewerAssigned { .. }
        | TaskEvent::PeerApproved { .. }
        | TaskEvent::ReviewBegun { .. }
        | TaskEvent::GateEntered { .. }
        | TaskEvent::ChangesRequested { .. }
        | TaskEvent::RoundsSpent { .. }
        | TaskEvent::HandoffOpened
        | TaskEvent::HandoffRejected { .. }
        | TaskEvent::QuestionAsked { .. }
        | TaskEvent::QuestionAnswered { .. }
        | TaskEvent::TimeGranted { .. }
        | TaskEvent::PriorityChanged { .. }
        | TaskEvent::ScopeChanged { .. }
        | TaskEvent::EscalationRaised { .. }
        | TaskEvent::EscalationAcknowledged { .. }
        | TaskEvent::EscalationDecided { .. }
        | TaskEvent::EscalationClosed { .. }
        | TaskEvent::EscalationClimbed { .. }
        | TaskEvent::EscalationTold { .. }
        | TaskEvent::EscalationReminded { .. }
        | TaskEvent::ClockFired { .. }
        | TaskEvent::Stalled { .. }
        | TaskEvent::Reminded { .. }
        | TaskEvent::WaitsForCapacity { .. }
        | TaskEvent::ForecastPassed
        | TaskEvent::DelegationAcknowledged
        | TaskEvent::DelegationSentAgain
        | TaskEvent::QuestionClimbed { .. }
        | TaskEvent::QuestionReminded { .. }
        | TaskEvent::ItemsVerified { .. } => {}
    }
}

/// Whether a cancelled dependency holds a task up: once its work is with reviewers it does not.
const fn can_be_held_up(task: &Task) -> bool {
    matches!(task.state, TaskState::Pending | TaskState::Assigned { .. } | TaskState::InProgress { .. })
}

fn dependency_cancelled(state: &State, cancelled: TaskId) -> Blocker {
    let name = state.tasks.get(&cancelled).map_or_else(|| cancelled.to_string(), |task| task.key.to_string());
    Blocker {
        kind: BlockerKind::DependencyCancelled(cancelled),
        description: format!("it needs {name}, which was cancelled"),
        needs: "the tech lead's decision: do without it, replace it, or cancel this task, too".to_owned(),
        owner: Level::TechLead,
    }
}

/// The next gate, or the way out of review once none is left.
fn after_gate(state: &State, task: &Task) -> Option<TaskEvent> {
    let TaskState::DomainReview { remaining, .. } = &task.state else {
        return None;
    };
    // A skipped gate leaves the task where it stands, with a record: the next is the first that has none.
    let next = remaining.iter().copied().find(|left| !task.gates.iter().any(|record| record.gate == Some(*left)));
    match next {
        Some(next) => Some(match gate_holder(state, task, next) {
            Ok(reviewer) => TaskEvent::GateEntered { gate: next, reviewer },
            Err(reason) => TaskEvent::GateSkipped { gate: next, reason },
        }),
        None if task.tier >= Tier::Moderate && !state.receivers(task).is_empty() => Some(TaskEvent::HandoffOpened),
        None => Some(TaskEvent::Completed),
    }
}

/// Whether no open receiver is left that has not accepted the package.
fn handoff_is_over(state: &State, task: &Task) -> bool {
    match &task.state {
        TaskState::ReadyForHandoff { accepted, .. } => {
            state.receivers(task).iter().all(|receiver| accepted.contains(receiver))
        }
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => false,
    }
}

/// A milestone that its lead has again is where its children are by now.
fn after_resolution(state: &State, task: &Task, push: &mut impl FnMut(TaskId, TaskEvent)) {
    if !matches!(task.state, TaskState::Assigned { assignee: Assignee::Lead(_) }) {
        return;
    }
    let begun = |child: &TaskId| state.tasks.get(child).is_some_and(|child| child.epoch > Epoch::default());
    if task.children.iter().any(begun) {
        push(task.id, TaskEvent::ChildrenStarted);
    } else {
        after_children(state, task, push);
    }
}

/// Once every child is over and every cancelled one was decided on, the parent is reviewed; without one completed child
/// there is nothing to review, and it is cancelled.
fn after_children(state: &State, parent: &Task, push: &mut impl FnMut(TaskId, TaskEvent)) {
    let at_work = matches!(
        parent.state,
        TaskState::InProgress { attempt: Attempt::Children, .. } | TaskState::Assigned { assignee: Assignee::Lead(_) }
    );
    let mut children = parent.children.iter().filter_map(|id| state.tasks.get(id));
    let all_over = children.clone().all(|child| child.state.is_terminal());
    if !at_work || parent.children.is_empty() || !all_over || state.cancelled_child(parent).is_some() {
        return;
    }
    if !children.any(|child| child.state == TaskState::Completed) {
        push(parent.id, TaskEvent::Cancelled { reason: "every child of it was cancelled".to_owned() });
        return;
    }
    if matches!(parent.state, TaskState::Assigned { .. }) {
        // A child can be over without ever having started under this parent only by completing, so it has begun.
        push(parent.id, TaskEvent::ChildrenStarted);
        return;
    }
    let mut gates = gates_of(state, parent).into_iter();
    if let Some(gate) = gates.next()
        && let Ok(reviewer) = gate_holder(state, parent, gate)
    {
        push(parent.id, TaskEvent::ReviewBegun { gate, reviewer, remaining: gates.collect() });
    }
}

fn after_end(state: &State, task: &Task, events: &mut Vec<Event>) {
    let mut push = |id: TaskId, event: TaskEvent| events.push(Event::Task(id, event));
    if let TaskState::Cancelled { reason, .. } = &task.state {
        for child in task.children.iter().filter_map(|id| state.tasks.get(id)) {
            if !child.state.is_terminal() {
                push(child.id, TaskEvent::Cancelled { reason: format!("its parent was cancelled: {reason}") });
            }
        }
        for dependant in task.dependants.iter().filter_map(|id| state.tasks.get(id)) {
            if can_be_held_up(dependant) && dependant.needs.contains(&task.id) && !dependant.waived.contains(&task.id) {
                push(dependant.id, TaskEvent::Blocked { blocker: dependency_cancelled(state, task.id) });
            }
        }
    }
    for need in task.needs.iter().filter_map(|id| state.tasks.get(id)) {
        if handoff_is_over(state, need) {
            push(need.id, TaskEvent::Completed);
        }
    }
    if let Some(parent) = task.parent.and_then(|id| state.tasks.get(&id)) {
        after_children(state, parent, &mut push);
    }
    let ended = state.instructions.get(&task.instruction).filter(|found| found.open.is_empty());
    if let Some(found) = ended.filter(|found| found.state == InstructionState::Executing) {
        events.push(Event::Instruction(found.id, InstructionEvent::GoNoGoReached));
    }
}

/// Whether every gate of the task's current round that was passed or skipped is recorded in the order asked for; for
/// checkers, which look at finished tasks.
#[must_use]
pub fn gates_are_in_order(task: &Task) -> bool {
    let gates: Vec<Gate> = task.gates.iter().filter_map(|record| record.gate).collect();
    let peer_first = match task.kind {
        TaskKind::Tactical => task.gates.first().is_none_or(|record| record.gate.is_none()),
        TaskKind::Strategic => task.gates.iter().all(|record| record.gate.is_some()),
    };
    let skipped_with_reason = task.gates.iter().all(|record| match &record.outcome {
        GateOutcome::Passed(_) => true,
        GateOutcome::Skipped(reason) => !reason.trim().is_empty(),
    });
    let once = gates.iter().enumerate().all(|(place, gate)| !gates.iter().take(place).any(|earlier| earlier == gate));
    peer_first && skipped_with_reason && once
}
