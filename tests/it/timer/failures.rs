//! A timer that panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use echelon::actors::office::{Phase, Probe};
use echelon::actors::root;
use echelon::clock::Clock;
use echelon::domain::role::Role;
use echelon::domain::time::Millis;
use echelon::store::MemoryStore;

use super::house::{Base, START, reporting};
use crate::supervision::keep_quiet_about_planted_panics;

/// Makes the timer panic at what it does, so many times.
struct Bomb {
    phase: Phase,
    times: usize,
    passes: AtomicUsize,
}

impl Bomb {
    fn new(phase: Phase, times: usize) -> Arc<Self> {
        keep_quiet_about_planted_panics();
        Arc::new(Self { phase, times, passes: AtomicUsize::new(0) })
    }
}

impl Probe for Bomb {
    fn observe(&self, _: &Role, phase: Phase, what: &str) {
        if phase == self.phase && what == "fire clocks" && self.passes.fetch_add(1, Ordering::SeqCst) < self.times {
            panic!("planted: the timer fails");
        }
    }
}

#[tokio::test]
async fn a_timer_that_panics_is_started_again_and_nothing_fires_twice_or_never() {
    for phase in [Phase::Before, Phase::After] {
        let bomb = Bomb::new(phase, 2);
        let base = Base::open(MemoryStore::new(), reporting(), START, bomb.clone()).await;
        let begun = base.clock.now().org;
        let (tree, ends) = root::spawn(root::Args { office: Arc::clone(&base.office) }).await.expect("it starts");
        for hour in 1..=4 {
            base.clock.advance(Millis::from_hours(1));
            base.until("everybody reports", |base| base.standups().len() >= hour).await;
        }
        let hours: Vec<_> = (1..=4).map(|hour| begun.plus(Millis::from_hours(hour))).collect();
        assert_eq!(base.standups(), hours, "{phase:?}");
        base.until("the panics are over", |_| bomb.passes.load(Ordering::SeqCst) >= 2).await;
        assert!(base.office.degraded().is_empty());
        tree.stop(None);
        ends.await.expect("the tree ends");
        base.close().await;
    }
}

#[tokio::test]
async fn a_timer_that_panics_without_end_is_given_up_visibly_and_the_ledger_goes_on() {
    let base = Base::open(MemoryStore::new(), reporting(), START, Bomb::new(Phase::Before, usize::MAX)).await;
    let (tree, ends) = root::spawn(root::Args { office: Arc::clone(&base.office) }).await.expect("it starts");
    base.clock.advance(Millis::from_hours(1));
    base.until("the timer is given up", |base| base.office.degraded().contains_key(&Role::Organisation)).await;
    let reason = base.office.degraded().remove(&Role::Organisation).unwrap_or_default();
    assert!(reason.contains("timer") && reason.contains("planted"), "{reason}");
    base.submit().await;
    assert_eq!(base.standups(), []);
    tree.stop(None);
    ends.await.expect("the tree ends");
    base.close().await;
}
