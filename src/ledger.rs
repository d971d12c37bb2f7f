//! The ledger: the single writer of all state.
//!
//! ```text
//!   commands ──▶ decide ─▶ evolve ─▶ encode ──▶ one batch, one sync ──▶ replies, publication, wake-ups
//!                  (each sees the ones before it)        │
//!                                                        └─ journal + rows of what is archived + snapshots now and then
//! ```
//!
//! [`Ledger`] is the state and the store together, without threads: a group of commands goes in, and when it comes back
//! everything in it is durable. [`LedgerHandle`] is what everybody else has: it reaches the ledger on its own thread, and
//! its replies come after the sync. A write that fails stops the ledger; it never retries and never pretends.

mod attendance;
mod base;
mod build;
mod check;
mod codec;
mod handle;
mod recovery;
mod snapshot;
mod subscription;
mod witness;

use crate::domain::command::Command;
use crate::domain::event::Entry;
use crate::domain::id::{InstructionId, Sequence};
use crate::domain::rejection::Rejection;
use crate::domain::role::Role;
use crate::domain::state::{Archived, State};
use crate::store::{self, Batch, Head, Reader, Record, Store};

pub use self::attendance::{Notice, Wake};
pub use self::base::{Base, BaseRow};
pub use self::build::{Build, Built};
pub use self::check::{Checked, Fault, Remedy, check};
pub use self::codec::{decode, encode};
pub use self::handle::{LedgerHandle, Results, Stopped};
pub use self::recovery::{Recovered, Replay, replay};
pub use self::snapshot::{digest, organisation};
pub use self::subscription::{Filter, Subscription};
pub use self::witness::{NoWitness, Witness};

/// Events after which what has changed is written as snapshots. More would make recovery longer (a daemon replays at
/// most this many, some hundredths of a second), fewer would write the same rows more often.
const SNAPSHOT_EVERY: u64 = 4_096;

/// Rows that are out of date at which they are written before that: more at once would keep whoever asks waiting for as long
/// as tens of commits take.
const SNAPSHOT_ROWS: usize = 512;

/// What can go wrong with a ledger; each of these means that it cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A record holds something that this program cannot read.
    #[error(
        "{what} cannot be read ({detail}); it was written by another version of this program, or damaged: use the version that \
         wrote it, or restore the last backup with `echelon store restore FILE`"
    )]
    Unreadable {
        /// Which one.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// What the dropped events came to is not what was written. Nothing is left to make it anew from.
    #[error(
        "what the dropped events came to, with which the journal begins, is not usable ({detail}); nothing was changed; keep a \
         copy of the directory, and restore the last backup with `echelon store restore FILE`"
    )]
    Base {
        /// What is wrong with it.
        detail: String,
    },
    /// A row holds something that this program cannot read. The journal has what it was made from.
    #[error(
        "the row of {what} cannot be read ({detail}); stop the daemon and write the rows anew from the journal with \
         `echelon store rebuild-snapshots`"
    )]
    Row {
        /// What it is about.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// The state of an organisation and the store that keeps it.
pub struct Ledger {
    state: State,
    store: Box<dyn Store>,
    head: Option<Head>,
    /// The event up to which the snapshots in the store stand.
    snapshot: Sequence,
    /// Of what there are snapshots.
    kept: snapshot::Kept,
    decide: Decide,
}

/// How a command is decided on and becomes part of the state: [`execute`](crate::domain::decide::execute), wherever work is real.
pub type Decide = Box<dyn FnMut(&mut State, &Command) -> Result<Vec<Entry>, Rejection> + Send>;

/// What a group of commands came to, once it is durable.
pub struct Group {
    /// For each command what it made happen, or why it was refused.
    pub results: Vec<Result<Vec<Entry>, Rejection>>,
    /// Roles that should look at what they owe.
    pub stirred: std::collections::BTreeSet<Role>,
    /// Instructions that ended in it.
    pub archived: Vec<Archived>,
}

impl Ledger {
    /// The state as of the last durable group.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The end of the journal.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.head
    }

    /// The same ledger with decisions made otherwise: for simulations that plant a fault and look whether it is found.
    #[must_use]
    pub fn deciding_by(self, decide: Decide) -> Self {
        Self { decide, ..self }
    }

    /// A view of the store for another thread.
    #[must_use]
    pub fn reader(&self) -> Box<dyn Reader> {
        self.store.reader()
    }

    /// An instruction that is over, whole.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn archived(&self, id: InstructionId) -> Result<Option<Archived>, Error> {
        snapshot::read_archived(self.store.as_ref(), id)
    }

    /// Decides on a group of commands, each seeing what the ones before it did, and makes the result durable. When this
    /// comes back, all of it is on the disk.
    ///
    /// # Errors
    /// When the store cannot make it durable. The ledger is of no use then: its state is ahead of the disk.
    pub fn commit(&mut self, commands: &[Command]) -> Result<Group, Error> {
        let mut batch = Batch::default();
        let mut head = self.head;
        let mut results = Vec::with_capacity(commands.len());
        let keeps_rows = self.store.keeps_rows();
        for command in commands {
            let result = (self.decide)(&mut self.state, command);
            if let Ok(entries) = &result {
                for entry in entries {
                    let record = Record::after(head, codec::VERSION, encode(entry)?);
                    head = Some(record.head());
                    batch.records.push(record);
                    if keeps_rows {
                        snapshot::key_row(entry, &mut batch)?;
                    }
                }
            }
            results.push(result);
        }
        let archived = self.state.take_archived();
        for gone in archived.iter().filter(|_| keeps_rows) {
            snapshot::archive_rows(gone, &mut batch)?;
        }
        let due = self.state.sequence.0.saturating_sub(self.snapshot.0) >= SNAPSHOT_EVERY
            || self.state.changed() >= SNAPSHOT_ROWS;
        if due && keeps_rows {
            snapshot::rows_of_changed(&mut self.state, &mut self.kept, &mut batch)?;
        } else if due {
            self.state.take_changed();
        }
        self.store.commit(batch)?;
        self.head = head;
        if due {
            self.snapshot = self.state.sequence;
        }
        Ok(Group { results, stirred: self.state.take_stirred(), archived })
    }

    /// Writes snapshots of everything that has changed since the last ones, so that the next start replays nothing.
    ///
    /// # Errors
    /// When the store cannot make them durable.
    pub fn write_snapshots(&mut self) -> Result<(), Error> {
        if self.snapshot == self.state.sequence || !self.store.keeps_rows() {
            return Ok(());
        }
        let mut batch = Batch::default();
        snapshot::rows_of_changed(&mut self.state, &mut self.kept, &mut batch)?;
        self.store.commit(batch)?;
        self.snapshot = self.state.sequence;
        Ok(())
    }
}
