//! Coding agents: an agent of ours speaks the protocol as it is on the wire, and does what each case says.
//!
//! - [`ends`]: how a conversation may end, and what that means;
//! - [`prompts`]: what an agent is told;
//! - [`daemon`]: agents that behave and misbehave under the real daemon.

mod daemon;
mod ends;
mod prompts;

use echelon::domain::org::{Worker as Spec, WorkerKind};
use echelon::domain::time::Millis;
use echelon::worker::job::Job;
use echelon::worker::{Report, RunContext, Worker, build};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Bench, PATIENCE};

/// The agent, as it comes before what a case makes of it.
const AGENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/worker/acp/agent.sh");

impl Bench {
    fn acp(&self, argv: &[&str], timeout: Duration) -> Arc<dyn Worker> {
        let kind = WorkerKind::Acp {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]),
            timeout: Millis(i64::try_from(timeout.as_millis()).expect("a timeout of this age")),
        };
        let spec = Spec { id: "agent".parse().expect("a name"), kind, reviews: true };
        build(&spec, Path::new("/chart"), &self.marker()).expect("it runs by itself")
    }

    /// The agent with a script.
    fn agent(&self, script: &str) -> Arc<dyn Worker> {
        self.agent_for(script, PATIENCE)
    }

    fn agent_for(&self, script: &str, timeout: Duration) -> Arc<dyn Worker> {
        let file = self.data.path().join("script.sh");
        std::fs::write(&file, script).expect("the script can be written");
        self.acp(&["sh", AGENT, file.to_str().expect("a UTF-8 path")], timeout)
    }

    async fn prompt(&self, job: &Job, script: &str) -> Report {
        self.agent(script).run(job, RunContext::detached()).await
    }
}
