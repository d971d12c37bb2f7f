//! The journal and the store: whether they are whole, and the lines they are taken out as.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::event::Event;

/// Whether the journal is whole.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct AuditView {
    /// Events read.
    pub events: u64,
    /// The last of the events that were exported and dropped; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
    /// The hash of the last record, as hexadecimal digits.
    pub head: Option<String>,
    /// What is wrong, if anything: the walk ends there.
    pub fault: Option<String>,
    /// Whether replaying the journal from its beginning gives the state that is in use.
    pub state_matches: Option<bool>,
}

/// Whether the whole store is as it should be.
#[derive(Serialize, Deserialize, Debug, Clone, Default)]
pub struct StoreCheckView {
    /// The last event that was looked at.
    pub last: u64,
    /// Events that are whole.
    pub events: u64,
    /// The last of the events that were exported and dropped; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
    /// The hash of the last record, as hexadecimal digits.
    pub head: Option<String>,
    /// The last event that was acknowledged, by the mark beside the store; absent where there is none.
    pub acknowledged: Option<u64>,
    /// The number of the store's layout on the disk.
    pub format: Option<u32>,
    /// The room the store takes, in bytes.
    pub size_bytes: u64,
    /// Pieces of large values that belong to none: they take room, and do no harm.
    pub loose_parts: u64,
    /// How many rows there are, by table.
    pub rows: BTreeMap<String, u64>,
    /// The event that the snapshots stand at; absent without any.
    pub snapshot: Option<u64>,
    /// Whether the rows were compared with a replay of the journal: not where that has a fault.
    pub rows_compared: bool,
    /// A digest of the state that the journal gives, as hexadecimal digits: equal for equal states.
    pub state: Option<String>,
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<StoreFaultView>,
    /// Faults beyond those that are listed.
    pub unlisted: u64,
}

/// One thing that is wrong with a store.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct StoreFaultView {
    /// Where.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What helps: `restore_backup`, `rebuild_snapshots` or `use_newer_program`.
    pub remedy: String,
}

/// The first line of an exported journal.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ExportHeader {
    /// The version of the file's form.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// What the organisation is called; `null` before it had a chart.
    pub organisation: Option<String>,
    /// The first event.
    pub first: u64,
    /// The last event; 0 where there is none.
    pub last: u64,
    /// The hash of the last event's record, as hexadecimal digits.
    pub head: Option<String>,
    /// Where events before the first were dropped: what they came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<ExportBase>,
}

/// What dropped events came to: as many lines follow the header.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ExportBase {
    /// The hash of the last dropped event's record, as hexadecimal digits, which the first event carries.
    pub hash: String,
    /// How many rows there are.
    pub rows: u64,
    /// A check over all of them, as hexadecimal digits.
    pub check: String,
}

/// One row of what dropped events came to.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ExportedRow {
    /// The table it belongs to.
    pub table: String,
    /// Its key, as hexadecimal digits.
    pub key: String,
    /// Its value, as hexadecimal digits.
    pub value: String,
}

/// The last line of an exported journal: without it, something is missing.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ExportEnd {
    /// How many events there are.
    pub events: u64,
    /// The hash of the last event's record, as hexadecimal digits.
    pub head: Option<String>,
    /// The check over what dropped events came to, where events were dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// One event of the journal, whole: readable, and as it was recorded. The shape of `event` is that of the program's own
/// schema version, into which it is lifted.
#[derive(Serialize, Debug, Clone)]
pub struct ExportedEvent {
    /// Its place in the journal.
    pub sequence: u64,
    /// The schema version it was written in.
    pub version: u16,
    /// When, by the organisation's clock.
    pub org: String,
    /// When, by wall time.
    pub wall: String,
    /// Who made it happen.
    pub principal: String,
    /// What happened.
    pub event: Event,
    /// The body of the record, as hexadecimal digits: what the hash is made from.
    pub body: String,
    /// The hash of the record before, as hexadecimal digits.
    pub previous: String,
    /// The hash of this record.
    pub hash: String,
}

/// One event of the journal, for people who have to know who did what.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct AuditedEvent {
    /// Its place in the journal.
    pub sequence: u64,
    /// When, by wall time.
    pub wall: String,
    /// When, by the organisation's clock.
    pub org: String,
    /// Who: a place or a person of the chart, `system`, or a user id.
    pub who: String,
    /// By which way it came in: `socket` or `internal`.
    pub via: String,
    /// The name of what happened, as in the exported journal: `task.assigned`.
    pub kind: String,
    /// What happened, in words.
    pub what: String,
    /// The instruction it is about.
    pub instruction: Option<String>,
    /// The task it is about.
    pub task: Option<String>,
    /// The hash of this record, as hexadecimal digits.
    pub hash: String,
    /// The hash of the record before.
    pub previous: String,
}
