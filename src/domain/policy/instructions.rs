//! What managers do about instructions: their tier, their plan, when they begin and how they end.

use super::{Turn, consultations, delays};
use crate::domain::admission::{self, Verdict};
use crate::domain::command::InstructionAction;
use crate::domain::instruction::{HoldKind, Instruction, State as InstructionState};
use crate::domain::plan_review::{self, Review};
use crate::domain::reaction::Duty;
use crate::domain::state::State;
use crate::domain::triage;

impl Turn<'_> {
    /// Does what policy says about an instruction.
    pub(super) fn take_instruction(&mut self, duty: Duty, found: &Instruction) {
        match duty {
            Duty::Triage(_) => {
                let action = triage(self.state, found);
                self.instruct(found.id, action);
            }
            Duty::Plan(_) => self.plan_it(found),
            Duty::Consult(_, question) => {
                if let Some(asked) = found.consultations.iter().find(|one| one.ask.id == question) {
                    let text = consultations::answer(self.state, found, &asked.ask);
                    self.instruct(found.id, InstructionAction::AnswerConsultation { question, text });
                }
            }
            Duty::ApprovePlan(_) if found.state == InstructionState::Planned => {
                let Review { seen, asks } = plan_review::review(self.state, found, self.at.org);
                let action = if asks.is_empty() {
                    InstructionAction::ApprovePlan { review: seen }
                } else {
                    InstructionAction::AskApproval { reasons: asks }
                };
                self.instruct(found.id, action);
            }
            // Said once; from then on it is looked at again whenever something makes room.
            Duty::Release(_) => {
                match self.admitted.get_or_insert_with(|| admission::news(self.state)).remove(&found.id) {
                    Some(Verdict::Begin) => self.instruct(found.id, InstructionAction::Release),
                    Some(Verdict::Wait(hold)) => self.instruct(found.id, InstructionAction::Hold(hold)),
                    None => {}
                }
            }
            Duty::Arbitrate(_) => {
                if let Some(hold) = found.held.as_ref().filter(|hold| hold.kind == HoldKind::Manager) {
                    let reason = format!("it is critical, and what it competes with is not: {}", hold.reason);
                    self.instruct(found.id, InstructionAction::Arbitrate { first: true, reason });
                }
            }
            Duty::Replan(_) => {
                let action = delays::replan(self.state, found, self.at.org);
                self.instruct(found.id, action);
            }
            Duty::DecideGoNoGo(_) => self.instruct(found.id, InstructionAction::DecideGoNoGo),
            _others => {}
        }
    }
}

/// The tier that was given, or the one that the rules say; and why.
fn triage(state: &State, found: &Instruction) -> InstructionAction {
    let default = state.chart.departments.get(&found.department).and_then(|one| one.default_work_type.as_ref());
    let Some(work_type) = found.request.work_type.as_ref().or(default) else {
        return InstructionAction::Reject {
            reason: format!("department `{}` has no default work type any more; submit it with one", found.department),
        };
    };
    let mut reasons = vec![match &found.request.work_type {
        Some(_) => format!("work type {work_type} was given"),
        None => format!("work type {work_type} is the default of department {}", found.department),
    }];
    let Some(workflow) = state.chart.workflows.get(work_type).filter(|one| one.department == found.department) else {
        return InstructionAction::Reject {
            reason: format!("department `{}` has no workflow for `{work_type}` any more", found.department),
        };
    };
    let own = state.chart.policy.default_tier;
    let (tier, why) = triage::tier(&state.chart.triage, own, &found.request, &found.department, workflow);
    reasons.extend(why);
    InstructionAction::Triage { tier, work_type: work_type.clone(), reasons }
}
