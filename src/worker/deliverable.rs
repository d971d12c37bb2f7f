//! Checking deliverables: what a machine can say about the files that a task must produce.
//!
//! A claim of done is not evidence; this is. Each deliverable gives at least one result, whether it exists: as a regular
//! file inside the workspace, symbolic links resolved. Its other checks are made only on a file that exists.
//!
//! This module never changes a file. A check that is a command may; it runs in the workspace like the work did.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::TryRngCore;
use rand::rngs::OsRng;
use regex::bytes::Regex;

use super::RunContext;
use super::command::{ended, last_lines};
use super::job::Token;
use super::outcome::{inside, tidy};
use super::process::{End, Invocation, blocking, run, span};
use super::program::base_environment;
use super::workspace::open_inside;
use crate::domain::work::{Check, CheckResult, Deliverable};

/// Longest detail of a result; it is shown in a table.
const DETAIL_LIMIT: usize = 300;

/// Largest file that is turned into a tree of values, which takes some ten times the memory of its text.
const TREE_LIMIT: usize = 16 * 1024 * 1024;

/// The limits that checks are made within.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest file whose content is read, in bytes. A larger one can exist and have a size, no more.
    pub read_bytes: u64,
    /// How long a command may take.
    pub command_timeout: Duration,
    /// By which commands that outlive this daemon are found again, as [`reap_survivors`](super::reap_survivors) has it.
    pub ledger_marker: Option<String>,
}

impl Default for Limits {
    /// 64 MiB: more than anyone reviews. A minute: a check is a look at a file, not a build.
    fn default() -> Self {
        Self { read_bytes: 64 * 1024 * 1024, command_timeout: Duration::from_secs(60), ledger_marker: None }
    }
}

/// Checks every deliverable, in order. Dropping the future kills the command it may be waiting for.
pub async fn check(workspace: &Path, deliverables: &[Deliverable], limits: &Limits) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for deliverable in deliverables {
        let (root, wanted, read_bytes) = (workspace.to_owned(), deliverable.clone(), limits.read_bytes);
        let verdicts = blocking(move || Ok(examine(&root, &wanted, read_bytes))).await;
        let (exists, verdicts) =
            verdicts.unwrap_or_else(|error| (Err(format!("cannot be checked: {error}")), Vec::new()));
        let is_there = exists.is_ok();
        results.push(result(deliverable, "exists".to_owned(), exists));
        let mut verdicts = verdicts.into_iter();
        for check in deliverable.checks.iter().filter(|_| is_there) {
            let verdict = match check {
                Check::Command(argv) => command(workspace, &deliverable.path, argv, limits).await,
                _ => verdicts.next().unwrap_or_else(|| Err("was not checked".to_owned())),
            };
            results.push(result(deliverable, check.to_string(), verdict));
        }
    }
    results
}

/// The deliverables that exist, by path. Blocks.
pub(super) fn existing(workspace: &Path, deliverables: &[Deliverable]) -> Vec<String> {
    let paths = deliverables.iter().map(|deliverable| &deliverable.path);
    paths.filter(|path| open(workspace, path).is_ok()).filter_map(|path| inside(path)).collect()
}

/// What was seen, or what is wrong.
type Verdict = Result<String, String>;

fn result(deliverable: &Deliverable, check: String, verdict: Verdict) -> CheckResult {
    let passed = verdict.is_ok();
    let detail = verdict.unwrap_or_else(|wrong| wrong);
    CheckResult { path: deliverable.path.clone(), check, passed, detail: tidy(&detail, DETAIL_LIMIT) }
}

/// Opens a deliverable. Links are followed as long as they stay inside the workspace.
fn open(workspace: &Path, path: &str) -> Result<File, String> {
    let path = inside(path).ok_or("is not a path inside the workspace")?;
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "file is missing".to_owned(),
        io::ErrorKind::InvalidInput => "is not a regular file".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    // A link in place of the folder would lead to files that are nobody's work.
    if fs::symlink_metadata(workspace).is_ok_and(|found| !found.is_dir()) {
        return Err("the workspace is not a folder any more".to_owned());
    }
    let root = fs::canonicalize(workspace).map_err(missing)?;
    let resolved = fs::canonicalize(root.join(path)).map_err(missing)?;
    let relative = resolved.strip_prefix(&root).map_err(|_| "leads out of the workspace")?;
    open_inside(&root, relative.to_str().ok_or("leads to a name that is not UTF-8")?).map_err(missing)
}

/// Whether it exists, and a verdict for each check but the commands.
fn examine(workspace: &Path, deliverable: &Deliverable, read_bytes: u64) -> (Verdict, Vec<Verdict>) {
    let (file, size) = match open(workspace, &deliverable.path).and_then(|file| {
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        Ok((file, size))
    }) {
        Ok(opened) => opened,
        Err(wrong) => return (Err(wrong), Vec::new()),
    };
    let mut bytes = Vec::new();
    let read = match file.take(read_bytes.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(_) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > read_bytes => {
            Err(format!("too large to read ({size} bytes)"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    let verdict = |check: &Check| match (check, &read) {
        (Check::MinBytes(least), _) if size >= *least => Ok(format!("{size} bytes")),
        (Check::MinBytes(_), _) => Err(format!("{size} bytes")),
        (_, Ok(bytes)) => content(check, bytes),
        (_, Err(wrong)) => Err(wrong.clone()),
    };
    let checks = deliverable.checks.iter().filter(|check| !matches!(check, Check::Command(_)));
    (Ok(format!("{size} bytes")), checks.map(verdict).collect())
}

fn content(check: &Check, bytes: &[u8]) -> Verdict {
    let seen = |holds: bool, wrong: &str| if holds { Ok(String::new()) } else { Err(wrong.to_owned()) };
    match check {
        Check::MinBytes(least) => seen(u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= *least, "too few bytes"),
        Check::Contains(text) => {
            let pattern = Regex::new(&regex::escape(text)).map_err(|error| error.to_string())?;
            seen(pattern.is_match(bytes), "text is not there")
        }
        Check::Matches(pattern) => {
            let pattern = Regex::new(pattern).map_err(|error| format!("not a regular expression: {error}"))?;
            seen(pattern.is_match(bytes), "nothing matches")
        }
        Check::Json => {
            serde_json::from_str::<serde::de::IgnoredAny>(utf8(bytes)?).map_err(|error| error.to_string())?;
            Ok(String::new())
        }
        Check::Toml => {
            toml::from_str::<toml::Table>(utf8(small(bytes)?)?).map_err(|error| error.message().to_owned())?;
            Ok(String::new())
        }
        Check::JsonSchema(schema) => {
            let schema = serde_json::from_str(schema).map_err(|error| format!("the schema is not JSON: {error}"))?;
            let schema = jsonschema::validator_for(&schema).map_err(|error| format!("not a schema: {error}"))?;
            let value = serde_json::from_str(utf8(small(bytes)?)?).map_err(|error| error.to_string())?;
            schema.validate(&value).map_err(|error| format!("at `{}`: {error}", error.instance_path()))?;
            Ok(String::new())
        }
        Check::Command(_) => Err("was not run".to_owned()),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8 (byte {})", error.valid_up_to()))
}

fn small(bytes: &[u8]) -> Result<&[u8], String> {
    if bytes.len() <= TREE_LIMIT { Ok(bytes) } else { Err(format!("too large to read ({} bytes)", bytes.len())) }
}

/// Runs a check that is a program, with the path of the file as its last argument.
async fn command(workspace: &Path, path: &str, argv: &[String], limits: &Limits) -> Verdict {
    let path = inside(path).ok_or("is not a path inside the workspace")?;
    if argv.is_empty() {
        return Err("the check names no program".to_owned());
    }
    let mut secret = [0; 32];
    OsRng.try_fill_bytes(&mut secret).map_err(|error| format!("no random bytes: {error}"))?;
    let private = Private::new(&secret).map_err(|error| format!("no private folder for the check: {error}"))?;
    let mut environment = base_environment(&private.0, &private.0);
    if let Some(marker) = &limits.ledger_marker {
        environment.insert("ECHELON_LEDGER".into(), marker.into());
    }
    // A name that begins with a dash would be taken for an option.
    let path = if path.starts_with('-') { format!("./{path}") } else { path };
    let invocation = Invocation {
        argv: argv.iter().cloned().chain([path]).collect(),
        environment,
        folder: workspace.to_owned(),
        timeout: limits.command_timeout,
        token: Token::from_bytes(&secret),
        control: None,
    };
    let program = argv.first().map_or("", String::as_str);
    let finished = run(invocation, Vec::new(), &mut RunContext::detached())
        .await
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    match finished.end {
        _ if finished.survivors.is_err() => Err("what it started cannot be stopped".to_owned()),
        End::Exited(status) | End::Over(Some(status)) if status.success() => Ok(last_lines(&finished.stdout, 1)),
        End::Exited(status) | End::Over(Some(status)) => {
            Err(format!("{} {}", ended(status), last_lines(&finished.stderr, 1)).trim_end().to_owned())
        }
        End::TimedOut => Err(format!("ran longer than {}", span(limits.command_timeout))),
        End::Flooded => Err("printed too much".to_owned()),
        End::Stopped(_) | End::Over(None) => Err("was stopped".to_owned()),
    }
}

/// A folder for one command alone; removed with what is in it.
struct Private(PathBuf);

impl Private {
    fn new(secret: &[u8]) -> io::Result<Self> {
        // A quarter of the secret names the folder; the rest stays one.
        let name: String = secret.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::temp_dir().join(format!("echelon-check-{name}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the private folder of a check is left behind");
        }
    }
}
