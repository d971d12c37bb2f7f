//! Blocks: records of one commit that lie together under the key of the first of them.
//!
//! A row of its own for each record would cost more than the record: a way through the tree, a key, and a share of a leaf
//! that is written anew. Each record in a block keeps its own checksum and its own link, so what is damaged in it is found
//! as it would be in a row of its own. A block is written once, with its commit, and never changes.
//!
//! ```text
//!   SEVERAL (1) · of each record: length (2, big-endian) · the record as it lies on the disk
//! ```
//!
//! A record that has a commit to itself, or is too large, lies as every other value (`layout.rs`). This module never reads
//! or writes anything.

use crate::domain::id::Sequence;

use super::layout::{self, Change, PART_BYTES, SEVERAL};
use super::{Record, RecordHash};

/// Bytes of the length in front of a record.
const LENGTH_BYTES: usize = 2;

/// Changes that write the records of a commit.
pub(super) fn put(records: &[Record], hashes: &[RecordHash]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut open = Open::default();
    for (record, hash) in records.iter().zip(hashes) {
        let bytes = record.encode_with(*hash);
        if open.bytes + LENGTH_BYTES + bytes.len() > PART_BYTES {
            open.close(&mut changes);
        }
        open.first.get_or_insert(record.sequence);
        open.bytes += LENGTH_BYTES + bytes.len();
        open.records.push(bytes);
    }
    open.close(&mut changes);
    changes
}

/// The block that is being filled.
#[derive(Default)]
struct Open {
    first: Option<Sequence>,
    records: Vec<Vec<u8>>,
    bytes: usize,
}

impl Open {
    fn close(&mut self, changes: &mut Vec<Change>) {
        let Self { first, records, bytes } = std::mem::take(self);
        let Some(first) = first else { return };
        let key = layout::record_key(first);
        match records.as_slice() {
            [alone] => changes.extend(layout::put(&key, alone, 0)),
            several => {
                let mut block = Vec::with_capacity(1 + bytes);
                block.push(SEVERAL);
                for record in several {
                    // No record of a block is longer than one, which is far below what two bytes can say.
                    block.extend((record.len() as u16).to_be_bytes());
                    block.extend(record);
                }
                changes.push((key, Some(block)));
            }
        }
    }
}

/// The records of a block, each as it lies on the disk; `None` when this is no block, or one that was cut off.
pub(super) fn records(stored: &[u8]) -> Option<Vec<&[u8]>> {
    let (&SEVERAL, mut rest) = stored.split_first()? else { return None };
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let (record, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        records.push(record);
        rest = after;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(lengths: &[usize]) -> (Vec<Record>, Vec<RecordHash>) {
        let (mut head, mut made) = (None, Vec::new());
        for length in lengths {
            let record = Record::after(head, 1, vec![7; *length]);
            head = Some(record.head());
            made.push(record);
        }
        let hashes = made.iter().map(Record::hash).collect();
        (made, hashes)
    }

    #[test]
    fn small_records_share_a_block_and_large_ones_lie_alone() {
        let (made, hashes) = chain(&[10, 2_000, 2_000, 5_000, 1, 1]);
        let changes = put(&made, &hashes);
        let firsts: Vec<_> = changes.iter().filter_map(|(key, _)| layout::record_sequence(key)).collect();
        assert_eq!(firsts, [1, 3, 4, 5].map(Sequence));
        let values: Vec<_> = changes.iter().filter_map(|(_, value)| value.as_deref()).collect();
        let first = records(values[0]).expect("a block");
        assert_eq!(first, [made[0].encode(), made[1].encode()]);
        assert!(records(values[1]).is_none(), "alone");
        let last = records(values.last().expect("there")).expect("a block");
        assert_eq!(last, [made[4].encode(), made[5].encode()]);
    }

    #[test]
    fn a_block_that_was_cut_off_is_none() {
        let (made, hashes) = chain(&[10, 20]);
        let changes = put(&made, &hashes);
        let block = changes[0].1.as_deref().expect("a value");
        let ends: Vec<_> = (1..block.len()).filter(|length| records(&block[..*length]).is_some()).collect();
        // Between two records a cut is noticed by the number of the next one.
        assert_eq!(ends, [1, 1 + LENGTH_BYTES + made[0].encode().len()]);
    }
}
