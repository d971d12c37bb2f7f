//! The rows of a store as they are, beside the rows that its journal gives.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Faults, Remedy};
use crate::domain::id::Sequence;
use crate::ledger::snapshot::{HEADER, Header, VERSION, from_bytes, is_live};
use crate::ledger::{Base, Error};
use crate::store::{self, Batch, Item, Reader, RowChange, Table};

/// How often rows are read when new snapshots are written meanwhile. They are written once in thousands of events, so a
/// second time is rare, and a fourth would mean that something is wrong with how they are read.
const ATTEMPTS: usize = 3;

/// What stands for the value of a row: that two are equal is all that is asked.
type Fingerprint = [u8; 32];

fn fingerprint(value: &[u8]) -> Fingerprint {
    Sha256::digest(value).into()
}

/// The rows there are; `None` for one that cannot be read.
pub(super) struct Seen {
    rows: BTreeMap<(Table, Vec<u8>), Option<Fingerprint>>,
    /// The event that the snapshots stand at.
    pub(super) snapshot: Option<Sequence>,
    /// Whether they all are of one moment.
    pub(super) is_steady: bool,
}

impl Seen {
    /// Reads all rows. What cannot be read is a fault.
    pub(super) fn read(reader: &dyn Reader, faults: &mut Faults) -> Result<Self, Error> {
        for _ in 1..ATTEMPTS {
            let mut found = Faults::default();
            let seen = Self::read_once(reader, &mut found)?;
            if seen.is_steady {
                *faults = found;
                return Ok(seen);
            }
        }
        Self::read_once(reader, faults)
    }

    fn read_once(reader: &dyn Reader, faults: &mut Faults) -> Result<Self, Error> {
        let header = header(reader)?;
        let mut rows = BTreeMap::new();
        // The base has a check of its own.
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Base) {
            for key in reader.keys(table) {
                let key = key?;
                let value = match reader.row(table, &key) {
                    // It was removed since its key was read.
                    Ok(None) => continue,
                    Ok(Some(value)) => Some(fingerprint(&value)),
                    Err(store::Error::Incomplete { item, detail }) => {
                        faults.add(item, detail, Remedy::RebuildRows);
                        None
                    }
                    Err(error) => return Err(error.into()),
                };
                rows.insert((table, key), value);
            }
        }
        let is_steady = header == self::header(reader)?;
        let snapshot = match header {
            Some(Ok(header)) if header.version == VERSION => Some(header.sequence),
            Some(Ok(_)) | None => None,
            Some(Err(detail)) => {
                faults.add(Item::Row(Table::Meta, HEADER.to_vec()), detail, Remedy::RebuildRows);
                None
            }
        };
        Ok(Self { rows, snapshot, is_steady })
    }

    pub(super) fn counts(&self) -> Vec<(Table, u64)> {
        let tables = Table::ALL.into_iter().filter(|table| *table != Table::Base);
        let mut counts: Vec<(Table, u64)> = tables.map(|table| (table, 0)).collect();
        for (table, _) in self.rows.keys() {
            counts.iter_mut().filter(|(of, _)| of == table).for_each(|(_, count)| *count += 1);
        }
        counts
    }

    /// Compares with what the journal gives. Rows of events after `begun` may not have been there yet.
    pub(super) fn compare(&self, expected: &Expected, begun: Sequence, faults: &mut Faults) {
        let mut fault = |(table, key): &(Table, Vec<u8>), what: &str, remedy: Remedy| {
            faults.add(Item::Row(*table, key.clone()), what, remedy);
        };
        for (row, (since, value)) in &expected.rows {
            // Of what ended before the base the journal knows nothing more.
            let is_only = row.0 == Table::Archive && *since <= expected.base;
            let remedy = if is_only { Remedy::Restore } else { Remedy::RebuildRows };
            match self.rows.get(row) {
                Some(Some(found)) if found != value => fault(row, "is not what the journal gives", remedy),
                // That it cannot be read was said when it was.
                Some(_) => {}
                None if *since <= begun => fault(row, "is missing", remedy),
                None => {}
            }
        }
        // Without snapshots in use those that are there say nothing.
        for row in self.rows.keys().filter(|(table, _)| self.snapshot.is_some() || !is_live(*table)) {
            if !expected.rows.contains_key(row) {
                fault(row, "belongs to nothing in the journal", Remedy::RebuildRows);
            }
        }
    }
}

/// The header of the snapshots, or what is wrong with it.
fn header(reader: &dyn Reader) -> Result<Option<Result<Header, String>>, Error> {
    match reader.row(Table::Meta, HEADER) {
        Ok(bytes) => Ok(bytes.map(|bytes| from_bytes("the header", &bytes).map_err(|error| error.to_string()))),
        // Reading the rows says so.
        Err(store::Error::Incomplete { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The rows that a journal gives, and the event since which each of them is there.
#[derive(Default)]
pub(super) struct Expected {
    rows: BTreeMap<(Table, Vec<u8>), (Sequence, Fingerprint)>,
    /// The last of the events that were dropped, or 0.
    base: Sequence,
}

impl Expected {
    /// Takes what is there since the dropped events.
    pub(super) fn begin(&mut self, base: &Base) {
        (self.base, _) = base.head();
        for table in [Table::Key, Table::Finished] {
            for (key, value) in base.of_table(table) {
                self.rows.insert((table, key.clone()), (self.base, fingerprint(value)));
            }
        }
        // The base has them as fingerprints.
        for (key, hash) in base.of_table(Table::Archive) {
            let hash = hash.as_slice().try_into().unwrap_or_default();
            self.rows.insert((Table::Archive, key.clone()), (self.base, hash));
        }
    }

    /// Takes what was written at an event.
    pub(super) fn take(&mut self, batch: Batch, at: Sequence) {
        for change in batch.rows {
            match change {
                RowChange::Put { table, key, value } => {
                    self.rows.insert((table, key), (at, fingerprint(&value)));
                }
                RowChange::Delete { table, key } => {
                    self.rows.remove(&(table, key));
                }
            }
        }
    }
}
