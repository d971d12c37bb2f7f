//! The way to the ledger: requests go to its thread, replies come back after the sync.
//!
//! The thread drains what has come in, decides on all of it as one group, makes it durable with one sync, and only then
//! answers, publishes and wakes. Reads wait their turn in the same queue, so nobody ever sees what is not durable.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};

use super::attendance::{Attendance, Wake};
use super::subscription::{Feed, Filter, Subscription};
use super::{Error, Group, Ledger, NoWitness, Witness};
use crate::clock::Clock;
use crate::domain::command::{Action, Command};
use crate::domain::event::Entry;
use crate::domain::id::Sequence;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Principal, Role};
use crate::domain::state::{Deadlines, State};
use crate::telemetry;

/// Requests that may wait before senders have to. At the speed of a slow disk (a few hundred syncs a second, each for a
/// whole group) this is well under a second of work.
const QUEUE_LIMIT: usize = 4_096;

/// Commands decided on as one group. Larger groups gain little once the sync is shared by some hundreds, and make the
/// first of them wait.
const GROUP_LIMIT: usize = 512;

/// The ledger has stopped: the daemon is ending, or a write failed and it says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger has stopped")]
pub struct Stopped;

/// What each command of a request came to.
pub type Results = Vec<Result<Vec<Entry>, Rejection>>;

type ReadRequest = Box<dyn FnOnce(&Ledger) + Send>;

enum Request {
    Commit { commands: Vec<Command>, reply: Option<oneshot::Sender<Results>> },
    Read(ReadRequest),
    Attach { role: Role, wake: Wake },
    Subscribe { from: Sequence, filter: Filter, reply: oneshot::Sender<Subscription> },
    Close,
}

/// A way to the ledger. Clones reach the same one.
#[derive(Clone)]
pub struct LedgerHandle {
    requests: mpsc::Sender<Request>,
    clock: Arc<dyn Clock>,
    failure: watch::Receiver<Option<Arc<str>>>,
    deadlines: watch::Receiver<Deadlines>,
}

impl LedgerHandle {
    /// Starts the ledger's thread. The second value is joined to wait for its end; it gives the ledger back, unless a
    /// write failed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(ledger: Ledger, clock: Arc<dyn Clock>) -> std::io::Result<(Self, thread::JoinHandle<Option<Ledger>>)> {
        let (handle, mut writer) = Self::open(ledger, clock, Box::new(NoWitness));
        let thread = thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            while let Some(first) = writer.queue.blocking_recv() {
                match writer.take(first) {
                    Next::GoOn => {}
                    Next::End => break,
                    Next::Failed => return None,
                }
            }
            writer.end()
        })?;
        Ok((handle, thread))
    }

    /// A ledger without a thread: it works where the future runs, which ends with it. On a runtime of one thread whose
    /// clock is paused everything then happens in an order that only depends on what is asked for.
    pub fn beside(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        witness: Box<dyn Witness>,
    ) -> (Self, impl Future<Output = Option<Ledger>> + Send) {
        let (handle, mut writer) = Self::open(ledger, clock, witness);
        let work = async move {
            while let Some(first) = writer.queue.recv().await {
                match writer.take(first) {
                    Next::GoOn => {}
                    Next::End => break,
                    Next::Failed => return None,
                }
            }
            writer.end()
        };
        (handle, work)
    }

    fn open(ledger: Ledger, clock: Arc<dyn Clock>, witness: Box<dyn Witness>) -> (Self, Writer) {
        let (requests, queue) = mpsc::channel(QUEUE_LIMIT);
        let (failed, failure) = watch::channel(None);
        let (armed, deadlines) = watch::channel(ledger.state().deadlines());
        let writer =
            Writer { ledger, queue, failed, armed, attendance: Attendance::default(), feeds: Vec::new(), witness };
        (Self { requests, clock, failure, deadlines }, writer)
    }

    /// The clock that commands of this daemon are stamped by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    async fn send(&self, request: Request) -> Result<(), Stopped> {
        self.requests.send(request).await.map_err(|_| Stopped)
    }

    /// Asks for all of these, in this order and in one group. The answer comes when everything is durable.
    ///
    /// # Errors
    /// When the ledger has stopped. Whether the commands became durable is not known then.
    pub async fn commit(&self, principal: &Principal, actions: Vec<Action>) -> Result<Results, Stopped> {
        if actions.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let commands = self.stamp(principal, actions);
        self.send(Request::Commit { commands, reply: Some(reply) }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// As [`commit`](Self::commit), without waiting for the answer: for what may be lost, such as signs of life.
    pub fn commit_unheard(&self, principal: &Principal, action: Action) {
        let commands = self.stamp(principal, vec![action]);
        // When the queue is full there is more urgent work than this.
        let _ = self.requests.try_send(Request::Commit { commands, reply: None });
    }

    fn stamp(&self, principal: &Principal, actions: Vec<Action>) -> Vec<Command> {
        let at = self.clock.now();
        actions.into_iter().map(|action| Command { at, principal: principal.clone(), action }).collect()
    }

    /// Looks at the state. `look` runs on the ledger's thread and holds everyone up: it copies what it needs and returns.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn read<T: Send + 'static>(&self, look: impl FnOnce(&State) -> T + Send + 'static) -> Result<T, Stopped> {
        self.read_ledger(move |ledger| look(ledger.state())).await
    }

    /// Looks at the ledger: the state and, for what is over, the archive.
    ///
    /// # Errors
    /// When the ledger has stopped, or `look` panics.
    pub async fn read_ledger<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        let request: ReadRequest = Box::new(move |ledger| {
            // A look that panics changes nothing: it is the trouble of whoever asked, who gets no answer.
            match panic::catch_unwind(AssertUnwindSafe(|| look(ledger))) {
                // Whoever asked may have gone away in the meantime.
                Ok(seen) => drop(reply.send(seen)),
                // To them it is as if the ledger had stopped, which it has not.
                Err(_) => {
                    tracing::error!("a look at the state panicked, which is a fault of this program; please report it")
                }
            }
        });
        self.send(Request::Read(request)).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Has `wake` called whenever what `role` owes has changed, somebody has something to say to it, or the chart is
    /// another one. Replaces what was attached for the role before. Commands that come in together with this may be
    /// decided on first: whoever attaches looks once afterwards.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn attach(&self, role: Role, wake: Wake) -> Result<(), Stopped> {
        self.send(Request::Attach { role, wake }).await
    }

    /// Follows what happens from the event `from` on (0 for the first there is), those that have happened already first, without gaps or repeats.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn subscribe(&self, from: Sequence, filter: Filter) -> Result<Subscription, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Subscribe { from, filter, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// When the next clock fires and the next lease runs out; changes can be waited for. It is up to date with a command
    /// once that is answered, and closed once the ledger has stopped.
    #[must_use]
    pub fn deadlines(&self) -> watch::Receiver<Deadlines> {
        self.deadlines.clone()
    }

    /// Ends the ledger once everything before this is done.
    pub async fn close(&self) {
        let _ = self.send(Request::Close).await;
    }

    /// Completes when a write fails, with what is to be told; never while all is well.
    pub async fn failed(&self) -> Arc<str> {
        let mut failure = self.failure.clone();
        loop {
            if let Some(message) = failure.borrow_and_update().clone() {
                return message;
            }
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What works on the requests.
struct Writer {
    ledger: Ledger,
    queue: mpsc::Receiver<Request>,
    failed: watch::Sender<Option<Arc<str>>>,
    attendance: Attendance,
    armed: watch::Sender<Deadlines>,
    feeds: Vec<Feed>,
    witness: Box<dyn Witness>,
}

/// How a writer goes on.
enum Next {
    GoOn,
    End,
    Failed,
}

impl Writer {
    /// Serves the first request and those that have come in behind it.
    fn take(&mut self, first: Request) -> Next {
        let mut requests = vec![first];
        while requests.len() < GROUP_LIMIT
            && let Ok(next) = self.queue.try_recv()
        {
            requests.push(next);
        }
        // A panic half-way through leaves a state that nothing is known of; nobody waits for the silence after it.
        let served = panic::catch_unwind(AssertUnwindSafe(|| self.serve(requests)));
        let message = match served {
            Ok(Ok(true)) => return Next::GoOn,
            Ok(Ok(false)) => return Next::End,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked, which is a fault of this program; start the daemon again".to_owned(),
        };
        // Nobody is answered: what was asked for may or may not be on the disk.
        tracing::error!("the ledger stops: {message}");
        self.failed.send_replace(Some(Arc::from(message)));
        Next::Failed
    }

    /// Everything that was asked for is done.
    fn end(mut self) -> Option<Ledger> {
        match self.ledger.write_snapshots() {
            Ok(()) => Some(self.ledger),
            Err(error) => {
                // Everything acknowledged is in the journal; the next start replays a little more.
                tracing::warn!("snapshots could not be written at the end: {error}");
                None
            }
        }
    }

    /// Serves what has come in; `false` when it is the end.
    fn serve(&mut self, requests: Vec<Request>) -> Result<bool, Error> {
        let mut commands = Vec::new();
        let mut replies = Vec::new();
        let mut after = Vec::new();
        for request in requests {
            match request {
                Request::Commit { commands: mut more, reply } => {
                    replies.push((more.len(), reply));
                    commands.append(&mut more);
                }
                other => after.push(other),
            }
        }
        if !commands.is_empty() {
            let group = self.ledger.commit(&commands)?;
            self.witness.witness(&commands, &group, self.ledger.state());
            self.publish(&group);
            self.attendance.tell(&group, self.ledger.state());
            let next = self.ledger.state().deadlines();
            self.armed.send_if_modified(|before| std::mem::replace(before, next) != next);
            let mut results = group.results.into_iter();
            for (count, reply) in replies {
                let mine: Results = results.by_ref().take(count).collect();
                if let Some(reply) = reply {
                    let _ = reply.send(mine);
                }
            }
        }
        let mut goes_on = true;
        for request in after {
            match request {
                Request::Read(look) => look(&self.ledger),
                Request::Attach { role, wake } => {
                    self.attendance.attach(role, wake);
                }
                Request::Subscribe { from, filter, reply } => {
                    let (feed, subscription) = Feed::open(&self.ledger, from, filter);
                    self.feeds.push(feed);
                    let _ = reply.send(subscription);
                }
                Request::Commit { .. } => {}
                Request::Close => goes_on = false,
            }
        }
        Ok(goes_on)
    }

    fn publish(&mut self, group: &Group) {
        for entry in group.results.iter().flatten().flatten() {
            telemetry::log(entry, self.ledger.state(), &group.archived);
        }
        if self.feeds.is_empty() {
            return;
        }
        for entry in group.results.iter().flatten().flatten() {
            let shared = Arc::new(entry.clone());
            self.feeds.retain_mut(|feed| feed.offer(&shared));
        }
    }
}
