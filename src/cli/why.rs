//! `echelon why`: why a task is with whom it is, or with nobody.

use std::path::Path;

use console::style;

use super::OutputArgs;
use super::columns::hours;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, readable};
use crate::api::view::{AssignmentView, CandidateView, WaitsView, WhyView};
use crate::api::wire::Query;

pub(super) async fn run(data_dir: &Path, task: String, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: WhyView = query(data_dir, Query::Why { task }).await?;
    if output.json {
        printer.json(&view)?;
        return Ok(Exit::Done);
    }
    let view = readable(&view)?;
    match (&view.waits, &view.assignment) {
        (Some(waits), _) => waiting(&view, waits, printer)?,
        (None, Some(assignment)) => assigned(&view, assignment, printer)?,
        (None, None) => {
            let why = match view.kind.as_str() {
                "strategic" => "is a milestone: nobody is chosen for it, the lead of its domain has it",
                _tactical => "was not assigned to anybody yet",
            };
            printer.prose("", format!("{} ({}) {why}", view.key, short(&view.id)))?;
        }
    }
    Ok(Exit::Done)
}

/// Why it went to whom it went.
fn assigned(view: &WhyView, assignment: &AssignmentView, printer: &Printer) -> Result<(), Failure> {
    let best = assignment.candidates.first();
    let winner = best.map_or("nobody", |best| best.ic.as_str());
    let known = format!("by what was known at event {}", assignment.inputs);
    printer.prose("", format!("{} ({}) went to {winner}, {known}", view.key, short(&view.id)))?;
    if let Some(now) = view.assignee.as_deref().filter(|now| *now != winner) {
        match &view.moved {
            Some(why) => printer.prose("", format!("it was given to {now} afterwards: {why}"))?,
            None => printer.line(format!("it was given to {now} afterwards"))?,
        }
    }
    if let Some(reason) = &assignment.chosen {
        printer.prose("a person chose: ", reason)?;
    }
    if let Some(because) = &assignment.because {
        printer.prose("", because)?;
    }
    if let Some(best) = best.filter(|best| best.samples > 0) {
        printer.prose("", estimate(best))?;
    }
    candidates(assignment, None, printer)
}

/// Why nobody has it.
fn waiting(view: &WhyView, waits: &WaitsView, printer: &Printer) -> Result<(), Failure> {
    printer.prose("", format!("{} ({}) waits: {}", view.key, short(&view.id), waits.reason))?;
    if let Some(until) = &waits.until {
        printer.line(format!("it is looked at again as somebody has room, and at {} UTC", output::time(until)))?;
    }
    candidates(&waits.standing, Some(waits.available_below), printer)
}

/// What an estimate rests on that is not the plan's.
fn estimate(one: &CandidateView) -> String {
    format!(
        "estimated {}, for {} {}: {} pieces of such work took them {:.1} times as long as estimated",
        hours(one.planned_hours),
        one.ic,
        hours(one.expected_hours),
        one.samples,
        one.expected_hours / one.planned_hours.max(0.001)
    )
}

fn candidates(found: &AssignmentView, limit: Option<f64>, printer: &Printer) -> Result<(), Failure> {
    if !found.candidates.is_empty() {
        let weights = "weights: .40 match, .25 (1 - workload), .20 fit, .10 learning, .05 performance";
        printer.line(style(weights).dim())?;
        let mut table = printer.table(&["", "WHO", "SCORE", "MATCH", "LOAD", "FIT", "LEARN", "PERF", "HOURS"]);
        for (place, one) in found.candidates.iter().enumerate() {
            let is_over = limit.is_some_and(|limit| one.workload > limit);
            table.add_row([
                (place + 1).to_string(),
                one.ic.clone(),
                format!("{:.4}", one.score),
                format!("{:.2}", one.skill_match),
                format!("{:.2}{}", one.workload, if is_over { "!" } else { "" }),
                format!("{:.2}", one.fit),
                format!("{:.2}", one.learning),
                format!("{:.2}", one.performance),
                format!("{:.1}", one.expected_hours),
            ]);
        }
        printer.show_table(&table)?;
    }
    if let Some(limit) = limit {
        printer.line(format!("! has more than {:.0} % of three days to do: not available for it", limit * 100.0))?;
    }
    for rejected in found.rejected.iter().filter(|one| limit.is_none() || one.name != "overloaded") {
        printer.line(format!("not considered: {} ({})", rejected.count, rejected.name))?;
    }
    Ok(())
}
