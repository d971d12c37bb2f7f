//! `echelon capacity`: how everybody's coming days are spoken for.

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::columns::{aligned, booked, hours};
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::name;
use super::output::{self, Printer, count, readable};
use crate::api::view::{CapacityReport, DepartmentCapacityView, DomainCapacityView, FiguresView, IcCapacityView};
use crate::api::wire::Query;

#[derive(Args, Debug)]
pub(super) struct CapacityArgs {
    /// Only this domain, such as backend or software/backend
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: CapacityArgs, printer: &Printer) -> Result<Exit, Failure> {
    let report: CapacityReport = query(data_dir, Query::Capacity { domain: args.domain }).await?;
    if args.output.json {
        printer.json(&report)?;
        return Ok(Exit::Done);
    }
    for line in page(&readable(&report)?) {
        printer.drawn_line(&line)?;
    }
    Ok(Exit::Done)
}

/// The lines of the page; each fits into eighty columns as long as names are of usual length.
fn page(report: &CapacityReport) -> Vec<String> {
    let mut lines = vec![
        format!("{}  capacity of {} UTC", style(&report.organisation).bold(), output::time(&report.at)),
        format!("  {}", mean(&report.figures)),
    ];
    for department in &report.departments {
        lines.push(String::new());
        lines.push(format!("{}  {}", style(&department.department).bold(), mean(&department.figures)));
        lines.extend(table(department, &report.at));
    }
    lines
}

/// A mean in one line.
fn mean(figures: &FiguresView) -> String {
    format!(
        "{}  {}, {} of {} in the next 3 days",
        booked(figures.percent),
        band(figures),
        hours(figures.committed_hours),
        hours(figures.available_hours)
    )
}

/// The domains of a department, each with its ICs below it.
fn table(department: &DepartmentCapacityView, now: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for domain in &department.domains {
        rows.push(row(style(name(&domain.domain)).bold().to_string(), &domain.figures, None, now));
        rows.extend(domain.ics.iter().map(|ic| row(format!("  {}", name(&ic.ic)), &ic.figures, Some(ic), now)));
    }
    let header = ["WHO", "BOOKED", "BAND", "HOURS", "DAYS, IN %", "FREE FROM"];
    let mut table = aligned(&header, &rows).into_iter();
    let mut lines: Vec<String> = table.next().into_iter().collect();
    for domain in &department.domains {
        lines.extend(table.by_ref().take(domain.ics.len() + 1));
        lines.extend(waiting(domain));
    }
    lines
}

fn row(who: String, figures: &FiguresView, ic: Option<&IcCapacityView>, now: &str) -> Vec<String> {
    if ic.is_some_and(|ic| ic.absent.is_some()) {
        return vec![who, style("nobody there").red().to_string()];
    }
    let days: Vec<String> = figures
        .percent_by_day
        .iter()
        .map(|day| day.map_or_else(|| "  -".to_owned(), |percent| format!("{percent:>3}")))
        .collect();
    vec![
        who,
        booked(figures.percent),
        band(figures),
        format!("{}/{}", number(figures.committed_hours), number(figures.available_hours)),
        days.join(" "),
        figures.available_from.as_deref().map_or_else(|| "-".to_owned(), |at| free(at, now)),
    ]
}

/// Hours without their unit, which the head of the column has.
fn number(figure: f64) -> String {
    hours(figure).trim_end_matches(" h").to_owned()
}

/// When somebody is free: month, day and minute, since it is never far.
fn free(at: &str, now: &str) -> String {
    if at <= now {
        return "now".to_owned();
    }
    let minute = output::time(at);
    minute.get(5..16).unwrap_or(&minute).to_owned()
}

fn band(figures: &FiguresView) -> String {
    let found = style(&figures.band);
    match figures.band.as_str() {
        "healthy" => found.green(),
        "critical" => found.red(),
        _between => found.yellow(),
    }
    .to_string()
}

/// What waits in a domain for somebody to have the time.
fn waiting(domain: &DomainCapacityView) -> Option<String> {
    (domain.waiting > 0).then(|| {
        let tasks = count(domain.waiting, "task");
        let verb = if domain.waiting == 1 { "waits" } else { "wait" };
        let text = format!("    {tasks} of {} {verb} for somebody with the time", hours(domain.waiting_hours));
        style(text).yellow().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(committed: f64, percent: u32, band: &str, days: [u32; 3]) -> FiguresView {
        FiguresView {
            committed_hours: committed,
            available_hours: 24.0,
            percent: Some(percent),
            band: band.to_owned(),
            available_from: Some("2026-11-24T19:30:00.000Z".to_owned()),
            percent_by_day: days.map(Some).to_vec(),
        }
    }

    #[test]
    fn the_page_fits_eighty_columns() {
        let ic = |id: &str, absent: Option<&str>, figures| IcCapacityView {
            ic: id.to_owned(),
            absent: absent.map(str::to_owned),
            tasks: 3,
            running: 1,
            figures,
        };
        let domain = DomainCapacityView {
            domain: "software/engineering".to_owned(),
            figures: figures(30.0, 125, "critical", [100, 100, 100]),
            waiting: 12,
            waiting_hours: 61.5,
            ics: vec![
                ic("software/engineering/bea", None, figures(30.0, 125, "critical", [100, 100, 100])),
                ic("software/engineering/ben", Some("away: ill"), figures(0.0, 0, "healthy", [0, 0, 0])),
                ic("software/engineering/constantin", None, figures(18.5, 77, "caution", [100, 100, 31])),
            ],
        };
        let department = DepartmentCapacityView {
            department: "software".to_owned(),
            figures: figures(30.0, 125, "critical", [100, 100, 100]),
            domains: vec![domain],
        };
        let report = CapacityReport {
            organisation: "Example".to_owned(),
            at: "2026-11-21T19:30:00.000Z".to_owned(),
            figures: figures(30.0, 125, "critical", [100, 100, 100]),
            departments: vec![department],
        };
        let lines: Vec<String> =
            page(&report).iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
        insta::assert_snapshot!(lines.join("\n"));
    }
}
