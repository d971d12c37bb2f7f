//! Whole lives of tasks and instructions, told from the beginning.

use echelon::domain::command::{Action, AfterBlock, InstructionAction, TaskAction};
use echelon::domain::instruction;
use echelon::domain::policy::{Move, moves};
use echelon::domain::review::{Gate, GateOutcome, TaskKind};
use echelon::domain::role::{Level, Role};
use echelon::domain::state::Archived;
use echelon::domain::task::{
    Attempt, BlockerKind, CancelledDecision, FailureClass, State as TaskState, StateName, Trouble,
};
use echelon::domain::work::Tier;

use super::world::{
    World, basis, blocker, chart, failure, finding, ic, ic_id, lead, manager, person, system, tech_lead,
};
use crate::support::inside::NewIds;

fn why() -> String {
    "because".to_owned()
}

fn cancel() -> TaskAction {
    TaskAction::Cancel { reason: why() }
}

/// Decides go or no-go and takes what was archived.
fn finish(world: &mut World) -> Archived {
    let id = world.instruction();
    world.must(manager(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    world.state.take_archived().pop().expect("the instruction is over")
}

#[test]
fn trivial_work_is_done_without_reviews() {
    let mut world = World::new();
    world.instruct(Tier::Trivial, &[("api", "backend", &[])]);
    world.reach("api", StateName::InProgress);
    world.hand_in("api");
    let archived = finish(&mut world);
    assert_eq!(archived.instruction.state, instruction::State::Completed);
    assert!(archived.tasks[0].gates.is_empty());
    assert!(world.state.tasks.is_empty() && world.state.owed().next().is_none());
}

#[test]
fn simple_work_goes_back_once_and_the_next_round_starts_from_its_findings() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    let first = world.task("api").epoch;
    let changes = world.changes();
    world.task_must(ic("backend/bea"), "api", changes);
    assert_eq!(world.task("api").findings, finding());
    let second = world.start("api");
    assert!(second > first);
    world.hand_in("api");
    world.approve("api");
    world.pass_gates("api");
    let archived = finish(&mut world);
    assert_eq!(archived.tasks[0].round.0, 2);
    assert_eq!(
        archived.tasks[0].gates.iter().map(|record| record.gate).collect::<Vec<_>>(),
        [None, Some(Gate::DomainLead)]
    );
}

#[test]
fn past_the_last_round_whoever_is_above_decides() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    for _ in 0..2 {
        let changes = world.changes();
        world.task_must(ic("backend/bea"), "api", changes);
        world.start("api");
        world.hand_in("api");
    }
    let changes = world.changes();
    let entries = world.task_must(ic("backend/bea"), "api", changes);
    assert_eq!(world.labels(&entries), ["api rounds_spent", "api escalation_raised"]);
    assert_eq!(world.name("api"), StateName::UnderReview);
    assert_eq!(world.owed("api"), "dev/backend:lead: decide an escalation");
    let again = world.changes();
    world.refused(ic("backend/bea"), "api", again);
    let one_more = world.changes();
    world.task_must(lead("backend"), "api", one_more);
    assert_eq!(world.name("api"), StateName::InProgress);
    assert_eq!(world.task("api").escalation_for(Trouble::Rounds), None);
}

#[test]
fn a_package_is_sent_back_and_accepted_in_its_next_version() {
    let mut world = World::new();
    world.trio();
    world.reach("api", StateName::ReadyForHandoff);
    world.assign("page", "frontend/fay");
    assert_eq!(world.owed("page"), "waits for api");
    let reject = world.reject_handoff("frontend", 1);
    world.task_must(lead("frontend"), "api", reject);
    world.start("api");
    world.hand_in("api");
    world.approve("api");
    world.pass_gates("api");
    let entries = world.accept_handoff("api", "frontend");
    assert_eq!(world.labels(&entries), ["api handoff_accepted", "api completed"]);
    assert_eq!(world.owed("page"), "dev/frontend/fay: start the next attempt");
}

#[test]
fn after_three_rejections_the_tech_lead_holds_it() {
    let mut world = World::new();
    world.trio();
    world.reach("api", StateName::ReadyForHandoff);
    for version in 1..=3 {
        let reject = world.reject_handoff("frontend", version);
        world.task_must(lead("frontend"), "api", reject);
        let held = world.task("api").escalation_for(Trouble::Handoff).map(|(_, record)| record.level);
        assert_eq!(held, (version == 3).then_some(Level::TechLead));
        world.start("api");
        world.hand_in("api");
        world.approve("api");
        world.pass_gates("api");
    }
    assert_eq!(world.owed("api"), "dev/frontend:lead: accept the handoff or send it back");
}

#[test]
fn a_rejection_voids_what_others_accepted_and_a_retry_of_theirs_waits_again() {
    let mut world = World::new();
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("tests", "qa", &["api"])],
    );
    world.reach("api", StateName::ReadyForHandoff);
    world.assign("page", "frontend/fay");
    world.accept_handoff("api", "frontend");
    let epoch = world.start("page");
    let reject = world.reject_handoff("qa", 1);
    world.task_must(lead("qa"), "api", reject);
    world.task_must(
        ic("frontend/fay"),
        "page",
        TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Transient) },
    );
    assert_eq!(world.owed("page"), "waits for api");
    world.start("api");
    world.hand_in("api");
    world.approve("api");
    world.pass_gates("api");
    let TaskState::ReadyForHandoff { version, accepted, .. } = &world.task("api").state else {
        panic!("it waits for its receivers again");
    };
    assert_eq!((version.0, accepted.len()), (2, 0));
    world.accept_handoff("api", "frontend");
    assert_eq!(world.owed("page"), "dev/frontend/fay: start the next attempt");
}

#[test]
fn a_receiver_that_is_cancelled_is_not_waited_for() {
    let mut world = World::new();
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("tests", "qa", &["api"])],
    );
    world.reach("api", StateName::ReadyForHandoff);
    world.task_must(person(), "page", cancel());
    assert_eq!(world.owed("api"), "dev/qa:lead: accept the handoff or send it back");
    world.task_must(person(), "tests", cancel());
    assert_eq!(world.name("api"), StateName::Completed);
}

#[test]
fn a_milestone_whose_package_is_sent_back_gets_children_for_what_fails() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1"]);
    world.assign("c1", "backend/ben");
    world.reach_end("c1");
    world.pass_gates("m1");
    assert_eq!(world.name("m1"), StateName::ReadyForHandoff);
    let empty = world.reject_handoff("frontend", 1);
    world.refused(lead("frontend"), "m1", empty);
    let mut reject = world.reject_handoff("frontend", 1);
    let fix = world.planned("fix", TaskKind::Tactical, "backend", &[]);
    if let TaskAction::RejectHandoff { children, .. } = &mut reject {
        children.push(fix);
    }
    world.task_must(lead("frontend"), "m1", reject);
    assert_eq!(world.owed("m1"), "waits for children fix");
    world.assign("fix", "backend/bea");
    world.reach_end("fix");
    world.pass_gates("m1");
    world.accept_handoff("m1", "frontend");
    assert_eq!(world.name("m1"), StateName::Completed);
}

#[test]
fn what_a_person_cancelled_is_done_without() {
    let mut world = World::new();
    world.trio();
    world.task_must(person(), "api", cancel());
    let of = world.id("api");
    for (key, next) in [("page", "dev/frontend:lead: assign it"), ("docs", "dev/backend:lead: assign it")] {
        assert_eq!(world.name(key), StateName::Blocked);
        world.task_must(tech_lead(), key, TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
        assert_eq!(world.owed(key), next);
    }
    for (key, who) in [("page", "frontend/fay"), ("docs", "backend/ben")] {
        world.assign(key, who);
        world.reach_end(key);
    }
    assert_eq!(finish(&mut world).instruction.state, instruction::State::Completed);
}

#[test]
fn what_was_cancelled_by_itself_is_replaced_or_takes_what_needs_it_down() {
    let mut world = World::new();
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("docs", "backend", &["api"]), ("spare", "qa", &[])],
    );
    world.task_must(system(), "api", cancel());
    let (of, with) = (world.id("api"), world.id("spare"));
    world.task_must(
        tech_lead(),
        "page",
        TaskAction::DecideCancelled { of, decision: CancelledDecision::Replace(with) },
    );
    world.task_must(tech_lead(), "docs", TaskAction::DecideCancelled { of, decision: CancelledDecision::Cancel });
    assert_eq!(world.name("docs"), StateName::Cancelled);
    world.assign("page", "frontend/fay");
    assert_eq!(world.owed("page"), "waits for spare");
    world.assign("spare", "qa/quinn");
    world.start("spare");
    world.hand_in("spare");
    world.approve("spare");
    world.pass_gates("spare");
    // Its new dependant is of another domain, so there is a handoff now.
    world.accept_handoff("spare", "frontend");
    world.reach_end("page");
    // `docs` went by itself, which speaks against completing; `api` was replaced, which does not.
    let id = world.instruction();
    world.must(manager(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    let instruction::State::GoNoGo { no_go } = &world.state.instructions[&id].state else {
        panic!("a person decides now");
    };
    assert_eq!(no_go.len(), 1, "{no_go:?}");
    assert!(no_go[0].starts_with("docs"), "{no_go:?}");
    world.must(person(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    assert!(world.state.instructions.is_empty());
}

#[test]
fn a_milestone_with_one_of_three_children_cancelled_is_reviewed_once_its_lead_has_decided() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1", "c2", "c3"]);
    for child in ["c1", "c2"] {
        world.assign(child, "backend/ben");
        world.reach_end(child);
    }
    assert_eq!(world.owed("m1"), "waits for children c3");
    world.task_must(tech_lead(), "c3", cancel());
    assert_eq!(world.name("m1"), StateName::InProgress);
    assert_eq!(world.owed("m1"), "dev/backend:lead: decide about a cancelled task");
    let of = world.id("c3");
    world.task_must(lead("backend"), "m1", TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
    assert_eq!(world.name("m1"), StateName::DomainReview);
    world.pass_gates("m1");
    let gates = &world.task("m1").gates;
    let skipped = gates.iter().find(|record| record.gate == Some(Gate::Architecture)).expect("a record of the gate");
    assert!(matches!(&skipped.outcome, GateOutcome::Skipped(reason) if reason.contains("author")), "{skipped:?}");
}

#[test]
fn a_milestone_without_a_completed_child_is_cancelled() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1", "c2"]);
    for child in ["c1", "c2"] {
        world.task_must(person(), child, cancel());
        let of = world.id(child);
        world.task_must(lead("backend"), "m1", TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
    }
    assert_eq!(world.name("m1"), StateName::Cancelled);
    for key in ["m2", "m3"] {
        assert_eq!(world.owed(key), "dev:tech-lead: decide about a cancelled task");
    }
}

#[test]
fn a_lead_may_cancel_a_milestone_over_a_cancelled_child() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1", "c2"]);
    world.task_must(person(), "c1", cancel());
    let of = world.id("c1");
    world.task_must(lead("backend"), "m1", TaskAction::DecideCancelled { of, decision: CancelledDecision::Cancel });
    assert_eq!((world.name("m1"), world.name("c2")), (StateName::Cancelled, StateName::Cancelled));
}

#[test]
fn a_broken_down_milestone_whose_dependency_is_cancelled_keeps_its_children_and_goes_on_with_them() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m2", &["c1"]);
    world.assign("c1", "frontend/fay");
    world.task_must(person(), "m1", cancel());
    assert_eq!(world.owed("m2"), "dev:tech-lead: decide about a cancelled task");
    assert_eq!(world.owed("c1"), "waits for m2");
    let of = world.id("m1");
    world.task_must(tech_lead(), "m2", TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive });
    assert_eq!(world.name("m2"), StateName::Assigned);
    assert_eq!(world.task("m2").children.len(), 1);
    world.reach_end("c1");
    assert_eq!(world.name("m2"), StateName::DomainReview);
}

#[test]
fn a_blocked_milestone_catches_up_with_what_its_children_did_meanwhile() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1"]);
    world.assign("c1", "backend/ben");
    let block = TaskAction::Block { epoch: None, blocker: blocker(Level::TechLead) };
    world.task_must(lead("backend"), "m1", block);
    world.reach_end("c1");
    assert_eq!(world.name("m1"), StateName::Blocked);
    let resume = TaskAction::Resolve { resolution: why(), next: AfterBlock::Resume };
    let entries = world.task_must(tech_lead(), "m1", resume);
    assert_eq!(world.labels(&entries), ["m1 resolved", "m1 children_started", "m1 review_begun"]);
}

#[test]
fn gates_that_nobody_holds_are_left_out_and_never_shown_as_passed() {
    let mut world = World::with_chart(chart(false));
    world.milestones();
    world.break_down("m1", &["c1"]);
    world.assign("c1", "backend/ben");
    world.reach_end("c1");
    let pass = TaskAction::PassGate { gate: Gate::TechLead, basis: basis() };
    let entries = world.task_must(tech_lead(), "m1", pass);
    assert_eq!(world.labels(&entries), ["m1 gate_passed", "m1 gate_skipped", "m1 gate_skipped", "m1 handoff_opened"]);
}

#[test]
fn a_rejected_instruction_takes_its_planned_tasks_with_it() {
    let mut world = World::new();
    let id = world.planned_only(Tier::Moderate, &[("api", "backend", &[]), ("page", "frontend", &["api"])]);
    world.task_must(person(), "api", cancel());
    assert_eq!(world.name("page"), StateName::Blocked);
    world.must(manager(), Action::Instruction(id, InstructionAction::Reject { reason: why() }));
    assert_eq!(world.name("page"), StateName::Cancelled);
    assert_eq!(world.state.finished.get(&id).expect("it is over").state, instruction::StateName::Rejected);
}

#[test]
fn an_instruction_whose_tasks_were_all_cancelled_before_it_began_ends() {
    let mut world = World::new();
    let id = world.planned_only(Tier::Simple, &[("api", "backend", &[])]);
    world.task_must(person(), "api", cancel());
    world.must(manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }));
    let organisation = echelon::domain::role::Principal::role(Role::Organisation);
    world.must(organisation, Action::Instruction(id, InstructionAction::Release));
    let archived = finish(&mut world);
    assert!(matches!(archived.instruction.state, instruction::State::Cancelled { .. }));
}

#[test]
fn an_answer_reaches_an_attempt_that_waits() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = world.epoch(key);
    let (question, ask) = world.ask(Some(epoch), Level::TechLead, true);
    world.task_must(ic("backend/ben"), key, ask);
    let answer = TaskAction::Answer { question, text: "the second one".to_owned() };
    world.refused(lead("backend"), key, answer.clone());
    let entries = world.task_must(tech_lead(), key, answer.clone());
    assert_eq!(world.labels(&entries), ["api question_answered"]);
    assert_eq!(world.epoch(key), epoch);
    assert!(world.task(key).notes.iter().any(|note| note.contains("the second one")));
    world.refused(tech_lead(), key, answer);
}

#[test]
fn an_answer_after_the_attempt_ended_lets_the_task_go_on() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = Some(world.epoch(key));
    let (question, ask) = world.ask(epoch, Level::TechLead, false);
    let entries = world.task_must(ic("backend/ben"), key, ask);
    assert_eq!(world.labels(&entries), ["api question_asked", "api blocked"]);
    assert_eq!(world.owed(key), "dev:tech-lead: answer a question");
    // Somebody above may answer, too.
    let entries = world.task_must(manager(), key, TaskAction::Answer { question, text: "yes".to_owned() });
    assert_eq!(world.labels(&entries), ["api question_answered", "api resolved"]);
    assert!(matches!(world.task(key).state, TaskState::InProgress { attempt: Attempt::Queued { .. }, .. }));
}

#[test]
fn a_question_ends_with_the_visit_it_was_asked_in() {
    let (mut world, key) = World::with_task_in(StateName::UnderReview);
    let (question, ask) = world.ask(None, Level::Person, true);
    world.task_must(ic("backend/bea"), key, ask);
    world.approve(key);
    world.refused(person(), key, TaskAction::Answer { question, text: "yes".to_owned() });
}

#[test]
fn passing_failures_are_tried_again_until_the_retries_are_spent_and_others_do_not_count() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let mut fail = |class| {
        world.millis += 4_000_000;
        let epoch = world.task(key).running_epoch().unwrap_or_else(|| world.start(key));
        world.task_must(system(), key, TaskAction::FailAttempt { epoch, failure: failure(class) });
        (world.task(key).retries, world.name(key))
    };
    for class in [FailureClass::Quota { reset: None }, FailureClass::Lost { restarted: true }] {
        assert_eq!(fail(class), (0, StateName::InProgress));
    }
    for (count, class) in [FailureClass::Transient, FailureClass::Lost { restarted: false }, FailureClass::Transient]
        .into_iter()
        .enumerate()
    {
        let count = u32::try_from(count).expect("three");
        assert_eq!(fail(class), (count + 1, StateName::InProgress));
    }
    assert_eq!(fail(FailureClass::Transient), (4, StateName::Blocked));
    assert!(
        matches!(&world.task(key).state, TaskState::Blocked { blocker, .. } if blocker.kind == BlockerKind::Failed)
    );
    assert!(world.task(key).failed_with.contains(&ic_id("backend/ben")));
}

#[test]
fn an_escalation_ends_when_the_task_moves_on_and_not_when_it_is_tried_again() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    world.late(key, Level::DomainLead);
    let epoch = world.epoch(key);
    let visit = world.task(key).visit;
    world.task_must(
        system(),
        key,
        TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Lost { restarted: true }) },
    );
    world.start(key);
    assert_eq!((world.task(key).escalations.len(), world.task(key).visit), (1, visit));
    world.hand_in(key);
    assert!(world.task(key).escalations.is_empty());
}

#[test]
fn a_late_task_climbs_the_line_one_record_at_a_time() {
    let (mut world, key) = World::with_task_in(StateName::Pending);
    let levels = [Level::DomainLead, Level::TechLead, Level::EngineeringManager, Level::Person];
    for level in levels {
        world.late(key, level);
        let open: Vec<_> = world.task(key).escalations.values().map(|record| record.level).collect();
        assert_eq!(open, [level]);
    }
    assert_eq!(world.owed(key), "dev/backend:lead: assign it; operator: decide an escalation");
}

#[test]
fn an_instruction_gets_the_organisations_own_tier_where_neither_it_nor_its_workflow_has_one() {
    for own in [Tier::Trivial, Tier::Moderate] {
        let mut chart = chart(true);
        chart.policy.default_tier = own;
        chart.workflows.values_mut().flat_map(|workflow| &mut workflow.variants).for_each(|one| one.tier = None);
        let mut world = World::with_chart(chart);
        let id = world.submit(Tier::Simple);
        if let Some(found) = world.state.instructions.get_mut(&id) {
            found.request.tier = None;
        }
        let manager = Role::EngineeringManager(world.state.instructions[&id].department.clone());
        let mut ids = NewIds::default();
        let decided = moves(&world.state, &manager, world.now(), &mut ids);
        assert_eq!(ids, NewIds::default(), "triage makes nothing new");
        let [Move::Commit(Action::Instruction(_, InstructionAction::Triage { tier, .. }))] = decided.as_slice() else {
            panic!("triage: {decided:?}")
        };
        assert_eq!(*tier, own);
    }
}
