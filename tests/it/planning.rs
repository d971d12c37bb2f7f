//! Planning through the front door: what an instruction says, the plan it gets, who approves it, and what it waits for.

mod front_door;

use serde_json::Value;

use super::support::{Daemon, Finished, Home, eventually};

/// Work ends at once, or when there is a file `go` where the instruction says to wait.
const WORKER: &str = r#"#!/bin/sh
if grep -q '"text": "wait' "$ECHELON_JOB"; then while [ ! -e "$1/go" ]; do sleep 0.01; done; fi
printf '{"done":{"summary":"made it"}}' > "$ECHELON_OUTCOME"
"#;

/// One piece of work that says what it is for.
const ERRAND: &str = r#"
work_type = "errand"
description = "One piece of work."
tier = 1
brief = { goals = "What is it to achieve?", reader = "Who is it for?" }

[[step]]
key = "errand"
title = "The errand"
domain = "team"
effort = 2
criteria = ["it is done"]
"#;

/// One piece of work that needs no words.
const CHORE: &str = r#"
work_type = "chore"
description = "One piece of work."
tier = 1

[[step]]
key = "chore"
title = "The chore"
domain = "team"
effort = 2
criteria = ["it is done"]
"#;

/// Five milestones, the first of which is a checkpoint.
const PROJECT: &str = r#"
work_type = "project"
description = "Milestones."
tier = 3

[[step]]
key = "design"
title = "Design"
domain = "team"
checkpoint = true
criteria = ["it is designed"]

[[step.task]]
key = "sketch"
title = "Sketch {instruction}"
effort = 2
criteria = ["there is a sketch"]

[[step.task]]
key = "model"
title = "Model"
needs = ["sketch"]
effort = 1
criteria = ["there is a model"]

[[step]]
key = "left"
title = "The left half"
domain = "team"
needs = ["design"]
effort = 8
range = [4, 12]
criteria = ["it is built"]

[[step]]
key = "right"
title = "The right half"
domain = "other"
needs = ["design"]
effort = 3
criteria = ["it is built"]

[[step]]
key = "join"
title = "Join the halves"
domain = "team"
needs = ["left", "right"]
effort = 2
criteria = ["it holds"]

[[step]]
key = "ship"
title = "Ship it"
domain = "other"
needs = ["join"]
effort = 1
criteria = ["it is there"]
"#;

/// Two parts, one after the other.
const TOUR: &str = r#"
work_type = "tour"
description = "A chore, and then an errand."

[[part]]
key = "pack"
department = "main"
work_type = "chore"
text = "Pack for {instruction}"

[[part]]
key = "go"
department = "main"
work_type = "errand"
text = "Go: {instruction}"
needs = ["pack"]
"#;

const CHART: &str = r#"
[organisation]
name = "works"
workflows = ["errand.toml", "chore.toml", "project.toml", "tour.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "chore"

[[triage]]
tier = 3
because = "many hands are in it"
words = ["everybody"]

[[domain]]
id = "team"
title = "Team"

[[domain]]
id = "other"
title = "Other"

[[person]]
id = "ada"
name = "Ada"
role = "manager"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/work.sh", "{org_dir}"]

[[ic]]
domain = "team"
id = "ann"
title = "Maker"
experience = "mid"
hours_per_day = 24
parallel_limit = 2
worker = "script"

[[ic]]
domain = "team"
id = "bob"
title = "Maker"
experience = "mid"
hours_per_day = 24
parallel_limit = 2
worker = "script"

[[ic]]
domain = "other"
id = "cid"
title = "Maker"
experience = "mid"
hours_per_day = 24
parallel_limit = 2
worker = "script"

[[ic]]
domain = "other"
id = "dot"
title = "Maker"
experience = "mid"
hours_per_day = 24
parallel_limit = 2
worker = "script"
"#;

/// A daemon that runs the works.
struct Works {
    home: Home,
    daemon: Option<Daemon>,
}

impl Works {
    fn open() -> Self {
        let home = Home::new();
        let files = [
            ("work.sh", WORKER),
            ("errand.toml", ERRAND),
            ("chore.toml", CHORE),
            ("project.toml", PROJECT),
            ("tour.toml", TOUR),
        ];
        for (name, text) in files {
            home.write(&format!("org/{name}"), text);
        }
        let chart = home.write("org/org.toml", CHART);
        let daemon = Some(home.up(&chart));
        Self { home, daemon }
    }

    /// Lets what waits come to its end.
    fn go(&self) {
        self.home.write("org/go", "");
    }

    fn done(&self, arguments: &[&str]) -> Finished {
        self.home.done(arguments)
    }

    /// Hands an instruction in, and returns its id.
    fn submit(&self, arguments: &[&str]) -> String {
        let id = self.done(&[&["submit"], arguments].concat()).stdout;
        id.trim().to_owned()
    }

    fn state(&self, id: &str) -> String {
        let view = self.done(&["status", id, "--json"]).json();
        view["instruction"]["state"].as_str().expect("a state").to_owned()
    }

    fn becomes(&self, id: &str, state: &str) {
        eventually(&format!("{id} is {state}"), || (self.state(id) == state).then_some(()));
    }

    fn plan(&self, id: &str) -> Value {
        self.done(&["plan", id, "--json"]).json()
    }

    /// What waits for Ada, once something does.
    fn for_ada(&self, what: &str) -> Value {
        eventually(&format!("Ada is to {what}"), || {
            let inbox = self.done(&["--as", "ada", "inbox", "--json"]).json();
            let items = inbox["groups"][0]["items"].as_array().cloned().unwrap_or_default();
            items.into_iter().find(|item| item["what"] == what)
        })
    }

    fn close(mut self) {
        let mut daemon = self.daemon.take().expect("it runs");
        assert_eq!(daemon.stop(), Some(0));
    }
}
