//! `echelon store check`: every fault of a store, and what helps.

use std::path::Path;

use console::style;

use crate::api::journal::check_view;
use crate::api::view::{StoreCheckView, StoreFaultView};
use crate::api::wire::{Ask, Query};
use crate::cli::OutputArgs;
use crate::cli::connect::{self, Source, store_source};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Printer, count, readable};
use crate::ledger;

pub(super) async fn run(data_dir: &Path, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let view: StoreCheckView = match store_source(data_dir, Ask::Query(Query::Check)).await? {
        Source::Daemon(answers) => answers.one().await?,
        Source::Directory(store) => check_view(&ledger::check(store.as_ref())?),
    };
    let whole = view.faults.is_empty();
    if output.json {
        printer.json(&view)?;
    } else {
        show(data_dir, &readable(&view)?, printer)?;
    }
    Ok(if whole { Exit::Done } else { Exit::Damaged })
}

fn show(data_dir: &Path, view: &StoreCheckView, printer: &Printer) -> Result<(), Failure> {
    if view.faults.is_empty() {
        let events = count(view.events, "event");
        printer.line(format!("{}: {events}, every record and every row", style("whole").green()))?;
    } else {
        let faults = count(view.faults.len() as u64 + view.unlisted, "fault");
        let events = count(view.events, "event");
        printer.line(format!("{}: {faults}; {events} can be read", style("damaged").red()))?;
        for fault in &view.faults {
            printer.line(format!("  {} {}", fault.place, fault.what))?;
        }
        if view.unlisted > 0 {
            printer.line(format!("  and {} more", view.unlisted))?;
        }
    }
    if let Some(dropped) = view.dropped {
        printer.line(format!("  from event {} on; what was before was exported and dropped", dropped + 1))?;
    }
    if let Some(head) = &view.head {
        printer.line(format!("  the chain ends in {head}"))?;
    }
    printer.line(match view.acknowledged {
        Some(last) => format!("  acknowledged up to event {last}"),
        None => "  no mark says up to which event was acknowledged; the next event writes one".to_owned(),
    })?;
    let rows: Vec<String> = view.rows.iter().map(|(table, count)| format!("{table} {count}")).collect();
    let compared = match (view.rows_compared, view.snapshot) {
        (false, _) => "not compared with the journal".to_owned(),
        (true, Some(at)) => format!("compared with the journal, snapshots as of event {at}"),
        (true, None) => "compared with the journal, without snapshots".to_owned(),
    };
    printer.line(format!("  rows: {}; {compared}", rows.join(", ")))?;
    let format = view.format.map(|format| format!("format {format}, ")).unwrap_or_default();
    printer.line(format!("  {format}{} on the disk", bytes(view.size_bytes)))?;
    if view.loose_parts > 0 {
        let parts = count(view.loose_parts, "piece");
        let command = connect::command(data_dir, "store rebuild-snapshots");
        printer.line(format!("  {parts} of values that are gone take room; `{command}` leaves them out"))?;
    }
    for advice in advice(data_dir, &view.faults) {
        printer.note(format!("next: {advice}"));
    }
    Ok(())
}

/// What helps, each once, what is worst first.
fn advice(data_dir: &Path, faults: &[StoreFaultView]) -> Vec<String> {
    let needs = |remedy: &str| faults.iter().any(|fault| fault.remedy == remedy);
    let mut advice = Vec::new();
    if needs("use_newer_program") {
        advice.push("use the newer program that wrote these records".to_owned());
    }
    if needs("restore_backup") {
        let restore = "echelon --data-dir NEW_DIR store restore FILE";
        advice.push(format!(
            "stop the daemon, keep a copy of {}, and restore the last backup: {restore}",
            data_dir.display()
        ));
    } else if needs("rebuild_snapshots") {
        advice.push(format!("stop the daemon, then: {}", connect::command(data_dir, "store rebuild-snapshots")));
    }
    advice
}

/// A size as people say it.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (size as f64 / 1024.0, 0);
    // What would be shown as 1024.0 is one of the next unit.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    format!("{size:.1} {}", UNITS[unit])
}
