//! Who may do what.

use super::{CHART, Studio};

/// A command, and the least of the roles that may give it: 1 contributor, 2 manager, 3 operator.
const COMMANDS: &[(&[&str], usize)] = &[
    (&["submit", "--key", "one", "wait for it"], 1),
    (&["pause", "INSTRUCTION", "--reason", "lunch"], 2),
    (&["resume", "INSTRUCTION"], 2),
    (&["task", "grant", "TASK", "1h", "--reason", "it is hard"], 2),
    (&["task", "priority", "TASK", "high"], 2),
    (&["task", "priority", "TASK", "low"], 2),
    (&["task", "reassign", "TASK", "--to", "bob", "--reason", "he is free"], 2),
    (&["task", "reassign", "TASK", "--to", "ann", "--reason", "she is free"], 2),
    (&["away", "team:lead", "--reason", "a cold"], 2),
    (&["back", "team:lead"], 2),
    (&["away", "person:ada", "--reason", "a cold"], 2),
    (&["back", "person:ada"], 2),
    (&["answer", "QUESTION", "blue"], 2),
    (&["approve", "ESCALATION"], 2),
    (&["reject", "ESCALATION", "--reason", "no more"], 2),
    (&["task", "cancel", "TASK", "--reason", "no more"], 2),
    (&["task", "cancel", "INSTRUCTION", "--reason", "no more"], 2),
    (&["org", "apply", "CHART", "--yes"], 3),
];

#[test]
fn each_role_may_do_what_it_may_and_nothing_else() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "wait for it");
    studio.wait_for("job", "IN_PROGRESS");
    let task =
        studio.json("", &["task", "list", "--instruction", &instruction])[0]["id"].as_str().expect("an id").to_owned();
    studio.submit("", "job", "ask me");
    let question = studio.waits_for("ada", "answer a question")["id"].as_str().expect("an id").to_owned();
    studio.submit("", "job", "fail at it");
    let escalation = studio.waits_for("ada", "clear the blocker")["id"].as_str().expect("an id").to_owned();
    let next = studio.home.write("org/next.toml", &CHART.replace("\"Maker\"", "\"Artist\""));
    let fill = |word: &'static str| match word {
        "CHART" => next.to_str().expect("a plain name").to_owned(),
        "INSTRUCTION" => instruction.clone(),
        "TASK" => task.clone(),
        "QUESTION" => question.clone(),
        "ESCALATION" => escalation.clone(),
        plain => plain.to_owned(),
    };
    // What ends something is for the last of them.
    let ending = |command: &[&str]| ["answer", "approve", "reject"].contains(&command[0]) || command[1] == "cancel";
    // From those who may least, so that what is refused has changed nothing for those who may.
    for (rank, person) in [(0, "eve"), (1, "cyd"), (2, "ada"), (3, "olu"), (3, "")] {
        for (command, least) in COMMANDS.iter().filter(|(command, least)| rank < *least || !ending(command)) {
            let words: Vec<String> = command.iter().map(|word| fill(word)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let finished = studio.echelon(person, &words);
            if rank >= *least {
                assert_eq!(finished.code, Some(0), "{person}: {words:?}: {finished:#?}\n{}", studio.home.log());
            } else {
                assert_eq!(finished.code, Some(9), "{person}: {words:?}: {finished:#?}");
                assert!(
                    finished.stderr.contains(&format!("person:{person} may not")),
                    "{words:?}: {}",
                    finished.stderr
                );
            }
        }
    }
    studio.done("ada", &["answer", &question, "blue"]);
    studio.done("olu", &["reject", &escalation, "--reason", "no more"]);
    studio.done("", &["task", "cancel", &instruction, "--reason", "no more"]);
    studio.go();
    studio.close();
}

#[test]
fn an_observer_reads_everything() {
    let studio = Studio::open();
    let instruction = studio.submit("", "job", "wait for it");
    studio.wait_for("job", "IN_PROGRESS");
    for command in [
        &["status"][..],
        &["status", &instruction],
        &["tree"],
        &["inbox"],
        &["inbox", "ada"],
        &["inbox", "operator"],
        &["task", "list"],
        &["task", "show", "job"],
        &["why", "job"],
        &["doctor"],
        &["audit", "verify"],
        &["watch", "--no-follow"],
        &["audit", "export"],
        &["store", "check"],
        &["store", "export"],
    ] {
        studio.done("eve", command);
    }
    studio.go();
    studio.close();
}

#[test]
fn a_person_whom_the_chart_does_not_know_is_nobody() {
    let studio = Studio::open();
    studio.refused("zoe", &["status"], &["no person `zoe`", "ada, ben, cyd, eve, olu"]);
    studio.refused("zoe", &["submit", "x"], &["no person `zoe`"]);
    let wrong = studio.echelon("No Name", &["status"]);
    assert_eq!(wrong.code, Some(2), "{wrong:#?}");
    studio.refused("", &["inbox", "nobody"], &["no place `nobody`", "main/team:lead"]);
    studio.refused("", &["inbox", "lead"], &["could be any of", "main/craft:lead"]);
    studio.refused("", &["inbox", "ben"], &["person:ben", "main/craft/ben"]);
    studio.done("", &["inbox", "team:lead"]);
    studio.close();
}
