//! What makes a clock stand still, and what does not.

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::org::WorkerKind;
use echelon::domain::role::{Level, Role};
use echelon::domain::sla::Mark;
use echelon::domain::task::{FailureClass, Pause, StateName, Trouble};
use echelon::domain::time::{Effort, Millis, OrgTime};
use echelon::domain::work::{Priority, Tier};

use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, chart, failure, ic, ic_id, lead, manager, person, system, tech_lead};

fn pause(world: &mut World) {
    let id = world.instruction();
    world.at_once(
        person(),
        Action::Instruction(id, InstructionAction::Pause { reason: "wait".to_owned(), until: None }),
    );
}

fn resume(world: &mut World) {
    let id = world.instruction();
    world.at_once(person(), Action::Instruction(id, InstructionAction::Resume));
}

fn stopped(world: &World, key: &str) -> Option<Pause> {
    world.task(key).clock.stopped.map(|(why, _)| why)
}

/// When the target of the state fires, from now on.
#[track_caller]
fn target_at(world: &mut World, key: &str) -> OrgTime {
    for _ in 0..100 {
        let next = world.state.deadlines().clock.expect("a clock is armed");
        let entries = world.live_until(next);
        if world.marks(key, &entries).first() == Some(&Mark::Target) {
            return next;
        }
    }
    panic!("the target of {key} never fires");
}

/// `api` at work by ben, with a sign of life often enough.
fn at_work() -> World {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::InProgress);
    world
}

fn ask(world: &mut World, to: Level) -> echelon::domain::id::QuestionId {
    let (id, action) = world.ask(Some(world.epoch("api")), to, true);
    world.task_at_once(ic("backend/ben"), "api", action);
    id
}

fn answer(world: &mut World, question: echelon::domain::id::QuestionId) {
    world.task_at_once(person(), "api", TaskAction::Answer { question, text: "yes".to_owned() });
}

#[test]
fn a_question_stops_the_clock_until_it_is_answered_and_a_stall_is_not_reported_meanwhile() {
    let mut world = at_work();
    let entered = world.task("api").entered.org;
    world.live(hours(1));
    let question = ask(&mut world, Level::Person);
    assert_eq!(stopped(&world, "api"), Some(Pause::Question));
    let during = world.live(hours(20));
    assert_eq!(world.labels(&during), Vec::<String>::new());
    world.restart();
    answer(&mut world, question);
    assert_eq!(target_at(&mut world, "api"), entered.plus(hours(4 + 20)));
}

#[test]
fn pauses_that_overlap_count_once() {
    let mut world = at_work();
    let entered = world.task("api").entered.org;
    world.live(hours(1));
    let question = ask(&mut world, Level::Person);
    world.live(hours(2));
    pause(&mut world);
    world.live(hours(3));
    answer(&mut world, question);
    world.live(hours(5));
    world.restart();
    resume(&mut world);
    // From one hour after it was entered for ten hours.
    assert_eq!(world.task("api").clock.stood_still, hours(10));
    assert_eq!(target_at(&mut world, "api"), entered.plus(hours(14)));
}

#[test]
fn everything_due_comes_later_by_exactly_the_part_of_the_pause_it_was_there_for() {
    let mut world = at_work();
    let before = ask(&mut world, Level::TechLead);
    world.late("api", Level::TechLead);
    let late = world.record_id("api", Trouble::Late);
    let due_before = world.task("api").questions[&before].due;
    let (decide, acknowledge) =
        (world.record("api", Trouble::Late).due, world.record("api", Trouble::Late).acknowledge_by);
    world.live(Millis(600_000));
    pause(&mut world);
    world.live(hours(30));
    let during = ask(&mut world, Level::TechLead);
    let asked = world.now().org;
    world.live(hours(6));
    assert_eq!(world.fire(), []);
    resume(&mut world);
    let task = world.task("api");
    assert_eq!(task.questions[&before].due, due_before.plus(hours(36)));
    assert_eq!(task.questions[&during].due, asked.plus(hours(4 + 6)), "it waited for six of the hours");
    let record = &task.escalations[&late];
    assert_eq!((record.due, record.acknowledge_by), (decide.plus(hours(36)), acknowledge.plus(hours(36))));
}

#[test]
fn a_delegation_and_a_reminder_come_later_by_the_pause_too() {
    let mut world = World::new();
    world.solo();
    world.assign("api", "backend/ben");
    let given = world.task("api").delegation.as_ref().expect("it was given").acknowledge_by;
    pause(&mut world);
    world.live(hours(7));
    resume(&mut world);
    assert_eq!(world.task("api").delegation.as_ref().expect("still").acknowledge_by, given.plus(hours(7)));

    let mut with_person = chart(true);
    with_person.domains.values_mut().for_each(|one| one.review = echelon::domain::org::ReviewPolicy::Person);
    let mut world = World::with_chart(with_person);
    world.solo();
    world.reach("api", StateName::DomainReview);
    let entered = world.task("api").entered.org;
    pause(&mut world);
    world.live(hours(50));
    resume(&mut world);
    let entries = world.live_until(OrgTime::from_millis(entered.plus(hours(50 + 24)).as_millis() - 1));
    assert!(!world.labels(&entries).contains(&"api reminded".to_owned()));
    let entries = world.live(Millis(1));
    assert_eq!(world.labels(&entries), ["api reminded"]);
}

#[test]
fn a_used_up_quota_stops_the_clock_until_the_next_attempt() {
    let mut world = at_work();
    let entered = world.task("api").entered.org;
    world.live(hours(1));
    let epoch = world.epoch("api");
    let class = FailureClass::Quota { reset: None };
    world.task_at_once(ic("backend/ben"), "api", TaskAction::FailAttempt { epoch, failure: failure(class) });
    assert_eq!(stopped(&world, "api"), Some(Pause::Quota));
    assert_eq!(world.live(hours(9)), []);
    world.restart();
    world.task_at_once(system(), "api", TaskAction::StartAttempt);
    assert_eq!(target_at(&mut world, "api"), entered.plus(hours(4 + 9)));
}

#[test]
fn what_waits_for_its_dependencies_is_not_late_until_they_are_met() {
    let mut world = World::new();
    world.trio();
    world.assign("docs", "backend/bea");
    world.everybody_acknowledges();
    let entered = world.task("docs").entered.org;
    assert_eq!(stopped(&world, "docs"), Some(Pause::Dependencies));
    world.assign("api", "backend/ben");
    for _ in 0..3 {
        world.pass(hours(10));
    }
    world.start("api");
    world.hand_in("api");
    world.approve("api");
    world.restart();
    world.pass_gates("api");
    // It is of the same domain: what is approved is enough.
    let met = world.now().org;
    assert_eq!(stopped(&world, "docs"), None);
    assert_eq!(target_at(&mut world, "docs"), entered.plus(hours(4)).plus(met.since(entered)));
}

#[test]
fn whoever_is_busy_with_what_is_as_urgent_is_not_late_with_the_rest() {
    for (running, waiting, stands) in [
        (Priority::Normal, Priority::Normal, true),
        (Priority::High, Priority::Normal, true),
        (Priority::Low, Priority::Normal, false),
    ] {
        let mut world = World::new();
        world.instruct(Tier::Moderate, &[("a", "backend", &[]), ("b", "backend", &[]), ("c", "backend", &[])]);
        for key in ["a", "b", "c"] {
            world.assign(key, "backend/ben");
        }
        world.task_must(manager(), "c", TaskAction::ChangePriority { priority: waiting });
        for key in ["a", "b"] {
            world.task_must(manager(), key, TaskAction::ChangePriority { priority: running });
            world.start(key);
        }
        assert_eq!(stopped(&world, "c") == Some(Pause::ParallelLimit), stands, "{running} before {waiting}");
        // What is at work may become more or less urgent meanwhile.
        world.task_must(manager(), "a", TaskAction::ChangePriority { priority: Priority::Low });
        assert_eq!(stopped(&world, "c"), None, "one of two is less urgent");
        world.task_must(manager(), "a", TaskAction::ChangePriority { priority: Priority::Critical });
        assert_eq!(stopped(&world, "c") == Some(Pause::ParallelLimit), stands);
        world.hand_in("a");
        assert_eq!(stopped(&world, "c"), None, "there is room");
        world.restart();
    }
}

#[test]
fn a_forecast_stops_the_clock_for_as_long_as_the_backlog_drains() {
    let mut world = World::new();
    world.solo();
    world.everybody_acknowledges();
    let begun = world.task("api").clock.pauses.last().expect("it waited for its instruction").2;
    let until = world.now().org.plus(hours(10)).plus(Millis(1_000));
    let wait = |until, hours| TaskAction::WaitForCapacity { until, ahead: Effort::from_hours(hours) };
    world.task_must(lead("backend"), "api", wait(until, 20.0));
    let since = world.now().org;
    assert_eq!(stopped(&world, "api"), Some(Pause::Capacity));
    world.refused(lead("backend"), "api", wait(until, 10.0));
    world.restart();
    assert_eq!(world.live_until(OrgTime::from_millis(until.as_millis() - 1)), []);
    let entries = world.live(Millis(1));
    assert_eq!(world.labels(&entries), ["api forecast_passed"]);
    // It drains; then it does not seem to, a few times, and then the clock runs.
    let mut until = until;
    for ahead in [12.0, 12.0, 12.0] {
        until = until.plus(hours(10));
        world.task_at_once(lead("backend"), "api", wait(until, ahead));
        assert_eq!(stopped(&world, "api"), Some(Pause::Capacity));
        let entries = world.live_until(until);
        assert!(world.labels(&entries).contains(&"api forecast_passed".to_owned()));
    }
    world.restart();
    world.refused(lead("backend"), "api", wait(until.plus(hours(20)), 12.0));
    assert_eq!(stopped(&world, "api"), None);
    assert_eq!(target_at(&mut world, "api"), begun.plus(hours(2)).plus(until.since(since)));
}

#[test]
fn a_forecast_within_a_pause_comes_later_with_it() {
    let mut world = World::new();
    world.solo();
    let until = world.now().org.plus(hours(10));
    world.task_must(lead("backend"), "api", TaskAction::WaitForCapacity { until, ahead: Effort::default() });
    pause(&mut world);
    assert_eq!(world.live(hours(40)), []);
    resume(&mut world);
    world.everybody_acknowledges();
    assert_eq!(world.task("api").clock.forecast, Some(until.plus(hours(40))));
    let entries = world.live_until(until.plus(hours(40)));
    assert_eq!(world.labels(&entries), ["api forecast_passed"]);
}

#[test]
fn silence_is_a_stall_after_the_heartbeat_and_a_sign_of_life_ends_it() {
    let mut world = at_work();
    world.live(hours(3));
    let epoch = world.epoch("api");
    let alive = TaskAction::Heartbeat { epoch, progress: None };
    world.task_at_once(ic("backend/ben"), "api", alive.clone());
    let heard = world.now().org;
    let entries = world.live_until(OrgTime::from_millis(heard.plus(hours(4)).as_millis() - 1));
    assert!(!world.labels(&entries).contains(&"api stalled".to_owned()));
    let entries = world.live(Millis(1));
    assert_eq!(world.labels(&entries), ["api stalled", "api escalation_raised"]);
    assert_eq!(world.record("api", Trouble::Stalled).level, Level::DomainLead);
    world.restart();
    let entries = world.task_at_once(ic("backend/ben"), "api", alive);
    assert_eq!(world.labels(&entries), ["api heartbeat", "api escalation_closed"]);
    assert_eq!(world.task("api").past_escalations.last().map(|(_, record)| record.trouble), Some(Trouble::Stalled));
    // The next silence is another stall.
    let entries = world.live(hours(4));
    assert!(world.labels(&entries).contains(&"api stalled".to_owned()));
}

#[test]
fn a_person_who_works_is_not_expected_to_give_signs_of_life() {
    let mut chart = chart(true);
    let person_id: echelon::domain::id::PersonId = "pat".parse().expect("a name");
    for worker in chart.workers.values_mut() {
        worker.kind = WorkerKind::Human { person: person_id.clone() };
    }
    let someone = echelon::domain::org::Person {
        id: person_id.clone(),
        name: "Pat".to_owned(),
        role: echelon::domain::org::PersonRole::Manager,
        department: None,
        uid: None,
    };
    chart.people.insert(person_id, someone);
    let mut world = World::with_chart(chart);
    world.solo();
    world.reach("api", StateName::InProgress);
    let entries = world.live(hours(100));
    assert!(!world.labels(&entries).contains(&"api stalled".to_owned()));
    assert_eq!(world.state.deadlines().lease, None);
    assert_eq!(world.task("api").state.assignee().map(|who| who.role()), Some(Role::Ic(ic_id("backend/ben"))));
}

#[test]
fn reviews_blockers_and_handoffs_do_not_stop_for_a_question() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    let entered = world.task("api").entered.org;
    let (_, action) = world.ask(None, Level::Person, true);
    world.task_at_once(ic("backend/bea"), "api", action);
    assert_eq!(stopped(&world, "api"), None);
    assert_eq!(target_at(&mut world, "api"), entered.plus(hours(4)));
    world.task_at_once(tech_lead(), "api", TaskAction::GrantTime { span: hours(1), reason: "why not".to_owned() });
}
