//! What follows from an event about an instruction: what its brief still lacks, where its plan stops, the instructions it is
//! made of, and what its end means for those that look at it.

use std::collections::BTreeSet;

use crate::domain::brief::missing;
use crate::domain::event::{Event, InstructionEvent, TaskEvent};
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::instruction::{Deadline, Instruction, Request, State as InstructionState};
use crate::domain::plan::Part;
use crate::domain::review::TaskKind;
use crate::domain::risk::RiskBand;
use crate::domain::role::Asker;
use crate::domain::schedule;
use crate::domain::state::State;
use crate::domain::task::{Checkpoint, Task};
use crate::domain::time::OrgTime;
use crate::domain::work::Complexity;

/// What follows from an event about an instruction.
pub(super) fn of(state: &State, id: InstructionId, event: &InstructionEvent, now: OrgTime, events: &mut Vec<Event>) {
    match event {
        InstructionEvent::Triaged(_) | InstructionEvent::BriefFilled { .. } => ask_for_brief(state, id, events),
        InstructionEvent::Executing { .. } => begin(state, id, now, events),
        InstructionEvent::Amended { reason, .. } => measure_anew(state, id, reason, now, events),
        InstructionEvent::DeadlinePassed => hurry(state, id, now, events),
        InstructionEvent::Cancelled { reason } => {
            cancel_all(state, id, &format!("its instruction was cancelled: {reason}"), events);
            look_at_end(state, id, events);
        }
        InstructionEvent::Rejected { reason } => {
            cancel_all(state, id, &format!("its instruction was rejected: {reason}"), events);
            look_at_end(state, id, events);
        }
        InstructionEvent::Completed { .. } => look_at_end(state, id, events),
        InstructionEvent::Paused { reason, .. } => {
            for part in state.open_parts(id).filter(|part| !part.state.name().is_terminal() && part.paused.is_none()) {
                let reason = format!("what it is part of is paused: {reason}");
                events.push(Event::Instruction(part.id, InstructionEvent::Paused { reason, until: None }));
            }
        }
        InstructionEvent::Resumed => {
            // What somebody paused by itself stays so.
            let with_whole = |part: &&Instruction| {
                part.paused.as_ref().is_some_and(|pause| pause.by.asker == Asker::System && pause.until.is_none())
            };
            let parts = state.open_parts(id).filter(with_whole);
            events.extend(parts.map(|part| Event::Instruction(part.id, InstructionEvent::Resumed)));
        }
        InstructionEvent::NeedsBrief { .. }
        | InstructionEvent::Planned { .. }
        | InstructionEvent::PlanRefused { .. }
        | InstructionEvent::ConsultationAnswered { .. }
        | InstructionEvent::ConsultationLapsed { .. }
        | InstructionEvent::ApprovalAsked { .. }
        | InstructionEvent::Queued { .. }
        | InstructionEvent::Held(_)
        | InstructionEvent::Arbitrated { .. }
        | InstructionEvent::DependencyWaived { .. }
        | InstructionEvent::Slipped { .. }
        | InstructionEvent::Rebaselined { .. }
        | InstructionEvent::GoNoGoReached
        | InstructionEvent::NoGo { .. }
        | InstructionEvent::Reminded { .. } => {}
    }
}

/// What follows for an instruction from the end of a task of it: it may turn out to take longer than expected.
pub(super) fn after_task(state: &State, task: &Task, event: &TaskEvent, now: OrgTime, events: &mut Vec<Event>) {
    // Not every event of a task that is over ends it.
    let ends = matches!(event, TaskEvent::Completed | TaskEvent::HandedIn { .. } | TaskEvent::Cancelled { .. });
    let found = state.instructions.get(&task.instruction).filter(|_| ends && task.state.is_terminal());
    if let Some(slipped) = found.and_then(|found| schedule::slips(state, found, now)) {
        events.push(Event::Instruction(task.instruction, slipped));
    }
}

/// What is added to an instruction takes time of its own.
fn measure_anew(state: &State, id: InstructionId, reason: &str, now: OrgTime, events: &mut Vec<Event>) {
    let measured = state.instructions.get(&id).filter(|found| found.plan.iter().any(|plan| plan.baseline.is_some()));
    if let Some(found) = measured {
        let (decision, baseline) = (format!("more is done: {reason}"), schedule::next_baseline(state, found, now));
        events.push(Event::Instruction(id, InstructionEvent::Rebaselined { decision, baseline }));
    }
}

/// The manager of an instruction that is late is asked what to do about it, unless they are already.
fn hurry(state: &State, id: InstructionId, now: OrgTime, events: &mut Vec<Event>) {
    let runs = |found: &&Instruction| found.state == InstructionState::Executing && !found.open.is_empty();
    let Some(found) = state.instructions.get(&id).filter(runs) else {
        return;
    };
    if found.plan.as_ref().is_some_and(|plan| plan.baseline.is_some() && plan.slipped.is_none()) {
        events.push(Event::Instruction(id, schedule::slipped(state, found, now)));
    }
}

/// What the workflow of an instruction asks for and its brief does not say goes back to a person.
fn ask_for_brief(state: &State, id: InstructionId, events: &mut Vec<Event>) {
    let Some(found) = state.instructions.get(&id) else {
        return;
    };
    let workflow = found.triage.as_ref().and_then(|triage| state.chart.workflows.get(&triage.work_type));
    let missing = workflow.map(|workflow| missing(workflow, &found.brief)).unwrap_or_default();
    if !missing.is_empty() {
        events.push(Event::Instruction(id, InstructionEvent::NeedsBrief { missing }));
    }
}

/// An instruction begins: its parts are handed in, the milestones at which it stops are marked, and one that has nothing
/// left to do is looked at by its end.
fn begin(state: &State, id: InstructionId, now: OrgTime, events: &mut Vec<Event>) {
    let Some(found) = state.instructions.get(&id) else {
        return;
    };
    let parts = found.plan.iter().flat_map(|plan| &plan.parts);
    let before = events.len();
    events.extend(parts.map(|part| received(found, part, now)));
    // Every task of it may have been cancelled before it began.
    if events.len() == before && found.open.is_empty() {
        events.push(Event::Instruction(id, InstructionEvent::GoNoGoReached));
        return;
    }
    if found.plan.as_ref().is_some_and(|plan| plan.risk.band() >= RiskBand::Checkpoints) {
        events.extend(stops(state, found).into_iter().map(|task| Event::Task(task, TaskEvent::Stopped)));
    }
}

/// A part of an instruction as an instruction of the department that does it. What holds for the whole holds for its parts.
fn received(whole: &Instruction, part: &Part, now: OrgTime) -> Event {
    let request = Request {
        text: part.text.clone(),
        department: Some(part.department.clone()),
        work_type: Some(part.work_type.clone()),
        tier: None,
        key: None,
        plan: None,
        budget: None,
        brief: whole.brief.clone(),
        // What is left of the time that the whole was given.
        deadline: whole.deadline.map(|at| Deadline::Within(at.since(now))),
        depends_on: part.needs.iter().copied().collect(),
        parent: Some(whole.id),
        ..whole.request.clone()
    };
    Event::Received { id: part.id, request, department: part.department.clone() }
}

/// The milestones at which a risky plan stops: those it names; where it names none, those that are sensitive or demanding;
/// where there are none of these either, those that nothing comes before.
fn stops(state: &State, found: &Instruction) -> BTreeSet<TaskId> {
    let milestones: Vec<&Task> = found
        .open
        .iter()
        .filter_map(|id| state.tasks.get(id))
        .filter(|task| task.kind == TaskKind::Strategic && task.parent.is_none())
        .collect();
    let chosen = |choose: fn(&Task) -> bool| -> BTreeSet<TaskId> {
        milestones.iter().filter(|task| choose(task)).map(|task| task.id).collect()
    };
    let ways: [fn(&Task) -> bool; 3] = [
        |task| task.checkpoint == Some(Checkpoint::Named),
        |task| task.work.security_sensitive || task.work.complexity == Complexity::High,
        |task| task.needs.is_empty(),
    ];
    ways.into_iter().map(chosen).find(|found| !found.is_empty()).unwrap_or_default()
}

fn cancel_all(state: &State, id: InstructionId, reason: &str, events: &mut Vec<Event>) {
    if let Some(found) = state.instructions.get(&id) {
        let cancelled = |task: &TaskId| Event::Task(*task, TaskEvent::Cancelled { reason: reason.to_owned() });
        events.extend(found.open.iter().map(cancelled));
    }
    for part in state.open_parts(id).filter(|part| !part.state.name().is_terminal()) {
        events.push(Event::Instruction(part.id, InstructionEvent::Cancelled { reason: reason.to_owned() }));
    }
}

/// What the end of an instruction means for those that look at it: one that was made of it may be over, too, and one that
/// made room for it goes on. One that depends on it is for the organisation to look at.
fn look_at_end(state: &State, id: InstructionId, events: &mut Vec<Event>) {
    for other in state.waiting_for(id) {
        let parts = || other.plan.iter().flat_map(|plan| &plan.parts);
        let is_part = parts().any(|part| part.id == id);
        if is_part && other.state == InstructionState::Executing && parts().all(|part| state.ended(part.id).is_some()) {
            events.push(Event::Instruction(other.id, InstructionEvent::GoNoGoReached));
        }
        // What was cancelled with it, and is only not archived yet, does not go on.
        let is_over = other.state.name().is_terminal();
        if !is_over && other.paused.as_ref().is_some_and(|pause| pause.until == Some(id)) {
            events.push(Event::Instruction(other.id, InstructionEvent::Resumed));
        }
    }
}
