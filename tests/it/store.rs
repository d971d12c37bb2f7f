//! The store: one suite that every implementation passes, a model, and what only a store on a disk can suffer.
//!
//! - [`conformance`]: what every store does;
//! - [`model`]: random lives of both stores, beside a list and a map;
//! - [`opening`]: which directories are opened and which are refused, and what a store in memory may leave out;
//! - [`damage`]: files that are not as they were written: nothing that was acknowledged is lost without a word;
//! - [`repair`]: what can be mended, and that everything else is left as it is;
//! - [`formats`]: stores of older formats.

mod conformance;
mod damage;
mod formats;
mod model;
mod opening;
mod repair;

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Error, Reader, Record, SledStore, Store, Table};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Opens the same content again; the store opened before must be gone by then.
type Open<'a> = &'a mut dyn FnMut() -> Box<dyn Store>;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(directory: &Path) -> SledStore {
    SledStore::open(directory).expect("the store opens")
}

/// Changes the database behind the store's back.
pub(crate) fn tamper(directory: &Path, change: impl FnOnce(&sled::Db)) {
    // sled's threads may hold the lock for a moment after the store is gone.
    let config = sled::Config::new().path(directory).flush_every_ms(None);
    let tries = (0..100).find_map(|_| config.open().map_err(|_| thread::sleep(Duration::from_millis(20))).ok());
    let tree = tries.expect("nobody has it");
    change(&tree);
    tree.flush().expect("writable");
}

fn append(store: &mut dyn Store, body: &[u8]) -> Record {
    let record = Record::after(store.last().expect("readable"), 1, body.to_vec());
    commit(store, record.clone()).expect("continues the journal");
    record
}

fn commit(store: &mut dyn Store, record: Record) -> Result<(), Error> {
    store.commit(Batch { records: vec![record], rows: Vec::new() })
}

fn put(store: &mut dyn Store, table: Table, key: &[u8], value: &[u8]) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.put(table, key, value);
    store.commit(batch)
}

fn bodies(reader: &dyn Reader, from: u64) -> Vec<Vec<u8>> {
    reader.records(Sequence(from)).map(|record| record.expect("intact").body).collect()
}

fn rows(reader: &dyn Reader, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
    reader.rows(table).map(|row| row.expect("intact")).collect()
}

/// Bytes that differ from place to place, so that parts in the wrong order are noticed.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place ^ (place >> 8) ^ (place >> 12)) as u8).collect()
}
