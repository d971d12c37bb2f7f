//! Virtual time: letting it pass, letting the clocks fire, and letting everybody do what policy says.

use std::collections::{BTreeMap, BTreeSet};

use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::evolve::{evolve, rebuild_index};
use echelon::domain::id::{EscalationId, InstructionId, QuestionId, TaskId};
use echelon::domain::policy::{Ids, Move, moves};
use echelon::domain::presence::{Absence, AbsenceKind};
use echelon::domain::reaction::liveness_faults;
use echelon::domain::role::{Principal, Role};
use echelon::domain::sla::Mark;
use echelon::domain::state::State;
use echelon::domain::task::{Escalation, Trouble};
use echelon::domain::time::{Millis, OrgTime};

use super::world::{World, person, picture, system};

/// More turns than any chain of decisions without work or reviews takes.
const TURNS: usize = 50;

pub(crate) const fn hours(count: i64) -> Millis {
    Millis::from_hours(count)
}

/// New ids for policies.
pub(crate) struct NewIds<'a>(pub(crate) &'a mut World);

impl Ids for NewIds<'_> {
    fn instruction(&mut self) -> InstructionId {
        InstructionId::new(self.0.new_id())
    }

    fn question(&mut self) -> QuestionId {
        QuestionId::new(self.0.new_id())
    }

    fn task(&mut self) -> TaskId {
        TaskId::new(self.0.new_id())
    }

    fn escalation(&mut self) -> EscalationId {
        EscalationId::new(self.0.new_id())
    }
}

impl World {
    /// Gives a command that must be accepted, at this very moment.
    #[track_caller]
    pub(crate) fn at_once(&mut self, principal: Principal, action: Action) -> Vec<Entry> {
        self.millis -= 1_000;
        self.must(principal, action)
    }

    #[track_caller]
    pub(crate) fn task_at_once(&mut self, principal: Principal, key: &str, action: TaskAction) -> Vec<Entry> {
        let id = self.id(key);
        self.at_once(principal, Action::Task(id, action))
    }

    /// Time passes, and no clock is looked at.
    pub(crate) fn pass(&mut self, span: Millis) {
        self.millis += span.0;
    }

    /// Everything that is due by now fires, and everything is owned by somebody afterwards.
    #[track_caller]
    pub(crate) fn fire(&mut self) -> Vec<Entry> {
        let entries = self.fire_unchecked();
        let faults = liveness_faults(&self.state);
        assert!(faults.is_empty(), "after the clocks: {faults:#?}");
        entries
    }

    pub(crate) fn fire_unchecked(&mut self) -> Vec<Entry> {
        let mut all = Vec::new();
        loop {
            let ids = (0..64).map(|_| EscalationId::new(self.new_id())).collect();
            let fired = self.give_at(self.now(), system(), Action::FireClocks { ids });
            let mut entries = fired.expect("the system may fire clocks");
            if entries.is_empty() {
                let due = self.state.deadlines().clock.filter(|at| *at <= self.now().org);
                assert_eq!(due, None, "a clock that is due makes nothing happen");
                return all;
            }
            all.append(&mut entries);
        }
    }

    /// Time passes up to a moment, and every clock fires when it is due.
    #[track_caller]
    pub(crate) fn live_until(&mut self, until: OrgTime) -> Vec<Entry> {
        let mut all = Vec::new();
        while let Some(at) = self.state.deadlines().clock.filter(|at| *at <= until) {
            self.millis = self.millis.max(at.as_millis());
            all.append(&mut self.fire());
        }
        self.millis = self.millis.max(until.as_millis());
        all
    }

    #[track_caller]
    pub(crate) fn live(&mut self, span: Millis) -> Vec<Entry> {
        self.live_until(self.now().org.plus(span))
    }

    /// What a daemon that starts again finds: the state from the journal, with its indexes derived anew. Both ways give
    /// the same.
    pub(crate) fn restart(&mut self) {
        let mut replayed = State::default();
        for entry in &self.entries {
            evolve(&mut replayed, entry);
        }
        let mut rebuilt = State::default();
        rebuilt.sequence = replayed.sequence;
        rebuilt.last = replayed.last;
        rebuilt.anchor = replayed.anchor;
        rebuilt.next_standup = replayed.next_standup;
        rebuilt.chart = replayed.chart.clone();
        rebuilt.history = replayed.history.clone();
        rebuilt.bands = replayed.bands.clone();
        rebuilt.instructions = replayed.instructions.clone();
        rebuilt.tasks = replayed.tasks.clone();
        rebuilt.finished = replayed.finished.clone();
        rebuilt.finished_tasks = replayed.finished_tasks.clone();
        rebuilt.keys = replayed.keys.clone();
        rebuilt.absent = replayed.absent.clone();
        rebuilt.broadcasts = replayed.broadcasts.clone();
        rebuilt.digests = replayed.digests.clone();
        rebuild_index(&mut rebuilt);
        for state in [&replayed, &rebuilt] {
            assert_eq!(picture(state), picture(&self.state), "a restart finds another state");
            assert_eq!(state.deadlines(), self.state.deadlines(), "a restart finds other deadlines");
            assert_eq!(state.armed(), self.state.armed());
            assert_eq!(liveness_faults(state), Vec::<String>::new());
        }
        self.state = rebuilt;
    }

    /// What a role does at this moment. Attempts and reviews are left alone; what another move of the same turn has
    /// overtaken is refused.
    pub(crate) fn turn(&mut self, role: &Role) -> Vec<Entry> {
        let (state, at) = (self.state.clone(), self.now());
        let mut entries = Vec::new();
        for next in moves(&state, role, at, &mut NewIds(self)) {
            if let Move::Commit(action) = next {
                self.millis -= 1_000;
                entries.extend(self.give(Principal::role(role.clone()), action).unwrap_or_default());
            }
        }
        entries
    }

    /// Everybody who owes something does what policy says, until nothing changes.
    #[track_caller]
    pub(crate) fn run_policies(&mut self) -> Vec<Entry> {
        self.run_policies_of(|_| true)
    }

    /// The same for some roles.
    #[track_caller]
    pub(crate) fn run_policies_of(&mut self, who: impl Fn(&Role) -> bool) -> Vec<Entry> {
        let mut all = Vec::new();
        for _ in 0..TURNS {
            let owing: BTreeSet<Role> =
                self.state.owed().map(|(role, _)| role.clone()).filter(|role| who(role)).collect();
            let before = all.len();
            for role in owing {
                all.append(&mut self.turn(&role));
            }
            if all.len() == before {
                return all;
            }
        }
        panic!("the policies do not come to rest: {:#?}", self.labels(&all[all.len().saturating_sub(20)..]));
    }

    /// The marks of a task's state that fired, in order.
    pub(crate) fn marks(&self, key: &str, entries: &[Entry]) -> Vec<Mark> {
        let id = self.id(key);
        let mark = |entry: &Entry| match &entry.event {
            Event::Task(task, TaskEvent::ClockFired { mark, .. }) if *task == id => Some(*mark),
            _other => None,
        };
        entries.iter().filter_map(mark).collect()
    }

    /// The open record of a trouble.
    #[track_caller]
    pub(crate) fn record(&self, key: &str, trouble: Trouble) -> &Escalation {
        self.task(key).escalation_for(trouble).unwrap_or_else(|| panic!("{key} has no escalation: {trouble}")).1
    }

    pub(crate) fn record_id(&self, key: &str, trouble: Trouble) -> EscalationId {
        self.task(key).escalation_for(trouble).unwrap_or_else(|| panic!("{key} has no escalation: {trouble}")).0
    }

    /// Nobody stands at a place any more, in this way.
    #[track_caller]
    pub(crate) fn leaves(&mut self, role: Role, kind: AbsenceKind) -> Vec<Entry> {
        let by = match kind {
            AbsenceKind::Away => person(),
            AbsenceKind::Dead => system(),
        };
        let absence = Some(Absence { kind, reason: "not here".to_owned() });
        self.at_once(by, Action::SetPresence { role, absence })
    }

    /// Everybody whom something was given to says that they have it.
    pub(crate) fn everybody_acknowledges(&mut self) {
        let given: BTreeMap<TaskId, Role> = self
            .state
            .tasks
            .values()
            .filter_map(|task| {
                Some((task.id, task.delegation.as_ref().filter(|one| one.acknowledged.is_none())?.to.clone()))
            })
            .collect();
        for (id, role) in given {
            self.millis -= 1_000;
            self.give(Principal::role(role), Action::Task(id, TaskAction::AcknowledgeDelegation))
                .expect("they have it");
        }
    }
}
