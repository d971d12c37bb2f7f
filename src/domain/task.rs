//! A task: a milestone a domain lead answers for, or a piece of work for one IC, and the ten-state lifecycle it lives in.
//!
//! States carry their data: what only makes sense in one state is inside of it and gone with it.

mod state;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::assignment::Explanation;
use crate::domain::id::{
    DomainId, Epoch, EscalationId, IcId, InstructionId, QuestionId, Round, StepKey, TaskId, Visit,
};
use crate::domain::plan::{Piece, Range};
use crate::domain::review::{GateRecord, TaskKind};
use crate::domain::role::Role;
use crate::domain::sla::Mark;
use crate::domain::time::{Effort, Millis, OrgTime, Stamp};
use crate::domain::work::{Finding, Priority, Submission, Tier, Work};

pub use self::state::{Assignee, Attempt, State, StateName};
pub use self::trouble::{
    Blocker, BlockerKind, CancelledDecision, Delegation, Escalation, Failure, FailureClass, Question, QuestionEnd,
    Skipped, Trouble, Turn,
};

/// What a plan says about one task. It never changes; what changes is in [`Task`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its id.
    pub id: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Milestone or work.
    pub kind: TaskKind,
    /// The domain that answers for it.
    pub domain: DomainId,
    /// Tasks that must be done before it can start; all of the same instruction.
    pub needs: Vec<TaskId>,
    /// What it asks for.
    pub work: Work,
    /// Hours that it takes at least and at most, where the plan says.
    pub range: Option<Range>,
    /// Whether it stops for a go-ahead where the risk of the plan calls for checkpoints.
    pub checkpoint: bool,
    /// What its lead breaks it down into, where it is a milestone and the plan says.
    pub outline: Vec<Piece>,
}

impl PlannedTask {
    /// A task of a plan that says no more about it than what it is and what it needs.
    #[must_use]
    pub const fn new(
        id: TaskId,
        key: StepKey,
        kind: TaskKind,
        domain: DomainId,
        needs: Vec<TaskId>,
        work: Work,
    ) -> Self {
        Self { id, key, kind, domain, needs, work, range: None, checkpoint: false, outline: Vec::new() }
    }
}

/// A task that is not over, or whose instruction is not.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The instruction it belongs to.
    pub instruction: InstructionId,
    /// The strategic task it is part of.
    pub parent: Option<TaskId>,
    /// Its name in the plan.
    pub key: StepKey,
    /// Milestone or work.
    pub kind: TaskKind,
    /// The domain that answers for it.
    pub domain: DomainId,
    /// The tier of its instruction.
    pub tier: Tier,
    /// How urgent it is.
    pub priority: Priority,
    /// What it asks for.
    pub work: Arc<Work>,
    /// Tasks that must be done before it can start.
    pub needs: Vec<TaskId>,
    /// Tasks that need this one; kept in step with their `needs`.
    pub dependants: Vec<TaskId>,
    /// The tasks this one was broken down into.
    pub children: Vec<TaskId>,
    /// Cancelled dependencies and children that somebody decided to do without.
    pub waived: BTreeSet<TaskId>,
    /// Where it is in its life.
    pub state: State,
    /// When it entered this state.
    pub entered: Stamp,
    /// Which visit to a state this is.
    pub visit: Visit,
    /// The last epoch issued.
    pub epoch: Epoch,
    /// Passing failures since it was last assigned; whoever gets it because an attempt was lost does not begin anew.
    pub retries: u32,
    /// Times it has been handed to review.
    pub round: Round,
    /// Times a receiving lead has sent the package back.
    pub handoff_rejections: u32,
    /// ICs on whom it has failed for good.
    pub failed_with: BTreeSet<IcId>,
    /// ICs from whom it was taken since it last had nobody.
    pub taken_from: BTreeSet<IcId>,
    /// What reviewers want changed, from the last round.
    pub findings: Vec<Finding>,
    /// Resolutions of blockers and answers to questions, oldest first: what the next attempt should know.
    pub notes: Vec<String>,
    /// The last work handed in.
    pub submission: Option<Handed>,
    /// How each gate of the current round ended.
    pub gates: Vec<GateRecord>,
    /// The most recent assignment, explained.
    pub assignment: Option<Explanation>,
    /// Time granted in this state, added to its deadlines.
    pub granted: Millis,
    /// How the clock of this state has run.
    pub clock: StateClock,
    /// Who gave it to whoever has it now, and whether they have said that they have it.
    pub delegation: Option<Delegation>,
    /// Questions asked about it that nobody has answered yet.
    pub questions: BTreeMap<QuestionId, Question>,
    /// The latest questions that are not open any more.
    pub past_questions: Vec<(QuestionId, QuestionEnd)>,
    /// Escalations that are open.
    pub escalations: BTreeMap<EscalationId, Escalation>,
    /// The latest escalations that are over.
    pub past_escalations: Vec<(EscalationId, Escalation)>,
    /// The latest news of the running attempt.
    pub progress: Option<Progress>,
    /// Hours that it takes at least and at most, where the plan says.
    pub range: Option<Range>,
    /// Whether it stops for a go-ahead before anything of it begins.
    pub checkpoint: Option<Checkpoint>,
    /// What its lead breaks it down into, where the plan says.
    pub outline: Arc<Vec<Piece>>,
    /// What its lead wants to break it down into, while the tech lead looks at what crosses domains.
    pub proposal: Vec<PlannedTask>,
    /// Whether the tech lead sent the outline back: the lead takes another way then.
    pub proposal_refused: bool,
    /// How long its attempts have run, by organisation time, but for the one at work.
    pub spent: Millis,
    /// When the attempt at work began.
    pub running_since: Option<OrgTime>,
}

/// A milestone at which a plan may stop for a go-ahead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// The plan names it; the risk of the plan does not call for a stop.
    Named,
    /// Nobody has said go yet.
    Stopped,
    /// The manager leaves it to a person.
    AsksPerson,
    /// It goes ahead.
    Passed,
}

/// How the clock of one visit to a state has run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StateClock {
    /// Why it stands still, and since when.
    pub stopped: Option<(Pause, OrgTime)>,
    /// How long it has stood still before that, in this visit.
    pub stood_still: Millis,
    /// Each time it stood still in this visit, the latest ones.
    pub pauses: Vec<(Pause, OrgTime, OrgTime)>,
    /// Limits that have fired in this visit.
    pub fired: BTreeSet<Mark>,
    /// When the attempt that runs last gave a sign of life.
    pub evidence: OrgTime,
    /// Whether its silence has been reported.
    pub stalled: bool,
    /// When whoever the task waits for was last reminded.
    pub reminded: Option<OrgTime>,
    /// Until when capacity was forecast to free up, if it waits for that.
    pub forecast: Option<OrgTime>,
    /// The least hours that whoever could do it had to do before it, by the forecasts of this visit.
    pub ahead: Option<Effort>,
    /// Forecasts in a row since that became less.
    pub unmoved: u8,
}

impl StateClock {
    /// Forecasts in a row that may be made although nothing became less: work that reports no progress is over at once,
    /// and may take twice as long as it was estimated with.
    pub const UNMOVED_LIMIT: u8 = 2;

    /// Whether one may wait for capacity again, within another forecast, with so many hours to be done before it: as long
    /// as the backlog drains, and a few times when it does not seem to. Each time it drains there is less to wait for, so
    /// this comes to an end.
    #[must_use]
    pub fn may_wait(&self, ahead: Effort) -> bool {
        self.ahead.is_none_or(|least| ahead < least) || self.unmoved < Self::UNMOVED_LIMIT
    }

    /// It waits for capacity until then, with so many hours to be done before it.
    pub(in crate::domain) fn wait(&mut self, until: OrgTime, ahead: Effort) {
        self.forecast = Some(until);
        let drains = self.ahead.is_none_or(|least| ahead < least);
        self.unmoved = if drains { 0 } else { self.unmoved.saturating_add(1) };
        self.ahead = Some(self.ahead.map_or(ahead, |least| least.min(ahead)));
    }
}

/// Why the clock of a task stands still.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Its instruction is paused, or has not begun.
    Instruction,
    /// A dependency is not met.
    Dependencies,
    /// Whoever has it is at work on what is as urgent or more so.
    ParallelLimit,
    /// Everybody who could do it is busy, and the forecast says when that ends.
    Capacity,
    /// A question is open.
    Question,
    /// The worker's quota is used up.
    Quota,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instruction => "its instruction does not run",
            Self::Dependencies => "it waits for dependencies",
            Self::ParallelLimit => "whoever has it is busy with other work",
            Self::Capacity => "it waits for capacity within the forecast",
            Self::Question => "a question is open",
            Self::Quota => "the worker's quota is used up",
        })
    }
}

/// Work handed in, and by whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handed {
    /// Who did it.
    pub author: Assignee,
    /// The attempt it came from.
    pub epoch: Epoch,
    /// What was handed in.
    pub submission: Submission,
    /// When.
    pub at: Stamp,
}

/// News of a running attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// Done so far, 0 to 100.
    pub percent: Option<u8>,
    /// What is being done.
    pub note: String,
    /// When it was reported.
    pub at: Stamp,
}

impl Task {
    /// A task as its plan has it, before anything has happened to it.
    #[must_use]
    pub fn new(
        planned: &PlannedTask,
        instruction: InstructionId,
        parent: Option<TaskId>,
        tier: Tier,
        priority: Priority,
        at: Stamp,
    ) -> Self {
        Self {
            id: planned.id,
            instruction,
            parent,
            key: planned.key.clone(),
            kind: planned.kind,
            domain: planned.domain.clone(),
            tier,
            priority,
            work: Arc::new(planned.work.clone()),
            needs: planned.needs.clone(),
            dependants: Vec::new(),
            children: Vec::new(),
            waived: BTreeSet::new(),
            state: State::Pending,
            entered: at,
            visit: Visit::default(),
            epoch: Epoch::default(),
            retries: 0,
            round: Round::default(),
            handoff_rejections: 0,
            failed_with: BTreeSet::new(),
            taken_from: BTreeSet::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            submission: None,
            gates: Vec::new(),
            assignment: None,
            granted: Millis::default(),
            clock: StateClock::default(),
            delegation: None,
            questions: BTreeMap::new(),
            past_questions: Vec::new(),
            escalations: BTreeMap::new(),
            past_escalations: Vec::new(),
            progress: None,
            range: planned.range,
            checkpoint: planned.checkpoint.then_some(Checkpoint::Named),
            outline: Arc::new(planned.outline.clone()),
            proposal: Vec::new(),
            proposal_refused: false,
            spent: Millis::default(),
            running_since: None,
        }
    }

    /// The epoch of the attempt at work, if one is.
    #[must_use]
    pub const fn running_epoch(&self) -> Option<Epoch> {
        match &self.state {
            State::InProgress { attempt: Attempt::Running { epoch, .. }, .. } => Some(*epoch),
            State::InProgress { attempt: Attempt::Queued { .. } | Attempt::Children, .. }
            | State::Pending
            | State::InPlanning
            | State::Assigned { .. }
            | State::Blocked { .. }
            | State::Escalated { .. }
            | State::UnderReview { .. }
            | State::DomainReview { .. }
            | State::ReadyForHandoff { .. }
            | State::Completed
            | State::Cancelled { .. } => None,
        }
    }

    /// The escalation that is open for this trouble.
    #[must_use]
    pub fn escalation_for(&self, trouble: Trouble) -> Option<(EscalationId, &Escalation)> {
        self.escalations.iter().find(|(_, escalation)| escalation.trouble == trouble).map(|(id, found)| (*id, found))
    }

    /// Whether it waits for a go-ahead.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        match self.checkpoint {
            Some(Checkpoint::Stopped | Checkpoint::AsksPerson) => true,
            Some(Checkpoint::Named | Checkpoint::Passed) | None => false,
        }
    }

    /// Whether `role` holds an escalation of this task and so may make the moves of its state's owner.
    #[must_use]
    pub fn is_held_by(&self, role: &Role) -> bool {
        self.escalations.values().any(|escalation| escalation.holder == *role)
    }
}
