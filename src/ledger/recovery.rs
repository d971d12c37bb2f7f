//! Recovery: load the snapshots, replay what came after them.

use std::sync::Arc;

use uuid::Uuid;

use super::base::beginning;
use super::snapshot::{AFFAIRS, Affairs, CHART, HEADER, HISTORY, Header, Kept, KeyUse, Stub, VERSION, from_bytes};
use super::{Base, Error, Ledger, codec};
use crate::domain::decide::execute;
use crate::domain::event::Entry;
use crate::domain::evolve::{evolve, rebuild_index};
use crate::domain::id::{IcId, InstructionId, Sequence, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::learning::Outcome;
use crate::domain::state::{Archived, Changed, Finished, FinishedTask, State};
use crate::domain::task::Task;
use crate::store::{self, Reader, Record, Store, Table};

/// How a state came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// The event that the snapshots stood at; 0 without snapshots.
    pub snapshot: Sequence,
    /// Events replayed after that.
    pub replayed: u64,
}

impl Ledger {
    /// Takes a store over: loads its snapshots and replays the journal after them.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this program does not understand. Nothing was changed then.
    pub fn open(store: Box<dyn Store>) -> Result<(Self, Recovered), Error> {
        let loaded = load_snapshots(store.as_ref())?;
        let kept = match &loaded {
            Some(state) => of_what(state),
            // Rows that were not used are there all the same.
            None => rows_there(store.as_ref())?,
        };
        let mut state = match loaded {
            Some(state) => state,
            None => {
                let mut state = beginning(store.as_ref())?;
                // The rows there are say nothing: all of them are to be written anew.
                if state.sequence > Sequence(0) {
                    state.touch_all();
                }
                state
            }
        };
        let snapshot = state.sequence;
        let mut recovered = Recovered { snapshot, replayed: 0 };
        for record in store.records(after(snapshot)) {
            evolve(&mut state, &codec::decode(&record?)?);
            recovered.replayed = recovered.replayed.saturating_add(1);
        }
        // What ended in the replayed part was archived when it ended, and nobody is there to be woken yet.
        state.take_archived();
        state.take_stirred();
        let head = store.last()?;
        Ok((Self { state, store, head, snapshot, kept, decide: Box::new(execute) }, recovered))
    }
}

/// Where a walk begins that goes on after an event, or with the first there is.
fn after(sequence: Sequence) -> Sequence {
    if sequence == Sequence(0) { sequence } else { sequence.next() }
}

/// A replay of a journal from its beginning, without looking at any snapshot.
#[derive(Default)]
pub struct Replay {
    state: State,
}

impl Replay {
    /// A replay that begins where the journal of a store does.
    ///
    /// # Errors
    /// When what it begins with cannot be read.
    pub fn begin(reader: &dyn Reader) -> Result<Self, Error> {
        Ok(Self { state: beginning(reader)? })
    }

    /// A replay that begins with what dropped events came to.
    ///
    /// # Errors
    /// When that is nothing that this program understands.
    pub fn after(base: &Base) -> Result<Self, Error> {
        Ok(Self { state: base.state()? })
    }

    /// Takes the next record. The answer is what happened, and the instructions that ended with it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn take(&mut self, record: &Record) -> Result<(Entry, Vec<Archived>), Error> {
        let entry = codec::decode(record)?;
        evolve(&mut self.state, &entry);
        // Nobody is there to be woken.
        self.state.take_stirred();
        Ok((entry, self.state.take_archived()))
    }

    /// The state after the last record so far.
    #[must_use]
    pub const fn so_far(&self) -> &State {
        &self.state
    }

    /// The state after the last record.
    #[must_use]
    pub fn state(self) -> State {
        self.state
    }
}

/// The state that replaying all there is of a journal gives.
///
/// # Errors
/// When the journal cannot be read to its end.
pub fn replay(reader: &dyn Reader) -> Result<State, Error> {
    let mut replay = Replay::begin(reader)?;
    for record in reader.records(Sequence(0)) {
        replay.take(&record?)?;
    }
    Ok(replay.state())
}

/// Of what a state was loaded.
fn of_what(state: &State) -> Kept {
    let instructions = state.instructions.keys().copied().map(Changed::Instruction);
    instructions.chain(state.tasks.keys().copied().map(Changed::Task)).collect()
}

/// Of what there are rows, whether or not they are any good.
fn rows_there(store: &(impl Reader + ?Sized)) -> Result<Kept, Error> {
    let mut kept = Kept::new();
    for row in Reader::rows(store, Table::Instruction) {
        kept.extend(Uuid::from_slice(&row?.0).ok().map(|id| Changed::Instruction(InstructionId::new(id))));
    }
    for row in Reader::rows(store, Table::Task) {
        kept.extend(Uuid::from_slice(&row?.0).ok().map(|id| Changed::Task(TaskId::new(id))));
    }
    Ok(kept)
}

/// The state by the snapshots; none where there are none, or none that this program can use.
fn load_snapshots(store: &(impl Reader + ?Sized)) -> Result<Option<State>, Error> {
    let Some(header) = Reader::row(store, Table::Meta, HEADER)? else {
        return Ok(None);
    };
    let header: Header = from_bytes("the header of the snapshots", &header)?;
    if header.version != VERSION {
        // Snapshots only save time: the journal has everything.
        return Ok(None);
    }
    load(store).map(Some)
}

/// Where rows of a state are.
pub(super) trait Rows {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, store::Error>;
    fn rows(&self, table: Table) -> store::Rows<'_>;
}

impl<R: Reader + ?Sized> Rows for R {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, store::Error> {
        Reader::row(self, table, key)
    }

    fn rows(&self, table: Table) -> store::Rows<'_> {
        Reader::rows(self, table)
    }
}

/// The state by rows, of which the header is one of this version.
pub(super) fn load(store: &(impl Rows + ?Sized)) -> Result<State, Error> {
    let mut state = State::default();
    if let Some(header) = store.row(Table::Meta, HEADER)? {
        let header: Header = from_bytes("the header of the snapshots", &header)?;
        state.sequence = header.sequence;
        state.last = header.at;
    }
    load_organisation(store, &mut state)?;
    load_entities(store, &mut state)?;
    rebuild_index(&mut state);
    Ok(state)
}

fn load_organisation(store: &(impl Rows + ?Sized), state: &mut State) -> Result<(), Error> {
    if let Some(chart) = store.row(Table::Meta, CHART)? {
        state.chart = Arc::new(from_bytes("the chart", &chart)?);
    }
    if let Some(affairs) = store.row(Table::Meta, AFFAIRS)? {
        let affairs: Affairs = from_bytes("the affairs of the organisation", &affairs)?;
        state.anchor = affairs.anchor;
        state.absent = affairs.absent;
        state.broadcasts = affairs.broadcasts;
        state.next_standup = affairs.next_standup;
        state.digests = affairs.digests;
        state.tally = affairs.tally;
        state.bands = affairs.bands;
    }
    for row in store.rows(Table::Meta) {
        let (key, value) = row?;
        if key.starts_with(HISTORY) {
            let (ic, history): (IcId, Vec<Outcome>) = from_bytes("a history", &value)?;
            state.history.insert(ic, history);
        }
    }
    Ok(())
}

fn load_entities(store: &(impl Rows + ?Sized), state: &mut State) -> Result<(), Error> {
    for row in store.rows(Table::Instruction) {
        let found: Instruction = from_bytes("an instruction", &row?.1)?;
        state.instructions.insert(found.id, found);
    }
    for row in store.rows(Table::Task) {
        let found: Task = from_bytes("a task", &row?.1)?;
        state.tasks.insert(found.id, found);
    }
    for row in store.rows(Table::Finished) {
        let (key, value) = row?;
        let Ok(uuid) = Uuid::from_slice(&key) else {
            let detail = "its key is not an id".to_owned();
            return Err(Error::Row { what: "a finished instruction".to_owned(), detail });
        };
        let instruction = InstructionId::new(uuid);
        let stub: Stub = from_bytes("a finished instruction", &value)?;
        state.finished.insert(instruction, Finished { state: stub.state });
        for (task, ended) in stub.tasks {
            state.finished_tasks.insert(task, FinishedTask { instruction, state: ended });
        }
    }
    for row in store.rows(Table::Key) {
        let used: KeyUse = from_bytes("an idempotency key", &row?.1)?;
        state.keys.insert(used.key, (used.instruction, used.fingerprint));
    }
    Ok(())
}
