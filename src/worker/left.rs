//! What an attempt left on the disk: the outcome, if it wrote one, and the deliverables that exist.
//!
//! This module believes nothing that is malformed, follows no link, and does not look whether what is claimed is true.

use std::io::{self, Read};
use std::path::Path;

use super::deliverable;
use super::job::{Job, JobKind};
use super::outcome::{Malformed, Outcome, SIZE_LIMIT, parse};
use super::process::blocking;
use super::workspace::{Prepared, open_inside};
use crate::domain::work::Deliverable;

/// What an attempt left.
pub(super) struct Left {
    /// What it wrote down, if anything.
    pub(super) said: Result<Option<Outcome>, Unread>,
    /// The deliverables that exist, by path.
    pub(super) existing: Vec<String>,
}

/// Why there is a file but no outcome.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// It is not an outcome.
    #[error("{0}")]
    Malformed(Malformed),
    /// The disk refuses.
    #[error("the outcome cannot be read: {0}")]
    Unreadable(io::Error),
}

/// Looks at what an attempt left.
pub(super) async fn look(prepared: &Prepared, job: &Job) -> Left {
    let (control, work, kind) = (prepared.control.clone(), prepared.work.clone(), job.kind);
    let deliverables: Vec<Deliverable> = job.deliverables.clone();
    let looked = blocking(move || {
        Ok(Left { said: read_outcome(&control, kind), existing: deliverable::existing(&work, &deliverables) })
    });
    looked.await.unwrap_or_else(|error| Left { said: Err(Unread::Unreadable(error)), existing: Vec::new() })
}

fn read_outcome(control: &Path, kind: JobKind) -> Result<Option<Outcome>, Unread> {
    let file = match open_inside(control, "outcome.json") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(Unread::Malformed(Malformed::NotAFile));
        }
        opened => opened.map_err(Unread::Unreadable)?,
    };
    // Looked at first: what is far too large is not worth its memory.
    let length = usize::try_from(file.metadata().map_err(Unread::Unreadable)?.len()).unwrap_or(usize::MAX);
    if length > SIZE_LIMIT {
        return Err(Unread::Malformed(Malformed::TooLarge));
    }
    let mut bytes = Vec::with_capacity(length);
    let limit = u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(Unread::Unreadable)?;
    parse(&bytes, kind).map(Some).map_err(Unread::Malformed)
}
