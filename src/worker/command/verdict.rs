//! What the end of a program means.
//!
//! The first that applies:
//!
//! | end | report |
//! | --- | --- |
//! | ran too long, or printed too much | failed: transient, or permanent |
//! | an outcome file that is malformed | failed, transient |
//! | an outcome | that outcome; but `done`, `approve`, `plan` and a bad exit status do not go together: failed, transient |
//! | stopped on request | stopped |
//! | exit 0 | work: done, with the last line it printed and the deliverables that exist; review or plan: failed, transient |
//! | exit 75 (`EX_TEMPFAIL`), a signal | failed, transient |
//! | exit 126, 127, or a program that is not there | failed, permanent |
//! | any other exit status | failed, transient, with the last lines of standard error |
//!
//! This module believes nothing that is malformed, and does not look whether what is claimed is true.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::super::Failure;
use super::super::job::JobKind;
use super::super::left::{Left, Unread};
use super::super::outcome::{Outcome, tidy};
use super::super::output::OUTPUT_LIMIT;
use super::super::process::{End, Finished, span};
use super::super::program::Program;

/// Lines of standard error that a message quotes, and how long the quotation may be: it is read in a table.
const QUOTED_LINES: usize = 3;
const QUOTED_BYTES: usize = 500;

/// What the end of a run means; see the table at the top.
pub(super) fn judge(program: &Program, finished: &Finished, left: Left, kind: JobKind) -> Result<Outcome, Failure> {
    if let Some(failure) = cut_short(program, finished) {
        return Err(failure);
    }
    let status = match finished.end {
        End::Flooded => {
            return Err(Failure::permanent(format!("printed more than {} MiB", OUTPUT_LIMIT / (1024 * 1024))));
        }
        End::Stopped(Some(status)) if status.success() => status,
        End::Stopped(_) | End::TimedOut | End::Over(None) => return Err(Failure::Stopped),
        End::Exited(status) | End::Over(Some(status)) => status,
    };
    match left.said {
        Err(Unread::Malformed(_)) | Ok(None) if matches!(finished.end, End::Stopped(_)) => Err(Failure::Stopped),
        Err(unread) => Err(Failure::transient(unread.to_string())),
        Ok(Some(outcome)) if outcome.is_success() && !status.success() => {
            Err(Failure::transient(format!("{} after saying {}", ended(status), outcome.name())))
        }
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => judge_status(program, status, finished, left.existing, kind),
    }
}

/// Why nothing that a run said counts, if nothing does.
pub(in crate::worker) fn cut_short(program: &Program, finished: &Finished) -> Option<Failure> {
    match (&finished.survivors, &finished.end) {
        (Err(error), _) => Some(Failure::transient(format!("what it started cannot be stopped: {error}"))),
        (Ok(_), End::TimedOut) => Some(Failure::transient(format!("ran longer than {}", span(program.timeout)))),
        (Ok(_), _) => None,
    }
}

fn judge_status(
    program: &Program,
    status: ExitStatus,
    finished: &Finished,
    existing: Vec<String>,
    kind: JobKind,
) -> Result<Outcome, Failure> {
    match (status.code(), kind) {
        (Some(0), JobKind::Work) => {
            let line = last_lines(&finished.stdout, 1);
            let summary = if line.is_empty() { "exited with 0 and said nothing".to_owned() } else { line };
            Ok(Outcome::Done { summary, artefacts: existing, evidence: Vec::new(), usage: None })
        }
        (Some(0), JobKind::Review) => {
            Err(Failure::transient("exited with 0 without an outcome: a review says approve or changes"))
        }
        (Some(0), JobKind::Plan) => Err(Failure::transient("exited with 0 without an outcome: a planner says plan")),
        (Some(75), _) => Err(Failure::transient(with_errors("asked to be tried again (exit 75)".to_owned(), finished))),
        (Some(_) | None, _) => Err(not_a_command(program, status, finished)
            .unwrap_or_else(|| Failure::transient(with_errors(ended(status), finished)))),
    }
}

/// The failure of a shell that does not find what it was to run, if that is what a status says.
pub(in crate::worker) fn not_a_command(program: &Program, status: ExitStatus, finished: &Finished) -> Option<Failure> {
    let why = match status.code()? {
        126 => "a command that may not be executed",
        127 => "a command that is not there",
        _other => return None,
    };
    let text = format!("`{}` {}, {why}", program.name(), ended(status));
    Some(Failure::permanent(with_errors(text, finished)))
}

/// A message with the last lines of standard error.
pub(in crate::worker) fn with_errors(text: String, finished: &Finished) -> String {
    let quoted = last_lines(&finished.stderr, QUOTED_LINES);
    if quoted.is_empty() { text } else { format!("{text}: {quoted}") }
}

/// The last lines that are not blank, in a row.
pub(in crate::worker) fn last_lines(text: &str, count: usize) -> String {
    let mut lines: Vec<&str> = text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(count).collect();
    lines.reverse();
    tidy(&lines.join(" / "), QUOTED_BYTES)
}

/// How a process ended, in words.
pub(in crate::worker) fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended without a status".to_owned(),
    }
}
