//! What a program finds, and what is left of it for the next one.

use echelon::domain::id::Epoch;
use echelon::worker::RunContext;
use echelon::worker::job::{Input, Job};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

use super::{Bench, PATIENCE, step, told};

#[tokio::test]
async fn a_program_finds_its_job_and_a_clean_environment() {
    let bench = Bench::new();
    let job = Job { repository: Some("/repository".into()), ..bench.job() };
    let report = bench.worker(&["env"], PATIENCE).run(&job, RunContext::detached()).await;
    let found: BTreeMap<&str, &str> = report.log.stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let folder = job.workspace.parent().expect("a workspace is in a folder").to_str().expect("a UTF-8 path").to_owned();
    let control = format!("{folder}/control/1");
    let expected = [
        ("PATH", std::env::var("PATH").expect("tests have a PATH")),
        ("LANG", "C.UTF-8".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("HOME", format!("{control}/home")),
        ("TMPDIR", format!("{control}/tmp")),
        ("COLOUR", "blue".to_owned()),
        ("ECHELON_JOB", format!("{control}/job.json")),
        ("ECHELON_OUTCOME", format!("{control}/outcome.json")),
        ("ECHELON_WORKSPACE", format!("{folder}/workspace")),
        ("ECHELON_INPUTS", format!("{folder}/inputs")),
        ("ECHELON_REPOSITORY", "/repository".to_owned()),
        ("ECHELON_TASK", bench.task().to_string()),
        ("ECHELON_STEP", "report".to_owned()),
        ("ECHELON_EPOCH", "1".to_owned()),
        ("ECHELON_JOB_KIND", "work".to_owned()),
        ("ECHELON_TOKEN", "[token]".to_owned()),
        ("ECHELON_LEDGER", bench.marker()),
    ];
    assert_eq!(found, expected.iter().map(|(name, value)| (*name, value.as_str())).collect());

    let script =
        r#"cat >stdin.json; cmp stdin.json "$ECHELON_JOB" && pwd -P && stat -c %a "$HOME" "$TMPDIR" .; echo "$0""#;
    let worker = bench.worker(&["sh", "-c", script, "{org_dir}/{step}.sh"], PATIENCE);
    let report = worker.run(&job, RunContext::detached()).await;
    let work = fs::canonicalize(&job.workspace).expect("the workspace is there");
    let said: Vec<&str> = report.log.stdout.lines().collect();
    assert_eq!(said, [work.to_str().expect("a UTF-8 path"), "700", "700", "700", "/chart/report.sh"]);
    let read = fs::read(job.workspace.join("stdin.json")).expect("the program copied its job");
    assert_eq!(serde_json::from_slice::<Job>(&read).expect("the job is read back"), job);
    assert!(!format!("{job:?}").contains(job.token.reveal()), "the token is hidden");
}

#[tokio::test]
async fn a_program_that_never_reads_a_large_job_is_not_in_the_way() {
    let bench = Bench::new();
    let mut job = bench.job();
    job.instruction.text = "x".repeat(4 * 1024 * 1024);
    assert_eq!(told(&bench.run(&job, "echo fine").await), "done: fine []");
    let closes = bench.run(&job, "exec <&-; i=0; while [ $i -lt 5 ]; do i=$((i+1)); sleep 0.01; done; echo fine").await;
    assert_eq!(told(&closes), "done: fine []");
}

#[tokio::test]
async fn the_working_folder_stays_between_attempts_and_the_inputs_are_copied_afresh() {
    let bench = Bench::new();
    let before = TempDir::new().expect("a temporary folder can be made");
    let place = |path: &str| before.path().join(path);
    fs::create_dir(place("deep")).expect("a folder can be made");
    fs::write(place("plan.md"), "the plan").expect("a file can be written");
    fs::write(place("deep/tool.sh"), "#!/bin/sh\n").expect("a file can be written");
    fs::set_permissions(place("deep/tool.sh"), fs::Permissions::from_mode(0o755)).expect("permissions can be set");
    symlink("/etc/passwd", place("link")).expect("a link can be made");
    symlink("/etc", place("etc")).expect("a link can be made");
    let artefacts = ["plan.md", "deep/tool.sh", "./plan.md", "link", "etc/passwd", "../plan.md", "gone", "deep"];
    let artefacts = artefacts.map(str::to_owned).to_vec();
    let job =
        Job { inputs: vec![Input { step: step("plan"), folder: before.path().to_owned(), artefacts }], ..bench.job() };
    let script = r#"
        cd "$ECHELON_INPUTS" && find . -not -type d | sort && "$PWD/plan/deep/tool.sh" && cat plan/plan.md && echo
        echo changed >plan/plan.md && echo new >plan/new && cat "$ECHELON_WORKSPACE/kept" 2>/dev/null
        echo kept >"$ECHELON_WORKSPACE/kept""#;
    let first = bench.run(&job, script).await;
    assert_eq!(first.log.stdout, "./plan/deep/tool.sh\n./plan/plan.md\nthe plan\n", "{first:?}");
    let second = bench.run(&Job { epoch: Epoch(2), ..job.clone() }, script).await;
    assert_eq!(second.log.stdout, "./plan/deep/tool.sh\n./plan/plan.md\nthe plan\nkept\n");
    assert_eq!(fs::read_to_string(place("plan.md")).expect("the source is there"), "the plan");

    let control = bench.workspace().control(Epoch(2));
    let read: Job = serde_json::from_slice(&fs::read(control.join("job.json")).expect("a job file")).expect("a job");
    assert_eq!(read.inputs[0].folder, bench.workspace().inputs().join("plan"));
    assert_eq!(read.inputs[0].artefacts, ["deep/tool.sh", "plan.md"]);
}

#[tokio::test]
async fn what_an_earlier_run_of_the_same_attempt_said_is_not_believed() {
    let bench = Bench::new();
    let says = r#"echo '{"done":{"summary":"old"}}' >"$ECHELON_OUTCOME""#;
    assert_eq!(told(&bench.run(&bench.job(), says).await), "done: old []");
    assert_eq!(told(&bench.run(&bench.job(), "exit 4").await), "transient: exited with 4");
}
