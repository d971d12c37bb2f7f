//! How places in the organisation decide when nobody has given them a worker for judgement: deterministically, from the
//! state, and with reasons.
//!
//! [`moves`] answers what a role does about everything it owes. It never changes anything: the moves are commands, which
//! the ledger decides on, and orders for workers, which the role's actor carries out.

mod balance;
mod blockers;
mod checkpoints;
mod consultations;
mod delays;
mod escalations;
mod forecast;
mod instructions;
mod options;
mod planning;
pub mod plans;

pub use self::options::{Choosable, options};

use crate::domain::admission::Verdict;
use crate::domain::assignment::{Choice, Explanation, Pool, Standing, choose_for, there};
use crate::domain::capacity::remaining;
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::id::{
    BroadcastId, DomainId, Epoch, EscalationId, IcId, InstructionId, QuestionId, Round, TaskId, WorkerId,
};
use crate::domain::learning::pace;
use crate::domain::org::{Ic, WorkerKind};
use crate::domain::reaction::Duty;
use crate::domain::review::{Basis, Gate, TaskKind};
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, Attempt, Blocker, BlockerKind, State as TaskState, Task};
use crate::domain::time::{Effort, Stamp, WallTime};
use std::collections::BTreeMap;

/// What a role does about one thing it owes.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all moves are commands, and they are gone with the turn")]
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
    /// Make the plan of this, which needs what is outside: a planner's answer, or the files of a repository.
    Plan(PlanOrder),
}

/// An order to make the plan of an instruction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PlanOrder {
    /// Of which instruction.
    pub instruction: InstructionId,
    /// By which worker; `None` is by the template of its workflow, once the files of its globs are known.
    pub planner: Option<WorkerId>,
    /// How many plans for it were refused before.
    pub refused: usize,
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
    /// The id of a new instruction.
    fn instruction(&mut self) -> InstructionId;
    /// The id of a new question.
    fn question(&mut self) -> QuestionId;
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
        admitted: None,
        pool: None,
        startable: None,
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
    if state.absence(role).is_none() {
        turn.balance();
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
    /// Hours on the desks of those who were given something, or from whom something was taken, in this turn: the state does
    /// not know it yet.
    given: BTreeMap<IcId, Effort>,
    /// What is new about everything that is queued, once there was something to release.
    admitted: Option<BTreeMap<InstructionId, Verdict>>,
    /// The ICs of a lead's own domain, once there was something to give out.
    pool: Option<Pool<'a>>,
    /// The same people, by what each has that can start.
    startable: Option<Pool<'a>>,
    /// Hours of work that nobody has time for, before what is looked at now.
    waiting: Effort,
    /// How many more attempts may start.
    room: u32,
    /// Messages that are read in this turn.
    unread: Vec<BroadcastId>,
    moves: Vec<Move>,
}

impl<'a> Turn<'a> {
    fn commit(&mut self, task: TaskId, action: TaskAction) {
        self.moves.push(Move::Commit(Action::Task(task, action)));
    }

    fn instruct(&mut self, instruction: InstructionId, action: InstructionAction) {
        self.moves.push(Move::Commit(Action::Instruction(instruction, action)));
    }

    fn take(&mut self, duty: Duty) {
        match duty {
            Duty::Triage(id)
            | Duty::Plan(id)
            | Duty::Consult(id, _)
            | Duty::ApprovePlan(id)
            | Duty::Release(id)
            | Duty::Arbitrate(id)
            | Duty::Replan(id)
            | Duty::DecideGoNoGo(id) => {
                if let Some(found) = self.state.instructions.get(&id) {
                    self.take_instruction(duty, found);
                }
            }
            Duty::BeginPlanning(id)
            | Duty::GoAhead(id)
            | Duty::BreakDown(id)
            | Duty::ReviewBreakdown(id)
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
            Duty::FillBrief(_) | Duty::ResolveNoGo(_) | Duty::Answer(..) => {}
        }
    }

    fn take_task(&mut self, duty: Duty, task: &'a Task) {
        match duty {
            Duty::BeginPlanning(_) => self.commit(task.id, TaskAction::BeginPlanning),
            Duty::GoAhead(_) => self.go_ahead(task),
            Duty::BreakDown(_) => self.break_down(task),
            Duty::ReviewBreakdown(_) => self.review_breakdown(task),
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
                // What stops for a go-ahead is not given on yet.
                let is_assigned =
                    matches!(&task.state, TaskState::Pending | TaskState::InPlanning) && !task.is_stopped();
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

    /// Chooses among some ICs, counting what was given out in this turn.
    fn choose<'b>(&'b self, task: &'b Task, ics: impl Iterator<Item = &'b Ic>) -> Choice {
        choose_for(self.state, task, ics, |ic| self.committed(ic))
    }

    /// Hours on the desk of an IC, with what happened in this turn.
    fn committed(&self, ic: &IcId) -> Effort {
        self.given.get(ic).copied().unwrap_or_else(|| self.state.load(ic).committed)
    }

    /// An IC has this task from now on.
    fn give(&mut self, ic: &IcId, task: &Task) {
        let hours = remaining(task, pace(self.state.history_of(ic), &task.work));
        self.set(ic, self.committed(ic).plus(hours));
    }

    fn set(&mut self, ic: &IcId, committed: Effort) {
        self.given.insert(ic.clone(), committed);
        if let Some(pool) = &mut self.pool {
            pool.set(ic, committed);
        }
        if let Some(startable) = &mut self.startable {
            startable.set(ic, can_start(self.state, ic, committed));
        }
    }

    /// Those of a lead's own domain who are there, looked up once a turn.
    fn own(&mut self, domain: &'a DomainId) -> &mut Pool<'a> {
        let (state, given) = (self.state, &self.given);
        self.pool.get_or_insert_with(|| {
            let standing = |ic: &IcId| Standing {
                committed: given.get(ic).copied().unwrap_or_else(|| state.load(ic).committed),
                history: state.history_of(ic),
            };
            Pool::new(there(state, state.chart.ics_of(domain)), standing, state.sequence)
        })
    }

    /// Finds somebody of the lead's own domain. The pool is made for that domain, so nobody else may ask.
    fn assign(&mut self, task: &'a Task) {
        match self.own(&task.domain).choose(&task.work, task.priority, &task.failed_with) {
            Choice::Ic(ic, explanation) => {
                self.give(&ic, task);
                self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(ic), explanation });
            }
            Choice::NobodyAvailable => match self.before_what_waits(task) {
                Choice::Ic(ic, explanation) => {
                    self.give(&ic, task);
                    self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(ic), explanation });
                }
                // It is looked at again as soon as somebody of the domain has more room.
                Choice::NobodyAvailable | Choice::NobodyQualified(_) => self.wait_for_capacity(task),
            },
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

    /// Finds somebody who is full of work that cannot start yet, for work that can: what waits may be waiting for this very
    /// task, and would wait for ever if it kept it from being done.
    fn before_what_waits(&mut self, task: &'a Task) -> Choice {
        if !self.state.is_ready(task) {
            return Choice::NobodyAvailable;
        }
        let choice = self.startable(&task.domain).choose(&task.work, task.priority, &task.failed_with);
        match choice {
            Choice::Ic(ic, explanation) => {
                let because = "what else they have cannot start before other work is done; this can".to_owned();
                Choice::Ic(ic, Explanation { because: Some(because), ..explanation })
            }
            Choice::NobodyAvailable | Choice::NobodyQualified(_) => choice,
        }
    }

    /// As [`own`](Self::own), by what each has that can start.
    fn startable(&mut self, domain: &'a DomainId) -> &mut Pool<'a> {
        let (state, given) = (self.state, &self.given);
        self.startable.get_or_insert_with(|| {
            let standing = |ic: &IcId| {
                let committed = given.get(ic).copied().unwrap_or_else(|| state.load(ic).committed);
                Standing { committed: can_start(state, ic, committed), history: state.history_of(ic) }
            };
            Pool::new(there(state, state.chart.ics_of(domain)), standing, state.sequence)
        })
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

/// Hours of what an IC has that can start, of all that they have.
fn can_start(state: &State, ic: &IcId, committed: Effort) -> Effort {
    let history = state.history_of(ic);
    let waiting = state
        .desk(ic)
        .filter_map(|id| state.tasks.get(&id))
        .filter(|one| matches!(one.state, TaskState::Assigned { .. }) && !state.is_ready(one));
    waiting.fold(committed, |left, one| left.minus(remaining(one, pace(history, &one.work))))
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
    let skills = if names.is_empty() { "the time for it".to_owned() } else { names.join(", ") };
    match &task.work.position {
        Some(position) => format!("the position {position} and {skills}"),
        None => skills,
    }
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
