//! Messages to channels as clients see them.

use serde::{Deserialize, Serialize};

/// A message to a channel.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct BroadcastView {
    /// Its id.
    pub id: String,
    /// To whom it went: `all`, `domain-leads`, `tech-leads`, or a domain with `-team` after it.
    pub channel: String,
    /// What it is about: `priority-change`, `resource-shift`, `milestone`, `blocker` or `celebration`.
    pub kind: String,
    /// One line.
    pub subject: String,
    /// What it means; may be empty.
    pub impact: String,
    /// What is to be done.
    pub action_items: Vec<String>,
    /// Who sent it.
    pub from: String,
    /// When.
    pub at: String,
    /// Who has read it, and when.
    pub read: Vec<ReadMark>,
    /// Who has not.
    pub unread: Vec<String>,
}

/// Somebody has read a message.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ReadMark {
    /// Who.
    pub role: String,
    /// When.
    pub at: String,
}
