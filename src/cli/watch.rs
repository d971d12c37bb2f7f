//! `echelon watch`: follows what happens.

use std::path::Path;

use clap::Args;
use console::{Style, style};

use super::OutputArgs;
use super::connect::{Source, ask, query, source};
use super::exit::{Exit, Failure};
use super::output::{Printer, clean};
use super::run::is_over;
use crate::api::journal::event_views;
use crate::api::view::EventView;
use crate::api::wire::{Ask, Query};
use crate::domain::event::Entry;
use crate::domain::id::Sequence;
use crate::ledger::{Filter, decode};

#[derive(Args, Debug)]
pub(super) struct WatchArgs {
    /// Only this instruction: its id, or a unique beginning or end of it
    instruction: Option<String>,
    /// Begin at this event; 0 is the beginning [default: from now on, or the beginning with --no-follow]
    #[arg(long, value_name = "SEQUENCE")]
    from: Option<u64>,
    /// End once everything that has happened was shown
    #[arg(long)]
    no_follow: bool,
    /// Show signs of life and the like, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: WatchArgs, printer: &Printer) -> Result<Exit, Failure> {
    let from = if args.no_follow { Some(args.from.unwrap_or(0)) } else { args.from };
    let follow = Ask::Watch { from, instruction: args.instruction.clone(), follow: !args.no_follow };
    // What has happened can be read without a daemon; what is going to happen cannot.
    let found =
        if args.no_follow { source(data_dir, follow).await? } else { Source::Daemon(ask(data_dir, follow).await?) };
    match found {
        Source::Daemon(mut answers) => {
            while let Some(event) = answers.next::<EventView>().await? {
                show(printer, &args, &event)?;
            }
            match args.instruction {
                _ if args.no_follow => Ok(Exit::Done),
                // The events of one instruction end with it.
                Some(id) => match query(data_dir, Query::Instruction { id }).await? {
                    view if is_over(&view) => Ok(Exit::Done),
                    _the_daemon_ended_first => Err(ended()),
                },
                None => Err(ended()),
            }
        }
        Source::Directory(ledger) => {
            let only = args
                .instruction
                .as_deref()
                .map(|text| crate::api::resolve::instruction(ledger.state(), text))
                .transpose()?;
            let mut filter = only.map_or_else(Filter::everything, Filter::instruction);
            let reader = ledger.reader();
            for record in reader.records(Sequence(from.unwrap_or(0))) {
                let entry: Entry = decode(&record.map_err(crate::ledger::Error::from)?)?;
                if filter.wants(&entry) {
                    for event in event_views(&ledger, &[entry]) {
                        show(printer, &args, &event)?;
                    }
                }
            }
            Ok(Exit::Done)
        }
    }
}

/// The daemon that was followed has ended.
pub(super) fn ended() -> Failure {
    Failure::new(
        Exit::NotRunning,
        "the daemon has ended",
        "nothing is lost: what was under way goes on with the next `echelon up`",
    )
}

fn show(printer: &Printer, args: &WatchArgs, event: &EventView) -> Result<(), Failure> {
    if event.importance == "detail" && !args.all {
        return Ok(());
    }
    if args.output.json { printer.json_line(event) } else { printer.line(line(event)) }
}

/// An event as a line: the time of day, and what happened.
pub(super) fn line(event: &EventView) -> String {
    let time = event.at.get(11..19).unwrap_or(&event.at);
    let text = clean(&event.text).replace('\n', " ");
    let text = match event.importance.as_str() {
        "trouble" => Style::new().yellow().apply_to(text).to_string(),
        "detail" => style(text).dim().to_string(),
        _change => text,
    };
    format!("{} {text}", style(time).dim())
}
