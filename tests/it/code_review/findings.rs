//! What is found, and what is not.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{Finding, Repository, Review, clean_files, rank, run};

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
