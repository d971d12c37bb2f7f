//! `echelon audit verify`: the chain, and whether it gives the state that is in use.

use std::path::Path;

use console::style;

use crate::api::view::AuditView;
use crate::api::wire::Query;
use crate::cli::OutputArgs;
use crate::cli::connect::query;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Printer, count, readable};

pub(super) async fn run(data_dir: &Path, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: AuditView = query(data_dir, Query::Audit).await?;
    let whole = view.fault.is_none() && view.state_matches != Some(false);
    if output.json {
        printer.json(&view)?;
    } else {
        let view = readable(&view)?;
        let verdict = if whole { style("whole").green() } else { style("damaged").red() };
        let events = count(usize::try_from(view.events).unwrap_or(usize::MAX), "event");
        printer.line(format!("{verdict}: {events}, every checksum and link"))?;
        if let Some(dropped) = view.dropped {
            let first = dropped + 1;
            printer.line(format!("  from event {first} on; what was before was exported and dropped"))?;
        }
        if let Some(head) = &view.head {
            printer.line(format!("  the chain ends in {head}"))?;
        }
        if let Some(fault) = &view.fault {
            printer.line(format!("  {fault}"))?;
        }
        match view.state_matches {
            Some(true) => printer.line("  replaying all of it gives the state that is in use")?,
            Some(false) => printer.line("  replaying all of it does NOT give the state that is in use")?,
            None => {}
        }
    }
    Ok(if whole { Exit::Done } else { Exit::Damaged })
}
