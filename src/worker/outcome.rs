//! The outcome: what a worker says at the end of a job, read strictly.
//!
//! One JSON object with one key, the kind of outcome:
//!
//! ```json
//! {"done": {"summary": "…", "artefacts": ["report.md"], "evidence": ["12 tests pass"], "usage": {"tokens": 1200}}}
//! {"blocked": {"kind": "access", "description": "…", "needs": "credentials for the staging database"}}
//! {"failed": {"class": "quota", "message": "…", "retry_after_seconds": 900}}
//! {"question": {"to": "software/backend:lead", "text": "…"}}
//! {"approve": {"summary": "…"}}
//! {"changes": {"findings": [{"text": "…", "location": "src/main.rs:12"}]}}
//! {"plan": {"tasks": [{"key": "build", "title": "…", "domain": "backend", "effort": 4, "criteria": ["…"]}]}}
//! ```
//!
//! `done` answers work, `approve` and `changes` answer reviews, `plan` answers a job that asks for one, the others answer
//! all. What is in a plan is read by [`planning`](super::planning). Anything else is [`Malformed`].
//!
//! This module never guesses what a worker meant.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::job::JobKind;
use crate::domain::work::Finding;

/// Largest outcome that is read. A thousand findings of a kilobyte each fit; what is larger is not an outcome.
pub const SIZE_LIMIT: usize = 1024 * 1024;

/// Longest text kept of any one field. It is for people to read; the rest belongs in an artefact.
pub const TEXT_LIMIT: usize = 16 * 1024;

/// Most entries kept of any one list: more than anyone reads, few enough to keep.
pub const LIST_LIMIT: usize = 1_000;

/// What stands at the end of a text that was cut.
pub const CUT_MARK: &str = "… [cut]";

/// What a worker says at the end of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The work is done, it claims.
    Done {
        /// One or two sentences.
        summary: String,
        /// Files produced, relative to the workspace.
        #[serde(default)]
        artefacts: Vec<String>,
        /// What speaks for it.
        #[serde(default)]
        evidence: Vec<String>,
        /// What it cost; absent is unknown, which is not nothing.
        #[serde(default)]
        usage: Option<Usage>,
    },
    /// It cannot go on.
    Blocked {
        /// What kind of thing is in the way, in a word or two.
        kind: String,
        /// What is in the way; never blank.
        description: String,
        /// What would clear it; never blank.
        needs: String,
    },
    /// It went wrong, and the worker knows how.
    Failed {
        /// What to do about it.
        class: FailureClass,
        /// What happened.
        message: String,
        /// Wall time until another try makes sense, in seconds.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// It needs an answer before it can go on.
    Question {
        /// Who should answer; absent where the worker does not know.
        #[serde(default)]
        to: Option<String>,
        /// The question; never blank.
        text: String,
    },
    /// Reviews: the work is right.
    Approve {
        /// Why.
        summary: String,
    },
    /// Reviews: the work must change.
    Changes {
        /// What and where; never empty.
        findings: Vec<Finding>,
    },
    /// Plans: how the instruction is to be done, as it was written down; whether it is a plan is for whoever asked to say.
    Plan(serde_json::Value),
}

impl Outcome {
    /// The key it is written under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Blocked { .. } => "blocked",
            Self::Failed { .. } => "failed",
            Self::Question { .. } => "question",
            Self::Approve { .. } => "approve",
            Self::Changes { .. } => "changes",
            Self::Plan(_) => "plan",
        }
    }

    /// Whether it says that all went well, which nothing may contradict.
    pub(super) const fn is_success(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Approve { .. } | Self::Plan(_))
    }

    /// Whether this can answer a job of that kind.
    const fn answers(&self, kind: JobKind) -> bool {
        match self {
            Self::Done { .. } => matches!(kind, JobKind::Work),
            Self::Approve { .. } | Self::Changes { .. } => matches!(kind, JobKind::Review),
            Self::Plan(_) => matches!(kind, JobKind::Plan),
            Self::Blocked { .. } | Self::Failed { .. } | Self::Question { .. } => true,
        }
    }
}

/// What an attempt cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens of a language model, in and out.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Money, in millionths of the currency that budgets are in.
    #[serde(default)]
    pub money_micros: Option<u64>,
}

/// What to do about a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Another try may go well.
    Transient,
    /// The worker may not do more for now; nothing else should be sent to it until its quota is reset.
    Quota,
    /// Every further try would fail the same way.
    Permanent,
}

/// Why something is not an outcome.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// Larger than [`SIZE_LIMIT`].
    #[error("the outcome is larger than {} KiB", SIZE_LIMIT / 1024)]
    TooLarge,
    /// Not text.
    #[error("the outcome is not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// Not JSON, or JSON of another shape.
    #[error("the outcome is not what was agreed: {0}")]
    Shape(String),
    /// An outcome, but not of this kind of job.
    #[error("`{outcome}` does not answer a {job} job")]
    WrongKind {
        /// What was said.
        outcome: &'static str,
        /// What was asked.
        job: JobKind,
    },
    /// An artefact outside of the workspace.
    #[error("artefact {0:?} is not a path inside the workspace")]
    Artefact(String),
    /// A field that must say something says nothing.
    #[error("`{outcome}` without {missing}")]
    Blank {
        /// What was said.
        outcome: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// The file is not a regular file.
    #[error("the outcome file is not a regular file")]
    NotAFile,
}

/// Reads what a worker said about a job of that kind.
///
/// # Errors
/// When it is anything but one complete outcome that answers such a job.
pub fn parse(bytes: &[u8], kind: JobKind) -> Result<Outcome, Malformed> {
    if bytes.len() > SIZE_LIMIT {
        return Err(Malformed::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Malformed::NotUtf8(error.valid_up_to()))?;
    let outcome: Outcome =
        serde_json::from_str(text).map_err(|error| Malformed::Shape(tidy(&error.to_string(), 300)))?;
    if !outcome.answers(kind) {
        return Err(Malformed::WrongKind { outcome: outcome.name(), job: kind });
    }
    checked(outcome)
}

/// The outcome with every text tidied and every list cut to its limit.
fn checked(outcome: Outcome) -> Result<Outcome, Malformed> {
    let name = outcome.name();
    let said = |text: &str, missing: &'static str| {
        let text = tidy(text, TEXT_LIMIT);
        if text.trim().is_empty() { Err(Malformed::Blank { outcome: name, missing }) } else { Ok(text) }
    };
    Ok(match outcome {
        Outcome::Done { summary, artefacts, evidence, usage } => Outcome::Done {
            summary: tidy(&summary, TEXT_LIMIT),
            artefacts: artefacts
                .into_iter()
                .take(LIST_LIMIT)
                .map(|path| inside(&path).ok_or_else(|| Malformed::Artefact(tidy(&path, 300))))
                .collect::<Result<_, _>>()?,
            evidence: evidence.iter().take(LIST_LIMIT).map(|text| tidy(text, TEXT_LIMIT)).collect(),
            usage,
        },
        Outcome::Blocked { kind, description, needs } => Outcome::Blocked {
            kind: said(&kind, "a kind")?,
            description: said(&description, "a description")?,
            needs: said(&needs, "what it needs")?,
        },
        Outcome::Failed { class, message, retry_after_seconds } => {
            Outcome::Failed { class, message: tidy(&message, TEXT_LIMIT), retry_after_seconds }
        }
        Outcome::Question { to, text } => {
            Outcome::Question { to: to.map(|to| tidy(&to, TEXT_LIMIT)), text: said(&text, "a text")? }
        }
        Outcome::Approve { summary } => Outcome::Approve { summary: tidy(&summary, TEXT_LIMIT) },
        // It is as large as an outcome may be, and tidied once it is known to be a plan.
        Outcome::Plan(plan) => Outcome::Plan(plan),
        Outcome::Changes { findings } if findings.is_empty() => {
            return Err(Malformed::Blank { outcome: name, missing: "findings" });
        }
        Outcome::Changes { findings } => Outcome::Changes {
            findings: findings
                .into_iter()
                .take(LIST_LIMIT)
                .map(|finding| {
                    let location = finding.location.map(|location| tidy(&location, TEXT_LIMIT));
                    Ok(Finding { text: said(&finding.text, "a finding's text")?, location })
                })
                .collect::<Result<_, _>>()?,
        },
    })
}

/// `text` fit to be kept and shown: at most `limit` bytes, cut with a mark, and without control characters, which could
/// steer the terminal it is shown on.
#[must_use]
pub(crate) fn tidy(text: &str, limit: usize) -> String {
    let cut = text.len() > limit;
    let kept = if cut { text.floor_char_boundary(limit.saturating_sub(CUT_MARK.len())) } else { text.len() };
    let shown = |c: char| if c.is_control() && c != '\n' && c != '\t' { '?' } else { c };
    let mut tidy: String = text[..kept].chars().filter(|c| *c != '\r').map(shown).collect();
    if cut {
        tidy.push_str(CUT_MARK);
    }
    tidy
}

/// `path` without `.` parts, if it is one that stays inside the folder it is relative to, symbolic links aside.
#[must_use]
pub(crate) fn inside(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty() && path.len() <= 4096 && !path.chars().any(char::is_control)).then(|| parts.join("/"))
}
