//! A file that is there whole or not at all, and never in the place of another.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::exit::{Exit, Failure};

/// A file that is being written, beside its name. Dropped before it is published, nothing is left of it.
pub(super) struct NewFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    is_published: bool,
}

impl NewFile {
    /// Begins a file for this user's eyes.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            let message = format!("`{}` is a directory", path.display());
            return Err(Failure::new(Exit::Usage, message, "name a file in it that does not exist yet"));
        };
        // `symlink_metadata`: a link to nowhere is there, too.
        if path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
        let partial = path.with_file_name(partial);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&partial);
        let file = file.map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), partial, file: BufWriter::new(file), is_published: false })
    }

    /// Adds a line.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Waits until the disk has all of it, and answers a way to read it back.
    pub(super) fn finish(&mut self) -> Result<impl BufRead + use<>, Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let read = synced.and_then(|()| File::open(&self.partial));
        read.map(BufReader::new).map_err(|error| unwritable(&self.path, &error))
    }

    /// Gives it its name.
    pub(super) fn publish(mut self) -> Result<(), Failure> {
        drop(self.finish()?);
        match renameat_with(CWD, &self.partial, CWD, &self.path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(exists(&self.path)),
            // Some file systems of other machines know no such rename; there the moment in between has to do.
            Err(Errno::INVAL | Errno::NOSYS) if self.path.symlink_metadata().is_err() => {
                fs::rename(&self.partial, &self.path).map_err(|error| unwritable(&self.path, &error))?;
            }
            Err(error) => return Err(unwritable(&self.path, &error.into())),
        }
        self.is_published = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| unwritable(&self.path, &error))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed has a name that says what it is.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("`{}` exists already and is not written over", path.display()),
        "name another file",
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Failure::new(Exit::Failed, message, "nothing is left of it; make room, or name another place, and try again")
}
