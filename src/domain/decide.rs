//! Deciding on a command: either the events that it makes happen, or a typed rejection and nothing.
//!
//! `decide` looks only at the state and the command. What follows by itself (the next gate, the parent's review, the end
//! of an instruction) is in [`consequence`](crate::domain::consequence) and happens after the events are part of the
//! state; [`execute`] does both.

mod attempt;
mod block;
mod escalation;
mod instruction;
mod plan;
mod question;
mod review;

pub(in crate::domain) use review::{choose_peer, gate_holder, gates_of};

use crate::domain::command::{Action, Command, TaskAction};
use crate::domain::consequence::consequences;
use crate::domain::event::{Entry, Event, TaskEvent};
use crate::domain::evolve::evolve;
use crate::domain::id::TaskId;
use crate::domain::instruction::State as InstructionState;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Level, Principal, Role};
use crate::domain::state::State;
use crate::domain::task::{State as TaskState, StateName, Task};
use crate::domain::time::Stamp;

/// Decides on a command. Nothing changes yet.
///
/// # Errors
/// A typed refusal when the command is not legal in this state or its principal may not ask for it.
pub fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
    let context = Context { state, at: command.at, principal: &command.principal };
    match &command.action {
        Action::ApplyChart(chart) => instruction::apply_chart(&context, chart),
        Action::Start { program } => Ok(vec![Event::Started { program: program.clone() }]),
        Action::Submit { id, request } => instruction::submit(&context, *id, request),
        Action::Instruction(id, action) => instruction::decide(&context, *id, action),
        Action::Task(id, action) => decide_task(&context, *id, action),
    }
}

/// Decides on a command and makes its events, and all that follows from them, part of the state.
///
/// # Errors
/// As [`decide`]; the state is untouched then.
pub fn execute(state: &mut State, command: &Command) -> Result<Vec<Entry>, Rejection> {
    let decided = decide(state, command)?;
    let mut entries = Vec::with_capacity(decided.len().saturating_add(2));
    for event in decided {
        record(state, &mut entries, command.at, command.principal.clone(), event);
    }
    // Consequences have consequences; each is looked at once, in the order in which it happened.
    let mut looked_at = 0;
    while let Some(entry) = entries.get(looked_at).cloned() {
        looked_at = looked_at.saturating_add(1);
        for event in consequences(state, &entry) {
            record(state, &mut entries, command.at, Principal::system(), event);
        }
    }
    Ok(entries)
}

fn record(state: &mut State, entries: &mut Vec<Entry>, at: Stamp, principal: Principal, event: Event) {
    let entry = Entry { sequence: state.sequence.next(), at, principal, event };
    evolve(state, &entry);
    entries.push(entry);
}

/// What every decision looks at.
struct Context<'a> {
    state: &'a State,
    at: Stamp,
    principal: &'a Principal,
}

/// Who may ask for something about a task, besides whoever holds an escalation of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    /// Whoever has it.
    Assignee,
    /// Whoever reviews it now.
    Reviewer,
    /// The lead of its domain.
    DomainLead,
    /// The tech lead of its department.
    TechLead,
    /// The engineering manager of its department.
    Manager,
    /// A human.
    Person,
    /// The ledger's own consequence, or a clock.
    System,
    /// Whoever holds an open escalation of it: may do what the owner of its state may do.
    Holder,
    /// Whoever is named as the one who can clear its blocker.
    Clearer,
}

impl Context<'_> {
    /// Refuses unless the principal is one of those who may.
    fn allow(&self, task: &Task, action: &'static str, who: &[May]) -> Result<(), Rejection> {
        let principal = self.principal;
        let allowed = who.iter().any(|may| match may {
            May::Assignee => task.state.assignee().is_some_and(|assignee| principal.is(&assignee.role())),
            May::Reviewer => reviewer_of(task).is_some_and(|reviewer| principal.is(reviewer)),
            May::DomainLead => principal.is(&Role::DomainLead(task.domain.clone())),
            May::TechLead => principal.is(&Role::TechLead(task.domain.department())),
            May::Manager => principal.is(&Role::EngineeringManager(task.domain.department())),
            May::Person => principal.is_person(),
            May::System => principal.asker == Asker::System,
            May::Holder => self.holds(task),
            May::Clearer => task.state.blocker().is_some_and(|blocker| self.stands_at(blocker.owner, task)),
        });
        if allowed { Ok(()) } else { Err(Rejection::NotAllowed { who: principal.to_string(), action }) }
    }

    /// Whether the principal holds an escalation of the task.
    fn holds(&self, task: &Task) -> bool {
        match &self.principal.asker {
            _human if self.principal.is_person() => task.is_held_by(&Role::Operator),
            Asker::Role(role) => task.is_held_by(role),
            Asker::Client { .. } | Asker::System => false,
        }
    }

    /// Whether the principal stands at `level` for the task; any human stands at the last one.
    fn stands_at(&self, level: Level, task: &Task) -> bool {
        self.principal.is(&level.role_for(&task.domain)) || (level == Level::Person && self.principal.is_person())
    }

    /// Refuses a change to a task whose instruction does not let anything start.
    fn allow_start(&self, task: &Task) -> Result<(), Rejection> {
        let instruction = self.state.instruction(task.instruction)?;
        if instruction.state != InstructionState::Executing {
            return Err(Rejection::NotExecuting(instruction.id));
        }
        if instruction.paused.is_some() {
            return Err(Rejection::Paused(instruction.id));
        }
        Ok(())
    }
}

/// The refusal of a move that the lifecycle does not have.
fn illegal(task: &Task, action: &TaskAction) -> Rejection {
    Rejection::IllegalMove { state: task.state.name(), action: action.name() }
}

/// Who reviews a task at the moment.
fn reviewer_of(task: &Task) -> Option<&Role> {
    match &task.state {
        TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => Some(reviewer),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

fn decide_task(context: &Context<'_>, id: TaskId, action: &TaskAction) -> Result<Vec<Event>, Rejection> {
    let task = context.state.task(id)?;
    if task.state.is_terminal() {
        return Err(Rejection::TaskFinished { task: id, state: task.state.name() });
    }
    let events = match action {
        TaskAction::BeginPlanning => plan::begin_planning(context, task, action),
        TaskAction::BreakDown { children } => plan::break_down(context, task, action, children),
        TaskAction::Assign { to, explanation } => plan::assign(context, task, action, to, explanation),
        TaskAction::Unassign { reason } => plan::unassign(context, task, action, reason),
        TaskAction::Reassign { to, reason } => plan::reassign(context, task, action, to, reason),
        TaskAction::StartAttempt => attempt::start(context, task, action),
        TaskAction::Heartbeat { epoch, progress } => attempt::heartbeat(context, task, action, *epoch, progress),
        TaskAction::HandIn { epoch, submission } => attempt::hand_in(context, task, action, *epoch, submission),
        TaskAction::FailAttempt { epoch, failure } => attempt::fail(context, task, action, *epoch, failure),
        TaskAction::Block { epoch, blocker } => block::block(context, task, action, *epoch, blocker),
        TaskAction::Escalate { id, to, skipped, reason } => {
            block::escalate(context, task, action, *id, *to, skipped, reason)
        }
        TaskAction::Resolve { resolution, next } => block::resolve(context, task, action, resolution, next),
        TaskAction::DecideCancelled { of, decision } => block::decide_cancelled(context, task, action, *of, decision),
        TaskAction::AssignReviewer { reviewer } => review::assign_reviewer(context, task, action, reviewer),
        TaskAction::Approve { basis } => review::approve(context, task, action, basis),
        TaskAction::PassGate { gate, basis } => review::pass_gate(context, task, action, *gate, basis),
        TaskAction::SkipGate { gate, reason } => review::skip_gate(context, task, action, *gate, reason),
        TaskAction::RequestChanges { findings, children, escalation } => {
            review::request_changes(context, task, action, findings, children, *escalation)
        }
        TaskAction::AcceptHandoff { receiver, version, basis } => {
            review::accept_handoff(context, task, action, review::Package { receiver, version: *version }, basis)
        }
        TaskAction::RejectHandoff { receiver, version, items, children, escalation } => {
            let package = review::Package { receiver, version: *version };
            review::reject_handoff(context, task, action, package, items, children, *escalation)
        }
        TaskAction::Cancel { reason } => cancel(context, task, action, reason),
        TaskAction::AskQuestion { id, epoch, to, text, attempt_waits } => question::ask(
            context,
            task,
            action,
            question::Asked { id: *id, epoch: *epoch, to: *to, text, attempt_waits: *attempt_waits },
        ),
        TaskAction::Answer { question, text } => question::answer(context, task, action, *question, text),
        TaskAction::GrantTime { span, reason } => escalation::grant_time(context, task, action, *span, reason),
        TaskAction::ChangePriority { priority } => escalation::change_priority(context, task, action, *priority),
        TaskAction::ChangeScope { work, reason } => escalation::change_scope(context, task, action, work, reason),
        TaskAction::RaiseEscalation { id, trouble, level } => {
            escalation::raise(context, task, action, *id, *trouble, *level)
        }
        TaskAction::AcknowledgeEscalation { id } => escalation::acknowledge(context, task, action, *id),
        TaskAction::DecideEscalation { id, decision } => escalation::decide(context, task, action, *id, decision),
        TaskAction::CloseEscalation { id } => escalation::close(context, task, action, *id),
    }?;
    Ok(events.into_iter().map(|event| Event::Task(id, event)).collect())
}

fn cancel(context: &Context<'_>, task: &Task, action: &TaskAction, reason: &str) -> Result<Vec<TaskEvent>, Rejection> {
    // A lead who decides about a cancelled child may cancel its parent through `DecideCancelled`, not from here.
    context.allow(task, action.name(), &[May::TechLead, May::Manager, May::Person, May::System])?;
    say_why(reason)?;
    Ok(vec![TaskEvent::Cancelled { reason: reason.to_owned() }])
}

/// Refuses an empty reason: whoever looks later must find one.
fn say_why(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() {
        return Err(Rejection::Invalid("a reason is needed: say why in a few words".to_owned()));
    }
    Ok(())
}

/// Refuses in states other than those given.
fn in_state(task: &Task, action: &TaskAction, states: &[StateName]) -> Result<(), Rejection> {
    if states.contains(&task.state.name()) { Ok(()) } else { Err(illegal(task, action)) }
}
