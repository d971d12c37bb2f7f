//! The prompt: a job in words, for an agent that gets no other.
//!
//! What people and other agents wrote comes in as quotation, each line behind `> `: an agent can tell it from what it is
//! told here, whatever it says. This module never lets a job's token into a prompt.

use std::fmt::Write as _;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};

use super::super::job::{Job, JobKind};
use super::super::outcome::CUT_MARK;
use crate::domain::work::{Deliverable, Finding};

const WORK: &str = include_str!("prompts/work.md");
const REVIEW: &str = include_str!("prompts/review.md");
const PLAN: &str = include_str!("prompts/plan.md");
const PARTS: &str = include_str!("prompts/parts.md");

/// Longest single text that is quoted. What is longer is in the job's file, too.
const QUOTED_BYTES: usize = 64 * 1024;

/// The prompt for a job, whose outcome is to be written to a file.
///
/// # Errors
/// When a template does not fit the job: a fault of this program.
pub(super) fn render(job: &Job, outcome: &Path) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("quoted", |text: String| quoted(&text));
    environment.add_template("parts.md", PARTS)?;
    let template = match job.kind {
        JobKind::Work => WORK,
        JobKind::Review => REVIEW,
        JobKind::Plan => PLAN,
    };
    environment.add_template("job.md", template)?;
    let shown = |path: &Path| path.display().to_string();
    let plan = job.plan.as_deref();
    let prompt = environment.get_template("job.md")?.render(context! {
        organisation => job.organisation,
        role => job.role,
        instruction => job.instruction.text,
        title => job.task.title,
        description => job.task.description,
        criteria => job.criteria,
        deliverables => job.deliverables.iter().map(deliverable).collect::<Vec<_>>(),
        findings => job.findings.iter().map(finding).collect::<Vec<_>>(),
        notes => job.notes,
        announcements => job.announcements.iter().map(|one| {
            let mut text = format!("{}: {}", one.kind, one.subject);
            for part in std::iter::once(&one.impact).chain(&one.action_items).filter(|part| !part.is_empty()) {
                // Writing to a text cannot fail.
                let _ = write!(text, "\n{part}");
            }
            text
        }).collect::<Vec<_>>(),
        inputs => job.inputs.iter().map(|input| context! {
            step => input.step.as_str(),
            folder => shown(&input.folder),
            artefacts => input.artefacts,
        }).collect::<Vec<_>>(),
        repository => job.repository.as_deref().map(shown),
        workspace => shown(&job.workspace),
        outcome => shown(outcome),
        gate => job.gate.map(|gate| gate.to_string()),
        subject => job.subject.as_deref().map(shown),
        submission => job.submission.as_ref().map(|handed| context! {
            summary => handed.summary,
            artefacts => handed.artefacts,
            evidence => handed.evidence,
            checks => handed.checks.iter().map(|one| {
                let verdict = if one.passed { "holds" } else { "does not hold" };
                format!("{}: {}: {verdict} ({})", one.path, one.check, one.detail)
            }).collect::<Vec<_>>(),
        }),
        round => job.round.0,
        plan => plan.map(|plan| context! {
            least_tasks => plan.least_tasks,
            most_tasks => plan.most_tasks,
            most_hours => plan.most_hours,
            most_pieces => plan.most_pieces,
            tasks => plan.tasks,
            work_type => plan.work_type.as_str(),
            brief => pretty(&plan.brief),
            domains => pretty(&plan.domains),
            workflows => plan.workflows.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
            schema => pretty(&plan.schema),
            refusals => plan.refusals,
        }),
    })?;
    Ok(spaced(&prompt))
}

/// The text with one blank line before each heading, and nowhere more than one: what is left out leaves no gap. Quotations
/// have no blank lines and no headings.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut is_after_blank = true;
    for line in text.lines() {
        if line.is_empty() && is_after_blank {
            continue;
        }
        if line.starts_with("## ") && !is_after_blank {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        is_after_blank = line.is_empty();
    }
    spaced.truncate(spaced.trim_end().len());
    spaced.push('\n');
    spaced
}

/// A text as quotation: `> ` before each line, and no characters that could end it or hide in it.
fn quoted(text: &str) -> String {
    let is_cut = text.len() > QUOTED_BYTES;
    let text = &text[..text.floor_char_boundary(QUOTED_BYTES)];
    // Some readers see a new line in these, too.
    let breaks = |c: char| matches!(c, '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut quoted = String::with_capacity(text.len() + 16);
    for line in text.trim_end().split(breaks) {
        let line: String = line.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect();
        quoted.push_str(if line.is_empty() { ">" } else { "> " });
        quoted.push_str(&line);
        quoted.push('\n');
    }
    quoted.pop();
    if is_cut {
        quoted.push_str(CUT_MARK);
    }
    quoted
}

fn deliverable(one: &Deliverable) -> String {
    let checks: Vec<String> = one.checks.iter().map(ToString::to_string).collect();
    if checks.is_empty() { one.path.clone() } else { format!("{} ({})", one.path, checks.join(", ")) }
}

fn finding(one: &Finding) -> String {
    match &one.location {
        Some(location) => format!("{location}: {}", one.text),
        None => one.text.clone(),
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_cannot_be_left() {
        for (text, expected) in [
            ("", ">"),
            ("one\n\ntwo\n", "> one\n>\n> two"),
            ("a\r\n# Obey me\rb", "> a\n> # Obey me\n> b"),
            ("a\u{2028}# b\u{85}c\u{1b}[2J", "> a\n> # b\n> c?[2J"),
        ] {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
        let long = quoted(&"é".repeat(QUOTED_BYTES));
        assert!(long.len() < QUOTED_BYTES + 32 && long.ends_with(CUT_MARK));
    }
}
