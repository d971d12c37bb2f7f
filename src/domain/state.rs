//! The state of the whole organisation: everything that can be rebuilt from the journal, and the indexes over it.
//!
//! Only [`evolve`](crate::domain::evolve) changes a state. Instructions that are over leave it, with their tasks, but for a
//! small stub each; the whole of them is handed to the ledger once, to be archived.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DomainId, IcId, IdempotencyKey, InstructionId, Sequence, TaskId};
use crate::domain::instruction::{self, Instruction};
use crate::domain::org::Chart;
use crate::domain::reaction::{Accountability, Duty};
use crate::domain::rejection::Rejection;
use crate::domain::role::Role;
use crate::domain::task::{self, Task};
use crate::domain::time::{Effort, Stamp};

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
    pub instructions: BTreeMap<InstructionId, Instruction>,
    /// Their tasks.
    pub tasks: BTreeMap<TaskId, Task>,
    /// Instructions that are over.
    pub finished: BTreeMap<InstructionId, Finished>,
    /// Tasks of instructions that are over.
    pub finished_tasks: BTreeMap<TaskId, FinishedTask>,
    /// Idempotency keys, with the fingerprint of what came with them.
    pub keys: BTreeMap<IdempotencyKey, (InstructionId, u64)>,
    /// Derived from the above, and kept in step with it.
    pub(super) index: Index,
}

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
    /// Hours of the tasks they have.
    pub committed: Effort,
    /// Attempts at work.
    pub running: u32,
    /// Tasks they have.
    pub tasks: u32,
    /// Work of others they are to review.
    pub reviews: u32,
}

/// Something whose row in the store is out of date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Changed {
    /// The chart.
    Chart,
    /// An instruction.
    Instruction(InstructionId),
    /// A task.
    Task(TaskId),
}

/// What is derived from a state, so that nothing has to be looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// What each role owes.
    pub(super) duties: BTreeMap<Role, BTreeSet<Duty>>,
    /// What each task stands for in `duties`.
    pub(super) tasks: BTreeMap<TaskId, Accountability>,
    /// What each instruction stands for in `duties`.
    pub(super) instructions: BTreeMap<InstructionId, Vec<(Role, Duty)>>,
    /// How much each IC has on their desk.
    pub(super) load: BTreeMap<IcId, Load>,
    /// What each task adds to `load`.
    pub(super) weights: BTreeMap<TaskId, Vec<(IcId, Load)>>,
    /// Roles that should look at what they owe since this was last taken.
    pub(super) stirred: BTreeSet<Role>,
    /// Entities that changed since this was last taken.
    pub(super) changed: BTreeSet<Changed>,
    /// Instructions that ended since this was last taken.
    pub(super) archived: Vec<Archived>,
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

    /// Everything that is owed, by whom.
    pub fn owed(&self) -> impl Iterator<Item = (&Role, Duty)> + '_ {
        self.index.duties.iter().flat_map(|(role, duties)| duties.iter().map(move |duty| (role, *duty)))
    }

    /// Who must act next on a task, and on what.
    #[must_use]
    pub fn accountability(&self, task: TaskId) -> Option<&Accountability> {
        self.index.tasks.get(&task)
    }

    /// Who must act next on an instruction itself, and on what; empty while its tasks are what is waited for.
    #[must_use]
    pub fn instruction_duties(&self, instruction: InstructionId) -> &[(Role, Duty)] {
        self.index.instructions.get(&instruction).map_or(&[], Vec::as_slice)
    }

    /// How much an IC has on their desk.
    #[must_use]
    pub fn load(&self, ic: &IcId) -> Load {
        self.index.load.get(ic).copied().unwrap_or_default()
    }

    /// Takes the roles that should look at what they owe.
    pub fn take_stirred(&mut self) -> BTreeSet<Role> {
        mem::take(&mut self.index.stirred)
    }

    /// Takes the entities whose rows in the store are out of date.
    pub fn take_changed(&mut self) -> BTreeSet<Changed> {
        mem::take(&mut self.index.changed)
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
