//! People, through the front door: what they do by hand, what they decide, what they may not, and who is there.
//!
//! The studio has two domains: a team of two ICs who work by a script that does what the instruction says, and a craft of two
//! who are people. A person judges at the gates of the craft.

mod away;
mod decisions;
mod handwork;
mod rights;
mod steering;

use std::path::PathBuf;

use serde_json::Value;

use super::support::{Daemon, Finished, Home, eventually};

/// Makes its file and ends well, asks a person, fails for good until there is a file `go`, or waits for it: by the words of
/// the instruction.
const WORKER: &str = r#"#!/bin/sh
says() { grep -q "\"description\": \".*$1" "$ECHELON_JOB"; }
outcome() { printf '%s' "$1" > "$ECHELON_OUTCOME"; }
echo made > out.txt
if says ask; then
  if grep -q blue "$ECHELON_JOB"; then outcome '{"done":{"summary":"painted blue"}}'
  else outcome '{"question":{"to":"operator","text":"which colour?"}}'; fi
elif says fail && [ ! -e "$1/go" ]; then
  outcome '{"failed":{"class":"permanent","message":"no brush"}}'
elif says wait; then
  while [ ! -e "$1/go" ]; do sleep 0.01; done
  outcome '{"done":{"summary":"waited"}}'
else
  outcome '{"done":{"summary":"made it"}}'
fi
"#;

/// One piece of work for the team, and one for the craft.
const ONE: &str = r#"
work_type = "KEY"
description = "One piece of work."
tier = 1

[[step]]
key = "KEY"
title = "The piece"
domain = "DOMAIN"
description = "{instruction}"
effort = "30m"
complexity = "simple"
skills = ["SKILL"]
criteria = ["it is made"]

[[step.deliverable]]
path = "out.txt"
min_bytes = 3
"#;

/// One for the team that another one builds on, and one for the craft beside them.
const SEVERAL: &str = r#"
work_type = "several"
description = "Three pieces of work."
tier = 2

[[step]]
key = "first"
title = "The first"
domain = "team"
description = "{instruction}"
effort = "30m"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]

[[step]]
key = "second"
title = "The second"
domain = "team"
needs = ["first"]
description = "build on it"
effort = "30m"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]

[[step]]
key = "beside"
title = "By hand"
domain = "craft"
description = "carve"
effort = "30m"
complexity = "simple"
skills = ["carving"]
criteria = ["it is made"]
"#;

const CHART: &str = r#"
[organisation]
name = "studio"
workflows = ["job.toml", "carving.toml", "several.toml"]

[policy]
max_retries = 0

[[department]]
id = "main"
title = "Main"
default_work_type = "job"

[[domain]]
id = "team"
title = "Team"

[[domain]]
id = "craft"
title = "Craft"
lead = { review = "person" }

[[person]]
id = "ada"
name = "Ada"
role = "manager"

[[person]]
id = "ben"
role = "contributor"

[[person]]
id = "cyd"
role = "contributor"

[[person]]
id = "eve"
role = "observer"

[[person]]
id = "olu"
role = "operator"

[[ic]]
domain = "team"
id = "ann"
title = "Maker"
experience = "junior"
skills = { craft = "expert" }
parallel_limit = 3
worker = "script"

[[ic]]
domain = "team"
id = "bob"
title = "Maker"
experience = "staff"
skills = { craft = "intermediate" }
parallel_limit = 1
worker = "script"

[[ic]]
domain = "craft"
id = "ben"
title = "Carver"
experience = "junior"
skills = { carving = "expert" }
worker = "ben-hands"

[[ic]]
domain = "craft"
id = "cyd"
title = "Carver"
experience = "staff"
skills = { carving = "intermediate" }
worker = "cyd-hands"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh", "{org_dir}"]
timeout = "2m"

[[worker]]
id = "ben-hands"
kind = "human"
person = "ben"

[[worker]]
id = "cyd-hands"
kind = "human"
person = "cyd"
"#;

/// The words of a command with who gives it.
fn said_by<'a>(person: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    let who: &[&str] = if person.is_empty() { &[] } else { &["--as", person] };
    [who, arguments].concat()
}

/// A running studio.
struct Studio {
    home: Home,
    daemon: Daemon,
}

impl Studio {
    fn open() -> Self {
        let home = Home::new();
        home.write("org/worker.sh", WORKER);
        for (key, domain, skill) in [("job", "team", "craft"), ("carving", "craft", "carving")] {
            let workflow = ONE.replace("KEY", key).replace("DOMAIN", domain).replace("SKILL", skill);
            home.write(&format!("org/{key}.toml"), &workflow);
        }
        home.write("org/several.toml", SEVERAL);
        let chart = home.write("org/org.toml", CHART);
        let daemon = home.up(&chart);
        Self { home, daemon }
    }

    /// A command as this person; as the operator where nobody is named.
    fn echelon(&self, person: &str, arguments: &[&str]) -> Finished {
        self.home.echelon(&said_by(person, arguments))
    }

    /// The same, and it must end well.
    #[track_caller]
    fn done(&self, person: &str, arguments: &[&str]) -> String {
        self.home.done(&said_by(person, arguments)).stdout
    }

    /// The same, and it must be refused in these words.
    #[track_caller]
    fn refused(&self, person: &str, arguments: &[&str], words: &[&str]) {
        let said = self.home.refused(&said_by(person, arguments));
        for word in words {
            assert!(said.contains(word), "{person}: {arguments:?} should say `{word}`: {said}");
        }
    }

    fn json(&self, person: &str, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.home.done(&said_by(person, &all)).json()
    }

    /// Hands an instruction in and gives its id.
    fn submit(&self, person: &str, work_type: &str, text: &str) -> String {
        self.done(person, &["submit", "--work-type", work_type, text]).trim().to_owned()
    }

    /// The first thing that waits for a person, once there is one that is owed in these words.
    #[track_caller]
    fn waits_for(&self, person: &str, what: &str) -> Value {
        eventually(&format!("`{what}` waits for {person}"), || {
            let inbox = self.json(person, &["inbox"]);
            let groups = inbox["groups"].as_array().expect("a list").clone();
            let items = groups.into_iter().flat_map(|group| group["items"].as_array().expect("a list").clone());
            items.into_iter().find(|item| item["what"] == what)
        })
    }

    /// A task by its name, with all there is to know.
    fn task(&self, name: &str) -> Value {
        self.json("", &["task", "show", name])
    }

    /// Waits until a task is in a state.
    #[track_caller]
    fn wait_for(&self, name: &str, state: &str) {
        eventually(&format!("{name} is {state}"), || {
            let shown = self.echelon("", &["task", "show", name, "--json"]);
            (shown.code == Some(0) && shown.json()["task"]["state"] == state).then_some(())
        });
    }

    /// Waits until an instruction is in a state.
    #[track_caller]
    fn ends(&self, instruction: &str, state: &str) {
        eventually(&format!("{instruction} is {state}"), || {
            (self.json("", &["status", instruction])["instruction"]["state"] == state).then_some(())
        });
    }

    /// Waits until an instruction's tasks may be given to somebody, which comes a little after they are planned.
    #[track_caller]
    fn executes(&self, instruction: &str) {
        self.ends(instruction, "EXECUTING");
    }

    fn assignee(&self, name: &str) -> Value {
        self.task(name)["task"]["assignee"].clone()
    }

    /// Writes the file that a task of the craft is to make.
    fn make(&self, name: &str, text: &str) {
        let folder = PathBuf::from(self.task(name)["task"]["workspace"].as_str().expect("a path"));
        std::fs::write(folder.join("out.txt"), text).expect("the folder was made ready");
    }

    /// Lets work that waits go on, and what failed succeed.
    fn go(&self) {
        self.home.write("org/go", "");
    }

    /// Nothing is left without somebody who can act.
    fn close(mut self) {
        assert_eq!(self.json("", &["doctor"])["faults"], serde_json::json!([]));
        let audit = self.echelon("", &["audit", "verify"]);
        assert_eq!(audit.code, Some(0), "{audit:#?}");
        assert_eq!(self.daemon.stop(), Some(0));
    }
}
