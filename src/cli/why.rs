//! `echelon why`: why a task went to whom it went.

use std::path::Path;

use console::style;

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{Printer, readable};
use crate::api::view::TaskDetail;
use crate::api::wire::Query;

pub(super) async fn run(data_dir: &Path, task: String, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let detail: TaskDetail = query(data_dir, Query::Task { id: task }).await?;
    if output.json {
        printer.json(&detail.assignment)?;
        return Ok(Exit::Done);
    }
    let detail = readable(&detail)?;
    let task = &detail.task;
    let Some(assignment) = &detail.assignment else {
        let why = match task.kind.as_str() {
            "strategic" => "is a milestone: nobody is chosen for it, the lead of its domain has it",
            _tactical => "was not assigned to anybody yet",
        };
        printer.prose("", format!("{} ({}) {why}", task.key, short(&task.id)))?;
        return Ok(Exit::Done);
    };
    let winner = assignment.candidates.first().map_or("nobody", |best| best.ic.as_str());
    printer.prose(
        "",
        format!(
            "{} ({}) went to {winner}, by what was known at event {}",
            task.key,
            short(&task.id),
            assignment.inputs
        ),
    )?;
    if let Some(now) = task.assignee.as_deref().filter(|now| *now != winner) {
        printer.line(format!("it was given to {now} afterwards"))?;
    }
    if let Some(reason) = &assignment.chosen {
        printer.prose("a person chose: ", reason)?;
    }
    let weights = "weights: .40 match, .25 (1 - workload), .20 fit, .10 learning, .05 performance";
    printer.line(style(weights).dim())?;
    let mut table = printer.table(&["", "WHO", "SCORE", "MATCH", "WORKLOAD", "FIT", "LEARNING", "PERFORMANCE"]);
    for (place, one) in assignment.candidates.iter().enumerate() {
        table.add_row([
            (place + 1).to_string(),
            one.ic.clone(),
            format!("{:.4}", one.score),
            format!("{:.2}", one.skill_match),
            format!("{:.2}", one.workload),
            format!("{:.2}", one.fit),
            format!("{:.2}", one.learning),
            format!("{:.2}", one.performance),
        ]);
    }
    printer.show_table(&table)?;
    for rejected in &assignment.rejected {
        printer.line(format!("not considered: {} ({})", rejected.count, rejected.name))?;
    }
    Ok(Exit::Done)
}
