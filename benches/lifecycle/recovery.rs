//! How long it takes to begin: over a store of very many tasks, and over none; and what the daemon costs when nobody asks
//! for anything.

use std::fs;
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use echelon::clock::{Clock, SystemClock};
use echelon::domain::command::{Action, Command};
use echelon::domain::role::Principal;
use echelon::ids::IdSource;
use echelon::ledger::Ledger;
use echelon::store::SledStore;
use rustix::process::{Pid, Signal, kill_process};

use super::driver::Driver;
use super::house::{request, usual_chart};
use super::say;

/// Instructions that are under way when the store is left.
const LIVE: usize = 2_000;

/// Opens a store of so many finished tasks, and some that are under way.
pub(super) fn store(tasks: usize, folder: &Path) {
    let path = folder.join("recovery");
    let store = SledStore::open(&path).expect("the store opens");
    let mut driver = Driver::open(Box::new(store), &usual_chart());
    let made = Instant::now();
    driver.run(tasks, 512);
    driver.hands_in = false;
    (0..LIVE).for_each(|_| driver.submit());
    while driver.round() {}
    let (events, made) = (driver.ledger().state().sequence.0, made.elapsed().as_secs_f64());
    // As if it had been killed: no snapshots are written at the end.
    drop(driver);
    say(&format!("\n{tasks} tasks done and {LIVE} under way, {events} events, made in {made:.0} s"));
    let begun = Instant::now();
    let store = SledStore::open(&path).expect("the store opens");
    let opened = begun.elapsed();
    let (mut ledger, recovered) = Ledger::open(Box::new(store)).expect("the ledger opens");
    let loaded = begun.elapsed();
    let clock: std::sync::Arc<dyn Clock> = std::sync::Arc::new(SystemClock::default());
    let submit =
        Action::Submit { id: IdSource::from_system(std::sync::Arc::clone(&clock)).instruction(), request: request(0) };
    let command = Command { at: clock.now(), principal: Principal::client(0), action: submit };
    let group = ledger.commit(&[command]).expect("the store takes it");
    assert!(group.results.iter().all(Result::is_ok));
    say(&format!(
        "seconds until the store is open {:.2}, the state is there {:.2}, the first command is durable {:.2}; {} events replayed",
        opened.as_secs_f64(),
        loaded.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        recovered.replayed
    ));
}

/// How long idleness is looked at.
const IDLE: Duration = Duration::from_secs(5);
/// Round trips of the command line.
const TRIPS: u32 = 20;

/// A daemon on an empty directory: its start, what it does while nothing is to be done, and a question to it.
pub(super) fn daemon(folder: &Path) {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml");
    let data = folder.join("daemon");
    let echelon = || {
        let mut command = Process::new(env!("CARGO_BIN_EXE_echelon"));
        command.arg("--data-dir").arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    let mut daemon = echelon().arg("up").arg("--org").arg(&chart).spawn().expect("the program starts");
    // The socket is there once it answers.
    let answers = || std::os::unix::net::UnixStream::connect(data.join("socket")).is_ok();
    while !answers() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_micros(200));
    }
    let started = begun.elapsed();
    std::thread::sleep(Duration::from_secs(1));
    let before = ticks(&daemon);
    std::thread::sleep(IDLE);
    let idle = ticks(&daemon) - before;
    let begun = Instant::now();
    for _ in 0..TRIPS {
        assert!(echelon().arg("status").status().expect("the program starts").success());
    }
    let trip = begun.elapsed() / TRIPS;
    say(&format!(
        "\na daemon on an empty directory answers after {:.0} ms; idle for {} s it takes {idle} hundredths of a second of CPU; \
         `echelon status` takes {:.1} ms",
        started.as_secs_f64() * 1_000.0,
        IDLE.as_secs(),
        trip.as_secs_f64() * 1_000.0
    ));
    kill_process(Pid::from_child(&daemon), Signal::TERM).expect("it runs");
    daemon.wait().expect("it ends");
}

/// Hundredths of a second of CPU that a process has had.
fn ticks(process: &Child) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).expect("this is Linux");
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
