//! Random lives of both stores, beside a list and a map.

use echelon::domain::id::Sequence;
use echelon::store::{Batch, MemoryStore, Record, Table};
use proptest::prelude::*;
use std::collections::BTreeMap;

use super::{Open, directory, open, pattern, rows};

/// What may happen to a store.
#[derive(Debug, Clone)]
enum Step {
    /// Bodies by size, and rows by table, key and size; no size is a removal.
    Commit {
        bodies: Vec<usize>,
        rows: Vec<(Table, u8, Option<usize>)>,
    },
    Refuse,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = || prop_oneof![6 => 0..300_usize, 2 => 4_000..4_200_usize, 1 => 0..40_000_usize];
    let table = prop::sample::select(Table::ALL.to_vec());
    let row = (table, 0..12_u8, prop::option::weighted(0.8, size()));
    let commit = (prop::collection::vec(size(), 0..4), prop::collection::vec(row, 0..6));
    let step = prop_oneof![
        8 => commit.prop_map(|(bodies, rows)| Step::Commit { bodies, rows }),
        1 => Just(Step::Refuse),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..30)
}

/// Takes the steps and compares what the store shows with a model: a list and a map.
fn follows_the_model(steps: &[Step], open: Open<'_>) {
    let mut store = open();
    let mut journal: Vec<Record> = Vec::new();
    let mut table_rows: BTreeMap<(Table, Vec<u8>), Vec<u8>> = BTreeMap::new();
    for step in steps {
        let last = journal.last().map(Record::head);
        match step {
            Step::Commit { bodies, rows } => {
                let mut batch = Batch::default();
                let mut head = last;
                for size in bodies {
                    let record = Record::after(head, 1, pattern(*size));
                    head = Some(record.head());
                    batch.records.push(record);
                }
                for (table, key, size) in rows {
                    // Keys that begin like each other.
                    let key = vec![b'k'; usize::from(*key) + 1];
                    match size {
                        Some(size) => {
                            batch.put(*table, key.clone(), pattern(*size));
                            table_rows.insert((*table, key), pattern(*size));
                        }
                        None => {
                            batch.delete(*table, key.clone());
                            table_rows.remove(&(*table, key));
                        }
                    }
                }
                journal.extend(batch.records.iter().cloned());
                store.commit(batch).expect("continues the journal");
            }
            Step::Refuse => {
                let mut batch = Batch { records: vec![Record::after(last, 1, Vec::new())], rows: Vec::new() };
                batch.records[0].sequence.0 += 1;
                batch.put(Table::Task, *b"k", *b"never");
                assert!(store.commit(batch).is_err());
            }
            Step::Reopen => {
                drop(store);
                store = open();
            }
        }
        assert_eq!(store.last().expect("readable"), journal.last().map(Record::head));
    }
    let read: Vec<_> = store.records(Sequence(1)).map(|record| record.expect("intact")).collect();
    assert!(read == journal, "the journals differ");
    for table in Table::ALL {
        let expected = table_rows.iter().filter(|((of, _), _)| *of == table);
        let expected: Vec<_> = expected.map(|((_, key), value)| (key.clone(), value.clone())).collect();
        assert!(rows(&*store, table) == expected, "table {table} differs");
        for (key, value) in expected {
            assert!(store.row(table, &key).expect("readable") == Some(value), "a row of table {table} differs");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_follow_the_model(steps in steps()) {
        let kept = MemoryStore::new();
        follows_the_model(&steps, &mut || Box::new(kept.clone()));
        let directory = directory();
        follows_the_model(&steps, &mut || Box::new(open(directory.path())));
    }
}
