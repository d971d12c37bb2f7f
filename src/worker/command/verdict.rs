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

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::super::Failure;
use super::super::deliverable;
use super::super::job::{Job, JobKind};
use super::super::outcome::{Malformed, Outcome, SIZE_LIMIT, parse, tidy};
use super::super::output::OUTPUT_LIMIT;
use super::super::process::{End, Finished, blocking, span};
use super::super::workspace::{Prepared, open_inside};
use crate::domain::work::Deliverable;

/// Lines of standard error that a message quotes, and how long the quotation may be: it is read in a table.
const QUOTED_LINES: usize = 3;
const QUOTED_BYTES: usize = 500;

/// What was run.
pub(super) struct Program<'a> {
    pub(super) name: &'a str,
    pub(super) timeout: Duration,
}

impl Program<'_> {
    /// What the end of a run means; see the table at the top.
    pub(super) fn judge(
        &self,
        finished: &Finished,
        said: Result<Option<Outcome>, Said>,
        existing: Vec<String>,
        kind: JobKind,
    ) -> Result<Outcome, Failure> {
        if let Err(error) = &finished.survivors {
            return Err(Failure::transient(format!("what it started cannot be stopped: {error}")));
        }
        let status = match finished.end {
            End::TimedOut => return Err(Failure::transient(format!("ran longer than {}", span(self.timeout)))),
            End::Flooded => {
                return Err(Failure::permanent(format!("printed more than {} MiB", OUTPUT_LIMIT / (1024 * 1024))));
            }
            End::Stopped(Some(status)) if status.success() => status,
            End::Stopped(_) => return Err(Failure::Stopped),
            End::Exited(status) => status,
        };
        match said {
            Err(Said::Malformed(_)) | Ok(None) if matches!(finished.end, End::Stopped(_)) => Err(Failure::Stopped),
            Err(Said::Malformed(malformed)) => Err(Failure::transient(malformed.to_string())),
            Err(Said::Unreadable(error)) => Err(Failure::transient(format!("the outcome cannot be read: {error}"))),
            Ok(Some(outcome @ (Outcome::Done { .. } | Outcome::Approve { .. } | Outcome::Plan(_))))
                if !status.success() =>
            {
                Err(Failure::transient(format!("{} after saying {}", ended(status), outcome.name())))
            }
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => self.judge_status(status, finished, existing, kind),
        }
    }

    fn judge_status(
        &self,
        status: ExitStatus,
        finished: &Finished,
        existing: Vec<String>,
        kind: JobKind,
    ) -> Result<Outcome, Failure> {
        let with_stderr = |text: String| {
            let quoted = last_lines(&finished.stderr, QUOTED_LINES);
            if quoted.is_empty() { text } else { format!("{text}: {quoted}") }
        };
        match (status.code(), kind) {
            (Some(0), JobKind::Work) => {
                let line = last_lines(&finished.stdout, 1);
                let summary = if line.is_empty() { "exited with 0 and said nothing".to_owned() } else { line };
                Ok(Outcome::Done { summary, artefacts: existing, evidence: Vec::new(), usage: None })
            }
            (Some(0), JobKind::Review) => {
                Err(Failure::transient("exited with 0 without an outcome: a review says approve or changes"))
            }
            (Some(0), JobKind::Plan) => {
                Err(Failure::transient("exited with 0 without an outcome: a planner says plan"))
            }
            (Some(75), _) => Err(Failure::transient(with_stderr("asked to be tried again (exit 75)".to_owned()))),
            (Some(code @ (126 | 127)), _) => {
                let why =
                    if code == 127 { "a command that is not there" } else { "a command that may not be executed" };
                Err(Failure::permanent(with_stderr(format!("`{}` exited with {code}, {why}", self.name))))
            }
            (Some(_) | None, _) => Err(Failure::transient(with_stderr(ended(status)))),
        }
    }
}

/// Why there is a file but no outcome.
pub(super) enum Said {
    Malformed(Malformed),
    Unreadable(io::Error),
}

/// What an attempt left: the outcome, if it wrote one, and the deliverables that exist.
pub(super) async fn look(prepared: &Prepared, job: &Job) -> (Result<Option<Outcome>, Said>, Vec<String>) {
    let (control, work, kind) = (prepared.control.clone(), prepared.work.clone(), job.kind);
    let deliverables: Vec<Deliverable> = job.deliverables.clone();
    let looked = blocking(move || Ok((read_outcome(&control, kind), deliverable::existing(&work, &deliverables))));
    looked.await.unwrap_or_else(|error| (Err(Said::Unreadable(error)), Vec::new()))
}

fn read_outcome(control: &Path, kind: JobKind) -> Result<Option<Outcome>, Said> {
    let file = match open_inside(control, "outcome.json") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(Said::Malformed(Malformed::NotAFile)),
        opened => opened.map_err(Said::Unreadable)?,
    };
    // Looked at first: what is far too large is not worth its memory.
    let length = usize::try_from(file.metadata().map_err(Said::Unreadable)?.len()).unwrap_or(usize::MAX);
    if length > SIZE_LIMIT {
        return Err(Said::Malformed(Malformed::TooLarge));
    }
    let mut bytes = Vec::with_capacity(length);
    let limit = u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(Said::Unreadable)?;
    parse(&bytes, kind).map(Some).map_err(Said::Malformed)
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
