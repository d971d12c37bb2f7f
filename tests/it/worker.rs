//! Workers through their front door: real programs that behave, misbehave and refuse to die.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use echelon::domain::id::{Epoch, InstructionId, Round, StepKey, TaskId};
use echelon::domain::org::{Worker as Spec, WorkerKind};
use echelon::domain::review::Gate;
use echelon::domain::time::Millis;
use echelon::domain::work::{Check, Deliverable, Priority, Tier};
use echelon::worker::deliverable::{Limits, check};
use echelon::worker::job::{Input, Instruction, Job, JobKind, Task, Token, VERSION};
use echelon::worker::outcome::{CUT_MARK, LIST_LIMIT, SIZE_LIMIT, TEXT_LIMIT, parse};
use echelon::worker::{
    Failure, FailureClass, Outcome, Report, RunContext, Sign, Worker, Workspace, build, reap_attempt, reap_survivors,
};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// How long anything that must happen may take before a test gives up: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(20);

/// A data directory, and a task in it that nobody else has.
struct Bench {
    data: TempDir,
    number: u128,
}

impl Bench {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let data = TempDir::new().expect("a temporary folder can be made");
        Self { data, number: (u128::from(std::process::id()) << 64) | u128::from(count) }
    }

    fn marker(&self) -> String {
        format!("marker-{:x}", self.number)
    }

    fn task(&self) -> TaskId {
        TaskId::new(Uuid::from_u128(self.number))
    }

    fn instruction(&self) -> InstructionId {
        InstructionId::new(Uuid::from_u128(self.number))
    }

    fn workspace(&self) -> Workspace {
        Workspace::for_work(self.data.path(), self.instruction(), &step("report"), self.task())
    }

    fn job(&self) -> Job {
        Job {
            version: VERSION,
            kind: JobKind::Work,
            organisation: "Test".to_owned(),
            instruction: Instruction {
                id: InstructionId::new(Uuid::from_u128(self.number)),
                text: "write a report".to_owned(),
                department: "software".parse().expect("a name"),
            },
            task: Task {
                id: self.task(),
                key: step("report"),
                title: "a report".to_owned(),
                description: String::new(),
                tier: Tier::Simple,
                priority: Priority::Normal,
            },
            criteria: vec!["it is true".to_owned()],
            deliverables: vec![Deliverable { path: "report.md".to_owned(), checks: vec![Check::MinBytes(3)] }],
            findings: Vec::new(),
            notes: Vec::new(),
            announcements: Vec::new(),
            inputs: Vec::new(),
            gate: None,
            submission: None,
            subject: None,
            round: Round(1),
            repository: None,
            workspace: self.workspace().work(),
            epoch: Epoch(1),
            token: Token::from_bytes(format!("token {}", self.number).as_bytes()),
            deadline: None,
        }
    }

    fn review(&self) -> Job {
        let workspace = self.workspace().for_review(Round(1), Some(Gate::DomainLead)).work();
        Job { kind: JobKind::Review, gate: Some(Gate::DomainLead), workspace, ..self.job() }
    }

    fn worker(&self, argv: &[&str], timeout: Duration) -> Arc<dyn Worker> {
        let kind = WorkerKind::Command {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]),
            timeout: Millis(i64::try_from(timeout.as_millis()).expect("a timeout of this age")),
        };
        let spec = Spec { id: "program".parse().expect("a name"), kind, reviews: true };
        build(&spec, Path::new("/chart"), &self.marker()).expect("it runs by itself")
    }

    fn script(&self, script: &str) -> Arc<dyn Worker> {
        self.worker(&["sh", "-c", script], PATIENCE)
    }

    async fn run(&self, job: &Job, script: &str) -> Report {
        self.script(script).run(job, RunContext::detached()).await
    }

    /// The processes of this bench's attempts that are alive.
    fn running(&self) -> Vec<u32> {
        carrying(&format!("ECHELON_LEDGER={}", self.marker()))
    }
}

fn step(name: &str) -> StepKey {
    name.parse().expect("a name")
}

/// The processes that have this entry in their environment; a dead one has none.
fn carrying(entry: &str) -> Vec<u32> {
    let pids = fs::read_dir("/proc")
        .expect("these tests need /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|own| own == entry.as_bytes())
    })
    .collect()
}

/// Whether a process is there and not just waiting to be waited for.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| !fields.trim_start().starts_with(['Z', 'X']))
}

/// Waits until something holds.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let reached = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(reached.await.is_ok(), "never: {what}");
}

/// A report in one line.
fn told(report: &Report) -> String {
    match &report.outcome {
        Ok(Outcome::Done { summary, artefacts, .. }) => format!("done: {summary} {artefacts:?}"),
        Ok(Outcome::Failed { class, message, .. }) => format!("said it failed: {class:?}: {message}"),
        Ok(other) => format!("{}: {other:?}", other.name()),
        Err(Failure::Stopped) => "stopped".to_owned(),
        Err(Failure::Failed { class: FailureClass::Transient, message, .. }) => format!("transient: {message}"),
        Err(Failure::Failed { class: FailureClass::Permanent, message, .. }) => format!("permanent: {message}"),
        Err(Failure::Failed { class: FailureClass::Quota, message, .. }) => format!("quota: {message}"),
    }
}

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

#[tokio::test]
async fn a_flood_of_output_ends_the_run_and_only_the_end_of_it_is_kept() {
    let bench = Bench::new();
    assert_eq!(told(&bench.run(&bench.job(), "yes").await), "permanent: printed more than 16 MiB");
    assert!(bench.running().is_empty());

    let report = bench.run(&bench.job(), "yes 0123456789abcde | head -c 1000000; echo the end").await;
    assert_eq!(told(&report), "done: the end []");
    assert_eq!(report.log.stdout.len(), 64 * 1024);
    assert!(fs::metadata(report.log.file.expect("a log is kept")).expect("the log is there").len() < 70_000);
}

#[tokio::test]
async fn nothing_that_a_program_started_outlives_it() {
    let bench = Bench::new();
    // Children in the group: one that holds the output open, one without its marks, one that ignores hangups; and one
    // in a session of its own.
    let script = r#"
        sleep 300 &
        env -i sleep 300 & echo $! >wiped
        nohup sleep 300 >/dev/null 2>&1 &
        setsid sh -c 'echo $$ >far.tmp; mv far.tmp far; trap "" TERM HUP; sleep 300 & wait' >/dev/null 2>&1 &
        while [ ! -e far ]; do sleep 0.01; done
        far=$(cat far); [ "$(cut -d' ' -f6 "/proc/$far/stat")" = "$far" ] || exit 9
        echo done"#;
    let report = bench.run(&bench.job(), script).await;
    assert_eq!(told(&report), "done: done []");
    assert_eq!(bench.running(), Vec::<u32>::new());
    let wiped = fs::read_to_string(bench.job().workspace.join("wiped")).expect("the script wrote it");
    eventually("the one without marks is gone", || !is_alive(wiped.trim())).await;
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped_with_its_children() {
    let bench = Bench::new();
    let worker = bench.worker(&["sh", "-c", "setsid sleep 300 & sleep 300"], Duration::from_millis(200));
    let report = worker.run(&bench.job(), RunContext::detached()).await;
    assert_eq!(told(&report), "transient: ran longer than 200ms");
    assert_eq!(bench.running(), Vec::<u32>::new());
    assert_eq!(worker.describe(), "`sh -c setsid sleep 300 & sleep 300`, at most 200ms");
    assert_eq!(bench.worker(&["x"], Duration::from_secs(600)).describe(), "`x`, at most 10m");
}

/// Runs a script, asks it to stop once it made a file called `started`, and says how it ended.
async fn stopped_once_started(bench: &Bench, script: &str) -> String {
    let (ask, stop) = watch::channel(false);
    let (worker, job) = (bench.script(script), bench.job());
    let started = job.workspace.join("started");
    let context = RunContext { stop, ..RunContext::detached() };
    let run = tokio::spawn(async move { worker.run(&job, context).await });
    eventually("the program started", || started.exists()).await;
    ask.send(true).expect("the run listens");
    told(&run.await.expect("a run does not panic"))
}

#[tokio::test]
async fn a_program_that_is_asked_to_stop_may_finish_what_it_has() {
    let bench = Bench::new();
    let polite = r#"trap 'echo "{\"done\":{\"summary\":\"half\"}}" >"$ECHELON_OUTCOME"; exit 0' TERM
        touch started; while :; do sleep 0.02; done"#;
    assert_eq!(stopped_once_started(&bench, polite).await, "done: half []");
    let bench = Bench::new();
    assert_eq!(stopped_once_started(&bench, "touch started; sleep 300").await, "stopped");
    let bench = Bench::new();
    let silent = "trap 'exit 0' TERM; touch started; while :; do sleep 0.02; done";
    assert_eq!(stopped_once_started(&bench, silent).await, "stopped", "half-done work is not done");
    assert_eq!(bench.running(), Vec::<u32>::new());
}

#[tokio::test]
async fn a_program_that_ignores_being_asked_to_stop_is_killed() {
    let bench = Bench::new();
    let stubborn = "trap '' TERM INT HUP; setsid sleep 300 & touch started; while :; do sleep 0.05; done";
    assert_eq!(stopped_once_started(&bench, stubborn).await, "stopped");
    assert_eq!(bench.running(), Vec::<u32>::new());
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_began_starts_nothing() {
    let bench = Bench::new();
    let (_ask, stop) = watch::channel(true);
    let context = RunContext { stop, ..RunContext::detached() };
    let report = bench.script("touch started").run(&bench.job(), context).await;
    assert_eq!(told(&report), "stopped");
    assert!(!bench.job().workspace.join("started").exists());
}

#[tokio::test]
async fn dropping_a_run_kills_all_of_it() {
    let bench = Bench::new();
    let worker = bench.script("trap '' TERM; setsid sleep 300 & sleep 300 & env -i sleep 300 & echo $! >wiped; touch started; wait; sleep 300");
    let job = bench.job();
    let (started, wiped) = (job.workspace.join("started"), job.workspace.join("wiped"));
    let run = tokio::spawn(async move { worker.run(&job, RunContext::detached()).await });
    eventually("the program started", || started.exists()).await;
    let wiped = fs::read_to_string(wiped).expect("the script wrote it");
    assert!(bench.running().len() >= 2, "{:?}", bench.running());
    run.abort();
    assert!(run.await.is_err_and(|error| error.is_cancelled()));
    eventually("nothing is left", || bench.running().is_empty() && !is_alive(wiped.trim())).await;
}

#[tokio::test]
async fn signs_of_life_tell_silence_from_output() {
    let bench = Bench::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let alive = Arc::new(move |sign| heard.lock().expect("no panic while locked").push(sign));
    let context = RunContext { alive, alive_every: Arc::new(|| Duration::from_millis(10)), ..RunContext::detached() };
    let (worker, job) = (
        bench.script("until [ -e loud ]; do sleep 0.01; done; until [ -e end ]; do echo x; sleep 0.01; done"),
        bench.job(),
    );
    let work = job.workspace.clone();
    let run = tokio::spawn(async move { worker.run(&job, context).await });
    let count =
        |wanted: Sign| seen.lock().expect("no panic while locked").iter().filter(|sign| **sign == wanted).count();
    eventually("signs of a silent run", || count(Sign::Running) >= 3).await;
    assert_eq!(count(Sign::Output), 0);
    fs::write(work.join("loud"), "").expect("a file can be written");
    eventually("signs of output", || count(Sign::Output) >= 3).await;
    fs::write(work.join("end"), "").expect("a file can be written");
    assert_eq!(told(&run.await.expect("a run does not panic")), "done: x []");
}

/// A process that is not of any run, in a session of its own.
fn stray(environment: &[(&str, String)]) -> Child {
    let mut command = Command::new("setsid");
    command.args(["sleep", "300"]).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let environment = environment.iter().map(|(name, value)| (*name, value));
    command.envs(environment).stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("setsid can be started")
}

fn is_over(child: &mut Child) -> bool {
    child.try_wait().expect("a child can be waited for").is_some()
}

#[tokio::test]
async fn the_next_daemon_finds_what_the_last_one_left_and_nothing_else() {
    let (ours, theirs) = (Bench::new(), Bench::new());
    let mut left = stray(&[("ECHELON_LEDGER", ours.marker())]);
    let mut other = stray(&[("ECHELON_LEDGER", theirs.marker())]);
    eventually("both are there", || ours.running().len() == 1 && theirs.running().len() == 1).await;
    assert_eq!(reap_survivors(&ours.marker(), ours.data.path(), &[ours.instruction()]).expect("reaping works"), 1);
    eventually("the one of ours is over", || ours.running().is_empty()).await;
    assert!(!left.wait().expect("a child can be waited for").success());
    assert!(!is_over(&mut other), "another daemon's process is none of our business");
    assert_eq!(
        reap_survivors(&ours.marker(), &ours.data.path().join("nothing here"), &[ours.instruction()])
            .expect("reaping works"),
        0
    );

    let attempt = |epoch: u32| {
        let task = ("ECHELON_TASK", theirs.task().to_string());
        stray(&[("ECHELON_LEDGER", theirs.marker()), task, ("ECHELON_EPOCH", epoch.to_string())])
    };
    let (mut first, mut second) = (attempt(1), attempt(11));
    eventually("all are there", || theirs.running().len() == 3).await;
    assert_eq!(reap_attempt(&theirs.marker(), theirs.task(), Epoch(1)).expect("reaping works"), 1);
    assert!(!first.wait().expect("a child can be waited for").success());
    assert!(!is_over(&mut second), "another attempt is not meant");
    for child in [&mut other, &mut second] {
        child.kill().and_then(|()| child.wait()).expect("a child can be killed");
    }
}

#[tokio::test]
async fn a_recorded_group_is_killed_only_if_its_leader_is_the_one_that_was_recorded() {
    let bench = Bench::new();
    // A group whose environment was wiped, so that only the record leads to it.
    let worker = bench.worker(&["env", "-i", "sh", "-c", "sleep 300; true"], PATIENCE);
    let job = bench.job();
    let control = bench.workspace().control(Epoch(1));
    let run = tokio::spawn(async move { worker.run(&job, RunContext::detached()).await });
    let recorded = || fs::read_to_string(control.join("pid")).unwrap_or_default();
    eventually("the group is recorded", || recorded().ends_with('\n')).await;
    eventually("the environment is wiped", || bench.running().is_empty()).await;
    let record = recorded();
    let [pid, start, boot] = record.split_whitespace().collect::<Vec<_>>()[..] else { panic!("a record: {record}") };

    // The same record as a daemon that crashed would have left it, and ones of processes that are gone.
    let crashed = Bench::new();
    let place = crashed.workspace().for_review(Round(2), None).control(Epoch(7));
    fs::create_dir_all(&place).expect("a folder can be made");
    let tick: u64 = start.parse().expect("a tick is a number");
    for wrong in [
        format!("{pid} {} {boot}\n", tick + 1),
        format!("{pid} {start} another-boot\n"),
        format!("-{pid} {start} {boot}"),
        "nonsense".to_owned(),
    ] {
        fs::write(place.join("pid"), &wrong).expect("a file can be written");
        assert_eq!(
            reap_survivors(&crashed.marker(), crashed.data.path(), &[crashed.instruction()]).expect("reaping works"),
            0,
            "{wrong}"
        );
        assert!(is_alive(pid), "{wrong}");
        assert!(!place.join("pid").exists(), "a record is used once");
    }
    fs::write(place.join("pid"), &record).expect("a file can be written");
    let killed =
        reap_survivors(&crashed.marker(), crashed.data.path(), &[crashed.instruction()]).expect("reaping works");
    assert!(killed >= 1, "{killed}");
    assert_eq!(told(&run.await.expect("a run does not panic")), "transient: was killed by signal 9");
    assert!(!is_alive(pid));
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

fn simulated(failure_rate: f64, rework_rate: f64, seed: u64) -> Arc<dyn Worker> {
    let kind = WorkerKind::Simulated { duration: Millis::from_hours(1), failure_rate, rework_rate, seed };
    build(&Spec { id: "pretend".parse().expect("a name"), kind, reviews: true }, Path::new("/chart"), "marker")
        .expect("it runs by itself")
}

#[tokio::test(start_paused = true)]
async fn a_simulated_worker_says_the_same_for_the_same_seed_and_takes_its_time() {
    let bench = Bench::new();
    let signs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&signs);
    let alive = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let context =
        RunContext { alive, alive_every: Arc::new(|| Duration::from_secs(20 * 60)), ..RunContext::detached() };
    let began = tokio::time::Instant::now();
    let worker = simulated(0.0, 0.0, 1);
    let report = worker.run(&bench.job(), context).await;
    assert_eq!(began.elapsed(), Duration::from_secs(3600));
    assert_eq!(signs.load(Ordering::Relaxed), 2);
    assert!(report.simulated && worker.is_simulated());
    assert_eq!(told(&report), r#"done: simulated: a report ["report.md"]"#);
    assert_eq!((worker.label(), worker.describe().as_str()), ("pretend", "simulated, 1h a job"));
    assert!(!bench.job().workspace.exists(), "it touches no file");

    let mut said = Vec::new();
    for seed in [7, 7, 8] {
        let mut reports = Vec::new();
        for epoch in 1..=40 {
            let (work, review) =
                (Job { epoch: Epoch(epoch), ..bench.job() }, Job { epoch: Epoch(epoch), ..bench.review() });
            for job in [work, Job { gate: Some(Gate::Qa), ..review.clone() }, review] {
                reports.push(told(&simulated(0.3, 0.4, seed).run(&job, RunContext::detached()).await));
            }
        }
        said.push(reports);
    }
    assert_eq!(said[0], said[1]);
    assert_ne!(said[0], said[2]);
    let kinds: BTreeSet<&str> = said[0].iter().filter_map(|text| text.split(':').next()).collect();
    assert_eq!(kinds, BTreeSet::from(["approve", "changes", "done", "transient"]));

    assert_eq!(
        told(&simulated(1.0, 0.0, 1).run(&bench.job(), RunContext::detached()).await),
        "transient: simulated: a passing failure"
    );
    let changes = simulated(0.0, 1.0, 1).run(&bench.review(), RunContext::detached()).await;
    assert!(told(&changes).starts_with("changes: "), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_simulated_worker_stops_when_asked() {
    let bench = Bench::new();
    let (ask, stop) = watch::channel(false);
    let was_asked = AtomicBool::new(false);
    let (worker, job) = (simulated(0.0, 0.0, 1), bench.job());
    let run = worker.run(&job, RunContext { stop, ..RunContext::detached() });
    let asking = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        was_asked.store(ask.send(true).is_ok(), Ordering::Relaxed);
    };
    let (report, ()) = tokio::join!(run, asking);
    assert_eq!(told(&report), "stopped");
    assert!(was_asked.into_inner());
}
