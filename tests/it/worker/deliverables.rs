//! Deliverables are checked as they are.

use echelon::domain::work::{Check, Deliverable};
use echelon::worker::deliverable::{Limits, check};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

use super::{Bench, PATIENCE, carrying};

#[tokio::test]
async fn deliverables_are_checked_as_they_are() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let place = |path: &str| folder.path().join(path);
    let outside = TempDir::new().expect("a temporary folder can be made");
    fs::write(outside.path().join("secret"), "secret").expect("a file can be written");
    fs::create_dir(place("folder")).expect("a folder can be made");
    for (path, text) in [
        ("text", "hello world\n"),
        ("good.json", r#"{"n":1}"#),
        ("bad.json", "{"),
        ("good.toml", "a = 1\n"),
        ("-dash", "x"),
    ] {
        fs::write(place(path), text).expect("a file can be written");
    }
    fs::write(place("binary"), b"\xff\x00needle").expect("a file can be written");
    fs::File::create(place("sparse")).and_then(|file| file.set_len(65 << 20)).expect("a file can be stretched");
    symlink("text", place("inner")).expect("a link can be made");
    symlink(outside.path().join("secret"), place("outer")).expect("a link can be made");
    symlink(outside.path(), place("away")).expect("a link can be made");
    assert!(Command::new("mkfifo").arg(place("pipe")).status().expect("mkfifo runs").success());

    let schema = |least: u32| Check::JsonSchema(format!(r#"{{"properties":{{"n":{{"minimum":{least}}}}}}}"#));
    let command = |script: &str| Check::Command(["sh", "-c", script, "check"].map(str::to_owned).to_vec());
    let table: Vec<(&str, Option<Check>, bool, &str)> = vec![
        ("text", None, true, "12 bytes"),
        ("inner", None, true, "12 bytes"),
        ("gone", None, false, "file is missing"),
        ("text/below", None, false, "file is missing"),
        ("folder", None, false, "is not a regular file"),
        ("pipe", None, false, "is not a regular file"),
        ("outer", None, false, "leads out of the workspace"),
        ("away/secret", None, false, "leads out of the workspace"),
        ("../x", None, false, "is not a path inside the workspace"),
        ("/etc/passwd", None, false, "is not a path inside the workspace"),
        ("text", Some(Check::MinBytes(12)), true, "12 bytes"),
        ("text", Some(Check::MinBytes(13)), false, "12 bytes"),
        ("text", Some(Check::Contains("o w".into())), true, ""),
        ("text", Some(Check::Contains("o.w".into())), false, "text is not there"),
        ("binary", Some(Check::Contains("needle".into())), true, ""),
        ("text", Some(Check::Matches("^h.*d$".into())), false, "nothing matches"),
        ("text", Some(Check::Matches("(?m)^h.*d$".into())), true, ""),
        ("text", Some(Check::Matches("(".into())), false, "not a regular expression"),
        ("good.json", Some(Check::Json), true, ""),
        ("bad.json", Some(Check::Json), false, "EOF while parsing an object"),
        ("binary", Some(Check::Json), false, "is not UTF-8 (byte 0)"),
        ("good.toml", Some(Check::Toml), true, ""),
        ("bad.json", Some(Check::Toml), false, ""),
        ("good.json", Some(schema(1)), true, ""),
        ("good.json", Some(schema(2)), false, "at `/n`: 1 is less than the minimum of 2"),
        ("good.json", Some(Check::JsonSchema("{".into())), false, "the schema is not JSON"),
        ("good.json", Some(Check::JsonSchema(r#"{"type":5}"#.into())), false, "not a schema"),
        ("good.json", Some(Check::JsonSchema(r#"{"$ref":"http://localhost/x"}"#.into())), false, "not a schema"),
        ("sparse", None, true, "68157440 bytes"),
        ("sparse", Some(Check::MinBytes(1)), true, "68157440 bytes"),
        ("sparse", Some(Check::Contains("x".into())), false, "too large to read (68157440 bytes)"),
        ("text", Some(command(r#"echo "saw $1""#)), true, "saw text"),
        ("-dash", Some(command(r#"cat "$1" >/dev/null; echo "saw $1""#)), true, "saw ./-dash"),
        ("text", Some(command("echo no >&2; exit 3")), false, "exited with 3 no"),
        ("text", Some(command("kill -9 $$")), false, "was killed by signal 9"),
        ("text", Some(command("setsid sleep 300 & echo ok")), true, "ok"),
        ("text", Some(Check::Command(vec!["no-such-program".into()])), false, "`no-such-program` cannot be started"),
        ("text", Some(Check::Command(Vec::new())), false, "the check names no program"),
        (
            "text",
            Some(command("env | cut -d= -f1 | sort | tr '\\n' ' '")),
            true,
            "ECHELON_LEDGER ECHELON_TOKEN HOME LANG LC_ALL PATH PWD",
        ),
    ];
    let marker = Bench::new().marker();
    let limits = Limits { command_timeout: PATIENCE, ledger_marker: Some(marker.clone()), ..Limits::default() };
    for (path, one, passed, detail) in table {
        let deliverable = Deliverable { path: path.to_owned(), checks: one.iter().cloned().collect() };
        let results = check(folder.path(), std::slice::from_ref(&deliverable), &limits).await;
        let name = format!("{path} {one:?}: {results:?}");
        assert_eq!(results.len(), 1 + deliverable.checks.len(), "{name}");
        assert_eq!(results[0].check, "exists", "{name}");
        let last = results.last().expect("at least one result");
        assert!(last.passed == passed && last.detail.starts_with(detail), "{name}");
    }
    let slow = Deliverable { path: "text".to_owned(), checks: vec![command("sleep 300")] };
    let results =
        check(folder.path(), &[slow], &Limits { command_timeout: Duration::from_millis(50), ..limits.clone() }).await;
    assert_eq!(results[1].detail, "ran longer than 50ms");
    assert_eq!(carrying(&format!("ECHELON_LEDGER={marker}")), Vec::<u32>::new());

    let checks = vec![Check::Json, command("true"), Check::MinBytes(99)];
    let deliverable = Deliverable { path: "good.json".to_owned(), checks };
    let results = check(folder.path(), &[deliverable], &limits).await;
    let passed: Vec<bool> = results.iter().map(|result| result.passed).collect();
    assert_eq!(passed, [true, true, true, false], "a command between others does not move their results");
    let gone = Deliverable { path: "gone".to_owned(), checks: vec![Check::Json, command("true")] };
    assert_eq!(check(folder.path(), &[gone], &limits).await.len(), 1, "what is missing is not checked further");
}
