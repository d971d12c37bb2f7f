//! What can be wrong with a task: blockers, failures, questions and escalations.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{QuestionId, TaskId};
use crate::domain::role::{Level, Role};
use crate::domain::time::{Stamp, WallTime};

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

/// A trouble of a task that went up the line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Escalation {
    /// What it is about; one open escalation per task and trouble.
    pub trouble: Trouble,
    /// The level that holds it.
    pub level: Level,
    /// When it was raised.
    pub raised: Stamp,
    /// When somebody at that level said they have it.
    pub acknowledged: Option<Stamp>,
    /// What that level decided, if it did without closing it.
    pub decision: Option<String>,
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
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "late",
            Self::Blocked => "blocked",
            Self::Rounds => "too many review rounds",
            Self::Handoff => "handoff rejected too often",
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
