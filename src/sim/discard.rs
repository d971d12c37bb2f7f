//! The store of a simulation that is never started again: it knows where the journal stands and keeps nothing.

use crate::domain::id::Sequence;
use crate::store::{Batch, Error, Head, Reader, Records, Rows, Store, Table};

/// Keeps the place and the hash of the last record, and nothing else: a simulation of months would fill the memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DiscardStore {
    head: Option<Head>,
}

impl Reader for DiscardStore {
    fn last(&self) -> Result<Option<Head>, Error> {
        Ok(self.head)
    }

    fn records(&self, _: Sequence) -> Records<'_> {
        // Only an empty journal can be walked, which is what a ledger does when it opens one.
        if self.head.is_none() { Box::new(std::iter::empty()) } else { Box::new(std::iter::once(Err(Error::NotKept))) }
    }

    fn row(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    fn rows(&self, _: Table) -> Rows<'_> {
        Box::new(std::iter::empty())
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        Ok(0)
    }
}

impl Store for DiscardStore {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        if let Some(last) = batch.records.last() {
            self.head = Some(last.head());
        }
        Ok(())
    }

    fn keeps_rows(&self) -> bool {
        false
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(*self)
    }
}
