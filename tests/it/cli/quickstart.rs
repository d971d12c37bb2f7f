//! The first thing anybody does: a review of a repository by the chart that ships.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::support::{Home, echelon, finish};
use super::{git, repository, shipped};

/// Every file below a folder, with its content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder can be read");
            open.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).expect("a file can be read"));
        }
    }
    found
}

#[test]
fn a_review_ends_with_a_summary_and_leaves_the_repository_alone() {
    let home = Home::new();
    let folder = home.path().join("a 'repo' with \"quotes\"");
    repository(
        &folder,
        &[
            ("README.md", "# Words\n\nCounts words.\n"),
            ("src/count.py", "def count(text):\n    return eval(text)  # FIXME: not like this\n"),
            ("run.sh", "#!/bin/sh\necho hello\n"),
        ],
    );
    let before = contents(&folder);

    // From inside, so that the repository is found without being named.
    let arguments = ["run", "--org", &shipped("quickstart.toml"), "Review this repository"];
    let run = finish(echelon().arg("--data-dir").arg(home.data()).args(arguments).current_dir(folder.join("src")));

    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.stderr, "", "nothing went wrong");
    assert!(run.stdout.contains(" is COMPLETED after "), "{}", run.stdout);
    assert!(run.stdout.contains("all 6 tasks are over"), "{}", run.stdout);
    let summary = run.stdout.lines().map(str::trim).find(|line| line.ends_with("/SUMMARY.md"));
    let summary = fs::read_to_string(summary.expect("the summary's whole path is a line of its own"));
    assert!(summary.expect("the summary is there").starts_with("# "));
    assert_eq!(run.stdout.matches("/REPORT.md").count(), 5, "one for each reviewer: {}", run.stdout);

    assert_eq!(contents(&folder), before, "not a byte of the repository has changed");
    assert_eq!(git(&folder, &["status", "--porcelain"]), "");

    let id = home.echelon(&["status", "--json"]).json()["recent"][0]["id"].clone();
    let view = home.echelon(&["status", id.as_str().expect("an id"), "--json"]).json();
    let tasks = view["tasks"].as_array().expect("tasks");
    for task in tasks {
        let workspace = Path::new(task["workspace"].as_str().expect("a workspace"));
        for file in task["artefacts"].as_array().expect("files") {
            let path = workspace.join(file.as_str().expect("a name"));
            assert!(path.is_file(), "{} is there", path.display());
        }
    }
    let findings = Path::new(tasks[5]["workspace"].as_str().expect("a workspace")).join("findings.tsv");
    let findings = fs::read_to_string(findings).expect("the findings are there");
    assert!(findings.contains("\tsrc/count.py\t2\t"), "{findings}");
}

#[test]
fn what_ships_is_sound() {
    let home = Home::new();
    let checked = home.echelon(&["org", "check", &shipped("quickstart.toml")]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stdout.ends_with("is sound: 1 department, 3 domains, 7 ICs, 1 worker, 1 workflow\n"),
        "{}",
        checked.stdout
    );
    let workflow = shipped("workflows/code_review.toml");
    let checked = home.echelon(&["workflow", "check", &workflow, "--org", &shipped("quickstart.toml")]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.ends_with("is sound: 6 steps for `code_review`\n"), "{}", checked.stdout);

    let shown = home.echelon(&["org", "show", &shipped("quickstart.toml")]);
    insta::assert_snapshot!("org_show", shown.stdout);
    let listed = home.echelon(&["workflow", "list", "--org", &shipped("quickstart.toml")]);
    insta::assert_snapshot!(listed.stdout, @"
    WORK TYPE    DEPARTMENT  TIERS  PLANNED BY  WHAT FOR
    code_review  software    2      6 steps     Reviews a git repository from five sides and joins the findings.
    ");
    let schema = home.echelon(&["workflow", "schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).expect("the schema of plans is JSON");
    assert_eq!(schema["title"], "A plan for an instruction");
}
