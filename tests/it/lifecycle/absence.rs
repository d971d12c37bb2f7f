//! What goes on while somebody is not there, and what is not decided over anybody's head.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::instruction::StateName as Instruction;
use echelon::domain::org::{Person, PersonRole, WorkerKind};
use echelon::domain::presence::AbsenceKind;
use echelon::domain::rejection::Rejection;
use echelon::domain::role::{Level, Role};
use echelon::domain::task::{StateName, Trouble};
use echelon::domain::work::Tier;

use super::time::hours;
use super::world::{World, basis, chart, domain, ic, ic_id, system};

fn manager() -> Role {
    Role::EngineeringManager("dev".parse().expect("a name"))
}

fn tech_lead() -> Role {
    Role::TechLead("dev".parse().expect("a name"))
}

#[test]
fn an_instruction_is_taken_on_whoever_of_those_above_is_there() {
    let cases: [&[Role]; 4] = [&[], &[manager()], &[tech_lead()], &[manager(), tech_lead()]];
    for away in cases {
        let mut world = World::new();
        for role in away {
            world.leaves(role.clone(), AbsenceKind::Away);
        }
        let id = world.submit(Tier::Simple);
        world.run_policies();
        // The workflow of the test chart has steps for another tier, so that whoever plans it refuses it.
        let ended = world.state.finished.get(&id).map(|stub| stub.state);
        assert_eq!(ended, Some(Instruction::Rejected), "without {away:?}");
        assert!(world.state.owed().all(|(role, _)| !away.contains(role)), "nobody who is away owes anything");
    }
}

#[test]
fn contested_work_is_not_approved_over_the_head_of_whoever_decides_about_it() {
    for state in [StateName::UnderReview, StateName::DomainReview] {
        let mut world = World::new();
        world.instruct(Tier::Simple, &[("api", "backend", &[])]);
        world.reach("api", state);
        let (_, contest) = world.raise(Trouble::Rounds, Level::Person);
        world.task_must(system(), "api", contest);
        let mut events = world.live(hours(24 * 7));
        events.extend(world.run_policies());
        events.extend(world.live(hours(24 * 7)));
        let approved = |event: &Event| {
            matches!(event, Event::Task(_, TaskEvent::PeerApproved { .. } | TaskEvent::GatePassed { .. }))
        };
        assert!(!events.iter().any(|entry| approved(&entry.event)), "{state}: it was approved meanwhile");
        assert_eq!(world.name("api"), state);
        if state == StateName::UnderReview {
            let approve = TaskAction::Approve { basis: basis() };
            let refused = world.refused(ic("backend/bea"), "api", approve);
            assert!(matches!(refused, Rejection::NotAllowed { .. }), "{refused}");
        }
    }
}

#[test]
fn what_a_person_does_by_hand_goes_back_when_they_are_away_and_does_not_come_to_them() {
    let mut chart = chart(true);
    let ada: echelon::domain::id::PersonId = "ada".parse().expect("a name");
    let person =
        Person { id: ada.clone(), name: "Ada".to_owned(), role: PersonRole::Manager, department: None, uid: None };
    chart.people.insert(ada.clone(), person);
    let mut by_hand = chart.workers.values().next().expect("the chart has one").clone();
    by_hand.id = "by-hand".parse().expect("a name");
    by_hand.kind = WorkerKind::Human { person: ada.clone() };
    chart.ics.get_mut(&ic_id("backend/ben")).expect("he is there").worker = by_hand.id.clone();
    chart.workers.insert(by_hand.id.clone(), by_hand);
    let mut world = World::with_chart(chart);
    world.solo();
    world.assign("api", "backend/ben");
    world.leaves(Role::Person(ada), AbsenceKind::Away);
    assert_eq!(world.name("api"), StateName::Pending);
    world.turn(&Role::DomainLead(domain("backend")));
    let has = world.task("api").state.assignee().map(|who| who.role());
    assert_eq!(has, Some(Role::Ic(ic_id("backend/bea"))), "somebody who is there has it");
}

#[test]
fn silence_while_nobody_could_say_anything_is_no_stall() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    world.millis += hours(100).0;
    world.must(system(), Action::ExcuseSilence);
    let entries = world.fire();
    let stalled = |event: &Event| matches!(event, Event::Task(_, TaskEvent::Stalled { .. }));
    assert!(!entries.iter().any(|entry| stalled(&entry.event)));
    world.live(hours(4));
    assert!(world.task(key).clock.stalled, "from then on it counts");
}
