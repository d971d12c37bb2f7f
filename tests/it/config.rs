//! Charts and workflows as they are read from files: what is in them, and every kind of fault with its line.
//!
//! - [`workflows`]: the faults of workflow files and of the schemas they name;
//! - [`people`]: people, the work that is theirs, and who is absent;
//! - [`clocks`]: how fast time runs and how long things may take;
//! - [`charts`]: the faults of charts;
//! - [`agents`]: workers that are coding agents;
//! - [`templates`]: what workflow files say about tiers, targets, milestones, parts and consultations;
//! - [`broken`]: charts with several faults at once;
//! - [`scenarios`]: what a simulated organisation is put through, and what is wrong with it;
//! - [`files`]: files that cannot be read, those that ship, and what slips of the hand make of them.

mod agents;
mod broken;
mod charts;
mod clocks;
mod files;
mod people;
mod scenarios;
mod templates;
mod workflows;

use echelon::config::{self, Fault, Faults};
use echelon::domain::id::{DepartmentId, DomainId, IcId, WorkerId};
use echelon::domain::org::{Chart, Policy, WorkerKind};
use echelon::domain::review::Gate;
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Check, Complexity, Experience, SkillLevel, Tier};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A chart that uses every key of work. The cases below change one thing in it; the number of each line is beside it.
const CHART: &str = r#"[organisation]
name = "acme"
workflows = ["workflows/ship.toml"]
[policy]
max_retries = 5
retry_backoff = "2s"
max_review_rounds = 4
lease = "90s"
default_tier = 1
[[department]]
id = "software"
title = "Software"
default_work_type = "ship"
gates = { qa = "qa", security = "software/qa" }
[[domain]]
department = "software"
id = "backend"
title = "Backend"
lead = { worker = "sim" }
[[domain]]
id = "qa"
title = "Quality"
[[ic]]
domain = "backend"
id = "ben"
title = "Developer"
experience = "senior"
skills = { nodejs = "expert", jwt = "advanced" }
wants_to_learn = ["redis"]
hours_per_day = 7.5
parallel_limit = 3
worker = "shell"
[[ic]]
domain = "software/qa"
id = "quinn"
title = "Tester"
experience = "junior"
worker = "sim"
[[worker]]
id = "shell"
kind = "command"
command = ["sh", "{org_dir}/{step}.sh", ""]
environment = { LANG = "C" }
timeout = "10m"
[[worker]]
id = "sim"
kind = "simulated"
duration = "200ms"
failure_rate = 0.25
rework_rate = 1
seed = 7
reviews = true
"#;

/// The workflow of that chart; it too uses every key there is.
const WORKFLOW: &str = r#"work_type = "ship"
description = "Builds it and tests it."
department = "software"
tier = 2
[[step]]
key = "build"
title = "Build: {instruction}"
domain = "backend"
description = "Do {instruction} and return {}."
effort = 0.5
complexity = "high"
skills = ["nodejs", "jwt"]
nice_to_have = ["redis"]
security_sensitive = true
criteria = ["it compiles"]
[[step.deliverable]]
path = "out/app.json"
min_bytes = 2
contains = "name"
matches = ['^\{', '\}\s*$']
format = "json"
schema = "schemas/app.json"
command = ["sh", "-n"]
[[step]]
key = "test"
title = "Test"
domain = "qa"
needs = ["build"]
effort = "90m"
criteria = ["every test passes"]
"#;

const SCHEMA: &str = r#"{"type": "object", "required": ["name"]}"#;

fn parse(chart: &str, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Chart, Faults> {
    let read = |path: &Path| files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    config::parse(chart, Path::new("/srv/org.toml"), &read)
}

fn files(workflow: &str, schema: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    BTreeMap::from([
        (PathBuf::from("/srv/workflows/ship.toml"), workflow.as_bytes().to_vec()),
        (PathBuf::from("/srv/workflows/schemas/app.json"), schema.as_bytes().to_vec()),
    ])
}

/// What every case expects: the line, 0 for none, and a part of the message.
type Expected = &'static [(usize, &'static str)];

fn assert_faults(name: &str, file: &str, result: Result<Chart, Faults>, expected: Expected) {
    assert_eq!(mismatch(name, file, result, expected), None);
}

/// What is not as the case expects it, if anything.
fn mismatch(name: &str, file: &str, result: Result<Chart, Faults>, expected: Expected) -> Option<String> {
    let Err(faults) = result else { return Some(format!("{name}: there is no fault")) };
    let shown = faults.to_string();
    let file = Path::new("/srv").join(file);
    let as_expected = |(fault, (line, part)): (&Fault, &(usize, &str))| {
        fault.file == file && fault.line.unwrap_or(0) == *line && fault.to_string().contains(part)
    };
    let found = faults.as_slice();
    let right = found.len() == expected.len()
        && shown.lines().count() == found.len()
        && found.iter().zip(expected).all(as_expected);
    (!right).then(|| format!("{name}:\n{shown}\nbut expected {expected:?}\n"))
}

/// A name, what is changed in the chart to what, and what is wrong with it then.
type Case = (&'static str, &'static str, &'static str, Expected);

/// Changes one thing in `chart` for each case. What is not as it should be is told for all of them.
fn assert_each(chart: &str, cases: &[Case]) {
    let run = |(name, from, to, expected): &Case| {
        let chart = changed(name, chart, from, to);
        mismatch(name, "org.toml", parse(&chart, &files(WORKFLOW, SCHEMA)), expected)
    };
    let wrong: Vec<String> = cases.iter().filter_map(run).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `text` with one thing changed; a case that changes nothing is a mistake in the case.
fn changed(name: &str, text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{name}: `{from}` is not in the text");
    text.replacen(from, to, 1)
}

#[test]
fn everything_a_chart_says_is_in_what_is_read() {
    let chart = parse(CHART, &files(WORKFLOW, SCHEMA)).unwrap_or_else(|faults| panic!("{faults}"));
    let department: DepartmentId = "software".parse().expect("a name");
    let domain: DomainId = "software/backend".parse().expect("two names");
    let qa: DomainId = "software/qa".parse().expect("two names");
    let ben: IcId = "software/backend/ben".parse().expect("three names");
    let quinn: IcId = "software/qa/quinn".parse().expect("three names");
    let shell: WorkerId = "shell".parse().expect("a name");
    let sim: WorkerId = "sim".parse().expect("a name");

    assert_eq!((chart.name.as_str(), chart.folder.as_str()), ("acme", "/srv"));
    assert_eq!(
        chart.policy,
        Policy {
            max_retries: 5,
            retry_backoff: Millis(2_000),
            max_review_rounds: 4,
            lease: Millis(90_000),
            default_tier: Tier::Simple,
            approve_from: None,
        }
    );
    assert_eq!(chart.departments[&department].title, "Software");
    assert_eq!(chart.departments[&department].default_work_type.as_ref().map(|it| it.as_str()), Some("ship"));
    assert_eq!(chart.gate_holder(&department, Gate::Qa), Some(&qa));
    assert_eq!(chart.gate_holder(&department, Gate::Security), Some(&qa));
    assert_eq!(chart.gate_holder(&department, Gate::Architecture), None);
    assert_eq!(chart.domains[&domain].title, "Backend");
    assert_eq!(chart.domains[&domain].lead_worker.as_ref(), Some(&sim));
    assert_eq!(chart.domains[&qa].lead_worker, None);

    let ic = &chart.ics[&ben];
    assert_eq!((ic.title.as_str(), ic.experience, ic.parallel_limit), ("Developer", Experience::Senior, 3));
    assert_eq!((ic.hours_per_day, &ic.worker), (Effort::from_hours(7.5), &shell));
    let skills: Vec<_> = ic.skills.iter().map(|(skill, level)| (skill.as_str(), *level)).collect();
    assert_eq!(skills, [("jwt", SkillLevel::Advanced), ("nodejs", SkillLevel::Expert)]);
    assert_eq!(ic.wants_to_learn.iter().map(|it| it.as_str()).collect::<Vec<_>>(), ["redis"]);
    let ic = &chart.ics[&quinn];
    assert_eq!((ic.hours_per_day, ic.parallel_limit, ic.skills.len()), (Effort::from_hours(8.0), 1, 0));

    let argv = ["sh", "{org_dir}/{step}.sh", ""].map(str::to_owned).to_vec();
    let environment = BTreeMap::from([("LANG".to_owned(), "C".to_owned())]);
    assert_eq!(chart.workers[&shell].kind, WorkerKind::Command { argv, environment, timeout: Millis(600_000) });
    assert!(!chart.workers[&shell].reviews && chart.workers[&sim].reviews);
    let simulated = WorkerKind::Simulated { duration: Millis(200), failure_rate: 0.25, rework_rate: 1.0, seed: 7 };
    assert_eq!(chart.workers[&sim].kind, simulated);

    let workflow = chart.workflows.values().next().expect("there is one workflow");
    assert_eq!((workflow.work_type.as_str(), workflow.department.as_str()), ("ship", "software"));
    assert_eq!(
        (workflow.description.as_str(), workflow.tiers().collect::<Vec<_>>()),
        ("Builds it and tests it.", vec![Tier::Moderate])
    );
    let [build, test] = workflow.variants[0].steps.as_slice() else { panic!("there are two steps") };
    assert_eq!((build.key.as_str(), build.domain.as_str(), build.needs.len()), ("build", "software/backend", 0));
    assert_eq!(build.work.title, "Build: {instruction}");
    assert_eq!(build.work.description, "Do {instruction} and return {}.");
    assert_eq!((build.work.effort, build.work.complexity), (Effort::from_hours(0.5), Complexity::High));
    assert_eq!(build.work.skills.iter().map(|it| it.as_str()).collect::<Vec<_>>(), ["jwt", "nodejs"]);
    assert_eq!(build.work.nice_to_have.iter().map(|it| it.as_str()).collect::<Vec<_>>(), ["redis"]);
    assert!(build.work.security_sensitive && !test.work.security_sensitive);
    assert_eq!(build.work.criteria, ["it compiles"]);
    let [deliverable] = build.work.deliverables.as_slice() else { panic!("there is one deliverable") };
    assert_eq!(deliverable.path, "out/app.json");
    let checks = [
        Check::MinBytes(2),
        Check::Contains("name".to_owned()),
        Check::Matches(r"^\{".to_owned()),
        Check::Matches(r"\}\s*$".to_owned()),
        Check::Json,
        Check::JsonSchema(SCHEMA.to_owned()),
        Check::Command(vec!["sh".to_owned(), "-n".to_owned()]),
    ];
    assert_eq!(deliverable.checks, checks);
    assert_eq!(test.needs, std::slice::from_ref(&build.key));
    assert_eq!((test.work.effort, test.work.complexity), (Effort::from_hours(1.5), Complexity::Moderate));
}

#[test]
fn a_chart_without_departments_has_one_called_main() {
    let chart = r#"
        organisation.name = "small"
        domain = [{ id = "all", title = "All" }]
        ic = [{ domain = "main/all", id = "one", title = "One", experience = "mid", worker = "sim" }]
        worker = [{ id = "sim", kind = "simulated" }]
    "#;
    let chart = parse(chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.departments.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["main"]);
    assert_eq!(chart.ics.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["main/all/one"]);
    assert_eq!(chart.policy, Policy::default());
}
