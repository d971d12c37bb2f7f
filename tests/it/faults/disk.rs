//! A disk that is full, a sync that fails, and a log of the daemon that cannot be written.
//!
//! The daemon is the real one, and it is the system that refuses: by a limit on the size of its files, by a file system
//! without room, by `strace` that answers a sync in the kernel's place. Where a machine does not allow one of these, that is
//! said. What no machine does at will is in `commit.rs`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::crash::Storm;
use crate::support::{Daemon, can_run, finish, skip};

/// What every end for want of a disk says.
const ADVICE: &str = "look at the disk (full? unplugged? read-only?)";

/// Hands errands in until the daemon is gone; how many were acknowledged.
fn overload(storm: &mut Storm) -> usize {
    let mut count = 0;
    loop {
        let key = storm.record.ask("errand");
        let Some(id) = storm.client.submit(&key, "errand") else { return count };
        storm.record.note(&key, id);
        count += 1;
        assert!(count < 2_000, "the disk is never full");
    }
}

/// The daemon has ended by itself, and says why and what to do.
fn ended_with_words(storm: &Storm, daemon: &mut Daemon, words: &[&str]) {
    assert_eq!(daemon.ends(), Some(1), "{}", storm.home.log());
    let log = storm.home.log();
    for word in words.iter().chain([&"error: the ledger stopped: ", &ADVICE, &"nothing acknowledged is lost"]) {
        assert!(log.contains(word), "`{word}` is not in:\n{log}");
    }
}

/// Everything goes on where there is room: what was acknowledged is there once, what was not is there once it is asked for
/// again.
fn goes_on(mut storm: Storm) {
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    storm.check();
}

#[test]
fn a_file_that_may_not_grow_ends_the_daemon_with_a_message_and_loses_nothing() {
    // Blocks of 512 bytes: full while the first instructions come in, and later.
    for blocks in ["16", "150"] {
        let mut storm = Storm::new(0);
        let limited = format!("ulimit -f {blocks} && exec \"$@\"");
        let mut daemon = storm.home.begin_up_under(&["sh", "-c", &limited, "sh"], &storm.workload.chart());
        daemon.wait_until_it_answers();
        overload(&mut storm);
        ended_with_words(&storm, &mut daemon, &["cannot write", "File too large"]);
        goes_on(storm);
    }
}

/// A file system of its own, in memory, with little room.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn new(place: &'a Path, options: &str) -> Result<Self, String> {
        if !can_run("mount") {
            return Err("mount is not there".to_owned());
        }
        mount(place, options).map(|()| Self(place))
    }

    fn resize(&self, options: &str) {
        mount(self.0, options).expect("what was mounted can be mounted with more");
    }
}

fn mount(place: &Path, options: &str) -> Result<(), String> {
    let mounted = finish(Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(place));
    if mounted.code == Some(0) { Ok(()) } else { Err(mounted.stderr.trim().to_owned()) }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        finish(Command::new("umount").arg("-l").arg(self.0));
    }
}

#[test]
fn a_full_disk_ends_the_daemon_with_a_message_and_a_restart_with_room_has_everything() {
    let mut storm = Storm::new(0);
    let data = storm.home.data();
    fs::create_dir(&data).expect("a folder can be made");
    let small = match Small::new(&data, "size=300k") {
        Ok(small) => small,
        Err(why) => return skip("the full disk", &why),
    };
    let mut daemon = storm.home.up(&storm.workload.chart());
    overload(&mut storm);
    ended_with_words(&storm, &mut daemon, &["cannot write", "No space left on device"]);
    // Without room it does not start either, and says the same.
    let refused = storm.home.echelon(&["audit", "verify"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for word in ["No space left on device", ADVICE] {
        assert!(refused.stderr.contains(word), "`{word}` is not in: {}", refused.stderr);
    }
    small.resize("remount,size=16m");
    let export = storm.home.done(&["store", "export"]).stdout;
    for (key, ids) in storm.record.acknowledged() {
        let id = ids.first().expect("it was acknowledged");
        let received = |line: &&str| line.contains(&format!(r#"{{"received":{{"id":"{id}""#));
        let line = export.lines().find(received).unwrap_or_else(|| panic!("{key} was acknowledged and is lost"));
        assert!(line.contains(&format!("what {key} asks for")), "{line}");
    }
    // What ran out of room while it was worked on may need a person; the daemon and everybody's questions do not.
    let mut daemon = storm.home.up(&storm.workload.chart());
    let keys = storm.record.open();
    storm.submit(&keys, || {});
    assert_eq!(storm.record.open(), Vec::<String>::new());
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    storm.home.done(&["audit", "verify"]);
    storm.home.done(&["doctor"]);
}

#[test]
fn a_sync_that_fails_ends_the_daemon_which_does_not_try_again() {
    if !can_run("strace") || finish(Command::new("strace").args(["-o", "/dev/null", "true"])).code != Some(0) {
        return skip("the failing sync", "strace is not there or may not trace");
    }
    for number in ["5", "30"] {
        let mut storm = Storm::new(0);
        let trace = storm.home.path().join("trace");
        let inject = format!("inject=fdatasync:error=EIO:when={number}");
        let starter = [
            "strace",
            "-f",
            "-qq",
            "-o",
            trace.to_str().expect("a UTF-8 path"),
            "-e",
            "trace=fdatasync",
            "-e",
            &inject,
        ];
        let mut daemon = storm.home.begin_up_under(&starter, &storm.workload.chart());
        daemon.wait_until_it_answers();
        overload(&mut storm);
        ended_with_words(&storm, &mut daemon, &["cannot sync", "Input/output error"]);
        let trace = fs::read_to_string(trace).expect("the trace was written");
        let (_, after) = trace.split_once("(INJECTED)").expect("a sync failed");
        assert!(!after.contains("fdatasync"), "it tried again: {after}");
        goes_on(storm);
    }
}

#[test]
fn a_log_that_cannot_be_written_is_not_in_the_way() {
    let mut storm = Storm::new(0);
    let key = storm.record.ask("errand");
    let starter = ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"];
    let mut daemon = storm.home.begin_up_under(&starter, &storm.workload.chart());
    daemon.wait_until_it_answers();
    let id = storm.client.submit(&key, "errand").expect("it is acknowledged");
    storm.record.note(&key, id);
    assert_eq!(daemon.stop(), Some(0));
    goes_on(storm);
}
