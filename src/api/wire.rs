//! What goes over the socket.

mod act;
mod protocols;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::brief::Brief;
use crate::domain::id::{BriefField, DepartmentId, IdempotencyKey, InstructionId, WorkType};
use crate::domain::instruction::Deadline;
use crate::domain::org::Chart;
use crate::domain::plan::draft::Draft;
use crate::domain::risk::Risk;
use crate::domain::role::Level;
use crate::domain::time::Effort;
use crate::domain::work::{Priority, Tier};

pub use self::act::{Act, Acted, GRANT_LIMIT};
pub use self::protocols::{Broadcast, Judged, Sent, Verdict};

/// The version of the protocol. It changes when a released client would misunderstand a new daemon, or the other way
/// round; none has been released yet, so this is still the first.
pub const PROTOCOL: u32 = 1;

/// Longest line in either direction, in bytes: a chart of some thousands of ICs with its workflows, as JSON. Everything
/// else, an instruction of 64 KiB with every character escaped included, is far below this.
pub const LINE_LIMIT: usize = 4 * 1024 * 1024;

/// One line from a client.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Request {
    /// [`PROTOCOL`] of the client.
    pub protocol: u32,
    /// For which person of the chart; absent, whoever the process at the other end is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What it asks for.
    pub ask: Ask,
}

/// What a client may ask for.
#[derive(Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Take an instruction on. Answered with [`Submitted`].
    Submit(Submit),
    /// Stop a task or an instruction. Answered with [`Cancelled`].
    Cancel {
        /// The id, or a unique part of it.
        id: String,
        /// Why.
        reason: String,
    },
    /// Answer a question, or add to the brief of an instruction. Answered with [`Answered`].
    Answer {
        /// The id of the question or of the instruction, or a unique part of it.
        question: String,
        /// The answer; of an instruction whose brief misses one field, what it says there.
        #[serde(default)]
        text: Option<String>,
        /// What an instruction says, by field of its brief.
        #[serde(default)]
        fields: Brief,
    },
    /// Say what a chart would change, or why it cannot be applied. Answered with
    /// [`Difference`](crate::domain::org::Difference).
    CompareChart {
        /// The chart, sound as whoever reads charts makes them.
        chart: Box<Chart>,
    },
    /// Run by a chart from now on; one that it runs by already changes nothing. Answered with [`ChartApplied`].
    ApplyChart {
        /// The chart, sound as whoever reads charts makes them.
        chart: Box<Chart>,
    },
    /// Decide something, or do something oneself. Answered with [`Acted`].
    Act(Act),
    /// Send a message to a channel. Answered with [`Sent`].
    Broadcast(Broadcast),
    /// Have everybody report up the line now, and record it. Answered with [`StandupView`](super::view::StandupView).
    HoldStandup,
    /// Accept a package, items of it, or send it back. Answered with [`Judged`].
    Judge(Verdict),
    /// Take the journal out as it is now: an [`ExportHeader`](super::view::ExportHeader), as many
    /// [`ExportedRow`](super::view::ExportedRow) lines as it says, then a [`RawRecord`] a line.
    Export,
    /// Look at something. Answered with the view that the query names.
    Query(Query),
    /// Follow what happens: one [`EventView`](super::view::EventView) a line.
    Watch {
        /// From which event on; 0 is the beginning, absent is from now on.
        from: Option<u64>,
        /// Only this instruction.
        instruction: Option<String>,
        /// Whether to go on when everything that has happened was sent.
        follow: bool,
    },
}

/// What can be looked at, of a running daemon as of a directory without one.
#[derive(Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// How things stand: [`StatusView`](super::view::StatusView).
    Status,
    /// One instruction with its tasks: [`InstructionView`](super::view::InstructionView).
    Instruction {
        /// The id, or a unique part of it.
        id: String,
    },
    /// The plan of one instruction: [`PlanView`](super::view::PlanView).
    Plan {
        /// The id, or a unique part of it.
        id: String,
    },
    /// The organisation with who has what: [`TreeView`](super::view::TreeView).
    Tree,
    /// Tasks: a list of [`TaskView`](super::view::TaskView).
    Tasks {
        /// Only those of this instruction; with it, also one that is over.
        instruction: Option<String>,
    },
    /// One task: [`TaskDetail`](super::view::TaskDetail).
    Task {
        /// The id, or a unique part of it.
        id: String,
    },
    /// What waits for somebody: [`InboxView`](super::view::InboxView).
    Inbox {
        /// For whom, as [`role`](super::resolve::role) reads it; absent, for whoever asks.
        role: Option<String>,
    },
    /// Escalations, the open ones first: [`EscalationsView`](super::view::EscalationsView).
    Escalations {
        /// Only those that are open.
        open: bool,
        /// Only those of this task, all of them, also where its instruction is over. Absent: of the tasks of open
        /// instructions, and of those that are over only the latest.
        task: Option<String>,
        /// Only those that are with this level, or were last.
        level: Option<Level>,
    },
    /// What a place reports up the line: [`StandupView`](super::view::StandupView).
    Standup {
        /// The place, or a unique end of its name; the whole organisation where it is absent.
        role: Option<String>,
    },
    /// How everybody's coming days are spoken for: [`CapacityReport`](super::view::CapacityReport).
    Capacity {
        /// Only this domain, by its id or its name where that is unique.
        domain: Option<String>,
    },
    /// Why a task is with whom it is, or with nobody: [`WhyView`](super::view::WhyView).
    Why {
        /// The task: its id, a unique part of it, or its name in the plan.
        task: String,
    },
    /// The latest messages to channels, newest first: a list of [`BroadcastView`](super::view::BroadcastView).
    Broadcasts,
    /// Packages that wait for receivers, the oldest first: a list of [`HandoffView`](super::view::HandoffView).
    Handoffs,
    /// One package: [`PackageView`](super::view::PackageView).
    Handoff {
        /// The task: its id, a unique part of it, or its name in the plan.
        task: String,
    },
    /// Whether everything is alive: [`DoctorView`](super::view::DoctorView).
    Doctor,
    /// Whether the journal is whole: [`AuditView`](super::view::AuditView).
    Audit,
    /// Whether the whole store is as it should be: [`StoreCheckView`](super::view::StoreCheckView).
    Check,
}

/// A record of the journal as it is stored.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct RawRecord {
    /// Its place in the journal.
    pub sequence: u64,
    /// The schema version of the body.
    pub version: u16,
    /// The body, as hexadecimal digits.
    pub body: String,
    /// The hash of the record before, as hexadecimal digits.
    pub previous: String,
}

/// An instruction to be taken on.
#[derive(Serialize, Deserialize, Debug, Clone, Default)]
pub struct Submit {
    /// What to do, in words.
    pub text: String,
    /// The department that should do it.
    pub department: Option<DepartmentId>,
    /// The kind of work.
    pub work_type: Option<WorkType>,
    /// How urgent it is.
    pub priority: Priority,
    /// How much planning and review it gets.
    pub tier: Option<Tier>,
    /// Absolute path of the repository it is about.
    pub repository: Option<String>,
    /// The same key again is the same instruction.
    pub key: Option<IdempotencyKey>,
    /// What its work type asks an instruction to say, by field.
    #[serde(default)]
    pub brief: Brief,
    /// Instructions that must be completed before it begins: their ids, or unique parts of these.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// When it should be done.
    #[serde(default)]
    pub deadline: Option<Deadline>,
    /// Whether a customer was promised it.
    #[serde(default)]
    pub customer_commitment: bool,
    /// Hours of work it may cost.
    #[serde(default)]
    pub budget: Option<Effort>,
    /// What could go wrong.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// The plan, where it comes with the instruction.
    #[serde(default)]
    pub plan: Option<Box<Draft>>,
    /// The project it belongs to.
    #[serde(default)]
    pub project: Option<String>,
    /// The epic it belongs to.
    #[serde(default)]
    pub epic: Option<String>,
    /// The sprint it is planned for.
    #[serde(default)]
    pub sprint: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    pub labels: BTreeSet<String>,
}

/// An instruction was taken on, durably.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Submitted {
    /// Its id.
    pub instruction: InstructionId,
    /// Whether it was there already, under the same key.
    pub existing: bool,
    /// The event from which on to look for what becomes of it.
    pub sequence: u64,
}

/// Something was stopped.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Cancelled {
    /// The id of what was stopped.
    pub id: String,
}

/// A question was answered.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Answered {
    /// The id of the question, or of the instruction whose brief was added to.
    pub question: String,
    /// The task, or the instruction, that goes on.
    pub task: String,
    /// What its brief still does not say, by field.
    #[serde(default)]
    pub missing: Vec<BriefField>,
}

/// The organisation runs by a chart, durably. There is nothing more to say about it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ChartApplied {}

/// One line from the daemon.
#[derive(Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "snake_case")]
pub enum Reply<T> {
    /// What was asked for.
    Ok(T),
    /// Why not.
    Error(Refusal),
}

/// Why something that was asked for is not to be had.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What sort of refusal, for programs.
    pub code: Code,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The sorts of refusal.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request cannot be understood, or has another version.
    BadRequest,
    /// There is no such thing.
    NotFound,
    /// Several things answer to the id.
    Ambiguous,
    /// The lifecycle, or the state of things, does not allow it.
    Rejected,
    /// The caller may not.
    NotAllowed,
    /// The daemon is ending.
    Stopping,
    /// The daemon has too many clients.
    Busy,
    /// Something went wrong here.
    Internal,
}
