//! An initiative goes by phases, and nothing waits that need not.

use std::collections::BTreeMap;

use echelon::config;
use echelon::domain::event::TaskEvent;

use super::{CHARTS, complete, folder, plan_of, request, when};
use crate::stage::Stage;

#[test]
fn each_phase_begins_at_the_very_time_at_which_the_last_one_it_needs_is_done() {
    for name in CHARTS {
        let chart = config::load(&folder().join(name)).expect("it is sound");
        let mut stage = Stage::open(name);
        let id = complete(&mut stage, request(&chart, "initiative", "Bring the product to small companies"));
        let plan = plan_of(stage.entries(), id);
        let done: BTreeMap<_, _> = plan
            .tasks
            .iter()
            .map(|task| {
                let done = when(stage.entries(), task.id, |event| matches!(event, TaskEvent::Completed));
                (task.id, done.expect("every phase is completed"))
            })
            .collect();
        let mut waited = 0;
        for task in &plan.tasks {
            let Some(last) = task.needs.iter().map(|need| done[need]).max() else { continue };
            let begun = when(stage.entries(), task.id, |event| matches!(event, TaskEvent::ChildrenStarted));
            assert_eq!(begun, Some(last), "{name}: {}\n{}", task.key, stage.story());
            waited += 1;
        }
        assert!(waited >= 6, "{name}: {waited} phases need others");
        let together = plan.tasks.iter().filter(|task| task.needs.len() > 1).count();
        assert!(together >= 1, "{name}: one phase needs several");
    }
}
