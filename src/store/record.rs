//! One record of the journal: what its hash covers, and how it lies on the disk.
//!
//! The hash of a record is SHA-256 over, in this order and without gaps:
//!
//! ```text
//!   tag       16 bytes  "echelon-record-1"
//!   sequence   8 bytes  big-endian
//!   version    2 bytes  big-endian
//!   length     8 bytes  big-endian, of the body
//!   body
//!   previous  32 bytes  hash of the record before, zeros for the first
//! ```
//!
//! On the disk a record is `layout (1) · sequence (8) · version (2) · previous (32) · body · checksum (8)`; the checksum is
//! the beginning of the record's own hash. The hash does not depend on the layout, so a journal can be copied into another
//! layout, exported and imported again, and keep its hashes.
//!
//! This module never reads a body and never touches a disk.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::domain::id::Sequence;

use super::Head;

/// Keeps hashes of records apart from hashes of anything else, and of any later definition of the hash.
const TAG: &[u8; 16] = b"echelon-record-1";

/// The layout described above. Another layout takes another number.
const LAYOUT: u8 = 1;

/// Enough of the hash to notice damage; the whole hash is in the next record.
const CHECKSUM_BYTES: usize = 8;

/// Bytes of a record on the disk besides its body.
const FRAME_BYTES: usize = 1 + 8 + 2 + 32 + CHECKSUM_BYTES;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place: 1 for the first, then without holes.
    pub sequence: Sequence,
    /// The version of the schema the body is written in.
    pub version: u16,
    /// The event, opaque here.
    pub body: Vec<u8>,
    /// The hash of the record before; [`RecordHash::ZERO`] for the first.
    pub previous: RecordHash,
}

impl Record {
    /// The record that continues a journal after `last`, or begins one.
    #[must_use]
    pub fn after(last: Option<Head>, version: u16, body: Vec<u8>) -> Self {
        let (sequence, previous) = last.unwrap_or_default();
        Self { sequence: sequence.next(), version, body, previous }
    }

    /// The hash the next record has to carry.
    #[must_use]
    pub fn hash(&self) -> RecordHash {
        let mut hasher = Sha256::new();
        hasher.update(TAG);
        hasher.update(self.sequence.0.to_be_bytes());
        hasher.update(self.version.to_be_bytes());
        hasher.update((self.body.len() as u64).to_be_bytes());
        hasher.update(&self.body);
        hasher.update(self.previous.0);
        RecordHash(hasher.finalize().into())
    }

    /// What the journal's head is once this record is its last.
    #[must_use]
    pub fn head(&self) -> Head {
        (self.sequence, self.hash())
    }

    /// The record as it lies on the disk.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(self.hash())
    }

    /// [`encode`](Self::encode) for who has the hash already.
    pub(super) fn encode_with(&self, hash: RecordHash) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAME_BYTES + self.body.len());
        bytes.push(LAYOUT);
        bytes.extend(self.sequence.0.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.previous.0);
        bytes.extend(&self.body);
        bytes.extend(hash.checksum());
        bytes
    }

    /// Reads the record found at `sequence` back.
    ///
    /// # Errors
    /// When the bytes are not that record, whole and unchanged.
    pub fn decode(sequence: Sequence, bytes: &[u8]) -> Result<Self, RecordError> {
        Self::decode_with_hash(sequence, bytes).map(|(record, _)| record)
    }

    /// [`decode`](Self::decode) together with the hash, which had to be computed for the check.
    pub(super) fn decode_with_hash(sequence: Sequence, bytes: &[u8]) -> Result<(Self, RecordHash), RecordError> {
        let short = || RecordError::Short { sequence, bytes: bytes.len() };
        let (&layout, rest) = bytes.split_first().ok_or_else(short)?;
        if layout != LAYOUT {
            return Err(RecordError::Layout { sequence, found: layout });
        }
        let (found, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (version, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (previous, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (body, checksum) = rest.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(short)?;
        let record = Self {
            sequence: Sequence(u64::from_be_bytes(*found)),
            version: u16::from_be_bytes(*version),
            body: body.to_vec(),
            previous: RecordHash(*previous),
        };
        let hash = record.hash();
        if hash.checksum() != *checksum {
            return Err(RecordError::Changed { sequence });
        }
        if record.sequence != sequence {
            return Err(RecordError::Misplaced { sequence, found: record.sequence });
        }
        Ok((record, hash))
    }
}

/// The hash of one record, which stands for the whole journal up to it. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecordHash(pub [u8; 32]);

impl RecordHash {
    /// What the first record of a journal carries.
    pub const ZERO: Self = Self([0; 32]);

    fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        let mut checksum = [0; CHECKSUM_BYTES];
        checksum.copy_from_slice(&self.0[..CHECKSUM_BYTES]);
        checksum
    }
}

impl fmt::Display for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RecordHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hash = [0; 32];
        if text.len() != 2 * hash.len() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseHashError);
        }
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = text
                .get(2 * place..2 * place + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or(ParseHashError)?;
        }
        Ok(Self(hash))
    }
}

/// A text that is not the hash of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a record; one has 64 hexadecimal digits")]
pub struct ParseHashError;

/// Why bytes found in a journal are not the record that belongs there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than any record has.
    #[error(
        "record {sequence} was cut off after {bytes} bytes; stop the daemon and restore the last backup with `echelon store restore FILE`"
    )]
    Short {
        /// Where it was found.
        sequence: Sequence,
        /// How many bytes are left of it.
        bytes: usize,
    },

    /// A layout this program does not know.
    #[error(
        "record {sequence} has the unknown layout {found}; use the newer program that wrote it, or restore the last backup with `echelon store restore FILE`"
    )]
    Layout {
        /// Where it was found.
        sequence: Sequence,
        /// The layout's number.
        found: u8,
    },

    /// The checksum does not fit.
    #[error(
        "record {sequence} was changed after it was written; stop the daemon and restore the last backup with `echelon store restore FILE`"
    )]
    Changed {
        /// Where it was found.
        sequence: Sequence,
    },

    /// A whole record, but another one.
    #[error(
        "record {found} is in the place of record {sequence}; stop the daemon and restore the last backup with `echelon store restore FILE`"
    )]
    Misplaced {
        /// Where it was found.
        sequence: Sequence,
        /// What it says it is.
        found: Sequence,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record { sequence: Sequence(7), version: 3, body: b"hello".to_vec(), previous: RecordHash([0xab; 32]) }
    }

    /// The hash is what audits compare over years: changing this value means breaking every journal there is.
    #[test]
    fn the_hash_of_a_record_never_changes() {
        assert_eq!(record().hash().to_string(), "f79222776c724bd58b2e8e1dc0e1f56a96ec0a8a495ae817b28f4c9178c59638");
    }

    #[test]
    fn a_record_round_trips_and_every_flipped_bit_is_noticed() {
        let bytes = record().encode();
        assert_eq!(bytes.len(), FRAME_BYTES + 5);
        assert_eq!(Record::decode(Sequence(7), &bytes), Ok(record()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(Sequence(7), &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_not_the_record_says_what_it_is() {
        let bytes = record().encode();
        let sequence = Sequence(7);
        for length in 1..FRAME_BYTES {
            assert_eq!(Record::decode(sequence, &bytes[..length]), Err(RecordError::Short { sequence, bytes: length }));
        }
        assert_eq!(Record::decode(sequence, &[9; 60]), Err(RecordError::Layout { sequence, found: 9 }));
        let other = Sequence(8);
        assert_eq!(Record::decode(other, &bytes), Err(RecordError::Misplaced { sequence: other, found: sequence }));
    }

    #[test]
    fn a_hash_round_trips_through_its_text() {
        let hash = record().hash();
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(wrong.parse::<RecordHash>(), Err(ParseHashError), "{wrong}");
        }
    }
}
