//! What a person who does a task finds on the disk: the folder to work in, copies of what the tasks before produced, and the
//! job in words and as JSON.
//!
//! ```text
//! <data>/instructions/<instruction>/<step>-<task>/
//!     README.md             the job in words
//!     JOB.json              the job as programs get it
//!     workspace/            the working folder: what is to come out goes here
//!     inputs/<step>/…       what the tasks before produced
//! ```
//!
//! This module runs nothing, and never changes what is in a working folder.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Workspace;
use super::job::Job;
use super::outcome::inside;
use super::workspace::{create_new, open_inside};
use crate::domain::work::Finding;

/// Makes the folders of an attempt that a person begins, and writes the job into them. Blocks. The answer is the folder
/// with the README; made again, it is as new but for the working folder, which stays as it is.
///
/// # Errors
/// When the disk refuses, or when what the earlier tasks produced is too large to be copied.
pub fn prepare(job: &Job) -> io::Result<PathBuf> {
    let not_one = || io::Error::new(io::ErrorKind::InvalidInput, "the job names no folder to work in");
    let workspace = Workspace::around(&job.workspace).ok_or_else(not_one)?;
    let prepared = workspace.prepare(job)?;
    let folder = workspace.folder();
    replace(&folder.join("JOB.json"), &prepared.document)?;
    replace(&folder.join("README.md"), in_words(job).as_bytes())?;
    Ok(folder.to_owned())
}

/// Writes a file anew. What is there is removed first, so that a link in its place is not followed.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _gone => {}
    }
    create_new(path, 0o600)?.write_all(content)
}

/// The path of a file that somebody hands in, relative to the working folder. It may be given from the root, too.
///
/// # Errors
/// When there is no such regular file inside of the folder; says what is wrong.
pub fn artefact(workspace: &Path, path: &str) -> Result<String, String> {
    let relative = Path::new(path).strip_prefix(workspace).ok().and_then(Path::to_str).unwrap_or(path);
    let Some(relative) = inside(relative) else {
        return Err(format!("`{path}` is not inside of {}", workspace.display()));
    };
    match open_inside(workspace, &relative) {
        Ok(_) => Ok(relative),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("there is no `{relative}` in {}", workspace.display()))
        }
        Err(error) => Err(format!("`{relative}` cannot be handed in: {error}")),
    }
}

/// The job as a person reads it.
fn in_words(job: &Job) -> String {
    let mut text = format!("# {}\n\n{}\n", job.task.title, job.task.description);
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let lines: String = lines.iter().map(|line| format!("- {line}\n")).collect();
            // Writing to a text cannot fail.
            let _ = write!(text, "\n## {title}\n\n{lines}");
        }
    };
    section("The instruction", vec![job.instruction.text.clone()]);
    section("Changes wanted", job.findings.iter().map(finding).collect());
    section("What was said on the way", job.notes.clone());
    section("Done when", job.criteria.clone());
    let deliverable = |one: &crate::domain::work::Deliverable| {
        let checks: Vec<String> = one.checks.iter().map(ToString::to_string).collect();
        if checks.is_empty() { one.path.clone() } else { format!("{}: {}", one.path, checks.join(", ")) }
    };
    section("Files to hand in, in `workspace/`", job.deliverables.iter().map(deliverable).collect());
    let inputs = job
        .inputs
        .iter()
        .flat_map(|input| input.artefacts.iter().map(move |artefact| format!("inputs/{}/{artefact}", input.step)));
    section("To build on", inputs.collect());
    section("The repository", job.repository.iter().map(|path| path.display().to_string()).collect());
    text
}

fn finding(finding: &Finding) -> String {
    match &finding.location {
        Some(location) => format!("{location}: {}", finding.text),
        None => finding.text.clone(),
    }
}
