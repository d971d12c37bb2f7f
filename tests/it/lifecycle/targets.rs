//! Whom an escalation goes to when those who should have it are away, dead, overloaded or the author; and what becomes of
//! it when its holder leaves.

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::id::{InstructionId, PersonId};
use echelon::domain::instruction::Request;
use echelon::domain::org::{Person, PersonRole};
use echelon::domain::presence::AbsenceKind;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{StateName, Trouble};
use echelon::domain::time::Millis;
use echelon::domain::work::Tier;

use super::time::hours;
use super::world::{World, at, chart, lead, manager, person, system, tech_lead};
use crate::support::inside;

/// How somebody is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Presence {
    There,
    Away,
    Dead,
    Overloaded,
}

const PRESENCES: [Presence; 4] = [Presence::There, Presence::Away, Presence::Dead, Presence::Overloaded];

/// The people of the chart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum People {
    None,
    OneThere,
    AllAway,
}

const LINE: [Level; 3] = [Level::DomainLead, Level::TechLead, Level::EngineeringManager];

fn pat() -> Role {
    Role::Person("pat".parse().expect("a name"))
}

fn someone(id: &str, role: PersonRole, department: Option<&str>) -> (PersonId, Person) {
    let id: PersonId = id.parse().expect("a name");
    let department = department.map(|name| name.parse().expect("a name"));
    (id.clone(), Person { id, name: "Somebody".to_owned(), role, department, uid: None })
}

/// A world with one task that is reviewed, and fillers by which managers can be overloaded.
fn world(people: People) -> World {
    let mut chart = chart(true);
    chart.sla.digest_after = 1;
    if people != People::None {
        chart.people.extend([someone("pat", PersonRole::Manager, None)]);
    }
    let mut world = World::with_chart(chart);
    world.instruct(
        Tier::Moderate,
        &[("api", "backend", &[]), ("f1", "backend", &[]), ("f2", "backend", &[]), ("f3", "backend", &[])],
    );
    world.reach("api", StateName::UnderReview);
    if people == People::AllAway {
        world.leaves(pat(), AbsenceKind::Away);
    }
    world
}

/// Whom it should go to, and which levels are passed over, with a word of why.
fn expected(line: [Presence; 3], people: People) -> (Level, Role, Vec<(Level, &'static str)>) {
    let word = |presence| match presence {
        Presence::There => "",
        Presence::Away => "away",
        Presence::Dead => "dead",
        Presence::Overloaded => "overloaded",
    };
    let mut skipped = Vec::new();
    let mut overloaded = None;
    for (level, presence) in LINE.into_iter().zip(line) {
        // Nobody but a person is above the manager, who gets a digest instead.
        let takes =
            presence == Presence::There || (presence == Presence::Overloaded && level == Level::EngineeringManager);
        if takes {
            return (level, at(level), skipped);
        }
        if presence == Presence::Overloaded && overloaded.is_none() {
            overloaded = Some((level, skipped.clone()));
        }
        skipped.push((level, word(presence)));
    }
    // People come last: whoever is only busy goes before them.
    if let Some((level, before)) = overloaded {
        return (level, at(level), before);
    }
    (Level::Person, if people == People::OneThere { pat() } else { Role::Operator }, skipped)
}

#[test]
fn an_escalation_finds_somebody_whoever_is_away_dead_or_overloaded() {
    for people in [People::None, People::OneThere, People::AllAway] {
        let fresh = world(people);
        for case in 0..64 {
            let line = [PRESENCES[case % 4], PRESENCES[case / 4 % 4], PRESENCES[case / 16]];
            let mut world = fresh.clone();
            for ((level, presence), filler) in LINE.into_iter().zip(line).zip(["f1", "f2", "f3"]) {
                if presence == Presence::Overloaded {
                    let (_, action) = world.raise(Trouble::Late, level);
                    world.task_must(system(), filler, action);
                    assert_eq!(world.record(filler, Trouble::Late).level, level);
                }
            }
            for (level, presence) in LINE.into_iter().zip(line) {
                match presence {
                    Presence::There | Presence::Overloaded => {}
                    Presence::Away => drop(world.leaves(at(level), AbsenceKind::Away)),
                    Presence::Dead => drop(world.leaves(at(level), AbsenceKind::Dead)),
                }
            }
            world.late("api", Level::DomainLead);
            let (level, holder, skipped) = expected(line, people);
            let record = world.record("api", Trouble::Late);
            assert_eq!((record.level, &record.holder), (level, &holder), "{line:?} {people:?}");
            let passed: Vec<_> = record.turns.iter().map(|turn| (turn.level, turn.skipped)).collect();
            assert_eq!(
                passed,
                skipped.iter().map(|(level, _)| (*level, true)).collect::<Vec<_>>(),
                "{line:?} {people:?}"
            );
            for (turn, (level, why)) in record.turns.iter().zip(skipped) {
                assert_eq!(turn.holder, at(level));
                assert!(turn.outcome.contains(why), "{line:?}: {turn:?}");
            }
        }
    }
}

#[test]
fn whoever_did_the_work_does_not_get_the_escalation_of_its_review() {
    let mut world = World::new();
    world.milestones();
    world.break_down("m1", &["c1"]);
    world.assign("c1", "backend/ben");
    world.reach_end("c1");
    world.late("m1", Level::DomainLead);
    let record = world.record("m1", Trouble::Late);
    assert_eq!(record.level, Level::TechLead);
    assert_eq!(record.turns.iter().map(|turn| turn.outcome.as_str()).collect::<Vec<_>>(), ["it is their own work"]);
}

#[test]
fn a_holder_who_leaves_hands_it_on_and_it_is_decided_once() {
    for kind in [AbsenceKind::Away, AbsenceKind::Dead] {
        let mut world = world(People::None);
        world.late("api", Level::DomainLead);
        let id = world.record_id("api", Trouble::Late);
        let entries = world.leaves(at(Level::DomainLead), kind);
        assert_eq!(world.labels(&entries), ["absent", "api escalation_climbed"]);
        let record = world.record("api", Trouble::Late);
        assert_eq!((record.level, record.acknowledged), (Level::TechLead, None));
        assert_eq!(record.turns.len(), 1, "{record:?}");
        world.restart();
        let decide = TaskAction::DecideEscalation { id, decision: "it can wait".to_owned() };
        world.refused(lead("backend"), "api", decide.clone());
        world.task_must(tech_lead(), "api", decide.clone());
        world.refused(tech_lead(), "api", decide);
    }
}

#[test]
fn what_a_chart_says_about_who_is_not_there_hands_escalations_on_too() {
    let mut world = world(People::None);
    world.late("api", Level::DomainLead);
    let mut chart = world.state.chart.as_ref().clone();
    chart.absences.insert(at(Level::DomainLead), "on leave".to_owned());
    let entries = world.must(person(), Action::ApplyChart(chart.into()));
    assert_eq!(world.labels(&entries), ["chart_applied", "api escalation_climbed"]);
    assert_eq!(world.record("api", Trouble::Late).level, Level::TechLead);
}

#[test]
fn a_person_who_leaves_hands_on_to_another_person() {
    let mut world = world(People::OneThere);
    world.late("api", Level::Person);
    assert_eq!(world.record("api", Trouble::Late).holder, pat());
    world.leaves(pat(), AbsenceKind::Away);
    let record = world.record("api", Trouble::Late);
    assert_eq!((record.level, &record.holder), (Level::Person, &Role::Operator));
}

#[test]
fn a_person_of_the_department_goes_before_one_of_all_departments_and_then_by_id() {
    let all = [
        someone("ann", PersonRole::Contributor, Some("dev")),
        someone("bob", PersonRole::Manager, None),
        someone("cat", PersonRole::Operator, Some("dev")),
        someone("dan", PersonRole::Manager, Some("dev")),
    ];
    let mut chart = chart(true);
    chart.people.extend(all);
    let mut world = World::with_chart(chart);
    let department = "dev".parse().expect("a name");
    for expected in ["cat", "dan", "bob"] {
        let found = Role::Person(expected.parse().expect("a name"));
        assert_eq!(world.state.person_for(&department), found);
        world.leaves(found, AbsenceKind::Away);
    }
    assert_eq!(world.state.person_for(&department), Role::Operator);
}

/// Instructions with one task each, that its lead has and does not assign.
fn many(count: usize) -> World {
    let mut world = World::new();
    for _ in 0..count {
        let id = InstructionId::new(world.new_id());
        let request = Request { tier: Some(Tier::Simple), ..inside::request("one of many") };
        let work_type = "feature".parse().expect("a name");
        let triage = InstructionAction::Triage { tier: Tier::Simple, work_type, reasons: Vec::new() };
        let task = world.planned("many", echelon::domain::review::TaskKind::Tactical, "backend", &[]);
        let had = Action::Task(task.id, TaskAction::AcknowledgeDelegation);
        let steps = [
            (person(), Action::Submit { id, request }),
            (manager(), Action::Instruction(id, triage)),
            (tech_lead(), Action::Instruction(id, inside::plan(vec![task]))),
            (manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() })),
            (Principal::role(Role::Organisation), Action::Instruction(id, InstructionAction::Release)),
            (lead("backend"), had),
        ];
        for (principal, action) in steps {
            // At the same moment, so that all of them are late together.
            world.millis -= 1_000;
            world.give(principal, action).expect("it is how instructions begin");
        }
    }
    world
}

fn digests(entries: &[Entry]) -> Vec<u32> {
    let open = |entry: &Entry| match &entry.event {
        Event::DigestSent { digest, .. } => Some(digest.open),
        _other => None,
    };
    entries.iter().filter_map(open).collect()
}

#[test]
fn five_thousand_tasks_late_at_once_are_twenty_lines_and_a_summary_an_hour() {
    const TASKS: u32 = 5_000;
    let mut world = many(usize::try_from(TASKS).expect("it fits"));
    world.pass(hours(8));
    let entries = world.fire_unchecked();
    let cap = world.state.chart.sla.digest_after;
    let told = |entry: &Entry| match &entry.event {
        Event::Task(_, TaskEvent::EscalationRaised { to, .. }) => Some(to.in_digest),
        _other => None,
    };
    let lines: Vec<bool> = entries.iter().filter_map(told).collect();
    assert_eq!(lines.len(), usize::try_from(TASKS).expect("it fits"));
    assert_eq!(lines.iter().filter(|in_digest| !**in_digest).count(), usize::try_from(cap).expect("it fits"));
    // The first one as soon as there are more than the cap.
    assert_eq!(digests(&entries).len(), 1);
    let holder = at(Level::EngineeringManager);
    assert_eq!(world.state.held_by(&holder), TASKS);
    for _ in 0..3 {
        world.pass(hours(1));
        assert_eq!(digests(&world.fire_unchecked()), [TASKS]);
    }
    // The manager's turn about all of them, and what becomes of it.
    let entries = world.turn(&holder);
    assert!(!entries.is_empty());
    // Once few are left, nothing is summed up any more.
    let late: Vec<_> = world.state.held_tasks(&holder).map(|task| task.id).collect();
    for id in late.iter().skip(usize::try_from(cap).expect("it fits")) {
        let cancel = Action::Task(*id, TaskAction::Cancel { reason: "enough".to_owned() });
        world.give(person(), cancel).expect("a person may");
    }
    assert_eq!(world.state.held_by(&holder), cap.min(u32::try_from(late.len()).expect("it fits")));
    world.pass(hours(2));
    assert_eq!(digests(&world.fire_unchecked()), Vec::<u32>::new());
}

#[test]
fn many_escalations_that_are_handed_on_at_once_are_summed_up_too() {
    let mut world = World::new();
    let keys: Vec<String> = (0..30).map(|number| format!("t{number}")).collect();
    for chunk in keys.chunks(6) {
        let plan: Vec<(&str, &str, &[&str])> =
            chunk.iter().map(|key| (key.as_str(), "backend", [].as_slice())).collect();
        world.instruct(Tier::Moderate, &plan);
    }
    // The manager takes them one by one, and then is gone.
    for key in &keys {
        world.late(key, Level::EngineeringManager);
    }
    let entries = world.leaves(at(Level::EngineeringManager), AbsenceKind::Dead);
    let told = |entry: &Entry| match &entry.event {
        Event::Task(_, TaskEvent::EscalationClimbed { to, .. }) => Some(to.in_digest),
        _other => None,
    };
    let lines: Vec<bool> = entries.iter().filter_map(told).collect();
    assert_eq!((lines.len(), lines.iter().filter(|one| !**one).count()), (30, 20));
    world.pass(Millis(1));
    assert_eq!(digests(&world.fire()), [30]);
}
