//! What can be wrong with a task: blockers, failures, questions and escalations.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::state::StateName;
use crate::domain::id::{QuestionId, TaskId};
use crate::domain::role::{Level, Role};
use crate::domain::time::{Millis, OrgTime, Stamp, WallTime};

/// Why a task cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blocker {
    /// What sort of trouble it is.
    pub kind: BlockerKind,
    /// What is wrong, in words.
    pub description: String,
    /// What would clear it, in words; never empty.
    pub needs: String,
    /// The lowest level that can clear it.
    pub owner: Level,
}

/// The sorts of trouble.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockerKind {
    /// Reported by the one who does the work.
    Reported(String),
    /// The attempt failed for good, or too often.
    Failed,
    /// A dependency was cancelled.
    DependencyCancelled(TaskId),
    /// A question waits for its answer.
    Question(QuestionId),
    /// Nobody in the domain is qualified.
    NobodyQualified,
    /// Reviewers asked for changes more often than the policy allows.
    TooManyRounds,
}

impl fmt::Display for BlockerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(kind) => f.write_str(kind),
            Self::Failed => f.write_str("failed"),
            Self::DependencyCancelled(task) => write!(f, "dependency {} cancelled", task.short()),
            Self::Question(question) => write!(f, "question {}", question.short()),
            Self::NobodyQualified => f.write_str("nobody qualified"),
            Self::TooManyRounds => f.write_str("too many review rounds"),
        }
    }
}

/// A question asked while working or reviewing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Who asks.
    pub from: Role,
    /// Who should answer.
    pub to: Level,
    /// What is asked.
    pub text: String,
    /// When.
    pub asked: Stamp,
    /// By when it is answered, before it goes one level up; for a person, when they are reminded next.
    pub due: OrgTime,
}

/// How a question that is not open any more ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionEnd {
    /// Somebody answered.
    Answered,
    /// The task moved on without it.
    Withdrawn,
}

/// Why an attempt ended without a result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of failure.
    pub class: FailureClass,
    /// What happened, in one line.
    pub message: String,
}

/// The sorts of failure, which decide what happens next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// May pass: tried again after a backoff, a bounded number of times.
    Transient,
    /// The worker's quota is used up: tried again when it is reset, without counting.
    Quota {
        /// When the quota is reset, if the worker said.
        reset: Option<WallTime>,
    },
    /// Nothing was heard of the attempt: tried again. Counts unless it was the daemon or an actor that went away.
    Lost {
        /// Whether this side went away, not the worker.
        restarted: bool,
    },
    /// Will not pass by trying again.
    Permanent,
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transient => "transient",
            Self::Quota { .. } => "quota",
            Self::Lost { .. } => "lost",
            Self::Permanent => "permanent",
        })
    }
}

/// A trouble of a task that went up the line: the record beside the task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Escalation {
    /// What it is about; one open escalation per task and trouble.
    pub trouble: Trouble,
    /// The state the task was in when it was raised.
    pub state: StateName,
    /// By how much it was over its target, or for how long it had been silent, when it was raised; nothing where no
    /// clock raised it.
    pub overdue: Millis,
    /// When it was raised.
    pub raised: Stamp,
    /// The level that holds it.
    pub level: Level,
    /// Who stands there.
    pub holder: Role,
    /// When it came to them.
    pub since: Stamp,
    /// By when they decide; for a person, when they are reminded next.
    pub due: OrgTime,
    /// By when they say that they have it.
    pub acknowledge_by: OrgTime,
    /// When they did.
    pub acknowledged: Option<Stamp>,
    /// Who else was told, since they did not.
    pub told: Option<Role>,
    /// What they decided, if it did not close the record.
    pub decision: Option<String>,
    /// The levels before, and what came of it there.
    pub turns: Vec<Turn>,
    /// How it ended; `None` while it is open.
    pub closed: Option<(Stamp, String)>,
}

/// What came of an escalation at one level.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// The level.
    pub level: Level,
    /// Who stood there.
    pub holder: Role,
    /// Why it did not stay there: what they decided, that they did not, or why they were passed over.
    pub outcome: String,
    /// Whether they were passed over.
    pub skipped: bool,
}

/// A level that an escalation passes over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Skipped {
    /// The level.
    pub level: Level,
    /// Who stands there.
    pub who: Role,
    /// Why they are passed over.
    pub why: String,
}

/// Somebody was given a task and is to say that they have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delegation {
    /// Who gave it.
    pub from: Role,
    /// To whom.
    pub to: Role,
    /// When.
    pub at: Stamp,
    /// By when they say so; after it was sent again, from when on it goes up the line.
    pub acknowledge_by: OrgTime,
    /// Whether it was sent once more.
    pub sent_again: bool,
    /// When they did.
    pub acknowledged: Option<Stamp>,
}

/// What an escalation is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It has been too long in its state.
    Late,
    /// It is blocked and the blocker goes up the line.
    Blocked,
    /// Reviewers and author do not come to an end.
    Rounds,
    /// Receivers send the package back again and again.
    Handoff,
    /// Nothing is heard of the attempt that runs.
    Stalled,
    /// Whoever was given it does not say that they have it.
    Unacknowledged,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "late",
            Self::Blocked => "blocked",
            Self::Rounds => "too many review rounds",
            Self::Handoff => "handoff rejected too often",
            Self::Stalled => "stalled",
            Self::Unacknowledged => "not acknowledged",
        })
    }
}

/// What a lead decides about a cancelled dependency or child.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledDecision {
    /// Go on without it.
    Waive,
    /// Use this task in its place.
    Replace(TaskId),
    /// Cancel what depended on it, too.
    Cancel,
}
