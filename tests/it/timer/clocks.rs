//! What fires, when, and how often.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use echelon::actors::office::{NoProbe, Phase, Probe};
use echelon::actors::root;
use echelon::clock::Clock;
use echelon::domain::command::Action;
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::org::{ClockPolicy, Downtime};
use echelon::domain::role::{Principal, Role};
use echelon::domain::time::{Millis, WallTime};
use echelon::ledger::LedgerHandle;
use echelon::store::MemoryStore;

use super::house::{A_MOMENT, Base, FIRST_CLOCK, House, START, chart, reporting};

#[tokio::test]
async fn a_clock_fires_once_and_at_its_time_however_fast_organisation_time_runs() {
    for speed in [1, 60, 3_600] {
        let mut chart = chart();
        chart.clock.speed = speed;
        let house = House::open(MemoryStore::new(), chart, START).await;
        house.base.prepare(1).await;
        let begun = house.base.clock.now();
        let due = begun.org.plus(FIRST_CLOCK);
        let wait = FIRST_CLOCK.0 / i64::from(speed);
        house.base.clock.advance(Millis(wait - 1));
        tokio::time::sleep(A_MOMENT).await;
        house.base.clock.advance(Millis(1));
        house.base.until("it fires", |base| !base.fired().is_empty()).await;
        // It is not due again for three hours.
        house.base.clock.advance(Millis(1));
        tokio::time::sleep(A_MOMENT).await;
        let fired: Vec<_> = house.base.fired().iter().map(|(at, _)| (at.org, at.wall.since(begun.wall).0)).collect();
        assert_eq!(fired, [(due, wait)], "at speed {speed}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_wall_clock_that_jumps_fires_what_is_overdue_once() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    house.base.prepare(1).await;
    house.base.clock.jump(Millis(FIRST_CLOCK.0 * 3 / 2));
    house.base.until("it fires", |base| !base.fired().is_empty()).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(house.base.fired().len(), 1);
    house.close().await;
}

#[tokio::test]
async fn a_clock_that_comes_due_while_no_daemon_runs_fires_once_with_the_next() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    house.base.prepare(1).await;
    let mut store = house.close().await;
    let mut now = START.plus(Millis(FIRST_CLOCK.0 * 3 / 2));
    for start in 1..=3 {
        let house = House::open(store, chart(), now).await;
        house.base.until("it fires", |base| !base.fired().is_empty()).await;
        tokio::time::sleep(A_MOMENT).await;
        assert_eq!(house.base.fired().len(), 1, "after start {start}");
        now = now.plus(Millis(1));
        store = house.close().await;
    }
}

#[tokio::test]
async fn clocks_fire_while_a_daemon_drains_and_none_once_its_tree_has_ended() {
    let base = Base::open(MemoryStore::new(), reporting(), START, Arc::new(NoProbe)).await;
    let (tree, ends) = root::spawn(root::Args { office: Arc::clone(&base.office) }).await.expect("it starts");
    base.office.drain();
    base.clock.advance(Millis::from_hours(1));
    base.until("everybody reports", |base| !base.standups().is_empty()).await;
    tree.stop(None);
    ends.await.expect("the tree ends");
    // The ledger still takes what it is told, and nobody is left to tell it.
    base.clock.advance(Millis::from_hours(100));
    tokio::time::sleep(A_MOMENT).await;
    base.submit().await;
    assert_eq!(base.standups().len(), 1);
    base.close().await;
}

/// A client who asks for something right after the first clocks have fired.
#[derive(Default)]
struct Client {
    ledger: OnceLock<(LedgerHandle, Action)>,
    has_asked: AtomicBool,
}

impl Probe for Client {
    fn observe(&self, _: &Role, phase: Phase, what: &str) {
        if phase == Phase::After
            && what == "fire clocks"
            && let Some((ledger, action)) = self.ledger.get()
            && !self.has_asked.swap(true, Ordering::SeqCst)
        {
            ledger.commit_unheard(&Principal::client(0), action.clone());
        }
    }
}

#[tokio::test]
async fn many_that_are_due_together_fire_in_their_order_and_let_clients_in_between() {
    const COUNT: usize = 600;
    /// How many fire at first; more and more after that.
    const CHUNK: usize = 8;
    let client = Arc::new(Client::default());
    let base = Base::open(MemoryStore::new(), chart(), START, client.clone()).await;
    // One hundred tasks each at six times; ids grow with time, so deadlines are in the order of ids.
    for batch in 1..=6 {
        for _ in 0..COUNT / 6 {
            base.submit().await;
        }
        base.work(|role| matches!(role, Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_))).await;
        assert_eq!(base.ledger().read(|state| state.armed()).await, Ok(batch * COUNT / 6));
        base.clock.advance(Millis(7));
    }
    let late = Principal::client(0);
    base.submit().await;
    let reason = "it was a trial".to_owned();
    let last = base.ledger().read(|state| state.instructions.keys().next_back().copied()).await;
    let last = last.expect("the ledger runs").expect("there are some");
    let cancel = echelon::domain::command::InstructionAction::Cancel { reason };
    assert!(client.ledger.set((base.ledger().clone(), Action::Instruction(last, cancel))).is_ok());
    base.clock.advance(FIRST_CLOCK);
    let due = base.ledger().read(|state| {
        let mut due: Vec<_> = state.tasks.values().map(|task| (task.delegation.clone(), task.id)).collect();
        due.sort_by_key(|(delegation, id)| (delegation.as_ref().map(|one| one.acknowledge_by), *id));
        due.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    });
    let due = due.await.expect("the ledger runs");

    let house = House::attend(base).await;
    house.base.until("all have fired", |base| base.fired().len() >= COUNT).await;
    let fired: Vec<_> = house.base.fired().into_iter().map(|(_, id)| id).collect();
    assert_eq!(fired, due, "in the order of their deadlines");
    let journal = house.base.journal();
    let cancelled = journal.iter().position(|entry| entry.principal == late && is_cancelled(&entry.event));
    let cancelled = cancelled.expect("the client's command was carried out");
    let before = journal[..cancelled].iter().filter(|entry| is_fired(&entry.event)).count();
    assert_eq!(before, CHUNK, "the client came in after the first chunk");
    house.close().await;
}

fn is_cancelled(event: &Event) -> bool {
    use echelon::domain::event::InstructionEvent;
    matches!(event, Event::Instruction(_, InstructionEvent::Cancelled { .. }))
}

fn is_fired(event: &Event) -> bool {
    matches!(event, Event::Task(_, TaskEvent::DelegationSentAgain))
}

#[tokio::test]
async fn a_clock_whose_time_stood_still_with_the_daemon_fires_that_much_later() {
    let mut chart = chart();
    chart.clock = ClockPolicy { speed: 60, downtime: Downtime::Stops };
    let house = House::open(MemoryStore::new(), chart.clone(), START).await;
    house.base.prepare(1).await;
    // Half of the hour, and something happens then.
    house.base.clock.advance(Millis::from_secs(30));
    house.base.submit().await;
    let store = house.close().await;
    let again: WallTime = START.plus(Millis::from_hours(24));
    let house = House::open(store, chart, again).await;
    house.base.clock.advance(Millis::from_secs(30));
    house.base.until("it fires", |base| !base.fired().is_empty()).await;
    let at = house.base.fired()[0].0;
    assert_eq!(at.wall, again.plus(Millis::from_secs(30)));
    house.close().await;
}
