//! Who is there, and what becomes of the work of those who are not.

use super::Studio;

#[test]
fn work_goes_to_those_who_are_there() {
    let studio = Studio::open();
    let away = studio.done("ada", &["away", "team/ann", "--reason", "a cold"]);
    assert!(away.contains("main/team/ann is away"), "{away}");
    studio.refused("ada", &["away", "operator", "--reason", "a cold"], &["could be away"]);
    let status = studio.done("", &["status"]);
    assert!(status.contains("away: main/team/ann (a cold)"), "{status}");
    let tree = studio.done("", &["tree"]);
    assert!(tree.contains("away: a cold"), "{tree}");
    assert_eq!(studio.json("", &["status"])["absent"][0]["kind"], "away");

    studio.submit("", "job", "wait for it");
    studio.wait_for("job", "IN_PROGRESS");
    assert_eq!(studio.assignee("job"), "main/team/bob");
    studio.refused("ada", &["task", "reassign", "job", "--to", "ann", "--reason", "x"], &["away: a cold"]);
    let back = studio.done("ada", &["back", "ann"]);
    assert!(back.contains("is back"), "{back}");
    let again = studio.done("ada", &["back", "ann"]);
    assert!(again.contains("was back already"), "{again}");
    assert_eq!(studio.json("", &["status"])["absent"], serde_json::json!([]));
    studio.done("ada", &["task", "reassign", "job", "--to", "ann", "--reason", "she is better"]);
    studio.wait_for("job", "IN_PROGRESS");
    studio.go();
    studio.wait_for("job", "COMPLETED");
    studio.close();
}

#[test]
fn what_a_lead_who_is_away_owes_is_done_when_they_are_back() {
    let studio = Studio::open();
    studio.done("ada", &["away", "team:lead", "--reason", "a cold"]);
    let instruction = studio.submit("", "job", "make it");
    studio.executes(&instruction);
    assert_eq!(studio.task("job")["task"]["state"], "PENDING");
    let inbox = studio.done("", &["inbox", "team:lead"]);
    assert!(inbox.contains("assign it") && inbox.contains("away: a cold"), "{inbox}");
    studio.done("ada", &["back", "team:lead"]);
    studio.ends(&instruction, "COMPLETED");
    studio.close();
}

#[test]
fn what_waits_for_a_person_who_is_away_waits_for_the_next_one_who_may_decide() {
    let studio = Studio::open();
    studio.submit("", "job", "ask me");
    let question = studio.waits_for("ada", "answer a question")["id"].as_str().expect("an id").to_owned();
    studio.done("ada", &["away", "person:ada", "--reason", "on leave"]);
    assert_eq!(studio.waits_for("olu", "answer a question")["id"], question.as_str());
    assert_eq!(studio.json("ada", &["inbox"])["groups"][0]["items"], serde_json::json!([]));
    studio.done("olu", &["away", "person:olu", "--reason", "on leave, too"]);
    assert_eq!(studio.waits_for("", "answer a question")["id"], question.as_str());
    studio.done("", &["answer", &question, "blue"]);
    studio.wait_for("job", "COMPLETED");
    studio.close();
}
