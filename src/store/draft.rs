//! A store that is made beside its place, and takes it in one step when it is whole.
//!
//! ```text
//!   begin ──▶ ledger.new ── whatever it takes to fill it ──▶ publish:  ledger.new becomes ledger, which was not there
//!                                                      └──▶ replace:  ledger.new and ledger change places
//! ```
//!
//! Until then nobody sees it, and what is in its place is not touched. A draft that comes to nothing is removed; one that a
//! killed process left is removed by the next.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::files::{self, io_error};

/// A place for a store that is being made.
#[derive(Debug)]
pub struct Draft {
    target: PathBuf,
    place: PathBuf,
    /// Whether what is at the place is what was made there.
    is_ours: bool,
}

impl Draft {
    /// Begins an empty one for a directory, beside it. Only one at a time may be made for the same: whoever has the lock
    /// of the folder around it makes it.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn begin(target: &Path) -> Result<Self, Error> {
        let place = files::beside(target, ".new");
        files::remove(&place)?;
        fs::DirBuilder::new().mode(0o700).create(&place).map_err(io_error("make", &place))?;
        Ok(Self { target: target.to_owned(), place, is_ours: true })
    }

    /// Where to make the store. It has to be closed before the draft is of use.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.place
    }

    /// Gives the store its place, where nothing may be yet.
    ///
    /// # Errors
    /// When something is there, or the disk refuses: the draft is removed then.
    pub fn publish(mut self) -> Result<(), Error> {
        let _lock = self.settle()?;
        files::publish(&self.place, &self.target)?;
        self.is_ours = false;
        Ok(())
    }

    /// Has the store take the place of the one that is there, which is removed, or kept as the path that is answered: that
    /// of the target with `kept_as` and, where that is taken, a number added.
    ///
    /// # Errors
    /// When the disk refuses, or the file system cannot exchange two directories: what was there is there still.
    pub fn replace(mut self, kept_as: Option<&str>) -> Result<Option<PathBuf>, Error> {
        let _lock = self.settle()?;
        // Whoever had it last may still be writing to its path.
        let _replaced = files::lock(&self.target, &self.target.join("db"))?;
        files::exchange(&self.place, &self.target)?;
        self.is_ours = false;
        let Some(suffix) = kept_as else {
            // What is here now was replaced.
            return files::remove(&self.place).map(|()| None);
        };
        let numbers = (2..).map(|number| format!("{suffix}-{number}"));
        let names = std::iter::once(suffix.to_owned()).chain(numbers);
        let free = names.map(|name| files::beside(&self.target, &name)).find(|path| !path.exists());
        let kept = free.unwrap_or_else(|| files::beside(&self.target, suffix));
        files::publish(&self.place, &kept)?;
        Ok(Some(kept))
    }

    /// Waits until whoever filled it has let go of it, and the disk has all of it.
    fn settle(&self) -> Result<File, Error> {
        let lock = files::lock(&self.place, &self.place.join("db"))?;
        files::sync_all(&self.place)?;
        Ok(lock)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        // Whoever was filling it may still be writing to it for a moment.
        let _lock = files::lock(&self.place, &self.place.join("db"));
        if let Err(error) = files::remove(&self.place) {
            tracing::warn!(place = %self.place.display(), %error, "what was made for nothing cannot be removed");
        }
    }
}
