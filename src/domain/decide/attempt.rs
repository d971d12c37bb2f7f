//! Decisions about attempts: starting one, hearing from it, and how it ends. An attempt is fenced by its epoch: whatever
//! carries an older one is refused, whatever it says.

use super::{Context, May, illegal, in_state};
use crate::domain::command::TaskAction;
use crate::domain::event::TaskEvent;
use crate::domain::id::Epoch;
use crate::domain::rejection::Rejection;
use crate::domain::review::TaskKind;
use crate::domain::role::{Level, Role};
use crate::domain::task::{Assignee, Attempt, Blocker, BlockerKind, Failure, FailureClass, State, StateName, Task};
use crate::domain::time::WallTime;
use crate::domain::work::{Submission, Tier};

type Decided = Result<Vec<TaskEvent>, Rejection>;

/// Longest note of a progress report, in bytes: it is shown in one line.
const NOTE_LIMIT: usize = 1024;

pub(super) fn start(context: &Context<'_>, task: &Task, action: &TaskAction) -> Decided {
    let ic = match &task.state {
        State::Assigned { assignee: Assignee::Ic(ic) } => ic,
        State::InProgress { assignee: Assignee::Ic(ic), attempt: Attempt::Queued { not_before, .. } } => {
            if context.at.wall < *not_before {
                return Err(Rejection::TooSoon(*not_before));
            }
            ic
        }
        State::Assigned { .. }
        | State::InProgress { .. }
        | State::Pending
        | State::InPlanning
        | State::Blocked { .. }
        | State::Escalated { .. }
        | State::UnderReview { .. }
        | State::DomainReview { .. }
        | State::ReadyForHandoff { .. }
        | State::Completed
        | State::Cancelled { .. } => return Err(illegal(task, action)),
    };
    match task.state.name() {
        StateName::Assigned => context.allow(task, action.name(), &[May::Assignee])?,
        _retry => context.allow(task, action.name(), &[May::Assignee, May::System])?,
    }
    context.allow_start(task)?;
    let waits_for = context.state.unmet(task);
    if !waits_for.is_empty() {
        return Err(Rejection::NotReady { waits_for });
    }
    let Some(known) = context.state.chart.ics.get(ic) else {
        return Err(Rejection::Invalid(format!("there is no IC `{ic}` in the chart")));
    };
    if context.state.load(ic).running >= known.parallel_limit {
        return Err(Rejection::AtLimit { ic: ic.clone(), limit: known.parallel_limit });
    }
    let lease_until = match context.state.person_behind(&Role::Ic(ic.clone())) {
        // People give no signs of life by themselves; the clock of the state is what holds them to it.
        Some(_) => WallTime::from_millis(i64::MAX),
        None => lease(context),
    };
    Ok(vec![TaskEvent::AttemptStarted { epoch: task.epoch.next(), lease_until }])
}

fn lease(context: &Context<'_>) -> WallTime {
    context.at.wall.plus(context.state.chart.policy.lease)
}

/// Refuses unless an attempt with this epoch is at work.
pub(super) fn current(task: &Task, action: &TaskAction, epoch: Epoch) -> Result<(), Rejection> {
    match task.running_epoch() {
        Some(running) if running == epoch => Ok(()),
        // An attempt that is not the last one started is stale wherever the task is by now.
        current if epoch != task.epoch || current.is_some() => Err(Rejection::StaleEpoch { given: epoch, current }),
        _ended => Err(illegal(task, action)),
    }
}

pub(super) fn heartbeat(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    epoch: Epoch,
    progress: &Option<(Option<u8>, String)>,
) -> Decided {
    current(task, action, epoch)?;
    context.allow(task, action.name(), &[May::Assignee])?;
    if let Some((percent, note)) = progress {
        if percent.is_some_and(|percent| percent > 100) {
            return Err(Rejection::Invalid("progress is a percentage from 0 to 100".to_owned()));
        }
        if note.len() > NOTE_LIMIT {
            return Err(Rejection::Invalid(format!("a progress note may have {NOTE_LIMIT} bytes")));
        }
    }
    let lease_until = match &task.state {
        State::InProgress { attempt: Attempt::Running { lease_until, .. }, .. } => lease(context).max(*lease_until),
        _not_running => lease(context),
    };
    Ok(vec![TaskEvent::Heartbeat { lease_until, progress: progress.clone() }])
}

pub(super) fn hand_in(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    epoch: Epoch,
    submission: &Submission,
) -> Decided {
    in_state(task, action, &[StateName::InProgress])?;
    current(task, action, epoch)?;
    context.allow(task, action.name(), &[May::Assignee])?;
    let Some(Assignee::Ic(author)) = task.state.assignee() else {
        return Err(illegal(task, action));
    };
    if task.kind != TaskKind::Tactical {
        return Err(illegal(task, action));
    }
    if let Some(failed) = submission.checks.iter().find(|check| !check.passed) {
        return Err(Rejection::ChecksFailed(format!("{}: {} ({})", failed.path, failed.check, failed.detail)));
    }
    if let Some(unchecked) = task
        .work
        .deliverables
        .iter()
        .find(|deliverable| !submission.checks.iter().any(|check| check.path == deliverable.path))
    {
        return Err(Rejection::ChecksFailed(format!("{} was not checked", unchecked.path)));
    }
    let reviewer = match task.tier {
        Tier::Trivial => None,
        Tier::Simple | Tier::Moderate | Tier::Complex | Tier::Expert => {
            Some(super::review::choose_peer(context.state, task, author))
        }
    };
    Ok(vec![TaskEvent::HandedIn { epoch, submission: submission.clone(), reviewer }])
}

pub(super) fn fail(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    epoch: Epoch,
    failure: &Failure,
) -> Decided {
    in_state(task, action, &[StateName::InProgress])?;
    current(task, action, epoch)?;
    context.allow(task, action.name(), &[May::Assignee, May::System, May::Holder])?;
    Ok(failed(context, task, epoch, failure))
}

/// What comes of an attempt that failed: it is tried again, or the task is blocked.
pub(super) fn failed(context: &Context<'_>, task: &Task, epoch: Epoch, failure: &Failure) -> Vec<TaskEvent> {
    let policy = &context.state.chart.policy;
    let (counts, retry) = match failure.class {
        FailureClass::Permanent => (true, None),
        FailureClass::Quota { reset } => {
            let wait = policy.quota_wait(reset.map(|reset| reset.since(context.at.wall)));
            (false, Some(context.at.wall.plus(wait)))
        }
        FailureClass::Lost { restarted: true } => (false, Some(context.at.wall)),
        FailureClass::Lost { restarted: false } | FailureClass::Transient => {
            let spent = task.retries >= policy.max_retries;
            (true, (!spent).then(|| context.at.wall.plus(policy.backoff(task.retries))))
        }
    };
    let mut events =
        vec![TaskEvent::AttemptFailed { epoch, failure: failure.clone(), retry_not_before: retry, counts }];
    if retry.is_none() {
        let tries = task.retries.saturating_add(1);
        events.push(TaskEvent::Blocked {
            blocker: Blocker {
                kind: BlockerKind::Failed,
                description: match failure.class {
                    FailureClass::Permanent => failure.message.clone(),
                    FailureClass::Transient | FailureClass::Quota { .. } | FailureClass::Lost { .. } => {
                        format!("tried {tries} times, the last time: {}", failure.message)
                    }
                },
                needs: "another IC who can do it, or the cause removed, or a decision to cancel it".to_owned(),
                owner: Level::DomainLead,
            },
        });
    }
    events
}
