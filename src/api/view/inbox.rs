//! What waits for somebody.

use serde::{Deserialize, Serialize};

/// What waits for somebody. Points in time are wall time, in UTC; spans are organisation time.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct InboxView {
    /// Whose inbox: `person:ada`, `software:tech-lead`, `operator`.
    pub role: String,
    /// Whether a daemon runs on the directory.
    pub running: bool,
    /// What time it is; without a daemon, when the last thing happened.
    pub now: String,
    /// Theirs; for the operator, after their own, that of each person for whom something waits.
    pub groups: Vec<InboxGroup>,
}

/// What waits for one place.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct InboxGroup {
    /// The place.
    pub who: String,
    /// What a person is called.
    pub name: Option<String>,
    /// Why nobody stands there, if nobody does.
    pub absent: Option<String>,
    /// What is owed, the most urgent work first.
    pub items: Vec<InboxItem>,
    /// Messages to channels that were not read.
    pub broadcasts: Vec<UnreadView>,
}

/// One thing that is owed.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct InboxItem {
    /// The id by which commands call it: of a question, an escalation, a task or an instruction.
    pub id: String,
    /// What is owed, in words.
    pub what: String,
    /// The task it is about.
    pub task: Option<String>,
    /// The name of that task in its plan.
    pub key: Option<String>,
    /// One line on what that task is.
    pub title: Option<String>,
    /// The instruction it is about.
    pub instruction: Option<String>,
    /// What that instruction asks for.
    pub text: Option<String>,
    /// The state of the task, or of the instruction.
    pub state: String,
    /// How urgent it is.
    pub priority: String,
    /// Since when it waits for them.
    pub since: String,
    /// Seconds that it has waited.
    pub waiting_seconds: i64,
    /// When it should be done, where there is such a time.
    pub due: Option<String>,
    /// Seconds by which that is over; absent while it is not.
    pub overdue_seconds: Option<i64>,
    /// Why its clock stands still, if it does.
    pub stands_still: Option<String>,
    /// What there is to know: the question, the blocker, what was handed in, what is to be changed.
    pub detail: Vec<String>,
    /// What the levels below did about it, where it came up the line.
    pub story: Option<StoryView>,
    /// Ways to decide it, the recommended one first.
    pub options: Vec<OptionView>,
    /// Commands that deal with it, as they are typed after `echelon`; words in capitals are to be filled in.
    pub commands: Vec<String>,
}

/// How something came up the line.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct StoryView {
    /// The escalation.
    pub escalation: String,
    /// What is wrong: `late`, `blocked`.
    pub trouble: String,
    /// The state that the task was in.
    pub state: String,
    /// When it was raised.
    pub raised: String,
    /// Seconds by which it was late then.
    pub overdue_seconds: i64,
    /// The levels it passed, the lowest first.
    pub turns: Vec<TurnView>,
    /// What was decided at the level it is with, if that has not moved the task.
    pub decision: Option<String>,
}

/// What one level did.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct TurnView {
    /// Which level.
    pub level: String,
    /// Who stood there.
    pub holder: String,
    /// What came of it, or why it was passed over.
    pub outcome: String,
    /// Whether it was passed over.
    pub skipped: bool,
}

/// One way to decide something.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct OptionView {
    /// Its number; 1 is recommended.
    pub number: usize,
    /// What happens.
    pub label: String,
    /// The command for it, as it is typed after `echelon`.
    pub command: String,
}

/// A message to a channel.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct UnreadView {
    /// Its id.
    pub id: String,
    /// When it was sent.
    pub at: String,
    /// By whom.
    pub from: String,
    /// To which channel.
    pub channel: String,
    /// What it is about.
    pub kind: String,
    /// In one line.
    pub subject: String,
    /// What it means.
    pub impact: String,
    /// What is to be done.
    pub action_items: Vec<String>,
}
