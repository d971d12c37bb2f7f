//! What the end of a program means, and how what it says is read.

use echelon::worker::deliverable::{Limits, check};
use echelon::worker::job::{Job, JobKind};
use echelon::worker::outcome::{CUT_MARK, LIST_LIMIT, SIZE_LIMIT, TEXT_LIMIT, parse};
use echelon::worker::{Outcome, RunContext};
use std::fs;
use std::path::PathBuf;

use super::{Bench, PATIENCE, told};

#[tokio::test]
async fn the_end_of_a_program_means_what_the_contract_says() {
    const SAYS_DONE: &str = r#"echo '{"done":{"summary":"wrote it","artefacts":["./report.md"]}}' >"$ECHELON_OUTCOME""#;
    let table: &[(&str, JobKind, &str, &str)] = &[
        ("an outcome", JobKind::Work, SAYS_DONE, r#"done: wrote it ["report.md"]"#),
        (
            "an outcome and a bad exit",
            JobKind::Work,
            &format!("{SAYS_DONE}; exit 3"),
            "transient: exited with 3 after saying done",
        ),
        (
            "an outcome and a signal",
            JobKind::Work,
            &format!("{SAYS_DONE}; kill -9 $$"),
            "transient: was killed by signal 9 after saying done",
        ),
        ("exit 0, nothing there", JobKind::Work, "echo one; echo two; echo", "done: two []"),
        (
            "exit 0, the deliverable there",
            JobKind::Work,
            "echo text >report.md",
            r#"done: exited with 0 and said nothing ["report.md"]"#,
        ),
        (
            "exit 0 from a reviewer",
            JobKind::Review,
            "echo fine",
            "transient: exited with 0 without an outcome: a review says approve or changes",
        ),
        (
            "a review",
            JobKind::Review,
            r#"echo '{"approve":{"summary":"good"}}' >"$ECHELON_OUTCOME""#,
            r#"approve: Approve { summary: "good" }"#,
        ),
        ("done by a reviewer", JobKind::Review, SAYS_DONE, "transient: `done` does not answer a review job"),
        (
            "a failure it knows, with a bad exit",
            JobKind::Work,
            r#"echo '{"failed":{"class":"quota","message":"enough","retry_after_seconds":9}}' >"$ECHELON_OUTCOME"; exit 1"#,
            "said it failed: Quota: enough",
        ),
        ("exit 75", JobKind::Work, "echo later >&2; exit 75", "transient: asked to be tried again (exit 75): later"),
        (
            "exit 3",
            JobKind::Work,
            "for n in 1 2 3 4; do echo $n >&2; done; exit 3",
            "transient: exited with 3: 2 / 3 / 4",
        ),
        ("a signal", JobKind::Work, "kill -9 $$", "transient: was killed by signal 9"),
        ("exit 127", JobKind::Work, "exit 127", "permanent: `sh` exited with 127, a command that is not there"),
        ("exit 126", JobKind::Work, "exit 126", "permanent: `sh` exited with 126, a command that may not be executed"),
        (
            "garbage",
            JobKind::Work,
            r#"echo '{"done"' >"$ECHELON_OUTCOME""#,
            "transient: the outcome is not what was agreed: EOF while parsing",
        ),
        (
            "an empty outcome",
            JobKind::Work,
            r#": >"$ECHELON_OUTCOME""#,
            "transient: the outcome is not what was agreed: EOF while parsing",
        ),
        (
            "2 MiB",
            JobKind::Work,
            r#"head -c 2097152 /dev/zero >"$ECHELON_OUTCOME""#,
            "transient: the outcome is larger than 1024 KiB",
        ),
        (
            "not UTF-8",
            JobKind::Work,
            r#"printf '{"\377' >"$ECHELON_OUTCOME""#,
            "transient: the outcome is not UTF-8 (byte 2)",
        ),
        (
            "deep",
            JobKind::Work,
            r#"(printf '{"done":'; head -c 100000 /dev/zero | tr '\0' '[') >"$ECHELON_OUTCOME""#,
            "transient: the outcome is not what was agreed: ",
        ),
        ("a pipe", JobKind::Work, r#"mkfifo "$ECHELON_OUTCOME""#, "transient: the outcome file is not a regular file"),
        ("a folder", JobKind::Work, r#"mkdir "$ECHELON_OUTCOME""#, "transient: the outcome file is not a regular file"),
        (
            "a link",
            JobKind::Work,
            r#"echo '{"done":{"summary":"x"}}' >real; ln -s "$PWD/real" "$ECHELON_OUTCOME""#,
            "transient: the outcome file is not a regular file",
        ),
        ("a pipe in place of the log", JobKind::Work, r#"mkfifo "$(dirname "$ECHELON_JOB")/worker.log""#, "done: "),
    ];
    for (name, kind, script, expected) in table {
        let bench = Bench::new();
        let job = if *kind == JobKind::Work { bench.job() } else { bench.review() };
        let report = bench.run(&job, script).await;
        assert!(told(&report).starts_with(expected), "{name}: {}", told(&report));
        assert!(!report.simulated, "{name}");
        let log = report.log.file.expect("a log is kept");
        assert!(log.is_file(), "{name}");
        assert!(!log.with_file_name("pid").exists(), "{name}");
        assert!(bench.running().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_lie_about_a_deliverable_is_found_by_the_check() {
    let bench = Bench::new();
    let job = bench.job();
    let says = r#"echo '{"done":{"summary":"wrote it","artefacts":["report.md"]}}' >"$ECHELON_OUTCOME""#;
    assert_eq!(told(&bench.run(&job, says).await), r#"done: wrote it ["report.md"]"#);
    let results = check(&job.workspace, &job.deliverables, &Limits::default()).await;
    let [result] = results.as_slice() else { panic!("one result for a file that is missing: {results:?}") };
    assert!(!result.passed);
    assert_eq!((result.check.as_str(), result.detail.as_str()), ("exists", "file is missing"));
}

#[tokio::test]
async fn what_cannot_be_started_is_a_permanent_failure_that_names_the_program() {
    let bench = Bench::new();
    let plain = bench.data.path().join("plain");
    fs::write(&plain, "text").expect("a file can be written");
    let plain = plain.to_str().expect("a UTF-8 path");
    let table = [
        ("no-such-program", "permanent: `no-such-program` is not there: name a program on PATH".to_owned()),
        (plain, format!("permanent: `{plain}` may not be executed")),
        ("", "permanent: `` is not there".to_owned()),
    ];
    for (program, expected) in table {
        let report = bench.worker(&[program], PATIENCE).run(&bench.job(), RunContext::detached()).await;
        assert!(told(&report).starts_with(&expected), "{}", told(&report));
    }
    let report = bench.worker(&[], PATIENCE).run(&bench.job(), RunContext::detached()).await;
    assert_eq!(told(&report), "permanent: worker `program` has no command; give it one in the chart");
    let nowhere = Job { workspace: PathBuf::from("elsewhere"), ..bench.job() };
    assert_eq!(told(&bench.run(&nowhere, "true").await), "permanent: elsewhere is not a workspace of this daemon");
}

#[test]
fn an_outcome_is_read_strictly() {
    let long = "é".repeat(TEXT_LIMIT);
    let many = vec![r#""x""#; LIST_LIMIT + 5].join(",");
    let table: &[(JobKind, &str, Result<&str, &str>)] = &[
        (JobKind::Work, r#"{"done":{"summary":"s","usage":{"tokens":5}}}"#, Ok("done")),
        (JobKind::Work, r#"{"blocked":{"kind":"access","description":"d","needs":"a key"}}"#, Ok("blocked")),
        (
            JobKind::Work,
            r#"{"blocked":{"kind":"access","description":"","needs":"a key"}}"#,
            Err("`blocked` without a description"),
        ),
        (
            JobKind::Work,
            r#"{"blocked":{"kind":"access","description":"d","needs":" "}}"#,
            Err("`blocked` without what it needs"),
        ),
        (JobKind::Work, r#"{"question":{"text":"which?"}}"#, Ok("question")),
        (JobKind::Review, r#"{"question":{"to":"ada","text":""}}"#, Err("`question` without a text")),
        (JobKind::Review, r#"{"changes":{"findings":[{"text":"t","location":"a:1"}]}}"#, Ok("changes")),
        (JobKind::Review, r#"{"changes":{"findings":[]}}"#, Err("`changes` without findings")),
        (JobKind::Work, r#"{"approve":{"summary":"s"}}"#, Err("`approve` does not answer a work job")),
        (JobKind::Work, r#"{"changes":{"findings":[]}}"#, Err("`changes` does not answer a work job")),
        (JobKind::Work, r#"{"failed":{"class":"lost","message":"m"}}"#, Err("unknown variant `lost`")),
        (JobKind::Work, r#"{"done":{"summary":"s","extra":1}}"#, Err("unknown field `extra`")),
        (JobKind::Work, r#"{"done":{"summary":"s","usage":{"cost":1}}}"#, Err("unknown field `cost`")),
        (JobKind::Work, r#"{"done":{"summary":"s"},"failed":{"class":"quota","message":"m"}}"#, Err("agreed")),
        (JobKind::Work, r#"{"done":{"summary":"s"}} {}"#, Err("trailing characters")),
        (JobKind::Work, r#"{"done":{}}"#, Err("missing field `summary`")),
        (JobKind::Work, r#"{"finished":{}}"#, Err("unknown variant `finished`")),
        (JobKind::Work, r#""done""#, Err("agreed")),
        (JobKind::Work, r#"{"done":{"summary":"s","artefacts":["/etc/passwd"]}}"#, Err("inside the workspace")),
        (JobKind::Work, r#"{"done":{"summary":"s","artefacts":["a/../../b"]}}"#, Err("inside the workspace")),
        (JobKind::Work, r#"{"done":{"summary":"s","artefacts":["a\u0000b"]}}"#, Err("inside the workspace")),
        (JobKind::Work, r#"{"done":{"summary":"s","artefacts":[""]}}"#, Err("inside the workspace")),
    ];
    for (kind, text, expected) in table {
        match (parse(text.as_bytes(), *kind), expected) {
            (Ok(outcome), Ok(name)) => assert_eq!(outcome.name(), *name, "{text}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (read, _) => panic!("{text}: {read:?}"),
        }
    }
    let text = format!(r#"{{"done":{{"summary":"a\u001b[31m\r\n{long}","evidence":[{many}]}}}}"#);
    let Ok(Outcome::Done { summary, evidence, .. }) = parse(text.as_bytes(), JobKind::Work) else {
        panic!("long is not wrong")
    };
    assert!(summary.starts_with("a?[31m\né") && summary.ends_with(CUT_MARK) && summary.len() <= TEXT_LIMIT);
    assert_eq!(evidence.len(), LIST_LIMIT);
    assert!(parse(&vec![b' '; SIZE_LIMIT + 1], JobKind::Work).is_err());
}
