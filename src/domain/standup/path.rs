//! The critical path of an instruction: the longest way of open work through its dependencies, by effort.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::left;
use crate::domain::id::{StepKey, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::Effort;

/// Steps of a critical path that are named, the first ones: what comes after them is not what today is about.
pub(super) const STEPS_NAMED: usize = 6;

/// The longest way of open work through the dependencies of an instruction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CriticalPath {
    /// The names of its first steps, in the order in which they are done.
    pub steps: Vec<StepKey>,
    /// How many more steps it has.
    pub more: u32,
    /// Hours of work left along it.
    pub length: Effort,
    /// By how many hours the tightest piece of work beside it may grow before the path goes through that; nothing where
    /// all open work is on the path.
    pub slack: Option<Effort>,
}

/// The critical path of an instruction, over the work that is not over.
#[must_use]
pub fn critical_path(state: &State, found: &Instruction) -> CriticalPath {
    let open: Vec<&Task> =
        found.open.iter().filter_map(|id| state.tasks.get(id)).filter(|task| task.children.is_empty()).collect();
    let needs: BTreeMap<TaskId, BTreeSet<TaskId>> = open.iter().map(|task| (task.id, needs_of(state, task))).collect();
    let mut followers: BTreeMap<TaskId, BTreeSet<TaskId>> = BTreeMap::new();
    for (id, before) in &needs {
        before.iter().for_each(|need| {
            followers.entry(*need).or_default().insert(*id);
        });
    }
    let to_end_of = longest(&open, &needs);
    let from_start_of = longest(&open, &followers);
    let Some(length) = to_end_of.values().max().copied() else {
        return CriticalPath::default();
    };
    let effort = |id: &TaskId| state.tasks.get(id).map_or(Effort::default(), left);
    // Through a task: what must come before it with it, and what must come after it with it, which counts it twice.
    let through = |id: &TaskId| {
        let before = to_end_of.get(id).copied().unwrap_or_default();
        before.plus(from_start_of.get(id).copied().unwrap_or_default()).minus(effort(id))
    };
    let path = walk(&to_end_of, &needs, length);
    let beside = open.iter().filter(|task| !path.contains(&task.id)).map(|task| length.minus(through(&task.id))).min();
    let name = |id: &TaskId| state.tasks.get(id).map(|task| task.key.clone());
    CriticalPath {
        steps: path.iter().take(STEPS_NAMED).filter_map(name).collect(),
        more: super::number(path.len().saturating_sub(STEPS_NAMED)),
        length,
        slack: beside,
    }
}

/// The open work that must be done before a task: its own dependencies and those of what it is part of, each as the work
/// it was broken down into.
fn needs_of(state: &State, task: &Task) -> BTreeSet<TaskId> {
    let mut found = BTreeSet::new();
    let mut current = Some(task);
    while let Some(link) = current {
        for need in link.needs.iter().filter_map(|need| state.tasks.get(need)) {
            let parts = need.children.iter().filter_map(|child| state.tasks.get(child));
            let whole = Some(need).filter(|need| need.children.is_empty());
            found.extend(parts.chain(whole).filter(|one| !one.state.is_terminal()).map(|one| one.id));
        }
        current = link.parent.and_then(|parent| state.tasks.get(&parent));
    }
    found.remove(&task.id);
    found
}

/// For each task the longest way that ends with it, over `before` each. Plans have no circles; should a replaced
/// dependency make one, the rounds are bounded all the same.
fn longest(open: &[&Task], before: &BTreeMap<TaskId, BTreeSet<TaskId>>) -> BTreeMap<TaskId, Effort> {
    let mut ends: BTreeMap<TaskId, Effort> = open.iter().map(|task| (task.id, left(task))).collect();
    for _ in open {
        let mut changed = false;
        for task in open {
            let ready = before.get(&task.id).into_iter().flatten().filter_map(|need| ends.get(need)).max().copied();
            let end = ready.unwrap_or_default().plus(left(task));
            changed |= ends.insert(task.id, end) != Some(end);
        }
        if !changed {
            break;
        }
    }
    ends
}

/// The tasks of the longest way, first to last.
fn walk(ends: &BTreeMap<TaskId, Effort>, needs: &BTreeMap<TaskId, BTreeSet<TaskId>>, length: Effort) -> Vec<TaskId> {
    let mut path = Vec::new();
    let mut current = ends.iter().find(|(_, end)| **end == length).map(|(id, _)| *id);
    while let Some(id) = current.filter(|id| !path.contains(id)) {
        path.push(id);
        let before = needs.get(&id).into_iter().flatten();
        current = before.max_by_key(|need| (ends.get(need), std::cmp::Reverse(**need))).copied();
    }
    path.reverse();
    path
}
