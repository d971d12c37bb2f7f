//! Work that people do by hand, from the inbox to the end.

use std::path::PathBuf;

use super::Studio;

#[test]
fn a_person_does_small_work_end_to_end_and_nothing_is_taken_on_their_word() {
    let studio = Studio::open();
    let instruction = studio.done("ben", &["submit", "--work-type", "carving", "--tier", "0", "carve a spoon"]);
    let instruction = instruction.trim();
    let item = studio.waits_for("ben", "start the next attempt");
    assert_eq!(item["key"], "carving");
    let task = item["task"].as_str().expect("an id");
    let inbox = studio.done("ben", &["inbox"]);
    assert!(inbox.contains("--as ben task start tsk_"), "the command to type: {inbox}");

    studio.refused("ben", &["task", "done", task, "--summary", "x"], &["ASSIGNED", "task start"]);
    studio.refused("cyd", &["task", "start", task], &["may not"]);
    let started = studio.done("ben", &["task", "start", task]);
    assert!(started.contains("README.md"), "{started}");
    let workspace = PathBuf::from(studio.task(task)["task"]["workspace"].as_str().expect("a path"));
    let folder = workspace.parent().expect("a folder");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("it is there");
    assert!(readme.contains("carve a spoon") && readme.contains("out.txt"), "{readme}");
    let job = std::fs::read_to_string(folder.join("JOB.json")).expect("it is there");
    assert!(job.contains("\"epoch\": 1"), "{job}");

    std::fs::write(workspace.join("notes.txt"), "mine").expect("it can be written");
    let again = studio.done("ben", &["task", "start", task]);
    assert!(again.contains("at work already") && workspace.join("notes.txt").exists(), "{again}");

    let progress = studio.done("ben", &["task", "progress", task, "the bowl", "--percent", "40"]);
    assert!(progress.contains("40 %"), "{progress}");
    studio.refused("ben", &["task", "done", task, "--summary", "x"], &["nothing was handed in", "out.txt", "missing"]);
    studio.make(task, "no");
    studio.refused("ben", &["task", "done", task, "--summary", "x"], &["at least 3 bytes"]);
    studio.make(task, "a spoon");
    for wrong in ["../job", "/etc/passwd", "nothing.txt"] {
        studio.refused("ben", &["task", "done", task, "--summary", "x", "--artefact", wrong], &[wrong]);
    }
    studio.refused("cyd", &["task", "done", task, "--summary", "x"], &["may not"]);
    assert_eq!(studio.task(task)["task"]["state"], "IN_PROGRESS");

    let mut hand_in = vec!["task", "done", task, "--summary", "a spoon of oak"];
    hand_in.extend(["--artefact", "notes.txt", "--evidence", "it holds soup"]);
    let handed = studio.done("ben", &hand_in);
    assert!(handed.contains("is handed in, 2 machine checks hold"), "{handed}");
    studio.ends(instruction, "COMPLETED");
    let task = studio.task(task);
    assert_eq!(task["task"]["artefacts"], serde_json::json!(["out.txt", "notes.txt"]));
    studio.close();
}

#[test]
fn another_person_reviews_the_work_asks_for_changes_and_a_third_passes_the_gate() {
    let studio = Studio::open();
    let instruction = studio.submit("ada", "carving", "carve a bowl");
    let task = studio.waits_for("ben", "start the next attempt")["task"].as_str().expect("an id").to_owned();
    let task = task.as_str();
    let hand_in = ["task", "done", task, "--summary", "a bowl"];
    studio.done("ben", &["task", "start", task]);
    studio.make(task, "a bowl");
    studio.done("ben", &hand_in);

    let review = studio.waits_for("cyd", "review it");
    assert!(review["detail"].to_string().contains("a bowl"), "{review}");
    studio.refused("ben", &["approve", task], &["wrote this work"]);
    studio.refused("ben", &["reject", task, "--reason", "x"], &["wrote this work"]);
    studio.refused("cyd", &["approve", task, "--choose", "2"], &["one way only"]);
    studio.refused("cyd", &["approve", task, "--note", "x"], &["leave --note out"]);
    let finding = "too thin@out.txt:1";
    let sent_back = studio.done("cyd", &["reject", task, "--reason", "it leaks", "--finding", finding]);
    assert!(sent_back.contains("goes back"), "{sent_back}");
    assert_eq!(studio.task(task)["findings"], serde_json::json!(["it leaks", "out.txt:1: too thin"]));

    let rework = studio.waits_for("ben", "start the next attempt");
    assert!(rework["detail"].to_string().contains("too thin"), "{rework}");
    studio.done("ben", &["task", "start", task]);
    studio.make(task, "a thicker bowl");
    studio.done("ben", &hand_in);
    studio.waits_for("cyd", "review it");
    studio.done("cyd", &["approve", task]);

    let gate = studio.waits_for("ada", "decide at the gate");
    assert_eq!(gate["state"], "DOMAIN_REVIEW");
    studio.refused("cyd", &["approve", task], &["may not"]);
    studio.done("ada", &["approve", task]);
    studio.ends(&instruction, "COMPLETED");
    let reviews = studio.task(task)["reviews"].clone();
    assert_eq!(reviews[0]["basis"], "a person approved");
    assert_eq!(reviews[1]["basis"], "a person approved");
    let events = studio.done("", &["watch", "--no-follow", "--from", "0", "--json"]);
    assert!(events.contains("\"principal\":\"person:cyd\""), "who did it is recorded: {events}");
    studio.close();
}

#[test]
fn a_person_who_asks_keeps_the_attempt_and_one_who_is_blocked_says_what_they_need() {
    let studio = Studio::open();
    let instruction = studio.done("ben", &["submit", "--work-type", "carving", "--tier", "0", "carve a fork"]);
    let instruction = instruction.trim();
    studio.waits_for("ben", "start the next attempt");
    studio.done("ben", &["task", "start", "carving"]);
    studio.done("ben", &["task", "ask", "carving", "how many tines?"]);
    let question = studio.waits_for("ada", "answer a question");
    assert!(question["detail"].to_string().contains("how many tines?"), "{question}");
    assert_eq!(studio.task("carving")["task"]["state"], "IN_PROGRESS");
    studio.refused("ben", &["answer", question["id"].as_str().expect("an id"), "four"], &["may not"]);
    studio.done("ada", &["answer", question["id"].as_str().expect("an id"), "four"]);
    assert!(studio.task("carving")["notes"].to_string().contains("answered: four"));

    studio
        .done("ben", &["task", "block", "carving", "--reason", "no oak", "--needs", "some oak", "--kind", "material"]);
    let blocked = studio.waits_for("ada", "clear the blocker");
    assert!(blocked["detail"].to_string().contains("material: no oak"), "{blocked}");
    let escalation = blocked["id"].as_str().expect("an id");
    studio.done("ada", &["approve", escalation, "--note", "oak is in the shed"]);
    studio.waits_for("ben", "start the next attempt");
    studio.done("ben", &["task", "start", "carving"]);
    studio.make("carving", "a fork");
    studio.done("ben", &["task", "done", "carving", "--summary", "a fork"]);
    studio.ends(instruction, "COMPLETED");
    assert!(studio.task("carving")["notes"].to_string().contains("oak is in the shed"));
    studio.close();
}

#[test]
fn work_by_hand_outlives_a_daemon_that_is_killed() {
    let mut studio = Studio::open();
    let instruction = studio.done("ben", &["submit", "--work-type", "carving", "--tier", "0", "carve a cup"]);
    studio.waits_for("ben", "start the next attempt");
    studio.done("ben", &["task", "start", "carving"]);
    studio.daemon.kill();
    studio.daemon = studio.home.up(&studio.home.path().join("org/org.toml"));
    studio.make("carving", "a cup");
    studio.done("ben", &["task", "done", "carving", "--summary", "a cup"]);
    studio.ends(instruction.trim(), "COMPLETED");
    studio.close();
}
