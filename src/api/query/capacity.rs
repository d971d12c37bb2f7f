//! Capacity, and why a task is with whom it is.

use super::Look;
use super::tasks::assignment_view;
use crate::api::resolve;
use crate::api::view::{
    CapacityReport, DepartmentCapacityView, DomainCapacityView, FiguresView, IcCapacityView, WaitsView, WhyView,
};
use crate::api::wire::Refusal;
use crate::domain::assignment::{as_things_stand, available_below};
use crate::domain::capacity::{Department, Domain, Figures, Member, organisation};
use crate::domain::id::TaskId;
use crate::domain::reaction::{Duty, Wait};
use crate::domain::task::Task;

impl Look<'_> {
    pub(super) fn capacity(&self, domain: Option<&str>) -> Result<CapacityReport, Refusal> {
        let only = domain.map(|text| resolve::domain(self.state, text)).transpose()?;
        let found = organisation(self.state, only.as_ref(), self.now.org);
        Ok(CapacityReport {
            organisation: self.state.chart.name.clone(),
            at: self.now.wall.to_string(),
            figures: self.figures(&found.figures),
            departments: found.departments.iter().map(|one| self.department_capacity(one)).collect(),
        })
    }

    fn department_capacity(&self, found: &Department) -> DepartmentCapacityView {
        DepartmentCapacityView {
            department: found.department.to_string(),
            figures: self.figures(&found.figures),
            domains: found.domains.iter().map(|one| self.domain_capacity(one)).collect(),
        }
    }

    fn domain_capacity(&self, found: &Domain) -> DomainCapacityView {
        let ic = |one: &Member| IcCapacityView {
            ic: one.ic.to_string(),
            absent: one.absent.clone(),
            tasks: one.tasks,
            running: one.running,
            figures: self.figures(&one.figures),
        };
        DomainCapacityView {
            domain: found.domain.to_string(),
            figures: self.figures(&found.figures),
            waiting: found.waiting,
            waiting_hours: found.waiting_hours.hours(),
            ics: found.members.iter().map(ic).collect(),
        }
    }

    fn figures(&self, found: &Figures) -> FiguresView {
        FiguresView {
            committed_hours: found.booked.committed.hours(),
            available_hours: found.booked.hours.hours(),
            percent: found.booked.percent(),
            band: found.band().to_string(),
            available_from: found.available_from.map(|at| self.wall(at)),
            percent_by_day: found.percent_by_day().to_vec(),
        }
    }

    pub(super) fn why(&self, id: TaskId) -> Result<WhyView, Refusal> {
        let detail = self.task_detail(id)?;
        let task = self.state.tasks.get(&id);
        let winner = detail.assignment.as_ref().and_then(|one| one.candidates.first()).map(|best| best.ic.clone());
        let is_elsewhere = detail.task.assignee.is_some() && winner.is_some() && winner != detail.task.assignee;
        // The notes say why, the latest last.
        let moved = detail.notes.iter().rev().find_map(|note| note.strip_prefix("given to another IC: "));
        Ok(WhyView {
            moved: moved.filter(|_| is_elsewhere).map(str::to_owned),
            id: detail.task.id,
            key: detail.task.key,
            kind: detail.task.kind,
            state: detail.task.state,
            assignee: detail.task.assignee,
            planned_hours: detail.effort_hours,
            assignment: detail.assignment,
            waits: task.and_then(|task| self.waits(task)),
        })
    }

    /// Why nobody has a task, while its lead looks for somebody, or before they may.
    fn waits(&self, task: &Task) -> Option<WaitsView> {
        let found = self.state.accountability(task.id)?;
        let is_looked_for = found.owes.iter().any(|(_, duty)| matches!(duty, Duty::Assign(_)));
        let held_back = task.state.name() == crate::domain::task::StateName::Pending
            && matches!(found.waits, Some(Wait::Instruction(_) | Wait::Paused(_)));
        if !is_looked_for && !held_back {
            return None;
        }
        let standing = as_things_stand(self.state, task);
        let reason = match (&found.waits, standing.candidates.is_empty(), task.clock.forecast) {
            (Some(Wait::Paused(_)), _, _) => "its instruction is paused".to_owned(),
            (Some(_), _, _) => "its instruction has not begun".to_owned(),
            (None, true, _) => format!("nobody in {} is qualified for it", task.domain),
            (None, false, Some(_)) => {
                let ahead = task.clock.ahead.unwrap_or_default();
                format!("whoever could do it has no time: {ahead} of work come before it")
            }
            (None, false, None) => format!("the lead of {} has not given it to anybody yet", task.domain),
        };
        Some(WaitsView {
            reason,
            until: task.clock.forecast.map(|at| self.wall(at)),
            available_below: available_below(task.priority),
            standing: assignment_view(&standing),
        })
    }
}
