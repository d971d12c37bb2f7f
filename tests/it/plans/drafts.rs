//! Plans as they are written down: the schema, and everything that may be wrong with them.

use std::path::Path;

use echelon::config::{self, DraftFormat};
use echelon::domain::id::StepKey;
use echelon::domain::plan::draft::{Draft, For, SCHEMA};
use echelon::domain::plan::{Plan, Source};
use echelon::domain::work::Tier;
use echelon::worker::planning;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::chart_with;
use crate::support::inside::NewIds;

fn task(key: &str) -> Value {
    json!({ "key": key, "title": "T", "domain": "backend", "effort": 1, "criteria": ["c"] })
}

/// The task with some of its fields set.
fn with(fields: Value) -> Value {
    let mut task = task("a");
    for (name, value) in fields.as_object().expect("fields") {
        task[name] = value.clone();
    }
    task
}

fn whole(tasks: Vec<Value>) -> Value {
    json!({ "tasks": tasks })
}

fn plan_of(draft: &Draft, tier: Tier) -> Result<Plan, Vec<String>> {
    let chart = chart_with(&[]);
    let department = "dev".parse().expect("a name");
    let whose = For { chart: &chart, department: &department, tier, text: "build it" };
    draft.plan(Source::File, whose, &mut NewIds::default())
}

/// Everything that is wrong with a plan of these tasks.
fn faults(tasks: Vec<Value>, tier: Tier) -> Vec<String> {
    let draft: Draft = serde_json::from_value(whole(tasks)).expect("it has the shape of a plan");
    plan_of(&draft, tier).err().unwrap_or_default()
}

#[test]
fn the_schema_accepts_what_is_read_and_refuses_what_is_not() {
    let schema = serde_json::from_str(SCHEMA).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let deliverable = |check: Value| with(json!({ "deliverables": [{ "path": "a", "checks": [check] }] }));
    let table = [
        (json!({}), true),
        (json!("plan"), false),
        (json!({ "task": [] }), false),
        (json!({ "tasks": null }), false),
        (json!({ "risk": null, "tasks": [] }), true),
        (json!({ "risk": { "data_integrity": 300 } }), false),
        (json!({ "risk": { "data_integrity": 3 } }), true),
        (json!({ "risk": { "data": 3 } }), false),
        (whole(vec![task("a")]), true),
        (whole(vec![task("A")]), false),
        (whole(vec![task("-a")]), false),
        (whole(vec![task(&"a".repeat(64))]), true),
        (whole(vec![task(&"a".repeat(65))]), false),
        (whole(vec![json!({ "key": "a" })]), false),
        (whole(vec![with(json!({ "colour": 1 }))]), false),
        (whole(vec![with(json!({ "effort": "1h" }))]), false),
        (whole(vec![with(json!({ "effort": 1.5 }))]), true),
        (whole(vec![with(json!({ "range": [1, 2] }))]), true),
        (whole(vec![with(json!({ "range": [1] }))]), false),
        (whole(vec![with(json!({ "range": [1, 2, 3] }))]), false),
        (whole(vec![with(json!({ "range": null }))]), true),
        (whole(vec![with(json!({ "complexity": "high" }))]), true),
        (whole(vec![with(json!({ "complexity": "hard" }))]), false),
        (whole(vec![with(json!({ "skills": ["rust"], "nice_to_have": [], "position": "dba" }))]), true),
        (whole(vec![with(json!({ "skills": "rust" }))]), false),
        (whole(vec![with(json!({ "skills": ["Rust"] }))]), false),
        (whole(vec![with(json!({ "checkpoint": 1 }))]), false),
        (whole(vec![with(json!({ "breakdown": [task("b")], "workflow": null }))]), true),
        (whole(vec![with(json!({ "breakdown": [{}] }))]), false),
        (whole(vec![with(json!({ "workflow": "small" }))]), true),
        (whole(vec![with(json!({ "deliverables": [{ "path": "a" }] }))]), false),
        (whole(vec![deliverable(json!("json"))]), true),
        (whole(vec![deliverable(json!({ "json": null }))]), true),
        (whole(vec![deliverable(json!("yaml"))]), false),
        (whole(vec![deliverable(json!({ "min_bytes": 3 }))]), true),
        (whole(vec![deliverable(json!({ "min_bytes": -3 }))]), false),
        (whole(vec![deliverable(json!({ "matches": "a", "contains": "b" }))]), false),
        (whole(vec![deliverable(json!({ "command": ["sh"] }))]), true),
        (json!({ "consultations": [{ "whom": "qa", "question": "q" }] }), true),
        (json!({ "consultations": [{ "whom": "qa" }] }), false),
        (json!({ "consultations": [{ "whom": "qa", "question": "q", "within": 1.5 }] }), false),
        (json!({ "consultations": [{ "whom": "qa", "question": "q", "within": 2, "blocking": true }] }), true),
    ];
    for (plan, expected) in table {
        let read = serde_json::from_value::<Draft>(plan.clone());
        assert_eq!(validator.is_valid(&plan), expected, "the schema: {plan}");
        assert_eq!(read.is_ok(), expected, "what is read: {plan}: {read:?}");
        assert_eq!(planning::read(&plan).is_ok(), expected, "a planner's: {plan}");
    }
}

#[test]
fn every_fault_of_a_plan_is_told_in_clear_words() {
    let two = |one: Value| vec![one, task("b")];
    let cases: &[(&str, Vec<Value>, &[&str])] = &[
        ("too small", vec![task("a")], &["a plan of tier 2 has 2 to 8 tasks, this one has 1"]),
        ("a name twice", vec![task("a"), task("a")], &["a: the name is used twice in the plan"]),
        (
            "a circle",
            vec![with(json!({ "needs": ["b"] })), {
                let mut other = task("b");
                other["needs"] = json!(["a"]);
                other
            }],
            &["none of these can start, each needs the next: a → b → a"],
        ),
        ("a need of nothing", two(with(json!({ "needs": ["c"] }))), &["a: needs c, which is not in the plan"]),
        ("a thousand needs", two(with(json!({ "needs": vec!["b"; 1_000] }))), &["a: needs b more than once"]),
        (
            "a domain that is not there",
            two(with(json!({ "domain": "design" }))),
            &["a: department `dev` has no domain `design`; it has backend, qa"],
        ),
        (
            "a position that is not there",
            two(with(json!({ "position": "dba" }))),
            &["a: nobody in `dev` has position `dba`; there are: developer, tester"],
        ),
        (
            "a skill that is not there",
            two(with(json!({ "skills": ["cobol"] }))),
            &["a: nobody in `dev` has skill `cobol`"],
        ),
        ("no criteria", two(with(json!({ "criteria": [" "] }))), &["a: no criteria: say what must be true"]),
        ("no title", two(with(json!({ "title": "" }))), &["a: its title is not one line of text"]),
        (
            "no effort",
            two(with(json!({ "effort": 0 }))),
            &["a: its effort is 0 h, and may be more than 0 and at most 24 h"],
        ),
        ("a bad range", two(with(json!({ "range": [3, 2] }))), &["a: its range is 3 h to 2 h"]),
        (
            "a path that leads out",
            two(with(json!({ "deliverables": [{ "path": "../a", "checks": [] }] }))),
            &["a: deliverable \"../a\" is not the path of a file within the workspace"],
        ),
        (
            "a command",
            two(with(json!({ "deliverables": [{ "path": "a", "checks": [{ "command": ["rm"] }] }] }))),
            &["a: deliverable \"a\" is checked by a command, which only workflow files may"],
        ),
        (
            "a milestone where there is none",
            two(with(json!({ "breakdown": [task("c")], "checkpoint": true }))),
            &["a: is work for one IC, and only milestones are broken down", "only milestones stop for a go-ahead"],
        ),
        (
            "all of it at once",
            two(with(json!({ "domain": "design", "effort": 25, "criteria": [], "needs": ["a"] }))),
            &["a → a", "no criteria", "no domain `design`", "its effort is 25 h"],
        ),
    ];
    for (name, tasks, expected) in cases {
        let told = faults(tasks.clone(), Tier::Moderate);
        assert_eq!(told.len(), expected.len(), "{name}: {told:#?}");
        for (told, expected) in told.iter().zip(*expected) {
            assert!(told.contains(expected), "{name}: {told} is not {expected}");
        }
    }
}

#[test]
fn milestones_are_broken_down_by_pieces_or_by_a_workflow() {
    let mut tasks: Vec<Value> = (1..=5).map(|n| task(&format!("m{n}"))).collect();
    tasks[0]["breakdown"] = json!([task("x"), task("y")]);
    tasks[0]["effort"] = json!(0);
    tasks[1]["workflow"] = json!("small");
    tasks[1]["effort"] = json!(100);
    let draft: Draft = serde_json::from_value(whole(tasks.clone())).expect("it has the shape of a plan");
    let plan = plan_of(&draft, Tier::Complex).expect("it holds");
    let pieces: Vec<usize> = plan.tasks.iter().map(|task| task.outline.len()).collect();
    assert_eq!(pieces, [2, 1, 0, 0, 0]);
    assert_eq!(plan.tasks[0].work.effort.hours(), 2.0, "the sum of its pieces");
    assert_eq!(plan.tasks[1].outline[0].work.title, "Do build it");

    tasks[0]["breakdown"] = json!([with(json!({ "key": "x", "effort": 30 })), with(json!({ "needs": ["m1"] }))]);
    tasks[1]["workflow"] = json!("large");
    tasks[2]["breakdown"] = Value::Array((0..11).map(|n| task(&format!("p{n}"))).collect());
    tasks[3]["breakdown"] = json!([with(json!({ "breakdown": [task("z")] }))]);
    let told = faults(tasks, Tier::Complex);
    let expected = [
        "a: needs m1, which is not in the breakdown of m1",
        "m1/x: its effort is 30 h",
        "m2: department `dev` has no workflow `large`; it has feature, small",
        "m3: is broken down into 11 tasks, and 10 is the most",
        "m4/a: is work for one IC, and only milestones are broken down",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    assert!(told.iter().zip(expected).all(|(told, expected)| told.contains(expected)), "{told:#?}");
}

/// What is told: the line, where there is one, and a part of what is wrong.
type Told = &'static [(Option<usize>, &'static str)];

#[test]
fn a_plan_file_is_read_as_json_and_as_toml_with_the_place_of_each_fault() {
    let json = r#"{"tasks": [{"key": "a", "title": "T", "domain": "qa", "effort": 1, "criteria": ["c"]}]}"#;
    let toml = "[[tasks]]\nkey = \"a\"\ntitle = \"T\"\ndomain = \"qa\"\neffort = 1\ncriteria = [\"c\"]\n";
    let read = |text: &str, format| config::parse_draft(text, format, Path::new("plan"));
    let expected = read(json, DraftFormat::Json).expect("it is a plan");
    assert_eq!(read(toml, DraftFormat::Toml), Ok(expected));

    let table: &[(DraftFormat, String, Told)] = &[
        (DraftFormat::Json, "{\n]".to_owned(), &[(Some(2), "is not JSON")]),
        (DraftFormat::Json, json.replace("\"a\"", "\"A\""), &[(None, "`/tasks/0/key`")]),
        (DraftFormat::Toml, "tasks = [".to_owned(), &[(Some(1), "is not TOML")]),
        (
            DraftFormat::Toml,
            toml.replace("\"a\"", "\"A\"").replace("= 1", "= \"1h\"").replace("title", "titel"),
            &[(Some(1), "\"title\" is"), (Some(1), "titel"), (Some(2), "/tasks/0/key"), (Some(5), "/tasks/0/effort")],
        ),
        (
            DraftFormat::Toml,
            format!("{toml}[[tasks.deliverables]]\npath = \"x\"\nchecks = [{{ matches = \"(\" }}]\n"),
            &[(Some(9), "cannot be checked")],
        ),
    ];
    for (format, text, expected) in table {
        let faults = read(text, *format).expect_err(text);
        let told = faults.as_slice();
        assert_eq!(told.len(), expected.len(), "{faults}");
        for (fault, (line, part)) in told.iter().zip(*expected) {
            assert!(fault.line == *line && fault.what.contains(part), "{fault} is not {part} in line {line:?}");
        }
    }
}

/// Drafts of some tasks with needs among them, of which some are in circles or lead nowhere.
fn drafts() -> impl Strategy<Value = Draft> {
    let needs = prop::collection::vec(prop::collection::vec(0..9_usize, 0..4), 1..9);
    needs.prop_map(|needs| {
        let task = |(index, needs): (usize, Vec<usize>)| {
            let needs: std::collections::BTreeSet<String> = needs.iter().map(|need| format!("t{need}")).collect();
            let mut task = task(&format!("t{index}"));
            task["needs"] = json!(needs);
            task
        };
        let tasks: Vec<Value> = needs.into_iter().enumerate().map(task).collect();
        serde_json::from_value(whole(tasks)).expect("it has the shape of a plan")
    })
}

proptest! {
    #[test]
    fn a_plan_that_holds_has_each_task_after_those_it_needs_and_one_that_does_not_says_why(draft in drafts()) {
        match plan_of(&draft, Tier::Moderate) {
            Ok(plan) => {
                prop_assert_eq!(plan.tasks.len(), draft.tasks.len());
                let mut known = std::collections::BTreeSet::new();
                for task in &plan.tasks {
                    prop_assert!(task.needs.iter().all(|need| known.contains(need)));
                    known.insert(task.id);
                }
            }
            Err(told) => {
                let keys: Vec<&StepKey> = draft.tasks.iter().map(|task| &task.key).collect();
                let dangling = draft.tasks.iter().flat_map(|task| &task.needs).any(|need| !keys.contains(&need));
                let size = keys.len() < 2;
                let circle = told.iter().any(|fault| fault.contains(" → "));
                prop_assert!(dangling || size || circle, "{:?}", told);
            }
        }
    }
}
