//! What leads and tech leads do about how full everybody is.
//!
//! | who | when | what |
//! | --- | --- | --- |
//! | domain lead | the domain is in another band | says so |
//! | domain lead | an IC has more than 110 % | has others of the team take over what was not started |
//! | tech lead | a domain has more than 90 %, and work waits | borrows somebody from a domain below 75 % |
//! | tech lead | nobody can be borrowed | defers what is less urgent, for work of high priority and more |
//!
//! They look when a load crosses one of these limits, and whenever they look at what they owe. It comes to rest: something
//! is moved once, and only where that lowers the larger of the two loads; only what is strictly more urgent makes room.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Move, Turn};
use crate::domain::assignment::{
    Choice, Explanation, Pool, QUALIFIED, Standing, available_below, has_position, skill_match, there, workload,
};
use crate::domain::capacity::{Booked, LENDS_BELOW, OVERLOADED, remaining};
use crate::domain::command::{Action, TaskAction};
use crate::domain::id::{DepartmentId, DomainId, IcId, TaskId};
use crate::domain::learning::pace;
use crate::domain::org::Ic;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::{Assignee, State as TaskState, Task};
use crate::domain::time::Effort;
use crate::domain::work::Priority;

/// Tasks that wait for which a tech lead looks around in one turn, the most urgent first: what is borrowed by then wakes
/// them again.
const LOOKED_AT_A_TURN: usize = 20;

impl<'a> Turn<'a> {
    /// Does what the role's means are about how full everybody is.
    pub(super) fn balance(&mut self) {
        match self.role {
            Role::DomainLead(domain) => {
                self.note_capacity(domain);
                self.relieve(domain);
            }
            Role::TechLead(department) => self.look_around(department),
            Role::Organisation | Role::EngineeringManager(_) | Role::Ic(_) | Role::Person(_) | Role::Operator => {}
        }
    }

    /// Says how full the domain is, where it is in another band than was said.
    fn note_capacity(&mut self, domain: &DomainId) {
        let booked = self.state.booked(domain);
        let said = self.state.bands.get(domain).copied().unwrap_or_default();
        if let (Some(utilisation), Some(percent)) = (booked.utilisation(), booked.percent()) {
            let band = said.next(utilisation);
            if band != said {
                let domain = domain.clone();
                self.moves.push(Move::Commit(Action::NoteCapacity { domain, band, percent }));
            }
        }
    }

    /// Has others of the team take over what somebody with too much has not started.
    fn relieve(&mut self, domain: &DomainId) {
        let state = self.state;
        let overloaded: Vec<&Ic> = state.overloaded(domain).filter_map(|id| state.chart.ics.get(id)).collect();
        if overloaded.is_empty() {
            return;
        }
        let seen_to = self.seen_to();
        for from in overloaded {
            for task in movable(state, &from.id) {
                if workload(from, self.committed(&from.id)) <= OVERLOADED {
                    break;
                }
                if !seen_to.contains(&task.id) {
                    self.move_away(task, from, domain);
                }
            }
        }
    }

    /// Gives a task that was not started to somebody of the team who is better off, if there is somebody.
    fn move_away(&mut self, task: &Task, from: &Ic, domain: &DomainId) {
        let state = self.state;
        let hours = |ic: &Ic| remaining(task, pace(state.history_of(&ic.id), &task.work));
        let before = self.committed(&from.id);
        let left = before.minus(hours(from));
        let larger = workload(from, before);
        let helps = |ic: &&Ic| {
            let with = self.committed(&ic.id).plus(hours(ic));
            ic.id != from.id && workload(from, left).max(workload(ic, with)) < larger
        };
        let Choice::Ic(to, _) = self.choose(task, state.chart.ics_of(domain).filter(helps)) else {
            return;
        };
        self.set(&from.id, left);
        self.give(&to, task);
        let reason = format!(
            "{} had {} of three days, and has {} without it; {to} has {} with it",
            from.id,
            percent(before, from),
            percent(left, from),
            state.chart.ics.get(&to).map_or_else(String::new, |ic| percent(self.committed(&to), ic)),
        );
        self.commit(task.id, TaskAction::Reassign { to, reason });
    }

    /// Tasks that something is done about in this turn.
    fn seen_to(&self) -> BTreeSet<TaskId> {
        let task = |one: &Move| match one {
            Move::Commit(Action::Task(id, _)) => Some(*id),
            Move::Commit(_)
            | Move::Start(_)
            | Move::StartLater(..)
            | Move::Attend(..)
            | Move::Review(_)
            | Move::Plan(_) => None,
        };
        self.moves.iter().filter_map(task).collect()
    }

    /// Finds somebody elsewhere for what waits in domains that are strained, or makes room for it.
    fn look_around(&mut self, department: &'a DepartmentId) {
        let state = self.state;
        let strained: Vec<&DomainId> = state.strained(department).collect();
        if strained.is_empty() {
            return;
        }
        let seen_to = self.seen_to();
        for domain in strained {
            let mut waiting: Vec<&Task> = state.waiting(domain).filter(|task| !seen_to.contains(&task.id)).collect();
            waiting.sort_by_key(|task| (Reverse(task.priority), task.id));
            let mut lenders = self.lenders(department, domain);
            for task in waiting.into_iter().take(LOOKED_AT_A_TURN) {
                // Somebody of its own domain has the time by now: its lead sees to it.
                if matches!(self.choose(task, state.chart.ics_of(domain)), Choice::Ic(..)) {
                    continue;
                }
                match lenders.choose(&task.work, task.priority, &task.failed_with) {
                    Choice::Ic(ic, explanation) => {
                        self.borrow(task, ic, explanation);
                        lenders = self.lenders(department, domain);
                    }
                    Choice::NobodyAvailable | Choice::NobodyQualified(_) => self.make_room(task),
                }
            }
        }
    }

    /// Everybody who is there in the other domains of a department that have hours to spare.
    fn lenders(&self, department: &'a DepartmentId, but: &DomainId) -> Pool<'a> {
        let state = self.state;
        let lends = |domain: &&crate::domain::org::Domain| {
            domain.id != *but && self.booked(&domain.id).utilisation().is_some_and(|share| share < LENDS_BELOW)
        };
        let ics = state.chart.domains_of(department).filter(lends).flat_map(|domain| state.chart.ics_of(&domain.id));
        let standing = |ic: &IcId| Standing { committed: self.committed(ic), history: state.history_of(ic) };
        Pool::new(there(state, ics), standing, state.sequence)
    }

    /// What is spoken for of a domain, with what happened in this turn.
    fn booked(&self, domain: &DomainId) -> Booked {
        let given = self.given.iter().filter(|(ic, _)| domain.has(ic));
        given.fold(self.state.booked(domain), |mut sum, (ic, committed)| {
            sum.committed = sum.committed.minus(self.state.load(ic).committed).plus(*committed);
            sum
        })
    }

    /// Somebody of another domain gets a task.
    fn borrow(&mut self, task: &Task, ic: IcId, explanation: Explanation) {
        let lender = ic.domain();
        let because = format!(
            "borrowed from {lender}, which is at {}: {} is at {}, and nobody there has the time",
            share(self.booked(&lender)),
            task.domain,
            share(self.booked(&task.domain)),
        );
        self.give(&ic, task);
        let explanation = Explanation { because: Some(because), ..explanation };
        self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(ic), explanation });
    }

    /// Takes something less urgent that was not started back, for a task of high priority or more.
    fn make_room(&mut self, task: &'a Task) {
        if task.priority < Priority::High {
            return;
        }
        let Some((ic, deferred, left)) = self.deferrable(task) else {
            return;
        };
        self.set(&ic.id, left);
        let Choice::Ic(to, explanation) = self.choose(task, std::iter::once(ic)) else {
            return;
        };
        let full = format!("{} is at {}", task.domain, share(self.state.booked(&task.domain)));
        let reason = format!("deferred for {}, which has {} priority: {full}", task.key, task.priority);
        self.commit(deferred.id, TaskAction::Unassign { reason });
        self.give(&to, task);
        let because = format!(
            "{}, of {} priority, was deferred for it: {full}, and nobody can be borrowed",
            deferred.key, deferred.priority
        );
        let explanation = Explanation { because: Some(because), ..explanation };
        self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(to), explanation });
    }

    /// The least urgent work that was not started and without which somebody has the time for a task; with what they have
    /// left then.
    fn deferrable(&self, task: &Task) -> Option<(&'a Ic, &'a Task, Effort)> {
        let state = self.state;
        let seen_to = self.seen_to();
        let limit = available_below(task.priority);
        let could = |ic: &&Ic| {
            has_position(ic, &task.work)
                && skill_match(ic, &task.work) >= QUALIFIED
                && !task.failed_with.contains(&ic.id)
        };
        let domain = state.chart.domains.get(&task.domain)?;
        let mut found: Vec<(&Ic, &Task, Effort)> = Vec::new();
        for ic in there(state, state.chart.ics_of(&domain.id)).filter(could) {
            for one in movable(state, &ic.id) {
                let hours = remaining(one, pace(state.history_of(&ic.id), &one.work));
                let left = self.committed(&ic.id).minus(hours);
                if one.priority < task.priority && !seen_to.contains(&one.id) && workload(ic, left) <= limit {
                    found.push((ic, one, left));
                }
            }
        }
        found.into_iter().min_by_key(|(_, one, _)| (one.priority, Reverse((one.entered, one.id))))
    }
}

/// What an IC has and has not started, the least urgent and latest first; but for what a person gave them, and what was
/// moved before.
fn movable<'a>(state: &'a State, ic: &IcId) -> Vec<&'a Task> {
    let can_go = |task: &&Task| {
        matches!(&task.state, TaskState::Assigned { assignee: Assignee::Ic(has) } if has == ic)
            && task.taken_from.is_empty()
            && task.assignment.as_ref().is_none_or(|assignment| assignment.chosen.is_none())
    };
    let mut found: Vec<&Task> = state.desk(ic).filter_map(|id| state.tasks.get(&id)).filter(can_go).collect();
    found.sort_by_key(|task| (task.priority, Reverse((task.entered, task.id))));
    found
}

fn percent(committed: Effort, ic: &Ic) -> String {
    share(Booked::of(committed, ic.hours_per_day))
}

fn share(booked: Booked) -> String {
    booked.percent().map_or_else(|| "no hours".to_owned(), |percent| format!("{percent} %"))
}
