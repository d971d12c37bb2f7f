//! The clocks. This is the only module that reads the system's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::{Millis, OrgTime, Stamp, WallTime};

/// Tells what time it is, on both clocks.
pub trait Clock: Send + Sync {
    /// Now. Never earlier than what was told before.
    fn now(&self) -> Stamp;
}

/// The system's clock. Organisation time runs with wall time.
///
/// A system clock that is set back stands still here until it has caught up, so nothing is ever recorded before what
/// caused it.
#[derive(Debug, Default)]
pub struct SystemClock {
    told: AtomicI64,
}

impl SystemClock {
    /// A clock that never tells a time before `earliest`: the last time in the journal.
    #[must_use]
    pub fn starting_after(earliest: WallTime) -> Self {
        Self { told: AtomicI64::new(earliest.as_millis()) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let read = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        let now = self.told.fetch_max(read, Ordering::Relaxed).max(read);
        Stamp { org: OrgTime::from_millis(now), wall: WallTime::from_millis(now) }
    }
}

/// A clock that is set by hand, for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `start` on both clocks.
    #[must_use]
    pub fn at(start: WallTime) -> Self {
        Self { now: AtomicI64::new(start.as_millis()) }
    }

    /// Moves both clocks on.
    pub fn advance(&self, span: Millis) {
        self.now.fetch_add(span.0.max(0), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        let now = self.now.load(Ordering::Relaxed);
        Stamp { org: OrgTime::from_millis(now), wall: WallTime::from_millis(now) }
    }
}
