//! What people ask for over the socket besides instructions: what they decide, and what they do themselves.

use serde::{Deserialize, Serialize};

use crate::domain::role::Level;
use crate::domain::time::Millis;
use crate::domain::work::{Finding, Priority};

/// Most time that a task is granted at once: a year. Whoever means more than that means to do away with the limit.
pub const GRANT_LIMIT: Millis = Millis::from_hours(365 * 24);

/// What a person may ask for. Answered with [`Acted`].
///
/// Ids may be given by a unique part; tasks by their name in the plan, too.
#[derive(Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Say yes to what waits for it: a review, a gate, an escalation, a plan, an end that facts speak against. Of a task,
    /// work that is reviewed comes before escalations that are with a person, which have ids of their own.
    Approve {
        /// A task, an escalation or an instruction.
        id: String,
        /// Which of its ways, from 1; the first is the recommended one.
        choose: usize,
        /// What is recorded with an escalation's decision.
        note: Option<String>,
    },
    /// Say no to it, that is to the same as [`Approve`](Self::Approve) would say yes to.
    Reject {
        /// A task, an escalation or an instruction.
        id: String,
        /// Why.
        reason: String,
        /// What is to be changed, where work is reviewed.
        findings: Vec<Finding>,
    },
    /// Begin an attempt by hand.
    Start {
        /// The task.
        task: String,
    },
    /// Say that one has what one was given, and will come to it.
    Acknowledge {
        /// The task.
        task: String,
    },
    /// Say how far one is.
    Progress {
        /// The task.
        task: String,
        /// Percentage, 0 to 100.
        percent: Option<u8>,
        /// In words.
        note: String,
    },
    /// Hand work in. The deliverables are checked first, and nothing is recorded unless all of them hold.
    Done {
        /// The task.
        task: String,
        /// What was done, in a sentence or two.
        summary: String,
        /// Files besides the deliverables, in the working folder.
        artefacts: Vec<String>,
        /// What speaks for the work.
        evidence: Vec<String>,
    },
    /// Say that one cannot go on.
    Block {
        /// The task.
        task: String,
        /// What is in the way.
        reason: String,
        /// What would clear it.
        needs: String,
        /// A word for what it is.
        kind: String,
    },
    /// Ask something about a task that one works on or reviews.
    Ask {
        /// The task.
        task: String,
        /// What is asked.
        text: String,
        /// Who should answer.
        to: Level,
    },
    /// Give a task to somebody.
    Reassign {
        /// The task.
        task: String,
        /// To whom: an IC.
        to: String,
        /// Why.
        reason: String,
    },
    /// Grant a task more time in its state.
    Grant {
        /// The task.
        task: String,
        /// How much, in organisation time; up to [`GRANT_LIMIT`].
        span: Millis,
        /// Why.
        reason: String,
    },
    /// Make a task more or less urgent.
    Prioritise {
        /// The task.
        task: String,
        /// How urgent it is.
        priority: Priority,
    },
    /// Hold an instruction.
    Pause {
        /// The instruction.
        instruction: String,
        /// Why.
        reason: String,
    },
    /// Let it go on.
    Resume {
        /// The instruction.
        instruction: String,
    },
    /// Say that nobody stands at a place for the time being.
    Away {
        /// The place, as [`role`](crate::api::resolve::role) reads it.
        role: String,
        /// Why.
        reason: String,
    },
    /// Say that somebody stands there again.
    Back {
        /// The place.
        role: String,
    },
    /// Say that one has read messages to channels.
    Read {
        /// Whose messages: one's own place.
        role: String,
        /// Their ids, whole.
        broadcasts: Vec<String>,
    },
}

/// What came of it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Acted {
    /// What it was about: the id of a task or an instruction, or a place.
    pub subject: String,
    /// What happened, in words.
    pub done: String,
    /// What comes next, in words.
    pub next: String,
    /// The folder to work in, where one was made ready.
    pub folder: Option<String>,
}
