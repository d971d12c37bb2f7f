//! A ledger in memory with a real timer, on a clock that is set by hand, and people who do what policy says when they are
//! told to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use echelon::actors::office::{NoProbe, Office, Probe};
use echelon::actors::timer::{self, Timer};
use echelon::clock::{Clock, ManualClock};
use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::id::{InstructionId, Sequence, TaskId};
use echelon::domain::org::Chart;
use echelon::domain::policy::{Move, moves};
use echelon::domain::role::{Principal, Role};
use echelon::domain::time::{Anchor, Millis, OrgTime, Stamp, WallTime};
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle, decode};
use echelon::store::{MemoryStore, Reader};
use ractor::{Actor, ActorRef};
use tokio::time::{sleep, timeout};

use crate::support::inside;

/// One domain with two who can do its work, and one kind of work: a single task.
const CHART: &str = r#"
[organisation]
name = "clockwork"
workflows = ["quick.toml"]

[policy]
lease = "60s"

[[department]]
id = "main"
title = "Main"
default_work_type = "quick"

[[domain]]
id = "build"
title = "Build"

[[ic]]
domain = "build"
id = "ann"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
parallel_limit = 100
worker = "none"

[[ic]]
domain = "build"
id = "ben"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
parallel_limit = 100
worker = "none"

[[worker]]
id = "none"
kind = "simulated"
"#;

const QUICK: &str = r#"
work_type = "quick"
description = "One step."
tier = 0

[[step]]
key = "build"
title = "Build"
domain = "build"
effort = "6m"
skills = ["building"]
criteria = ["it is built"]
"#;

/// When these tests begin.
pub(super) const START: WallTime = WallTime::from_millis(1_780_000_000_000);

/// Organisation time after which somebody who was given a task and did not say that they have it is told again: the first
/// clock of a task that nobody touches.
pub(super) const FIRST_CLOCK: Millis = Millis::from_hours(1);

/// Real time for a timer that is wrong to show it. One that is right does not need any.
pub(super) const A_MOMENT: Duration = Duration::from_millis(30);

/// How long anything here may take on a loaded machine.
const SOON: Duration = Duration::from_secs(60);

pub(super) fn chart() -> Chart {
    inside::read_chart(CHART, &[("quick.toml", QUICK)])
}

/// The same, in which everybody reports once an hour; nothing else happens by itself.
pub(super) fn reporting() -> Chart {
    Chart { standup_every: Some(Millis::from_hours(1)), ..chart() }
}

/// A ledger and everybody's office, as a daemon starts them, without actors.
pub(super) struct Base {
    pub(super) store: MemoryStore,
    pub(super) clock: Arc<ManualClock>,
    pub(super) office: Arc<Office>,
    thread: JoinHandle<Option<Ledger>>,
}

impl Base {
    /// Starts as a daemon does at `now`, from what is in the store.
    pub(super) async fn open(store: MemoryStore, chart: Chart, now: WallTime, probe: Arc<dyn Probe>) -> Self {
        let (ledger, _) = Ledger::open(Box::new(store.clone())).expect("what was written can be read");
        let state = ledger.state();
        let anchor = Anchor::resumed(state.anchor, state.last, now, chart.clock);
        let clock = Arc::new(ManualClock::with_anchor(now, anchor));
        let ids = IdSource::from_seed(clock.clone(), state.sequence.0);
        let (handle, thread) = LedgerHandle::start(ledger, clock.clone()).expect("there are threads");
        let chart = Arc::new(chart);
        let begin = vec![Action::Start { program: "test".to_owned(), anchor }, Action::ApplyChart(Arc::clone(&chart))];
        for result in handle.commit(&Principal::system(), begin).await.expect("the ledger runs") {
            result.expect("a daemon may start");
        }
        let office = Arc::new(Office::new(handle, ids, chart, PathBuf::new(), String::new(), probe));
        Self { store, clock, office, thread }
    }

    pub(super) fn ledger(&self) -> &LedgerHandle {
        &self.office.ledger
    }

    /// Ends the ledger, and gives back what is on its disk.
    pub(super) async fn close(self) -> MemoryStore {
        self.office.ledger.close().await;
        drop(self.office);
        let _ = self.thread.join().expect("the ledger ends");
        self.store
    }

    /// Everything that has happened.
    pub(super) fn journal(&self) -> Vec<Entry> {
        let records = self.store.records(Sequence(1));
        records.map(|record| decode(&record.expect("it is there")).expect("it can be read")).collect()
    }

    /// When, and to which task, something happened, in order.
    pub(super) fn happened(&self, what: impl Fn(&TaskEvent) -> bool) -> Vec<(Stamp, TaskId)> {
        let task = |entry: Entry| match entry.event {
            Event::Task(id, event) if what(&event) => Some((entry.at, id)),
            _others => None,
        };
        self.journal().into_iter().filter_map(task).collect()
    }

    /// When the first clocks of tasks fired.
    pub(super) fn fired(&self) -> Vec<(Stamp, TaskId)> {
        self.happened(|event| matches!(event, TaskEvent::DelegationSentAgain))
    }

    /// When everybody reported.
    pub(super) fn standups(&self) -> Vec<OrgTime> {
        let held = |entry: &Entry| matches!(entry.event, Event::StandupHeld { .. }).then_some(entry.at.org);
        self.journal().iter().filter_map(held).collect()
    }

    /// Hands an instruction in.
    pub(super) async fn submit(&self) -> InstructionId {
        let id = self.office.ids.instruction();
        self.ask(&Principal::client(0), Action::Submit { id, request: inside::request("do it") }).await;
        id
    }

    /// Asks for something that is granted.
    pub(super) async fn ask(&self, principal: &Principal, action: Action) {
        let results = self.ledger().commit(principal, vec![action]).await.expect("the ledger runs");
        results.into_iter().for_each(|result| drop(result.expect("it is granted")));
    }

    /// Has those places do what policy says until they have nothing left to do. Attempts are started and nobody runs them.
    pub(super) async fn work(&self, who: impl Fn(&Role) -> bool) {
        loop {
            let owed = self.ledger().read(|state| state.owed().map(|(role, _)| role.clone()).collect::<BTreeSet<_>>());
            let mut happened = false;
            for role in owed.await.expect("the ledger runs").into_iter().filter(|role| who(role)) {
                let (at, mut ids, of) = (self.clock.now(), self.office.ids.clone(), role.clone());
                let made = self.ledger().read(move |state| moves(state, &of, at, &mut ids)).await;
                let actions = made.expect("the ledger runs").into_iter().filter_map(|made| match made {
                    Move::Commit(action) => Some(action),
                    Move::Start(task) => Some(Action::Task(task, TaskAction::StartAttempt)),
                    Move::StartLater(..) | Move::Attend(..) | Move::Review(_) | Move::Plan(_) => None,
                });
                let actions: Vec<Action> = actions.collect();
                if actions.is_empty() {
                    continue;
                }
                let results = self.ledger().commit(&Principal::role(role.clone()), actions).await;
                happened |= results.expect("the ledger runs").iter().flatten().any(|entries| !entries.is_empty());
            }
            if !happened {
                return;
            }
        }
    }

    /// Takes on instructions as far as their tasks, which nobody touches: each has a clock that fires after
    /// [`FIRST_CLOCK`].
    pub(super) async fn prepare(&self, count: usize) {
        for _ in 0..count {
            self.submit().await;
        }
        self.work(|role| matches!(role, Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_))).await;
        let tasks = self.ledger().read(|state| (state.tasks.len(), state.armed())).await.expect("the ledger runs");
        assert_eq!(tasks, (count, count), "each has its task, and each task its clock");
    }

    /// Waits until something holds.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let look = async {
            while !holds(self) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(SOON, look).await.is_err() {
            panic!("it takes too long until {what}: {:#?}", self.journal().iter().rev().take(5).collect::<Vec<_>>());
        }
    }
}

/// The same with a timer.
pub(super) struct House {
    pub(super) base: Base,
    timer: ActorRef<timer::Msg>,
}

impl House {
    pub(super) async fn open(store: MemoryStore, chart: Chart, now: WallTime) -> Self {
        Self::with_probe(store, chart, now, Arc::new(NoProbe)).await
    }

    pub(super) async fn with_probe(store: MemoryStore, chart: Chart, now: WallTime, probe: Arc<dyn Probe>) -> Self {
        Self::attend(Base::open(store, chart, now, probe).await).await
    }

    /// Has a timer attend to a ledger.
    pub(super) async fn attend(base: Base) -> Self {
        let args = timer::Args { office: Arc::clone(&base.office) };
        let (timer, _) = Actor::spawn(None, Timer, args).await.expect("the timer starts");
        Self { base, timer }
    }

    /// Ends as a daemon does.
    pub(super) async fn close(self) -> MemoryStore {
        self.timer.kill_and_wait(None).await.expect("the timer ends");
        self.base.close().await
    }
}
