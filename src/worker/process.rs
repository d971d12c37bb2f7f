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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::job::Token;
use super::outcome::tidy;
use super::survivors::{Mark, Record, kill_marked, signal_group};
use super::workspace::create_new;
use super::{GRACE, RunContext, Sign};

/// How much of the end of each output stream is kept: enough for a stack trace and what led to it.
pub(super) const TAIL_LIMIT: usize = 64 * 1024;

/// Most output of a run, both streams together. A talkative build prints a few megabytes; what prints more is in a loop.
pub(super) const OUTPUT_LIMIT: u64 = 16 * 1024 * 1024;

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
    /// Where its process group is recorded while it runs.
    pub(super) pid_file: Option<PathBuf>,
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
    let Invocation { argv, environment, folder, input, timeout: limit, token, pid_file } = invocation;
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
    if let Some(file) = pid_file.clone() {
        let leader = guard.leader;
        let recorded = blocking(move || Record::of(leader).map_or(Ok(()), |record| write_line(&file, &record.line())));
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
    if let Some(file) = pid_file {
        drop(tokio::fs::remove_file(file).await);
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

/// What a child prints: the end of it, and how much it was.
#[derive(Default)]
struct Output {
    stdout: Tail,
    stderr: Tail,
    total: AtomicU64,
    printed_since_asked: AtomicBool,
    is_flooded: AtomicBool,
    flooded: Notify,
}

impl Output {
    async fn read(self: Arc<Self>, mut pipe: impl AsyncRead + Unpin, tail: fn(&Self) -> &Tail) {
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
            tail(&self).push(&chunk[..length]);
            self.printed_since_asked.store(true, Ordering::Relaxed);
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            if self.total.fetch_add(length, Ordering::Relaxed).saturating_add(length) > OUTPUT_LIMIT {
                self.is_flooded.store(true, Ordering::Relaxed);
                self.flooded.notify_one();
                return;
            }
        }
    }
}

/// The last [`TAIL_LIMIT`] bytes of a stream.
#[derive(Default)]
struct Tail(Mutex<Vec<u8>>);

impl Tail {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        // Cutting only at twice the limit moves each byte once, not with every chunk.
        if kept.len() > 2 * TAIL_LIMIT {
            let surplus = kept.len() - TAIL_LIMIT;
            kept.drain(..surplus);
        }
    }

    fn text(&self, secret: &str) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let text = if secret.is_empty() { text.into_owned() } else { text.replace(secret, "[token]") };
        let surplus = text.ceil_char_boundary(text.len().saturating_sub(TAIL_LIMIT));
        tidy(&text[surplus..], TAIL_LIMIT)
    }
}

fn write_line(file: &std::path::Path, line: &str) -> io::Result<()> {
    io::Write::write_all(&mut create_new(file, 0o600)?, line.as_bytes())
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
