//! Files that are not as they were written: nothing that was acknowledged is lost without a word.

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Error, Item, Reader, Record, RecordError, RecordHash, SledStore, Store, Table};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{append, bodies, directory, open, pattern, put, tamper};

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
pub(super) fn image(directory: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(image.path().join("blobs")).expect("writable");
    for (name, bytes) in contents(directory) {
        fs::write(image.path().join(name), bytes).expect("writable");
    }
    image
}

/// The files of a directory, and empty entries for its folders.
pub(super) fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable"));
    let files = entries.filter(|entry| entry.file_name() != "blobs");
    files
        .map(|file| (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap_or_default()))
        .collect()
}

fn has_snapshot(directory: &Path) -> bool {
    contents(directory).keys().any(|name| name.starts_with("snap."))
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
