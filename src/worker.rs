//! Workers: how the work of an IC or the judgement of a reviewer is really done.
//!
//! ```text
//!   whoever starts attempts ── Job, RunContext ──▶ Worker::run ──▶ Report (an outcome, or why there is none)
//!                           ◀── signs of life ────┘    ▲
//!                           ── stop ───────────────────┘
//! ```
//!
//! Every kind of worker keeps one small contract. What goes in is a [`Job`]; what comes out is an [`Outcome`], read
//! strictly. Whatever is malformed is a failed attempt, never done. Dropping the future of a run ends the run: nothing it
//! started is left alive.
//!
//! This module never changes the state of a task, never decides on retries and never believes a claim of done: whoever
//! gets the report checks the deliverables ([`deliverable::check`]) and tells the ledger.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use self::program::Program;
use crate::domain::org::{Worker as Spec, WorkerKind};
use crate::domain::time::Millis;

mod acp;
mod command;
pub mod deliverable;
pub mod human;
pub mod job;
mod left;
pub mod outcome;
mod output;
pub mod planning;
mod process;
mod program;
mod simulated;
mod survivors;
pub mod workspace;

pub use self::acp::AcpWorker;
pub use self::command::CommandWorker;
pub use self::job::{Job, JobKind, Token};
pub use self::outcome::{FailureClass, Malformed, Outcome, Usage};
pub use self::simulated::SimulatedWorker;
pub use self::survivors::{reap_attempt, reap_survivors};
pub use self::workspace::Workspace;

/// The future of one run.
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Report> + Send + 'a>>;

/// Somebody or something that does jobs.
pub trait Worker: Send + Sync {
    /// Does `job` and says how it ended. Never panics on what the worker does; dropping the future stops the run at once
    /// and kills whatever it started.
    fn run<'a>(&'a self, job: &'a Job, context: RunContext) -> RunFuture<'a>;

    /// Its id in the chart.
    fn label(&self) -> &str;

    /// One line for people: what it runs and for how long at most.
    fn describe(&self) -> String;

    /// Whether it makes its outcomes up. What it reports must be shown as simulated, and its deliverables do not exist.
    fn is_simulated(&self) -> bool;
}

/// The worker that a chart describes; `None` for a person, whom no program runs.
///
/// `org_dir` is the folder of the chart. `ledger_marker` says to which data directory the processes belong, and is what
/// [`reap_survivors`] finds them by: any text without NUL that is the same after a restart.
#[must_use]
pub fn build(spec: &Spec, org_dir: &Path, ledger_marker: &str) -> Option<Arc<dyn Worker>> {
    let program = |argv: &[String], environment: &BTreeMap<String, String>, timeout: Millis| Program {
        id: spec.id.clone(),
        argv: argv.to_owned(),
        environment: environment.clone(),
        timeout: timeout.to_duration(),
        org_dir: org_dir.to_owned(),
        ledger_marker: ledger_marker.to_owned(),
    };
    let worker: Arc<dyn Worker> = match &spec.kind {
        WorkerKind::Command { argv, environment, timeout } => {
            Arc::new(CommandWorker::new(program(argv, environment, *timeout)))
        }
        WorkerKind::Acp { argv, environment, timeout } => {
            Arc::new(AcpWorker::new(program(argv, environment, *timeout)))
        }
        WorkerKind::Simulated { duration, failure_rate, rework_rate, seed } => {
            Arc::new(SimulatedWorker::new(spec.id.clone(), duration.to_duration(), *failure_rate, *rework_rate, *seed))
        }
        WorkerKind::Human { .. } => return None,
    };
    Some(worker)
}

/// What ties a run to whoever started it.
#[derive(Clone)]
pub struct RunContext {
    /// Becomes `true` when the run should end: the worker gets [`GRACE`] to finish by itself. A sender that
    /// went away asks for nothing; drop the future to end the run without ceremony.
    pub stop: watch::Receiver<bool>,
    /// Called with each sign of life. Called from the run's own task, so it must not block.
    pub alive: Arc<dyn Fn(Sign) + Send + Sync>,
    /// How long after one sign of life the next is due. Asked anew each time, since another chart may have another lease; a
    /// third of that leaves room for a late sign. Nothing counts as a millisecond.
    pub alive_every: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// How long a worker that was asked to stop may take before it is killed. Coding agents that stop at all do so in a tenth
/// of a second; three seconds leave room for one that has a file to finish.
pub const GRACE: Duration = Duration::from_secs(3);

impl RunContext {
    /// A context that never stops the run and listens to no signs of life.
    #[must_use]
    pub fn detached() -> Self {
        let (_, stop) = watch::channel(false);
        Self { stop, alive: Arc::new(|_| {}), alive_every: Arc::new(|| Duration::from_secs(60)) }
    }

    /// When the next sign of life is due.
    pub(crate) fn next_sign(&self) -> Instant {
        Instant::now() + (self.alive_every)().max(Duration::from_millis(1))
    }

    /// Completes when a stop is asked for, and never if nobody can ask any more.
    pub(crate) async fn stopped(&mut self) {
        if self.stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext")
            .field("stop", &*self.stop.borrow())
            .field("alive_every", &(self.alive_every)())
            .finish_non_exhaustive()
    }
}

/// A sign that a run is alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// It has not ended.
    Running,
    /// It has not ended, and it printed something since the last sign.
    Output,
}

/// How a run ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// What the worker says, or why there is nothing to believe.
    pub outcome: Result<Outcome, Failure>,
    /// Whether all of it was made up.
    pub simulated: bool,
    /// What the worker printed.
    pub log: Log,
}

/// Why a run gave no outcome.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// It was asked to stop, and did or was made to.
    #[error("stopped on request")]
    Stopped,
    /// It went wrong.
    #[error("{message}")]
    Failed {
        /// What to do about it.
        class: FailureClass,
        /// What happened, for people.
        message: String,
        /// When another try makes sense, where that is known.
        retry_after: Option<Duration>,
    },
}

impl Failure {
    /// A failure that another try may not meet.
    pub(crate) fn transient(message: impl Into<String>) -> Self {
        Self::Failed { class: FailureClass::Transient, message: message.into(), retry_after: None }
    }

    /// A failure that every further try would meet.
    pub(crate) fn permanent(message: impl Into<String>) -> Self {
        Self::Failed { class: FailureClass::Permanent, message: message.into(), retry_after: None }
    }
}

/// The end of what a worker printed, without the attempt's token.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// The last 64 KiB of its standard output.
    pub stdout: String,
    /// The last 64 KiB of its standard error.
    pub stderr: String,
    /// Where both are kept.
    pub file: Option<PathBuf>,
}
