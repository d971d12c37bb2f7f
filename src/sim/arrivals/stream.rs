//! One stream of arrivals: times that never go back, and what comes at each.

use rand::Rng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::StdRng;
use rand_distr::Exp;

use crate::config::scenario::{Arrivals, Kind, Pattern};
use crate::domain::instruction::Request;
use crate::domain::time::Millis;
use crate::sim::dice::Dice;

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// What comes in by one table of a scenario.
pub(super) struct Stream {
    times: Times,
    /// What is thrown for the times.
    when: StdRng,
    /// What is thrown for the kinds, so that another mix leaves the times as they are.
    what: StdRng,
    mix: Vec<Request>,
    /// By the shares of the mix; nothing where there is none.
    choice: Option<WeightedIndex<f64>>,
}

/// When something comes in.
enum Times {
    /// After exponential gaps.
    Poisson { gaps: Exp<f64>, days: f64, from: Millis, until: Option<Millis> },
    /// So many within a span, of which the share `passed` is over.
    Burst { at: Millis, left: u32, within: Millis, passed: f64 },
    /// As recorded; what comes next, and the one whose time was asked for last.
    Trace { rest: std::vec::IntoIter<(Millis, Request)>, current: Option<Box<Request>> },
    /// Never.
    Never,
}

impl Stream {
    /// The stream of the table in that place of the scenario.
    pub(super) fn new(arrivals: &Arrivals, place: usize, dice: Dice) -> Self {
        let place = place.to_be_bytes();
        let times = match &arrivals.pattern {
            Pattern::Poisson { per_day, from, until } => {
                let poisson = |gaps| Times::Poisson { gaps, days: 0.0, from: *from, until: *until };
                Exp::new(*per_day).map_or(Times::Never, poisson)
            }
            Pattern::Burst { at, count, within } => {
                Times::Burst { at: *at, left: *count, within: *within, passed: 0.0 }
            }
            Pattern::Trace(all) => Times::Trace { rest: all.clone().into_iter(), current: None },
        };
        Self {
            times,
            when: dice.about(&[b"arrivals", &place, b"when"]),
            what: dice.about(&[b"arrivals", &place, b"what"]),
            mix: arrivals.mix.iter().map(|kind| kind.request.clone()).collect(),
            choice: WeightedIndex::new(arrivals.mix.iter().map(|kind: &Kind| kind.share)).ok(),
        }
    }

    /// When the next comes, after the beginning; never before the one that was asked for last.
    pub(super) fn next_time(&mut self) -> Option<Millis> {
        match &mut self.times {
            Times::Poisson { gaps, days, from, until } => {
                *days += gaps.sample(&mut self.when);
                let at = Millis(from.0.saturating_add(millis(*days * DAY)));
                Some(at).filter(|at| until.is_none_or(|until| *at < until))
            }
            Times::Burst { at, left, within, passed } => {
                let others = left.checked_sub(1)?;
                // The least of so many numbers even on what is left of the span: 1 minus a root of one of them.
                let root = 1.0 / f64::from(*left);
                let least = 1.0 - (1.0 - self.when.random::<f64>()).powf(root);
                *passed += (1.0 - *passed) * least;
                *left = others;
                #[expect(clippy::cast_precision_loss, reason = "no span is longer than ten years")]
                let span = within.0 as f64;
                Some(Millis(at.0.saturating_add(millis(span * *passed))))
            }
            Times::Trace { rest, current } => {
                let (at, request) = rest.next()?;
                *current = Some(Box::new(request));
                Some(at)
            }
            Times::Never => None,
        }
    }

    /// What comes at the time that was asked for last.
    pub(super) fn request(&mut self) -> Option<Request> {
        match &mut self.times {
            Times::Trace { current, .. } => current.take().map(|request| *request),
            Times::Poisson { .. } | Times::Burst { .. } | Times::Never => {
                let kind = self.choice.as_ref()?.sample(&mut self.what);
                self.mix.get(kind).cloned()
            }
        }
    }
}

/// To the nearest millisecond; what is beyond all time stays there.
#[expect(clippy::cast_possible_truncation, reason = "the conversion keeps to the bounds of the type")]
fn millis(span: f64) -> i64 {
    span.round() as i64
}
