//! The durable store: a journal of records that only grows, and tables of rows that change, committed together.
//!
//! What the organisation knows is the journal: every event, in order, each one carrying the hash of the one before it.
//! The rows are what makes a start quick and a look-up cheap (snapshots, stubs of finished work, keys already seen); they
//! can be rebuilt from the journal at any time. Both are opaque here: a record is a numbered body with a schema version, a
//! row is a key and a value.
//!
//! ```text
//!   one writer ── commit(Batch { records, rows }) ──▶ Store ──▶ on the disk, all of it or nothing
//!   any thread ── records, row, rows ──▶ Reader (sees only what is on the disk)
//! ```
//!
//! Three promises, kept by both implementations and checked by one suite:
//! - `commit` answers `Ok` only when the whole batch survives a power cut. It is atomic: no reader and no restart ever
//!   sees a part of it.
//! - A commit that failed half-way stops the store. What reached the disk is then unknown, so nothing more is written and
//!   nothing unsure is shown until the store has been opened again.
//! - The journal has no holes. A record that does not continue it is refused; one that was changed, lost or moved later is
//!   reported by the walk that meets it.
//!
//! A journal may begin after a *base*: the last of the records that were dropped, of which only the number and the hash
//! are left. The first record there is carries that hash.
//!
//! This module never looks into a body or a value, never decides what to keep, and never repairs anything by itself.

use std::fmt;

use crate::domain::id::Sequence;

mod block;
mod copies;
mod draft;
mod error;
mod files;
mod journal;
mod layout;
mod log;
mod mark;
mod memory;
mod record;
mod repair;
mod sled;

pub use self::draft::Draft;
pub use self::error::{Error, Item};
pub use self::memory::MemoryStore;
pub use self::record::{ParseHashError, Record, RecordError, RecordHash};
pub use self::repair::{Repaired, repair};
pub use self::sled::SledStore;

/// The last record of a journal: its number and its hash.
pub type Head = (Sequence, RecordHash);

/// A walk over records, in order.
pub type Records<'a> = Box<dyn Iterator<Item = Result<Record, Error>> + Send + 'a>;

/// A row: its key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// A walk over the rows of a table, in the order of the keys' bytes.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, Error>> + Send + 'a>;

/// A walk over the keys of a table, in the order of their bytes.
pub type Keys<'a> = Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + Send + 'a>;

/// Longest key of a row in bytes: enough for an entity id with a prefix and a suffix, or for a hash in hexadecimal digits.
pub const KEY_LIMIT: usize = 64;

/// Largest body or value in bytes. A batch is held in memory a few times over while it is written; this keeps one value
/// from taking the daemon's memory, and is hundreds of times what the largest snapshot of one entity needs.
pub const VALUE_LIMIT: usize = 64 * 1024 * 1024;

/// Writes to a journal and its tables. There is one writer; everybody else asks for a [`reader`](Self::reader).
pub trait Store: Reader {
    /// Makes a batch durable: when this answers `Ok`, all of it is on the disk. An empty batch is a successful no-op.
    /// Of several changes to one row in one batch, the last counts.
    ///
    /// # Errors
    /// A batch that breaks a rule is *refused*: nothing of it was written and the store goes on
    /// ([`Error::NotNext`], [`Error::NotChained`], [`Error::Key`], [`Error::TooLarge`]). Any other error *stops* the
    /// store: what reached the disk is unknown, and every later commit and every later look at rows answers
    /// [`Error::Stopped`].
    fn commit(&mut self, batch: Batch) -> Result<(), Error>;

    /// Has an empty store begin after `base`, for good: the records up to that one are somewhere else.
    ///
    /// # Errors
    /// When it has records or a base ([`Error::NotNext`]), keeps no journal, or cannot write.
    fn begin_after(&mut self, _base: Head) -> Result<(), Error> {
        Err(Error::NotKept)
    }

    /// Whether rows are kept; where they are not, nobody has to make any.
    fn keeps_rows(&self) -> bool {
        true
    }

    /// A view of the same store for another thread, valid while the store is in use and after it was dropped. A store
    /// on a disk stays locked until its last reader is gone.
    fn reader(&self) -> Box<dyn Reader>;
}

/// Reads what is durable, from any thread, while the writer goes on. A reader may wait for the one commit that is being
/// synced, never for more than that; the walks read ahead a little and hold nothing up between two items.
pub trait Reader: Send + Sync {
    /// The last record, which is the [`base`](Self::base) while none came after it; `None` when the journal is empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last(&self) -> Result<Option<Head>, Error>;

    /// The last of the records that were dropped; `None` for a journal that has its first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn base(&self) -> Result<Option<Head>, Error> {
        Ok(None)
    }

    /// Walks the records from `from` on (0 means the first there is) to the one that was last when the walk began,
    /// checking each: its checksum, that its number follows, and that it carries the hash of the one before. The first
    /// failed check is an `Err` item and ends the walk. Beginning after the last record is an empty walk, and beginning
    /// with one that was dropped an [`Error::Dropped`].
    fn records(&self, from: Sequence) -> Records<'_>;

    /// The value of one row.
    ///
    /// # Errors
    /// When the store cannot be read, the row is damaged, or the store has stopped.
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// Walks a table in the order of its keys. Every row is durable when it is read, but the walk is no snapshot:
    /// commits that come while it goes on may show in the rows it has not reached yet. An error ends the walk.
    fn rows(&self, table: Table) -> Rows<'_>;

    /// Walks the keys of a table in their order, also those of rows that are damaged: [`row`](Self::row) tells which are.
    /// As with [`rows`](Self::rows), the walk is no snapshot.
    fn keys(&self, table: Table) -> Keys<'_> {
        Box::new(self.rows(table).map(|row| row.map(|(key, _)| key)))
    }

    /// What there is to know about a store besides what is in it.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn condition(&self) -> Result<Condition, Error> {
        Ok(Condition { size_bytes: self.size_bytes()?, format: None, mark: None, loose_parts: 0 })
    }

    /// The room the store takes, in bytes: on the disk, or in memory for one that lives there.
    ///
    /// # Errors
    /// When the size cannot be found out.
    fn size_bytes(&self) -> Result<u64, Error>;
}

/// What there is to know about a store besides what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The room it takes, in bytes.
    pub size_bytes: u64,
    /// The number of the layout on the disk; `None` in memory.
    pub format: Option<u32>,
    /// The last record that was acknowledged, by what is kept beside the store; `None` where nothing is, or where it
    /// cannot be read.
    pub mark: Option<Head>,
    /// Parts of large values that belong to none: they only take room.
    pub loose_parts: u64,
}

/// What is committed together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Records that continue the journal, in order.
    pub records: Vec<Record>,
    /// Changes of rows, in order.
    pub rows: Vec<RowChange>,
}

impl Batch {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.rows.is_empty()
    }

    /// Adds writing a row, whether it exists or not.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.rows.push(RowChange::Put { table, key: key.into(), value: value.into() });
    }

    /// Adds removing a row, whether it exists or not.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.rows.push(RowChange::Delete { table, key: key.into() });
    }
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// Write the row, replacing what was there.
    Put {
        /// Where.
        table: Table,
        /// Up to [`KEY_LIMIT`] bytes, at least one.
        key: Vec<u8>,
        /// Up to [`VALUE_LIMIT`] bytes.
        value: Vec<u8>,
    },
    /// Remove the row if it is there.
    Delete {
        /// Where.
        table: Table,
        /// Up to [`KEY_LIMIT`] bytes, at least one.
        key: Vec<u8>,
    },
}

/// The tables. The numbers are on the disk: a new table takes a new one, and none is ever given away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Single facts: where the snapshots stand, which chart is in force.
    Meta = 1,
    /// Snapshots of instructions that are not finished.
    Instruction = 2,
    /// Snapshots of tasks that are not finished.
    Task = 3,
    /// Finished instructions and tasks in full.
    Archive = 4,
    /// Idempotency keys already seen.
    Key = 5,
    /// What is kept in memory of finished instructions and their tasks.
    Finished = 6,
    /// What the records up to the base came to.
    Base = 7,
}

impl Table {
    /// Every table, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Meta, Self::Instruction, Self::Task, Self::Archive, Self::Key, Self::Finished, Self::Base];

    /// The table of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Instruction => "instruction",
            Self::Task => "task",
            Self::Archive => "archive",
            Self::Key => "key",
            Self::Finished => "finished",
            Self::Base => "base",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
