//! Workers through their front door: real programs that behave, misbehave and refuse to die.
//!
//! - [`outcomes`]: what the end of a program means, and how what it says is read;
//! - [`surroundings`]: what a program finds, and what is left of it for the next one;
//! - [`ends`]: programs that are stopped, and what they leave behind;
//! - [`misbehaviour`]: programs that do whatever they can think of, under the real daemon;
//! - [`acp`]: coding agents, and what they are told;
//! - [`deliverables`]: deliverables are checked as they are;
//! - [`simulated`]: workers that only pretend.

mod acp;
mod deliverables;
mod ends;
mod misbehaviour;
mod outcomes;
mod simulated;
mod surroundings;

use echelon::domain::id::{Epoch, InstructionId, Round, StepKey, TaskId};
use echelon::domain::org::{Worker as Spec, WorkerKind};
use echelon::domain::review::Gate;
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Check, Deliverable, Priority, Tier};
use echelon::worker::job::{Instruction, Job, JobKind, Task, Token, VERSION};
use echelon::worker::{Failure, FailureClass, Outcome, Report, RunContext, Worker, Workspace, build};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// How long anything that must happen may take before a test gives up: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(20);

/// A data directory, and a task in it that nobody else has.
struct Bench {
    data: TempDir,
    number: u128,
}

impl Bench {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let data = TempDir::new().expect("a temporary folder can be made");
        Self { data, number: (u128::from(std::process::id()) << 64) | u128::from(count) }
    }

    fn marker(&self) -> String {
        format!("marker-{:x}", self.number)
    }

    fn task(&self) -> TaskId {
        TaskId::new(Uuid::from_u128(self.number))
    }

    fn instruction(&self) -> InstructionId {
        InstructionId::new(Uuid::from_u128(self.number))
    }

    fn workspace(&self) -> Workspace {
        Workspace::for_work(self.data.path(), self.instruction(), &step("report"), self.task())
    }

    fn job(&self) -> Job {
        Job {
            version: VERSION,
            kind: JobKind::Work,
            organisation: "Test".to_owned(),
            role: "software/docs/ann".to_owned(),
            instruction: Instruction {
                id: InstructionId::new(Uuid::from_u128(self.number)),
                text: "write a report".to_owned(),
                department: "software".parse().expect("a name"),
            },
            task: Task {
                id: self.task(),
                key: step("report"),
                title: "a report".to_owned(),
                description: String::new(),
                tier: Tier::Simple,
                priority: Priority::Normal,
                effort: Effort::from_hours(2.0),
            },
            criteria: vec!["it is true".to_owned()],
            deliverables: vec![Deliverable { path: "report.md".to_owned(), checks: vec![Check::MinBytes(3)] }],
            findings: Vec::new(),
            notes: Vec::new(),
            announcements: Vec::new(),
            inputs: Vec::new(),
            gate: None,
            submission: None,
            subject: None,
            round: Round(1),
            repository: None,
            workspace: self.workspace().work(),
            epoch: Epoch(1),
            token: Token::from_bytes(format!("token {}", self.number).as_bytes()),
            deadline: None,
            plan: None,
        }
    }

    fn review(&self) -> Job {
        let workspace = self.workspace().for_review(Round(1), Some(Gate::DomainLead)).work();
        Job { kind: JobKind::Review, gate: Some(Gate::DomainLead), workspace, ..self.job() }
    }

    fn worker(&self, argv: &[&str], timeout: Duration) -> Arc<dyn Worker> {
        let kind = WorkerKind::Command {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]),
            timeout: Millis(i64::try_from(timeout.as_millis()).expect("a timeout of this age")),
        };
        let spec = Spec { id: "program".parse().expect("a name"), kind, reviews: true };
        build(&spec, Path::new("/chart"), &self.marker()).expect("it runs by itself")
    }

    fn script(&self, script: &str) -> Arc<dyn Worker> {
        self.worker(&["sh", "-c", script], PATIENCE)
    }

    async fn run(&self, job: &Job, script: &str) -> Report {
        self.script(script).run(job, RunContext::detached()).await
    }

    /// The processes of this bench's attempts that are alive.
    fn running(&self) -> Vec<u32> {
        carrying(&format!("ECHELON_LEDGER={}", self.marker()))
    }
}

fn step(name: &str) -> StepKey {
    name.parse().expect("a name")
}

/// The processes that have this entry in their environment; a dead one has none.
fn carrying(entry: &str) -> Vec<u32> {
    let pids = fs::read_dir("/proc")
        .expect("these tests need /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|own| own == entry.as_bytes())
    })
    .collect()
}

/// Whether a process is there and not just waiting to be waited for.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| !fields.trim_start().starts_with(['Z', 'X']))
}

/// Waits until something holds.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let reached = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(reached.await.is_ok(), "never: {what}");
}

/// A report in one line.
fn told(report: &Report) -> String {
    match &report.outcome {
        Ok(Outcome::Done { summary, artefacts, .. }) => format!("done: {summary} {artefacts:?}"),
        Ok(Outcome::Failed { class, message, .. }) => format!("said it failed: {class:?}: {message}"),
        Ok(other) => format!("{}: {other:?}", other.name()),
        Err(Failure::Stopped) => "stopped".to_owned(),
        Err(Failure::Failed { class: FailureClass::Transient, message, .. }) => format!("transient: {message}"),
        Err(Failure::Failed { class: FailureClass::Permanent, message, .. }) => format!("permanent: {message}"),
        Err(Failure::Failed { class: FailureClass::Quota, message, .. }) => format!("quota: {message}"),
    }
}
