//! One run of a worker: an attempt at a task, a review, or the making of a plan. Lives as long as the run does.
//!
//! ```text
//!   IC or lead ── spawns, linked ──▶ Run ── job ──▶ worker
//!                                     │  ◀─ report ─┘
//!                                     └─ hand in / fail / block / ask / approve / request changes ──▶ ledger
//! ```
//!
//! A claim of done is checked before it is handed in. If the run is killed, the worker's processes go with it; if it
//! panics, whoever spawned it sees an attempt at work that nobody runs, and recovers it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr};
use tokio::sync::{mpsc, watch};

use super::desk::Desk;
use super::office::{Office, Phase, RunCount};
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::id::{Epoch, TaskId, WorkerId};
use crate::domain::org::Chart;
use crate::domain::policy::{Ids, PlanOrder, ReviewOrder, plans};
use crate::domain::rejection::Rejection;
use crate::domain::review::Basis;
use crate::domain::role::{Level, Principal, Role};
use crate::domain::sla::{FASTEST_SIGNS, SIGNS_IN_TIME};
use crate::domain::task::{self, Blocker, BlockerKind, Trouble};
use crate::domain::time::Millis;
use crate::domain::work::{CheckResult, Deliverable, Finding, Submission};
use crate::ledger::Stopped;
use crate::telemetry::narrative::quote;
use crate::worker::{self, Failure, FailureClass, Job, Outcome, Report, RunContext, Worker, planning};

/// Signs of life that may wait to be recorded; they all say the same.
const SIGNS_QUEUED: usize = 1;

/// What a run is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Order {
    /// An attempt at a task.
    Attempt(TaskId, Epoch),
    /// A review.
    Review(ReviewOrder),
    /// The plan of an instruction.
    Plan(PlanOrder),
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(task, epoch) => write!(f, "the run of attempt {epoch} of {}", task.short()),
            Self::Review(order) => write!(f, "a review of {}", order.task.short()),
            Self::Plan(order) => write!(f, "the planning of {}", order.instruction.short()),
        }
    }
}

/// What a run is told.
pub enum Msg {
    /// Begin.
    Begin,
}

/// What a run begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
    /// For whom it runs.
    pub role: Role,
    /// What it is for.
    pub order: Order,
    /// Which worker does it.
    pub worker: WorkerId,
    /// What the worker is told.
    pub job: Box<Job>,
    /// Becomes true when it should end.
    pub stop: watch::Receiver<bool>,
    /// Failed tries at this review or plan before this one.
    pub failed_before: u32,
    /// Becomes true when the ledger has taken what came of it.
    pub settled: Arc<AtomicBool>,
}

/// What a run keeps.
pub struct State {
    args: Args,
    _count: RunCount,
}

/// The actor.
pub struct Run;

/// Starts a run as a child of whoever it is for.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (run, _) = Actor::spawn_linked(None, Run, args, supervisor).await?;
    Ok(run)
}

impl Actor for Run {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let count = args.office.count_run();
        myself.cast(Msg::Begin)?;
        Ok(State { args, _count: count })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        Msg::Begin: Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        // A reason to stop is a review or a plan that came to nothing, which is not a failure of the run.
        let complaint = state.args.on_begin().await?;
        myself.stop(complaint);
        Ok(())
    }
}

impl Args {
    /// Has the worker do the job and tells the ledger what came of it. A review or a plan that came to nothing and is
    /// to be tried again answers with why.
    async fn on_begin(&self) -> Result<Option<String>, Stopped> {
        let what = match self.order {
            Order::Attempt(..) => "run an attempt",
            Order::Review(_) => "run a review",
            Order::Plan(_) => "run a planner",
        };
        self.office.probe.observe(&self.role, Phase::Before, what);
        let report = match self.office.worker(&self.worker) {
            Some(worker) => self.run(worker.as_ref()).await,
            None => Report {
                outcome: Err(Failure::Failed {
                    class: FailureClass::Permanent,
                    message: format!("there is no worker `{}`", self.worker),
                    retry_after: None,
                }),
                simulated: false,
                log: worker::Log::default(),
            },
        };
        self.office.probe.observe(&self.role, Phase::After, what);
        let judged = match &self.order {
            Order::Attempt(task, epoch) => Judged::say(Action::Task(*task, self.after_attempt(*epoch, report).await)),
            Order::Review(order) => self.after_review(order, report),
            Order::Plan(order) => self.after_plan(order, report).await?,
        };
        let action = match judged {
            Judged::Say(action) => *action,
            Judged::Nothing => return Ok(None),
            Judged::TryAgain { complaint, after, counts } => {
                self.pause(after).await;
                return Ok(counts.then_some(complaint));
            }
        };
        let name = action.name();
        self.office.probe.observe(&self.role, Phase::Before, name);
        let principal = Principal::role(self.role.clone());
        let results = self.office.ledger.commit(&principal, vec![action]).await?;
        self.office.probe.observe(&self.role, Phase::After, name);
        match results.into_iter().find_map(Result::err) {
            None => {
                self.settled.store(true, Ordering::Release);
                Ok(None)
            }
            Some(rejection) => self.on_refusal(&rejection).await,
        }
    }

    /// The ledger refused what came of the run. Most often the task has moved on: it was cancelled, taken away, or
    /// answered before. Where it has not, the result itself is no good, and the run has failed.
    async fn on_refusal(&self, rejection: &Rejection) -> Result<Option<String>, Stopped> {
        let said = quote(&rejection.to_string());
        tracing::info!(role = %self.role, "what came of {} was refused: {said}", self.order);
        match &self.order {
            Order::Attempt(task, epoch) => {
                let message = format!("its result was refused: {said}");
                let action = Action::Task(*task, fail(*epoch, task::FailureClass::Transient, message));
                // Refused in turn when the attempt is not the current one any more, and then nothing is left to do.
                self.office.ledger.commit(&Principal::role(self.role.clone()), vec![action]).await?;
                Ok(None)
            }
            Order::Review(_) | Order::Plan(_) => {
                self.pause(self.backoff()).await;
                Ok(Some(said))
            }
        }
    }

    /// Waits before the next try, unless nobody asks for it any more.
    async fn pause(&self, span: Duration) {
        let mut stop = self.stop.clone();
        let stopped = async {
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = tokio::time::sleep(span) => {}
            () = stopped => {}
            () = self.office.draining() => {}
        }
    }

    fn backoff(&self) -> Duration {
        self.office.chart().policy.backoff(self.failed_before).to_duration()
    }

    /// Runs the worker and passes its signs of life on.
    async fn run(&self, worker: &dyn Worker) -> Report {
        let (signs, mut heard) = mpsc::channel(SIGNS_QUEUED);
        let office = Arc::clone(&self.office);
        let context = RunContext {
            stop: self.stop.clone(),
            alive: Arc::new(move |_| {
                // A full queue says the same already.
                let _ = signs.try_send(());
            }),
            alive_every: Arc::new(move || alive_every(&office.chart(), office.ledger.clock().speed())),
        };
        let mut run = worker.run(&self.job, context);
        let mut listening = true;
        loop {
            tokio::select! {
                biased;
                report = &mut run => return report,
                sign = heard.recv(), if listening => match (sign, &self.order) {
                    (Some(()), Order::Attempt(task, epoch)) => {
                        let heartbeat = TaskAction::Heartbeat { epoch: *epoch, progress: None };
                        let principal = Principal::role(self.role.clone());
                        self.office.ledger.commit_unheard(&principal, Action::Task(*task, heartbeat));
                    }
                    (Some(()), Order::Review(_) | Order::Plan(_)) => {}
                    (None, _) => listening = false,
                },
            }
        }
    }

    /// What an attempt's report means for the task. A claim of done is believed once the deliverables pass their checks.
    async fn after_attempt(&self, epoch: Epoch, report: Report) -> TaskAction {
        let simulated = report.simulated;
        match report.outcome {
            Ok(Outcome::Done { summary, artefacts, evidence, .. }) => {
                let Some(checks) = self.check(simulated).await else {
                    return stopped(epoch);
                };
                if let Some(failed) = checks.iter().find(|check| !check.passed) {
                    let message = format!(
                        "said it was done, but {} does not hold: {} ({})",
                        failed.path, failed.check, failed.detail
                    );
                    return fail(epoch, task::FailureClass::Transient, message);
                }
                let submission = Submission { summary, artefacts, evidence, checks, simulated };
                TaskAction::HandIn { epoch, submission }
            }
            Ok(Outcome::Blocked { kind, description, needs }) => TaskAction::Block {
                epoch: Some(epoch),
                blocker: Blocker { kind: BlockerKind::Reported(kind), description, needs, owner: Level::DomainLead },
            },
            Ok(Outcome::Question { to, text }) => {
                // Managers without a worker for judgement know no more than their policy: a question goes to a person.
                let text = match to {
                    Some(to) => format!("(for {to}) {text}"),
                    None => text,
                };
                let id = self.office.ids.question();
                TaskAction::AskQuestion { id, epoch: Some(epoch), to: Level::Person, text, attempt_waits: false }
            }
            Ok(Outcome::Failed { class, message, retry_after_seconds }) => {
                fail(epoch, self.class(class, retry_after_seconds.map(Duration::from_secs)), message)
            }
            Ok(other @ (Outcome::Approve { .. } | Outcome::Changes { .. } | Outcome::Plan(_))) => {
                fail(epoch, task::FailureClass::Transient, format!("answered an attempt with `{}`", other.name()))
            }
            Err(Failure::Stopped) => stopped(epoch),
            Err(Failure::Failed { class, message, retry_after }) => {
                fail(epoch, self.class(class, retry_after), message)
            }
        }
    }

    /// Checks the deliverables; `None` when the run is to end before that is done.
    async fn check(&self, simulated: bool) -> Option<Vec<CheckResult>> {
        if simulated {
            // Nothing was produced, so there is nothing to look at; the label says so wherever this is shown.
            let made_up = |deliverable: &Deliverable| CheckResult {
                path: deliverable.path.clone(),
                check: "simulated".to_owned(),
                passed: true,
                detail: "no file was made".to_owned(),
            };
            return Some(self.job.deliverables.iter().map(made_up).collect());
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            checks = self.office.check(&self.job.workspace, &self.job.deliverables) => Some(checks),
            Ok(_) = stop.wait_for(|stop| *stop) => None,
        }
    }

    fn class(&self, class: FailureClass, retry_after: Option<Duration>) -> task::FailureClass {
        match class {
            FailureClass::Transient => task::FailureClass::Transient,
            FailureClass::Permanent => task::FailureClass::Permanent,
            FailureClass::Quota => {
                let now = self.office.ledger.clock().now().wall;
                let span = |after: Duration| Millis(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
                task::FailureClass::Quota { reset: retry_after.map(|after| now.plus(span(after))) }
            }
        }
    }

    /// What a review's report means. A reviewer's worker that fails again and again is no judge: the level above holds
    /// the matter then.
    fn after_review(&self, order: &ReviewOrder, report: Report) -> Judged {
        let say = |action: TaskAction| Judged::say(Action::Task(order.task, action));
        let simulated = report.simulated;
        let (complaint, wait, counts) = match report.outcome {
            Ok(Outcome::Approve { summary }) => {
                let basis = Basis::Worker { summary, simulated };
                return say(match order.gate {
                    None => TaskAction::Approve { basis },
                    Some(gate) => TaskAction::PassGate { gate, basis },
                });
            }
            Ok(Outcome::Changes { findings }) => return say(self.changes(findings)),
            Err(Failure::Stopped) => return Judged::Nothing,
            failed => self.complaint(failed),
        };
        let tries = self.failed_before.saturating_add(1);
        tracing::warn!(role = %self.role, task = %order.task.short(), "review failed ({tries}): {complaint}");
        if !counts || tries <= self.office.chart().policy.max_retries {
            return Judged::TryAgain { complaint, after: wait, counts };
        }
        let level = match &self.role {
            Role::Ic(_) => Level::DomainLead,
            Role::DomainLead(_) => Level::TechLead,
            Role::TechLead(_) | Role::EngineeringManager(_) | Role::Organisation | Role::Person(_) | Role::Operator => {
                Level::Person
            }
        };
        let id = self.office.ids.clone().escalation();
        let reason = format!("the review by {} failed {tries} times: {complaint}", self.role);
        say(TaskAction::RaiseEscalation { id, trouble: Trouble::Rounds, level, reason })
    }

    /// What a planner's report means: a plan or the reasons why it is refused. A planner that fails again and again has
    /// given no plan that holds either.
    async fn after_plan(&self, order: &PlanOrder, report: Report) -> Result<Judged, Stopped> {
        // An instruction without a plan has no clock, so a quota is not waited for without end either.
        let (complaint, after, _) = match report.outcome {
            Ok(Outcome::Plan(plan)) => {
                let (draft, wanted, mut ids) = (planning::read(&plan), order.clone(), self.office.ids.clone());
                let made = self.office.ledger.read(move |state| plans::by_draft(state, &wanted, &draft, &mut ids));
                return Ok(match made.await? {
                    Some(action) => Judged::say(Action::Instruction(order.instruction, action)),
                    None => Judged::Nothing,
                });
            }
            Err(Failure::Stopped) => return Ok(Judged::Nothing),
            failed => self.complaint(failed),
        };
        let tries = self.failed_before.saturating_add(1);
        tracing::warn!(role = %self.role, instruction = %order.instruction.short(), "planner failed ({tries}): {complaint}");
        if tries <= self.office.chart().policy.max_retries {
            return Ok(Judged::TryAgain { complaint, after, counts: true });
        }
        let reason = format!("planner {} failed {tries} times: {complaint}", self.worker);
        Ok(Judged::say(Action::Instruction(order.instruction, InstructionAction::RefusePlan { reason })))
    }

    /// What a report says that answers nothing, when another try makes sense, and whether it counts as one of the tries.
    fn complaint(&self, outcome: Result<Outcome, Failure>) -> (String, Duration, bool) {
        let mut wait = self.backoff();
        let mut counts = true;
        let complaint = match outcome {
            Ok(Outcome::Blocked { description, .. }) => format!("is blocked: {description}"),
            Ok(Outcome::Question { text, .. }) => format!("asks: {text}"),
            Ok(Outcome::Failed { class: FailureClass::Quota, message, retry_after_seconds }) => {
                (wait, counts) = (self.quota_wait(retry_after_seconds.map(Duration::from_secs)), false);
                message
            }
            Err(Failure::Failed { class: FailureClass::Quota, message, retry_after }) => {
                (wait, counts) = (self.quota_wait(retry_after), false);
                message
            }
            Ok(Outcome::Failed { message, .. }) | Err(Failure::Failed { message, .. }) => message,
            Err(Failure::Stopped) => "was stopped".to_owned(),
            Ok(
                other @ (Outcome::Done { .. } | Outcome::Approve { .. } | Outcome::Changes { .. } | Outcome::Plan(_)),
            ) => format!("answered with `{}`", other.name()),
        };
        (quote(&complaint), wait, counts)
    }

    fn quota_wait(&self, asked: Option<Duration>) -> Duration {
        let asked = asked.map(|span| Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)));
        self.office.chart().policy.quota_wait(asked).to_duration()
    }

    fn changes(&self, findings: Vec<Finding>) -> TaskAction {
        TaskAction::RequestChanges { findings, children: Vec::new(), escalation: self.office.ids.clone().escalation() }
    }
}

/// Wall time between two signs of life, at a speed of organisation time.
fn alive_every(chart: &Chart, speed: u32) -> Duration {
    let lease = chart.policy.lease.to_duration();
    let heartbeat = chart.sla.heartbeat.to_duration() / speed.max(1);
    (lease.min(heartbeat) / SIGNS_IN_TIME).max(FASTEST_SIGNS.to_duration())
}

/// What came of a run.
enum Judged {
    /// This is for the ledger.
    Say(Box<Action>),
    /// It was stopped on request; nobody waits for it.
    Nothing,
    /// Its worker failed.
    TryAgain {
        /// How.
        complaint: String,
        /// When another try makes sense.
        after: Duration,
        /// Whether it counts as one of the tries.
        counts: bool,
    },
}

impl Judged {
    fn say(action: Action) -> Self {
        Self::Say(Box::new(action))
    }
}

fn stopped(epoch: Epoch) -> TaskAction {
    fail(epoch, task::FailureClass::Lost { restarted: true }, "stopped on request".to_owned())
}

const fn fail(epoch: Epoch, class: task::FailureClass, message: String) -> TaskAction {
    TaskAction::FailAttempt { epoch, failure: task::Failure { class, message } }
}

/// Ends an attempt at work that nobody runs: what is left of its processes is killed first.
///
/// # Errors
/// When the ledger has stopped.
pub async fn recover(desk: &Desk, task: TaskId, epoch: Epoch) -> Result<(), Stopped> {
    let (class, message) = match reap(&desk.office, task, epoch).await {
        Ok(()) => (task::FailureClass::Lost { restarted: true }, "the one who ran it went away".to_owned()),
        // Counts, so that it is tried again later and not for ever.
        Err(error) => {
            (task::FailureClass::Lost { restarted: false }, format!("its processes cannot be ended: {error}"))
        }
    };
    let action = fail(epoch, class, message);
    desk.commit(vec![Action::Task(task, action)]).await
}

/// Has an attempt that was just started fail before its worker does anything.
///
/// # Errors
/// When the ledger has stopped.
pub async fn give_up(desk: &Desk, task: TaskId, epoch: Epoch, message: String) -> Result<(), Stopped> {
    desk.commit(vec![Action::Task(task, fail(epoch, task::FailureClass::Transient, message))]).await
}

/// Kills what is left of an earlier run. An error says that some of it may still be alive.
pub async fn reap(office: &Arc<Office>, task: TaskId, epoch: Epoch) -> std::io::Result<()> {
    if office.only_simulates() {
        return Ok(());
    }
    let marker = office.marker.clone();
    let reaped = tokio::task::spawn_blocking(move || worker::reap_attempt(&marker, task, epoch)).await;
    let killed = reaped.unwrap_or_else(|error| Err(std::io::Error::other(error)))?;
    if killed > 0 {
        tracing::info!(task = %task.short(), "killed {killed} processes that attempt {epoch} left");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_come_three_times_a_lease_and_three_times_before_an_attempt_counts_as_stalled() {
        let table = [
            // Lease in seconds, organisation hours of silence, speed, wall time between two signs in milliseconds.
            (60, 4, 1, 20_000),
            (60, 4, 3_600, 1_333),
            (3, 4, 3_600, 1_000),
            (60, 4, 1_000_000, 50),
            (60, 4, 0, 20_000),
        ];
        for (lease, heartbeat, speed, millis) in table {
            let mut chart = Chart::default();
            chart.policy.lease = Millis::from_secs(lease);
            chart.sla.heartbeat = Millis::from_hours(heartbeat);
            assert_eq!(alive_every(&chart, speed).as_millis(), millis, "{lease} s, {heartbeat} h, speed {speed}");
        }
    }
}
