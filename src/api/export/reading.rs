//! An exported journal that is read back, a line at a time.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;

use super::{EndLine, FORMAT_WITH_BASE, Fault, HeaderLine, base, events, unhex};
use crate::api::journal::export;
use crate::api::view::{ExportEnd, ExportHeader};
use crate::domain::event::SCHEMA_VERSION;
use crate::domain::id::Sequence;
use crate::ledger::BaseRow;
use crate::store::{Head, Record, RecordHash, VALUE_LIMIT};

/// Longest line that is read, in bytes: the largest body in hexadecimal digits, and twice that for what is readable of it.
const LINE_LIMIT: usize = 6 * VALUE_LIMIT;

/// A file that is read back: its records, each of them checked, and an error where it is not what it says it is.
pub struct Reading<R> {
    input: R,
    line: u64,
    header: ExportHeader,
    head: Option<Head>,
    base: Option<base::Rows>,
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
        if format > u64::from(FORMAT_WITH_BASE) {
            return Err(fault(format!(
                "it has form {format}, this program knows forms up to {FORMAT_WITH_BASE}; use the newer program that wrote it"
            )));
        }
        let HeaderLine { export: header } =
            serde_json::from_value(value).map_err(|error| fault(format!("the header is not understood: {error}")))?;
        let base = base::Rows::begin(&header).map_err(fault)?;
        let head = base.as_ref().map(base::Rows::head);
        Ok(Self { input, line, header, head, base, is_over: false })
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

    /// The next row of what dropped events came to, all of which come before the first record; `None` behind the last.
    ///
    /// # Errors
    /// When the file goes on in another way, or they are not what was written.
    pub fn next_row(&mut self) -> Result<Option<BaseRow>, Fault> {
        if self.base.as_ref().is_none_or(base::Rows::is_over) {
            return Ok(None);
        }
        let value = self.next_value()?;
        let line = self.line;
        self.base.as_mut().map(|base| base.take(value, line)).transpose()
    }

    /// The next record; `None` when the file has ended as it should. Rows before it that nobody asked for are checked.
    ///
    /// # Errors
    /// When it goes on in another way.
    pub fn next_record(&mut self) -> Result<Option<Record>, Fault> {
        if self.is_over {
            return Ok(None);
        }
        while self.next_row()?.is_some() {}
        let value = self.next_value()?;
        if value.get("end").is_some() {
            return self.end(value).map(|()| None);
        }
        let record = self.record(&value)?;
        self.head = Some(record.head());
        Ok(Some(record))
    }

    /// The next line.
    fn next_value(&mut self) -> Result<Value, Fault> {
        let before = self.head.map_or(0, |(sequence, _)| sequence.0);
        let Some(text) = read_line(&mut self.input, &mut self.line)? else {
            let last = self.header.last;
            return Err(self.fault(format!("the file ends here, after event {before} of {last}: it was cut off")));
        };
        serde_json::from_str(&text).map_err(|error| self.fault(format!("this is no whole line of an export ({error})")))
    }

    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault { line: self.line, what: what.into() }
    }

    fn end(&mut self, value: Value) -> Result<(), Fault> {
        let EndLine { end } = serde_json::from_value(value)
            .map_err(|error| self.fault(format!("the last line is not understood: {error}")))?;
        let found = super::end(&self.header, self.head);
        let promised =
            ExportEnd { events: events(&self.header), head: self.header.head.clone(), base: found.base.clone() };
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
