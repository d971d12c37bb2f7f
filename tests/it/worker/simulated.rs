//! Workers that only pretend.

use echelon::domain::id::Epoch;
use echelon::domain::org::{Worker as Spec, WorkerKind};
use echelon::domain::review::Gate;
use echelon::domain::time::Millis;
use echelon::worker::job::Job;
use echelon::worker::{RunContext, Worker, build};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;

use super::{Bench, told};

fn simulated(failure_rate: f64, rework_rate: f64, seed: u64) -> Arc<dyn Worker> {
    let kind = WorkerKind::Simulated { duration: Millis::from_hours(1), failure_rate, rework_rate, seed };
    build(&Spec { id: "pretend".parse().expect("a name"), kind, reviews: true }, Path::new("/chart"), "marker")
        .expect("it runs by itself")
}

#[tokio::test(start_paused = true)]
async fn a_simulated_worker_says_the_same_for_the_same_seed_and_takes_its_time() {
    let bench = Bench::new();
    let signs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&signs);
    let alive = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let context =
        RunContext { alive, alive_every: Arc::new(|| Duration::from_secs(20 * 60)), ..RunContext::detached() };
    let began = tokio::time::Instant::now();
    let worker = simulated(0.0, 0.0, 1);
    let report = worker.run(&bench.job(), context).await;
    assert_eq!(began.elapsed(), Duration::from_secs(3600));
    assert_eq!(signs.load(Ordering::Relaxed), 2);
    assert!(report.simulated && worker.is_simulated());
    assert_eq!(told(&report), r#"done: simulated: a report ["report.md"]"#);
    assert_eq!((worker.label(), worker.describe().as_str()), ("pretend", "simulated, 1h a job"));
    assert!(!bench.job().workspace.exists(), "it touches no file");

    let mut said = Vec::new();
    for seed in [7, 7, 8] {
        let mut reports = Vec::new();
        for epoch in 1..=40 {
            let (work, review) =
                (Job { epoch: Epoch(epoch), ..bench.job() }, Job { epoch: Epoch(epoch), ..bench.review() });
            for job in [work, Job { gate: Some(Gate::Qa), ..review.clone() }, review] {
                reports.push(told(&simulated(0.3, 0.4, seed).run(&job, RunContext::detached()).await));
            }
        }
        said.push(reports);
    }
    assert_eq!(said[0], said[1]);
    assert_ne!(said[0], said[2]);
    let kinds: BTreeSet<&str> = said[0].iter().filter_map(|text| text.split(':').next()).collect();
    assert_eq!(kinds, BTreeSet::from(["approve", "changes", "done", "transient"]));

    assert_eq!(
        told(&simulated(1.0, 0.0, 1).run(&bench.job(), RunContext::detached()).await),
        "transient: simulated: a passing failure"
    );
    let changes = simulated(0.0, 1.0, 1).run(&bench.review(), RunContext::detached()).await;
    assert!(told(&changes).starts_with("changes: "), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_simulated_worker_stops_when_asked() {
    let bench = Bench::new();
    let (ask, stop) = watch::channel(false);
    let was_asked = AtomicBool::new(false);
    let (worker, job) = (simulated(0.0, 0.0, 1), bench.job());
    let run = worker.run(&job, RunContext { stop, ..RunContext::detached() });
    let asking = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        was_asked.store(ask.send(true).is_ok(), Ordering::Relaxed);
    };
    let (report, ()) = tokio::join!(run, asking);
    assert_eq!(told(&report), "stopped");
    assert!(was_asked.into_inner());
}
