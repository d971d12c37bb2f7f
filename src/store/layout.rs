//! How records and rows lie in an ordered map of byte strings.
//!
//! Keys, with numbers big-endian so that their bytes sort as they do:
//!
//! ```text
//!   0 · name                          the store's own: `format`, and `head`, the last record's sequence and hash; `base`,
//!                                     in the same form, where records before were dropped
//!   1 · sequence (8)                  a record, or several (`block.rs`) of which this is the first
//!   2 · table (1) · key               a row
//!   3 · length of K (1) · K · n (4)   part n of the value whose key is K
//! ```
//!
//! A value begins with one byte: [`WHOLE`] and the value itself, or [`PARTED`] and its length (8), the number of its parts
//! (4) and a checksum (8), the parts being elsewhere.
//!
//! This module never reads or writes anything.

use std::iter;

use sha2::{Digest, Sha256};

use crate::domain::id::Sequence;

use super::{Table, VALUE_LIMIT};

/// Largest value that stays in one piece. A leaf may come to twenty entries before it is split; with their keys they
/// stay below 100 KiB, and sled moves a leaf out of its log from 128 KiB on.
pub(super) const PART_BYTES: usize = 4 * 1024;

/// No value has more parts: a number beyond it is not ours. One more than the largest value needs, for a record's frame.
const PARTS_LIMIT: u32 = (VALUE_LIMIT / PART_BYTES) as u32 + 1;

const OWN: u8 = 0;
const RECORD: u8 = 1;
const ROW: u8 = 2;
pub(super) const PART: u8 = 3;

/// First byte of a value that follows at once.
const WHOLE: u8 = 0;

/// First byte of a value that is elsewhere, in parts.
const PARTED: u8 = 1;

/// First byte of several records.
pub(super) const SEVERAL: u8 = 2;

/// A key, and its new value or `None` when it is to go.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

/// A value as it lies in the tree.
pub(super) enum Stored<'a> {
    Whole(&'a [u8]),
    Parted { length: u64, parts: u32, checksum: [u8; 8] },
}

impl<'a> Stored<'a> {
    /// `None` when this is no value of ours.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&WHOLE, value) => Some(Self::Whole(value)),
            (&PARTED, rest) => {
                let (length, rest) = rest.split_first_chunk()?;
                let (parts, checksum) = rest.split_first_chunk()?;
                let parts = u32::from_be_bytes(*parts);
                let checksum = checksum.try_into().ok()?;
                (parts <= PARTS_LIMIT).then_some(Self::Parted { length: u64::from_be_bytes(*length), parts, checksum })
            }
            _ => None,
        }
    }
}

/// Writes a value, in parts if it is large, and removes what is left of a larger one that was there before.
pub(super) fn put(key: &[u8], value: &[u8], parts_before: u32) -> impl Iterator<Item = Change> {
    let pieces = if value.len() <= PART_BYTES { [].chunks(1) } else { value.chunks(PART_BYTES) };
    let parts = pieces.len() as u32;
    let head = if parts == 0 {
        [&[WHOLE], value].concat()
    } else {
        let length = (value.len() as u64).to_be_bytes();
        [&[PARTED][..], &length, &parts.to_be_bytes(), &checksum(value)].concat()
    };
    let pieces = (0..).zip(pieces).map(move |(part, piece)| (part_key(key, part), Some(piece.to_vec())));
    let surplus = (parts..parts_before).map(move |part| (part_key(key, part), None));
    iter::once((key.to_vec(), Some(head))).chain(pieces).chain(surplus)
}

/// Removes a value and its parts.
pub(super) fn remove(key: &[u8], parts: u32) -> impl Iterator<Item = Change> {
    let parts = (0..parts).map(move |part| (part_key(key, part), None));
    iter::once((key.to_vec(), None)).chain(parts)
}

pub(super) fn checksum(value: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(value).into();
    let mut checksum = [0; 8];
    checksum.copy_from_slice(&hash[..8]);
    checksum
}

pub(super) fn own_key(name: &str) -> Vec<u8> {
    [&[OWN], name.as_bytes()].concat()
}

pub(super) fn record_key(sequence: Sequence) -> Vec<u8> {
    [&[RECORD][..], &sequence.0.to_be_bytes()].concat()
}

pub(super) fn record_sequence(key: &[u8]) -> Option<Sequence> {
    let number = key.strip_prefix(&[RECORD])?.try_into().ok()?;
    Some(Sequence(u64::from_be_bytes(number)))
}

pub(super) fn row_key(table: Table, key: &[u8]) -> Vec<u8> {
    [&[ROW, table as u8], key].concat()
}

/// What a row's key is to the user of the store.
pub(super) fn key_of_row(place: &[u8]) -> &[u8] {
    place.get(2..).unwrap_or_default()
}

/// Comes after every row of the table, and after nothing else that is there.
pub(super) fn table_end(table: Table) -> Vec<u8> {
    vec![ROW, table as u8 + 1]
}

/// The length in front keeps the parts of one key from mixing with those of a longer key that begins the same. Keys of
/// records and rows are far shorter than 256 bytes.
pub(super) fn part_key(key: &[u8], part: u32) -> Vec<u8> {
    [&[PART, key.len() as u8], key, &part.to_be_bytes()].concat()
}

/// What [`part_key`] was made of.
pub(super) fn part_of(place: &[u8]) -> Option<(&[u8], u32)> {
    let (&length, rest) = place.strip_prefix(&[PART])?.split_first()?;
    let (key, part) = rest.split_at_checked(usize::from(length))?;
    Some((key, u32::from_be_bytes(part.try_into().ok()?)))
}
