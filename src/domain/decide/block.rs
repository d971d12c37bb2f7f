//! Decisions about blockers: raising one, taking it up the line, clearing it, and what to do about cancelled tasks.

use std::collections::BTreeSet;

use super::plan::known_ic;
use super::{Context, May, aim, attempt, illegal, in_state, say_why};
use crate::domain::command::{AfterBlock, TaskAction};
use crate::domain::event::TaskEvent;
use crate::domain::id::{Epoch, EscalationId, IcId, TaskId};
use crate::domain::rejection::Rejection;
use crate::domain::review::TaskKind;
use crate::domain::role::Level;
use crate::domain::task::{
    Assignee, Attempt, Blocker, BlockerKind, CancelledDecision, Skipped, State, StateName, Task, Trouble,
};
use crate::domain::time::Millis;

type Decided = Result<Vec<TaskEvent>, Rejection>;

pub(super) fn block(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    epoch: Option<Epoch>,
    blocker: &Blocker,
) -> Decided {
    in_state(task, action, &[StateName::Pending, StateName::Assigned, StateName::InProgress])?;
    context.allow(task, action.name(), &[May::Assignee, May::DomainLead, May::System, May::Holder])?;
    let is_assignee =
        task.state.assignee().is_some_and(|assignee| context.state.speaks_for(context.principal, &assignee.role()));
    match epoch {
        Some(epoch) => attempt::current(task, action, epoch)?,
        // Whoever does the work speaks through an attempt; only what has not begun can be blocked without one.
        None if is_assignee && task.running_epoch().is_some() => {
            return Err(Rejection::Invalid("the attempt at work must name its epoch".to_owned()));
        }
        None => {}
    }
    super::not_too_long(&[&blocker.description, &blocker.needs])?;
    if blocker.description.trim().is_empty() || blocker.needs.trim().is_empty() {
        return Err(Rejection::Invalid("a blocker needs a description and what would clear it".to_owned()));
    }
    // Somebody owes the end of these, so what they name must be there to be ended.
    match &blocker.kind {
        BlockerKind::Question(id) if !task.questions.contains_key(id) => {
            return Err(Rejection::QuestionNotOpen { question: *id, end: None });
        }
        BlockerKind::DependencyCancelled(of) if !is_undecided(context, task, *of) => return Err(no_open_matter(*of)),
        BlockerKind::Failed | BlockerKind::NobodyQualified if task.kind == TaskKind::Strategic => {
            return Err(Rejection::Invalid(
                "a milestone has no IC to fail or to be found; report what is wrong".to_owned(),
            ));
        }
        BlockerKind::Question(_)
        | BlockerKind::DependencyCancelled(_)
        | BlockerKind::Reported(_)
        | BlockerKind::Failed
        | BlockerKind::NobodyQualified
        | BlockerKind::TooManyRounds => {}
    }
    Ok(vec![TaskEvent::Blocked { blocker: blocker.clone() }])
}

pub(super) fn escalate(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    id: EscalationId,
    to: Level,
    reason: &str,
) -> Decided {
    let from = match &task.state {
        State::Blocked { .. } => {
            let who = [May::Assignee, May::DomainLead, May::System, May::Holder, May::Clearer];
            context.allow(task, action.name(), &who)?;
            None
        }
        State::Escalated { level, .. } => {
            context.allow(task, action.name(), &[May::Holder, May::System])?;
            Some(*level)
        }
        State::Pending
        | State::InPlanning
        | State::Assigned { .. }
        | State::InProgress { .. }
        | State::UnderReview { .. }
        | State::DomainReview { .. }
        | State::ReadyForHandoff { .. }
        | State::Completed
        | State::Cancelled { .. } => return Err(illegal(task, action)),
    };
    say_why(reason)?;
    if let Some(from) = from.filter(|from| to <= *from) {
        return Err(Rejection::Invalid(format!("it is with the {from} already; only a higher level can take it")));
    }
    // Every level that is passed over is passed over for a reason that somebody can read.
    let mut passed = Vec::new();
    let mut next = from.map_or(Some(Level::DomainLead), Level::above);
    while let Some(level) = next.filter(|level| *level < to) {
        passed.push(Skipped { level, who: context.state.place_at(level, task), why: reason.to_owned() });
        next = level.above();
    }
    let mut target = aim(context, task, to);
    passed.append(&mut target.skipped);
    target.skipped = passed;
    if let Some((open, record)) = task.escalation_for(Trouble::Blocked) {
        return Ok(super::climb(context.state, context.at, task, (open, record), target, reason));
    }
    unused(task, id)?;
    Ok(vec![
        TaskEvent::Escalated { level: target.level, reason: reason.to_owned() },
        TaskEvent::EscalationRaised { id, trouble: Trouble::Blocked, overdue: Millis::default(), to: target },
    ])
}

/// Refuses an id that an escalation of the task has.
pub(super) fn unused(task: &Task, id: EscalationId) -> Result<(), Rejection> {
    if task.escalations.contains_key(&id) { Err(Rejection::Exists(id.to_string())) } else { Ok(()) }
}

pub(super) fn resolve(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    resolution: &str,
    next: &AfterBlock,
) -> Decided {
    in_state(task, action, &[StateName::Blocked, StateName::Escalated])?;
    say_why(resolution)?;
    match next {
        AfterBlock::Resume => {
            context.allow(
                task,
                action.name(),
                &[May::Assignee, May::DomainLead, May::Holder, May::Clearer, May::Person],
            )?;
            match task.state.assignee() {
                Some(Assignee::Ic(ic)) => can_go_on(context, task, ic)?,
                // A milestone goes on with its lead, whatever its children wait for.
                Some(Assignee::Lead(_)) => {}
                None => return Err(Rejection::Invalid("nobody has this task; assign it instead".to_owned())),
            }
        }
        AfterBlock::Assign(ic) => {
            context.allow(task, action.name(), &[May::DomainLead, May::Holder, May::Clearer, May::Person])?;
            known_ic(context, ic)?;
            if task.kind == TaskKind::Strategic {
                return Err(Rejection::Invalid("a milestone is not for one IC; resume or release it".to_owned()));
            }
        }
        AfterBlock::Release => {
            context.allow(
                task,
                action.name(),
                &[May::DomainLead, May::Holder, May::Clearer, May::Person, May::System],
            )?;
            if matches!(task.state.assignee(), Some(Assignee::Lead(_))) {
                return Err(Rejection::Invalid("this milestone is broken down already; resume it".to_owned()));
            }
        }
    }
    Ok(vec![TaskEvent::Resolved { resolution: resolution.to_owned(), next: next.clone() }])
}

fn can_go_on(context: &Context<'_>, task: &Task, ic: &IcId) -> Result<(), Rejection> {
    if !context.state.chart.ics.contains_key(ic) {
        return Err(Rejection::Invalid(format!("`{ic}` is not in the chart any more; assign it to somebody else")));
    }
    let waits_for = context.state.unmet(task);
    if waits_for.is_empty() { Ok(()) } else { Err(Rejection::NotReady { waits_for }) }
}

pub(super) fn decide_cancelled(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    of: TaskId,
    decision: &CancelledDecision,
) -> Decided {
    let is_child = task.children.contains(&of);
    if is_child {
        let at_work = matches!(task.state, State::InProgress { attempt: Attempt::Children, .. });
        if !at_work && !matches!(task.state, State::Assigned { assignee: Assignee::Lead(_) }) {
            return Err(illegal(task, action));
        }
        context.allow(task, action.name(), &[May::DomainLead, May::Holder, May::Person])?;
    } else {
        in_state(task, action, &[StateName::Blocked, StateName::Escalated])?;
        context.allow(task, action.name(), &[May::TechLead, May::Manager, May::Holder, May::Person])?;
    }
    if !is_undecided(context, task, of) {
        return Err(no_open_matter(of));
    }
    if let CancelledDecision::Replace(with) = decision {
        if is_child {
            return Err(Rejection::Invalid(
                "a child is replaced by adding another; waive it or cancel the parent".to_owned(),
            ));
        }
        let replacement = context.state.task(*with)?;
        if replacement.instruction != task.instruction {
            return Err(Rejection::Invalid(format!("{with} belongs to another instruction")));
        }
        if ends_after(context, replacement, task.id) {
            return Err(Rejection::Invalid(format!("{with} depends on this task itself")));
        }
        if matches!(replacement.state, State::Cancelled { .. }) {
            return Err(Rejection::Invalid(format!("{with} was cancelled itself")));
        }
    }
    let mut events = vec![TaskEvent::CancelledDecided { of, decision: decision.clone() }];
    let goes_on = match decision {
        CancelledDecision::Waive | CancelledDecision::Replace(_) => true,
        CancelledDecision::Cancel => false,
    };
    let held_by_this = task.state.blocker().is_some_and(|b| matches!(b.kind, BlockerKind::DependencyCancelled(_)));
    let is_last = !task.needs.iter().any(|need| *need != of && is_undecided(context, task, *need));
    if goes_on && held_by_this && is_last {
        let next = match task.state.assignee() {
            Some(Assignee::Lead(_)) => AfterBlock::Resume,
            Some(Assignee::Ic(_)) | None => AfterBlock::Release,
        };
        let resolution = "the cancelled dependency was decided on".to_owned();
        events.push(TaskEvent::Resolved { resolution, next });
    }
    Ok(events)
}

/// Whether `of` is a dependency or a child of `task` that was cancelled and that nobody has decided about.
fn is_undecided(context: &Context<'_>, task: &Task, of: TaskId) -> bool {
    let cancelled = context.state.tasks.get(&of).is_some_and(|found| matches!(found.state, State::Cancelled { .. }));
    cancelled && (task.needs.contains(&of) || task.children.contains(&of)) && !task.waived.contains(&of)
}

fn no_open_matter(of: TaskId) -> Rejection {
    Rejection::Invalid(format!("{of} is no cancelled dependency or child that waits for a decision"))
}

/// Whether `task` can only end once `other` has begun: because it is it or a part of it, or by what it and its ancestors
/// need, and by its children.
fn ends_after(context: &Context<'_>, task: &Task, other: TaskId) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![task.id];
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let mut link = context.state.tasks.get(&id);
        open.extend(link.into_iter().flat_map(|found| found.children.iter().copied()));
        while let Some(found) = link {
            if found.id == other {
                return true;
            }
            open.extend(found.needs.iter().copied());
            link = found.parent.and_then(|parent| context.state.tasks.get(&parent));
        }
    }
    false
}
