//! Events: what has happened. The journal is a list of them; everything else can be rebuilt from it.
//!
//! The shapes here are version 3 of the journal's schema; versions 1 and 2 were never released and are not read. A shape that
//! has been written is never changed: a new one gets a new version beside it, and old ones are lifted on reading.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::assignment::Explanation;
use crate::domain::brief::Brief;
use crate::domain::capacity::Band;
use crate::domain::command::AfterBlock;
use crate::domain::id::{
    BriefField, BroadcastId, DepartmentId, DomainId, Epoch, EscalationId, IcId, InstructionId, QuestionId, Sequence,
    TaskId,
};
use crate::domain::instruction::{Baseline, Hold, Request, Triage};
use crate::domain::org::Chart;
use crate::domain::plan::Plan;
use crate::domain::presence::Absence;
use crate::domain::protocol::{Digest, Notice};
use crate::domain::review::{Basis, Gate};
use crate::domain::role::{Level, Principal, Role};
use crate::domain::sla::Mark;
use crate::domain::standup::Report;
use crate::domain::task::{Assignee, Blocker, CancelledDecision, Failure, PlannedTask, Question, Skipped, Trouble};
use crate::domain::time::{Anchor, Effort, Millis, OrgTime, Stamp, WallTime};
use crate::domain::work::{Finding, Priority, Submission, Work};

/// The version of the shapes in this module, written with every record.
pub const SCHEMA_VERSION: u16 = 3;

/// An event with its place, time and principal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// When it happened.
    pub at: Stamp,
    /// Who made it happen.
    pub principal: Principal,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The organisation runs by this chart from now on.
    ChartApplied(Arc<Chart>),
    /// A daemon took the directory over.
    Started {
        /// The version of the program.
        program: String,
    },
    /// An instruction was taken on.
    Received {
        /// Its id.
        id: InstructionId,
        /// What was handed in.
        request: Request,
        /// The department that does it.
        department: DepartmentId,
    },
    /// Something happened to an instruction.
    Instruction(InstructionId, InstructionEvent),
    /// Something happened to a task.
    Task(TaskId, TaskEvent),
    /// Organisation time runs like this from now on.
    ClockAnchored(Anchor),
    /// Time went by in which nobody could give a sign of life, and nobody's silence until now counts.
    SilenceExcused,
    /// Nobody stands at a place any more.
    Absent {
        /// Which.
        role: Role,
        /// In what way, and why.
        absence: Absence,
    },
    /// Somebody stands there again.
    Present {
        /// Which.
        role: Role,
    },
    /// A message to a channel.
    Broadcast {
        /// Its id.
        id: BroadcastId,
        /// What it says.
        notice: Notice,
        /// To whom it went.
        recipients: Vec<Role>,
    },
    /// Messages were read.
    BroadcastsRead {
        /// By whom.
        role: Role,
        /// Which.
        ids: Vec<BroadcastId>,
    },
    /// Everybody reported up the line.
    StandupHeld {
        /// What came together at the top of each department.
        reports: Vec<Report>,
    },
    /// A manager with many open escalations got a summary of them.
    DigestSent {
        /// Who.
        role: Role,
        /// What it says.
        digest: Digest,
    },
    /// A domain has become fuller or emptier.
    CapacityNoted {
        /// Which.
        domain: DomainId,
        /// How full it is.
        band: Band,
        /// The share of its capacity that is spoken for, in percent.
        percent: u32,
    },
}

/// What happens to instructions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstructionEvent {
    /// Tier and work type are known.
    Triaged(Triage),
    /// It was not taken on.
    Rejected {
        /// Why, and what would help.
        reason: String,
    },
    /// Its brief does not say what its work type asks for.
    NeedsBrief {
        /// The fields that are missing.
        missing: Vec<BriefField>,
    },
    /// Somebody added to its brief.
    BriefFilled {
        /// What was said, by field.
        fields: Brief,
    },
    /// Its tasks, or its parts, are known.
    Planned {
        /// The plan.
        plan: Box<Plan>,
    },
    /// A plan that was made for it is no good.
    PlanRefused {
        /// Everything that is wrong with it.
        reason: String,
    },
    /// Somebody answered a question about its plan.
    ConsultationAnswered {
        /// Which.
        question: QuestionId,
        /// The answer.
        text: String,
    },
    /// Nobody answered a question about its plan in time.
    ConsultationLapsed {
        /// Which.
        question: QuestionId,
    },
    /// A person is to approve its plan.
    ApprovalAsked {
        /// Why, one sentence each.
        reasons: Vec<String>,
    },
    /// The plan was approved.
    Queued {
        /// What was seen when looking at it, one sentence each.
        review: Vec<String>,
    },
    /// It does not begin yet.
    Held(Hold),
    /// Somebody decided whether it goes before what it competes with.
    Arbitrated {
        /// Whether it does.
        first: bool,
        /// Why.
        reason: String,
    },
    /// Somebody decided to do without an instruction it depends on.
    DependencyWaived {
        /// Which.
        on: InstructionId,
        /// Why.
        reason: String,
    },
    /// More is done before it ends.
    Amended {
        /// The tasks, each after those it needs.
        tasks: Vec<PlannedTask>,
        /// Why.
        reason: String,
    },
    /// It takes longer than it was expected to.
    Slipped {
        /// By how much, as a share of what was expected, in percent.
        percent: u32,
        /// When it will be done, as things are.
        forecast: OrgTime,
    },
    /// The manager accepted that it takes longer.
    Rebaselined {
        /// What was decided about it.
        decision: String,
        /// What it is expected to take, from now on.
        baseline: Baseline,
    },
    /// Its deadline passed.
    DeadlinePassed,
    /// Its tasks may begin.
    Executing {
        /// What it is expected to take.
        baseline: Option<Baseline>,
    },
    /// Every task is over.
    GoNoGoReached,
    /// The facts speak against completing it; a person decides.
    NoGo {
        /// What speaks against it.
        facts: Vec<String>,
    },
    /// It is done.
    Completed {
        /// The recorded facts that it was completed on.
        facts: Vec<String>,
    },
    /// It was stopped.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// New starts are stopped.
    Paused {
        /// Why.
        reason: String,
        /// The instruction it makes room for; it resumes by itself when that one is over.
        until: Option<InstructionId>,
    },
    /// New starts are possible again.
    Resumed,
    /// Whoever decides about its end was reminded.
    Reminded {
        /// Who.
        role: Role,
    },
}

/// What happens to tasks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEvent {
    /// Its lead breaks it down now.
    PlanningBegun,
    /// It was broken down into these.
    BrokenDown {
        /// The children, each after those it needs.
        children: Vec<PlannedTask>,
    },
    /// Its lead shows the tech lead what it would be broken down into, since that crosses domains.
    Proposed {
        /// The children, each after those it needs.
        children: Vec<PlannedTask>,
    },
    /// The tech lead sent that back.
    ProposalRefused {
        /// Why.
        reason: String,
    },
    /// It stops for a go-ahead before anything of it begins.
    Stopped,
    /// The manager left the go-ahead to a person.
    GoAheadAsked {
        /// Why.
        reason: String,
    },
    /// It may begin.
    WentAhead {
        /// On what that rests.
        reason: String,
    },
    /// Somebody has it.
    Assigned {
        /// Who.
        to: Assignee,
        /// Why they.
        explanation: Explanation,
    },
    /// Nobody has it any more.
    Unassigned {
        /// Why.
        reason: String,
    },
    /// Another IC has it.
    Reassigned {
        /// Who.
        to: IcId,
        /// Why.
        reason: String,
    },
    /// An attempt began.
    AttemptStarted {
        /// Its epoch.
        epoch: Epoch,
        /// Until when it counts as alive.
        lease_until: WallTime,
    },
    /// A child of it began, and so it did.
    ChildrenStarted,
    /// The attempt is alive.
    Heartbeat {
        /// Until when it counts as alive.
        lease_until: WallTime,
        /// News, if there are any: percentage and note.
        progress: Option<(Option<u8>, String)>,
    },
    /// The work was handed in and goes to review.
    HandedIn {
        /// The attempt's epoch.
        epoch: Epoch,
        /// What was handed in.
        submission: Submission,
        /// Who reviews it first; nobody where no review is asked for, and the task is completed.
        reviewer: Option<Role>,
    },
    /// The attempt ended without a result.
    AttemptFailed {
        /// The attempt's epoch.
        epoch: Epoch,
        /// Why.
        failure: Failure,
        /// When it is tried again; `None` when it is not, and a blocker follows.
        retry_not_before: Option<WallTime>,
        /// Whether it counts as one of the retries.
        counts: bool,
    },
    /// It cannot go on.
    Blocked {
        /// Why.
        blocker: Blocker,
    },
    /// Its blocker went up the line.
    Escalated {
        /// The level that holds it.
        level: Level,
        /// Why.
        reason: String,
    },
    /// Its blocker was cleared.
    Resolved {
        /// How.
        resolution: String,
        /// What happens next.
        next: AfterBlock,
    },
    /// Somebody else reviews.
    ReviewerAssigned {
        /// Who.
        reviewer: Role,
    },
    /// A peer approved, and it stands at its first gate.
    PeerApproved {
        /// On what the approval rests.
        basis: Basis,
        /// The first gate.
        gate: Gate,
        /// Who holds it.
        reviewer: Role,
        /// The gates after that one.
        remaining: Vec<Gate>,
    },
    /// Every child is over, and it stands at its first gate.
    ReviewBegun {
        /// The first gate.
        gate: Gate,
        /// Who holds it.
        reviewer: Role,
        /// The gates after that one.
        remaining: Vec<Gate>,
    },
    /// It stands at the next gate.
    GateEntered {
        /// Which.
        gate: Gate,
        /// Who holds it.
        reviewer: Role,
    },
    /// A gate was passed.
    GatePassed {
        /// Which.
        gate: Gate,
        /// On what the approval rests.
        basis: Basis,
    },
    /// A gate was left out.
    GateSkipped {
        /// Which.
        gate: Gate,
        /// Why.
        reason: String,
    },
    /// A reviewer wants changes.
    ChangesRequested {
        /// What is wrong.
        findings: Vec<Finding>,
        /// For a strategic task: the children that carry the findings.
        children: Vec<PlannedTask>,
    },
    /// A reviewer wanted changes once more than the rounds allow; somebody above decides.
    RoundsSpent {
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// The package waits for receiving leads.
    HandoffOpened,
    /// A receiving lead accepted the package.
    HandoffAccepted {
        /// The receiving domain.
        receiver: DomainId,
        /// On what the acceptance rests.
        basis: Basis,
    },
    /// A receiving lead sent the package back.
    HandoffRejected {
        /// The receiving domain.
        receiver: DomainId,
        /// What fails.
        items: Vec<Finding>,
        /// For a strategic task: the children that carry what fails.
        children: Vec<PlannedTask>,
    },
    /// It is done.
    Completed,
    /// It was stopped.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Somebody asked something.
    QuestionAsked {
        /// Its id.
        id: QuestionId,
        /// Who asks, who should answer, and what.
        question: Question,
    },
    /// A question was answered.
    QuestionAnswered {
        /// Which.
        id: QuestionId,
        /// The answer.
        text: String,
    },
    /// More time was granted in the current state.
    TimeGranted {
        /// How much, in organisation time.
        span: Millis,
        /// Why.
        reason: String,
    },
    /// It is more or less urgent.
    PriorityChanged {
        /// The new priority.
        priority: Priority,
    },
    /// It asks for something else.
    ScopeChanged {
        /// What it asks for now.
        work: Box<Work>,
        /// Why.
        reason: String,
    },
    /// A trouble went up the line; the task stays in its state.
    EscalationRaised {
        /// The id of the record.
        id: EscalationId,
        /// What it is about.
        trouble: Trouble,
        /// By how much it is over its target, or for how long it has been silent; nothing where no clock raised it.
        overdue: Millis,
        /// To whom.
        to: Target,
    },
    /// It went further up.
    EscalationClimbed {
        /// Which.
        id: EscalationId,
        /// Why it did not stay where it was.
        reason: String,
        /// By how much a limit has been passed by now; nothing where no clock raised it.
        overdue: Millis,
        /// To whom.
        to: Target,
    },
    /// Whoever holds it has not said so, and the next level was told, too.
    EscalationTold {
        /// Which.
        id: EscalationId,
        /// Who was told.
        to: Role,
    },
    /// The person who holds it was reminded.
    EscalationReminded {
        /// Which.
        id: EscalationId,
    },
    /// Somebody at that level has it.
    EscalationAcknowledged {
        /// Which.
        id: EscalationId,
    },
    /// That level decided something.
    EscalationDecided {
        /// Which.
        id: EscalationId,
        /// What.
        decision: String,
    },
    /// It is over.
    EscalationClosed {
        /// Which.
        id: EscalationId,
        /// Why.
        reason: String,
    },
    /// A limit of its state was passed.
    ClockFired {
        /// Which.
        mark: Mark,
        /// By how much it is over its target.
        overdue: Millis,
    },
    /// Nothing has been heard of the attempt that runs for too long.
    Stalled {
        /// Since when.
        since: OrgTime,
    },
    /// Whoever it waits for was reminded.
    Reminded {
        /// Who.
        role: Role,
    },
    /// Everybody who could do it is busy; the forecast says when that ends.
    WaitsForCapacity {
        /// When, or when it is looked at again.
        until: OrgTime,
        /// Hours that they have to do before it.
        ahead: Effort,
    },
    /// The time of the forecast has come, and it still waits.
    ForecastPassed,
    /// Whoever was given it has it.
    DelegationAcknowledged,
    /// They have not said so, and it was sent again.
    DelegationSentAgain,
    /// Nobody answered a question in time.
    QuestionClimbed {
        /// Which.
        id: QuestionId,
        /// The level that is to answer now.
        to: Level,
        /// When its time runs out there.
        due: OrgTime,
    },
    /// The person who is to answer was reminded.
    QuestionReminded {
        /// Which.
        id: QuestionId,
    },
    /// A receiving lead has verified items of the package.
    ItemsVerified {
        /// The receiving domain.
        receiver: DomainId,
        /// Which, by their place in the checklist.
        items: Vec<u16>,
    },
    /// Somebody decided about a cancelled dependency or child.
    CancelledDecided {
        /// The one that was cancelled.
        of: TaskId,
        /// What to do about it.
        decision: CancelledDecision,
    },
}

/// To whom an escalation goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The level.
    pub level: Level,
    /// Who stands there.
    pub holder: Role,
    /// Levels passed over, and why.
    pub skipped: Vec<Skipped>,
    /// By when they decide; for a person, when they are reminded.
    pub due: OrgTime,
    /// By when they say that they have it.
    pub acknowledge_by: OrgTime,
    /// Whether they have so many that they get a digest instead of each.
    pub in_digest: bool,
}

impl Event {
    /// The task it is about, if it is about one.
    #[must_use]
    pub const fn task(&self) -> Option<TaskId> {
        match self {
            Self::Task(id, _) => Some(*id),
            Self::ChartApplied(_)
            | Self::Started { .. }
            | Self::Received { .. }
            | Self::Instruction(..)
            | Self::ClockAnchored(_)
            | Self::SilenceExcused
            | Self::Absent { .. }
            | Self::Present { .. }
            | Self::Broadcast { .. }
            | Self::BroadcastsRead { .. }
            | Self::StandupHeld { .. }
            | Self::DigestSent { .. }
            | Self::CapacityNoted { .. } => None,
        }
    }
}
