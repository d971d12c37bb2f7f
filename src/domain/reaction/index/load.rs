//! How much is on each desk, rolled up by domain, and who looks again when it crosses a limit.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::super::Duty;
use crate::domain::assignment::{AVAILABLE_FOR_CRITICAL, workload};
use crate::domain::capacity::{Booked, LENDS_BELOW, OVERLOADED, STRAINED, remaining};
use crate::domain::id::{DepartmentId, DomainId, IcId, TaskId};
use crate::domain::learning::pace;
use crate::domain::role::Role;
use crate::domain::state::{Load, State};
use crate::domain::task::{Assignee, Attempt, State as TaskState, Task};
use crate::domain::time::Effort;

/// What a task adds to the desk of an IC, if it lies on one.
type Weight = Option<(IcId, Load)>;

/// What a task adds to the desk of an IC.
pub(super) fn weight(state: &State, task: &Task) -> Weight {
    let committed = |ic: &IcId| remaining(task, pace(state.history_of(ic), &task.work));
    match &task.state {
        TaskState::Assigned { assignee: Assignee::Ic(ic) } => {
            Some((ic.clone(), Load { committed: committed(ic), tasks: 1, ..Load::default() }))
        }
        TaskState::InProgress { assignee: Assignee::Ic(ic), attempt } => {
            let running = u32::from(matches!(attempt, Attempt::Running { .. }));
            Some((ic.clone(), Load { committed: committed(ic), tasks: 1, running, reviews: 0 }))
        }
        TaskState::UnderReview { reviewer: Role::Ic(ic), .. } => {
            Some((ic.clone(), Load { reviews: 1, ..Load::default() }))
        }
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

/// What a task adds to the desk of an IC is something else now.
pub(super) fn replace_weight(state: &mut State, id: TaskId, before: &Weight, now: &Weight) {
    let loaded = |(ic, _): &(IcId, Load)| (ic.clone(), state.load(ic));
    let loads = [before.as_ref().map(loaded), now.as_ref().map(loaded)];
    if let Some((ic, weight)) = before {
        let load = state.index.load.or_default(ic.clone());
        load.committed = load.committed.minus(weight.committed);
        load.running = load.running.saturating_sub(weight.running);
        load.tasks = load.tasks.saturating_sub(weight.tasks);
        load.reviews = load.reviews.saturating_sub(weight.reviews);
        // Somebody may start something else; how far they are with it changes nothing about that.
        let same_desk =
            |(other, one): &(IcId, Load)| other == ic && Load { committed: weight.committed, ..*one } == *weight;
        if !now.as_ref().is_some_and(same_desk) {
            state.index.stirred.insert(Role::Ic(ic.clone()));
        }
        if let Some(desk) = state.index.desks.get_mut(ic) {
            desk.remove(&id);
        }
        if let Some(running) = state.index.running.get_mut(ic) {
            running.remove(&id);
        }
    }
    if let Some((ic, weight)) = now {
        let load = state.index.load.or_default(ic.clone());
        load.committed = load.committed.plus(weight.committed);
        load.running = load.running.saturating_add(weight.running);
        load.tasks = load.tasks.saturating_add(weight.tasks);
        load.reviews = load.reviews.saturating_add(weight.reviews);
        if weight.tasks > 0 {
            if weight.running > 0 {
                state.index.running.or_default(ic.clone()).insert(id);
            }
            state.index.desks.or_default(ic.clone()).insert(id);
        }
    }
    let [first, second] = loads;
    // Each once: what changes about a task is mostly with whoever had it before.
    let second = second.filter(|(ic, _)| first.as_ref().is_none_or(|(other, _)| other != ic));
    let mut ordered = [first, second];
    ordered.sort_unstable_by(|one, other| one.as_ref().map(|(ic, _)| ic).cmp(&other.as_ref().map(|(ic, _)| ic)));
    for (ic, load) in ordered.into_iter().flatten() {
        look_at_running(state, &ic, load.running);
        committed_changed(state, &ic, load.committed);
    }
}

/// Whether the clocks of what else lies on a desk run hangs on what is at work, once that is as much as may be at a time.
fn look_at_running(state: &mut State, ic: &IcId, before: u32) {
    let now = state.load(ic).running;
    let limit = state.chart.ics.get(ic).map_or(u32::MAX, |found| found.parallel_limit);
    if now != before
        && now.max(before) >= limit
        && let Some(desk) = state.index.desks.get(ic)
    {
        state.index.touched.extend(desk);
    }
}

/// How the work of an IC turned out has changed: what they are expected to need for what they have may be something else.
/// Nothing else about that work hangs on it.
pub(in crate::domain) fn reweigh_desk(state: &mut State, ic: &IcId) {
    let desk: Vec<TaskId> = state.desk(ic).collect();
    for id in desk {
        let now = state.tasks.get(&id).and_then(|task| weight(state, task));
        let before = state.index.tasks.get(&id).and_then(|known| known.weight.clone());
        if now != before {
            replace_weight(state, id, &before, &now);
            if let Some(known) = state.index.tasks.get_mut(&id) {
                known.weight = now;
            }
        }
    }
}

/// Somebody has more or less to do than before.
fn committed_changed(state: &mut State, ic: &IcId, before: Effort) {
    let now = state.load(ic).committed;
    let domain = ic.domain();
    let booked_before = state.booked(&domain);
    // Whoever has left the chart counts no more, and what they had goes by itself.
    if now != before && state.chart.ics.contains_key(ic) {
        let booked = state.index.booked.entry(domain.clone()).or_default();
        booked.committed = booked.committed.minus(before).plus(now);
    }
    look_at_desk(state, ic, now > before);
    if now < before {
        // Somebody has more room than before: their lead may give them something, or have them take something over.
        let has_room = |found| workload(found, now) <= AVAILABLE_FOR_CRITICAL;
        if state.chart.ics.get(ic).is_some_and(has_room) {
            stir_assigners(state, ic);
        }
        if state.overloaded(&domain).next().is_some() {
            state.index.stirred.insert(Role::DomainLead(domain.clone()));
        }
    }
    look_at_domain(state, &domain, booked_before);
}

/// Takes note of whether somebody has more than they should; whoever comes to have more makes their lead look.
fn look_at_desk(state: &mut State, ic: &IcId, has_more: bool) {
    let committed = state.load(ic).committed;
    let is_overloaded = state.chart.ics.get(ic).is_some_and(|found| workload(found, committed) > OVERLOADED);
    if !is_overloaded {
        state.index.overloaded.remove(ic);
    } else if state.index.overloaded.insert(ic.clone()) || has_more {
        state.index.stirred.insert(Role::DomainLead(ic.domain()));
    }
}

/// A lead says it when the domain is in another band; the tech lead looks when it is strained, or may lend.
fn look_at_domain(state: &mut State, domain: &DomainId, before: Booked) {
    let booked = state.booked(domain);
    let Some(utilisation) = booked.utilisation() else {
        return;
    };
    let said = state.bands.get(domain).copied().unwrap_or_default();
    if said.next(utilisation) != said {
        state.index.stirred.insert(Role::DomainLead(domain.clone()));
    }
    let department = domain.department();
    let becomes_strained = utilisation > STRAINED && booked.committed > before.committed;
    let may_lend = utilisation < LENDS_BELOW && booked.committed < before.committed;
    let looks = (becomes_strained && state.waiting(domain).next().is_some())
        || (may_lend && state.strained(&department).next().is_some());
    if looks {
        state.index.stirred.insert(Role::TechLead(department));
    }
}

impl State {
    /// What is spoken for of the coming days of a domain.
    #[must_use]
    pub fn booked(&self, domain: &DomainId) -> Booked {
        self.index.booked.get(domain).copied().unwrap_or_default()
    }

    /// ICs of a domain with more than they should have, in order of their ids.
    pub fn overloaded<'a>(&'a self, domain: &'a DomainId) -> impl Iterator<Item = &'a IcId> + 'a {
        self.index.overloaded.range(domain.below_its_ics()..).take_while(|ic| domain.has(ic))
    }

    /// Tasks of a domain that wait for somebody to have the time, in order of their ids.
    pub fn waiting<'a>(&'a self, domain: &DomainId) -> impl Iterator<Item = &'a Task> + 'a {
        self.index.waiting.get(domain).into_iter().flatten().filter_map(|id| self.tasks.get(id))
    }

    /// Domains of a department that are strained and in which something waits, in order of their ids.
    pub fn strained<'a>(&'a self, department: &'a DepartmentId) -> impl Iterator<Item = &'a DomainId> + 'a {
        let is_strained = |domain: &DomainId| self.booked(domain).utilisation().is_some_and(|share| share > STRAINED);
        let waiting = self.index.waiting.keys();
        waiting.filter(move |domain| domain.department() == *department && is_strained(domain))
    }
}

/// Brings up to date which tasks wait for somebody to have the time.
pub(super) fn refresh_waiting(state: &mut State, id: TaskId) {
    let waits = |task: &&Task| task.state == TaskState::Pending && task.clock.forecast.is_some();
    if state.index.waiting.is_empty() && state.tasks.get(&id).filter(waits).is_none() {
        return;
    }
    let now = state.tasks.get(&id).filter(waits).map(|task| task.domain.clone());
    // Tasks do not go from one domain to another, so where it waited is where it would wait; what is gone is looked for.
    let waited = |waiting: &BTreeSet<TaskId>| waiting.contains(&id);
    let domain = state.tasks.get(&id).map(|task| task.domain.clone());
    let before = match domain {
        Some(domain) => Some(domain).filter(|domain| state.index.waiting.get(domain).is_some_and(waited)),
        None => state.index.waiting.iter().find(|(_, waiting)| waited(waiting)).map(|(domain, _)| domain.clone()),
    };
    if now == before {
        return;
    }
    if let Some(domain) = before
        && let Some(waiting) = state.index.waiting.get_mut(&domain)
    {
        waiting.remove(&id);
        if waiting.is_empty() {
            state.index.waiting.remove(&domain);
        }
    }
    if let Some(domain) = now {
        state.index.waiting.entry(domain.clone()).or_default().insert(id);
        if state.booked(&domain).utilisation().is_some_and(|share| share > STRAINED) {
            state.index.stirred.insert(Role::TechLead(domain.department()));
        }
    }
}

/// Works out anew how many hours everybody has, since somebody came, went, or has another contract.
pub(in crate::domain) fn refresh_hours(state: &mut State) {
    let ics: Vec<(IcId, Effort)> = state.chart.ics.values().map(|ic| (ic.id.clone(), ic.hours_per_day)).collect();
    state.index.booked.clear();
    state.index.overloaded.retain(|ic| state.chart.ics.contains_key(ic));
    for (ic, hours_per_day) in ics {
        let is_there = state.absence(&Role::Ic(ic.clone())).is_none();
        let hours = if is_there { hours_per_day } else { Effort::default() };
        let booked = Booked::of(state.load(&ic).committed, hours);
        let sum = state.index.booked.entry(ic.domain()).or_default();
        *sum = sum.plus(booked);
        look_at_desk(state, &ic, false);
    }
    let domains: Vec<DomainId> = state.index.booked.keys().cloned().collect();
    for domain in domains {
        let before = state.booked(&domain);
        look_at_domain(state, &domain, before);
    }
}

/// Leads with something to give out look again when somebody within their reach has more room.
fn stir_assigners(state: &mut State, ic: &IcId) {
    let first = TaskId::new(uuid::Uuid::nil());
    for role in [Role::DomainLead(ic.domain()), Role::TechLead(ic.department())] {
        let Some(duties) = state.index.duties.get(&role) else {
            continue;
        };
        let owes =
            |from: Duty| duties.range(from..).next().is_some_and(|found| discriminant(found) == discriminant(&from));
        if owes(Duty::Assign(first)) || owes(Duty::ClearBlocker(first)) {
            state.index.stirred.insert(role);
        }
    }
}
