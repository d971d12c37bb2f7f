//! What comes back after a restart, with and without snapshots.

use std::path::Path;

use echelon::domain::command::Action;
use echelon::domain::id::{InstructionId, Sequence};
use echelon::domain::instruction::StateName;
use echelon::domain::rejection::Rejection;
use echelon::domain::task::State as TaskState;
use echelon::ledger::{Error, Ledger, Recovered, replay};
use echelon::store::{Batch, MemoryStore, Reader, Record, SledStore, Store, Table};
use tempfile::TempDir;

use super::office::{Attempts, Company, chart, request, whole};

/// Events after which the ledger writes snapshots by itself.
const SNAPSHOT_EVERY: u64 = 4_096;

/// A place that a ledger can be opened from again and again.
enum Place {
    Memory(MemoryStore),
    Disk(TempDir),
}

impl Place {
    fn both() -> [Self; 2] {
        [Self::Memory(MemoryStore::new()), Self::Disk(tempfile::tempdir().expect("there is room for a folder"))]
    }

    fn open(&self) -> (Ledger, Recovered) {
        let store: Box<dyn Store> = match self {
            Self::Memory(content) => Box::new(content.clone()),
            Self::Disk(folder) => {
                let path: &Path = folder.path();
                Box::new(SledStore::open(&path.join("ledger")).expect("nobody else has it"))
            }
        };
        Ledger::open(store).expect("what was written can be read")
    }
}

/// The ledger as a crash leaves it: nothing is written at the end. Checks that all of it comes back.
fn crash(ledger: Ledger, place: &Place) -> (Ledger, Recovered) {
    let before = whole(ledger.state());
    let head = ledger.head();
    drop(ledger);
    let (ledger, recovered) = place.open();
    assert_eq!(whole(ledger.state()), before, "after {recovered:?}");
    assert_eq!(ledger.head(), head);
    let replayed = replay(ledger.reader().as_ref()).expect("the journal can be read");
    assert_eq!(whole(&replayed), before, "replayed from the beginning");
    (ledger, recovered)
}

fn last(ledger: &Ledger) -> u64 {
    ledger.state().sequence.0
}

#[test]
fn a_restart_gives_the_same_state_with_and_without_snapshots() {
    for place in Place::both() {
        let mut company = Company::new();
        let (mut ledger, recovered) = place.open();
        assert_eq!(recovered, Recovered::default());
        company.apply(&mut ledger, chart());
        for round in 0..12 {
            let texts = ["quick", "full"].map(|work_type| request(work_type, &format!("round {round}"), None));
            company.submit(&mut ledger, texts.to_vec());
            let attempts = if round % 3 == 1 { Attempts::GoOn } else { Attempts::Succeed };
            company.work(&mut ledger, attempts);
            let recovered;
            (ledger, recovered) = crash(ledger, &place);
            if round % 4 == 3 {
                ledger.write_snapshots().expect("the store takes it");
                let snapshot = ledger.state().sequence;
                let again;
                (ledger, again) = crash(ledger, &place);
                assert_eq!(again, Recovered { snapshot, replayed: 0 });
            } else {
                assert_eq!(recovered.snapshot.0 + recovered.replayed, last(&ledger));
                assert!(recovered.replayed > 0);
            }
        }
        company.finish(&mut ledger);
        let (ledger, _) = crash(ledger, &place);
        assert!(ledger.state().tasks.is_empty() && ledger.state().instructions.is_empty());
        assert_eq!(ledger.state().finished.len(), 24);
    }
}

#[test]
fn a_long_journal_comes_back_from_the_snapshots_that_are_written_on_the_way() {
    for place in Place::both() {
        let mut company = Company::new();
        let (mut ledger, _) = place.open();
        company.apply(&mut ledger, chart());
        // These stay open for the whole time, in different states.
        let open = company.submit(&mut ledger, vec![request("full", "stays", None), request("quick", "stays", None)]);
        company.work(&mut ledger, Attempts::GoOn);
        let mut ended = Vec::new();
        let mut recovered = Recovered::default();
        while recovered.snapshot.0 < 2 * SNAPSHOT_EVERY {
            let requests = (0..40).map(|n| request("quick", &format!("{n}"), Some(&format!("{}-{n}", ended.len()))));
            let ids = company.submit(&mut ledger, requests.collect());
            // Some end at once, some within the next rounds: at every snapshot there are some of all kinds.
            for id in ids.iter().take(10) {
                company.cancel(&mut ledger, *id).expect("it can be cancelled");
            }
            for _ in 0..3 {
                company.work(&mut ledger, Attempts::GoOn);
            }
            company.work(&mut ledger, Attempts::Succeed);
            ended.extend(ids);
            if ended.len() % 200 == 0 {
                (ledger, recovered) = crash(ledger, &place);
                assert!(recovered.replayed <= SNAPSHOT_EVERY + 1_000, "a start replays a bounded tail: {recovered:?}");
            }
        }
        company.finish(&mut ledger);
        let (mut ledger, _) = crash(ledger, &place);
        all_are_archived(&ledger, &company, &ended);
        all_are_archived(&ledger, &company, &open);
        keys_are_known(&mut ledger, &mut company, &ended);
    }
}

/// What is over is not in memory but for a stub, and can be read back as it was when it ended.
fn all_are_archived(ledger: &Ledger, company: &Company, ids: &[InstructionId]) {
    assert!(ledger.state().tasks.is_empty(), "tasks that are over leave the memory");
    for id in ids {
        let stub = ledger.state().finished.get(id).expect("a stub is kept");
        let found = ledger.archived(*id).expect("the store can be read").expect("it is archived");
        let when_it_ended = company.archived.iter().find(|one| one.instruction.id == *id).expect("it ended");
        assert_eq!(found, *when_it_ended);
        assert_eq!(found.instruction.state.name(), stub.state);
        for task in &found.tasks {
            assert_eq!(ledger.state().finished_tasks.get(&task.id).expect("a stub is kept").state, task.state.name());
            let done = stub.state == StateName::Completed;
            assert!(!done || task.state == TaskState::Completed, "{} is {:?}", task.key, task.state);
        }
    }
}

/// The same again is the same instruction, whatever has happened since; the same key for something else is refused.
fn keys_are_known(ledger: &mut Ledger, company: &mut Company, ids: &[InstructionId]) {
    assert_eq!(ledger.state().keys.len(), ids.len());
    let id = company.ids.instruction();
    let again = Action::Submit { id, request: request("quick", "7", Some("40-7")) };
    assert_eq!(company.ask(ledger, again), Ok(Vec::new()));
    let other = Action::Submit { id, request: request("quick", "8", Some("40-7")) };
    let instruction = ids[47];
    let key = "40-7".parse().expect("a key");
    assert_eq!(company.ask(ledger, other), Err(Rejection::KeyReused { key, instruction }));
}

#[test]
fn a_key_is_known_while_its_instruction_is_at_work_after_it_ended_and_across_snapshots() {
    for place in Place::both() {
        let mut company = Company::new();
        let (mut ledger, _) = place.open();
        company.apply(&mut ledger, chart());
        let first = company.submit(&mut ledger, vec![request("quick", "once", Some("key"))])[0];
        for (finish, snapshot) in [(false, false), (false, true), (true, false), (false, true)] {
            if finish {
                company.finish(&mut ledger);
            }
            if snapshot {
                ledger.write_snapshots().expect("the store takes it");
            }
            (ledger, _) = crash(ledger, &place);
            for (text, answer) in [
                ("once", Ok(Vec::new())),
                ("twice", Err(Rejection::KeyReused { key: "key".parse().expect("a key"), instruction: first })),
            ] {
                let id = company.ids.instruction();
                let action = Action::Submit { id, request: request("quick", text, Some("key")) };
                assert_eq!(company.ask(&mut ledger, action), answer);
            }
        }
    }
}

#[test]
fn an_instruction_that_ended_and_its_tasks_refuse_everything_after_a_restart() {
    let place = Place::Memory(MemoryStore::new());
    let mut company = Company::new();
    let (mut ledger, _) = place.open();
    company.apply(&mut ledger, chart());
    let id = company.submit(&mut ledger, vec![request("quick", "once", None)])[0];
    company.finish(&mut ledger);
    ledger.write_snapshots().expect("the store takes it");
    let (mut ledger, _) = crash(ledger, &place);
    let state = StateName::Completed;
    assert_eq!(company.cancel(&mut ledger, id), Err(Rejection::InstructionFinished { instruction: id, state }));
    let task = company.archived[0].tasks[0].id;
    let refused = company.cancel_task(&mut ledger, task).expect_err("it is over");
    assert!(matches!(refused, Rejection::TaskFinished { .. }), "{refused}");
    let again = Action::Submit { id, request: request("quick", "once", None) };
    assert_eq!(company.ask(&mut ledger, again), Err(Rejection::Exists(id.to_string())));
}

#[test]
fn a_record_of_an_unknown_schema_version_is_refused_and_the_message_says_which() {
    let content = MemoryStore::new();
    let mut company = Company::new();
    let (mut ledger, _) = Place::Memory(content.clone()).open();
    company.apply(&mut ledger, chart());
    let record = Record::after(ledger.head(), 99, vec![1, 2, 3]);
    drop(ledger);
    let mut store = content.clone();
    store.commit(Batch { records: vec![record], rows: Vec::new() }).expect("the store does not look inside");
    let Err(error) = Ledger::open(Box::new(content.clone())) else {
        panic!("a record of version 99 was read");
    };
    assert!(matches!(error, Error::Unreadable { .. }));
    let message = error.to_string();
    assert!(message.contains("event 2") && message.contains("version 99"), "{message}");
    assert!(replay(content.reader().as_ref()).is_err());
}

#[test]
fn snapshots_of_another_version_are_not_used_and_nothing_is_lost() {
    let content = MemoryStore::new();
    let place = Place::Memory(content.clone());
    let mut company = Company::new();
    let (mut ledger, _) = place.open();
    company.apply(&mut ledger, chart());
    company.submit(&mut ledger, vec![request("full", "one", None), request("quick", "two", Some("key"))]);
    company.work(&mut ledger, Attempts::GoOn);
    ledger.write_snapshots().expect("the store takes it");
    let mut header = content.row(Table::Meta, b"snapshot").expect("memory can be read").expect("it was written");
    // The version comes first.
    header[0] += 1;
    let mut batch = Batch::default();
    batch.put(Table::Meta, *b"snapshot", header);
    content.clone().commit(batch).expect("the store does not look inside");
    let (mut ledger, recovered) = crash(ledger, &place);
    assert_eq!(recovered, Recovered { snapshot: Sequence(0), replayed: last(&ledger) });
    // The next ones are of this version again.
    company.finish(&mut ledger);
    ledger.write_snapshots().expect("the store takes it");
    let (_, recovered) = crash(ledger, &place);
    assert_eq!(recovered.replayed, 0);
}
