//! Whole lives in which something goes wrong: rounds are spent, workers die, people leave, tasks are cancelled.

use echelon::domain::command::{Action, AfterBlock, TaskAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::org::Ic;
use echelon::domain::presence::AbsenceKind;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::{Gate, GateOutcome};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{Assignee, CancelledDecision, QuestionEnd, State as TaskState, StateName, Trouble};
use echelon::domain::time::{Millis, WallTime};
use echelon::domain::work::Tier;

use super::facts::OPEN;
use super::time::hours;
use super::world::{
    World, basis, blocker, chart, domain, finding, ic, ic_id, lead, manager, person, submission, system, tech_lead,
};

fn cancel() -> TaskAction {
    TaskAction::Cancel { reason: "not needed".to_owned() }
}

/// Another round: changes are asked for, and the work is handed in again.
fn one_more_round(world: &mut World, reviewer: Principal) {
    let changes = world.changes();
    world.task_must(reviewer, "api", changes);
    assert_eq!(world.name("api"), StateName::InProgress);
    world.start("api");
    world.hand_in("api");
    assert_eq!(world.name("api"), StateName::UnderReview);
}

#[test]
fn rounds_that_are_spent_climb_the_line_until_a_person_ends_them() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    for _ in 0..2 {
        one_more_round(&mut world, ic("backend/bea"));
    }
    let changes = world.changes();
    world.task_must(ic("backend/bea"), "api", changes);
    let spent = world.now().org;
    let mut levels = vec![world.record("api", Trouble::Rounds).level];
    for hour in [4, 12, 20] {
        world.live_until(spent.plus(hours(hour)));
        levels.push(world.record("api", Trouble::Rounds).level);
    }
    assert_eq!(levels, [Level::DomainLead, Level::TechLead, Level::EngineeringManager, Level::Person]);
    assert_eq!(world.name("api"), StateName::UnderReview);
    world.task_must(person(), "api", TaskAction::Approve { basis: echelon::domain::review::Basis::Person });
    assert_eq!(world.name("api"), StateName::DomainReview);
    world.pass_gates("api");
    assert_eq!(world.name("api"), StateName::Completed);
}

#[test]
fn managers_without_a_worker_pass_spent_rounds_on_by_policy() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    for _ in 0..2 {
        one_more_round(&mut world, ic("backend/bea"));
    }
    let changes = world.changes();
    world.task_must(ic("backend/bea"), "api", changes);
    world.run_policies();
    let record = world.record("api", Trouble::Rounds);
    assert_eq!((record.level, record.turns.len()), (Level::Person, 3));
}

#[test]
fn a_package_that_is_sent_back_twice_is_accepted_the_third_time() {
    let mut world = World::new();
    world.trio();
    world.reach("api", StateName::ReadyForHandoff);
    for version in 1..=2 {
        let reject = world.reject_handoff("frontend", version);
        world.task_must(lead("frontend"), "api", reject);
        assert_eq!(world.name("api"), StateName::InProgress);
        assert_eq!(world.task("api").findings, finding());
        world.start("api");
        world.hand_in("api");
        world.approve("api");
        assert_eq!(world.name("api"), StateName::DomainReview);
        world.pass_gates("api");
        assert_eq!(world.name("api"), StateName::ReadyForHandoff);
    }
    world.accept_handoff("api", "frontend");
    assert_eq!(world.name("api"), StateName::Completed);
    assert_eq!(world.task("api").round.0, 3);
}

#[test]
fn a_milestone_lives_through_a_cancelled_and_an_escalated_child_and_passes_its_gates() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m2", &["c1", "c2", "c3"]);
    assert_eq!(world.name("m2"), StateName::Assigned);
    // It waits for `m1`, which is done first.
    world.break_down("m1", &["b1"]);
    world.assign("b1", "backend/ben");
    world.reach_end("b1");
    world.pass_gates("m1");
    world.accept_handoff("m1", "frontend");
    assert_eq!(world.name("m1"), StateName::Completed);
    for child in ["c1", "c2"] {
        world.assign(child, "frontend/fay");
    }
    world.reach_end("c1");
    assert_eq!(world.name("m2"), StateName::InProgress);
    // One that nobody below a person can clear.
    let epoch = Some(world.start("c2"));
    world.task_must(ic("frontend/fay"), "c2", TaskAction::Block { epoch, blocker: blocker(Level::DomainLead) });
    let blocked = world.now().org;
    world.live_until(blocked.plus(hours(24)));
    let TaskState::Escalated { level, .. } = &world.task("c2").state else { panic!("it is with a person") };
    assert_eq!(*level, Level::Person);
    let resolve = TaskAction::Resolve { resolution: "here is a token".to_owned(), next: AfterBlock::Resume };
    world.task_must(person(), "c2", resolve);
    assert_eq!(world.name("c2"), StateName::InProgress);
    world.reach_end("c2");
    // One that is not needed, which its lead does without.
    world.task_must(person(), "c3", cancel());
    let owed = world.owed("m2");
    assert!(owed.starts_with("dev/frontend:lead: decide about a cancelled task"), "{owed}");
    let of = world.id("c3");
    world.task_must(lead("frontend"), "m2", TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
    assert_eq!(world.name("m2"), StateName::DomainReview);
    let mut gates = Vec::new();
    while let TaskState::DomainReview { gate, .. } = world.task("m2").state {
        gates.push((gate, world.owed("m2")));
        world.pass_gate("m2");
    }
    let expected = [
        (Gate::TechLead, "dev:tech-lead: decide at the gate"),
        (Gate::Architecture, "dev/backend:lead: decide at the gate"),
        (Gate::Qa, "dev/qa:lead: decide at the gate"),
    ];
    // What escalated about it meanwhile does not change who owes the gate.
    let owed: Vec<_> = gates.iter().map(|(gate, owed)| (*gate, owed.as_str())).collect();
    assert_eq!(owed, expected);
    assert_eq!(world.name("m2"), StateName::Completed);
}

#[test]
fn sensitive_work_passes_security_too() {
    let mut world = World::new();
    world.instruct(Tier::Moderate, &[("api", "backend", &[]), ("cli", "backend", &[])]);
    let mut sensitive = super::world::work("api");
    sensitive.security_sensitive = true;
    let change = TaskAction::ChangeScope { work: Box::new(sensitive), reason: "it holds keys".to_owned() };
    world.task_must(tech_lead(), "api", change);
    world.reach("api", StateName::Completed);
    let gates: Vec<_> = world.task("api").gates.iter().map(|record| record.gate).collect();
    assert_eq!(gates, [None, Some(Gate::DomainLead), Some(Gate::Security), Some(Gate::Qa)]);
    assert!(world.task("api").gates.iter().all(|record| matches!(record.outcome, GateOutcome::Passed(_))));
}

/// The lease of the attempt at work runs out.
fn lease_runs_out(world: &mut World, key: &str) -> Vec<String> {
    let until = world.state.deadlines().lease.expect("an attempt is at work");
    assert_eq!(until, WallTime::from_millis(world.now().wall.plus(world.state.chart.policy.lease).as_millis()));
    world.millis = until.as_millis() - 1;
    assert_eq!(world.at_once(system(), Action::ExpireLeases { limit: 10 }), [], "one millisecond early");
    world.pass(Millis(1));
    let entries = world.at_once(system(), Action::ExpireLeases { limit: 10 });
    assert!(world.at_once(system(), Action::ExpireLeases { limit: 10 }).is_empty(), "once");
    world.restart();
    assert_eq!(world.task(key).running_epoch(), None);
    world.labels(&entries)
}

#[test]
fn a_worker_that_dies_three_times_is_followed_by_another_each_time_and_late_results_are_refused() {
    let mut world = World::new();
    world.solo();
    world.assign("api", "backend/ben");
    for next in ["backend/bea", "backend/ben", "backend/bea"] {
        let author = world.author("api");
        let epoch = world.start("api");
        assert_eq!(lease_runs_out(&mut world, "api"), ["api attempt_failed", "api reassigned"]);
        assert_eq!(world.task("api").state.assignee(), Some(&Assignee::Ic(ic_id(next))));
        assert_eq!(world.name("api"), StateName::Assigned);
        let late = TaskAction::HandIn { epoch, submission: submission(true) };
        let refused = world.refused(author, "api", late);
        assert!(matches!(refused, Rejection::StaleEpoch { .. } | Rejection::IllegalMove { .. }), "{refused}");
    }
    let mut dies_once_more = world.clone();
    world.reach_end("api");
    // What kills every worker does not go round for ever.
    dies_once_more.start("api");
    assert_eq!(lease_runs_out(&mut dies_once_more, "api"), ["api attempt_failed", "api blocked"]);
}

#[test]
fn work_that_falls_silent_with_everybody_does_not_go_round_for_ever() {
    let mut world = World::new();
    world.solo();
    world.assign("api", "backend/ben");
    let mut states = Vec::new();
    while world.name("api") != StateName::Escalated {
        // Longer than any retry waits here.
        world.millis += 60_000;
        world.start("api");
        world.live(hours(4));
        world.run_policies();
        states.push(world.name("api"));
        assert!(states.len() < 30, "{states:?}");
    }
    // Everybody has had it, some with a fresh start; then a person is asked.
    assert_eq!(world.record("api", Trouble::Blocked).level, Level::Person);
    assert!(states.contains(&StateName::Assigned) && states.contains(&StateName::InProgress), "{states:?}");
}

#[test]
fn a_worker_that_dies_with_nobody_else_is_tried_again_until_the_retries_are_spent() {
    let mut world = World::new();
    world.instruct(Tier::Simple, &[("page", "frontend", &[])]);
    world.assign("page", "frontend/fay");
    for retry in 1..=3 {
        world.start("page");
        assert_eq!(lease_runs_out(&mut world, "page"), ["page attempt_failed"]);
        assert_eq!((world.name("page"), world.task("page").retries), (StateName::InProgress, retry));
        world.pass(hours(1));
    }
    world.start("page");
    assert_eq!(lease_runs_out(&mut world, "page"), ["page attempt_failed", "page blocked"]);
    assert_eq!(world.owed("page"), "dev/frontend:lead: clear the blocker");
}

#[test]
fn whoever_goes_away_hands_back_what_does_not_run_and_whoever_dies_everything() {
    for (kind, running) in [(AbsenceKind::Away, StateName::InProgress), (AbsenceKind::Dead, StateName::Pending)] {
        for state in OPEN {
            let (mut world, key) = World::with_task_in(state);
            world.leaves(Role::Ic(ic_id("backend/ben")), kind);
            let expected = match state {
                StateName::Assigned => StateName::Pending,
                StateName::InProgress => running,
                other => other,
            };
            assert_eq!(world.name(key), expected, "{state} {kind:?}");
            if expected == StateName::Pending && state != StateName::Pending {
                assert_eq!(world.task(key).delegation, None);
                world.run_policies();
                assert_eq!(world.task(key).state.assignee(), Some(&Assignee::Ic(ic_id("backend/bea"))), "{state}");
            }
            world.restart();
        }
    }
}

#[test]
fn a_reviewer_who_goes_away_is_replaced_in_every_round_and_the_author_never_reviews() {
    for kind in [AbsenceKind::Away, AbsenceKind::Dead] {
        let mut chart = chart(true);
        let third = Ic { id: ic_id("backend/bob"), ..chart.ics[&ic_id("backend/bea")].clone() };
        chart.ics.insert(third.id.clone(), third);
        let mut world = World::with_chart(chart);
        world.trio();
        world.reach("api", StateName::UnderReview);
        assert_eq!(world.reviewer("api"), ic("backend/bea"));
        world.leaves(Role::Ic(ic_id("backend/bea")), kind);
        assert_eq!(world.owed("api"), "dev/backend:lead: name another reviewer");
        world.run_policies();
        assert_eq!(world.reviewer("api"), ic("backend/bob"));
        one_more_round(&mut world, ic("backend/bob"));
        assert_eq!(world.reviewer("api"), ic("backend/bob"), "she is still not there");

        // With him gone, only the author is left, and the lead reads it on machine checks.
        world.leaves(Role::Ic(ic_id("backend/bob")), kind);
        world.run_policies();
        assert_ne!(world.name("api"), StateName::UnderReview);
        let peer = world.task("api").gates.iter().filter(|record| record.gate.is_none());
        assert_eq!(peer.map(|record| &record.by).collect::<Vec<_>>(), [&Role::DomainLead(domain("backend"))]);
    }
}

#[test]
fn a_cancelled_dependency_is_waived_replaced_or_takes_the_dependant_down() {
    for (what, expected) in
        [("waive", StateName::Pending), ("replace", StateName::Pending), ("cancel", StateName::Cancelled)]
    {
        for before in [StateName::Pending, StateName::Assigned] {
            let mut world = World::new();
            world.instruct(
                Tier::Moderate,
                &[("api", "backend", &[]), ("spare", "backend", &[]), ("page", "frontend", &["api"])],
            );
            if before == StateName::Assigned {
                world.assign("page", "frontend/fay");
            }
            let entries = world.task_must(person(), "api", cancel());
            assert_eq!(world.labels(&entries), ["api cancelled", "page blocked"]);
            assert_eq!(world.owed("page"), "dev:tech-lead: decide about a cancelled task", "{what}");
            // Nobody decides: it goes up, and is decided there.
            world.live(hours(13));
            assert_eq!(world.name("page"), StateName::Escalated);
            let of = world.id("api");
            let decision = match what {
                "waive" => CancelledDecision::Waive,
                "replace" => CancelledDecision::Replace(world.id("spare")),
                _cancel => CancelledDecision::Cancel,
            };
            world.task_must(manager(), "page", TaskAction::DecideCancelled { of, decision });
            assert_eq!(world.name("page"), expected, "{what} {before}");
        }
    }
}

#[test]
fn cancelling_withdraws_everything_that_is_open_in_the_same_batch_in_every_state() {
    for state in OPEN {
        let (mut world, key) = World::with_task_in(state);
        let mut asked = None;
        if matches!(state, StateName::InProgress | StateName::UnderReview | StateName::DomainReview) {
            let epoch = world.task(key).running_epoch();
            let who = if epoch.is_some() { world.author(key) } else { world.reviewer(key) };
            let (question, ask) = world.ask(epoch, Level::Person, true);
            world.task_must(who, key, ask);
            asked = Some(question);
        }
        if state != StateName::Escalated {
            world.late(key, Level::TechLead);
        }
        let open = world.task(key).escalations.len();
        assert!(open > 0, "{state}");
        let epoch = world.task(key).running_epoch();
        let entries = world.task_must(person(), key, cancel());
        let id = world.id(key);
        assert!(matches!(&entries[0].event, Event::Task(of, TaskEvent::Cancelled { .. }) if *of == id));
        let task = world.task(key);
        assert!(task.questions.is_empty() && task.escalations.is_empty() && task.delegation.is_none(), "{state}");
        assert_eq!(task.past_escalations.len(), open, "{state}: their story stays");
        assert_eq!(task.running_epoch(), None);
        assert_eq!(world.owed(key), "");
        if let Some(question) = asked {
            assert!(world.task(key).past_questions.contains(&(question, QuestionEnd::Withdrawn)), "{state}");
        }
        if let Some(epoch) = epoch {
            world.refused(ic("backend/ben"), key, TaskAction::Heartbeat { epoch, progress: None });
        }
        let after = world.live(hours(24 * 10));
        let prefix = format!("{key} ");
        assert!(!world.labels(&after).iter().any(|label| label.starts_with(&prefix)), "{state}: nothing fires for it");
        world.restart();
    }
}

#[test]
fn an_answer_to_a_question_that_was_withdrawn_is_told_so() {
    let (mut world, key) = World::with_task_in(StateName::UnderReview);
    let (question, ask) = world.ask(None, Level::Person, true);
    world.task_must(ic("backend/bea"), key, ask);
    world.task_must(ic("backend/bea"), key, TaskAction::Approve { basis: basis() });
    let refused = world.refused(person(), key, TaskAction::Answer { question, text: "yes".to_owned() });
    assert_eq!(refused, Rejection::QuestionNotOpen { question, end: Some(QuestionEnd::Withdrawn) });
    let (question, ask) = world.ask(None, Level::Person, true);
    world.task_must(lead("backend"), key, ask);
    world.task_must(person(), key, TaskAction::Answer { question, text: "yes".to_owned() });
    let refused = world.refused(person(), key, TaskAction::Answer { question, text: "no".to_owned() });
    assert_eq!(refused, Rejection::QuestionNotOpen { question, end: Some(QuestionEnd::Answered) });
}
