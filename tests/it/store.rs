//! The store: one suite that every implementation passes, a model, and what only a store on a disk can suffer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use echelon::domain::id::Sequence;
use echelon::store::{
    Batch, Error, Item, KEY_LIMIT, MemoryStore, Reader, Record, RecordError, RecordHash, SledStore, Store, Table,
    VALUE_LIMIT,
};
use proptest::prelude::*;

/// Opens the same content again; the store opened before must be gone by then.
type Open<'a> = &'a mut dyn FnMut() -> Box<dyn Store>;

/// Runs each function against both stores.
macro_rules! conformance {
    ($($behaviour:ident,)*) => {
        mod in_memory {
            $(#[test]
            fn $behaviour() {
                let kept = super::MemoryStore::new();
                super::$behaviour(&mut || Box::new(kept.clone()));
            })*
        }

        mod on_disk {
            $(#[test]
            fn $behaviour() {
                let directory = super::directory();
                super::$behaviour(&mut || Box::new(super::open(directory.path())));
            })*
        }
    };
}

conformance! {
    a_new_store_is_empty,
    records_come_back_as_they_were_committed,
    a_reopened_store_continues_the_chain,
    records_and_rows_are_committed_together,
    a_record_that_does_not_continue_the_journal_is_refused,
    a_refused_batch_leaves_nothing_and_the_store_goes_on,
    a_walk_may_begin_anywhere,
    large_values_come_back_whole,
    a_large_row_may_shrink_grow_and_go,
    what_is_too_large_is_refused,
    rows_are_ordered_by_their_keys_and_tables_are_apart,
    of_several_changes_to_one_row_the_last_counts,
    a_walk_over_many_rows_is_complete,
    a_walk_ends_at_what_was_last_when_it_began,
    a_reader_on_another_thread_follows_the_writer,
    the_size_grows,
}

fn a_new_store_is_empty(open: Open<'_>) {
    let mut store = open();
    for _ in 0..2 {
        assert_eq!(store.last().expect("readable"), None);
        assert_eq!(bodies(&*store, 0), Vec::<Vec<u8>>::new());
        assert_eq!(store.row(Table::Meta, b"format").expect("readable"), None);
        for table in Table::ALL {
            assert_eq!(rows(&*store, table), []);
        }
        store.commit(Batch::default()).expect("nothing to do");
        drop(store);
        store = open();
    }
}

fn records_come_back_as_they_were_committed(open: Open<'_>) {
    let mut store = open();
    let first = append(&mut *store, b"one");
    let second = append(&mut *store, b"");
    assert_eq!((first.sequence, first.previous), (Sequence(1), RecordHash::ZERO));
    assert_eq!((second.sequence, second.previous), (Sequence(2), first.hash()));
    let read: Vec<_> = store.records(Sequence(0)).map(|record| record.expect("intact")).collect();
    assert_eq!(read, [first, second.clone()]);
    assert_eq!(store.last().expect("readable"), Some(second.head()));
}

fn a_reopened_store_continues_the_chain(open: Open<'_>) {
    for round in 0..5_u8 {
        let mut store = open();
        assert_eq!(store.last().expect("readable").map_or(0, |head| head.0.0), u64::from(round));
        append(&mut *store, &[round]);
    }
    assert_eq!(bodies(&*open(), 1), [[0], [1], [2], [3], [4]]);
}

fn records_and_rows_are_committed_together(open: Open<'_>) {
    let mut store = open();
    let mut records = vec![Record::after(None, 1, b"one".to_vec())];
    records.push(Record::after(Some(records[0].head()), 2, b"two".to_vec()));
    let mut batch = Batch { records, rows: Vec::new() };
    batch.put(Table::Meta, *b"at", *b"2");
    batch.put(Table::Task, *b"t", *b"open");
    store.commit(batch).expect("continues the journal");
    drop(store);

    let store = open();
    assert_eq!(bodies(&*store, 1), [b"one", b"two"]);
    assert_eq!(store.row(Table::Meta, b"at").expect("readable"), Some(b"2".to_vec()));
    assert_eq!(store.row(Table::Task, b"t").expect("readable"), Some(b"open".to_vec()));
    assert_eq!(store.row(Table::Task, b"at").expect("readable"), None);
}

fn a_record_that_does_not_continue_the_journal_is_refused(open: Open<'_>) {
    let mut store = open();
    let first = append(&mut *store, b"one");
    let last = append(&mut *store, b"two");
    let right = Record::after(Some(last.head()), 1, b"three".to_vec());

    for wrong in [0, 1, 2, 4, u64::MAX] {
        let refused = commit(&mut *store, Record { sequence: Sequence(wrong), ..right.clone() });
        assert!(matches!(refused, Err(Error::NotNext { expected: Sequence(3), found }) if found.0 == wrong));
    }
    for previous in [RecordHash::ZERO, first.hash(), RecordHash([1; 32])] {
        let refused = commit(&mut *store, Record { previous, ..right.clone() });
        assert!(matches!(refused, Err(Error::NotChained { sequence: Sequence(3) })));
    }
    let skipping = Batch { records: vec![right.clone(), right.clone()], rows: Vec::new() };
    assert!(matches!(store.commit(skipping), Err(Error::NotNext { expected: Sequence(4), found: Sequence(3) })));
    commit(&mut *store, right).expect("continues the journal");
    assert_eq!(bodies(&*store, 1).len(), 3);
}

fn a_refused_batch_leaves_nothing_and_the_store_goes_on(open: Open<'_>) {
    let mut store = open();
    let first = append(&mut *store, b"one");
    put(&mut *store, Table::Task, b"t", b"before").expect("a good row");
    let good = Record::after(Some(first.head()), 1, b"two".to_vec());
    let bad = Record { sequence: Sequence(9), ..good.clone() };
    let mut batch = Batch { records: vec![good.clone(), bad], rows: Vec::new() };
    batch.put(Table::Task, *b"t", *b"after");
    batch.put(Table::Task, *b"u", *b"new");
    assert!(store.commit(batch).is_err());

    for _ in 0..2 {
        assert_eq!(store.last().expect("readable"), Some(first.head()));
        assert_eq!(bodies(&*store, 1), [b"one"]);
        assert_eq!(rows(&*store, Table::Task), [(b"t".to_vec(), b"before".to_vec())]);
        drop(store);
        store = open();
    }
    commit(&mut *store, good).expect("continues the journal");
}

fn a_walk_may_begin_anywhere(open: Open<'_>) {
    let mut store = open();
    for body in 1..=5_u8 {
        append(&mut *store, &[body]);
    }
    for (from, expected) in [(0, 1..=5), (1, 1..=5), (2, 2..=5), (5, 5..=5)] {
        let expected: Vec<_> = expected.map(|body: u8| vec![body]).collect();
        assert_eq!(bodies(&*store, from), expected, "from {from}");
        assert_eq!(bodies(&*store.reader(), from), expected, "from {from}");
    }
    for from in [6, 7, u64::MAX] {
        assert_eq!(store.records(Sequence(from)).count(), 0, "from {from}");
    }
}

fn large_values_come_back_whole(open: Open<'_>) {
    let sizes = [0, 1, 4095, 4096, 4097, 8192, 65_536, 131_072, 1_000_003];
    let mut store = open();
    for (size, key) in sizes.into_iter().zip(0..) {
        append(&mut *store, &pattern(size));
        put(&mut *store, Table::Archive, &[key], &pattern(size)).expect("a good row");
    }
    drop(store);

    let store = open();
    let expected: Vec<_> = sizes.into_iter().map(pattern).collect();
    assert!(bodies(&*store, 1) == expected, "the bodies differ");
    let values: Vec<_> = rows(&*store, Table::Archive).into_iter().map(|(_, value)| value).collect();
    assert!(values == expected, "the values differ");
    assert!(store.row(Table::Archive, &[8]).expect("readable").as_ref() == expected.last(), "the value differs");
}

fn a_large_row_may_shrink_grow_and_go(open: Open<'_>) {
    let mut store = open();
    // The neighbours' keys begin like the row's: their parts must not mix with its own.
    let neighbours = [b"k".to_vec(), b"kk\0\0\0\0".to_vec(), b"kkk".to_vec()];
    for key in &neighbours {
        put(&mut *store, Table::Task, key, &pattern(20_000)).expect("a good row");
    }
    for size in [50_000, 9_000, 10, 0, 300_000, 4_096, 70_000] {
        put(&mut *store, Table::Task, b"kk", &pattern(size)).expect("a good row");
        drop(store);
        store = open();
        let value = store.row(Table::Task, b"kk").expect("readable").expect("there");
        assert!(value == pattern(size), "{size} bytes came back as {}", value.len());
    }
    let mut batch = Batch::default();
    batch.delete(Table::Task, *b"kk");
    batch.delete(Table::Task, *b"never there");
    store.commit(batch).expect("a good batch");
    drop(store);

    let store = open();
    assert_eq!(store.row(Table::Task, b"kk").expect("readable"), None);
    let left = rows(&*store, Table::Task);
    assert_eq!(left.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), neighbours);
    assert!(left.iter().all(|(_, value)| *value == pattern(20_000)), "a neighbour was damaged");
}

fn what_is_too_large_is_refused(open: Open<'_>) {
    let mut store = open();
    let bytes = VALUE_LIMIT + 1;
    let refused = put(&mut *store, Table::Task, b"k", &vec![0; bytes]);
    assert!(
        matches!(refused, Err(Error::TooLarge { item: Item::Row(Table::Task, _), bytes: found }) if found == bytes)
    );
    let refused = commit(&mut *store, Record::after(None, 1, vec![0; bytes]));
    assert!(matches!(refused, Err(Error::TooLarge { item: Item::Record(Sequence(1)), .. })));
    for length in [0, KEY_LIMIT + 1] {
        let refused = put(&mut *store, Table::Key, &vec![b'k'; length], b"");
        assert!(matches!(refused, Err(Error::Key { table: Table::Key, bytes }) if bytes == length));
    }
    put(&mut *store, Table::Key, &[b'k'; KEY_LIMIT], b"").expect("exactly at the limit");
}

fn rows_are_ordered_by_their_keys_and_tables_are_apart(open: Open<'_>) {
    let mut store = open();
    let keys: [&[u8]; 7] = [b"\0", b"\0\0", b"a", b"a\0", b"ab", b"b", b"\xff\xff"];
    for table in Table::ALL {
        for key in keys.iter().rev() {
            put(&mut *store, table, key, &[table as u8]).expect("a good row");
        }
    }
    for table in Table::ALL {
        let expected: Vec<_> = keys.iter().map(|key| (key.to_vec(), vec![table as u8])).collect();
        assert_eq!(rows(&*store, table), expected, "{table}");
    }
}

fn of_several_changes_to_one_row_the_last_counts(open: Open<'_>) {
    let mut store = open();
    let mut batch = Batch::default();
    batch.put(Table::Task, *b"a", pattern(30_000));
    batch.put(Table::Task, *b"a", *b"small");
    batch.put(Table::Task, *b"b", pattern(30_000));
    batch.delete(Table::Task, *b"b");
    batch.delete(Table::Task, *b"c");
    batch.put(Table::Task, *b"c", *b"there");
    store.commit(batch).expect("a good batch");
    let expected = [(b"a".to_vec(), b"small".to_vec()), (b"c".to_vec(), b"there".to_vec())];
    assert_eq!(rows(&*store, Table::Task), expected);
}

fn a_walk_over_many_rows_is_complete(open: Open<'_>) {
    let mut store = open();
    let mut batch = Batch::default();
    for number in 0..2_000_u32 {
        batch.put(Table::Instruction, number.to_be_bytes(), pattern(number as usize));
    }
    store.commit(batch).expect("a good batch");
    let reader = store.reader();
    let walked = reader.rows(Table::Instruction).zip(0_u32..).map(|(row, number)| {
        let (key, value) = row.expect("intact");
        assert_eq!(key, number.to_be_bytes());
        assert!(value == pattern(number as usize), "row {number} differs");
    });
    assert_eq!(walked.count(), 2_000);
}

fn a_walk_ends_at_what_was_last_when_it_began(open: Open<'_>) {
    let mut store = open();
    append(&mut *store, b"one");
    let reader = store.reader();
    let mut walk = reader.records(Sequence(1));
    append(&mut *store, b"two");
    assert_eq!(walk.next().expect("there is one").expect("intact").body, b"one");
    assert!(walk.next().is_none());
    assert_eq!(bodies(&*reader, 2), [b"two"]);
}

fn a_reader_on_another_thread_follows_the_writer(open: Open<'_>) {
    const COMMITS: u64 = 50;
    let mut store = open();
    let reader = store.reader();
    thread::scope(|scope| {
        let follower = scope.spawn(move || {
            let mut seen = 0;
            while seen < COMMITS {
                // Read before the walk: a row is never older than the records it was committed with.
                let row = reader.row(Table::Meta, b"at").expect("readable");
                let at = row.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().expect("eight bytes")));
                let rows: Vec<_> = reader.rows(Table::Task).map(|row| row.expect("intact")).collect();
                for record in reader.records(Sequence(seen + 1)) {
                    seen += 1;
                    assert_eq!(record.expect("intact").sequence, Sequence(seen));
                }
                assert!(seen >= at, "the row of {at} was seen, but only {seen} records");
                assert!(rows.len() as u64 <= seen);
                thread::yield_now();
            }
        });
        for number in 1..=COMMITS {
            let record = Record::after(store.last().expect("readable"), 1, pattern(100 * number as usize));
            let mut batch = Batch { records: vec![record], rows: Vec::new() };
            batch.put(Table::Meta, *b"at", number.to_be_bytes());
            batch.put(Table::Task, number.to_be_bytes(), pattern(100 * number as usize));
            store.commit(batch).expect("continues the journal");
        }
        follower.join().expect("the follower saw nothing wrong");
    });
}

fn the_size_grows(open: Open<'_>) {
    let mut store = open();
    let before = store.size_bytes().expect("measurable");
    append(&mut *store, &pattern(2_000_000));
    assert!(store.size_bytes().expect("measurable") >= before + 1_000_000);
    assert_eq!(store.reader().size_bytes().expect("measurable"), store.size_bytes().expect("measurable"));
}

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

#[test]
fn a_store_in_memory_may_leave_its_journal_out() {
    let mut kept = MemoryStore::new();
    let mut left_out = MemoryStore::without_journal();
    for body in [b"one", b"two"] {
        append(&mut kept, body);
        append(&mut left_out, body);
    }
    put(&mut left_out, Table::Task, b"t", b"1").expect("a good row");
    assert_eq!(left_out.last().expect("readable"), kept.last().expect("readable"));
    assert_eq!(rows(&left_out, Table::Task).len(), 1);
    assert!(matches!(left_out.records(Sequence(1)).next(), Some(Err(Error::NotKept))));
    assert_eq!(left_out.records(Sequence(3)).count(), 0);
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = directory();
    let store = open(directory.path());
    assert!(matches!(SledStore::open(directory.path()), Err(Error::InUse { .. })));
    let reader = store.reader();
    drop(store);
    assert!(matches!(SledStore::open(directory.path()), Err(Error::InUse { .. })));
    drop(reader);
    open(directory.path());
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let directory = directory();
    drop(open(directory.path()));
    tamper(directory.path(), |tree| {
        tree.insert(b"\0format", &2_u32.to_be_bytes()).expect("writable");
    });
    let refused = SledStore::open(directory.path()).map(drop).expect_err("newer");
    assert!(matches!(refused, Error::Newer { found: 2, known: 1, .. }));
    assert!(refused.to_string().contains("newer program"), "{refused}");
}

#[test]
fn a_database_of_something_else_is_refused() {
    let directory = directory();
    tamper(directory.path(), |tree| {
        tree.insert(b"something", b"else").expect("writable");
    });
    assert!(matches!(SledStore::open(directory.path()), Err(Error::Foreign { .. })));
}

/// What is done to a journal of five records behind the store's back, and what is reported for it.
#[test]
fn every_tampering_with_the_journal_is_reported() {
    type Tampering = fn(&sled::Db);
    type Expected = fn(&Error) -> bool;
    let cases: [(&str, Tampering, Expected); 9] = [
        (
            "a flipped bit in a body",
            |tree| {
                let mut bytes = tree.get(key(3)).expect("readable").expect("there").to_vec();
                let place = bytes.len() - 9;
                bytes[place] ^= 1;
                tree.insert(key(3), bytes).expect("writable");
            },
            |error| matches!(error, Error::Record(RecordError::Changed { sequence: Sequence(3) })),
        ),
        (
            "a record cut off",
            |tree| {
                let bytes = tree.get(key(3)).expect("readable").expect("there");
                tree.insert(key(3), &bytes[..20]).expect("writable");
            },
            |error| matches!(error, Error::Record(RecordError::Short { sequence: Sequence(3), bytes: 19 })),
        ),
        (
            "an empty record",
            |tree| {
                tree.insert(key(3), b"").expect("writable");
            },
            |error| matches!(error, Error::Incomplete { item: Item::Record(Sequence(3)), .. }),
        ),
        (
            "a missing record",
            |tree| {
                tree.remove(key(3)).expect("writable");
            },
            |error| matches!(error, Error::Gap { expected: Sequence(3) }),
        ),
        (
            "a missing first record",
            |tree| {
                tree.remove(key(1)).expect("writable");
            },
            |error| matches!(error, Error::Gap { expected: Sequence(1) }),
        ),
        (
            "a missing last record",
            |tree| {
                tree.remove(key(5)).expect("writable");
            },
            |error| matches!(error, Error::Gap { expected: Sequence(5) }),
        ),
        (
            "an added record",
            |tree| {
                tree.insert(key(6), stored(6, RecordHash([6; 32]))).expect("writable");
            },
            |error| matches!(error, Error::BrokenChain { sequence: Sequence(6) }),
        ),
        (
            "a record rewritten with a fitting checksum",
            |tree| {
                tree.insert(key(3), stored(3, RecordHash([3; 32]))).expect("writable");
            },
            |error| matches!(error, Error::BrokenChain { sequence: Sequence(3) }),
        ),
        (
            "the last record rewritten with the right link",
            |tree| {
                let bytes = tree.get(key(5)).expect("readable").expect("there");
                let last = Record::decode(Sequence(5), &bytes[1..]).expect("intact");
                tree.insert(key(5), stored(5, last.previous)).expect("writable");
            },
            |error| matches!(error, Error::BrokenChain { sequence: Sequence(5) }),
        ),
    ];
    for (description, tampering, expected) in cases {
        let directory = directory();
        let mut store = open(directory.path());
        for body in 1..=5 {
            append(&mut store, &[body]);
        }
        drop(store);
        tamper(directory.path(), tampering);
        // Damage at the end is found when the store is opened, other damage by the walk; the walk ends there.
        let errors: Vec<_> = match SledStore::open(directory.path()) {
            Ok(store) => store.records(Sequence(1)).skip_while(Result::is_ok).map(|found| found.err()).collect(),
            Err(error) => vec![Some(error)],
        };
        assert!(matches!(&errors[..], [Some(error)] if expected(error)), "{description} was reported as {errors:?}");
    }
}

#[test]
fn a_missing_or_changed_part_of_a_large_value_is_reported() {
    let directory = directory();
    let mut store = open(directory.path());
    append(&mut store, &pattern(20_000));
    // Opening looks at the last two records; the damage is for the walk to find.
    append(&mut store, b"small");
    append(&mut store, b"small");
    put(&mut store, Table::Archive, b"large", &pattern(20_000)).expect("a good row");
    put(&mut store, Table::Archive, b"small", b"small").expect("a good row");
    drop(store);
    tamper(directory.path(), |tree| {
        let parts: Vec<_> = tree.scan_prefix([3]).keys().map(|key| key.expect("readable")).collect();
        assert_eq!(parts.len(), 10);
        tree.remove(&parts[1]).expect("writable");
        tree.insert(&parts[6], vec![0; 4096]).expect("writable");
    });

    let store = open(directory.path());
    let failures = [
        store.row(Table::Archive, b"large").expect_err("incomplete"),
        store.rows(Table::Archive).next().expect("a row").expect_err("incomplete"),
        store.records(Sequence(1)).next().expect("a record").expect_err("incomplete"),
    ];
    for failure in failures {
        assert!(matches!(failure, Error::Incomplete { .. }), "{failure:?}");
    }
    assert_eq!(store.rows(Table::Archive).count(), 1, "an error ends the walk");
    assert_eq!(store.row(Table::Archive, b"small").expect("readable"), Some(b"small".to_vec()));
}

#[test]
fn a_damaged_snapshot_of_the_engine_is_explained_and_the_advice_works() {
    let directory = directory();
    let mut store = open(directory.path());
    append(&mut store, b"one");
    drop(store);
    drop(open(directory.path()));
    let snapshots = || {
        let entries = fs::read_dir(directory.path()).expect("readable");
        let paths = entries.map(|entry| entry.expect("readable").path());
        paths.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap")))
    };
    assert!(snapshots().count() > 0);
    for snapshot in snapshots() {
        fs::write(snapshot, b"").expect("writable");
    }

    let refused = SledStore::open(directory.path()).map(drop).expect_err("damaged");
    assert!(matches!(refused, Error::Damaged { .. }), "{refused:?}");
    assert!(refused.to_string().contains("`snap`"), "{refused}");
    for snapshot in snapshots() {
        assert_eq!(fs::metadata(&snapshot).expect("still there").len(), 0, "the original is not touched");
        fs::remove_file(snapshot).expect("removable");
    }
    assert_eq!(bodies(&open(directory.path()), 1), [b"one"]);
}

/// The engine itself would cut its log at a bad place, without a word.
#[test]
fn a_changed_byte_in_the_log_never_loses_an_acknowledged_record_silently() {
    let written = directory();
    let mut outcomes = BTreeMap::new();
    for snapshot in [false, true] {
        let mut store = open(written.path());
        assert_eq!(has_snapshot(written.path()), snapshot);
        for number in 0..400_usize {
            let record = Record::after(store.last().expect("readable"), 1, pattern(number + 1_000));
            let mut batch = Batch { records: vec![record], rows: Vec::new() };
            batch.put(Table::Task, [(number % 20) as u8], pattern(number));
            store.commit(batch).expect("continues the journal");
        }
        let expected = bodies(&store, 1);
        let length = fs::metadata(written.path().join("db")).expect("there").len() as usize;
        assert!(length > 3 * 512 * 1024, "{length} bytes are too few segments");
        // Places all over the log, and headers of segments.
        let places =
            (0..24).map(|part| length * part / 24 + 777).chain((0..length).step_by(512 * 1024).map(|at| at + 5));
        for place in places {
            let killed = image(written.path());
            let log = killed.path().join("db");
            let mut bytes = fs::read(&log).expect("readable");
            bytes[place] ^= 1;
            fs::write(&log, bytes).expect("writable");
            let outcome = whole_or_refused(killed.path(), &expected);
            if outcome == "the database" {
                // What the message advises, even if there is no snapshot to move.
                for name in contents(killed.path()).keys().filter(|name| name.starts_with("snap.")) {
                    fs::remove_file(killed.path().join(name)).expect("removable");
                }
                whole_or_refused(killed.path(), &expected);
            }
            *outcomes.entry((snapshot, outcome)).or_insert(0) += 1;
        }
        drop(store);
    }
    assert!(outcomes.contains_key(&(false, "the journal".to_owned())), "no log was cut short: {outcomes:?}");
}

#[test]
fn a_journal_that_ends_before_its_mark_is_refused_and_the_message_says_what_to_do() {
    let written = directory();
    let mut store = open(written.path());
    append(&mut store, b"one");
    let older = image(written.path());
    append(&mut store, b"two");
    append(&mut store, b"three");
    fs::copy(written.path().join("head"), older.path().join("head")).expect("writable");
    for _ in 0..2 {
        let refused = SledStore::open(older.path()).map(drop).expect_err("two records are gone");
        assert!(matches!(refused, Error::CutShort { last: Sequence(1), acknowledged: Sequence(3), .. }), "{refused:?}");
        for words in
            ["ends at record 1", "2 of them", "nothing was repaired", "copy the whole", "restore the last backup"]
        {
            assert!(refused.to_string().contains(words), "`{words}` is not in: {refused}");
        }
    }

    let emptied = directory();
    fs::copy(written.path().join("head"), emptied.path().join("head")).expect("writable");
    let refused = SledStore::open(emptied.path()).map(drop).expect_err("nothing is left");
    assert!(matches!(refused, Error::CutShort { last: Sequence(0), acknowledged: Sequence(3), .. }), "{refused:?}");
}

/// What a power cut, or a program that knew no marks, may leave.
#[test]
fn a_mark_that_is_older_missing_or_unreadable_is_accepted_and_written_anew() {
    let written = directory();
    let mut store = open(written.path());
    append(&mut store, b"one");
    let first = fs::read(written.path().join("head")).expect("written by the first commit");
    append(&mut store, b"two");
    let second = fs::read(written.path().join("head")).expect("readable");
    assert_eq!((first.len(), second.len()), (49, 49));
    let later = [&[9], &second[1..]].concat();
    let long = [&second[..], b"more"].concat();
    for mark in
        [Some(first), None, Some(Vec::new()), Some(second[..20].to_vec()), Some(vec![0; 49]), Some(later), Some(long)]
    {
        let killed = image(written.path());
        let path = killed.path().join("head");
        match &mark {
            Some(bytes) => fs::write(&path, bytes).expect("writable"),
            None => fs::remove_file(&path).expect("removable"),
        }
        let mut store = open(killed.path());
        assert_eq!(bodies(&store, 1), [b"one", b"two"]);
        assert_eq!(fs::read(&path).ok(), mark, "opening does not write it");
        put(&mut store, Table::Meta, b"k", b"v").expect("a good row");
        assert!(fs::read(&path).expect("written") == second, "{mark:?}");
        append(&mut store, b"three");
        let third = fs::read(&path).expect("readable");
        assert_eq!((third.len(), third[8]), (49, 3));
        drop(store);
        assert_eq!(bodies(&open(killed.path()), 1), [&b"one"[..], b"two", b"three"]);
    }
}

#[test]
fn a_mark_of_another_journal_is_refused() {
    let (ours, other) = (directory(), directory());
    for (directory, body) in [(&ours, b"ours "), (&other, b"other")] {
        let mut store = open(directory.path());
        append(&mut store, body);
    }
    fs::copy(other.path().join("head"), ours.path().join("head")).expect("writable");
    for _ in 0..2 {
        let refused = SledStore::open(ours.path()).map(drop).expect_err("another record");
        assert!(matches!(refused, Error::BrokenChain { sequence: Sequence(1) }), "{refused:?}");
    }
}

/// Opens a damaged store: what it shows is complete, or an error tells, and one that keeps it from being opened has changed
/// nothing. The answer is how that error begins.
fn whole_or_refused(directory: &Path, expected: &[Vec<u8>]) -> String {
    let before = contents(directory);
    match SledStore::open(directory) {
        Err(error) => {
            assert!(contents(directory) == before, "this changed the directory: {error}");
            error.to_string().split(' ').take(2).collect::<Vec<_>>().join(" ")
        }
        Ok(store) => match store.records(Sequence(1)).collect::<Result<Vec<_>, _>>() {
            Ok(records) => {
                let found: Vec<_> = records.into_iter().map(|record| record.body).collect();
                assert!(found == expected, "{} of {} records", found.len(), expected.len());
                "whole".to_owned()
            }
            Err(_) => "the walk tells".to_owned(),
        },
    }
}

/// A directory as a killed process leaves it: what the store wrote, and nothing it would have written on its way out.
fn image(directory: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(image.path().join("blobs")).expect("writable");
    for (name, bytes) in contents(directory) {
        fs::write(image.path().join(name), bytes).expect("writable");
    }
    image
}

/// The files of a directory, and empty entries for its folders.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable"));
    let files = entries.filter(|entry| entry.file_name() != "blobs");
    files
        .map(|file| (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap_or_default()))
        .collect()
}

fn has_snapshot(directory: &Path) -> bool {
    contents(directory).keys().any(|name| name.starts_with("snap."))
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(directory: &Path) -> SledStore {
    SledStore::open(directory).expect("the store opens")
}

/// Changes the database behind the store's back.
fn tamper(directory: &Path, change: impl FnOnce(&sled::Db)) {
    // sled's threads may hold the lock for a moment after the store is gone.
    let config = sled::Config::new().path(directory).flush_every_ms(None);
    let tries = (0..100).find_map(|_| config.open().map_err(|_| thread::sleep(Duration::from_millis(20))).ok());
    let tree = tries.expect("nobody has it");
    change(&tree);
    tree.flush().expect("writable");
}

/// Where the store keeps a record.
fn key(sequence: u64) -> Vec<u8> {
    [&[1][..], &sequence.to_be_bytes()].concat()
}

/// A forged record as the store keeps one.
fn stored(sequence: u64, previous: RecordHash) -> Vec<u8> {
    let record = Record { sequence: Sequence(sequence), version: 1, body: b"forged".to_vec(), previous };
    [vec![0], record.encode()].concat()
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
