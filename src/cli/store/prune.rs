//! `echelon store prune`: old events are taken out into a file and dropped; what they came to stays.

use std::path::{Path, PathBuf};

use super::check::bytes;
use super::export::{verify, write};
use crate::app::keeping::Pruning;
use crate::cli::connect::has_ledger;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::journal::Journal;
use crate::cli::new_file::NewFile;
use crate::cli::output::{Printer, count};
use crate::cli::point::Point;
use crate::domain::id::Sequence;

pub(super) async fn run(data_dir: &Path, before: Point, path: &Path, printer: &Printer) -> Result<Exit, Failure> {
    has_ledger(data_dir)?;
    is_outside(path, data_dir)?;
    let interrupt = Interrupt::listen()?;
    // Looked at before any work: a file that is there is there for a reason.
    let mut file = NewFile::begin(path)?;
    let pruning = Pruning::begin(data_dir)?;
    let Some(until) = until(&pruning, before)? else {
        let first = pruning.first();
        printer.line(format!("nothing to drop: no event is before that; the journal begins with event {first}"))?;
        return Ok(Exit::Done);
    };
    let dropped = until.0 + 1 - pruning.first().0;
    let ready = pruning.build(until, || interrupt.go_on())?;
    let base = ready.base();
    let journal = Journal::of(ready.reader(), Some((base.head(), base.organisation())))?;
    write(journal, &interrupt, |line| file.line(&line)).await?;
    // What is dropped is only there then: what counts is what comes back from the disk.
    verify(file.finish()?, path, &interrupt)?;
    file.publish()?;
    let rebuilt = ready.put_in_place().map_err(|error| {
        let failure = Failure::from(error);
        let said = format!("{}; nothing was dropped, and {} stays", failure.message, path.display());
        Failure { message: said, ..failure }
    })?;
    let (_, hash) = rebuilt.built.head.unwrap_or_default();
    let dropped = count(dropped, "event");
    printer.line(format!("dropped {dropped}, up to event {until}; they are in {}", path.display()))?;
    printer.line("  it was read back and verified; keep it: it is the only place where they are")?;
    printer.line(format!("  the journal begins with event {}; the chain ends in {hash}, as before", until.next()))?;
    printer.line(format!(
        "  the store takes {}; it took {}",
        bytes(rebuilt.bytes_after),
        bytes(rebuilt.bytes_before)
    ))?;
    Ok(Exit::Done)
}

/// The last event that is to go; `None` when there is none before that.
fn until(pruning: &Pruning, before: Point) -> Result<Option<Sequence>, Failure> {
    let first_kept = match before {
        Point::Sequence(sequence) => sequence,
        Point::Time(time) => pruning.first_since(time)?,
    };
    let last = pruning.last();
    if first_kept > last.next() {
        let message =
            format!("the last event is {last}: there is nothing up to event {first_kept} to be dropped before it");
        return Err(Failure::new(Exit::Refused, message, format!("name an event up to {}, or a time", last.next())));
    }
    Ok((first_kept > pruning.first()).then(|| Sequence(first_kept.0.saturating_sub(1))))
}

/// Refuses a file that would go with the store that is replaced.
fn is_outside(path: &Path, data_dir: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let folder = whole(folder.to_owned());
    if ["ledger", "ledger.new"].iter().any(|name| folder.starts_with(whole(data_dir.join(name)))) {
        let message = format!("`{}` is in the store that is replaced", path.display());
        return Err(Failure::new(Exit::Refused, message, "name a file outside of it"));
    }
    Ok(())
}
