//! What an IC reports, and what the lead of a domain makes of it.

use serde::{Deserialize, Serialize};

use super::{Capacity, Risk, Summary, capacity_of, capacity_of_domain, cut, late_by, number, risks, spent, summary};
use crate::domain::alarm;
use crate::domain::id::{DomainId, IcId, StepKey, TaskId};
use crate::domain::org::Ic;
use crate::domain::reaction::Wait;
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::schedule::left_of;
use crate::domain::sla::Mark;
use crate::domain::state::State;
use crate::domain::task::{State as TaskState, StateName, Task};
use crate::domain::time::{Effort, Millis, OrgTime};

/// Tasks of one IC that are named: more are on nobody's desk at a time.
const TASKS_NAMED: usize = 20;

/// ICs of one domain that are named, the busiest first.
const MEMBERS_NAMED: usize = 30;

/// Milestones that are named, those furthest from their end first.
const MILESTONES_NAMED: usize = 5;

/// Handoffs in each direction that are named, the oldest first.
const HANDOFFS_NAMED: usize = 5;

/// What an IC reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contributor {
    /// Who.
    pub ic: IcId,
    /// Why they are not there, if they are not.
    pub absent: Option<String>,
    /// How much of their coming days is booked.
    pub capacity: Capacity,
    /// What is theirs: to do, at work, or with reviewers; the most urgent first.
    pub tasks: Vec<Desk>,
    /// How many more there are.
    pub more: u32,
    /// Work of others they are to review.
    pub reviews: u32,
}

/// A task of an IC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Desk {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Its state.
    pub state: StateName,
    /// How far it is by the worker's own figure, 0 to 100.
    pub percent: Option<u8>,
    /// How long the clock of its state has run.
    pub spent: Millis,
    /// Hours of work left.
    pub left: Effort,
    /// By when its state should be over.
    pub due: Option<OrgTime>,
    /// By how much it is past that, once it counts as late.
    pub late: Option<Millis>,
    /// What is in the way: the blocker, or why its clock stands still.
    pub blocker: Option<String>,
    /// What happens next, and by whom.
    pub next: String,
}

/// What the lead of a domain reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lead {
    /// The domain.
    pub domain: DomainId,
    /// How much work there is.
    pub summary: Summary,
    /// Milestones that are not over, as far as they are named.
    pub milestones: Vec<Milestone>,
    /// How many more there are.
    pub more_milestones: u32,
    /// How much of the domain's coming days is booked.
    pub capacity: Capacity,
    /// Its ICs, the busiest first.
    pub members: Vec<Member>,
    /// How many more there are.
    pub more_members: u32,
    /// Packages that wait for this lead, as far as they are named.
    pub handoffs_in: Vec<Handoff>,
    /// How many there are in all.
    pub waiting_in: u32,
    /// Packages of this domain that wait for others, as far as they are named.
    pub handoffs_out: Vec<Handoff>,
    /// How many there are in all.
    pub waiting_out: u32,
    /// What may not come out as planned.
    pub risks: Vec<Risk>,
}

/// A milestone that is not over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Milestone {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Its children that are over.
    pub over: u32,
    /// All its children; none before it is broken down.
    pub children: u32,
    /// By how much it is past its target, once it counts as late.
    pub late: Option<Millis>,
}

/// An IC of a domain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub ic: IcId,
    /// Why they are not there, if they are not.
    pub absent: Option<String>,
    /// Tasks they have.
    pub tasks: u32,
    /// Of them: at work.
    pub running: u32,
    /// How much of their coming days is booked.
    pub capacity: Capacity,
}

/// A package that waits for receivers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handoff {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Whose work it is.
    pub from: DomainId,
    /// Who has not accepted it yet.
    pub to: Vec<DomainId>,
    /// Since when it waits.
    pub since: OrgTime,
}

pub(super) fn contributor(state: &State, ic: &Ic, now: OrgTime) -> Contributor {
    let is_theirs = |task: &&Task| {
        !task.state.is_terminal() && task.state.assignee().and_then(|one| one.ic()).is_some_and(|one| *one == ic.id)
    };
    let mut tasks: Vec<&Task> = state.tasks.values().filter(is_theirs).collect();
    tasks.sort_by_key(|task| (std::cmp::Reverse(task.priority), task.id));
    Contributor {
        ic: ic.id.clone(),
        absent: absent(state, ic),
        capacity: capacity_of(state, &ic.id),
        more: number(tasks.len().saturating_sub(TASKS_NAMED)),
        tasks: tasks.into_iter().take(TASKS_NAMED).map(|task| desk(state, task, now)).collect(),
        reviews: state.load(&ic.id).reviews,
    }
}

fn absent(state: &State, ic: &Ic) -> Option<String> {
    state.absence(&Role::Ic(ic.id.clone())).map(|absence| cut(&absence.to_string()))
}

fn desk(state: &State, task: &Task, now: OrgTime) -> Desk {
    let stopped = || task.clock.stopped.map(|(pause, _)| pause.to_string());
    Desk {
        task: task.id,
        key: task.key.clone(),
        state: task.state.name(),
        percent: task.progress.as_ref().and_then(|progress| progress.percent),
        spent: spent(task, now),
        left: left_of(task),
        due: alarm::due(state, task, Mark::Target),
        late: late_by(state, task, now),
        blocker: task.state.blocker().map(|blocker| cut(&blocker.description)).or_else(stopped),
        next: next(state, task),
    }
}

/// What happens next with a task, and by whom.
fn next(state: &State, task: &Task) -> String {
    let Some(found) = state.accountability(task.id) else {
        return String::new();
    };
    let names = |ids: &[TaskId]| {
        let name = |id: &TaskId| state.tasks.get(id).map_or_else(|| id.short(), |task| task.key.to_string());
        ids.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    match (found.owes.first(), &found.waits) {
        (Some((role, duty)), _) => format!("{role}: {duty}"),
        (None, Some(Wait::Dependencies(tasks) | Wait::Children(tasks))) => cut(&format!("waits for {}", names(tasks))),
        (None, Some(Wait::Instruction(_))) => "waits for its instruction to begin".to_owned(),
        (None, Some(Wait::Paused(_))) => "waits for its instruction to be resumed".to_owned(),
        (None, None) => String::new(),
    }
}

pub(super) fn lead(state: &State, domain: &DomainId, now: OrgTime) -> Lead {
    let is_ours = |other: &DomainId| other == domain;
    let mut milestones: Vec<Milestone> = state
        .tasks
        .values()
        .filter(|task| task.kind == TaskKind::Strategic && task.domain == *domain && !task.state.is_terminal())
        .map(|task| milestone(state, task, now))
        .collect();
    milestones.sort_by_key(|one| (one.children.saturating_sub(one.over) == 0, std::cmp::Reverse(one.late), one.task));
    let mut members: Vec<Member> = state.chart.ics_of(domain).map(|ic| member(state, ic)).collect();
    members.sort_by_key(|one| (std::cmp::Reverse(one.capacity.percent()), one.ic.clone()));
    let waiting = handoffs(state);
    let coming: Vec<&Handoff> = waiting.iter().filter(|one| one.to.contains(domain)).collect();
    let going: Vec<&Handoff> = waiting.iter().filter(|one| one.from == *domain).collect();
    let named = |found: &[&Handoff]| found.iter().take(HANDOFFS_NAMED).map(|one| (*one).clone()).collect();
    Lead {
        domain: domain.clone(),
        summary: summary(state, now, is_ours),
        more_milestones: number(milestones.len().saturating_sub(MILESTONES_NAMED)),
        milestones: milestones.into_iter().take(MILESTONES_NAMED).collect(),
        capacity: capacity_of_domain(state, domain),
        more_members: number(members.len().saturating_sub(MEMBERS_NAMED)),
        members: members.into_iter().take(MEMBERS_NAMED).collect(),
        handoffs_in: named(&coming),
        waiting_in: number(coming.len()),
        handoffs_out: named(&going),
        waiting_out: number(going.len()),
        risks: risks(state, now, is_ours),
    }
}

fn milestone(state: &State, task: &Task, now: OrgTime) -> Milestone {
    let is_over = |id: &&TaskId| state.tasks.get(id).is_some_and(|child| child.state.is_terminal());
    Milestone {
        task: task.id,
        key: task.key.clone(),
        over: number(task.children.iter().filter(is_over).count()),
        children: number(task.children.len()),
        late: late_by(state, task, now),
    }
}

fn member(state: &State, ic: &Ic) -> Member {
    let load = state.load(&ic.id);
    Member {
        ic: ic.id.clone(),
        absent: absent(state, ic),
        tasks: load.tasks,
        running: load.running,
        capacity: capacity_of(state, &ic.id),
    }
}

/// Every package that waits, the oldest first.
fn handoffs(state: &State) -> Vec<Handoff> {
    let mut found: Vec<Handoff> = state
        .tasks
        .values()
        .filter_map(|task| {
            let TaskState::ReadyForHandoff { accepted, .. } = &task.state else {
                return None;
            };
            let to = state.receivers(task).into_iter().filter(|one| !accepted.contains(one)).collect();
            let (from, since) = (task.domain.clone(), task.entered.org);
            Some(Handoff { task: task.id, key: task.key.clone(), from, to, since })
        })
        .collect();
    found.sort_by_key(|one| (one.since, one.task));
    found
}
