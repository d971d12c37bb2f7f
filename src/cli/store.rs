//! `echelon store`: looks through the store, takes the journal out and in, and mends what can be mended.

mod check;
mod export;
mod import;
mod mend;
mod prune;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::OutputArgs;
use super::exit::{Exit, Failure};
use super::output::Printer;
use super::point::Point;

#[derive(Subcommand, Debug)]
pub(super) enum StoreCommand {
    /// Look through everything: every record, every row, and whether the rows are what the journal gives
    Check {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Take the whole journal out, one JSON object a line, also while a daemon runs
    Export {
        /// Write it to this file, which must not exist yet [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Fill an empty data directory with an exported journal
    Import {
        /// What `store export` or `store backup` wrote
        file: PathBuf,
    },
    /// Write the whole journal to a file and read it back, also while a daemon runs
    Backup {
        /// A file that does not exist yet, or a folder in which it gets a name
        #[arg(value_name = "FILE|DIR")]
        place: PathBuf,
    },
    /// Fill an empty data directory from a backup
    Restore {
        /// The backup, or a folder of backups of one organisation, of which the one that goes furthest is taken
        #[arg(value_name = "FILE|DIR")]
        place: PathBuf,
    },
    /// Take old events out into a file and drop them; what is open and what is over stays
    ///
    /// The file is written as by `store export`, and read back, before anything is dropped. Nothing that is open is lost,
    /// and what is over can still be looked at; the events before the point can no longer be followed, audited or replayed
    /// from this store. No daemon may be running.
    Prune {
        /// Drop the events before this one, or before this time (2026-11-22T08:00:00Z, or only the day)
        #[arg(long, value_name = "SEQUENCE|TIME")]
        before: Point,
        /// Write them to this file, which must not exist yet
        #[arg(long, value_name = "FILE")]
        export: PathBuf,
    },
    /// Write all rows anew from the journal
    RebuildSnapshots,
    /// Mend a store that cannot be opened because the snapshots of its database are damaged, on a copy
    Repair,
}

pub(super) async fn run(data_dir: &Path, command: &StoreCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Check { output } => check::run(data_dir, *output, printer).await,
        StoreCommand::Export { output } => export::run(data_dir, output.as_deref(), printer).await,
        StoreCommand::Import { file } => import::import(data_dir, file, printer),
        StoreCommand::Backup { place } => export::backup(data_dir, place, printer).await,
        StoreCommand::Restore { place } => import::restore(data_dir, place, printer),
        StoreCommand::Prune { before, export } => prune::run(data_dir, *before, export, printer).await,
        StoreCommand::RebuildSnapshots => mend::rebuild(data_dir, printer),
        StoreCommand::Repair => mend::repair(data_dir, printer),
    }
}
