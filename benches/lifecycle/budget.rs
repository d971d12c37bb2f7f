//! Which events a task of the first tier costs, and how many bytes each of them has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use echelon::domain::event::{Entry, Event};
use echelon::domain::id::Sequence;
use echelon::ledger::{decode, encode};
use echelon::store::{MemoryStore, Reader};

use super::house::{House, usual_chart};
use super::{number, say};

/// Instructions over which it is counted.
const COUNTED: u64 = 2_000;

/// Prints what one instruction of one task writes, by kind of event.
pub(super) async fn print() {
    let store = MemoryStore::new();
    let house = House::open(Box::new(store.clone()), &usual_chart(), 1).await;
    let completed = Arc::clone(&house.completed);
    house.busy(64, move || completed.load(Ordering::Relaxed) < COUNTED).await;
    let done = house.completed.load(Ordering::Relaxed);
    house.close().await;
    let mut kinds: BTreeMap<(usize, String), (u64, u64, u64)> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for record in store.records(Sequence(1)) {
        let record = record.expect("it is in memory");
        let entry = decode(&record).expect("it was just written");
        let Some(kind) = kind_of(&entry) else { continue };
        let place = order.iter().position(|known| *known == kind).unwrap_or_else(|| {
            order.push(kind.clone());
            order.len() - 1
        });
        let counted = kinds.entry((place, kind)).or_default();
        counted.0 += 1;
        counted.1 += encode(&entry).expect("it was read").len() as u64;
        counted.2 += record.encode().len() as u64;
    }
    say(&format!("{:<28} {:>8} {:>12} {:>12}", "event", "a task", "body bytes", "on the disk"));
    let (mut events, mut bodies, mut bytes) = (0, 0, 0);
    for ((_, kind), (count, body, whole)) in &kinds {
        let each = |sum: u64| number(sum) / number(*count);
        let share = number(*count) / number(done);
        say(&format!("{kind:<28} {share:>8.2} {:>12.0} {:>12.0}", each(*body), each(*whole)));
        (events, bodies, bytes) = (events + count, bodies + body, bytes + whole);
    }
    let a_task = |sum: u64| number(sum) / number(done);
    say(&format!("{:<28} {:>8.2} {:>12.0} {:>12.0}", "all of them", a_task(events), a_task(bodies), a_task(bytes)));
}

/// The name of what happened; `None` for what belongs to no task.
fn kind_of(entry: &Entry) -> Option<String> {
    let name = |debug: String| debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
    match &entry.event {
        Event::Received { .. } => Some("Received".to_owned()),
        Event::Instruction(_, event) => Some(name(format!("{event:?}"))),
        Event::Task(_, event) => Some(format!("task {}", name(format!("{event:?}")))),
        Event::CapacityNoted { .. } => Some("CapacityNoted".to_owned()),
        _others => None,
    }
}
