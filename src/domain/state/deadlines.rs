//! What is armed: when the clocks of everything fire next, and when leases run out, in order.
//!
//! Nearly all deadlines are those of tasks, so these are kept small: an ordered set of time and id, 24 bytes an entry, and
//! eight bytes beside what is kept of each task anyway. The few others may cost more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::alarm::NEVER;
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::time::{OrgTime, WallTime};

/// What a deadline belongs to. Of those that are due at the same time, the first in this list goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DeadlineOf {
    /// The organisation as a whole.
    Organisation,
    /// An instruction.
    Instruction(InstructionId),
    /// A task.
    Task(TaskId),
}

/// When the next clock fires and the next lease runs out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Deadlines {
    /// By organisation time.
    pub clock: Option<OrgTime>,
    /// By wall time.
    pub lease: Option<WallTime>,
}

/// Deadlines in their order, one for each thing that has one. Equal ones go by what they belong to, so the order is the
/// same on every machine.
///
/// A deadline costs an entry of the ordered set; when a thing's deadline is, whoever sets it knows.
#[derive(Clone, Debug)]
pub struct DeadlineSet<T, K> {
    ordered: BTreeSet<(T, K)>,
}

impl<T, K> Default for DeadlineSet<T, K> {
    fn default() -> Self {
        Self { ordered: BTreeSet::new() }
    }
}

impl<T: Ord + Copy, K: Ord + Copy> DeadlineSet<T, K> {
    /// Sets the deadline of `of`, which was `before`.
    pub fn set(&mut self, of: K, before: Option<T>, now: Option<T>) {
        if before == now {
            return;
        }
        if let Some(before) = before {
            self.ordered.remove(&(before, of));
        }
        if let Some(now) = now {
            self.ordered.insert((now, of));
        }
    }

    /// The earliest, and what it belongs to.
    #[must_use]
    pub fn first(&self) -> Option<(T, K)> {
        self.ordered.first().copied()
    }

    /// How many are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }
}

/// A set of deadlines that knows itself when that of each thing is: for those that are few.
#[derive(Clone, Debug)]
struct Few<T, K> {
    set: DeadlineSet<T, K>,
    of: BTreeMap<K, T>,
}

impl<T, K> Default for Few<T, K> {
    fn default() -> Self {
        Self { set: DeadlineSet::default(), of: BTreeMap::new() }
    }
}

impl<T: Ord + Copy, K: Ord + Copy> Few<T, K> {
    fn set(&mut self, of: K, now: Option<T>) {
        let before = match now {
            Some(now) => self.of.insert(of, now),
            None => self.of.remove(&of),
        };
        self.set.set(of, before, now);
    }
}

/// Everything that is armed.
#[derive(Clone, Debug, Default)]
pub(in crate::domain) struct Armed {
    tasks: DeadlineSet<OrgTime, TaskId>,
    /// Of persons who are to decide on an end that the facts speak against.
    instructions: Few<OrgTime, InstructionId>,
    organisation: Option<OrgTime>,
    /// Of attempts at work: not more than the parallel limits of all ICs together.
    leases: Few<WallTime, TaskId>,
}

impl Armed {
    /// Arms the clock of a task, which was armed for `before`; [`NEVER`] is not at all.
    pub(in crate::domain) fn set_task(&mut self, id: TaskId, before: OrgTime, now: OrgTime) {
        let armed = |at: OrgTime| Some(at).filter(|at| *at < NEVER);
        self.tasks.set(id, armed(before), armed(now));
    }

    /// Arms or disarms the lease of a task's attempt.
    pub(in crate::domain) fn set_lease(&mut self, id: TaskId, now: Option<WallTime>) {
        self.leases.set(id, now);
    }

    /// Forgets a task whose clock was armed for `clock`.
    pub(in crate::domain) fn remove_task(&mut self, id: TaskId, clock: OrgTime) {
        self.set_task(id, clock, NEVER);
        self.set_lease(id, None);
    }

    /// Arms or disarms the clock of an instruction.
    pub(in crate::domain) fn set_instruction(&mut self, id: InstructionId, now: Option<OrgTime>) {
        self.instructions.set(id, now);
    }

    /// Arms or disarms the clock of the organisation.
    pub(in crate::domain) const fn set_organisation(&mut self, now: Option<OrgTime>) {
        self.organisation = now;
    }

    /// The clock that fires next, and what it belongs to.
    pub(in crate::domain) fn clock(&self) -> Option<(OrgTime, DeadlineOf)> {
        let organisation = self.organisation.map(|at| (at, DeadlineOf::Organisation));
        let instruction = self.instructions.set.first().map(|(at, id)| (at, DeadlineOf::Instruction(id)));
        let task = self.tasks.first().map(|(at, id)| (at, DeadlineOf::Task(id)));
        organisation.into_iter().chain(instruction).chain(task).min()
    }

    /// The lease that runs out next, and whose attempt's it is.
    pub(in crate::domain) fn lease(&self) -> Option<(WallTime, TaskId)> {
        self.leases.set.first()
    }

    /// Every clock that is armed, and what it belongs to; walks all of them.
    pub(in crate::domain) fn clocks(&self) -> impl Iterator<Item = (OrgTime, DeadlineOf)> + '_ {
        let organisation = self.organisation.map(|at| (at, DeadlineOf::Organisation));
        let instructions = self.instructions.set.ordered.iter().map(|(at, id)| (*at, DeadlineOf::Instruction(*id)));
        let tasks = self.tasks.ordered.iter().map(|(at, id)| (*at, DeadlineOf::Task(*id)));
        organisation.into_iter().chain(instructions).chain(tasks)
    }

    /// How many deadlines are set.
    pub(in crate::domain) fn len(&self) -> usize {
        let clocks = self.tasks.len().saturating_add(self.instructions.set.len());
        clocks.saturating_add(self.leases.set.len()).saturating_add(usize::from(self.organisation.is_some()))
    }
}
