//! Limits of a chart that are not the usual ones: later ones win, and a target alone takes the others along.

use std::collections::BTreeSet;

use echelon::domain::command::TaskAction;
use echelon::domain::id::DomainId;
use echelon::domain::review::TaskKind;
use echelon::domain::role::Level;
use echelon::domain::sla::{Limits, Override, decision_limit, limits};
use echelon::domain::task::PlannedTask;
use echelon::domain::task::StateName::{Assigned, Escalated, InPlanning, Pending};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Priority, Tier};

use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, chart, domain, lead, tech_lead};

fn of(target: Option<i64>, warn: Option<i64>, escalate: Option<i64>) -> Override {
    Override {
        states: BTreeSet::from([Assigned]),
        target: target.map(hours),
        warn: warn.map(hours),
        escalate: escalate.map(hours),
        ..Override::default()
    }
}

fn at(domain: &str) -> Option<DomainId> {
    Some(crate::lifecycle::world::domain(domain))
}

/// The limits of a normal tier 1 task of backend that is assigned, in hours.
fn under(overrides: Vec<Override>) -> [i64; 3] {
    let mut chart = chart(true);
    chart.sla.overrides = overrides;
    let mut world = World::with_chart(chart);
    world.solo();
    world.assign("api", "backend/ben");
    let Limits { target, warn, escalate } = limits(&world.state, world.task("api")).expect("a clock runs");
    [target, warn, escalate].map(|span: Millis| span.0 / 3_600_000)
}

#[test]
fn overrides_count_for_what_they_fit_and_the_later_ones_win() {
    let usual = [4, 8, 24];
    let one = |change: fn(&mut Override)| {
        let mut one = of(Some(1), Some(2), Some(3));
        change(&mut one);
        vec![one]
    };
    let table: Vec<(&str, Vec<Override>, [i64; 3])> = vec![
        ("none", vec![], usual),
        ("by state", one(|_| {}), [1, 2, 3]),
        ("another state", one(|it| it.states = BTreeSet::from([Pending])), usual),
        ("by tier", one(|it| it.tiers = BTreeSet::from([Tier::Simple])), [1, 2, 3]),
        ("another tier", one(|it| it.tiers = BTreeSet::from([Tier::Expert])), usual),
        ("by priority", one(|it| it.priorities = BTreeSet::from([Priority::Normal])), [1, 2, 3]),
        ("another priority", one(|it| it.priorities = BTreeSet::from([Priority::Critical])), usual),
        ("by domain", one(|it| it.domain = at("backend")), [1, 2, 3]),
        ("another domain", one(|it| it.domain = at("qa")), usual),
        ("a target alone takes the others along", vec![of(Some(2), None, None)], [2, 4, 12]),
        ("an escalation alone", vec![of(None, None, Some(48))], [4, 8, 48]),
        ("an early escalation alone takes what would come later down", vec![of(None, None, Some(3))], [3, 3, 3]),
        ("a warning alone", vec![of(None, Some(6), None)], [4, 6, 24]),
        ("an early warning alone takes the target down", vec![of(None, Some(2), None)], [2, 2, 24]),
        ("a late warning alone takes the escalation along", vec![of(None, Some(48), None)], [4, 48, 48]),
        ("a target with an early escalation takes the warning down", vec![of(Some(2), None, Some(5))], [2, 5, 5]),
        (
            "a later escalation takes what was said before down",
            vec![of(Some(6), Some(7), Some(8)), of(None, None, Some(3))],
            [3, 3, 3],
        ),
        ("a target with an escalation leaves the warning", vec![of(Some(2), None, Some(10))], [2, 8, 10]),
        ("the later one wins", vec![of(Some(1), Some(2), Some(3)), of(Some(3), Some(6), Some(9))], [3, 6, 9]),
        (
            "the later one wins for what it says",
            vec![of(Some(1), Some(2), Some(3)), of(None, None, Some(9))],
            [1, 2, 9],
        ),
        (
            "a later target scales what came before",
            vec![of(Some(1), Some(2), Some(3)), of(Some(2), None, None)],
            [2, 4, 6],
        ),
        ("limits stay in order", vec![of(Some(12), Some(1), None)], [12, 12, 24]),
    ];
    for (what, overrides, expected) in table {
        assert_eq!(under(overrides), expected, "{what}");
    }
}

#[test]
fn how_long_a_level_has_to_decide_can_be_overridden_by_level() {
    let mut chart = chart(true);
    let escalated = |level, escalate| Override {
        states: BTreeSet::from([Escalated]),
        level,
        escalate: Some(hours(escalate)),
        ..Override::default()
    };
    chart.sla.overrides = vec![escalated(None, 1), escalated(Some(Level::TechLead), 2)];
    let mut world = World::with_chart(chart);
    world.solo();
    let limit = |level| decision_limit(&world.state.chart, world.task("api"), level);
    assert_eq!(limit(Level::DomainLead), hours(1));
    assert_eq!(limit(Level::TechLead), hours(2));
    assert_eq!(limit(Level::Person), hours(1));
    assert_eq!(domain("backend"), world.task("api").domain);
}

#[test]
fn a_chart_with_other_limits_moves_the_deadlines_of_what_is_there() {
    let mut world = World::new();
    world.solo();
    let entered = world.task("api").clock.pauses.last().map_or(world.task("api").entered.org, |(_, _, until)| *until);
    let mut chart = world.state.chart.as_ref().clone();
    chart.sla.overrides =
        vec![Override { states: BTreeSet::from([Pending]), target: Some(Millis(60_000)), ..Override::default() }];
    world.everybody_acknowledges();
    world.must(crate::lifecycle::world::person(), echelon::domain::command::Action::ApplyChart(chart.into()));
    assert_eq!(world.state.deadlines().clock, Some(entered.plus(Millis(60_000))));
}

#[test]
fn a_milestone_takes_as_long_as_the_longest_way_through_its_parts_at_eight_hours_a_day() {
    let mut world = World::new();
    world.milestones();
    world.reach("m1", InPlanning);
    let mut parts: Vec<PlannedTask> = Vec::new();
    for (key, effort, needs) in [("dig", 2.0, &[] as &[&str]), ("pour", 3.0, &["dig"]), ("paint", 4.0, &[])] {
        let mut part = world.planned(key, TaskKind::Tactical, "backend", needs);
        part.work.effort = Effort::from_hours(effort);
        parts.push(part);
    }
    world.task_must(lead("backend"), "m1", TaskAction::BreakDown { children: parts });
    world.assign("dig", "backend/ben");
    world.start("dig");
    let target = |world: &World| limits(&world.state, world.task("m1")).map(|limits| limits.target);
    // Digging and pouring, five hours in a row, are fifteen hours of an eight hour day's time.
    assert_eq!(target(&world), Some(hours(15)));
    // With a larger part beside them, that is the longest way.
    let mut scope = world.task("paint").work.as_ref().clone();
    scope.effort = Effort::from_hours(8.0);
    let wider = TaskAction::ChangeScope { work: Box::new(scope), reason: "two coats".to_owned() };
    world.task_must(tech_lead(), "paint", wider);
    assert_eq!(target(&world), Some(hours(24)));
}
