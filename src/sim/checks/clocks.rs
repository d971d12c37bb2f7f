//! Clocks that fire, and leases that run out. Limits are a copy of their own; where a chart has others for a state, the
//! least of all that are known. What is not known makes a clock fire later, never earlier.

use super::fault::{Fault, Scene, expect};
use super::invariant::CLOCKS;
use super::record::{MARKS, Record};
use crate::domain::command::Action;
use crate::domain::event::TaskEvent;
use crate::domain::org::Chart;
use crate::domain::review::TaskKind;
use crate::domain::task::StateName;
use crate::domain::time::{Millis, OrgTime};
use crate::domain::work::Tier;

/// A clock fires once, in its turn, and not before it is due; nothing fires while the instruction is paused.
pub(super) fn check(record: &Record, scene: &Scene<'_>, event: &TaskEvent) -> Result<(), Fault> {
    let now = scene.entry.at.org;
    let by_clock = matches!(scene.command.action, Action::FireClocks { .. });
    let due = match event {
        TaskEvent::ClockFired { mark, .. } => {
            let is_next = MARKS.get(record.fired) == Some(mark);
            expect(is_next, CLOCKS, || format!("its {mark:?} is passed after {} others", record.fired))?;
            let limit = at_least(record, scene.chart).map_or(Millis::default(), |limits| limits[record.fired]);
            Some(record.entered.plus(limit).plus(record.granted).plus(record.stood_still))
        }
        TaskEvent::Stalled { .. } => {
            let heard = record.running.as_ref().filter(|running| !running.stalled);
            expect(heard.is_some(), CLOCKS, || "it stalls again without a sign of life".to_owned())?;
            heard.map(|running| running.heard.plus(scene.chart.sla.heartbeat))
        }
        TaskEvent::ForecastPassed => {
            expect(record.forecast.is_some(), CLOCKS, || "a forecast passes and there was none".to_owned())?;
            record.forecast
        }
        TaskEvent::EscalationClimbed { id, .. } if by_clock => record.escalation(*id).map(|open| open.due),
        TaskEvent::EscalationReminded { id } => record.escalation(*id).map(|open| open.due),
        TaskEvent::EscalationTold { id, .. } => record.escalation(*id).map(|open| open.acknowledge_by),
        TaskEvent::QuestionClimbed { id, .. } | TaskEvent::QuestionReminded { id } => {
            record.questions.iter().find(|asked| asked.id == *id).map(|asked| asked.due)
        }
        TaskEvent::AttemptFailed { .. } if matches!(scene.command.action, Action::ExpireLeases { .. }) => {
            let until = record.running.as_ref().map(|running| running.lease_until);
            let early = until.filter(|until| *until > scene.entry.at.wall);
            return expect(early.is_none(), CLOCKS, || "its lease runs out before its time".to_owned());
        }
        _others => None,
    };
    expect(!by_clock || !scene.course.is_paused(), CLOCKS, || {
        "a clock fires while its instruction is paused".to_owned()
    })?;
    expect(due.is_none_or(|due| now >= due), CLOCKS, || {
        format!("it fires {} ms early", due.map_or(0, |due: OrgTime| due.since(now).0))
    })
}

/// The least that target, warning and escalation of the state of a task can be; nothing where that is not known.
fn at_least(record: &Record, chart: &Chart) -> Option<[Millis; 3]> {
    let usual = usual(record, chart)?;
    let overrides = chart.sla.overrides.iter().filter(|one| one.states.contains(&record.state));
    let least = overrides.flat_map(|one| [one.target, one.warn, one.escalate]).flatten().min();
    // Whatever an override says, no limit is below the least that is written anywhere, or below the usual target.
    Some(least.map_or(usual, |least| [least.min(usual[0]); 3]))
}

fn usual(record: &Record, chart: &Chart) -> Option<[Millis; 3]> {
    let hours = |limits: [i64; 3]| Some(limits.map(Millis::from_hours));
    match record.state {
        StateName::Pending if record.tier >= Tier::Complex => hours([8, 16, 32]),
        StateName::Pending => hours([2, 4, 8]),
        StateName::InPlanning => hours([24, 36, 48]),
        StateName::Assigned | StateName::UnderReview => hours([4, 8, 24]),
        StateName::Blocked => hours([2, 2, 4]),
        StateName::DomainReview => hours([8, 16, 48]),
        StateName::ReadyForHandoff => hours([24, 48, 72]),
        StateName::InProgress => by_effort(record, chart),
        StateName::Escalated | StateName::Completed | StateName::Cancelled => None,
    }
}

/// As long as the work takes whoever has it, and one and a half and two times as long. How long a milestone takes follows
/// from its parts, which is not known here.
fn by_effort(record: &Record, chart: &Chart) -> Option<[Millis; 3]> {
    if record.kind == TaskKind::Strategic {
        return None;
    }
    let ic = record.owner.as_ref().and_then(|owner| owner.ic()).and_then(|ic| chart.ics.get(ic));
    let a_day = ic.map(|ic| ic.hours_per_day.milli_hours()).filter(|hours| *hours > 0).unwrap_or(8_000);
    let millis = i64::from(record.effort.milli_hours()).saturating_mul(3_600);
    let target = millis.saturating_mul(24_000).checked_div(i64::from(a_day))?;
    Some([target, target.saturating_mul(3) / 2, target.saturating_mul(2)].map(Millis))
}
