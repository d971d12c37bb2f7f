//! Decisions about the chart and about instructions.

mod planning;
mod running;

pub(in crate::domain) use planning::PLANS_REFUSED;

use std::sync::Arc;

use super::{Context, say_why};
use crate::domain::command::InstructionAction;
use crate::domain::event::{Event, InstructionEvent};
use crate::domain::go_no_go::facts;
use crate::domain::id::{BriefField, DepartmentId, InstructionId, WorkType};
use crate::domain::instruction::{Deadline, Instruction, LABELS_LIMIT, Request, State, TEXT_LIMIT, Triage, WORD_LIMIT};
use crate::domain::org::Chart;
use crate::domain::presence::Right;
use crate::domain::reaction::waits_for;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Role};
use crate::domain::time::Millis;
use crate::domain::workflow::{PartTemplate, Workflow};

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
        let parts = instruction.plan.iter().flat_map(|plan| &plan.parts);
        for part in parts.filter(|part| context.state.ended(part.id).is_none()) {
            if !chart.departments.contains_key(&part.department) {
                return Err(Rejection::Invalid(format!(
                    "the chart has no department `{}`, and a part of instruction {} is for it; finish or cancel that first",
                    part.department, instruction.id
                )));
            }
        }
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
    check_fields(context, id, request, workflow)?;
    let parts = workflow.variants.iter().flat_map(|variant| &variant.parts);
    let about = |part: &&PartTemplate| {
        state.chart.workflows.get(&part.work_type).is_some_and(|workflow| workflow.needs_repository)
    };
    if let (None, Some(part)) = (&request.repository, parts.clone().find(about)) {
        return Err(Rejection::Invalid(format!(
            "`{work_type}` has a part `{}` that is about a git repository; name one with --repo",
            part.key
        )));
    }
    if workflow.needs_repository && request.repository.is_none() {
        return Err(Rejection::Invalid(format!("`{work_type}` is about a git repository; name one with --repo")));
    }
    Ok(vec![Event::Received { id, request: request.clone(), department }])
}

/// Instructions that one may depend on, at most: what hangs on more is a plan of its own.
const DEPENDENCIES_LIMIT: usize = 100;

/// No deadline is further away: whoever means more than that means none.
const FURTHEST_DEADLINE: Millis = Millis::from_hours(100 * 365 * 24);

/// Checks the words by which an instruction is found.
fn check_words(request: &Request) -> Result<(), Rejection> {
    if request.labels.len() > LABELS_LIMIT {
        let number = request.labels.len();
        return Err(Rejection::Invalid(format!("it has {number} labels and may have {LABELS_LIMIT}")));
    }
    let named = [("project", &request.project), ("epic", &request.epic), ("sprint", &request.sprint)];
    let named = named.into_iter().filter_map(|(what, text)| text.as_ref().map(|text| (what, text)));
    for (what, text) in named.chain(request.labels.iter().map(|label| ("label", label))) {
        if text.trim().is_empty() || text.len() > WORD_LIMIT || text.contains(char::is_control) {
            return Err(Rejection::Invalid(format!(
                "its {what} is empty, has a line break or is longer than {WORD_LIMIT} bytes: give a few words"
            )));
        }
    }
    Ok(())
}

/// Checks what was given besides the text.
fn check_fields(
    context: &Context<'_>,
    id: InstructionId,
    request: &Request,
    workflow: &Workflow,
) -> Result<(), Rejection> {
    let invalid = |text: String| Err(Rejection::Invalid(text));
    if let Some(tier) = request.tier
        && request.plan.is_none()
        && !workflow.plans(tier)
    {
        let tiers: Vec<String> = workflow.tiers().map(|tier| tier.to_string()).collect();
        return invalid(format!(
            "workflow `{}` has no template for tier {tier}; it has: {}",
            workflow.work_type,
            tiers.join(", ")
        ));
    }
    check_words(request)?;
    let until_deadline = match request.deadline {
        Some(Deadline::Within(span)) => span,
        Some(Deadline::At(wall)) => wall.since(context.at.wall),
        None => FURTHEST_DEADLINE,
    };
    if until_deadline <= Millis(0) {
        return invalid("its deadline is over; give one that is to come, or none".to_owned());
    }
    if until_deadline > FURTHEST_DEADLINE {
        return invalid("its deadline is more than a hundred years away; give an earlier one, or none".to_owned());
    }
    if let Some((score, value)) = request.risk.and_then(|risk| risk.out_of_range()) {
        return invalid(format!("a risk score is 1 to 10, and {score} is {value}"));
    }
    if request.depends_on.len() > DEPENDENCIES_LIMIT {
        return invalid(format!(
            "it depends on {} instructions and may depend on {DEPENDENCIES_LIMIT}; join some of them",
            request.depends_on.len()
        ));
    }
    for on in &request.depends_on {
        if *on == id || (!context.state.instructions.contains_key(on) && !context.state.finished.contains_key(on)) {
            return invalid(format!("it depends on {on}, which is not an instruction of this organisation"));
        }
        if let Some(end) =
            context.state.ended(*on).filter(|end| *end != crate::domain::instruction::StateName::Completed)
        {
            return invalid(format!("it depends on {on}, which is {end} and will never be completed"));
        }
    }
    let brief: usize = request.brief.values().map(String::len).sum();
    if brief > TEXT_LIMIT {
        return invalid(format!("its brief has {brief} bytes and may have {TEXT_LIMIT}"));
    }
    if let Some(field) = request.brief.keys().find(|field| !workflow.brief.contains_key(*field)) {
        let known: Vec<&str> = workflow.brief.keys().map(BriefField::as_str).collect();
        let known = if known.is_empty() { "no brief".to_owned() } else { known.join(", ") };
        return invalid(format!("workflow `{}` knows no `{field}`; it asks for: {known}", workflow.work_type));
    }
    Ok(())
}

fn department_for(context: &Context<'_>, request: &Request) -> Result<DepartmentId, Rejection> {
    let departments = &context.state.chart.departments;
    let names = || departments.keys().map(DepartmentId::as_str).collect::<Vec<_>>().join(", ");
    let workflow = request.work_type.as_ref().and_then(|work_type| context.state.chart.workflows.get(work_type));
    let by_work_type = workflow.map(|workflow| workflow.department.clone());
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
        // A work type is one department's.
        (None, _) => by_work_type.ok_or_else(|| {
            Rejection::Invalid(match &request.work_type {
                Some(unknown) => format!("no department has a workflow for `{unknown}`; departments are: {}", names()),
                None => format!("say which department does it: {}", names()),
            })
        }),
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
            expect(instruction, action, has_not_begun(instruction))?;
            InstructionEvent::Rejected { reason: reason.clone() }
        }
        InstructionAction::FillBrief { .. }
        | InstructionAction::Plan { .. }
        | InstructionAction::RefusePlan { .. }
        | InstructionAction::AnswerConsultation { .. }
        | InstructionAction::AskApproval { .. }
        | InstructionAction::ApprovePlan { .. } => planning::decide(context, instruction, action)?,
        InstructionAction::Hold(_)
        | InstructionAction::Arbitrate { .. }
        | InstructionAction::WaiveDependency { .. }
        | InstructionAction::Release
        | InstructionAction::Amend { .. }
        | InstructionAction::Rebaseline { .. } => return running::decide(context, instruction, action),
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
        InstructionAction::Pause { reason, until } => {
            allow(context, instruction, action, &[Who::Manager, Who::Organisation, Who::Person])?;
            say_why(reason)?;
            expect(instruction, action, instruction.paused.is_none())?;
            if let Some(other) = until {
                context.state.instruction(*other)?;
                if waits_for(context.state, *other, id) {
                    return Err(Rejection::Invalid(format!("{other} waits for {id}, which cannot make room for it")));
                }
            }
            InstructionEvent::Paused { reason: reason.clone(), until: *until }
        }
        InstructionAction::Resume => {
            allow(context, instruction, action, &[Who::Manager, Who::Organisation, Who::Person])?;
            expect(instruction, action, instruction.paused.is_some())?;
            InstructionEvent::Resumed
        }
    };
    Ok(vec![Event::Instruction(id, event)])
}

/// Whether nothing of an instruction has been started.
const fn has_not_begun(found: &Instruction) -> bool {
    match found.state {
        State::Received
        | State::Triaged
        | State::NeedsBrief { .. }
        | State::Planned
        | State::AwaitingApproval { .. }
        | State::Queued => true,
        State::Executing
        | State::GoNoGo { .. }
        | State::Completed
        | State::Cancelled { .. }
        | State::Rejected { .. } => false,
    }
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
    /// Whoever handed it in.
    Asker,
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
        Who::Asker => context.principal.is_person() && *context.principal == instruction.asked_by,
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
