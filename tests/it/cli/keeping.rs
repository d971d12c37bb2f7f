//! The store through the front door: looked through, taken out, taken in, mended; and what each of these refuses.

mod files;
mod mending;
mod pruning;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::support::{Finished, echelon, exported_events, finish};
use super::Workshop;

/// The command on a data directory of its own beside that of the workshop.
fn on(workshop: &Workshop, directory: &str, arguments: &[&str]) -> Finished {
    let directory = workshop.home.path().join(directory);
    finish(echelon().arg("--data-dir").arg(directory).args(arguments).current_dir(workshop.home.path()))
}

/// The same, and it must end well.
#[track_caller]
fn done(workshop: &Workshop, directory: &str, arguments: &[&str]) -> Finished {
    let finished = on(workshop, directory, arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:#?}");
    finished
}

/// Fails with this code and says these words.
#[track_caller]
fn fails(workshop: &Workshop, directory: &str, arguments: &[&str], code: i32, words: &[&str]) -> Finished {
    let finished = on(workshop, directory, arguments);
    assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:#?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{arguments:?} should say `{word}`: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What lies in the ledger of a data directory.
fn ledger_files(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries =
        fs::read_dir(data.join("ledger")).expect("there is a ledger").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).expect("readable"))).collect()
}

#[test]
fn what_is_taken_out_of_a_running_organisation_gives_the_same_organisation() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let mut daemon = workshop.up();
    assert_eq!(workshop.done(&["submit", "ask me"]).code, Some(0));
    fs::create_dir(workshop.home.path().join("backups")).expect("there is room");
    workshop.done(&["store", "check"]);
    let exported = workshop.done(&["store", "export", "--output", "out.jsonl"]).stdout;
    assert!(exported.contains("exported ") && exported.contains(" to out.jsonl"), "{exported}");
    let backed_up = workshop.done(&["store", "backup", "backups"]).stdout;
    assert!(backed_up.contains("read back and verified"), "{backed_up}");
    assert_eq!(daemon.stop(), Some(0));

    let [backup] = names(&workshop.home.path().join("backups")).try_into().expect("one file");
    assert!(backup.starts_with("echelon-workshop-0") && backup.ends_with(".jsonl"), "{backup}");
    // What the daemon did after it is not in it, and nothing before that is missing.
    let whole = exported_events(&workshop.done(&["store", "export"]).stdout);
    for (file, directory) in [("out.jsonl", "first"), (&format!("backups/{backup}"), "second")] {
        let text = fs::read_to_string(workshop.home.path().join(file)).expect("it was written");
        let events = exported_events(&text);
        assert!(whole.starts_with(&events), "{file} is the beginning of the journal");
        let said = done(&workshop, directory, &["store", "import", file]);
        assert!(said.stdout.contains("of `workshop` into"), "{}", said.stdout);
        assert_eq!(exported_events(&done(&workshop, directory, &["store", "export"]).stdout), events);
        assert_eq!(done(&workshop, directory, &["audit", "verify", "--json"]).json()["state_matches"], true);
    }

    // The whole of it gives the same end and the same state, and can be worked on with.
    workshop.done(&["store", "export", "--output", "all.jsonl"]);
    done(&workshop, "third", &["store", "restore", "all.jsonl"]);
    let [before, after] = ["data", "third"].map(|name| done(&workshop, name, &["store", "check", "--json"]).json());
    for field in ["head", "last", "state", "events"] {
        assert_eq!(before[field], after[field], "{field}");
        assert!(!before[field].is_null(), "{field}");
    }
    assert_eq!(after["faults"].as_array().map(Vec::len), Some(0));
    let run = on(&workshop, "third", &["run", "--org", workshop.chart(), "make it"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    done(&workshop, "third", &["store", "check"]);
}

#[test]
fn an_audit_log_says_who_did_what_and_each_line_is_linked_to_the_one_before() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    assert_eq!(workshop.run("make it").code, Some(0));
    let lines = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let text = workshop.done(&[&["audit", "export"], arguments].concat()).stdout;
        text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    };
    let all = lines(&[]);
    let head = workshop.done(&["audit", "verify", "--json"]).json()["head"].clone();
    assert_eq!(all.last().expect("there are events")["hash"], head);
    for pair in all.windows(2) {
        assert_eq!(pair[1]["previous"], pair[0]["hash"], "{}", pair[1]);
    }
    let received: Vec<_> = all.iter().filter(|line| line["kind"] == "received").collect();
    assert_eq!(received.len(), 2);
    assert!(received[0]["who"].as_str().is_some_and(|who| who.starts_with("client:")), "{}", received[0]);
    assert_eq!(received[0]["via"], "socket");
    assert!(received[0]["what"].as_str().is_some_and(|what| what.contains("make it")), "{}", received[0]);
    assert!(all.iter().any(|line| line["kind"] == "task.assigned" && line["task"].is_string()));

    let id = received[1]["instruction"].as_str().expect("an id");
    let only = lines(&["--instruction", &id[id.len() - 8..]]);
    assert!(only.len() > 5 && only.len() < all.len() / 2 + 5, "{} of {}", only.len(), all.len());
    assert!(only.iter().all(|line| line["instruction"] == id), "{only:?}");

    assert_eq!(lines(&["--from", "3", "--to", "5"]), all[2..5]);
    let time = received[1]["wall"].as_str().expect("a time");
    let since = lines(&["--from", time]);
    let before = lines(&["--to", time]);
    assert_eq!([before, since].concat(), all, "a time cuts the journal in two");
    assert_eq!(workshop.echelon(&["audit", "export", "--from", "yesterday"]).code, Some(2));

    let table = workshop.done(&["audit", "export", "--format", "csv"]).stdout;
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(reader.headers().expect("a header").iter().next(), Some("sequence"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), all.len());
    assert_eq!(rows.last().and_then(|row| row.get(10)), head.as_str());
    workshop.done(&["audit", "export", "--output", "audit.jsonl"]);
    let written = fs::read_to_string(workshop.home.path().join("audit.jsonl")).expect("it was written");
    assert_eq!(written, workshop.done(&["audit", "export"]).stdout);
    let again = workshop.home.refused(&["audit", "export", "--output", "audit.jsonl"]);
    assert!(again.contains("exists already"), "{again}");
}
