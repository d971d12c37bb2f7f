//! The mark: the last acknowledged record, kept beside the database in the file `head`.
//!
//! A database that cuts off the end of its own log takes the `head` row inside it along, and the journal looks whole. The
//! mark is what still knows. It is one write at the beginning of a small file:
//!
//! ```text
//!   format (1) · sequence (8, big-endian) · hash of the record (32) · checksum (8)
//! ```
//!
//! It is written when the disk already has the commit, and it is not synced itself. A process that is killed loses nothing
//! of it, as the kernel has it. A power cut may leave an older mark, none, or an unreadable one, but never one that is
//! newer than the journal: what it names was on the disk before it was written. So a mark beyond the end of the journal
//! always means that acknowledged records are gone, and an older one means nothing. Who copies the directory of a
//! running store has to copy `head` before `db`.
//!
//! This module never looks into the database.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::domain::id::Sequence;

use super::{Head, RecordHash, layout};

/// The layout described above. Another layout takes another number.
const FORMAT: u8 = 1;

const CHECKSUM_BYTES: usize = 8;
const MARK_BYTES: usize = 1 + 8 + 32 + CHECKSUM_BYTES;

/// The mark of one directory, for its writer.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    /// Opened by the first write: a store that only reads changes nothing.
    file: Option<File>,
    /// What the file holds, if that is known.
    written: Option<Head>,
    /// Whether it was said that the file cannot be written.
    complained: bool,
}

impl Mark {
    /// Reads the mark of a directory. One that is not there or cannot be read is no mark; the next commit writes it anew.
    pub(super) fn read(directory: &Path) -> Self {
        let path = directory.join("head");
        let written = match fs::read(&path) {
            Ok(bytes) => {
                let head = decode(&bytes);
                if head.is_none() {
                    tracing::warn!(path = %path.display(), "the mark of the last record is unreadable and is not used");
                }
                head
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the mark of the last record cannot be read and is not used");
                None
            }
        };
        Self { path, file: None, written, complained: false }
    }

    /// What the file holds.
    pub(super) fn head(&self) -> Option<Head> {
        self.written
    }

    /// Writes what the disk has by now. A failure costs only the mark, not the commit it is written for: the first one is
    /// logged, and the next commit tries again.
    pub(super) fn write(&mut self, head: Head) {
        if self.written == Some(head) {
            return;
        }
        self.written = match self.try_write(head) {
            Ok(()) => {
                self.complained = false;
                Some(head)
            }
            Err(error) => {
                if !self.complained {
                    tracing::warn!(
                        path = %self.path.display(), %error,
                        "the mark of the last record cannot be written: everything is kept, but a log that loses its end \
                         is not noticed; make the file writable"
                    );
                }
                self.complained = true;
                None
            }
        };
    }

    fn try_write(&mut self, head: Head) -> io::Result<()> {
        if self.file.is_none() {
            let file = File::options().write(true).create(true).truncate(false).open(&self.path)?;
            // What is unreadable may be longer.
            file.set_len(MARK_BYTES as u64)?;
            self.file = Some(file);
        }
        self.file.as_ref().map_or(Ok(()), |file| file.write_all_at(&encode(head), 0))
    }
}

fn encode((sequence, hash): Head) -> Vec<u8> {
    let content = [&[FORMAT][..], &sequence.0.to_be_bytes(), &hash.0].concat();
    let checksum = layout::checksum(&content);
    [&content[..], &checksum].concat()
}

fn decode(bytes: &[u8]) -> Option<Head> {
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    let (&FORMAT, rest) = content.split_first()? else { return None };
    let (sequence, hash) = rest.split_first_chunk()?;
    let head = (Sequence(u64::from_be_bytes(*sequence)), RecordHash(hash.try_into().ok()?));
    (layout::checksum(content) == *checksum).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_round_trips_and_every_flipped_bit_is_noticed() {
        let head = (Sequence(7), RecordHash([0xab; 32]));
        let bytes = encode(head);
        assert_eq!(bytes.len(), MARK_BYTES);
        assert_eq!(decode(&bytes), Some(head));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(decode(&[&bytes[..], &[0]].concat()), None);
    }
}
