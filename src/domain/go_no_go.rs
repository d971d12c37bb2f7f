//! The facts on which an instruction ends: the final audit that every tier passes through, by machine.

use crate::domain::instruction::Instruction;
use crate::domain::review::GateOutcome;
use crate::domain::state::State;
use crate::domain::task::State as TaskState;

/// What the journal says about an instruction whose tasks are all over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Tasks completed.
    pub completed: usize,
    /// What speaks for completing it, one sentence each.
    pub supporting: Vec<String>,
    /// What speaks against it, one sentence each; any of these is a no-go.
    pub against: Vec<String>,
}

/// Collects the facts.
///
/// A cancelled task speaks against completion unless a person cancelled it, or whoever needed it decided to do without.
/// A skipped gate is named, and is not counted as passed.
#[must_use]
pub fn facts(state: &State, instruction: &Instruction) -> Facts {
    let mut facts = Facts::default();
    let (mut passed, mut skipped) = (0_usize, Vec::new());
    for task in instruction.tasks.iter().filter_map(|id| state.tasks.get(id)) {
        match &task.state {
            TaskState::Completed => facts.completed = facts.completed.saturating_add(1),
            TaskState::Cancelled { reason, by } => {
                let waived = task
                    .dependants
                    .iter()
                    .chain(&task.parent)
                    .any(|id| state.tasks.get(id).is_some_and(|needing| needing.waived.contains(&task.id)));
                if by.is_person() {
                    facts.supporting.push(format!("{} was cancelled by {by}: {reason}", task.key));
                } else if waived {
                    facts.supporting.push(format!("{} was cancelled and done without: {reason}", task.key));
                } else {
                    facts.against.push(format!("{} was cancelled: {reason}", task.key));
                }
            }
            TaskState::Pending
            | TaskState::InPlanning
            | TaskState::Assigned { .. }
            | TaskState::InProgress { .. }
            | TaskState::Blocked { .. }
            | TaskState::Escalated { .. }
            | TaskState::UnderReview { .. }
            | TaskState::DomainReview { .. }
            | TaskState::ReadyForHandoff { .. } => {
                facts.against.push(format!("{} is {}", task.key, task.state.name()));
            }
        }
        for record in &task.gates {
            match (&record.outcome, record.gate) {
                (GateOutcome::Passed(_), _) => passed = passed.saturating_add(1),
                (GateOutcome::Skipped(reason), Some(gate)) => {
                    skipped.push(format!("{gate} gate of {} skipped: {reason}", task.key));
                }
                (GateOutcome::Skipped(reason), None) => {
                    skipped.push(format!("peer review of {} skipped: {reason}", task.key));
                }
            }
        }
    }
    facts.supporting.insert(0, format!("{} of {} tasks completed", facts.completed, instruction.tasks.len()));
    facts.supporting.push(format!("{passed} reviews passed"));
    facts.supporting.append(&mut skipped);
    facts
}
