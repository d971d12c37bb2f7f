//! What people decide and do: each is found by what they call it, asked of the ledger, and answered with what came of it.
//!
//! Whether they may is for the core to say.

mod decide;
mod steer;
mod work;

use std::sync::Arc;

use super::{commit, tried};
use crate::actors::office::Office;
use crate::api::wire::{Act, Acted, Refusal};
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::reaction::Wait;
use crate::domain::role::{Principal, Role};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::telemetry::narrative::count;

/// Whoever asks, and of whom.
struct Desk<'a> {
    office: &'a Arc<Office>,
    principal: &'a Principal,
}

/// Does what a person asks for.
pub(super) async fn act(office: &Arc<Office>, principal: &Principal, act: Act) -> Result<Acted, Refusal> {
    let desk = Desk { office, principal };
    match act {
        Act::Approve { id, choose, note } => desk.approve(id, choose, note).await,
        Act::Reject { id, reason, findings } => desk.reject(id, reason, findings).await,
        Act::Start { task } => desk.start(task).await,
        Act::Acknowledge { task } => desk.acknowledge(task).await,
        Act::Progress { task, percent, note } => desk.progress(task, percent, note).await,
        Act::Done { task, summary, artefacts, evidence } => desk.done(task, summary, artefacts, evidence).await,
        Act::Block { task, reason, needs, kind } => desk.block(task, reason, needs, kind).await,
        Act::Ask { task, text, to } => desk.question(task, text, to).await,
        Act::Reassign { task, to, reason } => desk.reassign(task, to, reason).await,
        Act::Grant { task, span, reason } => desk.grant(task, span, reason).await,
        Act::Prioritise { task, priority } => desk.prioritise(task, priority).await,
        Act::Pause { instruction, reason } => desk.pause(instruction, reason).await,
        Act::Resume { instruction } => desk.resume(instruction).await,
        Act::Away { role, reason } => desk.set_presence(role, Some(reason)).await,
        Act::Back { role } => desk.set_presence(role, None).await,
        Act::Read { role, broadcasts } => desk.read(role, broadcasts).await,
    }
}

/// What something was about.
#[derive(Clone)]
enum Subject {
    Task(TaskId),
    Instruction(InstructionId),
    Place(Role),
}

impl Desk<'_> {
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.office.ledger.read(look).await?
    }

    /// Asks the ledger, and says whether anything changed.
    async fn commit(&self, action: Action) -> Result<bool, Refusal> {
        Ok(!commit(self.office, self.principal, action).await?.is_empty())
    }

    /// Refuses what the ledger would refuse. Nothing is recorded.
    async fn try_out(&self, action: Action) -> Result<(), Refusal> {
        let (at, principal) = (self.office.ledger.clock().now(), self.principal.clone());
        self.look(move |state| tried(state, at, principal, action)).await
    }

    async fn commit_task(&self, task: TaskId, action: TaskAction) -> Result<bool, Refusal> {
        self.commit(Action::Task(task, action)).await
    }

    async fn commit_instruction(&self, id: InstructionId, action: InstructionAction) -> Result<bool, Refusal> {
        self.commit(Action::Instruction(id, action)).await
    }

    /// What happened and what comes next. `done` goes on after the name of the subject.
    async fn acted(&self, subject: Subject, done: String) -> Result<Acted, Refusal> {
        self.look(move |state| {
            let (subject, name, next) = match subject {
                Subject::Task(id) => (id.to_string(), name_of_task(state, id), next_of_task(state, id)),
                Subject::Instruction(id) => (id.to_string(), id.short(), next_of_instruction(state, id)),
                Subject::Place(role) => (role.to_string(), role.to_string(), next_of_place(state, &role)),
            };
            Ok(Acted { subject, done: format!("{name} {done}"), next, folder: None })
        })
        .await
    }
}

fn name_of_task(state: &State, id: TaskId) -> String {
    state.tasks.get(&id).map_or_else(|| id.short(), name)
}

/// A task as people speak of it.
fn name(task: &Task) -> String {
    format!("{} ({})", task.key, task.id.short())
}

fn next_of_task(state: &State, id: TaskId) -> String {
    let Some(task) = state.tasks.get(&id).filter(|task| !task.state.is_terminal()) else {
        return "nothing is left to be done for it".to_owned();
    };
    let in_state = format!("it is {}", task.state.name());
    let Some(found) = state.accountability(id) else {
        return in_state;
    };
    let names = |tasks: &[TaskId]| tasks.iter().map(|id| name_of_task(state, *id)).collect::<Vec<_>>().join(", ");
    let then = match &found.waits {
        Some(Wait::Dependencies(tasks) | Wait::Children(tasks)) => format!("waits for {}", names(tasks)),
        Some(Wait::Instruction(id)) => format!("waits for {} to begin", id.short()),
        Some(Wait::Paused(id)) => format!("waits until {} is resumed", id.short()),
        None => {
            let owed: Vec<String> = found.owes.iter().map(|(role, duty)| format!("{role}: {duty}")).collect();
            owed.join("; ")
        }
    };
    format!("{in_state}, next: {then}")
}

fn next_of_instruction(state: &State, id: InstructionId) -> String {
    let Some(found) = state.instructions.get(&id) else {
        return "nothing is left to be done for it".to_owned();
    };
    let tasks = count(found.open.len(), "open task");
    let paused = if found.paused.is_some() { ", paused" } else { "" };
    match state.instruction_duties(id) {
        [] => format!("it is {}{paused}, with {tasks}", found.state.name()),
        owed => {
            let owed: Vec<String> = owed.iter().map(|(role, duty)| format!("{role}: {duty}")).collect();
            format!("it is {}{paused}, next: {}", found.state.name(), owed.join("; "))
        }
    }
}

fn next_of_place(state: &State, role: &Role) -> String {
    let owed = state.owed_by(role).count();
    match (state.absence(role), owed) {
        (Some(_), 0) => "nothing that is owed there waits; what comes goes elsewhere where it can".to_owned(),
        (Some(_), 1) => "1 thing that is owed there waits, or goes elsewhere where it can".to_owned(),
        (Some(_), owed) => format!("{owed} things that are owed there wait, or go elsewhere where they can"),
        (None, 0) => "nothing waits there".to_owned(),
        (None, 1) => "1 thing waits there".to_owned(),
        (None, owed) => format!("{owed} things wait there"),
    }
}
