//! Panics again and again: a fault that does not pass goes up the line, one level at a time.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use echelon::actors::supervision::MAX_RESTARTS;
use echelon::domain::event::TaskEvent;
use echelon::domain::task::{Failure, FailureClass};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::charts;
use super::house::{House, until};
use super::probes::{Bomb, Kind, Point};

/// Has the IC beside `steady` panic so many times, and says whether that ended the attempt of `steady`.
async fn steady_is_disturbed_by(panics: usize) -> bool {
    let bomb = Arc::new(Bomb::at(Point::before(Kind::Ic, "start an attempt"), panics).only("main/shop/shaky"));
    let house = House::open(charts::duo, bomb.clone()).await;
    let go = house.folder.path().join("go");
    let id = house.submit(None).await;
    let (mut shaky_began, mut disturbed) = (false, false);
    let history = house
        .follow(id, |key, event| {
            let lost = |failure: &Failure| failure.class == FailureClass::Lost { restarted: true };
            match event {
                TaskEvent::AttemptStarted { .. } if key.as_str() == "shaking" => shaky_began = true,
                TaskEvent::AttemptFailed { failure, .. } if key.as_str() == "standing" && lost(failure) => {
                    disturbed = true;
                }
                _others => {}
            }
            // Steady waits until everything there is to see has been seen.
            if shaky_began {
                fs::write(&go, "").expect("the folder is ours");
            }
        })
        .await;
    history.happened_once();
    house.close().await;
    assert_eq!(bomb.fired(), panics);
    disturbed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ic_who_fails_too_often_takes_the_lead_along_and_the_work_ends_once_it_stops() {
    let (within, over) = tokio::join!(steady_is_disturbed_by(MAX_RESTARTS), steady_is_disturbed_by(MAX_RESTARTS + 3));
    assert!(!within, "restarts of one IC are nobody else's business");
    assert!(over, "the lead was not started again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_ends_once_repeated_panics_stop() {
    // The manager and the organisation have nobody above them who would start over.
    let table = [
        (Kind::Ic, "run an attempt", 2 * MAX_RESTARTS),
        (Kind::Ic, "hand in", 2 * MAX_RESTARTS),
        (Kind::Ic, "run a review", 2 * MAX_RESTARTS),
        (Kind::Lead, "assign", 2 * MAX_RESTARTS),
        (Kind::Lead, "run a review", 2 * MAX_RESTARTS),
        (Kind::TechLead, "plan", 2 * MAX_RESTARTS),
        (Kind::TechLead, "decide about a cancelled task", 2 * MAX_RESTARTS),
        (Kind::Manager, "triage", MAX_RESTARTS),
        (Kind::Organisation, "release", MAX_RESTARTS),
    ];
    let mut organisations = JoinSet::new();
    for (kind, what, times) in table {
        organisations.spawn(async move {
            let bomb = Arc::new(Bomb::at(Point::before(kind, what), times));
            let lived = tokio::spawn(async move {
                let house = House::open(charts::lab, bomb.clone()).await;
                let id = house.submit(None).await;
                house.follow(id, |_, _| {}).await.happened_once();
                house.programs_ran_once();
                house.close().await;
                assert_eq!(bomb.fired(), times);
            });
            lived.await.err().map(|_| (kind, what))
        });
    }
    let failed: Vec<(Kind, &str)> = organisations.join_all().await.into_iter().flatten().collect();
    assert_eq!(failed, [], "work was lost or doubled by repeated panics at these points");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_panics_without_end_is_started_again_with_growing_pauses() {
    let bomb = Arc::new(Bomb::at(Point::before(Kind::Ic, "run an attempt"), usize::MAX).only("healthy/shop/ada"));
    let house = House::open(charts::twins, bomb.clone()).await;
    let begun = Instant::now();
    house.submit(Some("healthy")).await;
    until("it was tried six times", || bomb.fired() > MAX_RESTARTS).await;
    // 20, 40, 80, 160 and 320 ms lie between the first six.
    assert!(begun.elapsed() >= Duration::from_millis(620), "{:?}", begun.elapsed());
    house.is_alive().await;
    house.close().await;
}
