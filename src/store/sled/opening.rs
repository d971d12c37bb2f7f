//! Opening sled's files: the look through the log before sled changes it, and what sled says about them.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use sled::Db;

use crate::domain::id::Sequence;

use super::shared::Shared;
use crate::store::files::{OPEN_ATTEMPTS, OPEN_PAUSE, io_error};
use crate::store::{Error, Head, copies};

/// What sled may keep of its pages in memory. The journal is written once and read in order, and the rows that matter are
/// in the actors' memory, so the cache serves only the inner nodes and the newest leaves; more buys nothing measurable.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Opens a copy of a log that does not look right and reads its whole journal. What sled leaves out is missing there, and
/// the log itself is left as it is.
pub(super) fn rehearse(directory: &Path, mark: Option<Head>) -> Result<(), Error> {
    tracing::warn!(directory = %directory.display(), "the log does not end as it should; a copy of it is opened first");
    let copy = directory.join("trial");
    let rehearsed =
        copies::copy(directory, &copy).map_err(io_error("copy the log for a trial to", &copy)).and_then(|()| {
            let db = open_database(&copy, directory)?;
            let log = File::open(copy.join("db")).map_err(io_error("open", &copy))?;
            let shared = Shared::load(db, directory, &log, mark)?;
            guarded(directory, || shared.walk(Sequence(0), shared.head()).try_for_each(|record| record.map(drop)))
        });
    copies::remove_copy(&copy).map_err(io_error("remove", &copy))?;
    rehearsed
}

/// sled panics over some damage.
pub(super) fn guarded<T>(directory: &Path, action: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let damaged = |_| Error::Damaged { directory: directory.to_owned(), detail: "its log cannot be read".to_owned() };
    catch_unwind(AssertUnwindSafe(action)).map_err(damaged).flatten()
}

/// Opens sled, giving the previous owner's lock a moment to go away. Errors name the store's `directory`, wherever sled's
/// files are.
pub(super) fn open_database(files: &Path, directory: &Path) -> Result<Db, Error> {
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
