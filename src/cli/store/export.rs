//! `echelon store export` and `backup`: the whole journal, as it was when the command began.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::api::export::{self, EndLine, HeaderLine, Reading, RowLine};
use crate::api::journal;
use crate::api::view::ExportHeader;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::journal::{Journal, Piece};
use crate::cli::new_file::NewFile;
use crate::cli::output::{Printer, count, record};

/// Hexadecimal digits of the hash in the name of a backup: two journals of the same length have other names.
const HASH_DIGITS: usize = 8;

pub(super) async fn run(data_dir: &Path, output: Option<&Path>, printer: &Printer) -> Result<Exit, Failure> {
    let journal = Journal::open(data_dir).await?;
    let interrupt = Interrupt::listen()?;
    let Some(path) = output else {
        write(journal, &interrupt, |line| printer.line(line)).await?;
        return Ok(Exit::Done);
    };
    let events = count(export::events(&journal.header), "event");
    let mut file = NewFile::begin(path)?;
    write(journal, &interrupt, |line| file.line(&line)).await?;
    file.publish()?;
    printer.line(format!("exported {events} to {}", path.display()))?;
    Ok(Exit::Done)
}

pub(super) async fn backup(data_dir: &Path, place: &Path, printer: &Printer) -> Result<Exit, Failure> {
    let journal = Journal::open(data_dir).await?;
    let interrupt = Interrupt::listen()?;
    let header = journal.header.clone();
    if header.last == 0 {
        return Err(Failure::plain(Exit::Refused, "there is nothing to back up: the journal is empty"));
    }
    let path = if place.is_dir() { place.join(name(&header)) } else { place.to_owned() };
    let mut file = NewFile::begin(&path)?;
    write(journal, &interrupt, |line| file.line(&line)).await?;
    // What counts is what comes back from the disk.
    verify(file.finish()?, &path, &interrupt)?;
    file.publish()?;
    let events = count(export::events(&header), "event");
    printer.line(format!("backed up {events} to {}", path.display()))?;
    printer.line(format!("  read back and verified; the chain ends in {}", header.head.unwrap_or_default()))?;
    printer.line("  it holds the ledger; the folders of the work are in `instructions` of the data directory")?;
    Ok(Exit::Done)
}

/// Hands the lines of the journal on.
pub(super) async fn write(
    journal: Journal,
    interrupt: &Interrupt,
    mut line: impl FnMut(String) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let header = journal.header.clone();
    line(record(&HeaderLine { export: header.clone() })?)?;
    let each = journal.each(interrupt, |piece| {
        line(match piece {
            Piece::Row(found) => record(&RowLine { base: export::row(&found) })?,
            Piece::Record(found) => record(&journal::export(&found)?)?,
        })
    });
    let head = each.await?;
    line(record(&EndLine { end: export::end(&header, head) })?)
}

pub(super) fn verify(input: impl BufRead, path: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    let failed = |fault: export::Fault| {
        let message = format!("{} does not come back as it was written: {fault}", path.display());
        Failure::new(Exit::Failed, message, "nothing is left of it; check the disk, and name another place")
    };
    let mut reading = Reading::begin(input).map_err(failed)?;
    while reading.next_record().map_err(failed)?.is_some() {
        interrupt.go_on()?;
    }
    Ok(())
}

/// What a backup is called in a folder of them: `echelon-software-000123-9f86d081.jsonl`.
fn name(header: &ExportHeader) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let organisation: String =
        header.organisation.as_deref().unwrap_or("unnamed").chars().map(plain).take(40).collect();
    let hash: String = header.head.iter().flat_map(|hash| hash.chars()).take(HASH_DIGITS).collect();
    format!("echelon-{organisation}-{:06}-{hash}.jsonl", header.last).into()
}
