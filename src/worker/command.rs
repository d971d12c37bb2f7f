//! A worker that is a program: the job on its standard input and in a file, the outcome in another file or by its exit
//! status.
//!
//! What it finds is told in `program.rs`, what its end means in `verdict.rs`.

use super::job::Job;
use super::left::look;
use super::outcome::Outcome;
use super::process::{run, span};
use super::program::Program;
use super::{Failure, Log, Report, RunContext, RunFuture, Worker};

mod verdict;

pub(super) use self::verdict::{cut_short, ended, last_lines, not_a_command, with_errors};

/// Does jobs by running a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandWorker {
    program: Program,
}

impl CommandWorker {
    /// One that runs `program`.
    pub(super) const fn new(program: Program) -> Self {
        Self { program }
    }

    async fn attempt(&self, job: &Job, context: &mut RunContext) -> (Result<Outcome, Failure>, Log) {
        let prepared = match self.program.prepare(job).await {
            Ok(prepared) => prepared,
            Err(failure) => return (Err(failure), Log::default()),
        };
        let invocation = self.program.invocation(job, &prepared);
        tracing::debug!(worker = %self.program.id, task = %job.task.id, epoch = %job.epoch, kind = %job.kind, "starting a program");
        let finished = match run(invocation, prepared.document.clone(), context).await {
            Ok(finished) => finished,
            Err(error) => return (Err(self.program.not_started(&error)), Log::default()),
        };
        let log = self.program.keep_log(&prepared, &finished).await;
        let left = look(&prepared, job).await;
        (verdict::judge(&self.program, &finished, left, job.kind), log)
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
        self.program.id.as_str()
    }

    fn describe(&self) -> String {
        format!("`{}`, at most {}", self.program.argv.join(" "), span(self.program.timeout))
    }

    fn is_simulated(&self) -> bool {
        false
    }
}
