//! A running daemon, the person who answers it, and what must hold of its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use echelon::actors::office::Probe;
use echelon::app::{self, App, Options};
use echelon::domain::command::{Action, AfterBlock, TaskAction};
use echelon::domain::event::{Entry, Event, InstructionEvent, Target, TaskEvent};
use echelon::domain::id::{Epoch, InstructionId, Sequence, StepKey, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::reaction::liveness_faults;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::Basis;
use echelon::domain::role::{Level, Principal};
use echelon::domain::task::Trouble;
use echelon::ledger::{Filter, LedgerHandle};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::support::inside;

/// Waits until something holds; what nobody waits for any more happens a little after the end that everybody sees.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    let look = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(STUCK_AFTER, look).await.is_ok(), "it takes too long until {what}");
}

/// Silence after which an organisation counts as stuck. The longest pauses in these tests are restarts after a third
/// of a second; the rest is room for a loaded machine.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// Starts a daemon on a data directory, once whoever had it before is gone.
pub(crate) async fn start(data_dir: &Path, chart: Option<Chart>, probe: Arc<dyn Probe>) -> App {
    let patience = Instant::now() + STUCK_AFTER;
    loop {
        let options = Options { data_dir: data_dir.to_owned(), chart: chart.clone(), probe: Arc::clone(&probe) };
        match App::start(options).await {
            Ok(app) => return app,
            // A process that another test is just starting has a copy of every open file until it has begun, the lock
            // of the daemon before included.
            Err(app::Error::InUse { .. }) if Instant::now() < patience => sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("the daemon does not start: {error}"),
        }
    }
}

/// A daemon in a folder of its own.
pub(super) struct House {
    pub(super) folder: TempDir,
    pub(super) app: App,
}

impl House {
    pub(super) async fn open(chart: impl FnOnce(&Path) -> Chart, probe: Arc<dyn Probe>) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let chart = chart(folder.path());
        let app = start(&folder.path().join("data"), Some(chart), probe).await;
        Self { folder, app }
    }

    /// Stops the daemon and starts another in its place.
    pub(super) async fn reopen(self, probe: Arc<dyn Probe>) -> Self {
        let Self { folder, app } = self;
        timeout(STUCK_AFTER, app.stop()).await.expect("the daemon stops");
        let app = start(&folder.path().join("data"), None, probe).await;
        Self { folder, app }
    }

    pub(super) async fn close(self) {
        timeout(STUCK_AFTER, self.app.stop()).await.expect("the daemon stops");
    }

    pub(super) fn ledger(&self) -> &LedgerHandle {
        &self.app.office().ledger
    }

    /// Hands an instruction in.
    pub(super) async fn submit(&self, department: Option<&str>) -> InstructionId {
        let id = self.app.office().ids.instruction();
        let request = Request {
            department: department.map(|name| name.parse().expect("a department's name")),
            ..inside::request("do it")
        };
        self.ask(Action::Submit { id, request }).await.expect("it can be taken on");
        id
    }

    /// Asks for something as a person does.
    async fn ask(&self, action: Action) -> Result<(), Rejection> {
        let results = self.ledger().commit(&Principal::client(0), vec![action]).await.expect("the ledger runs");
        results.into_iter().try_for_each(|result| result.map(drop))
    }

    /// Follows an instruction to its end, as the person who answers what only a person can, and calls `seen` for all
    /// that happens to it. Answers with its history.
    pub(super) async fn follow(&self, id: InstructionId, mut seen: impl FnMut(&StepKey, &TaskEvent)) -> History {
        let mut events = self.ledger().subscribe(Sequence(1), Filter::instruction(id)).await.expect("the ledger runs");
        let mut history = History::default();
        loop {
            let next = timeout(STUCK_AFTER, events.next(self.ledger())).await;
            let Ok(next) = next else {
                panic!("nothing happens any more: {}", self.describe().await);
            };
            let entry = next.expect("the journal can be read").expect("the ledger runs");
            if let Event::Task(task, event) = &entry.event {
                seen(history.key(*task), event);
                if let Some(answer) = answer(history.key(*task), event) {
                    self.ask(Action::Task(*task, answer)).await.expect("only a person can, so nobody was faster");
                }
            }
            self.is_alive().await;
            let end = match &entry.event {
                Event::Instruction(_, InstructionEvent::NoGo { facts }) => panic!("no-go: {facts:?}"),
                Event::Instruction(
                    _,
                    InstructionEvent::Completed { .. }
                    | InstructionEvent::Cancelled { .. }
                    | InstructionEvent::Rejected { .. },
                ) => true,
                _others => false,
            };
            history.add(entry);
            if end {
                return history;
            }
        }
    }

    /// Every task that is not over names who must act next.
    pub(super) async fn is_alive(&self) {
        let faults = self.ledger().read(liveness_faults).await.expect("the ledger runs");
        assert_eq!(faults, Vec::<String>::new());
    }

    async fn describe(&self) -> String {
        let look = self.ledger().read(|state| {
            let tasks: Vec<String> =
                state.tasks.values().map(|task| format!("{} {:?}", task.key, task.state)).collect();
            let owed: Vec<String> = state.owed().map(|(role, duty)| format!("{role}: {duty}")).collect();
            format!("{tasks:#?}\n{owed:#?}")
        });
        let state = timeout(STUCK_AFTER, look).await;
        format!("{state:#?}\ndegraded: {:?}", self.app.office().degraded())
    }

    /// No two attempts at one task overlapped, and none was run twice.
    pub(super) fn programs_ran_once(&self) {
        assert!(!self.folder.path().join("overlaps").exists(), "two attempts at one task ran at the same time");
        let started = fs::read_to_string(self.folder.path().join("started")).expect("some programs ran");
        let mut seen = BTreeSet::new();
        for line in started.lines() {
            assert!(seen.insert(line), "{line} was run twice");
        }
    }
}

/// What a person says to what only they can decide.
fn answer(key: &StepKey, event: &TaskEvent) -> Option<TaskAction> {
    match event {
        TaskEvent::AttemptStarted { epoch: Epoch(1), .. } if key.as_str() == "optional" => {
            Some(TaskAction::Cancel { reason: "not needed any more".to_owned() })
        }
        TaskEvent::Escalated { level: Level::Person, .. } => {
            Some(TaskAction::Resolve { resolution: "cleared by a person".to_owned(), next: AfterBlock::Resume })
        }
        TaskEvent::QuestionAsked { id, .. } => {
            Some(TaskAction::Answer { question: *id, text: "answered by a person".to_owned() })
        }
        TaskEvent::EscalationRaised { trouble: Trouble::Rounds, to: Target { level: Level::Person, .. }, .. }
        | TaskEvent::EscalationClimbed { to: Target { level: Level::Person, .. }, .. }
            if !matches!(event, TaskEvent::EscalationClimbed { reason, .. } if !reason.contains("to judge by")) =>
        {
            Some(TaskAction::Approve { basis: Basis::Person })
        }
        _others => None,
    }
}

/// The history of one instruction.
#[derive(Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    keys: BTreeMap<TaskId, StepKey>,
}

impl History {
    fn add(&mut self, entry: Entry) {
        if let Event::Instruction(_, InstructionEvent::Planned { plan }) = &entry.event {
            self.keys.extend(plan.tasks.iter().map(|task| (task.id, task.key.clone())));
        }
        self.entries.push(entry);
    }

    fn key(&self, task: TaskId) -> &StepKey {
        self.keys.get(&task).expect("tasks are planned before anything happens to them")
    }

    /// The names of the tasks that ended by being completed.
    pub(super) fn completed(&self) -> BTreeSet<&str> {
        let completed = |entry: &Entry| match &entry.event {
            Event::Task(id, TaskEvent::Completed | TaskEvent::HandedIn { reviewer: None, .. }) => Some(*id),
            _others => None,
        };
        self.entries.iter().filter_map(completed).map(|id| self.key(id).as_str()).collect()
    }

    /// Whatever should happen once happened once, and no attempt began before the one before it was over.
    pub(super) fn happened_once(&self) {
        let mut instruction = BTreeSet::new();
        let mut tasks: BTreeMap<TaskId, Life> = BTreeMap::new();
        for entry in &self.entries {
            match &entry.event {
                Event::Instruction(_, event) => {
                    let name = format!("{event:?}");
                    let name = name.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
                    assert!(instruction.insert(name), "{event:?} happened twice");
                }
                Event::Task(id, event) => tasks.entry(*id).or_default().live(self.key(*id), event),
                Event::ChartApplied(_)
                | Event::Started { .. }
                | Event::ClockAnchored(_)
                | Event::SilenceExcused
                | Event::Absent { .. }
                | Event::Present { .. }
                | Event::Broadcast { .. }
                | Event::BroadcastsRead { .. }
                | Event::CapacityNoted { .. }
                | Event::StandupHeld { .. }
                | Event::DigestSent { .. }
                | Event::Received { .. } => {}
            }
        }
        assert!(instruction.contains("Completed"), "it ended without being completed: {instruction:?}");
        assert_eq!(tasks.len(), self.keys.len());
        for (id, life) in &tasks {
            assert!(life.over, "{} is not over", self.key(*id));
        }
    }
}

/// The life of one task, as its events tell it.
#[derive(Default)]
struct Life {
    epoch: Epoch,
    running: Option<Epoch>,
    round: u32,
    passed: BTreeSet<String>,
    over: bool,
}

impl Life {
    fn live(&mut self, key: &StepKey, event: &TaskEvent) {
        assert!(!self.over, "{key}: {event:?} after its end");
        match event {
            TaskEvent::AttemptStarted { epoch, .. } => {
                assert_eq!(self.running, None, "{key}: attempt {epoch} began before the last one ended");
                assert_eq!(*epoch, self.epoch.next(), "{key}");
                (self.epoch, self.running) = (*epoch, Some(*epoch));
            }
            TaskEvent::HandedIn { epoch, reviewer, .. } => {
                assert_eq!(self.running.take(), Some(*epoch), "{key}: handed in by an attempt that was not at work");
                self.round += 1;
                self.over = reviewer.is_none();
            }
            TaskEvent::AttemptFailed { epoch, .. } => {
                assert_eq!(self.running.take(), Some(*epoch), "{key}: an attempt failed that was not at work");
            }
            TaskEvent::Blocked { .. } | TaskEvent::Unassigned { .. } | TaskEvent::Reassigned { .. } => {
                self.running = None;
            }
            TaskEvent::PeerApproved { .. } => self.pass(key, "peer".to_owned()),
            TaskEvent::GatePassed { gate, .. } => self.pass(key, gate.to_string()),
            TaskEvent::HandoffAccepted { receiver, .. } => self.pass(key, receiver.to_string()),
            TaskEvent::Completed | TaskEvent::Cancelled { .. } => {
                self.running = None;
                self.over = true;
            }
            _others => {}
        }
    }

    fn pass(&mut self, key: &StepKey, what: String) {
        let round = self.round;
        assert!(self.passed.insert(format!("{round} {what}")), "{key}: {what} passed twice in round {round}");
    }
}
