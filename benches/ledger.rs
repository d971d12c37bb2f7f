//! The ledger against the disk it is on, in one run: durable commands a second and the wait for the answer, beside a raw
//! append with fdatasync in groups of the same size, and beside the same commands without a disk.
//!
//! `cargo bench --bench ledger`; `benches/README.md` says what the figures mean.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use echelon::clock::{Clock, SystemClock};
use echelon::config;
use echelon::domain::command::Action;
use echelon::domain::instruction::Request;
use echelon::domain::role::Principal;
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle};
use echelon::store::{MemoryStore, SledStore, Store};

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(2);

/// Commands on their way at the same time.
const IN_FLIGHT: [usize; 4] = [1, 16, 64, 256];

fn main() {
    // `cargo test --benches` only wants to know that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-ledger");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");

    let mut lines = Vec::new();
    for in_flight in IN_FLIGHT {
        let memory = runtime.block_on(measure(Box::new(MemoryStore::new()), in_flight));
        let store = SledStore::open(&folder.join(format!("sled-{in_flight}"))).expect("the store opens");
        let durable = runtime.block_on(measure(Box::new(store), in_flight));
        let raw = raw_append(&folder.join(format!("raw-{in_flight}")), in_flight, durable.bytes);
        lines.push((in_flight, memory, durable, raw));
    }
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").expect("standard output can be written");
    say(format!("one event of {} bytes a command; {} s a figure", lines[0].2.bytes, SPAN.as_secs()));
    say("in flight   durable/s   p50 ms   p99 ms   raw append/s   durable/raw   in memory/s".to_owned());
    for (in_flight, memory, durable, raw) in lines {
        say(format!(
            "{in_flight:>9} {:>11.0} {:>8.2} {:>8.2} {raw:>14.0} {:>13.2} {:>13.0}",
            durable.rate,
            durable.p50.as_secs_f64() * 1_000.0,
            durable.p99.as_secs_f64() * 1_000.0,
            durable.rate / raw,
            memory.rate,
        ));
    }
    let _ = fs::remove_dir_all(&folder);
}

struct Measured {
    rate: f64,
    p50: Duration,
    p99: Duration,
    bytes: usize,
}

/// Submits instructions from `in_flight` clients, each waiting for its answer before it asks again.
async fn measure(store: Box<dyn Store>, in_flight: usize) -> Measured {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let ids = IdSource::from_system(Arc::clone(&clock));
    let (ledger, _) = Ledger::open(store).expect("the ledger opens");
    let (handle, thread) = LedgerHandle::start(ledger, clock).expect("a thread starts");
    let chart = config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml")).expect("it is sound");
    let system = Principal::system();
    handle.commit(&system, vec![Action::ApplyChart(Arc::new(chart))]).await.expect("the ledger runs");

    let begun = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..in_flight {
        let (handle, ids) = (handle.clone(), ids.clone());
        clients.push(tokio::spawn(async move {
            let mut waits = Vec::new();
            while begun.elapsed() < SPAN {
                let action = Action::Submit { id: ids.instruction(), request: request() };
                let asked = Instant::now();
                let results = handle.commit(&Principal::client(0), vec![action]).await.expect("the ledger runs");
                assert!(results.iter().all(Result::is_ok), "{results:?}");
                waits.push(asked.elapsed());
            }
            waits
        }));
    }
    let mut waits = Vec::new();
    for client in clients {
        waits.extend(client.await.expect("a client ends"));
    }
    let took = begun.elapsed();
    let last = handle.read_ledger(|ledger| ledger.reader()).await.expect("the ledger runs");
    let head = last.last().expect("it can be read").expect("there are events").0;
    let bytes = last.records(head).next().map_or(0, |record| record.expect("it can be read").encode().len());
    drop(last);
    handle.close().await;
    thread.join().expect("the ledger ends");
    waits.sort();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100];
    Measured { rate: rate(waits.len(), took), p50: at(50), p99: at(99), bytes }
}

/// Appends records of the same size and syncs once for each group.
fn raw_append(path: &Path, group: usize, bytes: usize) -> f64 {
    let mut file = File::create(path).expect("the target folder can be written");
    let records = vec![b'x'; bytes * group];
    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < SPAN {
        file.write_all(&records).expect("the disk takes it");
        file.sync_data().expect("the disk syncs");
        written += group;
    }
    rate(written, begun.elapsed())
}

fn request() -> Request {
    Request {
        text: "Review the repository and say what to mend first, with file and line where there is one".to_owned(),
        repository: Some("/home/somebody/repository".to_owned()),
        ..Request::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^52")]
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
