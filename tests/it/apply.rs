//! Another chart for a running organisation, through the front door: what is shown, what is asked, and who goes on with
//! the work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use echelon::domain::command::{Action, Command};
use echelon::domain::decide::decide;
use echelon::domain::org::{Chart, Person, PersonRole, Worker, WorkerKind, difference};
use echelon::domain::rejection::Rejection;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::time::{Millis, Stamp};

use super::support::{Finished, Home, eventually, marked};

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

/// What every chart here has.
const FRAME: &str = r#"
[organisation]
name = "workshop"
workflows = ["job.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "job"

[[domain]]
id = "team"
title = "Team"

[[worker]]
id = "endless"
kind = "command"
command = ["sh", "-c", "echo $$ > \"$0/began\"; while :; do sleep 0.05; done", "{org_dir}"]
timeout = "10m"

[[worker]]
id = "quick"
kind = "command"
command = ["sh", "-c", "echo made > out.txt"]
timeout = "1m"
"#;

fn ic(name: &str, worker: &str, skill: &str) -> String {
    format!(
        "[[ic]]\ndomain = \"team\"\nid = \"{name}\"\ntitle = \"Maker\"\nexperience = \"mid\"\n\
         skills = {{ {skill} = \"expert\" }}\nworker = \"{worker}\"\n"
    )
}

struct Workshop {
    home: Home,
    chart: PathBuf,
}

impl Workshop {
    /// Ann cannot do the job, and Bob never ends with it.
    fn new() -> Self {
        let home = Home::new();
        home.write("org/job.toml", WORKFLOW);
        let team = format!("{FRAME}{}{}", ic("ann", "quick", "care"), ic("bob", "endless", "craft"));
        let chart = home.write("org/org.toml", &team);
        Self { home, chart }
    }

    fn apply(&self, file: &Path, more: &[&str]) -> Finished {
        let file = file.to_str().expect("the folder has a plain name");
        let mut arguments = vec!["org", "apply", file];
        arguments.extend(more);
        self.home.echelon(&arguments)
    }

    fn submit(&self) -> String {
        let submitted = self.home.echelon(&["submit", "make it"]);
        assert_eq!(submitted.code, Some(0), "{submitted:?}");
        submitted.stdout.trim().to_owned()
    }

    /// Waits until Bob is at it.
    fn wait_for_work(&self) {
        let began = self.home.path().join("org/began");
        eventually("the work begins", || began.exists().then_some(()));
    }

    /// Cid comes for Bob, and Ann learns.
    fn successor(&self) -> PathBuf {
        let ann = ic("ann", "quick", "care").replace("mid", "senior");
        let team = format!("{FRAME}{ann}parallel_limit = 3\n{}", ic("cid", "quick", "craft"));
        let text = team.replace("[[department]]", "[policy]\nmax_retries = 1\nlease = \"90s\"\n\n[[department]]");
        self.home.write("org/next.toml", &text)
    }

    fn tree(&self) -> String {
        self.home.echelon(&["tree"]).stdout
    }
}

/// Ids differ from run to run.
fn without_ids(text: &str) -> String {
    let word = |word: &str| match word.find("tsk_") {
        Some(start) => format!("{}TASK{}", &word[..start], if word.ends_with("),") { ")," } else { ")" }),
        None => word.to_owned(),
    };
    let lines = text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_leaves_hands_back_what_they_were_at_and_whoever_comes_does_it() {
    let workshop = Workshop::new();
    let mut daemon = workshop.home.up(&workshop.chart);
    let instruction = workshop.submit();
    workshop.wait_for_work();
    assert!(!marked(&workshop.home.data()).is_empty(), "his worker runs");
    let next = workshop.successor();

    let asked = workshop.apply(&next, &[]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stderr.contains("there is no terminal") && asked.stderr.contains("--yes"), "{}", asked.stderr);
    insta::assert_snapshot!("difference", without_ids(&asked.stdout));
    let tree = workshop.tree();
    assert!(tree.contains("bob") && !tree.contains("cid"), "nothing was changed: {tree}");
    let as_json = workshop.apply(&next, &["--json"]);
    assert_eq!(as_json.code, Some(2), "{as_json:?}");
    assert!(as_json.stderr.contains("with --json nobody is asked"), "{}", as_json.stderr);
    let answer = as_json.json();
    assert_eq!(answer["applied"], false);
    assert_eq!(answer["comes"][0]["id"], "main/team/cid");
    assert_eq!(answer["leaves"][0]["part"]["id"], "main/team/bob");
    assert_eq!(answer["leaves"][0]["hands_back"][0]["state"], "IN_PROGRESS");

    let applied = workshop.apply(&next, &["--yes"]);
    assert_eq!(applied.code, Some(0), "{applied:?}\n{}", workshop.home.log());
    assert!(applied.stdout.contains("runs by"), "{}", applied.stdout);
    let completed = eventually("the job is done", || {
        let status = workshop.home.echelon(&["status", &instruction, "--json"]).json();
        (status["instruction"]["state"] == "COMPLETED").then_some(status)
    });
    assert_eq!(completed["tasks"][0]["assignee"], "main/team/cid", "{completed}");
    assert_eq!(completed["tasks"][0]["attempts"], 2, "{completed}");
    eventually("nothing runs any more", || marked(&workshop.home.data()).is_empty().then_some(()));
    let tree = workshop.tree();
    assert!(tree.contains("cid") && !tree.contains("bob"), "{tree}");

    let again = workshop.apply(&next, &[]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("nothing changes"), "{}", again.stdout);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_chart_with_faults_is_refused_with_all_of_them() {
    let workshop = Workshop::new();
    let text = format!("{FRAME}{}{}", ic("ann", "nobody", "care"), ic("bob", "quick", "craft").replace("mid", "old"));
    let broken = workshop.home.write("org/broken.toml", &text);
    let _daemon = workshop.home.up(&workshop.chart);
    let refused = workshop.apply(&broken, &["--yes"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("2 faults"), "{}", refused.stderr);
    assert!(refused.stderr.contains("nobody") && refused.stderr.contains("old"), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");
}

#[test]
fn a_chart_without_a_domain_that_has_open_tasks_is_refused_before_anything_is_asked() {
    let workshop = Workshop::new();
    let _daemon = workshop.home.up(&workshop.chart);
    workshop.submit();
    workshop.wait_for_work();
    let text = format!("{FRAME}{}", ic("ann", "quick", "craft")).replace("\"team\"", "\"crew\"");
    workshop.home.write("org/other.toml", &WORKFLOW.replace("\"team\"", "\"crew\""));
    let other = workshop.home.write("org/next.toml", &text.replace("job.toml", "other.toml"));
    for more in [&[][..], &["--yes"]] {
        let refused = workshop.apply(&other, more);
        assert_eq!(refused.code, Some(9), "{refused:?}");
        assert!(refused.stderr.contains("has no domain `main/team`"), "{}", refused.stderr);
        assert!(refused.stderr.contains("IN_PROGRESS"), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    assert!(workshop.tree().contains("bob"));
}

#[test]
fn without_a_daemon_a_chart_is_for_the_next_one() {
    let workshop = Workshop::new();
    let refused = workshop.apply(&workshop.chart, &["--yes"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("up --org"), "{}", refused.stderr);
}

fn with_secret(value: &str) -> Chart {
    let kind = WorkerKind::Command {
        argv: vec!["agent".to_owned()],
        environment: BTreeMap::from([("KEY".to_owned(), value.to_owned())]),
        timeout: Millis::from_secs(60),
    };
    let worker = Worker { id: "agent".parse().expect("a worker's name"), kind, reviews: false };
    Chart { workers: BTreeMap::from([(worker.id.clone(), worker)]), ..Chart::default() }
}

#[test]
fn what_a_worker_is_told_in_secret_is_not_shown() {
    let mut state = State::default();
    state.chart = Arc::new(with_secret("old"));
    let difference = difference(&state, &with_secret("new"));
    let [change] = &difference.changes[..] else { panic!("{difference:?}") };
    assert_eq!((change.part.to_string().as_str(), change.what.as_str()), ("worker agent", "environment"));
    assert_eq!((change.before.as_str(), change.after.as_str()), ("KEY", "KEY (different ones)"));
}

#[test]
fn only_who_operates_the_organisation_may_apply_a_chart() {
    let person = |id: &str, role: PersonRole| Person {
        id: id.parse().expect("a person's name"),
        name: id.to_owned(),
        role,
        department: None,
        uid: None,
    };
    let people = PersonRole::ALL.iter().map(|role| person(role.as_str(), *role));
    let people = people.map(|person| (person.id.clone(), person)).collect();
    let mut state = State::default();
    state.chart = Arc::new(Chart { people, ..with_secret("old") });
    let action = Action::ApplyChart(Arc::new(with_secret("new")));
    let mut may = Vec::new();
    for role in PersonRole::ALL {
        let principal = Principal::role(Role::Person(role.as_str().parse().expect("a person's name")));
        let command = Command { at: Stamp::default(), principal, action: action.clone() };
        match decide(&state, &command) {
            Ok(_) => may.push(*role),
            Err(Rejection::NotAllowed { .. }) => {}
            Err(other) => panic!("{role}: {other}"),
        }
    }
    assert_eq!(may, [PersonRole::Operator]);
}

#[test]
fn a_chart_is_the_same_after_it_was_written_and_read_as_json_whoever_is_absent() {
    let ann = Role::Ic("main/team/ann".parse().expect("an IC's name"));
    let absences = BTreeMap::from([(ann, "on leave".to_owned()), (Role::Organisation, "closed".to_owned())]);
    let chart = Chart { absences, ..with_secret("old") };
    let text = serde_json::to_string(&chart).expect("it can be written");
    assert_eq!(serde_json::from_str::<Chart>(&text).expect("it can be read"), chart);
}
