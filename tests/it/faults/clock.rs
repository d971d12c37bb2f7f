//! A wall clock that is set back and ahead by an hour, while the daemon runs and between two daemons, over a ledger on the
//! disk: no deadline is early, what is overdue fires once, what waits for a wall time does not wait for the hour, and the
//! journal never goes back in time.
//!
//! What a clock that is set by hand does to the timer is in `timer/clocks.rs`; this is the system's clock, with another
//! source than the machine's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use echelon::actors::office::{NoProbe, Office};
use echelon::actors::timer::{self, Timer};
use echelon::clock::{Clock, ReadWall, SystemClock, Until};
use echelon::domain::command::Action;
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::id::{Sequence, TaskId};
use echelon::domain::policy::{Move, moves};
use echelon::domain::role::{Principal, Role};
use echelon::domain::time::{Anchor, Millis, WallTime};
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle, decode, replay};
use echelon::store::SledStore;
use ractor::{Actor, ActorRef};

use super::chart;
use crate::support::{PATIENCE, inside};

const HOUR: i64 = 3_600_000;

/// Organisation time over wall time: an hour of it, which is the first clock of a task, takes 0.3 s.
const SPEED: u32 = 12_000;
const FIRST_CLOCK: Duration = Duration::from_millis(300);

/// A wall clock that runs as the machine's and can be set: for as many as there are tests, since a function has no state.
macro_rules! settable {
    () => {{
        static SET: AtomicI64 = AtomicI64::new(0);
        fn read() -> WallTime {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            WallTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + SET.load(Ordering::SeqCst))
        }
        (&SET, read as ReadWall)
    }};
}

/// A daemon without its tree: ledger and timer.
struct Daemon {
    folder: PathBuf,
    clock: Arc<SystemClock>,
    office: Arc<Office>,
    thread: JoinHandle<Option<Ledger>>,
    timer: ActorRef<timer::Msg>,
}

impl Daemon {
    async fn start(folder: &Path, read: ReadWall) -> Self {
        let store = SledStore::open(folder).expect("the store opens");
        let (ledger, _) = Ledger::open(Box::new(store)).expect("what was written can be read");
        let mut chart = chart();
        chart.clock.speed = SPEED;
        let state = ledger.state();
        let anchor = Anchor::resumed(state.anchor, state.last, read(), chart.clock);
        let clock = Arc::new(SystemClock::reading(read, state.last, anchor));
        let ids = IdSource::from_seed(clock.clone(), state.sequence.0);
        let (handle, thread) = LedgerHandle::start(ledger, clock.clone()).expect("there are threads");
        let chart = Arc::new(chart);
        let begin = vec![Action::Start { program: "test".to_owned(), anchor }, Action::ApplyChart(Arc::clone(&chart))];
        for result in handle.commit(&Principal::system(), begin).await.expect("the ledger runs") {
            result.expect("a daemon may start");
        }
        let office = Arc::new(Office::new(handle, ids, chart, PathBuf::new(), String::new(), Arc::new(NoProbe)));
        let (timer, _) =
            Actor::spawn(None, Timer, timer::Args { office: Arc::clone(&office) }).await.expect("the timer starts");
        Self { folder: folder.to_owned(), clock, office, thread, timer }
    }

    async fn ask(&self, principal: &Principal, action: Action) -> bool {
        let results = self.office.ledger.commit(principal, vec![action]).await.expect("the ledger runs");
        results.iter().all(Result::is_ok)
    }

    /// Has those places do what policy says until they have nothing left to do; tasks that could be started are not.
    async fn work(&self, who: impl Fn(&Role) -> bool) {
        loop {
            let owed =
                self.office.ledger.read(|state| state.owed().map(|(role, _)| role.clone()).collect::<BTreeSet<_>>());
            let mut happened = false;
            for role in owed.await.expect("the ledger runs").into_iter().filter(|role| who(role)) {
                let (at, mut ids, of) = (self.clock.now(), self.office.ids.clone(), role.clone());
                let made = self.office.ledger.read(move |state| moves(state, &of, at, &mut ids)).await;
                for made in made.expect("the ledger runs") {
                    if let Move::Commit(action) = made {
                        happened |= self.ask(&Principal::role(role.clone()), action).await;
                    }
                }
            }
            if !happened {
                return;
            }
        }
    }

    /// A task that nobody touches: its first clock fires after [`FIRST_CLOCK`].
    async fn take_on(&self) -> TaskId {
        let id = self.office.ids.instruction();
        assert!(self.ask(&Principal::client(0), Action::Submit { id, request: inside::request("do it") }).await);
        self.work(|role| matches!(role, Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_))).await;
        let newest = self.office.ledger.read(|state| state.tasks.keys().next_back().copied()).await;
        newest.expect("the ledger runs").expect("it was taken on")
    }

    async fn journal(&self) -> Vec<Entry> {
        let read = self.office.ledger.read_ledger(|ledger| {
            let reader = ledger.reader();
            reader.records(Sequence(1)).map(|record| decode(&record.expect("intact")).expect("readable")).collect()
        });
        read.await.expect("the ledger runs")
    }

    /// How often the first clock of a task fired.
    async fn fired(&self, task: TaskId) -> usize {
        let is_it =
            |entry: &Entry| matches!(entry.event, Event::Task(id, TaskEvent::DelegationSentAgain) if id == task);
        self.journal().await.into_iter().filter(is_it).count()
    }

    async fn until_fired(&self, task: TaskId) {
        let deadline = Instant::now() + PATIENCE;
        while self.fired(task).await == 0 {
            assert!(Instant::now() < deadline, "it never fires");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Ends as a daemon does; the journal is in order and gives the state.
    async fn stop(self) {
        let journal = self.journal().await;
        assert!(journal.iter().map(|entry| entry.at.wall).is_sorted(), "wall time goes back");
        assert!(journal.iter().map(|entry| entry.at.org).is_sorted(), "organisation time goes back");
        self.timer.kill_and_wait(None).await.expect("the timer ends");
        self.office.ledger.close().await;
        drop(self.office);
        let ledger = self.thread.join().expect("the ledger ends").expect("it was well");
        let replayed = replay(ledger.reader().as_ref()).expect("the journal can be read");
        assert_eq!(replayed.last, ledger.state().last);
        drop(ledger);
        SledStore::open(&self.folder).map(drop).expect("the store opens");
    }
}

#[tokio::test]
async fn a_wall_clock_that_is_set_while_the_daemon_runs_makes_no_clock_early_and_none_fire_twice() {
    let (set, read) = settable!();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let daemon = Daemon::start(folder.path(), read).await;
    for by in [-HOUR, 2 * HOUR, -HOUR] {
        let begun = Instant::now();
        let task = daemon.take_on().await;
        set.fetch_add(by, Ordering::SeqCst);
        daemon.until_fired(task).await;
        assert!(begun.elapsed() >= FIRST_CLOCK, "early by {by}: {:?}", begun.elapsed());
        assert!(begun.elapsed() < FIRST_CLOCK * 20, "late by {by}: {:?}", begun.elapsed());
        assert_eq!(daemon.fired(task).await, 1, "once, by {by}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_wall_clock_that_is_set_between_two_daemons_costs_no_event_and_fires_what_is_overdue_once() {
    let (set, read) = settable!();
    let folder = tempfile::tempdir().expect("a temporary directory");
    for by in [-HOUR, 2 * HOUR, -HOUR] {
        let daemon = Daemon::start(folder.path(), read).await;
        let begun = Instant::now();
        let task = daemon.take_on().await;
        daemon.stop().await;
        set.fetch_add(by, Ordering::SeqCst);
        let daemon = Daemon::start(folder.path(), read).await;
        daemon.until_fired(task).await;
        // Time that passed without a daemon counts; the clock cannot know that it did not.
        assert!(by > 0 || begun.elapsed() >= FIRST_CLOCK, "early by {by}: {:?}", begun.elapsed());
        daemon.stop().await;
        let daemon = Daemon::start(folder.path(), read).await;
        assert_eq!(daemon.fired(task).await, 1, "once, by {by}");
        daemon.stop().await;
    }
}

#[tokio::test]
async fn what_waits_for_a_wall_time_goes_on_soon_after_the_clock_was_set_back() {
    let (set, read) = settable!();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let daemon = Daemon::start(folder.path(), read).await;
    let begun = (daemon.clock.now().wall, Instant::now());
    let wait = Millis(60);
    set.fetch_sub(HOUR, Ordering::SeqCst);
    let until = Until { wall: Some(begun.0.plus(wait)), ..Until::default() };
    while daemon.clock.now().wall < begun.0.plus(wait) {
        daemon.clock.sleep_until(until).await;
    }
    let passed = begun.1.elapsed();
    assert!(passed >= Duration::from_millis(60), "early: {passed:?}");
    assert!(passed < Duration::from_secs(30), "it waits for the system's clock to catch up: {passed:?}");
    daemon.stop().await;
}
