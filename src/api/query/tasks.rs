//! Tasks as clients see them, in lists and whole.

use super::Look;
use crate::actors::brief::workspace_of;
use crate::api::view::{
    AssignmentView, CandidateView, CheckView, Count, QuestionView, ReviewView, TaskDetail, TaskView,
};
use crate::api::wire::{Code, Refusal};
use crate::domain::assignment::{Explanation, Unfit};
use crate::domain::id::TaskId;
use crate::domain::reaction::Wait;
use crate::domain::review::{GateOutcome, TaskKind};
use crate::domain::state::Archived;
use crate::domain::task::{State as TaskState, Task};
use crate::domain::work::CheckResult;
use crate::telemetry::narrative::quote;

impl Look<'_> {
    pub(super) fn place(&self, task: &Task) -> usize {
        self.state
            .instructions
            .get(&task.instruction)
            .and_then(|found| found.tasks.iter().position(|id| *id == task.id))
            .unwrap_or(usize::MAX)
    }

    pub(super) fn name_of(&self, id: TaskId, over: Option<&Archived>) -> String {
        self.state
            .tasks
            .get(&id)
            .or_else(|| over.and_then(|gone| gone.tasks.iter().find(|task| task.id == id)))
            .map_or_else(|| id.to_string(), |task| task.key.to_string())
    }

    pub(super) fn task_view(&self, task: &Task, over: Option<&Archived>) -> TaskView {
        let accountability = self.state.accountability(task.id);
        let (mut reviewer, mut gate) = (None, None);
        let mut note = task.submission.as_ref().map(|handed| quote(&handed.submission.summary));
        match &task.state {
            TaskState::UnderReview { reviewer: who, .. } => reviewer = Some(who.to_string()),
            TaskState::DomainReview { reviewer: who, gate: at, .. } => {
                reviewer = Some(who.to_string());
                gate = Some(at.to_string());
            }
            TaskState::Blocked { blocker, .. } | TaskState::Escalated { blocker, .. } => {
                note = Some(quote(&format!("{}: {}", blocker.kind, blocker.description)));
            }
            TaskState::Cancelled { reason, by } => note = Some(quote(&format!("{reason} (by {by})"))),
            TaskState::InProgress { .. } => {
                note = task
                    .progress
                    .as_ref()
                    .map(|progress| quote(&progress.note))
                    .or_else(|| task.findings.first().map(|finding| quote(&format!("rework: {}", finding.text))));
            }
            TaskState::Pending
            | TaskState::InPlanning
            | TaskState::Assigned { .. }
            | TaskState::ReadyForHandoff { .. }
            | TaskState::Completed => {}
        }
        let waits_for = match accountability.and_then(|one| one.waits.as_ref()) {
            Some(Wait::Dependencies(tasks) | Wait::Children(tasks)) => {
                tasks.iter().map(|id| self.name_of(*id, over)).collect()
            }
            Some(Wait::Instruction(_) | Wait::Paused(_)) | None => Vec::new(),
        };
        TaskView {
            id: task.id.to_string(),
            instruction: task.instruction.to_string(),
            parent: task.parent.map(|id| id.to_string()),
            key: task.key.to_string(),
            title: task.work.title.clone(),
            kind: match task.kind {
                TaskKind::Strategic => "strategic",
                TaskKind::Tactical => "tactical",
            }
            .to_owned(),
            domain: task.domain.to_string(),
            state: task.state.name().to_string(),
            since: task.entered.wall.to_string(),
            assignee: task
                .state
                .assignee()
                .map(ToString::to_string)
                .or_else(|| task.submission.as_ref().map(|handed| handed.author.to_string())),
            reviewer,
            gate,
            attempts: task.epoch.0,
            rounds: task.round.0,
            note,
            percent: task.progress.as_ref().and_then(|progress| progress.percent),
            simulated: task.submission.as_ref().is_some_and(|handed| handed.submission.simulated),
            next: accountability
                .map(|one| one.owes.iter().map(|(role, duty)| self.owed_view(role, *duty)).collect())
                .unwrap_or_default(),
            needs: task.needs.iter().map(|need| self.name_of(*need, over)).collect(),
            waits_for,
            workspace: workspace_of(self.data_dir, task).work().display().to_string(),
            artefacts: artefacts(task),
        }
    }

    pub(super) fn task_detail(&self, id: TaskId) -> Result<TaskDetail, Refusal> {
        if let Some(task) = self.state.tasks.get(&id) {
            return Ok(self.detail(task, None));
        }
        let Some(stub) = self.state.finished_tasks.get(&id) else {
            return Err(Refusal::new(Code::NotFound, format!("there is no task {id}")));
        };
        let archived = self.archived(stub.instruction)?;
        match archived.tasks.iter().find(|task| task.id == id) {
            Some(task) => Ok(self.detail(task, Some(&archived))),
            None => Err(Refusal::new(Code::Internal, format!("{id} is missing in its instruction's archive"))),
        }
    }

    pub(super) fn detail(&self, task: &Task, over: Option<&Archived>) -> TaskDetail {
        let submission = task.submission.as_ref().map(|handed| &handed.submission);
        TaskDetail {
            task: self.task_view(task, over),
            description: task.work.description.clone(),
            effort_hours: task.work.effort.hours(),
            complexity: task.work.complexity.to_string(),
            skills: task.work.skills.iter().map(ToString::to_string).collect(),
            criteria: task.work.criteria.clone(),
            needs: task.needs.iter().map(|need| self.name_of(*need, over)).collect(),
            checks: submission
                .map(|submission| {
                    let view = |check: &CheckResult| CheckView {
                        path: check.path.clone(),
                        check: check.check.clone(),
                        passed: check.passed,
                        detail: check.detail.clone(),
                    };
                    submission.checks.iter().map(view).collect()
                })
                .unwrap_or_default(),
            reviews: task
                .gates
                .iter()
                .map(|record| {
                    let (outcome, basis) = match &record.outcome {
                        GateOutcome::Passed(basis) => ("passed", basis.to_string()),
                        GateOutcome::Skipped(reason) => ("skipped", reason.clone()),
                    };
                    let gate = record.gate.map_or_else(|| "peer".to_owned(), |gate| gate.to_string());
                    ReviewView { gate, by: record.by.to_string(), outcome: outcome.to_owned(), basis }
                })
                .collect(),
            findings: task
                .findings
                .iter()
                .map(|finding| match &finding.location {
                    Some(location) => format!("{location}: {}", finding.text),
                    None => finding.text.clone(),
                })
                .collect(),
            notes: task.notes.clone(),
            questions: task
                .questions
                .iter()
                .map(|(id, question)| QuestionView {
                    id: id.to_string(),
                    from: question.from.to_string(),
                    text: question.text.clone(),
                })
                .collect(),
            assignment: task.assignment.as_ref().map(assignment_view),
        }
    }
}

/// The files a task has handed in: its deliverables first, then what else the worker named.
fn artefacts(task: &Task) -> Vec<String> {
    let Some(handed) = &task.submission else {
        return Vec::new();
    };
    let mut files: Vec<String> = task.work.deliverables.iter().map(|one| one.path.clone()).collect();
    for artefact in &handed.submission.artefacts {
        if !files.contains(artefact) {
            files.push(artefact.clone());
        }
    }
    files
}

pub(super) fn assignment_view(explanation: &Explanation) -> AssignmentView {
    AssignmentView {
        inputs: explanation.inputs.0,
        candidates: explanation
            .candidates
            .iter()
            .map(|one| CandidateView {
                ic: one.ic.to_string(),
                skill_match: one.skill_match,
                workload: one.workload,
                fit: one.fit,
                learning: one.learning,
                performance: one.performance,
                score: one.score,
                planned_hours: one.estimate.planned.hours(),
                expected_hours: one.estimate.expected.hours(),
                samples: one.estimate.samples,
            })
            .collect(),
        rejected: explanation
            .rejected
            .iter()
            .map(|(why, count)| Count {
                name: match why {
                    Unfit::NotQualified => "not qualified",
                    Unfit::Overloaded => "overloaded",
                    Unfit::FailedBefore => "failed at it before",
                    Unfit::OtherPosition => "of another position",
                }
                .to_owned(),
                count: usize::try_from(*count).unwrap_or(usize::MAX),
            })
            .collect(),
        chosen: explanation.chosen.clone(),
        because: explanation.because.clone(),
    }
}
