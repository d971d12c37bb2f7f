//! What leads and managers do about milestones: the go-ahead, the breakdown, and the look at what crosses domains.

use std::collections::{BTreeMap, BTreeSet};

use super::{Turn, checkpoints};
use crate::domain::assignment::{Choice, choose_for};
use crate::domain::command::TaskAction;
use crate::domain::handoff::{free_key, whole_child};
use crate::domain::id::{Skill, StepKey, TaskId};
use crate::domain::plan::check_breakdown;
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::task::{Checkpoint, PlannedTask, Task};
use crate::domain::time::Effort;

impl Turn<'_> {
    /// A manager gives a milestone the go-ahead, or leaves it to a person where the facts speak against it; where a person
    /// was asked, it waits for them.
    pub(super) fn go_ahead(&mut self, task: &Task) {
        let found = self.state.instructions.get(&task.instruction);
        if let Some(found) = found.filter(|_| task.checkpoint == Some(Checkpoint::Stopped)) {
            let action = match checkpoints::look(self.state, found, task, self.at.org) {
                Ok(reason) => TaskAction::GoAhead { reason },
                Err(reason) => TaskAction::AskGoAhead { reason },
            };
            self.commit(task.id, action);
        }
    }

    /// A lead breaks a milestone down as its plan outlines it; what crosses domains is shown to the tech lead first. One
    /// without an outline, or whose outline was sent back or does not hold any more, is taken as one piece of work.
    pub(super) fn break_down(&mut self, task: &Task) {
        let outlined = self.outlined(task);
        let children = if outlined.is_empty() || check_breakdown(self.state, task, &outlined).is_err() {
            vec![whole_child(task, self.ids.task())]
        } else {
            outlined
        };
        // Whoever takes it on in the lead's place stands high enough to say what other domains do.
        let is_lead = matches!(self.role, Role::DomainLead(_));
        let crosses = is_lead && children.iter().any(|child| child.domain != task.domain);
        self.commit(
            task.id,
            if crosses { TaskAction::Propose { children } } else { TaskAction::BreakDown { children } },
        );
    }

    /// The children that the outline of a milestone says, each after those it needs.
    fn outlined(&mut self, task: &Task) -> Vec<PlannedTask> {
        let mut children = Vec::with_capacity(task.outline.len());
        if task.proposal_refused {
            return children;
        }
        let mut known: BTreeMap<&StepKey, TaskId> = BTreeMap::new();
        let mut left: Vec<_> = task.outline.iter().collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|piece| {
                let needs: Option<Vec<TaskId>> = piece.needs.iter().map(|need| known.get(need).copied()).collect();
                let Some(needs) = needs else {
                    return true;
                };
                let id = self.ids.task();
                known.insert(&piece.key, id);
                let (key, domain) = (self.key_of(task, &piece.key), piece.domain.clone());
                children.push(PlannedTask::new(id, key, TaskKind::Tactical, domain, needs, piece.work.clone()));
                false
            });
            if left.len() == before {
                // Nothing of a circle can ever start; the milestone is one piece of work then.
                return Vec::new();
            }
        }
        children
    }

    /// The name of a child: that of its piece, after the milestone's where another milestone of the plan has such a piece or
    /// another task that name.
    fn key_of(&self, task: &Task, piece: &StepKey) -> StepKey {
        let found = self.state.instructions.get(&task.instruction);
        let others = found.iter().flat_map(|found| &found.tasks).filter_map(|id| self.state.tasks.get(id));
        let is_shared = others
            .filter(|other| other.id != task.id)
            .any(|other| other.key == *piece || other.outline.iter().any(|one| one.key == *piece));
        if is_shared { free_key(&task.key, piece.as_str(), &BTreeSet::new()) } else { piece.clone() }
    }

    /// The tech lead looks whether each domain has somebody for what it is to do, and sends the breakdown back where one has
    /// not.
    pub(super) fn review_breakdown(&mut self, task: &Task) {
        let missing: Vec<String> = task
            .proposal
            .iter()
            .filter(|child| child.domain != task.domain)
            .filter_map(|child| self.missing(task, child))
            .collect();
        let action = if missing.is_empty() {
            TaskAction::BreakDown { children: task.proposal.clone() }
        } else {
            TaskAction::RefuseProposal { reason: missing.join("; ") }
        };
        self.commit(task.id, action);
    }

    /// Why nobody in a child's domain can do it, if nobody can.
    fn missing(&self, task: &Task, child: &PlannedTask) -> Option<String> {
        // What is asked is who could do it, as if it were there.
        let as_task = Task {
            id: child.id,
            kind: child.kind,
            domain: child.domain.clone(),
            work: std::sync::Arc::new(child.work.clone()),
            ..task.clone()
        };
        match choose_for(self.state, &as_task, self.state.chart.ics_of(&child.domain), |_| Effort::default()) {
            Choice::Ic(..) | Choice::NobodyAvailable => None,
            Choice::NobodyQualified(_) => {
                let skills: Vec<&str> = child.work.skills.iter().map(Skill::as_str).collect();
                let position = child.work.position.iter().map(|position| position.as_str());
                let asked: Vec<&str> = position.chain(skills).collect();
                let asked = if asked.is_empty() {
                    "there is nobody".to_owned()
                } else {
                    format!("it asks for {}", asked.join(", "))
                };
                Some(format!("{}: nobody in {} is qualified for it ({asked})", child.key, child.domain))
            }
        }
    }
}
