//! What a deadline costs: bytes of memory, and time to arm and to cancel it.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use echelon::domain::id::TaskId;
use echelon::domain::reaction::Accountability;
use echelon::domain::state::DeadlineSet;
use echelon::domain::time::OrgTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use uuid::Uuid;

use super::{BEGIN, id, millis, say};

/// Deadlines of which the memory is measured, and among which some are armed and cancelled.
const ARMED: usize = 1_000_000;
/// Deadlines that are armed and cancelled.
const TOUCHED: usize = 200_000;

fn time(number: usize) -> OrgTime {
    OrgTime::from_millis(BEGIN).plus(millis(number))
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().expect("it is a number");
    kib * 1_024
}

/// What of memory each of [`ARMED`] entries costs. What is made stays alive, so that nothing is made from what was freed.
fn each<T>(make: impl FnOnce() -> T, kept: &mut Vec<Box<dyn Any>>) -> f64
where
    T: 'static,
{
    let before = resident();
    let made = Box::new(make());
    let after = resident();
    kept.push(made);
    ratio(after.saturating_sub(before), ARMED)
}

pub(super) fn memory() {
    let mut kept: Vec<Box<dyn Any>> = Vec::new();
    // Whatever the process needs once is there before the first measurement.
    each(|| (0..ARMED / 10).collect::<BTreeSet<_>>(), &mut kept);
    say(&format!(
        "bytes a deadline, {ARMED} armed     ordered set   beside the task     sum   a plain set of 24 bytes"
    ));
    for order in ["sorted", "random"] {
        let mut numbers: Vec<usize> = (0..ARMED).collect();
        if order == "random" {
            numbers.shuffle(&mut StdRng::seed_from_u64(7));
        }
        let set = each(
            || {
                let mut set = DeadlineSet::<OrgTime, TaskId>::default();
                numbers.iter().for_each(|n| set.set(TaskId::new(id(*n)), None, Some(time(*n))));
                set
            },
            &mut kept,
        );
        let without = each(
            || numbers.iter().map(|n| (id(*n), Accountability::default())).fold(BTreeMap::new(), insert),
            &mut kept,
        );
        let with = each(
            || numbers.iter().map(|n| (id(*n), (Accountability::default(), time(*n)))).fold(BTreeMap::new(), insert),
            &mut kept,
        );
        let plain = each(
            || {
                let mut set = BTreeSet::new();
                for n in &numbers {
                    set.insert((time(*n), id(*n)));
                }
                set
            },
            &mut kept,
        );
        let slot = with - without;
        say(&format!("{order:>29} order {set:>14.1} {slot:>17.1} {:>7.1} {plain:>25.1}", set + slot));
    }
}

/// One after the other: collecting a map sorts first.
fn insert<V>(mut map: BTreeMap<Uuid, V>, (key, value): (Uuid, V)) -> BTreeMap<Uuid, V> {
    map.insert(key, value);
    map
}

pub(super) fn cost() {
    let mut random = StdRng::seed_from_u64(11);
    let mut numbers: Vec<usize> = (0..ARMED + TOUCHED).collect();
    numbers.shuffle(&mut random);
    let (armed, touched) = numbers.split_at(ARMED);
    let mut ours = DeadlineSet::<OrgTime, TaskId>::default();
    let mut plain = BTreeSet::new();
    for n in armed {
        ours.set(TaskId::new(id(*n)), None, Some(time(*n)));
        plain.insert((time(*n), TaskId::new(id(*n))));
    }
    let clocked = |work: &mut dyn FnMut(usize)| {
        let begun = Instant::now();
        touched.iter().for_each(|n| work(*n));
        begun.elapsed().as_secs_f64() * 1e9 / ratio(touched.len(), 1)
    };
    let arm = clocked(&mut |n| ours.set(TaskId::new(id(n)), None, Some(time(n))));
    let insert = clocked(&mut |n| {
        black_box(plain.insert((time(n), TaskId::new(id(n)))));
    });
    let cancel = clocked(&mut |n| ours.set(TaskId::new(id(n)), Some(time(n)), None));
    let remove = clocked(&mut |n| {
        black_box(plain.remove(&(time(n), TaskId::new(id(n)))));
    });
    say(&format!("\nwith {ARMED} armed    ns   a plain set, ns   ratio"));
    say(&format!("arm         {arm:>12.0} {insert:>17.0} {:>7.2}", arm / insert));
    say(&format!("cancel      {cancel:>12.0} {remove:>17.0} {:>7.2}", cancel / remove));
}

#[expect(clippy::cast_precision_loss, reason = "bytes and counts of this bench are far below 2^52")]
fn ratio(whole: usize, parts: usize) -> f64 {
    whole as f64 / parts as f64
}
