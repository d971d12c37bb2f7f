//! `echelon doctor`: proves that every open task is owned by somebody who can act.

use std::path::Path;

use console::style;

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::needs::show_needs;
use super::output::{Printer, count, readable};
use crate::api::view::DoctorView;
use crate::api::wire::Query;

pub(super) async fn run(data_dir: &Path, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: DoctorView = query(data_dir, Query::Doctor).await?;
    let healthy = view.faults.is_empty() && view.degraded.is_empty();
    if output.json {
        printer.json(&view)?;
    } else {
        let view = readable(&view)?;
        let verdict = if healthy { style("healthy").green() } else { style("not healthy").red() };
        let open = match view.instructions {
            0 => "nothing is open".to_owned(),
            some => format!(
                "{} and {} are open, {} without an owner who can act",
                count(some, "instruction"),
                count(view.tasks, "task"),
                if view.faults.is_empty() { "none".to_owned() } else { view.faults.len().to_string() }
            ),
        };
        printer.line(format!("{verdict}: {open}"))?;
        for fault in &view.faults {
            printer.line(format!("  {fault}"))?;
        }
        for degraded in &view.degraded {
            printer.line(format!("  degraded: {} ({})", degraded.role, degraded.reason))?;
        }
        show_needs(printer, data_dir, view.running, &view.needs_person)?;
    }
    Ok(if healthy { Exit::Done } else { Exit::Damaged })
}
