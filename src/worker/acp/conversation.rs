//! What is heard from an agent in the course of a conversation: its last message, and how its turn ended.
//!
//! This module never keeps more than the largest outcome of what an agent says.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::outcome::SIZE_LIMIT;

/// How far a conversation has come; what messages call it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// It is asked which version it speaks.
    Initialize,
    /// It is to open a session.
    NewSession,
    /// It works.
    Prompt,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialize => "`initialize`",
            Self::NewSession => "`session/new`",
            Self::Prompt => "`session/prompt`",
        })
    }
}

/// Why a turn ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// It has said what it had to.
    EndTurn,
    /// It may use no more tokens.
    MaxTokens,
    /// It may ask its model no more.
    MaxRequests,
    /// It does not want to.
    Refusal,
    /// It was cancelled.
    Cancelled,
    /// Something that the protocol did not know when this was written.
    Other,
}

/// The end of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    pub(super) stop: Stop,
    /// Tokens it took, if the agent says so.
    pub(super) tokens: Option<u64>,
}

/// Why a conversation came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// What the agent was asked.
    pub(super) step: Step,
    /// What it said about it, or what was wrong with it.
    pub(super) message: String,
}

/// What to make of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FaultKind {
    /// It hung up.
    Closed,
    /// It did not answer in time.
    Silent,
    /// It speaks another version of the protocol.
    Version,
    /// It has to be signed in.
    SignIn,
    /// It may not do more for now.
    Quota,
    /// Anything else.
    Other,
}

/// What came of a conversation.
pub(super) struct End {
    /// The last message of the agent.
    pub(super) message: String,
    /// How far it had come.
    pub(super) step: Step,
    /// How its turn ended; `None` where nobody waited for it.
    pub(super) turn: Option<Result<Turn, Fault>>,
}

/// A conversation with one agent; clones are the same one.
#[derive(Clone)]
pub(super) struct Conversation(Arc<Mutex<Heard>>);

struct Heard {
    message: String,
    /// By which the chunks of one message are known, where the agent gives it one.
    message_id: Option<String>,
    /// Whether something else happened since the last chunk.
    is_message_over: bool,
    is_cancelled: bool,
    step: Step,
    turn: Option<Result<Turn, Fault>>,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Heard {
            message: String::new(),
            message_id: None,
            is_message_over: false,
            is_cancelled: false,
            step: Step::Initialize,
            turn: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A piece of a message.
    pub(super) fn hear(&self, id: Option<&str>, text: &str) {
        let mut heard = self.lock();
        if heard.is_message_over || heard.message_id.as_deref() != id {
            heard.message.clear();
            heard.message_id = id.map(str::to_owned);
            heard.is_message_over = false;
        }
        // One byte more than an outcome may have, so that one that is too large is seen to be.
        let room = (SIZE_LIMIT + 1).saturating_sub(heard.message.len());
        heard.message.push_str(&text[..text.ceil_char_boundary(room)]);
    }

    /// Something else than a message: what is said from now on is another one.
    pub(super) fn hear_other(&self) {
        self.lock().is_message_over = true;
    }

    /// The next thing that the agent is asked.
    pub(super) fn ask(&self, step: Step) {
        self.lock().step = step;
    }

    /// The agent was asked to stop.
    pub(super) fn cancel(&self) {
        self.lock().is_cancelled = true;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }

    /// What it has been asked last.
    pub(super) fn step(&self) -> Step {
        self.lock().step
    }

    /// How it ended; the first word counts.
    pub(super) fn conclude(&self, turn: Result<Turn, Fault>) {
        self.lock().turn.get_or_insert(turn);
    }

    /// What came of it.
    pub(super) fn end(&self) -> End {
        let mut heard = self.lock();
        End { message: std::mem::take(&mut heard.message), step: heard.step, turn: heard.turn.take() }
    }
}
