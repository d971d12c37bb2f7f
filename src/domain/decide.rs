//! Deciding on a command: either the events that it makes happen, or a typed rejection and nothing.
//!
//! `decide` looks only at the state and the command. What follows by itself (the next gate, the parent's review, the end
//! of an instruction) is in [`consequence`](crate::domain::consequence) and happens after the events are part of the
//! state; [`execute`] does both.

mod affairs;
mod attempt;
mod block;
mod clock;
mod escalation;
mod instruction;
mod plan;
mod question;
mod review;

pub(in crate::domain) use review::{another_peer, choose_peer, gate_holder, gates_of};

pub(in crate::domain) use clock::climb;
pub(in crate::domain) use instruction::PLANS_REFUSED;

use crate::domain::alarm::NEVER;
use crate::domain::command::{Action, Command, TaskAction};
use crate::domain::consequence::consequences;
use crate::domain::event::{Entry, Event, Target, TaskEvent};
use crate::domain::evolve::evolve;
use crate::domain::id::TaskId;
use crate::domain::instruction::State as InstructionState;
use crate::domain::org::PersonRole;
use crate::domain::presence::Right;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Level, Principal, Role};
use crate::domain::sla::decision_limit;
use crate::domain::state::State;
use crate::domain::task::{Escalation, Skipped, State as TaskState, StateName, Task};
use crate::domain::time::Stamp;

/// Decides on a command. Nothing changes yet.
///
/// # Errors
/// A typed refusal when the command is not legal in this state or its principal may not ask for it.
pub fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
    let context = Context { state, at: moment(state, command), principal: &command.principal };
    only_looks(&context, &command.action)?;
    match &command.action {
        Action::ApplyChart(chart) => instruction::apply_chart(&context, chart),
        Action::Start { program, anchor } => affairs::start(&context, program, *anchor),
        Action::Submit { id, request } => instruction::submit(&context, *id, request),
        Action::Instruction(id, action) => instruction::decide(&context, *id, action),
        Action::Task(id, action) => decide_task(&context, *id, action),
        Action::FireClocks { ids } => ids.first().map_or_else(|| Ok(Vec::new()), |id| clock::fire(&context, *id)),
        Action::ExpireLeases { limit: 0 } => Ok(Vec::new()),
        Action::ExpireLeases { .. } => clock::expire(&context),
        Action::ExcuseSilence => clock::excuse_silence(&context),
        Action::SetPresence { role, absence } => affairs::set_presence(&context, role, absence.as_ref()),
        Action::Broadcast { id, notice } => affairs::broadcast(&context, *id, notice),
        Action::ReadBroadcasts { role, ids } => affairs::read(&context, role, ids),
        Action::HoldStandup => affairs::hold_standup(&context),
        Action::NoteCapacity { domain, band, percent } => affairs::note_capacity(&context, domain, *band, *percent),
    }
}

/// Refuses whatever an observer, or a person who is not in the chart any more, asks to be changed, whatever place they
/// once had. What they have read they may say.
fn only_looks(context: &Context<'_>, action: &Action) -> Result<(), Rejection> {
    let Asker::Role(Role::Person(person)) = &context.principal.asker else {
        return Ok(());
    };
    let acts = context.state.chart.people.get(person).is_some_and(|found| found.role > PersonRole::Observer);
    if acts || matches!(action, Action::ReadBroadcasts { .. }) {
        return Ok(());
    }
    Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() })
}

/// Decides on a command and makes its events, and all that follows from them, part of the state.
///
/// # Errors
/// As [`decide`]; the state is untouched then.
pub fn execute(state: &mut State, command: &Command) -> Result<Vec<Entry>, Rejection> {
    let each = |action: Action| Command { at: command.at, principal: command.principal.clone(), action };
    match &command.action {
        // Each clock and lease sees what the one before it did.
        Action::FireClocks { ids } => {
            execute_each(state, ids.iter().map(|id| each(Action::FireClocks { ids: vec![*id] })))
        }
        Action::ExpireLeases { limit } => {
            execute_each(state, (0..*limit).map(|_| each(Action::ExpireLeases { limit: 1 })))
        }
        _single => execute_one(state, command),
    }
}

/// Executes commands until one makes nothing happen.
fn execute_each(state: &mut State, commands: impl Iterator<Item = Command>) -> Result<Vec<Entry>, Rejection> {
    let mut entries = Vec::new();
    for command in commands {
        let mut more = execute_one(state, &command)?;
        if more.is_empty() {
            break;
        }
        entries.append(&mut more);
    }
    Ok(entries)
}

fn execute_one(state: &mut State, command: &Command) -> Result<Vec<Entry>, Rejection> {
    let at = moment(state, command);
    let decided = decide(state, command)?;
    let mut entries = Vec::with_capacity(decided.len().saturating_add(2));
    for event in decided {
        record(state, &mut entries, at, command.principal.clone(), event);
    }
    // Consequences have consequences; each is looked at once, in the order in which it happened.
    let mut looked_at = 0;
    while let Some(entry) = entries.get(looked_at) {
        looked_at = looked_at.saturating_add(1);
        for event in consequences(state, entry) {
            record(state, &mut entries, at, Principal::system(), event);
        }
    }
    Ok(entries)
}

/// When a command takes effect. Commands are stamped by whoever asks and decided on one after the other: one that was
/// overtaken happens when the one before it did, so that organisation time never goes back in the journal.
fn moment(state: &State, command: &Command) -> Stamp {
    Stamp { org: command.at.org.max(state.last.org), wall: command.at.wall }
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
    /// Whoever gives it the go-ahead it stops for.
    GivesGoAhead,
}

impl Context<'_> {
    /// Refuses unless the principal is one of those who may.
    fn allow(&self, task: &Task, action: &'static str, who: &[May]) -> Result<(), Rejection> {
        let principal = self.principal;
        let allowed = who.iter().any(|may| match may {
            May::Assignee => {
                task.state.assignee().is_some_and(|assignee| self.state.speaks_for(principal, &assignee.role()))
            }
            May::Reviewer => reviewer_of(task).is_some_and(|reviewer| self.judges_for(reviewer, task)),
            May::DomainLead => principal.is(&Role::DomainLead(task.domain.clone())),
            May::TechLead => self.is_or_stands_in(Role::TechLead(task.domain.department())),
            May::Manager => self.is_or_stands_in(Role::EngineeringManager(task.domain.department())),
            May::Person => self.is_person_for(task),
            May::System => principal.asker == Asker::System,
            May::Holder => self.holds(task),
            May::GivesGoAhead => principal.is(&self.state.gives_go_ahead(task)),
            May::Clearer => task.state.blocker().is_some_and(|blocker| self.stands_at(blocker.owner, task)),
        });
        if allowed { Ok(()) } else { Err(Rejection::NotAllowed { who: principal.to_string(), action }) }
    }

    /// Whether the principal stands at a place, or in for whoever does.
    fn is_or_stands_in(&self, place: Role) -> bool {
        self.principal.is(&place) || self.principal.is(&self.state.deputy(place))
    }

    /// Whether the principal is a human who may decide for the task's department.
    fn is_person_for(&self, task: &Task) -> bool {
        self.state.may(self.principal, Right::Decide, Some(&task.domain.department()))
    }

    /// Whether the principal judges in the name of a reviewer: it is them, their person, or whoever decides where a person
    /// is asked.
    fn judges_for(&self, reviewer: &Role, task: &Task) -> bool {
        if self.state.speaks_for(self.principal, reviewer) {
            return true;
        }
        let asked = self.state.judge_of(reviewer, task);
        asked != *reviewer && (self.principal.is(&asked) || self.is_person_for(task))
    }

    /// Whether the principal holds an escalation of the task.
    fn holds(&self, task: &Task) -> bool {
        task.escalations.values().any(|record| self.holds_record(record, task))
    }

    /// Whether the principal holds this escalation; what is with a person is with everybody who may decide.
    fn holds_record(&self, record: &Escalation, task: &Task) -> bool {
        match record.level {
            Level::Person => self.is_person_for(task),
            Level::DomainLead | Level::TechLead | Level::EngineeringManager => self.principal.is(&record.holder),
        }
    }

    /// Whether the principal stands at `level` for the task; any human who may decide stands at the last one.
    fn stands_at(&self, level: Level, task: &Task) -> bool {
        match level {
            Level::Person => self.is_person_for(task),
            Level::DomainLead | Level::TechLead | Level::EngineeringManager => {
                self.principal.is(&self.state.place_at(level, task))
            }
        }
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

/// Whom a trouble of a task goes to, from `from` on, and by when they are to act.
fn aim(context: &Context<'_>, task: &Task, from: Level) -> Target {
    let (level, holder, skipped) = context.state.target(task, from);
    target_at(context.state, context.at, task, level, holder, skipped)
}

/// The terms under which an escalation comes to a level.
pub(in crate::domain) fn target_at(
    state: &State,
    at: Stamp,
    task: &Task,
    level: Level,
    holder: Role,
    skipped: Vec<Skipped>,
) -> Target {
    let due = at.org.plus(decision_limit(&state.chart, task, level));
    let acknowledge_by = match level {
        // People are reminded instead.
        Level::Person => NEVER,
        Level::DomainLead | Level::TechLead | Level::EngineeringManager => {
            at.org.plus(state.chart.sla.acknowledge_escalation)
        }
    };
    let in_digest = state.held_by(&holder) >= state.chart.sla.digest_after;
    Target { level, holder, skipped, due, acknowledge_by, in_digest }
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
        TaskAction::Propose { children } => plan::propose(context, task, action, children),
        TaskAction::RefuseProposal { reason } => plan::refuse_proposal(context, task, action, reason),
        TaskAction::GoAhead { reason } => plan::go_ahead(context, task, action, reason),
        TaskAction::AskGoAhead { reason } => plan::ask_go_ahead(context, task, action, reason),
        TaskAction::Assign { to, explanation } => plan::assign(context, task, action, to, explanation),
        TaskAction::Unassign { reason } => plan::unassign(context, task, action, reason),
        TaskAction::Reassign { to, reason } => plan::reassign(context, task, action, to, reason),
        TaskAction::StartAttempt => attempt::start(context, task, action),
        TaskAction::Heartbeat { epoch, progress } => attempt::heartbeat(context, task, action, *epoch, progress),
        TaskAction::HandIn { epoch, submission } => attempt::hand_in(context, task, action, *epoch, submission),
        TaskAction::FailAttempt { epoch, failure } => attempt::fail(context, task, action, *epoch, failure),
        TaskAction::Block { epoch, blocker } => block::block(context, task, action, *epoch, blocker),
        TaskAction::Escalate { id, to, reason } => block::escalate(context, task, action, *id, *to, reason),
        TaskAction::Resolve { resolution, next } => block::resolve(context, task, action, resolution, next),
        TaskAction::DecideCancelled { of, decision } => block::decide_cancelled(context, task, action, *of, decision),
        TaskAction::AssignReviewer { reviewer } => review::assign_reviewer(context, task, action, reviewer),
        TaskAction::Approve { basis } => review::approve(context, task, action, basis),
        TaskAction::PassGate { gate, basis } => review::pass_gate(context, task, action, *gate, basis),
        TaskAction::SkipGate { gate, reason } => review::skip_gate(context, task, action, *gate, reason),
        TaskAction::RequestChanges { findings, children, escalation } => {
            review::request_changes(context, task, action, findings, children, *escalation)
        }
        TaskAction::AcceptHandoff { receiver, version, basis, items } => {
            let package = review::Package { receiver, version: *version };
            review::accept_handoff(context, task, action, package, basis, items.as_deref())
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
        TaskAction::RaiseEscalation { id, trouble, level, reason } => {
            escalation::raise(context, task, action, *id, *trouble, *level, reason)
        }
        TaskAction::AcknowledgeEscalation { id } => escalation::acknowledge(context, task, action, *id),
        TaskAction::DecideEscalation { id, decision } => escalation::decide(context, task, action, *id, decision),
        TaskAction::CloseEscalation { id } => escalation::close(context, task, action, *id),
        TaskAction::WaitForCapacity { until, ahead } => plan::wait_for_capacity(context, task, action, *until, *ahead),
        TaskAction::AcknowledgeDelegation => plan::acknowledge(context, task, action),
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
    not_too_long(&[reason])?;
    if reason.trim().is_empty() {
        return Err(Rejection::Invalid("a reason is needed: say why in a few words".to_owned()));
    }
    Ok(())
}

/// Longest text about a task that somebody may say at once, in bytes: as much as an instruction may have.
const TEXT_LIMIT: usize = 64 * 1024;

/// Refuses texts that are too long together; what is long belongs into a file.
fn not_too_long(texts: &[&str]) -> Result<(), Rejection> {
    let length = texts.iter().fold(0, |sum: usize, text| sum.saturating_add(text.len()));
    if length > TEXT_LIMIT {
        return Err(Rejection::Invalid(format!(
            "what is said has {length} bytes and may have {TEXT_LIMIT}; put what is long into a file and refer to it"
        )));
    }
    Ok(())
}

/// Refuses in states other than those given.
fn in_state(task: &Task, action: &TaskAction, states: &[StateName]) -> Result<(), Rejection> {
    if states.contains(&task.state.name()) { Ok(()) } else { Err(illegal(task, action)) }
}
