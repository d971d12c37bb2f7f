//! Finding what a person means by a part of an id.

mod domain;
mod place;

pub use self::domain::{channel, domain};
pub use self::place::{ic, role};

use super::wire::{Code, Refusal};
use crate::domain::id::{EscalationId, InstructionId, QuestionId, TaskId};
use crate::domain::instruction::State as InstructionState;
use crate::domain::state::State;
use crate::domain::task::{QuestionEnd, Task};
use crate::ledger::Ledger;

/// Matches shown when several things answer to a text.
const SHOWN: usize = 5;

/// Finished instructions that are searched for a question that is not open any more, the latest first. The search holds the
/// ledger up; whoever answers late is late by less than this.
const SEARCHED: usize = 200;

/// A task or an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// A task.
    Task(TaskId),
    /// An instruction.
    Instruction(InstructionId),
}

fn one<T: Copy>(what: &str, text: &str, found: Vec<T>, show: impl Fn(&T) -> String) -> Result<T, Refusal> {
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(Refusal::new(
            Code::NotFound,
            format!("there is no {what} `{text}`; `echelon status` shows instructions, `echelon task list` tasks"),
        )),
        several => {
            let mut names: Vec<String> = several.iter().take(SHOWN).map(show).collect();
            if several.len() > SHOWN {
                names.push(format!("{} more", several.len() - SHOWN));
            }
            Err(Refusal::new(
                Code::Ambiguous,
                format!("`{text}` could be any of {}; give more of the id", names.join(", ")),
            ))
        }
    }
}

/// The task that `text` names: an id, a unique part of one, or the name of an open task in its plan.
///
/// # Errors
/// When there is none, or more than one.
pub fn task(state: &State, text: &str) -> Result<TaskId, Refusal> {
    one("task", text, tasks(state, text), TaskId::short)
}

fn tasks(state: &State, text: &str) -> Vec<TaskId> {
    let named: Vec<TaskId> =
        state.tasks.values().filter(|task| task.key.as_str() == text).map(|task| task.id).collect();
    if !named.is_empty() {
        return named;
    }
    if text.starts_with(InstructionId::PREFIX) {
        return Vec::new();
    }
    state.tasks.keys().chain(state.finished_tasks.keys()).copied().filter(|id| id.matches(text)).collect()
}

/// The instruction that `text` names: an id, or a unique part of one.
///
/// # Errors
/// When there is none, or more than one.
pub fn instruction(state: &State, text: &str) -> Result<InstructionId, Refusal> {
    one("instruction", text, instructions(state, text), InstructionId::short)
}

fn instructions(state: &State, text: &str) -> Vec<InstructionId> {
    if text.starts_with(TaskId::PREFIX) {
        return Vec::new();
    }
    state.instructions.keys().chain(state.finished.keys()).copied().filter(|id| id.matches(text)).collect()
}

/// The task or instruction that `text` names.
///
/// # Errors
/// When there is none, or more than one.
pub fn thing(state: &State, text: &str) -> Result<Thing, Refusal> {
    let mut found: Vec<Thing> = tasks(state, text).into_iter().map(Thing::Task).collect();
    found.extend(instructions(state, text).into_iter().map(Thing::Instruction));
    one("task or instruction", text, found, |thing| match thing {
        Thing::Task(id) => id.short(),
        Thing::Instruction(id) => id.short(),
    })
}

/// Something that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A question about a task.
    Task(TaskId, QuestionId),
    /// A question about the plan of an instruction.
    Plan(InstructionId, QuestionId),
    /// An instruction whose brief does not say enough.
    Instruction(InstructionId),
}

/// The open question, or the instruction that waits for its brief, that `text` names.
///
/// # Errors
/// When there is none, or more than one.
pub fn asked(state: &State, text: &str) -> Result<Asked, Refusal> {
    let of_tasks = state
        .tasks
        .values()
        .flat_map(|task| task.questions.keys().map(move |question| (Asked::Task(task.id, *question), *question)));
    let of_plans = state.instructions.values().flat_map(|found| {
        let open = found.consultations.iter().filter(|one| one.end.is_none());
        open.map(move |one| (Asked::Plan(found.id, one.ask.id), one.ask.id))
    });
    let mut found: Vec<Asked> =
        of_tasks.chain(of_plans).filter(|(_, question)| question.matches(text)).map(|(asked, _)| asked).collect();
    if !text.starts_with(QuestionId::PREFIX) && !text.starts_with(TaskId::PREFIX) {
        let waits = state.instructions.values().filter(|one| matches!(one.state, InstructionState::NeedsBrief { .. }));
        found.extend(waits.map(|one| one.id).filter(|id| id.matches(text)).map(Asked::Instruction));
    }
    one("open question", text, found, |asked| match asked {
        Asked::Task(_, question) | Asked::Plan(_, question) => question.short(),
        Asked::Instruction(id) => id.short(),
    })
}

/// How the question that `text` names came to an end, where it is known to have: of tasks that are open, and of the latest
/// instructions that are over.
#[must_use]
pub fn past_question(ledger: &Ledger, text: &str) -> Option<(QuestionId, QuestionEnd)> {
    let of = |task: &Task| task.past_questions.iter().rev().find(|(id, _)| id.matches(text)).copied();
    ledger.state().tasks.values().find_map(of).or_else(|| {
        let latest = ledger.state().finished.keys().rev().take(SEARCHED);
        // One whose archive cannot be read is passed over: there is nothing to be said about its questions.
        let archived = latest.filter_map(|id| ledger.archived(*id).ok().flatten());
        archived.flat_map(|gone| gone.tasks).find_map(|task| of(&task))
    })
}

/// Something that a person may say yes or no to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matter {
    /// A task, whatever of it waits.
    Task(TaskId),
    /// One escalation of a task.
    Escalation(TaskId, EscalationId),
    /// An instruction.
    Instruction(InstructionId),
}

/// The task, open escalation or instruction that `text` names.
///
/// # Errors
/// When there is none, or more than one.
pub fn matter(state: &State, text: &str) -> Result<Matter, Refusal> {
    let escalations = state
        .tasks
        .values()
        .flat_map(|task| task.escalations.keys().map(move |id| (task.id, *id)))
        .filter(|(_, id)| id.matches(text) && !text.starts_with(TaskId::PREFIX))
        .filter(|_| !text.starts_with(InstructionId::PREFIX))
        .map(|(task, id)| Matter::Escalation(task, id));
    let mut found: Vec<Matter> = escalations.collect();
    if !text.starts_with(EscalationId::PREFIX) {
        found.extend(tasks(state, text).into_iter().map(Matter::Task));
        found.extend(instructions(state, text).into_iter().map(Matter::Instruction));
    }
    one("task, open escalation or instruction", text, found, |matter| match matter {
        Matter::Task(id) => id.short(),
        Matter::Escalation(_, id) => id.short(),
        Matter::Instruction(id) => id.short(),
    })
}
