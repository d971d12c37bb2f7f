//! What each level does about blockers and cancelled tasks.
//!
//! | level | means |
//! | --- | --- |
//! | domain lead | another IC of the domain |
//! | tech lead | somebody from another domain of the department |
//! | engineering manager | none without a human: a person decides |

use super::Turn;
use crate::domain::assignment::Choice;
use crate::domain::command::{AfterBlock, TaskAction};
use crate::domain::review::TaskKind;
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
        if let Some((id, record)) = task.escalation_for(Trouble::Blocked)
            && record.acknowledged.is_none()
        {
            self.commit(task.id, TaskAction::AcknowledgeEscalation { id });
        }
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
        let id = self.ids.escalation();
        self.commit(task.id, TaskAction::Escalate { id, to, reason });
    }

    /// Gives the task to somebody who has not failed at it, within the reach of the role.
    fn find_somebody_else(&mut self, task: &Task) -> Found {
        let chart = &self.state.chart;
        let choice = match self.role {
            Role::DomainLead(domain) => self.choose(task, chart.ics_of(domain)),
            Role::TechLead(_) => {
                let department = self.role.department();
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
                self.give(&ic, task);
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
}
