//! Actors that get messages, or do not: what they owe is derived from state, so both come to the same.

use std::collections::BTreeSet;
use std::panic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use echelon::actors::office::{NoProbe, Office, Phase, Probe};
use echelon::actors::root;
use echelon::clock::{Clock, SystemClock};
use echelon::domain::command::Action;
use echelon::domain::id::{BroadcastId, IcId};
use echelon::domain::org::Chart;
use echelon::domain::presence::AbsenceKind;
use echelon::domain::protocol::{Channel, Notice, NoticeKind};
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::time::Anchor;
use echelon::ids::IdSource;
use echelon::ledger::{self, Ledger, LedgerHandle};
use echelon::store::MemoryStore;
use ractor::ActorRef;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{chart, ic, lead, manager, request, tech_lead};
use crate::supervision::keep_quiet_about_planted_panics;
use crate::support::PATIENCE;

/// A ledger in memory, with a tree of actors once somebody moves in.
struct House {
    office: Arc<Office>,
    ledger_thread: thread::JoinHandle<Option<Ledger>>,
    tree: Option<(ActorRef<root::Msg>, JoinHandle<()>)>,
}

impl House {
    async fn empty(chart: Chart, probe: Arc<dyn Probe>) -> Self {
        let (ledger, _) = Ledger::open(Box::new(MemoryStore::new())).expect("it is empty");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let ids = IdSource::from_system(Arc::clone(&clock));
        let (handle, ledger_thread) = LedgerHandle::start(ledger, clock).expect("there is a thread");
        let chart = Arc::new(chart);
        let begin = vec![
            Action::Start { program: "0".to_owned(), anchor: Anchor::WITH_WALL },
            Action::ApplyChart(Arc::clone(&chart)),
        ];
        let begun = handle.commit(&Principal::system(), begin).await.expect("the ledger runs");
        assert!(begun.iter().all(Result::is_ok), "{begun:?}");
        let office = Office::new(handle, ids, chart, PathBuf::from("/nowhere"), "test".to_owned(), probe);
        Self { office: Arc::new(office), ledger_thread, tree: None }
    }

    async fn move_in(&mut self) {
        let tree = root::spawn(root::Args { office: Arc::clone(&self.office) }).await;
        self.tree = Some(tree.expect("the tree comes to life"));
    }

    async fn open(chart: Chart, probe: Arc<dyn Probe>) -> Self {
        let mut house = Self::empty(chart, probe).await;
        house.move_in().await;
        house
    }

    async fn close(self) {
        if let Some((tree, ends)) = self.tree {
            tree.stop(None);
            ends.await.expect("the tree ends");
        }
        self.office.ledger.close().await;
        self.ledger_thread.join().expect("the ledger's thread ends");
    }

    async fn ask(&self, action: Action) {
        let results = self.office.ledger.commit(&Principal::client(0), vec![action]).await.expect("the ledger runs");
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    async fn say(&self, number: u128, channel: Channel) -> BroadcastId {
        let id = BroadcastId::new(Uuid::from_u128(number));
        let notice = Notice {
            channel,
            kind: NoticeKind::Milestone,
            subject: "half way".to_owned(),
            impact: String::new(),
            action_items: Vec::new(),
        };
        self.ask(Action::Broadcast { id, notice }).await;
        id
    }

    async fn submit(&self, work_type: &str) {
        let id = self.office.ids.instruction();
        self.ask(Action::Submit { id, request: request(work_type) }).await;
    }

    /// Waits until something holds of the state.
    async fn until(&self, what: &str, holds: impl Fn(&State) -> bool + Clone + Send + 'static) {
        let look = async {
            while !self.office.ledger.read(holds.clone()).await.expect("the ledger runs") {
                sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(PATIENCE, look).await.is_ok(), "waited in vain: {what}");
    }

    /// Waits until these, and nobody else, have done something.
    async fn until_done(&self, what: &str, watch: &Watch, by: &BTreeSet<Role>) {
        let look = async {
            while watch.who_did(what) != *by {
                sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(PATIENCE, look).await.is_ok(), "{:?}", watch.who_did(what));
    }

    async fn until_read(&self, id: BroadcastId) {
        let everybody = move |state: &State| {
            let sent = state.broadcasts.get(&id).expect("it was sent");
            sent.recipients.values().all(Option::is_some)
        };
        self.until("everybody has read it", everybody).await;
    }
}

/// What actors did, and a panic of one of them.
#[derive(Default)]
struct Watch {
    fails: Option<(Role, &'static str)>,
    times: usize,
    failed: AtomicUsize,
    seen: Mutex<BTreeSet<(Role, String)>>,
}

impl Watch {
    fn fails(role: Role, what: &'static str, times: usize) -> Self {
        keep_quiet_about_planted_panics();
        Self { fails: Some((role, what)), times, ..Self::default() }
    }

    fn who_did(&self, what: &str) -> BTreeSet<Role> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|(_, done)| done == what).map(|(role, _)| role.clone()).collect()
    }
}

impl Probe for Watch {
    fn observe(&self, role: &Role, phase: Phase, what: &str) {
        if phase == Phase::After {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert((role.clone(), what.to_owned()));
            return;
        }
        let is_due = self.fails.as_ref().is_some_and(|(place, action)| place == role && *action == what);
        if is_due && self.failed.fetch_add(1, Ordering::SeqCst) < self.times {
            panic!("planted: {role} before {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_reaches_everybody_in_the_channel_and_is_marked_as_read() {
    let watch = Arc::new(Watch::default());
    let house = House::open(chart(), Arc::clone(&watch) as Arc<dyn Probe>).await;
    let id = house.say(1, Channel::All).await;
    house.until_read(id).await;
    let everybody =
        [manager(), tech_lead(), lead("main/build"), lead("main/check"), ic("main/build/ann"), ic("main/check/cid")];
    // Whoever reads hears a little later that it is durable.
    house.until_done("mark as read", &watch, &BTreeSet::from(everybody)).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_that_nobody_was_there_to_hear_is_read_by_whoever_comes() {
    let mut house = House::empty(chart(), Arc::new(NoProbe)).await;
    let id = house.say(1, Channel::All).await;
    house.move_in().await;
    house.until_read(id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_that_dies_over_a_broadcast_reads_it_when_it_comes_back() {
    let watch = Arc::new(Watch::fails(ic("main/build/ann"), "mark as read", 2));
    let house = House::open(chart(), Arc::clone(&watch) as Arc<dyn Probe>).await;
    let first = house.say(1, Channel::Team("main/build".parse().expect("a domain's name"))).await;
    let second = house.say(2, Channel::All).await;
    house.until_read(first).await;
    house.until_read(second).await;
    assert!(watch.failed.load(Ordering::SeqCst) > 2, "it died twice and tried again");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_given_work_says_that_they_have_it_even_while_they_cannot_begin() {
    let house = House::open(chart(), Arc::new(NoProbe)).await;
    // She has room for one attempt, and each takes an hour.
    for _ in 0..3 {
        house.submit("single").await;
    }
    house
        .until("everything is acknowledged", |state| {
            let given: Vec<_> = state.tasks.values().filter_map(|task| task.delegation.as_ref()).collect();
            given.len() == 3 && given.iter().all(|one| one.to == ic("main/build/ann") && one.acknowledged.is_some())
        })
        .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_that_are_given_up_are_dead_for_the_core_with_everything_below_them() {
    let watch = Arc::new(Watch::fails(manager(), "triage", usize::MAX));
    let house = House::open(chart(), watch).await;
    house.submit("single").await;
    house
        .until("the whole department is dead", |state| {
            let gone = state.chart.places_from(&manager());
            let is_dead = |role: &Role| {
                state
                    .absence(role)
                    .is_some_and(|absence| absence.kind == AbsenceKind::Dead && absence.reason.contains("planted"))
            };
            gone.len() == 6 && gone.iter().all(is_dead)
        })
        .await;
    assert_eq!(house.office.degraded().into_keys().collect::<Vec<_>>(), [manager()]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_follows_the_chart() {
    let watch = Arc::new(Watch::default());
    let house = House::open(chart(), Arc::clone(&watch) as Arc<dyn Probe>).await;
    house.submit("single").await;
    house.until("she is at work", |state| state.tasks.values().any(|task| task.running_epoch().is_some())).await;
    let mut changed = chart();
    let ann: IcId = "main/build/ann".parse().expect("an IC's name");
    let ben: IcId = "main/build/ben".parse().expect("an IC's name");
    let mut newcomer = changed.ics.remove(&ann).expect("she was there");
    newcomer.id = ben.clone();
    newcomer.parallel_limit = 2;
    changed.ics.insert(ben.clone(), newcomer);
    house.submit("single").await;
    house.ask(Action::ApplyChart(Arc::new(changed))).await;
    let both = move |state: &State| {
        let his = |task: &&echelon::domain::task::Task| {
            task.running_epoch().is_some() && task.state.assignee().and_then(|one| one.ic()) == Some(&ben)
        };
        state.tasks.values().filter(his).count() == 2
    };
    house.until("the newcomer does both side by side", both).await;
    let mut running = house.office.running();
    let only_his = timeout(PATIENCE, running.wait_for(|count| *count == 2)).await;
    assert!(only_his.is_ok(), "her run ends");
    // Nobody hears what is said to her any more, and everybody who is there does.
    let id = house.say(1, Channel::All).await;
    house.until_read(id).await;
    let recipients = house.office.ledger.read(move |state| state.broadcasts[&id].recipients.clone());
    let recipients = recipients.await.expect("the ledger runs").into_keys();
    let there = BTreeSet::from([
        manager(),
        tech_lead(),
        lead("main/build"),
        lead("main/check"),
        ic("main/build/ben"),
        ic("main/check/cid"),
    ]);
    assert_eq!(recipients.collect::<BTreeSet<_>>(), there);
    house.until_done("mark as read", &watch, &there).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_handed_more_messages_of_one_group_than_they_can_use() {
    let house = House::empty(chart(), Arc::new(NoProbe)).await;
    let heard = Arc::new(Mutex::new((0, 0)));
    let ears = Arc::clone(&heard);
    let wake = move |notice: ledger::Notice| {
        let mut heard = ears.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            ledger::Notice::Message(_) => heard.0 += 1,
            ledger::Notice::Owed => heard.1 += 1,
            ledger::Notice::Chart => {}
        }
    };
    house.office.ledger.attach(manager(), Box::new(wake)).await.expect("the ledger runs");
    // What comes in together with an attachment may be decided on first.
    house.office.ledger.read(|_| ()).await.expect("the ledger runs");
    let said = (0..100).map(|number| Action::Broadcast {
        id: BroadcastId::new(Uuid::from_u128(number)),
        notice: Notice {
            channel: Channel::All,
            kind: NoticeKind::Blocker,
            subject: "again".to_owned(),
            impact: String::new(),
            action_items: Vec::new(),
        },
    });
    let said = house.office.ledger.commit(&Principal::client(0), said.collect()).await.expect("the ledger runs");
    assert!(said.iter().all(Result::is_ok));
    house.office.ledger.read(|_| ()).await.expect("the ledger runs");
    assert_eq!(*heard.lock().expect("nobody panicked"), (64, 1));
    house.close().await;
}
