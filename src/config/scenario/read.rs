//! Reads a scenario: its head, the organisation it is about, and the order in which the rest is read.

use std::path::Path;

use super::{Arrivals, PlannedAbsence, Scenario};
use super::{absence, arrivals, company, rates};
use crate::config::Files;
use crate::config::fault::quoted;
use crate::config::reader::{Source, Table, Value};
use crate::domain::org::Chart;
use crate::domain::time::{Millis, WallTime};

/// The seed of a scenario that says none.
const USUAL_SEED: u64 = 1;

/// When a scenario begins that does not say it: Monday 5 January 2026, 08:00 UTC.
const USUAL_START: WallTime = WallTime::from_millis(1_767_600_000_000);

/// The longest scenario, in days: ten years.
const DAYS_LIMIT: u32 = 3_650;

/// The longest span of a scenario: ten years of 365.25 days.
pub(super) const SPAN_LIMIT: Millis = Millis::from_secs(315_576_000);

/// Where the parts of a scenario are read.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The organisation; absent where it could not be read, so that its faults do not cause others.
    pub(super) chart: Option<&'a Chart>,
    /// Where other files come from.
    pub(super) files: Files<'a>,
    /// The scenario's own file.
    pub(super) path: &'a Path,
    /// When nothing comes in any more, after the beginning, if that is known.
    pub(super) end: Option<Millis>,
}

/// Reads everything in `text`, which is in the file `path`. What could not be read has left a fault.
pub(in crate::config) fn read(text: &str, path: &Path, files: Files<'_>) -> Option<Scenario> {
    let source = Source::new(path, text, files.report);
    let document = source.parse(text)?;
    let mut root = Table::root(&source, "this scenario", document.get_ref());
    let name = root.required("name", "`name = \"steady-week\"`").and_then(|value| value.line_of_text());
    let about = root.optional("about").and_then(|value| value.text()).unwrap_or_default();
    let days = root.required("days", "`days = 7`, how long it goes on");
    let days = days.and_then(|value| value.small_integer(1..=DAYS_LIMIT));
    let seed = root.optional("seed").and_then(|value| value.integer(0..=u64::MAX));
    let start = root.optional("start").and_then(|value| start(&value));
    let chart = organisation(&mut root, name.unwrap_or_default(), path, files);
    let end = days.map(|days| Millis::from_hours(i64::from(days).saturating_mul(24)));
    let place = Place { chart: chart.as_ref(), files, path, end };
    let effort = rates::effort(&mut root);
    let (conduct, faults) = rates::conduct_and_faults(&mut root);
    let people = rates::people(&mut root);
    let absences: Vec<PlannedAbsence> = absence::read(root.tables("absence", "absence"), place);
    let arrivals: Vec<Arrivals> = arrivals::read(root.tables("arrivals", "stream of arrivals"), place);
    if root.optional("arrivals").is_none() && root.knows_every_key() {
        root.fault("nothing comes in in this scenario", "add `[[arrivals]]` with a `pattern`");
    }
    root.finish();
    Some(Scenario {
        name: name.unwrap_or_default().to_owned(),
        about: about.to_owned(),
        chart: chart.unwrap_or_default(),
        seed: seed.unwrap_or(USUAL_SEED),
        days: days.unwrap_or(1),
        start: start.unwrap_or(USUAL_START),
        effort,
        conduct,
        faults,
        people,
        absences,
        arrivals,
    })
}

/// The chart that `org` names or `[company]` describes, at the speed of a watch. `None` where it has a fault.
fn organisation(root: &mut Table<'_>, name: &str, path: &Path, files: Files<'_>) -> Option<Chart> {
    let before = files.report.count();
    let org = root.optional("org");
    let company = root.optional("company");
    if let (Some(_), Some(company)) = (&org, &company) {
        company.fault("this scenario has both `org` and `[company]`", "keep the one that it is about");
    }
    if org.is_none() && company.is_none() {
        root.fault("this scenario has no organisation", "add `org = \"../software.toml\"`, or a `[company]` table");
    }
    let described = company.and_then(|value| value.table()).and_then(|table| company::read(table, name, path, files));
    let named = org.and_then(|value| {
        let file = Files::beside(path, value.line_of_text()?);
        let text = files.open(&file, Some(&value))?;
        files.chart(&text, &file)
    });
    let mut chart = named.or(described)?;
    // Time is virtual: it passes as fast as it can.
    chart.clock.speed = 1;
    (files.report.count() == before).then_some(chart)
}

/// A moment by the clock on the wall, in UTC.
fn start(value: &Value<'_>) -> Option<WallTime> {
    let text = value.text()?;
    let moment = text.parse::<WallTime>().ok().filter(|_| text.ends_with('Z'));
    if moment.is_none() {
        value.fault(
            format!("{} is {}, which is not a moment in UTC", value.label(), quoted(text)),
            "write it as `\"2026-01-05T08:00:00Z\"`",
        );
    }
    moment
}
