//! What events make of the instruction they are about, and of the tasks that hang on it.

use std::collections::BTreeSet;

use super::{add_task, clocks};
use crate::domain::event::{Entry, InstructionEvent};
use crate::domain::id::{DepartmentId, InstructionId, QuestionId, TaskId};
use crate::domain::instruction::{
    Arbitration, ConsultEnd, Consultation, Deadline, HoldKind, Instruction, Pause, Planned, Request,
    State as InstructionState,
};
use crate::domain::plan::Plan;
use crate::domain::reaction::{refresh_instruction, refresh_task};
use crate::domain::state::State;
use crate::domain::task::{PlannedTask, Task};
use crate::domain::time::{Millis, OrgTime, Stamp};
use crate::domain::work::Tier;

/// An instruction as it was handed in.
pub(super) fn received(
    state: &State,
    entry: &Entry,
    id: InstructionId,
    request: &Request,
    department: &DepartmentId,
) -> Instruction {
    let deadline = request.deadline.map(|given| match given {
        Deadline::Within(span) => entry.at.org.plus(span),
        Deadline::At(wall) => state.anchor.org_at(wall),
    });
    Instruction {
        id,
        request: request.clone(),
        asked_by: entry.principal.clone(),
        received: entry.at,
        department: department.clone(),
        triage: None,
        state: InstructionState::Received,
        entered: entry.at,
        tasks: Vec::new(),
        open: BTreeSet::new(),
        paused: None,
        reminded: None,
        brief: request.brief.clone(),
        deadline,
        overdue: false,
        plan: None,
        refusals: Vec::new(),
        consultations: Vec::new(),
        held: None,
        waived: BTreeSet::new(),
        arbitrated: None,
    }
}

/// Makes an event part of its instruction.
pub(super) fn evolve(state: &mut State, entry: &Entry, id: InstructionId, event: &InstructionEvent) {
    let Some(found) = state.instructions.get_mut(&id) else {
        return;
    };
    let mut moved_on = None;
    match event {
        InstructionEvent::Resumed => moved_on = resume(found, entry.at),
        InstructionEvent::Amended { tasks, .. } => {
            enter(found, InstructionState::Executing, entry.at);
            add_all(state, id, tasks, entry.at);
        }
        InstructionEvent::Planned { plan } => {
            plan_it(found, plan, entry.at);
            enter(found, InstructionState::Planned, entry.at);
            add_all(state, id, &plan.tasks, entry.at);
        }
        _others => match next_state(entry, event) {
            Some(next) => {
                note(found, event, entry);
                enter(found, next, entry.at);
            }
            None => note(found, event, entry),
        },
    }
    if let Some((open, since)) = moved_on {
        clocks::shift(state, &open, since, entry.at.org);
    }
    if matches!(event, InstructionEvent::Executing { .. } | InstructionEvent::Amended { .. }) {
        clocks::delegate_plan(state, id, entry.at);
    }
    refresh_instruction(state, id);
    // Whether anything may start hangs on the instruction, so everything open of it is looked at again.
    let open: Vec<TaskId> =
        state.instructions.get(&id).map(|found| found.open.iter().copied().collect()).unwrap_or_default();
    open.into_iter().for_each(|task| refresh_task(state, task));
}

fn enter(found: &mut Instruction, next: InstructionState, at: Stamp) {
    found.state = next;
    found.entered = at;
    found.reminded = None;
}

/// The state that an event takes its instruction to, if it does; those that also bring tasks aside.
fn next_state(entry: &Entry, event: &InstructionEvent) -> Option<InstructionState> {
    match event {
        InstructionEvent::Triaged(_) | InstructionEvent::BriefFilled { .. } => Some(InstructionState::Triaged),
        InstructionEvent::NeedsBrief { missing } => Some(InstructionState::NeedsBrief { missing: missing.clone() }),
        InstructionEvent::Rejected { reason } => Some(InstructionState::Rejected { reason: reason.clone() }),
        InstructionEvent::Planned { .. } => Some(InstructionState::Planned),
        InstructionEvent::ApprovalAsked { reasons } => {
            Some(InstructionState::AwaitingApproval { reasons: reasons.clone() })
        }
        InstructionEvent::Queued { .. } => Some(InstructionState::Queued),
        InstructionEvent::Executing { .. } | InstructionEvent::Amended { .. } => Some(InstructionState::Executing),
        InstructionEvent::GoNoGoReached => Some(InstructionState::GoNoGo { no_go: Vec::new() }),
        InstructionEvent::NoGo { facts } => Some(InstructionState::GoNoGo { no_go: facts.clone() }),
        InstructionEvent::Completed { .. } => Some(InstructionState::Completed),
        InstructionEvent::Cancelled { reason } => {
            Some(InstructionState::Cancelled { reason: reason.clone(), by: entry.principal.clone() })
        }
        InstructionEvent::PlanRefused { .. }
        | InstructionEvent::ConsultationAnswered { .. }
        | InstructionEvent::ConsultationLapsed { .. }
        | InstructionEvent::Held(_)
        | InstructionEvent::Arbitrated { .. }
        | InstructionEvent::DependencyWaived { .. }
        | InstructionEvent::Slipped { .. }
        | InstructionEvent::Rebaselined { .. }
        | InstructionEvent::DeadlinePassed
        | InstructionEvent::Paused { .. }
        | InstructionEvent::Resumed
        | InstructionEvent::Reminded { .. } => None,
    }
}

/// What an event adds to what is known of its instruction.
fn note(found: &mut Instruction, event: &InstructionEvent, entry: &Entry) {
    match event {
        InstructionEvent::Triaged(triage) => found.triage = Some(triage.clone()),
        InstructionEvent::BriefFilled { fields } => found.brief.extend(fields.clone()),
        InstructionEvent::PlanRefused { reason } => found.refusals.push(reason.clone()),
        InstructionEvent::ConsultationAnswered { question, text } => {
            let by = entry.principal.clone();
            end_consultation(found, *question, &ConsultEnd::Answered { by, text: text.clone() });
        }
        InstructionEvent::ConsultationLapsed { question } => end_consultation(found, *question, &ConsultEnd::Lapsed),
        InstructionEvent::Queued { review } => {
            if let Some(plan) = &mut found.plan {
                plan.review.clone_from(review);
            }
        }
        InstructionEvent::Held(hold) => {
            found.held = Some(hold.clone());
            // A person who is asked now is reminded from now on.
            found.reminded = Some(entry.at.org);
        }
        InstructionEvent::Arbitrated { first, .. } => arbitrate(found, *first),
        InstructionEvent::DependencyWaived { on, .. } => {
            found.waived.insert(*on);
            found.held = None;
        }
        InstructionEvent::Executing { baseline } => {
            found.held = None;
            if let Some(plan) = &mut found.plan {
                plan.baseline = *baseline;
            }
        }
        InstructionEvent::Slipped { percent, .. } => {
            if let Some(plan) = &mut found.plan {
                plan.slipped = Some(*percent);
            }
        }
        InstructionEvent::Rebaselined { baseline, .. } => {
            if let Some(plan) = &mut found.plan {
                plan.baseline = Some(*baseline);
                plan.slipped = None;
            }
        }
        InstructionEvent::DeadlinePassed => found.overdue = true,
        InstructionEvent::Paused { reason, until } => {
            let by = entry.principal.clone();
            found.paused = Some(Pause { by, reason: reason.clone(), since: entry.at, until: *until });
        }
        InstructionEvent::Reminded { .. } => found.reminded = Some(entry.at.org),
        InstructionEvent::NeedsBrief { .. }
        | InstructionEvent::Rejected { .. }
        | InstructionEvent::Planned { .. }
        | InstructionEvent::ApprovalAsked { .. }
        | InstructionEvent::Amended { .. }
        | InstructionEvent::GoNoGoReached
        | InstructionEvent::NoGo { .. }
        | InstructionEvent::Completed { .. }
        | InstructionEvent::Cancelled { .. }
        | InstructionEvent::Resumed => {}
    }
}

fn plan_it(found: &mut Instruction, plan: &Plan, at: Stamp) {
    let given = found.request.risk.unwrap_or_default();
    found.consultations = plan
        .consultations
        .iter()
        .map(|ask| Consultation { ask: ask.clone(), due: at.org.plus(ask.within), end: None })
        .collect();
    found.plan = Some(Planned {
        source: plan.source.clone(),
        risk: plan.risk.max(&given),
        parts: plan.parts.clone(),
        review: Vec::new(),
        baseline: None,
        slipped: None,
    });
}

fn end_consultation(found: &mut Instruction, question: QuestionId, end: &ConsultEnd) {
    for one in found.consultations.iter_mut().filter(|one| one.ask.id == question) {
        one.end.get_or_insert_with(|| end.clone());
    }
}

/// It is decided whether an instruction goes before what it competes with. One that does not goes on waiting, and nobody
/// is asked about the same ones again.
fn arbitrate(found: &mut Instruction, first: bool) {
    let mut others: BTreeSet<InstructionId> = found.held.iter().flat_map(|hold| hold.behind.iter().copied()).collect();
    if let Some(before) = found.arbitrated.take().filter(|before| before.first == first) {
        others.extend(before.others);
    }
    found.arbitrated = Some(Arbitration { first, others });
    if first {
        found.held = None;
    } else if let Some(hold) = &mut found.held {
        hold.kind = HoldKind::Capacity;
    }
    found.reminded = None;
}

/// Starts are possible again. What has a fixed time comes later by as long as it stood still.
fn resume(found: &mut Instruction, at: Stamp) -> Option<(BTreeSet<TaskId>, OrgTime)> {
    let pause = found.paused.take()?;
    let waited = |from: OrgTime| at.org.since(from.max(pause.since.org)).max(Millis(0));
    let is_reminded = found.reminded.is_some() || !matches!(found.state, InstructionState::Executing);
    if is_reminded {
        // Whoever decides about it is reminded that much later, too.
        let from = found.reminded.unwrap_or(found.entered.org);
        found.reminded = Some(from.plus(waited(from)));
    }
    if let Some(baseline) = found.plan.as_mut().and_then(|plan| plan.baseline.as_mut()) {
        baseline.from = baseline.from.plus(waited(baseline.from));
    }
    for one in found.consultations.iter_mut().filter(|one| one.end.is_none()) {
        let asked = one.due.plus(Millis(one.ask.within.0.saturating_neg()));
        one.due = one.due.plus(waited(asked));
    }
    Some((found.open.clone(), pause.since.org))
}

fn add_all(state: &mut State, id: InstructionId, tasks: &[PlannedTask], at: Stamp) {
    let Some((tier, priority)) =
        state.instructions.get(&id).map(|found| (found.tier().unwrap_or(Tier::Moderate), found.request.priority))
    else {
        return;
    };
    for planned in tasks {
        add_task(state, Task::new(planned, id, None, tier, priority, at));
    }
}
