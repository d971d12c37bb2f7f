//! Files and folders as a store needs them: locked, synced, and put in place in one step.
//!
//! Nothing here knows what is in them.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Error;

/// How often opening is tried while the lock of the previous owner may still be on its way out: a process that was just
/// killed, or a handle whose last reader was just dropped. Together with the pause half a second, after which it is in use.
pub(super) const OPEN_ATTEMPTS: u32 = 11;

/// The pause between two attempts to open.
pub(super) const OPEN_PAUSE: Duration = Duration::from_millis(50);

/// Takes the lock sled will take, giving the previous owner's a moment to go away: nobody writes to what is looked through.
pub(super) fn lock(directory: &Path, log_path: &Path) -> Result<File, Error> {
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

/// Waits until the disk has a file or the entries of a directory.
pub(super) fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error("sync", path))
}

/// Waits until the disk has a directory with everything below it.
pub(super) fn sync_all(directory: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(io_error("read", directory))? {
        let path = entry.map_err(io_error("read", directory))?.path();
        if path.is_dir() { sync_all(&path)? } else { sync(&path)? }
    }
    sync(directory)
}

/// Gives a directory its name, which nobody may have yet.
pub(super) fn publish(from: &Path, to: &Path) -> Result<(), Error> {
    rename(from, to, RenameFlags::NOREPLACE, "give its name to")
}

/// Has two directories take each other's place, both or none, whenever the machine stops.
pub(super) fn exchange(one: &Path, other: &Path) -> Result<(), Error> {
    rename(one, other, RenameFlags::EXCHANGE, "put what was made in the place of")
}

fn rename(from: &Path, to: &Path, flags: RenameFlags, action: &'static str) -> Result<(), Error> {
    renameat_with(CWD, from, CWD, to, flags).map_err(|error| io_error(action, to)(error.into()))?;
    to.parent().map_or(Ok(()), sync)
}

/// Removes a directory, if it is there.
pub(super) fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", directory)(error)),
        _ => Ok(()),
    }
}

/// The path with something added to its last part.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

pub(super) fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path: path.clone(), source }
}
