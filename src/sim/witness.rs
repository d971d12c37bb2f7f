//! What watches a simulation from where the ledger is: the checks, the measures and the journal that is written out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::checks::{Checks, Violation};
use super::house::{Error, Progress};
use super::measure::Measure;
use crate::actors::desk::LOOK;
use crate::actors::office::{Phase, Probe};
use crate::api::journal::export;
use crate::domain::command::Command;
use crate::domain::event::{Entry, SCHEMA_VERSION};
use crate::domain::id::Sequence;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::time::WallTime;
use crate::ledger::{Group, Witness, encode};
use crate::store::{Head, Record};

/// Watches one simulation, across its restarts.
pub(super) struct Watcher {
    seen: Mutex<Seen>,
    ended: watch::Sender<bool>,
    start: WallTime,
    progress: Arc<Progress>,
}

/// What was seen.
pub(super) struct Seen {
    pub(super) checks: Checks,
    pub(super) measure: Measure,
    pub(super) journal: Option<Journal>,
    /// Why it cannot go on.
    pub(super) trouble: Option<Trouble>,
}

/// Why a simulation cannot go on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something that must always hold did not.
    Violation(Violation),
    /// The journal cannot be written out.
    Journal(Error),
}

impl Watcher {
    pub(super) fn new(seen: Seen, start: WallTime, progress: Arc<Progress>) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::new(seen), ended: watch::Sender::new(false), start, progress })
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes once the simulation cannot go on.
    pub(super) async fn troubled(&self) {
        // The sender lives in this watcher, so the wait ends by the value alone.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// A watcher as the ledger knows it.
pub(super) struct ByLedger(pub(super) Arc<Watcher>);

impl Witness for ByLedger {
    fn witness(&mut self, commands: &[Command], group: &Group, state: &State) {
        let watcher = &self.0;
        let mut guard = watcher.seen();
        let seen = &mut *guard;
        if seen.trouble.is_some() {
            return;
        }
        let violation = seen.checks.take(commands, group, state).err();
        let last = violation.as_ref().map(|violation| violation.sequence);
        seen.measure.take(group, state);
        let written = seen.journal.as_mut().map_or(Ok(()), |journal| journal.write(group, last));
        seen.trouble = violation.map(Trouble::Violation).or_else(|| written.err().map(Trouble::Journal));
        let passed = state.last.wall.since(watcher.start).0.max(0).unsigned_abs();
        watcher.progress.passed.store(passed, Ordering::Relaxed);
        watcher.progress.events.store(state.sequence.0, Ordering::Relaxed);
        if seen.trouble.is_some() {
            watcher.ended.send_replace(true);
        }
    }
}

impl Probe for Watcher {
    fn observe(&self, role: &Role, phase: Phase, what: &str) {
        if phase == Phase::Before && what == LOOK {
            self.seen().checks.looked(role);
        }
    }
}

/// The journal as it is written out: one event a line, as a daemon's journal is exported.
pub(super) struct Journal {
    file: BufWriter<File>,
    path: std::path::PathBuf,
    head: Option<Head>,
}

impl Journal {
    /// Begins a new one.
    pub(super) fn create(path: &std::path::Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|source| Error::Journal { path: path.to_owned(), source })?;
        Ok(Self { file: BufWriter::new(file), path: path.to_owned(), head: None })
    }

    /// Writes the events of a group, but none after `last`.
    fn write(&mut self, group: &Group, last: Option<Sequence>) -> Result<(), Error> {
        let entries = group.results.iter().flatten().flatten();
        for entry in entries.take_while(|entry| last.is_none_or(|last| entry.sequence <= last)) {
            self.write_entry(entry).map_err(|source| Error::Journal { path: self.path.clone(), source })?;
        }
        Ok(())
    }

    fn write_entry(&mut self, entry: &Entry) -> std::io::Result<()> {
        let record = Record::after(self.head, SCHEMA_VERSION, encode(entry).map_err(std::io::Error::other)?);
        self.head = Some(record.head());
        serde_json::to_writer(&mut self.file, &export(&record).map_err(std::io::Error::other)?)?;
        self.file.write_all(b"\n")
    }

    /// Everything is written.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.file.flush().map_err(|source| Error::Journal { path: self.path, source })
    }
}
