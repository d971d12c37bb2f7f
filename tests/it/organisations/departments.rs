//! One instruction that several departments do.

use std::collections::{BTreeMap, BTreeSet};

use echelon::config;
use echelon::domain::event::InstructionEvent;
use echelon::domain::instruction::StateName;

use super::{complete, folder, plan_of, request, when_instruction};
use crate::stage::Stage;

#[test]
fn a_launch_fans_out_over_all_departments_and_keeps_their_order() {
    let chart = config::load(&folder().join("company.toml")).expect("it is sound");
    let mut stage = Stage::open("company.toml");
    let id = complete(&mut stage, request(&chart, "product_launch", "Launch the expenses app"));
    let plan = plan_of(stage.entries(), id);
    assert_eq!(plan.parts.len(), 8);
    let departments: BTreeSet<&str> = plan.parts.iter().map(|part| part.department.as_str()).collect();
    assert_eq!(departments.len(), 5, "{departments:?}");

    let entries = stage.entries();
    let times: BTreeMap<_, _> = plan
        .parts
        .iter()
        .map(|part| {
            assert_eq!(stage.ended(part.id), Some(StateName::Completed), "{}", part.key);
            let begun = when_instruction(entries, part.id, |event| matches!(event, InstructionEvent::Executing { .. }));
            let done = when_instruction(entries, part.id, |event| matches!(event, InstructionEvent::Completed { .. }));
            (part.id, (begun.expect("it began"), done.expect("it was completed")))
        })
        .collect();
    for part in &plan.parts {
        let (begun, _) = times[&part.id];
        match part.needs.iter().map(|need| times[need].1).max() {
            // Small instructions wait for nothing else.
            Some(last) => assert_eq!(begun, last, "{}\n{}", part.key, stage.story()),
            None => assert_eq!(part.key.as_str(), "decide", "only the decision needs nothing"),
        }
    }
    let last = times.values().map(|(_, done)| *done).max();
    let whole = when_instruction(entries, id, |event| matches!(event, InstructionEvent::Completed { .. }));
    assert_eq!(whole, last, "the whole is over when its last part is");
}
