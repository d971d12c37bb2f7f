//! The clocks. `system.rs` is the only place that reads the system's.
//!
//! A clock tells three times: wall time and organisation time, which commands are stamped by, and its uptime, which nobody
//! can set. The third is there to notice that the first two jumped.

use std::future::{self, Future};
use std::pin::Pin;

use tokio::sync::watch;

use crate::domain::time::{Anchor, Millis, OrgTime, Stamp, WallTime};

mod system;

pub use self::system::{ReadWall, SystemClock};

/// A sleep; it borrows nothing.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is waited for: whichever comes first. Where nothing is named, nothing ever comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Until {
    /// A point of organisation time.
    pub org: Option<OrgTime>,
    /// A point of wall time.
    pub wall: Option<WallTime>,
    /// An [uptime](Clock::uptime) of the clock.
    pub uptime: Option<Millis>,
}

/// Tells what time it is.
pub trait Clock: Send + Sync {
    /// Now. Never earlier, on either clock, than what was told before.
    fn now(&self) -> Stamp;

    /// How long the clock has run, in milliseconds. Nobody can set it, and it does not count the time for which the machine
    /// is suspended.
    fn uptime(&self) -> Millis;

    /// Organisation time over wall time; at least 1.
    fn speed(&self) -> u32;

    /// Completes at one of the points in time, or earlier: whoever waits looks at the time again.
    fn sleep_until(&self, until: Until) -> Sleep;
}

/// What a clock that is set by hand stands at.
#[derive(Clone, Copy, Debug, Default)]
struct Hands {
    now: Stamp,
    uptime: Millis,
}

impl Hands {
    fn reached(&self, until: Until) -> bool {
        until.org.is_some_and(|org| org <= self.now.org)
            || until.wall.is_some_and(|wall| wall <= self.now.wall)
            || until.uptime.is_some_and(|uptime| uptime <= self.uptime)
    }
}

/// A clock that is set by hand, for tests and simulation. Sleeps end when it is moved past what they wait for, never
/// earlier.
#[derive(Debug, Default)]
pub struct ManualClock {
    anchor: Anchor,
    hands: watch::Sender<Hands>,
}

impl ManualClock {
    /// A clock that stands at `start` on both clocks; they run together.
    #[must_use]
    pub fn at(start: WallTime) -> Self {
        Self::with_anchor(start, Anchor::WITH_WALL)
    }

    /// A clock that stands at `start` of wall time, and gives organisation time by `anchor`.
    #[must_use]
    pub fn with_anchor(start: WallTime, anchor: Anchor) -> Self {
        let now = Stamp { org: anchor.org_at(start), wall: start };
        Self { anchor, hands: watch::Sender::new(Hands { now, uptime: Millis(0) }) }
    }

    /// Lets `span` of wall time pass, and as much organisation time as the anchor says.
    pub fn advance(&self, span: Millis) {
        self.move_on(span, span);
    }

    /// Sets the wall clock ahead by `span`, as a suspended machine or a time server does: without that time having passed.
    pub fn jump(&self, span: Millis) {
        self.move_on(span, Millis(0));
    }

    fn move_on(&self, wall: Millis, uptime: Millis) {
        self.hands.send_modify(|hands| {
            hands.now.wall = hands.now.wall.plus(Millis(wall.0.max(0)));
            hands.now.org = self.anchor.org_at(hands.now.wall).max(hands.now.org);
            hands.uptime = Millis(hands.uptime.0.saturating_add(uptime.0.max(0)));
        });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        self.hands.borrow().now
    }

    fn uptime(&self) -> Millis {
        self.hands.borrow().uptime
    }

    fn speed(&self) -> u32 {
        self.anchor.speed.max(1)
    }

    fn sleep_until(&self, until: Until) -> Sleep {
        let mut hands = self.hands.subscribe();
        Box::pin(async move {
            if hands.wait_for(|hands| hands.reached(until)).await.is_err() {
                // The clock is gone, so nobody moves it any more.
                future::pending::<()>().await;
            }
        })
    }
}

/// The clock of a simulation: it runs by the clock of the runtime, which passes over what nobody does anything in as soon
/// as it is paused. Organisation time is wall time.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    start: WallTime,
    began: tokio::time::Instant,
}

impl VirtualClock {
    /// A clock that stands at `start` now. Called on a runtime whose clock is paused.
    #[must_use]
    pub fn starting_at(start: WallTime) -> Self {
        Self { start, began: tokio::time::Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Stamp {
        let wall = self.start.plus(self.uptime());
        Stamp { org: Anchor::WITH_WALL.org_at(wall), wall }
    }

    fn uptime(&self) -> Millis {
        Millis(i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn speed(&self) -> u32 {
        1
    }

    fn sleep_until(&self, until: Until) -> Sleep {
        let now = self.now();
        let org = until.org.map(|org| org.since(now.org));
        let wall = until.wall.map(|wall| wall.since(now.wall));
        let uptime = until.uptime.map(|uptime| Millis(uptime.0.saturating_sub(self.uptime().0)));
        match [org, wall, uptime].into_iter().flatten().min() {
            Some(distance) => Box::pin(tokio::time::sleep(distance.to_duration())),
            None => Box::pin(future::pending()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisation_time_runs_at_the_speed_of_its_anchor() {
        let start = WallTime::from_millis(1_780_000_000_000);
        let anchor = Anchor { wall: start, org: OrgTime::from_millis(0), speed: 3_600 };
        let clock = ManualClock::with_anchor(start, anchor);
        clock.advance(Millis(1_500));
        let now = Stamp { org: OrgTime::from_millis(5_400_000), wall: start.plus(Millis(1_500)) };
        assert_eq!((clock.now(), clock.uptime(), clock.speed()), (now, Millis(1_500), 3_600));
        clock.jump(Millis(1_000));
        assert_eq!(clock.now().org, OrgTime::from_millis(9_000_000));
        assert_eq!(clock.uptime(), Millis(1_500));
    }

    #[tokio::test]
    async fn a_sleep_on_a_clock_set_by_hand_ends_with_the_first_point_that_is_reached() {
        let start = WallTime::from_millis(1_780_000_000_000);
        let clock = ManualClock::at(start);
        let wall = Some(start.plus(Millis(10)));
        let mut sleep = tokio::spawn(clock.sleep_until(Until { wall, uptime: Some(Millis(20)), org: None }));
        clock.advance(Millis(9));
        tokio::task::yield_now().await;
        assert!(!sleep.is_finished());
        clock.advance(Millis(1));
        assert!((&mut sleep).await.is_ok());
    }
}
