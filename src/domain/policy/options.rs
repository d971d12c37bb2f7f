//! What a person can decide about an escalation that came up to them.

use crate::domain::command::{AfterBlock, TaskAction};
use crate::domain::review::{Basis, TaskKind};
use crate::domain::sla::limits;
use crate::domain::state::State;
use crate::domain::task::{Attempt, BlockerKind, CancelledDecision, Escalation, State as TaskState, Task, Trouble};
use crate::domain::time::Millis;

/// One way in which a person can decide about an escalation.
#[derive(Clone, PartialEq, Debug)]
pub struct Choosable {
    /// What happens, in words.
    pub label: String,
    /// What is asked of the ledger for it.
    pub action: TaskAction,
}

/// What a person can decide about an escalation, the recommended way first.
#[must_use]
pub fn options(state: &State, task: &Task, record: &Escalation) -> Vec<Choosable> {
    let mut options = Vec::new();
    let mut offer = |label: String, action: TaskAction| options.push(Choosable { label, action });
    if let Some(of) = state.cancelled_dependency(task).or_else(|| state.cancelled_child(task)) {
        let decision = CancelledDecision::Waive;
        offer("go on without what was cancelled".to_owned(), TaskAction::DecideCancelled { of, decision });
    }
    let resolve = |resolution: &str, next: AfterBlock| TaskAction::Resolve { resolution: resolution.to_owned(), next };
    match &task.state {
        TaskState::Blocked { blocker, assignee } | TaskState::Escalated { blocker, assignee, .. } => {
            match &blocker.kind {
                BlockerKind::DependencyCancelled(of) => {
                    let decision = CancelledDecision::Waive;
                    offer(
                        "go on without what was cancelled".to_owned(),
                        TaskAction::DecideCancelled { of: *of, decision },
                    );
                }
                BlockerKind::Question(_) => {}
                BlockerKind::Reported(_)
                | BlockerKind::Failed
                | BlockerKind::NobodyQualified
                | BlockerKind::TooManyRounds => {
                    if assignee.is_some() {
                        let next = AfterBlock::Resume;
                        offer(
                            "try again with whoever has it".to_owned(),
                            resolve("a person lets it be tried again", next),
                        );
                    }
                    if task.kind == TaskKind::Tactical {
                        offer(
                            "assign it anew".to_owned(),
                            resolve("a person has it assigned anew", AfterBlock::Release),
                        );
                    }
                }
            }
        }
        TaskState::UnderReview { .. } => {
            offer("approve the work".to_owned(), TaskAction::Approve { basis: Basis::Person });
        }
        TaskState::DomainReview { gate, .. } => {
            let label = format!("pass the {gate} gate");
            offer(label, TaskAction::PassGate { gate: *gate, basis: Basis::Person });
        }
        TaskState::ReadyForHandoff { version, accepted, .. } => {
            for receiver in state.receivers(task).into_iter().filter(|one| !accepted.contains(one)) {
                let label = format!("accept the package for {receiver}");
                let (version, basis) = (*version, Basis::Person);
                offer(label, TaskAction::AcceptHandoff { receiver, version, basis, items: None });
            }
        }
        TaskState::Assigned { .. } | TaskState::InProgress { attempt: Attempt::Running { .. }, .. }
            if task.kind == TaskKind::Tactical && record.trouble != Trouble::Late =>
        {
            let reason = "a person has it assigned anew".to_owned();
            offer("take it back and assign it anew".to_owned(), TaskAction::Unassign { reason });
        }
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => {}
    }
    if record.trouble == Trouble::Late
        && let Some(limits) = limits(state, task)
    {
        let span = Millis(limits.escalate.0.max(1));
        let reason = "a person grants more time".to_owned();
        offer("grant as much time again".to_owned(), TaskAction::GrantTime { span, reason });
    }
    options
}
