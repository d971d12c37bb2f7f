//! Random lives: whatever is asked, in whatever order and by whomever, some things always hold, and in the end everything
//! comes to an end.
//!
//! A case is a list of numbers. Each becomes a command that looks at what there is by then, so that most are legal and
//! the rest are near misses. [`chance`] makes the commands, [`checks`] says what must hold, [`drain`] lets the policies
//! finish.

mod chance;
mod checks;
mod drain;

use std::cell::RefCell;
use std::collections::BTreeSet;

use echelon::domain::task::StateName;
use proptest::prelude::{ProptestConfig, any, prop};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::facts::{MOVES, OPEN};
use super::world::World;
use checks::Observer;

/// How many cases, of how many commands at most, and whether always the same ones: a second or two in a debug build, or
/// some minutes of new ones with `ECHELON_LONG=1`.
fn effort() -> (u32, usize, fn(ProptestConfig) -> TestRunner) {
    if std::env::var_os("ECHELON_LONG").is_some() {
        (2_000, 400, TestRunner::new)
    } else {
        (128, 240, |config| TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)))
    }
}

/// What happens to instructions on their way, and what they wait for.
const FATES: &[&str] = &[
    "held: Dependencies",
    "held: DependencyLost",
    "held: Capacity",
    "held: Manager",
    "held: Person",
    "first: true",
    "first: false",
    "DependencyWaived",
    "ConsultationAnswered",
    "ConsultationLapsed",
    "ApprovalAsked",
    "Queued",
    "Executing",
    "Slipped",
    "Rebaselined",
    "DeadlinePassed",
    "GoNoGoReached",
    "NoGo",
    "Amended",
    "Paused",
    "Resumed",
    "Completed",
    "Cancelled",
    "Rejected",
];

#[test]
fn random_lives_keep_the_lifecycle_and_come_to_an_end() {
    let (cases, length, runner) = effort();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let seen = RefCell::new(BTreeSet::new());
    let fates = RefCell::new(BTreeSet::new());
    let result = runner(config).run(&prop::collection::vec(any::<u64>(), 20..length), |numbers| {
        let mut world = World::new();
        let mut observer = Observer::new();
        observer.see(&world);
        for number in numbers {
            chance::step(&mut world, number);
            observer.see(&world);
        }
        observer.replay(&world);
        drain::drain(&mut world, &mut observer);
        observer.replay(&world);
        // What a simulation is checked by finds no fault in them.
        crate::sim::checks::find_nothing_in(&world);
        seen.borrow_mut().append(&mut observer.moves);
        fates.borrow_mut().append(&mut observer.fates);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    // Chance that never gets somewhere proves nothing about it.
    let seen = seen.into_inner();
    let cancelled = OPEN.map(|from| (from, StateName::Cancelled));
    let missed: Vec<_> = MOVES
        .iter()
        .map(|(from, to, _)| (*from, *to))
        .filter(|(from, to)| from != to)
        .chain(cancelled)
        .filter(|one| !seen.contains(one))
        .collect();
    assert!(missed.is_empty(), "never seen: {missed:?}");
    let fates = fates.into_inner();
    let missed: Vec<_> = FATES.iter().filter(|one| !fates.contains(**one)).collect();
    assert!(missed.is_empty(), "never seen of instructions: {missed:?}");
}
