//! `kill -9` while clocks run, escalations go up the line, questions wait, work is reviewed and packages are handed over:
//! nothing is lost, and nothing happens twice.
//!
//! A client does what people do between the kills, each time with words of its own, which it finds in the journal once if
//! it was acknowledged and at most once if it was not. Twelve rounds by default; `ECHELON_LONG=1` makes it many more, and
//! `ECHELON_SEED` repeats the choices of a run that failed.

mod checker;
mod stage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use self::checker::{Heard, Sent};
use super::client::{Client, ClientRecord};
use super::{assert_nothing_alive, say};
use crate::support::{Daemon, Home, eventually, exported_events};

const ROUNDS: usize = 12;
const LONG_ROUNDS: usize = 300;

/// Instructions that are handed in at most, so that what is open stays small enough to be looked at.
const INSTRUCTIONS: usize = 40;

/// What must have happened at least once: a storm without it proves nothing.
const WANTED: [&str; 14] = [
    "absent",
    "attempt_failed",
    "blocked",
    "broadcast",
    "clock_fired",
    "delegation_sent_again",
    "escalation_climbed",
    "escalation_decided",
    "escalation_raised",
    "handoff_accepted",
    "paused",
    "question_answered",
    "question_asked",
    "time_granted",
];

#[test]
fn no_clock_is_lost_early_or_twice_where_time_goes_on_without_the_daemon() {
    storm("counts");
}

#[test]
fn no_clock_is_lost_early_or_twice_where_time_stops_with_the_daemon() {
    storm("stops");
}

fn storm(downtime: &str) {
    let is_long = std::env::var_os("ECHELON_LONG").is_some_and(|value| value == "1");
    let seed = match std::env::var("ECHELON_SEED") {
        Ok(seed) => seed.parse().expect("ECHELON_SEED is a number"),
        Err(_) => StdRng::from_os_rng().random(),
    };
    let home = Home::new();
    let chart = stage::set(&home, downtime);
    let people = People {
        client: Client::new(&home.data()),
        record: ClientRecord::default(),
        sent: Sent::new(),
        random: StdRng::seed_from_u64(seed),
    };
    let mut storm = Storm { home, chart, people, seed };
    let began = Instant::now();
    let rounds = if is_long { LONG_ROUNDS } else { ROUNDS };
    for _ in 0..rounds {
        storm.round();
    }
    let figures = storm.end();
    let seconds = began.elapsed().as_secs_f64();
    let acknowledged = storm.people.sent.values().filter(|heard| **heard == Heard::Done).count();
    say(&format!(
        "{rounds} rounds, time {downtime}, seed {seed}, {seconds:.1} s: {acknowledged} of {} acknowledged; {figures}",
        storm.people.sent.len()
    ));
}

/// The organisation, and somebody who kills it.
struct Storm {
    home: Home,
    chart: PathBuf,
    people: People,
    seed: u64,
}

impl Storm {
    fn round(&mut self) {
        let random = &mut self.people.random;
        let is_early = random.random_bool(0.2);
        let life = Duration::from_millis(random.random_range(if is_early { 0..150 } else { 50..700 }));
        let down = Duration::from_millis(random.random_range(0..300));
        let mut daemon = self.home.begin_up(&self.chart);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let (people, over) = (&mut self.people, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    people.do_something();
                    thread::sleep(Duration::from_millis(8));
                }
            });
            if !is_early {
                daemon.wait_until_it_answers();
            }
            thread::sleep(life);
            daemon.kill();
            over.store(true, Ordering::Relaxed);
        });
        thread::sleep(down);
    }

    /// Starts it once more, waits until everything has happened at least once and nothing is overdue, and checks it all.
    fn end(&mut self) -> checker::Figures {
        let mut daemon = self.home.begin_up(&self.chart);
        daemon.wait_until_it_answers();
        let what = format!("everything happens and no clock is lost (seed {})", self.seed);
        eventually(&what, || {
            for _ in 0..5 {
                self.people.do_something();
            }
            let now = checker::millis(&self.people.look("inbox")?["now"]);
            let walked = checker::walk(&self.export());
            let missing = WANTED.iter().find(|name| walked.count(name) == 0);
            (missing.is_none() && walked.lost_clocks(now).is_empty() && self.people.record.open().is_empty())
                .then_some(())
        });
        self.check(&mut daemon)
    }

    fn check(&self, daemon: &mut Daemon) -> checker::Figures {
        let context = || format!("seed {}; the daemon said:\n{}", self.seed, self.home.log());
        assert_eq!(daemon.stop(), Some(0), "{}", context());
        let figures = checker::walk(&self.export())
            .compare(&self.people.sent, self.people.record.acknowledged())
            .unwrap_or_else(|faults| panic!("{faults}\n{}", context()));
        let doctor = self.home.echelon(&["doctor", "--json"]);
        assert_eq!(doctor.json()["faults"], json!([]), "{}", context());
        let audit = self.home.echelon(&["audit", "verify"]);
        assert_eq!(audit.code, Some(0), "{audit:?}\n{}", context());
        assert_nothing_alive(&self.home);
        figures
    }

    fn export(&self) -> String {
        let export = self.home.echelon(&["store", "export"]);
        assert_eq!(export.code, Some(0), "seed {}: {}", self.seed, export.stderr);
        exported_events(&export.stdout)
    }
}

/// Whoever does what people do, and writes down what was acknowledged.
struct People {
    client: Client,
    record: ClientRecord,
    sent: Sent,
    random: StdRng,
}

impl People {
    fn do_something(&mut self) {
        match self.random.random_range(0..10) {
            0..=2 => self.submit(),
            3 => {
                let said = json!({ "channel": "all", "kind": "milestone", "impact": "", "action_items": [] });
                self.send(|word| {
                    let mut said = said;
                    said["subject"] = word.into();
                    json!({ "broadcast": said })
                });
            }
            4 => self.leave_and_come_back(),
            5 => self.pause_and_resume(),
            6 => self.grant(),
            _ => self.decide(),
        }
    }

    fn look(&self, query: &str) -> Option<Value> {
        let query = if query == "inbox" { json!({ "inbox": { "role": null } }) } else { json!(query) };
        self.client.try_ask(&json!({ "query": query }))?.ok()
    }

    /// Asks for something once, under words that nothing else bears, and says what was heard.
    fn send(&mut self, ask: impl FnOnce(&str) -> Value) -> &mut Heard {
        let word = format!("word {}", self.sent.len());
        let heard = match self.client.try_ask(&ask(&word)) {
            Some(Ok(_)) => Heard::Done,
            // Something went wrong on the way: who asked cannot know how far it came.
            Some(Err(refusal)) if refusal["code"] == "internal" => Heard::Nothing,
            Some(Err(_)) => Heard::Refused,
            None => Heard::Nothing,
        };
        self.sent.entry(word).or_insert(heard)
    }

    fn submit(&mut self) {
        let open = self.record.open();
        let key = match open.choose(&mut self.random) {
            Some(key) => key.clone(),
            None if self.record.count() < INSTRUCTIONS => {
                self.record.ask(stage::WORK_TYPES[self.record.count() % stage::WORK_TYPES.len()])
            }
            None => return,
        };
        let work_type = self.record.work_type(&key).expect("only keys that were asked for are sent");
        if let Some(id) = self.client.submit(&key, work_type) {
            self.record.note(&key, id);
        }
    }

    fn leave_and_come_back(&mut self) {
        let role = ["making/ann", "judged:lead", "judged/joe"].choose(&mut self.random).expect("there are some");
        self.send(|word| json!({ "act": { "away": { "role": role, "reason": word } } }));
        self.client.try_ask(&json!({ "act": { "back": { "role": role } } }));
    }

    fn pause_and_resume(&mut self) {
        let Some(status) = self.look("status") else { return };
        let instructions = status["instructions"].as_array().cloned().unwrap_or_default();
        let Some(instruction) = instructions.choose(&mut self.random) else { return };
        let id = &instruction["id"];
        self.send(|word| json!({ "act": { "pause": { "instruction": id, "reason": word } } }));
        // A kill between the two leaves it paused; somebody resumes it later.
        self.client.try_ask(&json!({ "act": { "resume": { "instruction": id } } }));
    }

    fn items(&self) -> Vec<Value> {
        let groups = self.look("inbox").map(|inbox| inbox["groups"].as_array().cloned().unwrap_or_default());
        let groups = groups.unwrap_or_default();
        groups.iter().flat_map(|group| group["items"].as_array().cloned().unwrap_or_default()).collect()
    }

    fn grant(&mut self) {
        let items = self.items();
        let Some(item) = items.choose(&mut self.random) else { return };
        let task = &item["task"];
        self.send(|word| json!({ "act": { "grant": { "task": task, "span": 1_800_000, "reason": word } } }));
    }

    /// Deals with something in the inbox, or sends what is to be judged back.
    fn decide(&mut self) {
        let items = self.items();
        let Some(item) = items.choose(&mut self.random) else { return };
        let id = item["id"].as_str().unwrap_or_default();
        if id.starts_with("qst_") {
            self.send(|word| json!({ "answer": { "question": id, "text": word } }));
        } else if id.starts_with("esc_") {
            let ways = item["options"].as_array().map_or(0, Vec::len);
            if ways > 0 {
                let choose = self.random.random_range(1..=ways);
                let heard =
                    self.send(|word| json!({ "act": { "approve": { "id": id, "choose": choose, "note": word } } }));
                // What was decided is recorded before it is carried out, and somebody may be faster in between.
                if *heard == Heard::Refused {
                    *heard = Heard::Nothing;
                }
            }
        } else if matches!(item["state"].as_str(), Some("UNDER_REVIEW" | "DOMAIN_REVIEW")) {
            let no = json!({ "reject": { "id": id, "reason": "once more", "findings": [] } });
            let yes = json!({ "approve": { "id": id, "choose": 1, "note": null } });
            let act = if self.random.random_bool(0.3) { no } else { yes };
            self.client.try_ask(&json!({ "act": act }));
        } else if item["state"] == "READY_FOR_HANDOFF" {
            let verdict = json!({ "task": item["task"], "receiver": null, "items": [], "rejected": null });
            self.client.try_ask(&json!({ "judge": verdict }));
        }
    }
}
