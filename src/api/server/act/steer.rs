//! Steering: who has a task, how long it may take, how urgent it is, what is held, and who is there.

use super::{Desk, Subject, name};
use crate::api::resolve;
use crate::api::wire::{Acted, Code, GRANT_LIMIT, Refusal};
use crate::domain::assignment::chosen_by_a_person;
use crate::domain::command::{Action, AfterBlock, InstructionAction, TaskAction};
use crate::domain::id::{BroadcastId, IcId, InstructionId};
use crate::domain::presence::{Absence, AbsenceKind};
use crate::domain::state::State;
use crate::domain::task::{Assignee, StateName, Task};
use crate::domain::time::Millis;
use crate::domain::work::Priority;
use crate::telemetry::narrative;

impl Desk<'_> {
    /// Gives a task to an IC, by the move that its state has for that.
    pub(super) async fn reassign(&self, task: String, to: String, reason: String) -> Result<Acted, Refusal> {
        let (id, to, action) = self
            .look(move |state| {
                let id = resolve::task(state, &task)?;
                let to = resolve::ic(state, &to)?;
                let action = reassignment(state, state.task(id)?, &to, reason)?;
                Ok((id, to, action))
            })
            .await?;
        self.commit_task(id, action).await?;
        self.acted(Subject::Task(id), format!("is given to {to}")).await
    }

    /// Grants more time.
    pub(super) async fn grant(&self, task: String, span: Millis, reason: String) -> Result<Acted, Refusal> {
        if span > GRANT_LIMIT {
            let most = narrative::span(GRANT_LIMIT);
            return Err(Refusal::new(Code::Rejected, format!("a task is granted {most} at most at once; grant less")));
        }
        let id = self.look(move |state| resolve::task(state, &task)).await?;
        self.commit_task(id, TaskAction::GrantTime { span, reason }).await?;
        self.acted(Subject::Task(id), format!("has {} of organisation time more", narrative::span(span))).await
    }

    /// Makes a task more or less urgent.
    pub(super) async fn prioritise(&self, task: String, priority: Priority) -> Result<Acted, Refusal> {
        let id = self.look(move |state| resolve::task(state, &task)).await?;
        let changed = self.commit_task(id, TaskAction::ChangePriority { priority }).await?;
        let done = if changed { "has" } else { "had" };
        self.acted(Subject::Task(id), format!("{done} {priority} priority")).await
    }

    /// Holds an instruction: what runs goes on to its end, nothing new starts, and its clocks stand still.
    pub(super) async fn pause(&self, instruction: String, reason: String) -> Result<Acted, Refusal> {
        let id = self.look(move |state| resolve::instruction(state, &instruction)).await?;
        self.hold(id, InstructionAction::Pause { reason, until: None }, true, "is paused already").await?;
        self.acted(Subject::Instruction(id), "is paused".to_owned()).await
    }

    /// Lets it go on.
    pub(super) async fn resume(&self, instruction: String) -> Result<Acted, Refusal> {
        let id = self.look(move |state| resolve::instruction(state, &instruction)).await?;
        self.hold(id, InstructionAction::Resume, false, "is not paused").await?;
        self.acted(Subject::Instruction(id), "goes on".to_owned()).await
    }

    /// Pauses or resumes, and says so in words where that is refused as the instruction is `paused`, or not, as it is.
    async fn hold(&self, id: InstructionId, act: InstructionAction, paused: bool, why: &str) -> Result<(), Refusal> {
        let Err(refusal) = self.commit_instruction(id, act).await else {
            return Ok(());
        };
        let now = self.look(move |state| Ok(state.instructions.get(&id).map(|found| found.paused.is_some()))).await?;
        if refusal.code == Code::Rejected && now == Some(paused) {
            return Err(Refusal::new(refusal.code, format!("{} {why}", id.short())));
        }
        Err(refusal)
    }

    /// Says that nobody stands at a place, with the reason, or that somebody does again.
    pub(super) async fn set_presence(&self, role: String, away: Option<String>) -> Result<Acted, Refusal> {
        let role = self.look(move |state| resolve::role(state, &role)).await?;
        let done = if away.is_some() { "away" } else { "back" };
        let absence = away.map(|reason| Absence { kind: AbsenceKind::Away, reason });
        let changed = self.commit(Action::SetPresence { role: role.clone(), absence }).await?;
        let done = if changed { format!("is {done}") } else { format!("was {done} already") };
        self.acted(Subject::Place(role), done).await
    }

    /// Marks messages as read.
    pub(super) async fn read(&self, role: String, broadcasts: Vec<String>) -> Result<Acted, Refusal> {
        let role = self.look(move |state| resolve::role(state, &role)).await?;
        let bad = |error: crate::domain::id::ParseIdError| Refusal::new(Code::BadRequest, error.to_string());
        let ids: Vec<BroadcastId> = broadcasts.iter().map(|id| id.parse().map_err(bad)).collect::<Result<_, _>>()?;
        let read = narrative::count(ids.len(), "broadcast");
        self.commit(Action::ReadBroadcasts { role: role.clone(), ids }).await?;
        self.acted(Subject::Place(role), format!("has read {read}")).await
    }
}

/// What it takes to give a task to somebody, in the state it is in.
fn reassignment(state: &State, task: &Task, to: &IcId, reason: String) -> Result<TaskAction, Refusal> {
    Ok(match task.state.name() {
        StateName::Pending => {
            let known = state
                .chart
                .ics
                .get(to)
                .ok_or_else(|| Refusal::new(Code::NotFound, format!("there is no IC `{to}` in the chart")))?;
            let others = state.chart.ics_of(&task.domain);
            let explanation =
                chosen_by_a_person(known, others, &task.work, state.sequence, |ic| state.standing(ic), &reason);
            TaskAction::Assign { to: Assignee::Ic(to.clone()), explanation }
        }
        StateName::Blocked | StateName::Escalated => {
            TaskAction::Resolve { resolution: reason, next: AfterBlock::Assign(to.clone()) }
        }
        StateName::Assigned | StateName::InProgress => TaskAction::Reassign { to: to.clone(), reason },
        StateName::InPlanning
        | StateName::UnderReview
        | StateName::DomainReview
        | StateName::ReadyForHandoff
        | StateName::Completed
        | StateName::Cancelled => {
            return Err(Refusal::new(
                Code::Rejected,
                format!("{} is {}: there is nobody to take it from or give it to", name(task), task.state.name()),
            ));
        }
    })
}
