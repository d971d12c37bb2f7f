//! The states of a task's life, with what belongs to each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::trouble::Blocker;
use crate::domain::id::{DomainId, Epoch, IcId, Round};
use crate::domain::review::Gate;
use crate::domain::role::{Level, Principal, Role};
use crate::domain::time::WallTime;

/// The ten working states, and `CANCELLED`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Planned; waits for an assignee, or has lost one.
    Pending,
    /// Its lead breaks it down.
    InPlanning,
    /// Somebody has it and has not started.
    Assigned {
        /// Who has it.
        assignee: Assignee,
    },
    /// An attempt waits or runs; a strategic task has children at work.
    InProgress {
        /// Who has it.
        assignee: Assignee,
        /// How far the attempt is.
        attempt: Attempt,
    },
    /// Cannot go on.
    Blocked {
        /// Who had it, if anyone.
        assignee: Option<Assignee>,
        /// Why, and what would clear it.
        blocker: Blocker,
    },
    /// Blocked, and a manager owns the blocker.
    Escalated {
        /// Who had it, if anyone.
        assignee: Option<Assignee>,
        /// Why, and what would clear it.
        blocker: Blocker,
        /// The level that holds it.
        level: Level,
    },
    /// A peer reads the work.
    UnderReview {
        /// Whose work it is.
        author: Assignee,
        /// Who reads it.
        reviewer: Role,
    },
    /// The remaining gates, one after the other.
    DomainReview {
        /// Whose work it is.
        author: Assignee,
        /// The gate it stands at.
        gate: Gate,
        /// Who holds that gate.
        reviewer: Role,
        /// The gates after that one.
        remaining: Vec<Gate>,
    },
    /// Approved; receiving leads look at the package.
    ReadyForHandoff {
        /// Whose work it is.
        author: Assignee,
        /// The version of the package: the round in which it was approved.
        version: Round,
        /// Which receiving domains have accepted this version.
        accepted: BTreeSet<DomainId>,
        /// Which items of the checklist the others have verified so far.
        verified: BTreeMap<DomainId, BTreeSet<u16>>,
    },
    /// Accepted.
    Completed,
    /// Stopped on purpose.
    Cancelled {
        /// Why.
        reason: String,
        /// By whom.
        by: Principal,
    },
}

/// The name of a [`State`] without its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StateName {
    /// See [`State::Pending`].
    Pending,
    /// See [`State::InPlanning`].
    InPlanning,
    /// See [`State::Assigned`].
    Assigned,
    /// See [`State::InProgress`].
    InProgress,
    /// See [`State::Blocked`].
    Blocked,
    /// See [`State::Escalated`].
    Escalated,
    /// See [`State::UnderReview`].
    UnderReview,
    /// See [`State::DomainReview`].
    DomainReview,
    /// See [`State::ReadyForHandoff`].
    ReadyForHandoff,
    /// See [`State::Completed`].
    Completed,
    /// See [`State::Cancelled`].
    Cancelled,
}

impl StateName {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::InPlanning,
        Self::Assigned,
        Self::InProgress,
        Self::Blocked,
        Self::Escalated,
        Self::UnderReview,
        Self::DomainReview,
        Self::ReadyForHandoff,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The name as it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InPlanning => "IN_PLANNING",
            Self::Assigned => "ASSIGNED",
            Self::InProgress => "IN_PROGRESS",
            Self::Blocked => "BLOCKED",
            Self::Escalated => "ESCALATED",
            Self::UnderReview => "UNDER_REVIEW",
            Self::DomainReview => "DOMAIN_REVIEW",
            Self::ReadyForHandoff => "READY_FOR_HANDOFF",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether nothing can happen to a task in this state any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Pending => StateName::Pending,
            Self::InPlanning => StateName::InPlanning,
            Self::Assigned { .. } => StateName::Assigned,
            Self::InProgress { .. } => StateName::InProgress,
            Self::Blocked { .. } => StateName::Blocked,
            Self::Escalated { .. } => StateName::Escalated,
            Self::UnderReview { .. } => StateName::UnderReview,
            Self::DomainReview { .. } => StateName::DomainReview,
            Self::ReadyForHandoff { .. } => StateName::ReadyForHandoff,
            Self::Completed => StateName::Completed,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// Whether nothing can happen to a task in this state any more.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.name().is_terminal()
    }

    /// Who has the task, or whose work is being looked at.
    #[must_use]
    pub const fn assignee(&self) -> Option<&Assignee> {
        match self {
            Self::Assigned { assignee } | Self::InProgress { assignee, .. } => Some(assignee),
            Self::Blocked { assignee, .. } | Self::Escalated { assignee, .. } => assignee.as_ref(),
            Self::UnderReview { author, .. }
            | Self::DomainReview { author, .. }
            | Self::ReadyForHandoff { author, .. } => Some(author),
            Self::Pending | Self::InPlanning | Self::Completed | Self::Cancelled { .. } => None,
        }
    }

    /// The blocker of a task that cannot go on.
    #[must_use]
    pub const fn blocker(&self) -> Option<&Blocker> {
        match self {
            Self::Blocked { blocker, .. } | Self::Escalated { blocker, .. } => Some(blocker),
            Self::Pending
            | Self::InPlanning
            | Self::Assigned { .. }
            | Self::InProgress { .. }
            | Self::UnderReview { .. }
            | Self::DomainReview { .. }
            | Self::ReadyForHandoff { .. }
            | Self::Completed
            | Self::Cancelled { .. } => None,
        }
    }
}

/// Who has a task: an IC, or for a strategic task the lead of its domain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// Does the work.
    Ic(IcId),
    /// Answers for the milestone.
    Lead(DomainId),
}

impl Assignee {
    /// The place in the organisation.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Ic(ic) => Role::Ic(ic.clone()),
            Self::Lead(domain) => Role::DomainLead(domain.clone()),
        }
    }

    /// The IC, if it is one.
    #[must_use]
    pub const fn ic(&self) -> Option<&IcId> {
        match self {
            Self::Ic(ic) => Some(ic),
            Self::Lead(_) => None,
        }
    }
}

impl fmt::Display for Assignee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.role().fmt(f)
    }
}

/// How far the attempt of a task in progress is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Waits to be started.
    Queued {
        /// Not before this point of wall time.
        not_before: WallTime,
        /// Whether a used-up quota is what it waits for.
        quota: bool,
    },
    /// At work.
    Running {
        /// The epoch that was issued for it.
        epoch: Epoch,
        /// The wall time until which it counts as alive without another sign of life.
        lease_until: WallTime,
    },
    /// A strategic task's children are at work.
    Children,
}
