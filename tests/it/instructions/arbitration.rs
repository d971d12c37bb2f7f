//! Which goes first where there is not room for both.

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::event::InstructionEvent;
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{HoldKind, Request};
use echelon::domain::work::{Priority, Tier};

use super::stage::{events_of, request};
use crate::lifecycle::world::{World, manager, person};

fn ask(world: &mut World, mark: &str, priority: Priority, hours: f64) -> InstructionId {
    let request = Request { priority, ..request() };
    let id = world.queued_as(Tier::Complex, request, mark, &[("b", "backend", &[], hours)]);
    world.organisation_decides();
    id
}

fn arbitrate(first: bool) -> InstructionAction {
    InstructionAction::Arbitrate { first, reason: "the customer waits".to_owned() }
}

#[test]
fn the_manager_lets_what_is_critical_go_first_and_the_others_go_on_by_themselves_when_it_is_over() {
    let mut world = World::new();
    let large = ask(&mut world, "a", Priority::High, 60.0);
    let small = ask(&mut world, "b", Priority::Low, 30.0);
    let critical = ask(&mut world, "c", Priority::Critical, 60.0);
    // Either of the two would make enough room: it is the less important one that does.
    let (kind, reason, behind) = world.hold(critical);
    assert_eq!((kind, behind), (HoldKind::Manager, &[small][..]));
    assert!(reason.ends_with("it is critical: the manager says whether others make room"), "{reason}");
    let entries = world.managers_decide();
    let said = events_of(&entries, critical);
    assert!(
        matches!(&said[..], [InstructionEvent::Arbitrated { first: true, .. }, InstructionEvent::Executing { .. }]),
        "{said:?}"
    );
    let courses = |world: &World| [large, small, critical].map(|id| world.course(id));
    assert_eq!(courses(&world), ["runs", "paused", "runs"]);
    // Nothing begins in the room that goes on being needed.
    let later = ask(&mut world, "d", Priority::Normal, 25.0);
    assert_eq!(world.course(later), "Capacity");
    world.cancel(critical);
    assert_eq!(world.course(small), "runs");
}

#[test]
fn where_both_are_critical_a_person_says_which_and_is_asked_once() {
    let mut world = World::new();
    let running = ask(&mut world, "a", Priority::Critical, 90.0);
    let critical = ask(&mut world, "b", Priority::Critical, 90.0);
    let (kind, reason, behind) = world.hold(critical);
    assert_eq!((kind, behind), (HoldKind::Person, &[running][..]));
    assert!(reason.contains(&format!("and so is {}: a person says", running.short())), "{reason}");
    assert_eq!(world.managers_decide(), [], "no policy stands in for a person");
    world.refuses(manager(), Action::Instruction(critical, arbitrate(true)));
    // It does not go first: it waits, and nobody is asked again about the same ones.
    world.do_(person(), critical, arbitrate(false));
    world.managers_decide();
    assert_eq!(world.course(critical), "Capacity");
    assert_eq!(world.managers_decide(), []);
    world.cancel(running);
    world.managers_decide();
    assert_eq!(world.course(critical), "runs");
}

#[test]
fn a_person_may_let_anything_go_first_that_waits_for_capacity() {
    let mut world = World::new();
    let running = ask(&mut world, "a", Priority::Normal, 90.0);
    let before = ask(&mut world, "b", Priority::Normal, 90.0);
    let last = ask(&mut world, "c", Priority::Low, 90.0);
    world.do_(person(), last, arbitrate(true));
    world.managers_decide();
    assert_eq!([running, before, last].map(|id| world.course(id)), ["paused", "Capacity", "runs"]);
}

#[test]
fn what_competes_may_end_before_anybody_has_decided() {
    let mut world = World::new();
    let running = ask(&mut world, "a", Priority::Critical, 90.0);
    let critical = ask(&mut world, "b", Priority::Critical, 90.0);
    assert_eq!(world.course(critical), "Person");
    world.cancel(running);
    world.organisation_decides();
    assert_eq!(world.course(critical), "runs");
}

#[test]
fn nothing_makes_room_for_what_waits_for_it() {
    let mut world = World::new();
    let running = ask(&mut world, "a", Priority::Normal, 10.0);
    let depends = Request { depends_on: [running].into(), ..request() };
    let waits = world.queued_as(Tier::Simple, depends, "w", &[("page", "frontend", &[], 4.0)]);
    let pause = |until| InstructionAction::Pause { reason: "first the other".to_owned(), until: Some(until) };
    world.refuses(person(), Action::Instruction(running, pause(waits)));
    world.refuses(person(), Action::Instruction(running, pause(running)));
    let other = ask(&mut world, "b", Priority::Normal, 10.0);
    world.do_(person(), running, pause(other));
    world.refuses(person(), Action::Instruction(other, pause(waits)));
    world.cancel(other);
    assert_eq!(world.course(running), "runs");
}
