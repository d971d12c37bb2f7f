//! `echelon escalations`: what went up the line, with whom it is, and what came of it.

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::columns::{aligned, due, span};
use super::connect::query;
use super::exit::{Exit, Failure};
use super::level;
use super::live::short;
use super::output::{self, Printer, readable};
use crate::api::view::{EscalationView, EscalationsView};
use crate::api::wire::Query;
use crate::domain::role::Level;

#[derive(Args, Debug)]
pub(super) struct EscalationsArgs {
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// All those of this task, finished or not: its id, a unique beginning or end of it, or its name in the plan
    /// [default: of the tasks of open instructions, the latest]
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Only those that are with this level, or were last
    #[arg(long, value_parser = level(), value_name = "LEVEL")]
    level: Option<Level>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: EscalationsArgs, printer: &Printer) -> Result<Exit, Failure> {
    let of_a_task = args.task.is_some();
    let asked = Query::Escalations { open: args.open, task: args.task, level: args.level };
    let found: EscalationsView = query(data_dir, asked).await?;
    if args.output.json {
        printer.json(&found)?;
        return Ok(Exit::Done);
    }
    let (open, closed): (Vec<EscalationView>, Vec<EscalationView>) =
        readable(&found)?.escalations.into_iter().partition(|one| one.closed.is_none());
    if open.is_empty() {
        printer.line("No escalation is open.")?;
    } else {
        show(printer, "Open", &open, true)?;
    }
    if !closed.is_empty() {
        printer.line("")?;
        let title = if of_a_task { "Over, the latest first" } else { "Over, of open instructions, the latest first" };
        show(printer, title, &closed, false)?;
    }
    if found.more > 0 {
        printer.prose("  ", format!("and {} more; --task TASK shows all those of a task", found.more))?;
    }
    Ok(Exit::Done)
}

/// A table with the story of each below it; when each is due is told of those that are open.
fn show(printer: &Printer, title: &str, found: &[EscalationView], are_open: bool) -> Result<(), Failure> {
    printer.line(style(title).bold())?;
    let row = |one: &EscalationView| {
        let mut cells = vec![
            format!("{} ({})", one.key, short(&one.task)),
            style(&one.trouble).red().to_string(),
            output::state(&one.state),
            if one.overdue_ms > 0 { span(one.overdue_ms) } else { "-".to_owned() },
        ];
        if are_open {
            cells.push(due(one.due_in_ms));
        }
        cells
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let header = ["TASK", "TROUBLE", "STATE", "LATE BY", "DUE"];
    let columns = if are_open { header.len() } else { header.len() - 1 };
    let mut lines = aligned(header.get(..columns).unwrap_or_default(), &rows).into_iter();
    if let Some(header) = lines.next() {
        printer.line(header)?;
    }
    for (line, one) in lines.zip(found) {
        printer.line(line)?;
        for said in &one.story {
            printer.prose("      ", style(said).dim())?;
        }
    }
    Ok(())
}
