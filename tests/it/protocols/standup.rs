//! Standups: the figures that are rolled up, and how much room they take.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::Event;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::standup::{Content, Lead, Manager, Report, critical_path, report};
use echelon::domain::task::{Blocker, BlockerKind, StateName, Trouble};
use echelon::domain::time::Effort;
use echelon::domain::work::Tier;
use echelon::ledger::encode;

use super::world::{HOUR, Step, TRIO, World, chart, department, domain, ic, operator};

fn of(world: &World, role: Role) -> Report {
    report(&world.state, &role, world.now()).expect("the place reports")
}

fn manager(world: &World) -> Manager {
    match of(world, Role::EngineeringManager(department())).content {
        Content::Manager(found) => found,
        other => panic!("a manager's report, not {other:?}"),
    }
}

fn lead(world: &World, name: &str) -> Lead {
    match of(world, Role::DomainLead(domain(name))).content {
        Content::Lead(found) => found,
        other => panic!("a lead's report, not {other:?}"),
    }
}

/// `api` is at work for an hour, half done; the others wait for it.
fn at_work() -> World {
    let mut world = World::new(chart(&[]));
    world.instruct(Tier::Moderate, TRIO);
    world.assign("api", "backend/ben");
    world.assign("docs", "backend/ben");
    world.start("api");
    let epoch = world.task("api").running_epoch().expect("it runs");
    let progress = Some((Some(50), "halfway".to_owned()));
    let ben = Principal::role(Role::Ic(ic("backend/ben")));
    world.task_must(ben, "api", TaskAction::Heartbeat { epoch, progress });
    world.millis += HOUR;
    world
}

#[test]
fn an_ic_reports_what_is_theirs_how_far_it_is_and_what_comes_next() {
    let world = at_work();
    let Content::Contributor(found) = of(&world, Role::Ic(ic("backend/ben"))).content else {
        panic!("an IC's report");
    };
    assert_eq!(found.capacity.percent(), Some(3 * 100 / 24), "three of five hours are left, of three days of eight");
    let [api, docs] = found.tasks.as_slice() else {
        panic!("two tasks, not {:?}", found.tasks);
    };
    assert_eq!((api.percent, api.left, api.late), (Some(50), Effort::from_hours(2.0), None));
    assert!(api.spent.0 >= HOUR && api.spent.0 < HOUR + 10_000, "{:?}", api.spent);
    assert_eq!(api.next, "dev/backend/ben: see the running attempt through");
    assert_eq!((docs.state, docs.next.as_str()), (StateName::Assigned, "waits for api"));
    assert!(docs.spent.0 < 10_000, "its clock stands still while it waits: {:?}", docs.spent);
    assert_eq!(docs.blocker.as_deref(), Some("it waits for dependencies"));
}

#[test]
fn what_is_late_and_what_is_blocked_is_counted_and_named_with_what_would_help() {
    let mut world = at_work();
    let blocker = Blocker {
        kind: BlockerKind::Reported("access".to_owned()),
        description: "no access".to_owned(),
        needs: "a token".to_owned(),
        owner: Level::TechLead,
    };
    let epoch = world.task("api").running_epoch();
    let ben = Principal::role(Role::Ic(ic("backend/ben")));
    world.task_must(ben, "api", TaskAction::Block { epoch, blocker });
    // `page` has waited for an assignee past its warning of four hours; nothing has fired, and it is late all the same.
    world.millis += 5 * HOUR;
    let found = manager(&world);
    let summary = &found.line.summary;
    assert_eq!((summary.open, summary.late, summary.blocked, summary.stalled), (3, 2, 1, 0), "{summary:?}");
    let risks: Vec<(&str, Trouble, i64)> =
        found.line.risks.iter().map(|risk| (risk.key.as_str(), risk.trouble, risk.by.0 / HOUR)).collect();
    assert_eq!(risks, [("api", Trouble::Blocked, 5), ("page", Trouble::Late, 4)]);
    assert_eq!(found.line.risks[0].needs.as_deref(), Some("a token"));
    assert_eq!(found.line.risks[0].who, Some(Role::TechLead(department())));
}

#[test]
fn done_is_counted_from_standup_to_standup_and_compared_once_there_are_two() {
    let mut world = at_work();
    let figures = |world: &World| {
        let summary = lead(world, "backend").summary;
        (summary.completed, summary.completed_before, summary.since.is_some())
    };
    assert_eq!(figures(&world), (0, None, false));
    let epoch = world.task("api").running_epoch().expect("it runs");
    let failure = echelon::domain::task::Failure {
        class: echelon::domain::task::FailureClass::Lost { restarted: true },
        message: "again".to_owned(),
    };
    let ben = Principal::role(Role::Ic(ic("backend/ben")));
    world.task_must(ben, "api", TaskAction::FailAttempt { epoch, failure });
    world.finish("api");
    let accept = TaskAction::AcceptHandoff {
        receiver: domain("frontend"),
        version: world.task("api").round,
        basis: echelon::domain::review::Basis::MachineChecks { checks: 2 },
        items: None,
    };
    world.task_must(super::world::lead("frontend"), "api", accept);
    assert_eq!(figures(&world), (1, None, false));
    world.must(operator(), Action::HoldStandup);
    assert_eq!(figures(&world), (0, None, true), "there is nothing to compare with yet");
    world.finish("docs");
    assert_eq!(figures(&world), (1, None, true));
    world.must(operator(), Action::HoldStandup);
    assert_eq!(figures(&world), (0, Some(1), true));
}

#[test]
fn the_critical_path_is_the_longest_way_through_what_is_left() {
    /// A plan, the steps of its path, the hours along it, and the hours of slack.
    type Case<'a> = (&'a [Step<'a>], &'a [&'a str], f64, Option<f64>);
    let table: &[Case<'_>] = &[
        (TRIO, &["api", "page"], 10.0, Some(5.0)),
        (&[("a", "backend", &[], 3.0), ("b", "qa", &["a"], 2.0)], &["a", "b"], 5.0, None),
        (&[("a", "backend", &[], 3.0), ("b", "qa", &[], 2.0)], &["a"], 3.0, Some(1.0)),
        (
            &[
                ("a", "backend", &[], 1.0),
                ("b", "qa", &["a"], 5.0),
                ("c", "qa", &["a"], 2.0),
                ("d", "frontend", &["b", "c"], 1.0),
            ],
            &["a", "b", "d"],
            7.0,
            Some(3.0),
        ),
    ];
    for (plan, steps, length, slack) in table {
        let mut world = World::new(chart(&[]));
        let id = world.instruct(Tier::Moderate, plan);
        let path = critical_path(&world.state, &world.state.instructions[&id]);
        let named: Vec<&str> = path.steps.iter().map(|step| step.as_str()).collect();
        assert_eq!(named, *steps);
        assert_eq!((path.length.hours(), path.slack.map(Effort::hours)), (*length, *slack), "{steps:?}");
    }
}

#[test]
fn people_and_strangers_report_nothing() {
    let world = at_work();
    for role in [Role::Operator, Role::Person("ada".parse().expect("a name")), Role::Ic(ic("backend/nobody"))] {
        assert!(report(&world.state, &role, world.now()).is_err(), "{role}");
    }
}

#[test]
fn what_is_recorded_of_a_department_with_five_hundred_tasks_is_small() {
    let mut world = World::new(chart(&[]));
    let names: Vec<String> = (0..8).map(|number| format!("a-step-with-a-rather-long-name-number-{number}")).collect();
    for _ in 0..63 {
        let plan: Vec<Step<'_>> = names.iter().map(|name| (name.as_str(), "backend", &[][..], 4.0)).collect();
        world.instruct(Tier::Moderate, &plan);
    }
    world.millis += 100 * HOUR;
    let entries = world.must(operator(), Action::HoldStandup);
    let held = entries.iter().find(|entry| matches!(entry.event, Event::StandupHeld { .. })).expect("it is recorded");
    let Event::StandupHeld { reports } = &held.event else {
        panic!("a standup");
    };
    assert_eq!(reports.len(), 1, "one for each department");
    assert_eq!(manager(&world).line.summary.open, 504);
    let bytes = encode(held).expect("it can be written").len();
    assert!(bytes < 8 * 1024, "{bytes} bytes");
}
