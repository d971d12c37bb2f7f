//! The command workers that review a git repository (`org/workers/code-review`), run as the daemon
//! runs them: with an empty environment, in an empty workspace, against repositories made here.
//!
//! The repositories hold faults at known lines, odd names, or a configuration that tries to execute
//! something. What is asserted is what a reader of the reports relies on: each fault is named at its
//! place, nothing is invented, secrets stay hidden, and the repository is left exactly as it was.
//!
//! - [`findings`]: what is found, and what is not;
//! - [`repositories`]: repositories of every kind, which are left exactly as they were;
//! - [`summary`]: the summary of what the reviewers delivered.

mod findings;
mod repositories;
mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/org/workers/code-review");
const AREAS: [&str; 5] = ["functional", "security", "performance", "tests", "documentation"];

/// A repository in a directory of its own; the name of the directory is chosen by the test.
struct Repository {
    _home: TempDir,
    path: PathBuf,
}

impl Repository {
    fn new() -> Self {
        Self::named("repo")
    }

    fn named(name: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory for the repository");
        let path = home.path().join(name);
        fs::create_dir(&path).expect("the directory of the repository is new");
        let repository = Self { _home: home, path };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn git(&self, arguments: &[&str]) -> Output {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .env("PATH", path_variable())
            .env("HOME", self._home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .output()
            .expect("git starts");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let file = self.path.join(name);
        let parent = file.parent().expect("a file has a parent");
        fs::create_dir_all(parent).expect("the parent can be made");
        fs::write(&file, content).expect("the file can be written");
    }

    fn commit(&self) {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-q", "-m", "A commit"]);
    }
}

/// What a worker left behind: its workspace and the outcome it wrote.
struct Run {
    workspace: PathBuf,
    outcome: serde_json::Value,
    status_ok: bool,
}

impl Run {
    fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.workspace.join(name)).expect("the deliverable exists");
        String::from_utf8(bytes).expect("a deliverable is valid UTF-8")
    }

    fn findings(&self) -> Vec<Finding> {
        self.text("findings.tsv").lines().map(Finding::parse).collect()
    }

    fn summary(&self) -> &str {
        self.outcome["done"]["summary"].as_str().unwrap_or_else(|| panic!("the worker is done: {}", self.outcome))
    }
}

/// A row of `findings.tsv`.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    severity: String,
    area: String,
    rule: String,
    path: String,
    line: String,
    message: String,
}

impl Finding {
    fn parse(row: &str) -> Self {
        let fields: Vec<&str> = row.split('\t').collect();
        let [severity, area, rule, path, line, message] = fields[..] else {
            panic!("a row has six fields: {row:?}");
        };
        assert!(rank(severity) < 5, "a row begins with a known severity: {row:?}");
        assert!(row.bytes().all(|byte| byte == b'\t' || byte >= b' '), "a row holds no control characters: {row:?}");
        Self {
            severity: severity.to_owned(),
            area: area.to_owned(),
            rule: rule.to_owned(),
            path: path.to_owned(),
            line: line.to_owned(),
            message: message.to_owned(),
        }
    }

    fn place(&self) -> (&str, &str, &str, &str) {
        (&self.severity, &self.rule, &self.path, &self.line)
    }
}

fn rank(severity: &str) -> usize {
    ["critical", "high", "medium", "low", "info"].iter().position(|known| *known == severity).unwrap_or(5)
}

fn path_variable() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

/// Runs one worker under `base`, where each worker gets a workspace named after it.
fn run(worker: &str, repository: &Path, base: &Path) -> Run {
    let workspace = base.join(worker);
    let private = base.join(format!("{worker}.private"));
    fs::create_dir(&workspace).expect("the workspace is new");
    fs::create_dir(&private).expect("the private directory is new");
    let outcome = private.join("outcome.json");
    let output = Command::new("sh")
        .arg(format!("{SCRIPTS}/{worker}.sh"))
        .current_dir(&workspace)
        .env_clear()
        .env("PATH", path_variable())
        .env("HOME", &private)
        .env("TMPDIR", &private)
        .env("ECHELON_REPOSITORY", repository)
        .env("ECHELON_INPUTS", base)
        .env("ECHELON_OUTCOME", &outcome)
        .stdin(Stdio::null())
        .output()
        .expect("sh starts");
    let text = fs::read_to_string(&outcome).unwrap_or_else(|error| {
        panic!("{worker} writes an outcome ({error}): {}", String::from_utf8_lossy(&output.stderr))
    });
    let outcome: serde_json::Value = serde_json::from_str(&text).expect("the outcome is JSON");
    if outcome.get("done").is_some() {
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{worker} has nothing to complain about");
    }
    let left: Vec<_> = fs::read_dir(&private)
        .expect("the private directory can be read")
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
        .filter(|name| name != "outcome.json")
        .collect();
    assert!(left.is_empty(), "{worker} leaves nothing behind: {left:?}");
    Run { workspace, outcome, status_ok: output.status.success() }
}

/// All reviewers, side by side as the daemon runs them, and the summary of what they delivered.
struct Review {
    _base: TempDir,
    by_area: BTreeMap<&'static str, Run>,
    joined: Run,
}

impl Review {
    fn of(repository: &Path) -> Self {
        let base = tempfile::tempdir().expect("a directory for the workspaces");
        let by_area = std::thread::scope(|scope| {
            let running: Vec<_> =
                AREAS.iter().map(|area| (*area, scope.spawn(|| run(area, repository, base.path())))).collect();
            running
                .into_iter()
                .map(|(area, thread)| (area, thread.join().expect("the reviewer ends")))
                .collect::<BTreeMap<_, _>>()
        });
        for (area, reviewed) in &by_area {
            assert!(reviewed.status_ok, "{area} ends well");
            reviewed.text("REPORT.md");
            for finding in reviewed.findings() {
                assert_eq!(finding.area, *area, "a reviewer speaks of its own area only");
            }
        }
        let joined = run("summary", repository, base.path());
        Self { _base: base, by_area, joined }
    }

    fn findings(&self) -> Vec<Finding> {
        self.joined.findings()
    }

    /// Everything a person or a later worker could read.
    fn all_text(&self) -> String {
        let mut text = self.joined.text("SUMMARY.md") + &self.joined.text("findings.tsv");
        for reviewed in self.by_area.values() {
            text += &reviewed.text("REPORT.md");
            text += &reviewed.text("findings.tsv");
            text += &reviewed.outcome.to_string();
        }
        text
    }

    #[track_caller]
    fn assert_found(&self, severity: &str, rule: &str, path: &str, line: &str) {
        let findings = self.findings();
        let wanted = (severity, rule, path, line);
        let near: Vec<_> = findings.iter().filter(|finding| finding.rule == rule || finding.path == path).collect();
        assert!(findings.iter().any(|finding| finding.place() == wanted), "{wanted:?} is missing; near: {near:#?}");
    }
}

/// A small repository without a fault: code, tests, documentation, licence, CI.
fn clean_files(repository: &Repository) {
    repository.write(
        "README.md",
        format!(
            "# Counter\n\nCounts words.\n\n## Install\n\n```sh\npip install counter\n# [no](link.md)\n```\n\n## Usage\n\n\
             See [the guide](docs/guide.md#start), [the site](https://localhost/x) and [code](src/counter.py).\n\
             Write `[x](y.md)` for a link.\n\n{}",
            "A line of words about the counter.\n\n".repeat(20)
        ),
    );
    repository
        .write("docs/guide.md", "# Guide\n\nBack to the [README](../README.md).\n\n    [not a link](in-code.md)\n");
    repository.write("LICENSE", "Permission is granted.\n");
    repository.write("CHANGELOG.md", "# Changes\n\n- First.\n");
    repository.write("CONTRIBUTING.md", "# Contributing\n\nRun the tests.\n");
    repository.write(
        "src/counter.py",
        "\"\"\"Counts words.\"\"\"\nimport os\n\n\ndef count(text):\n    \"\"\"Number of words.\"\"\"\n    \
         password = os.environ[\"COUNTER_PASSWORD\"]\n    token = \"your-token-here\"\n    return len(text.split()), password, token\n",
    );
    repository.write(
        "tests/test_counter.py",
        "from counter import count\n\n\ndef test_count():\n    assert count('a b')[0] == 2\n",
    );
    repository.write("run.sh", "#!/bin/sh\nset -eu\nexec python3 src/counter.py \"$@\"\n");
    repository.write("Dockerfile", "FROM python:3.12-slim AS base\nFROM base\nUSER nobody\n");
    repository.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: pytest\n",
    );
}
