//! What a manager decides about an instruction that takes longer than expected.

use crate::domain::command::InstructionAction;
use crate::domain::id::TaskId;
use crate::domain::instruction::Instruction;
use crate::domain::plan_review::{in_words, list};
use crate::domain::schedule::{forecast, left_of, schedule};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::{Effort, OrgTime};
use crate::domain::work::Priority;

/// The delay is accepted; where a deadline would be missed, what must not be late goes before other work from now on.
pub(super) fn replan(state: &State, found: &Instruction, now: OrgTime) -> InstructionAction {
    let percent = found.plan.as_ref().and_then(|plan| plan.slipped).unwrap_or_default();
    let done = forecast(state, found, now);
    // A deadline that passed brings it here, too.
    let said = match percent {
        0 => format!("it will be done at {done}"),
        late => format!("it takes {late} % longer than expected and will be done at {done}"),
    };
    let Some(deadline) = found.deadline.filter(|deadline| done > *deadline) else {
        let room = found.deadline.map_or_else(
            || "it has no deadline".to_owned(),
            |deadline| format!("that is {} before its deadline", in_words(deadline.since(done))),
        );
        return InstructionAction::Rebaseline { decision: format!("{said}: {room}"), hurry: Vec::new() };
    };
    let laid = schedule(state, found);
    let path = laid.path.iter().filter_map(|id| state.tasks.get(id));
    let can_hurry = |task: &&Task| task.priority < Priority::High && left_of(task) > Effort::default();
    let hurry: Vec<&Task> = path.filter(can_hurry).collect();
    let what = if hurry.is_empty() {
        "what must not be late goes before other work already".to_owned()
    } else {
        let names = list(hurry.iter().map(|task| task.key.to_string()));
        format!("from now on these go before other work: {names}")
    };
    let late = in_words(done.since(deadline));
    let hurry: Vec<TaskId> = hurry.iter().map(|task| task.id).collect();
    InstructionAction::Rebaseline { decision: format!("{said}, {late} after its deadline; {what}"), hurry }
}
