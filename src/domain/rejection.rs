//! Why a command was refused. A refused command changes nothing.

use crate::domain::id::{Epoch, EscalationId, IcId, IdempotencyKey, InstructionId, QuestionId, Round, TaskId};
use crate::domain::instruction;
use crate::domain::task::{QuestionEnd, StateName};
use crate::domain::time::WallTime;

/// A typed refusal; its text says what to do where there is something to do.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Rejection {
    /// No such task.
    #[error("there is no task {0}")]
    UnknownTask(TaskId),
    /// No such instruction.
    #[error("there is no instruction {0}")]
    UnknownInstruction(InstructionId),
    /// No such question, or it was answered or withdrawn.
    #[error("question {question} is not open: {}", match end {
        Some(QuestionEnd::Answered) => "it was answered already",
        Some(QuestionEnd::Withdrawn) => "it was withdrawn, as the task moved on without it",
        None => "it was answered or withdrawn",
    })]
    QuestionNotOpen {
        /// Which.
        question: QuestionId,
        /// How it ended, where that is known.
        end: Option<QuestionEnd>,
    },
    /// No such escalation, or it is over.
    #[error("escalation {0} is not open")]
    EscalationNotOpen(EscalationId),
    /// An id that is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// The task is over and its instruction, too.
    #[error("task {task} is {state}: nothing can happen to it any more")]
    TaskFinished {
        /// Which.
        task: TaskId,
        /// How it ended.
        state: StateName,
    },
    /// The instruction is over.
    #[error("instruction {instruction} is {state}: nothing can happen to it any more")]
    InstructionFinished {
        /// Which.
        instruction: InstructionId,
        /// How it ended.
        state: instruction::StateName,
    },
    /// The lifecycle has no such move from here.
    #[error("cannot {action} while the task is {state}")]
    IllegalMove {
        /// The state it is in.
        state: StateName,
        /// What was asked for.
        action: &'static str,
    },
    /// The lifecycle of instructions has no such move from here.
    #[error("cannot {action} while the instruction is {state}")]
    IllegalInstructionMove {
        /// The state it is in.
        state: instruction::StateName,
        /// What was asked for.
        action: &'static str,
    },
    /// Somebody who may not ask for this.
    #[error("{who} may not {action}")]
    NotAllowed {
        /// Who asked.
        who: String,
        /// What was asked for.
        action: &'static str,
    },
    /// What an attempt sent carries an epoch that is not the current one.
    #[error("epoch {given} is not the current attempt{}", current.map(|epoch| format!(" (that is {epoch})")).unwrap_or_default())]
    StaleEpoch {
        /// The epoch it carries.
        given: Epoch,
        /// The one at work, if one is.
        current: Option<Epoch>,
    },
    /// The package has another version by now.
    #[error("version {given} of the package is not the current one ({current})")]
    StaleVersion {
        /// The version given.
        given: Round,
        /// The version that waits.
        current: Round,
    },
    /// A dependency is not met.
    #[error("not ready: it waits for {}", waits_for.iter().map(TaskId::short).collect::<Vec<_>>().join(", "))]
    NotReady {
        /// What it waits for.
        waits_for: Vec<TaskId>,
    },
    /// Its instruction is paused.
    #[error("instruction {0} is paused")]
    Paused(InstructionId),
    /// Its instruction has not begun.
    #[error("instruction {0} is not executing")]
    NotExecuting(InstructionId),
    /// The IC runs as many attempts as it may.
    #[error("{ic} already runs {limit} attempts, as many as it may")]
    AtLimit {
        /// Who.
        ic: IcId,
        /// How many.
        limit: u32,
    },
    /// The retry's time has not come.
    #[error("the next attempt may not start before {0}")]
    TooSoon(WallTime),
    /// The reviewer is the author.
    #[error("{0} wrote this work and cannot review it")]
    SelfReview(String),
    /// The checks of the deliverables do not hold, so the work cannot be handed in.
    #[error("the deliverables do not pass their checks: {0}")]
    ChecksFailed(String),
    /// The same key came with another content.
    #[error(
        "key `{key}` was used for instruction {instruction} with other content; use a new key for a new instruction"
    )]
    KeyReused {
        /// The key.
        key: IdempotencyKey,
        /// The instruction that has it.
        instruction: InstructionId,
    },
    /// Something in the command is wrong; the text says what would be right.
    #[error("{0}")]
    Invalid(String),
}
