//! A journal whose checksums and links are right, and whose events are whatever the bytes are: there is a state or an error.
//!
//! The input is bodies of events, each behind its length in two bytes, big-endian, and the version of its schema in one.

#![no_main]

use echelon::ledger::{Ledger, replay};
use echelon::store::{Batch, MemoryStore, Reader, Record, Store};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut store = MemoryStore::new();
    let mut rest = bytes;
    while let Some((&[high, low, version], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (body, after) = after.split_at(length);
        let record = Record::after(store.last().expect("memory can be read"), u16::from(version), body.to_vec());
        store.commit(Batch { records: vec![record], rows: Vec::new() }).expect("it continues the journal");
        rest = after;
    }
    let replayed = replay(&store);
    let opened = Ledger::open(Box::new(store));
    assert_eq!(replayed.is_ok(), opened.is_ok(), "a replay and a start see the same");
});
