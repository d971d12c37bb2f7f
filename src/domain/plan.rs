//! Plans: made from a workflow template, and checked the same way wherever they come from.

use std::collections::BTreeSet;

use crate::domain::id::{DepartmentId, TaskId};
use crate::domain::review::TaskKind;
use crate::domain::state::State;
use crate::domain::task::{PlannedTask, Task};
use crate::domain::work::{Tier, Work};
use crate::domain::workflow::Workflow;

/// Children a strategic task is broken down into, at most: more would be two milestones.
pub const CHILDREN_LIMIT: usize = 10;

/// Tasks that a plan of this tier has, at least and at most.
#[must_use]
pub const fn size_limits(tier: Tier) -> (usize, usize) {
    match tier {
        Tier::Trivial | Tier::Simple => (1, 1),
        Tier::Moderate => (2, 8),
        Tier::Complex => (5, 15),
        Tier::Expert => (10, 30),
    }
}

/// The plan that a workflow template makes of an instruction: a task for each step, in an order in which each comes after
/// those it needs. In the tiers that are planned in two phases a step is a milestone, which the lead of its domain breaks
/// down.
///
/// # Errors
/// When the steps need each other in a circle, or one needs a step that is not there.
pub fn from_workflow(
    workflow: &Workflow,
    tier: Tier,
    instruction: &str,
    new_id: &mut impl FnMut() -> TaskId,
) -> Result<Vec<PlannedTask>, String> {
    let mut planned: Vec<PlannedTask> = Vec::with_capacity(workflow.steps.len());
    let mut left: Vec<_> = workflow.steps.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|step| {
            let needs: Option<Vec<TaskId>> = step
                .needs
                .iter()
                .map(|need| planned.iter().find(|task| task.key == *need).map(|task| task.id))
                .collect();
            let Some(needs) = needs else {
                return true;
            };
            planned.push(PlannedTask {
                id: new_id(),
                key: step.key.clone(),
                kind: kind_of(tier),
                domain: step.domain.clone(),
                needs,
                work: fill_in(&step.work, instruction),
            });
            false
        });
        if left.len() == before {
            let names: Vec<&str> = left.iter().map(|step| step.key.as_str()).collect();
            return Err(format!(
                "these steps wait for each other or for a step that is not there: {}",
                names.join(", ")
            ));
        }
    }
    Ok(planned)
}

/// What the tasks of a plan of this tier are.
const fn kind_of(tier: Tier) -> TaskKind {
    if tier.has_strategic_phase() { TaskKind::Strategic } else { TaskKind::Tactical }
}

/// The work of a step, with the instruction's text where the template has a place for it.
fn fill_in(work: &Work, instruction: &str) -> Work {
    let fill = |text: &String| text.replace("{instruction}", instruction);
    Work {
        title: fill(&work.title),
        description: fill(&work.description),
        criteria: work.criteria.iter().map(fill).collect(),
        ..work.clone()
    }
}

/// Checks the plan of an instruction.
///
/// # Errors
/// Everything that is wrong with it, in one text.
pub fn check_plan(state: &State, department: &DepartmentId, tier: Tier, tasks: &[PlannedTask]) -> Result<(), String> {
    let mut faults = Vec::new();
    let (least, most) = size_limits(tier);
    if tasks.len() < least || tasks.len() > most {
        faults.push(format!("a plan of tier {tier} has {least} to {most} tasks, this one has {}", tasks.len()));
    }
    let kind = kind_of(tier);
    if tasks.iter().any(|task| task.kind != kind) {
        faults.push(format!(
            "the tasks of a tier {tier} plan are {}",
            match kind {
                TaskKind::Strategic => "strategic: milestones that their leads break down",
                TaskKind::Tactical => "tactical: work for one IC each",
            }
        ));
    }
    for task in tasks.iter().filter(|task| task.domain.department() != *department) {
        faults.push(format!("{}: domain `{}` is not of department `{department}`", task.key, task.domain));
    }
    check_tasks(state, tasks, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// Checks what a strategic task is broken down into, or the children that carry a reviewer's findings.
///
/// # Errors
/// Everything that is wrong with it, in one text.
pub fn check_breakdown(state: &State, parent: &Task, children: &[PlannedTask]) -> Result<(), String> {
    let mut faults = Vec::new();
    if children.is_empty() || children.len() > CHILDREN_LIMIT {
        faults
            .push(format!("a strategic task is broken down into 1 to {CHILDREN_LIMIT} tasks, not {}", children.len()));
    }
    for child in children {
        if child.kind != TaskKind::Tactical {
            faults.push(format!("{}: a child is tactical", child.key));
        }
        if child.domain.department() != parent.domain.department() {
            faults.push(format!("{}: domain `{}` is of another department than its parent", child.key, child.domain));
        }
    }
    check_tasks(state, children, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// What holds for any list of new tasks: each comes after those it needs, which also rules out circles.
fn check_tasks(state: &State, tasks: &[PlannedTask], faults: &mut Vec<String>) {
    let mut known: BTreeSet<TaskId> = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for task in tasks {
        if state.tasks.contains_key(&task.id) || state.finished_tasks.contains_key(&task.id) {
            faults.push(format!("{}: task {} exists already", task.key, task.id));
        }
        if !keys.insert(&task.key) {
            faults.push(format!("{}: the name is used twice", task.key));
        }
        for need in task.needs.iter().filter(|need| !known.contains(need)) {
            faults.push(format!("{}: needs {need}, which does not come before it", task.key));
        }
        if !state.chart.domains.contains_key(&task.domain) {
            faults.push(format!("{}: there is no domain `{}`", task.key, task.domain));
        }
        if task.work.criteria.iter().all(|criterion| criterion.trim().is_empty()) {
            faults.push(format!("{}: no criteria: say what must be true when it is done", task.key));
        }
        if !known.insert(task.id) {
            faults.push(format!("{}: id {} is used twice", task.key, task.id));
        }
    }
}
