//! Files that were torn, changed or cut behind the store's back, from the store's side and from the command line.
//!
//! Places are sampled; `ECHELON_LONG=1` looks at every byte.

use std::fs;
use std::path::Path;

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Error, Reader, Record, SledStore, Store, Table};
use tempfile::TempDir;

use super::copy;
use crate::crash::Storm;
use crate::support::is_long;

/// Places of each kind that are looked at in a run that is not long.
const SAMPLES: usize = 8;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Some of these numbers, the first and the last among them, or all of them in a long run.
fn sample(range: std::ops::Range<usize>) -> Vec<usize> {
    let step = if is_long() { 1 } else { (range.len() / SAMPLES).max(1) };
    let last = range.end.saturating_sub(1);
    range.step_by(step).chain([last]).collect()
}

/// Commits one more record with a row, as the ledger does.
fn commit(store: &mut SledStore, number: u8) {
    let record = Record::after(store.last().expect("readable"), 1, vec![number; 700]);
    let mut batch = Batch { records: vec![record], rows: Vec::new() };
    batch.put(Table::Task, [number % 4], vec![number; 300]);
    store.commit(batch).expect("continues the journal");
}

/// A copy of a store that is open, as a killed process leaves it.
fn image(of: &Path) -> TempDir {
    let image = directory();
    copy(of, &image.path().join("ledger"));
    image
}

/// How many records an opened store has, or why it was not opened.
fn open(ledger: &Path) -> Result<usize, Error> {
    let store = SledStore::open(ledger)?;
    let mut count = 0;
    for record in store.records(Sequence(1)) {
        record?;
        count += 1;
    }
    Ok(count)
}

#[test]
fn a_last_commit_that_was_torn_is_left_out_or_refused_and_never_half_there() {
    let written = directory();
    let mut store = SledStore::open(written.path()).expect("the store opens");
    (1..=8).for_each(|number| commit(&mut store, number));
    let log = written.path().join("db");
    let length = || fs::metadata(&log).expect("the log is there").len() as usize;
    let (before, mark) = (length(), fs::read(written.path().join("head")).expect("the mark is there"));
    commit(&mut store, 9);
    let after = length();
    assert!(after > before + 700, "{before} to {after} bytes");
    for cut in sample(before..after) {
        for acknowledged in [true, false] {
            let torn = image(written.path());
            let ledger = torn.path().join("ledger");
            fs::File::options()
                .write(true)
                .open(ledger.join("db"))
                .and_then(|file| file.set_len(cut as u64))
                .expect("a file can be cut");
            if !acknowledged {
                // The mark is written after the commit.
                fs::write(ledger.join("head"), &mark).expect("a file can be written");
            }
            match (open(&ledger), acknowledged) {
                (Ok(8), false) => {}
                (Err(Error::CutShort { last: Sequence(8), acknowledged: Sequence(9), .. }), true) => {}
                (found, _) => panic!("cut at byte {cut}, acknowledged: {acknowledged}: {found:?}"),
            }
            if !acknowledged {
                // What was torn off is not in the way of what comes.
                let mut store = SledStore::open(&ledger).expect("it was opened before");
                commit(&mut store, 9);
                drop(store);
                assert_eq!(open(&ledger).expect("it goes on"), 9, "cut at byte {cut}");
            }
        }
    }
}

#[test]
fn a_bit_that_flips_anywhere_in_the_files_of_a_store_is_noticed_or_does_no_harm() {
    for snapshot in [false, true] {
        let written = directory();
        let mut store = SledStore::open(written.path()).expect("the store opens");
        (1..=6).for_each(|number| commit(&mut store, number));
        if snapshot {
            drop(store);
            // Opening writes one.
            store = SledStore::open(written.path()).expect("the store opens");
            (7..=8).for_each(|number| commit(&mut store, number));
        }
        let count = if snapshot { 8 } else { 6 };
        for file in fs::read_dir(written.path()).expect("readable").map(|entry| entry.expect("readable").path()) {
            if !file.is_file() {
                continue;
            }
            let name = file.file_name().expect("a file has a name");
            for place in sample(0..fs::metadata(&file).expect("readable").len() as usize) {
                let flipped = image(written.path());
                let ledger = flipped.path().join("ledger");
                let mut bytes = fs::read(ledger.join(name)).expect("readable");
                bytes[place] ^= 1 << (place % 8);
                fs::write(ledger.join(name), bytes).expect("writable");
                // Whole, or an error; what the errors say is looked at elsewhere.
                if let Ok(found) = open(&ledger) {
                    assert_eq!(found, count, "byte {place} of {name:?}, snapshot: {snapshot}");
                }
            }
        }
    }
}

#[test]
fn a_snapshot_of_the_engine_that_was_cut_is_refused_and_the_advice_heals_it() {
    let written = directory();
    let mut store = SledStore::open(written.path()).expect("the store opens");
    (1..=5).for_each(|number| commit(&mut store, number));
    drop(store);
    drop(SledStore::open(written.path()).expect("the store opens"));
    let entries = fs::read_dir(written.path()).expect("readable").map(|entry| entry.expect("readable").file_name());
    let name = entries.filter(|name| name.to_string_lossy().starts_with("snap.")).max().expect("opening wrote one");
    let length = fs::metadata(written.path().join(&name)).expect("readable").len() as usize;
    for cut in sample(0..length) {
        let torn = image(written.path());
        let ledger = torn.path().join("ledger");
        let file = fs::File::options().write(true).open(ledger.join(&name)).expect("writable");
        file.set_len(cut as u64).expect("a file can be cut");
        drop(file);
        match open(&ledger) {
            Ok(found) => assert_eq!(found, 5, "cut at byte {cut}"),
            Err(error) => {
                assert!(matches!(error, Error::Damaged { .. }), "cut at byte {cut}: {error:?}");
                let words = error.to_string();
                assert!(words.contains("`echelon store repair`") && words.contains("begin with `snap`"), "{words}");
                fs::remove_file(ledger.join(&name)).expect("removable");
                assert_eq!(open(&ledger).expect("the log has everything"), 5, "cut at byte {cut}");
            }
        }
    }
}

/// What is done to a ledger, whether at its end, and what is said about it.
type Case = (&'static str, fn(&sled::Db), bool, &'static [&'static str]);

#[test]
fn a_hole_or_a_change_in_the_journal_is_told_by_the_commands_with_what_to_do() {
    let mut storm = Storm::new(0);
    storm.record.ask("errand");
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    let healthy = storm.home.path().join("healthy");
    fs::rename(storm.home.data(), &healthy).expect("a folder can be moved");
    let cases: &[Case] = &[
        (
            "a missing event",
            |tree| drop(tree.remove(key(tree, 3)).expect("writable")),
            false,
            &["is missing", "restore the last backup"],
        ),
        (
            "a changed event",
            |tree| {
                let place = key(tree, 3);
                let mut bytes = tree.get(&place).expect("readable").expect("there").to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                tree.insert(place, bytes).expect("writable");
            },
            false,
            &["restore the last backup"],
        ),
        ("a missing end", |tree| drop(tree.remove(last(tree)).expect("writable")), true, &["restore the last backup"]),
    ];
    for (name, tamper, at_the_end, words) in cases {
        let data = storm.home.data();
        copy(&healthy, &data);
        crate::store::tamper(&data.join("ledger"), tamper);
        let audit = storm.home.echelon(&["audit", "verify"]);
        assert_eq!(audit.code, Some(8), "{name}: {audit:?}");
        let said = format!("{}{}", audit.stdout, audit.stderr);
        for word in *words {
            assert!(said.contains(word), "{name}: `{word}` is not in: {said}");
        }
        // The snapshots of the ledger stand behind the hole, so that a daemon can go on; at the end it must not.
        if *at_the_end {
            let mut daemon = storm.home.begin_up(&storm.workload.chart());
            assert_eq!(daemon.ends(), Some(8), "{name}: {}", storm.home.log());
            assert!(storm.home.log().contains("restore the last backup"), "{name}: {}", storm.home.log());
        }
        fs::remove_dir_all(&data).expect("removable");
    }
}

/// The place of the row with the `number`th record or the block it begins.
fn key(tree: &sled::Db, number: usize) -> sled::IVec {
    tree.scan_prefix([1]).keys().nth(number).expect("there are so many").expect("readable")
}

fn last(tree: &sled::Db) -> sled::IVec {
    tree.scan_prefix([1]).keys().next_back().expect("there are some").expect("readable")
}
