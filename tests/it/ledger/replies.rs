//! When answers come, and what they are once something went wrong.

use std::sync::atomic::Ordering;
use std::time::Duration;

use echelon::domain::command::Action;
use echelon::domain::id::Sequence;
use echelon::domain::role::Principal;
use echelon::ledger::{Filter, Ledger, LedgerHandle, Stopped};
use echelon::store::{MemoryStore, Reader};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::office::{Company, chart, request};
use super::stores::{Guard, Guarded, Turn};
use crate::supervision::keep_quiet_about_planted_panics;

/// How long anything here may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

/// A ledger whose chart is applied and whose store waits for the test from then on.
fn start() -> (LedgerHandle, Guard, Company) {
    let content = MemoryStore::new();
    let mut company = Company::new();
    let (mut ledger, _) = Ledger::open(Box::new(content.clone())).expect("an empty store opens");
    company.apply(&mut ledger, chart());
    drop(ledger);
    let (store, guard) = Guarded::over(&content);
    let (ledger, _) = Ledger::open(Box::new(store)).expect("it was just written");
    let (handle, _) = LedgerHandle::start(ledger, company.clock.clone()).expect("there are threads");
    (handle, guard, company)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    if timeout(SOON, wait).await.is_err() {
        panic!("it takes too long until {what}");
    }
}

/// Submits an instruction on a task of its own; the answer is the event it became.
fn submit(handle: &LedgerHandle, company: &Company) -> JoinHandle<Result<Sequence, Stopped>> {
    let (handle, id) = (handle.clone(), company.ids.instruction());
    tokio::spawn(async move {
        let action = Action::Submit { id, request: request("quick", "do it", None) };
        let results = handle.commit(&Principal::client(0), vec![action]).await?;
        let entries = results.into_iter().next().expect("one answer").expect("it can be taken on");
        Ok(entries.first().expect("it became an event").sequence)
    })
}

async fn answer(waiting: JoinHandle<Result<Sequence, Stopped>>) -> Result<Sequence, Stopped> {
    timeout(SOON, waiting).await.expect("an answer comes soon").expect("asking does not panic")
}

#[tokio::test]
async fn nobody_is_answered_before_the_whole_group_is_durable_and_groups_keep_their_order() {
    let (handle, guard, company) = start();
    let first = submit(&handle, &company);
    until("the first commit begins", || guard.begun.load(Ordering::SeqCst) == 1).await;

    // What comes in while the disk is at work waits for it, and is one group afterwards.
    let rest: Vec<_> = (0..100).map(|_| submit(&handle, &company)).collect();
    let reading = tokio::spawn({
        let handle = handle.clone();
        async move { handle.read(|state| state.sequence).await }
    });
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(!first.is_finished() && !reading.is_finished() && !rest.iter().any(JoinHandle::is_finished));

    guard.allow(Turn::Commit);
    assert_eq!(answer(first).await, Ok(Sequence(2)));
    assert_eq!(guard.durable.load(Ordering::SeqCst), 2);
    until("the second commit begins", || guard.begun.load(Ordering::SeqCst) == 2).await;
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(!reading.is_finished() && !rest.iter().any(JoinHandle::is_finished));

    guard.allow(Turn::Commit);
    for (place, waiting) in rest.into_iter().enumerate() {
        let sequence = answer(waiting).await.expect("it was committed");
        assert!(guard.durable.load(Ordering::SeqCst) >= sequence.0);
        assert_eq!(sequence.0, 3 + place as u64, "in the order in which it was asked for");
    }
    assert_eq!(reading.await.expect("reading does not panic"), Ok(Sequence(102)));
    assert_eq!(guard.begun.load(Ordering::SeqCst), 2, "a hundred commands were one group");
}

#[tokio::test]
async fn a_failed_write_answers_nobody_stops_the_ledger_and_says_so() {
    let (handle, guard, company) = start();
    guard.allow(Turn::Commit);
    assert_eq!(answer(submit(&handle, &company)).await, Ok(Sequence(2)));
    let mut events = handle.subscribe(Sequence(1), Filter::everything()).await.expect("it runs");
    let durable = guard.content.last().expect("memory can be read");

    let waiting: Vec<_> = (0..10).map(|_| submit(&handle, &company)).collect();
    guard.allow(Turn::Fail);
    for answered in waiting {
        assert_eq!(answer(answered).await, Err(Stopped));
    }
    let message = timeout(SOON, handle.failed()).await.expect("it is told");
    assert!(message.contains("the disk is on fire"), "{message}");
    assert_eq!(answer(submit(&handle, &company)).await, Err(Stopped));
    assert_eq!(handle.read(|_| ()).await, Err(Stopped));
    assert!(handle.subscribe(Sequence(1), Filter::everything()).await.is_err());

    // Whoever follows sees what is durable, and nothing else.
    for sequence in [1, 2] {
        let entry = events.next(&handle).await.expect("memory can be read").expect("it is durable");
        assert_eq!(entry.sequence, Sequence(sequence));
    }
    assert_eq!(events.next(&handle).await.expect("memory can be read"), None);
    assert_eq!(guard.content.last().expect("memory can be read"), durable);
}

#[tokio::test]
async fn a_ledger_that_panics_says_so_and_a_look_that_panics_costs_nobody_else_anything() {
    keep_quiet_about_planted_panics();
    let (handle, guard, company) = start();
    let looked = handle.read(|_| -> u64 { panic!("planted: while looking") }).await;
    assert_eq!(looked, Err(Stopped));
    guard.allow(Turn::Commit);
    assert_eq!(answer(submit(&handle, &company)).await, Ok(Sequence(2)));

    let waiting = submit(&handle, &company);
    guard.allow(Turn::Panic);
    assert_eq!(answer(waiting).await, Err(Stopped));
    let message = timeout(SOON, handle.failed()).await.expect("it is told");
    assert!(message.contains("panicked"), "{message}");
    assert_eq!(answer(submit(&handle, &company)).await, Err(Stopped));
}

#[tokio::test]
async fn all_is_well_is_no_news() {
    let (handle, guard, company) = start();
    guard.allow(Turn::Commit);
    let waiting = submit(&handle, &company);
    let failed = handle.failed();
    tokio::pin!(failed);
    tokio::select! {
        biased;
        message = &mut failed => panic!("nothing failed: {message}"),
        sequence = answer(waiting) => assert_eq!(sequence, Ok(Sequence(2))),
    }
    // The end of a ledger is no failure.
    guard.allow(Turn::Commit);
    handle.close().await;
    until("the ledger ends", || guard.begun.load(Ordering::SeqCst) == 2).await;
    assert!(timeout(Duration::from_millis(20), failed).await.is_err());
}
