//! Whether the state after a group is what its events say.

use std::collections::BTreeSet;

use super::fault::{Fault, expect};
use super::invariant::{ARCHIVE, STATE};
use super::model::Model;
use super::wakes::Wakes;
use crate::domain::id::{Sequence, TaskId};
use crate::domain::reaction::{Accountability, Duty};
use crate::domain::role::Role;
use crate::domain::state::{Archived, State};
use crate::domain::task::Task;
use crate::domain::time::OrgTime;

impl Model {
    /// The state says of everything the group touched what the model says, and what it does not know any more is archived.
    pub(super) fn agree(&mut self, archived: &[Archived], state: &State) -> Result<(), Fault> {
        let (own, last) = (self.sequence, state.sequence);
        expect(own == last, STATE, || format!("the state stands at event {last} without events for it"))?;
        self.touched.sort_unstable();
        self.touched.dedup();
        for id in &self.touched {
            self.agree_on(*id, state)?;
        }
        self.left(archived)
    }

    fn agree_on(&self, id: TaskId, state: &State) -> Result<(), Fault> {
        let (Some(record), Some(task)) = (self.tasks.get(&id), state.tasks.get(&id)) else {
            let both = self.tasks.contains_key(&id) == state.tasks.contains_key(&id);
            return expect(both, STATE, || format!("{id} is forgotten by one, and the other has it"));
        };
        let same =
            |holds: bool, what: &str| expect(holds, STATE, || format!("{id}: {what} differs from what was recorded"));
        same(record.state == task.state.name(), "its state")?;
        same(record.owner.as_ref() == task.state.assignee(), "who has it")?;
        same(record.running.as_ref().map(|running| running.epoch) == task.running_epoch(), "its attempt")?;
        same(record.escalations.len() == task.escalations.len(), "what is open of its escalations")?;
        same(record.questions.len() == task.questions.len(), "what is open of its questions")
    }

    /// What left is archived, whole, and nothing else is.
    fn left(&mut self, archived: &[Archived]) -> Result<(), Fault> {
        let ended = std::mem::take(&mut self.ended);
        expect(ended.len() == archived.len(), ARCHIVE, || {
            format!("{} instructions ended, and {} are archived", ended.len(), archived.len())
        })?;
        for (id, end, tasks) in &ended {
            let Some(found) = archived.iter().find(|found| found.instruction.id == *id) else {
                return Err((ARCHIVE, format!("{id} ended and is not archived")));
            };
            let is_same = found.instruction.state.name() == *end;
            expect(is_same, ARCHIVE, || {
                format!("{id} ended {end} and is archived {}", found.instruction.state.name())
            })?;
            let kept: BTreeSet<TaskId> = found.tasks.iter().map(|task| task.id).collect();
            let is_whole = found.tasks.len() == tasks.len() && tasks.iter().all(|task| kept.contains(task));
            expect(is_whole, ARCHIVE, || {
                format!("{id} had {} tasks and is archived with {}", tasks.len(), kept.len())
            })?;
            let open = found
                .tasks
                .iter()
                .find(|task| !task.state.is_terminal() || !task.escalations.is_empty() || !task.questions.is_empty());
            expect(open.is_none(), ARCHIVE, || {
                format!("{id} is archived with a task, or what is open of one, that is not over")
            })?;
        }
        Ok(())
    }

    /// Adds what may be owed otherwise because of what was touched.
    fn touch_around(&mut self, state: &State) {
        let touched = self.touched.iter().filter_map(|id| state.tasks.get(id));
        let mut more: Vec<TaskId> = touched.flat_map(|task| around(task, state)).collect();
        if !more.is_empty() {
            self.touched.append(&mut more);
            self.touched.sort_unstable();
            self.touched.dedup();
        }
    }

    /// Who owes what is new since the last look at what the group touched.
    pub(super) fn owe(&mut self, wakes: &mut Wakes, at: (OrgTime, Sequence), state: &State) {
        self.touch_around(state);
        for id in self.touched.drain(..) {
            let (Some(record), Some(now)) = (self.tasks.get_mut(&id), state.accountability(id)) else { continue };
            let is_same = record.owed.len() == now.owes.len() + usize::from(now.acknowledges.is_some())
                && duties(id, now)
                    .zip(&record.owed)
                    .all(|((role, duty), before)| (role, duty) == (&before.0, before.1));
            if is_same {
                continue;
            }
            for (role, duty) in duties(id, now) {
                if !record.owed.iter().any(|before| (role, duty) == (&before.0, before.1)) {
                    wakes.owe(role, duty, at, state);
                }
            }
            record.owed = duties(id, now).map(|(role, duty)| (role.clone(), duty)).collect();
        }
        for id in self.touched_courses.drain(..) {
            let Some(course) = self.courses.get_mut(&id) else { continue };
            let now = state.instruction_duties(id);
            for (role, duty) in now.iter().filter(|owed| !course.owed.contains(owed)) {
                wakes.owe(role, *duty, at, state);
            }
            if course.owed != now {
                course.owed = now.to_vec();
            }
        }
    }
}

/// Tasks that may be owed otherwise because another one is.
fn around<'a>(task: &'a Task, state: &'a State) -> impl Iterator<Item = TaskId> + 'a {
    let dependants = task.dependants.iter().filter_map(|id| state.tasks.get(id));
    // What a milestone waits for, its children wait for, too.
    let dependants = dependants.flat_map(|found| found.children.iter().copied().chain([found.id]));
    dependants.chain(task.children.iter().copied())
}

fn duties(id: TaskId, now: &Accountability) -> impl Iterator<Item = (&Role, Duty)> {
    let acknowledges = now.acknowledges.iter().map(move |role| (role, Duty::Acknowledge(id)));
    now.owes.iter().map(|(role, duty)| (role, *duty)).chain(acknowledges)
}
