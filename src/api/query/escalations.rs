//! Escalations as clients see them, each with its story.

use std::cmp::Reverse;

use super::Look;
use crate::api::view::{EscalationView, EscalationsView};
use crate::api::wire::{Code, Refusal};
use crate::domain::alarm::NEVER;
use crate::domain::id::EscalationId;
use crate::domain::role::{Level, Role};
use crate::domain::task::{Escalation, Task, Trouble};
use crate::telemetry::narrative::{quote, span};

/// Escalations shown of those that are over, the latest, unless a task is named: what somebody who comes back after a
/// night has missed.
const CLOSED_SHOWN: usize = 20;

impl Look<'_> {
    /// The open ones, those first that have been due longest, then the latest of those that are over.
    pub(super) fn escalations(
        &self,
        only_open: bool,
        task: Option<&str>,
        level: Option<Level>,
    ) -> Result<EscalationsView, Refusal> {
        let archived;
        let tasks: Vec<&Task> = match task {
            None => self.state.tasks.values().collect(),
            Some(text) => {
                let id = self.task_named(text)?;
                match (self.state.tasks.get(&id), self.state.finished_tasks.get(&id)) {
                    (Some(task), _) => vec![task],
                    (None, Some(stub)) => {
                        archived = self.archived(stub.instruction)?;
                        archived.tasks.iter().filter(|task| task.id == id).collect()
                    }
                    (None, None) => return Err(Refusal::new(Code::NotFound, format!("there is no task {id}"))),
                }
            }
        };
        let fits = |record: &Escalation| level.is_none_or(|only| record.level == only);
        let mut open: Vec<(&Task, EscalationId, &Escalation)> = tasks
            .iter()
            .flat_map(|task| task.escalations.iter().map(|(id, record)| (*task, *id, record)))
            .filter(|(_, _, record)| fits(record))
            .collect();
        open.sort_by_key(|(_, id, record)| (record.due, *id));
        let mut closed: Vec<(&Task, EscalationId, &Escalation)> = tasks
            .iter()
            .flat_map(|task| task.past_escalations.iter().map(|(id, record)| (*task, *id, record)))
            .filter(|(_, _, record)| fits(record) && !only_open)
            .collect();
        closed.sort_by_key(|(_, id, record)| (Reverse(record.closed.as_ref().map(|(at, _)| *at)), *id));
        let shown = if task.is_some() { closed.len() } else { CLOSED_SHOWN.min(closed.len()) };
        let more = closed.len().saturating_sub(shown);
        closed.truncate(shown);
        let found = open.into_iter().chain(closed);
        Ok(EscalationsView {
            escalations: found.map(|(task, id, one)| self.escalation_view(task, id, one)).collect(),
            more,
        })
    }

    fn escalation_view(&self, task: &Task, id: EscalationId, record: &Escalation) -> EscalationView {
        let due = Some(record.due).filter(|due| record.closed.is_none() && *due < NEVER);
        EscalationView {
            id: id.to_string(),
            task: task.id.to_string(),
            key: task.key.to_string(),
            instruction: task.instruction.to_string(),
            trouble: record.trouble.to_string(),
            state: record.state.to_string(),
            overdue_ms: record.overdue.0,
            raised: record.raised.wall.to_string(),
            level: record.level.word().to_owned(),
            holder: record.holder.to_string(),
            since: record.since.wall.to_string(),
            due: due.map(|due| self.wall(due)),
            due_in_ms: due.map(|due| self.until(due)),
            acknowledged: record.acknowledged.map(|at| at.wall.to_string()),
            decision: record.decision.clone(),
            closed: record.closed.as_ref().map(|(at, _)| at.wall.to_string()),
            story: story(record),
        }
    }
}

/// What came of an escalation, one sentence each.
fn story(record: &Escalation) -> Vec<String> {
    let over = if record.overdue.0 > 0 { format!(", over by {}", span(record.overdue)) } else { String::new() };
    // That it is blocked says in which state it was.
    let place = if record.trouble == Trouble::Blocked { String::new() } else { format!(" in {}", record.state) };
    let mut story = vec![format!("raised {}: {}{place}{over}", shown(record.raised), record.trouble)];
    for turn in &record.turns {
        story.push(if turn.skipped {
            format!("passed over {} ({})", turn.holder, quote(&turn.outcome))
        } else {
            format!("{} had it: {}", turn.holder, quote(&turn.outcome))
        });
    }
    let (since, with) = (shown(record.since), with(record));
    let has = match record.acknowledged {
        Some(at) => format!(", who has it since {}", shown(at)),
        None if record.level == Level::Person => String::new(),
        None => ", who has not said so yet".to_owned(),
    };
    match &record.closed {
        None => story.push(format!("now with {with} since {since}{has}")),
        Some(_) => story.push(format!("last with {with} since {since}")),
    }
    if let Some(told) = &record.told {
        story.push(format!("{told} was told, too, as {} did not say that they have it", record.holder));
    }
    if let Some(decision) = &record.decision {
        story.push(format!("{} decided: {}", record.holder, quote(decision)));
    }
    if let Some((at, reason)) = &record.closed {
        story.push(format!("over {}: {}", shown(*at), quote(reason)));
    }
    story
}

/// Who holds it, and at which level where their name does not say that.
fn with(record: &Escalation) -> String {
    let is_own = match &record.holder {
        Role::DomainLead(_) => record.level == Level::DomainLead,
        Role::TechLead(_) => record.level == Level::TechLead,
        Role::EngineeringManager(_) => record.level == Level::EngineeringManager,
        Role::Person(_) | Role::Operator => record.level == Level::Person,
        Role::Organisation | Role::Ic(_) => false,
    };
    if is_own { record.holder.to_string() } else { format!("{} as {}", record.holder, record.level) }
}

/// A time as people read it.
fn shown(at: crate::domain::time::Stamp) -> String {
    let text = at.wall.to_string();
    text.get(..16).map_or(text.clone(), |minutes| minutes.replace('T', " "))
}
