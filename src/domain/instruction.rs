//! An instruction: what somebody asked the organisation to do, from its receipt to its end.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::brief::Brief;
use crate::domain::id::{BriefField, DepartmentId, IdempotencyKey, InstructionId, TaskId, WorkType};
use crate::domain::plan::draft::Draft;
use crate::domain::plan::{Consult, Part, Source};
use crate::domain::risk::Risk;
use crate::domain::role::Principal;
use crate::domain::time::{Effort, Millis, OrgTime, Stamp, WallTime};
use crate::domain::work::{Priority, Tier};

/// Longest text of an instruction, in bytes: it is part of every job made from it.
pub const TEXT_LIMIT: usize = 64 * 1024;

/// Labels of an instruction, at most.
pub const LABELS_LIMIT: usize = 50;

/// Longest name of a project, an epic or a sprint, and longest label, in bytes: they are shown in one line.
pub const WORD_LIMIT: usize = 200;

/// What a client hands in.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
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
    /// What its work type asks an instruction to say, by field.
    pub brief: Brief,
    /// Instructions that must be completed before it begins.
    pub depends_on: BTreeSet<InstructionId>,
    /// When it should be done.
    pub deadline: Option<Deadline>,
    /// Whether a customer was promised it: it goes before what nobody was.
    pub customer_commitment: bool,
    /// Hours of work it may cost; a plan that needs more waits for a person.
    pub budget: Option<Effort>,
    /// What could go wrong, as far as whoever asks knows.
    pub risk: Option<Risk>,
    /// The plan, where it comes with the instruction.
    pub plan: Option<Box<Draft>>,
    /// The instruction that it is part of.
    pub parent: Option<InstructionId>,
    /// The project it belongs to.
    pub project: Option<String>,
    /// The epic it belongs to.
    pub epic: Option<String>,
    /// The sprint it is planned for.
    pub sprint: Option<String>,
    /// Words to find it by.
    pub labels: BTreeSet<String>,
}

/// When an instruction should be done, as it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// So much organisation time after it was received.
    Within(Millis),
    /// At this moment by the clock on the wall.
    At(WallTime),
}

impl Request {
    /// A number that differs, for all practical purposes, between requests with different content (FNV-1a, 64 bits). The
    /// idempotency key is not part of the content.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let tier = self.tier.map(|tier| tier.to_string());
        // What has a shape of its own goes in as JSON, whose order of fields is that of the types.
        let rest = serde_json::to_string(&(
            (&self.brief, &self.depends_on, &self.deadline, self.customer_commitment),
            (&self.budget, &self.risk, &self.plan, &self.parent),
            (&self.project, &self.epic, &self.sprint, &self.labels),
        ));
        let fields = [
            Some(self.text.as_str()),
            self.department.as_ref().map(DepartmentId::as_str),
            self.work_type.as_ref().map(WorkType::as_str),
            Some(self.priority.as_str()),
            tier.as_deref(),
            self.repository.as_deref(),
            rest.as_deref().ok(),
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
    /// When whoever it waits for was last reminded.
    pub reminded: Option<OrgTime>,
    /// What it says by field: what came with it and what was added since.
    pub brief: Brief,
    /// When it should be done, by organisation time.
    pub deadline: Option<OrgTime>,
    /// Whether its deadline has passed and that was said.
    pub overdue: bool,
    /// What its plan says besides the tasks, once it has one.
    pub plan: Option<Planned>,
    /// Why a plan for it was refused, the latest first refusal last.
    pub refusals: Vec<String>,
    /// Who was asked about its plan.
    pub consultations: Vec<Consultation>,
    /// What it waits for before it begins, once somebody has looked.
    pub held: Option<Hold>,
    /// Cancelled instructions it depended on that somebody decided to do without.
    pub waived: BTreeSet<InstructionId>,
    /// What was decided about what it competes with, if anything was.
    pub arbitrated: Option<Arbitration>,
}

/// What was decided about an instruction and those it competes with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Arbitration {
    /// Whether it goes first.
    pub first: bool,
    /// Those it was decided about; where it does not go first, nobody is asked about them again.
    pub others: BTreeSet<InstructionId>,
}

/// What is kept of a plan besides its tasks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Planned {
    /// Where it comes from.
    pub source: Source,
    /// What could go wrong: of what the plan, the workflow and the instruction say, the higher of each.
    pub risk: Risk,
    /// Parts that other departments do.
    pub parts: Vec<Part>,
    /// What the manager saw when looking at it.
    pub review: Vec<String>,
    /// What it was expected to take when it began, or when the manager last accepted a slip.
    pub baseline: Option<Baseline>,
    /// By how much it was late when that was last said, as a share of the baseline in percent; the manager is asked then.
    pub slipped: Option<u32>,
}

/// What a plan is expected to take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Baseline {
    /// From when on.
    pub from: OrgTime,
    /// How long, by its critical path and by the hours of those who can do it.
    pub span: Millis,
}

/// Somebody was asked about a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consultation {
    /// Who, and what.
    pub ask: Consult,
    /// Until when their answer is waited for.
    pub due: OrgTime,
    /// What came of it; nothing yet where it is absent.
    pub end: Option<ConsultEnd>,
}

/// What came of asking.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsultEnd {
    /// An answer.
    Answered {
        /// By whom.
        by: Principal,
        /// What they said.
        text: String,
    },
    /// Nobody answered in time.
    Lapsed,
}

/// Why an instruction that is planned and approved does not begin.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// What it waits for.
    pub kind: HoldKind,
    /// The same in words, with the figures it was decided on.
    pub reason: String,
    /// Instructions it waits for or competes with.
    pub behind: Vec<InstructionId>,
}

/// What an instruction waits for before it begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// Until instructions it depends on are completed.
    Dependencies,
    /// An instruction it depends on was cancelled or rejected; a person says whether it goes on without.
    DependencyLost,
    /// Until there is capacity.
    Capacity,
    /// It is critical: the manager says whether others make room.
    Manager,
    /// It is critical and so is what it competes with: a person says which goes first.
    Person,
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
    /// The instruction for which it makes room; it resumes by itself when that one is over.
    pub until: Option<InstructionId>,
}

/// The states of an instruction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Recorded; nobody has looked at it.
    Received,
    /// Tier and work type are known.
    Triaged,
    /// Its brief does not say what its work type asks for; a person adds it.
    NeedsBrief {
        /// The fields that are missing.
        missing: Vec<BriefField>,
    },
    /// Its tasks are known.
    Planned,
    /// A person is to approve its plan.
    AwaitingApproval {
        /// Why a person, one sentence each.
        reasons: Vec<String>,
    },
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
    /// See [`State::NeedsBrief`].
    NeedsBrief,
    /// See [`State::Planned`].
    Planned,
    /// See [`State::AwaitingApproval`].
    AwaitingApproval,
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
            Self::NeedsBrief => "NEEDS_BRIEF",
            Self::Planned => "PLANNED",
            Self::AwaitingApproval => "AWAITING_APPROVAL",
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
            Self::NeedsBrief { .. } => StateName::NeedsBrief,
            Self::Planned => StateName::Planned,
            Self::AwaitingApproval { .. } => StateName::AwaitingApproval,
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

    /// Whether its plan is made of parts that other departments do.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| !plan.parts.is_empty())
    }

    /// Whether an answer that its plan waits for is still to come.
    #[must_use]
    pub fn is_consulting(&self) -> bool {
        self.consultations.iter().any(|one| one.ask.blocking && one.end.is_none())
    }
}
