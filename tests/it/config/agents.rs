//! Coding agents: those that are known by name, and those with a command of their own.

use std::collections::BTreeMap;

use echelon::domain::org::WorkerKind;
use echelon::domain::time::Millis;

use super::{Case, assert_each, parse};

const CHART: &str = r#"organisation.name = "small"
domain = [{ id = "all", title = "All" }]
ic = [{ domain = "all", id = "one", title = "One", experience = "mid", worker = "own" }]
[[worker]]
id = "own"
kind = "acp"
command = ["my-agent", "--folder", "{org_dir}"]
environment = { KEY = "k" }
timeout = "10m"
reviews = true
[[worker]]
id = "known"
kind = "acp"
preset = "opencode"
"#;

#[test]
fn an_agent_is_known_by_name_or_has_a_command_of_its_own() {
    let kind = |argv: &[&str]| WorkerKind::Acp {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        environment: BTreeMap::new(),
        timeout: Millis::from_hours(1),
    };
    let read = |chart: &str| parse(chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}")).workers;
    let workers = read(CHART);
    let [known, own] = ["known", "own"].map(|id| &workers[&id.parse().expect("a name")]);
    let argv = ["my-agent", "--folder", "{org_dir}"].map(str::to_owned).to_vec();
    let environment = BTreeMap::from([("KEY".to_owned(), "k".to_owned())]);
    assert_eq!(own.kind, WorkerKind::Acp { argv, environment, timeout: Millis(600_000) });
    assert!(own.reviews && !known.reviews);
    let presets: [(&str, &[&str]); 5] = [
        ("claude", &["claude-agent-acp"]),
        ("codex", &["codex-acp"]),
        ("opencode", &["opencode", "acp"]),
        ("gemini", &["gemini", "--acp"]),
        ("qwen", &["qwen", "--acp"]),
    ];
    for (preset, argv) in presets {
        let workers = read(&CHART.replace("opencode", preset));
        assert_eq!(workers[&known.id].kind, kind(argv), "{preset}");
    }
    let both = format!("{CHART}command = [\"/opt/opencode\", \"acp\"]\n");
    assert_eq!(read(&both)[&known.id].kind, kind(&["/opt/opencode", "acp"]), "what is written down wins");
}

#[test]
fn every_fault_of_an_agent_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[Case] = &[
        (
            "neither",
            "preset = \"opencode\"\n",
            "",
            &[(
                11,
                "worker `known` has no `command`; add `command = [\"opencode\", \"acp\"]`, or `preset = \"opencode\"`",
            )],
        ),
        (
            "misspelt",
            "\"opencode\"",
            "\"opencod\"",
            &[(14, "`preset` of worker `known` is `opencod`; did you mean `opencode`?")],
        ),
        (
            "not known",
            "\"opencode\"",
            "\"emacs\"",
            &[(14, "`emacs`; choose from `claude`, `codex`, `opencode`, `gemini`, `qwen`")],
        ),
        ("empty", "[\"my-agent\", \"--folder\", \"{org_dir}\"]", "[]", &[(7, "the command is empty")]),
        ("a placeholder", "{org_dir}", "{org}", &[(7, "`{org}` stands for nothing")]),
        (
            "no kind",
            "kind = \"acp\"\npreset",
            "preset",
            &[(11, "add `kind = \"command\"`, `\"acp\"`, `\"simulated\"` or `\"human\"`")],
        ),
        ("another kind's key", "timeout = \"10m\"", "seed = 1", &[(9, "`seed` is not a key of worker `own`")]),
        (
            "a preset for a command",
            "kind = \"acp\"\ncommand",
            "kind = \"command\"\npreset = \"qwen\"\ncommand",
            &[(7, "`preset` is not a key of worker `own`")],
        ),
    ];
    assert_each(CHART, cases);
}
