//! What commands that only read say, with a daemon and without one: the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::support::{answer, eventually, exported_events};
use super::Workshop;

/// The names of an object's fields, sorted: in which order a document has them means nothing.
fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
fn assert_has(value: &Value, names: &[&str]) {
    for name in names {
        assert!(value.get(name).is_some(), "`{name}` is missing in {:?}", fields(value));
    }
}

const READING: [&[&str]; 10] = [
    &["status"],
    &["status", "INS"],
    &["tree"],
    &["task", "list"],
    &["task", "list", "--instruction", "INS"],
    &["task", "show", "TSK"],
    &["why", "TSK"],
    &["doctor"],
    &["audit", "verify"],
    &["watch", "--no-follow"],
];

#[test]
fn reading_says_the_same_with_a_daemon_and_without_one() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    assert_eq!(workshop.run("ask me").code, Some(7));
    let mut daemon = workshop.up();
    let status = workshop.done(&["status", "--json"]).json();
    let instruction = status["instructions"][0]["id"].as_str().expect("an id").to_owned();
    let view = workshop.done(&["status", &instruction, "--json"]).json();
    let task = view["tasks"][0]["id"].as_str().expect("an id").to_owned();

    let read = |json: bool| {
        READING.map(|arguments| {
            let mut arguments: Vec<&str> = arguments
                .iter()
                .map(|one| match *one {
                    "INS" => instruction.as_str(),
                    "TSK" => task.as_str(),
                    word => word,
                })
                .collect();
            arguments.extend(json.then_some("--json"));
            workshop.done(&arguments).stdout
        })
    };
    let (text, data) = (read(false), read(true));
    let exported = workshop.done(&["store", "export"]).stdout;
    assert_eq!(daemon.stop(), Some(0));
    let elapsed = regex::Regex::new(r"\b\d\d:\d\d\b").expect("a pattern");
    for ((with, without), arguments) in text.iter().zip(read(false)).zip(READING) {
        // The one difference that is meant to be.
        let without = without.replace(": not running,", ": running,");
        let without = without.split("No daemon runs that").next().unwrap_or_default();
        // How long something has been as it is goes on meanwhile.
        let still = |text: &str| elapsed.replace_all(text, "--:--").into_owned();
        assert_eq!(still(with), still(without), "{arguments:?}");
    }
    for ((with, without), arguments) in data.iter().zip(read(true)).zip(READING) {
        let without = without.replace("\"running\": false", "\"running\": true");
        assert_eq!(*with, without, "{arguments:?}");
    }
    assert_eq!(workshop.done(&["store", "export"]).stdout, exported);

    let exported = exported_events(&exported);
    let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    for (line, sequence) in lines.zip(1..) {
        assert_eq!(line["sequence"], sequence);
        assert_has(&line, &["version", "org", "wall", "principal", "event", "body", "previous", "hash"]);
    }
}

#[test]
fn json_has_the_fields_that_scripts_rely_on() {
    let workshop = Workshop::new();
    let ask = workshop.echelon(&["run", "--org", workshop.chart(), "--json", "--priority", "high", "ask me"]);
    assert_eq!(ask.code, Some(7), "{ask:?}");
    let view = ask.json();
    assert_has(&view, &["instruction", "reason", "triage", "needs_person", "tasks", "running"]);
    assert_eq!(view["instruction"]["state"], "EXECUTING");
    assert_eq!(view["instruction"]["priority"], "high");
    assert_eq!(view["instruction"]["waits_for_person"], true);
    assert_eq!(view["instruction"]["work_type"], "job");
    let need = &view["needs_person"][0];
    assert_eq!((&need["what"], &need["key"]), (&json!("answer a question"), &json!("job")));
    assert!(need["question"].as_str().is_some_and(|id| id.starts_with("qst_")), "{need}");
    let task = &view["tasks"][0];
    assert_has(task, &["id", "instruction", "title", "kind", "since", "attempts", "rounds", "note", "workspace"]);
    assert_eq!((&task["key"], &task["state"]), (&json!("job"), &json!("BLOCKED")));
    assert_eq!((&task["domain"], &task["assignee"]), (&json!("main/team"), &json!("main/team/bob")));
    assert_eq!((&task["simulated"], &task["needs"]), (&json!(false), &json!([])));

    let status = workshop.done(&["status", "--json"]).json();
    assert_has(&status, &["organisation", "sequence", "finished", "recent", "tasks", "needs_person", "degraded"]);
    assert_eq!(status["organisation"], "workshop");
    assert_eq!(status["running"], false);
    assert_eq!(status["instructions"][0]["text"], "ask me");

    let shown = workshop.done(&["task", "show", "job", "--json"]).json();
    assert_has(&shown, &["description", "criteria", "checks", "reviews", "findings", "notes", "assignment"]);
    assert_eq!(shown["task"]["id"], task["id"]);
    assert_eq!(shown["effort_hours"], 0.5);
    assert_eq!(shown["skills"], json!(["craft"]));
    assert_eq!(shown["questions"][0]["from"], "main/team/bob");

    let why = workshop.done(&["why", "job", "--json"]).json();
    let best = &why["assignment"]["candidates"][0];
    assert_eq!(best["ic"], "main/team/bob");
    assert_has(
        best,
        &[
            "skill_match",
            "workload",
            "fit",
            "learning",
            "performance",
            "score",
            "planned_hours",
            "expected_hours",
            "samples",
        ],
    );

    let tree = workshop.done(&["tree", "--json"]).json();
    let ics = &tree["departments"][0]["domains"][0]["ics"];
    assert_eq!(ics[1]["has"][0]["key"], "job");
    assert_has(&ics[0], &["title", "experience", "skills", "worker", "running", "parallel_limit", "workload"]);

    let doctor = workshop.done(&["doctor", "--json"]).json();
    assert_eq!((&doctor["instructions"], &doctor["tasks"], &doctor["faults"]), (&json!(1), &json!(1), &json!([])));

    let audit = workshop.done(&["audit", "verify", "--json"]).json();
    assert_eq!((&audit["events"], &audit["fault"]), (&status["sequence"], &Value::Null));
    assert_eq!(audit["state_matches"], true);
    assert_eq!(audit["head"].as_str().map(str::len), Some(64));

    let events = workshop.done(&["watch", "--no-follow", "--json", "--from", "3"]).stdout;
    let events: Vec<Value> = events.lines().map(answer).collect();
    assert_eq!(events[0]["sequence"], 3);
    assert_eq!(events[0]["instruction"], view["instruction"]["id"]);
    assert_has(&events[0], &["at", "principal", "importance", "text", "task"]);

    for arguments in [
        &["org", "show", workshop.chart(), "--json"][..],
        &["workflow", "show", "job", "--org", workshop.chart(), "--json"],
    ] {
        assert!(workshop.done(arguments).json().is_object(), "{arguments:?}");
    }
    let submitted = {
        let _daemon = workshop.up();
        workshop.done(&["submit", "make it", "--json"]).json()
    };
    assert_eq!(fields(&submitted), BTreeSet::from(["existing", "instruction", "sequence"]));
}

#[test]
fn what_a_person_reads_looks_like_this() {
    let workshop = Workshop::new();
    let run = workshop.run("ask me");
    assert_eq!(run.code, Some(7));
    let data = workshop.home.data();
    let tidy = |text: &str| {
        // What differs each time, by something of the same length, so that columns stay columns.
        let other = regex::Regex::new(
            r"(?:ins|tsk|qst)_(?<id>[0-9a-f]+)|(?<time>(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d)|(?<took>\d+\.\d) s",
        );
        let blank = |found: &regex::Captures<'_>| {
            let part = ["id", "time", "took"].iter().find_map(|name| found.name(name)).expect("one of them");
            let blank: String =
                part.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { '0' } else { c }).collect();
            found[0].replace(part.as_str(), &blank)
        };
        let text = text.replace(&data.display().to_string(), "DATA");
        other.expect("a pattern").replace_all(&text, blank).into_owned()
    };
    insta::assert_snapshot!("run_that_waits", tidy(&run.stdout));
    insta::assert_snapshot!("status", tidy(&workshop.done(&["status"]).stdout));
    insta::assert_snapshot!("task_show", tidy(&workshop.done(&["task", "show", "job"]).stdout));
    insta::assert_snapshot!("task_list", tidy(&workshop.done(&["task", "list"]).stdout));
    insta::assert_snapshot!("why", tidy(&workshop.done(&["why", "job"]).stdout));
    insta::assert_snapshot!("tree", tidy(&workshop.done(&["tree"]).stdout));
    insta::assert_snapshot!("doctor", tidy(&workshop.done(&["doctor"]).stdout));
}

#[test]
fn many_readers_at_once_do_not_get_in_each_others_way() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6).map(|_| scope.spawn(|| workshop.done(&["status", "--json"]).json())).collect();
        // A daemon that starts in the middle waits for them, too.
        let mut daemon = workshop.home.begin_up(&workshop.chart);
        daemon.wait_until_it_answers();
        for reader in readers {
            let status = reader.join().expect("the reader ends");
            assert_eq!(status["recent"][0]["state"], "COMPLETED");
        }
    });
}

#[test]
fn watch_follows_until_the_daemon_ends() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let watch = workshop
        .command(&["watch", "--from", "0", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    workshop.done(&["submit", "make it"]);
    eventually("it completes", || {
        (workshop.echelon(&["status", "--json"]).json()["recent"][0]["state"] == "COMPLETED").then_some(())
    });
    let events = workshop.done(&["status", "--json"]).json()["sequence"].as_u64();
    assert_eq!(daemon.stop(), Some(0));
    let output = watch.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<u64> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| answer(line)["sequence"].as_u64().expect("a number"))
        .collect();
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.last().copied(), events, "nothing is missing at the end: {seen:?}");
}
