//! Decisions of the clocks: what is due fires, once and in order; what holds no lease any more is lost.

use super::{Context, aim, attempt};
use crate::domain::alarm::{self, Alarm, InstructionAlarm, OrganisationAlarm};
use crate::domain::assignment::{Choice, choose_for};
use crate::domain::event::{Event, InstructionEvent, Target, TaskEvent};
use crate::domain::id::{EscalationId, IcId, InstructionId, TaskId};
use crate::domain::protocol::digest;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Level, Role};
use crate::domain::schedule;
use crate::domain::sla::{Mark, first_level};
use crate::domain::standup;
use crate::domain::state::{DeadlineOf, State};
use crate::domain::task::{Assignee, Escalation, Failure, FailureClass, State as TaskState, Task, Trouble};
use crate::domain::time::{Millis, Stamp};

/// What the earliest clock that is due makes happen; nothing when none is.
pub(super) fn fire(context: &Context<'_>, id: EscalationId) -> Result<Vec<Event>, Rejection> {
    let first = system_only(context, "fire clocks")?.state.index.armed.clock();
    let Some((_, of)) = first.filter(|(at, _)| *at <= context.at.org) else {
        return Ok(Vec::new());
    };
    Ok(match of {
        DeadlineOf::Organisation => of_organisation(context),
        DeadlineOf::Instruction(instruction) => of_instruction(context, instruction),
        DeadlineOf::Task(task) => of_task(context, task, id),
    })
}

fn system_only<'a>(context: &'a Context<'a>, action: &'static str) -> Result<&'a Context<'a>, Rejection> {
    if context.principal.asker == Asker::System {
        Ok(context)
    } else {
        Err(Rejection::NotAllowed { who: context.principal.to_string(), action })
    }
}

fn of_organisation(context: &Context<'_>) -> Vec<Event> {
    match alarm::of_organisation(context.state) {
        Some((_, OrganisationAlarm::Standup)) => {
            vec![Event::StandupHeld { reports: standup::at_the_top(context.state, context.at) }]
        }
        Some((_, OrganisationAlarm::Digest(role))) => {
            let digest = digest(context.state, &role);
            vec![Event::DigestSent { role, digest }]
        }
        None => Vec::new(),
    }
}

fn of_instruction(context: &Context<'_>, id: InstructionId) -> Vec<Event> {
    let state = context.state;
    let Some(found) = state.instructions.get(&id) else {
        return Vec::new();
    };
    let event = match alarm::of_instruction(state, found) {
        Some((_, InstructionAlarm::Consultation(question))) => InstructionEvent::ConsultationLapsed { question },
        Some((_, InstructionAlarm::Slip)) => schedule::slipped(state, found, context.at.org),
        Some((_, InstructionAlarm::Deadline)) => InstructionEvent::DeadlinePassed,
        Some((_, InstructionAlarm::Reminder)) => {
            let owed = state.instruction_duties(id).first();
            InstructionEvent::Reminded { role: owed.map_or(Role::Operator, |(role, _)| role.clone()) }
        }
        None => return Vec::new(),
    };
    vec![Event::Instruction(id, event)]
}

fn of_task(context: &Context<'_>, id: TaskId, new: EscalationId) -> Vec<Event> {
    let state = context.state;
    let Some((task, (_, alarm))) = state.tasks.get(&id).and_then(|task| Some((task, alarm::of_task(state, task)?)))
    else {
        return Vec::new();
    };
    let events = match alarm {
        Alarm::Mark(mark) => mark_passed(context, task, mark, new),
        Alarm::Stall => {
            let overdue = alarm::overdue(context.at.org, task.clock.evidence);
            let mut events = vec![TaskEvent::Stalled { since: task.clock.evidence }];
            events.extend(raise(context, task, new, Trouble::Stalled, Level::DomainLead, overdue));
            events
        }
        Alarm::Forecast => vec![TaskEvent::ForecastPassed],
        Alarm::Delegation => unacknowledged(context, task, new),
        Alarm::Question(question) => match task.questions.get(&question).and_then(|one| one.to.above()) {
            Some(above) => {
                let (to, _, _) = state.target(task, above);
                let due = context.at.org.plus(super::question::patience(state, to));
                vec![TaskEvent::QuestionClimbed { id: question, to, due }]
            }
            None => vec![TaskEvent::QuestionReminded { id: question }],
        },
        Alarm::Acknowledgement(id) => told(context, task, id),
        Alarm::Escalation(id) => decision_overdue(context, task, id),
        Alarm::Reminder => {
            let role = alarm::judging_person(state, task).unwrap_or(Role::Operator);
            vec![TaskEvent::Reminded { role }]
        }
    };
    events.into_iter().map(|event| Event::Task(id, event)).collect()
}

fn mark_passed(context: &Context<'_>, task: &Task, mark: Mark, new: EscalationId) -> Vec<TaskEvent> {
    let overdue = over_target(context.state, context.at, task);
    let mut events = vec![TaskEvent::ClockFired { mark, overdue }];
    if mark != Mark::Escalation {
        return events;
    }
    if let TaskState::Blocked { blocker, .. } = &task.state {
        let to = aim(context, task, blocker.owner.max(first_level(task.state.name())));
        let reason = "nobody has cleared the blocker in time".to_owned();
        events.push(TaskEvent::Escalated { level: to.level, reason });
        events.push(TaskEvent::EscalationRaised { id: new, trouble: Trouble::Blocked, overdue, to });
    } else {
        events.extend(raise(context, task, new, Trouble::Late, first_level(task.state.name()), overdue));
    }
    events
}

/// One open escalation per task and trouble.
fn raise(
    context: &Context<'_>,
    task: &Task,
    id: EscalationId,
    trouble: Trouble,
    from: Level,
    overdue: Millis,
) -> Option<TaskEvent> {
    let is_open = task.escalation_for(trouble).is_some();
    (!is_open).then(|| TaskEvent::EscalationRaised { id, trouble, overdue, to: aim(context, task, from) })
}

fn unacknowledged(context: &Context<'_>, task: &Task, id: EscalationId) -> Vec<TaskEvent> {
    let Some(delegation) = &task.delegation else {
        return Vec::new();
    };
    let overdue = alarm::overdue(context.at.org, delegation.at.org);
    if !delegation.sent_again {
        return vec![TaskEvent::DelegationSentAgain];
    }
    let from = match &delegation.from {
        Role::DomainLead(_) => Level::DomainLead,
        Role::TechLead(_) => Level::TechLead,
        Role::EngineeringManager(_) | Role::Organisation | Role::Ic(_) | Role::Person(_) | Role::Operator => {
            Level::EngineeringManager
        }
    };
    raise(context, task, id, Trouble::Unacknowledged, from, overdue).into_iter().collect()
}

/// Whoever holds it has not said so: the next level is told, too.
fn told(context: &Context<'_>, task: &Task, id: EscalationId) -> Vec<TaskEvent> {
    let Some(record) = task.escalations.get(&id) else {
        return Vec::new();
    };
    let above = record.level.above().unwrap_or(Level::Person);
    let (_, to, _) = context.state.target(task, above);
    vec![TaskEvent::EscalationTold { id, to }]
}

/// The level that holds it has had its time: the next one holds it now. Nobody is above a person, who is reminded.
fn decision_overdue(context: &Context<'_>, task: &Task, id: EscalationId) -> Vec<TaskEvent> {
    let Some(record) = task.escalations.get(&id) else {
        return Vec::new();
    };
    match record.level.above() {
        None => vec![TaskEvent::EscalationReminded { id }],
        Some(above) => {
            let to = aim(context, task, above);
            climb(context.state, context.at, task, (id, record), to, "no decision in time")
        }
    }
}

/// A record goes to another level; a task that is escalated goes with it.
pub(in crate::domain) fn climb(
    state: &State,
    at: Stamp,
    task: &Task,
    (id, record): (EscalationId, &Escalation),
    to: Target,
    reason: &str,
) -> Vec<TaskEvent> {
    let mut events = Vec::new();
    if record.trouble == Trouble::Blocked && matches!(task.state, TaskState::Escalated { .. }) {
        events.push(TaskEvent::Escalated { level: to.level, reason: reason.to_owned() });
    }
    let overdue = match record.trouble {
        Trouble::Late => over_target(state, at, task),
        Trouble::Stalled => alarm::overdue(at.org, task.clock.evidence),
        Trouble::Unacknowledged | Trouble::Blocked => alarm::overdue(at.org, record.raised.org),
        Trouble::Rounds | Trouble::Handoff => Millis::default(),
    };
    events.push(TaskEvent::EscalationClimbed { id, reason: reason.to_owned(), overdue, to });
    events
}

/// By how much a task is over the target of its state.
fn over_target(state: &State, at: Stamp, task: &Task) -> Millis {
    alarm::due(state, task, Mark::Target).map_or(Millis::default(), |due| alarm::overdue(at.org, due))
}

/// Nobody's silence until now counts.
pub(super) fn excuse_silence(context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    system_only(context, "excuse silence")?;
    Ok(vec![Event::SilenceExcused])
}

/// What comes of the attempt whose lease ran out first, if one's has: it is lost, and another IC has the task where there
/// is one.
pub(super) fn expire(context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = system_only(context, "expire leases")?.state;
    let Some((_, id)) = state.index.armed.lease().filter(|(at, _)| *at <= context.at.wall) else {
        return Ok(Vec::new());
    };
    let Some((task, epoch)) = state.tasks.get(&id).and_then(|task| Some((task, task.running_epoch()?))) else {
        return Ok(Vec::new());
    };
    let failure = Failure {
        class: FailureClass::Lost { restarted: false },
        message: "nothing was heard of it until its lease ran out".to_owned(),
    };
    let mut events = attempt::failed(context, task, epoch, &failure);
    let is_tried_again = !events.iter().any(|event| matches!(event, TaskEvent::Blocked { .. }));
    if is_tried_again && let Some(to) = another(context, task) {
        events.push(TaskEvent::Reassigned { to, reason: "the attempt was lost".to_owned() });
    }
    Ok(events.into_iter().map(|event| Event::Task(id, event)).collect())
}

/// Another IC of the domain who could take a task. The retries bound how often it goes round.
fn another(context: &Context<'_>, task: &Task) -> Option<IcId> {
    let state = context.state;
    let current = task.state.assignee().and_then(Assignee::ic);
    let others = state.chart.ics_of(&task.domain).filter(|ic| Some(&ic.id) != current);
    match choose_for(state, task, others, |ic| state.load(ic).committed) {
        Choice::Ic(ic, _) => Some(ic),
        Choice::NobodyAvailable | Choice::NobodyQualified(_) => None,
    }
}
