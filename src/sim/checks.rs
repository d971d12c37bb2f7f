//! Checks: what must hold in a simulation, whatever happens. They follow the events in a small model of their own and never
//! ask the core how it decides, so that a fault of it does not hide itself; nothing here changes anything.
//!
//! Every event is looked at as it becomes durable. Now and then, and after every group where that is asked for, the whole
//! state is looked through for what nobody would ever move on.

mod agreement;
mod clocks;
mod commands;
mod course;
mod edges;
mod escalations;
mod fault;
mod gates;
pub mod invariant;
mod model;
mod ownership;
mod record;
mod wakes;

use self::fault::Fault;
use self::invariant::{COMMANDS, LIVENESS, STATE};
use self::model::Model;
use self::wakes::Wakes;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::id::Sequence;
use crate::domain::reaction::liveness_faults;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::ledger::Group;

/// Events between two looks at the whole state of an organisation without a task.
const FULL_LOOK_EVERY: u64 = 20_000;

/// Events more between two of them for each task: a look takes as long as there are tasks.
const FULL_LOOK_EVERY_FOR_A_TASK: u64 = 20;

/// Faults of a whole look that are named; the others follow from them, most likely.
const FAULTS_SHOWN: usize = 3;

/// Something that must always hold and did not.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at event {sequence}{}, this does not hold: {invariant}: {detail}", looked_before(*since))]
pub struct Violation {
    /// What should hold: one of [`invariant`].
    pub invariant: &'static str,
    /// The event at which it was seen not to.
    pub sequence: Sequence,
    /// The event at which it was last seen to hold, where it is not looked at after every event.
    pub since: Option<Sequence>,
    /// What was seen.
    pub detail: String,
}

fn looked_before(since: Option<Sequence>) -> String {
    since.map_or_else(String::new, |since| format!(" or between event {since} and it"))
}

/// Looks at everything that becomes durable, from the first event on.
#[derive(Default)]
pub struct Checks {
    every_group_from: Option<Sequence>,
    model: Model,
    wakes: Wakes,
    /// The event of the last look at the whole state.
    looked_through: Sequence,
}

impl Checks {
    /// `every_group_from` is the event from which on the whole state is looked through after every group, and not only
    /// now and then.
    #[must_use]
    pub fn new(every_group_from: Option<Sequence>) -> Self {
        Self { every_group_from, ..Self::default() }
    }

    /// A group is durable, and this is the state after it; `commands` are those it came from.
    ///
    /// # Errors
    /// With the first invariant that does not hold. What comes after that is not to be relied on.
    pub fn take(&mut self, commands: &[Command], group: &Group, state: &State) -> Result<(), Violation> {
        let before = self.model.sequence;
        if commands.len() != group.results.len() {
            let detail = format!("{} commands have {} results", commands.len(), group.results.len());
            return Err(violation((before, (COMMANDS, detail))));
        }
        for (command, result) in commands.iter().zip(&group.results) {
            if let Ok(entries) = result {
                self.model.take(command, entries).map_err(violation)?;
                self.excuse_absent(entries.iter().map(|entry| &entry.event));
            }
        }
        let last = self.model.sequence;
        self.model.agree(&group.archived, state).map_err(|fault| violation((last, fault)))?;
        let stamped = commands.iter().map(|command| command.at.org).max();
        let now = stamped.map_or(self.model.last, |stamped| stamped.max(self.model.last));
        self.wakes.check(now, state).map_err(violation)?;
        self.model.owe(&mut self.wakes, (now, last), state);
        for role in &group.stirred {
            self.wakes.stir(role, (now, last), state);
        }
        let live = u64::try_from(state.tasks.len()).unwrap_or(u64::MAX);
        let pause = live.saturating_mul(FULL_LOOK_EVERY_FOR_A_TASK).saturating_add(FULL_LOOK_EVERY);
        let is_due = last.0.saturating_sub(self.looked_through.0) > pause;
        let is_asked_for = self.every_group_from.is_some_and(|from| last >= from) && last > before;
        if is_due || is_asked_for { self.look_through(state) } else { Ok(()) }
    }

    /// Whoever stands for a role begins a look at what they owe.
    pub fn looked(&mut self, role: &Role) {
        self.wakes.looked(role);
    }

    /// Everybody was stopped, or stands there anew: what nobody looked at until now is looked at from the beginning. Where
    /// time goes by between the two, it is called at both.
    pub fn restarted(&mut self) {
        self.wakes.excuse();
    }

    /// Everything is over.
    ///
    /// # Errors
    /// When something is not, and nobody owes the next step.
    pub fn end(&mut self, state: &State) -> Result<(), Violation> {
        let last = self.model.sequence;
        let open = |tasks: usize, instructions: usize| format!("{tasks} tasks of {instructions} instructions");
        let (own, found) =
            (open(self.model.tasks.len(), self.model.courses.len()), open(state.tasks.len(), state.instructions.len()));
        if own != found {
            return Err(violation((last, (STATE, format!("{found} are left, and should be {own}")))));
        }
        self.look_through(state)
    }

    fn look_through(&mut self, state: &State) -> Result<(), Violation> {
        let (since, last) = (self.looked_through, self.model.sequence);
        self.looked_through = last;
        let mut faults = liveness_faults(state);
        if faults.is_empty() {
            return Ok(());
        }
        let count = faults.len();
        faults.truncate(FAULTS_SHOWN);
        let detail = if count > FAULTS_SHOWN {
            format!("{}; and {} more", faults.join("; "), count - FAULTS_SHOWN)
        } else {
            faults.join("; ")
        };
        Err(Violation { since: Some(since), ..violation((last, (LIVENESS, detail))) })
    }

    /// Nobody waits for those to look who are not there.
    fn excuse_absent<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
        for event in events {
            if let Event::Absent { role, .. } = event {
                self.wakes.looked(role);
            }
        }
    }
}

fn violation((sequence, (invariant, detail)): (Sequence, Fault)) -> Violation {
    Violation { invariant, sequence, since: None, detail }
}
