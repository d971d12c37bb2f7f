//! The schedule of an instruction: when each piece of what is left can begin and ends, which of them must not be late, by
//! how much the others may be, and which can be done side by side.
//!
//! One walk forward and one back over tasks and dependencies; nothing is gone through twice. What a milestone was broken
//! down into lies between its beginning and its end, so what waits for the milestone waits for all of it.

mod layout;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::alarm::{NEVER, slip_percent};
use crate::domain::assignment::{QUALIFIED, skill_match};
use crate::domain::event::InstructionEvent;
use crate::domain::id::{DomainId, TaskId};
use crate::domain::instruction::{Baseline, Instruction, State as InstructionState};
use crate::domain::org::Ic;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::{State as TaskState, Task};
use crate::domain::time::{Effort, Millis, OrgTime};
use crate::domain::work::{Tier, Work};

/// What an accepted delay is measured against is at least a day, so that what only waits for somebody is not decided on
/// every hour.
const MEASURED_AGAIN: Millis = Millis::from_hours(24);

/// The hours a day of somebody of whom nothing is known.
const WORKING_DAY: f64 = 8.0;

/// The open work of an instruction, laid out from now on by its dependencies alone. What was broken down is there as what
/// it was broken down into.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// When each piece of work that is not over can be done.
    pub tasks: BTreeMap<TaskId, Slot>,
    /// The longest way through it, first to last; of several that are equally long, the one through the smaller ids.
    pub path: Vec<TaskId>,
    /// How long that takes.
    pub length: Millis,
}

/// When a piece of work can be done, as spans of organisation time from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Slot {
    /// When it can begin at the earliest.
    pub start: Millis,
    /// When it is done then.
    pub finish: Millis,
    /// By how much it may be late without anything else being late.
    pub slack: Millis,
    /// Whether it may not be late at all.
    pub critical: bool,
    /// How many pieces come before it, one after the other: those of the same level can be done side by side.
    pub level: u32,
}

/// What is left of an instruction, in organisation time at the pace of whoever has a piece of work, or of those of its
/// domain who could do it.
#[must_use]
pub fn schedule(state: &State, found: &Instruction) -> Schedule {
    let mut teams: BTreeMap<&DomainId, Vec<&Ic>> = BTreeMap::new();
    layout::lay_out(state, found, |task| {
        let team = teams.entry(&task.domain).or_insert_with(|| team(state, &task.domain));
        at_pace(left_of(task), pace(state, task, team))
    })
}

/// What is left of an instruction, in hours of work: as if everybody worked around the clock.
pub(super) fn in_working_hours(state: &State, found: &Instruction) -> Schedule {
    layout::lay_out(state, found, |task| at_pace(left_of(task), Effort::from_hours(24.0)))
}

/// Hours of work left of a task: what its worker's own figure leaves, none once the work was handed in.
#[must_use]
pub fn left_of(task: &Task) -> Effort {
    match &task.state {
        TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => Effort::default(),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. } => {
            let done = task.progress.as_ref().and_then(|progress| progress.percent).unwrap_or(0).min(100);
            Effort::from_hours(task.work.effort.hours() * (1.0 - f64::from(done) / 100.0))
        }
    }
}

/// Hours of work left of an instruction in each of its domains.
#[must_use]
pub fn left_by_domain<'a>(state: &'a State, found: &'a Instruction) -> BTreeMap<&'a DomainId, Effort> {
    let mut hours: BTreeMap<&DomainId, Effort> = BTreeMap::new();
    for task in open_work(state, found) {
        let sum = hours.entry(&task.domain).or_default();
        *sum = sum.plus(left_of(task));
    }
    hours.retain(|_, left| *left > Effort::default());
    hours
}

/// Hours that the work on an instruction has taken so far, as its attempts ran, in hours of those who did it.
#[must_use]
pub fn spent(state: &State, found: &Instruction, now: OrgTime) -> Effort {
    let tasks = found.tasks.iter().filter_map(|id| state.tasks.get(id));
    tasks.fold(Effort::default(), |sum, task| {
        let author = task.state.assignee().or(task.submission.as_ref().map(|handed| &handed.author));
        let ic = author.and_then(|author| state.chart.ics.get(author.ic()?));
        let a_day = ic.map_or(WORKING_DAY, |ic| ic.hours_per_day.hours());
        let running = task.running_since.map_or(0, |since| now.since(since).0.max(0));
        let ran = Millis(task.spent.0.saturating_add(running)).to_duration().as_secs_f64();
        sum.plus(Effort::from_hours(ran / 3_600.0 * a_day / 24.0))
    })
}

/// How long what is left of an instruction takes: its critical path, or its hours in each domain by all of those who can
/// do something of them, whichever is longer.
#[must_use]
pub fn span(state: &State, found: &Instruction) -> Millis {
    let by_capacity = left_by_domain(state, found).into_iter().map(|(domain, hours)| {
        let asked: Vec<&Task> = open_work(state, found).filter(|task| task.domain == *domain).collect();
        let useful = |ic: &Ic| asked.iter().any(|task| is_qualified(ic, &task.work));
        let a_day = able(state, domain, &team(state, domain), useful).into_iter();
        let a_day = a_day.fold(Effort::default(), |sum, ic| sum.plus(ic.hours_per_day));
        at_pace(hours, if a_day == Effort::default() { Effort::from_hours(WORKING_DAY) } else { a_day })
    });
    by_capacity.max().unwrap_or_default().max(schedule(state, found).length)
}

/// Whether somebody can do a piece of work: their skills suffice, and they are what it asks for.
#[must_use]
pub fn is_qualified(ic: &Ic, work: &Work) -> bool {
    let fits = work.position.as_ref().is_none_or(|asked| ic.position.as_ref() == Some(asked));
    fits && skill_match(ic, work) >= QUALIFIED
}

/// What an instruction is expected to take when it begins; nothing where nothing is left of it, and in the tiers of one
/// task, where the clocks of that task say what is late.
#[must_use]
pub fn baseline(state: &State, found: &Instruction, now: OrgTime) -> Option<Baseline> {
    let is_measured = found.tier().is_some_and(|tier| tier >= Tier::Moderate);
    let span = if is_measured { span(state, found) } else { Millis(0) };
    (span > Millis(0)).then_some(Baseline { from: now, span })
}

/// What an instruction is expected to take once its delay was accepted.
#[must_use]
pub fn next_baseline(state: &State, found: &Instruction, now: OrgTime) -> Baseline {
    Baseline { from: now, span: span(state, found).max(MEASURED_AGAIN) }
}

/// When an instruction will be done, as things are.
#[must_use]
pub fn forecast(state: &State, found: &Instruction, now: OrgTime) -> OrgTime {
    now.plus(span(state, found))
}

/// That an instruction takes longer than expected, with by how much.
#[must_use]
pub fn slipped(state: &State, found: &Instruction, now: OrgTime) -> InstructionEvent {
    let forecast = forecast(state, found, now);
    let late = found.plan.as_ref().and_then(|plan| plan.baseline).map_or(Millis(0), |one| late(&one, forecast));
    let span = found.plan.as_ref().and_then(|plan| plan.baseline).map_or(1, |one| one.span.0.max(1));
    let percent = late.0.saturating_mul(100).checked_div(span).unwrap_or(0);
    InstructionEvent::Slipped { percent: u32::try_from(percent).unwrap_or(u32::MAX), forecast }
}

/// That an instruction which runs will take so much longer than expected that the manager is asked, if it does and they
/// are not asked already.
#[must_use]
pub fn slips(state: &State, found: &Instruction, now: OrgTime) -> Option<InstructionEvent> {
    let plan = found.plan.as_ref().filter(|plan| plan.slipped.is_none())?;
    let runs = found.state == InstructionState::Executing && found.paused.is_none() && !found.open.is_empty();
    let baseline = plan.baseline.filter(|_| runs)?;
    let forecast = forecast(state, found, now);
    let allowed = baseline.span.0.saturating_mul(slip_percent(plan));
    let is_late = late(&baseline, forecast).0.saturating_mul(100) > allowed;
    (forecast < NEVER && is_late).then(|| slipped(state, found, now))
}

/// By how much longer than expected something takes.
fn late(baseline: &Baseline, forecast: OrgTime) -> Millis {
    Millis(forecast.since(baseline.from).0.saturating_sub(baseline.span.0).max(0))
}

/// The work of an instruction that is not over. What was broken down is there as what it was broken down into.
pub(super) fn open_work<'a>(state: &'a State, found: &'a Instruction) -> impl Iterator<Item = &'a Task> + 'a {
    found.open.iter().filter_map(|id| state.tasks.get(id)).filter(|task| task.children.is_empty())
}

/// Those of a domain who are there.
fn team<'a>(state: &'a State, domain: &'a DomainId) -> Vec<&'a Ic> {
    let is_there = |ic: &&Ic| state.absence(&Role::Ic(ic.id.clone())).is_none();
    state.chart.ics_of(domain).filter(is_there).collect()
}

/// Those of a team who can do something; where nobody of it can, those of the department, one of whom will be borrowed.
fn able<'a>(state: &'a State, domain: &DomainId, team: &[&'a Ic], fits: impl Fn(&Ic) -> bool) -> Vec<&'a Ic> {
    let own: Vec<&Ic> = team.iter().copied().filter(|ic| fits(ic)).collect();
    if !own.is_empty() {
        return own;
    }
    let department = domain.department();
    let is_there = |ic: &&Ic| state.absence(&Role::Ic(ic.id.clone())).is_none();
    let near = state.chart.ics.values().filter(|ic| ic.id.department() == department).filter(is_there);
    near.filter(|ic| fits(ic)).collect()
}

/// Hours a day of whoever has a task; where nobody does, of those of its team who can do it, on average.
fn pace(state: &State, task: &Task, team: &[&Ic]) -> Effort {
    if let Some(ic) = task.state.assignee().and_then(|assignee| state.chart.ics.get(assignee.ic()?)) {
        return ic.hours_per_day;
    }
    let able = able(state, &task.domain, team, |ic| is_qualified(ic, &task.work));
    let sum = able.iter().fold(0.0, |sum, ic| sum + ic.hours_per_day.hours());
    match u32::try_from(able.len()) {
        Ok(count) if count > 0 => Effort::from_hours(sum / f64::from(count)),
        Ok(_) | Err(_) => Effort::from_hours(WORKING_DAY),
    }
}

/// Hours of work as organisation time, by somebody who works so many hours a day.
fn at_pace(hours: Effort, a_day: Effort) -> Millis {
    const DAY_MILLI_HOURS: i64 = 24_000;
    let around_the_clock = i64::from(hours.milli_hours()).saturating_mul(3_600);
    let spread = around_the_clock.saturating_mul(DAY_MILLI_HOURS).checked_div(i64::from(a_day.milli_hours()));
    spread.map_or(Millis(around_the_clock), Millis)
}
