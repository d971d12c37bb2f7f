//! Finding and killing what an attempt left running.
//!
//! A process group is not enough: a child may start a session of its own. Every process of an attempt therefore inherits
//! marks in its environment (the attempt's token, the marker of the daemon's data directory), and on Linux
//! `/proc/<pid>/environ` tells who carries them. A second trace is the pid file in the control folder of a running attempt.
//!
//! Limits, so that nobody relies on more: a process that leaves the group *and* wipes its environment is not found, nor
//! is one that runs as another user. Without `/proc` only the process group is killed.
//!
//! This module never kills by a process id alone: ids are used again, so what is killed was recognised by its environment
//! or by the time it was started.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::workspace::{open_inside, pid_files};
use crate::domain::id::{Epoch, InstructionId, TaskId};

/// How often `/proc` is read again until nothing is found, and the pause between. Whoever was just forking is found the
/// next time; two seconds are enough for a killed process to disappear unless the kernel is stuck with it.
const SCAN_LIMIT: u32 = 200;
const SCAN_PAUSE: Duration = Duration::from_millis(10);

/// Kills everything that attempts of an earlier daemon on this data directory left running. Blocks; for the start of the
/// daemon, once it holds the directory. Returns how many processes it killed.
///
/// Processes are found by their environment, and those of `open` instructions also by the groups that were written down:
/// a program may have wiped its environment.
///
/// # Errors
/// When something cannot be read, or is still alive after two seconds of killing.
pub fn reap_survivors(ledger_marker: &str, data_dir: &Path, open: &[InstructionId]) -> io::Result<usize> {
    let mut killed = BTreeSet::new();
    for file in pid_files(data_dir, open)? {
        if let Some(leader) = read_record(&file).filter(Record::is_running) {
            killed.extend(kill_group(leader.pid)?);
        }
        fs::remove_file(&file)?;
    }
    killed.extend(kill_marked(&Mark::ledger(ledger_marker))?);
    Ok(killed.len())
}

/// Kills everything that one attempt of a task left running, before the next one starts. Blocks. Returns how many
/// processes it killed.
///
/// # Errors
/// When something cannot be read, or is still alive after two seconds of killing.
pub fn reap_attempt(ledger_marker: &str, task: TaskId, epoch: Epoch) -> io::Result<usize> {
    Ok(kill_marked(&Mark::attempt(ledger_marker, task, epoch))?.len())
}

/// Entries that the environment of a process must all have.
pub(super) struct Mark(Vec<String>);

impl Mark {
    /// Processes of one attempt, by its secret.
    pub(super) fn token(token: &str) -> Self {
        Self(vec![format!("ECHELON_TOKEN={token}")])
    }

    fn ledger(marker: &str) -> Self {
        Self(vec![format!("ECHELON_LEDGER={marker}")])
    }

    fn attempt(marker: &str, task: TaskId, epoch: Epoch) -> Self {
        let Self(mut entries) = Self::ledger(marker);
        entries.extend([format!("ECHELON_TASK={task}"), format!("ECHELON_EPOCH={epoch}")]);
        Self(entries)
    }

    /// Whether the process carries all the entries. A process that is gone, dead or somebody else's does not.
    fn is_on(&self, pid: Pid) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        let entries: BTreeSet<&[u8]> = environment.split(|byte| *byte == 0).collect();
        self.0.iter().all(|entry| entries.contains(entry.as_bytes()))
    }
}

/// Kills every process with the mark, until none is found. Blocks.
pub(super) fn kill_marked(mark: &Mark) -> io::Result<BTreeSet<i32>> {
    let mut killed = BTreeSet::new();
    for _ in 0..SCAN_LIMIT {
        let found: Vec<Pid> = processes()?.into_iter().filter(|pid| mark.is_on(*pid)).collect();
        if found.is_empty() {
            return Ok(killed);
        }
        for pid in found {
            kill_if_marked(pid, mark)?;
            killed.insert(pid.as_raw_nonzero().get());
        }
        std::thread::sleep(SCAN_PAUSE);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("processes survive being killed: {killed:?}")))
}

/// Kills the process if it still has the mark. The handle is taken first: should the id go to another process in between,
/// the handle does not.
#[cfg(target_os = "linux")]
fn kill_if_marked(pid: Pid, mark: &Mark) -> io::Result<()> {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) if mark.is_on(pid) => tolerate_gone(pidfd_send_signal(handle, Signal::KILL)),
        Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
        // Some sandboxes have no such handles.
        Err(_) => tolerate_gone(rustix::process::kill_process(pid, Signal::KILL)),
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_if_marked(pid: Pid, _: &Mark) -> io::Result<()> {
    tolerate_gone(rustix::process::kill_process(pid, Signal::KILL))
}

/// Sends a signal to the group that `leader` was started to lead; a group that is gone is no error.
pub(super) fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    tolerate_gone(rustix::process::kill_process_group(leader, signal))
}

fn tolerate_gone(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Kills the group of a leader that was recognised, and says who was in it.
fn kill_group(leader: Pid) -> io::Result<Vec<i32>> {
    if leader == rustix::process::getpgrp() {
        return Ok(Vec::new());
    }
    let group = leader.as_raw_nonzero().get().to_string();
    let members = processes()?.into_iter().filter(|pid| stat(*pid, GROUP).is_some_and(|own| own == group));
    let members = members.map(|pid| pid.as_raw_nonzero().get()).collect();
    signal_group(leader, Signal::KILL)?;
    Ok(members)
}

/// Every process but this one; none where there is no `/proc`.
fn processes() -> io::Result<Vec<Pid>> {
    let entries = match fs::read_dir("/proc") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let own = rustix::process::getpid();
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(|pid| *pid != own)
        .collect())
}

/// Fields of `/proc/<pid>/stat` after the name of the program, counted from 0; proc(5) counts the first one as 3.
const GROUP: usize = 5 - 3;
const START: usize = 22 - 3;

fn stat(pid: Pid, field: usize) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name may hold spaces and brackets; what follows its last bracket may not.
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(field).map(str::to_owned)
}

/// Tells a running process from a later one with the same id: the clock tick it was started at, and the boot it was in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pid: Pid,
    start: String,
    boot: String,
}

impl Record {
    /// The record of a running process; `None` when it is gone or there is no `/proc`.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Self { pid, start: stat(pid, START)?, boot })
    }

    /// One line: id, tick, boot.
    pub(super) fn line(&self) -> String {
        format!("{} {} {}\n", self.pid.as_raw_nonzero(), self.start, self.boot)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let pid = Pid::from_raw(words.next()?.parse().ok().filter(|pid| *pid > 0)?)?;
        Some(Self { pid, start: words.next()?, boot: words.next()? })
    }

    /// Whether the very same process is there.
    fn is_running(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

fn read_record(file: &Path) -> Option<Record> {
    let mut line = String::new();
    let name = file.file_name()?.to_str()?;
    open_inside(file.parent()?, name).ok()?.take(256).read_to_string(&mut line).ok()?;
    Record::parse(&line)
}
