//! `echelon audit export`: an event a line, for people outside. Each can be held against the one before, whose hash it
//! carries, and the last against `echelon audit verify`, which says where the chain ends.

use std::path::Path;

use super::{ExportArgs, Format};
use crate::api::export::begun_after;
use crate::api::journal::audited;
use crate::api::view::{AuditedEvent, InstructionView};
use crate::api::wire::Query;
use crate::cli::connect::query;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::journal::{Journal, Piece};
use crate::cli::new_file::NewFile;
use crate::cli::output::{Printer, clean, count, record};
use crate::cli::point::Point;
use crate::domain::event::Entry;
use crate::domain::time::WallTime;
use crate::ledger::{Base, Filter, Replay};
use crate::store;

/// The columns of a table, in the order of [`row`].
const COLUMNS: [&str; 11] =
    ["sequence", "wall", "org", "who", "via", "kind", "what", "instruction", "task", "previous", "hash"];

pub(super) async fn run(data_dir: &Path, args: &ExportArgs, printer: &Printer) -> Result<Exit, Failure> {
    let mut filter = match &args.instruction {
        Some(id) => {
            // The id is made whole by whoever answers for the instruction.
            let view: InstructionView = query(data_dir, Query::Instruction { id: id.clone() }).await?;
            let id = view.instruction.id.parse().map_err(|_| Failure::plain(Exit::Failed, "the answer has no id"))?;
            Filter::instruction(id)
        }
        None => Filter::everything(),
    };
    let journal = Journal::open(data_dir).await?;
    let interrupt = Interrupt::listen()?;
    let mut file = args.output.as_deref().map(NewFile::begin).transpose()?;
    let mut written = 0_u64;
    let mut line = |text: String| match &mut file {
        Some(file) => file.line(&text),
        None => printer.line(text),
    };
    if args.format == Format::Csv {
        line(table_line(COLUMNS.map(str::to_owned))?)?;
    }
    // What it says in words needs the state at each event.
    let mut base = begun_after(&journal.header).map(Base::after);
    let mut replay = Replay::default();
    for asked in [args.from, args.to] {
        is_there(asked, base.as_ref(), None)?;
    }
    let each = journal.each(&interrupt, |piece| {
        let found = match piece {
            Piece::Row(row) => {
                base.iter_mut().for_each(|base| base.take(&row));
                return Ok(());
            }
            Piece::Record(found) => found,
        };
        if let Some(base) = base.take() {
            replay = Replay::after(&base)?;
            is_there(args.from, Some(&base), Some(replay.so_far().last.wall))?;
        }
        let (entry, event) = audited(&mut replay, &found)?;
        if !filter.wants(&entry) || !is_within(&entry, args.from, args.to) {
            return Ok(());
        }
        written += 1;
        line(match args.format {
            Format::Jsonl => record(&event)?,
            Format::Csv => table_line(row(event))?,
        })
    });
    each.await?;
    if let (Some(file), Some(path)) = (file, &args.output) {
        file.publish()?;
        printer.line(format!("exported {} to {}", count(written, "event"), path.display()))?;
    }
    Ok(Exit::Done)
}

/// Refuses to begin or end with what was dropped.
fn is_there(asked: Option<Point>, base: Option<&Base>, last_dropped: Option<WallTime>) -> Result<(), Failure> {
    let Some((until, _)) = base.map(Base::head) else { return Ok(()) };
    let is_dropped = match asked {
        Some(Point::Sequence(sequence)) => sequence <= until,
        Some(Point::Time(time)) => last_dropped.is_some_and(|last| time <= last),
        None => false,
    };
    if is_dropped { Err(store::Error::Dropped { until }.into()) } else { Ok(()) }
}

fn is_within(entry: &Entry, from: Option<Point>, to: Option<Point>) -> bool {
    let begun = from.is_none_or(|from| match from {
        Point::Sequence(first) => entry.sequence >= first,
        Point::Time(first) => entry.at.wall >= first,
    });
    let over = to.is_some_and(|to| match to {
        Point::Sequence(last) => entry.sequence > last,
        Point::Time(end) => entry.at.wall >= end,
    });
    begun && !over
}

fn row(event: AuditedEvent) -> [String; COLUMNS.len()] {
    let (instruction, task) = (event.instruction.unwrap_or_default(), event.task.unwrap_or_default());
    let AuditedEvent { sequence, wall, org, who, via, kind, what, previous, hash, .. } = event;
    [sequence.to_string(), wall, org, who, via, kind, what, instruction, task, previous, hash]
}

/// A line of a table, which may have ends of lines inside quoted fields.
fn table_line(fields: [String; COLUMNS.len()]) -> Result<String, Failure> {
    let failed = |error: String| Failure::plain(Exit::Failed, format!("the table cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields.iter().map(|field| clean(field))).map_err(|error| failed(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    let line = String::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
    Ok(line.trim_end_matches('\n').to_owned())
}
