//! The critical path of an instruction: the longest way of open work through its dependencies, by effort.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::id::{StepKey, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::schedule;
use crate::domain::state::State;
use crate::domain::time::{Effort, Millis};

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
    let laid = schedule::in_working_hours(state, found);
    let path: BTreeSet<TaskId> = laid.path.iter().copied().collect();
    let beside = laid.tasks.iter().filter(|(id, _)| !path.contains(id)).map(|(_, slot)| slot.slack).min();
    let name = |id: &TaskId| state.tasks.get(id).map(|task| task.key.clone());
    CriticalPath {
        steps: laid.path.iter().take(STEPS_NAMED).filter_map(name).collect(),
        more: super::number(laid.path.len().saturating_sub(STEPS_NAMED)),
        length: hours(laid.length),
        slack: beside.map(hours),
    }
}

/// Working time as hours of work.
fn hours(span: Millis) -> Effort {
    Effort::from_hours(span.to_duration().as_secs_f64() / 3_600.0)
}
