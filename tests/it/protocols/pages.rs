//! What a person reads about standups and escalations: the pages of an organisation in which one task has failed for good.

use std::path::PathBuf;

use serde_json::json;

use super::super::support::{Home, eventually};

const WORKFLOW: &str = r#"
work_type = "job"
description = "Two pieces of work, one after the other."
tier = 2

[[step]]
key = "first"
title = "The first"
domain = "team"
description = "{instruction}"
effort = "4h"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]

[[step]]
key = "second"
title = "The second"
domain = "team"
needs = ["first"]
effort = "2h"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]
"#;

const CHART: &str = r#"
[organisation]
name = "workshop"
workflows = ["job.toml"]

[policy]
max_retries = 0

[[department]]
id = "main"
title = "Main"
default_work_type = "job"

[[domain]]
id = "team"
title = "Team"

[[ic]]
domain = "team"
id = "ann"
title = "Maker"
experience = "mid"
skills = { craft = "expert" }
worker = "script"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh"]
"#;

const WORKER: &str = r#"printf '%s' '{"failed":{"class":"permanent","message":"no brush"}}' > "$ECHELON_OUTCOME""#;

struct Shop {
    home: Home,
    chart: PathBuf,
}

impl Shop {
    /// One instruction has been run until it waited for a person; no daemon runs.
    fn stuck() -> Self {
        let home = Home::new();
        home.write("org/worker.sh", WORKER);
        home.write("org/job.toml", WORKFLOW);
        let chart = home.write("org/org.toml", CHART);
        let run = home.echelon(&["run", "--org", chart.to_str().expect("a plain name"), "paint the fence"]);
        assert_eq!(run.code, Some(7), "{run:#?}");
        Self { home, chart }
    }
}

/// What differs each time, by something of the same width where columns depend on it. However long anything took, its
/// column is as wide as the page has it that comes quickly.
fn tidy(text: &str) -> String {
    let other = regex::Regex::new(concat!(
        r"(?P<id>(?:ins|tsk)_[0-9a-f]{8})|(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?)|(?P<spent>SPENT +)",
        r"|(?P<left>in (?:\d+(?:d|h|m|s|ms)\b ?)+)|(?P<span>\b\d+(?:d|h|m|s|ms)\b(?: \d+(?:h|m|s)\b)? *)",
    ));
    let blank = |found: &regex::Captures<'_>| {
        let digits = |c: char| if c.is_ascii_hexdigit() { '0' } else { c };
        match (found.name("id"), found.name("time"), found.name("left")) {
            (Some(id), _, _) => format!("{}{}", &id.as_str()[..4], "0".repeat(8)),
            (None, Some(time), _) => time.as_str().chars().map(digits).collect(),
            (None, None, Some(_)) => "in SPAN".to_owned(),
            (None, None, None) if found.name("spent").is_some() => "SPENT  ".to_owned(),
            (None, None, None) => "SPAN ".to_owned(),
        }
    };
    let text = other.expect("a pattern").replace_all(text, blank).into_owned();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_person_reads_looks_like_this() {
    let shop = Shop::stuck();
    insta::assert_snapshot!("standup", tidy(&shop.home.done(&["standup"]).stdout));
    insta::assert_snapshot!("standup_tech_lead", tidy(&shop.home.done(&["standup", "tech-lead"]).stdout));
    insta::assert_snapshot!("standup_lead", tidy(&shop.home.done(&["standup", "team:lead"]).stdout));
    insta::assert_snapshot!("standup_ic", tidy(&shop.home.done(&["standup", "ann"]).stdout));
    insta::assert_snapshot!("escalations", tidy(&shop.home.done(&["escalations"]).stdout));
    assert!(shop.home.done(&["handoff", "list"]).stdout.starts_with("No package waits"));
    assert_eq!(shop.home.done(&["broadcast", "--list"]).stdout, "Nothing was broadcast.\n");
}

#[test]
fn an_escalation_is_found_by_task_and_level_while_it_is_open_and_when_it_is_over() {
    let shop = Shop::stuck();
    let found = shop.home.done(&["escalations", "--json"]).json();
    let open = &found["escalations"][0];
    assert_eq!(
        (&open["key"], &open["trouble"], &open["level"]),
        (&json!("first"), &json!("blocked"), &json!("person"))
    );
    assert_eq!((&open["closed"], &open["holder"]), (&json!(null), &json!("operator")));
    let count = |arguments: &[&str]| shop.home.done(arguments).json()["escalations"].as_array().map(Vec::len);
    for (arguments, expected) in [
        (&["escalations", "--json", "--level", "person"][..], 1),
        (&["escalations", "--json", "--level", "tech-lead"], 0),
        (&["escalations", "--json", "--task", "first"], 1),
        (&["escalations", "--json", "--task", "second"], 0),
    ] {
        assert_eq!(count(arguments), Some(expected), "{arguments:?}");
    }
    assert_eq!(found["more"], 0);
    assert_eq!(shop.home.echelon(&["escalations", "--task", "third"]).code, Some(9));
    let unknown = shop.home.echelon(&["escalations", "--level", "boss"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("domain-lead, tech-lead, engineering-manager, person"), "{}", unknown.stderr);

    let task = open["task"].as_str().expect("an id").to_owned();
    let instruction = open["instruction"].as_str().expect("an id").to_owned();
    let mut daemon = shop.home.up(&shop.chart);
    shop.home.done(&["task", "cancel", &instruction, "--reason", "no fence"]);
    eventually("it is over", || {
        (shop.home.done(&["status", "--json"]).json()["recent"][0]["state"] == "CANCELLED").then_some(())
    });
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(shop.home.done(&["escalations"]).stdout, "No escalation is open.\n");
    let past = shop.home.done(&["escalations", "--task", &task, "--json"]).json();
    assert!(past["escalations"][0]["closed"].is_string(), "{past}");
    assert_eq!(count(&["escalations", "--open", "--task", &task, "--json"]), Some(0));
}

#[test]
fn a_standup_that_is_held_is_recorded_in_one_line_worth_reading() {
    let shop = Shop::stuck();
    assert_eq!(shop.home.echelon(&["standup", "--hold"]).code, Some(4), "nobody records it without a daemon");
    let _daemon = shop.home.up(&shop.chart);
    let held = shop.home.done(&["standup", "--hold"]);
    assert!(held.stdout.contains("workshop  standup of"), "{}", held.stdout);
    let lines = shop.home.done(&["watch", "--no-follow", "--from", "0"]).stdout;
    let line = lines.lines().find(|line| line.contains("standup main:")).expect("it is in the journal");
    assert!(line.contains("standup main: 2 open (1 blocked), 0 done, capacity"), "{line}");
    for (wrong, code) in [("nobody", 9), ("operator", 9)] {
        assert_eq!(shop.home.echelon(&["standup", wrong]).code, Some(code), "{wrong}");
    }
    let view = shop.home.done(&["standup", "main:engineering-manager", "--json"]).json();
    assert_eq!(view["departments"][0]["summary"]["completed_before"], json!(null));
    assert!(view["departments"][0]["summary"]["since_ms"].is_i64(), "{view}");
}
