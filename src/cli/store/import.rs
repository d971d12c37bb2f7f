//! `echelon store import` and `restore`: an empty data directory gets a journal, all of it or nothing.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::api::export::{self, Fault, Reading};
use crate::app::keeping::Filling;
use crate::cli::connect;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Printer, count};
use crate::ledger::Built;

pub(super) fn import(data_dir: &Path, file: &Path, printer: &Printer) -> Result<Exit, Failure> {
    fill(data_dir, file, "imported", printer)
}

pub(super) fn restore(data_dir: &Path, place: &Path, printer: &Printer) -> Result<Exit, Failure> {
    let file = if place.is_dir() { furthest(place)? } else { place.to_owned() };
    fill(data_dir, &file, "restored", printer)
}

fn fill(data_dir: &Path, file: &Path, done: &str, printer: &Printer) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen()?;
    let faulty = |fault: Fault| {
        let message = format!("{}, {fault}; nothing was {done}", file.display());
        Failure::new(Exit::Damaged, message, "use another copy of the file, or an older one")
    };
    let mut reading = open(file).and_then(|input| Reading::begin(input).map_err(faulty))?;
    let mut filling = Filling::begin(data_dir, export::begun_after(reading.header()))?;
    while let Some(row) = reading.next_row().map_err(faulty)? {
        interrupt.go_on()?;
        filling.take_row(row)?;
    }
    while let Some(record) = reading.next_record().map_err(faulty)? {
        interrupt.go_on()?;
        filling.take(record)?;
    }
    if reading.head().is_none() {
        let message = format!("{} has no events; nothing was {done}", file.display());
        return Err(Failure::new(Exit::Refused, message, "a new organisation needs none: `echelon up --org FILE`"));
    }
    let organisation = reading.header().organisation.clone();
    let Built { head, digest, events } = filling.publish()?;
    let (_, hash) = head.unwrap_or_default();
    let name = organisation.map(|name| format!(" of `{name}`")).unwrap_or_default();
    printer.line(crate::cli::output::clean(&format!(
        "{done} {}{name} into {}",
        count(events, "event"),
        data_dir.display()
    )))?;
    printer.line(format!("  the chain ends in {hash}"))?;
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    printer.line(format!("  every hash was computed again; the digest of the state is {digest}"))?;
    printer.note(format!("next: {}", connect::command(data_dir, "up")));
    Ok(Exit::Done)
}

fn open(file: &Path) -> Result<BufReader<File>, Failure> {
    let opened = File::open(file).and_then(|opened| {
        let is_folder = opened.metadata()?.is_dir();
        if is_folder { Err(std::io::ErrorKind::IsADirectory.into()) } else { Ok(opened) }
    });
    opened.map(BufReader::new).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", file.display());
        Failure::new(Exit::Usage, message, "name a file that `echelon store export` or `backup` wrote")
    })
}

/// The backup in a folder that goes furthest. All of one length have to be the same journal.
fn furthest(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_backup = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file();
    let headers = entries.filter(is_backup).filter_map(|path| {
        let header = Reading::begin(open(&path).ok()?).ok()?.header().clone();
        Some((header.last, header.head, header.organisation, path))
    });
    let mut found: Vec<_> = headers.collect();
    found.sort();
    let Some((last, head, organisation, path)) = found.pop() else {
        let message = format!("no backup is in {}", folder.display());
        return Err(Failure::new(
            Exit::Refused,
            message,
            "name the file, or a folder that `echelon store backup` wrote to",
        ));
    };
    let is_another = |other: &(u64, Option<String>, Option<String>, PathBuf)| {
        other.2 != organisation || (other.0 == last && other.1 != head)
    };
    if let Some((_, _, _, other)) = found.iter().find(|other| is_another(other)) {
        let message = format!("{} and {} are of two organisations", path.display(), other.display());
        return Err(Failure::new(Exit::Refused, message, "name the file to restore from"));
    }
    Ok(path)
}
