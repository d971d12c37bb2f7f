//! Reads `[company]`: an organisation too large to be written by hand, described by a few numbers.
//!
//! It is written out as a chart and read like any other, so that it holds to the same rules. All of its departments, all
//! domains of these and nearly all ICs of these are alike: whatever sets them apart in a simulation is chance.

mod text;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::read::SPAN_LIMIT;
use crate::config::Files;
use crate::config::reader::Table;
use crate::domain::org::Chart;
use crate::domain::plan::TASK_HOURS_LIMIT;
use crate::domain::time::{Effort, Millis};

/// The most ICs that a company may have in all.
const ICS_LIMIT: u32 = 100_000;

/// A company by its numbers.
struct Company<'a> {
    /// What it is called.
    name: &'a str,
    /// Its departments.
    departments: u32,
    /// Domains of each department.
    domains: u32,
    /// ICs of each domain.
    ics: u32,
    /// Skills that work asks for; everybody has all of them, each as well as chance would have it.
    skills: u32,
    /// Tasks that an IC may have at work at a time.
    parallel_limit: u32,
    /// Hours that an IC works a day.
    hours_per_day: Effort,
    /// How long a task is planned to take.
    effort: Millis,
    /// Whether the leads look at work themselves, and not only the machine.
    reviews: bool,
    /// How often everybody reports up the line, where they do.
    standup_every: Option<Millis>,
}

/// The longest task, as in any workflow.
fn longest_task() -> Millis {
    #[expect(clippy::cast_possible_truncation, reason = "it is a small whole number of hours")]
    Millis::from_hours(TASK_HOURS_LIMIT as i64)
}

/// The chart of the company that a table describes; `path` is the scenario's. `None` where it has a fault.
pub(super) fn read(mut table: Table<'_>, name: &str, path: &Path, files: Files<'_>) -> Option<Chart> {
    let mut count = |key, example, range| table.required(key, example).and_then(|value| value.small_integer(range));
    let departments = count("departments", "`departments = 10`", 1..=99);
    let domains = count("domains", "`domains = 20`, of each department", 1..=99);
    let ics = count("ics", "`ics = 50`, of each domain", 1..=9_999);
    let mut count = |key, range| table.optional(key).map_or(Some(1), |value| value.small_integer(range));
    let skills = count("skills", 1..=20);
    let parallel_limit = count("parallel_limit", 1..=1_000);
    let hours_per_day = table.optional("hours_per_day").map_or(Some(8.0), |value| {
        let accept = |hours: f64| hours <= 24.0 && Effort::from_hours(hours) > Effort::default();
        value.number("a number of hours, more than 0 and at most 24", accept)
    });
    let effort = table
        .optional("effort")
        .map_or(Some(Millis::from_hours(4)), |value| value.duration(Millis::from_secs(60), longest_task()));
    let reviews = table.optional("reviews").map_or(Some(true), |value| value.flag());
    let standup_every = table.optional("standup_every").map(|value| value.duration(Millis::from_hours(1), SPAN_LIMIT));
    table.finish();
    let company = Company {
        name,
        departments: departments?,
        domains: domains?,
        ics: ics?,
        skills: skills?,
        parallel_limit: parallel_limit?,
        hours_per_day: Effort::from_hours(hours_per_day?),
        effort: effort?,
        reviews: reviews?,
        standup_every: standup_every.flatten(),
    };
    let all = company.departments.saturating_mul(company.domains).saturating_mul(company.ics);
    if all > ICS_LIMIT {
        table.fault(format!("this company has {all} ICs"), format!("make them {ICS_LIMIT} or less"));
        return None;
    }
    let workflows: BTreeMap<PathBuf, String> =
        company.workflows().map(|(name, text)| (Files::beside(path, &name), text)).collect();
    let open = |file: &Path| {
        let text = workflows.get(file).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(text.clone().into_bytes())
    };
    Files { report: files.report, read: &open }.chart(&company.chart(), path)
}
