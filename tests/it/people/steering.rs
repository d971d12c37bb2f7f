//! Steering: who has a task in every state it can be given on in, and instructions that are held.

use super::Studio;

#[test]
fn a_task_is_given_to_somebody_in_every_state_that_has_a_move_for_it() {
    let studio = Studio::open();
    let give = |to: &str| studio.done("ada", &["task", "reassign", "job", "--to", to, "--reason", "I say so"]);

    // Nobody assigns while the lead is away.
    studio.done("ada", &["away", "team:lead", "--reason", "a cold"]);
    let instruction = studio.submit("", "job", "wait for it");
    studio.executes(&instruction);
    assert_eq!(studio.task("job")["task"]["state"], "PENDING");
    studio.refused("ada", &["task", "reassign", "job", "--to", "nobody", "--reason", "x"], &["no IC `nobody`"]);
    give("bob");
    studio.wait_for("job", "IN_PROGRESS");
    assert_eq!(studio.assignee("job"), "main/team/bob");
    let first = studio.task("job")["task"]["id"].as_str().expect("an id").to_owned();
    let why = studio.done("", &["why", &first]);
    assert!(why.contains("went to main/team/bob") && why.contains("a person chose: I say so"), "{why}");

    // Bob does one thing at a time: the next one waits for him.
    let second = studio.submit("", "job", "wait for this, too");
    studio.executes(&second);
    let tasks = studio.json("", &["task", "list", "--instruction", &second]);
    let waiting = tasks[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(tasks[0]["state"], "PENDING");
    studio.done("ada", &["task", "reassign", &waiting, "--to", "bob", "--reason", "he can"]);
    assert_eq!(studio.task(&waiting)["task"]["state"], "ASSIGNED");
    studio.done("ada", &["task", "reassign", &waiting, "--to", "ann", "--reason", "she is free"]);
    studio.wait_for(&waiting, "IN_PROGRESS");
    assert_eq!(studio.assignee(&waiting), "main/team/ann");
    studio.done("ada", &["task", "cancel", &second, "--reason", "enough"]);

    // An attempt at work is taken away.
    studio.done("ada", &["task", "reassign", "job", "--to", "ann", "--reason", "bob is needed elsewhere"]);
    studio.wait_for("job", "IN_PROGRESS");
    assert_eq!(studio.assignee("job"), "main/team/ann");
    studio.refused("ada", &["task", "reassign", "job", "--to", "ann", "--reason", "x"], &["has this task already"]);
    studio.done("ada", &["back", "team:lead"]);
    studio.go();
    studio.ends(&instruction, "COMPLETED");
    studio.refused("ada", &["task", "reassign", &first, "--to", "bob", "--reason", "x"], &["COMPLETED"]);
    studio.close();
}

#[test]
fn more_time_is_granted_in_spans_that_people_say_and_within_bounds() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "wait for it");
    studio.wait_for("job", "IN_PROGRESS");
    let granted = studio.done("ada", &["task", "grant", "job", "90m", "--reason", "it is harder than it looked"]);
    assert!(granted.contains("has 1h 30m of organisation time more"), "{granted}");
    studio.done("ada", &["task", "grant", "job", "365d", "--reason", "no hurry"]);
    let too_much = ["task", "grant", "job", "366d", "--reason", "no hurry"];
    studio.refused("ada", &too_much, &["365d at most", "grant less"]);
    studio.go();
    studio.ends(&instruction, "COMPLETED");
    studio.close();
}

#[test]
fn a_task_that_is_stuck_is_given_to_a_person_who_does_it_by_hand() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "fail at it");
    let stuck = studio.waits_for("ada", "clear the blocker");
    assert_eq!(stuck["state"], "ESCALATED");
    let task = stuck["task"].as_str().expect("an id");
    studio.done("ada", &["task", "reassign", task, "--to", "craft/ben", "--reason", "ben has a brush"]);
    studio.waits_for("ben", "start the next attempt");
    assert!(studio.task(task)["notes"].to_string().contains("ben has a brush"));
    studio.done("ben", &["task", "start", task]);
    studio.make(task, "painted");
    studio.done("ben", &["task", "done", task, "--summary", "painted"]);
    studio.ends(&instruction, "COMPLETED");
    studio.close();
}

#[test]
fn a_held_instruction_ends_what_runs_and_starts_nothing_until_it_goes_on() {
    let studio = Studio::open();
    let instruction = studio.submit("", "several", "wait for it");
    studio.wait_for("first", "IN_PROGRESS");
    studio.waits_for("ben", "start the next attempt");
    let held = studio.done("ada", &["pause", &instruction, "--reason", "the customer calls"]);
    assert!(held.contains("is paused"), "{held}");
    studio.refused("ada", &["pause", &instruction, "--reason", "x"], &["paused already"]);
    for page in [studio.done("", &["status"]), studio.done("", &["status", &instruction])] {
        assert!(page.contains("EXECUTING, paused"), "{page}");
    }
    assert!(studio.done("", &["status", &instruction]).contains("paused: the customer calls"));
    studio.refused("ben", &["task", "start", "beside"], &["is paused"]);
    let inbox = studio.done("ben", &["inbox"]);
    assert!(!inbox.contains("task start"), "it does not wait for him now: {inbox}");

    studio.go();
    studio.wait_for("first", "COMPLETED");
    assert_eq!(studio.task("second")["task"]["attempts"], 0, "what builds on it does not start");
    let resumed = studio.done("ada", &["resume", &instruction]);
    assert!(resumed.contains("goes on"), "{resumed}");
    studio.refused("ada", &["resume", &instruction], &["is not paused"]);
    let empty = studio.echelon("ada", &["pause", &instruction, "--reason", " "]);
    assert_eq!(empty.code, Some(9), "{empty:?}");
    assert!(!empty.stderr.contains("paused"), "that it is paused is not what is wrong: {}", empty.stderr);
    studio.wait_for("second", "COMPLETED");
    studio.waits_for("ben", "start the next attempt");
    studio.done("ben", &["task", "start", "beside"]);
    studio.done("ben", &["task", "done", "beside", "--summary", "carved"]);
    studio.waits_for("cyd", "review it");
    studio.done("cyd", &["approve", "beside"]);
    studio.waits_for("ada", "decide at the gate");
    studio.done("ada", &["approve", "beside"]);
    studio.ends(&instruction, "COMPLETED");
    studio.close();
}
