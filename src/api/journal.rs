//! The journal as clients get it: events as lines, records whole, and an audit of all of it.

use std::collections::BTreeMap;

use super::view::{AuditView, EventView, ExportedEvent};
use crate::domain::event::Entry;
use crate::domain::id::{InstructionId, Sequence};
use crate::domain::state::{Archived, State};
use crate::ledger::{self, Ledger, Replay, decode, digest};
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
        let mut audit = AuditView { events: 0, head: None, fault: None, state_matches: None };
        let mut replayed = Replay::default();
        for record in self.reader.records(Sequence(1)) {
            let read = record.map_err(|error| error.to_string()).and_then(|record| {
                if record.sequence <= self.sequence {
                    replayed.take(&record).map_err(|error| error.to_string())?;
                }
                Ok(record)
            });
            match read {
                // The daemon goes on while this reads: what came in the meantime is for the next audit.
                Ok(record) if record.sequence > self.sequence => break,
                Ok(record) => {
                    audit.events = record.sequence.0;
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
