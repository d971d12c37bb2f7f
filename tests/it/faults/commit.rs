//! A commit that fails with nothing of it on the disk, or with all of it there: the second is what no machine does at will,
//! so that the failure is played in the process, over the store on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use echelon::clock::SystemClock;
use echelon::domain::command::Action;
use echelon::domain::id::Sequence;
use echelon::domain::role::Principal;
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle, Stopped};
use echelon::store::{Batch, Error, Head, Reader, Records, Rows, SledStore, Store, Table};
use tokio::time::timeout;

use super::chart;
use crate::support::{PATIENCE, inside};

/// How a commit fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fails {
    /// Nothing of it reaches the disk.
    Before,
    /// All of it is on the disk, and the disk says that it is not.
    After,
}

/// The store on the disk, of which one commit fails.
struct Failing {
    inner: SledStore,
    fails: Fails,
    /// Commits until then.
    left: usize,
    begun: Arc<AtomicUsize>,
}

impl Store for Failing {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let Some(left) = self.left.checked_sub(1) else {
            if self.fails == Fails::After {
                self.inner.commit(batch)?;
            }
            return Err(Error::Engine { action: "write", detail: "planted".to_owned() });
        };
        self.left = left;
        self.inner.commit(batch)
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.inner.reader()
    }
}

impl Reader for Failing {
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

#[tokio::test]
async fn a_commit_that_fails_on_the_disk_is_answered_by_nobody_and_is_there_wholly_or_not_at_all() {
    const GROUPS: usize = 5;
    for fails in [Fails::Before, Fails::After] {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let begun = Arc::<AtomicUsize>::default();
        let inner = SledStore::open(folder.path()).expect("the store opens");
        let store = Failing { inner, fails, left: GROUPS, begun: Arc::clone(&begun) };
        let (ledger, _) = Ledger::open(Box::new(store)).expect("an empty store opens");
        let clock = Arc::new(SystemClock::default());
        let ids = IdSource::from_seed(clock.clone(), 7);
        let (handle, thread) = LedgerHandle::start(ledger, clock).expect("there are threads");
        let begin = vec![Action::ApplyChart(Arc::new(chart()))];
        handle.commit(&Principal::system(), begin).await.expect("the disk is fine").remove(0).expect("it may begin");

        let mut acknowledged = Vec::new();
        let pair = || [ids.instruction(), ids.instruction()];
        let unheard = loop {
            let pair = pair();
            let submit = |id| Action::Submit { id, request: inside::request("do it") };
            match handle.commit(&Principal::client(0), pair.map(submit).to_vec()).await {
                Ok(_) => acknowledged.extend(pair),
                Err(Stopped) => break pair,
            }
        };
        assert_eq!(acknowledged.len(), 2 * (GROUPS - 1), "{fails:?}");
        let message = timeout(PATIENCE, handle.failed()).await.expect("it is told");
        assert!(message.contains("check the disk, then start again"), "{message}");
        for _ in 0..3 {
            assert!(handle.commit(&Principal::client(0), vec![Action::ExcuseSilence]).await.is_err(), "{fails:?}");
        }
        assert_eq!(begun.load(Ordering::SeqCst), GROUPS + 1, "{fails:?}: it tried again");
        drop(handle);
        assert!(thread.join().expect("the ledger does not panic").is_none());

        let store = SledStore::open(folder.path()).expect("the store opens");
        let (ledger, _) = Ledger::open(Box::new(store)).expect("what was written can be read");
        let there = |id| ledger.state().instructions.contains_key(id);
        assert!(acknowledged.iter().all(there), "{fails:?}");
        assert_eq!(unheard.each_ref().map(there), [fails == Fails::After; 2], "{fails:?}");
    }
}
