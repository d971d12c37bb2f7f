//! A journal as a file: what it is taken out as, and how it is read back.
//!
//! One JSON object a line: a header that says how far it goes, every event, readable and as it was recorded, and a last line
//! that says that this is all:
//!
//! ```text
//!   {"export":{"format":1,"program":"0.1.0","organisation":"software","first":1,"last":2,"head":"9f…"}}
//!   {"sequence":1,"version":3,"org":…,"wall":…,"principal":…,"event":{…},"body":"00…","previous":"00…","hash":"4e…"}
//!   {"sequence":2,…,"previous":"4e…","hash":"9f…"}
//!   {"end":{"events":2,"head":"9f…"}}
//! ```
//!
//! Where events were dropped, the header says so (`"format":2,"first":P+1,"base":{"hash":…,"rows":…,"check":…}`), and what
//! they came to comes before the events: `{"base":{"table":…,"key":…,"value":…}}`. The last line has the check, too.
//!
//! The hash of a record is over its body, which is there in hexadecimal digits, so a file that was cut off, edited or put
//! together from several is found out whatever becomes of the shape of events. What is readable has to be what the body
//! says. Reading and writing take a line at a time.

mod base;
mod reading;

use serde::{Deserialize, Serialize};

pub use self::base::{RowLine, begun_after, row, unrow};
pub use self::reading::Reading;
use super::view::{ExportEnd, ExportHeader};
use super::wire::RawRecord;
use crate::domain::id::Sequence;
use crate::ledger::Base;
use crate::store::{Head, Record};

/// The form described above. Another form takes another number.
pub const FORMAT: u32 = 1;

/// The form with a base: whoever does not know of it reads no such file.
const FORMAT_WITH_BASE: u32 = 2;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// The first line, as an object of its own.
#[derive(Serialize, Deserialize)]
pub struct HeaderLine {
    /// What it says.
    pub export: ExportHeader,
}

/// The last line, as an object of its own.
#[derive(Serialize, Deserialize)]
pub struct EndLine {
    /// What it says.
    pub end: ExportEnd,
}

/// The header of a journal that begins after a base, if it has one, and ends there.
#[must_use]
pub fn header(organisation: Option<String>, base: Option<&Base>, head: Option<Head>) -> ExportHeader {
    ExportHeader {
        format: if base.is_some() { FORMAT_WITH_BASE } else { FORMAT },
        program: env!("CARGO_PKG_VERSION").to_owned(),
        organisation,
        first: base.map_or(1, |base| base.head().0.next().0),
        last: head.map_or(0, |(sequence, _)| sequence.0),
        head: head.map(|(_, hash)| hash.to_string()),
        base: base.map(base::said),
    }
}

/// How many events a journal with this header has.
#[must_use]
pub const fn events(header: &ExportHeader) -> u64 {
    (header.last + 1).saturating_sub(header.first)
}

/// The last line of a journal that begins as the header says, and ends there.
#[must_use]
pub fn end(header: &ExportHeader, head: Option<Head>) -> ExportEnd {
    let last = head.map_or(0, |(sequence, _)| sequence.0);
    ExportEnd {
        events: last.saturating_sub(header.first.saturating_sub(1)),
        head: head.map(|(_, hash)| hash.to_string()),
        base: header.base.as_ref().map(|base| base.check.clone()),
    }
}

/// A record for the way over the socket.
#[must_use]
pub fn raw(record: &Record) -> RawRecord {
    RawRecord {
        sequence: record.sequence.0,
        version: record.version,
        body: hex(&record.body),
        previous: record.previous.to_string(),
    }
}

/// The record that came over the socket; `None` when that is none.
#[must_use]
pub fn unraw(raw: &RawRecord) -> Option<Record> {
    Some(Record {
        sequence: Sequence(raw.sequence),
        version: raw.version,
        body: unhex(&raw.body)?,
        previous: raw.previous.parse().ok()?,
    })
}

/// Bytes as hexadecimal digits.
#[must_use]
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_round_trip() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        for wrong in ["a", "0g", "é", "+1"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
