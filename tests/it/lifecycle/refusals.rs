//! Refusals that hang on more than the state: epochs, versions, limits, reasons, and what a command names.

use std::sync::Arc;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, AfterBlock, InstructionAction, TaskAction};
use echelon::domain::id::{Epoch, EscalationId, InstructionId, QuestionId, Round, TaskId};
use echelon::domain::instruction::{self, Request};
use echelon::domain::rejection::Rejection;
use echelon::domain::review::{Gate, TaskKind};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{
    Assignee, BlockerKind, CancelledDecision, FailureClass, State as TaskState, StateName, Trouble,
};
use echelon::domain::time::Millis;
use echelon::domain::work::{Finding, Submission, Tier};

use super::world::{
    World, basis, blocker, domain, failure, finding, ic, ic_id, lead, manager, person, submission, system, tech_lead,
};
use crate::support::inside;

fn why() -> String {
    "because".to_owned()
}

#[test]
fn what_carries_another_epoch_is_refused_whatever_it_says() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let current = world.epoch(key);
    for given in [Epoch(current.0 - 1), current.next()] {
        for action in [
            TaskAction::Heartbeat { epoch: given, progress: None },
            TaskAction::HandIn { epoch: given, submission: submission(true) },
            TaskAction::FailAttempt { epoch: given, failure: failure(FailureClass::Transient) },
            TaskAction::Block { epoch: Some(given), blocker: blocker(Level::DomainLead) },
            world.ask(Some(given), Level::TechLead, true).1,
        ] {
            let rejection = world.refused(ic("backend/ben"), key, action);
            assert_eq!(rejection, Rejection::StaleEpoch { given, current: Some(current) });
        }
    }
}

#[test]
fn an_attempt_that_was_taken_away_is_not_heard_any_more() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let old = world.epoch(key);
    world.task_must(lead("backend"), key, TaskAction::Reassign { to: ic_id("backend/bea"), reason: why() });
    world.refused(ic("backend/ben"), key, TaskAction::HandIn { epoch: old, submission: submission(true) });
    let new = world.start(key);
    assert!(new > old);
    let late = TaskAction::HandIn { epoch: old, submission: submission(true) };
    assert_eq!(world.refused(ic("backend/ben"), key, late), Rejection::StaleEpoch { given: old, current: Some(new) });
    // Not even with the right number: it is another IC's attempt.
    let stolen = TaskAction::HandIn { epoch: new, submission: submission(true) };
    assert!(matches!(world.refused(ic("backend/ben"), key, stolen), Rejection::NotAllowed { .. }));
}

#[test]
fn the_same_attempt_ends_once() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = world.epoch(key);
    let fail = || TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Transient) };
    world.task_must(ic("backend/ben"), key, fail());
    assert!(matches!(world.refused(ic("backend/ben"), key, fail()), Rejection::IllegalMove { .. }));
}

#[test]
fn nobody_reviews_their_own_work_even_as_a_holder() {
    let (mut world, key) = World::with_task_in(StateName::UnderReview);
    let author = Role::Ic(ic_id("backend/ben"));
    let to_author = TaskAction::AssignReviewer { reviewer: author };
    assert!(matches!(world.refused(lead("backend"), key, to_author), Rejection::SelfReview(_)));
    let approve = TaskAction::Approve { basis: basis() };
    assert!(matches!(world.refused(ic("backend/ben"), key, approve), Rejection::SelfReview(_)));

    // The lead of a milestone's domain is its author, and holds an escalation of it.
    world.instruct(
        Tier::Complex,
        &[("n1", "backend", &[]), ("n2", "qa", &[]), ("n3", "qa", &[]), ("n4", "qa", &[]), ("n5", "qa", &[])],
    );
    world.break_down("n1", &["d1"]);
    world.assign("d1", "backend/bea");
    world.reach_end("d1");
    world.late("n1", Level::DomainLead);
    let pass = TaskAction::PassGate { gate: Gate::TechLead, basis: basis() };
    assert!(matches!(world.refused(lead("backend"), "n1", pass), Rejection::SelfReview(_)));
    let skip = TaskAction::SkipGate { gate: Gate::TechLead, reason: why() };
    assert!(matches!(world.refused(lead("backend"), "n1", skip), Rejection::SelfReview(_)));
}

#[test]
fn an_attempt_does_not_start_before_what_it_needs() {
    let mut world = World::new();
    world.trio();
    world.assign("page", "frontend/fay");
    let api = world.id("api");
    let unready = Rejection::NotReady { waits_for: vec![api] };
    assert_eq!(world.refused(ic("frontend/fay"), "page", TaskAction::StartAttempt), unready);
    world.reach("api", StateName::ReadyForHandoff);
    // A package that waits is there for its own domain, and for others once they accept it.
    assert_eq!(world.refused(ic("frontend/fay"), "page", TaskAction::StartAttempt), unready);
    world.assign("docs", "backend/bea");
    world.start("docs");
    world.accept_handoff("api", "frontend");
    world.start("page");
}

#[test]
fn a_child_does_not_start_before_what_its_milestone_needs() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m2", &["c"]);
    world.assign("c", "frontend/fay");
    let m1 = world.id("m1");
    let rejection = world.refused(ic("frontend/fay"), "c", TaskAction::StartAttempt);
    assert_eq!(rejection, Rejection::NotReady { waits_for: vec![m1] });
}

#[test]
fn an_ic_runs_no_more_attempts_than_it_may() {
    let mut world = World::new();
    for _ in 0..3 {
        world.solo();
        world.assign("api", "backend/ben");
        if world.state.load(&ic_id("backend/ben")).running < 2 {
            world.start("api");
        }
    }
    let rejection = world.refused(ic("backend/ben"), "api", TaskAction::StartAttempt);
    assert_eq!(rejection, Rejection::AtLimit { ic: ic_id("backend/ben"), limit: 2 });
}

#[test]
fn a_retry_waits_for_its_time() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = world.epoch(key);
    let quota = failure(FailureClass::Quota { reset: None });
    world.task_must(ic("backend/ben"), key, TaskAction::FailAttempt { epoch, failure: quota });
    let rejection = world.refused(ic("backend/ben"), key, TaskAction::StartAttempt);
    assert!(matches!(rejection, Rejection::TooSoon(_)), "{rejection}");
    world.millis += Millis::from_hours(1).0;
    world.start(key);
}

#[test]
fn nothing_starts_in_a_paused_instruction_and_what_runs_goes_on() {
    let mut world = World::new();
    let id =
        world.instruct(Tier::Moderate, &[("api", "backend", &[]), ("cli", "backend", &[]), ("web", "frontend", &[])]);
    world.reach("api", StateName::InProgress);
    world.assign("cli", "backend/bea");
    let pause = InstructionAction::Pause { reason: why(), until: None };
    world.must(person(), Action::Instruction(id, pause.clone()));
    assert!(matches!(
        world.refuses(person(), Action::Instruction(id, pause)),
        Rejection::IllegalInstructionMove { .. }
    ));
    assert_eq!(world.refused(ic("backend/bea"), "cli", TaskAction::StartAttempt), Rejection::Paused(id));
    let to = Assignee::Ic(ic_id("frontend/fay"));
    let assign = TaskAction::Assign { to, explanation: Explanation::default() };
    assert_eq!(world.refused(lead("frontend"), "web", assign), Rejection::Paused(id));
    assert_eq!(world.owed("cli"), "waits: paused");
    world.hand_in("api");
    world.approve("api");
    world.must(person(), Action::Instruction(id, InstructionAction::Resume));
    world.start("cli");
}

#[test]
fn nothing_starts_before_its_instruction() {
    let mut world = World::new();
    let id = world.planned_only(Tier::Simple, &[("api", "backend", &[])]);
    let assign = TaskAction::Assign { to: Assignee::Ic(ic_id("backend/ben")), explanation: Explanation::default() };
    assert_eq!(world.refused(lead("backend"), "api", assign), Rejection::NotExecuting(id));
    assert_eq!(world.owed("api"), "waits for its instruction");
}

#[test]
fn a_blocker_says_what_is_wrong_what_would_clear_it_and_names_only_what_is_there() {
    let (mut world, key) = World::with_task_in(StateName::Pending);
    let page = world.id("page");
    let ghost = QuestionId::new(world.new_id());
    let mut blank = [blocker(Level::DomainLead), blocker(Level::DomainLead)];
    blank[0].needs = " ".to_owned();
    blank[1].description.clear();
    let mut unowned = [blocker(Level::DomainLead), blocker(Level::DomainLead)];
    unowned[0].kind = BlockerKind::Question(ghost);
    unowned[1].kind = BlockerKind::DependencyCancelled(page);
    for blocker in blank.into_iter().chain(unowned) {
        world.refused(lead("backend"), key, TaskAction::Block { epoch: None, blocker });
    }
}

#[test]
fn a_running_attempt_names_its_epoch_to_block_or_ask() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let block = TaskAction::Block { epoch: None, blocker: blocker(Level::DomainLead) };
    assert!(matches!(world.refused(ic("backend/ben"), key, block), Rejection::Invalid(_)));
    let (_, ask) = world.ask(None, Level::TechLead, true);
    assert!(matches!(world.refused(ic("backend/ben"), key, ask), Rejection::Invalid(_)));
}

#[test]
fn an_escalation_goes_strictly_up_and_says_whom_it_passes_over() {
    let (mut world, key) = World::with_task_in(StateName::Escalated);
    for level in [Level::DomainLead, Level::TechLead] {
        let same = world.escalate(level);
        assert!(matches!(world.refused(tech_lead(), key, same), Rejection::Invalid(_)), "{level}");
    }
    let id = EscalationId::new(world.new_id());
    let silent = TaskAction::Escalate { id, to: Level::Person, reason: " ".to_owned() };
    assert!(matches!(world.refused(tech_lead(), key, silent), Rejection::Invalid(_)));
    let (_, beside) = world.raise(Trouble::Blocked, Level::Person);
    assert!(matches!(world.refused(tech_lead(), key, beside), Rejection::Invalid(_)));
    world.late(key, Level::TechLead);
    let (_, again) = world.raise(Trouble::Late, Level::TechLead);
    assert!(matches!(world.refused(system(), key, again), Rejection::Invalid(_)));
}

#[test]
fn only_the_level_that_holds_an_escalation_speaks_for_it_and_once() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let (id, raise) = world.raise(Trouble::Late, Level::TechLead);
    world.task_must(system(), key, raise);
    for who in [ic("backend/ben"), lead("backend"), manager(), person(), system()] {
        for action in [TaskAction::AcknowledgeEscalation { id }, TaskAction::DecideEscalation { id, decision: why() }] {
            assert!(matches!(world.refused(who.clone(), key, action), Rejection::NotAllowed { .. }), "{who}");
        }
    }
    let blank = TaskAction::DecideEscalation { id, decision: " ".to_owned() };
    assert!(matches!(world.refused(tech_lead(), key, blank), Rejection::Invalid(_)));
    world.task_must(tech_lead(), key, TaskAction::DecideEscalation { id, decision: why() });
    let again = TaskAction::DecideEscalation { id, decision: why() };
    assert!(matches!(world.refused(tech_lead(), key, again), Rejection::Invalid(_)));
    let unknown = EscalationId::new(world.new_id());
    let close = TaskAction::CloseEscalation { id: unknown };
    assert_eq!(world.refused(tech_lead(), key, close), Rejection::EscalationNotOpen(unknown));
}

#[test]
fn a_package_is_answered_by_its_receivers_in_its_current_version_once() {
    let mut world = World::new();
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("tests", "qa", &["api"])],
    );
    world.reach("api", StateName::ReadyForHandoff);
    let accept = |receiver: &str, version| TaskAction::AcceptHandoff {
        receiver: domain(receiver),
        version: Round(version),
        basis: basis(),
        items: None,
    };
    for version in [0, 2] {
        let stale = Rejection::StaleVersion { given: Round(version), current: Round(1) };
        assert_eq!(world.refused(lead("frontend"), "api", accept("frontend", version)), stale);
        let reject = world.reject_handoff("frontend", version);
        assert_eq!(world.refused(lead("frontend"), "api", reject), stale);
    }
    // Somebody who does not wait for it, and somebody who answers for another.
    assert!(matches!(world.refused(lead("security"), "api", accept("security", 1)), Rejection::Invalid(_)));
    assert!(matches!(world.refused(lead("qa"), "api", accept("frontend", 1)), Rejection::NotAllowed { .. }));
    world.accept_handoff("api", "frontend");
    assert!(matches!(world.refused(lead("frontend"), "api", accept("frontend", 1)), Rejection::Invalid(_)));
    let mut blank = world.reject_handoff("qa", 1);
    if let TaskAction::RejectHandoff { items, .. } = &mut blank {
        *items = vec![Finding { text: " ".to_owned(), location: None }];
    }
    assert!(matches!(world.refused(lead("qa"), "api", blank), Rejection::Invalid(_)));
}

#[test]
fn work_that_fails_its_checks_or_was_not_checked_is_not_handed_in() {
    let (mut world, key) = World::with_task_in(StateName::InProgress);
    let epoch = world.epoch(key);
    for submission in [submission(false), Submission { summary: "done".to_owned(), ..Submission::default() }] {
        let hand_in = TaskAction::HandIn { epoch, submission };
        assert!(matches!(world.refused(ic("backend/ben"), key, hand_in), Rejection::ChecksFailed(_)));
    }
}

#[test]
fn a_gate_is_passed_where_the_task_stands_and_left_out_only_by_a_holder_with_a_reason() {
    let (mut world, key) = World::with_task_in(StateName::DomainReview);
    let other = TaskAction::PassGate { gate: Gate::Qa, basis: basis() };
    assert!(matches!(world.refused(lead("backend"), key, other), Rejection::Invalid(_)));
    let skip = |reason: &str| TaskAction::SkipGate { gate: Gate::DomainLead, reason: reason.to_owned() };
    assert!(matches!(world.refused(lead("backend"), key, skip("why not")), Rejection::NotAllowed { .. }));
    world.late(key, Level::TechLead);
    assert!(matches!(world.refused(tech_lead(), key, skip(" ")), Rejection::Invalid(_)));
    world.task_must(tech_lead(), key, skip("nobody is there"));
}

#[test]
fn changes_are_asked_for_with_findings_and_with_children_only_for_milestones() {
    let (mut world, key) = World::with_task_in(StateName::UnderReview);
    let escalation = EscalationId::new(world.new_id());
    let none = TaskAction::RequestChanges { findings: Vec::new(), children: Vec::new(), escalation };
    assert!(matches!(world.refused(ic("backend/bea"), key, none), Rejection::Invalid(_)));
    let children = vec![world.planned("more", TaskKind::Tactical, "backend", &[])];
    let with_child = TaskAction::RequestChanges { findings: finding(), children, escalation };
    assert!(matches!(world.refused(ic("backend/bea"), key, with_child), Rejection::Invalid(_)));
}

#[test]
fn a_milestone_is_for_its_lead_and_its_plan_has_one_to_ten_children_in_order() {
    let mut world = World::new();
    world.milestones();
    let to = Assignee::Ic(ic_id("backend/ben"));
    let assign = TaskAction::Assign { to, explanation: Explanation::default() };
    assert!(matches!(world.refused(lead("backend"), "m1", assign), Rejection::IllegalMove { .. }));
    world.reach("m1", StateName::InPlanning);
    let many: Vec<_> =
        (0..11).map(|number| world.planned(&format!("x{number}"), TaskKind::Tactical, "backend", &[])).collect();
    let first = world.planned("first", TaskKind::Tactical, "backend", &[]);
    let second = world.planned("second", TaskKind::Tactical, "backend", &["first"]);
    let mut nowhere = world.planned("nowhere", TaskKind::Tactical, "moon", &[]);
    let strategic = world.planned("big", TaskKind::Strategic, "backend", &[]);
    let mut aimless = first.clone();
    aimless.work.criteria.clear();
    for children in [
        Vec::new(),
        many,
        vec![second.clone(), first.clone()],
        vec![first.clone(), first.clone()],
        vec![nowhere.clone()],
        vec![strategic],
        vec![aimless],
    ] {
        let break_down = TaskAction::BreakDown { children };
        assert!(matches!(world.refused(lead("backend"), "m1", break_down), Rejection::Invalid(_)));
    }
    nowhere.domain = domain("qa");
    // What crosses domains is for the tech lead, who has it shown.
    let across = vec![first, second, nowhere];
    let alone = TaskAction::BreakDown { children: across.clone() };
    assert!(matches!(world.refused(lead("backend"), "m1", alone.clone()), Rejection::NotAllowed { .. }));
    world.task_must(lead("backend"), "m1", TaskAction::Propose { children: across });
    world.task_must(tech_lead(), "m1", alone);
    // Blocked with its lead, it goes on with its lead.
    let block = TaskAction::Block { epoch: None, blocker: blocker(Level::DomainLead) };
    world.task_must(lead("backend"), "m1", block);
    for next in [AfterBlock::Release, AfterBlock::Assign(ic_id("backend/ben"))] {
        let resolve = TaskAction::Resolve { resolution: why(), next };
        assert!(matches!(world.refused(lead("backend"), "m1", resolve), Rejection::Invalid(_)));
    }
}

#[test]
fn a_cancelled_task_is_decided_on_once_and_replaced_only_by_what_can_end_first() {
    let mut world = World::new();
    let chain: &[(&str, &str, &[&str])] =
        &[("a", "backend", &[]), ("b", "backend", &["a"]), ("c", "backend", &["b"]), ("d", "qa", &[])];
    world.instruct(Tier::Moderate, chain);
    world.task_must(person(), "a", TaskAction::Cancel { reason: why() });
    let of = world.id("a");
    let decide = |decision| TaskAction::DecideCancelled { of, decision };
    let ghost = TaskId::new(world.new_id());
    for with in [world.id("b"), world.id("c"), of, ghost] {
        world.refused(tech_lead(), "b", decide(CancelledDecision::Replace(with)));
    }
    let c = world.id("c");
    let not_cancelled = TaskAction::DecideCancelled { of: c, decision: CancelledDecision::Waive };
    assert!(matches!(world.refused(tech_lead(), "b", not_cancelled), Rejection::Invalid(_)));
    let with = world.id("d");
    world.task_must(tech_lead(), "b", decide(CancelledDecision::Replace(with)));
    assert_eq!(world.task("b").needs, [with]);
    world.refused(tech_lead(), "b", decide(CancelledDecision::Waive));
}

#[test]
fn a_milestone_does_not_wait_for_its_own_child_in_place_of_what_was_cancelled() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m2", &["c1"]);
    world.task_must(person(), "m1", TaskAction::Cancel { reason: why() });
    let (of, with) = (world.id("m1"), world.id("c1"));
    let replace = TaskAction::DecideCancelled { of, decision: CancelledDecision::Replace(with) };
    assert!(matches!(world.refused(tech_lead(), "m2", replace), Rejection::Invalid(_)));
}

#[test]
fn what_names_nothing_that_is_there_is_refused() {
    let (mut world, key) = World::with_task_in(StateName::Pending);
    let task = TaskId::new(world.new_id());
    let action = Action::Task(task, TaskAction::StartAttempt);
    assert_eq!(world.refuses(person(), action), Rejection::UnknownTask(task));
    let instruction = InstructionId::new(world.new_id());
    let action = Action::Instruction(instruction, InstructionAction::Resume);
    assert_eq!(world.refuses(person(), action), Rejection::UnknownInstruction(instruction));
    let to = Assignee::Ic("dev/backend/nobody".parse().expect("three names"));
    let assign = TaskAction::Assign { to, explanation: Explanation::default() };
    assert!(matches!(world.refused(lead("backend"), key, assign), Rejection::Invalid(_)));
    let question = QuestionId::new(world.new_id());
    let answer = TaskAction::Answer { question, text: why() };
    assert_eq!(world.refused(person(), key, answer), Rejection::QuestionNotOpen { question, end: None });
}

#[test]
fn nothing_happens_to_what_is_over() {
    for state in [StateName::Completed, StateName::Cancelled] {
        let (mut world, key) = World::with_task_in(state);
        let task = world.id(key);
        let cancel = TaskAction::Cancel { reason: why() };
        assert_eq!(world.refused(person(), key, cancel.clone()), Rejection::TaskFinished { task, state });
        // The same once its instruction is gone, too.
        let id = world.instruction();
        world.must(person(), Action::Instruction(id, InstructionAction::Cancel { reason: why() }));
        assert_eq!(world.refused(person(), key, cancel), Rejection::TaskFinished { task, state });
        let state = instruction::StateName::Cancelled;
        assert_eq!(
            world.refuses(person(), Action::Instruction(id, InstructionAction::Resume)),
            Rejection::InstructionFinished { instruction: id, state }
        );
    }
}

#[test]
fn a_key_is_for_one_instruction_and_its_content() {
    let mut world = World::new();
    let key = || Some("monday".parse().expect("a key"));
    let request = |text: &str| Request { key: key(), ..inside::request(text) };
    let (first, second) = (InstructionId::new(world.new_id()), InstructionId::new(world.new_id()));
    world.must(person(), Action::Submit { id: first, request: request("paint the fence") });
    let again = world.must(person(), Action::Submit { id: second, request: request("paint the fence") });
    assert!(again.is_empty());
    assert!(!world.state.instructions.contains_key(&second));
    let other = Action::Submit { id: second, request: request("paint the shed") };
    assert!(
        matches!(world.refuses(person(), other.clone()), Rejection::KeyReused { instruction, .. } if instruction == first)
    );
    // Also once it is over.
    world.must(person(), Action::Instruction(first, InstructionAction::Cancel { reason: why() }));
    assert!(matches!(world.refuses(person(), other), Rejection::KeyReused { .. }));
}

#[test]
fn a_chart_keeps_the_domains_of_what_is_under_way() {
    let (mut world, _) = World::with_task_in(StateName::Pending);
    let mut chart = world.state.chart.as_ref().clone();
    chart.domains.remove(&domain("backend"));
    assert!(matches!(world.refuses(person(), Action::ApplyChart(Arc::new(chart))), Rejection::Invalid(_)));
}

#[test]
fn a_departed_ic_cannot_go_on_and_others_cannot_be_made_to_review_who_are_not_there() {
    let (mut world, key) = World::with_task_in(StateName::Blocked);
    let gone = world.without(&["backend/ben"]);
    world.must(person(), gone);
    let resume = TaskAction::Resolve { resolution: why(), next: AfterBlock::Resume };
    assert!(matches!(world.refused(lead("backend"), key, resume), Rejection::Invalid(_)));
    let give = TaskAction::Resolve { resolution: why(), next: AfterBlock::Assign(ic_id("backend/bea")) };
    world.task_must(lead("backend"), key, give);
    world.start(key);
    world.hand_in(key);
    assert!(matches!(world.task(key).state, TaskState::UnderReview { reviewer: Role::DomainLead(_), .. }));
    for reviewer in [Role::Ic(ic_id("backend/ben")), Role::Organisation] {
        let assign = TaskAction::AssignReviewer { reviewer };
        assert!(matches!(
            world.refused(Principal::role(Role::DomainLead(domain("backend"))), key, assign),
            Rejection::Invalid(_)
        ));
    }
}
