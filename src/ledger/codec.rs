//! Events as bytes: postcard, with the version of the schema beside them in the record.
//!
//! postcard is compact and cannot grow a field, so the version decides how a body is read. A body of an older version is
//! lifted to the current shapes; one of a newer version is refused.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::event::{Entry, Event, SCHEMA_VERSION};
use crate::domain::role::Principal;
use crate::domain::time::Stamp;
use crate::store::Record;

/// The version that is written.
pub(super) const VERSION: u16 = SCHEMA_VERSION;

/// The body of a record, version 2. The sequence is the record's own.
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
    match record.version {
        VERSION => {
            let body: Body = postcard::from_bytes(&record.body).map_err(|error| unreadable(error.to_string()))?;
            Ok(Entry { sequence: record.sequence, at: body.at, principal: body.principal, event: body.event })
        }
        other => Err(unreadable(format!("its schema has version {other}, this program knows version {VERSION}"))),
    }
}
