//! What very many events cost on the disk, and how long it takes and how much memory until they are a state again: from the
//! snapshots, and from the events alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use std::{fs, process};

use echelon::clock::{Clock, SystemClock};
use echelon::config;
use echelon::domain::command::{Action, Command, InstructionAction};
use echelon::domain::id::Sequence;
use echelon::domain::role::Principal;
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, replay};
use echelon::store::{SledStore, Store};

use super::{request, say};

/// Instructions that are under way when the store is left.
const LIVE: usize = 1_000;
/// Commands made durable together.
const GROUP: usize = 256;

/// Fills a store with so many events: instructions that come in and are cancelled, but for the last ones.
pub(super) fn fill(path: &Path, events: u64) {
    let store = SledStore::open(path).expect("the store opens");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let ids = IdSource::from_system(Arc::clone(&clock));
    let (mut ledger, _) = Ledger::open(Box::new(store)).expect("the ledger opens");
    let chart = config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml")).expect("it is sound");
    let command = |principal: Principal, action: Action| Command { at: clock.now(), principal, action };
    ledger.commit(&[command(Principal::system(), Action::ApplyChart(Arc::new(chart)))]).expect("the store takes it");
    let mut under_way = Vec::new();
    while ledger.state().sequence.0 < events {
        let mut group = Vec::with_capacity(GROUP);
        if under_way.len() > LIVE {
            for id in under_way.drain(..GROUP / 2) {
                let reason = "not needed any more".to_owned();
                let cancel = Action::Instruction(id, InstructionAction::Cancel { reason });
                group.push(command(Principal::client(0), cancel));
            }
        }
        while group.len() < GROUP {
            let id = ids.instruction();
            under_way.push(id);
            group.push(command(Principal::client(0), Action::Submit { id, request: request() }));
        }
        let done = ledger.commit(&group).expect("the store takes it");
        assert!(done.results.iter().all(Result::is_ok));
    }
    // As if it had been killed: no snapshots are written at the end.
}

/// What they take on the disk, beside what their records are encoded.
pub(super) fn disk(path: &Path) {
    let reader = SledStore::open(path).expect("the store opens").reader();
    let (mut events, mut encoded) = (0_u64, 0_u64);
    for record in reader.records(Sequence(1)) {
        events += 1;
        encoded += record.expect("it can be read").encode().len() as u64;
    }
    let on_disk = reader.size_bytes().expect("it can be read");
    say(&format!(
        "\n{events} events: {} bytes encoded and {} bytes on the disk each, {:.2} times as much",
        encoded / events,
        on_disk / events,
        super::ratio(on_disk, encoded)
    ));
}

/// Recovery from the snapshots and what came after them, up to the first durable command.
pub(super) fn from_snapshots(path: &Path) {
    let begun = Instant::now();
    let store = SledStore::open(path).expect("the store opens");
    let opened = begun.elapsed();
    let (mut ledger, recovered) = Ledger::open(Box::new(store)).expect("the ledger opens");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let id = IdSource::from_system(Arc::clone(&clock)).instruction();
    let action = Action::Submit { id, request: request() };
    ledger.commit(&[Command { at: clock.now(), principal: Principal::client(0), action }]).expect("the store takes it");
    say(&format!(
        "with snapshots: the store open after {:.2} s, the first command durable after {:.2} s; {} events replayed, {} MB of memory",
        opened.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        recovered.replayed,
        most_resident_kb() / 1_000
    ));
}

/// Recovery from all events.
pub(super) fn from_events(path: &Path) {
    let begun = Instant::now();
    let store = SledStore::open(path).expect("the store opens");
    let state = replay(store.reader().as_ref()).expect("the journal is whole");
    say(&format!(
        "without:        the state of event {} there after {:.2} s, {} MB of memory",
        state.sequence,
        begun.elapsed().as_secs_f64(),
        most_resident_kb() / 1_000
    ));
}

/// The most memory that this process has had resident.
fn most_resident_kb() -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process::id())).expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or_default()
}
