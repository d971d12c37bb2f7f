//! Organisation time across restarts.

use std::sync::Arc;

use echelon::actors::office::NoProbe;
use echelon::clock::Clock;
use echelon::domain::event::{Entry, Event};
use echelon::domain::id::Sequence;
use echelon::domain::org::{ClockPolicy, Downtime};
use echelon::domain::time::{Anchor, Millis};
use echelon::ledger::{Filter, LedgerHandle};
use echelon::store::MemoryStore;

use super::house::{Base, START, chart};
use crate::supervision::start;

fn anchors(entries: &[Entry]) -> Vec<Anchor> {
    let anchor = |entry: &Entry| match &entry.event {
        Event::ClockAnchored(anchor) => Some(*anchor),
        _others => None,
    };
    entries.iter().filter_map(anchor).collect()
}

#[tokio::test]
async fn organisation_time_goes_on_after_a_restart_as_the_chart_says_and_anchors_are_recorded_where_they_change() {
    let hour = |hours: i64| Millis::from_hours(hours).0;
    let table = [
        // Speeds of the first and the second daemon, what downtime does, organisation time from the last event of the
        // first to the start of the second two hours later, and how many anchors the journal has.
        (1, 1, Downtime::Counts, hour(2), 0),
        (1, 1, Downtime::Stops, 0, 1),
        (1, 60, Downtime::Counts, hour(2), 1),
        (60, 60, Downtime::Counts, hour(120), 1),
        (60, 60, Downtime::Stops, 0, 2),
        (60, 1, Downtime::Counts, hour(120), 2),
        (60, 1, Downtime::Stops, 0, 2),
    ];
    for (first, second, downtime, passed, count) in table {
        let case = format!("{first}, then {second}, {downtime:?}");
        let mut chart = chart();
        chart.clock = ClockPolicy { speed: first, downtime };
        let base = Base::open(MemoryStore::new(), chart.clone(), START, Arc::new(NoProbe)).await;
        base.clock.advance(Millis::from_secs(5));
        base.submit().await;
        let last = base.clock.now();
        assert_eq!(last.org.as_millis() - START.as_millis(), 5_000 * i64::from(first), "{case}");
        let store = base.close().await;

        chart.clock.speed = second;
        let base = Base::open(store, chart, last.wall.plus(Millis::from_hours(2)), Arc::new(NoProbe)).await;
        assert_eq!(base.clock.now().org.since(last.org), Millis(passed), "{case}");
        base.clock.advance(Millis::from_secs(1));
        let on = Millis(passed + 1_000 * i64::from(second));
        assert_eq!(base.clock.now().org.since(last.org), on, "{case}");
        assert_eq!(anchors(&base.journal()).len(), count, "{case}");
        let org: Vec<_> = base.journal().iter().map(|entry| entry.at.org).collect();
        assert!(org.is_sorted(), "{case}: organisation time went backwards");
        base.close().await;
    }
}

async fn history(ledger: &LedgerHandle) -> Vec<Entry> {
    let last = ledger.read(|state| state.sequence).await.expect("the ledger runs");
    let mut events = ledger.subscribe(Sequence(1), Filter::everything()).await.expect("the ledger runs");
    let mut entries = Vec::new();
    while entries.last().is_none_or(|entry: &Entry| entry.sequence < last) {
        entries.push(events.next(ledger).await.expect("it can be read").expect("the ledger runs"));
    }
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_takes_organisation_time_up_where_the_one_before_it_left_it() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut chart = chart();
    chart.clock = ClockPolicy { speed: 3_600, downtime: Downtime::Stops };
    let mut entries: Vec<Entry> = Vec::new();
    for count in 1..=3 {
        let before = entries.last().map(|entry| entry.at);
        let app = start(&folder.path().join("data"), Some(chart.clone()), Arc::new(NoProbe)).await;
        let ledger = &app.office().ledger;
        assert_eq!(ledger.clock().speed(), 3_600);
        entries = history(ledger).await;
        let anchors = anchors(&entries);
        assert_eq!(anchors.len(), count, "each start has its own");
        if let (Some(before), Some(anchor)) = (before, anchors.last()) {
            assert_eq!(anchor.org, before.org, "no time has passed meanwhile");
            assert!(anchor.wall >= before.wall);
        }
        assert!(entries.is_sorted_by_key(|entry| (entry.at.org, entry.at.wall)));
        app.stop().await;
    }
}
