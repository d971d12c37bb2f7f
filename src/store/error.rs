//! What can go wrong with a store, and what it is about.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::domain::id::Sequence;

use super::{KEY_LIMIT, RecordError, Table, VALUE_LIMIT};

/// What a value belongs to, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A record of the journal.
    Record(Sequence),
    /// A row.
    Row(Table, Vec<u8>),
}

impl Item {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Record(_) | Self::Row(Table::Base, _) => "restore the last backup with `echelon store restore FILE`",
            Self::Row(..) => "write the rows anew from the journal with `echelon store rebuild-snapshots`",
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(sequence) => write!(f, "record {sequence}"),
            Self::Row(table, key) => write!(f, "row `{}` of table {table}", key.escape_ascii()),
        }
    }
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process, or another handle in this one, has the directory.
    #[error("the store in {} is in use by another process; stop that one first, or choose another data directory", .directory.display())]
    InUse {
        /// The directory of the store.
        directory: PathBuf,
    },

    /// The directory was written by a later version of this program.
    #[error("the store in {} has format {found}, this program knows formats up to {known}; use the newer program that wrote it", .directory.display())]
    Newer {
        /// The directory of the store.
        directory: PathBuf,
        /// The format on the disk.
        found: u32,
        /// The newest format this program reads and writes.
        known: u32,
    },

    /// The directory holds a database, but not one of ours.
    #[error("the database in {} was not made by this program; choose another data directory", .directory.display())]
    Foreign {
        /// The directory that was asked for.
        directory: PathBuf,
    },

    /// The database cannot be opened as it is. Nothing in the directory was repaired or removed. Without its snapshots the
    /// database reads its whole log and drops what follows a damaged place; [`Error::CutShort`] or the walk reports that.
    #[error(
        "the database in {} is damaged ({detail}); nothing was changed; `echelon store repair` makes a copy without the files \
         whose names begin with `snap`, which only save time, and takes the copy if its journal is whole; if it is not, \
         restore the last backup with `echelon store restore FILE`",
        .directory.display()
    )]
    Damaged {
        /// The directory of the store.
        directory: PathBuf,
        /// What the database engine reported.
        detail: String,
    },

    /// The database cannot be opened, and not without its snapshots either: its log is damaged, too.
    #[error(
        "the log of the database in {} is damaged ({detail}); nothing was changed; keep a copy of the directory, and restore \
         the last backup with `echelon store restore FILE`",
        .directory.display()
    )]
    LogDamaged {
        /// The directory of the store.
        directory: PathBuf,
        /// What the database engine reported.
        detail: String,
    },

    /// The journal ends before the last record that was acknowledged: the database's log is damaged, was cut off, or is an
    /// older one. Nothing in the directory was repaired or removed.
    #[error(
        "the journal in {} ends at record {last}, but records up to {acknowledged} were acknowledged: {} of them cannot be \
         read, because the log of the database is damaged or was cut off; nothing was repaired or removed; copy the whole \
         directory and keep the copy, then restore the last backup with `echelon store restore FILE`",
        .directory.display(), .acknowledged.0.saturating_sub(.last.0)
    )]
    CutShort {
        /// The directory of the store.
        directory: PathBuf,
        /// The last record that can be read, 0 if there is none.
        last: Sequence,
        /// The last record of which it was said that it is on the disk.
        acknowledged: Sequence,
    },

    /// Refused: the record's number does not follow the last one.
    #[error("record {found} does not continue the journal, {expected} is next; reload the end of the journal first")]
    NotNext {
        /// The number that would have been right.
        expected: Sequence,
        /// The number the record has.
        found: Sequence,
    },

    /// Refused: the record does not carry the hash of the one before it.
    #[error("record {sequence} does not carry the hash of the record before it; reload the end of the journal first")]
    NotChained {
        /// The refused record.
        sequence: Sequence,
    },

    /// Refused: a row needs a key, and a short one.
    #[error("a key of {bytes} bytes in table {table}; keys have 1 to {KEY_LIMIT} bytes")]
    Key {
        /// The table of the row.
        table: Table,
        /// The length of the key.
        bytes: usize,
    },

    /// Refused: one body or value beyond [`VALUE_LIMIT`].
    #[error(
        "{item} has {bytes} bytes, more than the limit of {VALUE_LIMIT}; keep large things in files and store where they are"
    )]
    TooLarge {
        /// What is too large.
        item: Item,
        /// Its size.
        bytes: usize,
    },

    /// Records up to here are not kept any more.
    #[error(
        "events up to {until} were exported and dropped (`echelon store prune`); begin with event {}, or import the file they \
         were exported to into a directory of its own and look there", .until.next()
    )]
    Dropped {
        /// The last that was dropped.
        until: Sequence,
    },

    /// A record that should be there is not.
    #[error(
        "the journal has a gap: record {expected} is missing; stop the daemon and restore the last backup with `echelon store restore FILE`"
    )]
    Gap {
        /// The missing record.
        expected: Sequence,
    },

    /// A record that does not carry the hash of the one before it, or a last record that is not the one last written.
    #[error(
        "the journal was changed at record {sequence}: the hashes do not fit together; stop the daemon and restore the last backup with `echelon store restore FILE`"
    )]
    BrokenChain {
        /// The record whose link does not hold.
        sequence: Sequence,
    },

    /// A record that cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),

    /// A large value was stored in parts and not all of them are there as they were written.
    #[error("{item} is incomplete: {detail}; stop the daemon and {}", .item.remedy())]
    Incomplete {
        /// What cannot be put together.
        item: Item,
        /// Which part is missing or wrong.
        detail: String,
    },

    /// The journal was not kept: see [`MemoryStore::without_journal`](super::MemoryStore::without_journal).
    #[error("this store keeps no journal; use one that does to read records back")]
    NotKept,

    /// A commit failed before, and what reached the disk is unknown.
    #[error("the store stopped after a failed commit; start the daemon again to go on from what is on the disk")]
    Stopped,

    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried: "open", "sync".
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// The database engine refused something.
    #[error("the database cannot {action}: {detail}; check the disk, then start again")]
    Engine {
        /// What was tried: "read", "write".
        action: &'static str,
        /// What the engine reported.
        detail: String,
    },
}
