//! The store on a disk: one sled tree, one writer. The only file that uses sled.
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

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use sled::{Db, IVec};

use crate::domain::id::Sequence;

use super::block;
use super::journal::{self, Walk};
use super::layout::{self, Stored};
use super::log;
use super::mark::Mark;
use super::{Batch, Error, Head, Item, Reader, Record, RecordHash, Records, Row, Rows, Store, Table};

/// What this program writes. A program that changes the keys or values above takes the next number.
const FORMAT: u32 = 2;

/// What sled may keep of its pages in memory. The journal is written once and read in order, and the rows that matter are
/// in the actors' memory, so the cache serves only the inner nodes and the newest leaves; more buys nothing measurable.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How often opening is tried while the lock of the previous owner may still be on its way out: a process that was just
/// killed, or a handle whose last reader was just dropped. Together with the pause half a second, after which it is in use.
const OPEN_ATTEMPTS: u32 = 11;

/// The pause between two attempts to open.
const OPEN_PAUSE: Duration = Duration::from_millis(50);

/// Rows are read ahead up to this number, so that a walk does not take the lock for every row ...
const READ_AHEAD_ROWS: usize = 256;

/// ... and up to this many bytes, so that a commit never waits long for a walk and large rows do not pile up.
const READ_AHEAD_BYTES: usize = 1024 * 1024;

/// A store in a directory of its own.
pub struct SledStore {
    shared: Arc<Shared>,
    /// Our own handle to sled's log, for syncing.
    log: File,
    mark: Mark,
}

/// What the writer and the readers have in common.
struct Shared {
    db: Db,
    directory: PathBuf,
    /// The last record that is on the disk.
    head: RwLock<Option<Head>>,
    /// Held by a commit from its first write until the disk has it; held by readers while they read rows.
    gate: RwLock<Gate>,
    /// Held by whoever waits for the gate. Without it a busy writer takes the gate again before a waiting reader has
    /// woken up: reads were seen to wait for hundreds of commits.
    turn: Mutex<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// A commit failed: sled may show changes that are not on the disk.
    Stopped,
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

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SledReader(Arc::clone(&self.shared)))
    }
}

impl Reader for SledStore {
    fn last(&self) -> Result<Option<Head>, Error> {
        self.shared.last()
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

    fn size_bytes(&self) -> Result<u64, Error> {
        self.shared.size_bytes()
    }
}

/// What [`Store::reader`] hands out.
struct SledReader(Arc<Shared>);

impl Reader for SledReader {
    fn last(&self) -> Result<Option<Head>, Error> {
        self.0.last()
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

    fn size_bytes(&self) -> Result<u64, Error> {
        self.0.size_bytes()
    }
}

impl Reader for Shared {
    fn last(&self) -> Result<Option<Head>, Error> {
        Ok(self.head())
    }

    fn records(&self, from: Sequence) -> Records<'_> {
        Box::new(self.walk(from, self.head()))
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let _gate = self.pass()?;
        let place = layout::row_key(table, key);
        let stored = self.get(&place)?;
        stored.map(|stored| self.assemble(&place, &stored, || Item::Row(table, key.to_vec()))).transpose()
    }

    fn rows(&self, table: Table) -> Rows<'_> {
        let mut ahead = VecDeque::new();
        let mut next = Some(Ok(Bound::Included(layout::row_key(table, b""))));
        Box::new(std::iter::from_fn(move || {
            if ahead.is_empty() {
                match next.take()? {
                    // What was read before an error is still handed out, then the error.
                    Ok(start) => next = self.read_ahead(table, start, &mut ahead).transpose(),
                    Err(error) => return Some(Err(error)),
                }
            }
            match ahead.pop_front() {
                Some(row) => Some(Ok(row)),
                None => next.take().and_then(Result::err).map(Err),
            }
        }))
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        self.db.size_on_disk().map_err(|error| self.engine_error("measure its files", error))
    }
}

impl Shared {
    /// Takes a database over if it is one of ours and ends as it should.
    fn load(db: Db, directory: &Path, log: &File, mark: Option<Head>) -> Result<Self, Error> {
        let shared = Self {
            db,
            directory: directory.to_owned(),
            head: RwLock::new(None),
            gate: RwLock::new(Gate::Open),
            turn: Mutex::new(()),
        };
        shared.check_format(log, mark)?;
        let head = shared.load_head()?;
        shared.check_mark(mark, head)?;
        shared.raise_format(log)?;
        *shared.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        Ok(shared)
    }

    fn head(&self) -> Option<Head> {
        *self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what sled shows is what the disk has.
    fn pass(&self) -> Result<RwLockReadGuard<'_, Gate>, Error> {
        let _turn = self.turn();
        let gate = self.gate.read().map_err(|_| Error::Stopped)?;
        if *gate == Gate::Stopped { Err(Error::Stopped) } else { Ok(gate) }
    }

    fn get(&self, key: &[u8]) -> Result<Option<IVec>, Error> {
        self.db.get(key).map_err(|error| self.engine_error("read", error))
    }

    /// Writes and does not return before the disk has it.
    fn write(&self, changes: sled::Batch, log: &File) -> Result<(), Error> {
        self.db.apply_batch(changes).map_err(|error| self.engine_error("write", error))?;
        self.db.flush().map_err(|error| self.engine_error("write", error))?;
        log.sync_data().map_err(io_error("sync", &self.directory.join("db")))
    }

    /// Knows our own stores and marks a new one.
    fn check_format(&self, log: &File, mark: Option<Head>) -> Result<(), Error> {
        let foreign = || Error::Foreign { directory: self.directory.clone() };
        let key = layout::own_key("format");
        if let Some(bytes) = self.get(&key)? {
            let found = u32::from_be_bytes((*bytes).try_into().map_err(|_| foreign())?);
            if found > FORMAT {
                return Err(Error::Newer { directory: self.directory.clone(), found, known: FORMAT });
            }
            return Ok(());
        }
        if !self.db.is_empty() {
            return Err(foreign());
        }
        // A new one.
        self.check_mark(mark, None)?;
        self.raise_format(log)
    }

    /// Marks a store of an older format as one of ours: what was written before can be read as it is, and what is written
    /// from now on an older program could not read.
    fn raise_format(&self, log: &File) -> Result<(), Error> {
        let key = layout::own_key("format");
        if self.get(&key)?.is_some_and(|found| *found == FORMAT.to_be_bytes()) {
            return Ok(());
        }
        let mut changes = sled::Batch::default();
        changes.insert(key, FORMAT.to_be_bytes().to_vec());
        self.write(changes, log)
    }

    /// The head as the last commit left it, compared with the last record there is: what was cut off at the end of the
    /// journal, or added to it, cannot be noticed by a walk.
    fn load_head(&self) -> Result<Option<Head>, Error> {
        let stored = self.get(&layout::own_key("head"))?;
        let head = stored.as_deref().map(|bytes| {
            let (sequence, hash) = bytes.split_first_chunk()?;
            Some((Sequence(u64::from_be_bytes(*sequence)), RecordHash(hash.try_into().ok()?)))
        });
        let head = head.map(|head| head.ok_or_else(|| self.damaged("the end of the journal is unreadable".to_owned())));
        let head = head.transpose()?;
        let last = match self.last_row(Sequence(u64::MAX))? {
            // What a block does not hold any more is missing from the end.
            Some((first, stored)) => {
                let more = block::records(&stored).map_or(0, |records| records.len().saturating_sub(1));
                Sequence(first.0.saturating_add(more as u64))
            }
            None => Sequence::default(),
        };
        let (promised, _) = head.unwrap_or_default();
        if last < promised {
            return Err(Error::Gap { expected: last.next() });
        }
        if last > promised {
            return Err(Error::BrokenChain { sequence: last });
        }
        // The walk compares the hash of the last record with the head's.
        self.walk(promised, head).try_for_each(|record| record.map(drop))?;
        Ok(head)
    }

    /// Compares the journal with the mark, which may be older.
    fn check_mark(&self, mark: Option<Head>, head: Option<Head>) -> Result<(), Error> {
        let Some((acknowledged, _)) = mark else { return Ok(()) };
        let (last, _) = head.unwrap_or_default();
        if acknowledged > last {
            return Err(Error::CutShort { directory: self.directory.clone(), last, acknowledged });
        }
        self.walk(acknowledged, mark).try_for_each(|record| record.map(drop))
    }

    /// Records never change, so those up to a durable head are read without the gate.
    fn walk(&self, from: Sequence, until: Option<Head>) -> Walk<impl Iterator<Item = Found> + Send> {
        let start = journal::source_start(from);
        // The first may lie in the middle of a block.
        let (begin, error) = match self.last_row(start) {
            Ok(row) => (row.map_or(start, |(first, _)| first), None),
            Err(error) => (start, Some(error)),
        };
        let range = layout::record_key(begin)..=layout::record_key(Sequence(u64::MAX));
        let found = self.db.range(range).flat_map(move |entry| self.records_of(start, entry));
        Walk::new(error.into_iter().map(Err).chain(found), from, until)
    }

    /// The row with the last record up to a place, or with the block in which that one is.
    fn last_row(&self, until: Sequence) -> Result<Option<(Sequence, IVec)>, Error> {
        let rows = layout::record_key(Sequence(0))..=layout::record_key(until);
        let last = self.db.range(rows).next_back().transpose().map_err(|error| self.engine_error("read", error))?;
        Ok(last.and_then(|(key, stored)| Some((layout::record_sequence(&key)?, stored))))
    }

    /// The records of one row, but for those before `start`.
    fn records_of(&self, start: Sequence, entry: sled::Result<(IVec, IVec)>) -> Vec<Found> {
        let (key, stored) = match entry {
            Ok(row) => row,
            Err(error) => return vec![Err(self.engine_error("read", error))],
        };
        let first = layout::record_sequence(&key).unwrap_or_default();
        if let Some(records) = block::records(&stored) {
            let numbered = (first.0..).map(Sequence).zip(records).filter(|(sequence, _)| *sequence >= start);
            return numbered.map(|(sequence, bytes)| Ok(Record::decode_with_hash(sequence, bytes)?)).collect();
        }
        if first < start {
            return Vec::new();
        }
        let alone = self.assemble(&key, &stored, || Item::Record(first));
        vec![alone.and_then(|bytes| Ok(Record::decode_with_hash(first, &bytes)?))]
    }

    /// Reads rows until one of the limits, and answers where to go on, or `None` at the end of the table.
    fn read_ahead(
        &self,
        table: Table,
        start: Bound<Vec<u8>>,
        ahead: &mut VecDeque<Row>,
    ) -> Result<Option<Bound<Vec<u8>>>, Error> {
        let _gate = self.pass()?;
        let mut bytes = 0;
        for entry in self.db.range((start, Bound::Excluded(layout::table_end(table)))) {
            let (place, stored) = entry.map_err(|error| self.engine_error("read", error))?;
            let key = layout::key_of_row(&place).to_vec();
            let value = self.assemble(&place, &stored, || Item::Row(table, key.clone()))?;
            bytes += key.len() + value.len();
            ahead.push_back((key, value));
            if ahead.len() >= READ_AHEAD_ROWS || bytes >= READ_AHEAD_BYTES {
                return Ok(Some(Bound::Excluded(place.to_vec())));
            }
        }
        Ok(None)
    }

    /// The whole value stored under a key, which may be in parts.
    fn assemble(&self, key: &[u8], stored: &[u8], item: impl Fn() -> Item) -> Result<Vec<u8>, Error> {
        let (length, parts, expected) = match Stored::read(stored) {
            Some(Stored::Whole(value)) => return Ok(value.to_vec()),
            Some(Stored::Parted { length, parts, checksum }) => (length, parts, checksum),
            None => return Err(Error::Incomplete { item: item(), detail: "its beginning is unreadable".to_owned() }),
        };
        let mut value = Vec::new();
        for part in 0..parts {
            let missing = || Error::Incomplete { item: item(), detail: format!("part {part} of {parts} is missing") };
            value.extend_from_slice(&self.get(&layout::part_key(key, part))?.ok_or_else(missing)?);
        }
        if value.len() as u64 != length || layout::checksum(&value) != expected {
            return Err(Error::Incomplete { item: item(), detail: "its parts do not fit together".to_owned() });
        }
        Ok(value)
    }

    fn engine_error(&self, action: &'static str, error: sled::Error) -> Error {
        match error {
            sled::Error::Corruption { .. } => self.damaged(error.to_string()),
            other => Error::Engine { action, detail: other.to_string() },
        }
    }

    fn damaged(&self, detail: String) -> Error {
        Error::Damaged { directory: self.directory.clone(), detail }
    }
}

/// A record as it was found, and its hash.
type Found = Result<(Record, RecordHash), Error>;

fn apply(batch: &mut sled::Batch, changes: impl Iterator<Item = layout::Change>) {
    for (key, value) in changes {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
}

/// Takes the lock sled will take, giving the previous owner's a moment to go away: nobody writes to what is looked through.
fn lock(directory: &Path, log_path: &Path) -> Result<File, Error> {
    let log = File::open(log_path).map_err(io_error("open", log_path))?;
    for _ in 1..OPEN_ATTEMPTS {
        match log.try_lock() {
            Ok(()) => return Ok(log),
            Err(TryLockError::WouldBlock) => thread::sleep(OPEN_PAUSE),
            Err(TryLockError::Error(source)) => return Err(io_error("lock", log_path)(source)),
        }
    }
    Err(Error::InUse { directory: directory.to_owned() })
}

/// Opens a copy of a log that does not look right and reads its whole journal. What sled leaves out is missing there, and
/// the log itself is left as it is.
fn rehearse(directory: &Path, mark: Option<Head>) -> Result<(), Error> {
    tracing::warn!(directory = %directory.display(), "the log does not end as it should; a copy of it is opened first");
    let copy = directory.join("trial");
    let rehearsed =
        log::copy(directory, &copy).map_err(io_error("copy the log for a trial to", &copy)).and_then(|()| {
            let db = open_database(&copy, directory)?;
            let log = File::open(copy.join("db")).map_err(io_error("open", &copy))?;
            let shared = Shared::load(db, directory, &log, mark)?;
            guarded(directory, || shared.walk(Sequence(1), shared.head()).try_for_each(|record| record.map(drop)))
        });
    log::remove_copy(&copy).map_err(io_error("remove", &copy))?;
    rehearsed
}

/// sled panics over some damage.
fn guarded<T>(directory: &Path, action: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let damaged = |_| Error::Damaged { directory: directory.to_owned(), detail: "its log cannot be read".to_owned() };
    catch_unwind(AssertUnwindSafe(action)).map_err(damaged).flatten()
}

/// Opens sled, giving the previous owner's lock a moment to go away. Errors name the store's `directory`, wherever sled's
/// files are.
fn open_database(files: &Path, directory: &Path) -> Result<Db, Error> {
    let config = sled::Config::new().path(files).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    for attempt in 1..=OPEN_ATTEMPTS {
        match guarded(directory, || Ok(config.open()))? {
            Ok(db) => return Ok(db),
            Err(error) if is_lock_failure(&error) => {
                if attempt < OPEN_ATTEMPTS {
                    thread::sleep(OPEN_PAUSE);
                }
            }
            Err(error @ sled::Error::Corruption { .. }) => {
                return Err(Error::Damaged { directory: directory.to_owned(), detail: error.to_string() });
            }
            Err(sled::Error::Io(source)) => return Err(io_error("open", files)(source)),
            Err(other) => return Err(Error::Engine { action: "open its files", detail: other.to_string() }),
        }
    }
    Err(Error::InUse { directory: directory.to_owned() })
}

/// sled wraps the failure to lock into an error of no particular kind; only its text tells.
fn is_lock_failure(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(source) if source.to_string().starts_with("could not acquire lock"))
}

/// Waits until the disk has a file or the entries of a directory.
fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error("sync", path))
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path: path.clone(), source }
}

#[cfg(test)]
mod tests {
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
