//! Standups as clients see them.

use serde::{Deserialize, Serialize};

use super::Count;

/// What one place reports up the line. Spans are milliseconds of organisation time. Lists are short by design, and say
/// beside them how much they leave out; of risks, only the worst are named.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct StandupView {
    /// Who reports.
    pub role: String,
    /// As of when, by wall time; without a daemon, as of the last event.
    pub at: String,
    /// What the organisation is called.
    pub organisation: String,
    /// An IC's report.
    pub contributor: Option<ContributorView>,
    /// A domain lead's report.
    pub lead: Option<LeadView>,
    /// The report of a tech lead or an engineering manager, or those of all departments.
    pub departments: Vec<DepartmentStandupView>,
}

/// How much work there is, and how it goes. Milestones that were broken down are not counted, their children are.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct SummaryView {
    /// Work that is not over: tasks, and milestones as long as they are not broken down.
    pub open: u32,
    /// Of it: past the warning of its state's clock.
    pub late: u32,
    /// Of it: nothing is heard of the attempt at it.
    pub stalled: u32,
    /// Of it: blocked or escalated.
    pub blocked: u32,
    /// All that is open, by state.
    pub states: Vec<Count>,
    /// Completed since the last standup that was held, or since the beginning where none was.
    pub completed: u32,
    /// Completed between the two standups before; `null` before the second one.
    pub completed_before: Option<u32>,
    /// How long ago that standup was held.
    pub since_ms: Option<i64>,
}

/// How much of the coming three days is booked.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct CapacityView {
    /// Hours of the work that somebody has.
    pub committed_hours: f64,
    /// Hours that everybody who is there works in three days.
    pub available_hours: f64,
    /// The share that is booked; `null` where nobody has an hour.
    pub percent: Option<u32>,
}

/// What an IC reports.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ContributorView {
    /// Who.
    pub ic: String,
    /// Why they are not there.
    pub absent: Option<String>,
    /// How much of their coming days is booked.
    pub capacity: CapacityView,
    /// What is theirs.
    pub tasks: Vec<DeskView>,
    /// How many more there are.
    pub more: u32,
    /// Work of others they are to review.
    pub reviews: u32,
}

/// A task of an IC.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DeskView {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// Its state.
    pub state: String,
    /// How far it is, 0 to 100, if the worker says.
    pub percent: Option<u8>,
    /// How long the clock of its state has run.
    pub spent_ms: i64,
    /// Hours of work left.
    pub left_hours: f64,
    /// How long until its state should be over; negative when that is past.
    pub due_in_ms: Option<i64>,
    /// By how much it is past its target, once it counts as late.
    pub late_ms: Option<i64>,
    /// What is in the way.
    pub blocker: Option<String>,
    /// What happens next, and by whom.
    pub next: String,
}

/// What the lead of a domain reports.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct LeadView {
    /// The domain.
    pub domain: String,
    /// How much work there is.
    pub summary: SummaryView,
    /// Milestones that are not over.
    pub milestones: Vec<MilestoneView>,
    /// How many more there are.
    pub more_milestones: u32,
    /// How much of the domain's coming days is booked.
    pub capacity: CapacityView,
    /// Its ICs, the busiest first.
    pub members: Vec<MemberView>,
    /// How many more there are.
    pub more_members: u32,
    /// Packages that wait for this lead, the oldest first.
    pub handoffs_in: Vec<WaitingView>,
    /// How many there are, those included.
    pub waiting_in: u32,
    /// Packages of this domain that wait for others, the oldest first.
    pub handoffs_out: Vec<WaitingView>,
    /// How many there are, those included.
    pub waiting_out: u32,
    /// What may not come out as planned, the worst of it first.
    pub risks: Vec<RiskView>,
}

/// A milestone that is not over.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct MilestoneView {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// Its children that are over.
    pub over: u32,
    /// All its children; 0 before it is broken down.
    pub children: u32,
    /// By how much it is past its target, once it counts as late.
    pub late_ms: Option<i64>,
}

/// An IC of a domain.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct MemberView {
    /// Who.
    pub ic: String,
    /// Why they are not there.
    pub absent: Option<String>,
    /// Tasks they have.
    pub tasks: u32,
    /// Of them: at work.
    pub running: u32,
    /// How much of their coming days is booked.
    pub capacity: CapacityView,
}

/// A package that waits for receivers.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct WaitingView {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// Whose work it is.
    pub from: String,
    /// Who has not accepted it yet.
    pub to: Vec<String>,
    /// How long it has waited.
    pub waited_ms: i64,
}

/// A piece of work that may not come out as planned.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct RiskView {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// Its state.
    pub state: String,
    /// `blocked`, `stalled` or `late`.
    pub trouble: String,
    /// For how long.
    pub by_ms: i64,
    /// Whom it waits for.
    pub who: Option<String>,
    /// What would help.
    pub needs: Option<String>,
}

/// What a department reports.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DepartmentStandupView {
    /// Which.
    pub department: String,
    /// How much work there is.
    pub summary: SummaryView,
    /// How much of the department's coming days is booked.
    pub capacity: CapacityView,
    /// Its domains, those with most to do first.
    pub teams: Vec<TeamView>,
    /// How many more there are.
    pub more_teams: u32,
    /// Instructions that are not over, the most urgent first.
    pub instructions: Vec<ForecastView>,
    /// How many more there are.
    pub more_instructions: u32,
    /// Open escalations by the level that holds them.
    pub escalations: Vec<Count>,
    /// What may not come out as planned, the worst of it first.
    pub risks: Vec<RiskView>,
    /// Instructions by state; an engineering manager's, `null` in a tech lead's report.
    pub instruction_states: Option<Vec<Count>>,
    /// Instructions whose end the facts speak against: a person decides. An engineering manager's.
    pub no_gos: Vec<NoGoView>,
    /// How many more there are.
    pub more_no_gos: u32,
}

/// A domain of a department.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct TeamView {
    /// Which.
    pub domain: String,
    /// How much work there is.
    pub summary: SummaryView,
    /// How much of its coming days is booked.
    pub capacity: CapacityView,
}

/// How far an instruction is, and what is left of it.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ForecastView {
    /// Which.
    pub instruction: String,
    /// What was asked for, in short.
    pub text: String,
    /// Its state.
    pub state: String,
    /// Whether it is paused.
    pub paused: bool,
    /// Its tasks that are over.
    pub over: u32,
    /// All its tasks.
    pub tasks: u32,
    /// The first steps of the longest way through what is left.
    pub path: Vec<String>,
    /// How many more steps it has.
    pub more_steps: u32,
    /// Hours of work left along it.
    pub path_hours: f64,
    /// By how many hours the tightest work beside it may grow before the path goes through that; `null` where there is none.
    pub slack_hours: Option<f64>,
}

/// An instruction whose end the facts speak against.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct NoGoView {
    /// Which.
    pub instruction: String,
    /// What speaks against it, in short.
    pub facts: String,
}
