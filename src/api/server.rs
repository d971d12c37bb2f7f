//! The daemon's end of the socket.

mod act;
mod answer;
mod caller;
mod chart;
mod follow;
mod protocols;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::journal;
use super::query::{self, Running};
use super::resolve::{self, Thing};
use super::wire::{Ask, Cancelled, Code, LINE_LIMIT, PROTOCOL, Query, Refusal, Reply, Request};
use crate::actors::office::Office;
use crate::domain::command::{Action, Command, InstructionAction, TaskAction};
use crate::domain::decide::decide;
use crate::domain::event::Entry;
use crate::domain::rejection::Rejection;
use crate::domain::role::Principal;
use crate::domain::state::State;
use crate::domain::time::Stamp;
use crate::ledger::{self, Ledger, Stopped};

/// Clients served side by side. Each may hold a line of [`LINE_LIMIT`], so this also bounds memory.
const CLIENTS_LIMIT: usize = 128;

/// Clients that may wait for a place beside those that are served: a burst queues, and the daemon keeps file descriptors
/// for its workers.
const WAITING_LIMIT: usize = 256;

/// How long a client waits for a place before it is told that there is none.
const PLACE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves clients until the task is dropped.
pub async fn serve(listener: UnixListener, office: Arc<Office>) {
    let clients = Arc::new(Semaphore::new(CLIENTS_LIMIT));
    let waiting = Arc::new(Semaphore::new(WAITING_LIMIT));
    loop {
        let Ok(seat) = Arc::clone(&waiting).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let office = Arc::clone(&office);
                let clients = Arc::clone(&clients);
                tokio::spawn(async move {
                    let place = tokio::time::timeout(PLACE_TIMEOUT, clients.acquire_owned()).await;
                    drop(seat);
                    let ended = match place {
                        Ok(_place) => serve_client(stream, &office).await,
                        Err(_) => refuse_client(stream).await,
                    };
                    if let Err(error) = ended {
                        tracing::debug!("a client went away: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: clients that end give some back.
                tracing::warn!("cannot take a client in: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn refuse_client(stream: UnixStream) -> std::io::Result<()> {
    let (_read, mut write) = stream.into_split();
    let message = format!("the daemon has {CLIENTS_LIMIT} clients already; end one that follows it, and try again");
    send::<Value>(&mut write, Reply::Error(Refusal::new(Code::Busy, message))).await
}

async fn serve_client(stream: UnixStream, office: &Arc<Office>) -> std::io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let request = match tokio::time::timeout(REQUEST_TIMEOUT, read_request(&mut read)).await {
        Ok(Ok(request)) => request,
        Ok(Err(refusal)) => return send::<Value>(&mut write, Reply::Error(refusal)).await,
        Err(_) => {
            let refusal = Refusal::new(Code::BadRequest, "no request came within ten seconds");
            return send::<Value>(&mut write, Reply::Error(refusal)).await;
        }
    };
    let principal = match caller::principal(office, uid, request.person).await {
        Ok(principal) => principal,
        Err(refusal) => return send::<Value>(&mut write, Reply::Error(refusal)).await,
    };
    match request.ask {
        // Whoever follows may go away without ever being written to again.
        Ask::Watch { from, instruction, follow } => tokio::select! {
            ended = follow::watch(&mut write, office, from, instruction, follow) => ended,
            () = gone(&mut read) => Ok(()),
        },
        Ask::Export => follow::export(&mut write, office).await,
        ask => {
            let reply = match answer(office, &principal, ask).await {
                Ok(value) => Reply::Ok(value),
                Err(refusal) => Reply::Error(refusal),
            };
            send(&mut write, reply).await
        }
    }
}

/// Completes when the client has gone away. What it says beyond its request is not listened to.
async fn gone(read: &mut BufReader<OwnedReadHalf>) {
    let mut ignored = [0; 256];
    while read.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
}

async fn read_request(read: &mut BufReader<OwnedReadHalf>) -> Result<Request, Refusal> {
    let mut line = Vec::new();
    let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
    let bad = |message: String| Refusal::new(Code::BadRequest, message);
    read.take(limit)
        .read_until(b'\n', &mut line)
        .await
        .map_err(|error| bad(format!("the request cannot be read: {error}")))?;
    if line.len() >= LINE_LIMIT {
        return Err(bad(format!("a request may have {LINE_LIMIT} bytes at most")));
    }
    // The version is looked at first: a request of another version may have any shape.
    let value: Value =
        serde_json::from_slice(&line).map_err(|error| bad(format!("the request is not JSON: {error}")))?;
    match value.get("protocol").and_then(Value::as_u64) {
        Some(version) if version == u64::from(PROTOCOL) => {}
        Some(version) => {
            return Err(bad(format!(
                "this daemon speaks version {PROTOCOL} of the protocol, the client speaks {version}; use the same \
                 version of echelon for both"
            )));
        }
        None => return Err(bad("the request names no protocol version".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| bad(format!("the request is not understood: {error}")))
}

pub(super) async fn send<T: Serialize>(write: &mut OwnedWriteHalf, reply: Reply<T>) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    write.write_all(&line).await
}

async fn answer(office: &Arc<Office>, principal: &Principal, ask: Ask) -> Result<Value, Refusal> {
    match ask {
        Ask::Submit(submit) => to_value(&submit::submit(office, principal, submit).await?),
        Ask::Cancel { id, reason } => to_value(&cancel(office, principal, &id, reason).await?),
        Ask::Answer { question, text, fields } => {
            to_value(&answer::answer(office, principal, question, text, fields).await?)
        }
        Ask::CompareChart { chart } => to_value(&chart::compare(office, principal, *chart).await?),
        Ask::ApplyChart { chart } => to_value(&chart::apply(office, principal, *chart).await?),
        Ask::Act(act) => to_value(&act::act(office, principal, act).await?),
        // Whoever does not say whose inbox they mean means their own.
        Ask::Query(Query::Inbox { role: None }) => {
            look(office, Query::Inbox { role: Some(principal.place().to_string()) }).await
        }
        Ask::Broadcast(broadcast) => to_value(&protocols::broadcast(office, principal, broadcast).await?),
        Ask::HoldStandup => to_value(&protocols::hold_standup(office, principal).await?),
        Ask::Judge(verdict) => to_value(&protocols::judge(office, principal, verdict).await?),
        Ask::Query(Query::Audit) => audit(office).await,
        Ask::Query(Query::Check) => check(office).await,
        Ask::Query(query) => look(office, query).await,
        Ask::Watch { .. } | Ask::Export => Err(Refusal::new(Code::Internal, "this is answered line by line")),
    }
}

fn to_value(answer: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(answer).map_err(|error| Refusal::new(Code::Internal, error.to_string()))
}

impl From<Stopped> for Refusal {
    fn from(_: Stopped) -> Self {
        Self::new(Code::Stopping, "the daemon is stopping; start it again and repeat the command")
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let code = match &rejection {
            Rejection::UnknownTask(_) | Rejection::UnknownInstruction(_) => Code::NotFound,
            Rejection::NotAllowed { .. } => Code::NotAllowed,
            _others => Code::Rejected,
        };
        Self::new(code, rejection.to_string())
    }
}

async fn look(office: &Arc<Office>, query: Query) -> Result<Value, Refusal> {
    let running = Running { degraded: office.degraded(), now: office.ledger.clock().now() };
    let folder = office.data_dir.clone();
    office.ledger.read_ledger(move |ledger| query::answer(ledger, &query, &folder, Some(&running))).await?
}

/// Walks the journal as it is now, without holding the ledger up.
async fn audit(office: &Arc<Office>) -> Result<Value, Refusal> {
    let audit = office.ledger.read_ledger(journal::Audit::of).await?;
    let view = tokio::task::spawn_blocking(move || audit.walk())
        .await
        .map_err(|error| Refusal::new(Code::Internal, error.to_string()))?;
    to_value(&view)
}

/// Looks through the store, without holding the ledger up.
async fn check(office: &Arc<Office>) -> Result<Value, Refusal> {
    let reader = office.ledger.read_ledger(Ledger::reader).await?;
    let internal = |error: String| Refusal::new(Code::Internal, error);
    let checked = tokio::task::spawn_blocking(move || ledger::check(reader.as_ref()));
    let checked = checked.await.map_err(|error| internal(error.to_string()))?;
    to_value(&journal::check_view(&checked.map_err(|error| internal(error.to_string()))?))
}

/// Refuses what the ledger would refuse. Nothing is recorded.
fn tried(state: &State, at: Stamp, principal: Principal, action: Action) -> Result<(), Refusal> {
    decide(state, &Command { at, principal, action })?;
    Ok(())
}

async fn commit(office: &Arc<Office>, principal: &Principal, action: Action) -> Result<Vec<Entry>, Refusal> {
    let mut results = office.ledger.commit(principal, vec![action]).await?;
    match results.pop() {
        Some(result) => Ok(result?),
        None => Err(Refusal::new(Code::Internal, "the ledger gave no answer")),
    }
}

async fn cancel(office: &Arc<Office>, principal: &Principal, id: &str, reason: String) -> Result<Cancelled, Refusal> {
    let text = id.to_owned();
    let (shown, action) = match office.ledger.read(move |state| resolve::thing(state, &text)).await?? {
        Thing::Task(id) => (id.to_string(), Action::Task(id, TaskAction::Cancel { reason })),
        Thing::Instruction(id) => (id.to_string(), Action::Instruction(id, InstructionAction::Cancel { reason })),
    };
    commit(office, principal, action).await?;
    Ok(Cancelled { id: shown })
}
