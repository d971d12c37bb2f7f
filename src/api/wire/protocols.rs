//! What is asked for about broadcasts, standups and handoffs, and what comes of it.

use serde::{Deserialize, Serialize};

use crate::domain::protocol::NoticeKind;

/// A message to a channel.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Broadcast {
    /// `all`, `domain-leads`, `tech-leads`, or a domain with `-team` after it.
    pub channel: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// In one line; a text of several is refused.
    pub subject: String,
    /// What it means for whoever reads it, in one line, too; may be empty.
    pub impact: String,
    /// What is to be done, in one line each.
    pub action_items: Vec<String>,
}

/// A message was sent.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// The channel, in full.
    pub channel: String,
    /// How many it reached.
    pub recipients: usize,
}

/// What is said about a package.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Verdict {
    /// The task: its id, a unique part of it, or its name in the plan.
    pub task: String,
    /// The receiving domain; the only one that has not accepted it, where it is absent.
    pub receiver: Option<String>,
    /// Numbers of items of the checklist, from 1. To accept none of them is to accept all.
    pub items: Vec<u32>,
    /// Why it is sent back; absent where it is accepted.
    pub rejected: Option<String>,
}

/// What came of it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Judged {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// The receiving domain.
    pub receiver: String,
    /// `accepted`, `verified` while items are missing, or `rejected`.
    pub outcome: String,
    /// Numbers of the items that this receiver has not verified yet.
    pub missing: Vec<u32>,
    /// Domains that have not accepted the package yet.
    pub waits_for: Vec<String>,
    /// The state of the task now.
    pub state: String,
}
