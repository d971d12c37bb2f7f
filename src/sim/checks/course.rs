//! What the checks remember of an instruction until it is over, and the edges of its life.

use super::fault::{Fault, expect};
use super::invariant::{CHILDREN, CLOCKS, EDGES, OVER};
use crate::domain::event::{Entry, InstructionEvent};
use crate::domain::id::{QuestionId, TaskId};
use crate::domain::instruction::StateName::{
    self, AwaitingApproval, Cancelled, Completed, Executing, GoNoGo, NeedsBrief, Planned, Queued, Received, Rejected,
    Triaged,
};
use crate::domain::instruction::{Deadline, Request};
use crate::domain::reaction::Duty;
use crate::domain::role::Role;
use crate::domain::time::OrgTime;
use crate::domain::work::Tier;

/// An instruction, as far as the checks follow it.
pub(super) struct Course {
    pub(super) state: StateName,
    /// Since when it is paused.
    pub(super) paused: Option<OrgTime>,
    /// The tier of its tasks.
    pub(super) tier: Tier,
    /// Everything that was planned or added, in that order.
    pub(super) tasks: Vec<TaskId>,
    /// How many of them are not over.
    pub(super) open: u32,
    /// Its deadline, where that is known.
    deadline: Option<OrgTime>,
    is_overdue: bool,
    /// The questions about its plan that nobody has answered, and until when they wait.
    consultations: Vec<(QuestionId, OrgTime)>,
    /// What was owed for it when that was last looked at.
    pub(super) owed: Vec<(Role, Duty)>,
}

/// The states of an instruction that is not over.
const OPEN: &[StateName] = &[Received, Triaged, NeedsBrief, Planned, AwaitingApproval, Queued, Executing, GoNoGo];

/// Those in which nothing of it has begun.
const NOT_BEGUN: &[StateName] = &[Received, Triaged, NeedsBrief, Planned, AwaitingApproval, Queued];

/// The states that an event may come in, and the one it leads to.
fn edge(event: &InstructionEvent) -> (&'static [StateName], Option<StateName>) {
    match event {
        InstructionEvent::Triaged(_) => (&[Received], Some(Triaged)),
        InstructionEvent::Rejected { .. } => (NOT_BEGUN, Some(Rejected)),
        InstructionEvent::NeedsBrief { .. } => (&[Triaged], Some(NeedsBrief)),
        InstructionEvent::BriefFilled { .. } => (&[NeedsBrief], Some(Triaged)),
        InstructionEvent::Planned { .. } => (&[Triaged], Some(Planned)),
        InstructionEvent::PlanRefused { .. } => (&[Triaged], None),
        InstructionEvent::ConsultationAnswered { .. } | InstructionEvent::ConsultationLapsed { .. } => {
            (&[Planned], None)
        }
        InstructionEvent::ApprovalAsked { .. } => (&[Planned], Some(AwaitingApproval)),
        InstructionEvent::Queued { .. } => (&[Planned, AwaitingApproval], Some(Queued)),
        InstructionEvent::Held(_) | InstructionEvent::Arbitrated { .. } | InstructionEvent::DependencyWaived { .. } => {
            (&[Queued], None)
        }
        InstructionEvent::Executing { .. } => (&[Queued], Some(Executing)),
        InstructionEvent::Amended { .. } => (&[GoNoGo], Some(Executing)),
        InstructionEvent::Slipped { .. } | InstructionEvent::Rebaselined { .. } => (&[Executing], None),
        InstructionEvent::GoNoGoReached => (&[Executing], Some(GoNoGo)),
        InstructionEvent::NoGo { .. } => (&[GoNoGo], Some(GoNoGo)),
        InstructionEvent::Completed { .. } => (&[GoNoGo], Some(Completed)),
        InstructionEvent::Cancelled { .. } => (OPEN, Some(Cancelled)),
        InstructionEvent::DeadlinePassed
        | InstructionEvent::Paused { .. }
        | InstructionEvent::Resumed
        | InstructionEvent::Reminded { .. } => (OPEN, None),
    }
}

impl Course {
    pub(super) fn new(request: &Request, at: OrgTime) -> Self {
        let deadline = match request.deadline {
            Some(Deadline::Within(span)) => Some(at.plus(span)),
            // Where a point of wall time lies in the organisation's is not known here.
            Some(Deadline::At(_)) | None => None,
        };
        Self {
            state: Received,
            paused: None,
            tier: request.tier.unwrap_or(Tier::Moderate),
            tasks: Vec::new(),
            open: 0,
            deadline,
            is_overdue: false,
            consultations: Vec::new(),
            owed: Vec::new(),
        }
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// What must be so for an event to happen to it.
    pub(super) fn check(&self, entry: &Entry, event: &InstructionEvent) -> Result<(), Fault> {
        let now = entry.at.org;
        expect(!self.state.is_terminal(), OVER, || format!("the instruction is {}", self.state))?;
        match event {
            InstructionEvent::GoNoGoReached | InstructionEvent::Completed { .. } => {
                expect(self.open == 0, CHILDREN, || format!("it ends while {} tasks of it are open", self.open))?;
            }
            InstructionEvent::Paused { .. } => {
                expect(!self.is_paused(), EDGES, || "it is paused while it is paused".to_owned())?;
            }
            InstructionEvent::Resumed => {
                expect(self.is_paused(), EDGES, || "it goes on and was not paused".to_owned())?;
            }
            InstructionEvent::DeadlinePassed => {
                let is_due = !self.is_overdue && self.deadline.is_none_or(|at| now >= at);
                expect(is_due, CLOCKS, || "its deadline passes early, or again".to_owned())?;
            }
            InstructionEvent::ConsultationLapsed { question } => {
                let asked = self.consultations.iter().find(|(id, _)| id == question);
                let is_due = asked.is_some_and(|(_, due)| now >= *due);
                expect(is_due, CLOCKS, || format!("{question} lapses early, or was not open"))?;
            }
            _others => {}
        }
        let (from, _) = edge(event);
        expect(from.contains(&self.state), EDGES, || format!("the instruction is {}", self.state))
    }

    /// Makes an event part of it.
    pub(super) fn apply(&mut self, entry: &Entry, event: &InstructionEvent) {
        match event {
            InstructionEvent::Triaged(triage) => self.tier = triage.tier,
            InstructionEvent::Planned { plan } => {
                let until = |within| entry.at.org.plus(within);
                self.consultations = plan.consultations.iter().map(|ask| (ask.id, until(ask.within))).collect();
            }
            InstructionEvent::ConsultationAnswered { question, .. }
            | InstructionEvent::ConsultationLapsed { question } => {
                self.consultations.retain(|(id, _)| id != question);
            }
            InstructionEvent::DeadlinePassed => self.is_overdue = true,
            InstructionEvent::Paused { .. } => self.paused = Some(entry.at.org),
            InstructionEvent::Resumed => self.paused = None,
            _others => {}
        }
        if let (_, Some(to)) = edge(event) {
            self.state = to;
        }
    }
}
