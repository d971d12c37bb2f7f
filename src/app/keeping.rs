//! What is done to the ledger of a directory on which no daemon runs: filled from a journal, built anew, repaired.
//!
//! Each of them makes a store beside the ledger, and that takes its place in one step when it is whole. Whatever happens
//! before that leaves the directory as it was.

mod prune;

use std::fs;
use std::io;
use std::path::Path;

pub use self::prune::{Pruning, Ready};
use super::{DirectoryLock, LEDGER, lock_directory, open_store};
use crate::domain::id::Sequence;
use crate::ledger::{self, Base, BaseRow, Build, Built, Ledger, digest};
use crate::store::{self, Draft, Head, Reader, Record, Repaired, SledStore};

/// What may be in a directory that a journal is taken into, besides folders of damaged ledgers that were put aside: what a
/// command leaves that only looks, and what workers left of an organisation whose ledger is lost.
const OWN_NAMES: [&str; 4] = ["lock", "socket", "instructions", "ledger.new"];

/// How the names of ledgers begin that were put aside.
const PUT_ASIDE: &str = "ledger.damaged";

/// Why nothing came of it. Everything is as it was then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be had.
    #[error(transparent)]
    App(#[from] super::Error),
    /// A record cannot be read, or the store cannot be written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A journal can only be taken into a directory without one.
    #[error(
        "{directory} is not empty: `{name}` is in it; name an empty or a new directory with --data-dir; a \
         ledger that is to be replaced is put aside as `ledger.damaged`"
    )]
    NotEmpty {
        /// The directory.
        directory: String,
        /// What is in it.
        name: String,
    },
    /// Events are only dropped from a store that is whole.
    #[error(
        "the store has faults ({0}), and nothing is dropped from one that is not whole; `echelon store check` names each \
         and what helps"
    )]
    Faults(u64),
    /// What was built is not what it was built from, which is a fault of this program.
    #[error("what was built {0}, which is a fault of this program; nothing was changed; please report it")]
    Different(&'static str),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// A directory that is being filled from a journal.
pub struct Filling {
    // Dropped in this order: what is in a directory goes before the directory.
    build: Build,
    draft: Draft,
    room: Room,
}

impl Filling {
    /// Begins to fill a directory, which is made if it is missing. `base` is the last of the events that were dropped from
    /// the journal, whose rows come first.
    ///
    /// # Errors
    /// When something is in it, or it cannot be used.
    pub fn begin(data_dir: &Path, base: Option<Head>) -> Result<Self, Error> {
        let room = Room::enter(data_dir)?;
        let draft = Draft::begin(&data_dir.join(LEDGER))?;
        let build = begin(&draft, base)?;
        Ok(Self { build, draft, room })
    }

    /// Takes a row of what dropped events came to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take_row(&mut self, row: BaseRow) -> Result<(), Error> {
        Ok(self.build.take_row(row)?)
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// When it does not follow, cannot be read, or cannot be written.
    pub fn take(&mut self, record: Record) -> Result<(), Error> {
        Ok(self.build.take(record)?)
    }

    /// All records were taken: from now on the directory has them.
    ///
    /// # Errors
    /// When the store cannot be written, or does not open to what was put into it.
    pub fn publish(mut self) -> Result<Built, Error> {
        let built = self.build.finish()?;
        opens_to(&self.draft, &built)?;
        self.draft.publish()?;
        self.room.is_used = true;
        Ok(built)
    }
}

/// A directory that nobody else may fill.
struct Room {
    directory: std::path::PathBuf,
    was_missing: bool,
    is_used: bool,
    _lock: DirectoryLock,
}

impl Room {
    fn enter(data_dir: &Path) -> Result<Self, Error> {
        let was_missing = !data_dir.exists();
        if !was_missing {
            is_empty(data_dir)?;
        }
        let lock = lock_directory(data_dir)?;
        Ok(Self { directory: data_dir.to_owned(), was_missing, is_used: false, _lock: lock })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.was_missing && !self.is_used {
            // As it was; what cannot be removed is empty.
            let _ = fs::remove_file(self.directory.join("lock"));
            let _ = fs::remove_dir(&self.directory);
        }
    }
}

fn is_empty(data_dir: &Path) -> Result<(), Error> {
    let failed = |error: io::Error| super::Error::Directory { path: data_dir.to_owned(), error };
    for entry in fs::read_dir(data_dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !OWN_NAMES.contains(&name.as_str()) && !name.starts_with(PUT_ASIDE) {
            return Err(Error::NotEmpty { directory: data_dir.display().to_string(), name });
        }
    }
    Ok(())
}

/// What was built anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rebuilt {
    /// What it gives.
    pub built: Built,
    /// The room the store took before, in bytes.
    pub bytes_before: u64,
    /// The room it takes now, in bytes.
    pub bytes_after: u64,
}

/// Makes a store from the journal of a directory alone, rows and all, and puts it in the place of the one that is there.
/// `go_on` is asked between records.
///
/// # Errors
/// When the journal is damaged, there is no room for a second store, or `go_on` says no.
pub fn rebuild<E: From<Error>>(data_dir: &Path, go_on: impl FnMut() -> Result<(), E>) -> Result<Rebuilt, E> {
    let lock = lock_directory(data_dir).map_err(Error::from)?;
    let store = open_store(&lock, data_dir).map_err(Error::from)?;
    let draft = Draft::begin(&data_dir.join(LEDGER)).map_err(Error::from)?;
    let base = Base::read(&store).map_err(Error::from)?;
    let build = build(&store, base.as_ref(), &draft, go_on)?;
    Ok(put_in_place(store, build, draft, None)?)
}

/// Makes a store from what is in another one after a base.
fn build<E: From<Error>>(
    from: &dyn Reader,
    base: Option<&Base>,
    draft: &Draft,
    mut go_on: impl FnMut() -> Result<(), E>,
) -> Result<Build, E> {
    let mut build = begin(draft, base.map(Base::head))?;
    for row in base.iter().flat_map(|base| base.rows(from)) {
        go_on()?;
        build.take_row(row.map_err(Error::from)?).map_err(Error::from)?;
    }
    let first = base.map_or(Sequence(0), |base| base.head().0.next());
    for record in from.records(first) {
        go_on()?;
        build.take(record.map_err(Error::from)?).map_err(Error::from)?;
    }
    Ok(build)
}

fn begin(draft: &Draft, base: Option<Head>) -> Result<Build, Error> {
    let fresh = Box::new(SledStore::open(draft.directory())?);
    Ok(match base {
        Some(base) => Build::begin_after(fresh, base)?,
        None => Build::begin(fresh)?,
    })
}

fn put_in_place(store: SledStore, build: Build, draft: Draft, digest: Option<[u8; 32]>) -> Result<Rebuilt, Error> {
    let built = build.finish()?;
    if built.head != store.last()? {
        return Err(Error::Different("has another journal"));
    }
    if digest.is_some_and(|digest| digest != built.digest) {
        return Err(Error::Different("gives another state"));
    }
    let bytes_before = store.size_bytes()?;
    let bytes_after = opens_to(&draft, &built)?;
    // It writes to its path as long as it lives.
    drop(store);
    draft.replace(None)?;
    Ok(Rebuilt { built, bytes_before, bytes_after })
}

/// Opens what was built as a daemon would, and makes sure that it is what it was built from. The answer is its size.
fn opens_to(draft: &Draft, built: &Built) -> Result<u64, Error> {
    let (ledger, recovered) = Ledger::open(Box::new(SledStore::open(draft.directory())?))?;
    if ledger.head() != built.head {
        return Err(Error::Different("opens to another journal"));
    }
    if digest(ledger.state()) != built.digest || recovered.replayed > 0 {
        return Err(Error::Different("opens to another state"));
    }
    Ok(ledger.reader().size_bytes()?)
}

/// Repairs the store of a directory; `None` when there is nothing to repair.
///
/// # Errors
/// When its log is damaged.
pub fn repair(data_dir: &Path) -> Result<Option<Repaired>, Error> {
    let _lock = lock_directory(data_dir)?;
    Ok(store::repair(&data_dir.join(LEDGER))?)
}
