//! What each event makes of the task it is about; nothing here looks at other tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::escalation;
use crate::domain::alarm::NEVER;
use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, TaskEvent};
use crate::domain::id::{EscalationId, QuestionId};
use crate::domain::review::{Gate, GateOutcome, GateRecord};
use crate::domain::role::{Asker, Role};
use crate::domain::task::{
    Assignee, Attempt, BlockerKind, CancelledDecision, Checkpoint, FailureClass, Handed, Progress, QuestionEnd,
    State as TaskState, StateClock, Task, Trouble,
};
use crate::domain::time::{Millis, Stamp, WallTime};

/// Questions and escalations kept of those that are over: for whoever comes late, and for the story of the task.
pub(super) const PAST_KEPT: usize = 20;

/// Longest note, in bytes: twenty of them are part of every job.
const NOTE_LIMIT: usize = 4 * 1024;

/// Notes kept of a task: the latest are what the next attempt should know.
const NOTES_KEPT: usize = 20;

/// Makes an event part of its task.
#[expect(clippy::too_many_lines, reason = "one arm for each event, each a few lines: the table of what events mean")]
pub(super) fn apply(task: &mut Task, entry: &Entry, event: &TaskEvent) {
    let at = entry.at;
    match event {
        TaskEvent::PlanningBegun => enter(task, TaskState::InPlanning, at),
        TaskEvent::Proposed { children } => task.proposal.clone_from(children),
        TaskEvent::ProposalRefused { reason } => {
            task.proposal.clear();
            task.proposal_refused = true;
            note(task, format!("the breakdown was sent back: {reason}"));
        }
        TaskEvent::Stopped => task.checkpoint = Some(Checkpoint::Stopped),
        TaskEvent::GoAheadAsked { .. } => task.checkpoint = Some(Checkpoint::AsksPerson),
        TaskEvent::WentAhead { reason } => {
            task.checkpoint = Some(Checkpoint::Passed);
            note(task, format!("it went ahead: {reason}"));
        }
        TaskEvent::BrokenDown { .. } => {
            task.proposal.clear();
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
            if let Some(before) = task.state.assignee().and_then(Assignee::ic).cloned() {
                task.taken_from.insert(before);
            }
            note(task, format!("given to another IC: {reason}"));
            // What killed or silenced one worker may do so to each: that goes on counting, so that it comes to an end.
            match &task.state {
                TaskState::InProgress { .. } if task.clock.stalled => task.retries = task.retries.saturating_add(1),
                TaskState::InProgress { attempt: Attempt::Queued { .. }, .. } => {}
                TaskState::InProgress { attempt: Attempt::Running { .. } | Attempt::Children, .. }
                | TaskState::Pending
                | TaskState::InPlanning
                | TaskState::Assigned { .. }
                | TaskState::Blocked { .. }
                | TaskState::Escalated { .. }
                | TaskState::UnderReview { .. }
                | TaskState::DomainReview { .. }
                | TaskState::ReadyForHandoff { .. }
                | TaskState::Completed
                | TaskState::Cancelled { .. } => task.retries = 0,
            }
            enter(task, TaskState::Assigned { assignee: Assignee::Ic(to.clone()) }, at);
        }
        TaskEvent::AttemptStarted { epoch, lease_until } => {
            task.epoch = *epoch;
            let attempt = Attempt::Running { epoch: *epoch, lease_until: *lease_until };
            heard(task, at);
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
            heard(task, at);
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
            withdraw_questions(task, None);
            task.progress = None;
            if let TaskState::InProgress { attempt, .. } = &mut task.state {
                let quota = matches!(failure.class, FailureClass::Quota { .. });
                *attempt = Attempt::Queued { not_before: retry_not_before.unwrap_or(at.wall), quota };
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
                let next = TaskState::Escalated { assignee, blocker, level: *level };
                if matches!(task.state, TaskState::Escalated { .. }) {
                    // Another level is another visit; the record of how it came there goes along.
                    task.state = next;
                    task.entered = at;
                    task.visit = task.visit.next();
                } else {
                    enter(task, next, at);
                }
            }
        }
        TaskEvent::Resolved { resolution, next } => {
            note(task, resolution.clone());
            task.retries = 0;
            let next = match (next, task.state.assignee().cloned()) {
                (AfterBlock::Resume, Some(assignee @ Assignee::Ic(_))) => {
                    let attempt = Attempt::Queued { not_before: at.wall, quota: false };
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
                let (accepted, verified) = (BTreeSet::new(), BTreeMap::new());
                enter(task, TaskState::ReadyForHandoff { author, version, accepted, verified }, at);
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
                remember_question(task, *id, QuestionEnd::Answered);
                note(task, format!("asked: {} — answered: {text}", question.text));
            }
        }
        TaskEvent::TimeGranted { span, .. } => {
            task.granted = Millis(task.granted.0.saturating_add(span.0));
            // Whoever holds that it is late waits that much longer, too.
            for record in task.escalations.values_mut().filter(|record| record.trouble == Trouble::Late) {
                record.due = record.due.plus(*span);
            }
        }
        TaskEvent::PriorityChanged { priority } => task.priority = *priority,
        TaskEvent::ScopeChanged { work, reason } => {
            note(task, format!("the scope changed: {reason}"));
            task.work = Arc::new(work.as_ref().clone());
        }
        TaskEvent::EscalationRaised { id, trouble, overdue, to } => {
            if let (Trouble::Unacknowledged, Some(delegation)) = (trouble, &mut task.delegation) {
                delegation.acknowledge_by = NEVER;
            }
            let record = escalation::raised(task, *trouble, *overdue, to, at);
            task.escalations.insert(*id, record);
        }
        TaskEvent::EscalationClimbed { id, reason, to, .. } => {
            if let Some(record) = task.escalations.get_mut(id) {
                escalation::climb(record, reason, to, at);
            }
        }
        TaskEvent::EscalationTold { id, to } => {
            if let Some(record) = task.escalations.get_mut(id) {
                record.told = Some(to.clone());
            }
        }
        // When the next one comes is the chart's: see the clocks.
        TaskEvent::EscalationReminded { .. } | TaskEvent::QuestionReminded { .. } => {}
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
        TaskEvent::EscalationClosed { id, reason } => escalation::close(task, *id, reason, at),
        TaskEvent::ClockFired { mark, .. } => {
            task.clock.fired.insert(*mark);
        }
        TaskEvent::Stalled { .. } => task.clock.stalled = true,
        TaskEvent::Reminded { .. } => task.clock.reminded = Some(at.org),
        TaskEvent::WaitsForCapacity { until, ahead } => task.clock.wait(*until, *ahead),
        TaskEvent::ForecastPassed => task.clock.forecast = None,
        TaskEvent::DelegationAcknowledged => {
            if let Some(delegation) = &mut task.delegation {
                delegation.acknowledged = Some(at);
            }
        }
        TaskEvent::DelegationSentAgain => {
            if let Some(delegation) = &mut task.delegation {
                delegation.sent_again = true;
            }
        }
        TaskEvent::QuestionClimbed { id, to, due } => {
            if let Some(question) = task.questions.get_mut(id) {
                question.to = *to;
                question.due = *due;
            }
            if let TaskState::Blocked { blocker, .. } | TaskState::Escalated { blocker, .. } = &mut task.state
                && blocker.kind == BlockerKind::Question(*id)
            {
                blocker.owner = *to;
            }
        }
        TaskEvent::ItemsVerified { receiver, items } => {
            if let TaskState::ReadyForHandoff { verified, .. } = &mut task.state {
                verified.entry(receiver.clone()).or_default().extend(items);
            }
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
    withdraw_questions(task, waiting);
    let reason = format!("the task is {} now", next.name());
    let open: Vec<EscalationId> = task.escalations.keys().copied().collect();
    open.into_iter().for_each(|id| escalation::close(task, id, &reason, at));
    task.progress = None;
    task.granted = Millis::default();
    if matches!(next, TaskState::Pending) || next.is_terminal() {
        task.taken_from.clear();
    }
    task.clock = StateClock { evidence: at.org, ..StateClock::default() };
    task.state = next;
    task.entered = at;
    task.visit = task.visit.next();
}

/// A sign of life of the attempt that runs.
fn heard(task: &mut Task, at: Stamp) {
    task.clock.evidence = task.clock.evidence.max(at.org);
    task.clock.stalled = false;
}

/// Questions that are open, but for one, are not asked any more.
fn withdraw_questions(task: &mut Task, but: Option<QuestionId>) {
    let withdrawn: Vec<QuestionId> = task.questions.keys().copied().filter(|id| Some(*id) != but).collect();
    for id in withdrawn {
        task.questions.remove(&id);
        remember_question(task, id, QuestionEnd::Withdrawn);
    }
}

fn remember_question(task: &mut Task, id: QuestionId, end: QuestionEnd) {
    if task.past_questions.len() >= PAST_KEPT {
        task.past_questions.remove(0);
    }
    task.past_questions.push((id, end));
}

fn note(task: &mut Task, mut text: String) {
    if text.len() > NOTE_LIMIT {
        let end = (0..=NOTE_LIMIT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
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
            Assignee::Ic(_) => Attempt::Queued { not_before: WallTime::default(), quota: false },
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
