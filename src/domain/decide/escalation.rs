//! Decisions about escalation records, and the means of whoever holds one: time, priority and scope.

use super::{Context, May, aim, block, say_why};
use crate::domain::command::TaskAction;
use crate::domain::event::TaskEvent;
use crate::domain::id::EscalationId;
use crate::domain::rejection::Rejection;
use crate::domain::review::TaskKind;
use crate::domain::role::{Asker, Level};
use crate::domain::task::{Escalation, StateName, Task, Trouble};
use crate::domain::time::Millis;
use crate::domain::work::{Priority, Work};

type Decided = Result<Vec<TaskEvent>, Rejection>;

const MEANS: &[May] = &[May::Holder, May::TechLead, May::Manager, May::Person];

pub(super) fn grant_time(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    span: Millis,
    reason: &str,
) -> Decided {
    context.allow(task, action.name(), MEANS)?;
    say_why(reason)?;
    if span.0 <= 0 {
        return Err(Rejection::Invalid("the time granted must be more than nothing".to_owned()));
    }
    Ok(vec![TaskEvent::TimeGranted { span, reason: reason.to_owned() }])
}

pub(super) fn change_priority(context: &Context<'_>, task: &Task, action: &TaskAction, priority: Priority) -> Decided {
    context.allow(task, action.name(), MEANS)?;
    if task.priority == priority {
        return Ok(Vec::new());
    }
    Ok(vec![TaskEvent::PriorityChanged { priority }])
}

pub(super) fn change_scope(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    work: &Work,
    reason: &str,
) -> Decided {
    context.allow(task, action.name(), MEANS)?;
    say_why(reason)?;
    if work.criteria.is_empty() {
        return Err(Rejection::Invalid("work needs criteria: say what must be true when it is done".to_owned()));
    }
    Ok(vec![TaskEvent::ScopeChanged { work: Box::new(work.clone()), reason: reason.to_owned() }])
}

pub(super) fn raise(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    id: EscalationId,
    trouble: Trouble,
    level: Level,
    reason: &str,
) -> Decided {
    let owner = match task.state.name() {
        StateName::Pending if task.kind == TaskKind::Strategic => May::TechLead,
        StateName::Pending | StateName::InPlanning | StateName::ReadyForHandoff => May::DomainLead,
        StateName::Assigned | StateName::InProgress | StateName::Blocked => May::Assignee,
        StateName::UnderReview | StateName::DomainReview => May::Reviewer,
        StateName::Escalated | StateName::Completed | StateName::Cancelled => May::Holder,
    };
    context.allow(task, action.name(), &[May::System, May::Holder, owner])?;
    block::unused(task, id)?;
    if trouble == Trouble::Blocked {
        return Err(Rejection::Invalid("a blocker goes up the line by escalating the blocked task".to_owned()));
    }
    let to = aim(context, task, level);
    if let Some((open, record)) = task.escalation_for(trouble) {
        if level <= record.level {
            return Err(Rejection::Invalid(format!("{open} is open for this already, with the {}", record.level)));
        }
        say_why(reason)?;
        return Ok(super::climb(context.state, context.at, task, (open, record), to, reason));
    }
    let is_so = match trouble {
        Trouble::Stalled => task.running_epoch().is_some(),
        Trouble::Unacknowledged => task.delegation.as_ref().is_some_and(|one| one.acknowledged.is_none()),
        Trouble::Late | Trouble::Blocked | Trouble::Rounds | Trouble::Handoff => true,
    };
    if !is_so {
        // The clock that would raise this could not be told apart from it later.
        return Err(Rejection::Invalid(format!("nothing is {trouble} here")));
    }
    Ok(vec![TaskEvent::EscalationRaised { id, trouble, overdue: Millis::default(), to }])
}

fn open(task: &Task, id: EscalationId) -> Result<&Escalation, Rejection> {
    task.escalations.get(&id).ok_or(Rejection::EscalationNotOpen(id))
}

/// Only the level that holds a record speaks for it.
fn holds(context: &Context<'_>, task: &Task, action: &TaskAction, record: &Escalation) -> Result<(), Rejection> {
    if context.holds_record(record, task) {
        Ok(())
    } else {
        Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() })
    }
}

pub(super) fn acknowledge(context: &Context<'_>, task: &Task, action: &TaskAction, id: EscalationId) -> Decided {
    let record = open(task, id)?;
    holds(context, task, action, record)?;
    if record.acknowledged.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![TaskEvent::EscalationAcknowledged { id }])
}

pub(super) fn decide(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    id: EscalationId,
    decision: &str,
) -> Decided {
    let record = open(task, id)?;
    holds(context, task, action, record)?;
    say_why(decision)?;
    if record.decision.is_some() {
        return Err(Rejection::Invalid("it was decided already: one turn a level".to_owned()));
    }
    Ok(vec![TaskEvent::EscalationDecided { id, decision: decision.to_owned() }])
}

pub(super) fn close(context: &Context<'_>, task: &Task, action: &TaskAction, id: EscalationId) -> Decided {
    let record = open(task, id)?;
    if context.principal.asker != Asker::System {
        holds(context, task, action, record)?;
    }
    if matches!(record.trouble, Trouble::Blocked | Trouble::Rounds | Trouble::Handoff) {
        // The others are what holds the task where it is; they end when it moves on.
        return Err(Rejection::Invalid(format!("this escalation ends when the task moves on ({})", record.trouble)));
    }
    Ok(vec![TaskEvent::EscalationClosed { id, reason: format!("closed by {}", context.principal) }])
}
