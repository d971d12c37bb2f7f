//! Capacity: how much of everybody's time is spoken for, when that ends, and what follows from it.
//!
//! Committed hours fill the coming days in order. What they are measured against is three days of the hours that somebody
//! works a day, as in [`workload`](crate::domain::assignment::workload). Whoever is away works no hours.

mod overview;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::overview::{Department, Domain, Figures, Member, Organisation, organisation};

use crate::domain::id::Round;
use crate::domain::learning::Pace;
use crate::domain::task::{State as TaskState, Task};
use crate::domain::time::{Effort, Millis, OrgTime};

/// Days that are looked ahead.
pub const DAYS: usize = 3;

/// An IC with more than this share of their capacity committed gives something away, where somebody can take it.
pub const OVERLOADED: f64 = 1.1;

/// From a domain with more than this share committed, and work that waits, the tech lead looks elsewhere.
pub const STRAINED: f64 = 0.9;

/// A domain with less than this share committed lends.
pub const LENDS_BELOW: f64 = 0.75;

/// How far below the bound of a band it has to be before it is said to have left it: a load that goes up and down around a
/// bound is said once.
const HYSTERESIS: f64 = 0.03;

/// The share of its effort that work takes which was sent back: what there is of it is kept, and changed.
const REWORK: f64 = 0.5;

/// How full somebody or something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Below 75 %.
    #[default]
    Healthy,
    /// From 75 % on.
    Caution,
    /// From 85 % on: the lead is warned.
    Warning,
    /// Above 95 %: the tech lead rebalances.
    Critical,
}

impl Band {
    /// The band of a share of capacity that is spoken for: 1 is all of it.
    #[must_use]
    pub fn of(utilisation: f64) -> Self {
        match utilisation {
            below if below < 0.75 => Self::Healthy,
            below if below < 0.85 => Self::Caution,
            up_to if up_to <= 0.95 => Self::Warning,
            _above => Self::Critical,
        }
    }

    /// The band that is said of something of which this one was said before: a fuller one at once, an emptier one only
    /// when it is clearly below.
    #[must_use]
    pub fn next(self, utilisation: f64) -> Self {
        let now = Self::of(utilisation);
        if now < self && Self::of(utilisation + HYSTERESIS) >= self { self } else { now }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Healthy => "healthy",
            Self::Caution => "caution",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// Hours that are spoken for, of those there are in the days that are looked ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Booked {
    /// Hours that are left of what somebody has.
    pub committed: Effort,
    /// Hours that are worked in these days.
    pub hours: Effort,
}

impl Booked {
    /// Of somebody who works so much a day.
    #[must_use]
    pub fn of(committed: Effort, hours_per_day: Effort) -> Self {
        Self { committed, hours: (0..DAYS).fold(Effort::default(), |sum, _| sum.plus(hours_per_day)) }
    }

    /// The share that is spoken for; nothing where no hours are worked.
    #[must_use]
    pub fn utilisation(self) -> Option<f64> {
        (self.hours > Effort::default()).then(|| self.committed.hours() / self.hours.hours())
    }

    /// The same in percent, to the nearest.
    #[must_use]
    pub fn percent(self) -> Option<u32> {
        let hours = u64::from(self.hours.milli_hours());
        let committed = u64::from(self.committed.milli_hours()).saturating_mul(100).saturating_add(hours / 2);
        committed.checked_div(hours).map(|percent| u32::try_from(percent).unwrap_or(u32::MAX))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { committed: self.committed.plus(other.committed), hours: self.hours.plus(other.hours) }
    }
}

/// Hours of `committed` on each of the coming days of somebody who works so much a day: the first day is full before the
/// second begins.
#[must_use]
pub fn by_day(committed: Effort, hours_per_day: Effort) -> [Effort; DAYS] {
    let mut left = committed;
    [(); DAYS].map(|()| {
        let today = left.min(hours_per_day);
        left = left.minus(today);
        today
    })
}

/// When somebody who works so much a day has done everything they have: E hours of work take E × 24 ÷ hours a day of
/// organisation time. Nothing where they work no hours.
#[must_use]
pub fn available_from(now: OrgTime, committed: Effort, hours_per_day: Effort) -> Option<OrgTime> {
    days_of_work(committed, hours_per_day).map(|span| now.plus(span))
}

/// The organisation time that work takes at a pace of so many hours a day.
#[must_use]
pub fn days_of_work(work: Effort, hours_per_day: Effort) -> Option<Millis> {
    const MILLIS_PER_DAY: u64 = 86_400_000;
    let millis = u64::from(work.milli_hours())
        .saturating_mul(MILLIS_PER_DAY)
        .checked_div(u64::from(hours_per_day.milli_hours()))?;
    Some(Millis(i64::try_from(millis).unwrap_or(i64::MAX)))
}

/// Hours that are left of a task for somebody of this pace: what they are expected to need, less what the attempt at work
/// says is done. Of what was sent back, half is left until an attempt says more.
#[must_use]
pub fn remaining(task: &Task, pace: Pace) -> Effort {
    let expected = pace.expects(task.work.effort).expected.hours();
    let rework = if task.round > Round::default() { REWORK } else { 1.0 };
    // Only the attempt at work knows; the next one may have to begin anew.
    let done = match (&task.state, task.running_epoch()) {
        (TaskState::InProgress { .. }, Some(_)) => task.progress.as_ref().and_then(|progress| progress.percent),
        _other => None,
    };
    Effort::from_hours(expected * rework * (1.0 - f64::from(done.unwrap_or(0).min(100)) / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: f64) -> Effort {
        Effort::from_hours(hours)
    }

    #[test]
    fn the_bands_begin_where_they_are_said_to() {
        let table = [
            (0.0, Band::Healthy),
            (0.7499, Band::Healthy),
            (0.75, Band::Caution),
            (0.8499, Band::Caution),
            (0.85, Band::Warning),
            (0.95, Band::Warning),
            (0.9501, Band::Critical),
            (3.0, Band::Critical),
        ];
        for (utilisation, band) in table {
            assert_eq!(Band::of(utilisation), band, "{utilisation}");
        }
    }

    #[test]
    fn a_load_that_goes_up_and_down_around_a_bound_is_said_once() {
        use Band::{Caution, Critical, Healthy, Warning};
        let table: [(Band, &[f64], &[Band]); 4] = [
            (Healthy, &[0.76, 0.74, 0.76, 0.73, 0.71], &[Caution, Caution, Caution, Caution, Healthy]),
            (Healthy, &[0.84, 0.86, 0.83, 0.86, 0.81], &[Caution, Warning, Warning, Warning, Caution]),
            (Warning, &[0.96, 0.94, 0.93, 0.91], &[Critical, Critical, Critical, Warning]),
            (Critical, &[0.0], &[Healthy]),
        ];
        for (from, loads, said) in table {
            let mut band = from;
            let found: Vec<Band> = loads
                .iter()
                .map(|load| {
                    band = band.next(*load);
                    band
                })
                .collect();
            assert_eq!(found, said, "from {from} by {loads:?}");
        }
    }

    #[test]
    fn committed_hours_fill_the_coming_days_in_order() {
        let table = [
            (0.0, 8.0, [0.0, 0.0, 0.0], 0, Some(0)),
            (6.0, 8.0, [6.0, 0.0, 0.0], 25, Some(18)),
            (8.0, 8.0, [8.0, 0.0, 0.0], 33, Some(24)),
            (20.0, 8.0, [8.0, 8.0, 4.0], 83, Some(60)),
            (30.0, 8.0, [8.0, 8.0, 8.0], 125, Some(90)),
            (6.0, 24.0, [6.0, 0.0, 0.0], 8, Some(6)),
        ];
        let now = OrgTime::from_millis(1_000);
        for (committed, a_day, days, percent, free_in) in table {
            let (committed, a_day) = (hours(committed), hours(a_day));
            assert_eq!(by_day(committed, a_day), days.map(hours), "{committed} at {a_day}");
            assert_eq!(Booked::of(committed, a_day).percent(), Some(percent), "{committed} at {a_day}");
            let from = available_from(now, committed, a_day).map(|at| at.since(now));
            assert_eq!(from, free_in.map(Millis::from_hours), "{committed} at {a_day}");
        }
        assert_eq!(Booked::of(hours(1.0), hours(0.0)).utilisation(), None);
        assert_eq!(available_from(now, hours(1.0), hours(0.0)), None);
    }
}
