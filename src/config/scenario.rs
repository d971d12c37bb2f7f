//! Scenarios: what a simulated organisation is put through, read and checked like a chart.
//!
//! A scenario that is returned can be run as it is: everybody it mentions is in its chart, everything that comes in would
//! be taken in, and nothing of it needs a file. This module never runs one and throws no dice.

mod absence;
mod arrivals;
mod company;
mod fits;
mod rates;
mod read;
mod request;
mod trace;

pub(super) use self::read::read;

use crate::domain::instruction::Request;
use crate::domain::org::Chart;
use crate::domain::role::Role;
use crate::domain::time::{Millis, WallTime};

/// What a simulated organisation is put through.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it is there to show, in a sentence or two.
    pub about: String,
    /// The organisation. Whatever its workers are in life, in a simulation they are made up.
    pub chart: Chart,
    /// Where its chance comes from, unless another seed is given.
    pub seed: u64,
    /// Days that it goes on; what is not over then counts as open.
    pub days: u32,
    /// When it begins.
    pub start: WallTime,
    /// How long work takes against what was planned.
    pub effort: EffortModel,
    /// How those who work and review go about it.
    pub conduct: Conduct,
    /// What goes wrong.
    pub faults: FaultRates,
    /// How those who are asked decide.
    pub people: People,
    /// Who is not there, and when.
    pub absences: Vec<PlannedAbsence>,
    /// What comes in.
    pub arrivals: Vec<Arrivals>,
}

/// How long work takes against what was planned.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EffortModel {
    /// Exactly as long.
    Exact,
    /// Planned hours times e to the power of a normal number with mean 0 and this standard deviation, so that half of all
    /// work takes longer than planned.
    Lognormal {
        /// Standard deviation of the logarithm: 0.5 has one piece in six take 1.65 times as long or longer.
        spread: f64,
    },
    /// Planned hours are the mean of an exponential distribution, as queueing theory likes it.
    Exponential,
}

/// How those who work and review go about it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conduct {
    /// Share of reviews that ask for changes, 0 to 1.
    pub rework: f64,
    /// Share of attempts that report a blocker, 0 to 1.
    pub blocked: f64,
    /// Share of attempts that ask a question, 0 to 1.
    pub questions: f64,
    /// How long a review takes in the middle of all cases, in organisation time; it spreads as effort does.
    pub review: Millis,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FaultRates {
    /// Share of attempts that fail in passing, 0 to 1.
    pub transient: f64,
    /// Share of attempts whose worker is never heard of again.
    pub lost: f64,
    /// Share of attempts that say they are done without having made what was asked for.
    pub silent: f64,
    /// Share of attempts that say they are done twice.
    pub duplicate: f64,
    /// Share of attempts that meet a spent quota (HTTP 429).
    pub quota: f64,
    /// How long a spent quota takes to come back.
    pub quota_reset: Millis,
    /// How often the whole organisation is killed and started again; never where it is absent.
    pub restart_every: Option<Millis>,
    /// How long nothing may be heard of a worker before its attempt counts as lost; nor does it count as stalled before
    /// that. Made-up workers give three signs of life in that time.
    pub lease: Millis,
}

/// How people decide who are asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct People {
    /// How long an answer takes in the middle of all cases; it spreads as effort does.
    pub answers_after: Millis,
}

/// Somebody who is not there for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedAbsence {
    /// Who.
    pub who: Role,
    /// How long after the beginning.
    pub from: Millis,
    /// For how long.
    pub span: Millis,
}

/// Instructions that come in.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrivals {
    /// When.
    pub pattern: Pattern,
    /// What, each as often as its share says; empty for a trace, which says itself what comes.
    pub mix: Vec<Kind>,
}

/// When instructions come in.
#[derive(Clone, PartialEq, Debug)]
pub enum Pattern {
    /// One after the other, independently of each other.
    Poisson {
        /// How many a day in the mean.
        per_day: f64,
        /// From when on, after the beginning.
        from: Millis,
        /// Until when; the end of the scenario's days where it is absent.
        until: Option<Millis>,
    },
    /// Many at once.
    Burst {
        /// How long after the beginning.
        at: Millis,
        /// How many.
        count: u32,
        /// Within which time, evenly at random; all at the same moment where it is nothing.
        within: Millis,
    },
    /// Each at its own time after the beginning, earliest first.
    Trace(Vec<(Millis, Request)>),
}

/// A kind of instruction.
#[derive(Clone, PartialEq, Debug)]
pub struct Kind {
    /// How often, against the other kinds of its mix.
    pub share: f64,
    /// What is asked for.
    pub request: Request,
}
