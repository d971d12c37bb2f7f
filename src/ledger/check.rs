//! A check of a whole store: every record, every row, and whether the rows are what the journal gives.
//!
//! ```text
//!   rows, read once, as fingerprints ──┐
//!                                      ├──▶ compared at the event that the snapshots stand at ──▶ faults
//!   records, to the end, replayed ─────┘
//! ```
//!
//! The journal goes on while this looks: rows are read first, and the journal is walked up to what is its end by then.
//! Nothing is changed, and no fault keeps the others from being found.

mod journal;
mod rows;

use std::fmt;

use super::Error;
use super::snapshot::digest;
use crate::domain::id::Sequence;
use crate::store::{Condition, Head, Reader, Table};

use self::journal::Walked;
use self::rows::Seen;

/// Faults that are told one by one; of one place that is damaged there may be as many as there are rows, and the first
/// hundred say where to look.
const FAULTS_LIMIT: usize = 100;

/// What a check has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// The end of the journal that was looked at.
    pub head: Option<Head>,
    /// The last of the records that were dropped; `None` for a journal that has its first.
    pub base: Option<Head>,
    /// Records that are whole.
    pub records: u64,
    /// What there is to know about the store besides.
    pub condition: Condition,
    /// How many rows there are, by table.
    pub rows: Vec<(Table, u64)>,
    /// The event that the snapshots stand at; `None` where there are none that this program uses.
    pub snapshot: Option<Sequence>,
    /// Whether the rows could be compared with what the journal gives.
    pub rows_compared: bool,
    /// What [`digest`](super::digest) says of the state that the journal gives; `None` when it gives none.
    pub digest: Option<[u8; 32]>,
    /// What is wrong, in the order in which it was found, and not more than is of use.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub unlisted: u64,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where: "record 7", "row `…` of table task".
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What helps.
    pub remedy: Remedy,
}

/// What helps against a fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Remedy {
    /// Nothing that is left can tell what was there: the last backup.
    Restore,
    /// The journal has what is needed to write the rows anew.
    RebuildRows,
    /// A newer program wrote it.
    NewerProgram,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restore => "restore_backup",
            Self::RebuildRows => "rebuild_snapshots",
            Self::NewerProgram => "use_newer_program",
        })
    }
}

/// Looks through all of a store.
///
/// # Errors
/// When it cannot be read at all; what is wrong with what can be read is in the answer.
pub fn check(reader: &dyn Reader) -> Result<Checked, Error> {
    let begun = reader.last()?;
    let condition = reader.condition()?;
    let mut faults = Faults::default();
    let seen = Seen::read(reader, &mut faults)?;
    let head = reader.last()?;
    let walked = Walked::walk(reader, head, condition.mark, seen.snapshot, &mut faults)?;
    let rows_compared = walked.is_whole() && seen.is_steady;
    if rows_compared {
        let begun = begun.map_or(Sequence(0), |(sequence, _)| sequence);
        seen.compare(&walked.expected, begun, &mut faults);
    }
    Ok(Checked {
        head,
        base: reader.base()?,
        records: walked.records,
        condition,
        rows: seen.counts(),
        snapshot: seen.snapshot,
        rows_compared,
        digest: walked.is_whole().then(|| digest(&walked.state)),
        faults: faults.listed,
        unlisted: faults.unlisted,
    })
}

/// Faults as they are found.
#[derive(Default)]
struct Faults {
    listed: Vec<Fault>,
    unlisted: u64,
}

impl Faults {
    fn add(&mut self, place: impl fmt::Display, what: impl Into<String>, remedy: Remedy) {
        if self.listed.len() < FAULTS_LIMIT {
            self.listed.push(Fault { place: place.to_string(), what: what.into(), remedy });
        } else {
            self.unlisted += 1;
        }
    }
}
