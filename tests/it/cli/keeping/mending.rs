//! What a check finds, and what can be made again.

use std::fs;

use echelon::domain::id::Sequence;
use serde_json::Value;

use super::super::super::store::tamper;
use super::{Workshop, done, fails, names, on};

/// The keys of rows of a table, as they lie in the database.
fn keys(tree: &sled::Db, table: u8) -> Vec<sled::IVec> {
    tree.scan_prefix([2, table]).keys().map(|key| key.expect("readable")).collect()
}

fn check(workshop: &Workshop) -> (Option<i32>, Value) {
    let finished = workshop.echelon(&["store", "check", "--json"]);
    (finished.code, finished.json())
}

/// What a check found: the place and what is wrong there.
fn faults(view: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, field: &str| fault[field].as_str().expect("a text").to_owned();
    let listed = view["faults"].as_array().expect("a list");
    listed.iter().map(|fault| (text(fault, "place"), text(fault, "what"))).collect()
}

#[test]
fn every_row_that_is_not_what_the_journal_gives_is_found_and_made_again() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    assert_eq!(workshop.run("ask me").code, Some(7));
    let (code, before) = check(&workshop);
    assert_eq!((code, &before["rows_compared"]), (Some(0), &Value::Bool(true)), "{before}");
    tamper(&workshop.home.data().join("ledger"), |tree| {
        // The archive of what is over, a task that is under way, and a key.
        let archive = keys(tree, 4).remove(0);
        let parts: Vec<_> = tree.scan_prefix([3]).keys().map(|key| key.expect("readable")).collect();
        match parts.first() {
            Some(part) => drop(tree.remove(part).expect("writable")),
            None => drop(tree.insert(&archive, b"\x07").expect("writable")),
        }
        let task = keys(tree, 3).remove(0);
        let mut value = tree.get(&task).expect("readable").expect("there").to_vec();
        if value[0] == 0 {
            let last = value.len() - 1;
            value[last] ^= 1;
            tree.insert(&task, value).expect("writable");
        } else {
            tree.remove(&task).expect("writable");
        }
        let key = keys(tree, 5).remove(0);
        tree.remove(&key).expect("writable");
        tree.insert([&[2, 6][..], &[0xee; 16]].concat(), b"\0nonsense").expect("writable");
        tree.insert([&[3, 3][..], b"abc", &[0, 0, 0, 0]].concat(), b"loose").expect("writable");
    });
    let (code, view) = check(&workshop);
    assert_eq!(code, Some(8), "{view}");
    let found = faults(&view);
    assert_eq!(found.len(), 4, "{found:#?}");
    let has = |table: &str, what: &[&str]| {
        found.iter().any(|(place, said)| place.ends_with(&format!("table {table}")) && what.contains(&said.as_str()))
    };
    assert!(found.iter().any(|(place, _)| place.ends_with("table archive")), "{found:#?}");
    assert!(has("task", &["is not what the journal gives", "is missing"]), "{found:#?}");
    assert!(has("key", &["is missing"]), "{found:#?}");
    assert!(has("finished", &["belongs to nothing in the journal"]), "{found:#?}");
    assert!(view["loose_parts"].as_u64() >= Some(1), "{view}");
    assert_eq!(view["state"], before["state"], "the journal is what it was");
    let said = fails(&workshop, "data", &["store", "check"], 8, &["next: ", "store rebuild-snapshots"]);
    assert!(said.stdout.contains("damaged: 4 faults"), "{}", said.stdout);

    let rebuilt = workshop.done(&["store", "rebuild-snapshots"]).stdout;
    assert!(rebuilt.contains("all rows were written anew"), "{rebuilt}");
    let (code, after) = check(&workshop);
    assert_eq!((code, &after["faults"]), (Some(0), &before["faults"]), "{after}");
    for field in ["head", "state", "rows"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["loose_parts"], 0);
    assert_eq!(names(&workshop.home.data()).iter().filter(|name| name.starts_with("ledger")).count(), 1);
    let answered = workshop.done(&["status", "--json"]).json();
    assert_eq!(answered["recent"][0]["state"], "COMPLETED", "what is over can be read again: {answered}");
}

#[test]
fn every_damaged_record_is_named_and_nothing_is_rebuilt_from_a_damaged_journal() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let data = workshop.home.data();
    // Imported records lie in large blocks; those of a daemon in small ones. One of each is changed, one lost.
    tamper(&data.join("ledger"), |tree| {
        let records: Vec<_> = tree.scan_prefix([1]).keys().map(|key| key.expect("readable")).collect();
        let mut bytes = tree.get(&records[1]).expect("readable").expect("there").to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        tree.insert(&records[1], bytes).expect("writable");
        tree.remove(&records[records.len() / 2]).expect("writable");
    });
    let (code, view) = check(&workshop);
    assert_eq!(code, Some(8), "{view}");
    let found = faults(&view);
    assert!(found.len() >= 2, "{found:#?}");
    assert!(found.iter().any(|(_, what)| what == "was changed after it was written"), "{found:#?}");
    assert!(found.iter().any(|(_, what)| what == "is missing" || what == "are missing"), "{found:#?}");
    assert_eq!((&view["rows_compared"], &view["state"]), (&Value::Bool(false), &Value::Null));
    assert!(view["events"].as_u64() > Some(5), "it goes on behind the first fault: {view}");
    fails(&workshop, "data", &["store", "check"], 8, &["next: ", "store restore FILE"]);
    for command in ["rebuild-snapshots", "export", "backup b.jsonl"] {
        let arguments: Vec<&str> = ["store"].into_iter().chain(command.split(' ')).collect();
        fails(&workshop, "data", &arguments, 8, &["`echelon store restore FILE`"]);
    }
    assert!(!workshop.home.path().join("b.jsonl").exists());
    assert_eq!(names(&data).iter().filter(|name| name.starts_with("ledger")).count(), 1, "nothing is left beside it");
}

#[test]
fn a_store_that_cannot_be_opened_for_its_snapshots_is_repaired() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let (_, before) = check(&workshop);
    let ledger = workshop.home.data().join("ledger");
    let mut damaged = 0;
    for name in names(&ledger).iter().filter(|name| name.starts_with("snap.")) {
        fs::write(ledger.join(name), b"garbage").expect("writable");
        damaged += 1;
    }
    assert!(damaged > 0, "there is a snapshot to damage");
    fails(&workshop, "data", &["status"], 8, &["`echelon store repair`"]);
    let repaired = done(&workshop, "data", &["store", "repair"]).stdout;
    assert!(repaired.contains("repaired: ") && repaired.contains("ledger.damaged"), "{repaired}");
    let (code, after) = check(&workshop);
    assert_eq!((code, &after["head"], &after["state"]), (Some(0), &before["head"], &before["state"]));
    assert!(workshop.home.data().join("ledger.damaged/db").exists(), "the original is kept");
    let again = done(&workshop, "data", &["store", "repair"]).stdout;
    assert!(again.contains("nothing to repair"), "{again}");
    // What was put aside stands in nobody's way.
    assert_eq!(workshop.run("make it").code, Some(0));
    fs::rename(&ledger, workshop.home.data().join("ledger.damaged-2")).expect("the same disk");
    fails(&workshop, "data", &["store", "check"], 4, &["nothing is kept there"]);
}

#[test]
fn a_check_of_a_running_organisation_finds_it_whole_while_it_works() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let mut last = Sequence(0);
    for number in 0..5 {
        workshop.done(&["submit", &format!("make it {number}")]);
        let (code, view) = check(&workshop);
        assert_eq!(code, Some(0), "{view}");
        let seen = Sequence(view["last"].as_u64().expect("a number"));
        assert!(seen >= last, "{view}");
        last = seen;
        let audit = on(&workshop, "data", &["audit", "verify"]);
        assert_eq!(audit.code, Some(0), "{audit:#?}");
    }
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(check(&workshop).0, Some(0));
}
