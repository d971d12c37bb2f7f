//! Data directories that cannot be used as one: each is refused with what is wrong and what to do.
//!
//! The rights of files mean nothing to the superuser, by whom tests may be run: the daemon runs as another user then. Where
//! that cannot be, it is said.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use super::copy;
use crate::crash::Storm;
use crate::support::{echelon_under, finish, skip};

/// Somebody who owns nothing: the user `nobody` of most systems.
const NOBODY: u32 = 65_534;

const AS_NOBODY: &[&str] = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// What is done to a data directory, and what is said about it.
type Case = (&'static str, fn(&Path), &'static [&'static str]);

const NO_DIRECTORY: &[&str] = &["cannot use", "not a directory", "make it a directory that you may write to"];
const NOT_ALLOWED: &[&str] = &["cannot use", "Permission denied", "make it a directory that you may write to"];
const LEDGER_NOT_ALLOWED: &[&str] = &["Permission denied", "at who may write there", "nothing acknowledged is lost"];

/// Refused whoever runs the daemon.
const FOR_EVERYBODY: &[Case] = &[
    ("a file", |data| replace(data, |place| fs::write(place, "text")), NO_DIRECTORY),
    ("a link to nowhere", |data| replace(data, |place| symlink("nowhere", place)), NO_DIRECTORY),
    (
        "a file in place of the ledger",
        |data| replace(&data.join("ledger"), |place| fs::write(place, "text")),
        &["cannot make", "not a directory", "at who may write there"],
    ),
    (
        "a link to nowhere in place of the ledger",
        |data| replace(&data.join("ledger"), |place| symlink("nowhere", place)),
        &["cannot make", "not a directory", "at who may write there"],
    ),
    (
        "a folder in place of the log",
        |data| replace(&data.join("ledger/db"), |place| fs::create_dir(place)),
        &["cannot read", "Is a directory"],
    ),
    (
        "a folder in place of the socket",
        |data| fs::create_dir(data.join("socket")).expect("a folder can be made"),
        &["socket: Is a directory", "choose another one with --data-dir"],
    ),
];

/// Refused to whoever has no rights.
const FOR_NOBODY: &[Case] = &[
    ("a directory that may not be written", |data| allow(data, 0o555), &["cannot use", "Permission denied"]),
    ("a directory that may not be entered", |data| allow(data, 0o000), NOT_ALLOWED),
    ("a lock that may not be written", |data| allow(&data.join("lock"), 0o444), NOT_ALLOWED),
    ("a ledger that may not be written", |data| allow(&data.join("ledger"), 0o555), LEDGER_NOT_ALLOWED),
    ("a log that may only be read", |data| allow(&data.join("ledger/db"), 0o444), LEDGER_NOT_ALLOWED),
    ("a log that may not be read", |data| allow(&data.join("ledger/db"), 0o000), LEDGER_NOT_ALLOWED),
];

/// Puts something else in the place of a file or a folder.
fn replace(place: &Path, make: fn(&Path) -> std::io::Result<()>) {
    let removed = if place.is_dir() { fs::remove_dir_all(place) } else { fs::remove_file(place) };
    removed.and_then(|()| make(place)).expect("a file can be replaced");
}

fn allow(place: &Path, mode: u32) {
    fs::set_permissions(place, fs::Permissions::from_mode(mode)).expect("the owner's rights can be set");
}

/// Gives everything in a folder to somebody.
fn give(folder: &Path, user: u32) {
    chown(folder, Some(user), Some(user)).expect("the superuser may give files away");
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            give(&path, user);
        } else {
            chown(&path, Some(user), Some(user)).expect("the superuser may give files away");
        }
    }
}

/// A data directory that was used, beside the one that is not there.
fn used() -> Storm {
    let mut storm = Storm::new(0);
    storm.record.ask("errand");
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    fs::rename(storm.home.data(), storm.home.path().join("used")).expect("a folder can be moved");
    storm
}

fn refused(storm: &Storm, starter: &[&str], case: &Case) {
    let (name, spoil, words) = case;
    let data = storm.home.data();
    copy(&storm.home.path().join("used"), &data);
    if !starter.is_empty() {
        give(&data, NOBODY);
    }
    spoil(&data);
    let mut command = echelon_under(starter);
    let up = finish(command.arg("--data-dir").arg(&data).args(["up", "--org"]).arg(storm.workload.chart()));
    assert_eq!(up.code, Some(1), "{name}: {up:?}");
    for word in *words {
        assert!(up.stderr.contains(word), "{name}: `{word}` is not in: {}", up.stderr);
    }
    assert!(!up.stderr.contains("panicked"), "{name}: {}", up.stderr);
    let removed = if data.is_dir() { fs::remove_dir_all(&data) } else { fs::remove_file(&data) };
    removed.expect("what was made can be removed");
}

#[test]
fn what_is_no_data_directory_is_refused_with_what_is_wrong_and_what_to_do() {
    let storm = used();
    for case in FOR_EVERYBODY {
        refused(&storm, &[], case);
    }
}

#[test]
fn what_may_not_be_written_is_refused_with_what_is_wrong_and_what_to_do() {
    let storm = used();
    allow(storm.home.path(), 0o755);
    let starter = match as_somebody_without_rights() {
        Ok(starter) => starter,
        Err(why) => return skip("directories without rights", &why),
    };
    for case in FOR_NOBODY {
        refused(&storm, starter, case);
    }

    // The mark is a help and no more: without it the daemon works, and says so once.
    let data = storm.home.data();
    copy(&storm.home.path().join("used"), &data);
    if !starter.is_empty() {
        give(&data, NOBODY);
    }
    allow(&data.join("ledger/head"), 0o444);
    let mut daemon = storm.home.begin_up_under(starter, &storm.workload.chart());
    daemon.wait_until_it_answers();
    for key in ["one", "two"] {
        assert!(storm.client.submit(key, "errand").is_some(), "{}", storm.home.log());
    }
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    let log = fs::read_to_string(storm.home.path().join("daemon.log")).expect("the daemon logs");
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("cannot be written")).collect();
    assert!(matches!(complaints[..], [one] if one.contains("make the file writable")), "{complaints:?}");
}

/// By what the daemon is started so that the rights of files mean something.
fn as_somebody_without_rights() -> Result<&'static [&'static str], String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(&[]);
    }
    let tried =
        Command::new(AS_NOBODY[0]).args(&AS_NOBODY[1..]).arg(env!("CARGO_BIN_EXE_echelon")).arg("--version").output();
    match tried {
        Ok(output) if output.status.success() => Ok(AS_NOBODY),
        Ok(output) => {
            Err(format!("nobody may not run the program: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
        Err(error) => Err(format!("setpriv: {error}")),
    }
}
