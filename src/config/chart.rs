//! The chart: the organisation and its policy, the workflows it names, and the order in which the rest is read.
//!
//! Whatever is referred to is known before anything refers to it.

use std::collections::BTreeSet;
use std::path::Path;

use super::fault::quoted;
use super::reader::{Table, Value};
use super::{Files, clocks, people, sla, staff, structure, triage, workflow};
use crate::domain::org::{Chart, Policy};
use crate::domain::time::Millis;

/// Reads everything below `root`. What could not be read has left a fault, and something stands in for it.
pub(super) fn read(root: &mut Table<'_>, folder: String, files: Files<'_>, path: &Path) -> Chart {
    let mut chart = Chart { folder, ..Chart::default() };
    let organisation = root.required("organisation", "an `[organisation]` table with a `name`");
    let organisation = organisation.and_then(|value| value.table());
    let workflow_files = organisation.and_then(|table| organisation_of(table, &mut chart));
    if let Some(table) = root.optional("policy").and_then(|value| value.table()) {
        chart.policy = policy(table);
    }
    clocks::read(root, &mut chart);
    let departments = structure::departments(root.tables("department", "department"), &mut chart);
    people::people(root.tables("person", "person"), &mut chart);
    staff::workers(root.tables("worker", "worker"), &mut chart);
    let domains = structure::domains(root.tables("domain", "domain"), &mut chart);
    staff::ics(root.tables("ic", "IC"), &mut chart);
    for declared in &departments {
        structure::gates(declared, &mut chart);
    }
    chart.sla.overrides = sla::overrides(root.tables("sla", "SLA"), &chart);
    people::absences(root.tables("absence", "absence"), &mut chart);
    let all_read = workflow_files.is_some_and(|named| workflows(&named, &mut chart, files, path));
    for declared in &departments {
        structure::default_work_type(declared, &mut chart, all_read);
    }
    chart.triage = triage::rules(root.tables("triage", "triage rule"), &chart, all_read);
    structure::emptiness(root, &departments, &domains, &chart);
    root.finish();
    chart
}

/// Returns the values that name the workflow files; `None` if that list cannot be read.
fn organisation_of<'a>(mut table: Table<'a>, chart: &mut Chart) -> Option<Vec<Value<'a>>> {
    let name = table.required("name", "`name = \"acme\"`").and_then(|value| value.line_of_text());
    chart.name = name.unwrap_or_default().to_owned();
    let workflows = table.optional("workflows").map_or_else(|| Some(Vec::new()), |value| value.list());
    table.finish();
    workflows
}

fn policy(mut table: Table<'_>) -> Policy {
    let usual = Policy::default();
    let mut span = |key, least, most, usual| {
        table.optional(key).and_then(|value: Value<'_>| value.duration(least, most)).unwrap_or(usual)
    };
    // The shortest spans keep a daemon from doing nothing else; no silence of a whole day is a sign of life.
    let retry_backoff = span("retry_backoff", Millis(1), Policy::BACKOFF_LIMIT, usual.retry_backoff);
    let lease = span("lease", Millis::from_secs(1), Millis::from_hours(24), usual.lease);
    let mut count = |key, range| table.optional(key).and_then(|value| value.small_integer(range));
    let policy = Policy {
        max_retries: count("max_retries", 0..=100).unwrap_or(usual.max_retries),
        retry_backoff,
        max_review_rounds: count("max_review_rounds", 1..=100).unwrap_or(usual.max_review_rounds),
        lease,
        approve_from: table.optional("approve_from").and_then(|value| value.tier()),
        default_tier: table.optional("default_tier").and_then(|value| value.tier()).unwrap_or(usual.default_tier),
    };
    table.finish();
    policy
}

/// Reads the workflow files. Returns whether there is a workflow from each; its faults aside.
fn workflows(named: &[Value<'_>], chart: &mut Chart, files: Files<'_>, path: &Path) -> bool {
    let mut all_read = true;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut loaded = Vec::new();
    for value in named {
        let Some(name) = value.line_of_text() else {
            all_read = false;
            continue;
        };
        if !seen.insert(name) {
            value.fault(format!("{} is named twice", quoted(name)), "name each workflow file once");
            continue;
        }
        let file = Files::beside(path, name);
        let one = files.open(&file, Some(value)).and_then(|text| files.workflow(&text, &file, chart));
        all_read &= one.is_some();
        loaded.extend(one);
    }
    chart.workflows = workflow::merge::all(loaded, all_read, files.report);
    all_read
}

/// Reports the second of two tables with the same id.
pub(super) fn declared_twice(table: &Table<'_>, other: &Table<'_>) {
    let line = other.line().map_or_else(String::new, |line| format!(" in line {line}"));
    table.fault(format!("{} is already declared{line}", table.label()), "give one of them another `id`");
}

/// The name of whatever has none that can be used, so that what refers to it has no fault of its own. No chart with it is
/// ever returned: without a name there is a fault.
pub(super) const STAND_IN: &str = "unknown";

/// An id for whatever has none that can be used.
pub(super) fn stand_in<T: std::str::FromStr>() -> Option<T> {
    STAND_IN.parse().ok()
}
