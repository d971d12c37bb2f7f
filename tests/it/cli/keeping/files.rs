//! Files that are written and read: none is written over, none is half there, and none is believed.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::super::super::support::{Finished, echelon, eventually, finish};
use super::{Workshop, done, fails, ledger_files, names, on};

#[test]
fn nothing_that_is_there_is_written_over() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    workshop.home.write("there.jsonl", "mine");
    for arguments in [&["store", "export", "--output", "there.jsonl"][..], &["store", "backup", "there.jsonl"]] {
        fails(&workshop, "data", arguments, 9, &["`there.jsonl` exists already", "next: "]);
    }
    fails(&workshop, "data", &["store", "export", "--output", "org"], 2, &["is a directory"]);
    fails(&workshop, "data", &["store", "backup", "nowhere/b.jsonl"], 1, &["cannot be written"]);
    assert_eq!(fs::read_to_string(workshop.home.path().join("there.jsonl")).expect("it is there"), "mine");
    fs::create_dir(workshop.home.path().join("backups")).expect("there is room");
    workshop.done(&["store", "backup", "backups"]);
    fails(&workshop, "data", &["store", "backup", "backups"], 9, &["exists already"]);
    assert_eq!(names(&workshop.home.path().join("backups")).len(), 1, "nothing is left of the second");

    workshop.done(&["store", "export", "--output", "all.jsonl"]);
    let before = ledger_files(&workshop.home.data());
    fails(&workshop, "data", &["store", "import", "all.jsonl"], 9, &["is not empty", "`ledger`"]);
    fails(&workshop, "data", &["store", "restore", "backups"], 9, &["is not empty"]);
    assert!(ledger_files(&workshop.home.data()) == before, "the source is not touched");
    workshop.home.write("taken/notes.txt", "mine");
    fails(&workshop, "taken", &["store", "import", "all.jsonl"], 9, &["`notes.txt` is in it"]);
    assert_eq!(names(&workshop.home.path().join("taken")), ["notes.txt"]);
    // Whose ledger is lost keeps the folders of the work.
    fs::create_dir_all(workshop.home.path().join("lost/instructions")).expect("there is room");
    done(&workshop, "lost", &["store", "restore", "backups"]);
    let mut daemon = workshop.up();
    fails(&workshop, "data", &["store", "rebuild-snapshots"], 5, &["is in use"]);
    fails(&workshop, "data", &["store", "repair"], 5, &["is in use"]);
    assert_eq!(daemon.stop(), Some(0));
}

/// A file, what was done to it, and the words it is refused with.
type Tampering = (&'static str, fn(Vec<String>) -> Vec<String>, &'static [&'static str]);

fn edited(mut lines: Vec<String>, line: usize, from: &str, to: &str) -> Vec<String> {
    assert!(lines[line].contains(from), "{}", lines[line]);
    lines[line] = lines[line].replacen(from, to, 1);
    lines
}

const TAMPERINGS: [Tampering; 16] = [
    ("empty", |_| Vec::new(), &["line 1", "empty"]),
    ("something else", |_| vec!["{\"a\": 1}".to_owned()], &["line 1", "not a journal"]),
    ("no JSON", |_| vec!["hello".to_owned()], &["line 1", "not a journal"]),
    ("without its header", |lines| lines[1..].to_vec(), &["line 1", "not a journal"]),
    ("newer", |lines| edited(lines, 0, "\"format\":1", "\"format\":3"), &["line 1", "newer program"]),
    ("cut off between lines", |lines| lines[..9].to_vec(), &["line 10", "cut off"]),
    (
        "cut off in a line",
        |mut lines| {
            lines.truncate(9);
            let half = lines[8].len() / 2;
            lines[8].truncate(half);
            lines
        },
        &["line 9", "no whole line"],
    ),
    ("without its last line", |lines| lines[..lines.len() - 1].to_vec(), &["cut off"]),
    (
        "without a line",
        |mut lines| {
            lines.remove(4);
            lines
        },
        &["line 5", "event 5 is in the place of event 4"],
    ),
    (
        "without its last event",
        |mut lines| {
            lines.remove(lines.len() - 2);
            lines
        },
        &["lines are missing"],
    ),
    (
        "with two lines exchanged",
        |mut lines| {
            lines.swap(4, 5);
            lines
        },
        &["line 5", "in the place of"],
    ),
    (
        "with a line twice",
        |mut lines| {
            lines.insert(4, lines[4].clone());
            lines
        },
        &["line 6", "in the place of"],
    ),
    ("with something behind it", |lines| [lines, vec![String::new()]].concat(), &["something follows"]),
    (
        "with another principal",
        |lines| edited(lines, 3, "\"principal\":\"", "\"principal\":\"x"),
        &["line 4", "it was edited"],
    ),
    ("with another body", |lines| edited(lines, 3, "\"body\":\"", "\"body\":\"00"), &["line 4", "it was edited"]),
    (
        "with the end of another",
        |lines| {
            let last = lines.len() - 1;
            edited(lines, last, "\"head\":\"", "\"head\":\"0")
        },
        &["lines are missing, or were added"],
    ),
];

#[test]
fn a_file_that_is_not_what_was_written_is_refused_by_its_line_and_leaves_nothing() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let whole = workshop.done(&["store", "export"]).stdout;
    for (what, tamper, words) in TAMPERINGS {
        let lines = tamper(whole.lines().map(str::to_owned).collect());
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        workshop.home.write("edited.jsonl", &text);
        let words = [words, &["edited.jsonl", "nothing was imported", "next: "]].concat();
        let refused = on(&workshop, "new", &["store", "import", "edited.jsonl"]);
        assert_eq!(refused.code, Some(8), "{what}: {refused:#?}");
        for word in words {
            assert!(refused.stderr.contains(word), "{what} should say `{word}`: {}", refused.stderr);
        }
        assert!(!workshop.home.path().join("new").exists(), "{what} leaves a directory");
    }
    fails(&workshop, "new", &["store", "import", "nowhere.jsonl"], 2, &["cannot be read"]);
    fails(&workshop, "new", &["store", "restore", "org"], 9, &["no backup is in"]);
    assert!(!workshop.home.path().join("new").exists());
}

#[test]
fn of_a_folder_of_backups_the_one_that_goes_furthest_is_restored() {
    let workshop = Workshop::new();
    fs::create_dir(workshop.home.path().join("backups")).expect("there is room");
    for _ in 0..2 {
        assert_eq!(workshop.run("make it").code, Some(0));
        workshop.done(&["store", "backup", "backups"]);
    }
    done(&workshop, "new", &["store", "restore", "backups"]);
    let [old, new] = ["data", "new"].map(|name| done(&workshop, name, &["audit", "verify", "--json"]).json());
    assert_eq!(old["head"], new["head"]);
    let other = Workshop::new();
    assert_eq!(other.run("make it").code, Some(0));
    let chart = super::super::CHART.replace("\"workshop\"", "\"elsewhere\"");
    other.home.write("org/org.toml", &chart);
    assert_eq!(other.run("make it").code, Some(0));
    let folder = workshop.home.path().join("backups");
    other.done(&["store", "backup", folder.to_str().expect("a plain name")]);
    fails(&workshop, "newer", &["store", "restore", "backups"], 9, &["of two organisations", "name the file"]);
}

/// An import that reads a pipe: so far it was given the first lines, and has begun.
fn half_an_import<'a>(workshop: &Workshop, lines: &mut impl Iterator<Item = &'a str>) -> (Child, File) {
    let pipe = workshop.home.path().join("pipe");
    if !pipe.exists() {
        assert_eq!(finish(Command::new("mkfifo").arg(&pipe)).code, Some(0));
    }
    let mut program = echelon();
    program.args(["--data-dir", "new", "store", "import", "pipe"]).current_dir(workshop.home.path());
    let import = program.stderr(Stdio::null()).spawn().expect("the program starts");
    let mut write = File::options().write(true).open(&pipe).expect("the import reads it");
    for line in lines.take(3) {
        writeln!(write, "{line}").expect("it is read");
    }
    eventually("the import begins", || workshop.home.path().join("new/ledger.new/db").exists().then_some(()));
    (import, write)
}

#[test]
fn an_import_that_does_not_come_to_its_end_leaves_nothing_that_is_in_the_way() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let whole = workshop.done(&["store", "export"]).stdout;
    let mut lines = whole.lines();
    let (mut import, mut write) = half_an_import(&workshop, &mut lines);
    kill_process(Pid::from_child(&import), Signal::INT).expect("it is there");
    // It is noticed with one of the next events, and the last line never comes.
    let ended = loop {
        // Whoever has ended reads nothing.
        let _ = writeln!(write, "{}", lines.next().expect("it ends before there are no lines left"));
        // On a busy machine the signal may come later than a few lines.
        let has_ended = (0..40).find_map(|_| {
            thread::sleep(Duration::from_millis(25));
            import.try_wait().expect("it can be asked")
        });
        if let Some(ended) = has_ended {
            break ended;
        }
    };
    assert_eq!(ended.code(), Some(130));
    assert!(!workshop.home.path().join("new").exists(), "an interrupted one leaves nothing");

    drop(write);
    let (mut import, write) = half_an_import(&workshop, &mut whole.lines());
    import.kill().expect("it is there");
    import.wait().expect("it ends");
    drop(write);
    assert_eq!(names(&workshop.home.path().join("new")), ["ledger.new", "lock"], "a killed one cannot tidy up");
    fails(&workshop, "new", &["status"], 4, &["nothing is kept there"]);
    workshop.home.write("whole.jsonl", &whole);
    done(&workshop, "new", &["store", "import", "whole.jsonl"]);
    assert_eq!(names(&workshop.home.path().join("new")), ["ledger", "lock"]);
}

/// A command that may not write files of more than some kilobytes, which is how a full disk looks.
fn with_little_room(workshop: &Workshop, directory: &str, arguments: &str) -> Finished {
    let program = echelon();
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' --data-dir {directory} {arguments}",
        program.get_program().to_string_lossy()
    );
    finish(Command::new("sh").arg("-c").arg(script).current_dir(workshop.home.path()))
}

#[test]
fn a_disk_without_room_leaves_no_half_of_anything() {
    let workshop = Workshop::new();
    assert_eq!(workshop.run("make it").code, Some(0));
    let mut daemon = workshop.up();
    workshop.done(&["store", "export", "--output", "all.jsonl"]);
    let before = names(workshop.home.path());
    for command in ["export --output small.jsonl", "backup small.jsonl"] {
        let failed = with_little_room(&workshop, "data", &format!("store {command}"));
        assert_eq!(failed.code, Some(1), "{failed:#?}");
        assert!(failed.stderr.contains("`small.jsonl` cannot be written"), "{}", failed.stderr);
    }
    let failed = with_little_room(&workshop, "new", "store import all.jsonl");
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert!(failed.stderr.contains("File too large"), "{}", failed.stderr);
    assert!(failed.stderr.contains("look at the disk"), "{}", failed.stderr);
    assert_eq!(names(workshop.home.path()), before, "{failed:#?}");
    assert_eq!(daemon.stop(), Some(0));
    workshop.done(&["store", "check"]);
}
