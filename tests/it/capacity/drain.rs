//! Plans far over capacity.

use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::instruction::StateName;
use echelon::domain::task::{State as TaskState, StateClock, Trouble};
use echelon::domain::work::{Priority, Tier};

use super::world::{World, domain};

/// Clocks that fired and escalations that were raised.
fn raised(world: &World) -> usize {
    world
        .events()
        .filter(|event| {
            matches!(event, Event::Task(_, TaskEvent::ClockFired { .. } | TaskEvent::EscalationRaised { .. }))
        })
        .count()
}

/// Twelve milestones of 24 hours each: for two people who have eight a day each, eighteen days.
fn far_over_capacity() -> Vec<(String, f64)> {
    (1..=12).map(|number| (format!("m{number}"), 24.0)).collect()
}

#[test]
fn a_plan_far_over_capacity_waits_and_drains_without_one_needless_escalation() {
    // Workers that say how far they are, and workers that do not.
    for reports in [true, false] {
        let mut world = World::new(&["backend/bea", "backend/ben"]);
        let plan = far_over_capacity();
        let plan: Vec<(&str, &str, f64)> = plan.iter().map(|(key, hours)| (key.as_str(), "backend", *hours)).collect();
        let id = world.instruct(Tier::Expert, Priority::Normal, &plan);
        world.settle();
        assert_eq!(world.state.waiting(&domain("backend")).count(), 10, "two have one each");
        let mut hours = 0;
        while world.state.ended(id).is_none() {
            let before = world.entries.len();
            let pending: Vec<_> = world
                .state
                .tasks
                .values()
                .filter(|task| task.state == TaskState::Pending)
                .map(|task| task.id)
                .collect();
            world.live_an_hour(reports);
            for entry in &world.entries[before..] {
                if let Event::Task(task, TaskEvent::ClockFired { .. } | TaskEvent::EscalationRaised { .. }) =
                    &entry.event
                {
                    assert!(!pending.contains(task), "{reports}, after {hours} h: {:?}", entry.event);
                }
            }
            hours += 1;
            assert!(hours < 30 * 24, "it drains");
            if hours % 24 == 0 {
                world.check_restart();
            }
        }
        assert_eq!(world.state.ended(id), Some(StateName::Completed));
        let again = world.events().filter(|event| matches!(event, Event::Task(_, TaskEvent::ForecastPassed))).count();
        assert!(again > 0, "the forecasts do not reach that far");
        world.check_restart();
    }
}

#[test]
fn what_waits_for_a_backlog_that_does_not_drain_goes_up_the_line() {
    let mut world = World::new(&["backend/ben"]);
    world.works = false;
    world.instruct(Tier::Moderate, Priority::Normal, &[("a", "backend", 24.0), ("b", "backend", 24.0)]);
    world.settle();
    assert!(world.is_pending("b"));
    assert_eq!(raised(&world), 0);
    let mut hours = 0;
    while world.task("b").escalation_for(Trouble::Late).is_none() {
        world.live_an_hour(false);
        hours += 1;
        assert!(hours < 24 * 30, "somebody hears of it");
    }
    let forecasts = world
        .events()
        .filter(|event| matches!(event, Event::Task(id, TaskEvent::WaitsForCapacity { .. }) if *id == world.id("b")))
        .count();
    assert!(forecasts <= usize::from(StateClock::UNMOVED_LIMIT) + 1, "{forecasts}");
}

#[test]
fn what_is_most_urgent_is_given_out_first_as_somebody_has_the_time() {
    let mut world = World::new(&["backend/ben"]);
    world.instruct(Tier::Moderate, Priority::Normal, &[("a", "backend", 24.0), ("b", "backend", 8.0)]);
    world.settle();
    world.instruct(Tier::Simple, Priority::High, &[("c", "backend", 8.0)]);
    world.settle();
    assert_eq!((world.has("a").as_deref(), world.has("b"), world.has("c")), (Some("backend/ben"), None, None));
    while world.is_pending("c") {
        world.live_an_hour(true);
    }
    // As soon as less than 90 % of three days are left of the first, and before the one that came before it.
    assert!(world.is_pending("b"));
    assert!(world.hours("backend/ben") <= 21.6 + 8.0, "{}", world.hours("backend/ben"));
}
