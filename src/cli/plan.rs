//! `echelon plan`: the plan of an instruction as a tree, with what must not be late.

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, readable};
use super::tree::branch;
use crate::api::view::{ConsultationView, PlanPart, PlanTask, PlanView};
use crate::api::wire::Query;
use crate::telemetry::narrative::quote;

#[derive(Args, Debug)]
pub(super) struct PlanArgs {
    /// The instruction: its id, or a unique beginning or end of it
    instruction: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: PlanArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: PlanView = query(data_dir, Query::Plan { id: args.instruction }).await?;
    if args.output.json {
        printer.json(&view)?;
        return Ok(Exit::Done);
    }
    show(printer, &readable(&view)?)?;
    Ok(Exit::Done)
}

fn show(printer: &Printer, view: &PlanView) -> Result<(), Failure> {
    printer.prose("", style(quote(&view.instruction.text)).bold())?;
    let tier = view.instruction.tier.map(|tier| format!(", tier {tier}")).unwrap_or_default();
    printer.line(format!("{} {}{tier}", short(&view.instruction.id), output::state(&view.instruction.state)))?;
    view.triage.iter().try_for_each(|reason| printer.prose("  triage: ", reason))?;
    let Some(source) = &view.source else {
        return printer.line("It has no plan yet.");
    };
    let size = match view.parts.len() {
        0 => format!("{} of work", hours(view.effort_hours)),
        parts => output::count(parts, "part"),
    };
    printer.prose("  plan: ", format!("by {source}; {size}"))?;
    show_terms(printer, view)?;
    printer.line("")?;
    for (place, part) in view.parts.iter().enumerate() {
        printer.drawn_line(&format!("{} {}", branch(place, view.parts.len()).0, part_line(part)))?;
    }
    for (place, task) in view.tasks.iter().enumerate() {
        show_task(printer, task, "", branch(place, view.tasks.len()))?;
    }
    if view.tasks.iter().any(is_critical) {
        printer.line("")?;
        printer.prose(
            "",
            format!(
                "{} is on the longest way through what is left: {} of organisation time. What has slack may be that late \
                 without making the whole late.",
                style("●").red(),
                hours(view.length_hours)
            ),
        )?;
    }
    Ok(())
}

/// What holds for the plan as a whole.
fn show_terms(printer: &Printer, view: &PlanView) -> Result<(), Failure> {
    if let (Some(total), Some(band)) = (view.risk_total, &view.risk_band) {
        let above = view.risk.iter().filter(|one| one.score > 1).map(|one| format!("{} {}", one.name, one.score));
        let above: Vec<String> = above.collect();
        let scores = if above.is_empty() { String::new() } else { format!(" ({})", above.join(", ")) };
        printer.prose("  risk: ", format!("{total}{scores}: {band}"))?;
    }
    if let Some(budget) = view.budget_hours {
        printer.prose("  budget: ", hours(budget))?;
    }
    if let Some(deadline) = &view.deadline {
        printer.prose("  deadline: ", format!("{} UTC", output::time(deadline)))?;
    }
    view.consultations.iter().try_for_each(|one| printer.prose("  asked: ", asked(one)))?;
    view.review.iter().try_for_each(|line| printer.prose("  review: ", line))?;
    if let Some(held) = &view.held {
        printer.prose("  waits: ", held)?;
    }
    match view.slipped_percent {
        Some(percent) => printer.prose("  late: ", format!("it takes {percent} % longer than expected")),
        None => Ok(()),
    }
}

fn asked(one: &ConsultationView) -> String {
    let answer = match (&one.answer, one.blocking) {
        (Some(answer), _) => answer.clone(),
        (None, true) => "no answer yet, and the plan waits for it".to_owned(),
        (None, false) => "no answer yet".to_owned(),
    };
    format!("{}: {} — {answer}", one.whom, quote(&one.question))
}

fn is_critical(task: &PlanTask) -> bool {
    task.critical || task.parts.iter().any(is_critical)
}

pub(super) fn part_line(part: &PlanPart) -> String {
    let state = part.state.as_deref().map_or_else(|| "not begun".to_owned(), output::state);
    let after = after(&part.needs);
    format!(
        "{} {state}  {}, {}{after} ({})",
        style(&part.key).bold(),
        part.department,
        part.work_type,
        short(&part.instruction)
    )
}

fn after(needs: &[String]) -> String {
    if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) }
}

fn show_task(
    printer: &Printer,
    task: &PlanTask,
    margin: &str,
    (branch_here, trunk): (&str, &str),
) -> Result<(), Failure> {
    printer.drawn_line(&format!("{margin}{branch_here} {}", task_line(task)))?;
    let below = format!("{margin}{trunk} ");
    for (place, part) in task.parts.iter().enumerate() {
        show_task(printer, part, &below, branch(place, task.parts.len()))?;
    }
    if !task.outline.is_empty() {
        printer.drawn_line(&format!("{below}└─ {}", style(format!("to be: {}", task.outline.join(", "))).dim()))?;
    }
    Ok(())
}

fn task_line(task: &PlanTask) -> String {
    let mark = if is_critical(task) { format!("{} ", style("●").red()) } else { String::new() };
    let effort = match task.range_hours {
        Some((low, high)) => format!("{low}–{} ", hours(high)).trim_end().to_owned(),
        None => hours(task.effort_hours),
    };
    let mut notes: Vec<String> = Vec::new();
    notes.extend(task.slack_hours.filter(|slack| *slack > 0.0).map(|slack| format!("slack {}", hours(slack))));
    notes.extend(task.checkpoint.as_ref().map(|checkpoint| format!("checkpoint: {checkpoint}")));
    notes.extend(task.security_sensitive.then(|| "security".to_owned()));
    notes.extend(task.assignee.clone());
    let notes = if notes.is_empty() { String::new() } else { format!("  {}", style(notes.join(", ")).dim()) };
    format!(
        "{mark}{} {}  {}, {effort}{}{notes}",
        style(&task.key).bold(),
        output::state(&task.state),
        super::live::name(&task.domain),
        after(&task.needs)
    )
}

/// Hours as a person says them: `8 h`, `1.5 h`.
fn hours(hours: f64) -> String {
    let rounded = (hours * 10.0).round() / 10.0;
    format!("{rounded} h")
}
