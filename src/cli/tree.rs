//! `echelon tree`: the organisation with who has what.

use std::path::Path;

use console::{measure_text_width, style};

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::name;
use super::output::{self, Printer, pad, readable};
use crate::api::view::{DomainView, IcView, OwedView, TreeView};
use crate::api::wire::Query;
use crate::telemetry::narrative::quote;

pub(super) async fn run(data_dir: &Path, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: TreeView = query(data_dir, Query::Tree).await?;
    if output.json {
        printer.json(&view)?;
        return Ok(Exit::Done);
    }
    let view = readable(&view)?;
    printer.line(style(&view.organisation).bold())?;
    let ics: Vec<&IcView> =
        view.departments.iter().flat_map(|department| &department.domains).flat_map(|domain| &domain.ics).collect();
    let widths = Widths {
        name: widest(ics.iter().map(|ic| name(&ic.id).to_owned())),
        running: widest(ics.iter().map(|ic| running(ic))),
        desk: widest(ics.iter().map(|ic| desk(ic))),
    };
    for (place, department) in view.departments.iter().enumerate() {
        let (branch, trunk) = branch(place, view.departments.len());
        printer.drawn_line(&format!("{branch} {}", style(&department.title).bold()))?;
        let manager = format!("{}{}", absent(department.manager_absent.as_deref()), owes(&department.manager_owes));
        let tech_lead =
            format!("{}{}", absent(department.tech_lead_absent.as_deref()), owes(&department.tech_lead_owes));
        printer.drawn_line(&format!("{trunk} ├─ engineering manager{manager}"))?;
        printer.drawn_line(&format!("{trunk} └─ tech lead{tech_lead}"))?;
        for (place, domain) in department.domains.iter().enumerate() {
            show_domain(printer, domain, trunk, self::branch(place, department.domains.len()), &widths)?;
        }
    }
    Ok(Exit::Done)
}

/// What leads to the one at `place` of so many, and what goes on beside the lines below it.
pub(super) fn branch(place: usize, of: usize) -> (&'static str, &'static str) {
    if place + 1 == of { ("└─", "  ") } else { ("├─", "│ ") }
}

/// Widths of the columns, in characters.
struct Widths {
    name: usize,
    running: usize,
    desk: usize,
}

fn widest(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| measure_text_width(&text)).max().unwrap_or(0)
}

fn show_domain(
    printer: &Printer,
    domain: &DomainView,
    margin: &str,
    (branch, trunk): (&str, &str),
    widths: &Widths,
) -> Result<(), Failure> {
    printer.drawn_line(&format!(
        "{margin}    {branch} {}, lead reviews by {}{}{}",
        style(&domain.title).bold(),
        domain.lead_reviews_by,
        absent(domain.lead_absent.as_deref()),
        owes(&domain.lead_owes)
    ))?;
    for (place, ic) in domain.ics.iter().enumerate() {
        let (twig, _) = self::branch(place, domain.ics.len());
        printer.drawn_line(&format!("{margin}    {trunk} {twig} {}", ic_line(ic, widths)))?;
    }
    Ok(())
}

/// What somebody has comes before who they are: the line is cut where the terminal ends.
fn ic_line(ic: &IcView, widths: &Widths) -> String {
    format!(
        "{}  {}  {:>3.0} % booked  {}  {}",
        pad(name(&ic.id), widths.name),
        pad(&running(ic), widths.running),
        ic.workload * 100.0,
        pad(&desk(ic), widths.desk),
        style(role(ic)).dim()
    )
}

/// What somebody has, and why they are not there.
fn desk(ic: &IcView) -> String {
    let has: Vec<String> = ic.has.iter().map(|has| format!("{} {}", has.key, output::state(&has.state))).collect();
    let has = if has.is_empty() { style("free".to_owned()).dim().to_string() } else { has.join(", ") };
    format!("{has}{}", absent(ic.absent.as_deref()))
}

fn role(ic: &IcView) -> String {
    format!("{}, {}", ic.title, ic.experience)
}

fn running(ic: &IcView) -> String {
    format!("{} of {} running", ic.running, ic.parallel_limit)
}

/// Why nobody is there, if nobody is.
fn absent(why: Option<&str>) -> String {
    why.map(|why| format!(", {}", style(quote(why)).yellow())).unwrap_or_default()
}

fn owes(owed: &[OwedView]) -> String {
    if owed.is_empty() {
        return String::new();
    }
    let what: Vec<String> = owed
        .iter()
        .map(|one| match &one.key {
            Some(key) => format!("{} ({key})", one.what),
            None => one.what.clone(),
        })
        .collect();
    format!(" owes: {}", what.join(", "))
}
