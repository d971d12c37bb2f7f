//! Following what happens, from any point on, without gaps or repeats.
//!
//! A subscription reads what has happened already from the store and gets what happens from then on from the ledger's
//! thread. One that is too slow is cut off from the thread and reads from the store again until it has caught up: it
//! never holds the ledger up and never takes unbounded memory.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::{Error, Ledger, LedgerHandle, Stopped, codec};
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{InstructionId, Sequence, TaskId};
use crate::domain::state::State;
use crate::store::Reader;

/// Entries that may wait in a feed before its subscriber is sent to the store.
const FEED_LIMIT: usize = 1_024;

/// Entries read from the store at a time: some tenths of a millisecond.
const BACKLOG_CHUNK: usize = 256;

/// Which entries a subscriber wants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    only: Option<Only>,
}

#[derive(Clone, Debug)]
struct Only {
    /// The instruction, and those that were made as parts of it.
    instructions: BTreeSet<InstructionId>,
    tasks: BTreeSet<TaskId>,
}

impl Filter {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// What happens to one instruction, the parts it is made of, and their tasks. Of parts of one that is over, only
    /// following from its beginning shows them.
    #[must_use]
    pub fn instruction(instruction: InstructionId) -> Self {
        Self { only: Some(Only { instructions: BTreeSet::from([instruction]), tasks: BTreeSet::new() }) }
    }

    /// Learns the tasks that exist already, so that following may begin in the middle.
    fn seed(&mut self, state: &State) {
        if let Some(only) = &mut self.only {
            // Parts may have parts.
            let mut left: Vec<InstructionId> = only.instructions.iter().copied().collect();
            while let Some(id) = left.pop() {
                let Some(found) = state.instructions.get(&id) else {
                    continue;
                };
                only.tasks.extend(&found.tasks);
                let parts = found.plan.iter().flat_map(|plan| &plan.parts).map(|part| part.id);
                left.extend(parts.filter(|part| only.instructions.insert(*part)));
            }
            if only.instructions.iter().all(|id| state.instructions.contains_key(id)) {
                return;
            }
            let over = state.finished_tasks.iter().filter(|(_, stub)| only.instructions.contains(&stub.instruction));
            only.tasks.extend(over.map(|(id, _)| *id));
        }
    }

    /// Whether the entry is wanted. Learns the tasks of the instruction from the plans that go by.
    pub fn wants(&mut self, entry: &Entry) -> bool {
        let Some(only) = &mut self.only else {
            return true;
        };
        match &entry.event {
            Event::Received { id, request, .. } => {
                if request.parent.is_some_and(|parent| only.instructions.contains(&parent)) {
                    only.instructions.insert(*id);
                }
                only.instructions.contains(id)
            }
            Event::Instruction(id, event) => {
                let wanted = only.instructions.contains(id);
                match event {
                    InstructionEvent::Planned { plan } if wanted => {
                        only.tasks.extend(plan.tasks.iter().map(|task| task.id));
                    }
                    InstructionEvent::Amended { tasks, .. } if wanted => {
                        only.tasks.extend(tasks.iter().map(|task| task.id));
                    }
                    _others => {}
                }
                wanted
            }
            Event::Task(id, event) => {
                let wanted = only.tasks.contains(id);
                if let (
                    true,
                    TaskEvent::BrokenDown { children }
                    | TaskEvent::ChangesRequested { children, .. }
                    | TaskEvent::HandoffRejected { children, .. },
                ) = (wanted, event)
                {
                    only.tasks.extend(children.iter().map(|child| child.id));
                }
                wanted
            }
            Event::ChartApplied(_)
            | Event::Started { .. }
            | Event::ClockAnchored(_)
            | Event::SilenceExcused
            | Event::Absent { .. }
            | Event::Present { .. }
            | Event::Broadcast { .. }
            | Event::BroadcastsRead { .. }
            | Event::StandupHeld { .. }
            | Event::DigestSent { .. }
            | Event::CapacityNoted { .. } => false,
        }
    }
}

/// The ledger's end of a subscription.
pub(super) struct Feed {
    sender: mpsc::Sender<Arc<Entry>>,
}

impl Feed {
    pub(super) fn open(ledger: &Ledger, from: Sequence, mut filter: Filter) -> (Self, Subscription) {
        filter.seed(ledger.state());
        let (sender, live) = mpsc::channel(FEED_LIMIT);
        let reader = ledger.reader();
        // A store that cannot say it cannot be read either, which the first look at it tells.
        let (dropped, _) = reader.base().ok().flatten().unwrap_or_default();
        let subscription = Subscription {
            reader,
            filter,
            next: if from == Sequence(0) { dropped.next() } else { from },
            behind_until: ledger.state().sequence,
            backlog: VecDeque::new(),
            live,
        };
        (Self { sender }, subscription)
    }

    /// Offers an entry; `false` when the subscriber is gone or too slow, and the feed ends.
    pub(super) fn offer(&self, entry: &Arc<Entry>) -> bool {
        self.sender.try_send(Arc::clone(entry)).is_ok()
    }
}

/// The subscriber's end.
pub struct Subscription {
    reader: Box<dyn Reader>,
    filter: Filter,
    /// The next entry to look at.
    next: Sequence,
    /// The last entry that has to come from the store.
    behind_until: Sequence,
    backlog: VecDeque<Entry>,
    live: mpsc::Receiver<Arc<Entry>>,
}

impl Subscription {
    /// The next entry that is wanted; `None` when the ledger has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self, ledger: &LedgerHandle) -> Result<Option<Entry>, Error> {
        loop {
            if let Some(entry) = self.stored()? {
                return Ok(Some(entry));
            }
            match self.live.recv().await {
                Some(entry) if entry.sequence < self.next => {}
                Some(entry) => {
                    self.next = entry.sequence.next();
                    if self.filter.wants(&entry) {
                        return Ok(Some(entry.as_ref().clone()));
                    }
                }
                // Too slow, or the ledger ended: in the first case a new feed begins where this one was cut off.
                None => match ledger.subscribe(self.next, self.filter.clone()).await {
                    Ok(again) => *self = again,
                    // What happened after it was cut off, and before the end, is in the store.
                    Err(Stopped) => {
                        if !self.turn_to_store()? {
                            return Ok(None);
                        }
                    }
                },
            }
        }
    }

    /// The next wanted entry, if it is there already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ready(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            if let Some(entry) = self.stored()? {
                return Ok(Some(entry));
            }
            match self.live.try_recv() {
                Ok(entry) if entry.sequence < self.next => {}
                Ok(entry) => {
                    self.next = entry.sequence.next();
                    if self.filter.wants(&entry) {
                        return Ok(Some(entry.as_ref().clone()));
                    }
                }
                Err(TryRecvError::Empty) => return Ok(None),
                // Cut off for being too slow: what was published since is there all the same.
                Err(TryRecvError::Disconnected) => {
                    if !self.turn_to_store()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Goes on with what the store has by now; `false` when there is nothing more in it.
    fn turn_to_store(&mut self) -> Result<bool, Error> {
        let last = self.reader.last()?.map_or(Sequence(0), |(sequence, _)| sequence);
        let has_more = self.next <= last;
        if has_more {
            self.behind_until = last;
        }
        Ok(has_more)
    }

    /// The next wanted entry that has to come from the store, if there is one.
    fn stored(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            while let Some(entry) = self.backlog.pop_front() {
                self.next = entry.sequence.next();
                if self.filter.wants(&entry) {
                    return Ok(Some(entry));
                }
            }
            if self.next > self.behind_until {
                return Ok(None);
            }
            for record in self.reader.records(self.next).take(BACKLOG_CHUNK) {
                self.backlog.push_back(codec::decode(&record?)?);
            }
            if self.backlog.is_empty() {
                return Ok(None);
            }
        }
    }
}
