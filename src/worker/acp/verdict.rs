//! What the end of a conversation means.
//!
//! The first that applies:
//!
//! | end | report |
//! | --- | --- |
//! | ran too long | failed, transient |
//! | sent too much | failed, permanent |
//! | stopped on request | the outcome in the file, if the turn ended by itself; else stopped |
//! | hung up, or answered with an error | failed: transient; quota where it speaks of one; permanent where it wants to be signed in, speaks another version or is not there |
//! | an outcome file that is malformed | failed, transient |
//! | an outcome in the file | that outcome; but `done`, `approve`, `plan` and a turn that was cut off do not go together: failed, transient |
//! | a limit of its own, or cancelled by nobody | failed, transient |
//! | refused | failed, permanent |
//! | a last message that is an outcome | that outcome; malformed: failed, transient |
//! | any other end of the turn | work: done, with the last message and the deliverables that exist; review or plan: failed, transient |
//!
//! This module believes nothing that is malformed, and does not look whether what is claimed is true.

use super::super::Failure;
use super::super::command::{cut_short, ended, last_lines, not_a_command, with_errors};
use super::super::job::JobKind;
use super::super::left::Left;
use super::super::outcome::{Outcome, TEXT_LIMIT, Usage, parse, tidy};
use super::super::process::{End, Finished};
use super::super::program::Program;
use super::conversation::{self, Fault, FaultKind, Stop, Turn};
use super::lines::{MESSAGE_LIMIT, REQUESTS_LIMIT, TRAFFIC_LIMIT};
use crate::worker::FailureClass;

/// What the end of a conversation means; see the table at the top.
pub(super) fn judge(
    program: &Program,
    finished: &Finished,
    left: Left,
    kind: JobKind,
    conversation: conversation::End,
) -> Result<Outcome, Failure> {
    if let Some(failure) = cut_short(program, finished) {
        return Err(failure);
    }
    let turn = match (&finished.end, conversation.turn) {
        (End::Flooded, _) => return Err(flooded()),
        (End::Stopped(_), Some(Ok(turn))) if turn.stop == Stop::EndTurn => match left.said {
            Ok(Some(outcome)) => return Ok(with_usage(outcome, turn)),
            Ok(None) | Err(_) => return Err(Failure::Stopped),
        },
        (End::Stopped(_), _) => return Err(Failure::Stopped),
        (_, Some(Ok(turn))) => turn,
        (_, Some(Err(fault))) => return Err(failed(program, finished, &fault)),
        (_, None) => {
            let message = "no answer".to_owned();
            let fault = Fault { kind: FaultKind::Closed, step: conversation.step, message };
            return Err(failed(program, finished, &fault));
        }
    };
    let cut_off = cut_off(turn.stop);
    let outcome = match (left.said, cut_off) {
        (Err(unread), _) => return Err(Failure::transient(unread.to_string())),
        (Ok(Some(outcome)), Some(why)) if outcome.is_success() => {
            return Err(Failure::transient(format!("{why} after saying {}", outcome.name())));
        }
        (Ok(Some(outcome)), _) => outcome,
        (Ok(None), Some(why)) if turn.stop == Stop::Refusal => {
            let said = last_lines(&conversation.message, 1);
            return Err(Failure::permanent(if said.is_empty() { why.to_owned() } else { format!("{why}: {said}") }));
        }
        (Ok(None), Some(why)) => return Err(Failure::transient(why)),
        (Ok(None), None) => by_message(&conversation.message, left.existing, kind)?,
    };
    Ok(with_usage(outcome, turn))
}

fn flooded() -> Failure {
    const MIB: usize = 1024 * 1024;
    Failure::permanent(format!(
        "sent more than {} MiB, {} MiB in one message, or {REQUESTS_LIMIT} requests",
        TRAFFIC_LIMIT / 1024 / 1024,
        MESSAGE_LIMIT / MIB
    ))
}

/// Why a turn is not a whole one.
const fn cut_off(stop: Stop) -> Option<&'static str> {
    match stop {
        Stop::EndTurn => None,
        Stop::MaxTokens => Some("stopped at its limit of tokens"),
        Stop::MaxRequests => Some("stopped at its limit of requests to its model"),
        Stop::Refusal => Some("refused"),
        Stop::Cancelled => Some("says that it was cancelled, which nobody asked for"),
        Stop::Other => Some("stopped for a reason that is not known here"),
    }
}

/// What a conversation that came to nothing means.
fn failed(program: &Program, finished: &Finished, fault: &Fault) -> Failure {
    let Fault { kind, step, message } = fault;
    let name = program.name();
    match (kind, &finished.end) {
        (FaultKind::Closed, End::Exited(status) | End::Over(Some(status))) => not_a_command(program, *status, finished)
            .unwrap_or_else(|| {
                let text = format!("`{name}` {} before it answered {step}", ended(*status));
                Failure::transient(with_errors(text, finished))
            }),
        (FaultKind::Closed, _) => {
            Failure::transient(with_errors(format!("`{name}` hung up before it answered {step}"), finished))
        }
        (FaultKind::Silent, _) => Failure::transient(format!("`{name}`: {step} was {message}")),
        (FaultKind::Version, _) => Failure::permanent(format!(
            "`{name}` does not speak version 1 of the protocol, install a release of it that does: {message}"
        )),
        (FaultKind::SignIn, _) => Failure::permanent(format!(
            "`{name}` wants to be signed in: give it its key in `environment` of worker `{}`, as its HOME is new each time ({message})",
            program.id
        )),
        (FaultKind::Quota, _) => Failure::Failed {
            class: FailureClass::Quota,
            message: format!("`{name}` may not do more for now: {message}"),
            retry_after: None,
        },
        (FaultKind::Other, _) => {
            Failure::transient(with_errors(format!("`{name}` answered {step} with an error: {message}"), finished))
        }
    }
}

/// The outcome that the last message is, or what it means where it is none.
fn by_message(message: &str, existing: Vec<String>, kind: JobKind) -> Result<Outcome, Failure> {
    let text = message.trim();
    if let Some(object) = object(text) {
        return parse(object.as_bytes(), kind).map_err(|malformed| Failure::transient(malformed.to_string()));
    }
    match kind {
        JobKind::Work => {
            let said = if text.is_empty() { "ended its turn and said nothing" } else { text };
            Ok(Outcome::Done {
                summary: tidy(said, TEXT_LIMIT),
                artefacts: existing,
                evidence: Vec::new(),
                usage: None,
            })
        }
        JobKind::Review => {
            Err(Failure::transient("ended its turn without an outcome: a review says approve or changes"))
        }
        JobKind::Plan => Err(Failure::transient("ended its turn without an outcome: a planner says plan")),
    }
}

/// The JSON object that a message is, alone or as one block of code.
fn object(text: &str) -> Option<&str> {
    let block = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    let text = match block {
        Some(block) => block.strip_prefix("json").unwrap_or(block).trim(),
        None => text,
    };
    (text.starts_with('{') && text.ends_with('}')).then_some(text)
}

/// The outcome with what the agent says it took, where the outcome says nothing about it.
fn with_usage(mut outcome: Outcome, turn: Turn) -> Outcome {
    if let (Outcome::Done { usage, .. }, Some(tokens)) = (&mut outcome, turn.tokens) {
        usage.get_or_insert(Usage { tokens: Some(tokens), money_micros: None });
    }
    outcome
}
