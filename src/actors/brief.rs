//! Briefs: the jobs that workers get, made from the state.

use std::path::{Path, PathBuf};

use crate::domain::id::{Epoch, TaskId, WorkerId};
use crate::domain::policy::ReviewOrder;
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::{Assignee, Task};
use crate::worker::job::{Announcement, Input, Instruction, Task as TaskBrief, VERSION};
use crate::worker::{Job, JobKind, Token, Workspace};

/// Messages to channels that a job carries: with older ones, a worker would read more about the organisation than about
/// its task.
const ANNOUNCEMENTS_TOLD: usize = 5;

/// The job of an attempt and the worker that does it; `None` when the task or the one who has it is gone.
#[must_use]
pub fn for_attempt(
    state: &State,
    data_dir: &Path,
    task: TaskId,
    epoch: Epoch,
    token: Token,
) -> Option<(WorkerId, Job)> {
    let task = state.tasks.get(&task)?;
    let ic = task.state.assignee().and_then(Assignee::ic)?;
    let worker = state.chart.ics.get(ic)?.worker.clone();
    let workspace = workspace_of(data_dir, task);
    let mut job = blank(state, task, JobKind::Work, epoch, token, &workspace)?;
    job.inputs = inputs(state, data_dir, task);
    job.announcements = announcements(state, &Role::Ic(ic.clone()));
    Some((worker, job))
}

/// The job of a review; `None` when the work is not under that review any more.
#[must_use]
pub fn for_review(state: &State, data_dir: &Path, order: &ReviewOrder, epoch: Epoch, token: Token) -> Option<Job> {
    let task = state.tasks.get(&order.task).filter(|task| task.round == order.round)?;
    let work = workspace_of(data_dir, task);
    let workspace = work.for_review(order.round, order.gate);
    let mut job = blank(state, task, JobKind::Review, epoch, token, &workspace)?;
    job.gate = order.gate;
    job.submission = task.submission.as_ref().map(|handed| handed.submission.clone());
    job.subject = Some(work.work());
    Some(job)
}

/// The folder in which a task is worked on.
#[must_use]
pub fn workspace_of(data_dir: &Path, task: &Task) -> Workspace {
    Workspace::for_work(data_dir, task.instruction, &task.key, task.id)
}

fn blank(state: &State, task: &Task, kind: JobKind, epoch: Epoch, token: Token, workspace: &Workspace) -> Option<Job> {
    let instruction = state.instructions.get(&task.instruction)?;
    Some(Job {
        version: VERSION,
        kind,
        organisation: state.chart.name.clone(),
        instruction: Instruction {
            id: instruction.id,
            text: instruction.request.text.clone(),
            department: instruction.department.clone(),
        },
        task: TaskBrief {
            id: task.id,
            key: task.key.clone(),
            title: task.work.title.clone(),
            description: task.work.description.clone(),
            tier: task.tier,
            priority: task.priority,
        },
        criteria: task.work.criteria.clone(),
        deliverables: task.work.deliverables.clone(),
        findings: task.findings.clone(),
        notes: task.notes.clone(),
        announcements: Vec::new(),
        inputs: Vec::new(),
        gate: None,
        submission: None,
        subject: None,
        round: task.round,
        repository: instruction.request.repository.as_ref().map(PathBuf::from),
        workspace: workspace.work(),
        epoch,
        token,
        deadline: None,
    })
}

/// The latest messages that reached a place, newest first.
fn announcements(state: &State, role: &Role) -> Vec<Announcement> {
    state
        .broadcasts
        .values()
        .rev()
        .filter(|sent| sent.recipients.contains_key(role))
        .take(ANNOUNCEMENTS_TOLD)
        .map(|sent| Announcement {
            kind: sent.notice.kind,
            subject: sent.notice.subject.clone(),
            impact: sent.notice.impact.clone(),
            action_items: sent.notice.action_items.clone(),
        })
        .collect()
}

/// What the tasks before this one, and before those it is part of, have produced.
fn inputs(state: &State, data_dir: &Path, task: &Task) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut current = Some(task);
    while let Some(link) = current {
        for needed in link.needs.iter().filter_map(|need| state.tasks.get(need)) {
            match needed.kind {
                TaskKind::Tactical => inputs.extend(input(data_dir, needed)),
                TaskKind::Strategic => inputs.extend(
                    needed
                        .children
                        .iter()
                        .filter_map(|child| state.tasks.get(child))
                        .filter_map(|child| input(data_dir, child)),
                ),
            }
        }
        current = link.parent.and_then(|parent| state.tasks.get(&parent));
    }
    inputs
}

fn input(data_dir: &Path, task: &Task) -> Option<Input> {
    let handed = task.submission.as_ref()?;
    let mut artefacts: Vec<String> = task.work.deliverables.iter().map(|one| one.path.clone()).collect();
    for artefact in &handed.submission.artefacts {
        if !artefacts.contains(artefact) {
            artefacts.push(artefact.clone());
        }
    }
    Some(Input { step: task.key.clone(), folder: workspace_of(data_dir, task).work(), artefacts })
}
