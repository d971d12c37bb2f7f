//! What is at the top, and what is left when a branch is given up.

use std::sync::Arc;

use echelon::actors::office::NoProbe;
use echelon::domain::role::Role;

use super::charts;
use super::house::{House, until};
use super::probes::{Bomb, Kind, Point};

/// Six failures, with waits of two thirds of a second between them.
async fn degraded(house: &House, role: &Role) {
    until("the branch is given up", || house.app.office().degraded().contains_key(role)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_department_whose_manager_panics_without_end_is_shown_as_degraded_and_the_others_go_on() {
    let bomb = Bomb::at(Point::before(Kind::Manager, "triage"), usize::MAX).only("doomed:engineering-manager");
    let house = House::open(charts::twins, Arc::new(bomb)).await;
    let waits = house.submit(Some("doomed")).await;
    let goes_on = house.submit(Some("healthy")).await;
    house.follow(goes_on, |_, _| {}).await.happened_once();

    let manager = Role::EngineeringManager("doomed".parse().expect("a department's name"));
    degraded(&house, &manager).await;
    let named = house.app.office().degraded();
    assert_eq!(named.keys().collect::<Vec<_>>(), [&manager]);
    assert!(named[&manager].contains("planted"), "the reason is told: {named:?}");

    // The rest of the organisation takes on new work, and what waits is still there.
    let later = house.submit(Some("healthy")).await;
    house.follow(later, |_, _| {}).await.happened_once();
    house.is_alive().await;

    // Starting the daemon again is what its message asks for.
    let house = house.reopen(Arc::new(NoProbe)).await;
    house.follow(waits, |_, _| {}).await.happened_once();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_that_panics_without_end_is_shown_as_degraded_and_can_be_stopped() {
    let bomb = Bomb::at(Point::before(Kind::Organisation, "release"), usize::MAX);
    let house = House::open(charts::twins, Arc::new(bomb)).await;
    let waits = house.submit(Some("healthy")).await;
    degraded(&house, &Role::Organisation).await;
    house.is_alive().await;
    let house = house.reopen(Arc::new(NoProbe)).await;
    house.follow(waits, |_, _| {}).await.happened_once();
    house.close().await;
}
