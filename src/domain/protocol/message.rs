//! The typed messages: what each says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::delegation::Delegation;
use super::{Digest, Notice};
use crate::domain::handoff::Package;
use crate::domain::id::{BroadcastId, EscalationId, InstructionId, QuestionId, StepKey, TaskId};
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

/// The heart of what it says, for logs; with words of others in it, which are to be tidied for where they are shown.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        match self {
            Self::Delegation(given) => {
                let again = if given.again { " once more" } else { "" };
                write!(f, " by {}{again}:", given.from)?;
                given.tasks.iter().try_for_each(|task| write!(f, " {}", task.key))
            }
            Self::Broadcast(said) => write!(f, " by {} ({}): {}", said.from, said.notice.kind, said.notice.subject),
            Self::Handoff(handoff) => {
                let (package, of) = (&handoff.package, &handoff.about);
                let (files, items) = (package.artefacts.len(), package.items.len());
                write!(f, " of {} by {}: {files} files, {items} items to go through", of.key, package.from)
            }
            Self::Standup(standup) => {
                f.write_str(" of")?;
                standup.reports.iter().try_for_each(|report| write!(f, " {}", report.role))
            }
            Self::Question(question) => {
                write!(f, " by {} about {}: {}", question.from, question.about.key, question.text)
            }
            Self::Answer(answer) => write!(f, " by {} about {}: {}", answer.from, answer.about.key, answer.text),
            Self::Escalation(raised) => {
                let copy = if raised.copy { ", only to know" } else { "" };
                write!(
                    f,
                    " of {}: {} in {}, with {}{copy}",
                    raised.about.key, raised.trouble, raised.state, raised.holder
                )
            }
            Self::Digest(digest) => write!(f, " of {} open escalations", digest.open),
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
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Handoff {
    /// What is handed off.
    pub about: About,
    /// What comes with it, and who is to accept it.
    pub package: Package,
    /// Questions about it that nobody has answered.
    pub questions: Vec<String>,
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
