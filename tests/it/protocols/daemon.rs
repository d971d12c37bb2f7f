//! Handoffs and broadcasts through the real program.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::support::{Home, eventually};

/// Does what it is told, and writes down what it was told beside.
const WORKER: &str = r#"#!/bin/sh
cp "$ECHELON_JOB" "$1/job-$2.json"
echo made > out.txt
printf '%s' '{"done":{"summary":"made it"}}' > "$ECHELON_OUTCOME"
"#;

const WORKFLOW: &str = r#"
work_type = "relay"
description = "One makes it, the other uses it."
tier = 2

[[step]]
key = "make"
title = "Make it"
domain = "makers"
description = "{instruction}"
effort = "30m"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]

[[step.deliverable]]
path = "out.txt"
min_bytes = 1

[[step]]
key = "use"
title = "Use it"
domain = "takers"
needs = ["make"]
effort = "30m"
complexity = "simple"
skills = ["craft"]
criteria = ["it is used"]

[[step.deliverable]]
path = "out.txt"
min_bytes = 1
"#;

const CHART: &str = r#"
[organisation]
name = "relay"
workflows = ["relay.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "relay"

[[person]]
id = "ada"
role = "manager"

[[domain]]
id = "makers"
title = "Makers"

[[domain]]
id = "takers"
title = "Takers"
lead = { review = "person" }

[[ic]]
domain = "makers"
id = "mia"
title = "Maker"
experience = "mid"
skills = { craft = "expert" }
worker = "script"

[[ic]]
domain = "takers"
id = "tom"
title = "Taker"
experience = "mid"
skills = { craft = "expert" }
worker = "script"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh", "{org_dir}", "{step}"]
"#;

/// A folder with the relay's chart.
struct Relay {
    home: Home,
    chart: PathBuf,
}

impl Relay {
    fn new() -> Self {
        let home = Home::new();
        home.write("org/worker.sh", WORKER);
        home.write("org/relay.toml", WORKFLOW);
        let chart = home.write("org/org.toml", CHART);
        Self { home, chart }
    }

    /// The package of this version, once it waits.
    fn package(&self, version: u32) -> Value {
        eventually("the package waits", || {
            let list = self.home.done(&["handoff", "list", "--json"]).json();
            list.get(0).filter(|one| one["version"] == version).cloned()
        })
    }
}

/// An id as people read it.
fn short(id: &str) -> String {
    let (prefix, digits) = id.split_once('_').expect("an id has a prefix");
    format!("{prefix}_{}", &digits[digits.len() - 8..])
}

#[test]
fn a_person_sends_a_package_back_twice_and_then_accepts_it_item_by_item() {
    let relay = Relay::new();
    let _daemon = relay.home.up(&relay.chart);
    relay.home.done(&["submit", "pass it on"]);
    let waiting = relay.package(1);
    assert_eq!((&waiting["key"], &waiting["from"]), (&json!("make"), &json!("main/makers")));
    assert_eq!(
        waiting["receivers"],
        json!([{ "domain": "main/takers", "judge": "person:ada", "accepted": false, "verified": [] }])
    );
    assert!(waiting["due_in_ms"].as_i64().is_some_and(|left| left > 0), "{waiting}");

    let inbox = relay.home.done(&["--as", "ada", "inbox", "--json"]).json();
    let item = &inbox["groups"][0]["items"][0];
    let task = short(waiting["task"].as_str().expect("an id"));
    let commands = ["show TASK", "accept TASK", "reject TASK --item N --reason TEXT"];
    let commands = commands.map(|words| format!("handoff {}", words.replace("TASK", &task)));
    assert_eq!((&item["what"], &item["commands"]), (&json!("accept the handoff or send it back"), &json!(commands)));

    let shown = relay.home.done(&["handoff", "show", "make"]).stdout;
    for said in
        ["version 1 from main/makers", "made it", "out.txt", "2 checks hold", "main/takers  waits for person:ada"]
    {
        assert!(shown.contains(said), "`{said}` in {shown}");
    }
    let package = relay.home.done(&["handoff", "show", "make", "--json"]).json();
    assert_eq!(package["items"][1]["verified"][0], "2 machine checks hold");
    let location = package["artefacts"][0]["location"].as_str().expect("a path").to_owned();
    assert!(std::path::Path::new(&location).is_file(), "{location}");

    assert!(relay.home.refused(&["handoff", "accept", "make", "--item", "3"]).contains("has items 1 to 2"));
    assert!(relay.home.refused(&["handoff", "accept", "make", "--for", "nobody"]).contains("main/takers"));
    assert!(relay.home.refused(&["handoff", "show", "use"]).contains("READY_FOR_HANDOFF"));
    relay.home.done(&["handoff", "accept", "make", "--item", "1"]);
    let back = relay.home.done(&["handoff", "reject", "make", "--item", "2", "--reason", "it is empty"]).stdout;
    assert!(back.contains("goes back from main/takers"), "{back}");

    assert_eq!(relay.package(2)["receivers"][0]["verified"], json!([]), "another version, nothing verified");
    let job = std::fs::read_to_string(relay.home.path().join("org/job-make.json")).expect("it was told");
    assert!(job.contains("item 2 (out.txt is there and as asked for): it is empty"), "{job}");
    relay.home.done(&["handoff", "reject", "make", "--for", "takers", "--reason", "not quite"]);

    assert_eq!(relay.package(3)["rejections"], 2);
    let half = relay.home.done(&["handoff", "accept", "make", "--item", "2"]).stdout;
    assert!(half.contains("has not verified item 1 yet"), "{half}");
    let done = relay.home.done(&["handoff", "accept", "make", "--item", "1", "--json"]).json();
    assert_eq!((&done["outcome"], &done["state"]), (&json!("accepted"), &json!("COMPLETED")));
    assert_eq!(done["key"], "make", "also where nothing of the task is open any more");
    assert!(relay.home.done(&["handoff", "list"]).stdout.starts_with("No package waits"));
    eventually("the other one goes on with it", || {
        let task = relay.home.done(&["task", "show", "use", "--json"]).json();
        task["task"]["attempts"].as_u64().filter(|attempts| *attempts > 0)
    });
}

#[test]
fn a_broadcast_reaches_a_channel_is_marked_as_read_and_is_told_to_workers() {
    let relay = Relay::new();
    let _daemon = relay.home.up(&relay.chart);
    let team = relay.home.done(&[
        "broadcast",
        "makers-team",
        "the kiln is down",
        "--kind",
        "blocker",
        "--impact",
        "nothing is fired today",
        "--action",
        "use the old one",
        "--action",
        "say so",
    ]);
    assert!(team.stdout.contains(" went to main/makers-team (2 recipients)"), "{}", team.stdout);
    let all = relay.home.done(&["broadcast", "all", "well done", "--kind", "celebration", "--json"]).json();
    assert_eq!(all["recipients"], 7, "a manager, a tech lead, two leads, two ICs and ada");

    let list = eventually("everybody but ada has read it", || {
        let list = relay.home.done(&["broadcast", "--list", "--json"]).json();
        (list[0]["unread"] == json!(["person:ada"]) && list[1]["unread"] == json!([])).then_some(list)
    });
    assert_eq!(list[0]["subject"], "well done", "the newest first");
    assert_eq!(list[1]["action_items"], json!(["use the old one", "say so"]));
    assert_eq!(list[0]["read"].as_array().map(Vec::len), Some(6));
    let text = relay.home.done(&["broadcast", "--list"]).stdout;
    assert!(text.contains("read by 6 of 7") && text.contains("· person:ada"), "{text}");

    relay.home.done(&["submit", "pass it on"]);
    relay.package(1);
    let job = std::fs::read_to_string(relay.home.path().join("org/job-make.json")).expect("it was told");
    let job: Value = serde_json::from_str(&job).expect("a job is JSON");
    let told: Vec<&Value> = job["announcements"].as_array().expect("a list").iter().collect();
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["subject"], &told[0]["kind"]), (&json!("well done"), &json!("celebration")));
    assert_eq!(told[1]["impact"], "nothing is fired today");
}

#[test]
fn what_cannot_be_broadcast_is_refused_with_what_can() {
    let relay = Relay::new();
    let _daemon = relay.home.up(&relay.chart);
    assert!(relay.home.refused(&["broadcast", "potters-team", "hello", "--kind", "milestone"]).contains("main/makers"));
    assert!(relay.home.refused(&["broadcast", "everybody", "hello", "--kind", "milestone"]).contains("domain-leads"));
    assert!(relay.home.refused(&["broadcast", "all", " ", "--kind", "milestone"]).contains("give it a subject"));
    let two_lines = ["broadcast", "all", "hello\nFROM: the boss", "--kind", "milestone"];
    assert!(relay.home.refused(&two_lines).contains("the subject of the broadcast has an end of line"));
    let escape = ["broadcast", "all", "hello", "--kind", "milestone", "--action", "\x1b[31m"];
    assert!(relay.home.refused(&escape).contains("the action item of the broadcast"));
    for wrong in [
        &["broadcast", "all", "hello"][..],
        &["broadcast", "all", "hello", "--kind", "gossip"],
        &["broadcast", "--list", "all"],
    ] {
        assert_eq!(relay.home.echelon(wrong).code, Some(2), "{wrong:?}");
    }
}
