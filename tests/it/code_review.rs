//! The command workers that review a git repository (`org/workers/code-review`), run as the daemon
//! runs them: with an empty environment, in an empty workspace, against repositories made here.
//!
//! The repositories hold faults at known lines, odd names, or a configuration that tries to execute
//! something. What is asserted is what a reader of the reports relies on: each fault is named at its
//! place, nothing is invented, secrets stay hidden, and the repository is left exactly as it was.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
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

/// Content, kind, mode and time of change of everything below a directory.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, (u64, u32, i64, i64)> {
    let mut seen = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).expect("what was listed exists");
        let mut hasher = DefaultHasher::new();
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).expect("a directory can be read") {
                open.push(entry.expect("an entry can be read").path());
            }
        } else if metadata.is_symlink() {
            fs::read_link(&path).expect("a link can be read").hash(&mut hasher);
        } else {
            fs::read(&path).expect("a file can be read").hash(&mut hasher);
        }
        let state = (hasher.finish(), metadata.mode(), metadata.mtime(), metadata.mtime_nsec());
        seen.insert(path, state);
    }
    seen
}

/// Made up here, so that this file holds no text that looks like a secret.
fn aws_key() -> String {
    ["AK", "IA", "Q3EGRZ5TLN7BWMXV"].concat()
}
fn github_token() -> String {
    ["gh", "p_", "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zC3"].concat()
}
fn password() -> String {
    ["Tr0ub4", "dor-and-3"].concat()
}
fn private_key() -> String {
    [
        "-----BEGIN RSA PRIV",
        "ATE KEY-----\nMIIEowIBAAKCAQEAx7Jm3kQvPzYtNf0aWc5dLr9sHgUe2BbXnTqVyKiO4hZpMwRj\n-----END RSA PRIV",
        "ATE KEY-----\n",
    ]
    .concat()
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

#[test]
fn planted_faults_are_found_at_their_place_and_secrets_stay_hidden() {
    let repository = Repository::new();
    repository.write("src/merge.py", "a = 1\n<<<<<<< HEAD\nb = 2\n=======\nb = 3\n>>>>>>> topic\n");
    repository.write(
        "src/app.py",
        format!(
            "import subprocess\n# FIXME: wrong for zero\n# TODO: rename\ntry:\n    run()\nexcept Exception:\n    pass\n\
             subprocess.run(command, shell=True)\ndb_password = \"{}\"\nbreakpoint()\neval(text)\n",
            password()
        ),
    );
    repository.write("config/settings.yml", format!("name: app\naws_id: {}\n", aws_key()));
    repository.write("tests/fixtures/token.txt", format!("one\n{}\n", github_token()));
    repository.write("src/typed.rs", format!("const PASSWORD: &'static str = \"{}\";\n", password()));
    repository.write("keys/server.txt", format!("key:\n{}", private_key()));
    repository.write("broken.sh", "#!/bin/sh\nif true; then\n  echo no end\n");
    repository.write("src/lib.rs", "pub fn later() {\n    todo!()\n}\n\n#[test]\n#[ignore]\nfn off() {}\n");
    repository.write("web/app.test.js", "describe('x', () => {\n  it.only('y', () => { expect(1).toBe(1) })\n})\n");
    repository.write(
        "web/app.js",
        "function f(x) {\n  debugger;\n  document.body.innerHTML = x\n  try { g() } catch (e) {}\n}\n",
    );
    repository.write(".env", format!("PORT=1\nAPI_TOKEN={}\n", github_token()));
    repository.write("src/old.c.orig", "int x;\n");
    repository.write("Dockerfile", "FROM ubuntu\nRUN chmod 777 /srv\n");
    repository.write(".github/workflows/pr.yml", "on: pull_request_target\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}\n");
    repository.write("big.bin", vec![0_u8; 2 * 1024 * 1024]);
    repository.write("node_modules/x/index.js", "debugger;\n");
    repository.write("docs/guide.md", "# Guide\n\nSee [it](missing.md) and [that](../src/app.py).\n");
    repository.write("Case.txt", "a\n");
    repository.write("case.txt", "b\n");
    symlink("nowhere.txt", repository.path.join("dangling")).expect("a link can be made");
    symlink("/etc/passwd", repository.path.join("outside")).expect("a link can be made");
    repository.commit();

    let review = Review::of(&repository.path);
    for (severity, rule, path, line) in [
        ("high", "conflict-marker", "src/merge.py", "2"),
        ("medium", "fixme", "src/app.py", "2"),
        ("low", "todo", "src/app.py", "3"),
        ("medium", "swallowed-error", "src/app.py", "6"),
        ("medium", "shell-command", "src/app.py", "8"),
        ("medium", "hardcoded-secret", "src/app.py", "9"),
        ("medium", "hardcoded-secret", "src/typed.rs", "1"),
        ("medium", "debug-leftover", "src/app.py", "10"),
        ("medium", "eval", "src/app.py", "11"),
        ("critical", "known-token", "config/settings.yml", "2"),
        ("high", "known-token", "tests/fixtures/token.txt", "2"),
        ("critical", "known-token", ".env", "2"),
        ("high", "secret-file", ".env", ""),
        ("critical", "private-key", "keys/server.txt", "2"),
        ("medium", "unfinished", "src/lib.rs", "2"),
        ("low", "skipped-test", "src/lib.rs", "6"),
        ("high", "focused-test", "web/app.test.js", "2"),
        ("medium", "debug-leftover", "web/app.js", "2"),
        ("medium", "raw-html", "web/app.js", "3"),
        ("low", "swallowed-error", "web/app.js", "4"),
        ("low", "merge-leftover", "src/old.c.orig", ""),
        ("low", "docker-latest", "Dockerfile", "1"),
        ("low", "docker-root", "Dockerfile", "1"),
        ("medium", "chmod-777", "Dockerfile", "2"),
        ("high", "workflow-untrusted", ".github/workflows/pr.yml", "7"),
        ("medium", "large-file", "big.bin", ""),
        ("medium", "vendored", "node_modules", ""),
        ("low", "broken-link", "docs/guide.md", "3"),
        ("medium", "case-collision", "case.txt", ""),
        ("medium", "broken-symlink", "dangling", ""),
        ("low", "symlink-outside", "outside", ""),
        ("medium", "no-readme", "", ""),
        ("low", "no-licence", "", ""),
    ] {
        review.assert_found(severity, rule, path, line);
    }
    let findings = review.findings();
    let of_rule = |rule: &str| -> Vec<&Finding> { findings.iter().filter(|f| f.rule == rule).collect() };
    // The line depends on the shell that is installed as sh; the file does not.
    let broken = of_rule("shell-syntax");
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert_eq!((broken[0].severity.as_str(), broken[0].path.as_str()), ("high", "broken.sh"));
    assert_eq!(of_rule("broken-link").len(), 1, "the link to src/app.py is fine");
    assert_eq!(of_rule("debug-leftover").len(), 2, "third-party code is not judged");
    let lowered = findings.iter().find(|f| f.path == "tests/fixtures/token.txt").expect("it was found above");
    assert!(lowered.message.contains("lowered from critical"), "{lowered:?}");

    let text = review.all_text();
    for secret in [aws_key(), github_token(), password()] {
        assert!(!text.contains(&secret[..6]), "more than four characters of a secret are shown");
        assert!(text.contains(&format!("{}***", &secret[..4])), "a secret is shown by its first four characters");
    }
    assert!(!text.contains("MIIE"), "nothing of a private key is shown");
    assert!(!text.contains("root:x:"), "a link out of the repository is not followed");

    let ordered: Vec<_> = findings
        .iter()
        .map(|f| (rank(&f.severity), f.area.clone(), f.path.clone(), f.line.parse().unwrap_or(0)))
        .collect();
    assert!(ordered.is_sorted(), "severity, area, path and line order the findings");
    let summary = review.joined.text("SUMMARY.md");
    let positions: Vec<_> = [
        "**Act today: 3 critical findings",
        "## Findings by area",
        "## Fix first",
        "`config/settings.yml:2`",
        "## Critical (3)",
        "## High (",
        "## Medium (",
        "## Low (",
        "## What was examined",
    ]
    .map(|part| summary.find(part).unwrap_or_else(|| panic!("{part} is in the summary:\n{summary}")))
    .to_vec();
    assert!(positions.is_sorted(), "the summary keeps its order: {positions:?}");
    assert!(review.joined.summary().contains("3 critical"), "{}", review.joined.summary());
}

#[test]
fn a_clean_repository_has_nothing_worth_planning() {
    let repository = Repository::new();
    clean_files(&repository);
    repository.commit();
    let review = Review::of(&repository.path);
    assert_eq!(review.findings(), [], "{}", review.all_text());
    let summary = review.joined.text("SUMMARY.md");
    assert!(summary.contains("**Clean: no findings.**"), "{summary}");
    assert!(summary.contains("Looked for and not found"), "what was checked is said: {summary}");
    let report = review.by_area["security"].text("REPORT.md");
    assert!(report.contains("**Nothing found.**") && report.contains("- Private key in the repository"), "{report}");
    assert_eq!(review.joined.summary(), "no findings");
}

#[test]
fn odd_names_neither_break_rows_nor_hide_findings() {
    let repository = Repository::named("a \"quoted\" 'repo' \u{e4}");
    let fault = "breakpoint()\n";
    let names: [(&[u8], &str); 8] = [
        (b"with space.py", "with space.py"),
        (b"quo\"te'.py", "\"quo\\\"te'.py\""),
        (b"new\nline.py", "\"new\\nline.py\""),
        (b"ta\tb.py", "\"ta\\tb.py\""),
        (b"-n.py", "-n.py"),
        (b"bytes\xff\xfe.py", "\"bytes\\377\\376.py\""),
        (b"colon:12:x.py", "colon:12:x.py"),
        (b"d\xc3\xafr\n/`tick`%s.py", "\"d\\303\\257r\\n/`tick`%s.py\""),
    ];
    for (name, _) in names {
        repository.write(OsStr::from_bytes(name), fault);
    }
    repository.write("latin.py", b"x = 1\n# TODO: caf\xe9 \x1b[31m and \xc3\xa9\n");
    repository.write("open \"x\"/w\n/f.txt", "x\n");
    repository.write("extended.sh", "#!/bin/bash\nshopt -s extglob\ncase $1 in +(a|b)) ;; esac\n");
    repository.write("-e broken.sh", "#!/bin/sh\nif\n");
    repository.write(OsStr::from_bytes(b"new\nline\"\\.sh"), "#!/bin/sh\necho fine\n)\n");
    repository.write("nul.py", b"breakpoint()\n\0\n");
    repository.write("gone.py", fault);
    repository.commit();
    fs::remove_file(repository.path.join("gone.py")).expect("the file was written above");
    for name in ["latin.py", "-n.py"] {
        fs::set_permissions(repository.path.join(name), fs::Permissions::from_mode(0o666))
            .expect("the file was written above");
    }

    let review = Review::of(&repository.path);
    for (_, shown) in names {
        review.assert_found("medium", "debug-leftover", shown, "1");
    }
    review.assert_found("low", "todo", "latin.py", "2");
    review.assert_found("low", "loose-mode", "latin.py", "");
    review.assert_found("low", "loose-mode", "-n.py", "");
    let syntax: Vec<_> = review.findings().into_iter().filter(|f| f.rule == "shell-syntax").map(|f| f.path).collect();
    assert_eq!(syntax, ["\"new\\nline\\\"\\\\.sh\"", "-e broken.sh"]);
    let findings = review.findings();
    assert!(findings.iter().all(|f| f.path != "gone.py"), "a file that is missing from the checkout is not read");
    assert!(
        review.by_area["functional"].text("REPORT.md").contains("missing from the checkout and were not read: 1"),
        "that a file was not read is said"
    );
    let todo = findings.iter().find(|f| f.rule == "todo").expect("it was found above");
    assert!(todo.message.contains("caf? [31m and \u{e9}"), "{}", todo.message);
}

#[test]
fn a_repository_without_commits_has_nothing_to_review() {
    let repository = Repository::new();
    repository.write("staged.py", "breakpoint()\n");
    repository.git(&["add", "staged.py"]);
    let review = Review::of(&repository.path);
    for reviewed in review.by_area.values() {
        assert!(reviewed.text("REPORT.md").contains("no commits yet"), "{}", reviewed.text("REPORT.md"));
        assert!(reviewed.summary().contains("nothing to review"), "{}", reviewed.outcome);
        assert_eq!(reviewed.findings(), []);
    }
    assert_eq!(review.joined.summary(), "no findings");
}

#[test]
fn a_directory_that_is_no_repository_is_refused() {
    let plain = tempfile::tempdir().expect("a directory");
    fs::write(plain.path().join("a.py"), "breakpoint()\n").expect("a file");
    let half = tempfile::tempdir().expect("a directory");
    fs::create_dir(half.path().join(".git")).expect("an empty .git");
    let missing = plain.path().join("missing");
    for directory in [plain.path(), half.path(), &missing] {
        let base = tempfile::tempdir().expect("a directory for the workspaces");
        for area in AREAS {
            let refused = run(area, directory, base.path());
            assert!(!refused.status_ok, "{area} says by its status that it gave up");
            assert_eq!(refused.outcome["failed"]["class"], "permanent", "{}", refused.outcome);
            let message = refused.outcome["failed"]["message"].as_str().expect("a failure has a message");
            assert!(message.contains("to review is not a"), "the message says what is wrong: {message}");
        }
    }
}

#[test]
fn a_bare_repository_is_reviewed_as_committed() {
    let repository = Repository::new();
    repository.write("src/app.py", "a = 1\nbreakpoint()\n");
    repository.write(OsStr::from_bytes(b"new\nline.py"), "breakpoint()\n");
    repository.write("broken.sh", "#!/bin/sh\nif\n");
    repository.commit();
    let bare = repository._home.path().join("bare.git");
    let target = bare.to_str().expect("a temporary path is UTF-8");
    repository.git(&["clone", "-q", "--bare", ".", target]);
    let before = snapshot(&bare);
    let review = Review::of(&bare);
    review.assert_found("medium", "debug-leftover", "src/app.py", "2");
    review.assert_found("medium", "debug-leftover", "\"new\\nline.py\"", "1");
    assert!(review.findings().iter().any(|f| f.rule == "shell-syntax" && f.path == "broken.sh"));
    assert_eq!(before, snapshot(&bare), "the bare repository is unchanged");
}

#[test]
fn what_is_missing_from_the_checkout_is_neither_read_nor_called_absent() {
    let repository = Repository::new();
    clean_files(&repository);
    repository.write("src/more.py", "\"\"\"More.\"\"\"\nx = 1\n".repeat(40));
    repository.commit();
    fs::remove_dir_all(repository.path.join("tests")).expect("it was written above");
    fs::remove_file(repository.path.join("README.md")).expect("it was written above");
    let review = Review::of(&repository.path);
    assert_eq!(review.findings(), [], "{}", review.all_text());
    let evidence = &review.by_area["tests"].outcome["done"]["evidence"][0];
    assert_eq!(evidence, "9 tracked files read");
}

#[test]
fn the_repository_is_left_exactly_as_it_was() {
    let repository = Repository::new();
    clean_files(&repository);
    repository.write("src/app.py", "breakpoint()\n");
    repository.commit();
    // Everything that makes git want to refresh its index: touched, changed, deleted and new files.
    repository.write("src/counter.py", "x = 1\n");
    repository.write("src/app.py", "breakpoint()\n");
    repository.write("untracked.py", "breakpoint()\n");
    fs::remove_file(repository.path.join("LICENSE")).expect("the file was written above");
    let before = snapshot(&repository.path);
    let review = Review::of(&repository.path);
    review.assert_found("medium", "debug-leftover", "src/app.py", "1");
    let after = snapshot(&repository.path);
    assert_eq!(before, after);
    assert!(review.findings().iter().all(|f| f.path != "untracked.py"), "only tracked files are reviewed");
}

#[test]
fn a_hostile_configuration_executes_nothing() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().expect("a directory outside the repository");
    let marker = outside.path().join("executed");
    let trap = outside.path().join("trap.sh");
    fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >>'{}'\ncat\n", marker.display()))
        .expect("the trap can be written");
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).expect("the trap can be armed");
    fs::write(outside.path().join("secret.py"), "breakpoint()  # outside\n").expect("a file");

    repository.write("app.py", "breakpoint()\n");
    repository.write("secret.py", "x = 1\n");
    repository.write("sub/secret.py", "x = 1\n");
    repository.write("run.sh", "#!/bin/sh\necho \"$(touch \"$MARKER\")\"\n");
    repository.write("data.txt", "some text that will be missing\n");
    repository.commit();
    repository.write(".gitattributes", "* filter=evil diff=evil -text binary\n");
    repository.commit();

    let trap = trap.to_str().expect("a temporary path is UTF-8");
    let git_dir = repository.path.join(".git");
    for (key, value) in [
        ("core.pager", trap),
        ("core.sshCommand", trap),
        ("core.askPass", trap),
        ("core.editor", trap),
        ("core.alternateRefsCommand", trap),
        ("credential.helper", trap),
        ("gpg.program", trap),
        ("log.showSignature", "true"),
        ("diff.external", trap),
        ("diff.evil.command", trap),
        ("diff.evil.textconv", trap),
        ("filter.evil.clean", trap),
        ("filter.evil.smudge", trap),
        ("filter.evil.required", "true"),
        ("grep.column", "true"),
        ("grep.patternType", "perl"),
        ("color.ui", "always"),
        ("color.grep", "always"),
        ("core.quotePath", "false"),
        ("submodule.recurse", "true"),
        ("uploadpack.packObjectsHook", trap),
        ("protocol.allow", "always"),
        ("remote.origin.url", &format!("ext::{trap}")),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("core.hooksPath", &format!("{}/hooks", git_dir.display())),
    ] {
        repository.git(&["config", key, value]);
    }
    for hook in ["post-index-change", "pre-auto-gc", "post-checkout"] {
        let file = git_dir.join("hooks").join(hook);
        fs::create_dir_all(git_dir.join("hooks")).expect("the folder of the hooks");
        fs::copy(trap, &file).expect("the hook can be written");
    }
    fs::create_dir_all(git_dir.join("info")).expect("the folder of the attributes");
    fs::write(git_dir.join("info/attributes"), "*.py filter=evil\n*.txt filter=evil diff=evil\n").expect("attributes");
    // The content of one file is missing, so git would like to fetch it with the command above.
    let blob = repository.git(&["rev-parse", "HEAD:data.txt"]).stdout;
    let blob = String::from_utf8(blob).expect("an object name is ASCII");
    let (folder, rest) = blob.trim().split_at(2);
    fs::remove_file(git_dir.join("objects").join(folder).join(rest)).expect("the object is loose");
    // A tracked directory now leads out of the repository, and the work tree is said to be elsewhere.
    fs::remove_dir_all(repository.path.join("sub")).expect("it was written above");
    symlink(outside.path(), repository.path.join("sub")).expect("a link can be made");
    repository.git(&["config", "core.fsmonitor", trap]);
    repository.git(&["config", "core.worktree", outside.path().to_str().expect("a temporary path is UTF-8")]);
    repository.write("app.py", "breakpoint()\n");
    let _ = fs::remove_file(&marker);

    let before = snapshot(&repository.path);
    let review = Review::of(&repository.path);
    assert!(!marker.exists(), "something was executed: {}", fs::read_to_string(&marker).unwrap_or_default());
    assert_eq!(before, snapshot(&repository.path));
    // Attributes that call a file binary do not hide it either, or (git before 2.41) it is said.
    let report = review.by_area["functional"].text("REPORT.md");
    if !report.contains("binary; they were not searched") {
        review.assert_found("medium", "debug-leftover", "app.py", "1");
    }
    assert!(review.findings().iter().all(|f| !f.path.contains("secret.py")), "nothing outside the repository was read");
    // The trap is armed: git without protection falls into it.
    let _ = Command::new("git")
        .args(["status"])
        .current_dir(&repository.path)
        .env_clear()
        .env("PATH", path_variable())
        .env("HOME", outside.path())
        .stdin(Stdio::null())
        .output()
        .expect("git starts");
    assert!(marker.exists(), "the trap would have been noticed");
}

#[test]
fn many_findings_of_a_rule_are_cut_and_counted() {
    let repository = Repository::new();
    repository.write("many.py", "# TODO: again\n".repeat(450));
    repository.write("long.js", format!("debugger;\n// TODO: {}\n", "x".repeat(100_000)));
    repository.commit();
    let base = tempfile::tempdir().expect("a directory for the workspace");
    let reviewed = run("functional", &repository.path, base.path());
    let findings = reviewed.findings();
    assert_eq!(findings.iter().filter(|f| f.rule == "todo").count(), 200);
    let cut = findings.iter().find(|f| f.rule == "left-out").expect("what was left out is said");
    assert!(cut.message.starts_with("251 more"), "{cut:?}");
    assert!(findings.iter().all(|f| f.message.len() < 300));
}

#[test]
fn the_summary_names_what_is_missing_and_what_it_cannot_read() {
    let base = tempfile::tempdir().expect("a directory for the workspaces");
    let security = base.path().join("security");
    fs::create_dir(&security).expect("the deliverables of a reviewer");
    fs::write(
        security.join("findings.tsv"),
        b"low\tsecurity\tdocker-root\tDockerfile\t1\tContainer runs as root\n\
          critical\tsecurity\tprivate-key\tkey.txt\t4\tPrivate key | <b>bold</b>\n\
          severe\tsecurity\tx\ta\t1\tunknown severity\n\
          high\tsecurity\tx\tonly four\n\
          high\tsecurity\tx\ta\tone\tno number\n\
          high\tsecurity\tx\t\xff\t1\tpath is not UTF-8\n",
    )
    .expect("findings");
    let repository = base.path().join("irrelevant");
    let joined = run("summary", &repository, base.path());
    assert!(joined.status_ok);
    let summary = joined.text("SUMMARY.md");
    assert!(summary.contains("Not reviewed: functional, performance, tests and documentation"), "{summary}");
    assert!(summary.contains("4 rows of findings.tsv could not be read"), "{summary}");
    assert!(!summary.contains("<b>"), "text does not turn into markup: {summary}");
    let places: Vec<_> = joined.findings().into_iter().map(|f| f.path).collect();
    assert_eq!(places, ["key.txt", "Dockerfile"]);
    assert_eq!(
        joined.summary(),
        "2 findings: 1 critical, 1 low; not reviewed: functional, performance, tests and documentation; 4 malformed rows left out"
    );
}

#[test]
fn a_summary_of_nothing_says_that_nothing_was_reviewed() {
    let base = tempfile::tempdir().expect("a directory for the workspaces");
    let joined = run("summary", base.path(), base.path());
    let summary = joined.text("SUMMARY.md");
    assert!(summary.contains("**Nothing was reviewed**"), "{summary}");
    assert!(joined.summary().contains("not reviewed: functional"), "{}", joined.summary());
}
