//! `echelon store rebuild-snapshots` and `repair`: what can be made again is made again, beside what is there.

use std::path::Path;

use super::check::bytes;
use crate::app::keeping;
use crate::cli::connect::{self, has_ledger};
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Printer, count};

pub(super) fn rebuild(data_dir: &Path, printer: &Printer) -> Result<Exit, Failure> {
    has_ledger(data_dir)?;
    let interrupt = Interrupt::listen()?;
    let rebuilt = keeping::rebuild(data_dir, || interrupt.go_on())?;
    let (_, hash) = rebuilt.built.head.unwrap_or_default();
    printer.line(format!("rebuilt: all rows were written anew from {}", count(rebuilt.built.events, "event")))?;
    printer.line(format!("  the chain ends in {hash}, as before"))?;
    printer.line(format!(
        "  the store takes {}; it took {}",
        bytes(rebuilt.bytes_after),
        bytes(rebuilt.bytes_before)
    ))?;
    Ok(Exit::Done)
}

pub(super) fn repair(data_dir: &Path, printer: &Printer) -> Result<Exit, Failure> {
    has_ledger(data_dir)?;
    let Some(repaired) = keeping::repair(data_dir)? else {
        printer.line("nothing to repair: the store opens as it is")?;
        printer.note(format!("`{}` looks through all of it", connect::command(data_dir, "store check")));
        return Ok(Exit::Done);
    };
    let (last, hash) = repaired.last.unwrap_or_default();
    printer.line(format!(
        "repaired: {} on a copy, without {}",
        count(last.0, "event"),
        repaired.left_out.join(", ")
    ))?;
    printer.line(format!("  the chain ends in {hash}"))?;
    printer.line(match repaired.acknowledged {
        Some(sequence) => format!("  all of it was read, up to event {sequence}, the last that was acknowledged"),
        None => "  all of it was read; no mark says whether later events were acknowledged".to_owned(),
    })?;
    printer.line(format!("  the store as it was found is kept in {}", repaired.kept.display()))?;
    if repaired.damaged_rows > 0 {
        let rows = count(repaired.damaged_rows, "row");
        let command = connect::command(data_dir, "store rebuild-snapshots");
        printer.note(format!("next: {rows} cannot be read; write them anew from the journal: {command}"));
    }
    Ok(Exit::Done)
}
