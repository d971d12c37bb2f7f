//! Delegations, questions and escalations: by when somebody says that they have it, answers or decides, and what follows.

use echelon::domain::command::TaskAction;
use echelon::domain::event::Entry;
use echelon::domain::org::{Person, PersonRole};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{StateName, Trouble};
use echelon::domain::time::{Millis, OrgTime};
use echelon::domain::work::Tier;

use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, blocker, chart, domain, ic, lead, manager, person, system, tech_lead};

const LINE: [Level; 4] = [Level::DomainLead, Level::TechLead, Level::EngineeringManager, Level::Person];

/// What happened to `api`, with the full hours since `from`.
fn since(world: &World, from: OrgTime, entries: &[Entry]) -> Vec<(i64, String)> {
    let hours = |entry: &Entry| entry.at.org.since(from).0 / hours(1).0;
    entries.iter().map(hours).zip(world.labels(entries)).filter(|(_, label)| label.starts_with("api")).collect()
}

/// What of that is one of these.
fn only(world: &World, from: OrgTime, entries: &[Entry], kinds: &[&str]) -> Vec<(i64, String)> {
    let mut all = since(world, from, entries);
    all.retain(|(_, label)| kinds.iter().any(|kind| label == &format!("api {kind}")));
    all
}

fn labelled(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(at, label)| (*at, format!("api {label}"))).collect()
}

fn assigned() -> (World, OrgTime) {
    let mut world = World::new();
    world.solo();
    world.assign("api", "backend/ben");
    let at = world.now().org;
    (world, at)
}

#[test]
fn what_nobody_acknowledges_is_sent_again_after_an_hour_and_goes_up_after_four() {
    let (mut world, given) = assigned();
    let entries = world.live(hours(5));
    let kinds = ["delegation_sent_again", "escalation_raised"];
    assert_eq!(
        only(&world, given, &entries, &kinds),
        labelled(&[(1, "delegation_sent_again"), (4, "escalation_raised")])
    );
    assert_eq!(world.record("api", Trouble::Unacknowledged).level, Level::DomainLead);
    world.restart();
    let entries = world.task_at_once(ic("backend/ben"), "api", TaskAction::AcknowledgeDelegation);
    assert_eq!(world.labels(&entries), ["api delegation_acknowledged", "api escalation_closed"]);
}

#[test]
fn whoever_says_so_starts_or_passes_it_on_has_acknowledged_it() {
    let silenced = |world: &mut World| {
        let entries = world.live(hours(3));
        !world.labels(&entries).iter().any(|label| label.starts_with("api delegation"))
    };
    let (mut world, _) = assigned();
    world.task_at_once(ic("backend/ben"), "api", TaskAction::AcknowledgeDelegation);
    assert!(silenced(&mut world));

    let (mut world, _) = assigned();
    world.start("api");
    assert!(world.task("api").delegation.as_ref().is_some_and(|one| one.acknowledged.is_some()));
    assert!(silenced(&mut world));

    let mut world = World::new();
    world.solo();
    let to_lead = world.task("api").delegation.clone().expect("the plan goes down the line");
    assert_eq!(
        (to_lead.from, to_lead.to),
        (Role::TechLead("dev".parse().expect("a name")), Role::DomainLead(domain("backend")))
    );
    world.assign("api", "backend/ben");
    let to_ic = world.task("api").delegation.clone().expect("the lead gave it to an IC");
    assert!(matches!(to_ic.to, Role::Ic(_)), "{to_ic:?}");
}

#[test]
fn a_delegation_ends_with_the_assignment_even_at_the_same_moment() {
    let (mut world, _) = assigned();
    world.task_at_once(lead("backend"), "api", TaskAction::Unassign { reason: "not you".to_owned() });
    assert_eq!(world.task("api").delegation, None);
}

#[test]
fn nothing_that_is_not_so_can_be_raised_as_silence() {
    let (mut world, _) = assigned();
    let (_, stalled) = world.raise(Trouble::Stalled, Level::DomainLead);
    world.refused(system(), "api", stalled);
    world.task_at_once(ic("backend/ben"), "api", TaskAction::AcknowledgeDelegation);
    let (_, silent) = world.raise(Trouble::Unacknowledged, Level::DomainLead);
    world.refused(system(), "api", silent);
}

#[test]
fn a_question_goes_up_every_four_hours_each_level_once_and_a_person_is_reminded_every_day() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::InProgress);
    let (id, ask) = world.ask(Some(world.epoch("api")), Level::DomainLead, true);
    world.task_at_once(ic("backend/ben"), "api", ask);
    let asked = world.now().org;
    let mut levels = vec![world.task("api").questions[&id].to];
    let mut seen = Vec::new();
    for _ in 0..90 {
        let entries = world.live(hours(1));
        seen.append(&mut since(&world, asked, &entries));
        let now = world.task("api").questions[&id].to;
        if levels.last() != Some(&now) {
            levels.push(now);
        }
        world.restart();
    }
    assert_eq!(levels, LINE);
    let expected = [
        (4, "question_climbed"),
        (8, "question_climbed"),
        (12, "question_climbed"),
        (36, "question_reminded"),
        (60, "question_reminded"),
        (84, "question_reminded"),
    ];
    assert_eq!(seen, labelled(&expected));
}

#[test]
fn a_question_passes_over_who_is_not_there() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::InProgress);
    world.leaves(Role::TechLead("dev".parse().expect("a name")), echelon::domain::presence::AbsenceKind::Away);
    let (id, ask) = world.ask(Some(world.epoch("api")), Level::DomainLead, true);
    world.task_at_once(ic("backend/ben"), "api", ask);
    world.live(hours(4));
    assert_eq!(world.task("api").questions[&id].to, Level::EngineeringManager);
}

#[test]
fn a_blocker_that_nobody_clears_reaches_the_tech_lead_after_eight_hours_and_climbs_level_by_level() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::Blocked);
    let blocked = world.task("api").entered.org;
    let entries = world.live(hours(80));
    let kinds = ["escalated", "escalation_raised", "escalation_climbed", "escalation_told", "escalation_reminded"];
    let expected = [
        (4, "escalated"),
        (4, "escalation_raised"),
        (5, "escalation_told"),
        (8, "escalated"),
        (8, "escalation_climbed"),
        (9, "escalation_told"),
        (16, "escalated"),
        (16, "escalation_climbed"),
        (17, "escalation_told"),
        (24, "escalated"),
        (24, "escalation_climbed"),
        (48, "escalation_reminded"),
        (72, "escalation_reminded"),
    ];
    assert_eq!(only(&world, blocked, &entries, &kinds), labelled(&expected));
    let record = world.record("api", Trouble::Blocked);
    let turns: Vec<Level> = record.turns.iter().map(|turn| turn.level).collect();
    assert_eq!((turns.as_slice(), record.level), (&LINE[..3], Level::Person));
    assert!(record.turns.iter().all(|turn| !turn.skipped && turn.outcome == "no decision in time"), "{record:?}");
}

#[test]
fn a_blocker_of_a_higher_level_begins_there() {
    let mut world = World::new();
    world.solo();
    world.assign("api", "backend/ben");
    let block = TaskAction::Block { epoch: None, blocker: blocker(Level::EngineeringManager) };
    world.task_at_once(lead("backend"), "api", block);
    world.live(hours(4));
    assert_eq!(world.record("api", Trouble::Blocked).level, Level::EngineeringManager);
}

#[test]
fn the_next_level_is_told_after_an_hour_without_acknowledgement_and_not_after_one() {
    for acknowledged in [false, true] {
        let mut world = World::new();
        world.solo();
        world.reach("api", StateName::UnderReview);
        world.late("api", Level::DomainLead);
        world.fire();
        let id = world.record_id("api", Trouble::Late);
        if acknowledged {
            world.task_at_once(lead("backend"), "api", TaskAction::AcknowledgeEscalation { id });
        }
        world.live(Millis(hours(1).0 - 1));
        assert_eq!(world.record("api", Trouble::Late).told, None);
        world.live(Millis(1));
        let told = (!acknowledged).then(|| Role::TechLead("dev".parse().expect("a name")));
        assert_eq!(world.record("api", Trouble::Late).told, told);
        // Whoever is told does not hold it.
        assert_eq!(world.record("api", Trouble::Late).level, Level::DomainLead);
        world.restart();
    }
}

#[test]
fn each_level_has_its_time_and_a_decision_alone_does_not_stop_it() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::UnderReview);
    world.late("api", Level::DomainLead);
    let raised = world.now().org;
    let holders: [(Level, i64, Principal); 3] = [
        (Level::DomainLead, 4, lead("backend")),
        (Level::TechLead, 12, tech_lead()),
        (Level::EngineeringManager, 20, manager()),
    ];
    for (level, until, holder) in holders {
        let record = world.record("api", Trouble::Late);
        assert_eq!((record.level, record.due), (level, raised.plus(hours(until))));
        let id = world.record_id("api", Trouble::Late);
        let decide = TaskAction::DecideEscalation { id, decision: format!("the {level} leaves it be") };
        world.task_at_once(holder.clone(), "api", decide.clone());
        world.refused(holder, "api", decide);
        world.live_until(OrgTime::from_millis(raised.plus(hours(until)).as_millis() - 1));
        assert_eq!(world.record("api", Trouble::Late).level, level);
        world.live(Millis(1));
    }
    let record = world.record("api", Trouble::Late);
    assert_eq!((record.level, &record.holder), (Level::Person, &Role::Operator));
    let said: Vec<_> = record.turns.iter().map(|turn| turn.outcome.as_str()).collect();
    assert_eq!(
        said,
        ["the domain lead leaves it be", "the tech lead leaves it be", "the engineering manager leaves it be"]
    );
    let due = record.due;
    assert_eq!(due, raised.plus(hours(44)));
    let entries = world.live(hours(48));
    let reminded = only(&world, raised, &entries, &["escalation_reminded"]);
    assert_eq!(reminded, labelled(&[(44, "escalation_reminded"), (68, "escalation_reminded")]));
    // Its story stays with the task when that moves on.
    world.task_must(ic("backend/bea"), "api", TaskAction::Approve { basis: crate::lifecycle::world::basis() });
    assert!(world.task("api").escalations.is_empty());
    let (_, past) = world.task("api").past_escalations.last().expect("it is kept");
    assert_eq!(past.turns.len(), 3);
    assert!(past.closed.as_ref().is_some_and(|(_, why)| why.contains("DOMAIN_REVIEW")), "{past:?}");
}

#[test]
fn a_reminder_after_a_pause_comes_a_day_after_the_one_before_it() {
    let mut with_people = chart(true);
    let id: echelon::domain::id::PersonId = "pat".parse().expect("a name");
    let pat = Person { id: id.clone(), name: "Pat".to_owned(), role: PersonRole::Manager, department: None, uid: None };
    with_people.people.insert(id, pat);
    let mut world = World::with_chart(with_people);
    world.instruct(Tier::Simple, &[("api", "backend", &[])]);
    world.reach("api", StateName::UnderReview);
    world.late("api", Level::Person);
    let raised = world.now().org;
    let instruction = world.instruction();
    let pause = echelon::domain::command::InstructionAction::Pause { reason: "wait".to_owned(), until: None };
    world.live(hours(10));
    world.at_once(person(), echelon::domain::command::Action::Instruction(instruction, pause));
    world.live(hours(6));
    let resume = echelon::domain::command::InstructionAction::Resume;
    world.at_once(person(), echelon::domain::command::Action::Instruction(instruction, resume));
    let entries = world.live_until(raised.plus(hours(80)));
    let reminded = only(&world, raised, &entries, &["escalation_reminded"]);
    assert_eq!(
        reminded,
        labelled(&[(30, "escalation_reminded"), (54, "escalation_reminded"), (78, "escalation_reminded")])
    );
}

#[test]
fn a_trouble_has_one_open_record_and_another_trouble_its_own() {
    let mut world = World::new();
    world.solo();
    world.reach("api", StateName::InProgress);
    world.live(hours(30));
    let troubles: Vec<Trouble> = world.task("api").escalations.values().map(|record| record.trouble).collect();
    let mut sorted = troubles.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [Trouble::Late, Trouble::Stalled]);
}
