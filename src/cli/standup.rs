//! `echelon standup`: what everybody reports up the line, as a page.

mod department;
mod team;

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::columns::{booked, hours, span};
use super::connect::ask;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, readable};
use crate::api::view::{CapacityView, Count, RiskView, StandupView, SummaryView};
use crate::api::wire::{Ask, Query};

#[derive(Args, Debug)]
pub(super) struct StandupArgs {
    /// Who reports: an IC, a lead, a tech lead or an engineering manager, such as ben, backend:lead, software:tech-lead
    /// [default: the whole organisation]
    #[arg(conflicts_with = "hold")]
    role: Option<String>,
    /// Record it, for everybody: what is done is counted anew from now on
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: StandupArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: StandupView = if args.hold {
        ask(data_dir, Ask::HoldStandup).await?.one().await?
    } else {
        query(data_dir, Query::Standup { role: args.role }).await?
    };
    if args.output.json {
        printer.json(&view)?;
        return Ok(Exit::Done);
    }
    for line in page(&readable(&view)?) {
        printer.drawn_line(&line)?;
    }
    if args.hold {
        printer.note("the standup is recorded");
    }
    Ok(Exit::Done)
}

/// The lines of the page; each fits into eighty columns as long as names are of usual length.
fn page(view: &StandupView) -> Vec<String> {
    let who = if view.role == "organisation" { &view.organisation } else { &view.role };
    let mut lines = vec![format!("{}  standup of {} UTC", style(who).bold(), output::time(&view.at))];
    if let Some(found) = &view.contributor {
        lines.extend(team::contributor(found));
    }
    if let Some(found) = &view.lead {
        lines.extend(team::lead(found));
    }
    for found in &view.departments {
        lines.extend(department::lines(found));
    }
    lines
}

/// How much work there is, in one line.
fn headline(summary: &SummaryView) -> String {
    let troubles: Vec<String> = [(summary.late, "late"), (summary.stalled, "stalled"), (summary.blocked, "blocked")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| style(format!("{number} {what}")).red().to_string())
        .collect();
    let troubles = if troubles.is_empty() { String::new() } else { format!(" ({})", troubles.join(", ")) };
    let since = summary.since_ms.map(|ago| format!(" in the last {}", span(ago))).unwrap_or_default();
    let trend = match summary.completed_before {
        Some(before) if summary.completed > before => format!(", up from {before}"),
        Some(before) if summary.completed < before => format!(", down from {before}"),
        Some(_) => ", as before".to_owned(),
        None => String::new(),
    };
    format!("  {} open{troubles}; {} done{since}{trend}", summary.open, summary.completed)
}

fn capacity(found: &CapacityView) -> String {
    format!(
        "  {} of the next 3 days booked: {} of {}",
        booked(found.percent),
        hours(found.committed_hours),
        hours(found.available_hours)
    )
}

fn counts(found: &[Count]) -> String {
    found.iter().map(|one| format!("{} {}", one.count, output::state(&one.name))).collect::<Vec<_>>().join(", ")
}

fn title(name: &str) -> [String; 2] {
    [String::new(), style(format!("  {name}")).bold().to_string()]
}

/// What a list leaves out.
fn more(number: u32, what: &str) -> Option<String> {
    (number > 0).then(|| style(format!("  and {number} more {what}")).dim().to_string())
}

fn risks(found: &[RiskView]) -> Vec<String> {
    let mut lines = Vec::new();
    if found.is_empty() {
        return lines;
    }
    lines.extend(title("At risk"));
    for one in found {
        lines.push(format!(
            "  {} ({})  {} in {} {} {}",
            one.key,
            short(&one.task),
            style(&one.trouble).red(),
            one.state,
            if one.trouble == "late" { "by" } else { "for" },
            span(one.by_ms)
        ));
        let who = one.who.as_deref().map(|who| format!("with {who}"));
        let needs = one.needs.as_deref().map(|needs| format!("needs {needs}"));
        let what: Vec<String> = who.into_iter().chain(needs).collect();
        if !what.is_empty() {
            lines.push(format!("      {}", style(what.join("; ")).dim()));
        }
    }
    lines
}
