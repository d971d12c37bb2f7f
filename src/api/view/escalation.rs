//! Escalations as clients see them.

use serde::{Deserialize, Serialize};

/// Escalations: the open ones, then those that are over.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct EscalationsView {
    /// The open ones, that first which has been due longest; then those that are over, the latest first.
    pub escalations: Vec<EscalationView>,
    /// How many more are over of the tasks that were looked at; 0 where a task was named.
    pub more: usize,
}

/// A trouble of a task that went up the line. Spans are milliseconds of organisation time.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct EscalationView {
    /// Its id.
    pub id: String,
    /// The task.
    pub task: String,
    /// The name of the task in its plan.
    pub key: String,
    /// The instruction that the task belongs to.
    pub instruction: String,
    /// What it is about: `late`, `blocked`, `stalled`, …
    pub trouble: String,
    /// The state the task was in when it was raised.
    pub state: String,
    /// By how much a limit had been passed when it was raised; 0 where no clock raised it.
    pub overdue_ms: i64,
    /// When it was raised.
    pub raised: String,
    /// The level that holds it, or held it last: `domain-lead`, `tech-lead`, `engineering-manager` or `person`.
    pub level: String,
    /// Who stands there.
    pub holder: String,
    /// When it came to them.
    pub since: String,
    /// By when they decide, or when a person is reminded next; `null` once it is over.
    pub due: Option<String>,
    /// How long until then; negative when that is past; `null` where that is.
    pub due_in_ms: Option<i64>,
    /// When they said that they have it.
    pub acknowledged: Option<String>,
    /// What they decided, if they have. It is open still where that did not move the task, or has yet to.
    pub decision: Option<String>,
    /// When it was over; `null` while it is open.
    pub closed: Option<String>,
    /// Everything that came of it, one sentence each, oldest first.
    pub story: Vec<String>,
}
