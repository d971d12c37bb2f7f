//! The clocks of a chart: how fast its time runs, how long things wait, and how often everybody reports.

use super::reader::{Table, Value};
use crate::domain::org::{Chart, ClockPolicy, Downtime};
use crate::domain::sla::{FASTEST_SIGNS, SIGNS_IN_TIME, Sla};
use crate::domain::time::Millis;

/// The shortest span that is one.
const SHORTEST: Millis = Millis(1);

/// The longest span of a clock, a year of 365.25 days: what is noticed later than that is not noticed.
const LONGEST: Millis = Millis::from_secs(31_557_600);

/// The highest speed, at which a day takes less than a tenth of a second; beyond it timers are coarser than deadlines.
const TOP_SPEED: u32 = 1_000_000;

/// Wall time between two of what comes again and again, at least: each is a write and something to read.
const LEAST_BETWEEN: Millis = Millis::from_secs(1);

/// Wall time of silence after which work may count as stalled, at least: its signs of life do not come faster.
const LEAST_SILENCE: Millis = Millis(FASTEST_SIGNS.0 * SIGNS_IN_TIME as i64);

/// The most open escalations that are told one by one; no list that long is read.
const DIGEST_LIMIT: u32 = 100_000;

/// Reads `[clock]`, `[timers]` and `[standup]` into the chart.
pub(super) fn read(root: &mut Table<'_>, chart: &mut Chart) {
    let clock_table = root.optional("clock").and_then(|value| value.table());
    let speed_value = clock_table.and_then(|table| clock(table, chart));
    let timers_table = root.optional("timers").and_then(|value| value.table());
    let given = timers_table.map(|table| timers(table, chart)).unwrap_or_default();
    if let Some(value) = &speed_value {
        suits_the_usual_timers(value, chart, given);
    }
    if let Some(mut table) = root.optional("standup").and_then(|value| value.table()) {
        let every = table.required("every", "`every = \"24h\"`");
        chart.standup_every = every.and_then(|value| recurring(&value, LEAST_BETWEEN, chart));
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

/// A span after which something comes again, of a chart that has its clock. At the speed of its time, that must not be more
/// often than every `least` of wall time.
fn recurring(value: &Value<'_>, least: Millis, chart: &Chart) -> Option<Millis> {
    let span = span(value)?;
    is_not_too_often(value, span, least, chart);
    Some(span)
}

/// As [`LEAST_BETWEEN`] has it for a span that `value` says.
pub(super) fn leaves_time_between(value: &Value<'_>, span: Millis, chart: &Chart) {
    is_not_too_often(value, span, LEAST_BETWEEN, chart);
}

fn is_not_too_often(value: &Value<'_>, span: Millis, least: Millis, chart: &Chart) {
    let speed = chart.clock.speed;
    if span < at_speed(least, speed) {
        value.fault(
            format!(
                "{} is {}, which at `speed` {speed} is less than {} of wall time",
                value.label(),
                shown(span),
                shown(least)
            ),
            format!("write {} or more", shown(at_speed(least, speed))),
        );
    }
}

/// The time of the organisation that passes while this much of wall time does.
fn at_speed(wall: Millis, speed: u32) -> Millis {
    Millis(wall.0.saturating_mul(i64::from(speed)))
}

/// Which of the timers that come again and again a chart gives a value of its own.
#[derive(Default)]
struct Given {
    heartbeat: bool,
    remind: bool,
    digest_every: bool,
}

/// Where a chart leaves a timer at its usual value, its speed must not make that too short.
fn suits_the_usual_timers(speed_value: &Value<'_>, chart: &Chart, given: Given) {
    let speed = chart.clock.speed;
    let usual = Sla::default();
    let timers = [
        ("heartbeat", given.heartbeat, usual.heartbeat, LEAST_SILENCE),
        ("remind", given.remind, usual.remind, LEAST_BETWEEN),
        ("digest_every", given.digest_every, usual.digest_every, LEAST_BETWEEN),
    ];
    for (key, is_given, usual, least) in timers {
        if !is_given && usual < at_speed(least, speed) {
            let (top, enough) = (usual.0.checked_div(least.0).unwrap_or_default(), shown(at_speed(least, speed)));
            speed_value.fault(
                format!(
                    "{} is {speed}, at which the usual `{key}` of {} is less than {} of wall time",
                    speed_value.label(),
                    shown(usual),
                    shown(least)
                ),
                format!("write {top} or less, or set `{key}` under `[timers]` to {enough} or more"),
            );
        }
    }
}

/// Returns the value that says how fast time runs, if there is one that can be read.
fn clock<'a>(mut table: Table<'a>, chart: &mut Chart) -> Option<Value<'a>> {
    let usual = ClockPolicy::default();
    let speed_value = table.optional("speed");
    let speed = speed_value.as_ref().and_then(|value| value.small_integer(1..=TOP_SPEED));
    let downtime = table.optional("downtime").and_then(|value| value.word(Downtime::ALL));
    table.finish();
    chart.clock = ClockPolicy { speed: speed.unwrap_or(usual.speed), downtime: downtime.unwrap_or(usual.downtime) };
    speed_value.filter(|_| speed.is_some())
}

/// Reads the timers into a chart that has its clock, and returns which of them are given.
fn timers(mut table: Table<'_>, chart: &mut Chart) -> Given {
    let usual = Sla::default();
    let (acknowledge_delegation, escalate_delegation) = delegation(&mut table, &usual);
    let mut again = |key, usual, least| {
        let value = table.optional(key);
        let read = value.as_ref().and_then(|value| recurring(value, least, chart));
        (read.unwrap_or(usual), value.is_some())
    };
    let (heartbeat, gives_heartbeat) = again("heartbeat", usual.heartbeat, LEAST_SILENCE);
    let (remind, gives_remind) = again("remind", usual.remind, LEAST_BETWEEN);
    let (digest_every, gives_digest_every) = again("digest_every", usual.digest_every, LEAST_BETWEEN);
    let mut timer = |key, usual| table.optional(key).and_then(|value: Value<'_>| span(&value)).unwrap_or(usual);
    chart.sla = Sla {
        overrides: Vec::new(),
        heartbeat,
        acknowledge_escalation: timer("acknowledge_escalation", usual.acknowledge_escalation),
        acknowledge_delegation,
        escalate_delegation,
        answer: timer("answer", usual.answer),
        remind,
        digest_every,
        digest_after: table
            .optional("digest_after")
            .and_then(|value| value.small_integer(1..=DIGEST_LIMIT))
            .unwrap_or(usual.digest_after),
    };
    table.finish();
    Given { heartbeat: gives_heartbeat, remind: gives_remind, digest_every: gives_digest_every }
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
