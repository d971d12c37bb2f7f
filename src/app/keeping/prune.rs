//! Dropping the events before one of them: a store is made that begins after them with what they came to, and takes the
//! place of the one that has them.

use std::path::{Path, PathBuf};

use super::{DirectoryLock, Error, LEDGER, Rebuilt, build, lock_directory, open_store, put_in_place};
use crate::domain::id::Sequence;
use crate::domain::time::WallTime;
use crate::ledger::{self, Base, Build, check, decode};
use crate::store::{Draft, Head, Reader, SledStore, Store as _};

/// A directory of which events are to be dropped. Nothing is changed before [`Ready::put_in_place`].
pub struct Pruning {
    // Dropped in this order: the store before the directory.
    store: SledStore,
    ledger: PathBuf,
    last: Head,
    first: Sequence,
    digest: [u8; 32],
    lock: DirectoryLock,
}

impl Pruning {
    /// Takes a directory, on which no daemon may run, and looks through all of its store.
    ///
    /// # Errors
    /// When it cannot be had, or something in it is not as it should be.
    pub fn begin(data_dir: &Path) -> Result<Self, Error> {
        let lock = lock_directory(data_dir)?;
        let store = open_store(&lock, data_dir)?;
        let checked = check(&store)?;
        let digest = match (checked.digest, checked.faults.len() as u64 + checked.unlisted) {
            (Some(digest), 0) => digest,
            (_, faults) => return Err(Error::Faults(faults)),
        };
        let first = checked.base.map_or(Sequence(1), |(dropped, _)| dropped.next());
        let last = checked.head.unwrap_or_default();
        Ok(Self { store, ledger: data_dir.join(LEDGER), last, first, digest, lock })
    }

    /// The first event there is.
    #[must_use]
    pub const fn first(&self) -> Sequence {
        self.first
    }

    /// The last event.
    #[must_use]
    pub const fn last(&self) -> Sequence {
        self.last.0
    }

    /// The first event of this time or later; the one that comes next where all are earlier.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn first_since(&self, time: WallTime) -> Result<Sequence, Error> {
        for record in self.store.records(Sequence(0)) {
            let entry = decode(&record?)?;
            if entry.at.wall >= time {
                return Ok(entry.sequence);
            }
        }
        Ok(self.last.0.next())
    }

    /// A view of the store, which has to be gone when the new one is put in its place.
    #[must_use]
    pub fn reader(&self) -> Box<dyn Reader> {
        self.store.reader()
    }

    /// Makes the store that begins after the event `until`. `go_on` is asked between events.
    ///
    /// # Errors
    /// When it cannot be written, or `go_on` says no.
    pub fn build<E: From<Error> + From<ledger::Error>>(
        self,
        until: Sequence,
        mut go_on: impl FnMut() -> Result<(), E>,
    ) -> Result<Ready, E> {
        let base = Base::at(&self.store, until, &mut go_on)?;
        let draft = Draft::begin(&self.ledger).map_err(Error::from)?;
        let build = build(&self.store, Some(&base), &draft, go_on)?;
        Ok(Ready { build, draft, base, pruning: self })
    }
}

/// A store that was made, and is not in its place yet.
pub struct Ready {
    // Dropped in this order: what is in a directory goes before the directory.
    build: Build,
    draft: Draft,
    base: Base,
    pruning: Pruning,
}

impl Ready {
    /// What the dropped events came to.
    #[must_use]
    pub const fn base(&self) -> &Base {
        &self.base
    }

    /// A view of the store that has the events, which has to be gone when the new one is put in its place.
    #[must_use]
    pub fn reader(&self) -> Box<dyn Reader> {
        self.pruning.reader()
    }

    /// Puts it in the place of the one that has the events, in one step.
    ///
    /// # Errors
    /// When it is not what it was made from, or the disk refuses: the one that is there stays.
    pub fn put_in_place(self) -> Result<Rebuilt, Error> {
        let Self { build, draft, pruning, .. } = self;
        let Pruning { store, digest, lock, .. } = pruning;
        let rebuilt = put_in_place(store, build, draft, Some(digest))?;
        drop(lock);
        Ok(rebuilt)
    }
}
