//! The journal as commands get it that go through all of it: from a running daemon or from a directory without one, as it
//! was at one moment, each record checked.

use std::path::Path;

use super::connect::{Source, store_source};
use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use crate::api::client::Answers;
use crate::api::export::{self, unraw};
use crate::api::view::ExportHeader;
use crate::api::wire::{Ask, RawRecord};
use crate::domain::id::Sequence;
use crate::ledger::organisation;
use crate::store::{Head, Reader, Record, SledStore};

/// A journal that can be gone through once.
pub(super) struct Journal {
    /// How far it goes.
    pub(super) header: ExportHeader,
    origin: Origin,
}

enum Origin {
    Daemon(Answers),
    Directory(Box<SledStore>),
}

impl Journal {
    /// Asks the running daemon for it, or opens the directory when there is none.
    pub(super) async fn open(data_dir: &Path) -> Result<Self, Failure> {
        match store_source(data_dir, Ask::Export).await? {
            Source::Daemon(mut answers) => {
                let header = answers.next::<ExportHeader>().await?.ok_or_else(cut_off)?;
                Ok(Self { header, origin: Origin::Daemon(answers) })
            }
            Source::Directory(store) => {
                let header = export::header(organisation(store.as_ref())?, store.last()?);
                Ok(Self { header, origin: Origin::Directory(store) })
            }
        }
    }

    /// Hands every record on, in order. The answer is the end, which is where the header says it is.
    pub(super) async fn each(
        self,
        interrupt: &Interrupt,
        mut take: impl FnMut(Record) -> Result<(), Failure>,
    ) -> Result<Option<Head>, Failure> {
        let mut head: Option<Head> = None;
        match self.origin {
            Origin::Daemon(mut answers) => {
                while let Some(raw) = answers.next::<RawRecord>().await? {
                    interrupt.go_on()?;
                    let record = unraw(&raw).ok_or_else(cut_off)?;
                    let (last, hash) = head.unwrap_or_default();
                    if record.sequence != last.next() || record.previous != hash {
                        return Err(cut_off());
                    }
                    head = Some(record.head());
                    take(record)?;
                }
            }
            Origin::Directory(store) => {
                for record in store.records(Sequence(1)) {
                    interrupt.go_on()?;
                    let record = record?;
                    head = Some(record.head());
                    take(record)?;
                }
            }
        }
        let found = export::end(head);
        if (found.events, &found.head) != (self.header.last, &self.header.head) {
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
