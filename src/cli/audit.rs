//! `echelon audit`: verifies the journal.

use std::path::Path;

use clap::Subcommand;
use console::style;

use super::OutputArgs;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::output::{Printer, count, readable};
use crate::api::view::AuditView;
use crate::api::wire::Query;

#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// Walk the whole journal: every checksum, every link, and whether it gives the state that is in use
    Verify {
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(super) async fn run(data_dir: &Path, command: &AuditCommand, printer: &Printer) -> Result<Exit, Failure> {
    let AuditCommand::Verify { output } = command;
    let view: AuditView = query(data_dir, Query::Audit).await?;
    let whole = view.fault.is_none() && view.state_matches != Some(false);
    if output.json {
        printer.json(&view)?;
    } else {
        let view = readable(&view)?;
        let verdict = if whole { style("whole").green() } else { style("damaged").red() };
        let events = count(usize::try_from(view.events).unwrap_or(usize::MAX), "event");
        printer.line(format!("{verdict}: {events}, every checksum and link"))?;
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
