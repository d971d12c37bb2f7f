//! The report of a simulation: what it came to, in figures.
//!
//! All spans are hours of the organisation's time, all shares are from 0 to 1. The same simulation gives the same report,
//! byte for byte: nothing in it is about the machine it ran on, or how long that took.

mod flow;
mod people;
mod spans;

use serde::{Deserialize, Serialize};

use crate::domain::time::OrgTime;

pub use self::flow::{
    Bottleneck, CountOf, DomainQueues, EscalationLevel, Escalations, PlaceKind, PlaceWait, Quality, Queue, StageWait,
};
pub use self::people::{DomainUse, IcUse, Utilisation};
pub use self::spans::{Bin, BreachCell, Breaches, Distribution, LeadTimes, StateTime, TierTime};

/// What a simulation came to.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Always true: nothing of this happened.
    pub simulated: bool,
    /// The scenario.
    pub scenario: String,
    /// What it is there to show.
    pub about: String,
    /// The seed.
    pub seed: u64,
    /// The version of the program.
    pub program: String,
    /// The hash of the journal's last record, which stands for all of it.
    pub journal_hash: Option<String>,
    /// When it began.
    pub begin: OrgTime,
    /// When it ended.
    pub end: OrgTime,
    /// Days from the beginning to the end.
    pub days: f64,
    /// Events in the journal.
    pub events: u64,
    /// Instructions, by how they ended.
    pub instructions: InstructionCounts,
    /// Tasks, by how they ended.
    pub tasks: TaskCounts,
    /// What was done a day.
    pub throughput: Throughput,
    /// Day by day.
    pub daily: Vec<Day>,
    /// From beginning to completion.
    pub lead_times: LeadTimes,
    /// Time in each state of a task.
    pub task_states: Vec<StateTime>,
    /// Time in each state of an instruction.
    pub instruction_states: Vec<StateTime>,
    /// Clocks that fired.
    pub breaches: Breaches,
    /// How busy everybody was.
    pub utilisation: Utilisation,
    /// What stood before whom.
    pub queues: Vec<DomainQueues>,
    /// What went up the line.
    pub escalations: Escalations,
    /// What had to be done more than once.
    pub quality: Quality,
    /// The place that held up the most; nothing where nothing waited.
    pub bottleneck: Option<Bottleneck>,
    /// For which places things waited, the longest first.
    pub waits: Vec<PlaceWait>,
    /// Whether the figures fit together.
    pub little: Little,
}

/// Instructions, by how they ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct InstructionCounts {
    /// That came in, parts of others included.
    pub received: u64,
    /// Done.
    pub completed: u64,
    /// Stopped.
    pub cancelled: u64,
    /// Not taken on.
    pub rejected: u64,
    /// Not over at the end.
    pub open: u64,
}

/// Tasks, by how they ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TaskCounts {
    /// That were planned, milestones and what they were broken down into.
    pub planned: u64,
    /// Done.
    pub completed: u64,
    /// Stopped.
    pub cancelled: u64,
    /// Not over at the end.
    pub open: u64,
}

/// What was done a day, from the beginning to the end.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Throughput {
    /// Instructions that came in.
    pub received_per_day: f64,
    /// Instructions completed.
    pub instructions_per_day: f64,
    /// Tasks completed.
    pub tasks_per_day: f64,
}

/// A day: what happened in it, and how things stood at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Day {
    /// Which, from 1 on.
    pub day: u32,
    /// Instructions that came in.
    pub received: u32,
    /// Instructions completed.
    pub instructions_completed: u32,
    /// Tasks completed.
    pub tasks_completed: u32,
    /// Instructions that were open at its end.
    pub open_instructions: u32,
    /// Tasks that were.
    pub open_tasks: u32,
    /// Those of them at work.
    pub tasks_at_work: u32,
    /// Those of them that somebody had to act on next, and did not work at.
    pub tasks_waiting: u32,
    /// Tasks and instructions that a person had to act on next.
    pub waiting_for_people: u32,
}

/// Little's law, L = λ W, for instructions: that the three agree says that nothing was lost or counted twice. L is summed
/// up as instructions come and go; W from the time of each, what is open at the end counting with its age.
///
/// J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9 (3), 1961.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Little {
    /// L: instructions in the system in the mean over time.
    pub mean_in_system: f64,
    /// λ: instructions that came in an hour.
    pub arrivals_per_hour: f64,
    /// W: hours that each spent in the system, in the mean.
    pub mean_hours_in_system: f64,
    /// By how much L and λ W differ, as a share of L.
    pub relative_gap: f64,
}
