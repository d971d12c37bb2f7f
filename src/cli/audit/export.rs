//! `echelon audit export`: an event a line, for people outside. Each can be held against the one before, whose hash it
//! carries, and the last against `echelon audit verify`, which says where the chain ends.

use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime};

use super::{ExportArgs, Format};
use crate::api::journal::audited;
use crate::api::view::{AuditedEvent, InstructionView};
use crate::api::wire::Query;
use crate::cli::connect::query;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::journal::Journal;
use crate::cli::new_file::NewFile;
use crate::cli::output::{Printer, clean, count, record};
use crate::domain::event::Entry;
use crate::domain::id::Sequence;
use crate::domain::time::WallTime;
use crate::ledger::{Filter, Replay};

/// The columns of a table, in the order of [`row`].
const COLUMNS: [&str; 11] =
    ["sequence", "wall", "org", "who", "via", "kind", "what", "instruction", "task", "previous", "hash"];

/// A place in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    Sequence(Sequence),
    Time(WallTime),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Sequence(Sequence(number)));
        }
        let day =
            || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
        let millis =
            time.or_else(day).ok_or("give the number of an event, a time as 2026-11-22T08:00:00Z, or a day")?;
        Ok(Self::Time(WallTime::from_millis(millis)))
    }
}

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
    let mut replay = Replay::default();
    let each = journal.each(&interrupt, |found| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_an_event_a_time_or_a_day() {
        assert_eq!("7".parse(), Ok(Point::Sequence(Sequence(7))));
        let midnight = Ok(Point::Time(WallTime::from_millis(1_767_225_600_000)));
        for text in ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"] {
            assert_eq!(text.parse(), midnight, "{text}");
        }
        for wrong in ["", "-1", "yesterday", "2026-13-01"] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
