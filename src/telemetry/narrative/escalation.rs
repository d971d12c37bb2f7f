//! The words of clocks and escalations: what is late, by how much, with whom it is, and what they decided.

use super::{Importance, quote};
use crate::domain::event::{Target, TaskEvent};
use crate::domain::id::EscalationId;
use crate::domain::role::Role;
use crate::domain::sla::Mark;
use crate::domain::task::{Escalation, Task, Trouble};
use crate::domain::time::Millis;

/// A span as people say it: `4h 30m`, `12s`; the two largest units, of which a second is the smallest unless there is
/// nothing else to say.
#[must_use]
pub fn span(span: Millis) -> String {
    let millis = span.0.max(0);
    if millis == 0 {
        return "0s".to_owned();
    }
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let mut rest = millis;
    let mut parts = Vec::new();
    for (name, size) in units {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{}{name}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { format!("{millis}ms") } else { parts.join(" ") }
}

fn record(task: Option<&Task>, id: EscalationId) -> Option<&Escalation> {
    let task = task?;
    let past = || task.past_escalations.iter().rev().find(|(past, _)| *past == id).map(|(_, record)| record);
    task.escalations.get(&id).or_else(past)
}

fn to_whom(to: &Target) -> String {
    let skipped: Vec<String> = to.skipped.iter().map(|one| format!("{} ({})", one.who, quote(&one.why))).collect();
    let passed = if skipped.is_empty() { String::new() } else { format!(", passing over {}", skipped.join(", ")) };
    format!("to {}{passed}", to.holder)
}

/// What it is about: for what is late, where and by how much; for what is blocked, by what.
fn about(trouble: Trouble, record: Option<&Escalation>, task: Option<&Task>, overdue: Millis, climbs: bool) -> String {
    let over = span(overdue);
    let state = record.map(|record| record.state).or_else(|| task.map(|task| task.state.name()));
    let state = state.map(|state| state.to_string()).unwrap_or_default();
    match trouble {
        Trouble::Late => format!("late in {state}, {over} over its target"),
        Trouble::Stalled => format!("stalled in {state}, silent for {over}"),
        Trouble::Unacknowledged => format!("not acknowledged in {state} for {over}"),
        Trouble::Blocked => {
            let kind = task.and_then(|task| task.state.blocker()).map(|blocker| quote(&blocker.kind.to_string()));
            let since = match (climbs, overdue.0) {
                // Levels that have no means pass it on at once; how long that takes says nothing.
                (_, ..1_000) => String::new(),
                (false, _) => format!(", {over} over its target"),
                (true, _) => format!(", escalated for {over}"),
            };
            format!("blocked ({}){since}", kind.unwrap_or_else(|| "cleared since".to_owned()))
        }
        Trouble::Rounds | Trouble::Handoff => trouble.to_string(),
    }
}

/// A digest takes the place of lines for each, so those are details then.
const fn importance(to: &Target) -> Importance {
    if to.in_digest { Importance::Detail } else { Importance::Trouble }
}

/// The line of an event about clocks, escalations, delegations or questions that nobody answers; `None` for others.
pub(super) fn line(event: &TaskEvent, task: Option<&Task>, who: &str) -> Option<(Importance, String)> {
    let (change, trouble, detail) = (Importance::Change, Importance::Trouble, Importance::Detail);
    Some(match event {
        TaskEvent::EscalationRaised { id, trouble: raised, overdue, to } => {
            let what = about(*raised, record(task, *id), task, *overdue, false);
            (importance(to), format!("ESCALATION {}: {what}", to_whom(to)))
        }
        TaskEvent::EscalationClimbed { id, reason, overdue, to } => {
            let record = record(task, *id);
            let what = record.map(|found| format!("{}; ", about(found.trouble, record, task, *overdue, true)));
            let left = record.and_then(|found| {
                let turns = found.turns.iter().rev().filter(|turn| !turn.skipped);
                let mut turns = turns.skip_while(|turn| turn.level >= to.level);
                turns.next()
            });
            let from = match left {
                // What a level did not decide is recorded with why it left that level.
                Some(turn) if turn.outcome == *reason => format!("from {}: {}", turn.holder, quote(reason)),
                Some(turn) => format!("from {}, who had decided: {}", turn.holder, quote(&turn.outcome)),
                None => quote(reason),
            };
            (importance(to), format!("ESCALATION goes up {}: {}{from}", to_whom(to), what.unwrap_or_default()))
        }
        TaskEvent::EscalationTold { id, to } => {
            let holder = record(task, *id).map(|record| record.holder.to_string()).unwrap_or_default();
            (trouble, format!("ESCALATION not acknowledged by {holder}: {to} is told, too"))
        }
        TaskEvent::EscalationReminded { id } => {
            let holder = record(task, *id).map_or_else(|| Role::Operator.to_string(), |one| one.holder.to_string());
            (trouble, format!("{holder} is reminded of the escalation"))
        }
        TaskEvent::EscalationAcknowledged { .. } => (detail, format!("{who} has the escalation")),
        TaskEvent::EscalationDecided { decision, .. } => {
            (trouble, format!("ESCALATION, {who} decides: {}", quote(decision)))
        }
        TaskEvent::EscalationClosed { reason, .. } => (change, format!("ESCALATION over: {}", quote(reason))),
        TaskEvent::ClockFired { mark, overdue } => {
            let state = task.map(|task| format!(" in {}", task.state.name())).unwrap_or_default();
            match mark {
                Mark::Target => (detail, format!("past its target{state}")),
                Mark::Warning => (trouble, format!("late{state}, {} over its target", span(*overdue))),
                Mark::Escalation => (detail, format!("past its limit{state}, {} over its target", span(*overdue))),
            }
        }
        TaskEvent::Stalled { .. } => (trouble, "stalled: nothing is heard of the attempt".to_owned()),
        TaskEvent::Reminded { role } => (trouble, format!("{role} is reminded: it waits for their judgement")),
        TaskEvent::WaitsForCapacity { until, ahead } => {
            let before = format!("{ahead} of work come before it");
            (change, format!("waits for capacity: {before}; it is looked at again by {until}"))
        }
        TaskEvent::ForecastPassed => (detail, "still waits for capacity at the time of the forecast".to_owned()),
        TaskEvent::DelegationAcknowledged => (detail, format!("{who} has it")),
        TaskEvent::DelegationSentAgain => {
            let to = task.and_then(|task| task.delegation.as_ref()).map(|one| one.to.to_string()).unwrap_or_default();
            (trouble, format!("sent to {to} again: they have not said that they have it"))
        }
        TaskEvent::QuestionClimbed { id, to, .. } => {
            (trouble, format!("question {} is not answered and goes to the {to}", id.short()))
        }
        TaskEvent::QuestionReminded { id } => {
            (trouble, format!("question {} is not answered: a person is reminded", id.short()))
        }
        TaskEvent::ItemsVerified { receiver, items } => {
            (change, format!("handoff: {receiver} has verified {}", super::count(items.len(), "item")))
        }
        _others => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_its_two_largest_units() {
        let table = [
            (0, "0s"),
            (999, "999ms"),
            (1_000, "1s"),
            (61_000, "1m 1s"),
            (3_600_000, "1h"),
            (3_601_000, "1h"),
            (90_060_000, "1d 1h"),
            (-5, "0s"),
        ];
        for (millis, said) in table {
            assert_eq!(span(Millis(millis)), said);
        }
    }
}
