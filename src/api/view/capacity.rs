//! Capacity, and why a task is with whom it is, as clients see them.

use serde::{Deserialize, Serialize};

use super::AssignmentView;

/// How everybody's coming three days are spoken for.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct CapacityReport {
    /// What the organisation is called.
    pub organisation: String,
    /// As of when, by wall time; without a daemon, as of the last event.
    pub at: String,
    /// All that is looked at together.
    pub figures: FiguresView,
    /// The departments; those without a domain that is looked at are left out.
    pub departments: Vec<DepartmentCapacityView>,
}

/// How the time of somebody, or of everybody at a place, is spoken for.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct FiguresView {
    /// Hours that are left of what they have, as they are expected to need them.
    pub committed_hours: f64,
    /// Hours that they work in three days.
    pub available_hours: f64,
    /// The first over the second, in percent; of several people, their mean weighted by their hours. `null` where nobody is
    /// there.
    pub percent: Option<u32>,
    /// `healthy` below 75 %, `caution` below 85 %, `warning` up to 95 %, `critical` above.
    pub band: String,
    /// When they have done all that they have, by wall time; of several people, the first of them. `null` where nobody is
    /// there.
    pub available_from: Option<String>,
    /// The share of each of the coming three days that is spoken for, in percent: the first day is full before the second
    /// begins.
    pub percent_by_day: Vec<Option<u32>>,
}

/// A department.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DepartmentCapacityView {
    /// Which.
    pub department: String,
    /// Everybody in it.
    pub figures: FiguresView,
    /// Its domains.
    pub domains: Vec<DomainCapacityView>,
}

/// A domain.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DomainCapacityView {
    /// Which.
    pub domain: String,
    /// Everybody in it.
    pub figures: FiguresView,
    /// Tasks that wait for somebody to have the time.
    pub waiting: u32,
    /// Hours of these.
    pub waiting_hours: f64,
    /// Its ICs.
    pub ics: Vec<IcCapacityView>,
}

/// An IC.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct IcCapacityView {
    /// Who.
    pub ic: String,
    /// Why they are not there, if they are not.
    pub absent: Option<String>,
    /// Tasks they have.
    pub tasks: u32,
    /// Of them: at work.
    pub running: u32,
    /// Their time.
    pub figures: FiguresView,
}

/// Why a task is with whom it is, or with nobody.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct WhyView {
    /// The task.
    pub id: String,
    /// Its name in the plan.
    pub key: String,
    /// `strategic` or `tactical`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// Who has it, or whose work it is.
    pub assignee: Option<String>,
    /// Hours of work of the plan.
    pub planned_hours: f64,
    /// How it was last assigned; `null` before that.
    pub assignment: Option<AssignmentView>,
    /// Why it went to somebody else after that, if it did.
    pub moved: Option<String>,
    /// Why nobody has it, while somebody is looked for.
    pub waits: Option<WaitsView>,
}

/// Why a task waits for somebody.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct WaitsView {
    /// In words.
    pub reason: String,
    /// When that is looked at again at the latest, by wall time, where it waits within a forecast.
    pub until: Option<String>,
    /// Whoever has more than this share of their three days committed is not available for it.
    pub available_below: f64,
    /// How its domain stands for it now: `candidates` are all who are qualified, whether or not they have the time.
    pub standing: AssignmentView,
}
