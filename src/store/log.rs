//! Looks through sled's log before sled does, because sled changes it when it opens it.
//!
//! What sled 0.34 does with a log in which a byte was changed after its last snapshot (seen by changing bytes): it reads up
//! to the bad message, overwrites the rest of that segment and every later one with zeros, cuts the file, and goes on as if
//! the log had always ended there; or it skips the rest of the segment; or it panics, the end already overwritten. So a log
//! that does not look as sled leaves it, also when it was killed, is opened as a copy first, and the log itself only if
//! everything that was acknowledged came back from the copy.
//!
//! The layout, numbers little-endian; a segment has 512 KiB, a place in the log (*lsn*) counts on from segment to segment
//! while the segments lie anywhere in the file:
//!
//! ```text
//!   segment   crc (4) · lsn ^ MASK (8) · stable lsn ^ MASK (8) · messages
//!   message   crc (4) · kind (1) · length (1 to 9) · number of the segment (1 to 9) · page (1 to 9) · body
//! ```
//!
//! A log wrongly taken for damaged costs a copy; one wrongly taken for whole may be cut by sled, and then the mark
//! (`mark.rs`) still tells. This module never writes anything.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SEGMENT: usize = 512 * 1024;
const HEADER: usize = 20;
const MASK: i64 = i64::MAX;

/// No message begins where less than this is left of a segment.
const LONGEST_MESSAGE_HEADER: usize = 32;

const CAP: u8 = 2;
const BATCH: u8 = 3;
const LAST_KIND: u8 = 11;

/// Whether sled will find everything in the log that was written to it. Only what came after the newest snapshot is looked
/// at, as sled looks at no more.
pub(super) fn is_whole(directory: &Path, log: &File) -> io::Result<bool> {
    let from = segment_of(newest_snapshot(directory)?);
    let Some(segments) = segments(log, from)? else { return Ok(false) };
    let (mut end, mut promised) = (0, 0);
    for (place, (&lsn, &offset)) in segments.iter().enumerate() {
        let mut bytes = vec![0; SEGMENT];
        let length = read_at(log, &mut bytes, offset)?;
        bytes.truncate(length);
        let segment = Segment { bytes: &bytes, number: (lsn / SEGMENT as i64) as u64 };
        end = lsn + SEGMENT as i64;
        if let Some(stopped) = segment.walk(&mut promised) {
            end = lsn + stopped as i64;
            if place + 1 < segments.len() || segment.goes_on_after(stopped) {
                return Ok(false);
            }
        }
    }
    Ok(segments.is_empty() || promised < end)
}

/// The place up to which the newest snapshot has everything; it is in the name.
fn newest_snapshot(directory: &Path) -> io::Result<i64> {
    let mut newest = 0;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("snap."));
        newest = newest.max(digits.and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or(0));
    }
    Ok(newest)
}

fn segment_of(lsn: i64) -> i64 {
    lsn / SEGMENT as i64 * SEGMENT as i64
}

/// The segments from a place on, in order, with where they are in the file; `None` when one of them cannot be right.
fn segments(log: &File, from: i64) -> io::Result<Option<BTreeMap<i64, u64>>> {
    let length = log.metadata()?.len();
    let mut found = BTreeMap::new();
    let mut stable = from;
    for offset in (0..length).step_by(SEGMENT) {
        let mut header = [0; HEADER];
        if read_at(log, &mut header, offset)? < HEADER || header == [0; HEADER] {
            continue;
        }
        let Some((lsn, stable_lsn)) = segment_header(&header) else { return Ok(None) };
        if lsn < from {
            continue;
        }
        stable = stable.max(stable_lsn);
        if lsn % SEGMENT as i64 != 0 || found.insert(lsn, offset).is_some() {
            return Ok(None);
        }
    }
    // Those before may have been used again since; the last ones follow each other.
    let tail: Vec<i64> = found.range(segment_of(stable)..).map(|(lsn, _)| *lsn).collect();
    let follow = tail.first().is_some_and(|first| *first == segment_of(stable))
        && tail.windows(2).all(|pair| pair[0] + SEGMENT as i64 == pair[1]);
    Ok((found.is_empty() || follow).then_some(found))
}

fn segment_header(header: &[u8; HEADER]) -> Option<(i64, i64)> {
    let (crc, rest) = header.split_first_chunk()?;
    let (lsn, stable) = rest.split_first_chunk()?;
    let (stable, _) = stable.split_first_chunk()?;
    let right = crc32(&[rest]) ^ u32::MAX == u32::from_le_bytes(*crc);
    right.then_some((i64::from_le_bytes(*lsn) ^ MASK, i64::from_le_bytes(*stable) ^ MASK))
}

struct Segment<'a> {
    bytes: &'a [u8],
    number: u64,
}

struct Message<'a> {
    kind: u8,
    body: &'a [u8],
    end: usize,
}

impl<'a> Segment<'a> {
    /// Walks over the messages: `None` at a proper end, or where there is no message. Notes how far a batch goes.
    fn walk(&self, promised: &mut i64) -> Option<usize> {
        let mut at = HEADER;
        while at <= SEGMENT - LONGEST_MESSAGE_HEADER {
            let Some(message) = self.message(at) else { return Some(at) };
            match message.kind {
                CAP => return None,
                BATCH => {
                    let last = message.body.try_into().map_or(i64::MAX, i64::from_le_bytes);
                    *promised = last.max(*promised);
                }
                _ => {}
            }
            at = message.end;
        }
        None
    }

    /// Whether there is a message of this segment beyond a place where there should be one and is none. What is left of an
    /// earlier use of the segment has another number.
    fn goes_on_after(&self, stopped: usize) -> bool {
        (stopped + 1..self.bytes.len()).any(|at| self.message(at).is_some())
    }

    /// The message that begins at a place, if there is one.
    fn message(&self, at: usize) -> Option<Message<'a>> {
        let (crc, header) = self.bytes.get(at..)?.split_first_chunk()?;
        let (&kind, rest) = header.split_first().filter(|(kind, _)| (1..=LAST_KIND).contains(*kind))?;
        let (length, rest) = number(rest)?;
        let (segment, rest) = number(rest)?;
        let (_page, rest) = number(rest)?;
        let length = usize::try_from(length).ok().filter(|_| segment == self.number)?;
        let body = rest.get(..length)?;
        let header = &header[..header.len() - rest.len()];
        let end = self.bytes.len() - rest.len() + length;
        (crc32(&[body, header]) ^ u32::MAX == u32::from_le_bytes(*crc)).then_some(Message { kind, body, end })
    }
}

/// Reads a number in sled's encoding of one to nine bytes.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0..=240 => Some((first.into(), rest)),
        241..=248 => {
            let (&low, rest) = rest.split_first()?;
            Some((240 + 256 * (u64::from(first) - 241) + u64::from(low), rest))
        }
        249 => {
            let (&[high, low], rest) = rest.split_first_chunk()?;
            Some((2288 + 256 * u64::from(high) + u64::from(low), rest))
        }
        250..=255 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first) - 247)?;
            Some((digits.iter().rev().fold(0, |number, digit| number << 8 | u64::from(*digit)), rest))
        }
    }
}

/// Reads as much as there is.
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(more) => done += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// CRC-32 as in zip files, of pieces that follow each other.
fn crc32(pieces: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    pieces.iter().for_each(|piece| hasher.update(piece));
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::super::copies::copy;
    use super::super::{Batch, Reader, Record, SledStore, Store, Table};
    use super::*;

    fn whole(directory: &Path) -> bool {
        let log = File::open(directory.join("db")).expect("sled made it");
        is_whole(directory, &log).expect("readable")
    }

    /// Otherwise every start after a kill would cost a copy.
    #[test]
    fn the_log_of_a_killed_store_is_whole_and_a_changed_byte_is_noticed() {
        let mut directory = tempfile::tempdir().expect("a temporary directory");
        for round in 0..6_u8 {
            let mut store = SledStore::open(directory.path()).expect("the directory is ours");
            for number in 0..100_u8 {
                let record = Record::after(store.last().expect("in memory"), 1, vec![number; 2_000]);
                let mut batch = Batch { records: vec![record], rows: Vec::new() };
                // Rows that come and go make sled use segments again.
                batch.put(Table::Task, [number % 7], vec![number; 9_000]);
                batch.delete(Table::Task, [(number + 3) % 7]);
                store.commit(batch).expect("the disk is fine");
                assert!(number % 10 != 9 || whole(directory.path()), "round {round}, commit {number}");
            }
            let killed = tempfile::tempdir().expect("a temporary directory");
            copy(directory.path(), &killed.path().join("copy")).expect("room for it");
            for name in fs::read_dir(killed.path().join("copy")).expect("there").map(|entry| entry.expect("there")) {
                fs::rename(name.path(), killed.path().join(name.file_name())).expect("the same disk");
            }
            directory = killed;
        }
        let log = File::options().read(true).write(true).open(directory.path().join("db")).expect("there");
        let from = segment_of(newest_snapshot(directory.path()).expect("readable"));
        let (lsn, offset) = segments(&log, from).expect("readable").expect("whole").pop_last().expect("the last one");
        let mut bytes = vec![0; SEGMENT];
        let length = read_at(&log, &mut bytes, offset).expect("readable");
        let number = (lsn / SEGMENT as i64) as u64;
        let first = Segment { bytes: &bytes[..length], number }.message(HEADER).expect("the first message");
        for place in [0, 4, 11, 19, HEADER, HEADER + 4, HEADER + 5, first.end - 1] {
            log.write_all_at(&[bytes[place] ^ 1], offset + place as u64).expect("writable");
            assert!(!whole(directory.path()), "byte {place} of the last segment");
            log.write_all_at(&bytes[place..=place], offset + place as u64).expect("writable");
        }
        assert!(whole(directory.path()));
    }

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(&[b"1234", b"56789"]), 0xcbf4_3926);
    }
}
