//! The rules of the journal, the same for every store: what continues it, and what a walk checks.
//!
//! Nothing here knows where records are kept.

use std::collections::BTreeMap;

use crate::domain::id::Sequence;

use super::{Batch, Error, Head, Item, KEY_LIMIT, Record, RecordHash, RowChange, Table, VALUE_LIMIT};

/// Refuses a batch that breaks a rule; otherwise the hash of each record, in order.
pub(super) fn check(batch: &Batch, last: Option<Head>) -> Result<Vec<RecordHash>, Error> {
    for change in &batch.rows {
        check_row(change)?;
    }
    let (mut sequence, mut previous) = last.unwrap_or_default();
    let mut hashes = Vec::with_capacity(batch.records.len());
    for record in &batch.records {
        let expected = sequence.next();
        if record.sequence != expected {
            return Err(Error::NotNext { expected, found: record.sequence });
        }
        if record.previous != previous {
            return Err(Error::NotChained { sequence: expected });
        }
        if record.body.len() > VALUE_LIMIT {
            return Err(Error::TooLarge { item: Item::Record(expected), bytes: record.body.len() });
        }
        (sequence, previous) = record.head();
        hashes.push(previous);
    }
    Ok(hashes)
}

fn check_row(change: &RowChange) -> Result<(), Error> {
    let (RowChange::Put { table, key, .. } | RowChange::Delete { table, key }) = change;
    if key.is_empty() || key.len() > KEY_LIMIT {
        return Err(Error::Key { table: *table, bytes: key.len() });
    }
    match change {
        RowChange::Put { value, .. } if value.len() > VALUE_LIMIT => {
            Err(Error::TooLarge { item: Item::Row(*table, key.clone()), bytes: value.len() })
        }
        RowChange::Put { .. } | RowChange::Delete { .. } => Ok(()),
    }
}

/// What remains of a batch's changes when the last change of each row counts: the new value, or `None` to remove it.
pub(super) fn settle(changes: Vec<RowChange>) -> BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>> {
    changes
        .into_iter()
        .map(|change| match change {
            RowChange::Put { table, key, value } => ((table, key), Some(value)),
            RowChange::Delete { table, key } => ((table, key), None),
        })
        .collect()
}

/// Where a source of records has to begin so that a [`Walk`] can begin at `from`: one earlier, for the first link, unless
/// the base has it.
pub(super) fn source_start(from: Sequence, base: Option<Head>) -> Sequence {
    let (dropped, _) = base.unwrap_or_default();
    Sequence(from.0.saturating_sub(1)).max(dropped.next())
}

/// Refuses to begin a store that has begun.
pub(super) fn check_begin(base: Head, last: Option<Head>) -> Result<(), Error> {
    match last {
        None => Ok(()),
        Some((last, _)) => Err(Error::NotNext { expected: last.next(), found: base.0.next() }),
    }
}

/// Checks records while they pass by: no gap, every link, and at the end the hash the head promises.
pub(super) struct Walk<I> {
    source: I,
    from: Sequence,
    expected: Sequence,
    /// Unknown only before the first record when the walk begins inside the journal.
    previous: Option<RecordHash>,
    until: Head,
    /// The last record that was dropped, where the walk was to begin with one.
    dropped: Option<Sequence>,
    ended: bool,
}

impl<I> Walk<I> {
    /// A walk over the records from `from` to the head. The source begins at [`source_start`] and is not asked for
    /// anything when there is nothing to walk over.
    pub(super) fn new(source: I, from: Sequence, base: Option<Head>, until: Option<Head>) -> Self {
        let until = until.unwrap_or_default();
        let (dropped, hash) = base.unwrap_or_default();
        let expected = source_start(from, base);
        let previous = (expected == dropped.next()).then_some(hash);
        let is_dropped = from > Sequence(0) && from <= dropped;
        let dropped = is_dropped.then_some(dropped);
        Self { source, from, expected, previous, until, dropped, ended: from > until.0 && !is_dropped }
    }

    fn step(&mut self, found: Option<(Record, RecordHash)>) -> Result<Record, Error> {
        let sequence = self.expected;
        let (record, hash) =
            found.filter(|(record, _)| record.sequence == sequence).ok_or(Error::Gap { expected: sequence })?;
        let linked = self.previous.is_none_or(|previous| previous == record.previous);
        if !linked || (sequence == self.until.0 && hash != self.until.1) {
            return Err(Error::BrokenChain { sequence });
        }
        self.previous = Some(hash);
        self.expected = sequence.next();
        Ok(record)
    }
}

impl<I: Iterator<Item = Result<(Record, RecordHash), Error>>> Iterator for Walk<I> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(until) = self.dropped.take() {
            self.ended = true;
            return Some(Err(Error::Dropped { until }));
        }
        while !self.ended && self.expected <= self.until.0 {
            let stepped = self.source.next().transpose().and_then(|found| self.step(found));
            match stepped {
                Ok(record) if record.sequence < self.from => {}
                Ok(record) => return Some(Ok(record)),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
