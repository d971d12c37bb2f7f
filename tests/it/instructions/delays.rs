//! Schedules, baselines, slips and deadlines.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Event, InstructionEvent, TaskEvent};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{Deadline, Request};
use echelon::domain::risk::Risk;
use echelon::domain::schedule::{baseline, schedule};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Priority, Tier};

use super::stage::{Step, events_of, request};
use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, ic_id, person};

const DIAMOND: &[Step<'_>] = &[
    ("a", "backend", &[], 2.0),
    ("b", "backend", &["a"], 6.0),
    ("c", "qa", &["a"], 3.0),
    ("d", "frontend", &["b", "c"], 1.0),
];

fn hours_of(span: Millis) -> f64 {
    Effort::from_hours(span.to_duration().as_secs_f64() / 3_600.0).hours()
}

#[test]
fn a_schedule_says_what_is_critical_what_has_slack_and_what_can_be_done_side_by_side() {
    let mut world = World::new();
    let id = world.queued_as(Tier::Moderate, request(), "", DIAMOND);
    let laid = schedule(&world.state, world.found(id));
    let table = [
        ("a", 0.0, 2.0, 0.0, true, 0),
        ("b", 2.0, 8.0, 0.0, true, 1),
        ("c", 2.0, 5.0, 3.0, false, 1),
        ("d", 8.0, 9.0, 0.0, true, 2),
    ];
    for (key, start, finish, slack, critical, level) in table {
        let slot = laid.tasks[&world.id(key)];
        let spans = [slot.start, slot.finish, slot.slack].map(hours_of);
        assert_eq!((spans, slot.critical, slot.level), ([start, finish, slack], critical, level), "{key}");
    }
    assert_eq!((hours_of(laid.length), laid.path), (9.0, ["a", "b", "d"].map(|key| world.id(key)).to_vec()));
}

#[test]
fn what_was_broken_down_lies_between_the_beginning_and_the_end_of_its_milestone() {
    let mut world = World::new();
    let steps: &[Step<'_>] = &[
        ("m1", "backend", &[], 4.0),
        ("m2", "frontend", &["m1"], 4.0),
        ("m3", "qa", &[], 1.0),
        ("m4", "qa", &[], 1.0),
        ("m5", "qa", &[], 1.0),
    ];
    let id = world.queued_as(Tier::Complex, request(), "", steps);
    world.organisation_decides();
    world.break_down("m1", &["x", "y"]);
    let laid = schedule(&world.state, world.found(id));
    assert!(!laid.tasks.contains_key(&world.id("m1")), "its pieces stand for it");
    let slot = |key: &str| laid.tasks[&world.id(key)];
    assert_eq!((slot("x").level, slot("y").level, slot("m2").level), (0, 0, 1));
    assert_eq!(hours_of(slot("m2").start), 4.0);
    assert!(slot("x").critical && slot("y").critical && slot("m2").critical && !slot("m3").critical);
}

#[test]
fn a_row_of_milestones_with_many_pieces_each_is_laid_out() {
    // Each piece waits for all pieces of the milestone before: by pairs these would be tens of thousands.
    let mut world = World::new();
    let keys: Vec<String> = (0..15).map(|number| format!("m{number}")).collect();
    let mut steps: Vec<Step<'_>> = Vec::new();
    let needs: Vec<Vec<&str>> = (0..15)
        .map(|number: usize| number.checked_sub(1).map(|before| keys[before].as_str()).into_iter().collect())
        .collect();
    for (key, needs) in keys.iter().zip(&needs) {
        steps.push((key, "backend", needs, 4.0));
    }
    let id = world.queued_as(Tier::Complex, request(), "", &steps);
    world.organisation_decides();
    for key in &keys {
        let children: Vec<String> = (0..10).map(|number| format!("{key}c{number}")).collect();
        let children: Vec<&str> = children.iter().map(String::as_str).collect();
        let _later =
            world.give(crate::lifecycle::world::tech_lead(), Action::Task(world.id(key), TaskAction::BeginPlanning));
        world.break_down(key, &children);
    }
    let laid = schedule(&world.state, world.found(id));
    assert_eq!((laid.tasks.len(), laid.path.len(), hours_of(laid.length)), (150, 15, 60.0));
    assert!(laid.tasks.values().all(|slot| slot.critical));
}

#[test]
fn a_baseline_is_as_long_as_those_take_who_can_do_it() {
    type Change = fn(&mut World);
    let table: &[(&str, &[Step<'_>], Change, f64)] = &[
        ("one after the other", &[("a", "backend", &[], 8.0), ("b", "backend", &["a"], 8.0)], |_| {}, 16.0),
        ("side by side, by two", &[("a", "backend", &[], 8.0), ("b", "backend", &[], 8.0)], |_| {}, 8.0),
        (
            "more than two can do at once",
            &[("a", "backend", &[], 8.0), ("b", "backend", &[], 8.0), ("c", "backend", &[], 8.0)],
            |_| {},
            12.0,
        ),
        ("side by side, by one", &[("a", "qa", &[], 8.0), ("b", "qa", &[], 8.0)], |_| {}, 16.0),
        (
            "by people, who do not work around the clock",
            &[("a", "qa", &[], 8.0), ("b", "frontend", &[], 2.0)],
            |world| {
                world.apply(|chart| {
                    chart.ics.values_mut().for_each(|ic| ic.hours_per_day = Effort::from_hours(8.0));
                });
            },
            24.0,
        ),
        (
            "one of the two cannot do it",
            &[("a", "backend", &[], 8.0), ("b", "backend", &[], 8.0)],
            |world| {
                world.apply(|chart| drop(chart.ics.remove(&ic_id("backend/bea"))));
            },
            16.0,
        ),
    ];
    for (case, steps, change, expected) in table {
        let mut world = World::new();
        change(&mut world);
        let id = world.queued_as(Tier::Moderate, request(), "", steps);
        let now = world.now().org;
        let span = baseline(&world.state, world.found(id), now).expect("something is left").span;
        assert_eq!(hours_of(span), *expected, "{case}");
    }
    let mut world = World::new();
    let id = world.queued_as(Tier::Simple, request(), "", &[("a", "backend", &[], 8.0)]);
    assert_eq!(baseline(&world.state, world.found(id), world.now().org), None, "the clocks of one task are enough");
}

/// `a`, then `b`, ten hours each, with what is changed about the request and the risk.
fn running(world: &mut World, request: Request, risk: Risk) -> InstructionId {
    let steps: &[Step<'_>] = &[("a", "backend", &[], 10.0), ("b", "backend", &["a"], 10.0)];
    let id = world.planned_with(Tier::Moderate, request, "", steps, |plan| plan.risk = risk);
    world.managers_decide();
    world.assign("a", "backend/ben");
    id
}

#[test]
fn a_slip_is_found_when_a_task_ends_late_and_said_once() {
    // Twenty hours were expected; with `a` over after so many, so many percent more are.
    let monitored = Risk { technical_complexity: 10, ..Risk::default() };
    let table = [
        (10, Risk::default(), None),
        (13, Risk::default(), None),
        (15, Risk::default(), Some(25)),
        (11, monitored, None),
        (13, monitored, Some(15)),
    ];
    for (taken, risk, expected) in table {
        let mut world = World::new();
        let id = running(&mut world, request(), risk);
        world.start("a");
        world.pass(hours(taken));
        world.hand_in("a");
        world.approve("a");
        world.pass_gates("a");
        let slips: Vec<u32> = events_of(&world.entries, id)
            .into_iter()
            .filter_map(|event| match event {
                InstructionEvent::Slipped { percent, .. } => Some(percent),
                _other => None,
            })
            .collect();
        assert_eq!(slips, expected.into_iter().collect::<Vec<u32>>(), "after {taken} h");
        world.fire();
        assert!(events_of(&world.entries, id).len() < 8, "said once while nobody has answered");
    }
}

#[test]
fn the_manager_accepts_a_delay_and_hurries_what_must_not_be_late_where_a_deadline_is_in_danger() {
    let table: &[(&str, Option<i64>, &str, &[&str])] = &[
        ("no deadline", None, ": it has no deadline", &[]),
        ("time enough", Some(60), "before its deadline", &[]),
        ("in danger", Some(24), "after its deadline; from now on these go before other work: b", &["b"]),
    ];
    for (case, deadline, said, hurried) in table {
        let mut world = World::new();
        let deadline = deadline.map(|after| Deadline::Within(hours(after)));
        let id = running(&mut world, Request { deadline, ..request() }, Risk::default());
        world.start("a");
        world.pass(hours(18));
        world.hand_in("a");
        world.approve("a");
        world.pass_gates("a");
        let entries = world.managers_decide();
        let decided = events_of(&entries, id).into_iter().find_map(|event| match event {
            InstructionEvent::Rebaselined { decision, .. } => Some(decision),
            _other => None,
        });
        let decided = decided.unwrap_or_else(|| panic!("{case}: nothing was decided"));
        assert!(
            decided.starts_with("it takes 40 % longer than expected") && decided.contains(said),
            "{case}: {decided}"
        );
        let urgent: Vec<&str> =
            ["a", "b"].into_iter().filter(|key| world.task(key).priority == Priority::High).collect();
        assert_eq!(urgent, *hurried, "{case}");
        assert_eq!(world.managers_decide(), [], "{case}: it is decided");
        let changed =
            entries.iter().any(|entry| matches!(&entry.event, Event::Task(_, TaskEvent::PriorityChanged { .. })));
        assert_eq!(changed, !hurried.is_empty(), "{case}");
    }
}

#[test]
fn a_deadline_that_passes_is_said_and_brought_to_the_manager() {
    let mut world = World::new();
    let asked = Request { deadline: Some(Deadline::Within(hours(21))), ..request() };
    let id = running(&mut world, asked, Risk::default());
    world.start("a");
    let entries = world.live(hours(22));
    let said = events_of(&entries, id);
    assert!(matches!(said[..], [InstructionEvent::DeadlinePassed, InstructionEvent::Slipped { .. }]), "{said:?}");
    assert!(world.found(id).overdue);
    world.managers_decide();
    assert_eq!(world.task("b").priority, Priority::High);
    // A day later it is looked at again, and not before.
    let entries = world.live(hours(20));
    assert_eq!(events_of(&entries, id), []);
    world.cancel(id);
    assert!(world.state.instruction(id).is_err());
}

#[test]
fn what_only_waits_for_reviewers_can_be_decided_about_too() {
    let mut world = World::new();
    let id = running(&mut world, request(), Risk::default());
    world.start("a");
    world.hand_in("a");
    world.task_must(person(), "b", TaskAction::Cancel { reason: "not needed".to_owned() });
    world.live(hours(30));
    let slipped = |world: &World| world.found(id).plan.as_ref().is_some_and(|plan| plan.slipped.is_some());
    assert!(slipped(&world));
    world.managers_decide();
    assert!(!slipped(&world));
}
