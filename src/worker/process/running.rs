//! A child while it runs: started, attended to, and killed with everything it started.
//!
//! This module never lets go of a child: whatever way it goes out of scope, nothing of it is left alive.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::super::job::Token;
use super::super::output::Output;
use super::super::survivors::{Mark, Record, kill_marked, signal_group};
use super::super::workspace::{PID_FILE, remove_inside, replace_inside};
use super::super::{GRACE, RunContext, Sign};
use super::{End, Finished, Invocation, Line, blocking};

/// How long the pipes are read on once everything was killed: what was written is there already, only a process that
/// escaped could hold them open.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How long a killed child may take to be gone. Longer, and the kernel is stuck with it.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// How long a child that is not talked to any more may take to leave by itself: at the end of their input most do at once.
const LEAVE_LIMIT: Duration = Duration::from_millis(500);

/// A child that was started.
pub(super) struct Running {
    child: Child,
    guard: Guard,
    output: Arc<Output>,
    pipes: JoinSet<()>,
    control: Option<PathBuf>,
}

impl Running {
    pub(super) async fn start(invocation: Invocation, output_limit: u64) -> io::Result<Self> {
        let Invocation { argv, environment, folder, timeout: _, token, control } = invocation;
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
        let guard = Guard::over(&child, token)?;
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
        let output = Arc::new(Output::limited_to(output_limit));
        let mut pipes = JoinSet::new();
        if let Some(stderr) = child.stderr.take() {
            pipes.spawn(Arc::clone(&output).read(stderr, |output| &output.stderr));
        }
        Ok(Self { child, guard, output, pipes, control })
    }

    /// Its standard input and output, which can be had once.
    pub(super) fn line(&mut self) -> io::Result<Line> {
        let taken = || io::Error::other("the pipes of a process are taken already");
        Ok(Line {
            stdin: self.child.stdin.take().ok_or_else(taken)?,
            stdout: self.child.stdout.take().ok_or_else(taken)?,
            output: Arc::clone(&self.output),
            hang_up: Arc::default(),
        })
    }

    /// Has something go on with its pipes while it runs.
    pub(super) fn beside(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.pipes.spawn(work);
    }

    /// Waits until there is a reason to end the run. When this returns the child itself has gone or is about to be killed.
    pub(super) async fn attend(
        &mut self,
        limit: Duration,
        mut talk: Option<Talk<'_>>,
        context: &mut RunContext,
    ) -> io::Result<End> {
        let deadline = sleep(limit);
        tokio::pin!(deadline);
        let sign = sleep_until(context.next_sign());
        tokio::pin!(sign);
        loop {
            tokio::select! {
                biased;
                () = self.output.flooded.notified() => return Ok(End::Flooded),
                () = over(talk.as_mut()) => return Ok(End::Over(self.leave().await)),
                status = self.child.wait() => {
                    if let Some(talk) = &mut talk {
                        // What it said last may not have been read.
                        drop(timeout(DRAIN_LIMIT, talk.over()).await);
                    }
                    return status.map(End::Exited);
                }
                () = context.stopped() => {
                    if let Some(talk) = &mut talk {
                        talk.end().await;
                    }
                    return Ok(End::Stopped(self.ask_to_end().await));
                }
                () = &mut deadline => {
                    if let Some(talk) = &mut talk {
                        talk.end().await;
                    }
                    self.ask_to_end().await;
                    return Ok(End::TimedOut);
                }
                () = &mut sign => {
                    let printed = self.output.printed_since_asked.swap(false, Ordering::Relaxed);
                    (context.alive)(if printed { Sign::Output } else { Sign::Running });
                    sign.as_mut().reset(context.next_sign());
                }
            }
        }
    }

    /// Lets it leave by itself, and has it go if it does not; the status if it left.
    async fn leave(&mut self) -> Option<ExitStatus> {
        if let Ok(status) = timeout(LEAVE_LIMIT, self.child.wait()).await {
            return status.ok();
        }
        self.ask_to_end().await;
        None
    }

    /// Asks the group to end; the status of the child if it does in time.
    async fn ask_to_end(&mut self) -> Option<ExitStatus> {
        if let Err(error) = signal_group(self.guard.leader, Signal::TERM) {
            tracing::debug!(%error, "a process group cannot be asked to end");
        }
        timeout(GRACE, self.child.wait()).await.ok()?.ok()
    }

    /// Kills what is left of it, and says how it ended.
    pub(super) async fn finish(self, end: End) -> Finished {
        let Self { mut child, mut guard, output, mut pipes, control } = self;
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
        Finished { end, stdout: output.stdout.text(token), stderr: output.stderr.text(token), survivors }
    }
}

/// A talk with a child, beside which its end is waited for.
pub(super) struct Talk<'a> {
    talk: Pin<&'a mut (dyn Future<Output = ()> + Send)>,
    hang_up: Arc<Notify>,
    is_over: bool,
}

impl<'a> Talk<'a> {
    pub(super) fn new(talk: Pin<&'a mut (dyn Future<Output = ()> + Send)>, hang_up: Arc<Notify>) -> Self {
        Self { talk, hang_up, is_over: false }
    }

    async fn over(&mut self) {
        if !self.is_over {
            self.talk.as_mut().await;
            self.is_over = true;
        }
    }

    /// Has it come to its end by itself, if it does in time.
    async fn end(&mut self) {
        self.hang_up.notify_one();
        drop(timeout(GRACE, self.over()).await);
    }
}

/// Completes when the talk is over, and never where there is none.
async fn over(talk: Option<&mut Talk<'_>>) {
    match talk {
        Some(talk) => talk.over().await,
        None => std::future::pending().await,
    }
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
