//! Journals as earlier programs wrote them: what was recorded once can be read for ever, and gives the same state.
//!
//! For each version of the schema there is a journal, in `golden/`, twice: as it was exported (`journal-v3.jsonl`), and its
//! records as they lay on the disk (`journal-v3.records`: the length of each in four bytes, big-endian, and the record).
//! They are never written again. A test that fails here says that a shape that was written has been changed: it takes a
//! new version of the schema, a reader for the old one, and a golden journal of the new one.
//!
//! The journal of version 3 is some seconds of `org/escalation-demo.toml`, with a broadcast, a standup, a pause, an absence,
//! cancelled work and an instruction that was stopped: 48 sorts of events.

use std::collections::BTreeSet;

use echelon::api::export::Reading;
use echelon::api::journal::export;
use echelon::domain::event::SCHEMA_VERSION;
use echelon::domain::id::Sequence;
use echelon::ledger::{Base, Build, Error, Ledger, check, decode, digest, encode, replay};
use echelon::store::{Batch, MemoryStore, Reader, Record, Store, Table};
use serde_json::Value;

/// A journal of one version.
struct Golden {
    version: u16,
    exported: &'static [u8],
    records: &'static [u8],
    /// The digest of the state it gives. Only the shapes of what is kept of a state may change it, and then the version of
    /// the snapshots is another one, too.
    digest: &'static str,
}

const GOLDEN: [Golden; 1] = [Golden {
    version: 3,
    exported: include_bytes!("golden/journal-v3.jsonl"),
    records: include_bytes!("golden/journal-v3.records"),
    digest: "0eff1f8c26c27a7487f2635c3a0d53e7cf604d71b476db6cca2620a8afc1ecc8",
}];

impl Golden {
    /// The records as they lay on the disk.
    fn records(&self) -> Vec<Record> {
        let mut rest = self.records;
        let mut records = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (bytes, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            let sequence = Sequence(records.len() as u64 + 1);
            records.push(Record::decode(sequence, bytes).expect("a record is what it was"));
            assert_eq!(records[records.len() - 1].encode(), bytes, "it is written as it was");
            rest = after;
        }
        assert!(records.len() > 100, "there are records");
        records
    }

    /// The lines that are events.
    fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(self.exported).expect("it is text");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
        lines[1..lines.len() - 1].to_vec()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn there_is_a_golden_journal_of_the_version_that_is_written() {
    assert!(GOLDEN.iter().any(|golden| golden.version == SCHEMA_VERSION), "add one of version {SCHEMA_VERSION}");
}

#[test]
fn every_event_that_was_recorded_reads_as_it_did() {
    for golden in GOLDEN {
        let mut kinds = BTreeSet::new();
        let mut link = None;
        for (record, line) in golden.records().iter().zip(golden.lines()) {
            let place = format!("event {} of version {}", record.sequence, golden.version);
            assert_eq!(record.version, golden.version, "{place}");
            let expected = Record::after(link, record.version, record.body.clone());
            assert_eq!(*record, expected, "{place} is in its place");
            link = Some(record.head());
            let entry = decode(record).unwrap_or_else(|error| panic!("{error}"));
            let read = serde_json::to_value(export(record).expect("readable")).expect("it is JSON");
            for field in ["sequence", "version", "org", "wall", "principal", "body", "previous", "hash"] {
                assert_eq!(read[field], line[field], "{field} of {place}");
            }
            if golden.version == SCHEMA_VERSION {
                assert_eq!(read["event"], line["event"], "{place}");
                assert_eq!(encode(&entry).expect("it can be written"), record.body, "{place} is written otherwise now");
            }
            kinds.extend(kind(&line["event"]));
        }
        assert!(kinds.len() >= 40, "{} sorts of events: {kinds:?}", kinds.len());
    }
}

/// The name of what happened, and of what happened to an instruction or a task.
fn kind(event: &Value) -> Vec<String> {
    let name = |value: &Value| match value {
        Value::String(name) => Some(name.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _others => None,
    };
    let outer = name(event);
    let inner = outer.as_ref().and_then(|outer| name(&event[outer][1]));
    [outer, inner].into_iter().flatten().collect()
}

#[test]
fn a_journal_that_was_recorded_gives_the_state_that_it_gave() {
    for golden in GOLDEN {
        let content = MemoryStore::new();
        let mut build = Build::begin(Box::new(content.clone())).expect("it is empty");
        for record in golden.records() {
            build.take(record).unwrap_or_else(|error| panic!("{error}"));
        }
        let built = build.finish().expect("it can be written");
        assert_eq!(hex(&built.digest), golden.digest, "the state of version {} is another one", golden.version);
        let replayed = replay(&content).expect("it can be read");
        assert_eq!(digest(&replayed), built.digest, "with and without rows");
        let (ledger, recovered) = Ledger::open(Box::new(content.clone())).expect("it opens");
        assert_eq!((digest(ledger.state()), recovered.replayed), (built.digest, 0), "from the rows alone");
        let checked = check(&content).expect("it can be read");
        assert_eq!(checked.faults, [], "the rows are what the journal gives");
        assert_eq!(checked.digest, Some(built.digest));
    }
}

#[test]
fn a_file_that_was_exported_once_can_be_read_back() {
    for golden in GOLDEN {
        let mut reading = Reading::begin(golden.exported).expect("the header is understood");
        let mut read = Vec::new();
        while let Some(record) = reading.next_record().unwrap_or_else(|fault| panic!("{fault}")) {
            read.push(record);
        }
        assert!(read == golden.records(), "the file and the records are the same journal");
    }
}

#[test]
fn what_is_built_from_a_journal_is_what_a_ledger_writes_along_the_way() {
    let content = MemoryStore::new();
    let mut build = Build::begin(Box::new(content.clone())).expect("it is empty");
    let mut records = GOLDEN[0].records().into_iter();
    for record in records.by_ref().take(100) {
        build.take(record).expect("it follows");
    }
    build.finish().expect("it can be written");
    assert!(Build::begin(Box::new(content.clone())).is_err(), "only an empty store is filled");
    // The rest comes without rows, as after a crash.
    let mut store = content.clone();
    for record in records {
        store.commit(Batch { records: vec![record], rows: Vec::new() }).expect("it follows");
    }
    let checked = check(&content).expect("it can be read");
    assert_eq!(checked.snapshot, Some(Sequence(100)));
    let missing: Vec<_> = checked.faults.iter().map(|fault| fault.what.as_str()).collect();
    assert!(!missing.is_empty() && missing.iter().all(|what| *what == "is missing"), "{:?}", checked.faults);
    assert_eq!(content.last().expect("readable"), checked.head);
}

#[test]
fn wherever_a_journal_is_cut_the_rest_gives_the_same_state() {
    let golden = &GOLDEN[0];
    let records = golden.records();
    let whole = MemoryStore::new();
    let mut build = Build::begin(Box::new(whole.clone())).expect("it is empty");
    records.iter().for_each(|record| build.take(record.clone()).expect("it follows"));
    build.finish().expect("it can be written");
    let mut from = whole;
    // Each is cut from the one before, which has a base from then on.
    for until in [1, 17, 60, 61, 100, records.len() - 1, records.len()] {
        let base = Base::at::<Error>(&from, Sequence(until as u64), || Ok(())).expect("it can be read");
        assert_eq!(base.head(), records[until - 1].head(), "{until}");
        let pruned = MemoryStore::new();
        let mut build = Build::begin_after(Box::new(pruned.clone()), base.head()).expect("it is empty");
        for row in base.rows(&from) {
            build.take_row(row.expect("it is there")).expect("it follows");
        }
        for record in &records[until..] {
            build.take(record.clone()).expect("it follows");
        }
        let built = build.finish().expect("it can be written");
        assert_eq!(hex(&built.digest), golden.digest, "cut after {until}");
        assert_eq!(digest(&replay(&pruned).expect("it can be read")), built.digest, "from the base, after {until}");
        let (ledger, recovered) = Ledger::open(Box::new(pruned.clone())).expect("it opens");
        assert_eq!((digest(ledger.state()), recovered.replayed), (built.digest, 0), "from the rows, after {until}");
        let checked = check(&pruned).expect("it can be read");
        assert_eq!(checked.faults, [], "cut after {until}");
        assert_eq!((checked.digest, checked.base), (Some(built.digest), Some(base.head())));
        assert_eq!(checked.records, (records.len() - until) as u64);

        // Rows that cannot be used are left out, and the base has what they were made from.
        let mut store = pruned.clone();
        let mut batch = Batch::default();
        batch.delete(Table::Meta, *b"snapshot");
        store.commit(batch).expect("a good batch");
        let (ledger, _) = Ledger::open(Box::new(pruned.clone())).expect("it opens");
        assert_eq!(digest(ledger.state()), built.digest, "without rows, after {until}");

        // A base that was changed is no base.
        let (key, mut value) = pruned.rows(Table::Base).last().expect("there are rows").expect("readable");
        value.push(0);
        let mut batch = Batch::default();
        batch.put(Table::Base, key.clone(), value.clone());
        store.commit(batch).expect("a good batch");
        assert!(matches!(replay(&pruned), Err(Error::Base { .. })));
        let checked = check(&pruned).expect("it can be read");
        assert!(checked.faults.iter().any(|fault| fault.what.contains("not usable")), "{:?}", checked.faults);
        value.pop();
        let mut batch = Batch::default();
        batch.put(Table::Base, key, value);
        store.commit(batch).expect("a good batch");
        from = pruned;
    }
}
