//! Everything that a chart can be asked for comes to its end.

use echelon::config;
use echelon::domain::work::Tier;
use echelon::domain::workflow::{ForEach, Workflow};

use super::{CHARTS, complete, folder, request};
use crate::stage::Stage;

/// Whether its plan depends on files, which there are none of on the stage.
fn looks_at_files(workflow: &Workflow) -> bool {
    workflow.steps().any(|step| matches!(step.for_each, Some(ForEach::Glob(_))))
}

#[test]
fn every_work_type_of_every_tier_is_completed() {
    let mut played = 0;
    for name in CHARTS {
        let chart = config::load(&folder().join(name)).expect("it is sound");
        for workflow in chart.workflows.values().filter(|workflow| !looks_at_files(workflow)) {
            let tiers: Vec<Tier> = workflow.tiers().collect();
            assert!(!tiers.is_empty(), "{} of {name} has no template", workflow.work_type);
            for tier in tiers {
                let mut stage = Stage::open(name);
                let mut asked = request(&chart, workflow.work_type.as_str(), "Do what there is to do");
                asked.tier = Some(tier);
                asked.repository = workflow.needs_repository.then(|| "/a/repository".to_owned());
                complete(&mut stage, asked);
                played += 1;
            }
        }
    }
    assert!(played >= 20, "{played}");
}

#[test]
fn what_an_instruction_says_decides_its_tier() {
    let chart = config::load(&folder().join("software.toml")).expect("it is sound");
    let table = [
        ("Fix the greeting", 0),
        ("Greet people by their first name in the mail that welcomes them", 1),
        ("Let customers export their invoices as a spreadsheet", 2),
        ("Ask for permissions before sharing a folder", 3),
        ("Let customers pay by subscription, with billing by the month", 4),
    ];
    for (text, tier) in table {
        let mut stage = Stage::open("software.toml");
        let id = complete(&mut stage, request(&chart, "feature", text));
        let story = stage.story();
        assert!(story.contains(&format!("TRIAGED as feature of tier {tier}")), "{text} ({id}): {story}");
    }
}
