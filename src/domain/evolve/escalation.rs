//! What events make of the escalation records of a task.

use super::task::PAST_KEPT;
use crate::domain::event::Target;
use crate::domain::id::EscalationId;
use crate::domain::task::{Escalation, Skipped, StateName, Task, Trouble, Turn};
use crate::domain::time::{Millis, Stamp};

/// A record as it begins.
pub(super) fn raised(task: &Task, trouble: Trouble, overdue: Millis, to: &Target, at: Stamp) -> Escalation {
    Escalation {
        trouble,
        // What is blocked has just been moved on to the state in which it is escalated.
        state: if trouble == Trouble::Blocked { StateName::Blocked } else { task.state.name() },
        overdue,
        raised: at,
        level: to.level,
        holder: to.holder.clone(),
        since: at,
        due: to.due,
        acknowledge_by: to.acknowledge_by,
        acknowledged: None,
        told: None,
        decision: None,
        turns: passed_over(&to.skipped),
        closed: None,
    }
}

/// It leaves one level for another.
pub(super) fn climb(record: &mut Escalation, reason: &str, to: &Target, at: Stamp) {
    let outcome = record.decision.take().unwrap_or_else(|| reason.to_owned());
    record.turns.push(Turn { level: record.level, holder: record.holder.clone(), outcome, skipped: false });
    record.turns.extend(passed_over(&to.skipped));
    record.level = to.level;
    record.holder = to.holder.clone();
    record.since = at;
    record.due = to.due;
    record.acknowledge_by = to.acknowledge_by;
    record.acknowledged = None;
    record.told = None;
}

fn passed_over(skipped: &[Skipped]) -> Vec<Turn> {
    let turn =
        |one: &Skipped| Turn { level: one.level, holder: one.who.clone(), outcome: one.why.clone(), skipped: true };
    skipped.iter().map(turn).collect()
}

/// It is over; the latest ones are kept.
pub(super) fn close(task: &mut Task, id: EscalationId, reason: &str, at: Stamp) {
    if let Some(mut record) = task.escalations.remove(&id) {
        record.closed = Some((at, reason.to_owned()));
        if task.past_escalations.len() >= PAST_KEPT {
            task.past_escalations.remove(0);
        }
        task.past_escalations.push((id, record));
    }
}
