//! A program as the chart has it: what it is started with, where, and why it may not start.
//!
//! What the program finds in its environment, and nothing else:
//!
//! | variable | what it is |
//! | --- | --- |
//! | `PATH` | the daemon's |
//! | `LANG`, `LC_ALL` | `C.UTF-8` |
//! | `HOME`, `TMPDIR` | folders of this attempt alone |
//! | `ECHELON_JOB` | the job as a JSON file, the same as on standard input |
//! | `ECHELON_OUTCOME` | the file to write the outcome to |
//! | `ECHELON_WORKSPACE` | the working folder, where it starts |
//! | `ECHELON_INPUTS` | one sub-folder for each step whose work this one builds on |
//! | `ECHELON_REPOSITORY` | the repository of the instruction, if it names one |
//! | `ECHELON_SUBJECT` | reviews: the workspace under review |
//! | `ECHELON_TASK`, `ECHELON_STEP`, `ECHELON_EPOCH`, `ECHELON_JOB_KIND` | which task and attempt, `work`, `review` or `plan` |
//! | `ECHELON_TOKEN`, `ECHELON_LEDGER` | marks of this attempt and of the daemon's data directory |
//! | what the chart configures | may replace any but the `ECHELON_` ones |
//!
//! This module never puts a job's token into a message or a log, and never looks at what a program says.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::job::Job;
use super::process::{Finished, Invocation, blocking};
use super::workspace::{Prepared, Workspace, replace_inside};
use super::{Failure, Log};
use crate::domain::id::WorkerId;

/// What a program printed, in the folder of its attempt.
const LOG_FILE: &str = "worker.log";

/// The search path of a daemon that has none itself.
const FALLBACK_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program that does jobs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Program {
    /// The worker that it is.
    pub(super) id: WorkerId,
    /// Program and arguments. `{org_dir}` stands for the chart's folder, `{step}` for the name of the task's step.
    pub(super) argv: Vec<String>,
    /// Variables it gets besides the few that every worker gets.
    pub(super) environment: BTreeMap<String, String>,
    /// When it is stopped.
    pub(super) timeout: Duration,
    /// The chart's folder.
    pub(super) org_dir: PathBuf,
    /// What its processes are found by after a restart.
    pub(super) ledger_marker: String,
}

impl Program {
    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// Makes the folders of an attempt.
    pub(super) async fn prepare(&self, job: &Job) -> Result<Prepared, Failure> {
        if self.argv.is_empty() {
            return Err(Failure::permanent(format!("worker `{}` has no command; give it one in the chart", self.id)));
        }
        let Some(workspace) = Workspace::around(&job.workspace) else {
            return Err(Failure::permanent(format!("{} is not a workspace of this daemon", job.workspace.display())));
        };
        let job = job.clone();
        blocking(move || workspace.prepare(&job)).await.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Failure::permanent(error.to_string()),
            _ => Failure::transient(format!("cannot prepare the workspace: {error}")),
        })
    }

    /// How it is started for a job.
    pub(super) fn invocation(&self, job: &Job, prepared: &Prepared) -> Invocation {
        let org_dir = self.org_dir.to_string_lossy();
        let filled = |word: &String| word.replace("{step}", job.task.key.as_str()).replace("{org_dir}", &org_dir);
        let mut environment = base_environment(&prepared.home, &prepared.tmp);
        environment.extend(self.environment.iter().map(|(name, value)| (name.into(), value.into())));
        let mut set = |name: &str, value: OsString| drop(environment.insert(name.into(), value));
        set("ECHELON_JOB", prepared.job_file.clone().into());
        set("ECHELON_OUTCOME", prepared.outcome.clone().into());
        set("ECHELON_WORKSPACE", prepared.work.clone().into());
        set("ECHELON_INPUTS", prepared.inputs.clone().into());
        set("ECHELON_TASK", job.task.id.to_string().into());
        set("ECHELON_STEP", job.task.key.to_string().into());
        set("ECHELON_EPOCH", job.epoch.to_string().into());
        set("ECHELON_JOB_KIND", job.kind.to_string().into());
        set("ECHELON_LEDGER", self.ledger_marker.clone().into());
        for (name, path) in [("ECHELON_REPOSITORY", &job.repository), ("ECHELON_SUBJECT", &job.subject)] {
            if let Some(path) = path {
                set(name, path.into());
            }
        }
        Invocation {
            argv: self.argv.iter().map(filled).collect(),
            environment,
            folder: prepared.work.clone(),
            timeout: self.timeout,
            token: job.token.clone(),
            control: Some(prepared.control.clone()),
        }
    }

    /// Why it did not start.
    pub(super) fn not_started(&self, error: &io::Error) -> Failure {
        let program = self.name();
        match error.kind() {
            io::ErrorKind::NotFound => Failure::permanent(format!(
                "`{program}` is not there: name a program on PATH or an absolute path (a script needs the interpreter it names)"
            )),
            io::ErrorKind::PermissionDenied => {
                Failure::permanent(format!("`{program}` may not be executed: check its permissions"))
            }
            io::ErrorKind::InvalidInput
            | io::ErrorKind::ArgumentListTooLong
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename => Failure::permanent(format!("`{program}` cannot be started: {error}")),
            // ENOEXEC has no kind of its own.
            _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                Failure::permanent(format!("`{program}` is not a program: a script begins with `#!`"))
            }
            _ => Failure::transient(format!("`{program}` cannot be started just now: {error}")),
        }
    }

    /// What it printed, and keeps it in the folder of the attempt.
    pub(super) async fn keep_log(&self, prepared: &Prepared, finished: &Finished) -> Log {
        let mut log = Log {
            stdout: finished.stdout.clone(),
            stderr: finished.stderr.clone(),
            file: Some(prepared.control.join(LOG_FILE)),
        };
        let text = format!("== stdout ==\n{}\n== stderr ==\n{}\n", log.stdout, log.stderr);
        let folder = prepared.control.clone();
        if let Err(error) = blocking(move || replace_inside(&folder, LOG_FILE, &text)).await {
            tracing::debug!(%error, "the log of an attempt cannot be kept");
            log.file = None;
        }
        log
    }
}

/// The environment that everything started for a worker gets.
pub(super) fn base_environment(home: &Path, tmp: &Path) -> BTreeMap<OsString, OsString> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| FALLBACK_PATH.into());
    let entries: [(&str, OsString); 5] = [
        ("PATH", path),
        ("LANG", "C.UTF-8".into()),
        ("LC_ALL", "C.UTF-8".into()),
        ("HOME", home.into()),
        ("TMPDIR", tmp.into()),
    ];
    entries.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
