//! The commands that deal with what is owed, as people type them.

use crate::api::view::OptionView;
use crate::domain::handoff::package;
use crate::domain::id::EscalationId;
use crate::domain::instruction::State as InstructionState;
use crate::domain::policy::{Choosable, options};
use crate::domain::reaction::Duty;
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Escalation, Task, Trouble};

/// The escalation that a duty is about.
pub(super) fn escalation_of(task: &Task, duty: Duty) -> Option<(EscalationId, &Escalation)> {
    match duty {
        Duty::HoldEscalation(_, id) => task.escalations.get(&id).map(|record| (id, record)),
        Duty::ClearBlocker(_) | Duty::DecideCancelled(_) => task.escalation_for(Trouble::Blocked),
        _another => None,
    }
}

/// The escalation that a duty is about, if it is about one that is with a person.
pub(super) fn with_a_person(task: &Task, duty: Duty) -> Option<(EscalationId, &Escalation)> {
    escalation_of(task, duty).filter(|(_, record)| record.level == Level::Person)
}

/// Ways to decide an escalation that is with a person.
pub(super) fn ways(state: &State, task: &Task, id: EscalationId, record: &Escalation) -> Vec<OptionView> {
    if record.level != Level::Person {
        return Vec::new();
    }
    let view = |(way, number): (Choosable, usize)| OptionView {
        number,
        label: way.label,
        command: match number {
            1 => format!("approve {}", id.short()),
            _ => format!("approve {} --choose {number}", id.short()),
        },
    };
    options(state, task, record).into_iter().zip(1..).map(view).collect()
}

/// Ways to decide the escalation that a duty is about, if it is about one that is with a person.
pub(super) fn options_of(state: &State, task: &Task, duty: Duty) -> Vec<OptionView> {
    escalation_of(task, duty).map(|(id, record)| ways(state, task, id, record)).unwrap_or_default()
}

/// The commands to choose from for a duty of `role`, as they are typed after `echelon`.
pub(super) fn commands(state: &State, role: &Role, duty: Duty) -> Vec<String> {
    if let Some(task) = duty.task().and_then(|id| state.tasks.get(&id)) {
        return about_task(state, role, duty, task);
    }
    match duty {
        Duty::ApprovePlan(id) | Duty::Arbitrate(id) => {
            vec![format!("approve {}", id.short()), format!("reject {} --reason TEXT", id.short())]
        }
        Duty::ResolveNoGo(id) => vec![
            format!("approve {}", id.short()),
            format!("reject {} --reason TEXT --finding TEXT", id.short()),
            format!("reject {} --reason TEXT", id.short()),
        ],
        Duty::FillBrief(id) => {
            let missing = state.instructions.get(&id).map(|found| match &found.state {
                InstructionState::NeedsBrief { missing } => missing.clone(),
                _another => Vec::new(),
            });
            let fields =
                missing.unwrap_or_default().iter().map(|field| format!(" --field {field}=TEXT")).collect::<String>();
            vec![format!("answer {}{fields}", id.short())]
        }
        Duty::Consult(_, question) => vec![format!("answer {} TEXT", question.short())],
        _by_actors => Vec::new(),
    }
}

fn about_task(state: &State, role: &Role, duty: Duty, task: &Task) -> Vec<String> {
    let id = task.id.short();
    let reassign = || format!("task reassign {id} --to IC --reason TEXT");
    let is_person = role.is_person();
    match duty {
        Duty::Answer(_, question) => vec![format!("answer {} TEXT", question.short())],
        Duty::GoAhead(_) => vec![format!("approve {id}"), format!("reject {id} --reason TEXT")],
        Duty::Review(_) | Duty::DecideGate(_) if is_person => {
            vec![format!("approve {id}"), format!("reject {id} --reason TEXT")]
        }
        Duty::Start(_) if is_person => vec![format!("task start {id}")],
        Duty::Attend(_) if is_person => vec![
            format!("task done {id} --summary TEXT"),
            format!("task progress {id} TEXT"),
            format!("task ask {id} TEXT"),
            format!("task block {id} --reason TEXT --needs TEXT"),
        ],
        Duty::Acknowledge(_) if is_person => vec![format!("task ack {id}")],
        Duty::ReceiveHandoff(_) if is_person => about_package(state, role, task),
        Duty::Assign(_) => vec![reassign()],
        Duty::ClearBlocker(_) | Duty::DecideCancelled(_) | Duty::HoldEscalation(..) => {
            let Some((escalation, record)) = with_a_person(task, duty) else {
                return Vec::new();
            };
            let mut commands: Vec<String> =
                ways(state, task, escalation, record).into_iter().map(|way| way.command).collect();
            if matches!(duty, Duty::ClearBlocker(_)) {
                commands.push(reassign());
            }
            commands.push(format!("reject {} --reason TEXT", escalation.short()));
            commands
        }
        _by_actors => Vec::new(),
    }
}

/// The commands for whoever judges a package: of which receiver is said where several wait for it.
fn about_package(state: &State, role: &Role, task: &Task) -> Vec<String> {
    let Some(package) = package(state, task) else {
        return Vec::new();
    };
    let id = task.id.short();
    let waiting = || package.receivers.iter().filter(|one| !one.accepted);
    let several = waiting().count() > 1;
    let mut commands = vec![format!("handoff show {id}")];
    for one in waiting().filter(|one| one.judge == *role) {
        let receiver = if several { format!(" --for {}", one.domain) } else { String::new() };
        commands.push(format!("handoff accept {id}{receiver}"));
        commands.push(format!("handoff reject {id}{receiver} --item N --reason TEXT"));
    }
    commands
}
