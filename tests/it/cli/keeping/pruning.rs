//! Old events are taken out and dropped: what is open and what is over stays, and every event is somewhere.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Workshop, done, fails, names, on};

/// The lines of a file that was exported: its header, the rows it begins with, its events, and its end.
fn parts(text: &str) -> (Value, Vec<Value>, Vec<Value>, Value) {
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let (header, end) = (lines.remove(0), lines.pop().expect("there is an end"));
    let (rows, events) = lines.into_iter().partition(|line| line.get("base").is_some());
    (header, rows, events, end)
}

fn read(workshop: &Workshop, name: &str) -> String {
    fs::read_to_string(workshop.home.path().join(name)).expect("it was written")
}

fn check(workshop: &Workshop, directory: &str) -> Value {
    done(workshop, directory, &["store", "check", "--json"]).json()
}

/// Some work that is over, and something that waits for a person.
fn worked() -> Workshop {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    assert_eq!(workshop.run("ask me").code, Some(7));
    workshop
}

#[test]
fn a_pruned_organisation_goes_on_as_it_was_and_every_event_is_in_one_place() {
    let workshop = worked();
    let whole = parts(&workshop.done(&["store", "export"]).stdout);
    let before = check(&workshop, "data");
    let instruction =
        workshop.done(&["status", "--json"]).json()["recent"][0]["id"].as_str().expect("an id").to_owned();
    let last = before["last"].as_u64().expect("a number");
    // Of the second instruction only that it came in is dropped, so it is open all the way.
    let received = whole.2.iter().rfind(|event| event["event"].get("received").is_some()).expect("two came in");
    let first = received["sequence"].as_u64().expect("a number") + 1;
    assert!(first < last, "{first} of {last}");

    let arguments = ["store", "prune", "--before", &first.to_string(), "--export", "old.jsonl"];
    let said = workshop.done(&arguments).stdout;
    assert!(said.contains(&format!("dropped {} events", first - 1)) && said.contains("old.jsonl"), "{said}");
    let after = check(&workshop, "data");
    for field in ["head", "last", "state", "rows", "snapshot"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!((&after["dropped"], &after["events"]), (&Value::from(first - 1), &Value::from(last + 1 - first)));
    assert_eq!((&before["format"], &after["format"]), (&Value::from(2), &Value::from(3)), "older programs refuse it");
    assert_eq!(before["dropped"], Value::Null);
    let verified = workshop.done(&["audit", "verify"]).stdout;
    assert!(verified.contains("whole: ") && verified.contains(&format!("from event {first} on")), "{verified}");
    workshop.done(&["doctor"]);
    workshop.done(&["status"]);
    let shown = workshop.done(&["status", &instruction]).stdout;
    assert!(!shown.is_empty());
    assert_eq!(names(&workshop.home.data()).iter().filter(|name| name.starts_with("ledger")).count(), 1);

    // Both files together have every event once, and each carries the hash of the one before it.
    let old = parts(&read(&workshop, "old.jsonl"));
    let rest = parts(&workshop.done(&["store", "export"]).stdout);
    assert_eq!((&old.0["export"]["format"], old.1.len()), (&Value::from(1), 0), "it is an export as every other");
    assert_eq!([old.2.clone(), rest.2.clone()].concat(), whole.2);
    assert_eq!(rest.2[0]["previous"], old.0["export"]["head"]);
    assert_eq!(rest.0["export"]["base"]["hash"], old.0["export"]["head"]);
    assert_eq!((&rest.0["export"]["format"], &rest.0["export"]["first"]), (&Value::from(2), &Value::from(first)));
    assert_eq!(rest.3["end"]["events"], rest.2.len());
    done(&workshop, "then", &["store", "import", "old.jsonl"]);
    assert_eq!(check(&workshop, "then")["last"], first - 1);

    // What is not there any more is refused with words, and what is there can be had.
    let words = ["were exported and dropped", "store prune"];
    fails(&workshop, "data", &["watch", "--no-follow", "--from", "1"], 9, &words);
    fails(&workshop, "data", &["audit", "export", "--from", "2"], 9, &words);
    let audited = workshop.done(&["audit", "export"]).stdout;
    assert_eq!(audited.lines().count(), rest.2.len());
    workshop.done(&["watch", "--no-follow"]);
    let mut daemon = workshop.up();
    fails(&workshop, "data", &["watch", "--from", "1"], 9, &words);
    assert_eq!(workshop.done(&["audit", "export"]).stdout.lines().next(), audited.lines().next());
    assert_eq!(check(&workshop, "data")["faults"], Value::Array(Vec::new()));
    fs::create_dir(workshop.home.path().join("backups")).expect("there is room");
    workshop.done(&["store", "backup", "backups"]);
    assert_eq!(daemon.stop(), Some(0));

    // A backup of it is as good as one of a whole journal.
    done(&workshop, "new", &["store", "restore", "backups"]);
    let restored = check(&workshop, "new");
    assert_eq!(restored["dropped"], first - 1);
    let shown_there = done(&workshop, "new", &["status", &instruction]).stdout;
    assert_eq!(shown_there.replace("/new/", "/data/"), shown);
    workshop.done(&["store", "export", "--output", "rest.jsonl"]);
    done(&workshop, "same", &["store", "import", "rest.jsonl"]);
    let [here, there] = ["data", "same"].map(|directory| check(&workshop, directory));
    for field in ["head", "last", "state", "rows", "dropped"] {
        assert_eq!(here[field], there[field], "{field}");
    }
    workshop.done(&["store", "rebuild-snapshots"]);
    let rebuilt = check(&workshop, "data");
    for field in ["head", "last", "state", "rows", "dropped"] {
        assert_eq!(here[field], rebuilt[field], "{field}");
    }
    // It works on, and can be pruned again.
    assert_eq!(workshop.run("make it").code, Some(0));
    let before = check(&workshop, "data");
    let next = before["last"].as_u64().expect("a number") + 1;
    workshop.done(&["store", "prune", "--before", &next.to_string(), "--export", "older.jsonl"]);
    let after = check(&workshop, "data");
    assert_eq!(
        (&after["state"], &after["head"], &after["events"]),
        (&before["state"], &before["head"], &Value::from(0))
    );
    let older = parts(&read(&workshop, "older.jsonl"));
    assert_eq!(older.2[0]["previous"], old.0["export"]["head"]);
    assert_eq!(older.2.len() as u64, next - first);
    done(&workshop, "between", &["store", "import", "older.jsonl"]);
    assert_eq!(check(&workshop, "between")["state"], before["state"]);
    assert_eq!(workshop.run("make it").code, Some(0));
    check(&workshop, "data");
    workshop.done(&["audit", "verify"]);
}

#[test]
fn what_cannot_be_dropped_is_refused_and_changes_nothing() {
    let workshop = worked();
    let before = check(&workshop, "data");
    let prune = |before: &str, file: &str, code: i32, words: &[&str]| {
        fails(&workshop, "data", &["store", "prune", "--before", before, "--export", file], code, words);
    };
    prune("99999", "old.jsonl", 9, &["the last event is", "next: "]);
    prune("yesterday", "old.jsonl", 2, &["give the number of an event"]);
    workshop.home.write("there.jsonl", "mine");
    prune("5", "there.jsonl", 9, &["exists already"]);
    prune("5", "data/ledger/old.jsonl", 9, &["is in the store that is replaced"]);
    prune("5", "nowhere/old.jsonl", 1, &["cannot be written"]);
    for point in ["0", "1", "2020-01-01"] {
        let said = workshop.done(&["store", "prune", "--before", point, "--export", "old.jsonl"]).stdout;
        assert!(said.contains("nothing to drop"), "{said}");
    }
    assert_eq!(check(&workshop, "data"), before, "nothing was touched");
    assert_eq!(names(&workshop.home.data()).iter().filter(|name| name.starts_with("ledger")).count(), 1);
    let mut daemon = workshop.up();
    prune("5", "old.jsonl", 5, &["is in use"]);
    assert_eq!(daemon.stop(), Some(0));
    super::super::super::store::tamper(&workshop.home.data().join("ledger"), |tree| {
        let key = tree.scan_prefix([2, 5]).keys().next();
        let key = key.unwrap_or_else(|| tree.scan_prefix([2, 6]).keys().next().expect("a stub"));
        tree.remove(key.expect("readable")).expect("writable");
    });
    prune("5", "old.jsonl", 8, &["`echelon store check`"]);
    assert!(!workshop.home.path().join("old.jsonl").exists(), "nothing is left of it");
    assert!(names(workshop.home.path()).iter().all(|name| !name.ends_with(".partial")));
}

#[test]
fn a_file_whose_beginning_was_edited_is_refused() {
    let workshop = worked();
    workshop.done(&["store", "prune", "--before", "2099-01-01", "--export", "old.jsonl"]);
    let whole = workshop.done(&["store", "export"]).stdout;
    let lines: Vec<&str> = whole.lines().collect();
    let row = lines.iter().position(|line| line.contains("\"table\":\"archive\"")).expect("something is over");
    let edited = lines[row].replacen("\"value\":\"", "\"value\":\"00", 1);
    let without: Vec<&str> =
        lines.iter().enumerate().filter(|(place, _)| *place != row).map(|(_, line)| *line).collect();
    let mut other = lines.clone();
    other[row] = &edited;
    for lines in [other, without] {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        workshop.home.write("edited.jsonl", &text);
        fails(&workshop, "new", &["store", "import", "edited.jsonl"], 8, &["dropped events came to", "next: "]);
        assert!(!workshop.home.path().join("new").exists());
    }
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("there is room");
    for entry in fs::read_dir(from).expect("it can be read") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.is_file() {
            fs::copy(&path, &target).expect("there is room");
        }
    }
}

#[test]
fn whenever_it_is_killed_the_store_is_whole_and_no_event_is_lost() {
    let workshop = worked();
    let before = check(&workshop, "data");
    let whole = parts(&workshop.done(&["store", "export"]).stdout).2;
    let (mut kept, mut killed) = (0, 0);
    for round in 0_u64.. {
        let directory = format!("copy-{round}");
        let data = workshop.home.path().join(&directory);
        copy(&workshop.home.data(), &data);
        let file = format!("old-{round}.jsonl");
        let mut program = super::super::super::support::echelon();
        program.args(["--data-dir", &directory, "store", "prune", "--before", "20", "--export", &file]);
        let mut prune = program.current_dir(workshop.home.path()).stdout(Stdio::null()).spawn().expect("it starts");
        // Later from time to time, from the moment on in which the new store is being made.
        while !data.join("ledger.new").exists() && prune.try_wait().expect("it can be asked").is_none() {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(round * 25));
        let is_over = prune.try_wait().expect("it can be asked").is_some();
        prune.kill().expect("it is there");
        prune.wait().expect("it ends");
        let after = check(&workshop, &directory);
        assert_eq!((&after["state"], &after["head"]), (&before["state"], &before["head"]), "round {round}");
        let rest = parts(&done(&workshop, &directory, &["store", "export"]).stdout).2;
        if after["dropped"].is_null() {
            assert!(!is_over);
            kept += 1;
            assert_eq!(rest, whole);
        } else {
            let old = parts(&read(&workshop, &file)).2;
            assert_eq!([old, rest].concat(), whole, "round {round}");
        }
        // What a killed one left stands in nobody's way.
        let said = on(
            &workshop,
            &directory,
            &["store", "prune", "--before", "20", "--export", &format!("again-{round}.jsonl")],
        );
        assert_eq!(said.code, Some(0), "{said:#?}");
        assert_eq!(names(&data).iter().filter(|name| name.starts_with("ledger")).count(), 1);
        assert_eq!(check(&workshop, &directory)["dropped"], 19);
        if is_over {
            break;
        }
        killed += 1;
        assert!(killed < 100, "it never ends");
    }
    assert!(kept > 0, "at least one was killed before it was done");
}
