//! Stores of older formats: they are read as they are, and written on in the newest.

use std::path::Path;

use echelon::domain::id::Sequence;
use echelon::store::{Head, Reader, Record, Store, Table};
use sha2::{Digest, Sha256};

use super::{append, bodies, directory, open, pattern, put, rows, tamper};

/// Largest value that format 1 kept in one piece.
const PART_BYTES: usize = 4 * 1024;

/// Writes a value as format 1 did: alone, or in parts.
fn put_value(tree: &sled::Db, key: &[u8], value: &[u8]) {
    let insert = |key: &[u8], value: Vec<u8>| drop(tree.insert(key, value).expect("writable"));
    if value.len() <= PART_BYTES {
        return insert(key, [&[0][..], value].concat());
    }
    for (part, piece) in value.chunks(PART_BYTES).enumerate() {
        let part = u32::try_from(part).expect("few parts");
        insert(&[&[3, key.len() as u8][..], key, &part.to_be_bytes()].concat(), piece.to_vec());
    }
    let parts = u32::try_from(value.len().div_ceil(PART_BYTES)).expect("few parts");
    let checksum = &Sha256::digest(value)[..8];
    insert(key, [&[1][..], &(value.len() as u64).to_be_bytes(), &parts.to_be_bytes(), checksum].concat());
}

/// A store as a program of format 1 left it: every record in a row of its own.
fn written_in_format_1(directory: &Path, journal: &[Vec<u8>]) -> Option<Head> {
    let mut head = None;
    tamper(directory, |tree| {
        tree.insert(b"\0format", &1_u32.to_be_bytes()).expect("writable");
        for body in journal {
            let record = Record::after(head, 1, body.clone());
            head = Some(record.head());
            let key = [&[1][..], &record.sequence.0.to_be_bytes()].concat();
            put_value(tree, &key, &record.encode());
        }
        let (sequence, hash) = head.expect("there are records");
        tree.insert(b"\0head", [&sequence.0.to_be_bytes()[..], &hash.0].concat()).expect("writable");
        put_value(tree, &[&[2, Table::Task as u8][..], b"small"].concat(), b"1");
        put_value(tree, &[&[2, Table::Archive as u8][..], b"large"].concat(), &pattern(20_000));
    });
    head
}

#[test]
fn a_store_of_format_1_is_read_and_written_on() {
    let directory = directory();
    let sizes = [0, 1, 300, 4_000, 4_096, 20_000, 10, 10];
    let mut journal: Vec<Vec<u8>> = sizes.map(pattern).to_vec();
    let head = written_in_format_1(directory.path(), &journal);

    let mut store = open(directory.path());
    assert_eq!(store.last().expect("readable"), head);
    assert!(store.condition().expect("readable").format > Some(1), "it is written on in a newer format");
    assert_eq!(bodies(&store, 1), journal);
    for from in 2..=journal.len() {
        assert_eq!(bodies(&store, from as u64), journal[from - 1..], "from record {from}");
    }
    assert_eq!(rows(&store, Table::Task), [(b"small".to_vec(), b"1".to_vec())]);
    assert_eq!(store.row(Table::Archive, b"large").expect("readable"), Some(pattern(20_000)));

    // Several records of one commit share a row since format 2.
    let mut batch = echelon::store::Batch::default();
    let mut last = head;
    for body in [b"nine", b"tens"] {
        let record = Record::after(last, 1, body.to_vec());
        last = Some(record.head());
        batch.records.push(record);
        journal.push(body.to_vec());
    }
    store.commit(batch).expect("they continue the journal");
    put(&mut store, Table::Archive, b"large", b"now small").expect("a good row");
    append(&mut store, b"eleven");
    journal.push(b"eleven".to_vec());
    drop(store);

    let store = open(directory.path());
    assert_eq!(bodies(&store, 1), journal);
    assert_eq!(store.last().expect("readable").map(|(sequence, _)| sequence), Some(Sequence(11)));
    assert_eq!(rows(&store, Table::Archive), [(b"large".to_vec(), b"now small".to_vec())]);
    assert_eq!(store.condition().expect("readable").loose_parts, 0);
}
