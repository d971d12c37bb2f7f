//! `echelon status`: how things stand, or one instruction with its tasks.

use std::path::Path;

use console::style;

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::{lines, short};
use super::needs::show_needs;
use super::output::{self, Printer, readable};
use super::plan::part_line;
use super::results::show_results;
use crate::api::view::{Count, InstructionDetails, InstructionSummary, InstructionView, StatusView};
use crate::api::wire::Query;
use crate::telemetry::narrative::quote;

pub(super) async fn run(
    data_dir: &Path,
    id: Option<String>,
    output: OutputArgs,
    printer: &Printer,
) -> Result<Exit, Failure> {
    match id {
        Some(id) => {
            let view: InstructionView = query(data_dir, Query::Instruction { id }).await?;
            if output.json {
                printer.json(&view)?;
                return Ok(Exit::Done);
            }
            show_instruction(printer, data_dir, &readable(&view)?)?;
        }
        None => {
            let view: StatusView = query(data_dir, Query::Status).await?;
            if output.json {
                printer.json(&view)?;
                return Ok(Exit::Done);
            }
            show_status(printer, data_dir, &readable(&view)?)?;
        }
    }
    Ok(Exit::Done)
}

fn show_instruction(printer: &Printer, data_dir: &Path, view: &InstructionView) -> Result<(), Failure> {
    printer.prose("", quote(&view.instruction.text))?;
    for line in lines(view, None) {
        printer.drawn_line(&line)?;
    }
    for part in &view.parts {
        printer.drawn_line(&part_line(part))?;
    }
    if let Some(why) = &view.instruction.paused {
        printer.prose("paused: ", why)?;
    }
    if let Some(reason) = &view.reason {
        printer.prose("reason: ", reason)?;
    }
    show_details(printer, &view.details)?;
    view.triage.iter().try_for_each(|reason| printer.prose("triage: ", reason))?;
    show_results(printer, &view.tasks)?;
    show_needs(printer, data_dir, view.running, &view.needs_person)
}

/// What was said about an instruction besides its text.
fn show_details(printer: &Printer, details: &InstructionDetails) -> Result<(), Failure> {
    for (field, said) in &details.brief {
        printer.prose(&format!("{field}: "), quote(said))?;
    }
    let ids = |ids: &[String]| ids.iter().map(|id| short(id)).collect::<Vec<_>>().join(", ");
    let customer = details.customer_commitment.then(|| "a customer was promised it".to_owned());
    let lines = [
        ("depends on", Some(ids(&details.depends_on)).filter(|ids| !ids.is_empty())),
        ("part of", details.parent.as_deref().map(short)),
        ("deadline", details.deadline.as_ref().map(|at| format!("{} UTC", output::time(at)))),
        ("commitment", customer),
        ("budget", details.budget_hours.map(|hours| format!("{hours} h of work"))),
        ("project", details.project.clone()),
        ("epic", details.epic.clone()),
        ("sprint", details.sprint.clone()),
        ("labels", Some(details.labels.join(", ")).filter(|labels| !labels.is_empty())),
    ];
    lines.iter().try_for_each(|(name, said)| match said {
        Some(said) => printer.prose(&format!("{name}: "), said),
        None => Ok(()),
    })
}

fn show_status(printer: &Printer, data_dir: &Path, view: &StatusView) -> Result<(), Failure> {
    let running = if view.running { style("running").green() } else { style("not running").dim() };
    printer.line(format!("{}: {running}, {} events", style(&view.organisation).bold(), view.sequence))?;
    for degraded in &view.degraded {
        printer.prose(&format!("{}: ", style("degraded").red()), format!("{} ({})", degraded.role, degraded.reason))?;
    }
    for absent in &view.absent {
        let kind = style(&absent.kind).yellow();
        printer.prose(&format!("{kind}: "), format!("{} ({})", absent.role, quote(&absent.reason)))?;
    }
    printer.line("")?;
    if view.instructions.is_empty() {
        printer.line("No instruction is open.")?;
    } else {
        show_instructions(printer, "Open", &view.instructions)?;
        show_counts(printer, "their tasks", &view.tasks)?;
    }
    if !view.recent.is_empty() {
        printer.line("")?;
        show_instructions(printer, "Finished last", &view.recent)?;
        show_counts(printer, "in all", &view.finished)?;
    }
    show_needs(printer, data_dir, view.running, &view.needs_person)
}

fn show_instructions(printer: &Printer, title: &str, instructions: &[InstructionSummary]) -> Result<(), Failure> {
    printer.line(style(title).bold())?;
    let mut table = printer.table(&["INSTRUCTION", "STATE", "TASKS", "PRIORITY", "RECEIVED (UTC)", "TEXT"]);
    for found in instructions {
        let state = output::state(&found.state);
        table.add_row([
            short(&found.id),
            match (&found.paused, found.waits_for_person) {
                (Some(_), _) => format!("{state}, paused"),
                (None, true) => format!("{state}, waits for a person"),
                (None, false) => state,
            },
            format!("{}/{}", found.tasks_over, found.tasks),
            found.priority.clone(),
            output::time(&found.received),
            quote(&found.text),
        ]);
    }
    printer.show_table(&table)
}

fn show_counts(printer: &Printer, title: &str, counts: &[Count]) -> Result<(), Failure> {
    if counts.is_empty() {
        return Ok(());
    }
    let parts: Vec<String> = counts.iter().map(|one| format!("{} {}", one.count, output::state(&one.name))).collect();
    printer.prose("", format!("{title}: {}", parts.join(", ")))
}
