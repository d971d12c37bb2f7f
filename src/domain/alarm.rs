//! Alarms: when the clocks of a task, an instruction and the organisation fire next, and why a clock stands still.
//!
//! Deadlines are derived from state and from nothing else, so a restart finds them again: each is a point that was fixed
//! when what it belongs to began, moved on by grants and by the times at which the clock stood still. What has fired is in
//! the state, too, so nothing fires twice.

use std::collections::BTreeSet;

use crate::domain::id::{EscalationId, QuestionId};
use crate::domain::instruction::{self, HoldKind, Instruction, Planned};
use crate::domain::risk::RiskBand;
use crate::domain::role::Role;
use crate::domain::sla::{Mark, limits};
use crate::domain::state::{DeadlineOf, State};
use crate::domain::task::{Assignee, Attempt, Checkpoint, Pause, State as TaskState, Task};
use crate::domain::time::{Millis, OrgTime};

/// What fires. Of two that are due at the same time, the first in this list goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Alarm {
    /// A limit of the state is passed.
    Mark(Mark),
    /// Nothing has been heard of the attempt that runs.
    Stall,
    /// Capacity has not freed up as forecast.
    Forecast,
    /// Whoever was given the task has not said that they have it.
    Delegation,
    /// A question is not answered.
    Question(QuestionId),
    /// Whoever holds an escalation has not said that they have it.
    Acknowledgement(EscalationId),
    /// Whoever holds an escalation has not moved the task.
    Escalation(EscalationId),
    /// A person whom the task waits for is reminded.
    Reminder,
}

/// What fires for an instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum InstructionAlarm {
    /// A question about its plan is not answered.
    Consultation(QuestionId),
    /// It takes longer than it was expected to.
    Slip,
    /// It should be done by now.
    Deadline,
    /// The person it waits for is reminded.
    Reminder,
}

/// What fires for the organisation as a whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OrganisationAlarm {
    /// Everybody reports.
    Standup,
    /// A manager gets their summary.
    Digest(Role),
}

/// What of a task fires next, and when; nothing once it is over, or while its instruction is paused.
#[must_use]
pub fn of_task(state: &State, task: &Task) -> Option<(OrgTime, Alarm)> {
    if task.state.is_terminal() || stands_still_with_instruction(state, task) {
        return None;
    }
    let mut next: Option<(OrgTime, Alarm)> = None;
    let mut offer = |at: OrgTime, alarm: Alarm| {
        if next.is_none_or(|earliest| (at, alarm) < earliest) {
            next = Some((at, alarm));
        }
    };
    if task.clock.stopped.is_none() {
        if let Some((at, mark)) = next_mark(state, task) {
            offer(at, Alarm::Mark(mark));
        }
        if is_watched(state, task) && !task.clock.stalled {
            offer(task.clock.evidence.plus(state.chart.sla.heartbeat), Alarm::Stall);
        }
    }
    if let (Some((Pause::Capacity, _)), Some(until)) = (task.clock.stopped, task.clock.forecast) {
        offer(until, Alarm::Forecast);
    }
    if let Some(delegation) = task.delegation.as_ref().filter(|one| one.acknowledged.is_none()) {
        offer(delegation.acknowledge_by, Alarm::Delegation);
    }
    for (id, question) in &task.questions {
        offer(question.due, Alarm::Question(*id));
    }
    for (id, escalation) in &task.escalations {
        if escalation.acknowledged.is_none() && escalation.told.is_none() {
            offer(escalation.acknowledge_by, Alarm::Acknowledgement(*id));
        }
        offer(escalation.due, Alarm::Escalation(*id));
    }
    if judging_person(state, task).is_some() {
        // Only with its whole instruction does the clock of a review stand still.
        let from = task.clock.reminded.unwrap_or_else(|| task.entered.org.plus(task.clock.stood_still));
        offer(from.plus(state.chart.sla.remind), Alarm::Reminder);
    }
    next.filter(|(at, _)| *at < NEVER)
}

/// A time that does not come: for what has fired for good.
pub const NEVER: OrgTime = OrgTime::from_millis(i64::MAX);

/// When a limit of the state a task is in is passed, as things are; `None` where no state clock runs.
#[must_use]
pub fn due(state: &State, task: &Task, mark: Mark) -> Option<OrgTime> {
    Some(due_by(task, limits(state, task)?.of(mark)))
}

fn due_by(task: &Task, limit: Millis) -> OrgTime {
    task.entered.org.plus(limit).plus(task.granted).plus(task.clock.stood_still)
}

fn next_mark(state: &State, task: &Task) -> Option<(OrgTime, Mark)> {
    let limits = limits(state, task)?;
    Mark::ALL
        .into_iter()
        .filter(|mark| !task.clock.fired.contains(mark))
        .map(|mark| (due_by(task, limits.of(mark)), mark))
        .min()
}

/// Whether silence of the attempt that runs means something: a program's, which gives signs of life by itself.
fn is_watched(state: &State, task: &Task) -> bool {
    match &task.state {
        TaskState::InProgress { assignee, attempt: Attempt::Running { .. } } => {
            state.person_behind(&assignee.role()).is_none()
        }
        TaskState::InProgress { attempt: Attempt::Queued { .. } | Attempt::Children, .. }
        | TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => false,
    }
}

/// The person whose judgement a task waits for, if it waits for one.
pub(super) fn judging_person(state: &State, task: &Task) -> Option<Role> {
    let judges: Vec<Role> = match &task.state {
        TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => {
            vec![state.judge_of(reviewer, task)]
        }
        TaskState::ReadyForHandoff { accepted, .. } => state
            .receivers(task)
            .into_iter()
            .filter(|receiver| !accepted.contains(receiver))
            .map(|receiver| state.judge_of(&Role::DomainLead(receiver), task))
            .collect(),
        TaskState::Pending if task.is_stopped() && state.is_ready(task) => vec![state.gives_go_ahead(task)],
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => Vec::new(),
    };
    judges.into_iter().find(|judge| matches!(judge, Role::Person(_) | Role::Operator))
}

fn stands_still_with_instruction(state: &State, task: &Task) -> bool {
    state.instructions.get(&task.instruction).is_none_or(|found| found.paused.is_some())
}

/// What of an instruction fires next, and when; nothing once it is over, or while it is paused.
#[must_use]
pub fn of_instruction(state: &State, found: &Instruction) -> Option<(OrgTime, InstructionAlarm)> {
    if found.state.name().is_terminal() || found.paused.is_some() {
        return None;
    }
    let waits_for_person = match &found.state {
        instruction::State::GoNoGo { no_go } => !no_go.is_empty(),
        instruction::State::NeedsBrief { .. } | instruction::State::AwaitingApproval { .. } => true,
        instruction::State::Queued => {
            found.held.as_ref().is_some_and(|hold| matches!(hold.kind, HoldKind::Person | HoldKind::DependencyLost))
        }
        instruction::State::Received
        | instruction::State::Triaged
        | instruction::State::Planned
        | instruction::State::Executing
        | instruction::State::Completed
        | instruction::State::Cancelled { .. }
        | instruction::State::Rejected { .. } => false,
    };
    let reminder = waits_for_person.then(|| {
        let from = found.reminded.unwrap_or(found.entered.org);
        (from.plus(state.chart.sla.remind), InstructionAlarm::Reminder)
    });
    let is_planned = matches!(found.state, instruction::State::Planned);
    let unanswered = found.consultations.iter().filter(|one| is_planned && one.end.is_none());
    let lapse = unanswered.map(|one| (one.due, InstructionAlarm::Consultation(one.ask.id))).min();
    let deadline = found.deadline.filter(|_| !found.overdue).map(|at| (at, InstructionAlarm::Deadline));
    let slip = slips_at(found).map(|at| (at, InstructionAlarm::Slip));
    [reminder, lapse, deadline, slip].into_iter().flatten().min().filter(|(at, _)| *at < NEVER)
}

/// A slip of more than this share of what was expected, in percent, goes to the manager.
pub const SLIP_PERCENT: i64 = 20;

/// The same for a plan whose risk calls for a closer look.
pub const SLIP_PERCENT_MONITORED: i64 = 10;

/// By how much what a plan takes may be more than expected, in percent, before the manager is asked.
#[must_use]
pub fn slip_percent(plan: &Planned) -> i64 {
    if plan.risk.band() >= RiskBand::Monitor { SLIP_PERCENT_MONITORED } else { SLIP_PERCENT }
}

/// When an instruction that runs will have taken so much longer than expected that the manager is asked.
fn slips_at(found: &Instruction) -> Option<OrgTime> {
    let plan = found.plan.as_ref().filter(|plan| plan.slipped.is_none())?;
    let baseline = plan.baseline.filter(|_| found.state == instruction::State::Executing)?;
    let longest = baseline.span.0.saturating_mul(100_i64.saturating_add(slip_percent(plan))).checked_div(100)?;
    Some(baseline.from.plus(Millis(longest.saturating_add(1))))
}

/// What of the organisation fires next, and when.
#[must_use]
pub fn of_organisation(state: &State) -> Option<(OrgTime, OrganisationAlarm)> {
    let standup = state.next_standup.map(|at| (at, OrganisationAlarm::Standup));
    // Whoever holds few again gets each by itself; an hour between two summaries is kept all the same.
    let holds_many = |role: &Role| state.held_by(role) > state.chart.sla.digest_after;
    let digests = state.digests.iter().filter(|(role, _)| holds_many(role));
    let digest = digests.map(|(role, at)| (*at, OrganisationAlarm::Digest(role.clone()))).min();
    standup.into_iter().chain(digest).min()
}

/// Why the clock of a task's state stands still as things are, if it does. Only `PENDING`, `ASSIGNED` and `IN_PROGRESS` can
/// wait for something that has no clock of its own, and everything of a paused instruction.
#[must_use]
pub fn pause(state: &State, task: &Task) -> Option<Pause> {
    let instruction = state.instructions.get(&task.instruction)?;
    if instruction.paused.is_some() {
        return Some(Pause::Instruction);
    }
    match &task.state {
        TaskState::Pending if instruction.state != instruction::State::Executing => Some(Pause::Instruction),
        TaskState::Pending if task.is_stopped() && !state.is_ready(task) => Some(Pause::Dependencies),
        // Whoever was asked is reminded; nothing else can be done about it.
        TaskState::Pending if task.checkpoint == Some(Checkpoint::AsksPerson) => Some(Pause::Question),
        TaskState::Pending => task.clock.forecast.map(|_| Pause::Capacity),
        TaskState::Assigned { .. } if !state.is_ready(task) => Some(Pause::Dependencies),
        TaskState::Assigned { assignee } => is_behind(state, task, assignee).then_some(Pause::ParallelLimit),
        TaskState::InProgress { .. } if !task.questions.is_empty() => Some(Pause::Question),
        TaskState::InProgress { attempt: Attempt::Queued { quota: true, .. }, .. } => Some(Pause::Quota),
        TaskState::InProgress { .. }
        | TaskState::InPlanning
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

/// Whether the IC who has a task is at work, up to their limit, on what is as urgent or more so.
fn is_behind(state: &State, task: &Task, assignee: &Assignee) -> bool {
    let Some(ic) = assignee.ic().and_then(|ic| state.chart.ics.get(ic)) else {
        return false;
    };
    if state.load(&ic.id).running < ic.parallel_limit {
        return false;
    }
    let running = state.index.running.get(&ic.id).into_iter().flatten();
    let urgent = running.filter_map(|id| state.tasks.get(id)).filter(|other| other.priority >= task.priority).count();
    u32::try_from(urgent).unwrap_or(u32::MAX) >= ic.parallel_limit
}

/// By how much `due` is over at `now`.
#[must_use]
pub fn overdue(now: OrgTime, due: OrgTime) -> Millis {
    Millis(now.since(due).0.max(0))
}

/// Where the clocks of a state are not what follows from it: one that is armed for another time than it should be, or
/// that stands still or runs although it should not.
///
/// Walks the whole state; for `doctor`, tests and simulation, not for the daemon's daily work.
///
/// ```
/// use echelon::domain::alarm::clock_faults;
/// use echelon::domain::state::State;
///
/// assert_eq!(clock_faults(&State::default()), Vec::<String>::new());
/// ```
#[must_use]
pub fn clock_faults(state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expected = BTreeSet::new();
    for task in state.tasks.values() {
        if let Some((at, _)) = of_task(state, task) {
            expected.insert((at, DeadlineOf::Task(task.id)));
        }
        let (stopped, should) = (task.clock.stopped.map(|(why, _)| why), pause(state, task));
        if stopped != should && !task.state.is_terminal() {
            let say = |why: Option<Pause>| why.map_or_else(|| "runs".to_owned(), |why| format!("stands still: {why}"));
            faults.push(format!("{}: its clock {}, and should be: {}", task.id, say(stopped), say(should)));
        }
    }
    for found in state.instructions.values() {
        expected.extend(of_instruction(state, found).map(|(at, _)| (at, DeadlineOf::Instruction(found.id))));
    }
    expected.extend(of_organisation(state).map(|(at, _)| (at, DeadlineOf::Organisation)));
    let armed: BTreeSet<_> = state.index.armed.clocks().collect();
    for (at, of) in armed.difference(&expected) {
        faults.push(format!("{of:?}: a clock is armed for {at} that nothing asks for"));
    }
    for (at, of) in expected.difference(&armed) {
        faults.push(format!("{of:?}: the clock that is due at {at} is not armed"));
    }
    faults
}
