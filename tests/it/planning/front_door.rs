//! What people type and read.

use serde_json::json;

use super::Works;
use crate::support::eventually;

#[test]
fn what_a_brief_does_not_say_is_asked_field_by_field_and_the_work_begins_once_it_is_said() {
    let works = Works::open();
    let id = works.submit(&["fetch it", "--work-type", "errand", "--brief", "goals=to have it"]);
    works.becomes(&id, "NEEDS_BRIEF");
    let waiting = works.for_ada("add to its brief");
    assert_eq!(waiting["detail"], json!(["reader: Who is it for?"]));
    let command = waiting["commands"][0].as_str().expect("a command");
    assert!(command.contains("--field reader=TEXT"), "{command}");

    let said = works.home.refused(&["--as", "ada", "answer", &id, "--field", "colour=blue"]);
    assert!(said.contains("`colour`"), "{said}");
    let said = works.home.refused(&["--as", "ada", "answer", &id, " "]);
    assert!(said.contains("Who is it for?"), "{said}");
    let said = works.done(&["--as", "ada", "answer", &id, "everyone"]).stdout;
    assert!(said.contains("has its brief and goes on"), "{said}");
    works.becomes(&id, "COMPLETED");

    let unknown = works.home.refused(&["submit", "fetch it", "--work-type", "chore", "--brief", "goals=x"]);
    assert!(unknown.contains("knows no `goals`"), "{unknown}");
    works.close();
}

#[test]
fn a_plan_is_a_tree_that_says_what_must_not_be_late() {
    let works = Works::open();
    let id = works.submit(&["wait for the boat", "--work-type", "project"]);
    works.becomes(&id, "EXECUTING");
    let plan = works.plan(&id);
    let tasks = plan["tasks"].as_array().expect("tasks");
    let critical: Vec<&str> = tasks
        .iter()
        .filter(|task| task["critical"] == true || task["parts"].to_string().contains("\"critical\":true"))
        .filter_map(|task| task["key"].as_str())
        .collect();
    assert_eq!(critical, ["design", "left", "join", "ship"]);
    assert_eq!((&plan["risk_total"], &plan["risk_band"]), (&json!(6), &json!("approved")));
    assert_eq!(plan["source"], "workflow project");
    assert_eq!(tasks[1]["range_hours"], json!([4.0, 12.0]));
    let text = works.done(&["plan", &id]).stdout;
    for said in ["design", "sketch", "model", "slack", "longest way", "risk: 6: approved", "4–12 h"] {
        assert!(text.contains(said), "no `{said}` in\n{text}");
    }
    works.go();
    works.becomes(&id, "COMPLETED");
    assert_eq!(works.plan(&id)["tasks"][0]["state"], "COMPLETED", "also of what is over");
    works.close();
}

#[test]
fn a_risky_plan_waits_for_a_person_and_a_less_risky_one_stops_at_its_checkpoint() {
    let works = Works::open();
    let risky = ["--risk", "technical_complexity=10", "--risk", "data_integrity=10", "--risk", "scope_ambiguity=10"];
    let most = [&["the boat", "--work-type", "project"], &risky[..], &["--risk", "security_sensitivity=9"]].concat();
    let id = works.submit(&most);
    works.becomes(&id, "AWAITING_APPROVAL");
    let waiting = works.for_ada("approve its plan");
    assert!(waiting["detail"].to_string().contains("risk"), "{waiting}");
    let ended = works.home.echelon(&["run", "x", "--risk", "luck=3"]);
    assert!(ended.stderr.contains("data_integrity"), "{}", ended.stderr);
    works.done(&["--as", "ada", "approve", &id, "--note", "we dare"]);

    // A total of 41 is more than checkpoints ask for, too: the design stopped, and the manager let it go on.
    works.becomes(&id, "COMPLETED");
    let plan = works.plan(&id);
    assert!(plan["review"].to_string().contains("we dare"), "{plan}");
    assert_eq!((&plan["tasks"][0]["key"], &plan["tasks"][0]["checkpoint"]), (&json!("design"), &json!("passed")));
    let journal = works.done(&["watch", "--from", "0", "--no-follow", &id]).stdout;
    assert!(journal.contains("stops for a go-ahead") && journal.contains("went ahead"), "{journal}");

    let refused = works.submit(&most);
    works.becomes(&refused, "AWAITING_APPROVAL");
    works.done(&["--as", "ada", "reject", &refused, "--reason", "too much at once"]);
    works.becomes(&refused, "REJECTED");
    works.close();
}

#[test]
fn an_instruction_begins_when_those_it_depends_on_are_completed_and_asks_when_they_will_not_be() {
    let works = Works::open();
    let first = works.submit(&["wait for it"]);
    let second = works.submit(&["then this", "--depends-on", &first]);
    works.becomes(&second, "QUEUED");
    works.go();
    works.becomes(&first, "COMPLETED");
    works.becomes(&second, "COMPLETED");

    std::fs::remove_file(works.home.path().join("org/go")).expect("it is there");
    let third = works.submit(&["wait for it again"]);
    let fourth = works.submit(&["then this", "--depends-on", &third]);
    works.becomes(&fourth, "QUEUED");
    works.done(&["task", "cancel", &third, "--reason", "not needed"]);
    let waiting = works.for_ada("decide how it goes on");
    assert_eq!(waiting["instruction"].as_str(), Some(fourth.as_str()));
    works.done(&["--as", "ada", "approve", &fourth, "--note", "it is not needed"]);
    works.becomes(&fourth, "COMPLETED");

    let said = works.home.refused(&["submit", "late", "--deadline", "2020-01-01T00:00:00Z"]);
    assert!(said.contains("is over"), "{said}");
    let said = works.home.refused(&["submit", "late", "--deadline", "99999999999d"]);
    assert!(said.contains("a hundred years"), "{said}");
    for (option, word) in [("--label", ""), ("--project", "two\nlines"), ("--sprint", &*"s".repeat(201))] {
        let said = works.home.refused(&["submit", "x", option, word]);
        assert!(said.contains("give a few words"), "{said}");
    }
    let said = works.home.refused(&["submit", "never", "--depends-on", &third]);
    assert!(said.contains("CANCELLED and will never be completed"), "{said}");
    works.close();
}

#[test]
fn a_rule_of_the_chart_says_the_tier_and_why() {
    let works = Works::open();
    let id = works.submit(&["a boat for everybody", "--work-type", "project"]);
    works.becomes(&id, "COMPLETED");
    let view = works.done(&["status", &id, "--json"]).json();
    assert!(view["triage"].to_string().contains("many hands are in it"), "{view}");
    let said = works.home.refused(&["submit", "a boat", "--work-type", "project", "--tier", "4"]);
    assert!(said.contains("has no template for tier 4"), "{said}");
    works.close();
}

#[test]
fn a_plan_file_is_followed_and_a_bad_one_is_refused_with_all_that_is_wrong() {
    let works = Works::open();
    let good = r#"{"tasks": [
        {"key": "cut", "title": "Cut", "domain": "team", "effort": 1, "criteria": ["it is cut"]},
        {"key": "sew", "title": "Sew", "domain": "other", "needs": ["cut"], "effort": 2, "criteria": ["it holds"]}
    ]}"#;
    let path = works.home.write("good.json", good);
    let id = works.submit(&["a sail", "--plan", path.to_str().expect("UTF-8")]);
    works.becomes(&id, "COMPLETED");
    let plan = works.plan(&id);
    assert_eq!(plan["source"], "the plan file given with it");
    assert_eq!((&plan["tasks"][0]["key"], &plan["tasks"][1]["needs"]), (&json!("cut"), &json!(["cut"])));

    let circle = good.replace(r#""domain": "team","#, r#""domain": "team", "needs": ["sew"],"#);
    let path = works.home.write("circle.json", &circle.replace("\"other\"", "\"elsewhere\""));
    let id = works.submit(&["a sail", "--tier", "2", "--plan", path.to_str().expect("UTF-8")]);
    works.becomes(&id, "REJECTED");
    let reason = works.done(&["status", &id, "--json"]).json()["reason"].to_string();
    assert!(reason.contains("elsewhere") && reason.contains("cut") && reason.contains("sew"), "{reason}");

    let path = works.home.write("broken.json", "{\"tasks\": [{\"key\": 3}]}");
    let ended = works.home.echelon(&["submit", "x", "--plan", path.to_str().expect("UTF-8")]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("broken.json") && ended.stderr.contains("workflow schema"), "{}", ended.stderr);
    works.close();
}

#[test]
fn an_instruction_made_of_parts_is_followed_and_ends_with_them_and_says_when_one_of_them_waits_for_a_person() {
    let works = Works::open();
    let id = works.submit(&["the sea", "--work-type", "tour"]);
    let waiting = works.for_ada("add to its brief");
    let part = waiting["instruction"].as_str().expect("an id").to_owned();
    let view = works.done(&["status", &id, "--json"]).json();
    assert_eq!((&view["instruction"]["state"], &view["parts"][0]["key"]), (&json!("EXECUTING"), &json!("pack")));
    eventually("only a person can go on", || {
        let view = works.done(&["status", &id, "--json"]).json();
        let asks = view["needs_person"].as_array().is_some_and(|needs| !needs.is_empty());
        (view["instruction"]["waits_for_person"] == true && asks).then_some(())
    });
    works.done(&["--as", "ada", "answer", &part, "--field", "goals=to swim", "--field", "reader=us"]);
    works.becomes(&id, "COMPLETED");
    let journal = works.done(&["watch", &id, "--from", "0", "--no-follow"]).stdout;
    assert!(journal.contains("Pack for the sea") && journal.contains("chore ("), "{journal}");
    let text = works.done(&["plan", &id]).stdout;
    assert!(text.contains("go COMPLETED  main, errand, after pack"), "{text}");

    // What holds the whole holds its parts, and what ends it ends them.
    let id = works.submit(&["wait for the tide", "--work-type", "tour"]);
    let part = works.for_ada("add to its brief")["instruction"].as_str().expect("an id").to_owned();
    let paused = |id: &str| works.done(&["status", id, "--json"]).json()["instruction"]["paused"].clone();
    works.done(&["pause", &id, "--reason", "a storm"]);
    assert!(paused(&part).to_string().contains("a storm"), "{}", paused(&part));
    works.done(&["resume", &id]);
    assert_eq!(paused(&part), json!(null));
    works.done(&["task", "cancel", &id, "--reason", "no boat"]);
    works.becomes(&part, "CANCELLED");
    works.go();
    works.close();
}

#[test]
fn milestones_are_broken_down_although_the_tech_lead_is_away() {
    let works = Works::open();
    works.done(&["away", "main:tech-lead", "--reason", "a cold"]);
    let id = works.submit(&["wait for the boat", "--work-type", "project"]);
    // The gates of the tech lead wait for their clocks; until there, the manager sees to it.
    eventually("the design is broken down", || {
        let plan = works.plan(&id);
        (plan["tasks"][0]["parts"][0]["key"] == "sketch").then_some(())
    });
    works.go();
    works.close();
}
