//! Spans of time: lead times, time in states, and the limits that were passed.

use serde::{Deserialize, Serialize};

/// How spans of time are distributed. Quantiles are by the nearest rank.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// How many.
    pub count: u64,
    /// The mean.
    pub mean_hours: f64,
    /// The median.
    pub p50_hours: f64,
    /// Nine in ten are not longer.
    pub p90_hours: f64,
    /// Ninety-nine in a hundred are not longer.
    pub p99_hours: f64,
    /// The longest.
    pub max_hours: f64,
    /// A histogram. Bins are of the same width, but for the last, which takes what is beyond the 99th percentile.
    pub bins: Vec<Bin>,
}

/// A bar of a histogram.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Bin {
    /// From, itself included.
    pub from_hours: f64,
    /// To.
    pub to_hours: f64,
    /// How many.
    pub count: u64,
}

/// Lead times of what was completed: of instructions from their receipt, of tasks from when they were planned.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LeadTimes {
    /// Of instructions.
    pub instructions: Distribution,
    /// Of tasks.
    pub tasks: Distribution,
    /// Of instructions, by tier.
    pub instructions_by_tier: Vec<TierTime>,
    /// Of tasks, by the tier of their instruction.
    pub tasks_by_tier: Vec<TierTime>,
}

/// Lead times of a tier.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TierTime {
    /// The tier.
    pub tier: u8,
    /// Its lead times.
    #[serde(flatten)]
    pub lead: Distribution,
}

/// Time in one state. Mean and quantile are of visits that ended; total and share count what is there at the end, too.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StateTime {
    /// The state.
    pub state: String,
    /// Visits that ended.
    pub visits: u64,
    /// Things in it at the end.
    pub open: u64,
    /// The mean.
    pub mean_hours: f64,
    /// Nine in ten visits are not longer.
    pub p90_hours: f64,
    /// All visits together.
    pub total_hours: f64,
    /// Of the time of all open things together.
    pub share: f64,
}

/// Limits that were passed.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Breaches {
    /// Visits to states that have limits.
    pub entered: u64,
    /// Visits that passed their target.
    pub target: u64,
    /// Visits that passed their warning.
    pub warning: u64,
    /// Visits that passed the limit from which on somebody above is asked.
    pub escalation: u64,
    /// Escalations that were raised because something was late.
    pub raised_as_late: u64,
    /// By state and tier, where anything entered.
    pub cells: Vec<BreachCell>,
}

/// Limits that were passed in one state by tasks of one tier.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BreachCell {
    /// The state.
    pub state: String,
    /// The tier.
    pub tier: u8,
    /// Visits that began.
    pub entered: u64,
    /// Those that passed their target.
    pub target: u64,
    /// Those that passed their warning.
    pub warning: u64,
    /// Those that passed the limit from which on somebody above is asked.
    pub escalation: u64,
    /// The share that passed their target.
    pub target_rate: f64,
    /// The share that passed the last limit.
    pub escalation_rate: f64,
}
