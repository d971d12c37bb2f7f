//! Probes: one that writes down what actors do, and one that makes them panic at it.

use std::collections::BTreeSet;
use std::fmt;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use echelon::actors::desk::LOOK;
use echelon::actors::office::{Phase, Probe};
use echelon::domain::role::Role;

/// What a planted panic says; the hook keeps quiet about those that begin like this.
const PLANTED: &str = "planted: ";

/// A kind of place in the organisation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Organisation,
    Manager,
    TechLead,
    Lead,
    Ic,
}

impl Kind {
    fn of(role: &Role) -> Self {
        match role {
            Role::Organisation => Self::Organisation,
            Role::EngineeringManager(_) => Self::Manager,
            Role::TechLead(_) => Self::TechLead,
            Role::DomainLead(_) => Self::Lead,
            Role::Ic(_) => Self::Ic,
            Role::Person(_) | Role::Operator => panic!("{role} is no actor"),
        }
    }
}

/// A point in the life of an actor at which it can be made to panic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Point {
    pub(super) kind: Kind,
    pub(super) after: bool,
    pub(super) what: String,
}

impl Point {
    pub(super) fn before(kind: Kind, what: &str) -> Self {
        Self { kind, after: false, what: what.to_owned() }
    }

    fn of(role: &Role, phase: Phase, what: &str) -> Self {
        Self { kind: Kind::of(role), after: phase == Phase::After, what: what.to_owned() }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = if self.after { "after" } else { "before" };
        write!(f, "{:?} {phase} `{}`", self.kind, self.what)
    }
}

/// Writes down every point that is passed.
#[derive(Default)]
pub(super) struct Recorder {
    passed: Mutex<BTreeSet<Point>>,
}

impl Recorder {
    pub(super) fn passed(&self) -> BTreeSet<Point> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Probe for Recorder {
    fn observe(&self, role: &Role, phase: Phase, what: &str) {
        // To look at what is owed is no duty of its own.
        if what != LOOK {
            self.passed.lock().unwrap_or_else(PoisonError::into_inner).insert(Point::of(role, phase, what));
        }
    }
}

/// Makes whoever passes a point panic, so many times.
pub(super) struct Bomb {
    point: Point,
    /// Only this place, shown as the organisation shows it; any of the kind without it.
    only: Option<&'static str>,
    /// Passes that are let through before the first panic.
    spared: usize,
    times: usize,
    passes: AtomicUsize,
}

impl Bomb {
    pub(super) fn at(point: Point, times: usize) -> Self {
        keep_quiet_about_planted_panics();
        Self { point, only: None, spared: 0, times, passes: AtomicUsize::new(0) }
    }

    pub(super) fn only(self, role: &'static str) -> Self {
        Self { only: Some(role), ..self }
    }

    pub(super) fn sparing(self, spared: usize) -> Self {
        Self { spared, ..self }
    }

    /// How often it went off.
    pub(super) fn fired(&self) -> usize {
        self.passes.load(Ordering::SeqCst).saturating_sub(self.spared).min(self.times)
    }
}

impl Probe for Bomb {
    fn observe(&self, role: &Role, phase: Phase, what: &str) {
        if Point::of(role, phase, what) != self.point || self.only.is_some_and(|only| role.to_string() != only) {
            return;
        }
        let pass = self.passes.fetch_add(1, Ordering::SeqCst);
        if (self.spared..self.spared.saturating_add(self.times)).contains(&pass) {
            panic!("{PLANTED}{}", self.point);
        }
    }
}

/// Panics that are part of a test are no news; all others are reported as ever.
pub(crate) fn keep_quiet_about_planted_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.starts_with(PLANTED)) {
                usual(info);
            }
        }));
    });
}
