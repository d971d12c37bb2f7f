//! Building: an empty store is filled from records that come from elsewhere, and gets the rows that a ledger would have
//! written along the way.
//!
//! This never looks at rows: whatever they were, these are made from the journal alone.

use super::{Base, BaseRow, Error, base, codec, snapshot};
use crate::domain::evolve::evolve;
use crate::domain::id::Sequence;
use crate::domain::state::State;
use crate::store::{self, Batch, Head, Record, Store, Table};

/// Records written together, at most, ...
const BATCH_RECORDS: usize = 1_024;

/// ... and bytes of theirs: a sync for each would take longer than everything else, and a batch is held in memory.
const BATCH_BYTES: usize = 1024 * 1024;

/// A store that is being filled.
pub struct Build {
    store: Box<dyn Store>,
    state: State,
    head: Option<Head>,
    events: u64,
    /// What it begins with, as long as rows of it may come.
    base: Option<Base>,
    batch: Batch,
    batch_bytes: usize,
}

/// What was built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Built {
    /// The end of the journal.
    pub head: Option<Head>,
    /// How many events were taken.
    pub events: u64,
    /// What [`digest`](super::digest) says of the state that the journal gives.
    pub digest: [u8; 32],
}

impl Build {
    /// Begins to fill a store, which must be empty.
    ///
    /// # Errors
    /// When it cannot be read, or has records.
    pub fn begin(store: Box<dyn Store>) -> Result<Self, Error> {
        match store.last()? {
            None => Ok(Self {
                store,
                state: State::default(),
                head: None,
                events: 0,
                base: None,
                batch: Batch::default(),
                batch_bytes: 0,
            }),
            Some((last, _)) => Err(store::Error::NotNext { expected: last.next(), found: Sequence(1) }.into()),
        }
    }

    /// Begins to fill a store whose first record comes after `base`. The rows of the base come before it.
    ///
    /// # Errors
    /// When the store is not empty, or cannot be written.
    pub fn begin_after(store: Box<dyn Store>, base: Head) -> Result<Self, Error> {
        let mut build = Self::begin(store)?;
        build.store.begin_after(base)?;
        (build.head, build.base) = (Some(base), Some(Base::after(base)));
        Ok(build)
    }

    /// Takes a row of the base.
    ///
    /// # Errors
    /// When records came before, or the store cannot write it.
    pub fn take_row(&mut self, row: BaseRow) -> Result<(), Error> {
        let Some(base) = &mut self.base else {
            return Err(Error::Base { detail: "a row of it comes after an event".to_owned() });
        };
        base.take(&row);
        let BaseRow { table, key, value } = row;
        let kept = base::kept(table, &value);
        self.batch_bytes += kept.len() + value.len();
        self.batch.put(Table::Base, base::place(table, &key), kept);
        // Those of what is not over are made of the state, at the end.
        if !snapshot::is_live(table) {
            self.batch.put(table, key, value);
        }
        if self.batch.rows.len() >= BATCH_RECORDS || self.batch_bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// All rows of the base were taken.
    fn close_base(&mut self) -> Result<(), Error> {
        if let Some(base) = self.base.take() {
            self.state = base.state()?;
            self.state.touch_all();
            base.check_row(&mut self.batch);
        }
        Ok(())
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// When it does not continue the journal or cannot be read, or the store cannot write it.
    pub fn take(&mut self, record: Record) -> Result<(), Error> {
        self.close_base()?;
        let entry = codec::decode(&record)?;
        evolve(&mut self.state, &entry);
        self.state.take_stirred();
        snapshot::key_row(&entry, &mut self.batch)?;
        for gone in self.state.take_archived() {
            snapshot::archive_rows(&gone, &mut self.batch)?;
        }
        self.head = Some(record.head());
        self.events += 1;
        self.batch_bytes += record.body.len();
        self.batch.records.push(record);
        if self.batch.records.len() >= BATCH_RECORDS || self.batch_bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// The last record that was taken.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.head
    }

    /// Writes what is left, and the snapshots of what is not over, and lets go of the store.
    ///
    /// # Errors
    /// When the store cannot write it.
    pub fn finish(mut self) -> Result<Built, Error> {
        self.close_base()?;
        if self.head.is_some() {
            snapshot::rows_of_changed(&mut self.state, &mut snapshot::Kept::new(), &mut self.batch)?;
        }
        self.write()?;
        Ok(Built { head: self.head, events: self.events, digest: snapshot::digest(&self.state) })
    }

    fn write(&mut self) -> Result<(), Error> {
        self.batch_bytes = 0;
        Ok(self.store.commit(std::mem::take(&mut self.batch))?)
    }
}
