//! What each level does in its turn about a task that is late, stalled or not acknowledged.

use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::org::{Chart, ReviewPolicy};
use echelon::domain::policy::options;
use echelon::domain::role::{Level, Role};
use echelon::domain::task::{Assignee, State as TaskState, StateClock, StateName, Trouble};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Priority, Tier};

use super::time::hours;
use super::world::{ICS, World, at, chart, ic_id};

/// The chart with only these ICs.
fn only(names: &[&str]) -> Chart {
    let mut chart = chart(true);
    for gone in ICS.iter().filter(|name| !names.contains(name)) {
        chart.ics.remove(&ic_id(gone));
    }
    chart
}

/// A task that is late in `state`, with its escalation at `level`.
fn late(chart: Chart, state: StateName, level: Level) -> World {
    let mut world = World::with_chart(chart);
    world.instruct(Tier::Moderate, &[("api", "backend", &[]), ("page", "frontend", &["api"])]);
    world.reach("api", state);
    world.everybody_acknowledges();
    world.late("api", level);
    world
}

/// What happened to `api` in the turn of a level, without that it was acknowledged.
#[track_caller]
fn turn(world: &mut World, level: Level) -> Vec<String> {
    // A manager's actor that is killed before it hears of its own commands takes the same turn again.
    let mut twice = world.clone();
    let entries = world.turn(&at(level));
    let first = twice.turn(&at(level));
    assert_eq!(decisions(&first), decisions(&entries));
    twice.restart();
    let again = twice.turn(&at(level));
    // Where the task has come to the level's own gate by that, it goes on there.
    let mut more = twice.labels(&again);
    more.retain(|label| !["api gate_passed", "api handoff_opened"].contains(&label.as_str()));
    assert_eq!(more, Vec::<String>::new(), "the same turn does nothing more");
    let mut labels = world.labels(&entries);
    labels.retain(|label| label.starts_with("api") && label != "api escalation_acknowledged");
    labels
}

fn decisions(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| matches!(&entry.event, Event::Task(_, TaskEvent::EscalationDecided { .. }))).count()
}

#[track_caller]
fn decision(world: &World) -> String {
    world.record("api", Trouble::Late).decision.clone().expect("the level decided")
}

fn assignee(world: &World) -> Option<Assignee> {
    world.task("api").state.assignee().cloned()
}

#[test]
fn what_nobody_assigned_the_manager_assigns_across_domains() {
    let mut world = late(only(&["frontend/fay"]), StateName::Pending, Level::EngineeringManager);
    assert_eq!(turn(&mut world, Level::EngineeringManager), ["api assigned"]);
    assert_eq!(assignee(&world), Some(Assignee::Ic(ic_id("frontend/fay"))));
    assert!(world.task("api").escalations.is_empty());
}

#[test]
fn where_nobody_is_free_the_manager_makes_it_more_urgent_and_then_a_person_gets_options() {
    let mut world = late(only(&[]), StateName::Pending, Level::EngineeringManager);
    assert_eq!(turn(&mut world, Level::EngineeringManager), ["api priority_changed", "api escalation_decided"]);
    assert_eq!(world.task("api").priority, Priority::High);
    assert!(decision(&world).contains("the risk is accepted"), "{}", decision(&world));
    world.live(hours(8));
    let record = world.record("api", Trouble::Late);
    assert_eq!((record.level, &record.holder), (Level::Person, &Role::Operator));
    let offered = options(&world.state, world.task("api"), record);
    assert!(!offered.is_empty());
    for option in offered {
        let mut copy = world.clone();
        copy.task_must(super::world::person(), "api", option.action);
    }
}

#[test]
fn what_its_lead_did_not_plan_the_tech_lead_takes_as_one_piece() {
    let mut world = World::new();
    world.milestones();
    world.reach("m1", StateName::InPlanning);
    world.everybody_acknowledges();
    world.late("m1", Level::TechLead);
    let entries = world.turn(&at(Level::TechLead));
    assert!(world.labels(&entries).contains(&"m1 broken_down".to_owned()), "{:?}", world.labels(&entries));
    assert_eq!((world.name("m1"), world.task("m1").children.len()), (StateName::Assigned, 1));
    assert!(world.task("m1").escalations.is_empty());
}

#[test]
fn what_was_not_started_goes_to_another_ic_then_to_another_domain_then_gets_time_once() {
    let mut world = late(chart(true), StateName::Assigned, Level::DomainLead);
    assert_eq!(turn(&mut world, Level::DomainLead), ["api reassigned"]);
    assert_eq!(assignee(&world), Some(Assignee::Ic(ic_id("backend/bea"))));

    let mut world = late(only(&["backend/ben", "qa/quinn"]), StateName::Assigned, Level::DomainLead);
    assert_eq!(turn(&mut world, Level::DomainLead), ["api escalation_decided"]);
    assert!(decision(&world).contains("nobody else is free"));
    world.live(hours(4));
    assert_eq!(world.record("api", Trouble::Late).level, Level::TechLead);
    assert_eq!(turn(&mut world, Level::TechLead), ["api reassigned"]);
    assert_eq!(assignee(&world), Some(Assignee::Ic(ic_id("qa/quinn"))));

    let mut world = late(only(&["backend/ben"]), StateName::Assigned, Level::TechLead);
    assert_eq!(turn(&mut world, Level::TechLead), ["api time_granted", "api escalation_decided"]);
    assert_eq!(world.task("api").granted, hours(4));
    // Whoever holds it waits as much longer as was granted.
    world.live(hours(8));
    assert_eq!(turn(&mut world, Level::EngineeringManager), [""; 0]);
    world.live(hours(4));
    assert_eq!(turn(&mut world, Level::EngineeringManager), ["api priority_changed", "api escalation_decided"]);
    world.live(hours(8));
    assert_eq!(world.record("api", Trouble::Late).level, Level::Person);
    let said: Vec<_> = world.record("api", Trouble::Late).turns.iter().map(|turn| turn.outcome.clone()).collect();
    assert!(said[0].contains("as much time again, once") && said[1].contains("high priority"), "{said:?}");
    // Whoever gets it a second time at that level has no more time to grant.
    let mut world = late(only(&["backend/ben"]), StateName::Assigned, Level::TechLead);
    let grant = echelon::domain::command::TaskAction::GrantTime { span: Millis(1), reason: "before".to_owned() };
    world.task_must(super::world::manager(), "api", grant);
    assert_eq!(turn(&mut world, Level::TechLead), ["api escalation_decided"]);
}

#[test]
fn work_with_signs_of_life_goes_on_at_every_level() {
    for (level, expected) in [
        (Level::DomainLead, vec!["api escalation_decided"]),
        (Level::TechLead, vec!["api time_granted", "api escalation_decided"]),
        (Level::EngineeringManager, vec!["api priority_changed", "api escalation_decided"]),
    ] {
        let mut world = late(chart(true), StateName::InProgress, level);
        assert_eq!(turn(&mut world, level), expected, "{level}");
        assert_eq!(world.name("api"), StateName::InProgress);
        assert!(decision(&world).contains("signs of life"));
    }
}

#[test]
fn a_review_goes_to_another_peer_and_is_then_judged_in_the_peers_place() {
    let mut with_third = chart(true);
    let mut third = with_third.ics[&ic_id("backend/bea")].clone();
    third.id = ic_id("backend/bob");
    with_third.ics.insert(third.id.clone(), third);
    let mut world = late(with_third, StateName::UnderReview, Level::DomainLead);
    assert_eq!(turn(&mut world, Level::DomainLead), ["api reviewer_assigned", "api escalation_decided"]);
    assert!(decision(&world).contains("dev/backend/bob reads it instead of dev/backend/bea"), "{}", decision(&world));
    world.live(hours(4));
    assert_eq!(turn(&mut world, Level::TechLead), ["api peer_approved"]);

    let mut world = late(chart(true), StateName::UnderReview, Level::DomainLead);
    assert_eq!(turn(&mut world, Level::DomainLead), ["api peer_approved"], "there is no other peer");
}

#[test]
fn a_gate_is_judged_by_the_tech_lead_on_machine_checks_and_not_where_a_person_is_asked() {
    let mut world = late(chart(true), StateName::DomainReview, Level::TechLead);
    assert_eq!(turn(&mut world, Level::TechLead), ["api gate_passed", "api handoff_opened"]);
    let record = world.task("api").gates.last().expect("a record of the gate");
    assert!(format!("{:?}", record.outcome).contains("MachineChecks"), "{record:?}");
    assert_eq!(record.by, at(Level::TechLead));

    let mut asks = chart(true);
    asks.departments.values_mut().for_each(|one| one.review = ReviewPolicy::Person);
    let mut world = late(asks, StateName::DomainReview, Level::TechLead);
    assert_eq!(turn(&mut world, Level::TechLead), ["api time_granted", "api escalation_decided"]);
    assert_eq!(world.name("api"), StateName::DomainReview);
    assert!(decision(&world).contains("a person is to judge"));
}

#[test]
fn a_package_that_nobody_looks_at_the_tech_lead_accepts() {
    let mut world = World::new();
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("tests", "qa", &["api"])],
    );
    world.reach("api", StateName::ReadyForHandoff);
    world.everybody_acknowledges();
    world.late("api", Level::TechLead);
    assert_eq!(turn(&mut world, Level::TechLead), ["api handoff_accepted", "api handoff_accepted", "api completed"]);
}

#[test]
fn silence_gives_the_work_to_another_ic_or_a_fresh_start() {
    let stalled = |chart: Chart| {
        let mut world = World::with_chart(chart);
        world.instruct(Tier::Moderate, &[("api", "backend", &[]), ("page", "frontend", &["api"])]);
        world.reach("api", StateName::InProgress);
        let (_, action) = world.raise(Trouble::Stalled, Level::DomainLead);
        world.task_must(super::world::system(), "api", action);
        world
    };
    let mut world = stalled(chart(true));
    assert_eq!(turn(&mut world, Level::DomainLead), ["api reassigned"]);
    assert_eq!(assignee(&world), Some(Assignee::Ic(ic_id("backend/bea"))));

    let mut world = stalled(only(&["backend/ben"]));
    let epoch = world.epoch("api");
    assert_eq!(turn(&mut world, Level::DomainLead), ["api attempt_failed", "api escalation_closed"]);
    world.pass(hours(1));
    assert!(world.start("api") > epoch);
}

#[test]
fn silence_about_a_delegation_gives_it_to_another_ic_or_leaves_it() {
    for (chart, expected) in
        [(chart(true), vec!["api reassigned"]), (only(&["backend/ben"]), vec!["api escalation_decided"])]
    {
        let mut world = World::with_chart(chart);
        world.solo();
        world.assign("api", "backend/ben");
        world.live(hours(4));
        assert_eq!(turn(&mut world, Level::DomainLead), expected);
    }
}

#[test]
fn a_level_that_has_decided_owes_nothing_more_until_it_goes_up() {
    let mut world = late(only(&["backend/ben"]), StateName::InProgress, Level::DomainLead);
    turn(&mut world, Level::DomainLead);
    let lead = at(Level::DomainLead);
    let late = echelon::domain::reaction::Duty::HoldEscalation(world.id("api"), world.record_id("api", Trouble::Late));
    let holds = |world: &World| world.state.owed_by(&lead).filter(|duty| *duty == late).count();
    assert_eq!(holds(&world), 0);
    world.live(hours(4));
    assert_eq!(holds(&world), 0);
    assert_eq!(world.record("api", Trouble::Late).level, Level::TechLead);
}

#[test]
fn an_overloaded_team_waits_within_forecasts_until_its_backlog_does_not_drain() {
    let mut small = only(&["backend/ben"]);
    small.ics.values_mut().for_each(|ic| ic.hours_per_day = Effort::from_hours(4.0));
    let mut world = World::with_chart(small);
    world.instruct(
        Tier::Moderate,
        &[("a", "backend", &[]), ("b", "backend", &[]), ("c", "backend", &[]), ("d", "backend", &[])],
    );
    let entries = world.run_policies();
    let labels = world.labels(&entries);
    assert!(labels.iter().any(|label| label.ends_with("waits_for_capacity")), "{labels:?}");
    let forecasts = labels.iter().filter(|label| label.ends_with("waits_for_capacity")).count();
    let pending = ["a", "b", "c", "d"].iter().filter(|key| matches!(world.task(key).state, TaskState::Pending)).count();
    assert_eq!(forecasts, pending);
    world.restart();
    let mut again = 0;
    for _ in 0..400 {
        world.live(hours(1));
        let more = world.run_policies();
        again += world.labels(&more).iter().filter(|label| label.ends_with("waits_for_capacity")).count();
    }
    // Nobody starts what they have, so nothing drains.
    assert_eq!(again, pending * usize::from(StateClock::UNMOVED_LIMIT));
}
