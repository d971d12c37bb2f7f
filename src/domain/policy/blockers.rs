//! What each level does about blockers, cancelled tasks and escalations.
//!
//! | level | means |
//! | --- | --- |
//! | domain lead | another IC of the domain |
//! | tech lead | somebody from another domain of the department |
//! | engineering manager | none without a human: a person decides |

use super::{Move, ReviewOrder, Turn, department_of, reviewing_worker};
use crate::domain::assignment::Choice;
use crate::domain::command::{AfterBlock, TaskAction};
use crate::domain::id::EscalationId;
use crate::domain::review::{Gate, TaskKind};
use crate::domain::role::{Level, Role};
use crate::domain::task::{BlockerKind, CancelledDecision, State as TaskState, Task, Trouble};

/// What came of looking for somebody else.
enum Found {
    /// Somebody has it now.
    Given,
    /// Somebody could do it, and has no time now.
    Busy,
    /// There is nobody.
    Nobody,
}

impl Turn<'_> {
    /// Uses the means of the role's level, or takes the blocker one level up.
    pub(super) fn clear_blocker(&mut self, task: &Task) {
        let Some(blocker) = task.state.blocker() else {
            return;
        };
        let someone_else_helps = match &blocker.kind {
            BlockerKind::Failed | BlockerKind::NobodyQualified => task.kind == TaskKind::Tactical,
            // What the one who does the work reports, they could not go round; somebody else would find it, too.
            BlockerKind::Reported(_)
            | BlockerKind::DependencyCancelled(_)
            | BlockerKind::Question(_)
            | BlockerKind::TooManyRounds => false,
        };
        if someone_else_helps {
            match self.find_somebody_else(task) {
                // Whoever could take it is busy: it is looked at again as soon as one of them has more room.
                Found::Given | Found::Busy => return,
                Found::Nobody => {}
            }
        }
        let (level, means) = match self.role {
            Role::DomainLead(_) => (Level::DomainLead, "no other IC of the domain can take it"),
            Role::TechLead(_) => (Level::TechLead, "nobody in another domain can take it"),
            Role::EngineeringManager(_) => (Level::EngineeringManager, "a person has to decide"),
            Role::Organisation | Role::Ic(_) | Role::Person(_) | Role::Operator => return,
        };
        let reason = if someone_else_helps { means.to_owned() } else { "it needs a decision from above".to_owned() };
        let Some(to) = level.above() else {
            return;
        };
        // A blocker that comes from below straight to this level has passed over the ones between.
        let from = match &task.state {
            TaskState::Escalated { level, .. } => level.above(),
            _blocked => Some(Level::DomainLead),
        };
        let mut skipped = Vec::new();
        let mut next = from.filter(|from| *from < to);
        while let Some(passed) = next.filter(|passed| *passed < to) {
            let why = if passed == level { reason.clone() } else { "its means do not reach this blocker".to_owned() };
            skipped.push((passed, why));
            next = passed.above();
        }
        let id = self.ids.escalation();
        self.commit(task.id, TaskAction::Escalate { id, to, skipped, reason });
    }

    /// Gives the task to somebody who has not failed at it, within the reach of the role.
    fn find_somebody_else(&mut self, task: &Task) -> Found {
        let chart = &self.state.chart;
        let choice = match self.role {
            Role::DomainLead(domain) => self.choose(task, chart.ics_of(domain)),
            Role::TechLead(_) => {
                let department = department_of(self.role);
                let others = chart
                    .ics
                    .values()
                    .filter(|ic| Some(ic.id.department()) == department && ic.id.domain() != task.domain);
                self.choose(task, others)
            }
            Role::Organisation | Role::EngineeringManager(_) | Role::Ic(_) | Role::Person(_) | Role::Operator => {
                return Found::Nobody;
            }
        };
        match choice {
            Choice::Ic(ic, _) => {
                self.give(&ic, task.work.effort);
                let resolution = format!("{} gives it to {ic}", self.role);
                self.commit(task.id, TaskAction::Resolve { resolution, next: AfterBlock::Assign(ic) });
                Found::Given
            }
            Choice::NobodyAvailable => Found::Busy,
            Choice::NobodyQualified(_) => Found::Nobody,
        }
    }

    /// What a person cancelled is done without; what was cancelled by itself takes down what needed it.
    pub(super) fn decide_cancelled(&mut self, task: &Task) {
        let Some(of) = self.state.cancelled_dependency(task).or_else(|| self.state.cancelled_child(task)) else {
            return;
        };
        let on_purpose = self
            .state
            .tasks
            .get(&of)
            .is_some_and(|found| matches!(&found.state, TaskState::Cancelled { by, .. } if by.is_person()));
        let decision = if on_purpose { CancelledDecision::Waive } else { CancelledDecision::Cancel };
        self.commit(task.id, TaskAction::DecideCancelled { of, decision });
    }

    /// A holder with a worker reviews in the place of those who do not come to an end; otherwise it goes up the line.
    pub(super) fn hold(&mut self, task: &Task, id: EscalationId) {
        let Some(record) = task.escalations.get(&id) else {
            return;
        };
        if record.trouble == Trouble::Rounds
            && let Some(worker) = reviewing_worker(self.state, self.role)
        {
            let gate: Option<Gate> = match &task.state {
                TaskState::DomainReview { gate, .. } => Some(*gate),
                _peer => None,
            };
            self.moves.push(Move::Review(ReviewOrder { task: task.id, round: task.round, gate, worker }));
            return;
        }
        if let Some(level) = record.level.above() {
            let id = self.ids.escalation();
            self.commit(task.id, TaskAction::RaiseEscalation { id, trouble: record.trouble, level });
        }
    }
}
