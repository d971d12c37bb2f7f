//! Decisions about an instruction whose plan is approved: when it begins, what it makes room for, what is added to it.

use super::{Who, allow, expect};
use crate::domain::admission::{self, Verdict};
use crate::domain::command::InstructionAction;
use crate::domain::decide::{Context, say_why};
use crate::domain::event::{Event, InstructionEvent, TaskEvent};
use crate::domain::instruction::{HoldKind, Instruction, State, StateName};
use crate::domain::plan::check_amendment;
use crate::domain::rejection::Rejection;
use crate::domain::schedule;
use crate::domain::work::Priority;

pub(super) fn decide(
    context: &Context<'_>,
    found: &Instruction,
    action: &InstructionAction,
) -> Result<Vec<Event>, Rejection> {
    let one = |event: InstructionEvent| Ok(vec![Event::Instruction(found.id, event)]);
    match action {
        InstructionAction::Hold(hold) => {
            allow(context, found, action, &[Who::Organisation])?;
            expect(found, action, matches!(found.state, State::Queued))?;
            say_why(&hold.reason)?;
            // The same again is nothing new.
            if admission::is_news(found, hold) { one(InstructionEvent::Held(hold.clone())) } else { Ok(Vec::new()) }
        }
        InstructionAction::Arbitrate { first, reason } => arbitrate(context, found, action, *first, reason),
        InstructionAction::WaiveDependency { on, reason } => {
            allow(context, found, action, &[Who::Person])?;
            expect(found, action, matches!(found.state, State::Queued))?;
            say_why(reason)?;
            if !found.request.depends_on.contains(on) || found.waived.contains(on) {
                return Err(Rejection::Invalid(format!("{} does not depend on {on}", found.id)));
            }
            if context.state.ended(*on) == Some(StateName::Completed) {
                return Err(Rejection::Invalid(format!("{on} is completed; there is nothing to do without")));
            }
            one(InstructionEvent::DependencyWaived { on: *on, reason: reason.clone() })
        }
        InstructionAction::Release => {
            allow(context, found, action, &[Who::Organisation])?;
            expect(found, action, matches!(found.state, State::Queued))?;
            if found.paused.is_some() {
                return Err(Rejection::Paused(found.id));
            }
            if let Verdict::Wait(hold) = admission::look(context.state, found) {
                return Err(Rejection::Invalid(format!("{} does not begin yet: {}", found.id, hold.reason)));
            }
            one(InstructionEvent::Executing { baseline: schedule::baseline(context.state, found, context.at.org) })
        }
        InstructionAction::Amend { tasks, reason } => {
            allow(context, found, action, &[Who::Manager, Who::Person])?;
            expect(found, action, matches!(found.state, State::GoNoGo { .. }))?;
            say_why(reason)?;
            check_amendment(context.state, found, tasks).map_err(Rejection::Invalid)?;
            one(InstructionEvent::Amended { tasks: tasks.clone(), reason: reason.clone() })
        }
        InstructionAction::Rebaseline { decision, hurry } => {
            allow(context, found, action, &[Who::Manager, Who::Person])?;
            let slipped = found.plan.as_ref().is_some_and(|plan| plan.slipped.is_some());
            expect(found, action, slipped && matches!(found.state, State::Executing))?;
            say_why(decision)?;
            let baseline = schedule::next_baseline(context.state, found, context.at.org);
            let mut events = Vec::new();
            for id in hurry {
                let task = context.state.task(*id)?;
                if task.instruction != found.id {
                    return Err(Rejection::Invalid(format!("{id} is not a task of {}", found.id)));
                }
                // What is over meanwhile needs no hurry.
                if task.state.is_terminal() {
                    continue;
                }
                if task.priority < Priority::High {
                    events.push(Event::Task(*id, TaskEvent::PriorityChanged { priority: Priority::High }));
                }
            }
            events.push(Event::Instruction(
                found.id,
                InstructionEvent::Rebaselined { decision: decision.clone(), baseline },
            ));
            Ok(events)
        }
        _elsewhere => Err(Rejection::IllegalInstructionMove { state: found.state.name(), action: action.name() }),
    }
}

/// Whoever is asked decides whether an instruction goes before those it competes with. If it does, these make room: they
/// start nothing more until it is over.
fn arbitrate(
    context: &Context<'_>,
    found: &Instruction,
    action: &InstructionAction,
    first: bool,
    reason: &str,
) -> Result<Vec<Event>, Rejection> {
    if found.paused.is_some() {
        return Err(Rejection::Paused(found.id));
    }
    let asked = found.held.as_ref().map(|hold| hold.kind);
    let who: &[Who] = match asked {
        Some(HoldKind::Manager) => &[Who::Manager, Who::Person],
        Some(HoldKind::Person | HoldKind::Capacity) => &[Who::Person],
        Some(HoldKind::Dependencies | HoldKind::DependencyLost) | None => {
            return Err(Rejection::IllegalInstructionMove { state: found.state.name(), action: action.name() });
        }
    };
    allow(context, found, action, who)?;
    expect(found, action, matches!(found.state, State::Queued))?;
    say_why(reason)?;
    let mut events =
        vec![Event::Instruction(found.id, InstructionEvent::Arbitrated { first, reason: reason.to_owned() })];
    if first {
        let behind = found.held.iter().flat_map(|hold| &hold.behind);
        let others = behind.filter_map(|id| context.state.instructions.get(id));
        let running = others.filter(|other| other.state == State::Executing && other.paused.is_none());
        events.extend(running.map(|other| {
            let reason = format!("makes room for {}: {reason}", found.id.short());
            Event::Instruction(other.id, InstructionEvent::Paused { reason, until: Some(found.id) })
        }));
    }
    Ok(events)
}
