//! Commands: what somebody asks the ledger to do. A command carries everything it needs, its time, its new ids and its
//! principal included, so that deciding on it is a pure function.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::assignment::Explanation;
use crate::domain::brief::Brief;
use crate::domain::capacity::Band;
use crate::domain::id::{
    BroadcastId, DomainId, Epoch, EscalationId, IcId, InstructionId, QuestionId, Round, TaskId, WorkType,
};
use crate::domain::instruction::{Hold, Request};
use crate::domain::org::Chart;
use crate::domain::plan::Plan;
use crate::domain::presence::Absence;
use crate::domain::protocol::Notice;
use crate::domain::review::{Basis, Gate};
use crate::domain::role::{Level, Principal, Role};
use crate::domain::task::{Assignee, Blocker, CancelledDecision, Failure, PlannedTask, Trouble};
use crate::domain::time::{Anchor, Effort, Millis, OrgTime, Stamp};
use crate::domain::work::{Finding, Priority, Submission, Tier, Work};

/// A command, by whom and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Command {
    /// When it was given.
    pub at: Stamp,
    /// Who gives it.
    pub principal: Principal,
    /// What is asked for.
    pub action: Action,
}

/// What can be asked for.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Run by this chart from now on. ICs that are not in it hand their tasks back.
    ApplyChart(Arc<Chart>),
    /// A daemon takes the directory over.
    Start {
        /// The version of the program.
        program: String,
        /// How organisation time runs from now on.
        anchor: Anchor,
    },
    /// Take an instruction on.
    Submit {
        /// The id it gets, unless its key is known.
        id: InstructionId,
        /// What is handed in.
        request: Request,
    },
    /// Something about an instruction.
    Instruction(InstructionId, InstructionAction),
    /// Something about a task.
    Task(TaskId, TaskAction),
    /// Let the clocks fire that are due by organisation time, in the order in which they are.
    FireClocks {
        /// An id for each escalation that may come of it; their number bounds how many clocks fire.
        ids: Vec<EscalationId>,
    },
    /// End the attempts of which nothing has been heard until their lease ran out, by wall time.
    ExpireLeases {
        /// How many at most.
        limit: usize,
    },
    /// Say that time went by in which nobody could give a sign of life, as while the machine was suspended.
    ExcuseSilence,
    /// Say that nobody stands at a place, or that somebody does again.
    SetPresence {
        /// Which.
        role: Role,
        /// In what way nobody does, and why; `None` when somebody does.
        absence: Option<Absence>,
    },
    /// Send a message to a channel.
    Broadcast {
        /// The id it gets.
        id: BroadcastId,
        /// What it says, and to whom.
        notice: Notice,
    },
    /// Say that messages were read.
    ReadBroadcasts {
        /// By whom.
        role: Role,
        /// Which.
        ids: Vec<BroadcastId>,
    },
    /// Have everybody report up the line now.
    HoldStandup,
    /// Say how full a domain is.
    NoteCapacity {
        /// Which.
        domain: DomainId,
        /// How full.
        band: Band,
        /// The share of its capacity that is spoken for, in percent.
        percent: u32,
    },
}

/// What can be asked for about an instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum InstructionAction {
    /// Say how much planning and review it gets, and why.
    Triage {
        /// The tier.
        tier: Tier,
        /// The kind of work.
        work_type: WorkType,
        /// Why, one sentence each.
        reasons: Vec<String>,
    },
    /// Do not take it on.
    Reject {
        /// Why, and what would help.
        reason: String,
    },
    /// Add to its brief.
    FillBrief {
        /// What is said, by field.
        fields: Brief,
    },
    /// Record its plan.
    Plan {
        /// The plan.
        plan: Box<Plan>,
    },
    /// Say that a plan that was made for it is no good.
    RefusePlan {
        /// Everything that is wrong with it.
        reason: String,
    },
    /// Answer a question about its plan.
    AnswerConsultation {
        /// Which.
        question: QuestionId,
        /// The answer.
        text: String,
    },
    /// Leave the approval of its plan to a person.
    AskApproval {
        /// Why, one sentence each.
        reasons: Vec<String>,
    },
    /// Approve its plan.
    ApprovePlan {
        /// What was seen when looking at it, one sentence each.
        review: Vec<String>,
    },
    /// Say why it does not begin although it is approved.
    Hold(Hold),
    /// Decide whether it goes before what it competes with.
    Arbitrate {
        /// Whether it does; the others are paused until it is over then.
        first: bool,
        /// Why.
        reason: String,
    },
    /// Do without an instruction it depends on that will not be completed.
    WaiveDependency {
        /// Which.
        on: InstructionId,
        /// Why.
        reason: String,
    },
    /// Let it begin.
    Release,
    /// Decide on its end from the recorded facts.
    DecideGoNoGo,
    /// Have more done before it ends.
    Amend {
        /// The tasks, each after those it needs.
        tasks: Vec<PlannedTask>,
        /// Why.
        reason: String,
    },
    /// Accept that it is late, and measure from now on.
    Rebaseline {
        /// What was decided about it.
        decision: String,
        /// Tasks on its critical path that are more urgent from now on.
        hurry: Vec<TaskId>,
    },
    /// Stop it and every task of it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// No new starts.
    Pause {
        /// Why.
        reason: String,
        /// The instruction it makes room for; it resumes by itself when that one is over.
        until: Option<InstructionId>,
    },
    /// Starts again.
    Resume,
}

/// What can be asked for about a task.
#[derive(Clone, PartialEq, Debug)]
pub enum TaskAction {
    /// Have a strategic task broken down by its lead.
    BeginPlanning,
    /// Record what a strategic task is broken down into.
    BreakDown {
        /// The children, each after those it needs.
        children: Vec<PlannedTask>,
    },
    /// Show what a strategic task would be broken down into to the tech lead.
    Propose {
        /// The children, each after those it needs.
        children: Vec<PlannedTask>,
    },
    /// Send such a proposal back.
    RefuseProposal {
        /// Why.
        reason: String,
    },
    /// Let a milestone begin that stopped for a go-ahead.
    GoAhead {
        /// On what it rests.
        reason: String,
    },
    /// Leave the go-ahead to a person.
    AskGoAhead {
        /// Why.
        reason: String,
    },
    /// Give it to somebody.
    Assign {
        /// To whom.
        to: Assignee,
        /// Why to them.
        explanation: Explanation,
    },
    /// Take it away from whoever has it; nobody has it then.
    Unassign {
        /// Why.
        reason: String,
    },
    /// Take an attempt away and give the task to another IC.
    Reassign {
        /// To whom.
        to: IcId,
        /// Why.
        reason: String,
    },
    /// Start an attempt.
    StartAttempt,
    /// The attempt is alive.
    Heartbeat {
        /// The attempt's epoch.
        epoch: Epoch,
        /// News of it, if there are any: percentage and note.
        progress: Option<(Option<u8>, String)>,
    },
    /// Hand the work in.
    HandIn {
        /// The attempt's epoch.
        epoch: Epoch,
        /// What is handed in.
        submission: Submission,
    },
    /// The attempt ended without a result.
    FailAttempt {
        /// The attempt's epoch.
        epoch: Epoch,
        /// Why.
        failure: Failure,
    },
    /// It cannot go on.
    Block {
        /// The attempt's epoch, when the one who does the work says so.
        epoch: Option<Epoch>,
        /// Why.
        blocker: Blocker,
    },
    /// Take a blocker up the line.
    Escalate {
        /// The id of the record, used if none is open for the blocker.
        id: EscalationId,
        /// To which level at least; whoever cannot take it there is passed over.
        to: Level,
        /// Why; also why the levels between were passed over.
        reason: String,
    },
    /// Clear a blocker.
    Resolve {
        /// How it was cleared; the next attempt gets to read it.
        resolution: String,
        /// What happens next.
        next: AfterBlock,
    },
    /// Name who reviews now.
    AssignReviewer {
        /// Who.
        reviewer: Role,
    },
    /// A peer approves.
    Approve {
        /// On what the approval rests.
        basis: Basis,
    },
    /// The holder of the current gate approves.
    PassGate {
        /// Which gate.
        gate: Gate,
        /// On what the approval rests.
        basis: Basis,
    },
    /// The current gate is left out.
    SkipGate {
        /// Which gate.
        gate: Gate,
        /// Why.
        reason: String,
    },
    /// A reviewer wants changes.
    RequestChanges {
        /// What is wrong; at least one.
        findings: Vec<Finding>,
        /// For a strategic task: the children that carry the findings.
        children: Vec<PlannedTask>,
        /// The id of the escalation record, used if the rounds are spent.
        escalation: EscalationId,
    },
    /// A receiving lead accepts the package.
    AcceptHandoff {
        /// The receiving domain.
        receiver: DomainId,
        /// The version of the package.
        version: Round,
        /// On what the acceptance rests.
        basis: Basis,
        /// The items of the checklist that are verified; all of them where it is absent. Once every item is, the package
        /// is accepted.
        items: Option<Vec<u16>>,
    },
    /// A receiving lead sends the package back.
    RejectHandoff {
        /// The receiving domain.
        receiver: DomainId,
        /// The version of the package.
        version: Round,
        /// What fails; at least one.
        items: Vec<Finding>,
        /// For a strategic task: the children that carry what fails.
        children: Vec<PlannedTask>,
        /// The id of the escalation record, used after the third rejection.
        escalation: EscalationId,
    },
    /// Stop it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Ask something.
    AskQuestion {
        /// The id it gets.
        id: QuestionId,
        /// The attempt's epoch, when the one who does the work asks.
        epoch: Option<Epoch>,
        /// Who should answer.
        to: Level,
        /// What is asked.
        text: String,
        /// Whether the attempt lives on and waits; one that ended leaves the task blocked.
        attempt_waits: bool,
    },
    /// Answer a question.
    Answer {
        /// Which.
        question: QuestionId,
        /// The answer.
        text: String,
    },
    /// Grant more time in the current state.
    GrantTime {
        /// How much, in organisation time.
        span: Millis,
        /// Why.
        reason: String,
    },
    /// Change how urgent it is.
    ChangePriority {
        /// The new priority.
        priority: Priority,
    },
    /// Change what it asks for.
    ChangeScope {
        /// What it asks for now.
        work: Box<Work>,
        /// Why.
        reason: String,
    },
    /// Raise an escalation beside the task; it stays in its state.
    RaiseEscalation {
        /// The id it gets.
        id: EscalationId,
        /// What it is about.
        trouble: Trouble,
        /// The level it goes to at least; whoever cannot take it there is passed over.
        level: Level,
        /// Why, when it is open and goes further up.
        reason: String,
    },
    /// Say that one has it.
    AcknowledgeEscalation {
        /// Which.
        id: EscalationId,
    },
    /// Say what one decided.
    DecideEscalation {
        /// Which.
        id: EscalationId,
        /// What.
        decision: String,
    },
    /// Say that it is over.
    CloseEscalation {
        /// Which.
        id: EscalationId,
    },
    /// Decide about a cancelled dependency or child.
    DecideCancelled {
        /// The one that was cancelled.
        of: TaskId,
        /// What to do about it.
        decision: CancelledDecision,
    },
    /// Say that everybody who could do it is busy, and when that ends by the forecast.
    WaitForCapacity {
        /// When, or when it is looked at again.
        until: OrgTime,
        /// Hours that they have to do before it.
        ahead: Effort,
    },
    /// Say that one has what one was given.
    AcknowledgeDelegation,
}

/// What happens to a task when its blocker is cleared.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterBlock {
    /// Whoever has it goes on.
    Resume,
    /// This IC has it now.
    Assign(IcId),
    /// Nobody has it; it is assigned anew.
    Release,
}

impl Action {
    /// The name of what is asked for, for rejections and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ApplyChart(_) => "apply a chart",
            Self::Start { .. } => "start",
            Self::Submit { .. } => "submit",
            Self::Instruction(_, action) => action.name(),
            Self::Task(_, action) => action.name(),
            Self::FireClocks { .. } => "fire clocks",
            Self::ExpireLeases { .. } => "expire leases",
            Self::ExcuseSilence => "excuse silence",
            Self::SetPresence { .. } => "say who is there",
            Self::Broadcast { .. } => "broadcast",
            Self::ReadBroadcasts { .. } => "mark as read",
            Self::HoldStandup => "hold a standup",
            Self::NoteCapacity { .. } => "say how full a domain is",
        }
    }
}

impl InstructionAction {
    /// The name of what is asked for, for rejections and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Triage { .. } => "triage",
            Self::Reject { .. } => "reject",
            Self::FillBrief { .. } => "add to the brief",
            Self::Plan { .. } => "plan",
            Self::RefusePlan { .. } => "refuse the plan",
            Self::AnswerConsultation { .. } => "answer about the plan",
            Self::AskApproval { .. } => "ask a person to approve the plan",
            Self::ApprovePlan { .. } => "approve the plan",
            Self::Hold(_) => "hold",
            Self::Arbitrate { .. } => "decide which goes first",
            Self::WaiveDependency { .. } => "do without a dependency",
            Self::Amend { .. } => "have more done",
            Self::Rebaseline { .. } => "accept the delay",
            Self::Release => "release",
            Self::DecideGoNoGo => "decide go or no-go",
            Self::Cancel { .. } => "cancel",
            Self::Pause { .. } => "pause",
            Self::Resume => "resume",
        }
    }
}

impl TaskAction {
    /// The name of what is asked for, for rejections and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BeginPlanning => "begin planning",
            Self::BreakDown { .. } => "break down",
            Self::Propose { .. } => "propose a breakdown",
            Self::RefuseProposal { .. } => "send the breakdown back",
            Self::GoAhead { .. } => "give the go-ahead",
            Self::AskGoAhead { .. } => "ask a person for the go-ahead",
            Self::Assign { .. } => "assign",
            Self::Unassign { .. } => "unassign",
            Self::Reassign { .. } => "reassign",
            Self::StartAttempt => "start an attempt",
            Self::Heartbeat { .. } => "heartbeat",
            Self::HandIn { .. } => "hand in",
            Self::FailAttempt { .. } => "fail the attempt",
            Self::Block { .. } => "block",
            Self::Escalate { .. } => "escalate",
            Self::Resolve { .. } => "resolve",
            Self::AssignReviewer { .. } => "assign a reviewer",
            Self::Approve { .. } => "approve",
            Self::PassGate { .. } => "pass a gate",
            Self::SkipGate { .. } => "skip a gate",
            Self::RequestChanges { .. } => "request changes",
            Self::AcceptHandoff { .. } => "accept a handoff",
            Self::RejectHandoff { .. } => "reject a handoff",
            Self::Cancel { .. } => "cancel",
            Self::AskQuestion { .. } => "ask a question",
            Self::Answer { .. } => "answer",
            Self::GrantTime { .. } => "grant time",
            Self::ChangePriority { .. } => "change the priority",
            Self::ChangeScope { .. } => "change the scope",
            Self::RaiseEscalation { .. } => "raise an escalation",
            Self::AcknowledgeEscalation { .. } => "acknowledge an escalation",
            Self::DecideEscalation { .. } => "decide an escalation",
            Self::CloseEscalation { .. } => "close an escalation",
            Self::DecideCancelled { .. } => "decide about a cancelled task",
            Self::WaitForCapacity { .. } => "wait for capacity",
            Self::AcknowledgeDelegation => "acknowledge",
        }
    }
}
