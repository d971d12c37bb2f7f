//! The base: what the events came to that were dropped from the beginning of a journal.
//!
//! ```text
//!   events 1 … P ──▶ taken out, and dropped
//!        └──▶ the whole state as of P, as rows ──▶ events P+1 … N are replayed on top of it
//! ```
//!
//! Its rows are those of the snapshots as of P, under the number of their table. A row of the archive says something final
//! and is where every such row is; the base has the hash of it. A check over all of them lies beside them, so that no
//! replay begins with rows that were changed.
//!
//! Whoever raises the version of the rows keeps a reader for those of the base: nothing is left to make them anew from.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::snapshot::{self, CHART, HEADER, Header, VERSION, from_bytes};
use super::{Error, recovery};
use crate::domain::id::Sequence;
use crate::domain::org::Chart;
use crate::domain::state::State;
use crate::store::{self, Batch, Head, Item, Reader, RowChange, Table};

/// The row of [`Table::Base`] with the check. No table has the number 0.
const CHECK: &[u8] = &[0];

/// A row of a base, as it lies in its own table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaseRow {
    /// Its table.
    pub table: Table,
    /// Its key there.
    pub key: Vec<u8>,
    /// Its value there.
    pub value: Vec<u8>,
}

/// What the events up to one of them came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Base {
    head: Head,
    /// Of rows of the archive the hash.
    rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
}

impl Base {
    /// One without rows, for the events up to this record.
    #[must_use]
    pub const fn after(head: Head) -> Self {
        Self { head, rows: BTreeMap::new() }
    }

    /// The last of the events, and the hash of its record.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a row.
    pub fn take(&mut self, row: &BaseRow) {
        self.rows.insert((row.table, row.key.clone()), kept(row.table, &row.value));
    }

    /// Takes the rows that a batch writes, and forgets those that it removes.
    fn take_batch(&mut self, batch: Batch) {
        for change in batch.rows {
            match change {
                RowChange::Put { table, key, value } => drop(self.rows.insert((table, key), kept(table, &value))),
                RowChange::Delete { table, key } => drop(self.rows.remove(&(table, key))),
            }
        }
    }

    /// Takes the rows of what is not over, in the place of those it has.
    fn move_to(&mut self, mut state: State) -> Result<(), Error> {
        self.rows.retain(|(table, _), _| !snapshot::is_live(*table));
        let mut batch = Batch::default();
        state.touch_all();
        snapshot::rows_of_changed(&mut state, &mut snapshot::Kept::new(), &mut batch)?;
        self.take_batch(batch);
        Ok(())
    }

    /// A number that is equal for equal bases.
    #[must_use]
    pub fn check(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"echelon-base-1");
        hasher.update(self.head.0.0.to_be_bytes());
        hasher.update(self.head.1.0);
        for ((table, key), value) in &self.rows {
            hasher.update([*table as u8]);
            for part in [key, value] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        hasher.finalize().into()
    }

    /// The base of a store; `None` where the journal has its first event.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn read(reader: &(impl Reader + ?Sized)) -> Result<Option<Self>, Error> {
        let Some(head) = reader.base()? else { return Ok(None) };
        let mut base = Self::after(head);
        let mut check = None;
        for row in reader.rows(Table::Base) {
            let (place, value) = row?;
            let (number, key) = place.split_first().ok_or_else(|| damaged("a row has no key"))?;
            if place == CHECK {
                check = Some(value);
                continue;
            }
            let table = Table::ALL.into_iter().find(|table| *table as u8 == *number);
            let table = table.ok_or_else(|| damaged(&format!("a row is of table {number}")))?;
            base.rows.insert((table, key.to_vec()), value);
        }
        if check.as_deref() != Some(&base.check()) {
            return Err(damaged("its rows are not those that were written"));
        }
        Ok(Some(base))
    }

    /// What the events of a store up to `until` come to. `go_on` is asked between them.
    ///
    /// # Errors
    /// When they cannot be read, or `go_on` says no.
    pub fn at<E: From<Error>>(
        reader: &dyn Reader,
        until: Sequence,
        mut go_on: impl FnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut base = Self::read(reader)?.unwrap_or_else(|| Self::after(Head::default()));
        let mut replay = recovery::Replay::begin(reader)?;
        for record in reader.records(Sequence(0)) {
            go_on()?;
            let record = record.map_err(Error::from)?;
            if record.sequence > until {
                break;
            }
            let (entry, archived) = replay.take(&record)?;
            let mut batch = Batch::default();
            snapshot::key_row(&entry, &mut batch)?;
            for gone in archived {
                snapshot::archive_rows(&gone, &mut batch)?;
            }
            base.take_batch(batch);
            base.head = record.head();
        }
        base.move_to(replay.state())?;
        Ok(base)
    }

    /// Adds the row that says that the base is whole.
    pub(super) fn check_row(&self, batch: &mut Batch) {
        batch.put(Table::Base, CHECK, self.check());
    }

    /// The state that its rows give.
    ///
    /// # Errors
    /// When they give none that this program understands.
    pub fn state(&self) -> Result<State, Error> {
        let header = self.rows.get(&(Table::Meta, HEADER.to_vec())).ok_or_else(|| damaged("it has no header"))?;
        let header: Header = from_bytes("the header", header).map_err(|error| damaged(&error.to_string()))?;
        if header.version != VERSION {
            return Err(damaged(&format!("its rows have version {}, this program knows {VERSION}", header.version)));
        }
        if header.sequence != self.head.0 {
            return Err(damaged(&format!("its rows are as of event {}", header.sequence)));
        }
        recovery::load(self).map_err(|error| damaged(&error.to_string()))
    }

    /// What the organisation was called by then.
    #[must_use]
    pub fn organisation(&self) -> Option<String> {
        let chart: Chart = from_bytes("the chart", self.rows.get(&(Table::Meta, CHART.to_vec()))?).ok()?;
        Some(chart.name).filter(|_| !chart.departments.is_empty())
    }

    /// Its rows of one table, in the order of their keys; of the archive the hashes.
    pub(super) fn of_table(&self, table: Table) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        let rows = self.rows.range((table, Vec::new())..).take_while(move |((of, _), _)| *of == table);
        rows.map(|((_, key), value)| (key, value))
    }

    /// All of its rows, those of the archive from where they are.
    pub fn rows<'a>(&'a self, archive: &'a dyn Reader) -> impl Iterator<Item = Result<BaseRow, Error>> + 'a {
        self.rows.iter().map(move |((table, key), value)| {
            let (table, key) = (*table, key.clone());
            if table != Table::Archive {
                return Ok(BaseRow { table, key, value: value.clone() });
            }
            match archive.row(table, &key)? {
                Some(found) if kept(table, &found) == *value => Ok(BaseRow { table, key, value: found }),
                Some(_) => Err(damaged(&format!("{} is not what was written", Item::Row(table, key)))),
                None => Err(damaged(&format!("{} is missing", Item::Row(table, key)))),
            }
        })
    }
}

/// What the base keeps of a row.
pub(super) fn kept(table: Table, value: &[u8]) -> Vec<u8> {
    if table == Table::Archive { Sha256::digest(value).to_vec() } else { value.to_vec() }
}

/// The key of a row of the base in its own table.
pub(super) fn place(table: Table, key: &[u8]) -> Vec<u8> {
    [&[table as u8], key].concat()
}

/// The state that the events before the first one there is gave.
pub(super) fn beginning(reader: &(impl Reader + ?Sized)) -> Result<State, Error> {
    Base::read(reader)?.map_or_else(|| Ok(State::default()), |base| base.state())
}

fn damaged(detail: &str) -> Error {
    Error::Base { detail: detail.to_owned() }
}

impl recovery::Rows for Base {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, store::Error> {
        Ok(self.rows.get(&(table, key.to_vec())).cloned())
    }

    fn rows(&self, table: Table) -> store::Rows<'_> {
        Box::new(self.of_table(table).map(|(key, value)| Ok((key.clone(), value.clone()))))
    }
}
