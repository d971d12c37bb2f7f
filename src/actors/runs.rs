//! The runs of one desk: which of them are at work, and keeping that in step with what is owed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor::{ActorCell, ActorId, ActorProcessingErr, SupervisionEvent};
use tokio::sync::watch;

use super::brief;
use super::desk::Desk;
use super::plans;
use super::run::{self, Args, Order};
use super::supervision::{Family, Verdict};
use crate::domain::command::{Action, TaskAction};
use crate::domain::event::{Event, TaskEvent};
use crate::domain::id::{Epoch, TaskId, WorkerId};
use crate::domain::policy::{Move, PlanOrder, ReviewOrder};
use crate::worker::Job;

/// The runs of one desk.
#[derive(Default)]
pub struct Runs {
    live: BTreeMap<Order, Live>,
    by_id: BTreeMap<ActorId, Order>,
    /// Reviews and plans that failed, and how often.
    failed: BTreeMap<Order, u32>,
    /// Counts the runs that failed themselves, whatever their worker did.
    family: Family<()>,
    /// Whether something could not be started when that was last looked at.
    has_backlog: bool,
}

struct Live {
    id: ActorId,
    stop: watch::Sender<bool>,
    /// Whether what came of it was taken: whatever that changed wakes whom it concerns.
    settled: Arc<AtomicBool>,
}

impl Runs {
    /// Starts, recovers and stops runs so that they are what `moves` ask for. At most `attempts` attempts and as many
    /// reviews and plans run side by side. Answers after how long there is something to start that must not be started yet.
    ///
    /// # Errors
    /// When the ledger has stopped, or a run does not come to life.
    pub async fn keep_in_step(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        moves: Vec<Move>,
        attempts: usize,
    ) -> Result<Option<Duration>, ActorProcessingErr> {
        let mut starts = Vec::new();
        let mut judgements = Vec::new();
        let mut from_files = Vec::new();
        let mut wanted = BTreeSet::new();
        let mut later: Option<Duration> = None;
        let now = desk.office.ledger.clock().now().wall;
        for order in moves {
            match order {
                Move::Start(task) => starts.push(task),
                Move::StartLater(task, at) => {
                    tracing::debug!(role = %desk.role, task = %task.short(), "the next attempt starts at {at}");
                    let wait = at.since(now).to_duration();
                    later = Some(later.map_or(wait, |earlier| earlier.min(wait)));
                }
                Move::Attend(task, epoch) => {
                    wanted.insert(Order::Attempt(task, epoch));
                }
                Move::Review(order) => {
                    wanted.insert(Order::Review(order.clone()));
                    judgements.push(Order::Review(order));
                }
                Move::Plan(order) if order.planner.is_none() => from_files.push(order),
                Move::Plan(order) => {
                    wanted.insert(Order::Plan(order.clone()));
                    judgements.push(Order::Plan(order));
                }
                Move::Commit(_) => {}
            }
        }
        // Whatever runs and is not asked for any more was cancelled, taken away or is out of date.
        for (order, live) in &self.live {
            if !wanted.contains(order) {
                live.stop.send_replace(true);
            }
        }
        self.failed.retain(|order, _| wanted.contains(order));
        self.has_backlog = false;
        for order in &wanted {
            if let Order::Attempt(task, epoch) = order
                && !self.live.contains_key(order)
            {
                run::recover(desk, *task, *epoch).await?;
            }
        }
        if desk.office.is_draining() {
            self.has_backlog = true;
            return Ok(None);
        }
        for order in from_files {
            plans::from_files(desk, order).await?;
        }
        let at_work = self.live.keys().filter(|order| matches!(order, Order::Attempt(..))).count();
        self.limit(&mut starts, attempts.saturating_sub(at_work));
        self.start_attempts(myself, desk, starts).await?;
        let judging = self.live.len().saturating_sub(at_work);
        judgements.retain(|order| !self.live.contains_key(order));
        self.limit(&mut judgements, attempts.max(1).saturating_sub(judging));
        for order in judgements {
            match order {
                Order::Attempt(..) => {}
                Order::Review(review) => self.start_review(myself, desk, review).await?,
                Order::Plan(plan) => self.start_plan(myself, desk, plan).await?,
            }
        }
        Ok(later)
    }

    /// Leaves what there is no room for to a later look.
    fn limit<T>(&mut self, orders: &mut Vec<T>, room: usize) {
        self.has_backlog |= orders.len() > room;
        orders.truncate(room);
    }

    async fn start_attempts(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        tasks: Vec<TaskId>,
    ) -> Result<(), ActorProcessingErr> {
        if tasks.is_empty() {
            return Ok(());
        }
        let actions = tasks.iter().map(|task| Action::Task(*task, TaskAction::StartAttempt)).collect();
        let results = desk.ask(actions).await?;
        for (task, result) in tasks.into_iter().zip(results) {
            let entries = match result {
                Ok(entries) => entries,
                Err(rejection) => {
                    // Somebody else's command came first; a change of the duty wakes again.
                    self.has_backlog = true;
                    tracing::debug!(role = %desk.role, task = %task.short(), "could not start: {rejection}");
                    continue;
                }
            };
            let epoch = entries.iter().find_map(|entry| match &entry.event {
                Event::Task(id, TaskEvent::AttemptStarted { epoch, .. }) if *id == task => Some(*epoch),
                _other => None,
            });
            if let Some(epoch) = epoch {
                self.start_attempt(myself, desk, task, epoch).await?;
            }
        }
        Ok(())
    }

    async fn start_attempt(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        task: TaskId,
        epoch: Epoch,
    ) -> Result<(), ActorProcessingErr> {
        let (folder, token) = (desk.office.data_dir.clone(), desk.office.ids.token());
        let brief =
            desk.office.ledger.read(move |state| brief::for_attempt(state, &folder, task, epoch, token)).await?;
        if let Some((worker, job)) = brief {
            if epoch.0 > 1 {
                // The one before may have been taken from somebody who is still ending it: never two in one workspace.
                if let Err(error) = run::reap(&desk.office, task, Epoch(epoch.0 - 1)).await {
                    let message = format!("processes of the attempt before cannot be ended: {error}");
                    run::give_up(desk, task, epoch, message).await?;
                    return Ok(());
                }
            }
            self.spawn(myself, desk, Order::Attempt(task, epoch), worker, job, 0).await?;
        }
        Ok(())
    }

    async fn start_review(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        order: ReviewOrder,
    ) -> Result<(), ActorProcessingErr> {
        let failed_before = self.failed.get(&Order::Review(order.clone())).copied().unwrap_or(0);
        // Reviews are told apart by round and gate; the number only keeps the folders of failed tries apart.
        let epoch = Epoch(failed_before.saturating_add(1));
        let (folder, token, wanted) = (desk.office.data_dir.clone(), desk.office.ids.token(), order.clone());
        let job =
            desk.office.ledger.read(move |state| brief::for_review(state, &folder, &wanted, epoch, token)).await?;
        if let Some(job) = job {
            if let Err(error) = run::reap(&desk.office, order.task, epoch).await {
                tracing::warn!(task = %order.task.short(), "an earlier review may be alive still: {error}");
            }
            let worker = order.worker.clone();
            self.spawn(myself, desk, Order::Review(order), worker, job, failed_before).await?;
        }
        Ok(())
    }

    async fn start_plan(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        order: PlanOrder,
    ) -> Result<(), ActorProcessingErr> {
        let Some(worker) = order.planner.clone() else { return Ok(()) };
        let failed_before = self.failed.get(&Order::Plan(order.clone())).copied().unwrap_or(0);
        let epoch = Epoch(failed_before.saturating_add(1));
        let (folder, token, wanted) = (desk.office.data_dir.clone(), desk.office.ids.token(), order.clone());
        let job = desk.office.ledger.read(move |state| brief::for_plan(state, &folder, &wanted, epoch, token)).await?;
        if let Some(job) = job {
            if let Err(error) = run::reap(&desk.office, job.task.id, epoch).await {
                tracing::warn!(instruction = %order.instruction, "an earlier planner may be alive still: {error}");
            }
            self.spawn(myself, desk, Order::Plan(order), worker, job, failed_before).await?;
        }
        Ok(())
    }

    async fn spawn(
        &mut self,
        myself: &ActorCell,
        desk: &Desk,
        order: Order,
        worker: WorkerId,
        mut job: Job,
        failed_before: u32,
    ) -> Result<(), ActorProcessingErr> {
        let (stop, stopped) = watch::channel(false);
        job.role = desk.role.to_string();
        let settled = Arc::new(AtomicBool::new(false));
        let args = Args {
            office: Arc::clone(&desk.office),
            role: desk.role.clone(),
            order: order.clone(),
            worker,
            job: Box::new(job),
            stop: stopped,
            failed_before,
            settled: Arc::clone(&settled),
        };
        let run = run::spawn(myself.clone(), args).await?;
        self.by_id.insert(run.get_id(), order.clone());
        self.live.insert(order, Live { id: run.get_id(), stop, settled });
        Ok(())
    }

    /// What a supervision event means for these runs. When it is the end of one, the answer is after how long what is
    /// owed should be looked at again: at once, or after a backoff when the run itself failed. There is none where that
    /// would show nothing new: what came of the run was taken, and nothing waits for its place.
    ///
    /// # Errors
    /// When runs fail too often.
    pub fn on_event(&mut self, event: &SupervisionEvent) -> Result<Option<Duration>, ActorProcessingErr> {
        let (cell, failure, complaint) = match event {
            SupervisionEvent::ActorFailed(cell, error) => (cell, Some(error), false),
            SupervisionEvent::ActorTerminated(cell, _, complaint) => (cell, None, complaint.is_some()),
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => return Ok(None),
        };
        let Some(order) = self.by_id.remove(&cell.get_id()) else {
            return Ok(None);
        };
        // A plan that is no good is asked for again by the same duty, which wakes nobody.
        let wakes = !matches!(order, Order::Plan(_));
        let mut is_settled = false;
        if self.live.get(&order).is_some_and(|live| live.id == cell.get_id())
            && let Some(live) = self.live.remove(&order)
        {
            is_settled = wakes && live.settled.load(Ordering::Acquire);
        }
        if matches!(order, Order::Review(_) | Order::Plan(_)) && (failure.is_some() || complaint) {
            let failed = self.failed.entry(order.clone()).or_insert(0);
            *failed = failed.saturating_add(1);
        }
        let Some(error) = failure else {
            return Ok((!is_settled || self.has_backlog).then_some(Duration::ZERO));
        };
        match self.family.lose((), error.to_string()).verdict {
            Verdict::Restart(after) => {
                tracing::warn!("{order} failed and is looked at again in {after:?}: {error}");
                Ok(Some(after))
            }
            Verdict::GiveUp => Err(format!("{order} failed, and runs have failed too often: {error}").into()),
        }
    }
}
