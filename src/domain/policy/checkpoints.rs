//! Whether a milestone at which a risky plan stops goes ahead, by the recorded facts.

use crate::domain::instruction::Instruction;
use crate::domain::plan_review::{count, list};
use crate::domain::schedule::{left_by_domain, spent};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::{Effort, OrgTime};

/// What speaks for going ahead, as one sentence.
///
/// # Errors
/// What speaks against it: a person decides then.
pub(super) fn look(state: &State, found: &Instruction, task: &Task, now: OrgTime) -> Result<String, String> {
    let tasks = || found.open.iter().filter_map(|id| state.tasks.get(id));
    let mut against = Vec::new();
    let blocked = list(tasks().filter(|one| one.state.blocker().is_some()).map(|one| one.key.to_string()));
    if !blocked.is_empty() {
        against.push(format!("blocked: {blocked}"));
    }
    let troubled = |one: &&Task| one.state.blocker().is_none() && !one.escalations.is_empty();
    let troubled = list(tasks().filter(troubled).map(|one| one.key.to_string()));
    if !troubled.is_empty() {
        against.push(format!("escalated and not decided: {troubled}"));
    }
    let spent = spent(state, found, now);
    let left = left_by_domain(state, found).into_values().fold(Effort::default(), Effort::plus);
    if let Some(budget) = found.request.budget.filter(|budget| spent.plus(left) > *budget) {
        against.push(format!("{spent} of work are spent and {left} are left, and it may cost {budget}"));
    }
    if !against.is_empty() {
        return Err(against.join("; "));
    }
    let before = count(task.needs.len(), "milestone");
    let budget = found.request.budget.map_or_else(String::new, |budget| format!(" of the {budget} it may cost"));
    Ok(format!("{before} before it done, nothing blocked or escalated, {spent}{budget} spent and {left} left"))
}
