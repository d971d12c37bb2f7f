//! What several do at the same time, and what one task makes of another.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::task::Pause;
use echelon::domain::time::{Millis, OrgTime, Stamp};
use echelon::domain::work::{Priority, Tier};

use super::parts::person;
use super::world::World;

#[test]
fn a_command_that_was_overtaken_happens_no_earlier_than_the_one_before_it() {
    let mut world = World::new();
    world.solo();
    let last = world.state.last;
    let earlier = Stamp { org: OrgTime::from_millis(last.org.as_millis() - 5_000), ..last };
    let id = *world.state.tasks.keys().next().expect("there is a task");
    let urgent = Action::Task(id, TaskAction::ChangePriority { priority: Priority::High });
    let entries = world.give_at(earlier, person(), urgent).expect("a person may");
    assert!(!entries.is_empty());
    assert!(entries.iter().all(|entry| entry.at.org == last.org), "{entries:#?}");

    let later = Stamp { org: last.org.plus(Millis(1)), ..last };
    let normal = Action::Task(id, TaskAction::ChangePriority { priority: Priority::Normal });
    let entries = world.give_at(later, person(), normal).expect("a person may");
    assert!(entries.iter().all(|entry| entry.at == later), "{entries:#?}");
}

#[test]
fn a_clock_stops_and_goes_on_with_the_work_on_other_tasks() {
    let mut world = World::new();
    let plan: &[(&str, &str, &[&str])] = &[("one", "backend", &[]), ("two", "backend", &[]), ("three", "backend", &[])];
    world.instruct(Tier::Moderate, plan);
    for (key, _, _) in plan {
        world.assign(key, "backend/bea");
    }
    let why = |world: &World| world.task("three").clock.stopped.map(|(pause, _)| pause);
    assert_eq!(why(&world), None);
    world.start("one");
    world.start("two");
    // Nothing of `three` itself has happened; `give` sees that what changed of it is marked all the same.
    assert_eq!(why(&world), Some(Pause::ParallelLimit));
    world.hand_in("one");
    assert_eq!(why(&world), None);
    assert_eq!(world.task("three").clock.pauses.len(), 1);
}
