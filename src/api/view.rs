//! What a client gets to see: the JSON of `--json`, and what the command line prints from.
//!
//! Views are the wire's own: fields are only ever added, whatever becomes of the core. Points in time are wall time,
//! RFC 3339 in UTC; spans of time are the organisation's; efforts are hours; absent things are `null`.

mod broadcast;
mod capacity;
mod escalation;
mod handoff;
mod inbox;
mod journal;
mod plan;
mod standup;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::broadcast::{BroadcastView, ReadMark};
pub use self::capacity::{
    CapacityReport, DepartmentCapacityView, DomainCapacityView, FiguresView, IcCapacityView, WaitsView, WhyView,
};
pub use self::escalation::{EscalationView, EscalationsView};
pub use self::handoff::{ArtefactView, HandoffView, ItemView, PackageView, ReceiverView};
pub use self::journal::{
    AuditView, AuditedEvent, ExportBase, ExportEnd, ExportHeader, ExportedEvent, ExportedRow, StoreCheckView,
    StoreFaultView,
};
pub use self::plan::{ConsultationView, PlanPart, PlanTask, PlanView, RiskScore};
pub use self::standup::{
    CapacityView, ContributorView, DepartmentStandupView, DeskView, ForecastView, LeadView, MemberView, MilestoneView,
    NoGoView, RiskView, StandupView, SummaryView, TeamView, WaitingView,
};

pub use self::inbox::{InboxGroup, InboxItem, InboxView, OptionView, StoryView, TurnView, UnreadView};

/// How things stand.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct StatusView {
    /// What the organisation is called.
    pub organisation: String,
    /// Whether a daemon runs on the directory.
    pub running: bool,
    /// Events in the journal.
    pub sequence: u64,
    /// Instructions that are not over.
    pub instructions: Vec<InstructionSummary>,
    /// How many instructions are over, by how they ended.
    pub finished: Vec<Count>,
    /// The instructions that were received last of those that are over, newest first; a handful.
    #[serde(default)]
    pub recent: Vec<InstructionSummary>,
    /// How many open tasks are in which state.
    pub tasks: Vec<Count>,
    /// What waits for a person.
    pub needs_person: Vec<OwedView>,
    /// Roles that nobody stands for any more.
    pub degraded: Vec<DegradedView>,
    /// Places that nobody stands at: people, ICs and managers who are away, and whatever of the organisation has failed
    /// too often to be started again.
    #[serde(default)]
    pub absent: Vec<AbsentView>,
}

/// A place that nobody stands at.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct AbsentView {
    /// Which.
    pub role: String,
    /// `away` until somebody says otherwise, or `dead` until the next daemon.
    pub kind: String,
    /// Why.
    pub reason: String,
}

/// A name and a number.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Count {
    /// Of what.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// A role that nobody stands for.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DegradedView {
    /// Which.
    pub role: String,
    /// Why.
    pub reason: String,
}

/// Something owed.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct OwedView {
    /// By whom.
    pub who: String,
    /// What, in words.
    pub what: String,
    /// The task it is about.
    pub task: Option<String>,
    /// The name of that task in its plan.
    pub key: Option<String>,
    /// The instruction it is about.
    pub instruction: Option<String>,
    /// What there is to know: the question, the blocker, what speaks against completing.
    pub detail: Option<String>,
    /// The question to answer, if that is what is owed.
    #[serde(default)]
    pub question: Option<String>,
    /// The escalation that a person decides, if that is what is owed; a no to it cancels its task.
    #[serde(default)]
    pub escalation: Option<String>,
    /// Commands that deal with it, as they are typed after `echelon`; words in capitals are to be filled in.
    #[serde(default)]
    pub commands: Vec<String>,
    /// What can be chosen from, where it is an escalation; their commands are among those above.
    #[serde(default)]
    pub options: Vec<OptionView>,
}

/// An instruction in a list.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct InstructionSummary {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: String,
    /// What was asked for.
    pub text: String,
    /// The department that does it.
    pub department: String,
    /// The kind of work.
    pub work_type: Option<String>,
    /// How much planning and review it gets.
    pub tier: Option<u8>,
    /// How urgent it is.
    pub priority: String,
    /// When it was received.
    pub received: String,
    /// Tasks that are over.
    pub tasks_over: usize,
    /// All its tasks.
    pub tasks: usize,
    /// Why it is paused, if it is.
    #[serde(default)]
    pub paused: Option<String>,
    /// Whether nothing will happen until a person does something.
    pub waits_for_person: bool,
}

/// One instruction with its tasks.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct InstructionView {
    /// The instruction.
    pub instruction: InstructionSummary,
    /// Whether a daemon runs on the directory.
    #[serde(default)]
    pub running: bool,
    /// What it waits for, or why it ended as it did, where there is something to say.
    pub reason: Option<String>,
    /// What was said about it besides its text.
    #[serde(default)]
    pub details: InstructionDetails,
    /// Why it has this tier and work type.
    pub triage: Vec<String>,
    /// What waits for a person.
    pub needs_person: Vec<OwedView>,
    /// Its tasks in the order of the plan.
    pub tasks: Vec<TaskView>,
    /// Parts of it that other departments do.
    #[serde(default)]
    pub parts: Vec<PlanPart>,
}

/// What was said about an instruction besides its text.
#[derive(Serialize, Deserialize, Debug, Clone, Default)]
pub struct InstructionDetails {
    /// Its brief, field by field.
    pub brief: BTreeMap<String, String>,
    /// Instructions that must be completed before it begins.
    pub depends_on: Vec<String>,
    /// The instruction that it is part of.
    pub parent: Option<String>,
    /// When it should be done.
    pub deadline: Option<String>,
    /// Whether a customer was promised it.
    pub customer_commitment: bool,
    /// Hours of work that it may cost.
    pub budget_hours: Option<f64>,
    /// The project it belongs to.
    pub project: Option<String>,
    /// The epic it belongs to.
    pub epic: Option<String>,
    /// The sprint it is planned for.
    pub sprint: Option<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
}

/// A task in a list.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// The instruction it belongs to.
    pub instruction: String,
    /// The task it is part of.
    pub parent: Option<String>,
    /// Its name in the plan.
    pub key: String,
    /// One line on what it is.
    pub title: String,
    /// `strategic` or `tactical`.
    pub kind: String,
    /// The domain that answers for it.
    pub domain: String,
    /// Its state.
    pub state: String,
    /// When it entered this state.
    pub since: String,
    /// Who has it, or whose work is being looked at.
    pub assignee: Option<String>,
    /// Who reviews it now.
    pub reviewer: Option<String>,
    /// The gate it stands at.
    pub gate: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// Times it has been handed to review.
    pub rounds: u32,
    /// The last news: progress, summary, blocker or reason.
    pub note: Option<String>,
    /// Percentage of the running attempt, if it says.
    pub percent: Option<u8>,
    /// Whether a simulated worker made the result up.
    pub simulated: bool,
    /// Who must act next, and on what.
    pub next: Vec<OwedView>,
    /// Names of the tasks that it builds on.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Tasks it waits for.
    pub waits_for: Vec<String>,
    /// The folder it is worked on in.
    pub workspace: String,
    /// Files it has handed in, relative to the workspace.
    pub artefacts: Vec<String>,
}

/// One task, whole.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct TaskDetail {
    /// As in a list.
    pub task: TaskView,
    /// What to do.
    pub description: String,
    /// Hours of work expected.
    pub effort_hours: f64,
    /// How demanding it is.
    pub complexity: String,
    /// Skills it takes.
    pub skills: Vec<String>,
    /// What must be true when it is done.
    pub criteria: Vec<String>,
    /// Names of the tasks that it needs.
    pub needs: Vec<String>,
    /// What the machine found when it checked the deliverables.
    pub checks: Vec<CheckView>,
    /// How each review of this round ended.
    pub reviews: Vec<ReviewView>,
    /// What reviewers want changed.
    pub findings: Vec<String>,
    /// What happened on the way: failures, answers, resolutions.
    pub notes: Vec<String>,
    /// Open questions.
    pub questions: Vec<QuestionView>,
    /// Why it went to whom it went.
    pub assignment: Option<AssignmentView>,
}

/// One machine check.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct CheckView {
    /// The file.
    pub path: String,
    /// What was checked.
    pub check: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
}

/// How one review ended.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ReviewView {
    /// `peer`, or the gate.
    pub gate: String,
    /// Who decided.
    pub by: String,
    /// `passed` or `skipped`; a skipped review is not a passed one.
    pub outcome: String,
    /// On what it rests, or why it was skipped.
    pub basis: String,
}

/// An open question.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct QuestionView {
    /// Its id.
    pub id: String,
    /// Who asks.
    pub from: String,
    /// What is asked.
    pub text: String,
}

/// Why a task went to whom it went.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct AssignmentView {
    /// The event up to which the inputs were known.
    pub inputs: u64,
    /// The best ten, best first; the winner is the first.
    pub candidates: Vec<CandidateView>,
    /// How many were not considered, by reason.
    pub rejected: Vec<Count>,
    /// Why a person chose the winner, where one did.
    #[serde(default)]
    pub chosen: Option<String>,
    /// What else led to it, where something did: somebody was borrowed, or something less urgent deferred.
    #[serde(default)]
    pub because: Option<String>,
}

/// The terms of one candidate's score.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct CandidateView {
    /// Who.
    pub ic: String,
    /// Skill match, 0 to 1; weight 0.40.
    pub skill_match: f64,
    /// Hours left of what they have over three days of theirs; 1 minus it has weight 0.25.
    pub workload: f64,
    /// How the complexity suits the experience; weight 0.20.
    pub fit: f64,
    /// Share of the skills they want to learn; weight 0.10.
    pub learning: f64,
    /// How they have done lately; weight 0.05.
    pub performance: f64,
    /// The sum.
    pub score: f64,
    /// Hours of the plan.
    #[serde(default)]
    pub planned_hours: f64,
    /// Hours that they are expected to need, by how such work of theirs turned out.
    #[serde(default)]
    pub expected_hours: f64,
    /// Pieces of such work that this is known from; none where it is as planned.
    #[serde(default)]
    pub samples: u32,
}

/// The organisation with who has what.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct TreeView {
    /// What the organisation is called.
    pub organisation: String,
    /// Its departments.
    pub departments: Vec<DepartmentView>,
}

/// A department.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DepartmentView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Why nobody stands for its manager, if nobody does.
    #[serde(default)]
    pub manager_absent: Option<String>,
    /// Why nobody stands for its tech lead, if nobody does.
    #[serde(default)]
    pub tech_lead_absent: Option<String>,
    /// What its manager owes.
    pub manager_owes: Vec<OwedView>,
    /// What its tech lead owes.
    pub tech_lead_owes: Vec<OwedView>,
    /// Its domains.
    pub domains: Vec<DomainView>,
}

/// A domain.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DomainView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Why nobody stands for its lead, if nobody does.
    #[serde(default)]
    pub lead_absent: Option<String>,
    /// How the lead reviews: a worker's id, `machine checks`, or `a person`.
    pub lead_reviews_by: String,
    /// What its lead owes.
    pub lead_owes: Vec<OwedView>,
    /// Its ICs.
    pub ics: Vec<IcView>,
}

/// An IC.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct IcView {
    /// Their id.
    pub id: String,
    /// What they are called.
    pub title: String,
    /// How long they have done this.
    pub experience: String,
    /// What they can do: `skill:level`.
    pub skills: Vec<String>,
    /// By which worker they do it.
    pub worker: String,
    /// Attempts at work.
    pub running: u32,
    /// Attempts they may run side by side.
    pub parallel_limit: u32,
    /// Hours on their desk.
    pub committed_hours: f64,
    /// Committed hours over three days of theirs.
    pub workload: f64,
    /// Why they are not there, if they are not.
    #[serde(default)]
    pub absent: Option<String>,
    /// What they have: name and state of each task.
    pub has: Vec<HasView>,
}

/// A task on somebody's desk.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct HasView {
    /// Its id.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// Its state.
    pub state: String,
}

/// One event.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct EventView {
    /// Its place in the journal.
    pub sequence: u64,
    /// When, by wall time.
    pub at: String,
    /// Who made it happen.
    pub principal: String,
    /// `detail`, `change` or `trouble`.
    pub importance: String,
    /// What happened, in one line.
    pub text: String,
    /// The instruction it is about.
    pub instruction: Option<String>,
    /// The task it is about.
    pub task: Option<String>,
}

/// Whether everything is alive.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct DoctorView {
    /// Open instructions looked at.
    pub instructions: usize,
    /// Open tasks looked at.
    pub tasks: usize,
    /// Whether a daemon runs on the directory.
    #[serde(default)]
    pub running: bool,
    /// Tasks and instructions that nobody owes anything for, or whose wait nobody ends.
    pub faults: Vec<String>,
    /// What waits for a person.
    pub needs_person: Vec<OwedView>,
    /// Roles that nobody stands for any more.
    pub degraded: Vec<DegradedView>,
}
