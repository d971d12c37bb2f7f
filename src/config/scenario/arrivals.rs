//! Reads what comes in in a scenario, and when.

use super::read::{Place, SPAN_LIMIT};
use super::{Arrivals, Kind, Pattern, request, trace};
use crate::config::reader::{Table, Value};
use crate::config::{Files, clocks};
use crate::domain::time::Millis;

/// The most instructions a day that a stream may have in the mean.
const RATE_LIMIT: f64 = 10_000_000.0;

/// The most instructions of one burst.
const BURST_LIMIT: u32 = 10_000_000;

/// Where the words for the patterns are explained.
const PATTERNS: &[&str] = &["poisson", "burst", "trace"];

/// The streams in the order of the file.
pub(super) fn read(tables: Vec<Table<'_>>, place: Place<'_>) -> Vec<Arrivals> {
    tables.into_iter().filter_map(|table| stream(table, place)).collect()
}

fn stream(mut table: Table<'_>, place: Place<'_>) -> Option<Arrivals> {
    let word = table.required("pattern", "`pattern = \"poisson\"`, `\"burst\"` or `\"trace\"`");
    let word = word.and_then(|value| value.word(PATTERNS));
    let pattern = match word {
        Some("poisson") => poisson(&mut table, place),
        Some("burst") => burst(&mut table, place),
        Some(_) => traced(&mut table, place),
        None => {
            // Which keys belong here depends on the pattern: without one, those of any may be right.
            for key in ["per_day", "from", "until", "at", "count", "within", "file"] {
                table.optional(key);
            }
            None
        }
    };
    let mix_tables = table.tables("mix", "kind of instruction");
    if word == Some("trace") {
        if let Some(first) = mix_tables.first() {
            first.fault("a trace says itself what comes in", "drop `[[arrivals.mix]]`");
        }
    } else if word.is_some() && table.optional("mix").is_none() && table.knows_every_key() {
        table.fault(
            "nothing is said of what comes in here",
            "add `[[arrivals.mix]]` with a `text`, once for each kind of instruction",
        );
    }
    let mix: Vec<Kind> = mix_tables.into_iter().flat_map(|one| request::kinds(one, place)).collect();
    table.finish();
    Some(Arrivals { pattern: pattern?, mix })
}

fn poisson(table: &mut Table<'_>, place: Place<'_>) -> Option<Pattern> {
    let per_day = table.required("per_day", "`per_day = 12`, how many come in on a day in the mean");
    let accept = |rate: f64| rate > 0.0 && rate <= RATE_LIMIT;
    let per_day = per_day.and_then(|value| value.number("a number, more than 0 and at most 10000000", accept));
    let from_value = table.optional("from");
    let from = from_value.as_ref().and_then(|value| moment(value, place)).unwrap_or_default();
    let until_value = table.optional("until");
    let until = until_value.as_ref().and_then(|value| value.duration(Millis(1), SPAN_LIMIT));
    if let (Some(value), Some(until)) = (&until_value, until)
        && until <= from
    {
        value.fault(
            format!("{} is {}, and they begin at {}", value.label(), clocks::shown(until), clocks::shown(from)),
            "write a later one, or drop it",
        );
    }
    Some(Pattern::Poisson { per_day: per_day?, from, until })
}

fn burst(table: &mut Table<'_>, place: Place<'_>) -> Option<Pattern> {
    let at = table.required("at", "`at = \"2d\"`, how long after the beginning");
    let at = at.and_then(|value| moment(&value, place));
    let count = table.required("count", "`count = 40`, how many come in");
    let count = count.and_then(|value| value.small_integer(1..=BURST_LIMIT));
    let within = table.optional("within").and_then(|value| value.duration(Millis(0), SPAN_LIMIT));
    Some(Pattern::Burst { at: at?, count: count?, within: within.unwrap_or_default() })
}

fn traced(table: &mut Table<'_>, place: Place<'_>) -> Option<Pattern> {
    let value = table.required("file", "`file = \"week.csv\"`, or one that ends in `.jsonl`")?;
    let file = Files::beside(place.path, value.line_of_text()?);
    let format = trace::Format::of(&file);
    if format.is_none() {
        value.fault(
            format!("{} ends in neither `.csv` nor `.jsonl`", value.label()),
            "name a file of comma-separated values with a header, or one with an object of JSON on each line",
        );
    }
    let text = place.files.open(&file, Some(&value))?;
    Some(Pattern::Trace(trace::read(&text, format?, &file, place)))
}

/// How long after the beginning something happens; not when it is over.
pub(super) fn moment(value: &Value<'_>, place: Place<'_>) -> Option<Millis> {
    let moment = value.duration(Millis(0), SPAN_LIMIT)?;
    if let Some(end) = place.end.filter(|end| moment >= *end) {
        value.fault(
            format!("{} is {}, when it is over already", value.label(), clocks::shown(moment)),
            format!("write less than the {} that this scenario's `days` are, or raise these", clocks::shown(end)),
        );
    }
    Some(moment)
}
