//! Snapshots: rows beside the journal from which a state is loaded without replaying everything.
//!
//! A row holds one entity as of the event in the header row. Rows of live entities are only written together with a new
//! header, in one batch; rows of what is over (archive, stubs, keys) say something final and are written at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Base, Error, codec};
use crate::domain::capacity::Band;
use crate::domain::event::{Entry, Event};
use crate::domain::id::{BroadcastId, DomainId, IcId, IdempotencyKey, InstructionId, Sequence, TaskId};
use crate::domain::instruction;
use crate::domain::org::Chart;
use crate::domain::presence::Absence;
use crate::domain::role::Role;
use crate::domain::state::{Archived, Broadcast, Changed, State, Tally};
use crate::domain::task;
use crate::domain::time::{Anchor, OrgTime, Stamp};
use crate::store::{Batch, Reader, Table};

/// The row of [`Table::Meta`] with the [`Header`].
pub(super) const HEADER: &[u8] = b"snapshot";
/// The row of [`Table::Meta`] with the chart.
pub(super) const CHART: &[u8] = b"chart";

/// The row of [`Table::Meta`] with the [`Affairs`].
pub(super) const AFFAIRS: &[u8] = b"affairs";

/// How the rows of [`Table::Meta`] with the histories of ICs begin.
pub(super) const HISTORY: &[u8] = b"history/";

/// What belongs to the organisation as a whole.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Affairs {
    pub(super) anchor: Anchor,
    pub(super) absent: BTreeMap<Role, Absence>,
    pub(super) broadcasts: BTreeMap<BroadcastId, Broadcast>,
    pub(super) next_standup: Option<OrgTime>,
    pub(super) digests: BTreeMap<Role, OrgTime>,
    pub(super) tally: Tally,
    pub(super) bands: BTreeMap<DomainId, Band>,
}

impl Affairs {
    fn of(state: &State) -> Self {
        Self {
            anchor: state.anchor,
            absent: state.absent.clone(),
            broadcasts: state.broadcasts.clone(),
            next_standup: state.next_standup,
            digests: state.digests.clone(),
            tally: state.tally.clone(),
            bands: state.bands.clone(),
        }
    }
}

/// The version of the rows; a row of another version is not used, the state is replayed instead.
pub(super) const VERSION: u16 = 3;

/// Where the snapshots stand.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) version: u16,
    pub(super) sequence: Sequence,
    pub(super) at: Stamp,
}

/// What is kept of an instruction that is over.
#[derive(Serialize, Deserialize)]
pub(super) struct Stub {
    pub(super) state: instruction::StateName,
    pub(super) tasks: Vec<(TaskId, task::StateName)>,
}

/// An idempotency key that was used.
#[derive(Serialize, Deserialize)]
pub(super) struct KeyUse {
    pub(super) key: IdempotencyKey,
    pub(super) instruction: InstructionId,
    pub(super) fingerprint: u64,
}

pub(super) fn to_bytes<T: Serialize>(what: &str, value: &T) -> Result<Vec<u8>, Error> {
    let bytes = postcard::to_extend(value, Vec::with_capacity(ROW_BYTES));
    bytes.map_err(|error| Error::Unreadable { what: what.to_owned(), detail: error.to_string() })
}

pub(super) fn from_bytes<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Error> {
    postcard::from_bytes(bytes).map_err(|error| Error::Row { what: what.to_owned(), detail: error.to_string() })
}

/// Bytes that most rows fit in: growing there step by step takes longer than what is written.
const ROW_BYTES: usize = 2_048;

/// Which instructions and tasks have a row in the store. Most come and go between two snapshots and never get one.
pub(super) type Kept = BTreeSet<Changed>;

/// Adds the rows of everything that has changed since this was last called, and the header that they stand at. `kept` are
/// the rows that there are before and, once the batch is written, after it.
pub(super) fn rows_of_changed(state: &mut State, kept: &mut Kept, batch: &mut Batch) -> Result<(), Error> {
    for changed in state.take_changed() {
        match changed {
            Changed::Affairs => batch.put(Table::Meta, AFFAIRS, to_bytes("the affairs", &Affairs::of(state))?),
            Changed::Chart => batch.put(Table::Meta, CHART, to_bytes("the chart", state.chart.as_ref())?),
            Changed::History(ic) => {
                let row = history_row(&ic);
                match state.history.get(&ic) {
                    Some(history) => batch.put(Table::Meta, row, to_bytes("a history", &(ic, history))?),
                    None => batch.delete(Table::Meta, row),
                }
            }
            Changed::Instruction(id) => match state.instructions.get(&id) {
                Some(found) => {
                    kept.insert(changed);
                    batch.put(Table::Instruction, *id.as_bytes(), to_bytes("an instruction", found)?);
                }
                None if kept.remove(&changed) => batch.delete(Table::Instruction, *id.as_bytes()),
                None => {}
            },
            Changed::Task(id) => match state.tasks.get(&id) {
                Some(found) => {
                    kept.insert(changed);
                    batch.put(Table::Task, *id.as_bytes(), to_bytes("a task", found)?);
                }
                None if kept.remove(&changed) => batch.delete(Table::Task, *id.as_bytes()),
                None => {}
            },
        }
    }
    let header = Header { version: VERSION, sequence: state.sequence, at: state.last };
    batch.put(Table::Meta, HEADER, to_bytes("the header of the snapshots", &header)?);
    Ok(())
}

/// The row of [`Table::Meta`] with how the work of an IC turned out.
fn history_row(ic: &IcId) -> Vec<u8> {
    // Ids may be longer than a row's key can be.
    [HISTORY, Sha256::digest(ic.as_str().as_bytes()).as_slice()].concat()
}

/// Adds the row of the idempotency key that an event uses, if it uses one.
pub(super) fn key_row(entry: &Entry, batch: &mut Batch) -> Result<(), Error> {
    if let Event::Received { id, request, .. } = &entry.event
        && let Some(key) = &request.key
    {
        let used = KeyUse { key: key.clone(), instruction: *id, fingerprint: request.fingerprint() };
        // Keys may be longer than a row's key can be.
        let row = Sha256::digest(key.as_str().as_bytes()).to_vec();
        batch.put(Table::Key, row, to_bytes("an idempotency key", &used)?);
    }
    Ok(())
}

/// Adds the rows of an instruction that is over: all of it, and the stub.
pub(super) fn archive_rows(gone: &Archived, batch: &mut Batch) -> Result<(), Error> {
    let id = gone.instruction.id;
    let tasks = gone.tasks.iter().map(|task| (task.id, task.state.name())).collect();
    let stub = Stub { state: gone.instruction.state.name(), tasks };
    batch.put(Table::Archive, *id.as_bytes(), to_bytes("a finished instruction", gone)?);
    batch.put(Table::Finished, *id.as_bytes(), to_bytes("a finished instruction", &stub)?);
    Ok(())
}

/// Reads an instruction that is over.
pub(super) fn read_archived(store: &(impl Reader + ?Sized), id: InstructionId) -> Result<Option<Archived>, Error> {
    match store.row(Table::Archive, id.as_bytes())? {
        Some(bytes) => from_bytes("a finished instruction", &bytes).map(Some),
        None => Ok(None),
    }
}

/// Whether the rows of a table are snapshots, which are only of use together.
pub(super) fn is_live(table: Table) -> bool {
    match table {
        Table::Meta | Table::Instruction | Table::Task => true,
        Table::Archive | Table::Key | Table::Finished | Table::Base => false,
    }
}

/// What the organisation is called, without loading its state; `None` where there is no chart yet.
///
/// # Errors
/// When the store cannot be read.
pub fn organisation(reader: &dyn Reader) -> Result<Option<String>, Error> {
    // A row that is damaged only means that the journal has to tell.
    let of_rows = || -> Result<Option<(Sequence, String)>, Error> {
        let Some(header) = reader.row(Table::Meta, HEADER)? else { return Ok(None) };
        let header: Header = from_bytes("the header of the snapshots", &header)?;
        let Some(chart) = reader.row(Table::Meta, CHART)?.filter(|_| header.version == VERSION) else {
            return Ok(None);
        };
        let chart: Chart = from_bytes("the chart", &chart)?;
        Ok(Some((header.sequence, chart.name)))
    };
    let known = of_rows().unwrap_or_default();
    let (from, mut name) = match known {
        Some((sequence, name)) => (sequence.next(), Some(name)),
        None => (Sequence(0), Base::read(reader)?.and_then(|base| base.organisation())),
    };
    for record in reader.records(from) {
        if let Event::ChartApplied(chart) = codec::decode(&record?)?.event {
            name = Some(chart.name.clone());
        }
    }
    Ok(name)
}

/// A number that is equal for equal states: over everything that is not derived from something else.
#[must_use]
pub fn digest(state: &State) -> [u8; 32] {
    let whole = (
        (state.sequence, state.last, state.chart.as_ref(), &state.instructions),
        (&state.tasks, &state.finished, &state.finished_tasks, &state.keys),
        (Affairs::of(state), &state.history),
    );
    // A state that cannot be encoded equals no other: it would have failed when it was written.
    let bytes = postcard::to_stdvec(&whole).unwrap_or_default();
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::KEY_LIMIT;

    #[test]
    fn the_row_of_the_longest_id_has_a_key_that_fits() {
        let name = "a".repeat(crate::domain::id::NAME_LIMIT);
        let ic: IcId = format!("{name}/{name}/{name}").parse().expect("three names make an IC");
        assert!(history_row(&ic).len() <= KEY_LIMIT);
    }
}
