//! Answers: to what a task or a plan waits for, and to what the brief of an instruction does not say.

use std::sync::Arc;

use super::commit;
use crate::actors::office::Office;
use crate::api::resolve::{self, Asked};
use crate::api::wire::{Answered, Code, Refusal};
use crate::domain::brief::Brief;
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::id::{BriefField, InstructionId};
use crate::domain::instruction::{Instruction, State as InstructionState};
use crate::domain::rejection::Rejection;
use crate::domain::role::Principal;
use crate::ledger::Ledger;

/// Records an answer.
pub(super) async fn answer(
    office: &Arc<Office>,
    principal: &Principal,
    question: String,
    text: Option<String>,
    fields: Brief,
) -> Result<Answered, Refusal> {
    let asked = office.ledger.read_ledger(move |ledger| open_question(ledger, &question)).await??;
    if let Asked::Instruction(id) = asked {
        return fill_brief(office, principal, id, text, fields).await;
    }
    let (Some(text), true) = (text, fields.is_empty()) else {
        return Err(refused("a question is answered in words: give them after its id, and leave --field out"));
    };
    let (about, question, action) = match asked {
        Asked::Task(task, question) => {
            (task.to_string(), question, Action::Task(task, TaskAction::Answer { question, text }))
        }
        Asked::Plan(id, question) => {
            let action = InstructionAction::AnswerConsultation { question, text };
            (id.to_string(), question, Action::Instruction(id, action))
        }
        Asked::Instruction(_) => return Err(refused("an instruction is answered field by field")),
    };
    commit(office, principal, action).await?;
    Ok(Answered { question: question.to_string(), task: about, missing: Vec::new() })
}

fn refused(message: &str) -> Refusal {
    Refusal::new(Code::Rejected, message)
}

/// What `text` names: an open question, or an instruction. A question that is not open any more says how it ended.
fn open_question(ledger: &Ledger, text: &str) -> Result<Asked, Refusal> {
    resolve::asked(ledger.state(), text).map_err(|refusal| match refusal.code {
        Code::NotFound => resolve::past_question(ledger, text)
            .map_or(refusal, |(question, end)| Rejection::QuestionNotOpen { question, end: Some(end) }.into()),
        _another => refusal,
    })
}

/// Adds to the brief of an instruction. Words without a field are for the one field that is missing.
async fn fill_brief(
    office: &Arc<Office>,
    principal: &Principal,
    id: InstructionId,
    text: Option<String>,
    mut fields: Brief,
) -> Result<Answered, Refusal> {
    let missing = office.ledger.read(move |state| state.instruction(id).map(missing_of)).await??;
    if let Some(text) = text {
        match missing.as_slice() {
            [only] => drop(fields.insert(only.clone(), text)),
            [] => {}
            several => {
                let names: Vec<String> = several.iter().map(|field| format!("--field {field}=TEXT")).collect();
                let message = format!("say which field it is for, as its brief misses several: {}", names.join(" "));
                return Err(Refusal::new(Code::Rejected, message));
            }
        }
    }
    commit(office, principal, Action::Instruction(id, InstructionAction::FillBrief { fields })).await?;
    let missing = office.ledger.read(move |state| state.instruction(id).map(missing_of)).await?.unwrap_or_default();
    Ok(Answered { question: id.to_string(), task: id.to_string(), missing })
}

/// What the brief of an instruction still does not say.
fn missing_of(found: &Instruction) -> Vec<BriefField> {
    match &found.state {
        InstructionState::NeedsBrief { missing } => missing.clone(),
        _another => Vec::new(),
    }
}
