//! `kill -9` of the daemon at any moment: nothing that was acknowledged is lost, nothing is done twice, nothing illegal is
//! recorded, and no process of an old attempt survives.
//!
//! ```text
//!   clients ── the same key until acknowledged ──▶ daemon ──▶ worker ── its own log ──┐
//!      │                                    kill -9 ┘  └─▶ data directory             │
//!      └── own record ──────────────▶ checker ◀── `store export` of what is left ◀────┘
//! ```
//!
//! Thirty rounds by default; `ECHELON_LONG=1` makes it a thousand, and `ECHELON_SEED` repeats the choices of a run that
//! failed (not its timing, which nobody can).

mod checker;
pub(crate) mod client;
mod clocks;
mod power;
pub(crate) mod workload;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use serde_json::Value;

use self::checker::Figures;
use self::client::{Client, ClientRecord};
use self::workload::{WORK_TYPES, Workload};
use crate::support::{Daemon, Home, eventually, exported_events, is_long, marked};

const ROUNDS: usize = 30;
const LONG_ROUNDS: usize = 1_000;

/// Rounds after which everything that is open is waited for, so that work does not pile up.
const ROUNDS_BETWEEN_DRAINS: usize = 5;

/// Share of the kills that come while the daemon is starting.
const EARLY_KILLS: f64 = 0.2;

#[test]
fn nothing_is_lost_doubled_or_left_alive_however_often_the_daemon_is_killed() {
    let seed = seed();
    let mut storm = Storm::new(seed);
    let began = Instant::now();
    let rounds = if is_long() { LONG_ROUNDS } else { ROUNDS };
    for round in 1..=rounds {
        storm.round();
        if round % ROUNDS_BETWEEN_DRAINS == 0 {
            storm.wait_for_everything().kill();
        }
    }
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "seed {seed}\n{}", storm.home.log());
    let figures = storm.check();
    // A storm in which nothing happens proves nothing.
    let happened = [figures.attempts_lost, figures.attempts_failed, figures.changes_requested, figures.handoffs];
    assert!(happened.iter().all(|count| *count > 0), "seed {seed}: too calm: {figures:?}");
    say(&format!(
        "{rounds} rounds with seed {seed} in {:.1} s: {} acknowledged, {} requests sent again; {figures}",
        began.elapsed().as_secs_f64(),
        storm.record.acknowledged().len(),
        storm.record.repeated,
    ));
}

#[test]
fn what_was_acknowledged_a_moment_before_the_kill_is_there() {
    let home = Home::new();
    let workload = Workload::new(&home);
    let client = Client::new(&home.data());
    let mut record = ClientRecord::default();
    for _ in 0..20 {
        let mut daemon = home.begin_up(&workload.chart());
        daemon.wait_until_it_answers();
        let key = record.ask("errand");
        let id = client.submit(&key, "errand");
        daemon.kill();
        record.note(&key, id.expect("it was acknowledged"));
    }
    let mut storm = Storm { home, workload, client, record, random: StdRng::seed_from_u64(0), seed: 0 };
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    assert_eq!(storm.check().instructions, 20);
}

#[test]
fn a_request_to_end_lets_what_runs_come_to_its_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let workload = Workload::new(&home);
        workload.slow(Some("0.7"));
        let mut daemon = home.up(&workload.chart());
        Client::new(&home.data()).submit("only", "diamond").expect("it was acknowledged");
        eventually("the first attempt begins", || (!workload.record().begun.is_empty()).then_some(()));
        daemon.signal(signal);
        assert_eq!(daemon.ends(), Some(0), "{}", home.log());

        assert_eq!(workload.record().begun.len(), 1, "nothing new begins");
        assert_eq!(events_of(&home, "handed_in"), workload.record().done.len(), "what was done is recorded");
        assert_eq!(events_of(&home, "handed_in") + events_of(&home, "attempt_failed"), 1, "how it ended is recorded");
        assert_nothing_alive(&home);
    }
}

#[test]
fn a_second_request_stops_at_once_and_the_work_goes_on_with_the_next_daemon() {
    let home = Home::new();
    let workload = Workload::new(&home);
    workload.slow(Some("100"));
    let mut daemon = home.up(&workload.chart());
    let client = Client::new(&home.data());
    let mut record = ClientRecord::default();
    let key = record.ask("single");
    record.note(&key, client.submit(&key, "single").expect("it was acknowledged"));
    eventually("the attempt begins", || (!workload.record().begun.is_empty()).then_some(()));
    daemon.signal(Signal::TERM);
    eventually("the daemon takes nothing on any more", || client.submit(&key, "single").is_none().then_some(()));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ends(), Some(130), "{}", home.log());
    assert_nothing_alive(&home);

    workload.slow(None);
    let mut storm = Storm { home, workload, client, record, random: StdRng::seed_from_u64(0), seed: 0 };
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    let figures = storm.check();
    assert_eq!(figures.attempts_lost, 1);
    assert!(figures.attempts >= 2);
}

/// A change to an honest journal, and what the checker must say about it.
type Tampering = (&'static str, fn(&mut Vec<Value>), &'static str);

#[test]
fn the_checker_sees_what_it_is_there_to_see() {
    let mut storm = Storm::new(0);
    storm.record.ask("diamond");
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    storm.check();
    let export = exported_events(&storm.home.echelon(&["store", "export"]).stdout);
    let honest: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();

    let table: &[Tampering] = &[
        ("a lost event", |events| drop(events.remove(at(events, "assigned"))), "attempt_started"),
        ("a lost end", |events| drop(events.pop()), "at the end"),
        ("an instruction twice", |events| again(events, "received"), "received 2 times"),
        ("a result twice", |events| again(events, "handed_in"), "`handed_in`"),
        ("two attempts at a time", |events| again(events, "attempt_started"), "`attempt_started`"),
        (
            "a review of one's own work",
            |events| {
                let author = events[at(events, "handed_in")]["principal"].clone();
                let review = at(events, "peer_approved");
                events[review]["principal"] = author;
            },
            "`peer_approved`",
        ),
        (
            "an attempt that never ran",
            |events| {
                let handed_in = at(events, "handed_in");
                for event in &mut events[..=handed_in] {
                    if let Some(epoch) = event.pointer_mut("/event/task/1/attempt_started/epoch") {
                        *epoch = 7.into();
                    }
                }
            },
            "epoch",
        ),
    ];
    for (what, tamper, complaint) in table {
        let mut events = honest.clone();
        tamper(&mut events);
        for index in 0..events.len() {
            let previous = index.checked_sub(1).map_or(Value::Null, |before| events[before]["hash"].clone());
            events[index]["sequence"] = (index + 1).into();
            events[index]["previous"] = previous;
        }
        assert_complaint(&storm, what, &events, complaint);
    }
    let mut unlinked = honest.clone();
    unlinked[3]["previous"] = unlinked[3]["hash"].clone();
    assert_complaint(&storm, "a broken link", &unlinked, "hash");
    let mut gap = honest;
    gap[3]["sequence"] = 7.into();
    assert_complaint(&storm, "a gap", &gap, "follows");
}

/// Where the first event of that name is.
fn at(events: &[Value], name: &str) -> usize {
    let is_it = |event: &Value| event["event"].get(name).is_some() || event["event"]["task"][1].get(name).is_some();
    events.iter().position(is_it).expect("it happened")
}

fn again(events: &mut Vec<Value>, name: &str) {
    let place = at(events, name);
    events.insert(place, events[place].clone());
}

fn assert_complaint(storm: &Storm, what: &str, events: &[Value], complaint: &str) {
    let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
    match checker::check(&lines.join("\n"), &storm.record, &storm.workload.record()) {
        Ok(_) => panic!("{what} is not seen"),
        Err(faults) => assert!(faults.contains(complaint), "{what}: {faults}"),
    }
}

/// What all choices of a run follow from.
fn seed() -> u64 {
    match std::env::var("ECHELON_SEED") {
        Ok(seed) => seed.parse().expect("ECHELON_SEED is a number"),
        Err(_) => StdRng::from_os_rng().random(),
    }
}

/// An organisation, the clients of it, and somebody who kills it.
pub(crate) struct Storm {
    pub(crate) home: Home,
    pub(crate) workload: Workload,
    pub(crate) client: Client,
    pub(crate) record: ClientRecord,
    random: StdRng,
    seed: u64,
}

impl Storm {
    pub(crate) fn new(seed: u64) -> Self {
        let home = Home::new();
        let workload = Workload::new(&home);
        let client = Client::new(&home.data());
        Self { home, workload, client, record: ClientRecord::default(), random: StdRng::seed_from_u64(seed), seed }
    }

    /// Starts the daemon, asks for one to three things, and kills it.
    fn round(&mut self) {
        for _ in 0..self.random.random_range(1..=3) {
            let work_type = WORK_TYPES.choose(&mut self.random).expect("there are work types");
            self.record.ask(work_type);
        }
        let mut keys = self.record.open();
        if self.random.random_bool(0.3) {
            // Somebody who did not hear the answer, or forgot it.
            let forgetful = self.random.random_range(0..self.record.count());
            keys.extend(self.record.asked().nth(forgetful).cloned());
        }
        let early = self.random.random_bool(EARLY_KILLS);
        let life = Duration::from_millis(self.random.random_range(if early { 0..150 } else { 5..400 }));
        let mut daemon = self.home.begin_up(&self.workload.chart());
        self.submit(&keys, || {
            if !early {
                daemon.wait_until_it_answers();
            }
            thread::sleep(life);
            daemon.kill();
        });
    }

    /// A client for each key, all of them at it until acknowledged or until `meanwhile` is over.
    pub(crate) fn submit(&mut self, keys: &[String], meanwhile: impl FnOnce()) {
        /// Lets the clients give up even when what they are waited for with panics.
        struct Over<'a>(&'a AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let over = AtomicBool::new(false);
        let (client, record, over) = (&self.client, &self.record, &over);
        let answers: Vec<(String, Option<String>)> = thread::scope(|scope| {
            let asking: Vec<_> = keys
                .iter()
                .map(|key| {
                    let work_type = record.work_type(key).expect("only keys that were asked for are sent");
                    scope.spawn(move || client.insist(key, work_type, || over.load(Ordering::Relaxed)))
                })
                .collect();
            let end = Over(over);
            meanwhile();
            drop(end);
            let answers = asking.into_iter().map(|client| client.join().expect("a client does not panic"));
            keys.iter().cloned().zip(answers).collect()
        });
        for (key, id) in answers {
            self.record.repeated += usize::from(id.is_none() || self.record.acknowledged().contains_key(&key));
            if let Some(id) = id {
                self.record.note(&key, id);
            }
        }
    }

    /// Starts the daemon and waits until everything that was asked for is acknowledged and done.
    pub(crate) fn wait_for_everything(&mut self) -> Daemon {
        let mut daemon = self.home.begin_up(&self.workload.chart());
        daemon.wait_until_it_answers();
        eventually("everything is acknowledged", || {
            let keys = self.record.open();
            self.submit(&keys, || {});
            self.record.open().is_empty().then_some(())
        });
        let wanted = self.record.count();
        let finished = eventually(&format!("all {wanted} instructions are over (seed {})", self.seed), || {
            let status = self.client.status()?;
            let stuck = status["needs_person"].as_array().is_some_and(|owed| !owed.is_empty());
            assert!(!stuck, "seed {}: somebody is needed: {status}\n{}", self.seed, self.home.log());
            let open = status["instructions"].as_array().map_or(0, Vec::len);
            (open == 0).then(|| status["finished"].clone())
        });
        let completed = finished.as_array().into_iter().flatten().find(|count| count["name"] == "COMPLETED");
        let completed = completed.and_then(|count| count["count"].as_u64()).unwrap_or_default();
        assert_eq!(usize::try_from(completed).ok(), Some(wanted), "seed {}: {finished}", self.seed);
        daemon
    }

    /// Looks at what a stopped daemon has left.
    pub(crate) fn check(&self) -> Figures {
        let context = || format!("seed {}; the daemon said:\n{}", self.seed, self.home.log());
        let export = self.home.echelon(&["store", "export"]);
        assert_eq!(export.code, Some(0), "{}\n{}", export.stderr, context());
        let figures = checker::check(&exported_events(&export.stdout), &self.record, &self.workload.record())
            .unwrap_or_else(|faults| panic!("{faults}\n{}", context()));
        for command in [&["audit", "verify"][..], &["store", "check"], &["doctor"]] {
            let finished = self.home.echelon(command);
            assert_eq!(finished.code, Some(0), "{command:?}: {finished:?}\n{}", context());
        }
        assert_nothing_alive(&self.home);
        figures
    }
}

/// Counts the task events of that name in the journal of a stopped daemon.
fn events_of(home: &Home, name: &str) -> usize {
    let export = home.echelon(&["store", "export"]);
    assert_eq!(export.code, Some(0), "{}", export.stderr);
    export.stdout.lines().filter(|line| line.contains(&format!("{{\"{name}\":"))).count()
}

/// No process bears the mark of the data directory.
fn assert_nothing_alive(home: &Home) {
    let alive = marked(&home.data());
    assert!(alive.is_empty(), "alive: {alive:?}");
}

#[expect(clippy::print_stderr, reason = "the figures of a run are what it is for")]
fn say(text: &str) {
    eprintln!("{text}");
}
