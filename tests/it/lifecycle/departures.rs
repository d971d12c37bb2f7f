//! What becomes of tasks when somebody leaves the chart.

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::review::GateOutcome;
use echelon::domain::role::{Level, Role};
use echelon::domain::task::StateName;
use echelon::domain::work::Tier;

use super::facts::OPEN;
use super::world::{World, chart, ic, ic_id, lead, person};

#[test]
fn an_ic_who_leaves_hands_back_what_has_no_review_yet_and_is_missed_nowhere_else() {
    for state in OPEN {
        let (mut world, key) = World::with_task_in(state);
        let gone = world.without(&["backend/ben"]);
        world.must(person(), gone);
        let expected = match state {
            StateName::Assigned | StateName::InProgress => StateName::Pending,
            other => other,
        };
        assert_eq!(world.name(key), expected);
        assert_eq!(world.state.load(&ic_id("backend/ben")).tasks, 0);
    }
}

#[test]
fn work_of_an_ic_who_left_goes_to_somebody_else_when_it_comes_back_from_review() {
    for state in [StateName::UnderReview, StateName::DomainReview, StateName::ReadyForHandoff] {
        let (mut world, key) = World::with_task_in(state);
        let gone = world.without(&["backend/ben"]);
        world.must(person(), gone);
        let (who, back) = match state {
            StateName::ReadyForHandoff => (lead("frontend"), world.reject_handoff("frontend", 1)),
            _in_review => (world.reviewer(key), world.changes()),
        };
        world.task_must(who, key, back);
        assert_eq!(world.name(key), StateName::Pending, "{state}");
        assert_eq!(world.owed(key), "dev/backend:lead: assign it");
    }
}

#[test]
fn a_reviewer_who_leaves_is_replaced() {
    let (mut world, key) = World::with_task_in(StateName::UnderReview);
    let gone = world.without(&["backend/bea"]);
    world.must(person(), gone);
    assert_eq!(world.owed(key), "dev/backend:lead: name another reviewer");
    world.task_must(lead("backend"), key, TaskAction::AssignReviewer { reviewer: Role::Ic(ic_id("qa/quinn")) });
    world.approve(key);
}

#[test]
fn a_gate_whose_holder_leaves_the_chart_is_left_out_with_the_reason() {
    let mut world = World::new();
    world.instruct(Tier::Moderate, &[("api", "backend", &[]), ("cli", "backend", &[])]);
    world.reach("api", StateName::DomainReview);
    world.pass_gate("api");
    assert_eq!(world.owed("api"), "dev/qa:lead: decide at the gate");
    let mut without_qa = chart(false);
    without_qa.domains.retain(|id, _| id.name() != "qa");
    without_qa.ics.retain(|id, _| id.domain().name() != "qa");
    let entries = world.must(person(), Action::ApplyChart(without_qa.into()));
    assert_eq!(world.labels(&entries), ["chart_applied", "api gate_skipped", "api completed"]);
    assert!(
        matches!(world.task("api").gates.last(), Some(record) if matches!(record.outcome, GateOutcome::Skipped(_)))
    );
}

#[test]
fn an_answer_for_an_ic_who_left_meanwhile_puts_the_task_back() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = Some(world.epoch(key));
    let (question, ask) = world.ask(epoch, Level::Person, false);
    world.task_must(ic("backend/ben"), key, ask);
    let gone = world.without(&["backend/ben"]);
    world.must(person(), gone);
    world.task_must(person(), key, TaskAction::Answer { question, text: "yes".to_owned() });
    assert_eq!(world.name(key), StateName::Pending);
}
