//! What each role owes next, derived from the state a thing is in.
//!
//! Because it is derived, a restart derives it again: no message that is lost, and no actor that dies, makes a task be
//! forgotten. The indexes over it are kept by `evolve`, for whatever an event touched; nothing here looks
//! through all tasks.

mod index;
mod waits;

pub(in crate::domain) use self::index::{
    refresh_affairs, refresh_hours, refresh_instruction, refresh_task, reweigh_desk, stir_owners,
};
pub use self::waits::{InstructionWait, instruction_wait, waits_for};

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::alarm::clock_faults;
use crate::domain::id::{BroadcastId, EscalationId, InstructionId, QuestionId, TaskId};
use crate::domain::instruction::{self, HoldKind};
use crate::domain::review::TaskKind;
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, Attempt, BlockerKind, State as TaskState, Task, Trouble};

/// One thing a role owes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Say how much planning and review an instruction gets.
    Triage(InstructionId),
    /// Plan it.
    Plan(InstructionId),
    /// Look at its plan.
    ApprovePlan(InstructionId),
    /// Add what its brief does not say.
    FillBrief(InstructionId),
    /// Answer a question about its plan.
    Consult(InstructionId, QuestionId),
    /// Let it begin.
    Release(InstructionId),
    /// Decide whether it goes before what it competes with, or without what it depends on.
    Arbitrate(InstructionId),
    /// Decide what to do about its delay.
    Replan(InstructionId),
    /// Decide on its end.
    DecideGoNoGo(InstructionId),
    /// A person decides on an end that the facts speak against.
    ResolveNoGo(InstructionId),
    /// Have a strategic task broken down.
    BeginPlanning(TaskId),
    /// Give a milestone that stops for it the go-ahead.
    GoAhead(TaskId),
    /// Break a strategic task down.
    BreakDown(TaskId),
    /// Look at a breakdown that crosses domains.
    ReviewBreakdown(TaskId),
    /// Find somebody for a task.
    Assign(TaskId),
    /// Start the next attempt.
    Start(TaskId),
    /// See the running attempt through.
    Attend(TaskId),
    /// Read a peer's work.
    Review(TaskId),
    /// Name a reviewer in place of one who is gone.
    NameReviewer(TaskId),
    /// Decide at the gate one holds.
    DecideGate(TaskId),
    /// Clear a blocker.
    ClearBlocker(TaskId),
    /// Decide about a cancelled dependency (of a blocked task) or child (of a strategic one).
    DecideCancelled(TaskId),
    /// Accept a package or send it back.
    ReceiveHandoff(TaskId),
    /// Answer a question about a task.
    Answer(TaskId, QuestionId),
    /// Do something about an escalation.
    HoldEscalation(TaskId, EscalationId),
    /// Say that one has what one was given.
    Acknowledge(TaskId),
    /// Read a message to a channel.
    Read(BroadcastId),
}

impl Duty {
    /// The instruction it is about, if it is about one itself and not about a task of it.
    #[must_use]
    pub const fn instruction(&self) -> Option<InstructionId> {
        match self {
            Self::Triage(id)
            | Self::Plan(id)
            | Self::ApprovePlan(id)
            | Self::FillBrief(id)
            | Self::Consult(id, _)
            | Self::Release(id)
            | Self::Arbitrate(id)
            | Self::Replan(id)
            | Self::DecideGoNoGo(id)
            | Self::ResolveNoGo(id) => Some(*id),
            Self::BeginPlanning(_)
            | Self::GoAhead(_)
            | Self::BreakDown(_)
            | Self::ReviewBreakdown(_)
            | Self::Assign(_)
            | Self::Start(_)
            | Self::Attend(_)
            | Self::Review(_)
            | Self::NameReviewer(_)
            | Self::DecideGate(_)
            | Self::ClearBlocker(_)
            | Self::DecideCancelled(_)
            | Self::ReceiveHandoff(_)
            | Self::Answer(..)
            | Self::HoldEscalation(..)
            | Self::Acknowledge(_)
            | Self::Read(_) => None,
        }
    }

    /// Whether somebody may have a worker on it, who is to be stopped when it is owed no more.
    const fn may_be_at_work(&self) -> bool {
        match self {
            Self::Plan(_)
            | Self::Attend(_)
            | Self::Review(_)
            | Self::DecideGate(_)
            | Self::ReceiveHandoff(_)
            | Self::HoldEscalation(..) => true,
            Self::Triage(_)
            | Self::ApprovePlan(_)
            | Self::FillBrief(_)
            | Self::Consult(..)
            | Self::Release(_)
            | Self::Arbitrate(_)
            | Self::Replan(_)
            | Self::DecideGoNoGo(_)
            | Self::ResolveNoGo(_)
            | Self::BeginPlanning(_)
            | Self::GoAhead(_)
            | Self::BreakDown(_)
            | Self::ReviewBreakdown(_)
            | Self::Assign(_)
            | Self::Start(_)
            | Self::NameReviewer(_)
            | Self::ClearBlocker(_)
            | Self::DecideCancelled(_)
            | Self::Answer(..)
            | Self::Acknowledge(_)
            | Self::Read(_) => false,
        }
    }

    /// The task it is about, if it is about one.
    #[must_use]
    pub const fn task(&self) -> Option<TaskId> {
        match self {
            Self::BeginPlanning(task)
            | Self::GoAhead(task)
            | Self::BreakDown(task)
            | Self::ReviewBreakdown(task)
            | Self::Assign(task)
            | Self::Start(task)
            | Self::Attend(task)
            | Self::Review(task)
            | Self::NameReviewer(task)
            | Self::DecideGate(task)
            | Self::ClearBlocker(task)
            | Self::DecideCancelled(task)
            | Self::ReceiveHandoff(task)
            | Self::Answer(task, _)
            | Self::HoldEscalation(task, _)
            | Self::Acknowledge(task) => Some(*task),
            Self::Read(_)
            | Self::Triage(_)
            | Self::Plan(_)
            | Self::ApprovePlan(_)
            | Self::FillBrief(_)
            | Self::Consult(..)
            | Self::Release(_)
            | Self::Arbitrate(_)
            | Self::Replan(_)
            | Self::DecideGoNoGo(_)
            | Self::ResolveNoGo(_) => None,
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Triage(_) => "triage it",
            Self::Plan(_) => "plan it",
            Self::ApprovePlan(_) => "approve its plan",
            Self::FillBrief(_) => "add to its brief",
            Self::Consult(..) => "answer a question about its plan",
            Self::Release(_) => "release it",
            Self::Arbitrate(_) => "decide how it goes on",
            Self::Replan(_) => "decide about its delay",
            Self::DecideGoNoGo(_) => "decide go or no-go",
            Self::ResolveNoGo(_) => "decide what to do after a no-go",
            Self::BeginPlanning(_) => "have it broken down",
            Self::GoAhead(_) => "give the go-ahead",
            Self::BreakDown(_) => "break it down",
            Self::ReviewBreakdown(_) => "look at the breakdown",
            Self::Assign(_) => "assign it",
            Self::Start(_) => "start the next attempt",
            Self::Attend(_) => "see the running attempt through",
            Self::Review(_) => "review it",
            Self::NameReviewer(_) => "name another reviewer",
            Self::DecideGate(_) => "decide at the gate",
            Self::ClearBlocker(_) => "clear the blocker",
            Self::DecideCancelled(_) => "decide about a cancelled task",
            Self::ReceiveHandoff(_) => "accept the handoff or send it back",
            Self::Answer(..) => "answer a question",
            Self::HoldEscalation(..) => "decide an escalation",
            Self::Acknowledge(_) => "say that one has it",
            Self::Read(_) => "read a broadcast",
        })
    }
}

/// Who must act next on a task that is not over, and on what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accountability {
    /// Duties that can be done now.
    pub owes: Vec<(Role, Duty)>,
    /// What holds the task back, if nothing can be done now: each of these is owned in turn.
    pub waits: Option<Wait>,
    /// Who is to say that they have it. That alone moves nothing.
    pub acknowledges: Option<Role>,
}

impl Accountability {
    /// Everything that is owed for the task.
    fn duties(&self, task: TaskId) -> Vec<(Role, Duty)> {
        let acknowledges = self.acknowledges.iter().map(|role| (role.clone(), Duty::Acknowledge(task)));
        self.owes.iter().cloned().chain(acknowledges).collect()
    }
}

/// What holds a task back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Its instruction has not begun.
    Instruction(InstructionId),
    /// Its instruction is paused; a person resumes it.
    Paused(InstructionId),
    /// Dependencies, its own or its ancestors'.
    Dependencies(Vec<TaskId>),
    /// Its children.
    Children(Vec<TaskId>),
}

/// Who must act next on `task`, and on what. A task that is over is nobody's.
#[must_use]
pub fn accountability(state: &State, task: &Task) -> Accountability {
    let mut found = Accountability::default();
    let lead = || Role::DomainLead(task.domain.clone());
    let tech_lead = || Role::TechLead(task.domain.department());
    // New starts are held back as long as the instruction does not run; everything else goes on.
    let held_back = match state.instructions.get(&task.instruction) {
        Some(instruction) if instruction.state != instruction::State::Executing => {
            Some(Wait::Instruction(instruction.id))
        }
        Some(instruction) if instruction.paused.is_some() => Some(Wait::Paused(instruction.id)),
        Some(_) | None => None,
    };
    let start = |ic: &Assignee, found: &mut Accountability| {
        let unmet = state.unmet(task);
        if held_back.is_some() {
            found.waits.clone_from(&held_back);
        } else if unmet.is_empty() {
            found.owes.push((state.who_works_for(&ic.role()), Duty::Start(task.id)));
        } else {
            found.waits = Some(Wait::Dependencies(unmet));
        }
    };
    match &task.state {
        TaskState::Pending if held_back.is_some() => found.waits = held_back,
        TaskState::Pending if task.is_stopped() => {
            let unmet = state.unmet(task);
            if unmet.is_empty() {
                found.owes.push((state.gives_go_ahead(task), Duty::GoAhead(task.id)));
            } else {
                found.waits = Some(Wait::Dependencies(unmet));
            }
        }
        TaskState::Pending if task.kind == TaskKind::Strategic && task.tier.has_strategic_phase() => {
            found.owes.push((state.deputy(tech_lead()), Duty::BeginPlanning(task.id)));
        }
        TaskState::Pending => found.owes.push((lead(), Duty::Assign(task.id))),
        TaskState::InPlanning if !task.proposal.is_empty() => {
            found.owes.push((state.deputy(tech_lead()), Duty::ReviewBreakdown(task.id)));
        }
        TaskState::InPlanning => found.owes.push((lead(), Duty::BreakDown(task.id))),
        TaskState::Assigned { assignee: Assignee::Lead(_) } if state.cancelled_child(task).is_some() => {
            found.owes.push((lead(), Duty::DecideCancelled(task.id)));
        }
        TaskState::Assigned { assignee: Assignee::Lead(_) } => found.waits = Some(open_children(state, task)),
        TaskState::Assigned { assignee: assignee @ Assignee::Ic(_) } => start(assignee, &mut found),
        TaskState::InProgress { assignee, attempt } => match attempt {
            // A dependency that was met may not be so any more: a package that another receiver sent back.
            Attempt::Queued { .. } => start(assignee, &mut found),
            Attempt::Running { .. } => found.owes.push((state.who_works_for(&assignee.role()), Duty::Attend(task.id))),
            Attempt::Children if state.cancelled_child(task).is_some() => {
                found.owes.push((lead(), Duty::DecideCancelled(task.id)));
            }
            Attempt::Children => found.waits = Some(open_children(state, task)),
        },
        TaskState::Blocked { blocker, .. } => match &blocker.kind {
            // The question below is what is owed.
            BlockerKind::Question(_) => {}
            BlockerKind::DependencyCancelled(_) => found.owes.push((tech_lead(), Duty::DecideCancelled(task.id))),
            BlockerKind::Reported(_)
            | BlockerKind::Failed
            | BlockerKind::NobodyQualified
            | BlockerKind::TooManyRounds => {
                found.owes.push((state.place_at(blocker.owner, task), Duty::ClearBlocker(task.id)));
            }
        },
        TaskState::Escalated { level, .. } => {
            let holder = task.escalation_for(Trouble::Blocked).map(|(_, record)| record.holder.clone());
            let holder = holder.unwrap_or_else(|| state.place_at(*level, task));
            found.owes.push((holder, Duty::ClearBlocker(task.id)));
        }
        TaskState::UnderReview { reviewer, .. } => match reviewer {
            _ if task.escalation_for(Trouble::Rounds).is_some() => {}
            gone if !state.has_place(gone) || state.absence(gone).is_some() => {
                found.owes.push((lead(), Duty::NameReviewer(task.id)));
            }
            reviewer => found.owes.push((state.judge_of(reviewer, task), Duty::Review(task.id))),
        },
        TaskState::DomainReview { reviewer, .. } => {
            if task.escalation_for(Trouble::Rounds).is_none() {
                found.owes.push((state.judge_of(reviewer, task), Duty::DecideGate(task.id)));
            }
        }
        TaskState::ReadyForHandoff { accepted, .. } => {
            if task.escalation_for(Trouble::Handoff).is_none() {
                for receiver in state.receivers(task) {
                    if !accepted.contains(&receiver) {
                        let judge = state.judge_of(&Role::DomainLead(receiver), task);
                        found.owes.push((judge, Duty::ReceiveHandoff(task.id)));
                    }
                }
            }
        }
        TaskState::Completed | TaskState::Cancelled { .. } => return found,
    }
    for (id, question) in &task.questions {
        found.owes.push((state.place_at(question.to, task), Duty::Answer(task.id, *id)));
    }
    for (id, escalation) in &task.escalations {
        // Being blocked is owned through the state; what is decided is closed when the task moves on.
        if escalation.trouble != Trouble::Blocked && escalation.decision.is_none() {
            found.owes.push((escalation.holder.clone(), Duty::HoldEscalation(task.id, *id)));
        }
    }
    if let Some(delegation) = task.delegation.as_ref().filter(|one| one.acknowledged.is_none()) {
        found.acknowledges = Some(match &delegation.to {
            ic @ Role::Ic(_) => state.who_works_for(ic),
            lead => lead.clone(),
        });
    }
    if found.owes.is_empty() && found.waits.is_none() {
        // Decided escalations that have not moved the task: whoever decided still holds it.
        if let Some((id, escalation)) = task.escalations.iter().next() {
            found.owes.push((escalation.holder.clone(), Duty::HoldEscalation(task.id, *id)));
        }
    }
    found
}

fn open_children(state: &State, task: &Task) -> Wait {
    Wait::Children(
        task.children
            .iter()
            .copied()
            .filter(|child| state.tasks.get(child).is_some_and(|found| !found.state.is_terminal()))
            .collect(),
    )
}

/// What is owed for an instruction itself.
#[must_use]
fn instruction_duties(state: &State, found: &instruction::Instruction) -> Vec<(Role, Duty)> {
    let manager = || state.deputy(Role::EngineeringManager(found.department.clone()));
    let person = || state.person_for(&found.department);
    match &found.state {
        instruction::State::Received => vec![(manager(), Duty::Triage(found.id))],
        instruction::State::NeedsBrief { .. } => vec![(person(), Duty::FillBrief(found.id))],
        // Nobody begins to plan what is held.
        instruction::State::Triaged if found.paused.is_some() => Vec::new(),
        instruction::State::Triaged => {
            vec![(state.deputy(Role::TechLead(found.department.clone())), Duty::Plan(found.id))]
        }
        instruction::State::Planned => {
            let open = found.consultations.iter().filter(|one| one.end.is_none());
            let mut owed: Vec<(Role, Duty)> =
                open.map(|one| (state.answers(&one.ask.whom), Duty::Consult(found.id, one.ask.id))).collect();
            if !found.is_consulting() {
                owed.push((manager(), Duty::ApprovePlan(found.id)));
            }
            owed
        }
        instruction::State::AwaitingApproval { .. } => vec![(person(), Duty::ApprovePlan(found.id))],
        instruction::State::Queued if found.paused.is_some() => Vec::new(),
        instruction::State::Queued => match found.held.as_ref().map(|hold| hold.kind) {
            // It begins by itself, too, once what it competes with is over before anybody has decided.
            Some(HoldKind::Manager) => {
                vec![(manager(), Duty::Arbitrate(found.id)), (Role::Organisation, Duty::Release(found.id))]
            }
            Some(HoldKind::Person) => {
                vec![(person(), Duty::Arbitrate(found.id)), (Role::Organisation, Duty::Release(found.id))]
            }
            Some(HoldKind::DependencyLost) => vec![(person(), Duty::Arbitrate(found.id))],
            Some(HoldKind::Dependencies | HoldKind::Capacity) | None => {
                vec![(Role::Organisation, Duty::Release(found.id))]
            }
        },
        instruction::State::Executing if found.plan.as_ref().is_some_and(|plan| plan.slipped.is_some()) => {
            vec![(manager(), Duty::Replan(found.id))]
        }
        instruction::State::GoNoGo { no_go } if no_go.is_empty() => vec![(manager(), Duty::DecideGoNoGo(found.id))],
        instruction::State::GoNoGo { .. } => vec![(person(), Duty::ResolveNoGo(found.id))],
        instruction::State::Executing
        | instruction::State::Completed
        | instruction::State::Cancelled { .. }
        | instruction::State::Rejected { .. } => Vec::new(),
    }
}

/// Why a state is not alive: a task that nobody owes anything for, that waits for what nobody will do, or whose clock is
/// not what follows from the state.
///
/// Walks the whole state; for `doctor`, tests and simulation, not for the daemon's daily work.
#[must_use]
pub fn liveness_faults(state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    for task in state.tasks.values().filter(|task| !task.state.is_terminal()) {
        let derived = accountability(state, task);
        if state.accountability(task.id) != Some(&derived) {
            faults.push(format!("{}: the index of duties is not what the state says", task.id));
        }
        let blocked_by_nobody = match &task.state {
            TaskState::Blocked { blocker, .. } | TaskState::Escalated { blocker, .. } => {
                blocker.needs.trim().is_empty()
            }
            TaskState::Pending
            | TaskState::InPlanning
            | TaskState::Assigned { .. }
            | TaskState::InProgress { .. }
            | TaskState::UnderReview { .. }
            | TaskState::DomainReview { .. }
            | TaskState::ReadyForHandoff { .. }
            | TaskState::Completed
            | TaskState::Cancelled { .. } => false,
        };
        if blocked_by_nobody {
            faults.push(format!("{}: blocked, and nothing is named that would clear it", task.id));
        }
        match derived.waits {
            None if derived.owes.is_empty() => {
                faults.push(format!("{} is {} and nobody owes anything for it", task.id, task.state.name()));
            }
            None => {}
            Some(Wait::Instruction(id) | Wait::Paused(id)) if state.instructions.contains_key(&id) => {}
            Some(Wait::Instruction(id) | Wait::Paused(id)) => {
                faults.push(format!("{} waits for instruction {id}, which is over", task.id));
            }
            Some(Wait::Dependencies(tasks) | Wait::Children(tasks)) => {
                let is_open = |id: &TaskId| state.tasks.get(id).is_some_and(|found| !found.state.is_terminal());
                if !tasks.iter().any(is_open) {
                    faults.push(format!("{} waits for tasks that are all over", task.id));
                }
            }
        }
    }
    faults.extend(stuck(state).into_iter().map(|task| format!("{task} waits for what waits for it")));
    faults.append(&mut waits::instruction_faults(state));
    faults.append(&mut clock_faults(state));
    faults
}

/// Open tasks that nothing will ever move, because what they wait for waits for them, however far around.
fn stuck(state: &State) -> BTreeSet<TaskId> {
    let open = |id: &TaskId| state.tasks.get(id).is_some_and(|found| !found.state.is_terminal());
    let mut left: BTreeSet<TaskId> = state.tasks.keys().copied().filter(open).collect();
    loop {
        let moving = |id: &TaskId| match state.accountability(*id) {
            Some(Accountability { owes, waits: Some(Wait::Dependencies(tasks) | Wait::Children(tasks)), .. }) => {
                !owes.is_empty() || !tasks.iter().any(|task| left.contains(task))
            }
            Some(Accountability { waits: Some(Wait::Instruction(_) | Wait::Paused(_)) | None, .. }) | None => true,
        };
        let still: BTreeSet<TaskId> = left.iter().copied().filter(|id| !moving(id)).collect();
        if still.len() == left.len() {
            return left;
        }
        left = still;
    }
}

/// The level above whoever reviews at the moment: where it goes when rounds are spent.
#[must_use]
pub(super) fn level_above_reviewer(reviewer: &Role) -> Level {
    match reviewer {
        Role::Ic(_) => Level::DomainLead,
        Role::DomainLead(_) => Level::TechLead,
        Role::TechLead(_) => Level::EngineeringManager,
        Role::EngineeringManager(_) | Role::Organisation | Role::Person(_) | Role::Operator => Level::Person,
    }
}
