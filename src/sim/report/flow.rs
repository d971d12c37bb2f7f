//! What stood where: queues, waits and the bottleneck, what went up the line, and what was done more than once.

use serde::{Deserialize, Serialize};

/// A number that goes up and down.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Queue {
    /// Its mean over time.
    pub mean: f64,
    /// The most it was.
    pub max: u32,
    /// What it was at the end.
    pub end: u32,
}

/// Where the tasks of a domain stood.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct DomainQueues {
    /// The domain.
    pub domain: String,
    /// Tasks that could begin and that nobody had.
    pub unassigned: Queue,
    /// Tasks that somebody had and could have begun or gone on with, and did not.
    pub desks: Queue,
    /// Tasks at work.
    pub at_work: Queue,
    /// Tasks before a reviewer, a gate or a receiving lead.
    pub review: Queue,
    /// Tasks that could not go on before somebody decided something.
    pub stuck: Queue,
    /// Tasks that waited for others, or for their instruction to begin.
    pub held_back: Queue,
}

/// The sort of a place that things wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// The ICs of a domain, as one.
    Team,
    /// A manager: a lead, a tech lead or an engineering manager.
    Manager,
    /// A person.
    Person,
}

/// How long things waited for a place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlaceWait {
    /// The place.
    pub place: String,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// Hours that tasks and instructions waited for it, all together.
    pub hours: f64,
    /// Of the hours of all places.
    pub share: f64,
    /// How many waited for it in the mean over time.
    pub mean_waiting: f64,
    /// How many at most.
    pub max_waiting: u32,
    /// How busy it was, where that is known: that of the domain for a team.
    pub utilisation: Option<f64>,
    /// The same hours by what was to be done, the longest first.
    pub stages: Vec<StageWait>,
}

/// How long things waited for one kind of act.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageWait {
    /// What was to be done.
    pub stage: String,
    /// Hours.
    pub hours: f64,
    /// How often something waited.
    pub times: u64,
}

/// The place that held up the most: of all places the one for which tasks and instructions waited longest, all together,
/// while it was the one that had to act next and no attempt was at work. The ICs of a domain count as one place; so do
/// those who could not be found because none of them was free. What waits for other tasks waits for nobody: whoever has
/// those is counted. For a reviewer, who is not seen to begin, reading counts as waiting.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Bottleneck {
    /// The place.
    pub place: String,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// What was waited for most.
    pub stage: String,
    /// Hours that were waited for it.
    pub hours: f64,
    /// Of the hours of all places.
    pub share: f64,
    /// How busy it was, where that is known.
    pub utilisation: Option<f64>,
    /// All of this in a sentence.
    pub statement: String,
}

/// What went up the line.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Escalations {
    /// Escalations that were raised.
    pub raised: u64,
    /// Those decided by whoever held them.
    pub decided: u64,
    /// Those that ended by themselves: what they were about was over.
    pub by_itself: u64,
    /// Those that came to a person.
    pub reached_person: u64,
    /// Those that were open at the end.
    pub open: u64,
    /// Hours from raising to the end, in the mean.
    pub mean_hours: f64,
    /// By level, the lowest first: what came, what went on, and how it ended there.
    pub levels: Vec<EscalationLevel>,
    /// By trouble: how many were raised.
    pub troubles: Vec<CountOf>,
    /// How those were decided that were.
    pub means: Vec<CountOf>,
}

/// Escalations at one level. What is raised there or climbs in either climbs on, is decided, ends by itself or is open.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EscalationLevel {
    /// The level.
    pub level: String,
    /// Came there first.
    pub raised: u64,
    /// Came there from below.
    pub climbed_in: u64,
    /// Went further up.
    pub climbed_on: u64,
    /// Decided there.
    pub decided: u64,
    /// Ended there by themselves.
    pub by_itself: u64,
    /// There at the end.
    pub open: u64,
}

/// How many of a sort.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountOf {
    /// The sort.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// What had to be done more than once, and what went wrong.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Attempts that began.
    pub attempts: u64,
    /// Attempts that failed, by class.
    pub failed_attempts: Vec<CountOf>,
    /// Times a reviewer asked for changes.
    pub rework_rounds: u64,
    /// Times a receiving lead sent a package back.
    pub handoffs_rejected: u64,
    /// Reviews and receipts that ended, one way or the other.
    pub reviews: u64,
    /// The share of them that sent the work back.
    pub rework_share: f64,
    /// Blockers, by sort.
    pub blockers: Vec<CountOf>,
    /// Tasks that went from one IC to another.
    pub reassigned: u64,
    /// Tasks that were taken back from whoever had them.
    pub taken_back: u64,
    /// Questions that were asked.
    pub questions: u64,
}
