//! The rows that an exported journal begins with where events before it were dropped: a line each, before the events.

use serde::{Deserialize, Serialize};

use super::{Fault, hex, unhex};
use crate::api::view::{ExportBase, ExportHeader, ExportedRow};
use crate::domain::id::Sequence;
use crate::ledger::{Base, BaseRow};
use crate::store::{Head, Table};

/// A row of the base, as an object of its own.
#[derive(Serialize, Deserialize)]
pub struct RowLine {
    /// What it says.
    pub base: ExportedRow,
}

/// What the header says of a base.
#[must_use]
pub(super) fn said(base: &Base) -> ExportBase {
    ExportBase { hash: base.head().1.to_string(), rows: base.len() as u64, check: hex(&base.check()) }
}

/// The last of the dropped events by a header, and the hash of its record; `None` where there are none, or where it says
/// what cannot be.
#[must_use]
pub fn begun_after(header: &ExportHeader) -> Option<Head> {
    let base = header.base.as_ref()?;
    Some((Sequence(header.first.checked_sub(1)?), base.hash.parse().ok()?))
}

/// A row for a file, or for the way over the socket.
#[must_use]
pub fn row(row: &BaseRow) -> ExportedRow {
    ExportedRow { table: row.table.to_string(), key: hex(&row.key), value: hex(&row.value) }
}

/// The row that came; `None` when that is none.
#[must_use]
pub fn unrow(row: &ExportedRow) -> Option<BaseRow> {
    let table = Table::named(&row.table).filter(|table| *table != Table::Base)?;
    Some(BaseRow { table, key: unhex(&row.key)?, value: unhex(&row.value)? })
}

/// The rows as they are read back.
pub(super) struct Rows {
    base: Base,
    promised: ExportBase,
    left: u64,
}

impl Rows {
    /// Begins with what the header says; `None` where it says nothing of a base.
    pub(super) fn begin(header: &ExportHeader) -> Result<Option<Self>, String> {
        let Some(promised) = header.base.clone() else {
            if header.first == 1 {
                return Ok(None);
            }
            return Err(format!("it begins with event {}, and only a whole journal can be read", header.first));
        };
        let head = begun_after(header).filter(|(sequence, _)| *sequence > Sequence(0));
        let head = head.ok_or("the header is not understood: what it says of dropped events cannot be")?;
        Ok(Some(Self { base: Base::after(head), left: promised.rows, promised }))
    }

    pub(super) const fn head(&self) -> Head {
        self.base.head()
    }

    pub(super) const fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Takes a line; behind the last of them everything has to be what was written.
    pub(super) fn take(&mut self, value: serde_json::Value, line: u64) -> Result<BaseRow, Fault> {
        let fault = |what: String| Fault { line, what };
        let row = serde_json::from_value::<RowLine>(value).ok().and_then(|line| unrow(&line.base));
        let row = row.ok_or_else(|| fault("this is no row of what the dropped events came to".to_owned()))?;
        self.base.take(&row);
        self.left -= 1;
        if self.is_over() {
            if said(&self.base) != self.promised {
                return Err(fault("up to here, a row of what the dropped events came to was edited".to_owned()));
            }
            self.base.state().map_err(|error| fault(error.to_string()))?;
        }
        Ok(row)
    }
}
