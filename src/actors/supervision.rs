//! Supervision: who is whose child, and what happens when one is gone.
//!
//! A child that fails is started again after a backoff. One that fails too often in a short time is not: its supervisor
//! fails in turn, and the matter goes one level up. At the root nothing is above, and the branch is shown as degraded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ractor::{ActorCell, ActorId, ActorProcessingErr, ActorRef, Message, SupervisionEvent};
use tokio::time::Instant;

/// Failures of one child within [`WITHIN`] that are answered by starting it again.
pub const MAX_RESTARTS: usize = 5;
/// The time in which failures of a child count together. A fault that shows this often will not go away by itself.
pub const WITHIN: Duration = Duration::from_secs(60);
/// Wait before the first restart; doubled with each further one in [`WITHIN`]. Long enough for what is passing to pass,
/// short enough that nobody notices one.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);

/// The children of one supervisor, by what they stand for.
pub struct Family<K> {
    members: BTreeMap<ActorId, (K, ActorCell)>,
    /// What they stand for: a domain may have very many ICs.
    present: BTreeSet<K>,
    failures: BTreeMap<K, VecDeque<Instant>>,
}

/// A child that is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Loss<K> {
    /// What it stood for.
    pub child: K,
    /// Why it is gone, in words.
    pub reason: String,
    /// What to do.
    pub verdict: Verdict,
}

/// What to do about a child that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Start it again after this long.
    Restart(Duration),
    /// It has failed too often: pass it on.
    GiveUp,
}

impl<K> Default for Family<K> {
    fn default() -> Self {
        Self { members: BTreeMap::new(), present: BTreeSet::new(), failures: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Family<K> {
    /// Takes a child in.
    pub fn add(&mut self, child: K, cell: &ActorCell) {
        self.present.insert(child.clone());
        self.members.insert(cell.get_id(), (child, cell.clone()));
    }

    /// Whether a child stands for this now.
    pub fn has(&self, child: &K) -> bool {
        self.present.contains(child)
    }

    /// Stops every child that is not wanted any more, with everything below it; that is no loss. Answers with those that
    /// are wanted and not there.
    pub fn keep(&mut self, wanted: Vec<K>) -> Vec<K> {
        let wanted: BTreeSet<K> = wanted.into_iter().collect();
        self.members.retain(|_, (child, cell)| {
            let stays = wanted.contains(child);
            if !stays {
                cell.stop(Some("it is not in the chart any more".to_owned()));
            }
            stays
        });
        self.present.retain(|child| wanted.contains(child));
        self.failures.retain(|child, _| wanted.contains(child));
        wanted.into_iter().filter(|child| !self.has(child)).collect()
    }

    /// What a supervision event means for the family; `None` for what needs nothing done.
    pub fn on_event(&mut self, event: SupervisionEvent) -> Option<Loss<K>> {
        let (cell, reason) = match event {
            SupervisionEvent::ActorFailed(cell, error) => (cell, error.to_string()),
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                (cell, reason.unwrap_or_else(|| "it ended by itself".to_owned()))
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => return None,
        };
        let (child, _) = self.members.remove(&cell.get_id())?;
        self.present.remove(&child);
        Some(self.lose(child, reason))
    }

    /// Counts a failure of a child, also one that did not come to life.
    pub fn lose(&mut self, child: K, reason: String) -> Loss<K> {
        let now = Instant::now();
        let failures = self.failures.entry(child.clone()).or_default();
        failures.push_back(now);
        while failures.front().is_some_and(|first| now.duration_since(*first) > WITHIN) {
            failures.pop_front();
        }
        let verdict = match failures.len() {
            count if count > MAX_RESTARTS => Verdict::GiveUp,
            count => Verdict::Restart(FIRST_BACKOFF * 2_u32.saturating_pow(u32::try_from(count).unwrap_or(0) - 1)),
        };
        Loss { child, reason, verdict }
    }
}

/// What a supervisor that has somebody above it does about a child that is gone: has `respawn` sent to it after the
/// backoff, or fails in turn. `who` names the child for the log.
///
/// # Errors
/// When the child has failed too often.
pub fn restart_or_fail<K, M: Message>(
    loss: Loss<K>,
    who: &str,
    myself: &ActorRef<M>,
    respawn: impl FnOnce(K) -> M,
) -> Result<(), ActorProcessingErr> {
    let Loss { child, reason, verdict } = loss;
    match verdict {
        Verdict::Restart(after) => {
            tracing::warn!("{who} failed and starts again in {after:?}: {reason}");
            let message = respawn(child);
            drop(myself.send_after(after, move || message));
            Ok(())
        }
        Verdict::GiveUp => Err(format!("{who} failed too often: {reason}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_child_is_started_again_with_growing_backoff_until_it_fails_too_often() {
        let mut family = Family::default();
        let mut verdicts = Vec::new();
        for _ in 0..=MAX_RESTARTS {
            verdicts.push(family.lose("child", String::new()).verdict);
        }
        let waits = [20, 40, 80, 160, 320].map(|millis| Verdict::Restart(Duration::from_millis(millis)));
        assert_eq!(verdicts[..MAX_RESTARTS], waits);
        assert_eq!(verdicts[MAX_RESTARTS], Verdict::GiveUp);
        assert_eq!(family.lose("other", String::new()).verdict, waits[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_that_lie_far_apart_do_not_add_up() {
        let mut family = Family::default();
        for _ in 0..=2 * MAX_RESTARTS {
            let verdict = family.lose("child", String::new()).verdict;
            assert_eq!(verdict, Verdict::Restart(FIRST_BACKOFF));
            tokio::time::advance(WITHIN + Duration::from_secs(1)).await;
        }
    }
}
