//! Pages for the browser: a report, or two side by side, each in one file that needs nothing else.
//!
//! Whatever comes from a file is escaped by the template. The same report gives the same page, byte for byte.

mod charts;
mod rows;

use minijinja::value::Value;
use minijinja::{Environment, context};

use self::charts::{daily, escalations, histogram, over_time};
use super::report::Report;
use super::statistics::{Comparison, Unit};

/// A page that cannot be made, which is a fault of its template.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made ({0}); please report it")]
pub struct Error(#[from] minijinja::Error);

/// The page of a report.
///
/// # Errors
/// When the template has a fault.
pub fn report(report: &Report) -> Result<String, Error> {
    let lead = &report.lead_times;
    let days = &report.daily;
    let throughput = [
        daily(days, "instructions in", |day| day.received),
        daily(days, "instructions done", |day| day.instructions_completed),
    ];
    let tasks = [daily(days, "tasks done", |day| day.tasks_completed)];
    let backlog = [
        daily(days, "instructions open", |day| day.open_instructions),
        daily(days, "waiting for people", |day| day.waiting_for_people),
    ];
    let open_tasks = [
        daily(days, "tasks open", |day| day.open_tasks),
        daily(days, "tasks waiting for somebody", |day| day.tasks_waiting),
        daily(days, "tasks at work", |day| day.tasks_at_work),
    ];
    let svg = Value::from_safe_string;
    render(
        &report.scenario,
        "report.html",
        context! {
            report => report,
            tiles => rows::tiles(report),
            lead_instructions => svg(histogram(&lead.instructions)),
            lead_tasks => svg(histogram(&lead.tasks)),
            throughput => svg(over_time(&throughput, "instructions a day")),
            tasks => svg(over_time(&tasks, "tasks a day")),
            backlog => svg(over_time(&backlog, "at the end of the day")),
            open_tasks => svg(over_time(&open_tasks, "at the end of the day")),
            flow => svg(escalations(&report.escalations.levels)),
            lead_rows => rows::lead_times(report),
            heat => rows::heat(report),
            domains => rows::domains(report),
            many => report.utilisation.ics.len() > rows::MANY,
            waits => rows::waits(report),
            states => rows::states(report),
            queues => rows::queues(report),
            little => rows::little(report),
            quality => rows::quality(report),
        },
    )
}

/// The page of what is different between two reports.
///
/// # Errors
/// When the template has a fault.
pub fn comparison(comparison: &Comparison, before: &Report, after: &Report) -> Result<String, Error> {
    let svg = Value::from_safe_string;
    let open = |report: &Report| {
        let open = [daily(&report.daily, "instructions open", |day| day.open_instructions)];
        svg(over_time(&open, "instructions open"))
    };
    render(
        &format!("{} and {}", comparison.before, comparison.after),
        "comparison.html",
        context! {
            comparison => comparison,
            before => before,
            after => after,
            rows => rows::changes(comparison),
            lead_before => svg(histogram(&before.lead_times.instructions)),
            lead_after => svg(histogram(&after.lead_times.instructions)),
            open_before => open(before),
            open_after => open(after),
        },
    )
}

/// A page: what a template makes of `context`, in the frame that all pages have.
fn render(title: &str, name: &str, context: Value) -> Result<String, Error> {
    let mut pages = Environment::new();
    // By the ending of their names, everything that goes into them is escaped.
    pages.add_template("frame.html", include_str!("page/frame.html"))?;
    pages.add_template("report.html", include_str!("page/report.html"))?;
    pages.add_template("comparison.html", include_str!("page/comparison.html"))?;
    let body = Value::from_safe_string(pages.get_template(name)?.render(context)?);
    Ok(pages.get_template("frame.html")?.render(context! { title, body })?)
}

/// Hours in words.
fn span(hours: f64) -> String {
    Unit::Hours.say(hours)
}
