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
//! What its end means, the first that applies:
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
//! This module never puts a job's token into a message or a log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::deliverable;
use super::job::{Job, JobKind};
use super::outcome::{Malformed, Outcome, SIZE_LIMIT, parse, tidy};
use super::process::{End, Finished, Invocation, OUTPUT_LIMIT, blocking, run, span};
use super::workspace::{PID_FILE, Prepared, Workspace, create_new, open_inside};
use super::{Failure, Log, Report, RunContext, RunFuture, Worker};
use crate::domain::id::WorkerId;
use crate::domain::work::Deliverable;

/// Lines of standard error that a message quotes, and how long the quotation may be: it is read in a table.
const QUOTED_LINES: usize = 3;
const QUOTED_BYTES: usize = 500;

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
        let file = prepared.control.join("worker.log");
        let mut log =
            Log { stdout: finished.stdout.clone(), stderr: finished.stderr.clone(), file: Some(file.clone()) };
        let text = format!("== stdout ==\n{}\n== stderr ==\n{}\n", log.stdout, log.stderr);
        if let Err(error) = blocking(move || write_afresh(&file, &text)).await {
            tracing::debug!(%error, "the log of an attempt cannot be kept");
            log.file = None;
        }
        let (said, existing) = look(&prepared, job).await;
        (self.judge(&finished, said, existing, job.kind), log)
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
            pid_file: Some(prepared.control.join(PID_FILE)),
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

    /// What the end of a run means; see the table at the top.
    fn judge(
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
        let program = self.argv.first().map_or("", String::as_str);
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
                Err(Failure::permanent(with_stderr(format!("`{program}` exited with {code}, {why}"))))
            }
            (Some(_) | None, _) => Err(Failure::transient(with_stderr(ended(status)))),
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

/// Why there is a file but no outcome.
enum Said {
    Malformed(Malformed),
    Unreadable(io::Error),
}

/// What an attempt left: the outcome, if it wrote one, and the deliverables that exist.
async fn look(prepared: &Prepared, job: &Job) -> (Result<Option<Outcome>, Said>, Vec<String>) {
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
    let mut bytes = Vec::new();
    let limit = u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(Said::Unreadable)?;
    parse(&bytes, kind).map(Some).map_err(Said::Malformed)
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

/// The last lines that are not blank, in a row.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let mut lines: Vec<&str> = text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(count).collect();
    lines.reverse();
    tidy(&lines.join(" / "), QUOTED_BYTES)
}

/// How a process ended, in words.
pub(super) fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended without a status".to_owned(),
    }
}

/// Writes a file in place of whatever the worker may have put there.
fn write_afresh(path: &Path, text: &str) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_new(path, 0o600)?.write_all(text.as_bytes())
}
