//! The office: what every actor of one organisation shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::id::WorkerId;
use crate::domain::org::Chart;
use crate::domain::role::Role;
use crate::ids::IdSource;
use crate::ledger::LedgerHandle;
use crate::worker::{self, Worker};

/// What every actor of one organisation shares.
pub struct Office {
    /// The way to the ledger.
    pub ledger: LedgerHandle,
    /// New ids.
    pub ids: IdSource,
    /// The chart the tree was built from.
    pub chart: Arc<Chart>,
    /// The workers of the chart.
    pub workers: BTreeMap<WorkerId, Arc<dyn Worker>>,
    /// Where workspaces are.
    pub data_dir: PathBuf,
    /// What processes of this data directory carry in their environment.
    pub marker: String,
    /// Watches what actors do; for tests that make them fail.
    pub probe: Arc<dyn Probe>,
    draining: watch::Sender<bool>,
    running: watch::Sender<usize>,
    degraded: Mutex<BTreeMap<Role, String>>,
}

impl Office {
    /// An office for the given chart.
    #[must_use]
    pub fn new(
        ledger: LedgerHandle,
        ids: IdSource,
        chart: Arc<Chart>,
        data_dir: PathBuf,
        marker: String,
        probe: Arc<dyn Probe>,
    ) -> Self {
        let folder = PathBuf::from(&chart.folder);
        let workers =
            chart.workers.values().map(|spec| (spec.id.clone(), worker::build(spec, &folder, &marker))).collect();
        Self {
            ledger,
            ids,
            chart,
            workers,
            data_dir,
            marker,
            probe,
            draining: watch::Sender::new(false),
            running: watch::Sender::new(0),
            degraded: Mutex::new(BTreeMap::new()),
        }
    }

    /// Nothing new is started from now on; what runs may end.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Whether nothing new is to be started.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Completes once nothing new is to be started.
    pub async fn draining(&self) {
        // The sender lives in this office, so the wait ends by the value alone.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// How many runs are at work; changes can be waited for.
    #[must_use]
    pub fn running(&self) -> watch::Receiver<usize> {
        self.running.subscribe()
    }

    /// Counts a run for as long as the guard lives.
    #[must_use]
    pub fn count_run(self: &Arc<Self>) -> RunCount {
        self.running.send_modify(|count| *count += 1);
        RunCount(Arc::clone(self))
    }

    /// Records that nobody stands for this role any more.
    pub fn mark_degraded(&self, role: Role, reason: String) {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).insert(role, reason);
    }

    /// The roles that nobody stands for any more, and why.
    #[must_use]
    pub fn degraded(&self) -> BTreeMap<Role, String> {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts a run while it lives.
pub struct RunCount(Arc<Office>);

impl Drop for RunCount {
    fn drop(&mut self) {
        self.0.running.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A moment in the life of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Decided on, not yet asked of the ledger or begun.
    Before,
    /// Durable, or ended, and not yet followed up.
    After,
}

/// Watches what actors do. What it does in `observe` happens inside of the actor: a panic there is the actor's.
pub trait Probe: Send + Sync {
    /// `role` is before or after doing `what`: the name of a command, `run an attempt` or `run a review`.
    fn observe(&self, role: &Role, phase: Phase, what: &str);
}

/// Watches nothing.
pub struct NoProbe;

impl Probe for NoProbe {
    fn observe(&self, _: &Role, _: Phase, _: &str) {}
}
