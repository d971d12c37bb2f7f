//! The clocks of a chart: how fast its time runs, how long things wait, and how often everybody reports.

use super::reader::{Table, Value};
use crate::domain::org::{Chart, ClockPolicy, Downtime};
use crate::domain::sla::Sla;
use crate::domain::time::Millis;

/// The shortest span that is one.
const SHORTEST: Millis = Millis(1);

/// The longest span of a clock, a year of 365.25 days: what is noticed later than that is not noticed.
const LONGEST: Millis = Millis::from_secs(31_557_600);

/// The highest speed, at which a day takes less than a tenth of a second; beyond it timers are coarser than deadlines.
const TOP_SPEED: u32 = 1_000_000;

/// The most open escalations that are told one by one; no list that long is read.
const DIGEST_LIMIT: u32 = 100_000;

/// Reads `[clock]`, `[timers]` and `[standup]` into the chart.
pub(super) fn read(root: &mut Table<'_>, chart: &mut Chart) {
    if let Some(table) = root.optional("clock").and_then(|value| value.table()) {
        chart.clock = clock(table);
    }
    if let Some(table) = root.optional("timers").and_then(|value| value.table()) {
        chart.sla = timers(table);
    }
    if let Some(mut table) = root.optional("standup").and_then(|value| value.table()) {
        chart.standup_every = table.required("every", "`every = \"24h\"`").and_then(|value| span(&value));
        table.finish();
    }
}

/// A span of time that a clock of the organisation may run for.
pub(super) fn span(value: &Value<'_>) -> Option<Millis> {
    value.duration(SHORTEST, LONGEST)
}

/// A span as messages show it.
pub(super) fn shown(span: Millis) -> String {
    format!("`{}`", humantime::format_duration(span.to_duration()))
}

fn clock(mut table: Table<'_>) -> ClockPolicy {
    let usual = ClockPolicy::default();
    let speed = table.optional("speed").and_then(|value| value.small_integer(1..=TOP_SPEED));
    let downtime = table.optional("downtime").and_then(|value| value.word(Downtime::ALL));
    table.finish();
    ClockPolicy { speed: speed.unwrap_or(usual.speed), downtime: downtime.unwrap_or(usual.downtime) }
}

fn timers(mut table: Table<'_>) -> Sla {
    let usual = Sla::default();
    let (acknowledge_delegation, escalate_delegation) = delegation(&mut table, &usual);
    let mut timer = |key, usual| table.optional(key).and_then(|value: Value<'_>| span(&value)).unwrap_or(usual);
    let timers = Sla {
        overrides: Vec::new(),
        heartbeat: timer("heartbeat", usual.heartbeat),
        acknowledge_escalation: timer("acknowledge_escalation", usual.acknowledge_escalation),
        acknowledge_delegation,
        escalate_delegation,
        answer: timer("answer", usual.answer),
        remind: timer("remind", usual.remind),
        digest_every: timer("digest_every", usual.digest_every),
        digest_after: table
            .optional("digest_after")
            .and_then(|value| value.small_integer(1..=DIGEST_LIMIT))
            .unwrap_or(usual.digest_after),
    };
    table.finish();
    timers
}

/// The two clocks of a delegation: it goes up the line no earlier than it is to be acknowledged.
fn delegation(table: &mut Table<'_>, usual: &Sla) -> (Millis, Millis) {
    let acknowledge_value = table.optional("acknowledge_delegation");
    let escalate_value = table.optional("escalate_delegation");
    let read = |value: &Option<Value<'_>>, usual| value.as_ref().map_or(Some(usual), span);
    let acknowledge = read(&acknowledge_value, usual.acknowledge_delegation);
    let escalate = read(&escalate_value, usual.escalate_delegation);
    if let (Some(acknowledge), Some(escalate)) = (acknowledge, escalate)
        && escalate < acknowledge
    {
        let (least, most) = (shown(acknowledge), shown(escalate));
        match (&escalate_value, &acknowledge_value) {
            (Some(value), _) => value.fault(
                format!("{} is {most}, before `acknowledge_delegation` at {least}", value.label()),
                format!("write {least} or more"),
            ),
            (None, Some(value)) => value.fault(
                format!("{} is {least}, after `escalate_delegation` at its usual {most}", value.label()),
                format!("write {most} or less, or add `escalate_delegation`"),
            ),
            // The usual values are in order.
            (None, None) => {}
        }
    }
    (acknowledge.unwrap_or(usual.acknowledge_delegation), escalate.unwrap_or(usual.escalate_delegation))
}
