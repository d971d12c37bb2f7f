//! Requests that are answered line by line: following what happens, and taking the journal out.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::net::unix::OwnedWriteHalf;

use super::send;
use crate::actors::office::Office;
use crate::api::resolve;
use crate::api::view::ExportedRow;
use crate::api::wire::{Code, RawRecord, Refusal, Reply};
use crate::api::{export, journal};
use crate::domain::id::Sequence;
use crate::ledger::{self, Base, Filter, Stopped};
use crate::store;

/// Events turned into lines in one look at the ledger.
const EVENTS_AT_ONCE: usize = 64;

/// Sends what happens, from an event on, to a client that follows. Ends with the instruction, where only one is wanted.
pub(super) async fn watch(
    write: &mut OwnedWriteHalf,
    office: &Arc<Office>,
    from: Option<u64>,
    instruction: Option<String>,
    follow: bool,
) -> std::io::Result<()> {
    let begun = office
        .ledger
        .read(move |state| {
            let only = instruction.map(|text| resolve::instruction(state, &text)).transpose()?;
            Ok::<_, Refusal>((only, state.sequence))
        })
        .await;
    let (only, now) = match begun.map_err(Refusal::from).and_then(|found| found) {
        Ok(found) => found,
        Err(refusal) => return send::<Value>(write, Reply::Error(refusal)).await,
    };
    let from = from.map_or(now.next(), Sequence);
    let filter = only.map_or_else(Filter::everything, Filter::instruction);
    let Ok(mut events) = office.ledger.subscribe(from, filter).await else {
        return send::<Value>(write, Reply::Error(Refusal::from(Stopped))).await;
    };
    loop {
        let mut ready = Vec::new();
        // Once an instruction is over, all of its events have been published: there is nothing left to wait for.
        let over = match only {
            Some(id) => office.ledger.read(move |state| state.finished.contains_key(&id)).await.unwrap_or(true),
            None => false,
        };
        let waits = follow && !over;
        // Without following, the journal as it was when this began is what was asked for.
        let finished = loop {
            if ready.len() >= EVENTS_AT_ONCE {
                break false;
            }
            let next = if ready.is_empty() && waits {
                events.next(&office.ledger).await
            } else {
                match events.ready() {
                    Ok(Some(entry)) => Ok(Some(entry)),
                    Ok(None) => break !waits,
                    Err(error) => Err(error),
                }
            };
            match next {
                Ok(Some(entry)) if !follow && entry.sequence > now => break true,
                Ok(Some(entry)) => ready.push(entry),
                Ok(None) => break true,
                Err(error) => {
                    let is_dropped = matches!(error, ledger::Error::Store(store::Error::Dropped { .. }));
                    let code = if is_dropped { Code::Rejected } else { Code::Internal };
                    return send::<Value>(write, Reply::Error(Refusal::new(code, error.to_string()))).await;
                }
            }
        };
        if !ready.is_empty() {
            let Ok(views) = office.ledger.read_ledger(move |ledger| journal::event_views(ledger, &ready)).await else {
                return Ok(());
            };
            for view in views {
                send(write, Reply::Ok(view)).await?;
            }
        }
        if finished {
            return Ok(());
        }
    }
}

/// A line of a journal that is taken out.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Row(ExportedRow),
    Record(RawRecord),
}

/// Takes the journal out as it is now, without holding the ledger up.
pub(super) async fn export(write: &mut OwnedWriteHalf, office: &Arc<Office>) -> std::io::Result<()> {
    let begun = office.ledger.read_ledger(|ledger| {
        // Before its first chart an organisation has no name.
        let name = Some(ledger.state().chart.name.clone()).filter(|_| !ledger.state().chart.departments.is_empty());
        (ledger.reader(), name, ledger.head())
    });
    let Ok((reader, name, head)) = begun.await else {
        return send::<Value>(write, Reply::Error(Refusal::from(Stopped))).await;
    };
    let found = tokio::task::spawn_blocking(move || (Base::read(reader.as_ref()), reader)).await;
    let (base, reader) = match found.map_err(std::io::Error::other)? {
        (Ok(base), reader) => (base, reader),
        (Err(error), _) => {
            let refusal = Refusal::new(Code::Internal, error.to_string());
            return send::<Value>(write, Reply::Error(refusal)).await;
        }
    };
    send(write, Reply::Ok(export::header(name, base.as_ref(), head))).await?;
    let (last, _) = head.unwrap_or_default();
    let (lines, mut ready) = tokio::sync::mpsc::channel(EVENTS_AT_ONCE);
    let reading = tokio::task::spawn_blocking(move || {
        // What comes in meanwhile is for the next export.
        let wanted = |record: &store::Record| record.sequence <= last;
        let rows = base.iter().flat_map(|base| base.rows(reader.as_ref()));
        let rows = rows.map(|row| row.map(|row| Line::Row(export::row(&row))));
        let records = reader.records(Sequence(0)).take_while(|record| record.as_ref().map_or(true, wanted));
        let records = records.map(|record| Ok(Line::Record(export::raw(&record?))));
        for line in rows.chain(records) {
            let ended = line.is_err();
            if lines.blocking_send(line).is_err() || ended {
                return;
            }
        }
    });
    while let Some(line) = ready.recv().await {
        match line {
            Ok(line) => send(write, Reply::Ok(line)).await?,
            Err(error) => {
                let refusal = Refusal::new(Code::Internal, error.to_string());
                return send::<Value>(write, Reply::Error(refusal)).await;
            }
        }
    }
    reading.await.map_err(std::io::Error::other)
}
