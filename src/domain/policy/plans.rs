//! How the tech lead plans an instruction: by the plan that came with it, by a planner, or by the template of its workflow.
//!
//! What needs the outside, a planner's answer or the files that a glob stands for, is ordered and carried out by the tech
//! lead's actor; [`by_draft`] and [`by_template`] make commands of what it comes back with.

use super::{Ids, Move, PlanOrder, Turn};
use crate::domain::command::{Action, InstructionAction};
use crate::domain::decide::PLANS_REFUSED;
use crate::domain::id::WorkerId;
use crate::domain::instruction::{Instruction, State as InstructionState};
use crate::domain::org::{Chart, WorkerKind};
use crate::domain::plan::draft::{Draft, For};
use crate::domain::plan::template::{self, Given, Targets};
use crate::domain::plan::{Plan, Source, check_plan};
use crate::domain::state::State;
use crate::domain::work::Tier;
use crate::domain::workflow::Workflow;

/// Bytes of the reasons why a plan is refused, at most: they are kept, and told to whoever plans anew.
const REASONS_LIMIT: usize = 4_000;

impl Turn<'_> {
    /// Plans an instruction, or orders what its plan needs from outside.
    pub(super) fn plan_it(&mut self, found: &Instruction) {
        let (state, ids) = (self.state, &mut *self.ids);
        let order = |planner: Option<WorkerId>| {
            Move::Plan(PlanOrder { instruction: found.id, planner, refused: found.refusals.len() })
        };
        let next = if let Some(draft) = &found.request.plan {
            Move::Commit(Action::Instruction(found.id, by_file(state, found, draft, ids)))
        } else if let Some(planner) = planner(state, found) {
            order(Some(planner))
        } else if !globs(state, found).is_empty() {
            order(None)
        } else {
            Move::Commit(Action::Instruction(found.id, from_template(state, found, &Targets::new(), ids)))
        };
        self.moves.push(next);
    }
}

/// The workflow of an instruction and its tier, as long as both are there.
fn workflow_of<'a>(state: &'a State, found: &Instruction) -> Option<(Tier, &'a Workflow)> {
    let triage = found.triage.as_ref()?;
    Some((triage.tier, state.chart.workflows.get(&triage.work_type)?))
}

/// The worker that plans it now: the one of its workflow, as long as its plans were not refused too often.
fn planner(state: &State, found: &Instruction) -> Option<WorkerId> {
    let (_, workflow) = workflow_of(state, found)?;
    let worker = workflow.planner.as_ref().filter(|_| found.refusals.len() < PLANS_REFUSED)?;
    can_plan(&state.chart, worker).then(|| worker.clone())
}

/// Whether a worker is there that does jobs by itself.
fn can_plan(chart: &Chart, worker: &WorkerId) -> bool {
    chart.workers.get(worker).is_some_and(|found| match &found.kind {
        WorkerKind::Command { .. } | WorkerKind::Simulated { .. } | WorkerKind::Acp { .. } => true,
        WorkerKind::Human { .. } => false,
    })
}

/// The globs of the template that an instruction is planned by.
#[must_use]
pub fn globs(state: &State, found: &Instruction) -> std::collections::BTreeSet<String> {
    let variant = workflow_of(state, found).and_then(|(tier, workflow)| workflow.variant(tier));
    variant.map(template::globs).unwrap_or_default()
}

/// What a planner's draft comes to: a plan, or the reasons why it is refused. `None` when nobody waits for it any more.
#[must_use]
pub fn by_draft(
    state: &State,
    order: &PlanOrder,
    draft: &Result<Draft, Vec<String>>,
    ids: &mut dyn Ids,
) -> Option<InstructionAction> {
    let found = awaited(state, order)?;
    let (tier, workflow) = workflow_of(state, found)?;
    let source = Source::Planner(order.planner.clone()?);
    let made = match draft {
        Ok(draft) => planned(state, found, tier, draft, source, ids).map(|plan| Plan {
            // What the workflow says about all work of its type holds for this too.
            risk: plan.risk.max(&workflow.risk_of(tier)),
            ..plan
        }),
        Err(faults) => Err(faults.join("; ")),
    };
    Some(match made {
        Ok(plan) => InstructionAction::Plan { plan: Box::new(plan) },
        Err(reason) => InstructionAction::RefusePlan { reason: cut(&reason) },
    })
}

/// The plan by the template of an instruction, whose targets are known by now. `None` when nobody waits for it any more.
#[must_use]
pub fn by_template(
    state: &State,
    order: &PlanOrder,
    targets: &Targets,
    ids: &mut dyn Ids,
) -> Option<InstructionAction> {
    Some(from_template(state, awaited(state, order)?, targets, ids))
}

/// The instruction of an order that still stands.
#[must_use]
pub fn awaited<'a>(state: &'a State, order: &PlanOrder) -> Option<&'a Instruction> {
    let found = state.instructions.get(&order.instruction)?;
    (found.state == InstructionState::Triaged && found.refusals.len() == order.refused).then_some(found)
}

/// The plan that came with an instruction; one that does not hold is told in full.
fn by_file(state: &State, found: &Instruction, draft: &Draft, ids: &mut dyn Ids) -> InstructionAction {
    let tier = found.tier().unwrap_or(state.chart.policy.default_tier);
    match planned(state, found, tier, draft, Source::File, ids) {
        Ok(plan) => InstructionAction::Plan { plan: Box::new(plan) },
        Err(reason) => {
            InstructionAction::Reject { reason: cut(&format!("the plan given with it does not hold: {reason}")) }
        }
    }
}

fn planned(
    state: &State,
    found: &Instruction,
    tier: Tier,
    draft: &Draft,
    source: Source,
    ids: &mut dyn Ids,
) -> Result<Plan, String> {
    let whose = For { chart: &state.chart, department: &found.department, tier, text: &found.request.text };
    let plan = draft.plan(source, whose, ids).map_err(|faults| faults.join("; "))?;
    check_plan(state, &found.department, tier, &plan)?;
    Ok(plan)
}

/// The plan by the template; what cannot be planned is rejected, with what would help.
fn from_template(state: &State, found: &Instruction, targets: &Targets, ids: &mut dyn Ids) -> InstructionAction {
    let made = workflow_of(state, found)
        .ok_or_else(|| "its workflow is not in the chart any more".to_owned())
        .and_then(|(tier, workflow)| {
            let variant = workflow
                .variant(tier)
                .ok_or_else(|| format!("workflow {} has no template for tier {tier}", workflow.work_type))?;
            let source = match (&workflow.planner, found.refusals.is_empty()) {
                (Some(_), false) => Source::InPlaceOfPlanner(workflow.work_type.clone()),
                (Some(_) | None, _) => Source::Workflow(workflow.work_type.clone()),
            };
            let given = Given { text: &found.request.text, brief: &found.brief, targets };
            let plan = template::plan(variant, tier, source, workflow.risk_of(tier), given, ids)?;
            check_plan(state, &found.department, tier, &plan)?;
            Ok(plan)
        });
    match made {
        Ok(plan) => InstructionAction::Plan { plan: Box::new(plan) },
        Err(reason) => {
            let refused = match found.refusals.last() {
                Some(last) => format!("; the plan of its planner was refused: {last}"),
                None => String::new(),
            };
            InstructionAction::Reject { reason: cut(&format!("it cannot be planned: {reason}{refused}")) }
        }
    }
}

/// Reasons short enough to be kept.
fn cut(reason: &str) -> String {
    if reason.len() <= REASONS_LIMIT {
        return reason.to_owned();
    }
    let kept = reason.get(..reason.floor_char_boundary(REASONS_LIMIT)).unwrap_or_default();
    format!("{kept} … and more")
}
