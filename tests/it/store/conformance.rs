//! What every store does.

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Error, Item, KEY_LIMIT, MemoryStore, Record, RecordHash, Table, VALUE_LIMIT};
use std::thread;

use super::{Open, append, bodies, commit, directory, open, pattern, put, rows};

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
    a_journal_may_begin_after_records_that_are_elsewhere,
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

fn a_journal_may_begin_after_records_that_are_elsewhere(open: Open<'_>) {
    let mut store = open();
    assert_eq!(store.base().expect("readable"), None);
    let base = (Sequence(7), RecordHash([0xab; 32]));
    store.begin_after(base).expect("it is empty");
    assert!(matches!(store.begin_after(base), Err(Error::NotNext { expected: Sequence(8), .. })), "only once");
    for _ in 0..2 {
        assert_eq!((store.base().expect("readable"), store.last().expect("readable")), (Some(base), Some(base)));
        assert_eq!(store.reader().base().expect("readable"), Some(base));
        assert_eq!(bodies(&*store, 0), Vec::<Vec<u8>>::new());
        drop(store);
        store = open();
    }
    let unlinked = Record::after(None, 1, b"one".to_vec());
    assert!(matches!(commit(&mut *store, unlinked), Err(Error::NotNext { expected: Sequence(8), .. })));
    let wrong = Record::after(Some((Sequence(7), RecordHash::ZERO)), 1, b"one".to_vec());
    assert!(matches!(commit(&mut *store, wrong), Err(Error::NotChained { sequence: Sequence(8) })));
    for body in [b"eight", b"nine!", b"ten.."] {
        append(&mut *store, body);
    }
    put(&mut *store, Table::Base, b"k", b"v").expect("a good row");
    for _ in 0..2 {
        assert_eq!(store.base().expect("readable"), Some(base));
        assert_eq!(store.last().expect("readable").map(|(sequence, _)| sequence), Some(Sequence(10)));
        for (from, expected) in [(0, 3), (8, 3), (9, 2), (10, 1), (11, 0)] {
            assert_eq!(bodies(&*store, from).len(), expected, "from {from}");
        }
        for from in 1..=7 {
            let walked: Vec<_> = store.records(Sequence(from)).collect();
            assert!(
                matches!(walked.as_slice(), [Err(Error::Dropped { until: Sequence(7) })]),
                "from {from}: {walked:?}"
            );
        }
        drop(store);
        store = open();
    }
    assert!(matches!(store.begin_after(base), Err(Error::NotNext { .. })));
}
