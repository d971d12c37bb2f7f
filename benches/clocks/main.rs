//! The timer under load: what a deadline costs in memory and time, how late clocks fire, and how long clients wait while
//! very many are due at once.
//!
//! `cargo bench --bench clocks`, or with `-- full` for the sizes it is meant for; `benches/README.md` says what the
//! figures mean.

mod house;
mod sets;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::role::Principal;
use echelon::domain::time::{Millis, OrgTime};
use echelon::ledger::Filter;
use echelon::store::{MemoryStore, SledStore};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use self::house::{FIRST_CLOCK, House, TASKS, chart, populate, request};

/// How many of the armed clocks come due in a second, where lateness is measured.
const DUE_A_SECOND: usize = 1_000;
/// How long lateness is measured, and clients without anything due.
const SPAN: Duration = Duration::from_secs(10);
/// When the made-up journals begin, in milliseconds since 1970.
const BEGIN: i64 = 1_780_000_000_000;

struct Sizes {
    armed: usize,
    due_together: usize,
}

fn main() {
    // `cargo test --benches` only wants to know that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_full = std::env::args().any(|argument| argument == "full");
    let sizes = if is_full {
        Sizes { armed: 1_000_000, due_together: 100_000 }
    } else {
        Sizes { armed: 100_000, due_together: 20_000 }
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-clocks");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    sets::memory();
    sets::cost();
    runtime.block_on(lateness(sizes.armed));
    runtime.block_on(clients(sizes.due_together, &folder));
    let _ = fs::remove_dir_all(&folder);
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").expect("standard output can be written");
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128)
}

fn millis(number: usize) -> Millis {
    Millis(i64::try_from(number).expect("it is small"))
}

/// How late clocks fire: from when they are due to when a subscriber, who is told after the sync, sees it.
async fn lateness(armed: usize) {
    let chart = chart();
    // Evenly, one after the other.
    let first = OrgTime::from_millis(BEGIN).plus(FIRST_CLOCK);
    let due = |number: usize| first.plus(millis(number * 1_000 / DUE_A_SECOND));
    let due = |number: usize| due(number / TASKS * TASKS);
    let mut store = MemoryStore::new();
    populate(&mut store, &chart, armed, due);
    let house = House::open(Box::new(store), chart, first.plus(Millis(-500))).await;
    let handle = house.office.ledger.clone();
    let from = handle.read(|state| state.sequence.next()).await.expect("the ledger runs");
    let mut events = handle.subscribe(from, Filter::everything()).await.expect("the ledger runs");
    let count = usize::try_from(SPAN.as_secs()).expect("it is small") * DUE_A_SECOND;
    let mut late = Vec::with_capacity(count);
    while late.len() < count {
        let entry = events.next(&handle).await.expect("the journal can be read").expect("the ledger runs");
        if let Event::Task(id, TaskEvent::DelegationSentAgain) = &entry.event {
            let number = usize::try_from(u128::from_be_bytes(*id.as_bytes())).expect("it was one");
            late.push(handle.clock().now().org.since(due(number)).0);
        }
    }
    drop(events);
    house.close().await;
    assert!(late.iter().all(|late| *late >= 0), "none fires early");
    late.sort_unstable();
    let at = |share: usize| late[(late.len() - 1) * share / 1_000];
    say(&format!(
        "\nlateness in ms, {armed} armed, {DUE_A_SECOND} due a second, {} s: p50 {}, p99 {}, p99.9 {}, most {}",
        SPAN.as_secs(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    ));
}

/// How long a client waits for its answers while nothing is due, and while very many are.
async fn clients(together: usize, folder: &Path) {
    let chart = chart();
    let due = OrgTime::from_millis(BEGIN).plus(FIRST_CLOCK);
    let mut store = SledStore::open(&folder.join("ledger")).expect("the store opens");
    populate(&mut store, &chart, together, |_| due);
    let idle = Millis(i64::try_from(SPAN.as_millis()).expect("it is short"));
    let house = House::open(Box::new(store), chart, due.plus(Millis(-idle.0))).await;
    let (handle, ids) = (house.office.ledger.clone(), house.office.ids.clone());
    let (mut before, mut during) = (Vec::new(), Vec::new());
    let mut random = StdRng::seed_from_u64(5);
    let mut begun = None;
    let storm = loop {
        let id = ids.instruction();
        let reason = "not needed any more".to_owned();
        for action in
            [Action::Submit { id, request: request() }, Action::Instruction(id, InstructionAction::Cancel { reason })]
        {
            let is_due = handle.clock().now().org >= due;
            let asked = Instant::now();
            let results = handle.commit(&Principal::client(0), vec![action]).await.expect("the ledger runs");
            assert!(results.iter().all(Result::is_ok), "{results:?}");
            if is_due {
                begun.get_or_insert(asked);
                during.push(asked.elapsed());
            } else {
                before.push(asked.elapsed());
            }
        }
        if let Some(begun) = begun
            && handle.deadlines().borrow().clock.is_none_or(|next| next > due)
        {
            break Instant::now().duration_since(begun);
        }
        // Not in step with the ledger.
        tokio::time::sleep(Duration::from_micros(random.random_range(0..1_000))).await;
    };
    house.close().await;
    let p99 = |waits: &mut Vec<Duration>| {
        waits.sort_unstable();
        waits[(waits.len() - 1) * 99 / 100].as_secs_f64() * 1_000.0
    };
    let (commands, idle, busy) = (during.len(), p99(&mut before), p99(&mut during));
    say(&format!(
        "\n{together} due together on sled, all fired after {:.1} s, {commands} commands of a client meanwhile",
        storm.as_secs_f64()
    ));
    say(&format!("client p99 in ms: idle {idle:.2}, meanwhile {busy:.2}, ratio {:.1}", busy / idle));
}
