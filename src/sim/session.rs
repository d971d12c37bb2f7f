//! Sessions: what lives between two restarts, and the play that goes through them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use ractor::ActorRef;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::arrivals::Schedule;
use super::checks::Checks;
use super::dice::Dice;
use super::discard::DiscardStore;
use super::house::{Error, Options, Outcome};
use super::measure::Measure;
use super::people::{Manner, Pending, decide};
use super::witness::{ByLedger, Journal, Seen, Trouble, Watcher};
use super::worker::{Echo, MadeUp, Model};
use crate::actors::office::{Office, Recruit};
use crate::actors::root::{self, Args, Msg};
use crate::clock::{Clock, Until, VirtualClock};
use crate::domain::command::{Action, TaskAction};
use crate::domain::id::Sequence;
use crate::domain::instruction::Request;
use crate::domain::org::{Chart, ClockPolicy, WorkerKind};
use crate::domain::presence::{Absence, AbsenceKind};
use crate::domain::role::{Principal, Role};
use crate::domain::time::{Anchor, Millis};
use crate::domain::work::Submission;
use crate::ids::IdSource;
use crate::ledger::{Ledger, LedgerHandle, Stopped};
use crate::store::{MemoryStore, Store};
use crate::worker::Worker;

/// What is under way between two restarts.
struct Session {
    office: Arc<Office>,
    tree: ActorRef<Msg>,
    tree_ends: JoinHandle<()>,
    ledger: JoinHandle<Option<Ledger>>,
    people: JoinHandle<Result<(), Stopped>>,
}

/// What happens from outside, at a time after the beginning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// Somebody is back; before anybody leaves at the same time, since it may be the same one.
    Return(Role),
    /// Somebody leaves.
    Leave(Role),
    /// Everything is killed and begins again.
    Restart,
}

/// A scenario as it is played.
pub(super) struct Play<'a> {
    options: &'a Options,
    chart: Arc<Chart>,
    clock: Arc<VirtualClock>,
    ids: IdSource,
    store: Option<MemoryStore>,
    watcher: Arc<Watcher>,
    model: Arc<Model>,
    dice: Dice,
    echoes: mpsc::UnboundedReceiver<Echo>,
    arrivals: std::iter::Peekable<Schedule>,
    plan: BTreeSet<(Millis, What)>,
    people: Pending,
    session: Session,
}

impl<'a> Play<'a> {
    /// Sets everything up. Called on a runtime whose clock is paused.
    pub(super) async fn begin(options: &'a Options, every_group_from: Option<Sequence>) -> Result<Self, Error> {
        let scenario = &options.scenario;
        let dice = Dice::new(options.seed);
        let chart = Arc::new(with_made_up_workers(scenario.chart.clone(), scenario.faults.lease));
        let clock = Arc::new(VirtualClock::starting_at(scenario.start));
        let ids = IdSource::from_seed(Arc::clone(&clock) as Arc<dyn Clock>, options.seed);
        let seen = Seen {
            checks: Checks::new(every_group_from),
            measure: Measure::new(scenario, options.seed),
            journal: options.journal.as_deref().map(Journal::create).transpose()?,
            trouble: None,
        };
        let watcher = Watcher::new(seen, scenario.start, Arc::clone(&options.progress));
        // What is started again finds what it did before; nothing else has to be kept.
        let store = scenario.faults.restart_every.map(|_| MemoryStore::new());
        let (said, echoes) = mpsc::unbounded_channel();
        let model = Arc::new(Model::new(scenario, dice, said));
        let people = Pending::default();
        let parts = Parts {
            options,
            chart: &chart,
            clock: &clock,
            ids: &ids,
            watcher: &watcher,
            model: &model,
            people: &people,
            dice,
        };
        let session = Session::begin(&parts, store.as_ref()).await?;
        let arrivals = Schedule::new(scenario, dice).peekable();
        let plan = planned(options);
        Ok(Self { options, chart, clock, ids, store, watcher, model, dice, echoes, arrivals, plan, people, session })
    }

    /// Plays to the end of the days.
    pub(super) async fn play_out(mut self) -> Result<Outcome, Error> {
        let end = Millis::from_hours(i64::from(self.options.scenario.days).saturating_mul(24));
        loop {
            let arrival = self.arrivals.peek().map(|(at, _)| *at);
            let planned = self.plan.first().map(|(at, _)| *at);
            let next = [arrival, planned].into_iter().flatten().min().filter(|next| *next < end);
            let wake = Until { uptime: Some(next.unwrap_or(end)), ..Until::default() };
            let watcher = Arc::clone(&self.watcher);
            let ledger = self.session.office.ledger.clone();
            tokio::select! {
                biased;
                () = watcher.troubled() => return Err(self.trouble().await),
                why = ledger.failed() => return Err(Error::Ledger(why.to_string())),
                ended = &mut self.session.people => {
                    return Err(Error::Ledger(format!("nobody decides for people any more: {ended:?}")));
                }
                Some(echo) = self.echoes.recv() => self.echo(echo),
                () = self.clock.sleep_until(wake) => {
                    if self.clock.uptime() < next.unwrap_or(end) {
                        continue;
                    }
                    match (arrival, planned) {
                        _ if next.is_none() => break,
                        (Some(arrival), planned) if planned.is_none_or(|planned| arrival <= planned) => {
                            if let Some((at, request)) = self.arrivals.next() {
                                self.submit(at, request).await?;
                            }
                        }
                        _planned => self.happen().await?,
                    }
                }
            }
        }
        self.finish().await
    }

    async fn submit(&self, at: Millis, request: Request) -> Result<(), Error> {
        let action = Action::Submit { id: self.ids.instruction(), request };
        let principal = Principal::role(Role::Operator);
        let results = self.session.office.ledger.commit(&principal, vec![action]).await?;
        match results.into_iter().find_map(Result::err) {
            Some(rejection) => {
                let hours = at.to_duration().as_secs_f64() / 3_600.0;
                Err(Error::Refused { what: "an instruction", hours, rejection })
            }
            None => Ok(()),
        }
    }

    /// What is planned next happens.
    async fn happen(&mut self) -> Result<(), Error> {
        let Some((at, what)) = self.plan.pop_first() else { return Ok(()) };
        let (role, absence) = match what {
            What::Restart => {
                if let Some(every) = self.options.scenario.faults.restart_every {
                    self.plan.insert((Millis(at.0.saturating_add(every.0.max(1))), What::Restart));
                }
                return self.restart().await;
            }
            What::Leave(role) => {
                (role, Some(Absence { kind: AbsenceKind::Away, reason: "simulated: away".to_owned() }))
            }
            What::Return(role) => (role, None),
        };
        let action = Action::SetPresence { role, absence };
        for result in self.session.office.ledger.commit(&Principal::role(Role::Operator), vec![action]).await? {
            let hours = at.to_duration().as_secs_f64() / 3_600.0;
            result.map_err(|rejection| Error::Refused { what: "an absence", hours, rejection })?;
        }
        Ok(())
    }

    /// Says a second later, and a second time, what an attempt said already.
    fn echo(&self, echo: Echo) {
        let ledger = self.session.office.ledger.clone();
        let author = echo.role.parse().ok().map(Role::Ic);
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let Some(author) = author else { return };
            let submission = Submission {
                summary: "simulated: said twice".to_owned(),
                artefacts: Vec::new(),
                evidence: Vec::new(),
                checks: Vec::new(),
                simulated: true,
            };
            let action = Action::Task(echo.task, TaskAction::HandIn { epoch: echo.epoch, submission });
            // It is refused, and the checks see to it that nothing came of it.
            let _ = ledger.commit(&Principal::role(author), vec![action]).await;
        });
    }

    /// Kills everything where it stands and begins again from what the store has.
    async fn restart(&mut self) -> Result<(), Error> {
        let parts = Parts {
            options: self.options,
            chart: &self.chart,
            clock: &self.clock,
            ids: &self.ids,
            watcher: &self.watcher,
            model: &self.model,
            people: &self.people,
            dice: self.dice,
        };
        self.session.kill().await;
        self.watcher.seen().checks.restarted();
        self.session = Session::begin(&parts, self.store.as_ref()).await?;
        Ok(())
    }

    async fn finish(self) -> Result<Outcome, Error> {
        let end = self.clock.now();
        let ledger = self.session.close().await?;
        let Self { watcher, options, .. } = self;
        let mut guard = watcher.seen();
        if guard.trouble.is_none()
            && let Err(violation) = guard.checks.end(ledger.state())
        {
            guard.trouble = Some(Trouble::Violation(violation));
        }
        if let Some(trouble) = guard.trouble.take() {
            return Err(as_error(trouble, options.seed));
        }
        if let Some(journal) = guard.journal.take() {
            journal.finish()?;
        }
        let measure = std::mem::replace(&mut guard.measure, Measure::new(&options.scenario, options.seed));
        let journal_hash = ledger.head().map_or_else(String::new, |(_, hash)| hash.to_string());
        Ok(Outcome { report: measure.finish(ledger.state(), end), journal_hash })
    }

    async fn trouble(mut self) -> Error {
        self.session.kill().await;
        let mut seen = self.watcher.seen();
        let written = seen.journal.take().map_or(Ok(()), Journal::finish);
        match (seen.trouble.take(), written) {
            (Some(trouble), _) => as_error(trouble, self.options.seed),
            (None, Err(error)) => error,
            (None, Ok(())) => Error::Ledger("it stopped without a reason".to_owned()),
        }
    }
}

fn as_error(trouble: Trouble, seed: u64) -> Error {
    match trouble {
        Trouble::Violation(violation) => Error::Violation { violation, seed },
        Trouble::Journal(error) => error,
    }
}

/// What a session is made of.
struct Parts<'a> {
    options: &'a Options,
    chart: &'a Arc<Chart>,
    clock: &'a Arc<VirtualClock>,
    ids: &'a IdSource,
    watcher: &'a Arc<Watcher>,
    model: &'a Arc<Model>,
    people: &'a Pending,
    dice: Dice,
}

impl Session {
    async fn begin(parts: &Parts<'_>, store: Option<&MemoryStore>) -> Result<Self, Error> {
        let store: Box<dyn Store> = match store {
            Some(store) => Box::new(store.clone()),
            None => Box::new(DiscardStore::default()),
        };
        let (mut ledger, _) = Ledger::open(store).map_err(|error| Error::Ledger(error.to_string()))?;
        if let Some(decide) = &parts.options.decide {
            ledger = ledger.deciding_by(decide());
        }
        let clock = Arc::clone(parts.clock) as Arc<dyn Clock>;
        let witness = Box::new(ByLedger(Arc::clone(parts.watcher)));
        let (handle, work) = LedgerHandle::beside(ledger, clock, witness);
        let ledger = tokio::spawn(work);
        let begin = vec![
            Action::Start { program: env!("CARGO_PKG_VERSION").to_owned(), anchor: Anchor::WITH_WALL },
            Action::ApplyChart(Arc::clone(parts.chart)),
        ];
        for result in handle.commit(&Principal::system(), begin).await? {
            result.map_err(|rejection| Error::Start(rejection.to_string()))?;
        }
        let (model, seed) = (Arc::clone(parts.model), parts.options.seed);
        let recruit: Recruit =
            Box::new(move |spec, _| Some(Arc::new(MadeUp::new(Arc::clone(&model), &spec.id, seed)) as Arc<dyn Worker>));
        let office = Office::staffed_by(
            recruit,
            handle.clone(),
            parts.ids.clone(),
            Arc::clone(parts.chart),
            PathBuf::from("simulated"),
            "simulated".to_owned(),
            Arc::clone(parts.watcher) as Arc<dyn crate::actors::office::Probe>,
        );
        let office = Arc::new(office);
        let manner = Manner::new(&parts.options.scenario, parts.dice, parts.ids.clone());
        let people = tokio::spawn(decide(handle, manner, Arc::clone(parts.people)));
        let (tree, tree_ends) =
            root::spawn(Args { office: Arc::clone(&office) }).await.map_err(|error| Error::Start(error.to_string()))?;
        Ok(Self { office, tree, tree_ends, ledger, people })
    }

    /// Ends it as a power cut would: whatever was durable is, and nothing else.
    async fn kill(&mut self) {
        self.ledger.abort();
        self.people.abort();
        self.tree.stop(None);
        let _ = (&mut self.tree_ends).await;
        let mut running = self.office.running();
        // The sender lives in the office, so this ends by the count alone.
        let _ = running.wait_for(|count| *count == 0).await;
    }

    /// Ends it in order, and gives the ledger back.
    async fn close(self) -> Result<Ledger, Error> {
        self.people.abort();
        self.office.drain();
        self.tree.stop(None);
        let _ = self.tree_ends.await;
        self.office.ledger.close().await;
        let ended = self.ledger.await.map_err(|error| Error::Ledger(error.to_string()))?;
        ended.ok_or_else(|| Error::Ledger("it did not come to its end".to_owned()))
    }
}

/// The chart as a simulation has it: every worker is made up, and organisation time is wall time.
fn with_made_up_workers(mut chart: Chart, lease: Millis) -> Chart {
    chart.clock = ClockPolicy { speed: 1, ..ClockPolicy::default() };
    chart.policy.lease = lease;
    // Signs of life come as often as both of these need them, and most events of a long simulation would be those.
    chart.sla.heartbeat = chart.sla.heartbeat.max(lease);
    // Nothing is looked for in it, and the journal is the same wherever the scenario lies.
    chart.folder.clear();
    for worker in chart.workers.values_mut() {
        worker.kind = WorkerKind::Simulated { duration: Millis(0), failure_rate: 0.0, rework_rate: 0.0, seed: 0 };
    }
    chart
}

/// Absences and restarts, by when they happen.
fn planned(options: &Options) -> BTreeSet<(Millis, What)> {
    let scenario = &options.scenario;
    let absences = scenario.absences.iter().flat_map(|absence| {
        let back = Millis(absence.from.0.saturating_add(absence.span.0));
        [(absence.from, What::Leave(absence.who.clone())), (back, What::Return(absence.who.clone()))]
    });
    absences.chain(scenario.faults.restart_every.map(|every| (every, What::Restart))).collect()
}
