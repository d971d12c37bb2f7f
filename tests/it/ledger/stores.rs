//! Stores that can be held up, made to fail and looked at.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use echelon::domain::id::Sequence;
use echelon::store::{Batch, Error, Head, MemoryStore, Reader, Records, Rows, Store, Table};

/// What a store does when it is asked to commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Commit,
    Fail,
    Panic,
}

/// The test's end of a [`Guarded`] store.
pub(super) struct Guard {
    pub(super) content: MemoryStore,
    /// The last event that is durable.
    pub(super) durable: Arc<AtomicU64>,
    /// Commits that were begun.
    pub(super) begun: Arc<AtomicUsize>,
    turns: Sender<Turn>,
}

impl Guard {
    /// Lets one commit through, in this way.
    pub(super) fn allow(&self, turn: Turn) {
        self.turns.send(turn).expect("the store is there");
    }
}

/// A store in memory that commits only when it is told to.
pub(super) struct Guarded {
    inner: MemoryStore,
    durable: Arc<AtomicU64>,
    begun: Arc<AtomicUsize>,
    turns: Mutex<Receiver<Turn>>,
}

impl Guarded {
    pub(super) fn over(content: &MemoryStore) -> (Self, Guard) {
        let (turns, allowed) = channel();
        let (durable, begun) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let guard = Guard { content: content.clone(), durable: Arc::clone(&durable), begun: Arc::clone(&begun), turns };
        (Self { inner: content.clone(), durable, begun, turns: Mutex::new(allowed) }, guard)
    }
}

impl Store for Guarded {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let turn = self.turns.get_mut().expect("one thread commits").recv();
        match turn {
            Ok(Turn::Commit) => {
                let last = batch.records.last().map(|record| record.sequence.0);
                self.inner.commit(batch)?;
                if let Some(last) = last {
                    self.durable.store(last, Ordering::SeqCst);
                }
                Ok(())
            }
            Ok(Turn::Panic) => panic!("planted: the store panics"),
            Ok(Turn::Fail) | Err(_) => Err(Error::Engine { action: "write", detail: "the disk is on fire".to_owned() }),
        }
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.inner.reader()
    }
}

impl Reader for Guarded {
    fn last(&self) -> Result<Option<Head>, Error> {
        self.inner.last()
    }

    fn records(&self, from: Sequence) -> Records<'_> {
        self.inner.records(from)
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.inner.row(table, key)
    }

    fn rows(&self, table: Table) -> Rows<'_> {
        self.inner.rows(table)
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        self.inner.size_bytes()
    }
}
