//! Programs that misbehave, under the real daemon: each attempt ends in a class, with one line in the log that names the
//! task and says why; the daemon's memory does not grow with what they do, and nothing of them is left alive.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Daemon, Home, eventually, marked};

/// How far the daemon's memory may grow while all of them are at it: a few times what it keeps of one of them.
const GROWTH_LIMIT_KB: u64 = 32 * 1024;

/// What is left on the disk of one that printed without end: the end of it, twice over.
const LEFT_LIMIT_BYTES: u64 = 1024 * 1024;

const CHART: &str = r#"
[organisation]
name = "misbehaviour"
workflows = [WORKFLOWS]

[policy]
max_retries = 0

[[department]]
id = "software"
title = "Software"
default_work_type = "nothing"

[[domain]]
id = "backend"
title = "Backend"

[[ic]]
domain = "backend"
id = "ann"
title = "Developer"
experience = "mid"
skills = { making = "expert" }
hours_per_day = 24
parallel_limit = 2
worker = "script"

[[ic]]
domain = "backend"
id = "ben"
title = "Developer"
experience = "mid"
skills = { waiting = "expert" }
hours_per_day = 24
parallel_limit = 4
worker = "impatient"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/{step}.sh"]
timeout = "1m"

[[worker]]
id = "impatient"
kind = "command"
command = ["sh", "{org_dir}/{step}.sh"]
timeout = "300ms"
"#;

/// How an attempt ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    /// It is handed in.
    Done,
    /// It failed, and another try may go well.
    Transient,
    /// It failed, and every other try would.
    Permanent,
}

use Ends::{Done, Permanent, Transient};

struct Case {
    /// The step, and so how the log names the task.
    name: &'static str,
    script: &'static str,
    ends: Ends,
    words: &'static str,
}

const fn case(name: &'static str, script: &'static str, ends: Ends, words: &'static str) -> Case {
    Case { name, script, ends, words }
}

const MISSING: &str = "said it was done, but out.txt does not hold: exists (file is missing)";
const NOT_A_FILE: &str = "the outcome file is not a regular file";
const NOT_AGREED: &str = "the outcome is not what was agreed: ";

/// The deliverable of every task is a file `out.txt` of three bytes or more.
const CASES: &[Case] = &[
    case("nothing", "exit 0", Transient, MISSING),
    case("prints-garbage", "head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2", Transient, MISSING),
    case("says-garbage", r#"head -c 4096 /dev/zero >"$ECHELON_OUTCOME""#, Transient, NOT_AGREED),
    case("floods", "yes | head -c 1000000000", Permanent, "printed more than 16 MiB"),
    case("floods-errors", "cat /dev/zero >&2", Permanent, "printed more than 16 MiB"),
    case("ignores-the-end", "trap '' TERM HUP INT; while :; do sleep 0.1; done", Transient, "ran longer than 300ms"),
    case("stops-itself", "kill -STOP $$", Transient, "ran longer than 300ms"),
    case("lies", r#"echo '{"done":{"summary":"x","artefacts":["out.txt"]}}' >"$ECHELON_OUTCOME""#, Transient, MISSING),
    case(
        "lies-about-size",
        "echo x >out.txt",
        Transient,
        "said it was done, but out.txt does not hold: at least 3 bytes (2 bytes)",
    ),
    case("hands-in-a-pipe", "mkfifo out.txt", Transient, "exists (is not a regular file)"),
    case("hands-in-a-link", "ln -s /etc/passwd out.txt", Transient, "exists (leads out of the workspace)"),
    case(
        "moves-its-folder",
        r#"mkdir ../away && echo text >../away/out.txt && rm -r "$ECHELON_WORKSPACE" && ln -s away "$ECHELON_WORKSPACE""#,
        Transient,
        "said it was done, but out.txt does not hold: exists (the workspace is not a folder any more)",
    ),
    case("removes-its-folder", r#"rm -r "$ECHELON_WORKSPACE""#, Transient, MISSING),
    case(
        "leaves-children",
        "echo text >out.txt; sleep 300 & nohup sleep 300 >/dev/null 2>&1 & (setsid sleep 300 &); \
         (setsid sh -c '(setsid sleep 300 </dev/null >/dev/null 2>&1 &) ; sleep 300' &) ; exit 0",
        Done,
        "",
    ),
    case("dies-after-finishing", "echo text >out.txt; kill -9 $$", Transient, "was killed by signal 9"),
    case(
        "dies-after-saying",
        r#"echo text >out.txt; echo '{"done":{"summary":"x"}}' >"$ECHELON_OUTCOME"; kill -9 $$"#,
        Transient,
        "was killed by signal 9 after saying done",
    ),
    case(
        "speaks-for-another-attempt",
        r#"other=${ECHELON_OUTCOME%/1/*}/2; mkdir -p "$other"; echo '{"done":{"summary":"x"}}' >"$other/outcome.json""#,
        Transient,
        MISSING,
    ),
    case(
        "names-its-attempt",
        r#"echo text >out.txt; echo '{"done":{"summary":"x","epoch":0}}' >"$ECHELON_OUTCOME""#,
        Transient,
        "unknown field `epoch`",
    ),
    case(
        "says-two-things",
        r#"(echo '{"done":{"summary":"x"}}'; echo '{"done":{"summary":"x"}}') >"$ECHELON_OUTCOME""#,
        Transient,
        "trailing characters",
    ),
    case(
        "says-much",
        r#"head -c 104857600 /dev/zero >"$ECHELON_OUTCOME""#,
        Transient,
        "the outcome is larger than 1024 KiB",
    ),
    case("not-utf8", r#"printf '{"done\377' >"$ECHELON_OUTCOME""#, Transient, "the outcome is not UTF-8 (byte 6)"),
    case(
        "deep",
        r#"(printf '{"plan":'; head -c 100000 /dev/zero | tr '\0' '[') >"$ECHELON_OUTCOME""#,
        Transient,
        NOT_AGREED,
    ),
    case("outcome-is-a-link", r#"echo '{}' >real; ln -s "$PWD/real" "$ECHELON_OUTCOME""#, Transient, NOT_A_FILE),
    case("outcome-is-a-pipe", r#"mkfifo "$ECHELON_OUTCOME""#, Transient, NOT_A_FILE),
    case("outcome-is-a-folder", r#"mkdir "$ECHELON_OUTCOME""#, Transient, NOT_A_FILE),
    case(
        "moves-the-control-folder",
        r#"here=${ECHELON_OUTCOME%/*}; mv "$here" ../kept; ln -s "$PWD/../kept" "$here"; echo text >out.txt
        echo '{"done":{"summary":"x"}}' >"$ECHELON_OUTCOME""#,
        Transient,
        NOT_A_FILE,
    ),
    case("closes-its-input", "exec <&-; echo text >out.txt", Done, ""),
    case(
        "steers-the-terminal",
        r#"printf '{"failed":{"class":"permanent","message":"a\\u001b[2J\\nb\\r\\u0007c"}}' >"$ECHELON_OUTCOME""#,
        Permanent,
        "a",
    ),
    case("one-long-line", "head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 9", Transient, "exited with 9: xxx"),
];

/// Those the impatient worker does.
fn is_slow(case: &Case) -> bool {
    case.words.starts_with("ran longer")
}

fn write(home: &Home) -> PathBuf {
    for case in CASES {
        let Case { name, script, .. } = case;
        let skill = if is_slow(case) { "waiting" } else { "making" };
        home.write(&format!("{name}.sh"), script);
        home.write(
            &format!("{name}.toml"),
            &format!(
                "work_type = \"{name}\"\ndescription = \"One step.\"\ntier = 0\n\n[[step]]\nkey = \"{name}\"\n\
                 title = \"Misbehave\"\ndomain = \"backend\"\neffort = \"6m\"\nskills = [\"{skill}\"]\n\
                 criteria = [\"it is there\"]\n\n[[step.deliverable]]\npath = \"out.txt\"\nmin_bytes = 3\n"
            ),
        );
    }
    let workflows: Vec<String> = CASES.iter().map(|case| format!("\"{}.toml\"", case.name)).collect();
    home.write("org.toml", &CHART.replace("WORKFLOWS", &workflows.join(", ")))
}

/// A figure of a process's memory, in KiB.
fn memory(daemon: &Daemon, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("the daemon is there");
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("Linux has this figure");
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number")
}

/// What the files of a task take, but for what it made itself.
fn left_of(data: &Path, name: &str) -> u64 {
    fn bytes(folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable"));
        entries
            .map(
                |entry| {
                    if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().map_or(0, |it| it.len()) }
                },
            )
            .sum()
    }
    let instructions =
        fs::read_dir(data.join("instructions")).expect("readable").map(|entry| entry.expect("readable").path());
    let tasks = instructions.flat_map(|folder| fs::read_dir(folder).expect("readable"));
    let tasks = tasks
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("{name}-tsk")));
    tasks.map(|task| bytes(&task.path())).sum()
}

#[test]
fn whatever_a_program_does_its_attempt_ends_in_a_class_with_one_line_and_leaves_nothing_alive() {
    let home = Home::new();
    let chart = write(&home);
    let mut daemon = home.up(&chart);
    let log = || fs::read_to_string(home.path().join("daemon.log")).expect("the daemon logs");
    // What the first run of any program takes is no matter here.
    home.done(&["submit", "--work-type", "nothing", "the first of all"]);
    eventually("the first has ended", || log().contains(" attempt 1 failed (").then_some(()));
    fs::write(format!("/proc/{}/clear_refs", daemon.pid()), "5").expect("the peak can be set back");
    let before = memory(&daemon, "VmRSS");
    for case in &CASES[1..] {
        home.done(&["submit", "--work-type", case.name, case.name]);
    }
    let lines_of = |name: &str| -> Vec<String> {
        let of_it = |line: &&str| line.contains(&format!(" {name} (tsk_"));
        let ends = |line: &&str| line.contains(" attempt 1 failed (") || line.contains(" COMPLETED: ");
        log().lines().filter(of_it).filter(ends).map(str::to_owned).collect()
    };
    eventually("every attempt has ended", || CASES.iter().all(|case| !lines_of(case.name).is_empty()).then_some(()));
    eventually("nothing is left alive", || marked(&home.data()).is_empty().then_some(()));
    for case in CASES {
        let lines = lines_of(case.name);
        let [line] = &lines[..] else { panic!("{}: one line for the end: {lines:?}", case.name) };
        let class = match case.ends {
            Done => " INFO ",
            Transient => " failed (transient): ",
            Permanent => " failed (permanent): ",
        };
        assert!(line.contains(class) && line.contains(case.words), "{}: {line}", case.name);
        assert!(case.ends == Done || line.contains(" WARN "), "{}: {line}", case.name);
        assert!(line.len() < 1_000 && !line.contains(char::is_control), "{}: {line:?}", case.name);
    }
    let grown = memory(&daemon, "VmHWM").saturating_sub(before);
    assert!(grown < GROWTH_LIMIT_KB, "the daemon's memory grew by {grown} KiB");
    for name in ["floods", "floods-errors", "prints-garbage"] {
        let left = left_of(&home.data(), name);
        assert!(left < LEFT_LIMIT_BYTES, "{name} left {left} bytes");
    }
    assert!(!log().contains("panicked"), "{}", home.log());
    assert_eq!(daemon.stop(), Some(0), "{}", home.log());
    home.done(&["audit", "verify"]);
}
