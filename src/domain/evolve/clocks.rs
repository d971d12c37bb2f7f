//! Clocks after an event: which of them stand still now, when they fire next, and who is to say that they have what they
//! were given.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::alarm::{self, NEVER};
use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, TaskEvent};
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::review::TaskKind;
use crate::domain::role::{Level, Role};
use crate::domain::sla::decision_limit;
use crate::domain::state::{Changed, State};
use crate::domain::task::{Attempt, Delegation, PlannedTask, State as TaskState, Task};
use crate::domain::time::{Millis, OrgTime, Stamp, WallTime};

/// Times that a clock stood still that are kept of a visit, for whoever asks why something took so long.
const PAUSES_KEPT: usize = 20;

/// Brings the clocks of everything that an event touched in step with it.
pub(super) fn settle(state: &mut State, at: Stamp) {
    while let Some(id) = state.index.touched.pop_first() {
        stop_or_start(state, id, at.org);
        arm_task(state, id);
    }
    arm_organisation(state);
}

/// Arms everything in a state that was loaded. No clock is stopped or started by that.
pub(super) fn rebuild(state: &mut State) {
    let tasks: Vec<TaskId> = state.tasks.keys().copied().collect();
    tasks.into_iter().for_each(|id| arm_task(state, id));
    state.index.touched.clear();
    let instructions: Vec<InstructionId> = state.instructions.keys().copied().collect();
    instructions.into_iter().for_each(|id| arm_instruction(state, id));
    arm_organisation(state);
}

/// The clock of the task's state stands still from now on, or goes on, as things are.
fn stop_or_start(state: &mut State, id: TaskId, now: OrgTime) {
    let Some(task) = state.tasks.get(&id) else {
        return;
    };
    let why = alarm::pause(state, task);
    let before = task.clock.stopped;
    if why == before.map(|(pause, _)| pause) {
        return;
    }
    let Some(task) = state.tasks.get_mut(&id) else {
        return;
    };
    if let Some((pause, since)) = before {
        task.clock.stood_still = Millis(task.clock.stood_still.0.saturating_add(now.since(since).0.max(0)));
        if task.clock.pauses.len() >= PAUSES_KEPT {
            task.clock.pauses.remove(0);
        }
        task.clock.pauses.push((pause, since, now));
        task.clock.evidence = task.clock.evidence.max(now);
    }
    task.clock.stopped = why.map(|pause| (pause, now));
    // What another task's event made of it is part of it, too, and goes into the snapshots with it.
    state.index.changed.insert(Changed::Task(id));
}

/// Arms the clock and the lease of a task; one that is gone was disarmed when it went.
fn arm_task(state: &mut State, id: TaskId) {
    let Some(task) = state.tasks.get(&id) else {
        return;
    };
    let clock = alarm::of_task(state, task).map_or(NEVER, |(at, _)| at);
    let lease = lease_of(task);
    if let Some(found) = state.index.tasks.get_mut(&id) {
        let before = std::mem::replace(&mut found.clock, clock);
        state.index.armed.set_task(id, before, clock);
    }
    state.index.armed.set_lease(id, lease);
}

/// When the lease of the attempt at work runs out, where it has one.
fn lease_of(task: &Task) -> Option<WallTime> {
    match &task.state {
        TaskState::InProgress { attempt: Attempt::Running { lease_until, .. }, .. } => {
            Some(*lease_until).filter(|until| until.as_millis() < i64::MAX)
        }
        TaskState::InProgress { attempt: Attempt::Queued { .. } | Attempt::Children, .. }
        | TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

/// Arms the clock of an instruction.
pub(in crate::domain) fn arm_instruction(state: &mut State, id: InstructionId) {
    let at = state.instructions.get(&id).and_then(|found| alarm::of_instruction(state, found)).map(|(at, _)| at);
    state.index.armed.set_instruction(id, at);
}

fn arm_organisation(state: &mut State) {
    let at = alarm::of_organisation(state).map(|(at, _)| at);
    state.index.armed.set_organisation(at);
}

/// A person was reminded: the next time comes after as long as the chart says, however late this one was.
pub(super) fn remind(state: &mut State, id: TaskId, at: Stamp, event: &TaskEvent) {
    let chart = Arc::clone(&state.chart);
    let Some(task) = state.tasks.get_mut(&id) else {
        return;
    };
    match event {
        TaskEvent::QuestionReminded { id } => {
            if let Some(question) = task.questions.get_mut(id) {
                question.due = at.org.plus(chart.sla.remind.max(Millis(1)));
            }
        }
        TaskEvent::EscalationReminded { id } => {
            let every = decision_limit(&chart, task, Level::Person).max(Millis(1));
            if let Some(record) = task.escalations.get_mut(id) {
                record.due = at.org.plus(every);
            }
        }
        _others => {}
    }
}

/// An instruction goes on after a pause: everything that has a fixed time comes later by as much of the pause as it has
/// been there for. What came in the meantime has only waited since then.
pub(super) fn shift(state: &mut State, open: &BTreeSet<TaskId>, paused: OrgTime, now: OrgTime) {
    let waited = |since: OrgTime| Millis(now.since(since.max(paused)).0.max(0));
    for id in open {
        let Some(task) = state.tasks.get_mut(id) else {
            continue;
        };
        for question in task.questions.values_mut() {
            question.due = question.due.plus(waited(question.asked.org));
        }
        for record in task.escalations.values_mut() {
            let by = waited(record.since.org);
            record.due = record.due.plus(by);
            record.acknowledge_by = record.acknowledge_by.plus(by);
        }
        if let Some(delegation) = &mut task.delegation {
            delegation.acknowledge_by = delegation.acknowledge_by.plus(waited(delegation.at.org));
        }
        task.clock.reminded = task.clock.reminded.map(|at| at.plus(waited(at)));
        task.clock.forecast = task.clock.forecast.map(|at| at.plus(waited(paused)));
    }
}

/// The plan goes down the line: to the tech lead what is to be broken down, to the leads the rest.
pub(super) fn delegate_plan(state: &mut State, id: InstructionId, at: Stamp) {
    let open = state.instructions.get(&id).map(|found| found.open.clone()).unwrap_or_default();
    for task in open {
        let Some(found) = state.tasks.get(&task) else {
            continue;
        };
        let department = found.domain.department();
        let (from, to) = if found.kind == TaskKind::Strategic && found.tier.has_strategic_phase() {
            (Role::EngineeringManager(department.clone()), Role::TechLead(department))
        } else {
            (Role::TechLead(department), Role::DomainLead(found.domain.clone()))
        };
        give(state, task, from, to, at);
    }
}

/// What a milestone was broken down into goes to the leads of other domains; a lead's own needs no message.
pub(super) fn delegate_children(state: &mut State, parent: TaskId, children: &[PlannedTask], at: Stamp) {
    let Some(from) = state.tasks.get(&parent).map(|task| task.domain.clone()) else {
        return;
    };
    for child in children.iter().filter(|child| child.domain != from) {
        give(state, child.id, Role::DomainLead(from.clone()), Role::DomainLead(child.domain.clone()), at);
    }
}

/// Who has a task after an event, and from whom; `moved` where it is in another state now.
pub(super) fn delegate(state: &mut State, id: TaskId, entry: &Entry, event: &TaskEvent, moved: bool) {
    let Some(task) = state.tasks.get_mut(&id) else {
        return;
    };
    let lead = Role::DomainLead(task.domain.clone());
    let to = match event {
        TaskEvent::Assigned { to, .. } => Some((lead, to.role())),
        TaskEvent::Reassigned { to, .. } | TaskEvent::Resolved { next: AfterBlock::Assign(to), .. } => {
            Some((lead, Role::Ic(to.clone())))
        }
        TaskEvent::PlanningBegun => Some((Role::TechLead(task.domain.department()), lead)),
        TaskEvent::AttemptStarted { .. } => {
            if let Some(delegation) = &mut task.delegation {
                delegation.acknowledged.get_or_insert(entry.at);
            }
            return;
        }
        TaskEvent::DelegationSentAgain => {
            let sla = &state.chart.sla;
            let again = Millis(sla.escalate_delegation.0.saturating_sub(sla.acknowledge_delegation.0).max(1));
            if let Some(delegation) = &mut task.delegation {
                delegation.acknowledge_by = delegation.acknowledge_by.plus(again);
            }
            return;
        }
        _others if matches!(task.state, TaskState::Pending | TaskState::Assigned { .. }) => {
            // Whoever had it before has it no more, even where both happened at the same moment.
            if moved {
                task.delegation = None;
            }
            return;
        }
        _others => {
            // Whoever hands it in, or cannot go on, has had it.
            if !has_been_given(&task.state) {
                task.delegation = None;
            }
            return;
        }
    };
    if let Some((from, to)) = to {
        if from == to {
            task.delegation = None;
        } else {
            give(state, id, from, to, entry.at);
        }
    }
}

/// Whether somebody was given the task to do something with it now.
const fn has_been_given(state: &TaskState) -> bool {
    matches!(
        state,
        TaskState::Pending | TaskState::InPlanning | TaskState::Assigned { .. } | TaskState::InProgress { .. }
    )
}

fn give(state: &mut State, id: TaskId, from: Role, to: Role, at: Stamp) {
    let acknowledge_by = at.org.plus(state.chart.sla.acknowledge_delegation);
    if let Some(task) = state.tasks.get_mut(&id) {
        task.delegation = Some(Delegation { from, to, at, acknowledge_by, sent_again: false, acknowledged: None });
    }
}
