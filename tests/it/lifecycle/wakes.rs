//! Who is woken, and how long what does not count is waited for: what a lost wake-up or a storm of retries would come from.

use std::collections::BTreeSet;

use echelon::domain::command::TaskAction;
use echelon::domain::org::Policy;
use echelon::domain::role::{Level, Role};
use echelon::domain::task::{CancelledDecision, Failure, FailureClass, StateName, Trouble};
use echelon::domain::time::{Millis, WallTime};
use echelon::domain::work::Tier;

use super::world::{World, basis, domain, ic, lead, person, tech_lead};

#[test]
fn a_tech_lead_who_has_decided_about_one_cancelled_task_is_woken_for_the_next() {
    let mut world = World::new();
    world.instruct(Tier::Moderate, &[("a", "backend", &[]), ("b", "backend", &[]), ("x", "frontend", &["a", "b"])]);
    for key in ["a", "b"] {
        world.task_must(person(), key, TaskAction::Cancel { reason: "not needed".to_owned() });
    }
    let of = world.id("a");
    world.state.take_stirred();
    world.task_must(tech_lead(), "x", TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
    assert_eq!(world.name("x"), StateName::Blocked);
    let department = world.task("x").domain.department();
    assert!(world.state.take_stirred().contains(&Role::TechLead(department)));
}

#[test]
fn a_lead_who_holds_two_gates_in_a_row_is_woken_for_the_second() {
    let mut world = World::new();
    world.instruct(Tier::Moderate, &[("first", "backend", &[]), ("last", "qa", &[])]);
    world.reach("last", StateName::DomainReview);
    world.state.take_stirred();
    world.pass_gate("last");
    assert_eq!(world.name("last"), StateName::DomainReview, "the qa gate is left");
    assert!(world.state.take_stirred().contains(&Role::DomainLead(domain("qa"))));
}

#[test]
fn whoever_may_have_a_worker_on_something_is_woken_when_it_is_owed_no_more() {
    let table = [
        (StateName::InProgress, Some("an attempt is stopped")),
        (StateName::UnderReview, Some("a review is stopped")),
        (StateName::DomainReview, Some("a judgement is stopped")),
        (StateName::Assigned, Some("somebody has room for something else")),
        (StateName::Pending, None),
    ];
    for (at, why) in table {
        let mut world = World::new();
        world.solo();
        if at != StateName::Pending {
            world.reach("api", at);
        }
        let owing: BTreeSet<Role> = world.state.owed().map(|(role, _)| role.clone()).collect();
        world.state.take_stirred();
        world.task_must(person(), "api", TaskAction::Cancel { reason: "not needed".to_owned() });
        let stirred = world.state.take_stirred();
        assert_eq!(!stirred.is_disjoint(&owing), why.is_some(), "{at}: {why:?}, of {owing:?} {stirred:?}");
    }
}

#[test]
fn a_used_up_quota_is_waited_for_within_bounds_whatever_the_worker_says() {
    let hour = Policy::BACKOFF_LIMIT.0;
    let table = [
        (None, hour),
        (Some(0), 30_000),
        (Some(-5_000), 30_000),
        (Some(90_000), 90_000),
        (Some(i64::MAX / 2), 7 * 24 * 3_600_000),
    ];
    for (asked, waited) in table {
        let mut world = World::new();
        world.solo();
        world.reach("api", StateName::InProgress);
        let epoch = world.epoch("api");
        let author = world.author("api");
        let next = world.now().wall.plus(Millis(1_000));
        let reset = asked.map(|span: i64| WallTime::from_millis(next.as_millis().saturating_add(span)));
        let failure = Failure { class: FailureClass::Quota { reset }, message: "429".to_owned() };
        world.task_must(author.clone(), "api", TaskAction::FailAttempt { epoch, failure });
        world.millis += waited - 1_001;
        world.refused(author.clone(), "api", TaskAction::StartAttempt);
        world.millis += 1_001;
        world.task_must(author, "api", TaskAction::StartAttempt);
    }
}

#[test]
fn rounds_past_the_limit_begin_one_level_higher_each_time() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    let reviewer = ic("backend/bea");
    let levels = [Level::DomainLead, Level::TechLead, Level::EngineeringManager];
    for _ in 1..world.state.chart.policy.max_review_rounds {
        let changes = world.changes();
        world.task_must(reviewer.clone(), "api", changes);
        world.start("api");
        world.hand_in("api");
    }
    for level in levels {
        let changes = world.changes();
        world.task_must(reviewer.clone(), "api", changes);
        let (_, record) = world.task("api").escalation_for(Trouble::Rounds).expect("the rounds are spent");
        assert_eq!(record.level, level);
        let holder = echelon::domain::role::Principal::role(world.state.place_at(level, world.task("api")));
        let again = world.changes();
        world.task_must(holder, "api", again);
        world.start("api");
        world.hand_in("api");
    }
    world.task_must(reviewer, "api", TaskAction::Approve { basis: basis() });
    world.task_must(
        lead("backend"),
        "api",
        TaskAction::PassGate { gate: echelon::domain::review::Gate::DomainLead, basis: basis() },
    );
}
