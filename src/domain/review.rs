//! Review gates: which reviews a task needs, in which order, and how each one ended.
//!
//! Peer review is a state of its own (`UNDER_REVIEW`); what is here comes after it (`DOMAIN_REVIEW`). A gate that nobody
//! can hold is recorded as skipped, with the reason, and a skipped gate is never shown as passed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::role::Role;
use crate::domain::time::Stamp;
use crate::domain::work::Tier;

/// A review after the peer's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The lead of the task's own domain.
    DomainLead,
    /// The tech lead, over the sum of a strategic task's children.
    TechLead,
    /// The lead of the domain that the chart names for security.
    Security,
    /// The lead of the domain that the chart names for architecture.
    Architecture,
    /// The lead of the domain that the chart names for quality assurance.
    Qa,
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DomainLead => "domain lead",
            Self::TechLead => "tech lead",
            Self::Security => "security",
            Self::Architecture => "architecture",
            Self::Qa => "qa",
        })
    }
}

/// Whether a task is a milestone or a piece of work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A milestone that a domain lead answers for; its children are the work.
    Strategic,
    /// Work for one IC.
    Tactical,
}

/// The gates of a task, in the order in which they are passed.
///
/// Tactical work passes its domain lead and, where it is sensitive, security; in tier 2, which has no strategic tasks, QA
/// is the last gate of the tasks that nothing else depends on. A strategic task passes its tech lead, security where it
/// is sensitive, architecture from tier 3 and QA from tier 2.
#[must_use]
pub fn required_gates(kind: TaskKind, tier: Tier, security_sensitive: bool, is_final: bool) -> Vec<Gate> {
    let mut gates = Vec::new();
    match kind {
        TaskKind::Tactical => gates.push(Gate::DomainLead),
        TaskKind::Strategic => gates.push(Gate::TechLead),
    }
    if security_sensitive {
        gates.push(Gate::Security);
    }
    match kind {
        TaskKind::Tactical if tier == Tier::Moderate && is_final => gates.push(Gate::Qa),
        TaskKind::Tactical => {}
        TaskKind::Strategic => {
            if tier >= Tier::Complex {
                gates.push(Gate::Architecture);
            }
            if tier >= Tier::Moderate {
                gates.push(Gate::Qa);
            }
        }
    }
    gates
}

/// On what a reviewer's approval rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A worker read the work and approved it.
    Worker {
        /// What it said.
        summary: String,
        /// Whether that worker only simulates.
        simulated: bool,
    },
    /// No worker could review; the machine checks of the deliverables hold.
    MachineChecks {
        /// How many checks hold.
        checks: u32,
    },
    /// A human approved it.
    Person,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker { summary, simulated: false } => write!(f, "{summary}"),
            Self::Worker { summary, simulated: true } => write!(f, "{summary} (simulated)"),
            Self::MachineChecks { checks } => write!(f, "machine checks only: {checks} hold"),
            Self::Person => f.write_str("a person approved"),
        }
    }
}

/// How one gate ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// Approved, and on what.
    Passed(Basis),
    /// Nobody can hold it; why.
    Skipped(String),
}

/// A gate that is behind the task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateRecord {
    /// Which; `None` is the peer review.
    pub gate: Option<Gate>,
    /// Who decided.
    pub by: Role,
    /// How it ended.
    pub outcome: GateOutcome,
    /// When.
    pub at: Stamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Gate::{Architecture, DomainLead, Qa, Security, TechLead};
    use TaskKind::{Strategic, Tactical};

    #[test]
    fn the_gates_of_a_task_follow_from_its_kind_tier_sensitivity_and_place() {
        let table: &[(TaskKind, Tier, bool, bool, &[Gate])] = &[
            (Tactical, Tier::Simple, false, true, &[DomainLead]),
            (Tactical, Tier::Simple, true, true, &[DomainLead, Security]),
            (Tactical, Tier::Moderate, false, false, &[DomainLead]),
            (Tactical, Tier::Moderate, false, true, &[DomainLead, Qa]),
            (Tactical, Tier::Moderate, true, true, &[DomainLead, Security, Qa]),
            (Tactical, Tier::Complex, false, true, &[DomainLead]),
            (Tactical, Tier::Expert, true, false, &[DomainLead, Security]),
            (Strategic, Tier::Complex, false, false, &[TechLead, Architecture, Qa]),
            (Strategic, Tier::Expert, true, true, &[TechLead, Security, Architecture, Qa]),
        ];
        for (kind, tier, sensitive, is_final, gates) in table {
            assert_eq!(&required_gates(*kind, *tier, *sensitive, *is_final), gates, "{kind:?} tier {tier}");
        }
    }
}
