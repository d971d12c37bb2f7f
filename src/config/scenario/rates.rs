//! Reads how work goes in a scenario: how long it takes, how those who work and decide go about it, and what goes wrong.
//!
//! Every table and every key may be left out; what is usual stands here.

use super::read::SPAN_LIMIT;
use super::{Conduct, EffortModel, FaultRates, People};
use crate::config::reader::{Table, Value};
use crate::domain::time::Millis;

/// The usual standard deviation of the logarithm of effort: one piece in six takes 1.35 times as long as planned or longer.
const USUAL_SPREAD: f64 = 0.3;

/// The widest spread; with more, a single piece of work may take years.
const WIDEST_SPREAD: f64 = 2.0;

/// Nobody who works and reviews does anything but work and approve, after twenty minutes of reading.
const USUAL_CONDUCT: Conduct = Conduct { rework: 0.0, blocked: 0.0, questions: 0.0, review: Millis::from_secs(1_200) };

/// Nothing goes wrong. A worker that is silent for half a working day is lost; a quota comes back after an hour.
const USUAL_FAULTS: FaultRates = FaultRates {
    transient: 0.0,
    lost: 0.0,
    silent: 0.0,
    duplicate: 0.0,
    quota: 0.0,
    quota_reset: Millis::from_hours(1),
    restart_every: None,
    lease: Millis::from_hours(4),
};

/// Whoever is asked answers within the hour, as often as not.
const USUAL_PEOPLE: People = People { answers_after: Millis::from_hours(1) };

/// The shortest span between two restarts: with less, the organisation would not get to anything else.
const LEAST_BETWEEN_RESTARTS: Millis = Millis::from_secs(600);

/// Sums of shares are held to 1 up to this, as tenths have no exact value.
const ROUNDING: f64 = 1e-9;

/// Reads `[effort]`.
pub(super) fn effort(root: &mut Table<'_>) -> EffortModel {
    let Some(mut table) = root.optional("effort").and_then(|value| value.table()) else {
        return EffortModel::Lognormal { spread: USUAL_SPREAD };
    };
    let word = table.required("distribution", "`distribution = \"lognormal\"`, `\"exponential\"` or `\"exact\"`");
    let word = word.and_then(|value| value.word(&["lognormal", "exponential", "exact"]));
    let spread_value = table.optional("spread");
    let spread = spread_value
        .as_ref()
        .and_then(|value| value.number("a number from 0 to 2", |spread| (0.0..=WIDEST_SPREAD).contains(&spread)));
    table.finish();
    match word {
        Some("exact") => no_spread(spread_value.as_ref(), EffortModel::Exact),
        Some("exponential") => no_spread(spread_value.as_ref(), EffortModel::Exponential),
        Some(_) | None => EffortModel::Lognormal { spread: spread.unwrap_or(USUAL_SPREAD) },
    }
}

fn no_spread(spread: Option<&Value<'_>>, model: EffortModel) -> EffortModel {
    if let Some(value) = spread {
        value.fault("`spread` is for a lognormal distribution", "drop it, or set `distribution = \"lognormal\"`");
    }
    model
}

/// Reads `[conduct]` and `[faults]`, whose shares of attempts are shares of the same.
pub(super) fn conduct_and_faults(root: &mut Table<'_>) -> (Conduct, FaultRates) {
    let conduct_value = root.optional("conduct");
    let faults_value = root.optional("faults");
    let conduct = conduct_value.as_ref().and_then(Value::table).map_or(USUAL_CONDUCT, conduct);
    let faults = faults_value.as_ref().and_then(Value::table).map_or(USUAL_FAULTS, faults);
    let parts = [faults.transient, faults.lost, faults.silent, faults.duplicate, faults.quota];
    let sum: f64 = parts.iter().chain(&[conduct.blocked, conduct.questions]).sum();
    if sum > 1.0 + ROUNDING
        && let Some(value) = faults_value.or(conduct_value)
    {
        value.fault(
            format!("what becomes of an attempt sums up to {sum:.3}, which is more than all of them"),
            "make `transient`, `lost`, `silent`, `duplicate`, `quota`, `blocked` and `questions` 1 or less together",
        );
    }
    (conduct, faults)
}

fn conduct(mut table: Table<'_>) -> Conduct {
    let usual = USUAL_CONDUCT;
    let conduct = Conduct {
        rework: share(&mut table, "rework"),
        blocked: share(&mut table, "blocked"),
        questions: share(&mut table, "questions"),
        review: span(&mut table, "review", Millis(0)).unwrap_or(usual.review),
    };
    table.finish();
    conduct
}

fn faults(mut table: Table<'_>) -> FaultRates {
    let usual = USUAL_FAULTS;
    let faults = FaultRates {
        transient: share(&mut table, "transient"),
        lost: share(&mut table, "lost"),
        silent: share(&mut table, "silent"),
        duplicate: share(&mut table, "duplicate"),
        quota: share(&mut table, "quota"),
        quota_reset: span(&mut table, "quota_reset", Millis::from_secs(1)).unwrap_or(usual.quota_reset),
        restart_every: span(&mut table, "restart_every", LEAST_BETWEEN_RESTARTS).or(usual.restart_every),
        lease: span(&mut table, "lease", Millis::from_secs(1)).unwrap_or(usual.lease),
    };
    table.finish();
    faults
}

/// Reads `[people]`.
pub(super) fn people(root: &mut Table<'_>) -> People {
    let Some(mut table) = root.optional("people").and_then(|value| value.table()) else { return USUAL_PEOPLE };
    let answers_after = span(&mut table, "answers_after", Millis(0)).unwrap_or(USUAL_PEOPLE.answers_after);
    table.finish();
    People { answers_after }
}

fn share(table: &mut Table<'_>, key: &'static str) -> f64 {
    let value = table.optional(key);
    let share = value.and_then(|value| value.number("a share, from 0 to 1", |share| (0.0..=1.0).contains(&share)));
    share.unwrap_or_default()
}

fn span(table: &mut Table<'_>, key: &'static str, least: Millis) -> Option<Millis> {
    table.optional(key).and_then(|value| value.duration(least, SPAN_LIMIT))
}
