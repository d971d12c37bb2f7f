//! The two ends of a journal on a disk: what a store is opened with, and whether it ends as it should.
//!
//! Nothing here changes a record.

use std::fs::File;
use std::sync::PoisonError;

use super::shared::Shared;
use crate::domain::id::Sequence;
use crate::store::{Error, Head, RecordHash, block, layout};

/// What this program writes. A program that changes the keys or values of the layout takes the next number.
const FORMAT: u32 = 2;

/// What a store with a base has: whoever does not know of bases would take the journal for one that lost its beginning.
const FORMAT_WITH_BASE: u32 = 3;

impl Shared {
    /// Knows our own stores and marks a new one.
    pub(super) fn check_format(&self, log: &File, mark: Option<Head>) -> Result<u32, Error> {
        let foreign = || Error::Foreign { directory: self.directory.clone() };
        let key = layout::own_key("format");
        if let Some(bytes) = self.get(&key)? {
            let found = u32::from_be_bytes((*bytes).try_into().map_err(|_| foreign())?);
            if found > FORMAT_WITH_BASE {
                let (directory, known) = (self.directory.clone(), FORMAT_WITH_BASE);
                return Err(Error::Newer { directory, found, known });
            }
            return Ok(found);
        }
        if !self.db.is_empty() {
            return Err(foreign());
        }
        // A new one.
        self.check_mark(mark, None)?;
        self.raise_format(log)?;
        Ok(FORMAT)
    }

    /// Marks a store of an older format as one of ours: what was written before can be read as it is, and what is written
    /// from now on an older program could not read.
    pub(super) fn raise_format(&self, log: &File) -> Result<(), Error> {
        let key = layout::own_key("format");
        let format = if self.begun_after().is_some() { FORMAT_WITH_BASE } else { FORMAT };
        if self.get(&key)?.is_some_and(|found| *found == format.to_be_bytes()) {
            return Ok(());
        }
        let mut changes = sled::Batch::default();
        changes.insert(key, format.to_be_bytes().to_vec());
        self.write(changes, log)
    }

    /// Has an empty store begin after a record that is somewhere else.
    pub(super) fn begin_after(&self, base: Head, log: &File) -> Result<(), Error> {
        let mut changes = sled::Batch::default();
        let (sequence, hash) = base;
        let place = [&sequence.0.to_be_bytes()[..], &hash.0].concat();
        changes.insert(layout::own_key("base"), place.clone());
        changes.insert(layout::own_key("head"), place);
        changes.insert(layout::own_key("format"), FORMAT_WITH_BASE.to_be_bytes().to_vec());
        self.write(changes, log)?;
        *self.base.write().unwrap_or_else(PoisonError::into_inner) = Some(base);
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Some(base);
        Ok(())
    }

    /// The last of the records that were dropped.
    pub(super) fn load_base(&self, format: u32) -> Result<Option<Head>, Error> {
        let base = self.load_place("base", "the beginning of the journal is unreadable")?;
        if base.is_none() && format >= FORMAT_WITH_BASE {
            return Err(self.damaged("the beginning of the journal is missing".to_owned()));
        }
        Ok(base)
    }

    /// A record by what the store keeps of its own.
    fn load_place(&self, name: &str, damage: &str) -> Result<Option<Head>, Error> {
        let stored = self.get(&layout::own_key(name))?;
        let place = stored.as_deref().map(|bytes| {
            let (sequence, hash) = bytes.split_first_chunk()?;
            Some((Sequence(u64::from_be_bytes(*sequence)), RecordHash(hash.try_into().ok()?)))
        });
        place.map(|place| place.ok_or_else(|| self.damaged(damage.to_owned()))).transpose()
    }

    /// The head as the last commit left it, compared with the last record there is: what was cut off at the end of the
    /// journal, or added to it, cannot be noticed by a walk.
    pub(super) fn load_head(&self) -> Result<Option<Head>, Error> {
        let head = self.load_place("head", "the end of the journal is unreadable")?;
        let base = self.begun_after();
        let last = match self.last_row(Sequence(u64::MAX))? {
            // What a block does not hold any more is missing from the end.
            Some((first, stored)) => {
                let more = block::records(&stored).map_or(0, |records| records.len().saturating_sub(1));
                Sequence(first.0.saturating_add(more as u64))
            }
            None => base.unwrap_or_default().0,
        };
        let (promised, _) = head.unwrap_or_default();
        if last < promised {
            return Err(Error::Gap { expected: last.next() });
        }
        if last > promised {
            return Err(Error::BrokenChain { sequence: last });
        }
        if base.is_some_and(|(dropped, _)| dropped == promised) {
            return if base == head { Ok(head) } else { Err(Error::BrokenChain { sequence: promised }) };
        }
        // The walk compares the hash of the last record with the head's.
        self.walk(promised, head).try_for_each(|record| record.map(drop))?;
        Ok(head)
    }

    /// Compares the journal with the mark, which may be older.
    pub(super) fn check_mark(&self, mark: Option<Head>, head: Option<Head>) -> Result<(), Error> {
        let Some((acknowledged, _)) = mark else { return Ok(()) };
        let (last, _) = head.unwrap_or_default();
        if acknowledged > last {
            return Err(Error::CutShort { directory: self.directory.clone(), last, acknowledged });
        }
        match self.begun_after() {
            // Of what was dropped only the last is known.
            Some((dropped, _)) if acknowledged < dropped => return Ok(()),
            Some(base) if acknowledged == base.0 && Some(base) == mark => return Ok(()),
            Some(base) if acknowledged == base.0 => return Err(Error::BrokenChain { sequence: acknowledged }),
            Some(_) | None => {}
        }
        self.walk(acknowledged, mark).try_for_each(|record| record.map(drop))
    }
}
