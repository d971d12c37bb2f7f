//! Nothing from outside speaks to the terminal, and a reader that goes away does no harm.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::super::support::{Finished, eventually};
use super::Workshop;

/// Whether a terminal would do anything but show this and go to the next line.
fn is_loud(text: &str) -> bool {
    text.chars()
        .any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[track_caller]
fn assert_quiet(what: &str, finished: &Finished) {
    assert!(!is_loud(&finished.stdout), "{what}: {:?}", finished.stdout);
    assert!(!is_loud(&finished.stderr), "{what}: {:?}", finished.stderr);
}

const LOUD: &str = "escape \x1b[31mred\x1b]0;title\x07\r\u{9b}2J\u{202e}\nsecond line";

#[test]
fn texts_from_outside_are_shown_without_what_a_terminal_acts_on() {
    let workshop = Workshop::new();
    let run = workshop.run(LOUD);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_quiet("run", &run);

    let ask = workshop.run(&format!("ask {LOUD}"));
    assert_eq!(ask.code, Some(7), "{ask:#?}");
    let mut daemon = workshop.up();
    let question = super::id_in(&ask.stdout, "qst_", 8);
    assert_quiet("answer", &workshop.done(&["answer", &question, "blue \x1b[31m\u{202e}"]));
    eventually("it completes", || {
        (workshop.echelon(&["status", "--json"]).json()["instructions"] == serde_json::json!([])).then_some(())
    });
    assert_quiet("an unknown id", &workshop.echelon(&["task", "show", "\x1b[31m\u{202e}"]));
    assert_eq!(daemon.stop(), Some(0));
    assert!(!is_loud(&workshop.home.log().replace('\u{202e}', "")), "the log: {:?}", workshop.home.log());

    let recent = workshop.done(&["status", "--json"]).json()["recent"].clone();
    let id = recent[0]["id"].as_str().expect("an id");
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["status", id],
        &["status", id, "--json"],
        &["task", "list", "--instruction", id],
        &["task", "show", "job"],
        &["task", "show", "job", "--json"],
        &["why", "job"],
        &["watch", "--no-follow", "--all"],
        &["watch", "--no-follow", "--json"],
        &["store", "export"],
        &["store", "check"],
        &["audit", "export"],
        &["audit", "export", "--format", "csv"],
    ] {
        assert_quiet(&format!("{arguments:?}"), &workshop.done(arguments));
    }
    let text = recent[1]["text"].as_str().expect("a text");
    assert_eq!(text, LOUD, "JSON carries it as it is, escaped");
}

#[test]
fn a_path_with_escape_sequences_is_named_without_them() {
    let workshop = Workshop::new();
    let chart = workshop.home.write("org/\x1b[31m.toml", "[organisation]\nname = 3\n");
    let chart = chart.to_str().expect("it is UTF-8");
    let check = workshop.echelon(&["org", "check", chart]);
    assert_eq!(check.code, Some(3));
    assert_quiet("org check", &check);
    assert_quiet("repo", &workshop.echelon(&["run", "--org", workshop.chart(), "--repo", "/tmp/\x1b[31m\n", "x"]));
}

#[test]
fn colours_are_left_out_where_nobody_sees_them() {
    let workshop = Workshop::new();
    for variable in ["TERM", "COLORTERM"] {
        let mut command = workshop.command(&["run", "--org", workshop.chart(), "make it"]);
        command.env_remove("NO_COLOR").env(variable, "xterm-256color");
        assert_quiet(variable, &super::finish(&mut command));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_the_work_is_done_all_the_same() {
    let workshop = Workshop::new();
    let mut run = workshop
        .command(&["run", "--org", workshop.chart(), "wait for it"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = String::new();
    BufReader::new(run.stdout.take().expect("piped")).read_line(&mut first).expect("a line comes");
    assert!(first.contains("RECEIVED"), "{first}");
    workshop.go();
    let mut stderr = String::new();
    run.stderr.take().expect("piped").read_to_string(&mut stderr).expect("it can be read");
    let ended = run.wait().expect("it ends");
    assert_eq!((ended.code(), stderr.as_str()), (Some(0), ""), "no panic, no complaint");
    assert_eq!(workshop.done(&["status", "--json"]).json()["recent"][0]["state"], "COMPLETED");

    for arguments in [&["status"][..], &["watch", "--no-follow"], &["store", "export"], &["completions", "bash"]] {
        let mut reader = workshop
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(reader.stdout.take());
        let mut stderr = String::new();
        reader.stderr.take().expect("piped").read_to_string(&mut stderr).expect("it can be read");
        let ended = reader.wait().expect("it ends");
        assert_eq!((ended.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
