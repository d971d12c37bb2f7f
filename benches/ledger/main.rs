//! The ledger against the disk it is on, in one run: durable commands a second and the wait for the answer, beside group
//! commit on sled alone, a raw append with fdatasync in groups of the same size, and the same commands without a disk. Then
//! what very many events take on the disk, and how long it takes until they are a state again.
//!
//! `cargo bench --bench ledger`, or with `-- full` for a million events; `benches/README.md` says what the figures mean.

mod raw;
mod recovery;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
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
use hdrhistogram::Histogram;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(2);

/// Commands on their way at the same time.
const IN_FLIGHT: [usize; 4] = [1, 16, 64, 256];

fn main() {
    // `cargo test --benches` only wants to know that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let events = if named.iter().any(|part| part == "full") { 1_000_000 } else { 100_000 };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-ledger");
    let store = folder.join("events");
    match named.iter().find(|part| *part != "full").map(String::as_str) {
        None => {
            // Each in a process of its own: what one leaves in memory is not to be in the figures of the next.
            for part in PARTS {
                let mut each = Command::new(std::env::current_exe().expect("it runs"));
                let status = each.args(std::env::args().skip(1)).arg(part).status().expect("it runs again");
                assert!(status.success(), "{part}");
            }
            let _ = fs::remove_dir_all(&folder);
        }
        Some("rates") => {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("the target folder can be written");
            rates(&folder);
        }
        Some("fill") => recovery::fill(&store, events),
        Some("disk") => recovery::disk(&store),
        Some("snapshots") => recovery::from_snapshots(&store),
        Some("events") => recovery::from_events(&store),
        Some(other) => say(&format!("there is no part `{other}`; there are {}", PARTS.join(", "))),
    }
}

/// What is measured, in this order: each of the last three opens what `fill` left.
const PARTS: [&str; 5] = ["rates", "fill", "disk", "snapshots", "events"];

/// Commands a second and how long each waits, beside what sled and the disk give by themselves.
fn rates(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let mut lines = Vec::new();
    for in_flight in IN_FLIGHT {
        let memory = runtime.block_on(measure(Box::new(MemoryStore::new()), in_flight));
        let store = SledStore::open(&folder.join(format!("sled-{in_flight}"))).expect("the store opens");
        let durable = runtime.block_on(measure(Box::new(store), in_flight));
        let events = raw::sled(&folder.join("raw-events"), in_flight, durable.bytes, false);
        let rows = raw::sled(&folder.join("raw-rows"), in_flight, durable.bytes, true);
        let append = raw::append(&folder.join("raw"), in_flight, durable.bytes);
        lines.push((in_flight, memory, durable, [events, rows], append));
    }
    say(&format!("one event of {} bytes a command; {} s a figure", lines[0].2.bytes, SPAN.as_secs()));
    say(
        "            ledger                      sled, events        sled, events and rows   append     ledger to    ledger",
    );
    say(
        "in flight   durable/s   p50 ms  p99 ms  a second   p99 ms   a second   p99 ms       a second   rows append  in memory/s",
    );
    for (in_flight, memory, durable, [events, rows], append) in lines {
        say(&format!(
            "{in_flight:>9} {:>11.0} {:>8.2} {:>7.2} {:>9.0} {:>8.2} {:>10.0} {:>8.2} {append:>14.0} {:>6.2} {:>6.2} {:>12.0}",
            durable.rate,
            durable.p50_ms,
            durable.p99_ms,
            events.rate,
            events.p99_ms,
            rows.rate,
            rows.p99_ms,
            durable.rate / rows.rate,
            durable.rate / append,
            memory.rate,
        ));
    }
}

/// What came of one measurement.
struct Measured {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    bytes: usize,
}

impl Measured {
    fn of(waited: &Histogram<u64>, took: Duration, bytes: usize) -> Self {
        let at = |share: f64| Duration::from_micros(waited.value_at_quantile(share)).as_secs_f64() * 1_000.0;
        let count = usize::try_from(waited.len()).unwrap_or(usize::MAX);
        Self { rate: rate(count, took), p50_ms: at(0.5), p99_ms: at(0.99), bytes }
    }
}

/// For waits of up to a minute in microseconds, to a thousandth.
fn waits() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000, 3).expect("the bounds make sense")
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
            let mut waited = waits();
            while begun.elapsed() < SPAN {
                let action = Action::Submit { id: ids.instruction(), request: request() };
                let asked = Instant::now();
                let results = handle.commit(&Principal::client(0), vec![action]).await.expect("the ledger runs");
                assert!(results.iter().all(Result::is_ok), "{results:?}");
                waited.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            waited
        }));
    }
    let mut waited = waits();
    for client in clients {
        waited.add(client.await.expect("a client ends")).expect("the same bounds");
    }
    let took = begun.elapsed();
    let last = handle.read_ledger(|ledger| ledger.reader()).await.expect("the ledger runs");
    let head = last.last().expect("it can be read").expect("there are events").0;
    let bytes = last.records(head).next().map_or(0, |record| record.expect("it can be read").encode().len());
    drop(last);
    handle.close().await;
    thread.join().expect("the ledger ends");
    Measured::of(&waited, took, bytes)
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

#[expect(clippy::cast_precision_loss, reason = "bytes of a bench are far below 2^52")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").expect("standard output can be written");
}
