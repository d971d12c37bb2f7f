//! A store whose engine cannot be opened any more although its log has everything: the snapshots of the engine, which only
//! save it time, are damaged.
//!
//! Everything happens on a copy. It takes the place of the store only when its whole journal was read, and goes as far as
//! the last record that was acknowledged. A damaged log is not repaired here, or anywhere: nothing knows what it has lost.

use std::path::{Path, PathBuf};

use crate::domain::id::Sequence;

use super::files::{self, io_error};
use super::mark::Mark;
use super::{Draft, Error, Head, Reader, SledStore, Store as _, Table, copies};

/// What a store that was damaged is kept as: the name of its directory and this.
const KEPT_AS: &str = ".damaged";

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// Where the store is kept as it was found.
    pub kept: PathBuf,
    /// The files that were left out.
    pub left_out: Vec<String>,
    /// The end of the journal.
    pub last: Option<Head>,
    /// The last record that was acknowledged, as far as that is known: without it, nothing tells whether the log was cut
    /// off cleanly at its end.
    pub acknowledged: Option<Sequence>,
    /// Rows that cannot be read; they can be made from the journal.
    pub damaged_rows: u64,
}

/// Repairs the store in `directory`, which nobody may be using; `None` when there is nothing to repair.
///
/// # Errors
/// When the log is damaged, too, or there is no room for a copy: nothing was changed then.
pub fn repair(directory: &Path) -> Result<Option<Repaired>, Error> {
    match SledStore::open(directory) {
        Ok(_) => return Ok(None),
        Err(Error::Damaged { .. }) => {}
        Err(other) => return Err(other),
    }
    let lock = files::lock(directory, &directory.join("db"))?;
    let left_out = copies::snapshots(directory).map_err(io_error("read", directory))?;
    let draft = Draft::begin(directory)?;
    let copied = copies::copy_without_snapshots(directory, draft.directory());
    copied.map_err(io_error("copy the log to", draft.directory()))?;
    let checked = read_through(draft.directory());
    let (last, damaged_rows) = checked.map_err(|error| in_the_place_of(error, directory))?;
    let acknowledged = Mark::read(directory).head().map(|(sequence, _)| sequence);
    drop(lock);
    let kept = draft.replace(Some(KEPT_AS))?.unwrap_or_default();
    Ok(Some(Repaired { kept, left_out, last, acknowledged, damaged_rows }))
}

/// Reads all of a store: the end of its journal, which is whole and goes as far as its mark, and how many rows are damaged.
fn read_through(directory: &Path) -> Result<(Option<Head>, u64), Error> {
    let store = SledStore::open(directory)?;
    let reader = store.reader();
    reader.records(Sequence(0)).try_for_each(|record| record.map(drop))?;
    let mut damaged = 0;
    for table in Table::ALL {
        for key in reader.keys(table) {
            match reader.row(table, &key?) {
                Err(Error::Incomplete { .. }) => damaged += 1,
                read => drop(read?),
            }
        }
    }
    Ok((store.last()?, damaged))
}

/// The error with the directory that the copy was made of.
fn in_the_place_of(error: Error, directory: &Path) -> Error {
    let directory = directory.to_owned();
    match error {
        Error::CutShort { last, acknowledged, .. } => Error::CutShort { directory, last, acknowledged },
        Error::Damaged { detail, .. } => Error::LogDamaged { directory, detail },
        other => other,
    }
}
