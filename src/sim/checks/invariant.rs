//! What must always hold, each in a sentence: what a [`Violation`](super::Violation) names.

/// Places in the journal and points of time.
pub const ORDER: &str = "the journal has no gap and its time never goes back";
/// Moves between the states.
pub const EDGES: &str = "a task moves only along the edges of its life";
/// Who has a task.
pub const OWNER: &str = "a task has one owner, who is in the chart";
/// Who judges it.
pub const REVIEW: &str = "nobody reviews their own work";
/// Attempts and their epochs.
pub const ATTEMPTS: &str = "one attempt of a task runs at a time, and nobody runs more than they may";
/// What work goes through before it is done.
pub const GATES: &str = "a task is completed through its gates, each passed or skipped by who may, as recorded";
/// What goes up the line.
pub const ESCALATIONS: &str =
    "a trouble is raised once while it is open, climbs upwards and ends with its task's state";
/// Questions.
pub const QUESTIONS: &str = "a question is asked once and ends once";
/// Nothing after the end.
pub const OVER: &str = "nothing happens to what is over";
/// Parents and their children, instructions and their tasks.
pub const CHILDREN: &str = "what is made of parts is over when all of them are";
/// What is left of an instruction.
pub const ARCHIVE: &str = "what is archived is exactly what was planned";
/// Clocks and leases.
pub const CLOCKS: &str = "no clock fires before it is due";
/// Commands and their events.
pub const COMMANDS: &str = "what happens comes from a command that was accepted, or follows from it";
/// The state after a group.
pub const STATE: &str = "the state is what the events say";
/// Whoever owes something looks at it.
pub const WAKES: &str = "whoever owes something looks at it before time goes on";
/// Who must act next.
pub const LIVENESS: &str = "everything is over, or somebody owes the next step";
