//! The made-up worker: how long work takes and how it ends, by the scenario and the seed.
//!
//! What happens to an attempt depends only on the seed, the task and which attempt it is, never on what happened to others
//! before. Work takes its planned hours times a factor, spread over the days of whoever does it: eight hours take a day
//! where the day has eight hours of theirs. Another round after a review takes [`REWORK_SHARE`] of that.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp1, Normal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dice::Dice;
use crate::config::scenario::{Conduct, EffortModel, FaultRates, Scenario};
use crate::domain::id::{Epoch, Round, TaskId};
use crate::domain::time::Effort;
use crate::domain::work::Finding;
use crate::worker::{
    Failure, FailureClass, Job, JobKind, Log, Outcome, Report, RunContext, RunFuture, Sign, SimulatedWorker, Worker,
};

/// What a round after a review takes, as a share of the work itself: what was asked for is changed, not all done again.
pub(super) const REWORK_SHARE: f64 = 0.3;

/// Hours of a day of the organisation's time.
const DAY: f64 = 24.0;

/// Hours of a day of somebody who hardly works at all; with none, work would never end.
const SHORTEST_DAY: f64 = 0.001;

/// An answer that comes a second time.
#[derive(Debug)]
pub(super) struct Echo {
    /// Whose.
    pub(super) role: String,
    /// About which task.
    pub(super) task: TaskId,
    /// Of which attempt.
    pub(super) epoch: Epoch,
}

/// What made-up workers go by; one for all of them.
pub(super) struct Model {
    dice: Dice,
    effort: EffortModel,
    conduct: Conduct,
    faults: FaultRates,
    /// Hours of a day that are theirs, by place.
    days: BTreeMap<String, Effort>,
    echoes: mpsc::UnboundedSender<Echo>,
}

impl Model {
    pub(super) fn new(scenario: &Scenario, dice: Dice, echoes: mpsc::UnboundedSender<Echo>) -> Self {
        let days = scenario.chart.ics.values().map(|ic| (ic.id.to_string(), ic.hours_per_day)).collect();
        Self { dice, effort: scenario.effort, conduct: scenario.conduct, faults: scenario.faults, days, echoes }
    }

    /// What work takes against what was planned.
    fn factor(&self, dice: &mut StdRng) -> f64 {
        factor(self.effort, dice)
    }

    /// How long an attempt takes.
    fn work(&self, job: &Job, dice: &mut StdRng) -> Duration {
        let a_day = self.days.get(&job.role).map_or(DAY, |hours| hours.hours()).clamp(SHORTEST_DAY, DAY);
        let share = if job.round > Round::default() { REWORK_SHARE } else { 1.0 };
        hours(job.task.effort.hours() * self.factor(dice) * share * DAY / a_day)
    }

    /// How long a look at the work of somebody else takes.
    fn review(&self, dice: &mut StdRng) -> Duration {
        self.conduct.review.to_duration().mul_f64(self.factor(dice))
    }

    /// Whether what is handed in in this round was never made, although it is said to be; only where no machine checks it,
    /// so that whoever reviews it finds out.
    fn is_lie(&self, job: &Job, round: Round) -> bool {
        let mut dice = self.dice.about(&[b"lie", job.task.id.as_bytes(), &round.0.to_be_bytes()]);
        job.deliverables.is_empty() && dice.random::<f64>() < self.faults.silent
    }

    fn fate(&self, job: &Job, dice: &mut StdRng) -> Fate {
        let Conduct { blocked, questions, .. } = self.conduct;
        let FaultRates { transient, lost, duplicate, quota, silent, .. } = self.faults;
        let mut left = dice.random::<f64>();
        let shares = [
            (transient, Fate::Fails),
            (lost, Fate::Vanishes),
            (quota, Fate::OverQuota),
            (blocked, Fate::Blocked),
            (questions, Fate::Asks),
            (duplicate, Fate::SaysTwice),
        ];
        // What a machine checks is found out at once, and may go well the next time.
        let caught = if job.deliverables.is_empty() { 0.0 } else { silent };
        for (share, fate) in shares.into_iter().chain([(caught, Fate::Lies)]) {
            if left < share {
                return fate;
            }
            left -= share;
        }
        // An attempt counts the reviews before it, a review itself, too.
        let round = Round(job.round.0.saturating_add(1));
        if self.is_lie(job, round) { Fate::Lies } else { Fate::Done }
    }

    fn dice(&self, job: &Job) -> StdRng {
        let gate = job.gate.map_or_else(String::new, |gate| gate.to_string());
        self.dice.about(&[
            job.kind.as_str().as_bytes(),
            job.task.id.as_bytes(),
            &job.epoch.0.to_be_bytes(),
            &job.round.0.to_be_bytes(),
            gate.as_bytes(),
        ])
    }
}

/// What the planned time of something is multiplied by.
pub(super) fn factor(model: EffortModel, dice: &mut StdRng) -> f64 {
    match model {
        EffortModel::Exact => 1.0,
        EffortModel::Lognormal { spread } => {
            // A scenario has only spreads that a normal distribution can have.
            Normal::new(0.0, spread).map_or(1.0, |normal| normal.sample(dice).exp())
        }
        EffortModel::Exponential => Exp1.sample(dice),
    }
}

/// A span of so many hours, to the millisecond, and of one at least: what takes time is seen to.
pub(super) fn hours(hours: f64) -> Duration {
    const LONGEST_HOURS: f64 = 24.0 * 365.0 * 100.0;
    let millis = (hours.clamp(0.0, LONGEST_HOURS) * 3_600_000.0).round().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was just clamped")]
    Duration::from_millis(millis as u64)
}

/// How an attempt goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It is done.
    Done,
    /// It is said to be done, and nothing was made.
    Lies,
    /// It fails in passing, somewhere on the way.
    Fails,
    /// Nothing is heard of it any more.
    Vanishes,
    /// It may do no more for now.
    OverQuota,
    /// Something is in its way.
    Blocked,
    /// It needs to know something.
    Asks,
    /// It is done, and says so twice.
    SaysTwice,
}

/// A made-up worker.
pub(super) struct MadeUp {
    model: std::sync::Arc<Model>,
    /// Makes plans up; it waits no time itself.
    planner: SimulatedWorker,
    label: String,
}

impl MadeUp {
    pub(super) fn new(model: std::sync::Arc<Model>, id: &crate::domain::id::WorkerId, seed: u64) -> Self {
        let planner = SimulatedWorker::new(id.clone(), Duration::ZERO, 0.0, 0.0, seed);
        Self { model, planner, label: id.to_string() }
    }

    async fn attempt(&self, job: &Job, mut context: RunContext) -> Result<Outcome, Failure> {
        let mut dice = self.model.dice(job);
        let fate = self.model.fate(job, &mut dice);
        let whole = self.model.work(job, &mut dice);
        let part = whole.mul_f64(dice.random::<f64>());
        let span = match fate {
            Fate::Done | Fate::Lies | Fate::SaysTwice => whole,
            Fate::Fails | Fate::Vanishes | Fate::Blocked | Fate::Asks => part,
            // Whoever has no quota left is told at once.
            Fate::OverQuota => Duration::from_millis(1),
        };
        if !works(span, &mut context).await {
            return Err(Failure::Stopped);
        }
        match fate {
            Fate::Done => Ok(done(job)),
            Fate::Lies if !job.deliverables.is_empty() => {
                Err(transient("simulated: said it was done, and the deliverables are not there"))
            }
            // Where no machine checks anything, a reviewer finds out.
            Fate::Lies => Ok(done(job)),
            Fate::SaysTwice => {
                let echo = Echo { role: job.role.clone(), task: job.task.id, epoch: job.epoch };
                // Nobody listens any more once the simulation ends.
                let _ = self.model.echoes.send(echo);
                Ok(done(job))
            }
            Fate::Fails => Err(transient("simulated: a passing failure")),
            Fate::Vanishes => {
                // Without a sign of life, until whoever supervises it gives up.
                context.stopped().await;
                Err(Failure::Stopped)
            }
            Fate::OverQuota => Err(Failure::Failed {
                class: FailureClass::Quota,
                message: "simulated: 429, the quota is spent".to_owned(),
                retry_after: Some(self.model.faults.quota_reset.to_duration()),
            }),
            Fate::Blocked => Ok(Outcome::Blocked {
                kind: "access".to_owned(),
                description: "simulated: something is in the way".to_owned(),
                needs: "simulated: somebody who clears it".to_owned(),
            }),
            Fate::Asks => Ok(Outcome::Question { to: None, text: "simulated: how is this meant?".to_owned() }),
        }
    }

    async fn review(&self, job: &Job, mut context: RunContext) -> Result<Outcome, Failure> {
        let mut dice = self.model.dice(job);
        let span = self.model.review(&mut dice);
        if !works(span, &mut context).await {
            return Err(Failure::Stopped);
        }
        let wants_changes = self.model.is_lie(job, job.round) || dice.random::<f64>() < self.model.conduct.rework;
        Ok(if wants_changes {
            Outcome::Changes { findings: vec![Finding { text: "simulated: a change".to_owned(), location: None }] }
        } else {
            Outcome::Approve { summary: "simulated: approved".to_owned() }
        })
    }
}

impl Worker for MadeUp {
    fn run<'a>(&'a self, job: &'a Job, context: RunContext) -> RunFuture<'a> {
        Box::pin(async move {
            let outcome = match job.kind {
                JobKind::Plan => return self.planner.run(job, context).await,
                JobKind::Work => self.attempt(job, context).await,
                JobKind::Review => self.review(job, context).await,
            };
            Report { outcome, simulated: true, log: Log::default() }
        })
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn describe(&self) -> String {
        "made up by a scenario".to_owned()
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

/// Lets the time of the work pass, with signs of life; false when it was asked to stop before.
async fn works(span: Duration, context: &mut RunContext) -> bool {
    let end = Instant::now() + span;
    loop {
        let sign = context.next_sign();
        tokio::select! {
            biased;
            () = context.stopped() => return false,
            () = sleep_until(end.min(sign)) => {
                if end <= sign {
                    return true;
                }
                (context.alive)(Sign::Running);
            }
        }
    }
}

fn done(job: &Job) -> Outcome {
    Outcome::Done {
        summary: "simulated".to_owned(),
        artefacts: job.deliverables.iter().map(|deliverable| deliverable.path.clone()).collect(),
        evidence: Vec::new(),
        usage: None,
    }
}

fn transient(message: &str) -> Failure {
    Failure::Failed { class: FailureClass::Transient, message: message.to_owned(), retry_after: None }
}
