//! Decisions about the chart and about instructions.

use std::sync::Arc;

use super::{Context, say_why};
use crate::domain::command::InstructionAction;
use crate::domain::event::{Event, InstructionEvent};
use crate::domain::go_no_go::facts;
use crate::domain::id::{DepartmentId, InstructionId, WorkType};
use crate::domain::instruction::{Instruction, Request, State, Triage};
use crate::domain::org::Chart;
use crate::domain::plan::check_plan;
use crate::domain::presence::Right;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Role};
use crate::domain::workflow::Workflow;

/// Longest text of an instruction, in bytes: it is part of every job made from it.
const TEXT_LIMIT: usize = 64 * 1024;

pub(super) fn apply_chart(context: &Context<'_>, chart: &Arc<Chart>) -> Result<Vec<Event>, Rejection> {
    let may = context.state.may(context.principal, Right::Operate, None);
    if context.principal.asker != Asker::System && !may {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "apply a chart" });
    }
    if context.state.chart == *chart {
        return Ok(Vec::new());
    }
    // What is under way keeps its domain: a chart without it would leave tasks that nobody can answer for.
    for task in context.state.tasks.values().filter(|task| !task.state.is_terminal()) {
        if !chart.domains.contains_key(&task.domain) {
            return Err(Rejection::Invalid(format!(
                "the chart has no domain `{}`, and task {} ({}) of it is {}; finish or cancel it first",
                task.domain,
                task.id,
                task.key,
                task.state.name()
            )));
        }
    }
    for instruction in context.state.instructions.values() {
        if !chart.departments.contains_key(&instruction.department) {
            return Err(Rejection::Invalid(format!(
                "the chart has no department `{}`, and instruction {} of it is {}; finish or cancel it first",
                instruction.department,
                instruction.id,
                instruction.state.name()
            )));
        }
    }
    Ok(vec![Event::ChartApplied(Arc::clone(chart))])
}

pub(super) fn submit(context: &Context<'_>, id: InstructionId, request: &Request) -> Result<Vec<Event>, Rejection> {
    let state = context.state;
    let department = department_for(context, request);
    if let Ok(department) = &department
        && context.principal.asker != Asker::System
        && !state.may(context.principal, Right::Submit, Some(department))
    {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "submit" });
    }
    if let Some(key) = &request.key
        && let Some((known, fingerprint)) = state.keys.get(key)
    {
        if *fingerprint == request.fingerprint() {
            return Ok(Vec::new());
        }
        return Err(Rejection::KeyReused { key: key.clone(), instruction: *known });
    }
    if state.instructions.contains_key(&id) || state.finished.contains_key(&id) {
        return Err(Rejection::Exists(id.to_string()));
    }
    if request.text.trim().is_empty() {
        return Err(Rejection::Invalid("the instruction is empty: say what is to be done".to_owned()));
    }
    if request.text.len() > TEXT_LIMIT {
        return Err(Rejection::Invalid(format!(
            "the instruction has {} bytes and may have {TEXT_LIMIT}; put what is long into the repository and refer to it",
            request.text.len()
        )));
    }
    let department = department?;
    let Some(work_type) = request.work_type.as_ref().or_else(|| default_work_type(context, &department)) else {
        return Err(Rejection::Invalid(format!(
            "department `{department}` has no default work type; give one of: {}",
            workflows_of(context, &department)
        )));
    };
    let workflow = workflow_for(context, &department, work_type)?;
    if workflow.needs_repository && request.repository.is_none() {
        return Err(Rejection::Invalid(format!("`{work_type}` is about a git repository; name one with --repo")));
    }
    Ok(vec![Event::Received { id, request: request.clone(), department }])
}

fn department_for(context: &Context<'_>, request: &Request) -> Result<DepartmentId, Rejection> {
    let departments = &context.state.chart.departments;
    let names = || departments.keys().map(DepartmentId::as_str).collect::<Vec<_>>().join(", ");
    match (&request.department, departments.len()) {
        (Some(wanted), _) if departments.contains_key(wanted) => Ok(wanted.clone()),
        (Some(wanted), _) => {
            Err(Rejection::Invalid(format!("there is no department `{wanted}`; there are: {}", names())))
        }
        (None, 1) => departments
            .keys()
            .next()
            .cloned()
            .ok_or_else(|| Rejection::Invalid("the chart has no department".to_owned())),
        (None, 0) => Err(Rejection::Invalid("no chart is applied yet".to_owned())),
        (None, _) => Err(Rejection::Invalid(format!("say which department does it: {}", names()))),
    }
}

fn workflows_of(context: &Context<'_>, department: &DepartmentId) -> String {
    let names: Vec<&str> = context
        .state
        .chart
        .workflows
        .values()
        .filter(|workflow| workflow.department == *department)
        .map(|workflow| workflow.work_type.as_str())
        .collect();
    if names.is_empty() { "(the chart has no workflow for it)".to_owned() } else { names.join(", ") }
}

fn default_work_type<'a>(context: &Context<'a>, department: &DepartmentId) -> Option<&'a WorkType> {
    context.state.chart.departments.get(department)?.default_work_type.as_ref()
}

/// The workflow of a work type, as long as it is the department's.
fn workflow_for<'a>(
    context: &Context<'a>,
    department: &DepartmentId,
    work_type: &WorkType,
) -> Result<&'a Workflow, Rejection> {
    let known = context.state.chart.workflows.get(work_type).filter(|workflow| workflow.department == *department);
    known.ok_or_else(|| {
        Rejection::Invalid(format!(
            "department `{department}` has no workflow for `{work_type}`; it has: {}",
            workflows_of(context, department)
        ))
    })
}

pub(super) fn decide(
    context: &Context<'_>,
    id: InstructionId,
    action: &InstructionAction,
) -> Result<Vec<Event>, Rejection> {
    let instruction = context.state.instruction(id)?;
    let event = match action {
        InstructionAction::Triage { tier, work_type, reasons } => {
            allow(context, instruction, action, &[Who::Manager])?;
            expect(instruction, action, matches!(instruction.state, State::Received))?;
            workflow_for(context, &instruction.department, work_type)?;
            InstructionEvent::Triaged(Triage { tier: *tier, work_type: work_type.clone(), reasons: reasons.clone() })
        }
        InstructionAction::Reject { reason } => {
            allow(context, instruction, action, &[Who::Manager, Who::TechLead, Who::Person])?;
            say_why(reason)?;
            let started = !matches!(instruction.state, State::Received | State::Triaged | State::Planned);
            expect(instruction, action, !started)?;
            InstructionEvent::Rejected { reason: reason.clone() }
        }
        InstructionAction::Plan { tasks } => {
            allow(context, instruction, action, &[Who::TechLead])?;
            expect(instruction, action, matches!(instruction.state, State::Triaged))?;
            let tier = instruction.tier().unwrap_or(context.state.chart.policy.default_tier);
            check_plan(context.state, &instruction.department, tier, tasks).map_err(Rejection::Invalid)?;
            InstructionEvent::Planned { tasks: tasks.clone() }
        }
        InstructionAction::ApprovePlan => {
            allow(context, instruction, action, &[Who::Manager, Who::Person])?;
            expect(instruction, action, matches!(instruction.state, State::Planned))?;
            InstructionEvent::Queued
        }
        InstructionAction::Release => {
            allow(context, instruction, action, &[Who::Organisation])?;
            expect(instruction, action, matches!(instruction.state, State::Queued))?;
            if instruction.paused.is_some() {
                return Err(Rejection::Paused(id));
            }
            InstructionEvent::Executing
        }
        InstructionAction::DecideGoNoGo => {
            allow(context, instruction, action, &[Who::Manager, Who::Person])?;
            expect(instruction, action, matches!(instruction.state, State::GoNoGo { .. }))?;
            go_no_go(context, instruction)
        }
        InstructionAction::Cancel { reason } => {
            allow(context, instruction, action, &[Who::Manager, Who::Person])?;
            say_why(reason)?;
            InstructionEvent::Cancelled { reason: reason.clone() }
        }
        InstructionAction::Pause { reason } => {
            allow(context, instruction, action, &[Who::Manager, Who::Organisation, Who::Person])?;
            say_why(reason)?;
            expect(instruction, action, instruction.paused.is_none())?;
            InstructionEvent::Paused { reason: reason.clone() }
        }
        InstructionAction::Resume => {
            allow(context, instruction, action, &[Who::Manager, Who::Organisation, Who::Person])?;
            expect(instruction, action, instruction.paused.is_some())?;
            InstructionEvent::Resumed
        }
    };
    Ok(vec![Event::Instruction(id, event)])
}

/// Go or no-go from the recorded facts. A person who decides overrides what speaks against it; without one completed
/// task there is nothing to complete, and the instruction is cancelled.
fn go_no_go(context: &Context<'_>, instruction: &Instruction) -> InstructionEvent {
    let facts = facts(context.state, instruction);
    if facts.completed == 0 {
        return InstructionEvent::Cancelled { reason: "every task of it was cancelled".to_owned() };
    }
    if facts.against.is_empty() || context.principal.is_person() {
        let mut recorded = facts.supporting;
        recorded.extend(facts.against.into_iter().map(|fact| format!("overridden by a person: {fact}")));
        return InstructionEvent::Completed { facts: recorded };
    }
    InstructionEvent::NoGo { facts: facts.against }
}

#[derive(Clone, Copy)]
enum Who {
    Organisation,
    Manager,
    TechLead,
    Person,
}

fn allow(
    context: &Context<'_>,
    instruction: &Instruction,
    action: &InstructionAction,
    who: &[Who],
) -> Result<(), Rejection> {
    let is_deputy = |role: Role| context.principal.is(&role) || context.principal.is(&context.state.deputy(role));
    let allowed = who.iter().any(|one| match one {
        Who::Organisation => context.principal.is(&Role::Organisation),
        Who::Manager => is_deputy(Role::EngineeringManager(instruction.department.clone())),
        Who::TechLead => is_deputy(Role::TechLead(instruction.department.clone())),
        Who::Person => context.state.may(context.principal, Right::Decide, Some(&instruction.department)),
    });
    // A clock or a consequence may cancel and nothing else.
    let system = context.principal.asker == Asker::System && matches!(action, InstructionAction::Cancel { .. });
    if allowed || system {
        Ok(())
    } else {
        Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() })
    }
}

fn expect(instruction: &Instruction, action: &InstructionAction, holds: bool) -> Result<(), Rejection> {
    if holds {
        Ok(())
    } else {
        Err(Rejection::IllegalInstructionMove { state: instruction.state.name(), action: action.name() })
    }
}
