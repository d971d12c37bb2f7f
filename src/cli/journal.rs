//! The journal as commands get it that go through all of it: from a running daemon or from a directory without one, as it
//! was at one moment, each record checked.

use std::path::Path;

use super::connect::{Source, store_source};
use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use crate::api::client::Answers;
use crate::api::export::{self, unraw, unrow};
use crate::api::view::{ExportHeader, ExportedRow};
use crate::api::wire::{Ask, RawRecord};
use crate::domain::id::Sequence;
use crate::ledger::{Base, BaseRow, organisation};
use crate::store::{Head, Reader, Record};

/// A journal that can be gone through once.
pub(super) struct Journal {
    /// How far it goes.
    pub(super) header: ExportHeader,
    origin: Origin,
}

/// A part of a journal.
pub(super) enum Piece {
    /// A row of what dropped events came to; all of them come before the first record.
    Row(BaseRow),
    /// A record.
    Record(Record),
}

enum Origin {
    Daemon(Answers),
    Directory(Box<dyn Reader>, Option<Base>),
}

impl Journal {
    /// Asks the running daemon for it, or opens the directory when there is none.
    pub(super) async fn open(data_dir: &Path) -> Result<Self, Failure> {
        match store_source(data_dir, Ask::Export).await? {
            Source::Daemon(mut answers) => {
                let header = answers.next::<ExportHeader>().await?.ok_or_else(cut_off)?;
                Ok(Self { header, origin: Origin::Daemon(answers) })
            }
            Source::Directory(store) => Self::of(store, None),
        }
    }

    /// The journal of a store, up to its end or to this event.
    pub(super) fn of(store: Box<dyn Reader>, until: Option<(Head, Option<String>)>) -> Result<Self, Failure> {
        let (head, organisation) = match until {
            Some((head, organisation)) => (Some(head), organisation),
            None => (store.last()?, organisation(store.as_ref())?),
        };
        let base = Base::read(store.as_ref())?;
        let header = export::header(organisation, base.as_ref(), head);
        Ok(Self { header, origin: Origin::Directory(store, base) })
    }

    /// Hands every part on, in order. The answer is the end, which is where the header says it is.
    pub(super) async fn each(
        self,
        interrupt: &Interrupt,
        mut take: impl FnMut(Piece) -> Result<(), Failure>,
    ) -> Result<Option<Head>, Failure> {
        let mut head: Option<Head> = export::begun_after(&self.header);
        match self.origin {
            Origin::Daemon(mut answers) => {
                let rows = self.header.base.as_ref().map_or(0, |base| base.rows);
                for _ in 0..rows {
                    interrupt.go_on()?;
                    let row = answers.next::<ExportedRow>().await?;
                    take(Piece::Row(row.as_ref().and_then(unrow).ok_or_else(cut_off)?))?;
                }
                while let Some(raw) = answers.next::<RawRecord>().await? {
                    interrupt.go_on()?;
                    let record = unraw(&raw).ok_or_else(cut_off)?;
                    let (last, hash) = head.unwrap_or_default();
                    if record.sequence != last.next() || record.previous != hash {
                        return Err(cut_off());
                    }
                    head = Some(record.head());
                    take(Piece::Record(record))?;
                }
            }
            Origin::Directory(store, base) => {
                for row in base.iter().flat_map(|base| base.rows(store.as_ref())) {
                    interrupt.go_on()?;
                    take(Piece::Row(row?))?;
                }
                for record in store.records(Sequence(0)) {
                    interrupt.go_on()?;
                    let record = record?;
                    if record.sequence.0 > self.header.last {
                        break;
                    }
                    head = Some(record.head());
                    take(Piece::Record(record))?;
                }
            }
        }
        let found = export::end(&self.header, head);
        if (found.events, &found.head) != (export::events(&self.header), &self.header.head) {
            return Err(cut_off());
        }
        Ok(head)
    }
}

fn cut_off() -> Failure {
    Failure::new(
        Exit::NotRunning,
        "the daemon ended before it had given the whole journal",
        "look at what it logged, and try again",
    )
}
