//! The store that lives in memory: for simulations and tests, with the rules of the durable one.
//!
//! Clones share one content, so a clone kept aside is what a restart finds. It never touches a disk, and everything in it
//! counts as durable.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use crate::domain::id::Sequence;

use super::journal::{self, Walk};
use super::{Batch, Error, Head, Reader, Record, RecordHash, Records, Row, Rows, Store, Table};

/// A store in memory.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    content: Arc<RwLock<Content>>,
    keeps_journal: bool,
}

#[derive(Debug, Default)]
struct Content {
    base: Option<Head>,
    head: Option<Head>,
    /// The record with sequence n is n - 1 - the base's after the first.
    records: Vec<Record>,
    journal_bytes: u64,
    rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { content: Arc::default(), keeps_journal: true }
    }

    /// An empty store that checks every record and keeps none: for long simulations of which only the last hash, which
    /// stands for the whole journal, and the rows matter. Walking its records answers [`Error::NotKept`].
    #[must_use]
    pub fn without_journal() -> Self {
        Self { keeps_journal: false, ..Self::new() }
    }

    /// A lock that a panic left behind means that a commit may have stopped half-way.
    fn content(&self) -> Result<RwLockReadGuard<'_, Content>, Error> {
        self.content.read().map_err(|_| Error::Stopped)
    }

    fn record(&self, sequence: Sequence) -> Result<Option<(Record, RecordHash)>, Error> {
        if !self.keeps_journal {
            return Err(Error::NotKept);
        }
        let content = self.content()?;
        let (dropped, _) = content.base.unwrap_or_default();
        let place = sequence.0.saturating_sub(1).saturating_sub(dropped.0);
        let record = content.records.get(usize::try_from(place).unwrap_or(usize::MAX)).cloned();
        Ok(record.map(|record| {
            let hash = record.hash();
            (record, hash)
        }))
    }

    /// The first row of a table whose key comes after `key`. Every row's key does so after the empty one.
    fn row_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, Error> {
        let content = self.content()?;
        let after = (Bound::Excluded((table, key.to_vec())), Bound::Unbounded);
        let found = content.rows.range(after).next().filter(|((of, _), _)| *of == table);
        Ok(found.map(|((_, key), value)| (key.clone(), value.clone())))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        let mut content = self.content.write().map_err(|_| Error::Stopped)?;
        let hashes = journal::check(&batch, content.head)?;
        if let (Some(record), Some(hash)) = (batch.records.last(), hashes.last()) {
            content.head = Some((record.sequence, *hash));
        }
        if self.keeps_journal {
            content.journal_bytes += batch.records.iter().map(|record| record.body.len() as u64).sum::<u64>();
            content.records.extend(batch.records);
        }
        for (row, value) in journal::settle(batch.rows) {
            match value {
                Some(value) => content.rows.insert(row, value),
                None => content.rows.remove(&row),
            };
        }
        Ok(())
    }

    fn begin_after(&mut self, base: Head) -> Result<(), Error> {
        let mut content = self.content.write().map_err(|_| Error::Stopped)?;
        journal::check_begin(base, content.head)?;
        (content.base, content.head) = (Some(base), Some(base));
        Ok(())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

impl Reader for MemoryStore {
    fn last(&self) -> Result<Option<Head>, Error> {
        Ok(self.content()?.head)
    }

    fn base(&self) -> Result<Option<Head>, Error> {
        Ok(self.content()?.base)
    }

    fn records(&self, from: Sequence) -> Records<'_> {
        match self.content().map(|content| (content.base, content.head)) {
            Ok((base, head)) => {
                let start = journal::source_start(from, base).0;
                let source = (start..).map_while(|number| self.record(Sequence(number)).transpose());
                Box::new(Walk::new(source, from, base, head))
            }
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.content()?.rows.get(&(table, key.to_vec())).cloned())
    }

    fn rows(&self, table: Table) -> Rows<'_> {
        let mut before = Some(Vec::new());
        Box::new(std::iter::from_fn(move || {
            let found = self.row_after(table, &before.take()?).transpose();
            if let Some(Ok((key, _))) = &found {
                before = Some(key.clone());
            }
            found
        }))
    }

    /// The bytes of bodies, keys and values; what keeping them costs on top is not counted.
    fn size_bytes(&self) -> Result<u64, Error> {
        let content = self.content()?;
        let rows: usize = content.rows.iter().map(|((_, key), value)| key.len() + value.len()).sum();
        Ok(content.journal_bytes + rows as u64)
    }
}
