//! Copies of what sled has in a directory, and which of it can be left out.
//!
//! Nothing here looks into a file.

use std::fs;
use std::io;
use std::path::Path;

/// Copies what sled reads into a new directory.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    remove_copy(to)?;
    fs::create_dir(to)?;
    copy_files(from, to, |name| name == "db" || name == "conf" || is_snapshot(name))
}

/// Copies what everything else can be made from again: the log, how it is laid out, and the mark.
pub(super) fn copy_without_snapshots(from: &Path, to: &Path) -> io::Result<()> {
    // The mark of a store that is in use has to be copied first, and this is how it is done everywhere.
    ["head", "conf", "db"].iter().try_for_each(|wanted| copy_files(from, to, |name| name == *wanted))
}

/// sled's snapshots in a directory, by their names.
pub(super) fn snapshots(directory: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.filter(|name| name.as_ref().map_or(true, |name| is_snapshot(name))).collect()
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("snap.")
}

fn copy_files(from: &Path, to: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_wanted(&name.to_string_lossy()) {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Removes a copy, or what a killed process left of one.
pub(super) fn remove_copy(copy: &Path) -> io::Result<()> {
    match fs::remove_dir_all(copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
