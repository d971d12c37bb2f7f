//! Attempts of which nothing is heard.

use echelon::clock::Clock;
use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::id::{Epoch, TaskId};
use echelon::domain::role::{Principal, Role};
use echelon::domain::task::{Failure, FailureClass};
use echelon::domain::time::{Millis, WallTime};
use echelon::store::MemoryStore;

use super::house::{A_MOMENT, Base, House, START, chart};

/// As in the chart of this house.
const LEASE: Millis = Millis::from_secs(60);

/// Has an attempt at work, of which nobody hears.
async fn attempt(base: &Base) -> (TaskId, Role) {
    base.submit().await;
    base.work(|_| true).await;
    base.ledger().read(running).await.expect("the ledger runs").expect("an attempt is at work")
}

fn running(state: &echelon::domain::state::State) -> Option<(TaskId, Role)> {
    let task = state.tasks.values().find(|task| task.running_epoch().is_some())?;
    Some((task.id, task.state.assignee()?.role()))
}

/// When attempts were lost.
fn lost(base: &Base) -> Vec<WallTime> {
    let is_lost = |event: &TaskEvent| {
        let class = FailureClass::Lost { restarted: false };
        matches!(event, TaskEvent::AttemptFailed { failure: Failure { class: found, .. }, .. } if *found == class)
    };
    base.happened(is_lost).into_iter().map(|(at, _)| at.wall).collect()
}

/// Lets one lease pass, and the attempt is lost at its end: not a millisecond earlier, and while the clock stands still.
async fn is_lost_after_one_lease(base: &Base) {
    base.clock.advance(Millis(LEASE.0 - 1));
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(lost(base), [], "too early");
    base.clock.advance(Millis(1));
    base.until("the attempt is lost", |base| !lost(base).is_empty()).await;
}

/// Waits until the timer has seen that the wall clock jumped.
async fn is_excused(base: &Base) {
    let excused = |base: &Base| base.journal().iter().any(|entry| matches!(entry.event, Event::SilenceExcused));
    base.until("the silence is excused", excused).await;
}

async fn sign_of_life(base: &Base, task: TaskId, role: &Role) {
    let heartbeat = TaskAction::Heartbeat { epoch: Epoch(1), progress: None };
    base.ask(&Principal::role(role.clone()), Action::Task(task, heartbeat)).await;
}

#[tokio::test]
async fn an_attempt_of_which_nothing_is_heard_is_lost_and_somebody_else_gets_the_task() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    let base = &house.base;
    let (task, first) = attempt(base).await;
    // A sign of life puts it off.
    base.clock.advance(Millis::from_secs(30));
    sign_of_life(base, task, &first).await;
    is_lost_after_one_lease(base).await;
    assert_eq!(lost(base), [START.plus(Millis::from_secs(90))]);
    let reassigned = base.happened(|event| matches!(event, TaskEvent::Reassigned { .. }));
    assert_eq!(reassigned.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [task]);

    base.clock.advance(Millis::from_secs(10));
    base.work(|_| true).await;
    let (again, second) = base.ledger().read(running).await.expect("the ledger runs").expect("the next one is at work");
    assert_eq!(again, task);
    assert_ne!(second, first);
    house.close().await;
}

#[tokio::test]
async fn attempts_of_an_earlier_daemon_have_a_whole_lease_to_be_taken_up_again() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    attempt(&house.base).await;
    let store = house.close().await;
    let again = START.plus(Millis::from_hours(2));
    let house = House::open(store, chart(), again).await;
    is_lost_after_one_lease(&house.base).await;
    assert_eq!(lost(&house.base), [again.plus(LEASE)]);
    house.close().await;
}

#[tokio::test]
async fn a_jump_of_the_wall_clock_does_not_cost_live_attempts_their_lease() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    let base = &house.base;
    let (task, role) = attempt(base).await;
    // Beyond the time that every attempt has after a start.
    for _ in 0..3 {
        base.clock.advance(Millis::from_secs(30));
        sign_of_life(base, task, &role).await;
    }
    base.clock.jump(Millis::from_hours(3));
    is_excused(base).await;
    // The program goes on with the machine, and its next sign of life is in time.
    base.clock.advance(Millis::from_secs(20));
    sign_of_life(base, task, &role).await;
    let heard = base.clock.now().wall;
    is_lost_after_one_lease(base).await;
    assert_eq!(lost(base), [heard.plus(LEASE)]);
    house.close().await;
}

#[tokio::test]
async fn an_attempt_that_a_jump_of_the_wall_clock_leaves_silent_is_lost_one_lease_later() {
    let house = House::open(MemoryStore::new(), chart(), START).await;
    let base = &house.base;
    let (task, role) = attempt(base).await;
    for _ in 0..3 {
        base.clock.advance(Millis::from_secs(30));
        sign_of_life(base, task, &role).await;
    }
    base.clock.jump(Millis::from_hours(3));
    let jumped = base.clock.now().wall;
    is_excused(base).await;
    is_lost_after_one_lease(base).await;
    assert_eq!(lost(base), [jumped.plus(LEASE)]);
    house.close().await;
}
