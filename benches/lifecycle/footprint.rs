//! What things cost in memory: an IC who stands at their place, work under way, and what is kept of work that is over.
//!
//! By how much the process's resident memory grows, so the allocator's own share is in it (glibc's). The core's figures are
//! over a store that keeps nothing.

use std::sync::Arc;
use std::{fs, iter};

use echelon::domain::command::Command;
use echelon::domain::event::Entry;
use echelon::domain::id::Sequence;
use echelon::domain::instruction::Instruction;
use echelon::domain::task::Task;
use echelon::store::{Batch, Error, Head, MemoryStore, Reader, Records, Rows, Store, Table};

use super::driver::Driver;
use super::house::{DOMAINS, House, chart, usual_chart};
use super::{number, say};

/// Bytes of memory that this process has.
pub(super) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("it is a number");
    kib * 1_024
}

fn each(before: u64, count: u64) -> f64 {
    number(resident_bytes().saturating_sub(before)) / number(count)
}

/// An organisation of very many ICs who have nothing to do.
pub(super) async fn places() {
    for count in [10_000, 100_000] {
        let house = House::open(Box::new(MemoryStore::without_journal()), &chart(count / DOMAINS), 1).await;
        // Everybody looks once at what they owe.
        house.office.ledger.read(|_| ()).await.expect("the ledger runs");
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        say(&format!("bytes an IC, of {count}: {:.0}", each(house.resident_before, count as u64)));
        house.close().await;
    }
}

/// Work under way. It comes in little by little: what a large group needs for a moment would stay with the process.
pub(super) fn live() {
    const LIVE: u64 = 20_000;
    const TOGETHER: u64 = 100;
    let (task, instruction) = (size_of::<Task>(), size_of::<Instruction>());
    let (command, entry) = (size_of::<Command>(), size_of::<Entry>());
    say(&format!("a task is {task} bytes, an instruction {instruction}, a command {command}, an entry {entry}"));
    let mut driver = Driver::open(Box::new(Nothing::default()), &usual_chart());
    driver.run(5_000, 256);
    let before = resident_bytes();
    driver.hands_in = false;
    for _ in 0..LIVE / TOGETHER {
        (0..TOGETHER).for_each(|_| driver.submit());
        while driver.round() {}
    }
    let state = driver.ledger().state();
    let assigned = state.tasks.values().filter(|task| task.assignment.is_some()).count();
    let each = each(before, LIVE);
    say(&format!("bytes a live task with an instruction of its own: {each:.0}, {assigned} of {LIVE} assigned"));
}

/// Work that is over.
pub(super) fn finished() {
    const OVER: u64 = 200_000;
    let mut driver = Driver::open(Box::new(Nothing::default()), &usual_chart());
    driver.run(20_000, 256);
    let before = resident_bytes();
    driver.run(usize::try_from(OVER).expect("it is small"), 256);
    say(&format!("bytes a finished task with an instruction of its own: {:.0}", each(before, OVER)));
}

/// A store that keeps nothing.
#[derive(Clone, Default)]
struct Nothing(Arc<std::sync::Mutex<Option<Head>>>);

impl Store for Nothing {
    fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        if let Some(last) = batch.records.last() {
            *self.0.lock().expect("nobody panics") = Some(last.head());
        }
        Ok(())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

impl Reader for Nothing {
    fn last(&self) -> Result<Option<Head>, Error> {
        Ok(*self.0.lock().expect("nobody panics"))
    }

    fn records(&self, _: Sequence) -> Records<'_> {
        Box::new(iter::empty())
    }

    fn row(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    fn rows(&self, _: Table) -> Rows<'_> {
        Box::new(iter::empty())
    }

    fn size_bytes(&self) -> Result<u64, Error> {
        Ok(0)
    }
}
