//! Whole simulations: the same seed gives the same journal byte for byte, whoever runs it and however much is logged;
//! restarts and answers that come twice change nothing that must hold; and a fault is named with the first event that shows it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use echelon::config;
use echelon::config::scenario::Scenario;
use echelon::domain::command::Command;
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::rejection::Rejection;
use echelon::domain::state::State;
use echelon::sim::checks::invariant::{LIVENESS, OWNER, WAKES};
use echelon::sim::{Error, Options, run};
use tempfile::TempDir;

use crate::cli::shipped;
use crate::support::Home;

fn scenario(name: &str, days: u32) -> Scenario {
    let path = shipped(&format!("scenarios/{name}.toml"));
    let mut scenario = config::scenario(Path::new(&path)).expect("it ships without faults");
    scenario.days = days;
    scenario
}

#[test]
fn the_same_seed_gives_the_same_journal_in_every_process_and_at_every_level_of_logging() {
    let home = Home::new();
    // It is killed and started again twice a day, and one attempt in four goes wrong.
    let path = shipped("scenarios/flaky-agents.toml");
    let journal = |name: &str, more: &[&str]| {
        let file = home.path().join(name);
        let file_name = file.to_str().expect("a path of a test is text");
        let arguments = ["sim", &path, "--days", "2", "--json", "--export-journal", file_name];
        let report = home.done(&[&arguments[..], more].concat()).stdout;
        (report, fs::read(file).expect("the journal was written"))
    };
    let first = journal("first", &["--log", "off"]);
    let lines = first.1.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines > 200, "{lines} events");
    assert!(first == journal("second", &["--log", "debug"]), "the same seed gives the same");
    assert!(first.1 != journal("third", &["--seed", "2"]).1, "another seed gives something else");
    // It is also the same where somebody else runs it, and the report says what the whole journal hashes to.
    let folder = TempDir::new().expect("there is room");
    let file = folder.path().join("journal");
    let options = Options { journal: Some(file.clone()), ..Options::of(scenario("flaky-agents", 2)) };
    let outcome = run(&options).expect("it runs to its end");
    assert!(fs::read(&file).expect("it was written") == first.1);
    let last = String::from_utf8(first.1).expect("JSON is text").lines().last().map(str::to_owned);
    assert!(last.expect("there are events").contains(&outcome.journal_hash));
}

#[test]
fn every_scenario_that_ships_runs_a_while_with_nothing_found() {
    for name in ["steady-week", "launch-rush", "incident-storm", "backend-on-leave", "load-100"] {
        let outcome = run(&Options::of(scenario(name, 2))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(outcome.report.instructions.received > 0, "{name}: something came in");
    }
}

/// Decides as the core does until `fault` does something about it, once.
fn plant(fault: fn(&mut State, &Command, &mut Vec<Entry>) -> bool) -> Options {
    let decide = move || {
        let mut is_done = false;
        let decide = move |state: &mut State, command: &Command| -> Result<Vec<Entry>, Rejection> {
            let mut entries = execute(state, command)?;
            is_done = is_done || fault(state, command, &mut entries);
            Ok(entries)
        };
        Box::new(decide) as echelon::ledger::Decide
    };
    Options { decide: Some(Arc::new(decide)), ..Options::of(scenario("steady-week", 2)) }
}

/// What comes of a simulation with a fault in it, and the event at which its journal ends.
fn found(fault: fn(&mut State, &Command, &mut Vec<Entry>) -> bool) -> (String, u64, u64) {
    let folder = TempDir::new().expect("there is room");
    let file = folder.path().join("journal");
    let options = Options { journal: Some(file.clone()), ..plant(fault) };
    let Err(Error::Violation { violation, seed }) = run(&options) else { panic!("the fault was not found") };
    assert_eq!((seed, violation.since), (options.seed, None), "the event is the first that shows it");
    let written = fs::read_to_string(&file).expect("it was written");
    (violation.to_string(), violation.sequence.0, written.lines().count() as u64)
}

#[test]
fn a_task_that_is_given_to_two_is_found_at_once() {
    let (said, at, written) = found(|state, _, entries| {
        let assigned = |entry: &Entry| matches!(&entry.event, Event::Task(_, TaskEvent::Assigned { .. }));
        let Some(twice) = entries.iter().find(|entry| assigned(entry)).cloned() else { return false };
        let again = Entry { sequence: state.sequence.next(), ..twice };
        evolve(state, &again);
        entries.push(again);
        true
    });
    assert!(said.contains(OWNER), "{said}");
    assert_eq!(at, written, "the journal ends with the event that shows it");
}

#[test]
fn a_wake_up_that_is_lost_is_found_when_time_goes_on() {
    let (said, at, written) = found(|state, _, entries| {
        let is_ready = entries.iter().any(|entry| matches!(&entry.event, Event::Task(_, TaskEvent::HandedIn { .. })));
        if is_ready {
            state.take_stirred();
        }
        is_ready
    });
    assert!(said.contains(WAKES) && said.contains("has not looked"), "{said}");
    assert_eq!(at, written, "the journal ends with the event that shows it");
}

#[test]
fn a_task_that_nobody_will_ever_move_is_named_with_the_first_event_after_which_it_is_so() {
    let (said, at, written) = found(|state, _, entries| {
        let completed = |entry: &Entry| match &entry.event {
            Event::Task(id, TaskEvent::Completed) => Some(*id),
            _other => None,
        };
        let Some(id) = entries.iter().find_map(completed) else { return false };
        // What waits for it is told that it waits for itself.
        let waiting = state.tasks.get(&id).and_then(|task| task.dependants.first().copied());
        let Some(task) = waiting.and_then(|id| state.tasks.get_mut(&id)) else { return false };
        let own = task.id;
        task.needs.push(own);
        true
    });
    assert!(said.contains(LIVENESS), "{said}");
    assert_eq!(at, written, "the journal ends with the event that shows it");
}
