//! One child process with everything it starts, from the first to the last.
//!
//! The child leads a process group of its own and its environment is what it is given, nothing else. Its output is read
//! as it comes and only the end of it is kept; its input is fed beside, so that one which never reads holds nothing up.
//! Or it is talked to over both, by whoever knows its language.
//! However the run ends, nothing of the group and nothing that carries the token is left alive: a guard sees to that even
//! when the future is dropped.
//!
//! This module never interprets what a child says; it reports how it ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Notify;

use self::running::{Running, Talk};
use super::RunContext;
use super::job::Token;
use super::output::{OUTPUT_LIMIT, Output};

mod running;

/// What to run, where and for how long.
pub(super) struct Invocation {
    /// Program and arguments; never empty.
    pub(super) argv: Vec<String>,
    /// The whole environment, but for the token.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// The working folder.
    pub(super) folder: PathBuf,
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
    /// The talk with it was over; the status if it left by itself then.
    Over(Option<ExitStatus>),
    /// It took too long.
    TimedOut,
    /// It printed too much.
    Flooded,
    /// Somebody asked; the status if it went by itself within [`GRACE`](super::GRACE).
    Stopped(Option<ExitStatus>),
}

/// The two ends of a child that is talked to, and what belongs to the talk.
pub(super) struct Line {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    /// Takes what is read from `stdout`.
    pub(super) output: Arc<Output>,
    /// Is heard when the talk should come to its end by itself, within [`GRACE`](super::GRACE).
    pub(super) hang_up: Arc<Notify>,
}

/// Runs a child to its end, with `input` on its standard input.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn run(invocation: Invocation, input: Vec<u8>, context: &mut RunContext) -> io::Result<Finished> {
    if *context.stop.borrow() {
        return Ok(Finished::not_begun());
    }
    let limit = invocation.timeout;
    let mut running = Running::start(invocation, OUTPUT_LIMIT).await?;
    let Line { mut stdin, stdout, output, .. } = running.line()?;
    // One that does not read its job closes the pipe on the writer; that is its own affair.
    running.beside(async move { drop(stdin.write_all(&input).await) });
    running.beside(output.read(stdout, |output| &output.stdout));
    let end = running.attend(limit, None, context).await?;
    Ok(running.finish(end).await)
}

/// Runs a child that is talked to over its standard input and output, until the talk is over or has to be. It may send
/// `output_limit` bytes.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn converse<T: Future<Output = ()> + Send>(
    invocation: Invocation,
    output_limit: u64,
    context: &mut RunContext,
    talk: impl FnOnce(Line) -> T,
) -> io::Result<Finished> {
    if *context.stop.borrow() {
        return Ok(Finished::not_begun());
    }
    let limit = invocation.timeout;
    let mut running = Running::start(invocation, output_limit).await?;
    let line = running.line()?;
    let hang_up = Arc::clone(&line.hang_up);
    let talk = std::pin::pin!(talk(line));
    let end = running.attend(limit, Some(Talk::new(talk, hang_up)), context).await?;
    Ok(running.finish(end).await)
}

impl Finished {
    /// Of a run that was to stop before it began.
    const fn not_begun() -> Self {
        Self { end: End::Stopped(None), stdout: String::new(), stderr: String::new(), survivors: Ok(0) }
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
