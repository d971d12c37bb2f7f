//! Arrivals: what comes in, and when.
//!
//! Each stream of a scenario makes up what comes next only when it is asked, and a heap holds the next of each: a quarter
//! with a million instructions takes no more memory than a day of it. Nothing here knows what becomes of an instruction.

mod stream;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use self::stream::Stream;
use super::dice::Dice;
use crate::config::scenario::Scenario;
use crate::domain::instruction::Request;
use crate::domain::time::Millis;

/// What comes in, in the order of its time after the beginning; of what comes at the same time first what is of the
/// earlier table of the scenario, then what is earlier in it.
pub struct Schedule {
    streams: Vec<Stream>,
    /// The next time of each stream that has one, with its place.
    next: BinaryHeap<Reverse<(Millis, usize)>>,
    end: Millis,
}

impl Schedule {
    /// Everything that `scenario` has coming in within its days. The same dice give the same.
    pub fn new(scenario: &Scenario, dice: Dice) -> Self {
        let end = Millis::from_hours(i64::from(scenario.days).saturating_mul(24));
        let streams = scenario.arrivals.iter().enumerate().map(|(place, one)| Stream::new(one, place, dice)).collect();
        let mut schedule = Self { streams, next: BinaryHeap::new(), end };
        for place in 0..schedule.streams.len() {
            schedule.look_ahead(place);
        }
        schedule
    }

    /// Takes the next time of a stream into the heap, if it is within the days.
    fn look_ahead(&mut self, place: usize) {
        let next = self.streams.get_mut(place).and_then(Stream::next_time);
        self.next.extend(next.filter(|at| *at < self.end).map(|at| Reverse((at, place))));
    }
}

impl Iterator for Schedule {
    type Item = (Millis, Request);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Reverse((at, place)) = self.next.pop()?;
            let request = self.streams.get_mut(place).and_then(Stream::request);
            self.look_ahead(place);
            if let Some(request) = request {
                return Some((at, request));
            }
        }
    }
}
