//! The plan of an instruction, with its schedule.

use std::collections::BTreeMap;

use super::Look;
use crate::api::view::{ConsultationView, PlanPart, PlanTask, PlanView, RiskScore};
use crate::api::wire::Refusal;
use crate::domain::id::{InstructionId, StepKey, TaskId};
use crate::domain::instruction::{ConsultEnd, Consultation, Instruction};
use crate::domain::plan::Part;
use crate::domain::schedule::{Schedule, schedule};
use crate::domain::state::Archived;
use crate::domain::task::{Checkpoint, Task};
use crate::domain::time::Millis;

/// What the tasks of a plan are looked up in.
struct Tasks<'a> {
    by_id: BTreeMap<TaskId, &'a Task>,
    schedule: Schedule,
}

impl Look<'_> {
    /// The plan of an instruction, also of one that is over.
    pub(super) fn plan(&self, id: InstructionId) -> Result<PlanView, Refusal> {
        if let Some(found) = self.state.instructions.get(&id) {
            let tasks: Vec<&Task> = found.tasks.iter().filter_map(|task| self.state.tasks.get(task)).collect();
            return Ok(self.plan_view(found, &tasks, None));
        }
        let archived = self.archived(id)?;
        let tasks: Vec<&Task> = archived.tasks.iter().collect();
        Ok(self.plan_view(&archived.instruction, &tasks, Some(&archived)))
    }

    fn plan_view(&self, found: &Instruction, tasks: &[&Task], over: Option<&Archived>) -> PlanView {
        let plan = found.plan.as_ref();
        let of = Tasks {
            by_id: tasks.iter().map(|task| (task.id, *task)).collect(),
            schedule: if over.is_some() { Schedule::default() } else { schedule(self.state, found) },
        };
        let leaves = tasks.iter().filter(|task| task.children.is_empty());
        PlanView {
            instruction: self.summary(found, over),
            triage: found.triage.as_ref().map(|triage| triage.reasons.clone()).unwrap_or_default(),
            source: plan.map(|plan| plan.source.to_string()),
            risk: plan.map(|plan| plan.risk.scores().into_iter().map(risk_score).collect()).unwrap_or_default(),
            risk_total: plan.map(|plan| plan.risk.total()),
            risk_band: plan.map(|plan| plan.risk.band().to_string()),
            review: plan.map(|plan| plan.review.clone()).unwrap_or_default(),
            consultations: found.consultations.iter().map(consultation).collect(),
            parts: plan.map(|plan| self.parts(&plan.parts)).unwrap_or_default(),
            tasks: tasks.iter().filter(|task| task.parent.is_none()).map(|task| self.plan_task(task, &of)).collect(),
            length_hours: hours(of.schedule.length),
            effort_hours: leaves.fold(0.0, |sum, task| sum + task.work.effort.hours()),
            budget_hours: found.request.budget.map(|budget| budget.hours()),
            deadline: found.deadline.map(|at| self.wall(at)),
            held: found.held.as_ref().filter(|_| over.is_none()).map(|hold| hold.reason.clone()),
            slipped_percent: plan.and_then(|plan| plan.slipped),
        }
    }

    pub(super) fn parts(&self, parts: &[Part]) -> Vec<PlanPart> {
        let name = |id: &InstructionId| parts.iter().find(|part| part.id == *id).map(|part| part.key.to_string());
        let live = |id: &InstructionId| self.state.instructions.get(id).map(|found| found.state.name());
        let view = |part: &Part| PlanPart {
            instruction: part.id.to_string(),
            key: part.key.to_string(),
            department: part.department.to_string(),
            work_type: part.work_type.to_string(),
            needs: part.needs.iter().filter_map(name).collect(),
            state: live(&part.id).or_else(|| self.state.ended(part.id)).map(|state| state.to_string()),
        };
        parts.iter().map(view).collect()
    }

    fn plan_task(&self, task: &Task, of: &Tasks<'_>) -> PlanTask {
        let slot = of.schedule.tasks.get(&task.id);
        let name = |id: &TaskId| of.by_id.get(id).map(|task| task.key.to_string());
        let children = task.children.iter().filter_map(|id| of.by_id.get(id));
        let is_to_come = task.children.is_empty();
        PlanTask {
            id: task.id.to_string(),
            key: task.key.to_string(),
            title: task.work.title.clone(),
            domain: task.domain.to_string(),
            state: task.state.name().to_string(),
            assignee: task.state.assignee().map(ToString::to_string),
            effort_hours: task.work.effort.hours(),
            range_hours: task.range.map(|range| (range.low.hours(), range.high.hours())),
            needs: task.needs.iter().filter_map(name).collect(),
            critical: slot.is_some_and(|slot| slot.critical),
            slack_hours: slot.map(|slot| hours(slot.slack)),
            checkpoint: task.checkpoint.map(|checkpoint| word_for(checkpoint).to_owned()),
            security_sensitive: task.work.security_sensitive,
            parts: children.map(|child| self.plan_task(child, of)).collect(),
            outline: task.outline.iter().filter(|_| is_to_come).map(|piece| key(&piece.key)).collect(),
        }
    }
}

/// Hours of organisation time.
fn hours(span: Millis) -> f64 {
    span.to_duration().as_secs_f64() / 3_600.0
}

fn key(key: &StepKey) -> String {
    key.to_string()
}

fn risk_score((name, score): (&str, u8)) -> RiskScore {
    RiskScore { name: name.to_owned(), score }
}

fn consultation(one: &Consultation) -> ConsultationView {
    ConsultationView {
        id: one.ask.id.to_string(),
        whom: one.ask.whom.to_string(),
        question: one.ask.question.clone(),
        blocking: one.ask.blocking,
        answer: one.end.as_ref().map(|end| match end {
            ConsultEnd::Answered { by, text } => format!("{by}: {text}"),
            ConsultEnd::Lapsed => "nobody answered in time".to_owned(),
        }),
    }
}

const fn word_for(checkpoint: Checkpoint) -> &'static str {
    match checkpoint {
        Checkpoint::Named => "named",
        Checkpoint::Stopped => "waits",
        Checkpoint::AsksPerson => "asks a person",
        Checkpoint::Passed => "passed",
    }
}
