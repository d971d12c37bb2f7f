//! How instructions end: the facts, what a person does about a no-go, parts of other departments, and cancelling.

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::event::InstructionEvent;
use echelon::domain::go_no_go::facts;
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{Deadline, HoldKind, Request, State as InstructionState, StateName};
use echelon::domain::plan::Part;
use echelon::domain::reaction::{InstructionWait, instruction_wait};
use echelon::domain::review::{Basis, TaskKind};
use echelon::domain::time::Effort;
use echelon::domain::work::Tier;

use super::stage::{Step, events_of, request};
use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, manager, person, submission, system, tech_lead};

const PAIR: &[Step<'_>] = &[("a", "backend", &[], 4.0), ("b", "backend", &[], 4.0)];

fn running(world: &mut World, request: Request) -> InstructionId {
    let id = world.queued_as(Tier::Moderate, request, "", PAIR);
    world.organisation_decides();
    world.assign("a", "backend/ben");
    world.assign("b", "backend/ben");
    id
}

/// From assigned to completed, each review on what it rests.
fn finish(world: &mut World, key: &str, basis: impl Fn() -> Basis) {
    world.start(key);
    world.hand_in(key);
    world.task_must(world.reviewer(key), key, TaskAction::Approve { basis: basis() });
    while let echelon::domain::task::State::DomainReview { gate, .. } = world.task(key).state {
        world.task_must(world.reviewer(key), key, TaskAction::PassGate { gate, basis: basis() });
    }
}

fn read() -> Basis {
    Basis::Worker { summary: "read it".to_owned(), simulated: true }
}

#[test]
fn the_facts_at_the_end_say_who_looked_at_what_and_what_it_cost() {
    let mut world = World::new();
    let asked = Request { budget: Some(Effort::from_hours(8.0)), ..request() };
    let id = running(&mut world, asked);
    finish(&mut world, "a", read);
    world.start("b");
    world.pass(hours(5));
    world.hand_in("b");
    let checks = || Basis::MachineChecks { checks: 1 };
    world.task_must(world.reviewer("b"), "b", TaskAction::Approve { basis: checks() });
    while let echelon::domain::task::State::DomainReview { gate, .. } = world.task("b").state {
        world.task_must(world.reviewer("b"), "b", TaskAction::PassGate { gate, basis: checks() });
    }
    assert_eq!(world.where_is(id), StateName::GoNoGo);
    let found = facts(&world.state, world.found(id));
    assert_eq!(found.against, Vec::<String>::new());
    let expected = [
        "2 of 2 tasks completed",
        "the criteria of 1 task were reviewed",
        "the criteria of b were checked by machine only",
        "6 reviews passed",
        "no blocker and no escalation is open",
    ];
    assert_eq!(found.supporting[..5], expected);
    assert!(found.supporting[5].ends_with("of the 8 h it might cost"), "{:?}", found.supporting);
    let entries = world.managers_decide();
    assert!(
        matches!(&events_of(&entries, id)[..], [InstructionEvent::Completed { facts }] if *facts == found.supporting)
    );
}

#[test]
fn what_speaks_against_an_end_is_a_persons_to_decide_about() {
    type Finish = fn(&mut World);
    let table: &[(&str, Option<f64>, Finish, &str)] = &[
        (
            "it cost more than it might",
            Some(4.0),
            |world| {
                world.start("a");
                world.pass(hours(5));
                world.hand_in("a");
                world.approve("a");
                world.pass_gates("a");
                finish(world, "b", read);
            },
            "it took 5 h of work and might cost 4 h",
        ),
        (
            "a task was cancelled, and not by a person",
            None,
            |world| {
                finish(world, "a", read);
                world.task_must(system(), "b", TaskAction::Cancel { reason: "gone".to_owned() });
            },
            "b was cancelled: gone",
        ),
    ];
    for (case, budget, end, said) in table {
        for way in ["complete", "cancel", "more"] {
            let mut world = World::new();
            let asked = Request { budget: budget.map(Effort::from_hours), ..request() };
            let id = running(&mut world, asked);
            end(&mut world);
            world.managers_decide();
            let InstructionState::GoNoGo { no_go } = &world.found(id).state else {
                panic!("{case}: {:?}", world.found(id).state);
            };
            assert!(no_go.len() == 1 && no_go[0].starts_with(said), "{case}: {no_go:?}");
            assert_eq!(world.managers_decide(), [], "{case}: no policy stands in for a person");
            match way {
                "complete" => {
                    let entries = world.do_(person(), id, InstructionAction::DecideGoNoGo);
                    let said = events_of(&entries, id);
                    let overridden =
                        |facts: &[String]| facts.iter().any(|one| one.starts_with("overridden by a person"));
                    assert!(
                        matches!(&said[..], [InstructionEvent::Completed { facts }] if overridden(facts)),
                        "{said:?}"
                    );
                }
                "cancel" => {
                    world.cancel(id);
                    assert_eq!(world.where_is(id), StateName::Cancelled);
                }
                _more => {
                    let mut more = world.planned("c", TaskKind::Tactical, "backend", &[]);
                    let amend = |task: &echelon::domain::task::PlannedTask| InstructionAction::Amend {
                        tasks: vec![task.clone()],
                        reason: "once more".to_owned(),
                    };
                    more.key = "a".parse().expect("a name");
                    world.refuses(person(), Action::Instruction(id, amend(&more)));
                    more.key = "c".parse().expect("a name");
                    let entries = world.do_(person(), id, amend(&more));
                    let said = events_of(&entries, id);
                    assert!(
                        matches!(said[..], [InstructionEvent::Amended { .. }, InstructionEvent::Rebaselined { .. }]),
                        "{case}: {said:?}"
                    );
                    assert_eq!(world.course(id), "runs");
                    world.assign("c", "backend/ben");
                    finish(&mut world, "c", read);
                    assert_eq!(world.where_is(id), StateName::GoNoGo, "{case}");
                }
            }
        }
    }
}

#[test]
fn what_nobody_has_read_and_no_check_speaks_for_is_said() {
    for tier in [Tier::Trivial, Tier::Simple] {
        let mut world = World::new();
        let steps: &[Step<'_>] = &[("a", "backend", &[], 4.0)];
        let id = world.planned_with(tier, request(), "", steps, |plan| plan.tasks[0].work.deliverables.clear());
        world.managers_decide();
        world.assign("a", "backend/ben");
        world.start("a");
        let mut unchecked = submission(true);
        unchecked.checks.clear();
        let epoch = world.epoch("a");
        world.task_must(world.author("a"), "a", TaskAction::HandIn { epoch, submission: unchecked });
        if tier > Tier::Trivial {
            let nothing = || Basis::MachineChecks { checks: 0 };
            world.task_must(world.reviewer("a"), "a", TaskAction::Approve { basis: nothing() });
            while let echelon::domain::task::State::DomainReview { gate, .. } = world.task("a").state {
                world.task_must(world.reviewer("a"), "a", TaskAction::PassGate { gate, basis: nothing() });
            }
        }
        let found = facts(&world.state, world.found(id));
        assert!(found.against.is_empty(), "{found:?}");
        let said = if tier == Tier::Trivial { "tier 0 has no reviews" } else { "passed without a check to rest on: a" };
        assert!(found.supporting.iter().any(|one| one.starts_with(said)), "{found:?}");
    }
}

/// An instruction of two parts, the second of which needs the first.
fn whole(world: &mut World, request: Request) -> (InstructionId, [InstructionId; 2]) {
    let parts = [InstructionId::new(world.new_id()), InstructionId::new(world.new_id())];
    let id = world.triaged(Tier::Complex, request);
    let part = |id: InstructionId, key: &str, needs: Vec<InstructionId>| Part {
        id,
        key: key.parse().expect("a name"),
        department: "dev".parse().expect("a name"),
        work_type: "feature".parse().expect("a name"),
        text: format!("do {key}"),
        needs,
    };
    let mut plan = echelon::domain::plan::Plan::of_tasks(echelon::domain::plan::Source::File, Vec::new());
    plan.parts = vec![part(parts[0], "first", Vec::new()), part(parts[1], "second", vec![parts[0]])];
    world.do_(tech_lead(), id, InstructionAction::Plan { plan: Box::new(plan) });
    world.do_(manager(), id, InstructionAction::ApprovePlan { review: Vec::new() });
    world.organisation_decides();
    (id, parts)
}

/// Plans a part with one task and lets it begin as far as it may.
fn plan_part(world: &mut World, id: InstructionId, mark: &str) {
    let work_type = "feature".parse().expect("a name");
    let tier = Tier::Simple;
    world.do_(manager(), id, InstructionAction::Triage { tier, work_type, reasons: Vec::new() });
    let tasks = world.tasks(tier, mark, &[("t", "backend", &[], 4.0)]);
    world.do_(tech_lead(), id, crate::support::inside::plan(tasks));
    world.do_(manager(), id, InstructionAction::ApprovePlan { review: Vec::new() });
    world.organisation_decides();
}

#[test]
fn an_instruction_of_parts_ends_when_they_have_and_its_time_is_theirs() {
    let mut world = World::new();
    let (id, [first, second]) = whole(&mut world, Request { deadline: Some(Deadline::Within(hours(50))), ..request() });
    assert_eq!(world.course(id), "runs");
    assert_eq!(instruction_wait(&world.state, world.found(id)), Some(InstructionWait::Parts(vec![first, second])));
    let due = [id, first, second].map(|one| world.found(one).deadline);
    assert_eq!(due, [due[0]; 3]);
    plan_part(&mut world, second, "s");
    assert_eq!(world.course(second), "Dependencies");
    plan_part(&mut world, first, "f");
    world.assign("ft", "backend/ben");
    finish(&mut world, "ft", read);
    world.managers_decide();
    assert_eq!((world.where_is(first), world.course(second)), (StateName::Completed, "runs".to_owned()));
    world.assign("st", "backend/ben");
    finish(&mut world, "st", read);
    let entries = world.managers_decide();
    let said = events_of(&entries, id);
    let completed = |facts: &[String]| facts[0].starts_with("first by dev") && facts[0].ends_with("completed");
    assert!(
        matches!(&said[..], [InstructionEvent::GoNoGoReached, InstructionEvent::Completed { facts }] if completed(facts)),
        "{said:?}"
    );
}

#[test]
fn a_part_that_fails_is_a_no_go_for_the_whole_and_the_next_part_asks_a_person() {
    let mut world = World::new();
    let (id, [first, second]) = whole(&mut world, request());
    plan_part(&mut world, second, "s");
    world.do_(manager(), first, InstructionAction::Reject { reason: "nobody can".to_owned() });
    world.organisation_decides();
    assert_eq!(world.hold(second).0, HoldKind::DependencyLost);
    let action = InstructionAction::WaiveDependency { on: first, reason: "without it, then".to_owned() };
    world.do_(person(), second, action);
    world.organisation_decides();
    world.assign("st", "backend/ben");
    finish(&mut world, "st", read);
    world.managers_decide();
    let InstructionState::GoNoGo { no_go } = &world.found(id).state else {
        panic!("{:?}", world.found(id).state);
    };
    assert_eq!(no_go, &[format!("first by dev ({}) is REJECTED", first.short())]);
    world.do_(person(), id, InstructionAction::DecideGoNoGo);
    assert_eq!(world.where_is(id), StateName::Completed);
}

#[test]
fn cancelling_the_whole_cancels_its_parts_and_their_tasks() {
    let mut world = World::new();
    let (id, parts) = whole(&mut world, request());
    plan_part(&mut world, parts[0], "f");
    world.assign("ft", "backend/ben");
    world.start("ft");
    world.cancel(id);
    assert_eq!([id, parts[0], parts[1]].map(|one| world.where_is(one)), [StateName::Cancelled; 3]);
    assert!(world.state.instructions.is_empty() && world.state.tasks.is_empty());
    assert_eq!(world.state.owed().next(), None);
}

#[test]
fn a_pause_holds_back_what_is_queued_and_what_runs_and_a_resume_goes_on() {
    let mut world = World::new();
    let id = world.queued_as(Tier::Moderate, request(), "", PAIR);
    let pause = || InstructionAction::Pause { reason: "not now".to_owned(), until: None };
    world.do_(person(), id, pause());
    assert_eq!(world.organisation_decides(), []);
    assert_eq!(instruction_wait(&world.state, world.found(id)), Some(InstructionWait::Paused));
    world.do_(person(), id, InstructionAction::Resume);
    world.organisation_decides();
    assert_eq!(world.course(id), "runs");
    world.do_(person(), id, pause());
    assert!(world.owed("a").contains("paused"), "{}", world.owed("a"));
    world.do_(person(), id, InstructionAction::Resume);
    assert!(world.owed("a").contains("assign it"), "{}", world.owed("a"));
}
