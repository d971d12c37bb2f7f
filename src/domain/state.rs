//! The state of the whole organisation: everything that can be rebuilt from the journal, and the indexes over it.
//!
//! Only [`evolve`](crate::domain::evolve) changes a state. Instructions that are over leave it, with their tasks, but for a
//! small stub each; the whole of them is handed to the ledger once, to be archived.

mod deadlines;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::deadlines::{DeadlineOf, DeadlineSet, Deadlines};
pub use self::table::Stubs;

pub(super) use self::deadlines::Armed;
use crate::domain::alarm::NEVER;
use crate::domain::capacity::{Band, Booked};
use crate::domain::id::{BroadcastId, DomainId, IcId, IdempotencyKey, InstructionId, Sequence, TaskId};
use crate::domain::instruction::{self, Instruction};
use crate::domain::learning::Outcome;
use crate::domain::lookup::{Entities, Lookup};
use crate::domain::org::Chart;
use crate::domain::presence::Absence;
use crate::domain::protocol::Notice;
use crate::domain::reaction::{Accountability, Duty};
use crate::domain::rejection::Rejection;
use crate::domain::role::{Principal, Role};
use crate::domain::task::{self, Task};
use crate::domain::time::{Anchor, Effort, OrgTime, Stamp};

/// The state of an organisation.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last event that is part of it.
    pub sequence: Sequence,
    /// When that was.
    pub last: Stamp,
    /// The chart it runs by.
    pub chart: Arc<Chart>,
    /// Instructions that are not over.
    pub instructions: Entities<InstructionId, Instruction>,
    /// Their tasks.
    pub tasks: Entities<TaskId, Task>,
    /// Instructions that are over.
    pub finished: Stubs<InstructionId, Finished>,
    /// Tasks of instructions that are over.
    pub finished_tasks: Stubs<TaskId, FinishedTask>,
    /// Idempotency keys, with the fingerprint of what came with them.
    pub keys: BTreeMap<IdempotencyKey, (InstructionId, u64)>,
    /// How organisation time runs.
    pub anchor: Anchor,
    /// Places that nobody stands at.
    pub absent: BTreeMap<Role, Absence>,
    /// The latest messages to channels.
    pub broadcasts: BTreeMap<BroadcastId, Broadcast>,
    /// When everybody reports next, if they do by themselves.
    pub next_standup: Option<OrgTime>,
    /// When each manager who holds many escalations gets their next summary.
    pub digests: BTreeMap<Role, OrgTime>,
    /// What was completed between standups.
    pub tally: Tally,
    /// How the latest work of each IC turned out, oldest first.
    pub history: BTreeMap<IcId, Vec<Outcome>>,
    /// How full each domain was when that was last said; healthy where it is absent.
    pub bands: BTreeMap<DomainId, Band>,
    /// Derived from the above, and kept in step with it.
    pub(super) index: Index,
}

/// What was completed between standups.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// When the last standup was held.
    pub since: Option<OrgTime>,
    /// Pieces of work completed since then, or since the beginning where none was held, by domain.
    pub completed: BTreeMap<DomainId, u32>,
    /// As many between the two standups before; nothing before the second one.
    pub before: Option<BTreeMap<DomainId, u32>>,
}

/// A message to a channel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broadcast {
    /// What it says.
    pub notice: Notice,
    /// Who sent it.
    pub from: Principal,
    /// When.
    pub at: Stamp,
    /// To whom it went, and when they read it.
    pub recipients: BTreeMap<Role, Option<Stamp>>,
}

/// Broadcasts that are kept; of older ones the journal knows.
pub(super) const BROADCASTS_KEPT: usize = 100;

/// What is kept in memory of an instruction that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finished {
    /// How it ended.
    pub state: instruction::StateName,
}

/// What is kept in memory of a task whose instruction is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FinishedTask {
    /// The instruction it belonged to.
    pub instruction: InstructionId,
    /// How it ended.
    pub state: task::StateName,
}

/// An instruction that is over, whole, on its way to the archive.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Archived {
    /// The instruction.
    pub instruction: Instruction,
    /// Its tasks, in the order of the plan.
    pub tasks: Vec<Task>,
}

/// How much an IC has on their desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Hours that are left of the tasks they have, as they are expected to need them.
    pub committed: Effort,
    /// Attempts at work.
    pub running: u32,
    /// Tasks they have.
    pub tasks: u32,
    /// Work of others they are to review.
    pub reviews: u32,
}

/// Something whose row in the store is out of date.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Changed {
    /// The chart.
    Chart,
    /// An instruction.
    Instruction(InstructionId),
    /// A task.
    Task(TaskId),
    /// What belongs to the organisation as a whole: its clock, who is there, messages.
    Affairs,
    /// How the work of an IC turned out.
    History(IcId),
}

/// What a task stands for in the indexes.
#[derive(Clone, Debug)]
pub(super) struct TaskIndex {
    /// Who must act next on it, and on what.
    pub(super) accountability: Accountability,
    /// When the next of its clocks fires, as armed; [`NEVER`] while none is. Kept here, since a second map of all tasks would
    /// cost several times as much as the eight bytes.
    pub(super) clock: OrgTime,
    /// What it adds to `load`.
    pub(super) weight: Option<(IcId, Load)>,
    /// What it adds to `work`.
    pub(super) share: Option<(DomainId, InstructionId, Effort)>,
    /// What it adds to `held` and `held_tasks`.
    pub(super) holders: Vec<Role>,
}

impl Default for TaskIndex {
    fn default() -> Self {
        Self { accountability: Accountability::default(), clock: NEVER, weight: None, share: None, holders: Vec::new() }
    }
}

/// What is derived from a state, so that nothing has to be looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// What each role owes.
    pub(super) duties: Lookup<Role, BTreeSet<Duty>>,
    /// What each task stands for in all of these.
    pub(super) tasks: Lookup<TaskId, Box<TaskIndex>>,
    /// What each instruction stands for in `duties`.
    pub(super) instructions: Lookup<InstructionId, Vec<(Role, Duty)>>,
    /// When the next clocks fire and leases run out, the earliest first.
    pub(super) armed: Armed,
    /// How much each IC has on their desk.
    pub(super) load: Lookup<IcId, Load>,
    /// Roles that should look at what they owe since this was last taken.
    pub(super) stirred: BTreeSet<Role>,
    /// Entities that changed since this was last taken.
    pub(super) changed: BTreeSet<Changed>,
    /// Instructions that ended since this was last taken.
    pub(super) archived: Vec<Archived>,
    /// What is spoken for of the coming days of each domain.
    pub(super) booked: BTreeMap<DomainId, Booked>,
    /// ICs with more than they should have.
    pub(super) overloaded: BTreeSet<IcId>,
    /// Tasks that wait for somebody to have the time, by their domain.
    pub(super) waiting: BTreeMap<DomainId, BTreeSet<TaskId>>,
    /// Tasks on the desk of each IC.
    pub(super) desks: Lookup<IcId, BTreeSet<TaskId>>,
    /// Those of them at which an attempt is at work: as few as their parallel limit.
    pub(super) running: Lookup<IcId, BTreeSet<TaskId>>,
    /// Hours of open work by domain and instruction, of the instructions that run.
    pub(super) work: BTreeMap<DomainId, BTreeMap<InstructionId, Effort>>,
    /// Instructions that are queued.
    pub(super) queued: BTreeSet<InstructionId>,
    /// Instructions that are paused to make room for another.
    pub(super) making_room: BTreeSet<InstructionId>,
    /// Instructions that look at the end of another, by that other one.
    pub(super) waiting_for: BTreeMap<InstructionId, BTreeSet<InstructionId>>,
    /// The same the other way round: the instructions whose end each looks at.
    pub(super) awaits: BTreeMap<InstructionId, BTreeSet<InstructionId>>,
    /// Instructions that were made as parts of another, by that other one.
    pub(super) parts: BTreeMap<InstructionId, BTreeSet<InstructionId>>,
    /// Messages to channels that somebody has not read.
    pub(super) unread: Vec<(Role, Duty)>,
    /// How many open escalations each place holds.
    pub(super) held: BTreeMap<Role, u32>,
    /// Tasks of which each place holds an escalation.
    pub(super) held_tasks: BTreeMap<Role, BTreeSet<TaskId>>,
    /// Tasks whose clocks have to be looked at, since something they hang on changed.
    pub(super) touched: BTreeSet<TaskId>,
}

impl State {
    /// The task, whether or not it is over, as long as its instruction is not.
    ///
    /// # Errors
    /// When there is no such task or its instruction is over.
    pub fn task(&self, id: TaskId) -> Result<&Task, Rejection> {
        self.tasks.get(&id).ok_or_else(|| match self.finished_tasks.get(&id) {
            Some(stub) => Rejection::TaskFinished { task: id, state: stub.state },
            None => Rejection::UnknownTask(id),
        })
    }

    /// The instruction, as long as it is not over.
    ///
    /// # Errors
    /// When there is no such instruction or it is over.
    pub fn instruction(&self, id: InstructionId) -> Result<&Instruction, Rejection> {
        self.instructions.get(&id).ok_or_else(|| match self.finished.get(&id) {
            Some(stub) => Rejection::InstructionFinished { instruction: id, state: stub.state },
            None => Rejection::UnknownInstruction(id),
        })
    }

    /// What `role` owes, in order of duty and id.
    pub fn owed_by(&self, role: &Role) -> impl Iterator<Item = Duty> + '_ {
        self.index.duties.get(role).into_iter().flatten().copied()
    }

    /// Everything that is owed, by whom, in the order of the roles; sorts them.
    pub fn owed(&self) -> impl Iterator<Item = (&Role, Duty)> + '_ {
        self.index.duties.in_order().flat_map(|(role, duties)| duties.iter().map(move |duty| (role, *duty)))
    }

    /// Who must act next on a task, and on what.
    #[must_use]
    pub fn accountability(&self, task: TaskId) -> Option<&Accountability> {
        self.index.tasks.get(&task).map(|found| &found.accountability)
    }

    /// Who must act next on an instruction itself, and on what; empty while its tasks are what is waited for.
    #[must_use]
    pub fn instruction_duties(&self, instruction: InstructionId) -> &[(Role, Duty)] {
        self.index.instructions.get(&instruction).map_or(&[], Vec::as_slice)
    }

    /// How an instruction ended, if it has: it may still have tasks that are being cancelled.
    #[must_use]
    pub fn ended(&self, instruction: InstructionId) -> Option<instruction::StateName> {
        let live = self.instructions.get(&instruction).map(|found| found.state.name());
        live.filter(|state| state.is_terminal()).or_else(|| self.finished.get(&instruction).map(|stub| stub.state))
    }

    /// Hours of open work of a domain, by the instructions that run.
    pub fn open_work(&self, domain: &DomainId) -> impl Iterator<Item = (InstructionId, Effort)> + '_ {
        self.index.work.get(domain).into_iter().flatten().map(|(id, hours)| (*id, *hours))
    }

    /// Instructions that are approved and have not begun.
    pub fn queued(&self) -> impl Iterator<Item = &Instruction> + '_ {
        self.index.queued.iter().filter_map(|id| self.instructions.get(id))
    }

    /// Instructions that are paused to make room for another: they go on by themselves.
    pub fn making_room(&self) -> impl Iterator<Item = &Instruction> + '_ {
        self.index.making_room.iter().filter_map(|id| self.instructions.get(id))
    }

    /// Instructions that look at the end of this one: they depend on it, are made of it, or make room for it.
    pub fn waiting_for(&self, instruction: InstructionId) -> impl Iterator<Item = &Instruction> + '_ {
        self.index.waiting_for.get(&instruction).into_iter().flatten().filter_map(|id| self.instructions.get(id))
    }

    /// Parts of an instruction that are not over.
    pub fn open_parts(&self, instruction: InstructionId) -> impl Iterator<Item = &Instruction> + '_ {
        self.index.parts.get(&instruction).into_iter().flatten().filter_map(|id| self.instructions.get(id))
    }

    /// How much an IC has on their desk.
    #[must_use]
    pub fn load(&self, ic: &IcId) -> Load {
        self.index.load.get(ic).copied().unwrap_or_default()
    }

    /// The tasks of which a place holds an escalation, in order of their ids.
    pub fn held_tasks(&self, role: &Role) -> impl Iterator<Item = &Task> + '_ {
        self.index.held_tasks.get(role).into_iter().flatten().filter_map(|id| self.tasks.get(id))
    }

    /// The tasks on the desk of an IC.
    pub fn desk(&self, ic: &IcId) -> impl Iterator<Item = TaskId> + '_ {
        self.index.desks.get(ic).into_iter().flatten().copied()
    }

    /// When the next clock fires and the next lease runs out.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        Deadlines {
            clock: self.index.armed.clock().map(|(at, _)| at),
            lease: self.index.armed.lease().map(|(at, _)| at),
        }
    }

    /// How many deadlines are set.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.index.armed.len()
    }

    /// Takes the roles that should look at what they owe.
    pub fn take_stirred(&mut self) -> BTreeSet<Role> {
        mem::take(&mut self.index.stirred)
    }

    /// How many entities have rows in the store that are out of date.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.index.changed.len()
    }

    /// Takes the entities whose rows in the store are out of date.
    pub fn take_changed(&mut self) -> BTreeSet<Changed> {
        mem::take(&mut self.index.changed)
    }

    /// Counts everything as changed, so that all rows are written anew.
    pub fn touch_all(&mut self) {
        let changed = &mut self.index.changed;
        changed.extend([Changed::Chart, Changed::Affairs]);
        changed.extend(self.instructions.keys().copied().map(Changed::Instruction));
        changed.extend(self.tasks.keys().copied().map(Changed::Task));
        changed.extend(self.history.keys().cloned().map(Changed::History));
    }

    /// Takes the instructions that ended.
    pub fn take_archived(&mut self) -> Vec<Archived> {
        mem::take(&mut self.index.archived)
    }

    /// Whether `dependency` no longer holds back a task of `domain` for which `waived` was decided.
    fn is_met(&self, dependency: TaskId, domain: &DomainId, waived: &BTreeSet<TaskId>) -> bool {
        if waived.contains(&dependency) {
            return true;
        }
        match self.tasks.get(&dependency) {
            Some(task) => match &task.state {
                task::State::Completed => true,
                task::State::ReadyForHandoff { accepted, .. } => task.domain == *domain || accepted.contains(domain),
                task::State::Pending
                | task::State::InPlanning
                | task::State::Assigned { .. }
                | task::State::InProgress { .. }
                | task::State::Blocked { .. }
                | task::State::Escalated { .. }
                | task::State::UnderReview { .. }
                | task::State::DomainReview { .. }
                | task::State::Cancelled { .. } => false,
            },
            None => false,
        }
    }

    /// Whether the chart has this place; humans are always there.
    #[must_use]
    pub fn has_place(&self, role: &Role) -> bool {
        match role {
            Role::Ic(ic) => self.chart.ics.contains_key(ic),
            Role::DomainLead(domain) => self.chart.domains.contains_key(domain),
            Role::TechLead(department) | Role::EngineeringManager(department) => {
                self.chart.departments.contains_key(department)
            }
            Role::Organisation | Role::Person(_) | Role::Operator => true,
        }
    }

    /// The dependencies of a task and of its ancestors that hold it back; it is ready when there are none. Where an
    /// ancestor waits for a decision about a cancelled one, it is the ancestor that holds the task back.
    #[must_use]
    pub fn unmet(&self, task: &Task) -> Vec<TaskId> {
        let mut unmet = Vec::new();
        let mut current = Some(task);
        while let Some(link) = current {
            if link.id != task.id && self.cancelled_dependency(link).is_some() {
                unmet.push(link.id);
            }
            unmet.extend(link.needs.iter().copied().filter(|need| {
                !self.is_met(*need, &task.domain, &link.waived) && (link.id == task.id || !self.was_cancelled(*need))
            }));
            current = link.parent.and_then(|parent| self.tasks.get(&parent));
        }
        unmet
    }

    /// Whether a task could start as far as its dependencies go.
    #[must_use]
    pub fn is_ready(&self, task: &Task) -> bool {
        self.unmet(task).is_empty()
    }

    /// The first dependency of a task that was cancelled and that nobody has decided about.
    #[must_use]
    pub fn cancelled_dependency(&self, task: &Task) -> Option<TaskId> {
        task.needs.iter().copied().find(|need| !task.waived.contains(need) && self.was_cancelled(*need))
    }

    /// The first child of a task that was cancelled and that nobody has decided about.
    #[must_use]
    pub fn cancelled_child(&self, task: &Task) -> Option<TaskId> {
        task.children.iter().copied().find(|child| !task.waived.contains(child) && self.was_cancelled(*child))
    }

    fn was_cancelled(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(|found| matches!(found.state, task::State::Cancelled { .. }))
    }

    /// Domains with an open task that needs this one, other than its own: the receivers of its handoff.
    #[must_use]
    pub fn receivers(&self, task: &Task) -> BTreeSet<DomainId> {
        task.dependants
            .iter()
            .filter_map(|id| self.tasks.get(id))
            .filter(|dependant| !dependant.state.is_terminal() && dependant.domain != task.domain)
            .map(|dependant| dependant.domain.clone())
            .collect()
    }
}
