//! Troubles: what had to be done more than once, and what went wrong.

use std::collections::BTreeMap;

use super::escalations::most_first;
use super::spans::share;
use crate::domain::event::TaskEvent;
use crate::domain::task::{Blocker, BlockerKind, FailureClass};
use crate::sim::report::Quality;

/// What went wrong so far.
#[derive(Default)]
pub(super) struct Troubles {
    counts: Quality,
    failures: BTreeMap<&'static str, u64>,
    blockers: BTreeMap<String, u64>,
}

impl Troubles {
    /// Something happened to a task. Says whether somebody has judged its work by that.
    pub(super) fn take(&mut self, event: &TaskEvent) -> bool {
        let counts = &mut self.counts;
        match event {
            TaskEvent::AttemptStarted { .. } => counts.attempts += 1,
            TaskEvent::AttemptFailed { failure, .. } => {
                *self.failures.entry(class(failure.class)).or_default() += 1;
            }
            TaskEvent::Blocked { blocker } => self.block(blocker),
            TaskEvent::Reassigned { .. } => counts.reassigned += 1,
            TaskEvent::Unassigned { .. } => counts.taken_back += 1,
            TaskEvent::QuestionAsked { .. } => counts.questions += 1,
            TaskEvent::PeerApproved { .. } | TaskEvent::GatePassed { .. } | TaskEvent::HandoffAccepted { .. } => {
                counts.reviews += 1;
                return true;
            }
            TaskEvent::ChangesRequested { .. } | TaskEvent::RoundsSpent { .. } => {
                counts.reviews += 1;
                counts.rework_rounds += 1;
                return true;
            }
            TaskEvent::HandoffRejected { .. } => {
                counts.reviews += 1;
                counts.handoffs_rejected += 1;
                return true;
            }
            _others => {}
        }
        false
    }

    fn block(&mut self, blocker: &Blocker) {
        let name = match &blocker.kind {
            BlockerKind::Reported(_) => "reported by whoever did the work",
            BlockerKind::Failed => "the work failed for good, or too often",
            BlockerKind::DependencyCancelled(_) => "a dependency was cancelled",
            BlockerKind::Question(_) => "a question waited for its answer",
            BlockerKind::NobodyQualified => "nobody was qualified",
            BlockerKind::TooManyRounds => "too many rounds of review",
        };
        match self.blockers.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(self.blockers.insert(name.to_owned(), 1)),
        }
    }

    /// What it came to.
    pub(super) fn figures(mut self) -> Quality {
        let failures = self.failures.into_iter().map(|(name, count)| (name.to_owned(), count));
        self.counts.failed_attempts = most_first(failures);
        self.counts.blockers = most_first(self.blockers);
        let back = self.counts.rework_rounds + self.counts.handoffs_rejected;
        self.counts.rework_share = share(back as f64, self.counts.reviews as f64);
        self.counts
    }
}

const fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Transient => "transient",
        FailureClass::Quota { .. } => "quota",
        FailureClass::Lost { restarted: false } => "lost",
        FailureClass::Lost { restarted: true } => "lost by a restart",
        FailureClass::Permanent => "permanent",
    }
}
