//! Agents that behave and misbehave under the real daemon.

use std::fs;

use crate::support::{Daemon, Home, eventually, marked};

/// How far the daemon's memory may grow while all of them are at it: a few times the largest message.
const GROWTH_LIMIT_KB: u64 = 64 * 1024;

const CHART: &str = r#"
[organisation]
name = "agents"
workflows = [WORKFLOWS]

[policy]
max_retries = 0

[[department]]
id = "software"
title = "Software"
default_work_type = "behaves"

[[domain]]
id = "backend"
title = "Backend"
LEAD

[[ic]]
domain = "backend"
id = "ann"
title = "Developer"
experience = "mid"
skills = { making = "expert" }
hours_per_day = 24
parallel_limit = 2
worker = "agent"

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
id = "agent"
kind = "acp"
command = ["sh", "{org_dir}/agent.sh", "{org_dir}/{step}.sh"]
timeout = "1m"
reviews = true

[[worker]]
id = "impatient"
kind = "acp"
command = ["sh", "{org_dir}/agent.sh", "{org_dir}/{step}.sh"]
timeout = "300ms"
"#;

struct Case {
    /// The step, and so how the log names the task.
    name: &'static str,
    script: &'static str,
    /// What the line about its end says.
    words: &'static str,
}

const fn case(name: &'static str, script: &'static str, words: &'static str) -> Case {
    Case { name, script, words }
}

/// The deliverable of every task is a file `out.txt` of three bytes or more.
const CASES: &[Case] = &[
    case("behaves", "work() { echo text >out.txt; say 'It is there.'; end; }", "COMPLETED: It is there."),
    case(
        "lies",
        "work() { say 'It is there.'; end; }",
        "(transient): said it was done, but out.txt does not hold: exists (file is missing)",
    ),
    case(
        "writes-elsewhere",
        "work() { mkdir ../away; echo text >../away/out.txt; ln -s ../away/out.txt .; end; }",
        "(transient): said it was done, but out.txt does not hold: exists (leads out of the workspace)",
    ),
    case("dies-in-its-turn", "work() { say x; kill -9 $$; }", "(transient): `sh` was killed by signal 9 before"),
    case("never-begins", "exit 1", "(transient): `sh` exited with 1 before it answered `initialize`"),
    case(
        "says-garbage",
        "work() { head -c 3000000 /dev/urandom; echo; exit 0; }",
        "(transient): `sh` exited with 0 before",
    ),
    case(
        "says-nonsense",
        r#"work() {
            update '{"sessionUpdate":"nonsense"}'; update '7'; printf '{"jsonrpc":"2.0","id":5,"method":7}\n{"method":"x"}\n'
            echo text >out.txt; end
        }"#,
        "COMPLETED: ended its turn and said nothing",
    ),
    case(
        "floods",
        r#"work() { u=$(update "{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$(head -c 4000 /dev/zero | tr '\0' x)\"}}"); yes "$u"; }"#,
        "(permanent): sent more than 64 MiB",
    ),
    case(
        "asks-without-end",
        r#"work() { yes '{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{}}'; }"#,
        "(permanent): sent more than 64 MiB, 4 MiB in one message, or 10000 requests",
    ),
    case("says-one-long-word", "work() { cat /dev/zero; }", "(permanent): sent more than 64 MiB, 4 MiB in one message"),
    case("answers-twice", "work() { echo text >out.txt; end; end max_tokens; end; }", "COMPLETED: "),
    case(
        "steers-the-terminal",
        r#"work() { say 'a\u001b[2J\nb\r\u0007c'; end refusal; }"#,
        "(permanent): refused: b?c",
    ),
    case("hangs", "work() { sleep 300; }", "(transient): ran longer than 300ms"),
    case(
        "does-not-end",
        "trap '' TERM HUP INT; (setsid sleep 300 &); work() { sleep 300 & while :; do sleep 0.1; done; }",
        "(transient): ran longer than 300ms",
    ),
    case(
        "leaves-children",
        "work() { echo text >out.txt; sleep 300 & (setsid sleep 300 >/dev/null 2>&1 &); end; exit 0; }",
        "COMPLETED: ",
    ),
];

/// Those the impatient worker does.
fn is_slow(case: &Case) -> bool {
    case.words.ends_with("300ms")
}

/// Writes a chart with a workflow for each case. `lead` says who reviews, in tier 1 or 0 without.
fn write(home: &Home, cases: &[Case], lead: &str) -> std::path::PathBuf {
    home.write("agent.sh", include_str!("agent.sh"));
    for case in cases {
        let Case { name, script, .. } = case;
        let skill = if is_slow(case) { "waiting" } else { "making" };
        let tier = u8::from(!lead.is_empty());
        home.write(&format!("{name}.sh"), script);
        home.write(
            &format!("{name}.toml"),
            &format!(
                "work_type = \"{name}\"\ndescription = \"One step.\"\ntier = {tier}\n\n[[step]]\nkey = \"{name}\"\n\
                 title = \"Behave\"\ndomain = \"backend\"\neffort = \"6m\"\nskills = [\"{skill}\"]\n\
                 criteria = [\"it is there\"]\n\n[[step.deliverable]]\npath = \"out.txt\"\nmin_bytes = 3\n"
            ),
        );
    }
    let workflows: Vec<String> = cases.iter().map(|case| format!("\"{}.toml\"", case.name)).collect();
    home.write("org.toml", &CHART.replace("WORKFLOWS", &workflows.join(", ")).replace("LEAD", lead))
}

fn memory(daemon: &Daemon, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("the daemon is there");
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("Linux has this figure");
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number")
}

#[test]
fn whatever_an_agent_does_its_attempt_ends_in_a_class_with_one_line_and_leaves_nothing_alive() {
    let home = Home::new();
    let chart = write(&home, CASES, "");
    let mut daemon = home.up(&chart);
    let log = || fs::read_to_string(home.path().join("daemon.log")).expect("the daemon logs");
    let lines_of = |name: &str| -> Vec<String> {
        let of_it = |line: &&str| line.contains(&format!(" {name} (tsk_"));
        let ends = |line: &&str| line.contains(" attempt 1 failed (") || line.contains(" COMPLETED: ");
        log().lines().filter(of_it).filter(ends).map(str::to_owned).collect()
    };
    // What the first run of any agent takes is no matter here.
    home.done(&["submit", "--work-type", "behaves", "the first of all"]);
    eventually("the first has ended", || (!lines_of("behaves").is_empty()).then_some(()));
    fs::write(format!("/proc/{}/clear_refs", daemon.pid()), "5").expect("the peak can be set back");
    let before = memory(&daemon, "VmRSS");
    for case in &CASES[1..] {
        home.done(&["submit", "--work-type", case.name, case.name]);
    }
    eventually("every attempt has ended", || CASES.iter().all(|case| !lines_of(case.name).is_empty()).then_some(()));
    eventually("nothing is left alive", || marked(&home.data()).is_empty().then_some(()));
    for case in CASES {
        let lines = lines_of(case.name);
        let [line] = &lines[..] else { panic!("{}: one line for the end: {lines:?}", case.name) };
        assert!(line.contains(case.words), "{}: {line}", case.name);
        assert!(line.contains(if case.words.starts_with('(') { " WARN " } else { " INFO " }), "{}: {line}", case.name);
        assert!(line.len() < 1_000 && !line.contains(char::is_control), "{}: {line:?}", case.name);
    }
    let grown = memory(&daemon, "VmHWM").saturating_sub(before);
    assert!(grown < GROWTH_LIMIT_KB, "the daemon's memory grew by {grown} KiB");
    assert!(!log().contains("panicked"), "{}", home.log());
    assert_eq!(daemon.stop(), Some(0), "{}", home.log());
    home.done(&["audit", "verify"]);
}

#[test]
fn one_agent_does_the_work_and_another_reviews_it() {
    let home = Home::new();
    let script = r#"work() {
        case $ECHELON_JOB_KIND in
        work)
            if [ -e out.txt ]; then echo better >out.txt; say 'It is better.'; else echo text >out.txt; say 'It is there.'; fi ;;
        review)
            if grep -q better "$ECHELON_SUBJECT/out.txt"; then say '{\"approve\":{\"summary\":\"good\"}}'
            else say '{\"changes\":{\"findings\":[{\"text\":\"make it better\",\"location\":\"out.txt:1\"}]}}'; fi ;;
        esac
        end
    }"#;
    let chart = write(&home, &[case("reviewed", script, "")], "lead = { worker = \"agent\" }");
    let chart = {
        let text = fs::read_to_string(&chart).expect("the chart is there");
        home.write("org.toml", &text.replace("default_work_type = \"behaves\"", "default_work_type = \"reviewed\""))
    };
    let finished = home.echelon(&["run", "--org", chart.to_str().expect("UTF-8"), "do it well"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("is COMPLETED"), "{finished:#?}");
    let id =
        finished.stdout.split_whitespace().find(|word| word.starts_with("ins_")).expect("it names the instruction");
    let tasks = home.done(&["task", "list", "--instruction", id, "--json"]).stdout;
    assert!(tasks.contains("It is better."), "{tasks}");
    let shown = home.done(&["org", "show", chart.to_str().expect("UTF-8")]).stdout;
    assert!(
        shown.contains("worker agent is the coding agent `sh {org_dir}/agent.sh {org_dir}/{step}.sh`, reviews"),
        "{shown}"
    );
}
