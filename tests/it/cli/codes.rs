//! Every exit code that the help lists, and messages that say what to do. 0, 6, 7 and 130 have their stories in `flows`.

use std::fs;

use super::super::support::{Home, echelon, finish};
use super::{CHART, Workshop, git, shipped};

/// Fails with this code and says these words, on standard error only.
#[track_caller]
fn assert_fails(home: &Home, arguments: &[&str], code: i32, words: &[&str]) {
    let finished = home.echelon(arguments);
    assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:#?}");
    assert_eq!(finished.stdout, "", "{arguments:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{arguments:?} should say `{word}`: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[test]
fn code_1_is_for_a_directory_that_cannot_be_used() {
    let workshop = Workshop::new();
    let file = workshop.home.write("file", "");
    let long = workshop.home.path().join("x".repeat(120));
    for (directory, word) in [(&file, "file"), (&long, "longer than 107 bytes")] {
        let up = finish(echelon().arg("--data-dir").arg(directory).args(["up", "--org", workshop.chart()]));
        assert_eq!(up.code, Some(1), "{up:?}");
        assert!(up.stderr.contains(word) && up.stderr.contains("--data-dir"), "{}", up.stderr);
    }
}

#[test]
fn code_2_is_for_a_wrong_command_line() {
    let workshop = Workshop::new();
    let home = &workshop.home;
    let chart = workshop.chart();
    let bad = |option: &'static str, value: &'static str| ["run", "--org", chart, option, value, "x"];
    assert_fails(home, &["nonsense"], 2, &["unrecognized subcommand"]);
    assert_fails(home, &bad("--tier", "5"), 2, &["tiers are 0, 1, 2, 3 and 4"]);
    assert_fails(home, &bad("--priority", "urgent"), 2, &["low, normal, high, critical"]);
    assert_fails(home, &bad("--work-type", "A B"), 2, &["lower-case"]);
    assert_fails(home, &bad("--key", "two\nlines"), 2, &["control character"]);
    assert_fails(home, &bad("--log", "a=b=c"), 2, &["log filter `a=b=c`", "`info`"]);
    assert_fails(home, &bad("--repo", "/nowhere"), 2, &["`/nowhere` is not a git repository", "--repo"]);
    assert_fails(home, &bad("--repo", "org"), 2, &["neither it nor a folder above it"]);
    assert_fails(home, &["workflow", "list"], 2, &["--org FILE"]);
    for variable in ["ECHELON_AS", "ECHELON_DATA_DIR", "ECHELON_ORG", "ECHELON_LOG", "ECHELON_LOG_FORMAT"] {
        let checked = finish(echelon().args(["org", "check", chart]).env(variable, ""));
        assert_eq!(checked.code, Some(0), "{variable} set to nothing is not set: {checked:?}");
    }
    let nowhere = finish(echelon().arg("status").env_clear());
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
    assert!(nowhere.stderr.contains("--data-dir"), "{}", nowhere.stderr);
    assert!(!home.data().exists(), "nothing of this makes a directory");
}

#[test]
fn code_3_is_for_charts_and_names_every_fault_at_once() {
    let workshop = Workshop::new();
    let home = &workshop.home;
    let five = CHART
        .replace("max_retries = 0", "max_retries = -1")
        .replace("[policy]", "colour = \"red\"\n[policy]")
        .replace("experience = \"mid\"", "experience = \"guru\"")
        .replace("title = \"Team\"", "")
        .replace("id = \"bob\"", "id = \"ann\"");
    let five = home.write("org/five.toml", &five);
    let five = five.to_str().expect("a plain name");
    let faults =
        ["5 faults\n", "`colour`", "`max_retries`", "`guru`", "`title`", "`ann` is already declared", "next: "];
    assert_fails(home, &["org", "check", five], 3, &faults);
    assert_fails(home, &["run", "--org", five, "x"], 3, &faults);
    assert_fails(home, &["up", "--org", five], 3, &faults);
    let checked = home.echelon(&["org", "check", five]);
    assert_eq!(checked.stderr.matches("five.toml:").count(), 5, "each with its line: {}", checked.stderr);

    assert_fails(home, &["org", "check", "missing.toml"], 3, &["missing.toml", "No such file"]);
    assert_fails(home, &["org", "check", "org"], 3, &["Is a directory"]);
    let syntax = home.write("org/syntax.toml", "[organisation\n");
    assert_fails(home, &["org", "check", syntax.to_str().expect("plain")], 3, &["syntax.toml:1", "is not TOML"]);
    fs::write(home.path().join("binary.toml"), b"\xff\xfe\x00").expect("it can be written");
    assert_fails(home, &["org", "check", "binary.toml"], 3, &["UTF-8"]);
    let workflow = shipped("workflows/code_review.toml");
    assert_fails(home, &["workflow", "check", &workflow, "--org", workshop.chart()], 3, &["engineering"]);
    assert_fails(home, &["run", "x"], 3, &["no chart was given", "--org"]);

    assert_eq!(workshop.run("fail at it").code, Some(7));
    let other = CHART.replace("\"team\"", "\"crew\"");
    home.write("org/crew.toml", &other);
    home.write("org/job.toml", &super::WORKFLOW.replace("\"team\"", "\"crew\""));
    assert_fails(home, &["up", "--org", "org/crew.toml"], 3, &["does not fit what is under way", "without --org"]);
}

#[test]
fn code_4_is_for_no_daemon_and_nothing_there() {
    let workshop = Workshop::new();
    let home = &workshop.home;
    for arguments in [
        &["submit", "x"][..],
        &["answer", "qst_1", "x"],
        &["task", "cancel", "tsk_1", "--reason", "x"],
        &["watch"],
        &["status"],
        &["tree"],
        &["doctor"],
        &["audit", "verify"],
        &["audit", "export"],
        &["store", "check"],
        &["store", "export"],
        &["store", "backup", "b"],
        &["store", "rebuild-snapshots"],
        &["store", "repair"],
        &["watch", "--no-follow"],
    ] {
        assert_fails(home, arguments, 4, &["no daemon runs on", "next: ", "echelon up --org FILE"]);
    }
    assert!(!home.data().exists(), "looking makes no directory");
}

#[test]
fn code_5_is_for_a_second_daemon() {
    let workshop = Workshop::new();
    let daemon = workshop.up();
    let pid = format!("process {}", daemon.pid().as_raw_nonzero());
    assert_fails(&workshop.home, &["up", "--org", workshop.chart()], 5, &["is in use", &pid, "stop that one"]);
}

#[test]
fn code_8_is_for_a_damaged_ledger() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    workshop.done(&["status"]);
    let mut damaged = 0;
    for entry in fs::read_dir(workshop.home.data().join("ledger")).expect("the ledger is there") {
        let path = entry.expect("an entry can be read").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap")) {
            fs::write(path, b"").expect("it can be written");
            damaged += 1;
        }
    }
    assert!(damaged > 0, "there is a snapshot to damage");
    let reading = [&["audit", "verify"][..], &["status"], &["store", "check"], &["store", "export"]];
    for arguments in reading.into_iter().chain([&["up", "--org", workshop.chart()][..]]) {
        assert_fails(&workshop.home, arguments, 8, &["snap", "`echelon store repair`"]);
    }
}

#[test]
fn code_9_is_for_what_is_refused() {
    let workshop = Workshop::new();
    let home = &workshop.home;
    let chart = workshop.chart();
    let too_long = "a".repeat(65 * 1024);
    assert_fails(home, &["run", "--org", chart, ""], 9, &["the instruction is empty"]);
    assert_fails(home, &["run", "--org", chart, " \n\t"], 9, &["the instruction is empty"]);
    assert_fails(home, &["run", "--org", chart, &too_long], 9, &["66560 bytes and may have 65536"]);
    assert_fails(home, &["run", "--org", chart, "--work-type", "poem", "x"], 9, &["no workflow for `poem`", "job"]);
    assert_fails(home, &["run", "--org", chart, "--department", "moon", "x"], 9, &["no department `moon`", "main"]);
    let review = shipped("quickstart.toml");
    let elsewhere = Home::new();
    assert_fails(&elsewhere, &["run", "--org", &review, "x"], 9, &["is about a git repository", "--repo"]);
    assert_fails(home, &["workflow", "show", "poem", "--org", chart], 9, &["no workflow `poem`", "job"]);

    assert_eq!(workshop.run("ask once").code, Some(7));
    assert_eq!(workshop.run("ask twice").code, Some(7));
    for (arguments, words) in [
        (&["status", "ins_nope"][..], &["no instruction `ins_nope`"][..]),
        (&["task", "show", "nope"], &["no task `nope`"]),
        (&["task", "show", "job"], &["could be any of tsk_", "give more of the id"]),
        (&["task", "show", "tsk_0"], &["could be any of tsk_"]),
        (&["status", "0"], &["could be any of ins_"]),
        (&["why", "ins_0"], &["no task `ins_0`"]),
        (&["watch", "--no-follow", "ins_nope"], &["no instruction"]),
    ] {
        assert_fails(home, arguments, 9, words);
    }
    let mut daemon = workshop.up();
    assert_fails(home, &["answer", "qst_nope", "x"], 9, &["no open question `qst_nope`"]);
    assert_fails(home, &["task", "cancel", "0", "--reason", "x"], 9, &["could be any of"]);
    assert_fails(home, &["watch", "ins_nope"], 9, &["no instruction"]);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_bare_repository_with_an_odd_name_can_be_reviewed() {
    let home = Home::new();
    let source = home.path().join("source");
    super::repository(&source, &[("README.md", "# Odd\n")]);
    let bare = home.path().join("odd \"name\"\n'x'.git");
    let bare = bare.to_str().expect("UTF-8");
    git(home.path(), &["clone", "-q", "--bare", "source", bare]);
    let run = home.echelon(&["run", "--org", &shipped("quickstart.toml"), "--repo", bare, "Review it"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("/SUMMARY.md"), "{}", run.stdout);
}
