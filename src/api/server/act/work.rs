//! Work that people do by hand, from the first look at it to handing it in.

use std::path::PathBuf;

use super::{Desk, Subject, name};
use crate::actors::brief::workspace_of;
use crate::actors::by_hand;
use crate::api::resolve;
use crate::api::wire::{Acted, Code, Refusal};
use crate::domain::command::{Action, TaskAction};
use crate::domain::id::{Epoch, TaskId};
use crate::domain::role::Level;
use crate::domain::state::State;
use crate::domain::task::{Assignee, Blocker, BlockerKind, Failure, FailureClass, Task};
use crate::domain::work::{CheckResult, Deliverable, Submission};
use crate::ledger::Stopped;

/// A task that is worked on by hand.
struct ByHand {
    id: TaskId,
    /// The attempt at work.
    epoch: Option<Epoch>,
}

/// What is to be handed in, and where it is.
struct Work {
    id: TaskId,
    epoch: Epoch,
    workspace: PathBuf,
    deliverables: Vec<Deliverable>,
}

impl Desk<'_> {
    /// Begins an attempt and makes its folder ready. One that has begun is made ready again.
    pub(super) async fn start(&self, task: String) -> Result<Acted, Refusal> {
        if self.office.is_draining() {
            return Err(Refusal::from(Stopped));
        }
        let found = self.look(move |state| by_hand(state, &task)).await?;
        let (epoch, done) = match found.epoch {
            Some(epoch) => {
                self.may_speak(found.id, epoch).await?;
                (epoch, "is at work already")
            }
            None => {
                self.commit_task(found.id, TaskAction::StartAttempt).await?;
                let running = self.look(move |state| Ok(state.task(found.id)?.running_epoch())).await?;
                let gone =
                    || Refusal::new(Code::Rejected, "the task has moved on; look at it with `echelon task show`");
                (running.ok_or_else(gone)?, "is at work")
            }
        };
        let folder = match by_hand::prepare(self.office, found.id, epoch).await {
            Ok(folder) => folder,
            Err(by_hand::Error::Stopped(stopped)) => return Err(stopped.into()),
            Err(error @ by_hand::Error::Gone) => return Err(Refusal::new(Code::Rejected, error.to_string())),
            Err(error @ by_hand::Error::Disk(_)) => {
                // An attempt that nobody can make is no attempt: it is tried again, or its lead looks at it.
                let failure = Failure { class: FailureClass::Transient, message: error.to_string() };
                self.commit_task(found.id, TaskAction::FailAttempt { epoch, failure }).await?;
                return Err(Refusal::new(Code::Internal, format!("{error}; see to that and start the task again")));
            }
        };
        let mut acted = self.acted(Subject::Task(found.id), done.to_owned()).await?;
        acted.folder = Some(folder.display().to_string());
        Ok(acted)
    }

    /// Says that one has what one was given.
    pub(super) async fn acknowledge(&self, task: String) -> Result<Acted, Refusal> {
        let id = self.look(move |state| resolve::task(state, &task)).await?;
        let changed = self.commit_task(id, TaskAction::AcknowledgeDelegation).await?;
        let done = if changed { "is acknowledged" } else { "was acknowledged already" };
        self.acted(Subject::Task(id), done.to_owned()).await
    }

    /// Says how far one is.
    pub(super) async fn progress(&self, task: String, percent: Option<u8>, note: String) -> Result<Acted, Refusal> {
        let (id, epoch) = self.look(move |state| at_work(state, &task)).await?;
        self.commit_task(id, TaskAction::Heartbeat { epoch, progress: Some((percent, note)) }).await?;
        let done = percent.map_or_else(|| "goes on".to_owned(), |percent| format!("is {percent} % done"));
        self.acted(Subject::Task(id), done).await
    }

    /// Hands work in, once everything that a machine can check holds.
    pub(super) async fn done(
        &self,
        task: String,
        summary: String,
        artefacts: Vec<String>,
        evidence: Vec<String>,
    ) -> Result<Acted, Refusal> {
        let data_dir = self.office.data_dir.clone();
        let work = self
            .look(move |state| {
                let (id, epoch) = at_work(state, &task)?;
                let task = state.task(id)?;
                let workspace = workspace_of(&data_dir, task).work();
                Ok(Work { id, epoch, workspace, deliverables: task.work.deliverables.clone() })
            })
            .await?;
        self.may_speak(work.id, work.epoch).await?;
        let artefacts = by_hand::artefacts(&work.workspace, artefacts)
            .await
            .map_err(|wrong| Refusal::new(Code::Rejected, format!("nothing was handed in: {wrong}")))?;
        let checks = self.office.check(&work.workspace, &work.deliverables).await;
        all_hold(&checks)?;
        let hold = match checks.len() {
            0 => String::new(),
            1 => ", 1 machine check holds".to_owned(),
            many => format!(", {many} machine checks hold"),
        };
        let submission = Submission { summary, artefacts, evidence, checks, simulated: false };
        self.commit_task(work.id, TaskAction::HandIn { epoch: work.epoch, submission }).await?;
        self.acted(Subject::Task(work.id), format!("is handed in{hold}")).await
    }

    /// Says that one cannot go on.
    pub(super) async fn block(
        &self,
        task: String,
        reason: String,
        needs: String,
        kind: String,
    ) -> Result<Acted, Refusal> {
        let (id, epoch) = self
            .look(move |state| {
                let id = resolve::task(state, &task)?;
                Ok((id, state.task(id)?.running_epoch()))
            })
            .await?;
        let kind = BlockerKind::Reported(kind);
        let blocker = Blocker { kind, description: reason, needs, owner: Level::DomainLead };
        self.commit_task(id, TaskAction::Block { epoch, blocker }).await?;
        self.acted(Subject::Task(id), "is blocked".to_owned()).await
    }

    /// Asks something. The attempt stays, and its clock stands still until there is an answer.
    pub(super) async fn question(&self, task: String, text: String, to: Level) -> Result<Acted, Refusal> {
        let (id, epoch) = self
            .look(move |state| {
                let id = resolve::task(state, &task)?;
                Ok((id, state.task(id)?.running_epoch()))
            })
            .await?;
        let question = self.office.ids.question();
        self.commit_task(id, TaskAction::AskQuestion { id: question, epoch, to, text, attempt_waits: true }).await?;
        self.acted(Subject::Task(id), format!("waits for the answer to {}", question.short())).await
    }

    /// Refuses unless the caller may speak for this attempt. Nothing of it is recorded.
    async fn may_speak(&self, task: TaskId, epoch: Epoch) -> Result<(), Refusal> {
        self.try_out(Action::Task(task, TaskAction::Heartbeat { epoch, progress: None })).await
    }
}

/// The task that `text` names, if whoever has it works by hand.
fn by_hand(state: &State, text: &str) -> Result<ByHand, Refusal> {
    let id = resolve::task(state, text)?;
    let task = state.task(id)?;
    match task.state.assignee() {
        Some(assignee @ Assignee::Ic(ic)) if state.person_behind(&assignee.role()).is_none() => {
            let worker = state.chart.ics.get(ic).map_or_else(String::new, |known| format!(" (`{}`)", known.worker));
            Err(Refusal::new(
                Code::Rejected,
                format!(
                    "{} is with {ic}, whose work a program does{worker}; give it to somebody with `echelon task reassign {} \
                     --to IC --reason TEXT` to have it done by hand",
                    name(task),
                    id.short()
                ),
            ))
        }
        Some(_) | None => Ok(ByHand { id, epoch: task.running_epoch() }),
    }
}

/// The same, and it has begun.
fn at_work(state: &State, text: &str) -> Result<(TaskId, Epoch), Refusal> {
    let found = by_hand(state, text)?;
    let not_begun = |task: &Task| {
        Refusal::new(
            Code::Rejected,
            format!(
                "{} is {} and not at work; begin with `echelon task start {}`",
                name(task),
                task.state.name(),
                found.id.short()
            ),
        )
    };
    match found.epoch {
        Some(epoch) => Ok((found.id, epoch)),
        None => Err(not_begun(state.task(found.id)?)),
    }
}

/// Refuses with everything that does not hold.
fn all_hold(checks: &[CheckResult]) -> Result<(), Refusal> {
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| format!("\n  {}: {} ({})", check.path, check.check, check.detail))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("nothing was handed in, {} of {} checks do not hold:", failed.len(), checks.len());
    Err(Refusal::new(Code::Rejected, message + &failed.concat()))
}
