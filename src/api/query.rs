//! What queries answer: pure functions of the ledger.

mod broadcasts;
mod capacity;
mod commands;
mod escalations;
mod handoff;
mod inbox;
mod plan;
pub(super) mod standup;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::journal::{Audit, check_view};
use super::resolve;
use super::view::{
    AbsentView, Count, DegradedView, DepartmentView, DoctorView, DomainView, HasView, IcView, InstructionDetails,
    InstructionSummary, InstructionView, OwedView, StatusView, TreeView,
};
use super::wire::{Code, Query, Refusal};
use crate::domain::assignment::workload;
use crate::domain::id::{BriefField, InstructionId, TaskId};
use crate::domain::instruction::{self, HoldKind, Instruction};
use crate::domain::org::{Domain, ReviewPolicy};
use crate::domain::presence::Absence;
use crate::domain::reaction::{Duty, liveness_faults};
use crate::domain::role::Role;
use crate::domain::state::{Archived, State};
use crate::domain::task::Task;
use crate::domain::time::{Effort, OrgTime, Stamp};
use crate::ledger::{Ledger, check};

/// Finished instructions shown beside the open ones, whose tasks may be named by their step: those somebody may still be
/// thinking of.
const RECENT_LIMIT: usize = 5;

/// What only a running daemon knows.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// Roles that nobody stands for any more.
    pub degraded: BTreeMap<Role, String>,
    /// What time it is.
    pub now: Stamp,
}

/// Answers a query. `running` is `None` without a daemon.
///
/// # Errors
/// A refusal that says what to do, where there is nothing to answer with.
pub fn answer(ledger: &Ledger, query: &Query, data_dir: &Path, running: Option<&Running>) -> Result<Value, Refusal> {
    let state = ledger.state();
    // Without a daemon nothing happens: things are as they were at the last event.
    let now = running.map_or(state.last, |running| running.now.max(state.last));
    let look = Look { ledger, state, data_dir, running: running.is_some(), now };
    match query {
        Query::Status => json(&look.status(running)),
        Query::Instruction { id } => json(&look.instruction(resolve::instruction(look.state, id)?)?),
        Query::Plan { id } => json(&look.plan(resolve::instruction(look.state, id)?)?),
        Query::Tree => json(&look.tree()),
        Query::Tasks { instruction: Some(id) } => json(&look.instruction(resolve::instruction(look.state, id)?)?.tasks),
        Query::Tasks { instruction: None } => {
            let mut tasks: Vec<&Task> = look.state.tasks.values().collect();
            tasks.sort_by_key(|task| (task.instruction, look.place(task)));
            json(&tasks.into_iter().map(|task| look.task_view(task, None)).collect::<Vec<_>>())
        }
        Query::Task { id } => json(&look.task_detail(look.task_named(id)?)?),
        Query::Inbox { role } => {
            let role = role.as_deref().map_or(Ok(Role::Operator), |text| resolve::role(look.state, text))?;
            json(&look.inbox(&role))
        }
        Query::Escalations { open, task, level } => json(&look.escalations(*open, task.as_deref(), *level)?),
        Query::Standup { role } => json(&look.standup(role.as_deref())?),
        Query::Capacity { domain } => json(&look.capacity(domain.as_deref())?),
        Query::Why { task } => json(&look.why(look.task_named(task)?)?),
        Query::Broadcasts => json(&look.broadcasts()),
        Query::Handoffs => json(&look.handoffs()),
        Query::Handoff { task } => json(&look.handoff(task)?),
        Query::Doctor => json(&look.doctor(running)),
        Query::Audit => json(&Audit::of(ledger).walk()),
        Query::Check => {
            let checked = check(ledger.reader().as_ref());
            json(&check_view(&checked.map_err(|error| Refusal::new(Code::Internal, error.to_string()))?))
        }
    }
}

fn json(view: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(view).map_err(|error| Refusal::new(Code::Internal, error.to_string()))
}

struct Look<'a> {
    ledger: &'a Ledger,
    state: &'a State,
    data_dir: &'a Path,
    running: bool,
    now: Stamp,
}

impl Look<'_> {
    fn status(&self, running: Option<&Running>) -> StatusView {
        let mut tasks: BTreeMap<_, usize> = BTreeMap::new();
        for task in self.state.tasks.values() {
            *tasks.entry(task.state.name()).or_default() += 1;
        }
        let mut finished: BTreeMap<_, usize> = BTreeMap::new();
        for stub in self.state.finished.values() {
            *finished.entry(stub.state).or_default() += 1;
        }
        StatusView {
            organisation: self.state.chart.name.clone(),
            running: running.is_some(),
            sequence: self.state.sequence.0,
            instructions: self.state.instructions.values().map(|found| self.summary(found, None)).collect(),
            finished: counts(finished),
            recent: self.recent().iter().map(|gone| self.summary(&gone.instruction, Some(gone))).collect(),
            tasks: counts(tasks),
            needs_person: self.needs_person(None),
            degraded: degraded(running),
            absent: self.absent(),
        }
    }

    /// The places that nobody stands at.
    fn absent(&self) -> Vec<AbsentView> {
        let view = |(role, absence): (&Role, &Absence)| AbsentView {
            role: role.to_string(),
            kind: absence.kind.to_string(),
            reason: absence.reason.clone(),
        };
        self.state.absent.iter().map(view).collect()
    }

    /// Why nobody stands at a place, if nobody does.
    fn why_absent(&self, role: &Role) -> Option<String> {
        self.state.absence(role).map(ToString::to_string)
    }

    fn doctor(&self, running: Option<&Running>) -> DoctorView {
        DoctorView {
            instructions: self.state.instructions.len(),
            tasks: self.state.tasks.values().filter(|task| !task.state.is_terminal()).count(),
            running: self.running,
            faults: liveness_faults(self.state),
            needs_person: self.needs_person(None),
            degraded: degraded(running),
        }
    }

    /// The instructions that were received last of those that are over, newest first. One whose archive cannot be read
    /// is left out: to say so is the business of whoever asks for that one.
    fn recent(&self) -> Vec<Archived> {
        let ids = self.state.finished.keys().rev().take(RECENT_LIMIT);
        ids.filter_map(|id| self.ledger.archived(*id).ok().flatten()).collect()
    }

    /// The task that a text names: as [`resolve::task`], and beyond it the name of a task of an instruction that is over,
    /// of the newest of the last few that has one.
    fn task_named(&self, text: &str) -> Result<TaskId, Refusal> {
        resolve::task(self.state, text).or_else(|refusal| {
            let named = |gone: &Archived| gone.tasks.iter().find(|task| task.key.as_str() == text).map(|task| task.id);
            match refusal.code {
                Code::NotFound => self.recent().iter().find_map(named).ok_or(refusal),
                _another => Err(refusal),
            }
        })
    }

    /// A point of organisation time by the wall clock, as organisation time runs now.
    fn wall(&self, at: OrgTime) -> String {
        self.state.anchor.wall_at(at).to_string()
    }

    /// How long it is until a point of organisation time, in milliseconds; negative when that is past.
    fn until(&self, at: OrgTime) -> i64 {
        at.since(self.now.org).0
    }

    fn archived(&self, id: InstructionId) -> Result<Archived, Refusal> {
        match self.ledger.archived(id) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Refusal::new(Code::Internal, format!("{id} is over, and its archive is missing"))),
            Err(error) => Err(Refusal::new(Code::Internal, error.to_string())),
        }
    }

    fn instruction(&self, id: InstructionId) -> Result<InstructionView, Refusal> {
        if let Some(found) = self.state.instructions.get(&id) {
            let tasks: Vec<&Task> = found.tasks.iter().filter_map(|task| self.state.tasks.get(task)).collect();
            return Ok(self.instruction_view(found, &tasks, None));
        }
        let archived = self.archived(id)?;
        let tasks: Vec<&Task> = archived.tasks.iter().collect();
        Ok(self.instruction_view(&archived.instruction, &tasks, Some(&archived)))
    }

    fn instruction_view(&self, found: &Instruction, tasks: &[&Task], over: Option<&Archived>) -> InstructionView {
        let reason = match &found.state {
            instruction::State::Cancelled { reason, by } => Some(format!("{reason} (by {by})")),
            instruction::State::Rejected { reason } => Some(reason.clone()),
            instruction::State::GoNoGo { no_go } if !no_go.is_empty() => Some(no_go.join("; ")),
            instruction::State::NeedsBrief { missing } => {
                let fields: Vec<&str> = missing.iter().map(BriefField::as_str).collect();
                Some(format!("its brief does not say {}", fields.join(", ")))
            }
            instruction::State::AwaitingApproval { reasons } => Some(reasons.join("; ")),
            instruction::State::Queued => found.held.as_ref().map(|hold| hold.reason.clone()),
            instruction::State::Received
            | instruction::State::Triaged
            | instruction::State::Planned
            | instruction::State::Executing
            | instruction::State::GoNoGo { .. }
            | instruction::State::Completed => None,
        };
        InstructionView {
            instruction: self.summary(found, over),
            running: self.running,
            reason,
            details: self.details(found),
            triage: found.triage.as_ref().map(|triage| triage.reasons.clone()).unwrap_or_default(),
            needs_person: self.needs_person(Some(found.id)),
            tasks: tasks.iter().map(|task| self.task_view(task, over)).collect(),
            parts: found.plan.as_ref().map(|plan| self.parts(&plan.parts)).unwrap_or_default(),
        }
    }

    /// What was said about an instruction besides its text.
    fn details(&self, found: &Instruction) -> InstructionDetails {
        let request = &found.request;
        InstructionDetails {
            brief: found.brief.iter().map(|(field, said)| (field.to_string(), said.clone())).collect(),
            depends_on: request.depends_on.iter().map(ToString::to_string).collect(),
            parent: request.parent.map(|parent| parent.to_string()),
            deadline: found.deadline.map(|at| self.wall(at)),
            customer_commitment: request.customer_commitment,
            budget_hours: request.budget.map(Effort::hours),
            project: request.project.clone(),
            epic: request.epic.clone(),
            sprint: request.sprint.clone(),
            labels: request.labels.iter().cloned().collect(),
        }
    }

    fn summary(&self, found: &Instruction, over: Option<&Archived>) -> InstructionSummary {
        InstructionSummary {
            id: found.id.to_string(),
            state: found.state.name().to_string(),
            text: found.request.text.clone(),
            department: found.department.to_string(),
            work_type: found
                .triage
                .as_ref()
                .map(|triage| &triage.work_type)
                .or(found.request.work_type.as_ref())
                .map(ToString::to_string),
            tier: found.tier().map(u8::from),
            priority: found.request.priority.to_string(),
            received: found.received.wall.to_string(),
            tasks_over: found.tasks.len() - found.open.len(),
            tasks: found.tasks.len(),
            paused: found.paused.as_ref().filter(|_| over.is_none()).map(|pause| pause.reason.clone()),
            waits_for_person: over.is_none() && self.waits_for_person(found),
        }
    }

    /// Whether every open thread of an instruction, and of the parts it is made of, ends at a person. A part that waits for
    /// another is no thread of its own.
    fn waits_for_person(&self, found: &Instruction) -> bool {
        let waits_for_others = |part: &&Instruction| {
            part.held.as_ref().is_some_and(|hold| hold.kind == HoldKind::Dependencies)
                && part.state == instruction::State::Queued
        };
        let mut parts = self.state.open_parts(found.id).filter(|part| !waits_for_others(part)).peekable();
        if parts.peek().is_some() {
            return found.paused.is_some() || parts.all(|part| self.waits_for_person(part));
        }
        // The organisation always looks whether something can begin.
        let duties = self.state.instruction_duties(found.id).iter();
        let mut owed: Vec<&Role> =
            duties.filter(|(_, duty)| !matches!(duty, Duty::Release(_))).map(|(role, _)| role).collect();
        let open = found.open.iter().filter_map(|task| self.state.accountability(*task));
        owed.extend(open.flat_map(|one| one.owes.iter().map(|(role, _)| role)));
        found.paused.is_some() || (!owed.is_empty() && owed.iter().all(|role| role.is_person()))
    }

    /// What waits for a person, of one instruction or of all.
    fn needs_person(&self, only: Option<InstructionId>) -> Vec<OwedView> {
        let wanted = only.map(|id| self.with_parts(id));
        let is_wanted = |instruction: &Option<InstructionId>| {
            wanted.as_ref().is_none_or(|wanted| instruction.is_some_and(|id| wanted.contains(&id)))
        };
        self.state
            .owed()
            .filter(|(role, _)| role.is_person())
            .map(|(role, duty)| (self.instruction_of(duty), role, duty))
            .filter(|(instruction, _, _)| is_wanted(instruction))
            .map(|(_, role, duty)| self.owed_view(role, duty))
            .collect()
    }

    /// An instruction and everything that is open of what it is made of.
    fn with_parts(&self, id: InstructionId) -> BTreeSet<InstructionId> {
        let mut all = BTreeSet::from([id]);
        let mut left = vec![id];
        while let Some(next) = left.pop() {
            left.extend(self.state.open_parts(next).map(|part| part.id).filter(|part| all.insert(*part)));
        }
        all
    }

    fn instruction_of(&self, duty: Duty) -> Option<InstructionId> {
        let of_task = || duty.task().and_then(|id| self.state.tasks.get(&id)).map(|task| task.instruction);
        duty.instruction().or_else(of_task)
    }

    fn owed_view(&self, role: &Role, duty: Duty) -> OwedView {
        let task = duty.task().and_then(|id| self.state.tasks.get(&id));
        let detail = match (duty, task) {
            (Duty::Answer(_, id), Some(task)) => task.questions.get(&id).map(|question| question.text.clone()),
            (Duty::HoldEscalation(_, id), Some(task)) => {
                task.escalations.get(&id).map(|record| record.trouble.to_string())
            }
            (Duty::ResolveNoGo(id), _) => self.state.instructions.get(&id).and_then(|found| match &found.state {
                instruction::State::GoNoGo { no_go } => Some(no_go.join("; ")),
                _another => None,
            }),
            (_, Some(task)) => {
                task.state.blocker().map(|blocker| format!("{}; needs {}", blocker.description, blocker.needs))
            }
            (_, None) => None,
        };
        OwedView {
            who: role.to_string(),
            what: duty.to_string(),
            task: task.map(|task| task.id.to_string()),
            key: task.map(|task| task.key.to_string()),
            instruction: self.instruction_of(duty).map(|id| id.to_string()),
            detail,
            question: match duty {
                Duty::Answer(_, id) => Some(id.to_string()),
                _another => None,
            },
            escalation: task
                .and_then(|task| commands::with_a_person(task, duty))
                .map(|(escalation, _)| escalation.to_string()),
            commands: commands::commands(self.state, role, duty),
            options: task.map(|task| commands::options_of(self.state, task, duty)).unwrap_or_default(),
        }
    }

    fn owes(&self, role: &Role) -> Vec<OwedView> {
        self.state.owed_by(role).map(|duty| self.owed_view(role, duty)).collect()
    }

    fn tree(&self) -> TreeView {
        let chart = &self.state.chart;
        let mut has: BTreeMap<String, Vec<HasView>> = BTreeMap::new();
        for task in self.state.tasks.values() {
            if let (Some(assignee), false) = (task.state.assignee(), task.state.is_terminal()) {
                has.entry(assignee.to_string()).or_default().push(HasView {
                    task: task.id.to_string(),
                    key: task.key.to_string(),
                    state: task.state.name().to_string(),
                });
            }
        }
        let domain_view = |domain: &Domain| DomainView {
            id: domain.id.to_string(),
            title: domain.title.clone(),
            lead_reviews_by: domain
                .lead_worker
                .as_ref()
                .map_or_else(|| reviews_without_worker(domain.review), ToString::to_string),
            lead_absent: self.why_absent(&Role::DomainLead(domain.id.clone())),
            lead_owes: self.owes(&Role::DomainLead(domain.id.clone())),
            ics: chart
                .ics_of(&domain.id)
                .map(|ic| {
                    let load = self.state.load(&ic.id);
                    IcView {
                        id: ic.id.to_string(),
                        title: ic.title.clone(),
                        experience: ic.experience.to_string(),
                        skills: ic.skills.iter().map(|(skill, level)| format!("{skill}:{level}")).collect(),
                        worker: ic.worker.to_string(),
                        running: load.running,
                        parallel_limit: ic.parallel_limit,
                        committed_hours: load.committed.hours(),
                        workload: workload(ic, load.committed),
                        absent: self.why_absent(&Role::Ic(ic.id.clone())),
                        has: has.get(ic.id.as_str()).cloned().unwrap_or_default(),
                    }
                })
                .collect(),
        };
        TreeView {
            organisation: chart.name.clone(),
            departments: chart
                .departments
                .values()
                .map(|department| DepartmentView {
                    id: department.id.to_string(),
                    title: department.title.clone(),
                    manager_absent: self.why_absent(&Role::EngineeringManager(department.id.clone())),
                    tech_lead_absent: self.why_absent(&Role::TechLead(department.id.clone())),
                    manager_owes: self.owes(&Role::EngineeringManager(department.id.clone())),
                    tech_lead_owes: self.owes(&Role::TechLead(department.id.clone())),
                    domains: chart.domains_of(&department.id).map(domain_view).collect(),
                })
                .collect(),
        }
    }
}

/// Who judges for a lead without a worker.
fn reviews_without_worker(policy: ReviewPolicy) -> String {
    match policy {
        ReviewPolicy::Checks => "machine checks",
        ReviewPolicy::Person => "a person",
    }
    .to_owned()
}

fn counts<K: ToString>(counted: BTreeMap<K, usize>) -> Vec<Count> {
    counted.into_iter().map(|(name, count)| Count { name: name.to_string(), count }).collect()
}

fn degraded(running: Option<&Running>) -> Vec<DegradedView> {
    running
        .map(|running| {
            running
                .degraded
                .iter()
                .map(|(role, reason)| DegradedView { role: role.to_string(), reason: reason.clone() })
                .collect()
        })
        .unwrap_or_default()
}
