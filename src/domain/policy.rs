//! How places in the organisation decide when nobody has given them a worker for judgement: deterministically, from the
//! state, and with reasons.
//!
//! [`moves`] answers what a role does about everything it owes. It never changes anything: the moves are commands, which
//! the ledger decides on, and orders for workers, which the role's actor carries out.

mod blockers;
mod escalations;
mod forecast;
mod options;

pub use self::options::{Choosable, options};

use crate::domain::assignment::{Choice, choose_for};
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::handoff::whole_child;
use crate::domain::id::{BroadcastId, DomainId, Epoch, EscalationId, IcId, InstructionId, Round, TaskId, WorkerId};
use crate::domain::instruction::Instruction;
use crate::domain::org::WorkerKind;
use crate::domain::plan;
use crate::domain::reaction::Duty;
use crate::domain::review::{Basis, Gate, TaskKind};
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, Attempt, Blocker, BlockerKind, State as TaskState, Task};
use crate::domain::time::{Effort, Stamp, WallTime};
use std::collections::BTreeMap;

/// What a role does about one thing it owes.
#[derive(Clone, PartialEq, Debug)]
pub enum Move {
    /// Ask the ledger for this.
    Commit(Action),
    /// Start the next attempt of this task.
    Start(TaskId),
    /// Start the next attempt of this task, but not before then.
    StartLater(TaskId, WallTime),
    /// See the running attempt of this task through.
    Attend(TaskId, Epoch),
    /// Have a worker review this.
    Review(ReviewOrder),
}

/// An order to have work reviewed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ReviewOrder {
    /// Whose work.
    pub task: TaskId,
    /// Which round.
    pub round: Round,
    /// At which gate; `None` is the peer review.
    pub gate: Option<Gate>,
    /// By which worker.
    pub worker: WorkerId,
}

/// New ids, made outside of the core.
pub trait Ids {
    /// The id of a new task.
    fn task(&mut self) -> TaskId;
    /// The id of a new escalation.
    fn escalation(&mut self) -> EscalationId;
}

/// What `role` does about everything it owes, in the order in which it should.
pub fn moves(state: &State, role: &Role, at: Stamp, ids: &mut dyn Ids) -> Vec<Move> {
    let mut turn = Turn {
        state,
        role,
        at,
        ids,
        given: BTreeMap::new(),
        waiting: Effort::default(),
        room: room_of(state, role),
        unread: Vec::new(),
        moves: Vec::new(),
    };
    let mut duties: Vec<Duty> = state.owed_by(role).collect();
    if state.absence(role).is_some() {
        // Nobody is there to decide; what runs is seen through.
        duties.retain(|duty| matches!(duty, Duty::Attend(_)));
    }
    // The most urgent first; among equals, in the order in which they were planned.
    duties.sort_by_key(|duty| {
        let priority = duty.task().and_then(|id| state.tasks.get(&id)).map(|task| task.priority);
        (std::cmp::Reverse(priority), *duty)
    });
    for duty in duties {
        turn.take(duty);
    }
    if !turn.unread.is_empty() {
        turn.moves.push(Move::Commit(Action::ReadBroadcasts { role: role.clone(), ids: turn.unread }));
    }
    turn.moves
}

/// How many more attempts a role may start.
fn room_of(state: &State, role: &Role) -> u32 {
    match role {
        Role::Ic(ic) => {
            let limit = state.chart.ics.get(ic).map_or(0, |found| found.parallel_limit);
            limit.saturating_sub(state.load(ic).running)
        }
        Role::Organisation
        | Role::EngineeringManager(_)
        | Role::TechLead(_)
        | Role::DomainLead(_)
        | Role::Person(_)
        | Role::Operator => 0,
    }
}

/// One turn of one role.
struct Turn<'a> {
    state: &'a State,
    role: &'a Role,
    at: Stamp,
    ids: &'a mut dyn Ids,
    /// Hours given out in this turn, which the state does not know yet.
    given: BTreeMap<IcId, Effort>,
    /// Hours of work that nobody has time for, before what is looked at now.
    waiting: Effort,
    /// How many more attempts may start.
    room: u32,
    /// Messages that are read in this turn.
    unread: Vec<BroadcastId>,
    moves: Vec<Move>,
}

impl Turn<'_> {
    fn commit(&mut self, task: TaskId, action: TaskAction) {
        self.moves.push(Move::Commit(Action::Task(task, action)));
    }

    fn instruct(&mut self, instruction: InstructionId, action: InstructionAction) {
        self.moves.push(Move::Commit(Action::Instruction(instruction, action)));
    }

    fn take(&mut self, duty: Duty) {
        match duty {
            Duty::Triage(id) | Duty::Plan(id) | Duty::ApprovePlan(id) | Duty::Release(id) | Duty::DecideGoNoGo(id) => {
                if let Some(found) = self.state.instructions.get(&id) {
                    self.take_instruction(duty, found);
                }
            }
            Duty::BeginPlanning(id)
            | Duty::BreakDown(id)
            | Duty::Assign(id)
            | Duty::Start(id)
            | Duty::Attend(id)
            | Duty::Review(id)
            | Duty::NameReviewer(id)
            | Duty::DecideGate(id)
            | Duty::ClearBlocker(id)
            | Duty::DecideCancelled(id)
            | Duty::ReceiveHandoff(id)
            | Duty::Acknowledge(id)
            | Duty::HoldEscalation(id, _) => {
                if let Some(task) = self.state.tasks.get(&id) {
                    self.take_task(duty, task);
                }
            }
            Duty::Read(id) => self.unread.push(id),
            // These wait for a human; no policy stands in for one.
            Duty::ResolveNoGo(_) | Duty::Answer(..) => {}
        }
    }

    fn take_instruction(&mut self, duty: Duty, found: &Instruction) {
        match duty {
            Duty::Triage(_) => {
                let action = triage(self.state, found);
                self.instruct(found.id, action);
            }
            Duty::Plan(_) => {
                let action = plan_it(self.state, found, self.ids);
                self.instruct(found.id, action);
            }
            Duty::ApprovePlan(_) => self.instruct(found.id, InstructionAction::ApprovePlan),
            Duty::Release(_) => self.instruct(found.id, InstructionAction::Release),
            Duty::DecideGoNoGo(_) => self.instruct(found.id, InstructionAction::DecideGoNoGo),
            _about_tasks => {}
        }
    }

    fn take_task(&mut self, duty: Duty, task: &Task) {
        match duty {
            Duty::BeginPlanning(_) => self.commit(task.id, TaskAction::BeginPlanning),
            Duty::BreakDown(_) => self.break_down(task),
            Duty::Assign(_) => self.assign(task),
            Duty::Start(_) => match &task.state {
                TaskState::InProgress { attempt: Attempt::Queued { not_before, .. }, .. }
                    if *not_before > self.at.wall =>
                {
                    self.moves.push(Move::StartLater(task.id, *not_before))
                }
                _startable => {
                    // What starts needs no other sign that it has arrived.
                    self.moves.push(Move::Start(task.id));
                    if self.room == 0 {
                        self.acknowledge(task);
                    }
                    self.room = self.room.saturating_sub(1);
                }
            },
            Duty::Acknowledge(_) => {
                let starts = matches!(&task.state, TaskState::Assigned { .. }) && self.state.is_ready(task);
                let is_assigned = matches!(&task.state, TaskState::Pending | TaskState::InPlanning);
                if !starts && !is_assigned {
                    self.acknowledge(task);
                }
            }
            Duty::Attend(_) => self.moves.push(Move::Attend(task.id, task.epoch)),
            Duty::Review(_) | Duty::DecideGate(_) => self.review(task),
            Duty::NameReviewer(_) => self.name_reviewer(task),
            Duty::ReceiveHandoff(_) => self.receive(task),
            Duty::ClearBlocker(_) => self.clear_blocker(task),
            Duty::DecideCancelled(_) => self.decide_cancelled(task),
            Duty::HoldEscalation(_, id) => self.hold(task, id),
            _about_instructions => {}
        }
    }

    /// A lead without a planner takes a milestone as one piece of work.
    fn break_down(&mut self, task: &Task) {
        let child = whole_child(task, self.ids.task());
        self.commit(task.id, TaskAction::BreakDown { children: vec![child] });
    }

    /// Chooses among the ICs of `domains`, counting what was given out in this turn.
    fn choose<'b>(&self, task: &Task, ics: impl Iterator<Item = &'b crate::domain::org::Ic>) -> Choice {
        choose_for(self.state, task, ics, |ic| self.given_to(ic))
    }

    /// Hours given to an IC in this turn.
    fn given_to(&self, ic: &IcId) -> Effort {
        self.given.get(ic).copied().unwrap_or_default()
    }

    fn give(&mut self, ic: &IcId, effort: Effort) {
        let given = self.given.entry(ic.clone()).or_default();
        *given = given.plus(effort);
    }

    fn assign(&mut self, task: &Task) {
        match self.choose(task, self.state.chart.ics_of(&task.domain)) {
            Choice::Ic(ic, explanation) => {
                self.give(&ic, task.work.effort);
                self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(ic), explanation });
            }
            // It is looked at again as soon as somebody of the domain has more room.
            Choice::NobodyAvailable => self.wait_for_capacity(task),
            Choice::NobodyQualified(_) => {
                let blocker = Blocker {
                    kind: BlockerKind::NobodyQualified,
                    description: format!("nobody in {} is qualified for it", task.domain),
                    needs: format!("somebody with {}, from another domain or new to the chart", skills_of(task)),
                    owner: Level::TechLead,
                };
                self.commit(task.id, TaskAction::Block { epoch: None, blocker });
            }
        }
    }

    /// Whoever was given something and does nothing else about it in this turn says that they have it.
    fn acknowledge(&mut self, task: &Task) {
        if task.delegation.as_ref().is_some_and(|one| one.acknowledged.is_none()) {
            self.commit(task.id, TaskAction::AcknowledgeDelegation);
        }
    }

    /// Has the role's worker review, if it has one that can; otherwise the machine checks speak, and it says so.
    fn review(&mut self, task: &Task) {
        if self.order_review(task) {
            return;
        }
        let basis = Basis::MachineChecks { checks: checks_that_hold(self.state, task) };
        let action = match gate_of(task) {
            None => TaskAction::Approve { basis },
            Some(gate) => TaskAction::PassGate { gate, basis },
        };
        self.commit(task.id, action);
    }

    /// Has the role's worker review, if it has one that can.
    fn order_review(&mut self, task: &Task) -> bool {
        let Some(worker) = reviewing_worker(self.state, self.role) else {
            return false;
        };
        let order = ReviewOrder { task: task.id, round: task.round, gate: gate_of(task), worker };
        self.moves.push(Move::Review(order));
        true
    }

    fn name_reviewer(&mut self, task: &Task) {
        if let Some(author) = task.state.assignee().and_then(Assignee::ic) {
            let reviewer = crate::domain::decide::choose_peer(self.state, task, author);
            self.commit(task.id, TaskAction::AssignReviewer { reviewer });
        }
    }

    /// A lead accepts a package whose artefacts pass their machine checks. Where a person judges for the lead, the package
    /// waits in that person's inbox.
    fn receive(&mut self, task: &Task) {
        if self.state.who_works_for(self.role) != *self.role {
            return;
        }
        if let Role::DomainLead(receiver) = self.role {
            self.accept_for(task, receiver);
        }
    }

    /// Accepts a package on its machine checks, for a domain that waits for it.
    fn accept_for(&mut self, task: &Task, receiver: &DomainId) {
        if let TaskState::ReadyForHandoff { version, .. } = &task.state {
            let basis = Basis::MachineChecks { checks: checks_that_hold(self.state, task) };
            let action =
                TaskAction::AcceptHandoff { receiver: receiver.clone(), version: *version, basis, items: None };
            self.commit(task.id, action);
        }
    }
}

/// The gate a task stands at; none where a peer reads it.
const fn gate_of(task: &Task) -> Option<Gate> {
    match &task.state {
        TaskState::DomainReview { gate, .. } => Some(*gate),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

fn skills_of(task: &Task) -> String {
    let names: Vec<&str> = task.work.skills.iter().map(crate::domain::id::Skill::as_str).collect();
    if names.is_empty() { "the time for it".to_owned() } else { names.join(", ") }
}

/// The worker by which a role reviews, if it has one that can.
fn reviewing_worker(state: &State, role: &Role) -> Option<WorkerId> {
    let worker = match role {
        Role::Ic(ic) => Some(&state.chart.ics.get(ic)?.worker),
        Role::DomainLead(domain) => state.chart.domains.get(domain)?.lead_worker.as_ref(),
        Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_) | Role::Person(_) | Role::Operator => None,
    }?;
    let worker = state.chart.workers.get(worker).filter(|found| found.reviews)?;
    // A person reviews when they like, from their inbox.
    (!matches!(worker.kind, WorkerKind::Human { .. })).then(|| worker.id.clone())
}

/// Machine checks that hold for a task: its own, or its completed children's.
fn checks_that_hold(state: &State, task: &Task) -> u32 {
    let of = |task: &Task| {
        task.submission
            .as_ref()
            .map_or(0, |handed| handed.submission.checks.iter().filter(|check| check.passed).count())
    };
    let sum = match task.kind {
        TaskKind::Tactical => of(task),
        TaskKind::Strategic => task.children.iter().filter_map(|id| state.tasks.get(id)).map(of).sum(),
    };
    u32::try_from(sum).unwrap_or(u32::MAX)
}

/// The tier that was given, or the workflow's, or the organisation's own; and why.
fn triage(state: &State, found: &Instruction) -> InstructionAction {
    let default = state.chart.departments.get(&found.department).and_then(|one| one.default_work_type.as_ref());
    let Some(work_type) = found.request.work_type.as_ref().or(default) else {
        return InstructionAction::Reject {
            reason: format!("department `{}` has no default work type any more; submit it with one", found.department),
        };
    };
    let mut reasons = vec![match &found.request.work_type {
        Some(_) => format!("work type {work_type} was given"),
        None => format!("work type {work_type} is the default of department {}", found.department),
    }];
    let Some(workflow) = state.chart.workflows.get(work_type).filter(|one| one.department == found.department) else {
        return InstructionAction::Reject {
            reason: format!("department `{}` has no workflow for `{work_type}` any more", found.department),
        };
    };
    let tier = match (found.request.tier, workflow.tier) {
        (Some(tier), _) => {
            reasons.push(format!("tier {tier} was given"));
            tier
        }
        (None, Some(tier)) => {
            reasons.push(format!("tier {tier} is what workflow {work_type} asks for"));
            tier
        }
        (None, None) => {
            let tier = state.chart.policy.default_tier;
            reasons.push(format!(
                "tier {tier} is the organisation's own, as neither the workflow nor the instruction has one"
            ));
            tier
        }
    };
    InstructionAction::Triage { tier, work_type: work_type.clone(), reasons }
}

/// The plan by the workflow of the instruction's work type; what cannot be planned is rejected, with what would help.
fn plan_it(state: &State, found: &Instruction, ids: &mut dyn Ids) -> InstructionAction {
    let planned = found
        .triage
        .as_ref()
        .and_then(|triage| Some((triage, state.chart.workflows.get(&triage.work_type)?)))
        .ok_or_else(|| "its workflow is not in the chart any more".to_owned())
        .and_then(|(triage, workflow)| {
            let tasks = plan::from_workflow(workflow, triage.tier, &found.request.text, &mut || ids.task())?;
            plan::check_plan(state, &found.department, triage.tier, &tasks)?;
            Ok(tasks)
        });
    match planned {
        Ok(tasks) => InstructionAction::Plan { tasks },
        Err(reason) => InstructionAction::Reject { reason: format!("it cannot be planned: {reason}") },
    }
}
