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
//! The hash of a record is over its body, which is there in hexadecimal digits, so a file that was cut off, edited or put
//! together from several is found out whatever becomes of the shape of events. What is readable has to be what the body
//! says. Reading and writing take a line at a time.

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::export;
use super::view::{ExportEnd, ExportHeader};
use super::wire::RawRecord;
use crate::domain::event::SCHEMA_VERSION;
use crate::domain::id::Sequence;
use crate::store::{Head, Record, RecordHash, VALUE_LIMIT};

/// The form described above. Another form takes another number.
pub const FORMAT: u32 = 1;

/// Longest line that is read, in bytes: the largest body in hexadecimal digits, and twice that for what is readable of it.
const LINE_LIMIT: usize = 6 * VALUE_LIMIT;

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

/// The header of a journal that ends there.
#[must_use]
pub fn header(organisation: Option<String>, head: Option<Head>) -> ExportHeader {
    ExportHeader {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        organisation,
        first: 1,
        last: head.map_or(0, |(sequence, _)| sequence.0),
        head: head.map(|(_, hash)| hash.to_string()),
    }
}

/// The last line of a journal that ends there.
#[must_use]
pub fn end(head: Option<Head>) -> ExportEnd {
    ExportEnd { events: head.map_or(0, |(sequence, _)| sequence.0), head: head.map(|(_, hash)| hash.to_string()) }
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

/// A file that is read back: its records, each of them checked, and an error where it is not what it says it is.
pub struct Reading<R> {
    input: R,
    line: u64,
    header: ExportHeader,
    head: Option<Head>,
    is_over: bool,
}

/// What says how a record lies in a line; the rest of the line follows from it.
#[derive(Deserialize)]
struct Recorded {
    sequence: u64,
    version: u16,
    body: String,
    previous: RecordHashText,
    hash: RecordHashText,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct RecordHashText(RecordHash);

impl TryFrom<String> for RecordHashText {
    type Error = crate::store::ParseHashError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl<R: BufRead> Reading<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is none that this program understands.
    pub fn begin(mut input: R) -> Result<Self, Fault> {
        let mut line = 0;
        let fault = |what: String| Fault { line: 1, what };
        let foreign = || fault("this is not a journal that `echelon store export` or `backup` wrote".to_owned());
        let text = read_line(&mut input, &mut line)?.ok_or_else(|| fault("the file is empty".to_owned()))?;
        let value: Value = serde_json::from_str(&text).map_err(|_| foreign())?;
        let format = value.pointer("/export/format").and_then(Value::as_u64).ok_or_else(foreign)?;
        if format > u64::from(FORMAT) {
            return Err(fault(format!(
                "it has form {format}, this program knows forms up to {FORMAT}; use the newer program that wrote it"
            )));
        }
        let HeaderLine { export: header } =
            serde_json::from_value(value).map_err(|error| fault(format!("the header is not understood: {error}")))?;
        if header.first != 1 {
            return Err(fault(format!("it begins with event {}, and only a whole journal can be read", header.first)));
        }
        Ok(Self { input, line, header, head: None, is_over: false })
    }

    /// What the file says of itself.
    #[must_use]
    pub const fn header(&self) -> &ExportHeader {
        &self.header
    }

    /// The last record that was read.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.head
    }

    /// The next record; `None` when the file has ended as it should.
    ///
    /// # Errors
    /// When it goes on in another way.
    pub fn next_record(&mut self) -> Result<Option<Record>, Fault> {
        if self.is_over {
            return Ok(None);
        }
        let before = self.head.map_or(0, |(sequence, _)| sequence.0);
        let Some(text) = read_line(&mut self.input, &mut self.line)? else {
            let last = self.header.last;
            return Err(self.fault(format!("the file ends here, after event {before} of {last}: it was cut off")));
        };
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| self.fault(format!("this is no whole line of an export ({error})")))?;
        if value.get("end").is_some() {
            return self.end(value).map(|()| None);
        }
        let record = self.record(&value)?;
        self.head = Some(record.head());
        Ok(Some(record))
    }

    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault { line: self.line, what: what.into() }
    }

    fn end(&mut self, value: Value) -> Result<(), Fault> {
        let EndLine { end } = serde_json::from_value(value)
            .map_err(|error| self.fault(format!("the last line is not understood: {error}")))?;
        let found = self::end(self.head);
        let promised = ExportEnd { events: self.header.last, head: self.header.head.clone() };
        if end != found || promised != found {
            let what = format!(
                "it ends after {} events, and the header says {}, the last line {}: lines are missing, or were added",
                found.events, promised.events, end.events
            );
            return Err(self.fault(what));
        }
        if read_line(&mut self.input, &mut self.line)?.is_some() {
            return Err(self.fault("something follows the last line"));
        }
        self.is_over = true;
        Ok(())
    }

    /// Checks one line: its place, its link, its hash, and that what is readable is what was recorded.
    fn record(&self, value: &Value) -> Result<Record, Fault> {
        let Recorded { sequence, version, body, previous, hash } =
            Recorded::deserialize(value).map_err(|error| self.fault(format!("this is no event ({error})")))?;
        let (last, link) = self.head.unwrap_or_default();
        if Sequence(sequence) != last.next() {
            return Err(self.fault(format!("event {sequence} is in the place of event {}", last.next())));
        }
        if previous.0 != link {
            return Err(self.fault("it does not carry the hash of the event before it: one of them is another's"));
        }
        let body = unhex(&body).ok_or_else(|| self.fault("its body is not hexadecimal digits"))?;
        let record = Record { sequence: Sequence(sequence), version, body, previous: link };
        if record.hash() != hash.0 {
            return Err(self.fault("its hash is not that of its body: it was edited"));
        }
        let readable = export(&record).map_err(|error| self.fault(error.to_string()))?;
        let said = |error: serde_json::Error| self.fault(error.to_string());
        // The same way through text as the line: numbers may be rounded on it.
        let mut expected: Value =
            serde_json::from_str(&serde_json::to_string(&readable).map_err(said)?).map_err(said)?;
        let mut found = value.clone();
        if version != SCHEMA_VERSION {
            // Of an older version, the shapes in which it was readable then are not these.
            [&mut expected, &mut found].into_iter().filter_map(Value::as_object_mut).for_each(|fields| {
                fields.remove("event");
            });
        }
        if expected != found {
            return Err(self.fault("what is readable is not what its body says: it was edited"));
        }
        Ok(record)
    }
}

/// The next line without its end; `None` at the end of the file.
fn read_line(input: &mut impl BufRead, line: &mut u64) -> Result<Option<String>, Fault> {
    *line += 1;
    let fault = |what: String| Fault { line: *line, what };
    let mut bytes = Vec::new();
    let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
    let read = std::io::Read::take(&mut *input, limit).read_until(b'\n', &mut bytes);
    if read.map_err(|error| fault(format!("it cannot be read: {error}")))? == 0 {
        return Ok(None);
    }
    if bytes.len() >= LINE_LIMIT {
        return Err(fault(format!("it has more than {LINE_LIMIT} bytes, and no event has")));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| fault("it is not text in UTF-8".to_owned()))
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
