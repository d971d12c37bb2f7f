//! What begins when: dependencies, capacity and the order of the queue.

use echelon::domain::admission::{self, FULL, Verdict};
use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::event::{Event, InstructionEvent};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{HoldKind, Request, State as InstructionState};
use echelon::domain::presence::AbsenceKind;
use echelon::domain::role::{Principal, Role};
use echelon::domain::work::{Priority, Tier};
use proptest::prelude::{Strategy, prop, proptest};

use super::stage::{events_of, request};
use crate::lifecycle::world::{World, domain, ic_id, person};

/// Hours of all of backend in three days: two ICs around the clock. The other domains of the test chart have half of it.
const BACKEND: f64 = 144.0;

fn percent_of_backend(percent: f64) -> f64 {
    BACKEND * percent / 100.0
}

/// Tier, priority, promised to a customer, and hours in backend and in qa.
type Ask = (Tier, Priority, bool, f64, f64);

fn ask(world: &mut World, mark: &str, (tier, priority, customer_commitment, backend, qa): Ask) -> InstructionId {
    let request = Request { priority, customer_commitment, ..request() };
    world.queued_as(tier, request, mark, &[("b", "backend", &[], backend), ("q", "qa", &[], qa)])
}

fn kind(world: &World, id: InstructionId) -> Option<HoldKind> {
    match admission::look(&world.state, world.found(id)) {
        Verdict::Begin => None,
        Verdict::Wait(hold) => Some(hold.kind),
    }
}

#[test]
fn a_large_instruction_begins_where_its_domains_stay_at_85_percent_or_nothing_else_runs_there() {
    use HoldKind::{Capacity, Manager, Person};
    use Priority::{Critical, Normal};
    use Tier::{Complex, Expert, Moderate};
    let at = percent_of_backend;
    let table: &[(&str, &[Ask], Ask, Option<HoldKind>)] = &[
        ("nothing runs", &[], (Complex, Normal, false, at(80.0), 0.0), None),
        ("alone it may be more than everything", &[], (Complex, Normal, false, at(140.0), 0.0), None),
        (
            "60 % and 80 %",
            &[(Complex, Normal, false, at(60.0), 0.0)],
            (Complex, Normal, false, at(80.0), 0.0),
            Some(Capacity),
        ),
        ("up to 85 %", &[(Complex, Normal, false, at(60.0), 0.0)], (Expert, Normal, false, at(25.0), 0.0), None),
        (
            "over 85 %",
            &[(Complex, Normal, false, at(60.0), 0.0)],
            (Complex, Normal, false, at(25.1), 0.0),
            Some(Capacity),
        ),
        ("another domain", &[(Complex, Normal, false, at(80.0), 0.0)], (Complex, Normal, false, 0.0, 70.0), None),
        (
            "one of its domains is full",
            &[(Complex, Normal, false, 0.0, 60.0)],
            (Complex, Normal, false, at(10.0), 10.0),
            Some(Capacity),
        ),
        (
            "small work always begins",
            &[(Complex, Normal, false, at(80.0), 0.0)],
            (Moderate, Normal, false, at(80.0), 0.0),
            None,
        ),
        (
            "small work counts",
            &[(Moderate, Normal, false, at(60.0), 0.0)],
            (Complex, Normal, false, at(80.0), 0.0),
            Some(Capacity),
        ),
        (
            "what can never fit does not wait for small work",
            &[(Moderate, Normal, false, at(60.0), 0.0)],
            (Complex, Normal, false, at(90.0), 0.0),
            None,
        ),
        (
            "critical, and what runs is not",
            &[(Complex, Normal, true, at(60.0), 0.0)],
            (Complex, Critical, false, at(80.0), 0.0),
            Some(Manager),
        ),
        (
            "both critical",
            &[(Complex, Critical, false, at(60.0), 0.0)],
            (Complex, Critical, false, at(80.0), 0.0),
            Some(Person),
        ),
        (
            "promised to a customer is not critical",
            &[(Complex, Normal, false, at(60.0), 0.0)],
            (Complex, Normal, true, at(80.0), 0.0),
            Some(Capacity),
        ),
        (
            "critical, and there is room",
            &[(Complex, Critical, false, at(5.0), 0.0)],
            (Complex, Critical, false, at(80.0), 0.0),
            None,
        ),
    ];
    for (case, running, asked, expected) in table {
        let mut world = World::new();
        for (number, one) in running.iter().enumerate() {
            ask(&mut world, &format!("r{number}"), *one);
            world.organisation_decides();
        }
        let id = ask(&mut world, "new", *asked);
        assert_eq!(kind(&world, id), *expected, "{case}");
        let released =
            world.give(Principal::role(Role::Organisation), Action::Instruction(id, InstructionAction::Release));
        assert_eq!(released.is_ok(), expected.is_none(), "{case}: {released:?}");
    }
}

#[test]
fn why_it_waits_is_said_once_with_its_figures_and_it_begins_as_soon_as_there_is_room() {
    let mut world = World::new();
    let normal = |hours| (Tier::Complex, Priority::Normal, false, percent_of_backend(hours), 0.0);
    let first = ask(&mut world, "a", normal(60.0));
    world.organisation_decides();
    let second = ask(&mut world, "b", normal(80.0));
    let third = ask(&mut world, "c", normal(5.0));
    world.organisation_decides();
    assert_eq!(world.course(first), "runs");
    let expected = format!("dev/backend would be at 140 %: 60 % of {} and 80 % of this; it waits", first.short());
    assert_eq!(world.hold(second), (HoldKind::Capacity, expected.as_str(), &[first][..]));
    // It would fit, and what came before it would never begin if all that fits did.
    let expected = format!("{} waits for dev/backend before it; it waits", second.short());
    assert_eq!(world.hold(third), (HoldKind::Capacity, expected.as_str(), &[second][..]));
    assert_eq!(world.organisation_decides(), [], "nothing is said twice");
    // Whatever takes work away wakes the organisation.
    world.state.take_stirred();
    let key = world.id("ab");
    world.must(person(), Action::Task(key, TaskAction::Cancel { reason: "not needed".to_owned() }));
    assert!(world.state.take_stirred().contains(&Role::Organisation));
    world.organisation_decides();
    assert_eq!((world.course(second), world.course(third)), ("runs".to_owned(), "runs".to_owned()));
}

#[test]
fn the_queue_goes_by_critical_then_by_promise_then_by_who_came_first() {
    let mut world = World::new();
    let asks = [
        ("plain", Priority::High, false),
        ("later", Priority::Low, false),
        ("promised", Priority::Normal, true),
        ("critical", Priority::Critical, false),
    ];
    let blocks = ask(&mut world, "x", (Tier::Complex, Priority::Normal, false, BACKEND, 0.0));
    world.organisation_decides();
    let ids: Vec<InstructionId> = asks
        .iter()
        .map(|(mark, priority, promised)| ask(&mut world, mark, (Tier::Complex, *priority, *promised, BACKEND, 0.0)))
        .collect();
    world.organisation_decides();
    world.cancel(blocks);
    let mut order = Vec::new();
    for _ in asks {
        world.organisation_decides();
        let runs = |id: &&InstructionId| world.state.ended(**id).is_none() && world.course(**id) == "runs";
        let running: Vec<InstructionId> = ids.iter().filter(runs).copied().collect();
        assert_eq!(running.len(), 1, "one at a time");
        order.push(ids.iter().position(|id| *id == running[0]).map(|place| asks[place].0).expect("one of them"));
        world.cancel(running[0]);
    }
    assert_eq!(order, ["critical", "promised", "plain", "later"]);
}

#[test]
fn what_it_depends_on_is_waited_for_in_every_tier_and_the_end_of_it_wakes_the_organisation() {
    for tier in [Tier::Simple, Tier::Complex] {
        let mut world = World::new();
        let needed = world.queued_as(Tier::Simple, request(), "n", &[("api", "backend", &[], 4.0)]);
        world.organisation_decides();
        let depends_on = [needed].into();
        let id = world.queued_as(tier, Request { depends_on, ..request() }, "w", &[("page", "frontend", &[], 4.0)]);
        world.organisation_decides();
        let expected = format!("it begins when {} is completed", needed.short());
        assert_eq!(world.hold(id), (HoldKind::Dependencies, expected.as_str(), &[needed][..]));
        world.assign("napi", "backend/ben");
        world.reach_end("napi");
        world.state.take_stirred();
        world.managers_decide();
        assert_eq!(world.course(id), "runs", "tier {tier}");
    }
}

#[test]
fn whatever_may_let_a_queued_instruction_begin_wakes_the_organisation() {
    type Change = fn(&mut World, InstructionId, InstructionId);
    let table: &[(&str, Change)] = &[
        ("what runs is cancelled", |world, running, _| drop(world.cancel(running))),
        ("what runs is paused", |world, running, _| {
            let pause = InstructionAction::Pause { reason: "not now".to_owned(), until: None };
            drop(world.do_(person(), running, pause));
        }),
        ("what comes before it is cancelled", |world, _, before| drop(world.cancel(before))),
        ("what comes before it is paused", |world, _, before| {
            let pause = InstructionAction::Pause { reason: "not now".to_owned(), until: None };
            drop(world.do_(person(), before, pause));
        }),
        ("somebody comes back", |world, _, _| {
            let role = Role::Ic(ic_id("backend/bea"));
            drop(world.at_once(person(), Action::SetPresence { role, absence: None }));
        }),
        ("the chart has more people", |world, _, _| {
            world.apply(|chart| {
                let mut more = chart.ics[&ic_id("backend/ben")].clone();
                more.id = ic_id("backend/bob");
                chart.ics.insert(more.id.clone(), more);
            });
        }),
        ("what runs shrinks", |world, _, _| {
            let id = world.id("ab");
            let mut work = world.task("ab").work.as_ref().clone();
            work.effort = echelon::domain::time::Effort::from_hours(1.0);
            let action = TaskAction::ChangeScope { work: Box::new(work), reason: "less".to_owned() };
            drop(world.must(person(), Action::Task(id, action)));
        }),
    ];
    for (case, change) in table {
        let mut world = World::new();
        let normal = |hours| (Tier::Complex, Priority::Normal, false, percent_of_backend(hours), 0.0);
        let running = ask(&mut world, "a", normal(30.0));
        world.leaves(Role::Ic(ic_id("backend/bea")), AbsenceKind::Away);
        world.organisation_decides();
        let before = ask(&mut world, "b", normal(60.0));
        let _last = ask(&mut world, "c", normal(10.0));
        world.organisation_decides();
        world.state.take_stirred();
        change(&mut world, running, before);
        assert!(world.state.take_stirred().contains(&Role::Organisation), "{case}");
    }
}

/// Percent of backend that large instructions which run and are not paused have, and how many there are.
fn large_load(world: &World) -> (f64, usize) {
    let backend = domain("backend");
    let is_large = |id: &InstructionId| world.found(*id).tier() >= Some(Tier::Complex);
    let running: Vec<f64> =
        world.state.open_work(&backend).filter(|(id, _)| is_large(id)).map(|(_, hours)| hours.hours()).collect();
    (running.iter().sum::<f64>() * 100.0 / BACKEND, running.len())
}

/// What is done by chance: hand one in, of so much and so urgent; end one; or decide about one that is held.
#[derive(Clone, Debug)]
enum Turn {
    HandIn(u32, u8, bool),
    End(usize),
    Arbitrate(usize, bool),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let hand_in = (1_u32..120, 0_u8..3, proptest::bool::ANY)
        .prop_map(|(size, priority, large)| Turn::HandIn(size, priority, large));
    let end = (0_usize..8).prop_map(Turn::End);
    let arbitrate = (0_usize..8, proptest::bool::ANY).prop_map(|(which, first)| Turn::Arbitrate(which, first));
    prop::collection::vec(proptest::prop_oneof![3 => hand_in, 2 => end, 1 => arbitrate], 1..24)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_domain_is_over_85_percent_only_for_one_alone_and_in_the_end_everything_began(turns in turns()) {
        let mut world = World::new();
        let mut marks = 0;
        for turn in turns {
            let pick = |world: &World, which: usize, held: bool| {
                let all: Vec<InstructionId> = world
                    .state
                    .instructions
                    .values()
                    .filter(|found| (found.state == InstructionState::Queued) == held)
                    .map(|found| found.id)
                    .collect();
                all.get(which % all.len().max(1)).copied()
            };
            match turn {
                Turn::HandIn(size, priority, large) => {
                    marks += 1;
                    let priority = [Priority::Normal, Priority::High, Priority::Critical][usize::from(priority)];
                    let tier = if large { Tier::Complex } else { Tier::Moderate };
                    let hours = percent_of_backend(f64::from(size));
                    ask(&mut world, &format!("t{marks}"), (tier, priority, false, hours, 0.0));
                }
                Turn::End(which) => {
                    if let Some(id) = pick(&world, which, false) {
                        world.cancel(id);
                    }
                }
                Turn::Arbitrate(which, first) => {
                    if let Some(id) = pick(&world, which, true) {
                        let action = InstructionAction::Arbitrate { first, reason: "by chance".to_owned() };
                        let _refused = world.give(person(), Action::Instruction(id, action));
                    }
                }
            }
            let same = world.clone();
            let entries = world.organisation_decides();
            let events = |entries: &[echelon::domain::event::Entry]| -> Vec<Event> {
                entries.iter().map(|entry| entry.event.clone()).collect()
            };
            assert_eq!(events(&entries), events(&same.clone().organisation_decides()), "the same state, the same decision");
            assert_eq!(events(&world.organisation_decides()), [], "one look is enough");
            let (percent, running) = large_load(&world);
            let full = f64::from(u32::try_from(FULL).expect("a percentage"));
            // What somebody said goes first may run beside what resumes when the one before it is over.
            let is_decided = world.state.instructions.values().any(|found| {
                found.state == InstructionState::Executing && found.arbitrated.as_ref().is_some_and(|one| one.first)
            });
            assert!(percent <= full + 0.01 || running == 1 || is_decided, "{percent} % of {running}");
            for found in world.state.queued() {
                assert!(matches!(admission::look(&world.state, found), Verdict::Wait(_)), "what can begin has begun");
            }
        }
        // Whatever runs ends, one after the other: everything gets its turn, whatever anybody decides.
        for _ in 0..64 {
            world.managers_decide();
            let runs = |found: &&echelon::domain::instruction::Instruction| {
                found.state == InstructionState::Executing && found.paused.is_none()
            };
            let Some(id) = world.state.instructions.values().find(runs).map(|found| found.id) else {
                break;
            };
            world.cancel(id);
        }
        let left: Vec<_> = world.state.instructions.values().map(|found| (found.id, found.held.clone())).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_cancelled_dependency_is_a_persons_to_decide_about() {
    let mut world = World::new();
    let needed = world.queued_as(Tier::Simple, request(), "n", &[("api", "backend", &[], 4.0)]);
    let waiting = |world: &mut World, mark: &str| {
        let request = Request { depends_on: [needed].into(), ..request() };
        world.queued_as(Tier::Simple, request, mark, &[("page", "frontend", &[], 4.0)])
    };
    let (one, other) = (waiting(&mut world, "v"), waiting(&mut world, "w"));
    world.organisation_decides();
    world.cancel(needed);
    world.organisation_decides();
    let (kind, reason, _) = world.hold(one);
    assert_eq!(kind, HoldKind::DependencyLost);
    assert!(reason.contains("which is CANCELLED"), "{reason}");
    let owed: Vec<String> =
        world.state.instruction_duties(one).iter().map(|(role, duty)| format!("{role}: {duty}")).collect();
    assert_eq!(owed, ["operator: decide how it goes on"]);
    let action = InstructionAction::WaiveDependency { on: needed, reason: "the old one will do".to_owned() };
    world.do_(person(), one, action.clone());
    world.refuses(person(), Action::Instruction(one, action));
    world.organisation_decides();
    assert_eq!(world.course(one), "runs");
    let entries = world.cancel(other);
    assert!(matches!(events_of(&entries, other)[..], [InstructionEvent::Cancelled { .. }]));
}
