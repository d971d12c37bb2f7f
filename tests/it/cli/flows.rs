//! Ways an instruction can take besides the straight one.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::super::support::{Finished, eventually};
use super::{Workshop, id_in};

/// Whether any task is in this state, by what a command that only reads says.
fn is_in(workshop: &Workshop, state: &str) -> Option<()> {
    let tasks = workshop.echelon(&["task", "list", "--state", state, "--json"]);
    (tasks.code == Some(0) && !tasks.json().as_array().expect("a list").is_empty()).then_some(())
}

#[test]
fn a_question_ends_the_run_and_its_answer_lets_the_instruction_complete() {
    let workshop = Workshop::new();
    let run = workshop.run("ask me first");
    assert_eq!(run.code, Some(7), "{run:#?}");
    assert!(run.stdout.contains("and waits for a person"), "{}", run.stdout);
    assert!(run.stdout.contains("answer a question\n    "), "{}", run.stdout);
    let question = id_in(&run.stdout, "qst_", 8);
    assert!(run.stdout.contains(&format!("answer {question} TEXT")), "it says how: {}", run.stdout);
    assert!(run.stdout.contains("start it first:\n    echelon --data-dir "), "{}", run.stdout);

    let without_daemon = workshop.echelon(&["answer", &question, "blue"]);
    assert_eq!(without_daemon.code, Some(4), "{without_daemon:?}");

    let mut daemon = workshop.up();
    let answered = workshop.done(&["answer", &question, "blue"]);
    assert!(answered.stdout.starts_with(&format!("{question} is answered; tsk_")), "{}", answered.stdout);
    let recent = eventually("the instruction completes", || {
        let status = workshop.echelon(&["status", "--json"]).json();
        status["recent"].as_array().and_then(|recent| recent.first().cloned())
    });
    assert_eq!(recent["state"], "COMPLETED");
    let again = workshop.echelon(&["answer", &question, "red"]);
    assert_eq!(again.code, Some(9), "{again:?}");
    assert_eq!(daemon.stop(), Some(0));

    let task = workshop.done(&["task", "show", "job"]);
    assert!(task.stdout.contains("painted blue"), "by its name, though it is over: {}", task.stdout);
    assert!(task.stdout.contains("answered: blue"), "{}", task.stdout);
}

#[test]
fn work_that_nobody_can_do_ends_the_run_and_can_be_cancelled() {
    let workshop = Workshop::new();
    let run = workshop.run("fail at it");
    assert_eq!(run.code, Some(7), "{run:#?}");
    assert!(run.stdout.contains("ESCALATION goes up to operator"), "up to the last event: {}", run.stdout);
    let task = id_in(&run.stdout, "tsk_", 8);
    assert!(run.stdout.contains(&format!("reject {} --reason TEXT", id_in(&run.stdout, "esc_", 8))), "{}", run.stdout);
    assert_eq!(workshop.done(&["doctor", "--json"]).json()["faults"], serde_json::json!([]));

    // Whoever starts the daemon need not name the chart again.
    let mut daemon = workshop.up();
    let why = workshop.echelon(&["task", "cancel", &task, "--reason", ""]);
    assert_eq!(why.code, Some(9), "a reason is needed: {why:?}");
    let cancelled = workshop.done(&["task", "cancel", &task, "--reason", "no brush anywhere"]);
    assert_eq!(cancelled.stdout, format!("{task} is cancelled\n"));
    let again = workshop.echelon(&["task", "cancel", &task, "--reason", "again"]);
    assert_eq!(again.code, Some(9), "{again:?}");
    assert!(again.stderr.contains("is CANCELLED"), "{}", again.stderr);
    assert_eq!(daemon.stop(), Some(0));
    let status = workshop.done(&["status", "--json"]).json();
    assert_eq!(status["recent"][0]["state"], "CANCELLED");
    assert_eq!(status["needs_person"], serde_json::json!([]));
}

#[test]
fn a_run_whose_instruction_is_cancelled_by_somebody_else_says_so() {
    let workshop = Workshop::new();
    let run = workshop
        .command(&["run", "--org", workshop.chart(), "wait for it"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    eventually("the work begins", || is_in(&workshop, "IN_PROGRESS"));
    let id = workshop.done(&["status", "--json"]).json()["instructions"][0]["id"].clone();
    workshop.done(&["task", "cancel", id.as_str().expect("an id"), "--reason", "changed our minds"]);
    let output = run.wait_with_output().expect("the run ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(6), "{stdout}");
    assert!(stdout.contains("is CANCELLED after"), "{stdout}");
    assert!(stdout.contains("changed our minds"), "{stdout}");
}

/// Starts `run`, interrupts it while its work is under way, and waits for its end.
fn interrupted(workshop: &Workshop, then: impl FnOnce(Pid)) -> Finished {
    let run = workshop
        .command(&["run", "--org", workshop.chart(), "wait for it"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    workshop.wait_for_worker();
    let pid = Pid::from_child(&run);
    kill_process(pid, Signal::INT).expect("it runs");
    eventually("it drains", || {
        let refused = workshop.echelon(&["submit", "one more"]);
        assert!(refused.code != Some(9), "{refused:?}");
        (refused.code == Some(4)).then_some(())
    });
    then(pid);
    let output = run.wait_with_output().expect("the run ends");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn ctrl_c_lets_what_runs_end_and_the_next_daemon_goes_on() {
    let workshop = Workshop::new();
    let run = interrupted(&workshop, |_| workshop.go());
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stderr.contains("1 attempt under way may end"), "{}", run.stderr);
    assert!(run.stderr.contains("is not finished; it goes on with `echelon --data-dir "), "{}", run.stderr);

    let mut daemon = workshop.up();
    eventually("it completes", || {
        (workshop.echelon(&["status", "--json"]).json()["recent"][0]["state"] == "COMPLETED").then_some(())
    });
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_second_ctrl_c_stops_at_once_and_loses_nothing() {
    let workshop = Workshop::new();
    let run = interrupted(&workshop, |pid| kill_process(pid, Signal::INT).expect("it drains"));
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stderr.contains("stopping at once"), "{}", run.stderr);
    let status = workshop.done(&["status", "--json"]).json();
    assert_eq!(status["running"], false);
    assert_eq!(status["instructions"][0]["state"], "EXECUTING");

    workshop.go();
    let mut daemon = workshop.up();
    eventually("it completes", || {
        (workshop.echelon(&["status", "--json"]).json()["recent"][0]["state"] == "COMPLETED").then_some(())
    });
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn the_same_key_is_the_same_instruction_and_other_content_is_refused() {
    let workshop = Workshop::new();
    let run = |text: &str| workshop.echelon(&["run", "--org", workshop.chart(), "--key", "k1", text]);
    let first = run("make it");
    assert_eq!(first.code, Some(0), "{first:#?}");
    let id = id_in(&first.stdout, "ins_", 8);
    let events = workshop.done(&["status", "--json"]).json()["sequence"].clone();

    let second = run("make it");
    assert_eq!(second.code, Some(0), "{second:#?}");
    assert!(second.stderr.contains(&format!("{id} is known by this key")), "{}", second.stderr);
    assert!(second.stdout.contains(&format!("{id} is COMPLETED")), "{}", second.stdout);
    assert!(!second.stdout.contains("RECEIVED"), "nothing was begun: {}", second.stdout);

    let other = run("make something else");
    assert_eq!(other.code, Some(9), "{other:#?}");
    assert!(other.stderr.contains("key `k1` was used"), "{}", other.stderr);

    let _daemon = workshop.up();
    let submitted = workshop.done(&["submit", "--key", "k1", "make it"]);
    assert!(submitted.stdout.trim_end().ends_with(&id[4..]), "only the id, for scripts: {}", submitted.stdout);
    let status = workshop.done(&["status", "--json"]).json();
    assert_eq!(status["finished"], serde_json::json!([{ "name": "COMPLETED", "count": 1 }]));
    assert!(events.as_u64() <= status["sequence"].as_u64());
}
