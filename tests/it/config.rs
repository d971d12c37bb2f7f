//! Charts and workflows as they are read from files: what is in them, and every kind of fault with its line.
//!
//! - [`workflows`]: the faults of workflow files and of the schemas they name;
//! - [`people`]: people, the work that is theirs, and who is absent;
//! - [`clocks`]: how fast time runs and how long things may take.

mod clocks;
mod people;
mod workflows;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use echelon::config::{self, Fault, Faults};
use echelon::domain::id::{DepartmentId, DomainId, IcId, WorkerId};
use echelon::domain::org::{Chart, Policy, WorkerKind};
use echelon::domain::review::Gate;
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Check, Complexity, Experience, SkillLevel, Tier};
use proptest::prelude::*;

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
            default_tier: Tier::Simple
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
    assert_eq!((workflow.description.as_str(), workflow.tier), ("Builds it and tests it.", Some(Tier::Moderate)));
    let [build, test] = workflow.steps.as_slice() else { panic!("there are two steps") };
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

#[test]
fn every_fault_of_a_chart_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[Case] = &[
        ("not TOML", "name = \"acme\"", "name = ", &[(2, "is not TOML")]),
        ("a key twice", "seed = 7", "seed = 7\nseed = 8", &[(52, "is not TOML: duplicate key")]),
        ("no organisation", "[organisation]\nname", "[organization]\nname", &[(1, "did you mean `organisation`?")]),
        (
            "a table that must be a list",
            "[[department]]",
            "[department]",
            &[(10, "`department` is a table; write `[[department]]`, once for each department")],
        ),
        ("an empty name", "name = \"acme\"", "name = \" \"", &[(2, "`name` of `organisation` of this chart is empty")]),
        ("a name of two lines", "\"acme\"", "\"a\\nb\"", &[(2, "has a line break")]),
        (
            "an unknown key",
            "parallel_limit = 3",
            "paralel_limit = 3",
            &[(31, "`paralel_limit` is not a key of IC `ben`; did you mean `parallel_limit`?")],
        ),
        (
            "a key like no other",
            "seed = 7",
            "colour = 7",
            &[(51, "`colour` is not a key of worker `sim`; its keys are `id`, ")],
        ),
        ("a key of the other kind", "seed = 7", "timeout = \"1m\"", &[(51, "`timeout` is not a key of worker `sim`")]),
        ("a missing key", "title = \"Tester\"\n", "", &[(33, "IC `quinn` has no `title`; add `title = ")]),
        ("a misspelt key is one fault", "title = \"Tester\"", "titel = \"Tester\"", &[(36, "did you mean `title`?")]),
        (
            "a wrong type",
            "hours_per_day = 7.5",
            "hours_per_day = \"8\"",
            &[(30, "`hours_per_day` of IC `ben` is a string; write a number")],
        ),
        (
            "another wrong type",
            "reviews = true",
            "reviews = \"yes\"",
            &[
                (19, "worker `sim` does not review"),
                (52, "`reviews` of worker `sim` is a string; write `true` or `false`"),
            ],
        ),
        ("a wrong type in a list", "[\"redis\"]", "[\"redis\", 1]", &[(29, "an item of `wants_to_learn` of IC `ben`")]),
        (
            "a domain that is not there",
            "domain = \"backend\"",
            "domain = \"backnd\"",
            &[(24, "domain `backnd` is not in this chart; did you mean `backend`?")],
        ),
        (
            "a worker that is not there",
            "worker = \"shell\"",
            "worker = \"robot\"",
            &[(32, "worker `robot` is not in this chart; choose from `shell`, `sim`")],
        ),
        (
            "a department that is not there",
            "department = \"software\"",
            "department = \"softwar\"",
            &[(16, "department `softwar` is not in this chart; did you mean `software`?")],
        ),
        (
            "a lead without a worker",
            "lead = { worker = \"sim\" }",
            "lead = {}",
            &[(19, "`lead` of domain `backend` has neither `worker` nor `review`; add `worker = ")],
        ),
        (
            "a misspelt key of a lead is one fault",
            "lead = { worker = \"sim\" }",
            "lead = { reviw = \"person\" }",
            &[(19, "`reviw` is not a key of `lead` of domain `backend`; did you mean `review`?")],
        ),
        (
            "a lead with both a worker and a review policy",
            "lead = { worker = \"sim\" }",
            "lead = { worker = \"sim\", review = \"checks\" }",
            &[(19, "a lead reviews with its worker, and `review` is for a lead without one; drop `review`")],
        ),
        (
            "a review policy that is none",
            "lead = { worker = \"sim\" }",
            "lead = { review = \"persons\" }",
            &[(19, "`review` of `lead` of domain `backend` is `persons`; did you mean `person`?")],
        ),
        (
            "a department's review policy that is none",
            "title = \"Software\"",
            "title = \"Software\"\nreview = \"nobody\"",
            &[(13, "`review` of department `software` is `nobody`; choose from `checks`, `person`")],
        ),
        (
            "a lead's worker that does not review",
            "lead = { worker = \"sim\" }",
            "lead = { worker = \"shell\" }",
            &[(19, "set `reviews = true` there")],
        ),
        (
            "two ICs of one name",
            "[[worker]]",
            "[[ic]]\ndomain = \"qa\"\nid = \"quinn\"\ntitle = \"Q\"\nexperience = \"mid\"\nworker = \"sim\"\n[[worker]]",
            &[(39, "IC `quinn` is already declared in line 33")],
        ),
        (
            "two workers of one name",
            "id = \"shell\"",
            "id = \"sim\"",
            &[
                (32, "worker `shell` is not in this chart; choose from `sim`"),
                (45, "worker `sim` is already declared in line 39"),
            ],
        ),
        (
            "two domains of one name",
            "[[worker]]",
            "[[domain]]\nid = \"backend\"\ntitle = \"B\"\n[[worker]]",
            &[(39, "domain `backend` is already declared in line 15; give one of them another `id`")],
        ),
        (
            "an empty domain",
            "domain = \"backend\"",
            "domain = \"qa\"",
            &[(15, "domain `backend` has no IC; add an `[[ic]]` with `domain = \"backend\"`")],
        ),
        (
            "an empty department",
            "[[domain]]",
            "[[department]]\nid = \"talent\"\ntitle = \"Talent\"\n[[domain]]",
            &[
                (15, "department `talent` has no domain"),
                (23, "domain `qa` has no `department`; add one of `software`, `talent`"),
            ],
        ),
        (
            "a bad name",
            "id = \"ben\"",
            "id = \"Ben Smith\"",
            &[(25, "is `Ben Smith`, which is not a name; use up to 64")],
        ),
        (
            "a bad skill",
            "nodejs =",
            "\"Node.js\" = \"expert\", nodejs =",
            &[(28, "`Node.js` is not a skill; write a skill (lower-case")],
        ),
        ("a bad level", "\"expert\"", "\"expret\"", &[(28, "is `expret`; did you mean `expert`?")]),
        ("a skill twice", "[\"redis\"]", "[\"redis\", \"redis\"]", &[(29, "skill `redis` is named twice")]),
        ("a bad experience", "\"junior\"", "\"newbie\"", &[(37, "choose from `junior`, `mid`, `senior`, `staff`")]),
        ("a day too long", "hours_per_day = 7.5", "hours_per_day = 24.5", &[(30, "more than 0 and at most 24")]),
        ("no day at all", "hours_per_day = 7.5", "hours_per_day = 0", &[(30, "more than 0 and at most 24")]),
        ("a day that is no number", "hours_per_day = 7.5", "hours_per_day = nan", &[(30, "is `nan`; write")]),
        ("nothing at a time", "parallel_limit = 3", "parallel_limit = 0", &[(31, "is `0`; write 1 to 1000")]),
        ("too much at a time", "parallel_limit = 3", "parallel_limit = 1001", &[(31, "is `1001`; write 1 to 1000")]),
        ("less than nothing", "max_retries = 5", "max_retries = -1", &[(5, "is `-1`; write 0 to 100")]),
        ("no whole number", "max_retries = 5", "max_retries = 1.5", &[(5, "is a number; write a whole number")]),
        ("no span of time", "\"2s\"", "\"2 parsecs\"", &[(6, "is `2 parsecs`, which is not a span of time")]),
        ("a span as a number", "\"2s\"", "2", &[(6, "is a whole number; write a span of time, such as `\"90s\"`")]),
        ("a backoff above its limit", "\"2s\"", "\"2h\"", &[(6, "is `2h`; write 1ms to 1h")]),
        ("a lease too short", "\"90s\"", "\"1ms\"", &[(8, "is `1ms`; write 1s to 1day")]),
        ("no tier", "default_tier = 1", "default_tier = 5", &[(9, "is `5`; write 0 to 4")]),
        (
            "a rate above 1",
            "failure_rate = 0.25",
            "failure_rate = 1.5",
            &[(49, "is `1.5`; write a share, from 0 to 1")],
        ),
        ("a rate below 0", "rework_rate = 1", "rework_rate = -0.1", &[(50, "is `-0.1`; write a share, from 0 to 1")]),
        (
            "a kind that is not there",
            "\"simulated\"",
            "\"simulate\"",
            &[(47, "is `simulate`; did you mean `simulated`?")],
        ),
        ("an empty command", "[\"sh\", \"{org_dir}/{step}.sh\", \"\"]", "[]", &[(42, "the command is empty")]),
        ("no program", "[\"sh\", ", "[\"\", ", &[(42, "an item of `command` of worker `shell` is empty")]),
        (
            "an unknown placeholder",
            "{step}",
            "{stepp}",
            &[(42, "`{stepp}` stands for nothing; did you mean `{step}`?")],
        ),
        (
            "another placeholder",
            "{step}",
            "{task}",
            &[(42, "`{task}` stands for nothing; use `{org_dir}` or `{step}`")],
        ),
        (
            "a placeholder in the environment",
            "\"C\"",
            "\"{org_dir}\"",
            &[(43, "`{org_dir}` is not replaced in the env")],
        ),
        ("a name with `=`", "LANG = \"C\"", "\"A=B\" = \"C\"", &[(43, "`A=B` is not the name of a variable")]),
        ("a zero byte", "\"C\"", "\"\\u0000\"", &[(43, "zero byte")]),
        ("a gate that is a role", "gates = { qa", "gates = { tech_lead", &[(14, "`tech_lead` is a role")]),
        (
            "a gate that is none",
            "gates = { qa",
            "gates = { secrity = \"qa\", qa",
            &[(14, "`secrity` is not a gate; did you")],
        ),
        (
            "a gate held by nobody",
            "qa = \"qa\"",
            "qa = \"quality\"",
            &[(14, "domain `quality` is not in this chart; choose")],
        ),
        ("an unknown work type", "= \"ship\"", "= \"shop\"", &[(13, "work type `shop` is not in this chart; did you")]),
        (
            "a workflow file that is not there",
            "ship.toml\"",
            "shop.toml\"",
            &[(3, "`/srv/workflows/shop.toml` cannot be read")],
        ),
        (
            "a workflow named twice",
            "[\"workflows/ship.toml\"]",
            "[\"workflows/ship.toml\", \"workflows/ship.toml\"]",
            &[(3, "`workflows/ship.toml` is named twice")],
        ),
        (
            "two workflows of one work type",
            "[\"workflows/ship.toml\"]",
            "[\"workflows/ship.toml\", \"./workflows/ship.toml\"]",
            &[(3, "`./workflows/ship.toml` plans work type `ship`, as `workflows/ship.toml` does")],
        ),
        ("a key nobody asked for", "[policy]", "[policies]\n[policy]", &[(4, "`policies` is not a key of this chart")]),
    ];
    assert_each(CHART, cases);
    let empty: Expected = &[(0, "this chart has no `organisation`"), (0, "this chart has no domain")];
    assert_faults("nothing", "org.toml", parse("", &BTreeMap::new()), empty);
}

#[test]
fn a_domain_of_two_departments_has_to_be_named_in_full() {
    let chart = r#"organisation.name = "two"
department = [{ id = "a", title = "A" }, { id = "b", title = "B" }]
domain = [{ id = "dev", title = "Dev", department = "a" }, { id = "dev", title = "Dev", department = "b" }]
worker = [{ id = "sim", kind = "simulated" }]
[[ic]]
id = "x"
domain = "a/dev"
title = "X"
experience = "mid"
worker = "sim"
[[ic]]
id = "x"
domain = "b/dev"
title = "X"
experience = "mid"
worker = "sim"
"#;
    let read = parse(chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(read.ics.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["a/dev/x", "b/dev/x"]);
    let ambiguous = chart.replacen("a/dev", "dev", 1);
    let expected: Expected = &[
        (3, "domain `dev` has no IC"),
        (7, "domain `dev` is in more than one department; write the department too: `a/dev`, `b/dev`"),
    ];
    assert_faults("ambiguous", "org.toml", parse(&ambiguous, &BTreeMap::new()), expected);
}

#[test]
fn all_faults_of_all_files_are_reported_at_once_in_order() {
    let changes = [
        ("lease = \"90s\"", "lease = 90"),
        ("\"senior\"", "\"seniour\""),
        ("domain = \"backend\"", "domain = \"bakend\""),
        ("parallel_limit = 3", "parallel_limit = 0"),
        ("[\"sh\", \"{org_dir}/{step}.sh\", \"\"]", "[]"),
        ("failure_rate = 0.25", "failure_rat = 0.25"),
    ];
    let chart = changes.iter().fold(CHART.to_owned(), |text, (from, to)| changed("all", &text, from, to));
    let workflow = changed("all", WORKFLOW, "effort = 0.5", "effort = \"soon\"");
    let faults = parse(&chart, &files(&workflow, "[")).expect_err("there are eight faults");
    let places: Vec<(&Path, Option<usize>)> =
        faults.as_slice().iter().map(|Fault { file, line, .. }| (file.as_path(), *line)).collect();
    let org = Path::new("/srv/org.toml");
    let mut expected: Vec<(&Path, Option<usize>)> = [8, 24, 27, 31, 42, 49].map(|line| (org, Some(line))).to_vec();
    expected.push((Path::new("/srv/workflows/schemas/app.json"), Some(1)));
    expected.push((Path::new("/srv/workflows/ship.toml"), Some(10)));
    assert_eq!(places, expected, "{faults}");
}

#[test]
fn a_file_that_cannot_be_read_or_is_no_text_is_one_fault_that_says_where() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("org.toml");
    let fault = |path: &Path| match config::load(path) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(faults) => faults.to_string(),
    };
    assert!(fault(&path).starts_with(&format!("{}: cannot be read: No such file", path.display())), "{}", fault(&path));
    assert!(fault(folder.path()).contains("cannot be read: Is a directory"), "{}", fault(folder.path()));
    std::fs::write(&path, b"# one\n# two \xff\n").expect("the test's own folder can be written");
    assert_eq!(fault(&path), format!("{}:2: is not UTF-8 text; save the file as UTF-8", path.display()));
    assert!(fault(Path::new("/dev/zero")).contains("is larger than 1048576 bytes"));
}

#[test]
fn a_document_nested_too_deeply_is_a_fault_and_not_the_end_of_the_process() {
    let depth = 100_000;
    for text in [
        format!("a = {}", "[".repeat(depth)),
        format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)),
        format!("a = {}1{}", "{a = ".repeat(depth), "}".repeat(depth)),
        format!("{}a = 1", "a.".repeat(depth)),
        format!("[{}a]", "a.".repeat(depth)),
    ] {
        let faults = parse(&text, &BTreeMap::new()).expect_err("no chart is nested");
        assert!(faults.as_slice().iter().all(|fault| fault.what.len() < 1_000), "a message says what matters");
    }
}

#[test]
fn the_chart_that_ships_has_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("org");
    let chart = config::load(&folder.join("quickstart.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.name, "quickstart");
    assert_eq!(Path::new(&chart.folder), folder);
    assert_eq!((chart.departments.len(), chart.domains.len(), chart.ics.len()), (1, 3, 7));
    let file = folder.join("workflows/code_review.toml");
    let workflow = config::check_workflow(&file, &chart).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.workflows.values().collect::<Vec<_>>(), [&workflow]);
    let steps: Vec<(&str, usize)> = workflow.steps.iter().map(|step| (step.key.as_str(), step.needs.len())).collect();
    let reviews = ["functional", "security", "performance", "tests", "documentation"].map(|key| (key, 0));
    assert_eq!(steps, [&reviews[..], &[("summary", 5)]].concat());
}

#[test]
fn the_findings_that_the_shipped_workflow_accepts_have_six_fields_or_there_are_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("org");
    let chart = config::load(&folder.join("quickstart.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    let table = [
        ("", true),
        ("high\tsecurity\tprivate-key\tid_rsa\t1\tA private key\n", true),
        ("info\ttests\tno-tests\t\t\tThere are no tests\nlow\ttests\tskipped\ta.py\t3\tSkipped\n", true),
        ("high\tsecurity\tprivate-key\tid_rsa\tA private key\n", false),
        ("urgent\tsecurity\tprivate-key\tid_rsa\t1\tA private key\n", false),
        ("nothing found\n", false),
    ];
    let deliverables = chart.workflows.values().flat_map(|it| &it.steps).flat_map(|step| &step.work.deliverables);
    let mut patterns = 0;
    for deliverable in deliverables.filter(|it| it.path == "findings.tsv") {
        let [Check::Matches(pattern)] = deliverable.checks.as_slice() else { panic!("{:?}", deliverable.checks) };
        let pattern = regex::Regex::new(pattern).expect("a chart's patterns compile");
        for (text, accepted) in table {
            assert_eq!(pattern.is_match(text), accepted, "{text:?}");
        }
        patterns += 1;
    }
    assert_eq!(patterns, 6);
}

/// What a few slips of the hand make of the chart above or of the one that ships.
fn slips() -> impl Strategy<Value = String> {
    let pieces =
        ["", "[", "]", "\"", "=", "\n", "{", "}", "-1", "nan", "[[ic]]\n", "a.b = 1\n", "'", "\u{0}", "é", "1e999"];
    let slip = (any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(pieces.to_vec()));
    let charts =
        prop::sample::select(vec![CHART, people::CHART, clocks::CHART, include_str!("../../org/quickstart.toml")]);
    (charts, prop::collection::vec(slip, 1..4)).prop_map(|(chart, slips)| {
        let mut text: Vec<char> = chart.chars().collect();
        for (at, length, piece) in slips {
            let start = at.index(text.len());
            let end = start.saturating_add(length).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_faults_are_never_none(text in prop_oneof![any::<String>(), slips()]) {
        for (chart, workflow) in [(text.as_str(), WORKFLOW), (CHART, text.as_str())] {
            if let Err(faults) = parse(chart, &files(workflow, SCHEMA)) {
                prop_assert!(!faults.as_slice().is_empty());
                prop_assert!(faults.as_slice().is_sorted());
                prop_assert_eq!(faults.to_string().lines().count(), faults.as_slice().len());
            }
        }
    }

    #[test]
    fn a_slip_in_a_workflow_is_read_or_reported(at in any::<prop::sample::Index>(), length in 0..30_usize) {
        let letters: Vec<char> = WORKFLOW.chars().collect();
        let start = at.index(letters.len());
        let kept = letters.iter().take(start).chain(letters.iter().skip(start.saturating_add(length)));
        let workflow: String = kept.collect();
        if let Err(faults) = parse(CHART, &files(&workflow, SCHEMA)) {
            prop_assert!(!faults.as_slice().is_empty());
        }
    }
}
