//! Who is chosen: the same whatever the order of the input, and however many are chosen for at once.

use std::collections::BTreeSet;

use echelon::domain::assignment::{Choice, Pool, Standing, Unfit, choose, rate};
use echelon::domain::command::{Action, TaskAction};
use echelon::domain::id::Sequence;
use echelon::domain::learning::Outcome;
use echelon::domain::org::Ic;
use echelon::domain::role::{Principal, Role};
use echelon::domain::time::Effort;
use echelon::domain::work::{Complexity, Experience, Priority, SkillLevel, Tier, Work};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::world::{World, chart, ic, work};

const SKILLS: [&str; 3] = ["go", "rust", "sql"];
const LEVELS: [SkillLevel; 4] =
    [SkillLevel::Beginner, SkillLevel::Intermediate, SkillLevel::Advanced, SkillLevel::Expert];

/// Somebody made of a number.
fn somebody(place: usize, number: u32) -> (Ic, Effort) {
    let mut found = chart(&[&format!("backend/ic-{place:02}")]).ics.values().next().expect("there is one").clone();
    for (bit, skill) in SKILLS.iter().enumerate() {
        if number >> bit & 1 == 1 {
            let level = LEVELS[(number >> (3 + 2 * bit) & 3) as usize];
            found.skills.insert(skill.parse().expect("a name"), level);
        }
    }
    found.experience = [Experience::Junior, Experience::Mid, Experience::Senior][(number >> 9 & 3) as usize % 3];
    (found, Effort::from_hours(f64::from(number >> 11 & 31)))
}

fn some_work(number: u32) -> Work {
    let mut found = work(f64::from(number & 7) + 1.0);
    for (bit, skill) in SKILLS.iter().enumerate() {
        let skill = skill.parse().expect("a name");
        match number >> (3 + 2 * bit) & 3 {
            1 => drop(found.skills.insert(skill)),
            2 => drop(found.nice_to_have.insert(skill)),
            _neither => {}
        }
    }
    found.complexity = [Complexity::Simple, Complexity::Moderate, Complexity::High][(number >> 9 & 3) as usize % 3];
    found
}

proptest! {
    #[test]
    fn a_choice_depends_on_nothing_but_its_inputs(
        numbers in prop::collection::vec(any::<u32>(), 1..30),
        works in prop::collection::vec(any::<u32>(), 1..10),
        turn in 0_usize..30,
    ) {
        let people: Vec<(Ic, Effort)> = numbers.iter().enumerate().map(|(n, number)| somebody(n, *number)).collect();
        let works: Vec<Work> = works.into_iter().map(some_work).collect();
        let committed = |id: &echelon::domain::id::IcId| {
            people.iter().find(|(ic, _)| ic.id == *id).map_or(Effort::default(), |(_, committed)| *committed)
        };
        let standing = |id: &echelon::domain::id::IcId| Standing { committed: committed(id), history: &[] };
        let none = BTreeSet::new();
        let mut together = Pool::new(people.iter().map(|(ic, _)| ic), standing, Sequence(1));
        for work in &works {
            let ask = |order: &[usize]| {
                let ics = order.iter().map(|place| &people[*place].0);
                choose(ics, work, Priority::Normal, &none, Sequence(1), standing)
            };
            let mut order: Vec<usize> = (0..people.len()).collect();
            let straight = ask(&order);
            order.reverse();
            order.rotate_left(turn % people.len());
            prop_assert_eq!(&straight, &ask(&order));
            prop_assert_eq!(&straight, &together.choose(work, Priority::Normal, &none));
            if let Choice::Ic(winner, explanation) = &straight {
                // The plain formula over everybody says the same.
                let mut all: Vec<_> = people
                    .iter()
                    .map(|(ic, _)| rate(ic, work, standing(&ic.id)))
                    .filter(|one| one.skill_match >= 0.6 && one.workload <= 0.9)
                    .collect();
                all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.ic.cmp(&b.ic)));
                let rejected: u32 = explanation.rejected.values().sum();
                prop_assert_eq!(all.len() + rejected as usize, people.len());
                all.truncate(10);
                prop_assert_eq!(&all, &explanation.candidates);
                prop_assert_eq!(Some(winner), all.first().map(|best| &best.ic));
            }
        }
    }
}

#[test]
fn a_pool_counts_what_it_is_told_and_looks_again_when_somebody_has_more_room() {
    let (ann, _) = somebody(0, 0);
    let task = work(8.0);
    let none = BTreeSet::new();
    let mut pool = Pool::new([&ann].into_iter(), |_| Standing::default(), Sequence(1));
    assert!(matches!(pool.choose(&task, Priority::Normal, &none), Choice::Ic(..)));
    pool.set(&ann.id, Effort::from_hours(22.0));
    assert_eq!(pool.choose(&task, Priority::Normal, &none), Choice::NobodyAvailable);
    assert!(matches!(pool.choose(&task, Priority::Critical, &none), Choice::Ic(..)), "there is a last reserve");
    pool.set(&ann.id, Effort::from_hours(20.0));
    assert!(matches!(pool.choose(&task, Priority::Normal, &none), Choice::Ic(..)));
    let failed = BTreeSet::from([ann.id.clone()]);
    let Choice::NobodyQualified(explanation) = pool.choose(&task, Priority::Normal, &failed) else {
        panic!("it has failed with everybody");
    };
    assert_eq!(explanation.rejected.get(&Unfit::FailedBefore), Some(&1));
}

/// Work of the test chart that took this many hours instead of four.
fn took(hours: f64) -> Outcome {
    Outcome {
        skills: BTreeSet::new(),
        complexity: Complexity::Moderate,
        estimated: Effort::from_hours(4.0),
        actual: Effort::from_hours(hours),
        first_time: true,
    }
}

#[test]
fn what_somebody_has_is_counted_as_they_are_expected_to_need_it_less_what_is_done() {
    let mut world = World::new(&["backend/ben"]);
    // Before anything is given out, so that it is what the estimates follow.
    world.state.history.insert(ic("backend/ben"), vec![took(5.2), took(5.2), took(5.2)]);
    world.instruct(Tier::Moderate, Priority::Normal, &[("a", "backend", 4.0), ("b", "backend", 4.0)]);
    world.settle();
    assert_eq!(world.hours("backend/ben"), 10.4);
    let best = &world.task("a").assignment.as_ref().expect("it was assigned").candidates[0];
    assert_eq!(best.estimate.to_string(), "estimated 4 h, for them 5.2 h, by 3 pieces of such work of theirs");
    let epoch = world.task("a").running_epoch().expect("it has begun");
    let id = world.id("a");
    let progress = Some((Some(50), "half of it".to_owned()));
    let ben = Principal::role(Role::Ic(ic("backend/ben")));
    world.must(ben, Action::Task(id, TaskAction::Heartbeat { epoch, progress }));
    assert_eq!(world.hours("backend/ben"), 7.8);
}
