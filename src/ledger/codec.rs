//! Events as bytes: postcard, with the version of the schema beside them in the record.
//!
//! postcard is compact and cannot grow a field, so the version decides how a body is read: [`READERS`] has a reader for
//! each version there is. One for an older version reads the shapes of that version, which are kept for it, and lifts them
//! to the current ones; a body of a newer version is refused. Golden journals in the tests hold every version to it.
//!
//! Whoever changes the shape of an event raises [`SCHEMA_VERSION`], keeps the old shape in a module of its own beside this
//! one, and adds its reader.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::event::{Entry, Event, SCHEMA_VERSION};
use crate::domain::role::Principal;
use crate::domain::time::Stamp;
use crate::store::Record;

/// The version that is written.
pub(super) const VERSION: u16 = SCHEMA_VERSION;

/// The versions that can be read. Versions 1 and 2 were never released, and nothing is left that was written in them.
const READERS: [(u16, Read); 1] = [(3, read_current)];

/// Reads a body of one version and lifts it.
type Read = fn(&[u8]) -> postcard::Result<Body>;

/// The body of a record, version 3. The sequence is the record's own.
#[derive(Serialize)]
struct BodyRef<'a> {
    at: Stamp,
    principal: &'a Principal,
    event: &'a Event,
}

#[derive(Deserialize)]
struct Body {
    at: Stamp,
    principal: Principal,
    event: Event,
}

/// The body of the record for `entry`.
///
/// # Errors
/// When it cannot be encoded, which no entry that the core makes causes.
pub fn encode(entry: &Entry) -> Result<Vec<u8>, Error> {
    let body = BodyRef { at: entry.at, principal: &entry.principal, event: &entry.event };
    let mut bytes = postcard::to_extend(&body, Vec::with_capacity(BODY_BYTES))
        .map_err(|error| Error::Unreadable { what: format!("event {}", entry.sequence), detail: error.to_string() })?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// Bytes that nearly all bodies fit in: growing there step by step takes longer than what is written.
const BODY_BYTES: usize = 1_024;

/// The entry of a record.
///
/// # Errors
/// When the record is of a version that this program does not know, or its body is not what the version says.
pub fn decode(record: &Record) -> Result<Entry, Error> {
    let unreadable = |detail: String| Error::Unreadable { what: format!("event {}", record.sequence), detail };
    let Some((_, read)) = READERS.iter().find(|(version, _)| *version == record.version) else {
        let known: Vec<String> = READERS.iter().map(|(version, _)| version.to_string()).collect();
        let detail = format!("its schema has version {}, this program knows {}", record.version, known.join(", "));
        return Err(unreadable(detail));
    };
    let Body { at, principal, event } = read(&record.body).map_err(|error| unreadable(error.to_string()))?;
    Ok(Entry { sequence: record.sequence, at, principal, event })
}

/// Whether a later program wrote this.
pub(super) const fn is_newer(version: u16) -> bool {
    version > VERSION
}

fn read_current(body: &[u8]) -> postcard::Result<Body> {
    postcard::from_bytes(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        assert!(READERS.iter().any(|(version, _)| *version == VERSION), "no reader for version {VERSION}");
    }
}
