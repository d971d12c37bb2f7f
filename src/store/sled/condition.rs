//! What there is to know about a store on a disk besides what is in it.

use super::shared::Shared;
use crate::store::layout::{self, Stored};
use crate::store::mark::Mark;
use crate::store::{Condition, Error, Reader};

impl Shared {
    /// Looks at everything but records and rows.
    pub(super) fn look_over(&self) -> Result<Condition, Error> {
        // The mark is never newer than the journal at the same moment, so it is read first.
        let mark = Mark::read(&self.directory).head();
        let format = self.get(&layout::own_key("format"))?;
        let format = format.and_then(|bytes| Some(u32::from_be_bytes((*bytes).try_into().ok()?)));
        Ok(Condition { size_bytes: self.size_bytes()?, format, mark, loose_parts: self.loose_parts()? })
    }

    /// Parts that belong to no value.
    fn loose_parts(&self) -> Result<u64, Error> {
        let mut loose = 0;
        for place in self.db.scan_prefix([layout::PART]).keys() {
            let place = place.map_err(|error| self.engine_error("read", error))?;
            // Both are looked up together: a commit may have removed the part since.
            let _gate = self.pass()?;
            let owned = match layout::part_of(&place) {
                Some((key, part)) => self.get(key)?.is_some_and(|stored| match Stored::read(&stored) {
                    Some(Stored::Parted { parts, .. }) => part < parts,
                    Some(Stored::Whole(_)) | None => false,
                }),
                None => false,
            };
            loose += u64::from(!owned && self.get(&place)?.is_some());
        }
        Ok(loose)
    }
}
