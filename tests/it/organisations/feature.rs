//! The largest thing that the software organisation can be asked for, from one sentence to its end.

use std::collections::{BTreeMap, BTreeSet};

use echelon::config;
use echelon::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use echelon::domain::review::{Gate, TaskKind};

use super::{complete, folder, plan_of, request};
use crate::stage::Stage;

/// What is asked for.
const TEXT: &str = "Let customers pay by subscription, with billing by the month";

/// How many entries say that.
fn count(entries: &[Entry], what: impl Fn(&Event) -> bool) -> usize {
    entries.iter().filter(|entry| what(&entry.event)).count()
}

/// The domains that have tasks of a plan or of what its milestones were broken down into, by kind.
fn tasks(entries: &[Entry]) -> BTreeMap<TaskKind, Vec<String>> {
    let mut found: BTreeMap<TaskKind, Vec<String>> = BTreeMap::new();
    for entry in entries {
        let planned = match &entry.event {
            Event::Instruction(_, InstructionEvent::Planned { plan }) => &plan.tasks,
            Event::Task(_, TaskEvent::BrokenDown { children }) => children,
            _other => continue,
        };
        for task in planned {
            found.entry(task.kind).or_default().push(task.domain.name().to_owned());
        }
    }
    found
}

#[test]
fn one_sentence_becomes_fourteen_milestones_over_all_domains_and_is_completed() {
    let chart = config::load(&folder().join("software.toml")).expect("it is sound");
    let mut stage = Stage::open("software.toml");
    let id = complete(&mut stage, request(&chart, "feature", TEXT));
    let entries = stage.entries();

    let tasks = tasks(entries);
    assert_eq!(plan_of(entries, id).tasks.len(), 14);
    assert_eq!(tasks[&TaskKind::Strategic].len(), 14);
    assert!(tasks[&TaskKind::Tactical].len() >= 30, "{}", tasks[&TaskKind::Tactical].len());
    for kind in [TaskKind::Strategic, TaskKind::Tactical] {
        let domains: BTreeSet<&str> = tasks[&kind].iter().map(String::as_str).collect();
        let six = ["backend", "data", "devops", "frontend", "qa", "security"];
        assert!(six.iter().all(|domain| domains.contains(domain)), "{kind:?}: {domains:?}");
    }

    let of_task =
        |what: fn(&TaskEvent) -> bool| count(entries, |event| matches!(event, Event::Task(_, it) if what(it)));
    assert_eq!(of_task(|it| matches!(it, TaskEvent::Completed)), 14 + tasks[&TaskKind::Tactical].len());
    assert!(of_task(|it| matches!(it, TaskEvent::HandoffAccepted { .. })) >= 10, "milestones cross domains");
    for gate in [Gate::DomainLead, Gate::TechLead, Gate::Security, Gate::Architecture, Gate::Qa] {
        let passed = count(
            entries,
            |event| matches!(event, Event::Task(_, TaskEvent::GatePassed { gate: it, .. }) if *it == gate),
        );
        assert!(passed > 0, "nothing passed the {gate} gate");
    }
    assert!(of_task(|it| matches!(it, TaskEvent::ChangesRequested { .. })) > 0, "a reviewer wanted a change");
    assert_eq!(of_task(|it| matches!(it, TaskEvent::WentAhead { .. })), 3, "each checkpoint was given the go-ahead");
    assert!(of_task(|it| matches!(it, TaskEvent::Proposed { .. })) > 0, "a breakdown crossed domains");
    let because = |entry: &Entry| match &entry.event {
        Event::Task(_, TaskEvent::Assigned { explanation, .. }) => explanation.because.clone(),
        _other => None,
    };
    let because: Vec<String> = entries.iter().filter_map(because).collect();
    let for_that = |words: &str| because.iter().filter(|text| text.contains(words)).count();
    assert!(for_that("borrowed from software/") > 0, "a domain lent somebody to one that was full: {because:?}");
    assert!(for_that("cannot start before") > 0, "what can start was not kept from it by what cannot: {because:?}");
    assert!(count(entries, |event| matches!(event, Event::CapacityNoted { .. })) > 0, "how full a domain is was said");
    let of_it = |what: fn(&InstructionEvent) -> bool| {
        count(entries, |event| matches!(event, Event::Instruction(_, it) if what(it)))
    };
    assert_eq!(of_it(|it| matches!(it, InstructionEvent::ConsultationAnswered { .. })), 3);
    assert_eq!(of_it(|it| matches!(it, InstructionEvent::GoNoGoReached)), 1);
    assert_eq!(of_it(|it| matches!(it, InstructionEvent::Completed { .. })), 1);
    insta::assert_snapshot!("feature", stage.story());
}
