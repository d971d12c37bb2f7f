//! Briefs: the jobs that workers get, made from the state.

use std::path::{Path, PathBuf};

use crate::domain::id::{Epoch, InstructionId, Round, StepKey, TaskId, WorkerId};
use crate::domain::org::Domain;
use crate::domain::policy::{PlanOrder, ReviewOrder, plans};
use crate::domain::review::TaskKind;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::{Assignee, Task};
use crate::domain::time::Effort;
use crate::domain::{instruction, plan};
use crate::worker::job::{Announcement, Input, Instruction, Member, Planning, Task as TaskBrief, Team, VERSION};
use crate::worker::planning::schema;
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
        role: String::new(),
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
            effort: task.work.effort,
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
        plan: None,
    })
}

/// The job of making the plan of an instruction; `None` when nobody waits for one any more.
#[must_use]
pub fn for_plan(state: &State, data_dir: &Path, order: &PlanOrder, epoch: Epoch, token: Token) -> Option<Job> {
    let found = plans::awaited(state, order)?;
    let triage = found.triage.as_ref()?;
    // The planning is told apart from other planning of the same instruction by how many plans were refused before.
    let key: StepKey = format!("plan-{}", order.refused.saturating_add(1)).parse().ok()?;
    let id = planning_task(order.instruction);
    let workspace = Workspace::for_work(data_dir, found.id, &key, id);
    Some(Job {
        version: VERSION,
        kind: JobKind::Plan,
        organisation: state.chart.name.clone(),
        role: String::new(),
        instruction: Instruction {
            id: found.id,
            text: found.request.text.clone(),
            department: found.department.clone(),
        },
        task: TaskBrief {
            id,
            key,
            title: "Plan the instruction".to_owned(),
            description: String::new(),
            tier: triage.tier,
            priority: found.request.priority,
            effort: Effort::default(),
        },
        criteria: Vec::new(),
        deliverables: Vec::new(),
        findings: Vec::new(),
        notes: Vec::new(),
        announcements: Vec::new(),
        inputs: Vec::new(),
        gate: None,
        submission: None,
        subject: None,
        round: Round::default(),
        repository: found.request.repository.as_ref().map(PathBuf::from),
        workspace: workspace.work(),
        epoch,
        token,
        deadline: None,
        plan: Some(Box::new(planning(state, found, triage))),
    })
}

/// The planning of an instruction as a task: what its processes are found by. No task has the number of an instruction.
#[must_use]
pub fn planning_task(instruction: InstructionId) -> TaskId {
    TaskId::new(uuid::Uuid::from_bytes(*instruction.as_bytes()))
}

/// What a planner is told.
fn planning(state: &State, found: &instruction::Instruction, triage: &instruction::Triage) -> Planning {
    let chart = &state.chart;
    let (least_tasks, most_tasks) = plan::size_limits(triage.tier);
    let strategic = triage.tier.has_strategic_phase();
    let team = |domain: &Domain| Team {
        domain: domain.id.clone(),
        title: domain.title.clone(),
        members: chart
            .ics_of(&domain.id)
            .map(|ic| Member {
                title: ic.title.clone(),
                position: ic.position.clone(),
                experience: ic.experience,
                skills: ic.skills.clone(),
                hours_per_day: ic.hours_per_day,
            })
            .collect(),
    };
    let own = chart.workflows.values().filter(|one| one.department == found.department && one.one_phase().is_some());
    Planning {
        work_type: triage.work_type.clone(),
        brief: found.brief.clone(),
        tier: triage.tier,
        tasks: plan::kind_of(triage.tier),
        least_tasks,
        most_tasks,
        most_hours: if strategic { plan::MILESTONE_HOURS_LIMIT } else { plan::TASK_HOURS_LIMIT },
        most_pieces: if strategic { plan::CHILDREN_LIMIT } else { 0 },
        domains: chart.domains_of(&found.department).map(team).collect(),
        workflows: if strategic { own.map(|one| one.work_type.clone()).collect() } else { Vec::new() },
        schema: schema(),
        refusals: found.refusals.clone(),
    }
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
