//! Letting everything come to an end: the policies decide, attempts and reviews succeed, and a person resolves what only a
//! person can.

use std::collections::BTreeSet;

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::HoldKind;
use echelon::domain::policy::{Move, moves};
use echelon::domain::reaction::Duty;
use echelon::domain::role::{Principal, Role};

use super::checks::Observer;
use crate::lifecycle::time::NewIds;
use crate::lifecycle::world::{World, basis, person, submission, system};

/// Rounds after which everything is over: the longest plan here is five milestones in a row, each planned, worked on,
/// reviewed and handed over in about twenty, with room for what goes up the line.
const ROUNDS: usize = 400;

pub(super) fn drain(world: &mut World, observer: &mut Observer) {
    let paused: Vec<_> =
        world.state.instructions.values().filter(|found| found.paused.is_some()).map(|found| found.id).collect();
    for id in paused {
        // A part goes on with the whole.
        if world.state.instructions.get(&id).is_none_or(|found| found.paused.is_none()) {
            continue;
        }
        world.must(person(), Action::Instruction(id, InstructionAction::Resume));
    }
    // Whoever failed is there again, and whoever was away is back.
    let absent: Vec<Role> = world.state.absent.keys().cloned().collect();
    for role in absent {
        world.must(system(), Action::SetPresence { role, absence: None });
    }
    observer.see(world);
    // Whoever comes in new looks once; from then on only those look who were woken, or whose own timer ran out.
    let mut woken: BTreeSet<Role> = world.state.owed().map(|(role, _)| role.clone()).collect();
    world.state.take_stirred();
    for _ in 0..ROUNDS {
        if world.state.instructions.is_empty() {
            assert_eq!(world.state.owed().next(), None);
            return;
        }
        // Longer than any retry waits.
        world.millis += 4_000_000;
        // A clock that is due and makes nothing happen would be found here.
        world.fire();
        observer.see(world);
        let mut timers = BTreeSet::new();
        let owing: BTreeSet<Role> = world.state.owed().map(|(role, _)| role.clone()).collect();
        for role in owing {
            // People look when they like.
            if role == Role::Operator {
                decide_as_a_person(world);
            } else {
                answer(world, &role);
            }
            observer.see(world);
        }
        for role in woken {
            if take_a_turn(world, &role) {
                timers.insert(role);
            }
            observer.see(world);
        }
        woken = world.state.take_stirred();
        woken.append(&mut timers);
    }
    let left: Vec<_> = world.state.owed().map(|(role, duty)| format!("{role}: {duty:?}")).collect();
    let states: Vec<_> = world.state.tasks.values().map(|task| format!("{} {:?}", task.key, task.state)).collect();
    let from = world.entries.len().saturating_sub(20);
    let last = world.labels(&world.entries[from..]);
    panic!("not over after {ROUNDS} rounds:\n{left:#?}\n{states:#?}\n{last:#?}");
}

/// Does what a role does when it is woken; `true` when it wants to look again by itself.
fn take_a_turn(world: &mut World, role: &Role) -> bool {
    let mut later = false;
    let (state, at) = (world.state.clone(), world.now());
    let principal = || Principal::role(role.clone());
    for next in moves(&state, role, at, &mut NewIds(world)) {
        // What another move of the same turn has overtaken is refused, and owed again if it is still needed.
        let (task, action) = match next {
            Move::Commit(action) => {
                let _overtaken = world.give(principal(), action);
                continue;
            }
            Move::StartLater(..) => {
                later = true;
                continue;
            }
            Move::Start(task) => (task, TaskAction::StartAttempt),
            Move::Attend(task, epoch) => (task, TaskAction::HandIn { epoch, submission: submission(true) }),
            Move::Review(order) => {
                let action = match order.gate {
                    None => TaskAction::Approve { basis: basis() },
                    Some(gate) => TaskAction::PassGate { gate, basis: basis() },
                };
                (order.task, action)
            }
            Move::Plan(order) => unreachable!("no workflow of this chart has a planner: {order:?}"),
        };
        let _overtaken = world.give(principal(), Action::Task(task, action));
    }
    later
}

/// Whoever is asked: a person answers for them.
fn answer(world: &mut World, role: &Role) {
    let asked: Vec<_> = world.state.owed_by(role).collect();
    for duty in asked {
        if let Duty::Answer(task, question) = duty {
            let action = TaskAction::Answer { question, text: "the second one".to_owned() };
            let _overtaken = world.give(person(), Action::Task(task, action));
        }
    }
}

/// Whatever is critical goes first, and what lost something it depends on does without.
fn about_a_hold(world: &World, id: InstructionId) -> InstructionAction {
    let reason = "go on".to_owned();
    match &world.state.instructions[&id].held {
        Some(hold) if hold.kind == HoldKind::DependencyLost => {
            InstructionAction::WaiveDependency { on: hold.behind[0], reason }
        }
        _other => InstructionAction::Arbitrate { first: true, reason },
    }
}

/// A person answers, ends what the facts speak against, and cancels the rest of what comes to them.
fn decide_as_a_person(world: &mut World) {
    let owed: Vec<_> = world.state.owed_by(&Role::Operator).collect();
    for duty in owed {
        let action = match duty {
            Duty::ResolveNoGo(id) => Action::Instruction(id, InstructionAction::DecideGoNoGo),
            Duty::ApprovePlan(id) => Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }),
            Duty::Arbitrate(id) => Action::Instruction(id, about_a_hold(world, id)),
            Duty::Consult(id, question) => {
                let text = "go on".to_owned();
                Action::Instruction(id, InstructionAction::AnswerConsultation { question, text })
            }
            Duty::GoAhead(task) => Action::Task(task, TaskAction::GoAhead { reason: "go on".to_owned() }),
            Duty::Answer(task, question) => {
                Action::Task(task, TaskAction::Answer { question, text: "the second one".to_owned() })
            }
            other => {
                let task = other.task().expect("what a person owes besides is about a task");
                Action::Task(task, TaskAction::Cancel { reason: "given up".to_owned() })
            }
        };
        let _overtaken = world.give(person(), action);
    }
}
