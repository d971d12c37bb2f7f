//! An instruction: what somebody asked the organisation to do, from its receipt to its end.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, IdempotencyKey, InstructionId, TaskId, WorkType};
use crate::domain::role::Principal;
use crate::domain::time::{OrgTime, Stamp};
use crate::domain::work::{Priority, Tier};

/// What a client hands in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// What to do, in words.
    pub text: String,
    /// The department that should do it; the only one, where there is one.
    pub department: Option<DepartmentId>,
    /// The kind of work, by which the workflow is chosen.
    pub work_type: Option<WorkType>,
    /// How urgent it is.
    pub priority: Priority,
    /// How much planning and review it gets; triaged where it is not given.
    pub tier: Option<Tier>,
    /// Absolute path of the git repository it is about.
    pub repository: Option<String>,
    /// The same key again is the same instruction.
    pub key: Option<IdempotencyKey>,
}

impl Request {
    /// A number that differs, for all practical purposes, between requests with different content (FNV-1a, 64 bits). The
    /// idempotency key is not part of the content.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let tier = self.tier.map(|tier| tier.to_string());
        let fields = [
            Some(self.text.as_str()),
            self.department.as_ref().map(DepartmentId::as_str),
            self.work_type.as_ref().map(WorkType::as_str),
            Some(self.priority.as_str()),
            tier.as_deref(),
            self.repository.as_deref(),
        ];
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for field in fields {
            // A byte that no text contains sets the fields apart, and what is absent apart from what is empty.
            mix(if field.is_some() { 0xff } else { 0xfe });
            field.unwrap_or_default().bytes().for_each(&mut mix);
        }
        hash
    }
}

/// An instruction that is not over.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Instruction {
    /// Its id.
    pub id: InstructionId,
    /// What was handed in.
    pub request: Request,
    /// Who handed it in.
    pub asked_by: Principal,
    /// When it was received.
    pub received: Stamp,
    /// The department that does it.
    pub department: DepartmentId,
    /// What triage said, once it has.
    pub triage: Option<Triage>,
    /// Where it is in its life.
    pub state: State,
    /// When it entered this state.
    pub entered: Stamp,
    /// Every task of it, strategic and tactical, in the order of the plan.
    pub tasks: Vec<TaskId>,
    /// Those of its tasks that are not over.
    pub open: BTreeSet<TaskId>,
    /// Who stopped new starts, and why; running attempts go on.
    pub paused: Option<Pause>,
    /// When whoever decides about its end was last reminded.
    pub reminded: Option<OrgTime>,
}

/// What triage said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Triage {
    /// How much planning and review it gets.
    pub tier: Tier,
    /// The kind of work.
    pub work_type: WorkType,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

/// New starts are stopped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// By whom.
    pub by: Principal,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Stamp,
}

/// The states of an instruction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Recorded; nobody has looked at it.
    Received,
    /// Tier and work type are known.
    Triaged,
    /// Its tasks are known.
    Planned,
    /// Approved; starts when it is its turn.
    Queued,
    /// Its tasks are at work.
    Executing,
    /// Every task is over; the manager looks at the facts. `no_go` names what speaks against completing it, once it has
    /// been looked at.
    GoNoGo {
        /// Facts that speak against it; a person decides then.
        no_go: Vec<String>,
    },
    /// Done.
    Completed,
    /// Stopped on purpose.
    Cancelled {
        /// Why.
        reason: String,
        /// By whom.
        by: Principal,
    },
    /// Not taken on.
    Rejected {
        /// Why, and what would help.
        reason: String,
    },
}

/// The name of a [`State`] without its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StateName {
    /// See [`State::Received`].
    Received,
    /// See [`State::Triaged`].
    Triaged,
    /// See [`State::Planned`].
    Planned,
    /// See [`State::Queued`].
    Queued,
    /// See [`State::Executing`].
    Executing,
    /// See [`State::GoNoGo`].
    GoNoGo,
    /// See [`State::Completed`].
    Completed,
    /// See [`State::Cancelled`].
    Cancelled,
    /// See [`State::Rejected`].
    Rejected,
}

impl StateName {
    /// Whether nothing can happen to an instruction in this state any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Rejected)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Received => "RECEIVED",
            Self::Triaged => "TRIAGED",
            Self::Planned => "PLANNED",
            Self::Queued => "QUEUED",
            Self::Executing => "EXECUTING",
            Self::GoNoGo => "GO_NO_GO",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
        })
    }
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Received => StateName::Received,
            Self::Triaged => StateName::Triaged,
            Self::Planned => StateName::Planned,
            Self::Queued => StateName::Queued,
            Self::Executing => StateName::Executing,
            Self::GoNoGo { .. } => StateName::GoNoGo,
            Self::Completed => StateName::Completed,
            Self::Cancelled { .. } => StateName::Cancelled,
            Self::Rejected { .. } => StateName::Rejected,
        }
    }
}

impl Instruction {
    /// How much planning and review it gets; before triage, what was asked for.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.triage.as_ref().map(|triage| triage.tier).or(self.request.tier)
    }
}
