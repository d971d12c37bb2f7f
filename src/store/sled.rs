//! The store on a disk: one sled tree, one writer. Only this file and those below it use sled.
//!
//! How keys and values lie in the tree is told in `layout.rs`.
//!
//! What sled 0.34 needs from its user, and gets here:
//!
//! - Its `flush` asks the kernel to start writing (`sync_file_range`) and does not wait for the disk's own cache or the
//!   file's metadata. Every commit therefore ends with `fdatasync` on a handle of our own to sled's file `db`.
//! - A batch is atomic within one tree only. There is one tree.
//! - Many callers of `flush_async` can lock each other out, and a flush in the background would make durability a matter
//!   of luck. There is one writer, it flushes itself, and the background flush is off.
//! - A leaf holds about sixteen entries and is rewritten as one piece. A piece of 128 KiB or more goes to a file of its own
//!   below `blobs/`, which sled never syncs, so a power cut could lose rows acknowledged long before; such files can also
//!   be left behind for good. Values are split so that a full leaf stays well below ([`layout::PART_BYTES`]).
//! - Opening replays the log and writes a snapshot (`snap.*`) of it with a sync of its own. A log that a killed process left
//!   in the page cache would be older on the disk than that snapshot. The log is synced before sled opens it, and the
//!   directory afterwards.
//! - Opening a damaged log overwrites what follows the damage, without a word, or panics. The log is looked through before
//!   (`log.rs`) and, if it does not look right, opened as a copy first; a mark beside it (`mark.rs`) tells how far the
//!   journal went.
//! - A cut-off snapshot makes opening fail although the log has everything. [`Error::Damaged`] says what to do.

mod condition;
mod ends;
mod opening;
mod shared;

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use crate::domain::id::Sequence;

use self::opening::{open_database, rehearse};
use self::shared::{Gate, Shared};
use super::files::{io_error, lock, sync};
use super::layout::{self, Stored};
use super::mark::Mark;
use super::{
    Batch, Condition, Error, Head, Item, Keys, Reader, RecordHash, Records, Rows, Store, Table, block, journal, log,
};

/// A store in a directory of its own.
pub struct SledStore {
    shared: Arc<Shared>,
    /// Our own handle to sled's log, for syncing.
    log: File,
    mark: Mark,
}

impl SledStore {
    /// Opens the store in `directory`, which is created if it is not there.
    ///
    /// # Errors
    /// When the directory is in use, belongs to something else or to a newer program, or when what is in it is damaged.
    /// Damage is never repaired here.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let log_path = directory.join("db");
        fs::create_dir_all(directory).map_err(io_error("create", directory))?;
        let mark = Mark::read(directory);
        if log_path.exists() {
            sync(&log_path)?;
            let lock = lock(directory, &log_path)?;
            if !log::is_whole(directory, &lock).map_err(io_error("read", &log_path))? {
                rehearse(directory, mark.head())?;
            }
        }
        let db = open_database(directory, directory)?;
        sync(&log_path)?;
        sync(&directory.join("conf"))?;
        sync(&directory.join("blobs"))?;
        sync(directory)?;
        if let Some(parent) = directory.canonicalize().map_err(io_error("open", directory))?.parent() {
            sync(parent)?;
        }
        let log = File::open(&log_path).map_err(io_error("open", &log_path))?;
        let shared = Shared::load(db, directory, &log, mark.head())?;
        tracing::debug!(directory = %directory.display(), last = shared.head().unwrap_or_default().0.0, "store opened");
        Ok(Self { shared: Arc::new(shared), log, mark })
    }

    /// Everything a batch changes in the tree.
    fn prepare(&self, batch: Batch, hashes: &[RecordHash]) -> Result<sled::Batch, Error> {
        let mut changes = sled::Batch::default();
        apply(&mut changes, block::put(&batch.records, hashes).into_iter());
        if let (Some(record), Some(hash)) = (batch.records.last(), hashes.last()) {
            changes.insert(layout::own_key("head"), [&record.sequence.0.to_be_bytes()[..], &hash.0].concat());
        }
        for ((table, key), value) in journal::settle(batch.rows) {
            let place = layout::row_key(table, &key);
            let before = self.shared.get(&place)?;
            let parts_before = match before.as_deref().map(Stored::read) {
                Some(Some(Stored::Parted { parts, .. })) => parts,
                Some(Some(Stored::Whole(_))) | None => 0,
                Some(None) => {
                    let item = Item::Row(table, key);
                    return Err(Error::Incomplete { item, detail: "its beginning is unreadable".to_owned() });
                }
            };
            match value {
                Some(value) => apply(&mut changes, layout::put(&place, &value, parts_before)),
                None => apply(&mut changes, layout::remove(&place, parts_before)),
            }
        }
        Ok(changes)
    }
}

impl Store for SledStore {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        // Held to the end: a reader that came in between could see what a power cut may still undo. A panic on the way
        // leaves the lock poisoned, which counts as stopped.
        let turn = self.shared.turn();
        let mut gate = self.shared.gate.write().map_err(|_| Error::Stopped)?;
        drop(turn);
        if *gate == Gate::Stopped {
            return Err(Error::Stopped);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let before = self.shared.head();
        let hashes = journal::check(&batch, before)?;
        let head = batch.records.last().zip(hashes.last()).map(|(record, hash)| (record.sequence, *hash)).or(before);
        let written = self.prepare(batch, &hashes).and_then(|changes| self.shared.write(changes, &self.log));
        match written {
            Ok(()) => {
                *self.shared.head.write().unwrap_or_else(PoisonError::into_inner) = head;
                head.into_iter().for_each(|head| self.mark.write(head));
            }
            Err(_) => *gate = Gate::Stopped,
        }
        written
    }

    fn begin_after(&mut self, base: Head) -> Result<(), Error> {
        journal::check_begin(base, self.shared.head())?;
        self.shared.begin_after(base, &self.log)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SledReader(Arc::clone(&self.shared)))
    }
}

impl Reader for SledStore {
    fn last(&self) -> Result<Option<Head>, Error> {
        self.shared.last()
    }

    fn base(&self) -> Result<Option<Head>, Error> {
        self.shared.base()
    }

    fn records(&self, from: Sequence) -> Records<'_> {
        self.shared.records(from)
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.shared.row(table, key)
    }

    fn rows(&self, table: Table) -> Rows<'_> {
        self.shared.rows(table)
    }

    fn keys(&self, table: Table) -> Keys<'_> {
        self.shared.keys(table)
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        self.shared.size_bytes()
    }

    fn condition(&self) -> Result<Condition, Error> {
        self.shared.condition()
    }
}

/// What [`Store::reader`] hands out.
struct SledReader(Arc<Shared>);

impl Reader for SledReader {
    fn last(&self) -> Result<Option<Head>, Error> {
        self.0.last()
    }

    fn base(&self) -> Result<Option<Head>, Error> {
        self.0.base()
    }

    fn records(&self, from: Sequence) -> Records<'_> {
        self.0.records(from)
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.0.row(table, key)
    }

    fn rows(&self, table: Table) -> Rows<'_> {
        self.0.rows(table)
    }

    fn keys(&self, table: Table) -> Keys<'_> {
        self.0.keys(table)
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        self.0.size_bytes()
    }

    fn condition(&self) -> Result<Condition, Error> {
        self.0.condition()
    }
}

fn apply(batch: &mut sled::Batch, changes: impl Iterator<Item = layout::Change>) {
    for (key, value) in changes {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
}
#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::layout::PART_BYTES;
    use super::*;

    fn record(store: &SledStore, body: &[u8]) -> Record {
        Record::after(store.last().expect("the head is in memory"), 1, body.to_vec())
    }

    fn open(directory: &Path) -> SledStore {
        SledStore::open(directory).expect("the directory is ours")
    }

    fn batch(store: &SledStore, body: &[u8], value: &[u8]) -> Batch {
        let mut batch = Batch { records: vec![record(store, body)], rows: Vec::new() };
        batch.put(Table::Task, *b"k", value);
        batch
    }

    /// A device that accepts everything and refuses to sync stands in for a disk that fails at the last moment.
    #[test]
    fn a_commit_that_could_not_be_synced_stops_the_store_and_is_shown_to_nobody() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = open(directory.path());
        let reader = store.reader();
        store.commit(batch(&store, b"one", b"1")).expect("the disk is fine");
        let healthy = std::mem::replace(&mut store.log, File::open("/dev/null").expect("every Linux has one"));

        let failed = store.commit(batch(&store, b"two", b"2"));
        assert!(matches!(failed, Err(Error::Io { action: "sync", .. })), "{failed:?}");
        store.log = healthy;
        assert!(matches!(store.commit(batch(&store, b"two", b"2")), Err(Error::Stopped)));
        assert!(matches!(store.commit(Batch::default()), Err(Error::Stopped)));

        for view in [&store as &dyn Reader, &*reader] {
            assert_eq!(view.last().expect("known").expect("one record").0, Sequence(1));
            let bodies: Vec<_> = view.records(Sequence(1)).map(|record| record.expect("durable").body).collect();
            assert_eq!(bodies, [b"one"]);
            assert!(matches!(view.row(Table::Task, b"k"), Err(Error::Stopped)));
            assert!(matches!(view.rows(Table::Task).next(), Some(Err(Error::Stopped))));
        }
    }

    /// Files below `blobs` are not synced by sled: one that appears is data that a power cut can take.
    #[test]
    fn no_leaf_grows_so_large_that_sled_moves_it_out_of_its_log() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = open(directory.path());
        for round in 0..60_u8 {
            let mut batch = Batch { records: vec![record(&store, &vec![round; 3 * PART_BYTES])], rows: Vec::new() };
            for key in 0..40_u8 {
                // Rows at the limit of one piece, under long keys, between rows in parts that come and go.
                batch.put(Table::Task, [&[b'k'; 63][..], &[key]].concat(), vec![round; PART_BYTES]);
                batch.put(Table::Archive, [key], vec![round; PART_BYTES * usize::from((round + key) % 5)]);
            }
            store.commit(batch).expect("the disk is fine");
            let blobs = fs::read_dir(directory.path().join("blobs")).expect("sled makes it").count();
            assert_eq!(blobs, 0, "round {round}");
        }
    }

    #[test]
    fn parts_that_are_no_longer_needed_are_removed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = open(directory.path());
        let parts = |store: &SledStore| store.shared.db.scan_prefix([layout::PART]).count();
        for (size, expected) in [(10 * PART_BYTES, 10), (2 * PART_BYTES + 1, 3), (PART_BYTES, 0), (2 * PART_BYTES, 2)] {
            let mut batch = Batch::default();
            batch.put(Table::Archive, *b"k", vec![7; size]);
            store.commit(batch).expect("the disk is fine");
            assert_eq!(parts(&store), expected, "{size} bytes");
        }
        let mut batch = Batch::default();
        batch.delete(Table::Archive, *b"k");
        store.commit(batch).expect("the disk is fine");
        assert_eq!(parts(&store), 0);
    }
}
