//! What a check finds, and what it looks at.

use crate::domain::command::Command;
use crate::domain::event::Entry;
use crate::domain::org::Chart;

use super::course::Course;

/// An invariant that does not hold, and what was seen.
pub(super) type Fault = (&'static str, String);

/// Everything about an event but the task it is about.
pub(super) struct Scene<'a> {
    /// The command that it came from.
    pub(super) command: &'a Command,
    /// The event.
    pub(super) entry: &'a Entry,
    /// The chart of that time.
    pub(super) chart: &'a Chart,
    /// The instruction of the task.
    pub(super) course: &'a Course,
}

/// Finds fault unless something holds.
pub(super) fn expect(holds: bool, invariant: &'static str, detail: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err((invariant, detail())) }
}
