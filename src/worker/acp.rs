//! A worker that is a coding agent, talked to over the Agent Client Protocol on its standard input and output.
//!
//! ```text
//!   initialize ──▶ session/new in the workspace ──▶ session/prompt ──▶ … session/update … ──▶ why the turn ended
//!                                                        └── session/cancel, when it is to stop
//! ```
//!
//! It is started like any program: in a process group of its own, with what `program.rs` lists. It gets one prompt, which
//! is the job in words, and answers with an outcome file or with its last message; what its end means is told in
//! `verdict.rs`. It is offered neither files nor terminals of ours: it has its own.
//!
//! What it asks permission for is answered at once. That is courtesy, no boundary: some agents do not ask. What an agent
//! does is bounded by the user that the daemon runs as, and by nothing in this module.

use std::path::PathBuf;

use self::conversation::Conversation;
use self::protocol::Errand;
use super::job::Job;
use super::left::look;
use super::outcome::Outcome;
use super::process::{blocking, converse, span};
use super::program::Program;
use super::workspace::Prepared;
use super::{Failure, Log, Report, RunContext, RunFuture, Worker};

mod conversation;
mod lines;
mod prompt;
mod protocol;
mod verdict;

/// Does jobs by prompting a coding agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcpWorker {
    program: Program,
}

impl AcpWorker {
    /// One that talks to `program`.
    pub(super) const fn new(program: Program) -> Self {
        Self { program }
    }

    async fn attempt(&self, job: &Job, context: &mut RunContext) -> (Result<Outcome, Failure>, Log) {
        let prepared = match self.program.prepare(job).await {
            Ok(prepared) => prepared,
            Err(failure) => return (Err(failure), Log::default()),
        };
        let prompt = match prompt::render(&prepared.told, &prepared.outcome) {
            Ok(prompt) => prompt,
            Err(error) => {
                let failure = Failure::permanent(format!("the prompt cannot be written: {error:#}"));
                return (Err(failure), Log::default());
            }
        };
        let errand = Errand { folder: prepared.work.clone(), prompt, writable: writable(&prepared).await };
        let conversation = Conversation::new();
        let invocation = self.program.invocation(job, &prepared);
        tracing::debug!(worker = %self.program.id, task = %job.task.id, epoch = %job.epoch, kind = %job.kind, "starting an agent");
        let talk = |line| protocol::talk(line, errand, conversation.clone());
        let finished = match converse(invocation, lines::TRAFFIC_LIMIT, context, talk).await {
            Ok(finished) => finished,
            Err(error) => return (Err(self.program.not_started(&error)), Log::default()),
        };
        let log = self.program.keep_log(&prepared, &finished).await;
        let left = look(&prepared, job).await;
        (verdict::judge(&self.program, &finished, left, job.kind, conversation.end()), log)
    }
}

/// The folders in which an agent gets permission to change files, by all the names they may have.
async fn writable(prepared: &Prepared) -> Vec<PathBuf> {
    let mut folders = vec![prepared.work.clone(), prepared.control.clone()];
    let named = folders.clone();
    let resolved = blocking(move || named.iter().map(std::fs::canonicalize).collect::<Result<Vec<_>, _>>()).await;
    folders.extend(resolved.unwrap_or_default());
    folders
}

impl Worker for AcpWorker {
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
        format!("coding agent `{}`, at most {}", self.program.argv.join(" "), span(self.program.timeout))
    }

    fn is_simulated(&self) -> bool {
        false
    }
}
