//! `echelon audit`: verifies the journal, and hands it to people who have to know who did what.

mod export;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::OutputArgs;
use super::exit::{Exit, Failure};
use super::output::Printer;
use super::point::Point;

#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// Walk the whole journal: every checksum, every link, and whether it gives the state that is in use
    Verify {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Who did what, when, by which way, with the hash of each event and of the one before it
    Export(ExportArgs),
}

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// As JSON, one object a line, or as a table for a spreadsheet
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// From this event or this time on (2026-11-22T08:00:00Z, or only the day)
    #[arg(long, value_name = "SEQUENCE|TIME")]
    from: Option<Point>,
    /// Up to this event, or before this time
    #[arg(long, value_name = "SEQUENCE|TIME")]
    to: Option<Point>,
    /// Only one instruction, its parts and their tasks: its id, or a unique beginning or end of it
    #[arg(long, value_name = "ID")]
    instruction: Option<String>,
    /// Write it to this file, which must not exist yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

// Help for the single values would make the help text longer than the option needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

pub(super) async fn run(data_dir: &Path, command: &AuditCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        AuditCommand::Verify { output } => verify::run(data_dir, *output, printer).await,
        AuditCommand::Export(args) => export::run(data_dir, args, printer).await,
    }
}
