//! What events make of the affairs of the organisation as a whole: its chart and clock, who is there, messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::capacity::Band;
use crate::domain::event::{Entry, Event};
use crate::domain::id::{IcId, InstructionId, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::learning::{self, LOOKED_AT};
use crate::domain::org::Chart;
use crate::domain::presence::{Absence, AbsenceKind};
use crate::domain::reaction::{refresh_affairs, refresh_hours, refresh_instruction, refresh_task, reweigh_desk};
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::state::{BROADCASTS_KEPT, Broadcast, Changed, State};
use crate::domain::task::{State as TaskState, Task};
use crate::domain::time::Stamp;

/// The organisation runs by this chart from now on.
pub(super) fn apply_chart(state: &mut State, chart: &Arc<Chart>, at: Stamp) {
    let before = std::mem::replace(&mut state.chart, Arc::clone(chart));
    state.index.changed.insert(Changed::Chart);
    state.index.changed.insert(Changed::Affairs);
    // What the chart before said is taken back; what somebody said since stays.
    for role in before.absences.keys().filter(|role| !chart.absences.contains_key(*role)) {
        state.absent.remove(role);
    }
    for (role, reason) in &chart.absences {
        if before.absences.get(role) != Some(reason) {
            let absence = Absence { kind: AbsenceKind::Away, reason: reason.clone() };
            state.absent.insert(role.clone(), absence);
        }
    }
    let gone: Vec<Role> = state.absent.keys().filter(|role| !state.has_place(role)).cloned().collect();
    for role in gone {
        state.absent.remove(&role);
    }
    let unknown: Vec<IcId> = state.history.keys().filter(|ic| !chart.ics.contains_key(*ic)).cloned().collect();
    for ic in unknown {
        state.history.remove(&ic);
        state.index.changed.insert(Changed::History(ic));
    }
    state.bands.retain(|domain, _| chart.domains.contains_key(domain));
    state.next_standup = match (chart.standup_every, before.standup_every == chart.standup_every, state.next_standup) {
        (None, _, _) => None,
        (Some(_), true, Some(next)) => Some(next),
        (Some(every), _, _) => Some(at.org.plus(every)),
    };
    refresh_affairs(state);
    refresh_hours(state);
}

/// Makes an event of the organisation as a whole part of the state.
pub(super) fn apply(state: &mut State, entry: &Entry) {
    state.index.changed.insert(Changed::Affairs);
    match &entry.event {
        Event::Started { .. } => {
            // Whatever stood for these stands anew with this daemon.
            let back: Vec<Role> = state
                .absent
                .iter()
                .filter(|(_, absence)| absence.kind == AbsenceKind::Dead)
                .map(|(role, _)| role.clone())
                .collect();
            for role in back {
                state.absent.remove(&role);
                look_again(state, &role);
            }
            excuse_silence(state, entry.at);
        }
        Event::ClockAnchored(anchor) => state.anchor = *anchor,
        Event::SilenceExcused => excuse_silence(state, entry.at),
        Event::Absent { role, absence } => {
            state.absent.insert(role.clone(), absence.clone());
            look_again(state, role);
        }
        Event::Present { role } => {
            state.absent.remove(role);
            look_again(state, role);
        }
        Event::Broadcast { id, notice, recipients } => {
            let recipients: BTreeMap<_, _> = recipients.iter().map(|role| (role.clone(), None)).collect();
            let sent = Broadcast { notice: notice.clone(), from: entry.principal.clone(), at: entry.at, recipients };
            state.broadcasts.insert(*id, sent);
            while state.broadcasts.len() > BROADCASTS_KEPT {
                state.broadcasts.pop_first();
            }
            refresh_affairs(state);
        }
        Event::BroadcastsRead { role, ids } => {
            for id in ids {
                if let Some(read) = state.broadcasts.get_mut(id).and_then(|sent| sent.recipients.get_mut(role)) {
                    read.get_or_insert(entry.at);
                }
            }
            refresh_affairs(state);
        }
        Event::StandupHeld { .. } => {
            let completed = std::mem::take(&mut state.tally.completed);
            state.tally.before = state.tally.since.map(|_| completed);
            state.tally.since = Some(entry.at.org);
            // Those that were missed meanwhile are not held one after the other.
            if let (Some(every), Some(due)) = (state.chart.standup_every, state.next_standup)
                && due <= entry.at.org
            {
                let late = entry.at.org.since(due).0;
                let missed = late.checked_div(every.0.max(1)).unwrap_or(0);
                let on = every.0.saturating_mul(missed.saturating_add(1));
                state.next_standup = Some(due.plus(crate::domain::time::Millis(on)));
            }
        }
        Event::DigestSent { role, digest } => {
            if digest.open > state.chart.sla.digest_after {
                let next = entry.at.org.plus(state.chart.sla.digest_every);
                state.digests.insert(role.clone(), next);
            } else {
                state.digests.remove(role);
            }
        }
        Event::CapacityNoted { domain, band, .. } => {
            match band {
                Band::Healthy => state.bands.remove(domain),
                Band::Caution | Band::Warning | Band::Critical => state.bands.insert(domain.clone(), *band),
            };
        }
        Event::ChartApplied(_) | Event::Received { .. } | Event::Instruction(..) | Event::Task(..) => {}
    }
}

/// A piece of work is done: how it turned out is part of how well its author is known to do.
pub(super) fn remember(state: &mut State, id: TaskId) {
    let Some(task) = state.tasks.get(&id) else {
        return;
    };
    let author = task.submission.as_ref().and_then(|handed| handed.author.ic()).cloned();
    let Some(ic) = author.and_then(|author| state.chart.ics.get(&author)) else {
        return;
    };
    let outcome = learning::outcome(task, ic);
    let ic = ic.id.clone();
    let history = state.history.entry(ic.clone()).or_default();
    if history.len() >= LOOKED_AT {
        history.remove(0);
    }
    history.push(outcome);
    // What they are expected to need for the rest of what they have may be something else now.
    reweigh_desk(state, &ic);
    state.index.changed.insert(Changed::History(ic));
}

/// A piece of work is done: the next standup says so. A milestone is as done as what it was broken down into.
pub(super) fn count_completed(state: &mut State, task: TaskId) {
    let domain = state.tasks.get(&task).filter(|task| task.children.is_empty()).map(|task| task.domain.clone());
    if let Some(domain) = domain {
        let count = state.tally.completed.entry(domain).or_insert(0);
        *count = count.saturating_add(1);
        state.index.changed.insert(Changed::Affairs);
    }
}

/// Nobody could give a sign of life until now, so their silence says nothing.
fn excuse_silence(state: &mut State, at: Stamp) {
    for task in state.tasks.values_mut().filter(|task| task.running_epoch().is_some()) {
        task.clock.evidence = task.clock.evidence.max(at.org);
        state.index.touched.insert(task.id);
        state.index.changed.insert(Changed::Task(task.id));
    }
}

/// Whoever comes or goes is seen differently by everything that hangs on them.
fn look_again(state: &mut State, role: &Role) {
    if matches!(role, Role::Ic(_) | Role::Person(_)) {
        refresh_hours(state);
    }
    state.index.stirred.insert(role.clone());
    let tasks: Vec<TaskId> = state.owed_by(role).filter_map(|duty| duty.task()).collect();
    tasks.into_iter().for_each(|task| refresh_task(state, task));
    // Of what they are to review, somebody else may owe another reviewer meanwhile. That somebody comes or goes is rare
    // enough to look for it.
    let reads = |task: &&Task| matches!(&task.state, TaskState::UnderReview { reviewer, .. } if reviewer == role);
    let reviewed: Vec<TaskId> = state.tasks.values().filter(reads).map(|task| task.id).collect();
    reviewed.into_iter().for_each(|task| refresh_task(state, task));
    match role {
        // Their work, and work of others, may go elsewhere, or come to them.
        Role::Ic(ic) => {
            let desk: Vec<TaskId> = state.desk(ic).collect();
            desk.into_iter().for_each(|task| refresh_task(state, task));
            state.index.stirred.insert(Role::DomainLead(ic.domain()));
            state.index.stirred.insert(Role::TechLead(ic.department()));
            stir_admission(state);
        }
        // What would go to a person goes to another one now.
        Role::Person(_) => {
            state.index.stirred.extend(state.chart.domains.keys().cloned().map(Role::DomainLead));
            stir_admission(state);
            let all: Vec<TaskId> = state.tasks.keys().copied().collect();
            all.into_iter().for_each(|task| refresh_task(state, task));
            let all: Vec<InstructionId> = state.instructions.keys().copied().collect();
            all.into_iter().for_each(|id| refresh_instruction(state, id));
        }
        // Somebody else decides about instructions for them.
        Role::EngineeringManager(_) | Role::TechLead(_) => {
            let all: Vec<InstructionId> = state.instructions.keys().copied().collect();
            all.into_iter().for_each(|id| refresh_instruction(state, id));
            // Who has milestones broken down, and gives the go-ahead, hangs on both of them.
            let is_to_plan = |task: &&Task| matches!(task.state, TaskState::Pending | TaskState::InPlanning);
            let milestones: Vec<TaskId> = state
                .tasks
                .values()
                .filter(|task| task.kind == TaskKind::Strategic)
                .filter(is_to_plan)
                .map(|task| task.id)
                .collect();
            milestones.into_iter().for_each(|task| refresh_task(state, task));
        }
        // Somebody else is asked about plans for them.
        Role::DomainLead(_) => {
            let asked = |found: &&Instruction| found.consultations.iter().any(|one| one.ask.whom == *role);
            let all: Vec<InstructionId> = state.instructions.values().filter(asked).map(|found| found.id).collect();
            all.into_iter().for_each(|id| refresh_instruction(state, id));
        }
        Role::Organisation | Role::Operator => {}
    }
}

/// What waits for capacity is looked at again: there is more or less of it.
fn stir_admission(state: &mut State) {
    if !state.index.queued.is_empty() {
        state.index.stirred.insert(Role::Organisation);
    }
}

/// Derives what is derived from these in a state that was loaded.
pub(super) fn rebuild(state: &mut State) {
    refresh_affairs(state);
}
