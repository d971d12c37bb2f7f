//! Subscriptions and wake-ups.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::event::{Entry, Event, InstructionEvent};
use echelon::domain::id::{InstructionId, Sequence, TaskId};
use echelon::domain::role::{Principal, Role};
use echelon::ledger::{Filter, Ledger, LedgerHandle, Subscription, decode};
use echelon::store::{MemoryStore, Reader};
use tokio::time::timeout;

use super::office::{Attempts, Company, chart, request};

/// How long anything here may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

fn open(content: &MemoryStore) -> Ledger {
    Ledger::open(Box::new(content.clone())).expect("what was written can be read").0
}

fn start(ledger: Ledger, company: &Company) -> (LedgerHandle, std::thread::JoinHandle<Option<Ledger>>) {
    LedgerHandle::start(ledger, company.clock.clone()).expect("there are threads")
}

async fn next(events: &mut Subscription, handle: &LedgerHandle) -> Option<Entry> {
    timeout(SOON, events.next(handle)).await.expect("it comes soon").expect("the store can be read")
}

/// Makes a thousand events: five hundred instructions that are cancelled in the same group.
async fn make_a_thousand(handle: &LedgerHandle, company: &Company) {
    let mut actions = Vec::new();
    for _ in 0..500 {
        let id = company.ids.instruction();
        actions.push(Action::Submit { id, request: request("quick", "never mind", None) });
        actions.push(Action::Instruction(id, InstructionAction::Cancel { reason: "never mind".to_owned() }));
    }
    let results = handle.commit(&Principal::client(0), actions).await.expect("it runs");
    assert!(results.iter().all(Result::is_ok));
}

#[tokio::test]
async fn what_is_there_already_is_all_of_it_even_for_a_subscriber_that_was_cut_off() {
    let mut company = Company::new();
    let mut ledger = open(&MemoryStore::new());
    company.apply(&mut ledger, chart());
    let (handle, _) = start(ledger, &company);
    let mut events = handle.subscribe(Sequence(1), Filter::everything()).await.expect("it runs");
    for _ in 0..3 {
        make_a_thousand(&handle, &company).await;
    }
    let last = handle.read(|state| state.sequence).await.expect("it runs");
    let mut seen = Sequence(0);
    while let Some(entry) = events.ready().expect("the store can be read") {
        assert_eq!(entry.sequence, seen.next());
        seen = entry.sequence;
    }
    assert_eq!(seen, last);
    assert!(seen.0 > 3_000, "more than a feed holds");
    make_a_thousand(&handle, &company).await;
    assert_eq!(next(&mut events, &handle).await.map(|entry| entry.sequence), Some(last.next()), "and it goes on");
}

#[tokio::test]
async fn a_slow_subscriber_misses_nothing_and_sees_nothing_twice() {
    let mut company = Company::new();
    let mut ledger = open(&MemoryStore::new());
    company.apply(&mut ledger, chart());
    let (handle, _) = start(ledger, &company);
    make_a_thousand(&handle, &company).await;
    let mut from_start = handle.subscribe(Sequence(1), Filter::everything()).await.expect("it runs");
    let mut from_middle = handle.subscribe(Sequence(700), Filter::everything()).await.expect("it runs");
    let mut from_end = handle.subscribe(Sequence(1_002), Filter::everything()).await.expect("it runs");
    // Far more than a feed holds, before anybody reads.
    for _ in 0..5 {
        make_a_thousand(&handle, &company).await;
    }
    for (events, first) in [(&mut from_start, 1), (&mut from_middle, 700), (&mut from_end, 1_002)] {
        for expected in first..=4_000 {
            let entry = next(events, &handle).await.expect("it goes on");
            assert_eq!(entry.sequence.0, expected);
        }
    }
    // It goes on in the middle of reading, again and again past what a feed holds.
    for round in 1..=3 {
        for _ in 0..2 {
            make_a_thousand(&handle, &company).await;
        }
        for (events, more) in [(&mut from_start, 2_000), (&mut from_middle, 1_500), (&mut from_end, 100)] {
            for _ in 0..more {
                next(events, &handle).await.expect("it goes on");
            }
        }
        let entry = next(&mut from_start, &handle).await.expect("it goes on");
        assert_eq!(entry.sequence.0, 4_000 + round * 2_001);
    }
    handle.close().await;
    // Whoever was cut off reads the rest, and then it is over.
    for (mut events, seen) in [(from_start, 10_003), (from_middle, 8_500), (from_end, 4_300)] {
        for expected in seen + 1..=12_001 {
            let entry = next(&mut events, &handle).await.expect("it is durable");
            assert_eq!(entry.sequence.0, expected);
        }
        assert_eq!(next(&mut events, &handle).await, None);
        assert_eq!(next(&mut events, &handle).await, None);
    }
}

/// What a filter for one instruction should let through: looked up with hindsight.
fn of(instruction: InstructionId, content: &MemoryStore) -> Vec<Entry> {
    let all: Vec<Entry> = content
        .records(Sequence(1))
        .map(|record| decode(&record.expect("memory can be read")).expect("it was just written"))
        .collect();
    let tasks: BTreeSet<TaskId> = all
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Instruction(id, InstructionEvent::Planned { plan }) if *id == instruction => Some(&plan.tasks),
            _others => None,
        })
        .flatten()
        .map(|task| task.id)
        .collect();
    let wanted = |entry: &Entry| match &entry.event {
        Event::Received { id, .. } | Event::Instruction(id, _) => *id == instruction,
        Event::Task(id, _) => tasks.contains(id),
        Event::ChartApplied(_)
        | Event::Started { .. }
        | Event::ClockAnchored(_)
        | Event::SilenceExcused
        | Event::Absent { .. }
        | Event::Present { .. }
        | Event::Broadcast { .. }
        | Event::BroadcastsRead { .. }
        | Event::StandupHeld { .. }
        | Event::DigestSent { .. }
        | Event::CapacityNoted { .. } => false,
    };
    all.into_iter().filter(wanted).collect()
}

#[tokio::test]
async fn following_one_instruction_shows_all_of_it_from_anywhere_also_after_its_end() {
    let content = MemoryStore::new();
    let mut company = Company::new();
    let mut ledger = open(&content);
    company.apply(&mut ledger, chart());
    let ids = company.submit(
        &mut ledger,
        vec![request("full", "this", None), request("full", "that", None), request("quick", "other", None)],
    );
    let planned = Attempts::GoOn;
    for _ in 0..4 {
        company.work(&mut ledger, planned);
    }
    let middle = ledger.state().sequence;

    // A feed that is opened in the middle and lives on until the end.
    let (handle, thread) = start(ledger, &company);
    let mut live = Vec::new();
    for id in &ids {
        for from in [Sequence(1), middle, middle.next()] {
            live.push((*id, from, handle.subscribe(from, Filter::instruction(*id)).await.expect("it runs")));
        }
    }
    handle.close().await;
    let mut ledger = thread.join().expect("it does not panic").expect("no write failed");
    company.finish(&mut ledger);
    assert!(ledger.state().instructions.is_empty(), "all are over");
    let (handle, _) = start(ledger, &company);
    for id in &ids {
        for from in [Sequence(1), middle, middle.next()] {
            live.push((*id, from, handle.subscribe(from, Filter::instruction(*id)).await.expect("it runs")));
        }
    }
    for (id, from, mut events) in live {
        let expected: Vec<Entry> = of(id, &content).into_iter().filter(|entry| entry.sequence >= from).collect();
        assert!(expected.len() > 3);
        for entry in expected {
            assert_eq!(next(&mut events, &handle).await, Some(entry), "{id} from {from}");
        }
        assert_eq!(events.ready().expect("the store can be read"), None, "{id} from {from}");
    }
}

#[tokio::test]
async fn a_role_is_woken_when_what_it_owes_has_changed_and_only_by_the_last_who_asked() {
    let mut company = Company::new();
    let mut ledger = open(&MemoryStore::new());
    company.apply(&mut ledger, chart());
    let (handle, _) = start(ledger, &company);
    let counts: Vec<Arc<AtomicUsize>> = (0..3).map(|_| Arc::default()).collect();
    let manager = Role::EngineeringManager("main".parse().expect("a department's name"));
    let lead = Role::DomainLead("main/check".parse().expect("a domain's name"));
    for (count, role) in counts.iter().zip([&manager, &manager, &lead]) {
        let count = Arc::clone(count);
        let wake = move |_: echelon::ledger::Notice| {
            count.fetch_add(1, Ordering::SeqCst);
        };
        handle.attach(role.clone(), Box::new(wake)).await.expect("it runs");
    }
    // Commands that come in together with an attachment may be decided on first; whoever attaches looks once afterwards.
    handle.read(|_| ()).await.expect("it runs");
    let count = |place: usize| counts[place].load(Ordering::SeqCst);
    assert_eq!([count(0), count(1), count(2)], [0, 0, 0]);

    let id = company.ids.instruction();
    let action = Action::Submit { id, request: request("quick", "do it", None) };
    handle.commit(&Principal::client(0), vec![action]).await.expect("it runs")[0].as_ref().expect("it is taken on");
    // Wake-ups come right after the answer, before anything that is asked for later is done.
    let owed = manager.clone();
    let duties = handle.read(move |state| state.owed_by(&owed).count()).await.expect("it runs");
    assert_eq!(duties, 1);
    assert_eq!([count(0), count(1), count(2)], [0, 1, 0]);

    // That a duty has gone away is nothing new where nobody is at work on it.
    let cancel = Action::Instruction(id, InstructionAction::Cancel { reason: "never mind".to_owned() });
    handle.commit(&Principal::client(0), vec![cancel]).await.expect("it runs")[0].as_ref().expect("it is cancelled");
    handle.read(|_| ()).await.expect("it runs");
    assert_eq!([count(0), count(1), count(2)], [0, 1, 0]);
}
