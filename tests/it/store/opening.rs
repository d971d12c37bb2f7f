//! Which directories are opened and which are refused, and what a store in memory may leave out.

use echelon::domain::id::Sequence;
use echelon::store::{Error, MemoryStore, Reader, SledStore, Store, Table};

use super::{append, directory, open, put, rows, tamper};

#[test]
fn a_store_in_memory_may_leave_its_journal_out() {
    let mut kept = MemoryStore::new();
    let mut left_out = MemoryStore::without_journal();
    for body in [b"one", b"two"] {
        append(&mut kept, body);
        append(&mut left_out, body);
    }
    put(&mut left_out, Table::Task, b"t", b"1").expect("a good row");
    assert_eq!(left_out.last().expect("readable"), kept.last().expect("readable"));
    assert_eq!(rows(&left_out, Table::Task).len(), 1);
    assert!(matches!(left_out.records(Sequence(1)).next(), Some(Err(Error::NotKept))));
    assert_eq!(left_out.records(Sequence(3)).count(), 0);
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = directory();
    let store = open(directory.path());
    assert!(matches!(SledStore::open(directory.path()), Err(Error::InUse { .. })));
    let reader = store.reader();
    drop(store);
    assert!(matches!(SledStore::open(directory.path()), Err(Error::InUse { .. })));
    drop(reader);
    open(directory.path());
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let directory = directory();
    drop(open(directory.path()));
    let in_format = |format: u32| {
        tamper(directory.path(), |tree| {
            tree.insert(b"\0format", &format.to_be_bytes()).expect("writable");
        });
        SledStore::open(directory.path()).map(drop).expect_err("it is not what it says it is")
    };
    let beheaded = in_format(3);
    assert!(beheaded.to_string().contains("the beginning of the journal is missing"), "{beheaded}");
    let refused = in_format(4);
    assert!(matches!(refused, Error::Newer { found: 4, known: 3, .. }));
    assert!(refused.to_string().contains("newer program"), "{refused}");
}

#[test]
fn a_database_of_something_else_is_refused() {
    let directory = directory();
    tamper(directory.path(), |tree| {
        tree.insert(b"something", b"else").expect("writable");
    });
    assert!(matches!(SledStore::open(directory.path()), Err(Error::Foreign { .. })));
}
