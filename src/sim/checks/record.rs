//! What the checks remember of a task until its instruction is over.

use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, Target, TaskEvent};
use crate::domain::id::{DomainId, Epoch, EscalationId, InstructionId, QuestionId, TaskId};
use crate::domain::reaction::Duty;
use crate::domain::review::{Gate, TaskKind};
use crate::domain::role::{Level, Role};
use crate::domain::sla::Mark;
use crate::domain::task::{Assignee, BlockerKind, PlannedTask, StateName, Trouble};
use crate::domain::time::{Effort, Millis, OrgTime, WallTime};
use crate::domain::work::Tier;

/// A task, as far as the checks follow it.
pub(super) struct Record {
    pub(super) instruction: InstructionId,
    pub(super) parent: Option<TaskId>,
    pub(super) kind: TaskKind,
    pub(super) tier: Tier,
    pub(super) domain: DomainId,
    pub(super) effort: Effort,
    pub(super) security_sensitive: bool,
    /// Tasks that need it.
    pub(super) dependants: Vec<TaskId>,
    /// Children that are not over.
    pub(super) open_children: u32,
    pub(super) state: StateName,
    /// When the visit to its state began; of a task that waits for its instruction, when that began.
    pub(super) entered: OrgTime,
    /// Time granted in this visit.
    pub(super) granted: Millis,
    /// How long its instruction was paused in this visit.
    pub(super) stood_still: Millis,
    /// How many marks of its state have been passed.
    pub(super) fired: usize,
    pub(super) owner: Option<Assignee>,
    pub(super) reviewer: Option<Role>,
    pub(super) epoch: Epoch,
    pub(super) running: Option<Running>,
    /// The gates that are not decided, in their order.
    pub(super) gates: Vec<Gate>,
    /// The gate it stands at, for as long as nothing is decided there.
    pub(super) at_gate: Option<Gate>,
    /// Which receivers have accepted its package.
    pub(super) accepted: Vec<DomainId>,
    pub(super) escalations: Vec<Open>,
    pub(super) questions: Vec<Asked>,
    /// The question that blocks it.
    waits_on: Option<QuestionId>,
    /// Until when it waits for capacity.
    pub(super) forecast: Option<OrgTime>,
    /// What was owed for it when that was last looked at.
    pub(super) owed: Vec<(Role, Duty)>,
}

/// An attempt at work.
pub(super) struct Running {
    pub(super) epoch: Epoch,
    pub(super) lease_until: WallTime,
    /// When it last gave a sign of life.
    pub(super) heard: OrgTime,
    pub(super) stalled: bool,
}

/// An open escalation.
pub(super) struct Open {
    pub(super) id: EscalationId,
    pub(super) trouble: Trouble,
    pub(super) level: Level,
    pub(super) holder: Role,
    pub(super) due: OrgTime,
    pub(super) acknowledge_by: OrgTime,
    pub(super) is_acknowledged: bool,
    pub(super) is_told: bool,
    pub(super) is_decided: bool,
}

impl Open {
    fn new(id: EscalationId, trouble: Trouble, to: &Target) -> Self {
        Self {
            id,
            trouble,
            level: to.level,
            holder: to.holder.clone(),
            due: to.due,
            acknowledge_by: to.acknowledge_by,
            is_acknowledged: false,
            is_told: false,
            is_decided: false,
        }
    }
}

/// An open question.
pub(super) struct Asked {
    pub(super) id: QuestionId,
    pub(super) to: Level,
    pub(super) due: OrgTime,
}

/// The order in which the marks of a state are passed.
pub(super) const MARKS: [Mark; 3] = [Mark::Target, Mark::Warning, Mark::Escalation];

impl Record {
    pub(super) fn new(
        planned: &PlannedTask,
        instruction: InstructionId,
        parent: Option<TaskId>,
        tier: Tier,
        at: OrgTime,
    ) -> Self {
        Self {
            instruction,
            parent,
            kind: planned.kind,
            tier,
            domain: planned.domain.clone(),
            effort: planned.work.effort,
            security_sensitive: planned.work.security_sensitive,
            dependants: Vec::new(),
            open_children: 0,
            state: StateName::Pending,
            entered: at,
            granted: Millis::default(),
            stood_still: Millis::default(),
            fired: 0,
            owner: None,
            reviewer: None,
            epoch: Epoch::default(),
            running: None,
            gates: Vec::new(),
            at_gate: None,
            accepted: Vec::new(),
            escalations: Vec::new(),
            questions: Vec::new(),
            waits_on: None,
            forecast: None,
            owed: Vec::new(),
        }
    }

    /// The open escalation with this id.
    pub(super) fn escalation(&self, id: EscalationId) -> Option<&Open> {
        self.escalations.iter().find(|open| open.id == id)
    }

    fn escalation_mut(&mut self, id: EscalationId) -> Option<&mut Open> {
        self.escalations.iter_mut().find(|open| open.id == id)
    }

    /// Makes an event part of it that leads to the state `to`, if it leads to another.
    pub(super) fn apply(&mut self, entry: &Entry, event: &TaskEvent, to: Option<StateName>) {
        let is_retry = matches!(event, TaskEvent::AttemptStarted { .. }) && self.state == StateName::InProgress;
        if let Some(to) = to.filter(|_| !is_retry) {
            self.enter(to, event, entry.at.org);
        }
        self.own(event);
        self.attempt(entry, event);
        self.review(event);
        self.escalate(event);
        self.count(event);
    }

    /// It is in another state, or at another gate: what belonged to the visit before is gone.
    fn enter(&mut self, to: StateName, event: &TaskEvent, at: OrgTime) {
        if !matches!((self.state, to), (StateName::Escalated, StateName::Escalated)) {
            self.escalations.clear();
        }
        self.waits_on = match event {
            TaskEvent::Blocked { blocker } => match &blocker.kind {
                BlockerKind::Question(id) => Some(*id),
                _others => None,
            },
            TaskEvent::Escalated { .. } => self.waits_on,
            _others => None,
        };
        let waits_on = self.waits_on;
        self.questions.retain(|asked| Some(asked.id) == waits_on);
        (self.state, self.entered) = (to, at);
        (self.granted, self.stood_still, self.fired) = (Millis::default(), Millis::default(), 0);
        (self.running, self.at_gate, self.forecast) = (None, None, None);
        self.accepted.clear();
    }

    fn own(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::BrokenDown { .. } | TaskEvent::ChildrenStarted => {
                self.owner = Some(Assignee::Lead(self.domain.clone()));
            }
            TaskEvent::Assigned { to, .. } => self.owner = Some(to.clone()),
            TaskEvent::Reassigned { to, .. } | TaskEvent::Resolved { next: AfterBlock::Assign(to), .. } => {
                self.owner = Some(Assignee::Ic(to.clone()));
            }
            TaskEvent::Unassigned { .. }
            | TaskEvent::Resolved { next: AfterBlock::Release, .. }
            | TaskEvent::HandedIn { reviewer: None, .. }
            | TaskEvent::Completed
            | TaskEvent::Cancelled { .. } => self.owner = None,
            _others => {}
        }
    }

    fn attempt(&mut self, entry: &Entry, event: &TaskEvent) {
        match event {
            TaskEvent::AttemptStarted { epoch, lease_until } => {
                let (lease_until, heard) = (*lease_until, entry.at.org);
                self.epoch = *epoch;
                self.running = Some(Running { epoch: *epoch, lease_until, heard, stalled: false });
            }
            TaskEvent::Heartbeat { lease_until, .. } => {
                if let Some(running) = &mut self.running {
                    (running.lease_until, running.heard, running.stalled) = (*lease_until, entry.at.org, false);
                }
            }
            TaskEvent::Stalled { .. } => self.running.iter_mut().for_each(|running| running.stalled = true),
            TaskEvent::AttemptFailed { .. } => {
                self.running = None;
                self.questions.clear();
            }
            _others => {}
        }
    }

    fn review(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::HandedIn { reviewer, .. } => self.reviewer.clone_from(reviewer),
            TaskEvent::ReviewerAssigned { reviewer } => self.reviewer = Some(reviewer.clone()),
            TaskEvent::PeerApproved { gate, reviewer, remaining, .. }
            | TaskEvent::ReviewBegun { gate, reviewer, remaining } => {
                self.gates = std::iter::once(gate).chain(remaining).copied().collect();
                self.at_gate = Some(*gate);
                self.reviewer = Some(reviewer.clone());
            }
            TaskEvent::GateEntered { gate, reviewer } => {
                self.at_gate = Some(*gate);
                self.reviewer = Some(reviewer.clone());
            }
            TaskEvent::GatePassed { gate, .. } | TaskEvent::GateSkipped { gate, .. } => {
                self.gates.retain(|left| left != gate);
                self.at_gate = None;
            }
            TaskEvent::HandoffAccepted { receiver, .. } => self.accepted.push(receiver.clone()),
            _others => {}
        }
    }

    fn escalate(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::EscalationRaised { id, trouble, to, .. } => {
                self.escalations.push(Open::new(*id, *trouble, to));
            }
            TaskEvent::EscalationClimbed { id, to, .. } => {
                if let Some(open) = self.escalation_mut(*id) {
                    *open = Open::new(*id, open.trouble, to);
                }
            }
            TaskEvent::EscalationTold { id, .. } => {
                self.escalation_mut(*id).into_iter().for_each(|open| open.is_told = true);
            }
            TaskEvent::EscalationAcknowledged { id } => {
                self.escalation_mut(*id).into_iter().for_each(|open| open.is_acknowledged = true);
            }
            TaskEvent::EscalationDecided { id, .. } => {
                self.escalation_mut(*id)
                    .into_iter()
                    .for_each(|open| (open.is_acknowledged, open.is_decided) = (true, true));
            }
            TaskEvent::EscalationClosed { id, .. } => self.escalations.retain(|open| open.id != *id),
            TaskEvent::QuestionAsked { id, question } => {
                self.questions.push(Asked { id: *id, to: question.to, due: question.due });
            }
            TaskEvent::QuestionAnswered { id, .. } => self.questions.retain(|asked| asked.id != *id),
            TaskEvent::QuestionClimbed { id, to, due } => {
                let asked = self.questions.iter_mut().find(|asked| asked.id == *id);
                asked.into_iter().for_each(|asked| (asked.to, asked.due) = (*to, *due));
            }
            _others => {}
        }
    }

    fn count(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::TimeGranted { span, .. } => {
                self.granted = Millis(self.granted.0.saturating_add(span.0));
            }
            TaskEvent::ClockFired { .. } => self.fired = self.fired.saturating_add(1),
            TaskEvent::WaitsForCapacity { until, .. } => self.forecast = Some(*until),
            TaskEvent::ForecastPassed => self.forecast = None,
            TaskEvent::ScopeChanged { work, .. } => {
                (self.effort, self.security_sensitive) = (work.effort, work.security_sensitive);
            }
            _others => {}
        }
    }
}
