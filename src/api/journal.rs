//! The journal as clients get it: events as lines, records whole, and an audit of all of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::export::hex;
use super::view::{AuditView, AuditedEvent, EventView, ExportedEvent, StoreCheckView, StoreFaultView};
use crate::domain::event::Entry;
use crate::domain::id::{InstructionId, Sequence};
use crate::domain::role::Via;
use crate::domain::state::{Archived, State};
use crate::ledger::{self, Checked, Ledger, Replay, decode, digest};
use crate::store::{Reader, Record};
use crate::telemetry::narrative::{Importance, instruction_of, narrate};

/// An audit of the journal as it was at one moment.
pub struct Audit {
    reader: Box<dyn Reader>,
    sequence: Sequence,
    digest: [u8; 32],
}

impl Audit {
    /// Notes what the journal has to give.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        Self { reader: ledger.reader(), sequence: ledger.state().sequence, digest: digest(ledger.state()) }
    }

    /// Walks the whole journal: every checksum, every link, and whether it gives the state that was in use.
    #[must_use]
    pub fn walk(self) -> AuditView {
        let mut audit = AuditView { events: 0, dropped: None, head: None, fault: None, state_matches: None };
        let begun = Replay::begin(self.reader.as_ref()).and_then(|begun| Ok((begun, self.reader.base()?)));
        let mut replayed = match begun {
            Ok((begun, base)) => {
                audit.dropped = base.map(|(sequence, _)| sequence.0);
                audit.head = base.map(|(_, hash)| hash.to_string());
                begun
            }
            Err(fault) => {
                audit.fault = Some(fault.to_string());
                return audit;
            }
        };
        for record in self.reader.records(Sequence(0)) {
            let read = record.map_err(|error| error.to_string()).and_then(|record| {
                if record.sequence <= self.sequence {
                    replayed.take(&record).map(drop).map_err(|error| error.to_string())?;
                }
                Ok(record)
            });
            match read {
                // The daemon goes on while this reads: what came in the meantime is for the next audit.
                Ok(record) if record.sequence > self.sequence => break,
                Ok(record) => {
                    audit.events += 1;
                    audit.head = Some(record.hash().to_string());
                }
                Err(fault) => {
                    audit.fault = Some(fault);
                    return audit;
                }
            }
        }
        audit.state_matches = Some(digest(&replayed.state()) == self.digest);
        audit
    }
}

/// What a check has found, as clients get it.
#[must_use]
pub fn check_view(checked: &Checked) -> StoreCheckView {
    let fault = |fault: &ledger::Fault| StoreFaultView {
        place: fault.place.clone(),
        what: fault.what.clone(),
        remedy: fault.remedy.to_string(),
    };
    StoreCheckView {
        last: checked.head.map_or(0, |(sequence, _)| sequence.0),
        events: checked.records,
        dropped: checked.base.map(|(sequence, _)| sequence.0),
        head: checked.head.map(|(_, hash)| hash.to_string()),
        acknowledged: checked.condition.mark.map(|(sequence, _)| sequence.0),
        format: checked.condition.format,
        size_bytes: checked.condition.size_bytes,
        loose_parts: checked.condition.loose_parts,
        rows: checked.rows.iter().map(|(table, count)| (table.to_string(), *count)).collect(),
        snapshot: checked.snapshot.map(|sequence| sequence.0),
        rows_compared: checked.rows_compared,
        state: checked.digest.map(|digest| hex(&digest)),
        faults: checked.faults.iter().map(fault).collect(),
        unlisted: checked.unlisted,
    }
}

/// An event for people who have to know who did what. `replay` is one that took all events before it, and takes this one.
///
/// # Errors
/// When it cannot be read.
pub fn audited(replay: &mut Replay, record: &Record) -> Result<(Entry, AuditedEvent), ledger::Error> {
    let (entry, archived) = replay.take(record)?;
    let state = replay.so_far();
    let instruction = instruction_of(&entry, state, &archived).or_else(|| {
        let over = entry.event.task().and_then(|task| state.finished_tasks.get(&task));
        over.map(|stub| stub.instruction)
    });
    let audited = AuditedEvent {
        sequence: entry.sequence.0,
        wall: entry.at.wall.to_string(),
        org: entry.at.org.to_string(),
        who: entry.principal.to_string(),
        via: match entry.principal.via {
            Via::Internal => "internal",
            Via::Socket => "socket",
        }
        .to_owned(),
        kind: kind(&entry),
        what: narrate(&entry, state, &archived).text,
        instruction: instruction.map(|id| id.to_string()),
        task: entry.event.task().map(|id| id.to_string()),
        hash: record.hash().to_string(),
        previous: record.previous.to_string(),
    };
    Ok((entry, audited))
}

/// The name of what happened, as in an exported event: `received`, `task.assigned`.
fn kind(entry: &Entry) -> String {
    let name = |value: &Value| match value {
        Value::String(name) => Some(name.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _others => None,
    };
    let event = serde_json::to_value(&entry.event).unwrap_or_default();
    let outer = name(&event).unwrap_or_default();
    // What happens to an instruction or a task is the second of two, behind the id.
    match event.get(&outer).and_then(|pair| pair.get(1)).and_then(name) {
        Some(inner) => format!("{outer}.{inner}"),
        None => outer,
    }
}

/// A record of the journal as it is taken out.
///
/// # Errors
/// When it cannot be read.
pub fn export(record: &Record) -> Result<ExportedEvent, ledger::Error> {
    let entry = decode(record)?;
    Ok(ExportedEvent {
        sequence: entry.sequence.0,
        version: record.version,
        org: entry.at.org.to_string(),
        wall: entry.at.wall.to_string(),
        principal: entry.principal.to_string(),
        event: entry.event,
        body: hex(&record.body),
        previous: record.previous.to_string(),
        hash: record.hash().to_string(),
    })
}

/// Events as clients see them. Names of tasks whose instruction is over come from the archive.
#[must_use]
pub fn event_views(ledger: &Ledger, entries: &[Entry]) -> Vec<EventView> {
    let mut archive: BTreeMap<InstructionId, Archived> = BTreeMap::new();
    for entry in entries {
        let over = entry.event.task().and_then(|task| ledger.state().finished_tasks.get(&task));
        if let Some(stub) = over
            && !archive.contains_key(&stub.instruction)
            && let Ok(Some(found)) = ledger.archived(stub.instruction)
        {
            archive.insert(stub.instruction, found);
        }
    }
    let archived: Vec<Archived> = archive.into_values().collect();
    entries.iter().map(|entry| event_view(entry, ledger.state(), &archived)).collect()
}

/// What an event looks like to a client.
#[must_use]
fn event_view(entry: &Entry, state: &State, archived: &[Archived]) -> EventView {
    let line = narrate(entry, state, archived);
    EventView {
        sequence: entry.sequence.0,
        at: entry.at.wall.to_string(),
        principal: entry.principal.to_string(),
        importance: match line.importance {
            Importance::Detail => "detail",
            Importance::Change => "change",
            Importance::Trouble => "trouble",
        }
        .to_owned(),
        text: line.text,
        instruction: instruction_of(entry, state, archived).map(|id| id.to_string()),
        task: entry.event.task().map(|id| id.to_string()),
    }
}
