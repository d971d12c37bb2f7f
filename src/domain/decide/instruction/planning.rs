//! Decisions about an instruction until its plan is approved.

use super::{Who, allow, expect};
use crate::domain::command::InstructionAction;
use crate::domain::decide::{Context, not_too_long, say_why};
use crate::domain::event::InstructionEvent;
use crate::domain::id::QuestionId;
use crate::domain::instruction::{Instruction, State};
use crate::domain::plan::check_plan;
use crate::domain::plan_review::{self, left_to_a_person};
use crate::domain::rejection::Rejection;

/// Plans that are refused before a plan by other means is made, or the instruction is not taken on: one retry with the
/// reasons of the first refusal.
pub(in crate::domain) const PLANS_REFUSED: usize = 2;

pub(super) fn decide(
    context: &Context<'_>,
    found: &Instruction,
    action: &InstructionAction,
) -> Result<InstructionEvent, Rejection> {
    match action {
        InstructionAction::FillBrief { fields } => {
            allow(context, found, action, &[Who::Person, Who::Asker])?;
            let State::NeedsBrief { .. } = &found.state else {
                return Err(Rejection::IllegalInstructionMove { state: found.state.name(), action: action.name() });
            };
            let workflow = found.triage.as_ref().and_then(|one| context.state.chart.workflows.get(&one.work_type));
            for (field, said) in fields {
                if said.trim().is_empty() {
                    return Err(Rejection::Invalid(format!("`{field}` says nothing: {}", question(workflow, field))));
                }
                if workflow.is_some_and(|workflow| !workflow.brief.contains_key(field)) {
                    return Err(Rejection::Invalid(format!("its brief has no field `{field}`")));
                }
                not_too_long(&[said])?;
            }
            if fields.is_empty() {
                return Err(Rejection::Invalid("say something for at least one field".to_owned()));
            }
            Ok(InstructionEvent::BriefFilled { fields: fields.clone() })
        }
        InstructionAction::Plan { plan } => {
            allow(context, found, action, &[Who::TechLead])?;
            expect(found, action, matches!(found.state, State::Triaged))?;
            let tier = found.tier().unwrap_or(context.state.chart.policy.default_tier);
            check_plan(context.state, &found.department, tier, plan).map_err(Rejection::Invalid)?;
            Ok(InstructionEvent::Planned { plan: plan.clone() })
        }
        InstructionAction::RefusePlan { reason } => {
            allow(context, found, action, &[Who::TechLead])?;
            expect(found, action, matches!(found.state, State::Triaged) && found.refusals.len() < PLANS_REFUSED)?;
            say_why(reason)?;
            Ok(InstructionEvent::PlanRefused { reason: reason.clone() })
        }
        InstructionAction::AnswerConsultation { question, text } => answer(context, found, action, *question, text),
        InstructionAction::AskApproval { reasons } => {
            allow(context, found, action, &[Who::Manager])?;
            expect(found, action, matches!(found.state, State::Planned) && !found.is_consulting())?;
            say_why(&reasons.join("; "))?;
            Ok(InstructionEvent::ApprovalAsked { reasons: reasons.clone() })
        }
        InstructionAction::ApprovePlan { review } => {
            // What was left to a person is for a person to approve.
            let (who, ready): (&[Who], bool) = match &found.state {
                State::AwaitingApproval { .. } => (&[Who::Person], true),
                _others => (&[Who::Manager, Who::Person], matches!(found.state, State::Planned)),
            };
            allow(context, found, action, who)?;
            expect(found, action, ready && !found.is_consulting())?;
            not_too_long(&review.iter().map(String::as_str).collect::<Vec<_>>())?;
            Ok(InstructionEvent::Queued { review: approval(context, found, review)? })
        }
        _elsewhere => Err(Rejection::IllegalInstructionMove { state: found.state.name(), action: action.name() }),
    }
}

/// What is recorded with the approval of a plan: what the manager saw, or what they would have seen and what a person did
/// not mind.
fn approval(context: &Context<'_>, found: &Instruction, review: &[String]) -> Result<Vec<String>, Rejection> {
    if !context.principal.is_person() {
        let reasons = left_to_a_person(context.state, found);
        if !reasons.is_empty() {
            return Err(Rejection::Invalid(format!("a person approves this plan: {}", reasons.join("; "))));
        }
        return Ok(review.to_vec());
    }
    let looked = plan_review::review(context.state, found, context.at.org);
    let although = looked.asks.into_iter().map(|reason| format!("approved by a person although {reason}"));
    Ok(looked.seen.into_iter().chain(although).chain(review.iter().cloned()).collect())
}

fn question<'a>(
    workflow: Option<&'a crate::domain::workflow::Workflow>,
    field: &crate::domain::id::BriefField,
) -> &'a str {
    workflow.and_then(|workflow| workflow.brief.get(field)).map_or("say what is meant", String::as_str)
}

fn answer(
    context: &Context<'_>,
    found: &Instruction,
    action: &InstructionAction,
    question: QuestionId,
    text: &str,
) -> Result<InstructionEvent, Rejection> {
    let Some(asked) = found.consultations.iter().find(|one| one.ask.id == question) else {
        return Err(Rejection::Invalid(format!("{} was not asked {question}", found.id)));
    };
    if asked.end.is_some() || !matches!(found.state, State::Planned) {
        return Err(Rejection::Invalid(format!("nobody waits for an answer to {question} any more")));
    }
    let answers = context.state.answers(&asked.ask.whom);
    let may = context.state.speaks_for(context.principal, &asked.ask.whom) || context.principal.is(&answers);
    if !may {
        allow(context, found, action, &[Who::Person])?;
    }
    say_why(text)?;
    Ok(InstructionEvent::ConsultationAnswered { question, text: text.to_owned() })
}
