//! Packages: what they say, who verifies what, and who may accept them or send them back.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::handoff::{Package, Verified, package, rework_children};
use echelon::domain::id::{Round, TaskId};
use echelon::domain::policy::Move;
use echelon::domain::reaction::Duty;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::Basis;
use echelon::domain::role::{Principal, Role};
use echelon::domain::task::StateName;
use echelon::domain::work::{Finding, Tier};

use super::world::{TRIO, World, chart, domain, lead, operator};

/// A world in which `api` waits for frontend, for whose lead a person judges, or not.
fn waiting(by_person: &[&str]) -> World {
    let mut world = World::new(chart(by_person));
    world.instruct(Tier::Moderate, TRIO);
    world.assign("api", "backend/ben");
    world.finish("api");
    assert_eq!(world.task("api").state.name(), StateName::ReadyForHandoff);
    world
}

fn packed(world: &World) -> Package {
    package(&world.state, world.task("api")).expect("a package waits")
}

fn accept(world: &World, items: Option<Vec<u16>>) -> TaskAction {
    let version = world.task("api").round;
    TaskAction::AcceptHandoff { receiver: domain("frontend"), version, basis: Basis::Person, items }
}

fn reject(world: &mut World, text: &str) -> TaskAction {
    TaskAction::RejectHandoff {
        receiver: domain("frontend"),
        version: world.task("api").round,
        items: vec![Finding { text: text.to_owned(), location: None }],
        children: Vec::new(),
        escalation: world.escalation_id(),
    }
}

/// Who says what of each item, in words.
fn verified(package: &Package) -> Vec<Vec<String>> {
    let word = |one: &Verified| match one {
        Verified::Machine(checks) => format!("machine {checks}"),
        Verified::Review { gate, by } => format!("{gate} {by}"),
        Verified::Receiver(domain) => domain.to_string(),
    };
    package.items.iter().map(|item| item.verified.iter().map(word).collect()).collect()
}

#[test]
fn a_package_says_what_was_done_and_who_verified_which_item() {
    let mut world = waiting(&["frontend"]);
    let found = packed(&world);
    assert_eq!((found.version, found.from.as_str()), (Round(1), "dev/backend"));
    assert_eq!(found.summary, "made api");
    let files: Vec<(&str, u32)> = found.artefacts.iter().map(|one| (one.path.as_str(), one.passed)).collect();
    assert_eq!(files, [("out.txt", 2), ("notes.md", 0)]);
    let texts: Vec<&str> = found.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(texts, ["it is done", "out.txt is there and as asked for"]);
    let reviewed = ["peer dev/backend/bea", "domain lead dev/backend:lead"];
    assert_eq!(verified(&found), [reviewed.to_vec(), vec!["machine 2", reviewed[0], reviewed[1]]]);
    assert_eq!(found.receivers.len(), 1);
    assert_eq!((&found.receivers[0].domain, &found.receivers[0].judge), (&domain("frontend"), &Role::Operator));

    let first = accept(&world, Some(vec![0]));
    world.task_must(operator(), "api", first);
    let found = packed(&world);
    assert_eq!(verified(&found)[0].last().map(String::as_str), Some("dev/frontend"));
    assert!(!verified(&found)[1].contains(&"dev/frontend".to_owned()));
    assert!(found.receivers[0].verified.contains(&0) && !found.receivers[0].accepted);
}

#[test]
fn a_package_sent_back_twice_comes_again_with_nothing_verified_and_is_accepted_item_by_item() {
    let mut world = waiting(&["frontend"]);
    for version in [1, 2] {
        assert_eq!(packed(&world).version, Round(version));
        let first = accept(&world, Some(vec![1]));
        world.task_must(operator(), "api", first);
        let back = reject(&mut world, "item 1 (it is done): it is not");
        world.task_must(operator(), "api", back);
        assert_eq!(world.task("api").state.name(), StateName::InProgress);
        assert_eq!(world.task("api").findings[0].text, "item 1 (it is done): it is not");
        world.finish("api");
        assert_eq!(packed(&world).receivers[0].verified.len(), 0, "what was said about the old one is void");
    }
    assert_eq!(packed(&world).rejections, 2);
    for items in [vec![1], vec![0]] {
        assert_eq!(world.task("api").state.name(), StateName::ReadyForHandoff);
        let some = accept(&world, Some(items));
        world.task_must(operator(), "api", some);
    }
    assert_eq!(world.task("api").state.name(), StateName::Completed);
    assert_eq!(package(&world.state, world.task("api")), None);
}

#[test]
fn a_lead_for_whom_a_person_judges_leaves_packages_to_that_person() {
    for (by_person, owes, moves) in
        [(&["frontend"][..], Role::Operator, 0), (&[], Role::DomainLead(domain("frontend")), 1)]
    {
        let mut world = waiting(by_person);
        let api = world.id("api");
        assert!(world.state.owed_by(&owes).any(|duty| duty == Duty::ReceiveHandoff(api)), "{owes}");
        let accepts = |one: &Move| matches!(one, Move::Commit(Action::Task(_, TaskAction::AcceptHandoff { .. })));
        let made = world.moves(&Role::DomainLead(domain("frontend")));
        assert_eq!(made.iter().filter(|one| accepts(one)).count(), moves, "{made:?}");
    }
}

#[test]
fn a_person_decides_about_a_package_only_in_the_place_of_a_lead_who_does_not() {
    /// What it is about, for which leads a person judges, whether the lead is away, who accepts, and whether they may.
    type Case<'a> = (&'a str, &'a [&'a str], bool, fn() -> Principal, bool);
    let cases: &[Case<'_>] = &[
        ("the lead decides by itself", &[], false, || lead("frontend"), true),
        ("a person does not for a lead who does", &[], false, operator, false),
        ("a person does where the chart says so", &["frontend"], false, operator, true),
        ("a person does for a lead who is away", &[], true, operator, true),
        ("another lead never does", &["frontend"], true, || lead("qa"), false),
    ];
    for (case, by_person, away, who, allowed) in cases {
        let mut world = waiting(by_person);
        if *away {
            world.away(Role::DomainLead(domain("frontend")));
        }
        let action = accept(&world, None);
        let id = world.id("api");
        let result = world.give(who(), Action::Task(id, action));
        match result {
            Ok(_) => assert!(allowed, "{case}"),
            Err(Rejection::NotAllowed { .. }) => assert!(!allowed, "{case}"),
            Err(other) => panic!("{case}: {other}"),
        }
    }
}

#[test]
fn a_milestone_that_comes_back_gets_a_child_that_carries_what_fails() {
    let mut world = World::new(chart(&[]));
    let plan: Vec<_> = ["m1", "m2", "m3", "m4", "m5"].map(|key| (key, "backend", &[][..], 8.0)).to_vec();
    world.instruct(Tier::Complex, &plan);
    let task = world.task("m1");
    let findings = [Finding { text: "no tests".to_owned(), location: None }];
    let children = rework_children(&world.state, task, &findings, || TaskId::new(uuid::Uuid::from_u128(7)));
    let [child] = children.as_slice() else { panic!("a milestone gets one: {children:?}") };
    assert_eq!((child.key.as_str(), &child.domain), ("m1-rework", &task.domain));
    assert_eq!(child.work.criteria, ["settled: no tests"]);
    assert!(child.work.description.contains("- no tests"), "{}", child.work.description);
    assert_eq!(child.work.deliverables, task.work.deliverables);
}
