//! What a manager sees in a plan, and which plans a person approves.

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{Deadline, Request, State as InstructionState, StateName};
use echelon::domain::plan::Plan;
use echelon::domain::plan_review::review;
use echelon::domain::risk::Risk;
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::Tier;

use super::stage::{Step, request};
use crate::lifecycle::world::{World, manager, person};

const PLAN: &[Step<'_>] = &[("api", "backend", &[], 12.0), ("page", "frontend", &["api"], 6.0)];

/// A risk whose scores sum up to that.
fn risk(total: u8) -> Risk {
    let mut left = total - 6;
    let mut take = || {
        let more = left.min(9);
        left -= more;
        1 + more
    };
    Risk {
        technical_complexity: take(),
        scope_ambiguity: take(),
        external_dependencies: take(),
        security_sensitivity: take(),
        performance_impact: take(),
        data_integrity: take(),
    }
}

fn planned(world: &mut World, request: Request, change: impl FnOnce(&mut Plan)) -> InstructionId {
    world.planned_with(Tier::Moderate, request, "", PLAN, change)
}

#[test]
fn the_risk_of_a_plan_says_who_approves_it_and_how_closely_it_is_looked_after() {
    let table = [
        (6, true, "its risk is 6: nothing to look after", false),
        (14, true, "its risk is 14: nothing to look after", false),
        (15, true, "hears of half the usual delay", false),
        (25, true, "hears of half the usual delay", false),
        (26, true, "stops for a go-ahead on the way", true),
        (35, true, "stops for a go-ahead on the way", true),
        (36, false, "its risk is 36: external dependencies 10, scope ambiguity 10", true),
    ];
    for (total, by_manager, said, stops) in table {
        let mut world = World::new();
        let steps: &[Step<'_>] = &[("m1", "backend", &[], 4.0)];
        let id = world.planned_with(Tier::Complex, request(), "", steps, |plan| plan.risk = risk(total));
        let looked = review(&world.state, world.found(id), world.now().org);
        let sentences = if by_manager { &looked.seen } else { &looked.asks };
        assert!(sentences.iter().any(|one| one.contains(said)), "{total}: {looked:#?}");
        assert_eq!(looked.asks.is_empty(), by_manager, "{total}");
        if !by_manager {
            world.refuses(manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }));
        }
        world.managers_decide();
        if !by_manager {
            assert_eq!(world.where_is(id), StateName::AwaitingApproval);
            world.do_(person(), id, InstructionAction::ApprovePlan { review: vec!["go".to_owned()] });
            world.managers_decide();
            let recorded = &world.found(id).plan.as_ref().expect("it has one").review;
            let although = format!("approved by a person although its risk is {total}");
            assert!(recorded.iter().any(|one| one.starts_with(&although)), "{recorded:#?}");
        }
        assert_eq!(world.course(id), "runs", "{total}");
        assert_eq!(
            world.found(id).open.iter().any(|task| world.state.tasks[task].checkpoint.is_some()),
            stops,
            "{total}"
        );
    }
}

#[test]
fn a_plan_is_approved_by_the_manager_unless_there_is_something_for_a_person() {
    type Case = (&'static str, fn(&mut Request), fn(&mut Plan), fn(&mut World), Option<&'static str>);
    let table: &[Case] = &[
        ("nothing said", |_| {}, |_| {}, |_| {}, None),
        ("within its budget", |one| one.budget = Some(Effort::from_hours(18.0)), |_| {}, |_| {}, None),
        (
            "over its budget",
            |one| one.budget = Some(Effort::from_hours(17.5)),
            |_| {},
            |_| {},
            Some("it needs 18 h of work and may cost 17.5 h"),
        ),
        ("in time", |one| one.deadline = Some(Deadline::Within(Millis::from_hours(19))), |_| {}, |_| {}, None),
        (
            "too late",
            |one| one.deadline = Some(Deadline::Within(Millis::from_hours(10))),
            |_| {},
            |_| {},
            Some("it would be done 8 h after its deadline"),
        ),
        (
            "nobody is qualified",
            |_| {},
            |plan| plan.tasks[1].work.skills.extend(["cobol".parse().expect("a name")]),
            |_| {},
            Some("nobody of dev can do page: it takes cobol"),
        ),
        (
            "nobody has the position",
            |_| {},
            |plan| plan.tasks[0].work.position = Some("architect".parse().expect("a name")),
            |_| {},
            Some("nobody of dev can do api: it takes the position architect"),
        ),
        (
            "of this tier everything",
            |_| {},
            |_| {},
            |world| world.apply(|chart| chart.policy.approve_from = Some(Tier::Moderate)),
            Some("a person approves every plan from tier 2 on, and this is tier 2"),
        ),
        (
            "of higher tiers everything",
            |_| {},
            |_| {},
            |world| world.apply(|chart| chart.policy.approve_from = Some(Tier::Complex)),
            None,
        ),
    ];
    for (case, ask, change, prepare, expected) in table {
        let mut world = World::new();
        prepare(&mut world);
        let mut asked = request();
        ask(&mut asked);
        let id = planned(&mut world, asked, change);
        world.managers_decide();
        match (expected, &world.found(id).state) {
            (None, state) => assert_eq!(*state, InstructionState::Executing, "{case}"),
            (Some(expected), InstructionState::AwaitingApproval { reasons }) => {
                assert!(reasons.len() == 1 && reasons[0].starts_with(expected), "{case}: {reasons:?}");
            }
            (Some(_), other) => panic!("{case}: {other:?}"),
        }
    }
}

#[test]
fn what_the_manager_saw_is_recorded_with_the_approval() {
    let mut world = World::new();
    let asked = Request {
        budget: Some(Effort::from_hours(20.0)),
        deadline: Some(Deadline::Within(Millis::from_hours(66))),
        ..request()
    };
    let id = planned(&mut world, asked, |plan| {
        let skills = &mut plan.tasks[1].work.skills;
        skills.insert("css".parse().expect("a name"));
    });
    world.apply(|chart| {
        let ben = chart.ics.values_mut().find(|ic| ic.id.to_string().ends_with("ben")).expect("he is there");
        ben.skills.insert("css".parse().expect("a name"), echelon::domain::work::SkillLevel::Expert);
    });
    world.managers_decide();
    let recorded = &world.found(id).plan.as_ref().expect("it has one").review;
    let expected = [
        "2 tasks with 18 h of work in 2 domains; it takes 18 h with those who are there",
        "nobody of dev/frontend can do page; dev/backend/ben of dev/backend could",
        "18 h of the 20 h it may cost",
        "it would be done 2 days before its deadline",
        "its risk is 6: nothing to look after",
    ];
    assert_eq!(recorded, &expected);
}

#[test]
fn a_brief_goes_back_to_a_person_until_it_says_what_its_work_type_asks_for() {
    let mut world = World::new();
    world.apply(|chart| {
        let workflow = chart.workflows.values_mut().next().expect("there is one");
        for field in ["goals", "who"] {
            workflow.brief.insert(field.parse().expect("a name"), format!("say the {field}"));
        }
    });
    let id = world.triaged(Tier::Simple, request());
    let fill = |field: &str, said: &str| InstructionAction::FillBrief {
        fields: [(field.parse().expect("a name"), said.to_owned())].into(),
    };
    let missing = |world: &World| match &world.found(id).state {
        InstructionState::NeedsBrief { missing } => missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        _other => Vec::new(),
    };
    assert_eq!(missing(&world), ["goals", "who"]);
    for wrong in [fill("goals", " "), fill("colour", "red")] {
        world.refuses(person(), Action::Instruction(id, wrong));
    }
    world.refuses(manager(), Action::Instruction(id, fill("goals", "more")));
    world.do_(person(), id, fill("who", "everybody"));
    assert_eq!(missing(&world), ["goals"]);
    world.do_(person(), id, fill("goals", "more"));
    assert_eq!(world.where_is(id), StateName::Triaged);
}
