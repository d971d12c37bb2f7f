//! The walk of a check over the journal, which goes on behind what is damaged.

use super::rows::Expected;
use super::{Faults, Remedy};
use crate::domain::evolve::evolve;
use crate::domain::id::Sequence;
use crate::domain::state::State;
use crate::ledger::{Base, Error, codec, snapshot};
use crate::store::{self, Batch, Head, Item, Reader, Record, RecordError};

/// How often the walk begins again behind a damaged place. A journal with more of them is of no use, and nobody reads on.
const WALKS_LIMIT: usize = 1_000;

/// What the walk has found.
pub(super) struct Walked {
    /// Records that are whole.
    pub(super) records: u64,
    /// The state that the journal gives, up to the first fault.
    pub(super) state: State,
    /// The rows that belong to it.
    pub(super) expected: Expected,
    has_faults: bool,
}

impl Walked {
    /// Whether the state is that of the end of the journal.
    pub(super) const fn is_whole(&self) -> bool {
        !self.has_faults
    }

    /// Walks over the journal up to `until`. What is wrong is a fault, and it goes on behind that. `snapshot` is the event
    /// at which the rows of what is not over have to be known.
    pub(super) fn walk(
        reader: &dyn Reader,
        until: Option<Head>,
        mark: Option<Head>,
        snapshot: Option<Sequence>,
        faults: &mut Faults,
    ) -> Result<Self, Error> {
        let mut walked = Self { records: 0, state: State::default(), expected: Expected::default(), has_faults: false };
        let (last, _) = until.unwrap_or_default();
        if let Some((acknowledged, _)) = mark.filter(|(acknowledged, _)| *acknowledged > last) {
            let what = format!("the journal ends at record {last}, and {acknowledged} was acknowledged");
            faults.add("the end of the journal", what, Remedy::Restore);
            walked.has_faults = true;
        }
        let mut gap = Gap::default();
        walked.begin(reader, snapshot, faults)?;
        let mut from = Sequence(0);
        for _ in 0..WALKS_LIMIT {
            match walked.walk_from(reader, from, (last, mark, snapshot), faults)? {
                Stopped::AtTheEnd => break,
                Stopped::At(error, place) => {
                    walked.has_faults = true;
                    gap.take(&error, place, faults);
                    // One record further the walk reads the next one only for its link, so that much is skipped. A record
                    // whose link is wrong can itself be linked to.
                    let is_link = matches!(error, store::Error::BrokenChain { .. });
                    from = if is_link { place.next() } else { place.next().next() };
                }
            }
        }
        gap.close(faults);
        Ok(walked)
    }

    /// Begins with what the dropped events came to, if there were any.
    fn begin(&mut self, reader: &dyn Reader, snapshot: Option<Sequence>, faults: &mut Faults) -> Result<(), Error> {
        let found = Base::read(reader).and_then(|base| base.map(|base| Ok((base.state()?, base))).transpose());
        let (mut state, base) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(()),
            Err(error @ (Error::Base { .. } | Error::Store(store::Error::Incomplete { .. }))) => {
                self.has_faults = true;
                faults.add("what the dropped events came to", short(&error), Remedy::Restore);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        state.touch_all();
        self.state = state;
        self.expected.begin(&base);
        if snapshot == Some(base.head().0) {
            let mut batch = Batch::default();
            snapshot::rows_of_changed(&mut self.state, &mut snapshot::Kept::new(), &mut batch)?;
            self.expected.take(batch, base.head().0);
        }
        Ok(())
    }

    fn walk_from(
        &mut self,
        reader: &dyn Reader,
        from: Sequence,
        (last, mark, snapshot): (Sequence, Option<Head>, Option<Sequence>),
        faults: &mut Faults,
    ) -> Result<Stopped, Error> {
        for record in reader.records(from) {
            let record = match record {
                // The journal goes on meanwhile.
                Ok(record) if record.sequence > last => break,
                Ok(record) => record,
                Err(error) => {
                    return match place_of(&error) {
                        Some(place) => Ok(Stopped::At(error, place)),
                        None => Err(error.into()),
                    };
                }
            };
            self.records += 1;
            if mark.is_some_and(|mark| mark.0 == record.sequence && mark.1 != record.hash()) {
                let what = "is another one than the one that was acknowledged";
                faults.add(Item::Record(record.sequence), what, Remedy::Restore);
                self.has_faults = true;
            }
            self.read(&record, snapshot, faults)?;
        }
        Ok(Stopped::AtTheEnd)
    }

    /// Looks into a record, and goes on with the state as long as nothing is missing from it.
    fn read(&mut self, record: &Record, snapshot: Option<Sequence>, faults: &mut Faults) -> Result<(), Error> {
        let entry = match codec::decode(record) {
            Ok(entry) => entry,
            Err(error) => {
                let remedy = if codec::is_newer(record.version) { Remedy::NewerProgram } else { Remedy::Restore };
                faults.add(Item::Record(record.sequence), short(&error), remedy);
                self.has_faults = true;
                return Ok(());
            }
        };
        if self.has_faults {
            return Ok(());
        }
        evolve(&mut self.state, &entry);
        self.state.take_stirred();
        let mut batch = Batch::default();
        snapshot::key_row(&entry, &mut batch)?;
        for gone in self.state.take_archived() {
            snapshot::archive_rows(&gone, &mut batch)?;
        }
        if snapshot == Some(record.sequence) {
            snapshot::rows_of_changed(&mut self.state, &mut snapshot::Kept::new(), &mut batch)?;
        }
        self.expected.take(batch, record.sequence);
        Ok(())
    }
}

enum Stopped {
    AtTheEnd,
    At(store::Error, Sequence),
}

/// Records that are missing side by side are one fault.
#[derive(Default)]
struct Gap {
    missing: Option<(Sequence, Sequence)>,
}

impl Gap {
    fn take(&mut self, error: &store::Error, place: Sequence, faults: &mut Faults) {
        if let store::Error::Gap { .. } = error {
            self.missing = match self.missing.take() {
                Some((first, last)) if last.next() == place => Some((first, place)),
                other => {
                    Self { missing: other }.close(faults);
                    Some((place, place))
                }
            };
            return;
        }
        self.close(faults);
        let remedy = match error {
            store::Error::Record(RecordError::Layout { .. }) => Remedy::NewerProgram,
            _another => Remedy::Restore,
        };
        faults.add(Item::Record(place), what_is_wrong(error), remedy);
    }

    fn close(&mut self, faults: &mut Faults) {
        match self.missing.take() {
            Some((first, last)) if first == last => faults.add(Item::Record(first), "is missing", Remedy::Restore),
            Some((first, last)) => faults.add(format!("records {first} to {last}"), "are missing", Remedy::Restore),
            None => {}
        }
    }
}

/// The record at which a walk ended; `None` when the whole store cannot be read.
fn place_of(error: &store::Error) -> Option<Sequence> {
    match error {
        store::Error::Gap { expected } => Some(*expected),
        store::Error::BrokenChain { sequence } | store::Error::Incomplete { item: Item::Record(sequence), .. } => {
            Some(*sequence)
        }
        store::Error::Record(
            RecordError::Short { sequence, .. }
            | RecordError::Layout { sequence, .. }
            | RecordError::Changed { sequence }
            | RecordError::Misplaced { sequence, .. },
        ) => Some(*sequence),
        _others => None,
    }
}

/// What is wrong with a record, without what to do, which is said once for all of them.
fn what_is_wrong(error: &store::Error) -> String {
    match error {
        store::Error::BrokenChain { .. } => "does not carry the hash of the record before it".to_owned(),
        store::Error::Incomplete { detail, .. } => detail.clone(),
        store::Error::Record(RecordError::Short { bytes, .. }) => format!("was cut off after {bytes} bytes"),
        store::Error::Record(RecordError::Layout { found, .. }) => format!("has the unknown layout {found}"),
        store::Error::Record(RecordError::Changed { .. }) => "was changed after it was written".to_owned(),
        store::Error::Record(RecordError::Misplaced { found, .. }) => format!("record {found} is in its place"),
        other => other.to_string(),
    }
}

fn short(error: &Error) -> String {
    match error {
        Error::Base { detail } => format!("is not usable: {detail}"),
        Error::Unreadable { detail, .. } | Error::Row { detail, .. } => format!("cannot be read: {detail}"),
        Error::Store(error) => error.to_string(),
    }
}
