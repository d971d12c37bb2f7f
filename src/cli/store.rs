//! `echelon store`: takes the journal out.

use std::path::Path;

use clap::Subcommand;

use super::connect::{Source, source};
use super::exit::{Exit, Failure};
use super::output::Printer;
use crate::api::journal;
use crate::api::view::ExportedEvent;
use crate::api::wire::Ask;
use crate::domain::id::Sequence;
use crate::ledger;

#[derive(Subcommand, Debug)]
pub(super) enum StoreCommand {
    /// Print every event as a line of JSON
    Export,
}

pub(super) async fn run(data_dir: &Path, command: &StoreCommand, printer: &Printer) -> Result<Exit, Failure> {
    let StoreCommand::Export = command;
    match source(data_dir, Ask::Export).await? {
        Source::Daemon(mut answers) => {
            while let Some(line) = answers.next::<ExportedEvent>().await? {
                printer.record(&line)?;
            }
        }
        Source::Directory(ledger) => {
            let reader = ledger.reader();
            for record in reader.records(Sequence(1)) {
                let record = record.map_err(ledger::Error::from)?;
                printer.record(&journal::export(&record)?)?;
            }
        }
    }
    Ok(Exit::Done)
}
