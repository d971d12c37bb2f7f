//! A worker that is a program: the job on its standard input and in a file, the outcome in another file or by its exit
//! status.
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
//! What its end means is told in `verdict.rs`. This module never puts a job's token into a message or a log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::verdict::Program;
use super::job::Job;
use super::outcome::Outcome;
use super::process::{Invocation, blocking, run, span};
use super::workspace::{Prepared, Workspace, replace_inside};
use super::{Failure, Log, Report, RunContext, RunFuture, Worker};
use crate::domain::id::WorkerId;

mod verdict;

pub(super) use self::verdict::{ended, last_lines};

/// What a program printed, in the folder of its attempt.
const LOG_FILE: &str = "worker.log";

/// The search path of a daemon that has none itself.
const FALLBACK_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Does jobs by running a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandWorker {
    id: WorkerId,
    argv: Vec<String>,
    environment: BTreeMap<String, String>,
    timeout: Duration,
    org_dir: PathBuf,
    ledger_marker: String,
}

impl CommandWorker {
    /// One that runs `argv` for at most `timeout`. `{org_dir}` in it stands for the chart's folder, `{step}` for the name
    /// of the task's step.
    #[must_use]
    pub fn new(
        id: WorkerId,
        argv: Vec<String>,
        environment: BTreeMap<String, String>,
        timeout: Duration,
        org_dir: &Path,
        ledger_marker: &str,
    ) -> Self {
        Self { id, argv, environment, timeout, org_dir: org_dir.to_owned(), ledger_marker: ledger_marker.to_owned() }
    }

    async fn attempt(&self, job: &Job, context: &mut RunContext) -> (Result<Outcome, Failure>, Log) {
        let prepared = match self.prepare(job).await {
            Ok(prepared) => prepared,
            Err(failure) => return (Err(failure), Log::default()),
        };
        let invocation = self.invocation(job, &prepared);
        tracing::debug!(worker = %self.id, task = %job.task.id, epoch = %job.epoch, kind = %job.kind, "starting a program");
        let finished = match run(invocation, context).await {
            Ok(finished) => finished,
            Err(error) => return (Err(self.not_started(&error)), Log::default()),
        };
        let file = prepared.control.join(LOG_FILE);
        let mut log =
            Log { stdout: finished.stdout.clone(), stderr: finished.stderr.clone(), file: Some(file.clone()) };
        let text = format!("== stdout ==\n{}\n== stderr ==\n{}\n", log.stdout, log.stderr);
        let folder = prepared.control.clone();
        if let Err(error) = blocking(move || replace_inside(&folder, LOG_FILE, &text)).await {
            tracing::debug!(%error, "the log of an attempt cannot be kept");
            log.file = None;
        }
        let (said, existing) = verdict::look(&prepared, job).await;
        let program = self.argv.first().map_or("", String::as_str);
        (Program { name: program, timeout: self.timeout }.judge(&finished, said, existing, job.kind), log)
    }

    async fn prepare(&self, job: &Job) -> Result<Prepared, Failure> {
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

    fn invocation(&self, job: &Job, prepared: &Prepared) -> Invocation {
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
            input: prepared.document.clone(),
            timeout: self.timeout,
            token: job.token.clone(),
            control: Some(prepared.control.clone()),
        }
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        let program = self.argv.first().map_or("", String::as_str);
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
}

impl Worker for CommandWorker {
    fn run<'a>(&'a self, job: &'a Job, mut context: RunContext) -> RunFuture<'a> {
        Box::pin(async move {
            let (outcome, log) = self.attempt(job, &mut context).await;
            Report { outcome, simulated: false, log }
        })
    }

    fn label(&self) -> &str {
        self.id.as_str()
    }

    fn describe(&self) -> String {
        format!("`{}`, at most {}", self.argv.join(" "), span(self.timeout))
    }

    fn is_simulated(&self) -> bool {
        false
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
