//! Programs that are stopped, and what they leave behind.

use echelon::domain::id::{Epoch, Round};
use echelon::worker::{RunContext, Sign, reap_attempt, reap_survivors};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

use super::{Bench, PATIENCE, eventually, is_alive, told};

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
