//! The system's clock, read so that nobody who sets it does harm.
//!
//! What it tells never goes back. It tells wall time as the system does, but where the system's clock was set back, it creeps
//! on at half the pace until that has caught up: whoever waits for a wall time waits longer than they should, and not for as
//! long as the clock was set back by. This is the only module that reads the system's clock.

use std::future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, Sleep, Until};
use crate::domain::time::{Anchor, Millis, OrgTime, Stamp, WallTime};

/// The longest sleep in one piece. A wall clock that is set ahead while somebody sleeps is noticed this much later at
/// most; one look more every half a minute costs nothing.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What passes while the told wall time creeps on by one, as long as it is ahead of the system's. Two: an hour that was set
/// back is caught up after two, and whoever waits for a minute waits for two at most.
const CREEP: i64 = 2;

/// Reads a wall clock.
pub type ReadWall = fn() -> WallTime;

/// The system's clock. Organisation time begins where its anchor says and runs on by what really passes, a suspended
/// machine's time included: a wall clock that is set to another time moves no deadline.
#[derive(Debug)]
pub struct SystemClock {
    speed: u32,
    /// Organisation time when this clock began.
    began: OrgTime,
    /// What the machine had been up for then.
    booted: Duration,
    told: Mutex<Told>,
    started: Instant,
    read: ReadWall,
}

/// The wall time that was told last, and the uptime it counts from.
#[derive(Clone, Copy, Debug)]
struct Told {
    wall: WallTime,
    since: Millis,
}

impl SystemClock {
    /// A clock that never tells a time before `last`, the last time in the journal, and gives organisation time by `anchor`.
    #[must_use]
    pub fn starting_after(last: Stamp, anchor: Anchor) -> Self {
        Self::reading(read, last, anchor)
    }

    /// The same by another wall clock than the system's: one that can be set without setting everybody else's.
    #[must_use]
    pub fn reading(read: ReadWall, last: Stamp, anchor: Anchor) -> Self {
        let wall = read().max(last.wall);
        Self {
            speed: anchor.speed.max(1),
            began: anchor.org_at(wall).max(last.org),
            booted: since_boot(),
            told: Mutex::new(Told { wall, since: Millis(0) }),
            started: Instant::now(),
            read,
        }
    }

    fn org(&self) -> OrgTime {
        let passed = since_boot().saturating_sub(self.booted).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.began.plus(Millis(passed.saturating_mul(i64::from(self.speed))))
    }

    fn wall(&self) -> WallTime {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, uptime) = ((self.read)(), self.uptime());
        let crept = uptime.0.saturating_sub(told.since.0) / CREEP;
        let at_least = told.wall.plus(Millis(crept));
        *told = if read >= at_least {
            Told { wall: read, since: uptime }
        } else {
            // What is left of the division counts for the next time.
            Told { wall: at_least, since: Millis(told.since.0.saturating_add(crept * CREEP)) }
        };
        told.wall
    }
}

/// How long the machine has been up, the time for which it was suspended included.
fn since_boot() -> Duration {
    let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let whole = Duration::from_secs(u64::try_from(read.tv_sec).unwrap_or_default());
    whole.saturating_add(Duration::from_nanos(u64::try_from(read.tv_nsec).unwrap_or_default()))
}

impl Default for SystemClock {
    /// Organisation time runs with wall time, and nothing has been recorded before.
    fn default() -> Self {
        Self::starting_after(Stamp::default(), Anchor::WITH_WALL)
    }
}

/// What the system's clock says.
fn read() -> WallTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        Stamp { wall: self.wall(), org: self.org() }
    }

    fn uptime(&self) -> Millis {
        Millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn speed(&self) -> u32 {
        self.speed
    }

    fn sleep_until(&self, until: Until) -> Sleep {
        let now = self.now();
        let org = until.org.map(|org| {
            let ahead = org.since(now.org).0.max(0);
            let speed = i64::from(self.speed);
            // Rounded up: never early.
            Millis(ahead.saturating_add(speed - 1) / speed)
        });
        // At the least a moment: what is told may creep.
        let wall = until.wall.map(|wall| wall.since(now.wall));
        let uptime = until.uptime.map(|uptime| Millis(uptime.0.saturating_sub(self.uptime().0)));
        match [org, wall, uptime].into_iter().flatten().min() {
            Some(distance) => Box::pin(tokio::time::sleep(distance.to_duration().min(LONGEST_SLEEP))),
            None => Box::pin(future::pending()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_tells_a_time_before_the_last_that_was_recorded() {
        let tomorrow = SystemClock::default().now().wall.plus(Millis::from_hours(24));
        let last = Stamp { org: OrgTime::from_millis(tomorrow.as_millis()), wall: tomorrow };
        assert_eq!(SystemClock::starting_after(last, Anchor::WITH_WALL).now(), last);
        let later = Stamp { org: last.org.plus(Millis(1)), wall: tomorrow };
        assert_eq!(SystemClock::starting_after(later, Anchor::WITH_WALL).now(), later);
    }

    #[test]
    fn a_clock_that_was_set_back_creeps_on_and_one_that_was_set_ahead_is_followed() {
        use std::sync::atomic::{AtomicI64, Ordering};
        const START: i64 = 1_780_000_000_000;
        static SYSTEM: AtomicI64 = AtomicI64::new(START);
        fn system() -> WallTime {
            WallTime::from_millis(SYSTEM.load(Ordering::Relaxed))
        }
        let clock = SystemClock::reading(system, Stamp::default(), Anchor::WITH_WALL);
        let told = || clock.now().wall.as_millis();
        let first = told();
        assert!((START..START + 1_000).contains(&first), "{first}");
        SYSTEM.fetch_sub(3_600_000, Ordering::Relaxed);
        let (set_back, uptime) = (told(), clock.uptime().0);
        std::thread::sleep(Duration::from_millis(40));
        let passed = clock.uptime().0 - uptime;
        let crept = told() - set_back;
        assert!(
            crept >= passed / CREEP - 1 && crept <= (clock.uptime().0 - uptime) / CREEP + 1,
            "{crept} of {passed} ms"
        );
        // Often asked, it creeps no less.
        let (before, uptime) = (told(), clock.uptime().0);
        while clock.uptime().0 < uptime + 20 {
            told();
        }
        assert!(told() - before >= 9);
        SYSTEM.fetch_add(7_200_000, Ordering::Relaxed);
        assert_eq!(told(), START + 3_600_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_on_the_system_clock_is_no_longer_than_the_wait_and_than_half_a_minute() {
        let now = SystemClock::default().now();
        let anchor = Anchor { wall: now.wall, org: now.org, speed: 3_600 };
        let clock = SystemClock::starting_after(now, anchor);
        let far = Some(now.wall.plus(Millis::from_hours(1)));
        // An organisation hour is a second.
        let hour = Some(now.org.plus(Millis::from_hours(1)));
        for (until, at_most) in [
            (Until { wall: far, ..Until::default() }, LONGEST_SLEEP),
            (Until { wall: far, org: hour, uptime: None }, Duration::from_secs(1)),
            (Until { uptime: Some(Millis(200)), wall: far, org: None }, Duration::from_millis(200)),
        ] {
            let begun = tokio::time::Instant::now();
            clock.sleep_until(until).await;
            assert!(begun.elapsed() <= at_most + Duration::from_millis(1), "{until:?}: {:?}", begun.elapsed());
        }
    }
}
