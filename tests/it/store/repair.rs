//! What can be mended, and that everything else is left as it is.

use std::fs;
use std::path::{Path, PathBuf};

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Draft, Error, Reader, Record, SledStore, Store, Table, repair};

use super::damage::{contents, image};
use super::{append, bodies, directory, open, pattern, rows};

/// A store with a few records and rows, and a snapshot of the engine.
fn written(folder: &Path) -> PathBuf {
    let place = folder.join("ledger");
    let mut store = open(&place);
    append(&mut store, b"one");
    let record = Record::after(store.last().expect("readable"), 1, pattern(20_000));
    let mut batch = Batch { records: vec![record], rows: Vec::new() };
    batch.put(Table::Archive, *b"large", pattern(30_000));
    store.commit(batch).expect("a good batch");
    drop(store);
    drop(open(&place));
    place
}

fn snapshots(place: &Path) -> Vec<PathBuf> {
    let names = contents(place).into_keys().filter(|name| name.starts_with("snap."));
    names.map(|name| place.join(name)).collect()
}

#[test]
fn a_store_with_damaged_snapshots_is_repaired_on_a_copy_and_the_original_is_kept() {
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damages: [(&str, Damage); 4] = [
        ("empty", |_| Vec::new()),
        ("truncated", |whole| whole[..whole.len() / 2].to_vec()),
        ("garbage", |whole| vec![0xa5; whole.len()]),
        ("a flipped bit", |whole| {
            let mut flipped = whole.to_vec();
            let last = flipped.len() - 1;
            flipped[last] ^= 1;
            flipped
        }),
    ];
    for (what, damage) in damages {
        let folder = directory();
        let place = written(folder.path());
        let expected = bodies(&open(&place), 1);
        assert!(!snapshots(&place).is_empty());
        for path in snapshots(&place) {
            let whole = fs::read(&path).expect("readable");
            fs::write(path, damage(&whole)).expect("writable");
        }
        let damaged = contents(&place);
        let refused = SledStore::open(&place).map(drop).expect_err("damaged");
        assert!(matches!(refused, Error::Damaged { .. }), "{what}: {refused:?}");
        assert!(refused.to_string().contains("`echelon store repair`"), "{refused}");
        assert!(contents(&place) == damaged, "{what}: looking changed it");

        let repaired = repair(&place).expect("the log is whole").expect("there is something to repair");
        assert_eq!(repaired.kept, folder.path().join("ledger.damaged"));
        assert_eq!((repaired.acknowledged, repaired.damaged_rows), (Some(Sequence(2)), 0), "{what}");
        assert!(contents(&repaired.kept) == damaged, "{what}: the original is kept as it was");
        let store = open(&place);
        assert_eq!(bodies(&store, 1), expected, "{what}");
        assert_eq!(rows(&store, Table::Archive), [(b"large".to_vec(), pattern(30_000))]);
        drop(store);
        assert_eq!(repair(&place).expect("whole"), None, "there is nothing left to repair");
        assert!(!folder.path().join("ledger.new").exists());
    }
}

#[test]
fn every_original_is_kept_under_a_name_of_its_own() {
    let folder = directory();
    let place = written(folder.path());
    for name in ["ledger.damaged", "ledger.damaged-2", "ledger.damaged-3"] {
        for path in snapshots(&place) {
            fs::write(path, b"").expect("writable");
        }
        let repaired = repair(&place).expect("the log is whole").expect("there is something to repair");
        assert_eq!(repaired.kept, folder.path().join(name));
        drop(open(&place));
    }
}

#[test]
fn a_store_whose_log_is_damaged_too_is_left_as_it_is() {
    let folder = directory();
    let place = written(folder.path());
    let log = fs::read(place.join("db")).expect("readable");
    let used = log.iter().rposition(|byte| *byte != 0).expect("something was written");
    for at in [40, used / 2, used - 10] {
        let mut bytes = log.clone();
        bytes[at] ^= 0xff;
        fs::write(place.join("db"), bytes).expect("writable");
        for path in snapshots(&place) {
            fs::write(path, b"").expect("writable");
        }
        let before = contents(&place);
        let refused = repair(&place).expect_err("the log is damaged");
        assert!(refused.to_string().contains("`echelon store restore FILE`"), "byte {at}: {refused}");
        assert!(contents(&place) == before, "byte {at}: this changed the directory: {refused}");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing is left beside it");
    }
}

#[test]
fn a_log_that_ends_before_its_mark_is_not_repaired() {
    let folder = directory();
    let place = written(folder.path());
    let older = image(&place);
    let mut store = open(&place);
    append(&mut store, b"three");
    drop(store);
    fs::copy(place.join("head"), older.path().join("head")).expect("writable");
    for path in snapshots(older.path()) {
        fs::write(path, b"").expect("writable");
    }
    let refused = repair(older.path()).expect_err("a record is gone");
    assert!(matches!(&refused, Error::CutShort { directory, .. } if directory == older.path()), "{refused:?}");
}

#[test]
fn a_draft_shows_only_when_it_is_whole_and_what_a_killed_one_left_is_removed() {
    let folder = directory();
    let place = folder.path().join("ledger");
    let draft = Draft::begin(&place).expect("there is room");
    append(&mut open(draft.directory()), b"one");
    assert!(!place.exists());
    // A killed process drops nothing.
    std::mem::forget(draft);
    let draft = Draft::begin(&place).expect("there is room");
    assert_eq!(contents(draft.directory()).len(), 0, "it begins empty");
    append(&mut open(draft.directory()), b"two");
    draft.publish().expect("nothing is there");
    assert_eq!(bodies(&open(&place), 1), [b"two"]);

    let draft = Draft::begin(&place).expect("there is room");
    append(&mut open(draft.directory()), b"three");
    draft.publish().expect_err("something is there");
    assert_eq!(bodies(&open(&place), 1), [b"two"]);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "what comes to nothing is removed");

    let draft = Draft::begin(&place).expect("there is room");
    append(&mut open(draft.directory()), b"four");
    draft.replace(None).expect("both are directories");
    assert_eq!(bodies(&open(&place), 1), [b"four"]);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
}
