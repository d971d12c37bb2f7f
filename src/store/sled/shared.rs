//! What the writer and the readers of a store have in common: sled's tree, its end, and who may look when.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rustix::io::Errno;
use sled::{Db, IVec};

use crate::domain::id::Sequence;

use crate::store::files::io_error;
use crate::store::journal::{self, Walk};
use crate::store::layout::{self, Stored};
use crate::store::{Condition, Error, Head, Item, Keys, Reader, Record, RecordHash, Records, Row, Rows, Table, block};

/// Rows are read ahead up to this number, so that a walk does not take the lock for every row ...
const READ_AHEAD_ROWS: usize = 256;

/// ... and up to this many bytes, so that a commit never waits long for a walk and large rows do not pile up.
const READ_AHEAD_BYTES: usize = 1024 * 1024;

/// What the writer and the readers have in common.
pub(super) struct Shared {
    pub(super) db: Db,
    pub(super) directory: PathBuf,
    /// The last record that is on the disk.
    pub(super) head: RwLock<Option<Head>>,
    /// The last record that was dropped.
    pub(super) base: RwLock<Option<Head>>,
    /// Held by a commit from its first write until the disk has it; held by readers while they read rows.
    pub(super) gate: RwLock<Gate>,
    /// Held by whoever waits for the gate. Without it a busy writer takes the gate again before a waiting reader has
    /// woken up: reads were seen to wait for hundreds of commits.
    turn: Mutex<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// A commit failed: sled may show changes that are not on the disk.
    Stopped,
}
impl Reader for Shared {
    fn last(&self) -> Result<Option<Head>, Error> {
        Ok(self.head())
    }

    fn base(&self) -> Result<Option<Head>, Error> {
        Ok(self.begun_after())
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

    fn keys(&self, table: Table) -> Keys<'_> {
        let found = self.db.range(layout::row_key(table, b"")..layout::table_end(table)).keys();
        Box::new(found.map(|place| match place {
            Ok(place) => Ok(layout::key_of_row(&place).to_vec()),
            Err(error) => Err(self.engine_error("read", error)),
        }))
    }

    fn condition(&self) -> Result<Condition, Error> {
        self.look_over()
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        self.db.size_on_disk().map_err(|error| self.engine_error("measure", error))
    }
}

impl Shared {
    /// Takes a database over if it is one of ours and ends as it should.
    pub(super) fn load(db: Db, directory: &Path, log: &File, mark: Option<Head>) -> Result<Self, Error> {
        let shared = Self {
            db,
            directory: directory.to_owned(),
            head: RwLock::new(None),
            base: RwLock::new(None),
            gate: RwLock::new(Gate::Open),
            turn: Mutex::new(()),
        };
        let format = shared.check_format(log, mark)?;
        let base = shared.load_base(format)?;
        *shared.base.write().unwrap_or_else(PoisonError::into_inner) = base;
        let head = shared.load_head()?;
        shared.check_mark(mark, head)?;
        shared.raise_format(log)?;
        *shared.head.write().unwrap_or_else(PoisonError::into_inner) = head;
        Ok(shared)
    }

    pub(super) fn head(&self) -> Option<Head> {
        *self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begun_after(&self) -> Option<Head> {
        *self.base.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what sled shows is what the disk has.
    pub(super) fn pass(&self) -> Result<RwLockReadGuard<'_, Gate>, Error> {
        let _turn = self.turn();
        let gate = self.gate.read().map_err(|_| Error::Stopped)?;
        if *gate == Gate::Stopped { Err(Error::Stopped) } else { Ok(gate) }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, Error> {
        self.db.get(key).map_err(|error| self.engine_error("read", error))
    }

    /// Writes and does not return before the disk has it.
    pub(super) fn write(&self, changes: sled::Batch, log: &File) -> Result<(), Error> {
        self.db.apply_batch(changes).map_err(|error| self.engine_error("write", error))?;
        self.db.flush().map_err(|error| self.engine_error("write", error))?;
        log.sync_data().map_err(io_error("sync", &self.directory.join("db")))
    }

    /// Records never change, so those up to a durable head are read without the gate.
    pub(super) fn walk(&self, from: Sequence, until: Option<Head>) -> Walk<impl Iterator<Item = Found> + Send> {
        let base = self.begun_after();
        let start = journal::source_start(from, base);
        // The first may lie in the middle of a block.
        let (begin, error) = match self.last_row(start) {
            Ok(row) => (row.map_or(start, |(first, _)| first), None),
            Err(error) => (start, Some(error)),
        };
        let range = layout::record_key(begin)..=layout::record_key(Sequence(u64::MAX));
        let found = self.db.range(range).flat_map(move |entry| self.records_of(start, entry));
        Walk::new(error.into_iter().map(Err).chain(found), from, base, until)
    }

    /// The row with the last record up to a place, or with the block in which that one is.
    pub(super) fn last_row(&self, until: Sequence) -> Result<Option<(Sequence, IVec)>, Error> {
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

    pub(super) fn engine_error(&self, action: &'static str, error: sled::Error) -> Error {
        match error {
            sled::Error::Corruption { .. } => self.damaged(error.to_string()),
            // The engine keeps of what the system said the kind only, and puts the rest into words for programmers.
            sled::Error::Io(source) => io_error(action, &self.directory)(match source.kind() {
                io::ErrorKind::StorageFull => Errno::NOSPC.into(),
                io::ErrorKind::FileTooLarge => Errno::FBIG.into(),
                io::ErrorKind::Other => source,
                kind => kind.into(),
            }),
            other => Error::Engine { action, detail: other.to_string() },
        }
    }

    pub(super) fn damaged(&self, detail: String) -> Error {
        Error::Damaged { directory: self.directory.clone(), detail }
    }
}

/// A record as it was found, and its hash.
type Found = Result<(Record, RecordHash), Error>;
