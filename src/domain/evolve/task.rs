//! What each event makes of the task it is about; nothing here looks at other tasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, TaskEvent};
use crate::domain::review::{Gate, GateOutcome, GateRecord};
use crate::domain::role::{Asker, Role};
use crate::domain::task::{
    Assignee, Attempt, BlockerKind, CancelledDecision, Escalation, Handed, Progress, State as TaskState, Task,
};
use crate::domain::time::{Millis, Stamp, WallTime};

/// Notes kept of a task: the latest are what the next attempt should know.
const NOTES_KEPT: usize = 20;

/// Makes an event part of its task.
#[expect(clippy::too_many_lines, reason = "one arm for each event, each a few lines: the table of what events mean")]
pub(super) fn apply(task: &mut Task, entry: &Entry, event: &TaskEvent) {
    let at = entry.at;
    match event {
        TaskEvent::PlanningBegun => enter(task, TaskState::InPlanning, at),
        TaskEvent::BrokenDown { .. } => {
            let assignee = Assignee::Lead(task.domain.clone());
            enter(task, TaskState::Assigned { assignee }, at);
        }
        TaskEvent::Assigned { to, explanation } => {
            task.assignment = Some(explanation.clone());
            task.retries = 0;
            enter(task, TaskState::Assigned { assignee: to.clone() }, at);
        }
        TaskEvent::Unassigned { reason } => {
            note(task, format!("taken back: {reason}"));
            enter(task, TaskState::Pending, at);
        }
        TaskEvent::Reassigned { to, reason } => {
            note(task, format!("given to another IC: {reason}"));
            task.retries = 0;
            enter(task, TaskState::Assigned { assignee: Assignee::Ic(to.clone()) }, at);
        }
        TaskEvent::AttemptStarted { epoch, lease_until } => {
            task.epoch = *epoch;
            let attempt = Attempt::Running { epoch: *epoch, lease_until: *lease_until };
            match &mut task.state {
                // A retry stays in its visit; a first start begins one.
                TaskState::InProgress { attempt: current, .. } => *current = attempt,
                TaskState::Assigned { assignee } => {
                    let assignee = assignee.clone();
                    enter(task, TaskState::InProgress { assignee, attempt }, at);
                }
                TaskState::Pending
                | TaskState::InPlanning
                | TaskState::Blocked { .. }
                | TaskState::Escalated { .. }
                | TaskState::UnderReview { .. }
                | TaskState::DomainReview { .. }
                | TaskState::ReadyForHandoff { .. }
                | TaskState::Completed
                | TaskState::Cancelled { .. } => {}
            }
        }
        TaskEvent::ChildrenStarted => {
            let assignee = Assignee::Lead(task.domain.clone());
            enter(task, TaskState::InProgress { assignee, attempt: Attempt::Children }, at);
        }
        TaskEvent::Heartbeat { lease_until, progress } => {
            if let TaskState::InProgress { attempt: Attempt::Running { lease_until: lease, .. }, .. } = &mut task.state
            {
                *lease = *lease_until;
            }
            if let Some((percent, note)) = progress {
                task.progress = Some(Progress { percent: *percent, note: note.clone(), at });
            }
        }
        TaskEvent::HandedIn { epoch, submission, reviewer } => {
            task.round = task.round.next();
            task.gates.clear();
            task.findings.clear();
            if let Some(author) = task.state.assignee().cloned() {
                let submission = submission.clone();
                task.submission = Some(Handed { author: author.clone(), epoch: *epoch, submission, at });
                match reviewer {
                    Some(reviewer) => {
                        enter(task, TaskState::UnderReview { author, reviewer: reviewer.clone() }, at);
                    }
                    None => enter(task, TaskState::Completed, at),
                }
            }
        }
        TaskEvent::AttemptFailed { epoch, failure, retry_not_before, counts } => {
            note(task, format!("attempt {epoch} failed ({}): {}", failure.class, failure.message));
            if *counts {
                task.retries = task.retries.saturating_add(1);
            }
            task.questions.clear();
            task.progress = None;
            if let TaskState::InProgress { attempt, .. } = &mut task.state {
                *attempt = Attempt::Queued { not_before: retry_not_before.unwrap_or(at.wall) };
            }
        }
        TaskEvent::Blocked { blocker } => {
            let assignee = task.state.assignee().cloned();
            if let (BlockerKind::Failed, Some(ic)) = (&blocker.kind, assignee.as_ref().and_then(Assignee::ic)) {
                task.failed_with.insert(ic.clone());
            }
            enter(task, TaskState::Blocked { assignee, blocker: blocker.clone() }, at);
        }
        TaskEvent::Escalated { level, .. } => {
            if let Some(blocker) = task.state.blocker().cloned() {
                let assignee = task.state.assignee().cloned();
                enter(task, TaskState::Escalated { assignee, blocker, level: *level }, at);
            }
        }
        TaskEvent::Resolved { resolution, next } => {
            note(task, resolution.clone());
            task.retries = 0;
            let next = match (next, task.state.assignee().cloned()) {
                (AfterBlock::Resume, Some(assignee @ Assignee::Ic(_))) => {
                    let attempt = Attempt::Queued { not_before: at.wall };
                    TaskState::InProgress { assignee, attempt }
                }
                // A milestone goes on where its children are; that follows once it has its lead again.
                (AfterBlock::Resume, Some(assignee @ Assignee::Lead(_))) => TaskState::Assigned { assignee },
                (AfterBlock::Assign(ic), _) => TaskState::Assigned { assignee: Assignee::Ic(ic.clone()) },
                (AfterBlock::Resume, None) | (AfterBlock::Release, _) => TaskState::Pending,
            };
            enter(task, next, at);
        }
        TaskEvent::ReviewerAssigned { reviewer: named } => match &mut task.state {
            TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => {
                *reviewer = named.clone();
            }
            TaskState::Pending
            | TaskState::InPlanning
            | TaskState::Assigned { .. }
            | TaskState::InProgress { .. }
            | TaskState::Blocked { .. }
            | TaskState::Escalated { .. }
            | TaskState::ReadyForHandoff { .. }
            | TaskState::Completed
            | TaskState::Cancelled { .. } => {}
        },
        TaskEvent::PeerApproved { basis, gate, reviewer, remaining } => {
            pass(task, entry, None, GateOutcome::Passed(basis.clone()));
            stand_at(task, *gate, reviewer.clone(), remaining.clone(), at);
        }
        TaskEvent::ReviewBegun { gate, reviewer, remaining } => {
            task.round = task.round.next();
            task.gates.clear();
            task.findings.clear();
            stand_at(task, *gate, reviewer.clone(), remaining.clone(), at);
        }
        TaskEvent::GateEntered { gate, reviewer } => {
            // Another gate is another visit: it has a clock of its own.
            if let TaskState::DomainReview { remaining, .. } = &task.state {
                let after = remaining.iter().copied().skip_while(|left| left != gate).skip(1).collect();
                stand_at(task, *gate, reviewer.clone(), after, at);
            }
        }
        TaskEvent::GatePassed { gate, basis } => pass(task, entry, Some(*gate), GateOutcome::Passed(basis.clone())),
        TaskEvent::GateSkipped { gate, reason } => pass(task, entry, Some(*gate), GateOutcome::Skipped(reason.clone())),
        TaskEvent::ChangesRequested { findings, .. } => {
            task.findings.clone_from(findings);
            rework(task, at);
        }
        TaskEvent::RoundsSpent { findings } => task.findings.clone_from(findings),
        TaskEvent::HandoffOpened => {
            if let Some(author) = task.state.assignee().cloned() {
                let version = task.round;
                enter(task, TaskState::ReadyForHandoff { author, version, accepted: BTreeSet::new() }, at);
            }
        }
        TaskEvent::HandoffAccepted { receiver, .. } => {
            if let TaskState::ReadyForHandoff { accepted, .. } = &mut task.state {
                accepted.insert(receiver.clone());
            }
        }
        TaskEvent::HandoffRejected { items, .. } => {
            task.handoff_rejections = task.handoff_rejections.saturating_add(1);
            task.findings.clone_from(items);
            rework(task, at);
        }
        TaskEvent::Completed => enter(task, TaskState::Completed, at),
        TaskEvent::Cancelled { reason } => {
            enter(task, TaskState::Cancelled { reason: reason.clone(), by: entry.principal.clone() }, at);
        }
        TaskEvent::QuestionAsked { id, question } => {
            task.questions.insert(*id, question.clone());
        }
        TaskEvent::QuestionAnswered { id, text } => {
            if let Some(question) = task.questions.remove(id) {
                note(task, format!("asked: {} — answered: {text}", question.text));
            }
        }
        TaskEvent::TimeGranted { span, .. } => task.granted = Millis(task.granted.0.saturating_add(span.0)),
        TaskEvent::PriorityChanged { priority } => task.priority = *priority,
        TaskEvent::ScopeChanged { work, reason } => {
            note(task, format!("the scope changed: {reason}"));
            task.work = Arc::new(work.as_ref().clone());
        }
        TaskEvent::EscalationRaised { id, trouble, level } => {
            let record =
                Escalation { trouble: *trouble, level: *level, raised: at, acknowledged: None, decision: None };
            task.escalations.insert(*id, record);
        }
        TaskEvent::EscalationAcknowledged { id } => {
            if let Some(record) = task.escalations.get_mut(id) {
                record.acknowledged = Some(at);
            }
        }
        TaskEvent::EscalationDecided { id, decision } => {
            if let Some(record) = task.escalations.get_mut(id) {
                record.acknowledged.get_or_insert(at);
                record.decision = Some(decision.clone());
            }
        }
        TaskEvent::EscalationClosed { id } => {
            task.escalations.remove(id);
        }
        TaskEvent::CancelledDecided { of, decision } => match decision {
            CancelledDecision::Waive => {
                task.waived.insert(*of);
            }
            CancelledDecision::Replace(with) => {
                // What is replaced is done without, too, for whoever looks at why it was cancelled.
                task.waived.insert(*of);
                for need in &mut task.needs {
                    if need == of {
                        *need = *with;
                    }
                }
            }
            CancelledDecision::Cancel => {}
        },
    }
}

/// Moves a task into a state: a new visit, with everything that belonged to the last one gone.
fn enter(task: &mut Task, next: TaskState, at: Stamp) {
    let waiting = match next.blocker().map(|blocker| &blocker.kind) {
        Some(BlockerKind::Question(question)) => Some(*question),
        Some(
            BlockerKind::Reported(_)
            | BlockerKind::Failed
            | BlockerKind::DependencyCancelled(_)
            | BlockerKind::NobodyQualified
            | BlockerKind::TooManyRounds,
        )
        | None => None,
    };
    task.questions.retain(|id, _| Some(*id) == waiting);
    task.escalations.clear();
    task.progress = None;
    task.granted = Millis::default();
    task.state = next;
    task.entered = at;
    task.visit = task.visit.next();
}

fn note(task: &mut Task, text: String) {
    if task.notes.len() >= NOTES_KEPT {
        task.notes.remove(0);
    }
    task.notes.push(text);
}

/// The task goes back to whoever did it, with what is to be changed.
fn rework(task: &mut Task, at: Stamp) {
    if let Some(assignee) = task.state.assignee().cloned() {
        task.retries = 0;
        let attempt = match assignee {
            Assignee::Ic(_) => Attempt::Queued { not_before: WallTime::default() },
            Assignee::Lead(_) => Attempt::Children,
        };
        enter(task, TaskState::InProgress { assignee, attempt }, at);
    }
}

fn pass(task: &mut Task, entry: &Entry, gate: Option<Gate>, outcome: GateOutcome) {
    let by = match &entry.principal.asker {
        Asker::Role(role) => role.clone(),
        Asker::System => Role::Organisation,
        Asker::Client { .. } => Role::Operator,
    };
    task.gates.push(GateRecord { gate, by, outcome, at: entry.at });
}

fn stand_at(task: &mut Task, gate: Gate, reviewer: Role, remaining: Vec<Gate>, at: Stamp) {
    if let Some(author) = task.state.assignee().cloned() {
        enter(task, TaskState::DomainReview { author, gate, reviewer, remaining }, at);
    }
}
