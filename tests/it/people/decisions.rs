//! What people decide: gates, escalations, and questions that come too late.

use super::Studio;

#[test]
fn a_person_passes_a_gate_or_sends_the_work_back_from_it() {
    let studio = Studio::open();
    let instruction = studio.submit("", "carving", "carve a bowl");
    for again in [true, false] {
        studio.waits_for("ben", "start the next attempt");
        studio.done("ben", &["task", "start", "carving"]);
        studio.make("carving", "a bowl");
        studio.done("ben", &["task", "done", "carving", "--summary", "a bowl"]);
        studio.waits_for("cyd", "review it");
        studio.done("cyd", &["approve", "carving"]);
        studio.waits_for("ada", "decide at the gate");
        if again {
            studio.refused("ada", &["reject", "carving", "--reason", " "], &["what is to be changed"]);
            studio.done("ada", &["reject", "carving", "--reason", "it is too small"]);
        } else {
            let passed = studio.done("ada", &["approve", "carving"]);
            assert!(passed.contains("the domain lead gate is passed"), "{passed}");
        }
    }
    studio.ends(&instruction, "COMPLETED");
    studio.refused("ada", &["approve", "carving"], &[]);
    studio.close();
}

#[test]
fn an_escalation_is_decided_in_one_of_the_ways_that_the_inbox_lists() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "fail at it");
    let item = studio.waits_for("ada", "clear the blocker");
    let escalation = item["id"].as_str().expect("an id").to_owned();
    let task = item["task"].as_str().expect("an id").to_owned();
    assert_eq!(item["options"][0]["number"], 1);
    assert!(item["story"]["turns"].as_array().is_some_and(|turns| !turns.is_empty()), "how it came here: {item}");
    let shown = studio.done("ada", &["inbox"]);
    for words in ["(recommended)", "failed: no brush", "needs: ", "approve esc_", "--choose 2", "reject esc_"] {
        assert!(shown.contains(words), "`{words}` in {shown}");
    }
    let all = studio.done("", &["inbox"]);
    assert!(all.contains("person:ada (Ada)"), "the operator sees what waits for whom: {all}");

    studio.refused("ada", &["approve", &escalation, "--choose", "9"], &["no way 9", "1: ", "2: "]);
    studio.refused("ada", &["reject", &escalation, "--reason", "x", "--finding", "y"], &["leave --finding out"]);
    studio.refused("ada", &["approve", &instruction], &["EXECUTING", "no yes or no"]);
    studio.go();
    let decided = studio.done("ada", &["approve", &task, "--note", "a brush was bought"]);
    assert!(decided.contains("a brush was bought"), "{decided}");
    studio.ends(&instruction, "COMPLETED");
    assert!(studio.task(&task)["notes"].to_string().contains("a brush was bought"));

    let gone = studio.echelon("ada", &["approve", &escalation]);
    assert_eq!(gone.code, Some(9), "{gone:#?}");
    studio.close();
}

#[test]
fn a_no_to_an_escalation_ends_its_task_and_an_end_without_a_result_is_no_completion() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "fail at it");
    let escalation = studio.waits_for("ada", "clear the blocker")["id"].as_str().expect("an id").to_owned();
    let ended = studio.done("ada", &["reject", &escalation, "--reason", "it is not worth a brush"]);
    assert!(ended.contains("is cancelled: it is not worth a brush"), "{ended}");
    studio.ends(&instruction, "CANCELLED");
    studio.close();
}

#[test]
fn an_answer_that_comes_too_late_is_told_what_became_of_the_question() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "ask me");
    let withdrawn = studio.waits_for("ada", "answer a question")["id"].as_str().expect("an id").to_owned();
    studio.done("ada", &["task", "cancel", &instruction, "--reason", "never mind"]);
    studio.refused("ada", &["answer", &withdrawn, "blue"], &["is not open", "withdrawn"]);

    let instruction = studio.submit("", "job", "ask me again");
    let answered = studio.waits_for("ada", "answer a question")["id"].as_str().expect("an id").to_owned();
    studio.done("ada", &["answer", &answered, "blue"]);
    studio.refused("ada", &["answer", &answered, "red"], &["is not open", "answered already"]);
    studio.ends(&instruction, "COMPLETED");
    studio.refused("ada", &["answer", &answered, "red"], &["answered already"]);
    studio.refused("ada", &["answer", "qst_00000000", "red"], &["no open question"]);
    studio.close();
}
