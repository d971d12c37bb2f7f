//! The facts on which an instruction ends: the final audit that every tier passes through, by machine.

use crate::domain::instruction::{Instruction, StateName as InstructionStateName};
use crate::domain::plan_review::{count, list};
use crate::domain::review::{Basis, GateOutcome};
use crate::domain::schedule::spent;
use crate::domain::state::State;
use crate::domain::task::{State as TaskState, Task};
use crate::domain::work::Tier;

/// What the journal says about an instruction whose tasks are all over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Tasks and parts completed.
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
    let tasks: Vec<&Task> = instruction.tasks.iter().filter_map(|id| state.tasks.get(id)).collect();
    for task in &tasks {
        how_it_ended(state, task, &mut facts);
    }
    if !tasks.is_empty() {
        facts.supporting.insert(0, format!("{} of {} tasks completed", facts.completed, instruction.tasks.len()));
    }
    parts(state, instruction, &mut facts);
    criteria(&tasks, &mut facts);
    gates(&tasks, &mut facts);
    troubles(&tasks, &mut facts);
    budget(state, instruction, &mut facts);
    facts
}

fn how_it_ended(state: &State, task: &Task, facts: &mut Facts) {
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
}

/// What other departments did of it.
fn parts(state: &State, instruction: &Instruction, facts: &mut Facts) {
    for part in instruction.plan.iter().flat_map(|plan| &plan.parts) {
        let name = format!("{} by {} ({})", part.key, part.department, part.id.short());
        match state.ended(part.id) {
            Some(InstructionStateName::Completed) => {
                facts.completed = facts.completed.saturating_add(1);
                facts.supporting.push(format!("{name} completed"));
            }
            Some(end) => facts.against.push(format!("{name} is {end}")),
            None => facts.against.push(format!("{name} is not over")),
        }
    }
}

/// By whom it was looked at that what a task asked for is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookedAt {
    /// Somebody read it.
    Read,
    /// Machine checks of what was handed in hold, and nobody read it.
    Checked,
    /// A gate was passed that had nothing to check.
    Passed,
    /// Nobody and nothing.
    Never,
}

fn looked_at(task: &Task) -> LookedAt {
    let bases = || {
        task.gates.iter().filter_map(|record| match &record.outcome {
            GateOutcome::Passed(basis) => Some(basis),
            GateOutcome::Skipped(_) => None,
        })
    };
    let checks = task.submission.iter().flat_map(|handed| &handed.submission.checks);
    if bases().any(|basis| matches!(basis, Basis::Worker { .. } | Basis::Person)) {
        LookedAt::Read
    } else if bases().any(|basis| matches!(basis, Basis::MachineChecks { checks: 1.. }))
        || checks.clone().any(|check| check.passed)
    {
        LookedAt::Checked
    } else if bases().next().is_some() {
        LookedAt::Passed
    } else {
        LookedAt::Never
    }
}

/// Whether somebody or something looked at what every task had to bring about.
fn criteria(tasks: &[&Task], facts: &mut Facts) {
    let done: Vec<(&Task, LookedAt)> =
        tasks.iter().filter(|task| task.state == TaskState::Completed).map(|task| (*task, looked_at(task))).collect();
    let number = |way: LookedAt| done.iter().filter(|(_, looked)| *looked == way).count();
    let names =
        |way: LookedAt| list(done.iter().filter(|(_, looked)| *looked == way).map(|(task, _)| task.key.to_string()));
    let (read, checked) = (number(LookedAt::Read), number(LookedAt::Checked));
    if read > 0 {
        facts.supporting.push(format!("the criteria of {} were reviewed", count(read, "task")));
    }
    if checked > 0 {
        facts.supporting.push(format!("the criteria of {} were checked by machine only", names(LookedAt::Checked)));
    }
    if number(LookedAt::Passed) > 0 {
        facts.supporting.push(format!("passed without a check to rest on: {}", names(LookedAt::Passed)));
    }
    let never = names(LookedAt::Never);
    if never.is_empty() {
        return;
    }
    if done.iter().all(|(task, _)| task.tier == Tier::Trivial) {
        facts.supporting.push(format!("tier 0 has no reviews, and no machine check was asked for: {never}"));
    } else {
        facts.against.push(format!("nobody has looked at whether this is what was asked for: {never}"));
    }
}

fn gates(tasks: &[&Task], facts: &mut Facts) {
    let (mut passed, mut skipped) = (0_usize, Vec::new());
    for task in tasks {
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
    if !tasks.is_empty() {
        facts.supporting.push(format!("{passed} reviews passed"));
    }
    facts.supporting.append(&mut skipped);
}

/// Whether anything is open that somebody should have decided.
fn troubles(tasks: &[&Task], facts: &mut Facts) {
    let open = |task: &&&Task| task.state.blocker().is_some() || !task.escalations.is_empty();
    let open = list(tasks.iter().filter(open).map(|task| task.key.to_string()));
    if open.is_empty() {
        facts.supporting.push("no blocker and no escalation is open".to_owned());
    } else {
        facts.against.push(format!("blocked or escalated, and not decided: {open}"));
    }
}

/// Whether it cost what it might.
fn budget(state: &State, instruction: &Instruction, facts: &mut Facts) {
    let spent = spent(state, instruction, state.last.org);
    match instruction.request.budget {
        Some(budget) if instruction.has_parts() => {
            facts.supporting.push(format!("what its parts took is with each of them; it might cost {budget}"));
        }
        Some(budget) if spent > budget => {
            facts.against.push(format!("it took {spent} of work and might cost {budget}"));
        }
        Some(budget) => facts.supporting.push(format!("it took {spent} of the {budget} it might cost")),
        None => {}
    }
}
