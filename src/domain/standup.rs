//! Standups: what everybody reports up the line, rolled up from the state.
//!
//! A report is counts and short lists: whatever is listed has a named limit, and the counts beside it are of everything,
//! so what is recorded of a department stays small however many tasks it has. Pieces of work are counted: a milestone
//! that was broken down is shown as the share of its children that is done.

mod department;
mod path;
mod team;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::department::{Forecast, Manager, NoGo, Team, TechLead};
pub use self::path::{CriticalPath, critical_path};
pub use self::team::{Contributor, Desk, Handoff, Lead, Member, Milestone};
use crate::domain::alarm;
use crate::domain::id::{DomainId, IcId, StepKey, TaskId};
use crate::domain::rejection::Rejection;
use crate::domain::role::Role;
use crate::domain::sla::Mark;
use crate::domain::state::State;
use crate::domain::task::{StateName, Task, Trouble};
use crate::domain::time::{Effort, Millis, OrgTime, Stamp};

/// Risks that a report names: more than a handful are not talked about in a standup.
pub const RISKS_NAMED: usize = 5;

/// Longest text of somebody else's in a report, in characters: a line of a terminal with room for what stands before it.
pub const TEXT_LIMIT: usize = 60;

/// Days ahead that capacity is measured against.
const DAYS_AHEAD: u32 = 3;

/// What one place reports.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Who.
    pub role: Role,
    /// As of when.
    pub at: OrgTime,
    /// What.
    pub content: Content,
}

/// What is reported, by level.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// An IC's.
    Contributor(Contributor),
    /// A domain lead's.
    Lead(Lead),
    /// A tech lead's.
    TechLead(TechLead),
    /// An engineering manager's.
    Manager(Manager),
    /// All departments.
    Organisation(Vec<Manager>),
}

/// How much work there is, and how it goes. Milestones that were broken down are not counted, their children are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Work that is not over.
    pub open: u32,
    /// Of it: past the warning of its state's clock.
    pub late: u32,
    /// Of it: nothing is heard of the attempt.
    pub stalled: u32,
    /// Of it: `BLOCKED` or `ESCALATED`.
    pub blocked: u32,
    /// All of it by state.
    pub states: BTreeMap<StateName, u32>,
    /// Completed since the last standup, or since the beginning where none was held.
    pub completed: u32,
    /// Completed between the two standups before; nothing to compare with before the second one.
    pub completed_before: Option<u32>,
    /// When the last standup was held.
    pub since: Option<OrgTime>,
}

/// How much of the coming three days is booked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Capacity {
    /// Hours of the work that somebody has.
    pub committed: Effort,
    /// Hours that everybody who is there works in three days.
    pub available: Effort,
}

impl Capacity {
    /// The share that is booked, in percent; nothing where nobody has an hour.
    #[must_use]
    pub fn percent(&self) -> Option<u32> {
        let committed = u64::from(self.committed.milli_hours()).saturating_mul(100);
        let percent = committed.checked_div(u64::from(self.available.milli_hours()))?;
        Some(u32::try_from(percent).unwrap_or(u32::MAX))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { committed: self.committed.plus(other.committed), available: self.available.plus(other.available) }
    }
}

/// A piece of work that may not come out as planned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Risk {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Its state.
    pub state: StateName,
    /// What is wrong: `blocked`, `stalled` or `late`.
    pub trouble: Trouble,
    /// For how long: since it was blocked, since it was last heard of, past its target.
    pub by: Millis,
    /// Whom it waits for.
    pub who: Option<Role>,
    /// What would help, where somebody said; cut to [`TEXT_LIMIT`].
    pub needs: Option<String>,
}

/// What a place reports at `at`.
///
/// # Errors
/// When the chart has no such place, or it reports to nobody.
pub fn report(state: &State, role: &Role, at: Stamp) -> Result<Report, Rejection> {
    let unknown =
        || Rejection::Invalid(format!("there is no `{role}` in the chart; `echelon tree` shows who there is"));
    if !state.has_place(role) {
        return Err(unknown());
    }
    let now = at.org;
    let content = match role {
        Role::Ic(ic) => Content::Contributor(
            state.chart.ics.get(ic).map(|ic| team::contributor(state, ic, now)).ok_or_else(unknown)?,
        ),
        Role::DomainLead(domain) => Content::Lead(team::lead(state, domain, now)),
        Role::TechLead(department) => Content::TechLead(department::tech_lead(state, department, now)),
        Role::EngineeringManager(department) => Content::Manager(department::manager(state, department, now)),
        Role::Organisation => Content::Organisation(
            state.chart.departments.keys().map(|department| department::manager(state, department, now)).collect(),
        ),
        Role::Person(_) | Role::Operator => {
            return Err(Rejection::Invalid(format!(
                "{role} reports to nobody; name an IC, a lead, a tech lead or an engineering manager, or nobody for all"
            )));
        }
    };
    Ok(Report { role: role.clone(), at: now, content })
}

/// What comes together at the top of each department.
#[must_use]
pub fn at_the_top(state: &State, at: Stamp) -> Vec<Report> {
    let departments = state.chart.departments.keys().cloned().map(Role::EngineeringManager);
    departments.filter_map(|role| report(state, &role, at).ok()).collect()
}

/// The pieces of work of some domains that are not over.
fn open_work<'a>(state: &'a State, is_ours: impl Fn(&DomainId) -> bool + 'a) -> impl Iterator<Item = &'a Task> + 'a {
    state
        .tasks
        .values()
        .filter(|task| !task.state.is_terminal() && task.children.is_empty())
        .filter(move |task| is_ours(&task.domain))
}

/// Counts of the work of some domains.
fn summary(state: &State, now: OrgTime, is_ours: impl Fn(&DomainId) -> bool + Copy) -> Summary {
    let mut found = completed(state, is_ours);
    for task in open_work(state, is_ours) {
        found.count(task, late_by(state, task, now).is_some());
    }
    found
}

/// What is over of the work of some domains; what is not remains to be counted.
fn completed(state: &State, is_ours: impl Fn(&DomainId) -> bool) -> Summary {
    let of = |counts: &BTreeMap<DomainId, u32>| {
        counts.iter().filter(|(domain, _)| is_ours(domain)).fold(0_u32, |sum, (_, count)| sum.saturating_add(*count))
    };
    let tally = &state.tally;
    Summary {
        completed: of(&tally.completed),
        completed_before: tally.before.as_ref().map(of),
        since: tally.since,
        ..Summary::default()
    }
}

impl Summary {
    /// Counts a piece of work that is not over, and whether it is late.
    fn count(&mut self, task: &Task, is_late: bool) {
        let count = self.states.entry(task.state.name()).or_insert(0);
        *count = count.saturating_add(1);
        let add = |counter: &mut u32, holds: bool| *counter = counter.saturating_add(u32::from(holds));
        add(&mut self.open, true);
        add(&mut self.late, is_late);
        add(&mut self.stalled, task.clock.stalled);
        add(&mut self.blocked, task.state.blocker().is_some());
    }
}

/// The first risks of some domains: what is blocked, then what is silent, then what is late, the longest first.
fn risks(state: &State, now: OrgTime, is_ours: impl Fn(&DomainId) -> bool) -> Vec<Risk> {
    let mut found: Vec<Risk> = open_work(state, is_ours).filter_map(|task| risk(state, task, now)).collect();
    let rank = |trouble: Trouble| match trouble {
        Trouble::Blocked => 0_u8,
        Trouble::Stalled => 1,
        Trouble::Late | Trouble::Rounds | Trouble::Handoff | Trouble::Unacknowledged => 2,
    };
    found.sort_by_key(|risk| (rank(risk.trouble), std::cmp::Reverse(risk.by), risk.task));
    found.truncate(RISKS_NAMED);
    found
}

fn risk(state: &State, task: &Task, now: OrgTime) -> Option<Risk> {
    let blocker = task.state.blocker();
    let (trouble, by) = if blocker.is_some() {
        (Trouble::Blocked, now.since(task.entered.org))
    } else if task.clock.stalled {
        (Trouble::Stalled, now.since(task.clock.evidence))
    } else {
        (Trouble::Late, late_by(state, task, now)?)
    };
    Some(Risk {
        task: task.id,
        key: task.key.clone(),
        state: task.state.name(),
        trouble,
        by,
        who: state.accountability(task.id).and_then(|one| one.owes.first()).map(|(role, _)| role.clone()),
        needs: blocker.map(|blocker| cut(&blocker.needs)),
    })
}

/// By how much a task is past the target of its state's clock, once it is past the warning.
fn late_by(state: &State, task: &Task, now: OrgTime) -> Option<Millis> {
    let running = now.plus(Millis(standing_still(task, now).0.saturating_neg()));
    let is_late = alarm::due(state, task, Mark::Warning)? < running;
    is_late.then(|| alarm::due(state, task, Mark::Target).map(|due| running.since(due)))?
}

/// How long the clock of a task has stood still without having gone on yet.
fn standing_still(task: &Task, now: OrgTime) -> Millis {
    task.clock.stopped.map_or(Millis(0), |(_, since)| Millis(now.since(since).0.max(0)))
}

/// How long the clock of a task's state has run.
fn spent(task: &Task, now: OrgTime) -> Millis {
    let still = task.clock.stood_still.0.saturating_add(standing_still(task, now).0);
    Millis(now.since(task.entered.org).0.saturating_sub(still).max(0))
}

/// How much of the coming days of an IC is booked. Whoever is away has no hours.
fn capacity_of(state: &State, ic: &IcId) -> Capacity {
    let is_there = state.absence(&Role::Ic(ic.clone())).is_none();
    let a_day = state.chart.ics.get(ic).filter(|_| is_there).map_or(Effort::default(), |found| found.hours_per_day);
    let available = (0..DAYS_AHEAD).fold(Effort::default(), |sum, _| sum.plus(a_day));
    Capacity { committed: state.load(ic).committed, available }
}

fn capacity_of_domain(state: &State, domain: &DomainId) -> Capacity {
    state.chart.ics_of(domain).map(|ic| capacity_of(state, &ic.id)).fold(Capacity::default(), Capacity::plus)
}

/// The first line of a text, not longer than [`TEXT_LIMIT`].
fn cut(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= TEXT_LIMIT {
        return line.to_owned();
    }
    let kept: String = line.chars().take(TEXT_LIMIT.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A number of things as it is recorded.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
