//! How long things may take: target, warning and escalation for every state, and the other clocks of the organisation.
//!
//! All spans are organisation time. The usual limits are in [`usual`]; a chart overrides them by state, tier, priority and
//! domain ([`Override`]). Nothing here knows what time it is; when a limit runs out is [`alarm`](crate::domain::alarm)'s.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::id::{DomainId, TaskId};
use crate::domain::org::Chart;
use crate::domain::review::TaskKind;
use crate::domain::role::Level;
use crate::domain::state::State;
use crate::domain::task::{State as TaskState, StateName, Task};
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Priority, Tier};

/// Signs of life during the silence after which an attempt counts as stalled, and during one lease: two may be late before
/// either is over.
pub const SIGNS_IN_TIME: u32 = 3;

/// Wall time between two signs of life, at least, however fast organisation time runs: each is a write.
pub const FASTEST_SIGNS: Millis = Millis(50);

/// How long a task may be in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// What is aimed at.
    pub target: Millis,
    /// From when on it is said aloud.
    pub warn: Millis,
    /// From when on somebody above is asked.
    pub escalate: Millis,
}

/// Which of the three limits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// [`Limits::target`].
    Target,
    /// [`Limits::warn`].
    Warning,
    /// [`Limits::escalate`].
    Escalation,
}

impl Mark {
    /// All of them, in the order in which they are reached.
    pub const ALL: [Self; 3] = [Self::Target, Self::Warning, Self::Escalation];
}

impl Limits {
    /// The limit of a mark.
    #[must_use]
    pub const fn of(&self, mark: Mark) -> Millis {
        match mark {
            Mark::Target => self.target,
            Mark::Warning => self.warn,
            Mark::Escalation => self.escalate,
        }
    }
}

/// Limits of a chart that are not the usual ones. Of several that fit a task, each later one counts for what it says.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Override {
    /// The states it is for; never empty.
    pub states: BTreeSet<StateName>,
    /// Only tasks of these tiers; every tier where it is empty.
    pub tiers: BTreeSet<Tier>,
    /// Only tasks of these priorities; every priority where it is empty.
    pub priorities: BTreeSet<Priority>,
    /// Only tasks of this domain.
    pub domain: Option<DomainId>,
    /// Only while this level holds an escalation of the task; for `ESCALATED`.
    pub level: Option<Level>,
    /// Instead of the usual target. Where no other limit is given with it, the others keep their proportion to it.
    pub target: Option<Millis>,
    /// Instead of the usual warning. A target that is not written is no later.
    pub warn: Option<Millis>,
    /// Instead of the usual escalation; a target and a warning that are not written are no later. For `ESCALATED`, by when
    /// a level decides.
    pub escalate: Option<Millis>,
}

impl Override {
    fn fits(&self, state: StateName, tier: Tier, priority: Priority, domain: &DomainId) -> bool {
        self.states.contains(&state)
            && (self.tiers.is_empty() || self.tiers.contains(&tier))
            && (self.priorities.is_empty() || self.priorities.contains(&priority))
            && self.domain.as_ref().is_none_or(|only| only == domain)
    }
}

/// The clocks of an organisation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sla {
    /// Limits of states that are not the usual ones.
    pub overrides: Vec<Override>,
    /// Without a sign of life for this long, a running attempt counts as stalled.
    pub heartbeat: Millis,
    /// By when whoever gets an escalation says that they have it; after that, the next level is told, too.
    pub acknowledge_escalation: Millis,
    /// By when whoever is given something says that they have it; after that, it is sent once more.
    pub acknowledge_delegation: Millis,
    /// From when on a delegation that nobody acknowledged goes up the line.
    pub escalate_delegation: Millis,
    /// By when a question is answered, before it goes one level up.
    pub answer: Millis,
    /// How often a person is reminded of what waits for them.
    pub remind: Millis,
    /// Open escalations past which a manager gets a digest instead of each.
    pub digest_after: u32,
    /// How often they get it.
    pub digest_every: Millis,
}

impl Default for Sla {
    fn default() -> Self {
        Self {
            overrides: Vec::new(),
            heartbeat: Millis::from_hours(4),
            acknowledge_escalation: Millis::from_hours(1),
            acknowledge_delegation: Millis::from_hours(1),
            escalate_delegation: Millis::from_hours(4),
            answer: Millis::from_hours(4),
            remind: Millis::from_hours(24),
            digest_after: 20,
            digest_every: Millis::from_hours(1),
        }
    }
}

/// How long a task may be in the state it is in; `None` where another clock runs (`ESCALATED`), and once it is over.
#[must_use]
pub fn limits(organisation: &State, task: &Task) -> Option<Limits> {
    let state = task.state.name();
    let usual = match usual(state, task.tier)? {
        Usual::Fixed(limits) => limits,
        Usual::Effort => by_effort(work_target(organisation, task)),
    };
    Some(overridden(&organisation.chart, task, state, usual))
}

/// By when `level` decides about an escalation of a task, counted from when it came to them.
#[must_use]
pub fn decision_limit(chart: &Chart, task: &Task, level: Level) -> Millis {
    let usual = match level {
        Level::DomainLead => Millis::from_hours(4),
        Level::TechLead | Level::EngineeringManager => Millis::from_hours(8),
        Level::Person => chart.sla.remind,
    };
    chart
        .sla
        .overrides
        .iter()
        .filter(|one| one.fits(StateName::Escalated, task.tier, task.priority, &task.domain))
        .filter(|one| one.level.is_none_or(|only| only == level))
        .filter_map(|one| one.escalate)
        .next_back()
        .unwrap_or(usual)
}

/// The limits of a state as they usually are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Usual {
    /// These.
    Fixed(Limits),
    /// They follow from the effort: target as long as the work takes whoever has it, warning at 1.5 and escalation at 2
    /// times that.
    Effort,
}

/// The usual limits of a state; `None` where no state clock runs.
#[must_use]
pub const fn usual(state: StateName, tier: Tier) -> Option<Usual> {
    match state {
        // Twice and four times the target.
        StateName::Pending => match tier {
            Tier::Trivial | Tier::Simple | Tier::Moderate => hours(2, 4, 8),
            Tier::Complex | Tier::Expert => hours(8, 16, 32),
        },
        StateName::InPlanning => hours(24, 36, 48),
        StateName::Assigned | StateName::UnderReview => hours(4, 8, 24),
        StateName::InProgress => Some(Usual::Effort),
        StateName::Blocked => hours(2, 2, 4),
        StateName::DomainReview => hours(8, 16, 48),
        StateName::ReadyForHandoff => hours(24, 48, 72),
        StateName::Escalated | StateName::Completed | StateName::Cancelled => None,
    }
}

/// Who is asked first when a task has been too long in a state.
#[must_use]
pub const fn first_level(state: StateName) -> Level {
    match state {
        StateName::Pending => Level::EngineeringManager,
        StateName::InPlanning | StateName::DomainReview | StateName::ReadyForHandoff => Level::TechLead,
        StateName::Assigned
        | StateName::InProgress
        | StateName::Blocked
        | StateName::Escalated
        | StateName::UnderReview
        | StateName::Completed
        | StateName::Cancelled => Level::DomainLead,
    }
}

const fn hours(target: i64, warn: i64, escalate: i64) -> Option<Usual> {
    Some(Usual::Fixed(Limits {
        target: Millis::from_hours(target),
        warn: Millis::from_hours(warn),
        escalate: Millis::from_hours(escalate),
    }))
}

fn by_effort(target: Millis) -> Limits {
    Limits { target, warn: Millis(scaled(target.0, 3, 2)), escalate: Millis(scaled(target.0, 2, 1)) }
}

fn scaled(value: i64, by: i64, over: i64) -> i64 {
    value.saturating_mul(by).checked_div(over).unwrap_or(i64::MAX)
}

/// As long as the work takes whoever has it, around the clock: effort x 24 / hours a day. For a milestone, as long as the
/// longest way through its parts takes at eight hours a day, whoever has them: its own clock must not move with each of
/// theirs.
fn work_target(organisation: &State, task: &Task) -> Millis {
    match task.kind {
        TaskKind::Tactical => pace(&organisation.chart, task, task.work.effort.milli_hours()),
        TaskKind::Strategic if task.children.is_empty() => eight_hour_days(task.work.effort.milli_hours()),
        TaskKind::Strategic => eight_hour_days(longest_way(organisation, task).milli_hours()),
    }
}

/// The most effort in a row among the parts of a milestone, what was cancelled left out.
fn longest_way(organisation: &State, milestone: &Task) -> Effort {
    // Parts come in an order in which each is after those it needs.
    let mut to_end_of: BTreeMap<TaskId, Effort> = BTreeMap::new();
    for part in milestone.children.iter().filter_map(|id| organisation.tasks.get(id)) {
        if matches!(part.state, TaskState::Cancelled { .. }) {
            continue;
        }
        let before = part.needs.iter().filter_map(|need| to_end_of.get(need)).max().copied().unwrap_or_default();
        to_end_of.insert(part.id, before.plus(part.work.effort));
    }
    to_end_of.into_values().max().unwrap_or_default()
}

fn pace(chart: &Chart, task: &Task, milli_hours: u32) -> Millis {
    let ic = match &task.state {
        TaskState::Assigned { assignee } | TaskState::InProgress { assignee, .. } => assignee.ic(),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    };
    let a_day = ic.and_then(|ic| chart.ics.get(ic)).map_or(0, |ic| ic.hours_per_day.milli_hours());
    if a_day == 0 {
        return eight_hour_days(milli_hours);
    }
    // Thousandths of hours over thousandths of hours a day: milliseconds are 3,600 times a thousandth of an hour.
    Millis(scaled(i64::from(milli_hours).saturating_mul(3_600), 24_000, i64::from(a_day)))
}

fn eight_hour_days(milli_hours: u32) -> Millis {
    Millis(scaled(i64::from(milli_hours).saturating_mul(3_600), 3, 1))
}

fn overridden(chart: &Chart, task: &Task, state: StateName, usual: Limits) -> Limits {
    let mut limits = usual;
    for one in &chart.sla.overrides {
        if !one.fits(state, task.tier, task.priority, &task.domain) {
            continue;
        }
        if let (Some(target), None, None) = (one.target, one.warn, one.escalate)
            && limits.target.0 > 0
        {
            limits.warn = Millis(scaled(limits.warn.0, target.0, limits.target.0));
            limits.escalate = Millis(scaled(limits.escalate.0, target.0, limits.target.0));
        }
        // What is written holds: whatever would come later than it should comes down to it.
        let at_most = |limit: Millis, written: Option<Millis>| written.map_or(limit, |most| limit.min(most));
        limits.target = one.target.unwrap_or_else(|| at_most(limits.target, one.warn.or(one.escalate)));
        limits.warn = one.warn.unwrap_or_else(|| at_most(limits.warn, one.escalate)).max(limits.target);
        limits.escalate = one.escalate.unwrap_or(limits.escalate).max(limits.warn);
    }
    limits
}
