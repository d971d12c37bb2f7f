//! Decisions about planning, assigning and taking away.

use super::{Context, May, illegal, in_state, say_why};
use crate::domain::assignment::Explanation;
use crate::domain::command::TaskAction;
use crate::domain::event::TaskEvent;
use crate::domain::id::IcId;
use crate::domain::plan::check_breakdown;
use crate::domain::rejection::Rejection;
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::task::{Assignee, Checkpoint, PlannedTask, State, StateName, Task};
use crate::domain::time::{Effort, OrgTime};

type Decided = Result<Vec<TaskEvent>, Rejection>;

pub(super) fn begin_planning(context: &Context<'_>, task: &Task, action: &TaskAction) -> Decided {
    in_state(task, action, &[StateName::Pending])?;
    context.allow(task, action.name(), &[May::TechLead, May::Holder])?;
    if task.kind != TaskKind::Strategic || !task.tier.has_strategic_phase() {
        return Err(illegal(task, action));
    }
    context.allow_start(task)?;
    if task.is_stopped() {
        return Err(Rejection::Invalid("it stops for a go-ahead first".to_owned()));
    }
    Ok(vec![TaskEvent::PlanningBegun])
}

/// A lead shows the tech lead a breakdown that crosses domains.
pub(super) fn propose(context: &Context<'_>, task: &Task, action: &TaskAction, children: &[PlannedTask]) -> Decided {
    in_state(task, action, &[StateName::InPlanning])?;
    context.allow(task, action.name(), &[May::DomainLead])?;
    if !task.proposal.is_empty() {
        return Err(Rejection::Invalid("the tech lead looks at a breakdown of it already".to_owned()));
    }
    check_breakdown(context.state, task, children).map_err(Rejection::Invalid)?;
    Ok(vec![TaskEvent::Proposed { children: children.to_vec() }])
}

pub(super) fn refuse_proposal(context: &Context<'_>, task: &Task, action: &TaskAction, reason: &str) -> Decided {
    in_state(task, action, &[StateName::InPlanning])?;
    context.allow(task, action.name(), &[May::TechLead, May::Person])?;
    say_why(reason)?;
    if task.proposal.is_empty() {
        return Err(Rejection::Invalid("no breakdown of it is shown".to_owned()));
    }
    Ok(vec![TaskEvent::ProposalRefused { reason: reason.to_owned() }])
}

/// A milestone that stops for a go-ahead goes on.
pub(super) fn go_ahead(context: &Context<'_>, task: &Task, action: &TaskAction, reason: &str) -> Decided {
    stopped(context, task, action)?;
    let who: &[May] = match task.checkpoint {
        Some(Checkpoint::AsksPerson) => &[May::Person],
        Some(Checkpoint::Named | Checkpoint::Stopped | Checkpoint::Passed) | None => {
            &[May::Manager, May::GivesGoAhead, May::Person, May::Holder]
        }
    };
    context.allow(task, action.name(), who)?;
    say_why(reason)?;
    Ok(vec![TaskEvent::WentAhead { reason: reason.to_owned() }])
}

/// The manager leaves the go-ahead to a person.
pub(super) fn ask_go_ahead(context: &Context<'_>, task: &Task, action: &TaskAction, reason: &str) -> Decided {
    stopped(context, task, action)?;
    context.allow(task, action.name(), &[May::Manager, May::GivesGoAhead])?;
    say_why(reason)?;
    if task.checkpoint != Some(Checkpoint::Stopped) {
        return Err(Rejection::Invalid("a person has been asked already".to_owned()));
    }
    Ok(vec![TaskEvent::GoAheadAsked { reason: reason.to_owned() }])
}

fn stopped(context: &Context<'_>, task: &Task, action: &TaskAction) -> Result<(), Rejection> {
    in_state(task, action, &[StateName::Pending])?;
    if !task.is_stopped() {
        return Err(Rejection::Invalid("it does not stop for a go-ahead".to_owned()));
    }
    if !context.state.is_ready(task) {
        return Err(Rejection::NotReady { waits_for: context.state.unmet(task) });
    }
    Ok(())
}

pub(super) fn break_down(context: &Context<'_>, task: &Task, action: &TaskAction, children: &[PlannedTask]) -> Decided {
    in_state(task, action, &[StateName::InPlanning])?;
    check_breakdown(context.state, task, children).map_err(Rejection::Invalid)?;
    // What crosses domains is the tech lead's to say.
    let crosses = children.iter().any(|child| child.domain != task.domain);
    let who: &[May] = if crosses { &[May::TechLead, May::Holder] } else { &[May::DomainLead, May::Holder] };
    context.allow(task, action.name(), who)?;
    Ok(vec![TaskEvent::BrokenDown { children: children.to_vec() }])
}

pub(super) fn assign(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    to: &Assignee,
    explanation: &Explanation,
) -> Decided {
    in_state(task, action, &[StateName::Pending])?;
    context.allow(task, action.name(), &[May::DomainLead, May::TechLead, May::Holder, May::Person])?;
    if task.kind == TaskKind::Strategic && task.tier.has_strategic_phase() {
        return Err(illegal(task, action));
    }
    context.allow_start(task)?;
    match to {
        Assignee::Ic(ic) => known_ic(context, ic)?,
        Assignee::Lead(domain) if task.kind == TaskKind::Strategic && *domain == task.domain => {}
        Assignee::Lead(_) => {
            return Err(Rejection::Invalid("work is given to an IC, a milestone to the lead of its domain".to_owned()));
        }
    }
    Ok(vec![TaskEvent::Assigned { to: to.clone(), explanation: explanation.clone() }])
}

pub(super) fn unassign(context: &Context<'_>, task: &Task, action: &TaskAction, reason: &str) -> Decided {
    let held_by_ic = match &task.state {
        State::Assigned { assignee } | State::InProgress { assignee, .. } => assignee.ic().is_some(),
        State::Pending
        | State::InPlanning
        | State::Blocked { .. }
        | State::Escalated { .. }
        | State::UnderReview { .. }
        | State::DomainReview { .. }
        | State::ReadyForHandoff { .. }
        | State::Completed
        | State::Cancelled { .. } => false,
    };
    if !held_by_ic {
        return Err(illegal(task, action));
    }
    // The tech lead makes room for what is more urgent.
    context.allow(task, action.name(), &[May::DomainLead, May::TechLead, May::System, May::Holder])?;
    say_why(reason)?;
    Ok(vec![TaskEvent::Unassigned { reason: reason.to_owned() }])
}

pub(super) fn reassign(context: &Context<'_>, task: &Task, action: &TaskAction, to: &IcId, reason: &str) -> Decided {
    in_state(task, action, &[StateName::Assigned, StateName::InProgress])?;
    context.allow(task, action.name(), &[May::DomainLead, May::System, May::Holder, May::Person])?;
    say_why(reason)?;
    match task.state.assignee() {
        Some(Assignee::Ic(current)) if current == to => {
            return Err(Rejection::Invalid(format!("{to} has this task already")));
        }
        Some(Assignee::Ic(_)) => {}
        Some(Assignee::Lead(_)) | None => return Err(illegal(task, action)),
    }
    known_ic(context, to)?;
    Ok(vec![TaskEvent::Reassigned { to: to.clone(), reason: reason.to_owned() }])
}

/// Refuses an IC that the chart does not have, or who is not there.
pub(super) fn known_ic(context: &Context<'_>, ic: &IcId) -> Result<(), Rejection> {
    if !context.state.chart.ics.contains_key(ic) {
        return Err(Rejection::Invalid(format!("there is no IC `{ic}` in the chart")));
    }
    match context.state.absence(&Role::Ic(ic.clone())) {
        Some(absence) => Err(Rejection::Invalid(format!("{ic} is {absence}"))),
        None => Ok(()),
    }
}

/// Everybody who could do it is busy: its clock stands still until the forecast says that somebody is not, and again for
/// as long as what they have to do before it becomes less.
pub(super) fn wait_for_capacity(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    until: OrgTime,
    ahead: Effort,
) -> Decided {
    in_state(task, action, &[StateName::Pending])?;
    context.allow(task, action.name(), &[May::DomainLead, May::Holder])?;
    if task.kind == TaskKind::Strategic && task.tier.has_strategic_phase() {
        return Err(illegal(task, action));
    }
    if task.clock.forecast.is_some() {
        return Err(Rejection::Invalid("it waits within a forecast already".to_owned()));
    }
    if !task.clock.may_wait(ahead) {
        return Err(Rejection::Invalid("it waits, and what has to be done before it does not become less".to_owned()));
    }
    if until <= context.at.org {
        return Err(Rejection::Invalid("a forecast is about the future".to_owned()));
    }
    Ok(vec![TaskEvent::WaitsForCapacity { until, ahead }])
}

/// Whoever was given it has it.
pub(super) fn acknowledge(context: &Context<'_>, task: &Task, action: &TaskAction) -> Decided {
    let Some(delegation) = &task.delegation else {
        return Err(illegal(task, action));
    };
    if !context.state.speaks_for(context.principal, &delegation.to) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() });
    }
    if delegation.acknowledged.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![TaskEvent::DelegationAcknowledged])
}
