//! The command line through its front door: the real program, as a person or a script uses it.
//!
//! Where an instruction has to take a certain way, it goes to a workshop: two ICs whose worker is a script that does what
//! the instruction says.

mod codes;
mod daemon;
mod flows;
mod help;
mod keeping;
mod quickstart;
mod reading;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{Daemon, Finished, Home, echelon, eventually, finish};

/// Ends well, asks a person, fails for good, waits for a file, or says what should not reach a terminal: by the words of
/// the instruction.
const WORKER: &str = r#"#!/bin/sh
says() { grep -q "\"description\": \".*$1" "$ECHELON_JOB"; }
outcome() { printf '%s' "$1" > "$ECHELON_OUTCOME"; }
echo made > out.txt
if says ask; then
  if grep -q blue "$ECHELON_JOB"; then
    outcome '{"done":{"summary":"painted blue"}}'
  else
    outcome '{"question":{"to":"operator","text":"which colour?"}}'
  fi
elif says fail; then
  outcome '{"failed":{"class":"permanent","message":"no brush"}}'
elif says wait; then
  : > "$1/began"
  while [ ! -e "$1/go" ]; do sleep 0.01; done
  outcome '{"done":{"summary":"waited"}}'
elif says escape; then
  outcome '{"done":{"summary":"\u001b[31mred\u001b]0;title\u0007 \u009b31m \u202etxt\r\nsecond","evidence":["\u001b[2J"]}}'
else
  outcome '{"done":{"summary":"made it"}}'
fi
"#;

const WORKFLOW: &str = r#"
work_type = "job"
description = "One piece of work."
tier = 1

[[step]]
key = "job"
title = "The job"
domain = "team"
description = "{instruction}"
effort = "30m"
complexity = "simple"
skills = ["craft"]
criteria = ["it is made"]

[[step.deliverable]]
path = "out.txt"
min_bytes = 1
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
experience = "senior"
skills = { craft = "expert" }
worker = "script"

[[ic]]
domain = "team"
id = "bob"
title = "Maker"
experience = "mid"
skills = { craft = "advanced" }
worker = "script"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh", "{org_dir}"]
timeout = "2m"
"#;

/// A folder with the workshop's chart.
struct Workshop {
    home: Home,
    chart: PathBuf,
}

impl Workshop {
    fn new() -> Self {
        let home = Home::new();
        home.write("org/worker.sh", WORKER);
        home.write("org/job.toml", WORKFLOW);
        let chart = home.write("org/org.toml", CHART);
        Self { home, chart }
    }

    fn up(&self) -> Daemon {
        self.home.up(&self.chart)
    }

    /// A command on the data directory.
    fn echelon(&self, arguments: &[&str]) -> Finished {
        self.home.echelon(arguments)
    }

    /// The same, and it must end well.
    fn done(&self, arguments: &[&str]) -> Finished {
        self.home.done(arguments)
    }

    fn run(&self, text: &str) -> Finished {
        self.echelon(&["run", "--org", self.chart(), text])
    }

    /// A command on the data directory that is to be started by the test itself.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = echelon();
        command.arg("--data-dir").arg(self.home.data()).args(arguments).current_dir(self.home.path());
        command
    }

    fn chart(&self) -> &str {
        self.chart.to_str().expect("the folder has a plain name")
    }

    /// Waits until a worker that waits is at work. That its task is in progress says only that it may begin.
    fn wait_for_worker(&self) {
        let began = self.home.path().join("org/began");
        eventually("the work begins", || began.exists().then_some(()));
    }

    /// Lets work that waits go on.
    fn go(&self) {
        self.home.write("org/go", "");
    }
}

/// A chart or workflow of this project.
pub(crate) fn shipped(path: &str) -> String {
    format!("{}/org/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// A git repository with these files, committed.
pub(crate) fn repository(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    git(folder, &["init", "-q", "-b", "main"]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "first"]);
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let finished = finish(
        Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1"),
    );
    assert_eq!(finished.code, Some(0), "git {arguments:?}: {finished:?}");
    finished.stdout
}

/// The only word in `text` that begins with `prefix` and has that many characters after it.
#[track_caller]
fn id_in(text: &str, prefix: &str, digits: usize) -> String {
    let mut found: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(prefix) && word.len() == prefix.len() + digits)
        .collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 1, "one id {prefix}… in {text}");
    found[0].to_owned()
}
