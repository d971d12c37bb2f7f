//! The office: what every actor of one organisation shares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::watch;

use crate::domain::command::Action;
use crate::domain::id::{Sequence, WorkerId};
use crate::domain::org::{self, Chart};
use crate::domain::presence::{Absence, AbsenceKind};
use crate::domain::role::{Principal, Role};
use crate::domain::work::{CheckResult, Deliverable};
use crate::ids::IdSource;
use crate::ledger::{LedgerHandle, Stopped};
use crate::worker::{self, Worker, deliverable};

/// How the worker that a chart describes comes to be; `None` for a person, whom no program runs.
pub type Recruit = Box<dyn Fn(&org::Worker, &Chart) -> Option<Arc<dyn Worker>> + Send + Sync>;

/// The chart that the tree stands for, and the workers made from it.
struct Staff {
    chart: Arc<Chart>,
    workers: BTreeMap<WorkerId, Arc<dyn Worker>>,
}

impl Staff {
    /// Workers that are as they were before stay the same.
    fn new(chart: Arc<Chart>, recruit: &Recruit, before: Option<&Self>) -> Self {
        let kept = |spec: &org::Worker| {
            let before = before.filter(|before| before.chart.folder == chart.folder)?;
            let same = before.chart.workers.get(&spec.id) == Some(spec);
            same.then(|| before.workers.get(&spec.id).map(Arc::clone))?
        };
        let workers = chart.workers.values().filter_map(|spec| {
            let worker = kept(spec).or_else(|| recruit(spec, &chart))?;
            Some((spec.id.clone(), worker))
        });
        let workers = workers.collect();
        Self { chart, workers }
    }
}

/// What every actor of one organisation shares.
pub struct Office {
    /// The way to the ledger.
    pub ledger: LedgerHandle,
    /// New ids.
    pub ids: IdSource,
    /// Where workspaces are.
    pub data_dir: PathBuf,
    /// What processes of this data directory carry in their environment.
    pub marker: String,
    /// Watches what actors do; for tests that make them fail.
    pub probe: Arc<dyn Probe>,
    /// With the last event of the look at it: an older look never takes the place of a newer one.
    staff: RwLock<(Sequence, Arc<Staff>)>,
    recruit: Recruit,
    draining: watch::Sender<bool>,
    running: watch::Sender<usize>,
    degraded: Mutex<BTreeMap<Role, String>>,
}

impl Office {
    /// An office for the given chart, with the workers that it describes.
    #[must_use]
    pub fn new(
        ledger: LedgerHandle,
        ids: IdSource,
        chart: Arc<Chart>,
        data_dir: PathBuf,
        marker: String,
        probe: Arc<dyn Probe>,
    ) -> Self {
        let of = marker.clone();
        let recruit: Recruit = Box::new(move |spec, chart| worker::build(spec, Path::new(&chart.folder), &of));
        Self::staffed_by(recruit, ledger, ids, chart, data_dir, marker, probe)
    }

    /// An office whose workers are found in another way than by what the chart says they are.
    #[must_use]
    pub fn staffed_by(
        recruit: Recruit,
        ledger: LedgerHandle,
        ids: IdSource,
        chart: Arc<Chart>,
        data_dir: PathBuf,
        marker: String,
        probe: Arc<dyn Probe>,
    ) -> Self {
        let staff = Staff::new(chart, &recruit, None);
        Self {
            ledger,
            ids,
            staff: RwLock::new((Sequence::default(), Arc::new(staff))),
            recruit,
            data_dir,
            marker,
            probe,
            draining: watch::Sender::new(false),
            running: watch::Sender::new(0),
            degraded: Mutex::new(BTreeMap::new()),
        }
    }

    fn staff(&self) -> Arc<Staff> {
        Arc::clone(&self.staff.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The chart that the tree stands for.
    #[must_use]
    pub fn chart(&self) -> Arc<Chart> {
        Arc::clone(&self.staff().chart)
    }

    /// The worker with this id, as the chart has it now.
    #[must_use]
    pub fn worker(&self, id: &WorkerId) -> Option<Arc<dyn Worker>> {
        self.staff().workers.get(id).map(Arc::clone)
    }

    /// Whether no worker starts a process.
    #[must_use]
    pub fn only_simulates(&self) -> bool {
        self.staff().workers.values().all(|worker| worker.is_simulated())
    }

    /// Looks at which chart the organisation runs by, and takes it over: what is started from now on is started by it.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn look_at_chart(&self) -> Result<Arc<Chart>, Stopped> {
        let (seen, chart) = self.ledger.read(|state| (state.sequence, Arc::clone(&state.chart))).await?;
        let mut held = self.staff.write().unwrap_or_else(PoisonError::into_inner);
        let (last, staff) = &mut *held;
        if seen > *last {
            *last = seen;
            if chart != staff.chart {
                *staff = Arc::new(Staff::new(chart, &self.recruit, Some(staff)));
            }
        }
        Ok(Arc::clone(&staff.chart))
    }

    /// What the machine finds when it checks the deliverables of a claim of done. Dropping the future ends the checks.
    pub async fn check(&self, workspace: &Path, deliverables: &[Deliverable]) -> Vec<CheckResult> {
        let limits = deliverable::Limits { ledger_marker: Some(self.marker.clone()), ..Default::default() };
        deliverable::check(workspace, deliverables, &limits).await
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

    /// Records that nobody stands for this role any more, nor for those below it, who went along: what they have goes to
    /// others, and nothing is sent to them until the next daemon.
    pub fn degrade(self: &Arc<Self>, role: Role, reason: String) {
        let gone = self.chart().places_from(&role);
        let absences = gone.into_iter().map(|place| {
            let reason = if place == role { reason.clone() } else { format!("{role} failed: {reason}") };
            Action::SetPresence { role: place, absence: Some(Absence { kind: AbsenceKind::Dead, reason }) }
        });
        let absences: Vec<Action> = absences.collect();
        self.note_degraded(role, &reason);
        let office = Arc::clone(self);
        // Whoever finds out goes on supervising, whether or not the ledger takes note.
        tokio::spawn(async move {
            let refused = match office.ledger.commit(&Principal::system(), absences).await {
                Ok(results) => results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect(),
                Err(stopped) => vec![stopped.to_string()],
            };
            for reason in refused {
                tracing::warn!("could not record who is not there any more: {reason}");
            }
        });
    }

    /// Forgets that nobody stands for places that the chart does not have any more.
    pub fn forget_departed(&self, chart: &Chart) {
        let stays = |role: &Role| match role {
            Role::EngineeringManager(department) => chart.departments.contains_key(department),
            // Nothing else below the organisation is given up by itself.
            _another => true,
        };
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).retain(|role, _| stays(role));
    }

    /// Records that nobody stands for this role any more, or that it lacks something it cannot do without. A further reason
    /// is added to those before.
    pub fn note_degraded(&self, role: Role, reason: &str) {
        let mut degraded = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        let reasons = degraded.entry(role).or_default();
        if !reasons.is_empty() {
            reasons.push_str("; ");
        }
        reasons.push_str(reason);
    }

    /// The roles that are degraded, and why.
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
