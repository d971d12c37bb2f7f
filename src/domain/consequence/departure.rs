//! What follows when somebody is not there any more: their work goes back, and what they held goes on to who is there.

use std::collections::BTreeMap;

use crate::domain::decide::{climb, gate_holder, target_at};
use crate::domain::event::{Event, TaskEvent};
use crate::domain::presence::AbsenceKind;
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Attempt, State as TaskState, Task};
use crate::domain::time::Stamp;

/// Those who are not in the chart any more, or not there by it, hand their tasks back, the gates they hold over, and the
/// escalations they hold on.
pub(super) fn from_the_chart(state: &State, at: Stamp, events: &mut Vec<Event>) {
    let mut escalations = HandingOn::new(state, at);
    for task in state.tasks.values() {
        if let Some(event) = handed_back(state, task) {
            // Moving on ends what is open about it.
            events.push(Event::Task(task.id, event));
            continue;
        }
        if let Some(event) = handed_over(state, task) {
            events.push(Event::Task(task.id, event));
        }
        escalations.of(task, |holder| !state.has_place(holder) || state.absence(holder).is_some(), events);
    }
}

/// Whoever is not there hands their tasks back, and what they held goes on to who is.
pub(super) fn from_a_place(state: &State, at: Stamp, role: &Role, events: &mut Vec<Event>) {
    if let Role::Ic(ic) = role {
        for task in state.desk(ic).filter_map(|id| state.tasks.get(&id)) {
            if let Some(event) = handed_back(state, task) {
                events.push(Event::Task(task.id, event));
            }
        }
    }
    if let Role::Person(person) = role {
        // So do those who work through them.
        for task in state.tasks.values() {
            let is_theirs =
                task.state.assignee().is_some_and(|who| state.person_behind(&who.role()).as_ref() == Some(person));
            if let Some(event) = handed_back(state, task).filter(|_| is_theirs) {
                events.push(Event::Task(task.id, event));
            }
        }
    }
    let mut escalations = HandingOn::new(state, at);
    for task in state.held_tasks(role) {
        escalations.of(task, |holder| holder == role, events);
    }
}

/// Escalations that go on to somebody else, many at once: whoever gets them soon has more than the state knows yet.
struct HandingOn<'a> {
    state: &'a State,
    at: Stamp,
    given: BTreeMap<Role, u32>,
}

impl<'a> HandingOn<'a> {
    const fn new(state: &'a State, at: Stamp) -> Self {
        Self { state, at, given: BTreeMap::new() }
    }

    /// Hands on those of a task whose holder `leaves`.
    fn of(&mut self, task: &Task, leaves: impl Fn(&Role) -> bool, events: &mut Vec<Event>) {
        let state = self.state;
        for (id, record) in task.escalations.iter().filter(|(_, record)| leaves(&record.holder)) {
            let given = &self.given;
            let held = |who: &Role| state.held_by(who).saturating_add(given.get(who).copied().unwrap_or(0));
            // Among people, another one takes it.
            let from = record.level.above().unwrap_or(Level::Person);
            let (level, holder, skipped) = state.target_counting(task, from, held);
            let in_digest = held(&holder) >= state.chart.sla.digest_after;
            let mut to = target_at(state, self.at, task, level, holder, skipped);
            to.in_digest = in_digest;
            let count = self.given.entry(to.holder.clone()).or_insert(0);
            *count = count.saturating_add(1);
            let reason = match state.absence(&record.holder) {
                Some(absence) => format!("{} is {absence}", record.holder),
                None => format!("{} is not in the chart any more", record.holder),
            };
            let climbed = climb(state, self.at, task, (*id, record), to, &reason);
            events.extend(climbed.into_iter().map(|event| Event::Task(task.id, event)));
        }
    }
}

/// The end of an assignment to somebody who is not in the chart any more, or not there. What runs for somebody who is only
/// away is seen through, unless it is they themselves who do it.
pub(super) fn handed_back(state: &State, task: &Task) -> Option<TaskEvent> {
    let (assignee, runs) = match &task.state {
        TaskState::Assigned { assignee } => (assignee, false),
        TaskState::InProgress { assignee, attempt } => (assignee, matches!(attempt, Attempt::Running { .. })),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => return None,
    };
    let ic = assignee.ic()?;
    if !state.chart.ics.contains_key(ic) {
        return Some(TaskEvent::Unassigned { reason: format!("{ic} is not in the chart any more") });
    }
    let role = assignee.role();
    let absence = state.absence(&role)?;
    let ends = !runs || absence.kind == AbsenceKind::Dead || state.person_behind(&role).is_some();
    ends.then(|| TaskEvent::Unassigned { reason: format!("{ic} is {absence}") })
}

/// Who holds a gate whose holder is not in the chart any more; it is left out where nobody can.
fn handed_over(state: &State, task: &Task) -> Option<TaskEvent> {
    let TaskState::DomainReview { gate, reviewer, .. } = &task.state else {
        return None;
    };
    if state.has_place(reviewer) {
        return None;
    }
    Some(match gate_holder(state, task, *gate) {
        Ok(reviewer) => TaskEvent::ReviewerAssigned { reviewer },
        Err(reason) => TaskEvent::GateSkipped { gate: *gate, reason },
    })
}
