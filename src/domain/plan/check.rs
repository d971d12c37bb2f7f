//! What is checked of any plan, wherever it comes from.

use std::collections::BTreeSet;

use super::{CHILDREN_LIMIT, PARTS_LIMIT, Plan, kind_of, size_limits};
use crate::domain::id::{DepartmentId, StepKey, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::review::TaskKind;
use crate::domain::state::State;
use crate::domain::task::{PlannedTask, Task};
use crate::domain::work::{Tier, Work};

/// Who may be asked about one plan, at most: more is a meeting.
const CONSULTATIONS_LIMIT: usize = 20;

/// All texts of a plan together, in bytes: it is one record of the journal.
const TEXTS_LIMIT: usize = 1024 * 1024;

/// Bytes of the texts of a task and of its outline.
fn texts_of(task: &PlannedTask) -> usize {
    let of = |work: &Work| {
        let criteria: usize = work.criteria.iter().map(String::len).sum();
        work.title.len().saturating_add(work.description.len()).saturating_add(criteria)
    };
    task.outline.iter().map(|piece| of(&piece.work)).fold(of(&task.work), usize::saturating_add)
}

/// Checks the plan of an instruction.
///
/// # Errors
/// Everything that is wrong with it, in one text.
pub fn check_plan(state: &State, department: &DepartmentId, tier: Tier, plan: &Plan) -> Result<(), String> {
    let mut faults = Vec::new();
    let tasks = &plan.tasks;
    if let Some((score, value)) = plan.risk.out_of_range() {
        faults.push(format!("a risk score is 1 to 10, and {score} is {value}"));
    }
    if plan.consultations.len() > CONSULTATIONS_LIMIT {
        let number = plan.consultations.len();
        faults.push(format!("{CONSULTATIONS_LIMIT} may be asked about a plan at most, not {number}"));
    }
    let texts = plan.tasks.iter().map(texts_of).chain(plan.parts.iter().map(|part| part.text.len()));
    let size: usize = texts.sum();
    if size > TEXTS_LIMIT {
        faults.push(format!(
            "its texts have {size} bytes together and may have {TEXTS_LIMIT}; put what is long into a file and refer to it"
        ));
    }
    if !plan.parts.is_empty() {
        check_parts(state, plan, &mut faults);
        return if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) };
    }
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

/// Checks a plan of parts for other departments: each comes after those it needs.
fn check_parts(state: &State, plan: &Plan, faults: &mut Vec<String>) {
    if !plan.tasks.is_empty() {
        faults.push("a plan has either tasks or parts for departments, not both".to_owned());
    }
    if plan.parts.len() > PARTS_LIMIT {
        faults.push(format!("a plan has at most {PARTS_LIMIT} parts, this one has {}", plan.parts.len()));
    }
    let mut known = BTreeSet::new();
    for part in &plan.parts {
        let workflow = state.chart.workflows.get(&part.work_type);
        if workflow.is_none_or(|workflow| workflow.department != part.department) {
            faults.push(format!(
                "{}: department `{}` has no workflow for `{}`",
                part.key, part.department, part.work_type
            ));
        }
        for need in part.needs.iter().filter(|need| !known.contains(*need)) {
            faults.push(format!("{}: needs {need}, which does not come before it", part.key));
        }
        if state.instructions.contains_key(&part.id) || state.finished.contains_key(&part.id) || !known.insert(part.id)
        {
            faults.push(format!("{}: instruction {} exists already", part.key, part.id));
        }
    }
}

/// Checks tasks that are added to an instruction before it ends.
///
/// # Errors
/// Everything that is wrong with them, in one text.
pub fn check_amendment(state: &State, found: &Instruction, tasks: &[PlannedTask]) -> Result<(), String> {
    let mut faults = Vec::new();
    if tasks.is_empty() || tasks.len() > CHILDREN_LIMIT {
        faults.push(format!("1 to {CHILDREN_LIMIT} tasks are added at a time, not {}", tasks.len()));
    }
    if tasks.iter().any(|task| task.kind != TaskKind::Tactical) {
        faults.push("what is added is work for one IC each".to_owned());
    }
    for task in tasks.iter().filter(|task| task.domain.department() != found.department) {
        faults.push(format!("{}: domain `{}` is not of department `{}`", task.key, task.domain, found.department));
    }
    let taken = found.tasks.iter().filter_map(|id| state.tasks.get(id)).map(|task| &task.key);
    let taken: BTreeSet<&StepKey> = taken.collect();
    for task in tasks.iter().filter(|task| taken.contains(&task.key)) {
        faults.push(format!("{}: the name is used in its plan", task.key));
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
