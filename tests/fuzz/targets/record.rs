//! A record as it lies on the disk: whatever the bytes, there is a record or an error, and a record is written as it was
//! read.

#![no_main]

use echelon::domain::id::Sequence;
use echelon::ledger::decode;
use echelon::store::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((number, rest)) = bytes.split_first() else { return };
    if let Ok(record) = Record::decode(Sequence(u64::from(*number)), rest) {
        assert_eq!(record.encode(), rest, "what was read is not what is written");
        drop(decode(&record));
    }
    // Few bytes have the right checksum: the event alone, in every version.
    let version = u16::from(*number % 8);
    let record = Record { sequence: Sequence(1), version, body: rest.to_vec(), previous: Default::default() };
    drop(decode(&record));
});
