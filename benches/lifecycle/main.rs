//! Whole lives of tasks through the real tree of actors: how many a second, what each costs in events and bytes, and whether
//! that grows with what has been done before.
//!
//! `cargo bench --bench lifecycle`, or with `-- full` for a million tasks; `benches/README.md` says what the figures mean.
//! One part alone runs with its name behind the `--`: `budget`, `core`, `rates`, `memory` (the rates without a disk),
//! `growth`, `places`, `live`, `finished`, `recovery` or `daemon`. Each runs in a process of its own.

mod budget;
mod driver;
mod footprint;
mod house;
mod recovery;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use echelon::store::{MemoryStore, SledStore, Store};

use self::driver::Driver;
use self::house::{House, usual_chart};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(4);
/// Before that, for as long as this nothing is counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Tasks of an instruction, where it has many.
const MANY: usize = 32;

fn main() {
    // `cargo test --benches` only wants to know that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_full = named.iter().any(|part| part == "full");
    let part = named.iter().find(|part| *part != "full");
    let Some(part) = part else {
        // What one leaves in memory is not to be in the figures of the next.
        for part in PARTS {
            let mut each = Command::new(std::env::current_exe().expect("it runs"));
            let status = each.args(std::env::args().skip(1)).arg(part).status().expect("it runs again");
            assert!(status.success(), "{part}");
        }
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-lifecycle");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    match part.as_str() {
        "budget" => runtime.block_on(budget::print()),
        "core" => {
            say("\nwithout actors, on one thread, 256 in flight");
            core("memory", Box::new(MemoryStore::without_journal()), 50_000);
            core("sled", on_disk(&folder.join("core")), 20_000);
        }
        "rates" => runtime.block_on(rates(Some(&folder))),
        "memory" => runtime.block_on(rates(None)),
        "growth" => runtime.block_on(growth(if is_full { 1_000_000 } else { 100_000 })),
        "places" => runtime.block_on(footprint::places()),
        "live" => footprint::live(),
        "finished" => footprint::finished(),
        "recovery" => recovery::store(if is_full { 1_000_000 } else { 50_000 }, &folder),
        "daemon" => recovery::daemon(&folder),
        other => say(&format!("there is no part `{other}`; there are {}", PARTS.join(", "))),
    }
    let _ = fs::remove_dir_all(&folder);
}

/// What is measured when nothing is named.
const PARTS: [&str; 9] = ["budget", "core", "rates", "growth", "places", "live", "finished", "recovery", "daemon"];

/// Tasks a second in memory and, where there is a folder, on a disk.
async fn rates(folder: Option<&Path>) {
    say("\nstore     tasks of an instruction   in flight   tasks/s   events/s   CPU us a task   p50 ms   p99 ms");
    for (tasks, in_flight) in [(1, 64), (1, 256), (MANY, 64), (MANY, 256)] {
        rate("memory", Box::new(MemoryStore::without_journal()), tasks, in_flight).await;
        if let Some(folder) = folder {
            rate("sled", on_disk(&folder.join(format!("{tasks}-{in_flight}"))), tasks, in_flight).await;
        }
    }
}

fn on_disk(folder: &Path) -> Box<dyn Store> {
    Box::new(SledStore::open(folder).expect("the store opens"))
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").expect("standard output can be written");
}

/// Tasks a second without the tree.
fn core(name: &str, store: Box<dyn Store>, tasks: usize) {
    let mut driver = Driver::open(store, &usual_chart());
    driver.run(1_000, 256);
    let (begun, cpu, before) = (Instant::now(), cpu_seconds(), driver.ledger().state().sequence.0);
    driver.run(tasks, 256);
    let cpu = (cpu_seconds() - cpu) * 1e6 / number(tasks as u64);
    let (seconds, events) = (begun.elapsed().as_secs_f64(), driver.ledger().state().sequence.0 - before);
    let tasks = number(tasks as u64);
    let (done, events) = (tasks / seconds, number(events) / seconds);
    say(&format!("{name:<9} {done:>9.0} tasks/s {events:>10.0} events/s {cpu:>6.0} CPU us a task"));
}

/// Tasks a second, with so many at the same time.
async fn rate(name: &str, store: Box<dyn Store>, tasks: usize, in_flight: usize) {
    let house = Arc::new(House::open(store, &usual_chart(), tasks).await);
    let begun = Instant::now();
    let clients = tokio::spawn({
        let house = Arc::clone(&house);
        async move { house.busy(in_flight, move || begun.elapsed() < WARM_UP + SPAN).await }
    });
    tokio::time::sleep(WARM_UP).await;
    let counted = || (house.completed.load(Ordering::Relaxed), house.events.load(Ordering::Relaxed));
    let ((tasks_before, events_before), cpu_before, from) = (counted(), cpu_seconds(), Instant::now());
    tokio::time::sleep(SPAN - Duration::from_millis(100)).await;
    let ((tasks_after, events_after), cpu_after, until) = (counted(), cpu_seconds(), Instant::now());
    let mut took = clients.await.expect("the clients end");
    let seconds = until.duration_since(from).as_secs_f64();
    let (done, events) = (number(tasks_after - tasks_before), number(events_after - events_before));
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[(took.len() - 1) * share / 100] * 1_000.0;
    say(&format!(
        "{name:<9} {tasks:>23} {in_flight:>11} {:>9.0} {:>10.0} {:>15.0} {:>8.2} {:>8.2}",
        done / seconds,
        events / seconds,
        (cpu_after - cpu_before) * 1e6 / done,
        at(50),
        at(99)
    ));
    let Ok(house) = Arc::try_unwrap(house) else { return };
    house.close().await;
}

/// Seconds of all cores that this process has had: on a machine with other work this says more than the clock.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // Fields 14 and 15, of which the third is the first after the name, in hundredths.
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    number(ticks.sum()) / 100.0
}

/// What a task costs when very many have been done before, in memory.
async fn growth(most: u64) {
    say("\ntasks done before   CPU microseconds a task   against the first");
    let house = House::open(Box::new(MemoryStore::without_journal()), &usual_chart(), 1).await;
    let mut first = None;
    let mut before = 1_000;
    while before <= most {
        until(&house, before).await;
        let (from, cpu) = (house.completed.load(Ordering::Relaxed), cpu_seconds());
        until(&house, from + MEASURED).await;
        let done = house.completed.load(Ordering::Relaxed) - from;
        let micros = (cpu_seconds() - cpu) * 1e6 / number(done);
        let ratio = micros / *first.get_or_insert(micros);
        say(&format!("{before:>17} {micros:>25.1} {ratio:>19.2}"));
        before *= 10;
    }
    house.close().await;
}

/// Tasks by which it is measured what one costs.
const MEASURED: u64 = 20_000;

async fn until(house: &House, done: u64) {
    let completed = Arc::clone(&house.completed);
    house.busy(256, move || completed.load(Ordering::Relaxed) < done).await;
}

#[expect(clippy::cast_precision_loss, reason = "counts of this bench are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
