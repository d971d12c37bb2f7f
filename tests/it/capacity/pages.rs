//! The pages, through the program.

use crate::support::{Home, eventually};

#[test]
fn capacity_and_why_are_pages_of_eighty_columns_and_documents() {
    let home = Home::new();
    let org = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml");
    let mut daemon = home.up(&org);
    let report = home.done(&["capacity", "--json"]).json();
    assert_eq!(report["figures"]["band"], "healthy");
    let domains = report["departments"][0]["domains"].as_array().expect("there are some").len();
    assert!(domains > 1);
    let only = home.done(&["capacity", "--domain", "qa", "--json"]).json();
    assert_eq!(only["departments"][0]["domains"].as_array().map(Vec::len), Some(1));
    assert_eq!(only["departments"][0]["domains"][0]["ics"][0]["figures"]["percent"], 0);
    let page = home.done(&["capacity"]).stdout;
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(!page.contains('\u{1b}'), "no colour off a terminal");
    let refused = home.echelon(&["capacity", "--domain", "nowhere"]);
    assert!(refused.stderr.contains("there is no domain `nowhere`"), "{refused:?}");
    assert_ne!(refused.code, Some(0));
    daemon.stop();
}

const CHART: &str = r#"
[organisation]
name = "shop"
workflows = ["part.toml"]

[[department]]
id = "dev"
title = "Development"
default_work_type = "part"

[[domain]]
id = "backend"
title = "Backend"

[[person]]
id = "pat"
name = "Pat"
role = "manager"

[[worker]]
id = "hands"
kind = "human"
person = "pat"

[[ic]]
domain = "backend"
id = "bea"
title = "Developer"
experience = "senior"
skills = { rust = "expert" }
worker = "hands"
"#;

const PART: &str = r#"
work_type = "part"
description = "A part."
tier = 1

[[step]]
key = "part"
title = "Make it"
domain = "backend"
effort = "8h"
skills = ["rust"]
criteria = ["it is made"]

[[step.deliverable]]
path = "part.txt"
"#;

#[test]
fn what_nobody_has_the_time_for_says_what_it_waits_for() {
    let home = Home::new();
    home.write("org/part.toml", PART);
    let org = home.write("org/org.toml", CHART);
    let mut daemon = home.up(&org);
    let pending = || {
        let tasks = home.done(&["task", "list", "--json"]).json();
        let waits = |task: &&serde_json::Value| task["state"] == "PENDING";
        tasks.as_array().expect("a list").iter().find(waits).map(|task| task["id"].as_str().expect("an id").to_owned())
    };
    for part in 1..=4 {
        home.done(&["submit", &format!("make part {part}")]);
    }
    let said = eventually("it waits within a forecast", || {
        let said = home.done(&["why", &pending()?]).stdout;
        said.contains("it is looked at again").then_some(said)
    });
    for part in ["waits: whoever could do it has no time: 24 h of work", "dev/backend/bea", "1.00!", "more than 90 %"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Off a terminal sentences are not broken into lines.
    assert!(said.lines().skip(1).all(|line| line.chars().count() <= 80), "{said}");
    let why = home.done(&["why", &pending().expect("it still waits"), "--json"]).json();
    assert_eq!(why["waits"]["standing"]["candidates"][0]["ic"], "dev/backend/bea");
    assert_eq!(why["assignment"], serde_json::Value::Null);
    let page = home.done(&["capacity"]).stdout;
    assert!(page.contains("1 task of 8 h waits for somebody with the time"), "{page}");
    daemon.stop();
}
