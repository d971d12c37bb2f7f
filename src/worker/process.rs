//! One child process with everything it starts, from the first to the last.
//!
//! The child leads a process group of its own and its environment is what it is given, nothing else. Its output is read
//! as it comes and only the end of it is kept; its input is fed beside, so that one which never reads holds nothing up.
//! However the run ends, nothing of the group and nothing that carries the token is left alive: a guard sees to that even
//! when the future is dropped.
//!
//! This module never interprets what a child says; it reports how it ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::job::Token;
use super::output::Output;
use super::survivors::{Mark, Record, kill_marked, signal_group};
use super::workspace::{PID_FILE, remove_inside, replace_inside};
use super::{GRACE, RunContext, Sign};

/// How long the pipes are read on once everything was killed: what was written is there already, only a process that
/// escaped could hold them open.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How long a killed child may take to be gone. Longer, and the kernel is stuck with it.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// What to run, where and with what.
pub(super) struct Invocation {
    /// Program and arguments; never empty.
    pub(super) argv: Vec<String>,
    /// The whole environment, but for the token.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// The working folder.
    pub(super) folder: PathBuf,
    /// What it finds on its standard input.
    pub(super) input: Vec<u8>,
    /// When it is stopped.
    pub(super) timeout: Duration,
    /// By which its processes are found again.
    pub(super) token: Token,
    /// The folder where its process group is recorded while it runs.
    pub(super) control: Option<PathBuf>,
}

/// How a run ended.
pub(super) struct Finished {
    pub(super) end: End,
    /// The end of its standard output, without the token.
    pub(super) stdout: String,
    /// The end of its standard error, without the token.
    pub(super) stderr: String,
    /// How many processes were found and killed besides the group, or why some may be left.
    pub(super) survivors: io::Result<usize>,
}

/// Why a run ended.
pub(super) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It took too long.
    TimedOut,
    /// It printed too much.
    Flooded,
    /// Somebody asked; the status if it went by itself within [`GRACE`].
    Stopped(Option<ExitStatus>),
}

/// Runs a child to its end.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn run(invocation: Invocation, context: &mut RunContext) -> io::Result<Finished> {
    let Invocation { argv, environment, folder, input, timeout: limit, token, control } = invocation;
    if *context.stop.borrow() {
        return Ok(Finished {
            end: End::Stopped(None),
            stdout: String::new(),
            stderr: String::new(),
            survivors: Ok(0),
        });
    }
    let mut words = argv.iter();
    let mut child = Command::new(words.next().map_or("", String::as_str))
        .args(words)
        .env_clear()
        .envs(environment)
        .env("ECHELON_TOKEN", token.reveal())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let mut guard = Guard::over(&child, token)?;
    if let Some(folder) = control.clone() {
        let leader = guard.leader;
        let recorded = blocking(move || match Record::of(leader) {
            Some(record) => replace_inside(&folder, PID_FILE, &record.line()),
            None => Ok(()),
        });
        if let Err(error) = recorded.await {
            tracing::debug!(%error, "a process group is not recorded; it is still found by its environment");
        }
    }

    let output = Arc::new(Output::default());
    let mut pipes = JoinSet::new();
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read its job closes the pipe on the writer; that is its own affair.
        pipes.spawn(async move { drop(stdin.write_all(&input).await) });
    }
    if let Some(stdout) = child.stdout.take() {
        pipes.spawn(Arc::clone(&output).read(stdout, |output| &output.stdout));
    }
    if let Some(stderr) = child.stderr.take() {
        pipes.spawn(Arc::clone(&output).read(stderr, |output| &output.stderr));
    }

    let end = attend(&mut child, &guard, &output, limit, context).await?;
    guard.kill_group();
    if timeout(KILL_LIMIT, child.wait()).await.is_ok() {
        guard.leader_is_gone = true;
    }
    let mark = Mark::token(guard.token.reveal());
    let survivors = blocking(move || kill_marked(&mark)).await.map(|killed| killed.len());
    drop(timeout(DRAIN_LIMIT, async { while pipes.join_next().await.is_some() {} }).await);
    guard.armed = false;
    if let Some(folder) = control {
        drop(blocking(move || remove_inside(&folder, PID_FILE)).await);
    }
    let end = if output.is_flooded.load(Ordering::Relaxed) { End::Flooded } else { end };
    let token = guard.token.reveal();
    Ok(Finished { end, stdout: output.stdout.text(token), stderr: output.stderr.text(token), survivors })
}

/// Waits until there is a reason to end the run. When this returns the child itself has gone or is about to be killed.
async fn attend(
    child: &mut Child,
    guard: &Guard,
    output: &Output,
    limit: Duration,
    context: &mut RunContext,
) -> io::Result<End> {
    let deadline = sleep(limit);
    tokio::pin!(deadline);
    let sign = sleep_until(context.next_sign());
    tokio::pin!(sign);
    loop {
        tokio::select! {
            biased;
            () = output.flooded.notified() => return Ok(End::Flooded),
            status = child.wait() => return status.map(End::Exited),
            () = context.stopped() => return Ok(End::Stopped(ask_to_end(child, guard).await)),
            () = &mut deadline => {
                ask_to_end(child, guard).await;
                return Ok(End::TimedOut);
            }
            () = &mut sign => {
                let printed = output.printed_since_asked.swap(false, Ordering::Relaxed);
                (context.alive)(if printed { Sign::Output } else { Sign::Running });
                sign.as_mut().reset(context.next_sign());
            }
        }
    }
}

/// Asks the group to end; the status of the child if it does in time.
async fn ask_to_end(child: &mut Child, guard: &Guard) -> Option<ExitStatus> {
    if let Err(error) = signal_group(guard.leader, Signal::TERM) {
        tracing::debug!(%error, "a process group cannot be asked to end");
    }
    timeout(GRACE, child.wait()).await.ok()?.ok()
}

/// Kills what is left of a run when it goes out of scope.
struct Guard {
    leader: Pid,
    token: Token,
    armed: bool,
    /// Once the leader was waited for, its id may belong to somebody else.
    leader_is_gone: bool,
}

impl Guard {
    fn over(child: &Child, token: Token) -> io::Result<Self> {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let leader = pid.ok_or_else(|| io::Error::other("a process that was just started has no id"))?;
        Ok(Self { leader, token, armed: true, leader_is_gone: false })
    }

    fn kill_group(&self) {
        if let Err(error) = signal_group(self.leader, Signal::KILL) {
            tracing::debug!(%error, "a process group cannot be killed");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        if !self.leader_is_gone {
            self.kill_group();
        }
        // Reading all of /proc takes too long for whoever drops the future, and the runtime may be going down.
        let mark = Mark::token(self.token.reveal());
        let hunt = std::thread::Builder::new().name("hunt".to_owned()).spawn(move || kill_marked(&mark));
        if let Err(error) = hunt {
            tracing::debug!(%error, "no thread to look for survivors; the next start of the daemon looks again");
        }
    }
}

/// Runs what blocks on the threads that are for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// A limit in words: `10m`, `1500ms`.
pub(super) fn span(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis > 0 && millis % 3_600_000 == 0 => format!("{}h", millis / 3_600_000),
        millis if millis > 0 && millis % 60_000 == 0 => format!("{}m", millis / 60_000),
        millis if millis % 1_000 == 0 => format!("{}s", millis / 1_000),
        millis => format!("{millis}ms"),
    }
}
