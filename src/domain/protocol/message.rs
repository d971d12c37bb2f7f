//! The typed messages: what each says.

use serde::{Deserialize, Serialize};

use super::delegation::Delegation;
use super::{Digest, Notice};
use crate::domain::id::{BroadcastId, DomainId, EscalationId, InstructionId, QuestionId, Round, StepKey, TaskId};
use crate::domain::role::{Level, Principal, Role};
use crate::domain::standup::Report;
use crate::domain::task::{StateName, Trouble, Turn};
use crate::domain::time::{Millis, OrgTime, Stamp};

/// A typed message of the organisation. What it says is in the journal; it wakes whoever gets it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Work goes down the line.
    Delegation(Delegation),
    /// Somebody said something to a channel.
    Broadcast(Broadcast),
    /// A package waits for a receiving lead.
    Handoff(Handoff),
    /// What everybody below reports.
    Standup(Standup),
    /// Somebody wants to know something.
    Question(Question),
    /// What somebody wanted to know.
    Answer(Answer),
    /// A trouble came up the line.
    Escalation(Escalation),
    /// A summary of the troubles that a manager holds.
    Digest(Digest),
}

impl Message {
    /// The kind of message, for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delegation(_) => "delegation",
            Self::Broadcast(_) => "broadcast",
            Self::Handoff(_) => "handoff",
            Self::Standup(_) => "standup",
            Self::Question(_) => "question",
            Self::Answer(_) => "answer",
            Self::Escalation(_) => "escalation",
            Self::Digest(_) => "digest",
        }
    }
}

/// Somebody said something to a channel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broadcast {
    /// Its id.
    pub id: BroadcastId,
    /// Who said it.
    pub from: Principal,
    /// When.
    pub at: Stamp,
    /// What it says.
    pub notice: Notice,
}

/// A task, as messages about it name it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct About {
    /// The instruction.
    pub instruction: InstructionId,
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// One line on what it is.
    pub title: String,
}

/// A package waits for receiving leads.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handoff {
    /// What is handed off.
    pub about: About,
    /// The domain that did it.
    pub from: DomainId,
    /// The domains that are to accept it.
    pub to: Vec<DomainId>,
    /// The version of the package.
    pub version: Round,
    /// What came out.
    pub artefacts: Vec<Artefact>,
    /// What a receiver goes through, in this order.
    pub checklist: Vec<String>,
    /// What those who did it say about it, one for each piece of work.
    pub summaries: Vec<String>,
    /// Questions about it that nobody has answered.
    pub questions: Vec<String>,
}

/// Something that came out of work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Artefact {
    /// Where it is, relative to the workspace of its task.
    pub location: String,
    /// What the machine found when it looked; `None` where it was not asked to.
    pub holds: Option<bool>,
    /// Whether a simulated worker made it up.
    pub simulated: bool,
}

/// What everybody below reports.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Standup {
    /// When it was held.
    pub at: Stamp,
    /// What came together at the top of the department.
    pub reports: Vec<Report>,
}

/// Somebody wants to know something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// What it is about.
    pub about: About,
    /// Who asks.
    pub from: Role,
    /// What is asked.
    pub text: String,
    /// By when it is to be answered.
    pub due: OrgTime,
}

/// What somebody wanted to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub id: QuestionId,
    /// What it is about.
    pub about: About,
    /// Who answered.
    pub from: Principal,
    /// The answer.
    pub text: String,
}

/// A trouble came up the line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Escalation {
    /// The id of its record.
    pub id: EscalationId,
    /// What it is about.
    pub about: About,
    /// What is wrong.
    pub trouble: Trouble,
    /// The state the task was in when it was raised.
    pub state: StateName,
    /// By how much a limit had been passed then; nothing where no clock raised it.
    pub overdue: Millis,
    /// The level that decides.
    pub level: Level,
    /// Who decides.
    pub holder: Role,
    /// By when they do; for a person, when they are reminded.
    pub due: OrgTime,
    /// By when they say that they have it.
    pub acknowledge_by: OrgTime,
    /// The levels before, and what came of it there.
    pub turns: Vec<Turn>,
    /// Whether it is only for the reader to know, since the holder has not said that they have it.
    pub copy: bool,
}
