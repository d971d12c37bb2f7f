//! Target, warning and escalation of every state in every tier.

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::role::Level;
use echelon::domain::sla::Mark;
use echelon::domain::task::StateName::{
    self, Assigned, Blocked, DomainReview, InPlanning, InProgress, Pending, ReadyForHandoff, UnderReview,
};
use echelon::domain::task::Trouble;
use echelon::domain::time::{Millis, OrgTime};
use echelon::domain::work::Tier;

use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, blocker, manager, person, system};

/// Hours to target, warning and escalation; the work of these tests takes four hours of a day of 24.
#[rustfmt::skip]
const LIMITS: &[(StateName, &[u8], [i64; 3], Level)] = &[
    (Pending,         &[0, 1, 2],       [2, 4, 8],    Level::EngineeringManager),
    (Pending,         &[3, 4],          [8, 16, 32],  Level::EngineeringManager),
    (InPlanning,      &[3, 4],          [24, 36, 48], Level::TechLead),
    (Assigned,        &[0, 1, 2, 3, 4], [4, 8, 24],   Level::DomainLead),
    (InProgress,      &[0, 1, 2, 3, 4], [4, 6, 8],    Level::DomainLead),
    (Blocked,         &[0, 1, 2, 3, 4], [2, 2, 4],    Level::DomainLead),
    (UnderReview,     &[1, 2, 3, 4],    [4, 8, 24],   Level::DomainLead),
    (DomainReview,    &[1, 2, 3, 4],    [8, 16, 48],  Level::TechLead),
    (ReadyForHandoff, &[2, 3, 4],       [24, 48, 72], Level::TechLead),
];

fn tier(number: u8) -> Tier {
    [Tier::Trivial, Tier::Simple, Tier::Moderate, Tier::Complex, Tier::Expert][usize::from(number)]
}

/// A task of a tier in a state, in the smallest plan that has one.
fn bring(number: u8, state: StateName) -> (World, &'static str) {
    let mut world = World::new();
    let names = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10"];
    match number {
        0 | 1 => drop(world.instruct(tier(number), &[("api", "backend", &[])])),
        2 => drop(world.trio()),
        _ => {
            let plan: Vec<(&str, &str, &[&str])> = names
                .iter()
                .take(if number == 3 { 5 } else { 10 })
                .map(|name| {
                    if *name == "m2" {
                        (*name, "frontend", ["m1"].as_slice())
                    } else {
                        (*name, "backend", [].as_slice())
                    }
                })
                .collect();
            world.instruct(tier(number), &plan);
        }
    }
    let key = match (number, state) {
        (0..=2, _) => "api",
        (_, Pending | InPlanning) => "m1",
        _ => {
            world.break_down("m1", &["c1"]);
            "c1"
        }
    };
    match (number, state) {
        (3 | 4, ReadyForHandoff) => {
            world.assign("c1", "backend/ben");
            world.reach_end("c1");
            world.pass_gates("m1");
            (world, "m1")
        }
        _ => {
            world.reach(key, state);
            (world, key)
        }
    }
}

/// Every row of the table for every tier of it.
fn rows() -> impl Iterator<Item = (u8, StateName, [i64; 3], Level)> {
    LIMITS.iter().flat_map(|(state, tiers, limits, level)| tiers.iter().map(|tier| (*tier, *state, *limits, *level)))
}

/// The moments at which the marks of the state that a task is in fire from now on.
fn fires(world: &mut World, key: &str, until: OrgTime) -> Vec<(OrgTime, Mark)> {
    let id = world.id(key);
    let visit = world.task(key).visit;
    let entries = world.live_until(until);
    let of_the_visit = |entry: &Entry| match &entry.event {
        Event::Task(task, TaskEvent::ClockFired { mark, .. }) if *task == id => Some((entry.at.org, *mark)),
        _other => None,
    };
    // A blocked task is escalated by its clock, which ends the visit.
    assert!(visit <= world.task(key).visit);
    entries.iter().filter_map(of_the_visit).collect()
}

/// Since when the clock of the state runs: before that, the instruction had not begun.
fn began(world: &World, key: &str) -> OrgTime {
    let task = world.task(key);
    task.entered.org.plus(task.clock.stood_still)
}

fn expected(from: OrgTime, limits: [i64; 3], later: Millis) -> Vec<(OrgTime, Mark)> {
    Mark::ALL.into_iter().zip(limits).map(|(mark, limit)| (from.plus(hours(limit)).plus(later), mark)).collect()
}

/// Long after the last limit of any state.
fn long_after(world: &World) -> OrgTime {
    world.now().org.plus(hours(24 * 14))
}

#[test]
fn every_limit_of_every_state_and_tier_fires_once_and_at_its_time() {
    for (number, state, limits, level) in rows() {
        let (mut world, key) = bring(number, state);
        let what = format!("{state} in tier {number}");
        let entered = began(&world, key);
        let mut seen = Vec::new();
        for (mark, limit) in Mark::ALL.into_iter().zip(limits) {
            let due = entered.plus(hours(limit));
            let early = world.live_until(OrgTime::from_millis(due.as_millis() - 1));
            assert!(!world.marks(key, &early).contains(&mark), "{what}: {mark:?} is early");
            let entries = world.live_until(due);
            seen.append(&mut world.marks(key, &entries));
            assert!(seen.contains(&mark), "{what}: {mark:?} is not there");
        }
        let trouble = if state == Blocked { Trouble::Blocked } else { Trouble::Late };
        let record = world.record(key, trouble);
        assert_eq!(
            (record.level, record.state, record.overdue),
            (level, state, hours(limits[2] - limits[0])),
            "{what}"
        );
        let after = long_after(&world);
        assert_eq!(fires(&mut world, key, after), [], "{what}: once");
        assert_eq!(seen, Mark::ALL, "{what}");
    }
}

#[test]
fn overdue_clocks_fire_once_and_in_order_however_late_and_across_restarts() {
    for (number, state, limits, _) in rows() {
        let (mut world, key) = bring(number, state);
        let what = format!("{state} in tier {number}");
        let entered = began(&world, key);
        world.restart();
        world.live_until(OrgTime::from_millis(entered.plus(hours(limits[0])).as_millis() - 1));
        world.restart();
        // The daemon is down past the last limit of the state.
        world.millis = entered.plus(hours(limits[2])).as_millis() + 1_800_000;
        world.restart();
        let entries = world.fire();
        assert_eq!(world.marks(key, &entries), Mark::ALL, "{what}");
        world.restart();
        assert_eq!(world.fire(), [], "{what}: nothing is due twice");
    }
}

#[test]
fn a_paused_instruction_shifts_every_limit_by_exactly_the_pause() {
    for (number, state, limits, _) in rows() {
        let (mut world, key) = bring(number, state);
        let entered = began(&world, key);
        let id = world.instruction();
        world.live(hours(1));
        world.at_once(
            person(),
            Action::Instruction(id, InstructionAction::Pause { reason: "wait".to_owned(), until: None }),
        );
        let during = world.live(hours(100));
        assert_eq!(world.labels(&during), Vec::<String>::new(), "{state} in tier {number}: everything stands still");
        world.restart();
        world.at_once(person(), Action::Instruction(id, InstructionAction::Resume));
        let after = long_after(&world);
        let seen = fires(&mut world, key, after);
        assert_eq!(seen, expected(entered, limits, hours(100)), "{state} in tier {number}");
    }
}

#[test]
fn granted_time_moves_the_limits_that_have_not_fired() {
    for (number, state, limits, _) in rows() {
        let (mut world, key) = bring(number, state);
        let entered = began(&world, key);
        world.live(hours(1));
        let span = hours(5);
        world.task_at_once(manager(), key, TaskAction::GrantTime { span, reason: "it is harder".to_owned() });
        world.restart();
        let after = long_after(&world);
        assert_eq!(fires(&mut world, key, after), expected(entered, limits, span), "{state} in tier {number}");
    }
}

#[test]
fn what_is_left_at_its_deadline_does_not_fire_and_what_fired_first_ends_with_the_state() {
    for (number, state, limits, _) in rows() {
        for left_first in [true, false] {
            let (mut world, key) = bring(number, state);
            let what = format!("{state} in tier {number}, left first: {left_first}");
            let due = began(&world, key).plus(hours(limits[2]));
            world.live_until(OrgTime::from_millis(due.as_millis() - 1));
            let visit = world.task(key).visit;
            world.millis = due.as_millis();
            if !left_first {
                let entries = world.fire();
                assert_eq!(world.marks(key, &entries), [Mark::Escalation], "{what}");
                assert!(!world.task(key).escalations.is_empty(), "{what}");
            }
            let block = TaskAction::Block { epoch: world.task(key).running_epoch(), blocker: blocker(Level::TechLead) };
            match state {
                Pending | Assigned | InProgress => drop(world.task_at_once(system(), key, block)),
                _others => drop(world.task_at_once(person(), key, TaskAction::Cancel { reason: "enough".to_owned() })),
            }
            let entries = world.fire();
            let id = world.id(key);
            if let Some(task) = world.state.tasks.get(&id) {
                assert!(task.visit > visit && task.escalations.is_empty(), "{what}");
                assert!(
                    left_first || task.past_escalations.iter().any(|(_, record)| record.closed.is_some()),
                    "{what}"
                );
            }
            assert_eq!(world.marks(key, &entries), [], "{what}");
            assert!(!world.labels(&entries).iter().any(|label| label == &format!("{key} escalation_raised")), "{what}");
        }
    }
}

#[test]
fn work_takes_as_long_as_the_day_of_whoever_does_it_says() {
    for (day, target) in [(24.0, 4), (12.0, 8), (8.0, 12), (4.0, 24)] {
        let mut chart = crate::lifecycle::world::chart(true);
        for ic in chart.ics.values_mut() {
            ic.hours_per_day = echelon::domain::time::Effort::from_hours(day);
        }
        let mut world = World::with_chart(chart);
        world.solo();
        world.reach("api", InProgress);
        let entered = world.task("api").entered.org;
        let after = long_after(&world);
        let limits = [target, target * 3 / 2, target * 2];
        assert_eq!(fires(&mut world, "api", after), expected(entered, limits, Millis(0)), "{day} hours a day");
    }
}
