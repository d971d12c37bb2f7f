//! A worker that makes everything up, from a seed.
//!
//! The same seed, task, attempt and kind of job give the same outcome, whatever ran before. It waits on the runtime's
//! clock and touches nothing else, so it can be run on a clock that is paused.
//!
//! This module never touches a file, a process or a generator that it did not seed, and says of all it makes that it is simulated.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tokio::time::{sleep, sleep_until};

use super::job::{Job, JobKind, Team};
use super::outcome::{Outcome, inside};
use super::process::span;
use super::{Failure, Log, Report, RunContext, RunFuture, Sign, Worker};
use crate::domain::id::WorkerId;
use crate::domain::work::Finding;

/// Makes outcomes up.
#[derive(Clone, PartialEq, Debug)]
pub struct SimulatedWorker {
    id: WorkerId,
    duration: Duration,
    failure_rate: f64,
    rework_rate: f64,
    seed: u64,
}

impl SimulatedWorker {
    /// One that takes `duration` for each job, fails that share of them and asks for changes in that share of reviews.
    #[must_use]
    pub const fn new(id: WorkerId, duration: Duration, failure_rate: f64, rework_rate: f64, seed: u64) -> Self {
        Self { id, duration, failure_rate, rework_rate, seed }
    }

    /// What it will say about `job`.
    fn outcome(&self, job: &Job) -> Result<Outcome, Failure> {
        let mut dice = self.dice(job);
        if dice.random::<f64>() < self.failure_rate {
            return Err(Failure::transient("simulated: a passing failure"));
        }
        let title = &job.task.title;
        Ok(match job.kind {
            JobKind::Work => Outcome::Done {
                summary: format!("simulated: {title}"),
                artefacts: job.deliverables.iter().filter_map(|deliverable| inside(&deliverable.path)).collect(),
                evidence: vec!["simulated: no work was done".to_owned()],
                usage: None,
            },
            JobKind::Review if dice.random::<f64>() < self.rework_rate => Outcome::Changes {
                findings: vec![Finding { text: format!("simulated: a change to {title}"), location: None }],
            },
            JobKind::Plan => Outcome::Plan(plan(job, &mut dice)?),
            JobKind::Review => Outcome::Approve { summary: format!("simulated: approved {title}") },
        })
    }

    fn dice(&self, job: &Job) -> StdRng {
        let gate = job.gate.map_or_else(String::new, |gate| gate.to_string());
        let digest = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(job.task.id.as_bytes())
            .chain_update(job.epoch.0.to_be_bytes())
            .chain_update(job.round.0.to_be_bytes())
            .chain_update(job.kind.as_str())
            .chain_update(gate)
            .finalize();
        StdRng::from_seed(digest.into())
    }

    /// Waits as long as the work would take; false when it was asked to stop before.
    async fn wait(&self, context: &mut RunContext) -> bool {
        let done = sleep(self.duration);
        tokio::pin!(done);
        let sign = sleep_until(context.next_sign());
        tokio::pin!(sign);
        loop {
            tokio::select! {
                biased;
                () = context.stopped() => return false,
                () = &mut done => return true,
                () = &mut sign => {
                    (context.alive)(Sign::Running);
                    sign.as_mut().reset(context.next_sign());
                }
            }
        }
    }
}

/// A small plan: a little more than the least that the tier takes, one domain after the other, some tasks side by side.
fn plan(job: &Job, dice: &mut StdRng) -> Result<serde_json::Value, Failure> {
    let missing = || Failure::permanent("simulated: there is nobody to plan for");
    let asked = job.plan.as_ref().ok_or_else(missing)?;
    let staffed: Vec<&Team> = asked.domains.iter().filter(|team| !team.members.is_empty()).collect();
    let spare = asked.most_tasks.saturating_sub(asked.least_tasks).min(MORE_TASKS);
    let count = asked.least_tasks.saturating_add(dice.random_range(0..=spare));
    let mut tasks = Vec::with_capacity(count);
    for number in 1..=count {
        let team = staffed.get((number - 1) % staffed.len().max(1)).ok_or_else(missing)?;
        // Half of the tasks wait for the one before.
        let needs: Vec<String> =
            (number > 1 && dice.random::<bool>()).then(|| format!("part-{}", number - 1)).into_iter().collect();
        tasks.push(serde_json::json!({
            "key": format!("part-{number}"),
            "title": format!("simulated: part {number} of {count}"),
            "domain": team.domain,
            "needs": needs,
            "description": "simulated: nobody thought about this plan",
            "effort": dice.random_range(1..=8_u32),
            "criteria": ["simulated: it is done"],
        }));
    }
    Ok(serde_json::json!({ "tasks": tasks }))
}

/// Tasks that a made-up plan has more than the least, at most.
const MORE_TASKS: usize = 2;

impl Worker for SimulatedWorker {
    fn run<'a>(&'a self, job: &'a Job, mut context: RunContext) -> RunFuture<'a> {
        Box::pin(async move {
            let outcome = if self.wait(&mut context).await { self.outcome(job) } else { Err(Failure::Stopped) };
            Report { outcome, simulated: true, log: Log::default() }
        })
    }

    fn label(&self) -> &str {
        self.id.as_str()
    }

    fn describe(&self) -> String {
        format!("simulated, {} a job", span(self.duration))
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
