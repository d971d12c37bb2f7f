//! `echelon up`, and what it shares with `run`: which chart, and how a daemon in this process ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::ChartArgs;
use super::connect::{self, PATIENCE, PAUSE, ask};
use super::exit::{Exit, Failure};
use super::output::{self, Printer};
use crate::actors::office::NoProbe;
use crate::api::view::StatusView;
use crate::api::wire::{Ask, Query};
use crate::app::{self, App, Options};
use crate::config;
use crate::domain::org::Chart;
use crate::{ledger, store};

/// How long a daemon may take to say that it is there. One that takes longer is found out by its lock in the end.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// The chart in the current folder, when none is named.
const DEFAULT_CHART: &str = "org.toml";

pub(super) async fn up(data_dir: &Path, args: &ChartArgs, printer: &Printer) -> Result<Exit, Failure> {
    let chart = load_chart(args.org.as_deref())?;
    let mut signals = Signals::listen()?;
    let app = start_when_free(data_dir, chart.as_ref()).await?;
    printer.note(format!(
        "`{}` is up; hand it work with `{}`; Ctrl-C ends it, once what runs has ended",
        app.office().chart().name,
        connect::command(data_dir, "submit TEXT"),
    ));
    let failed = tokio::select! {
        () = signals.next() => None,
        why = app.failed() => Some(why),
    };
    match failed {
        None => drain(app, &mut signals, printer).await,
        Some(why) => Err(write_failed(app, &why).await),
    }
}

/// The chart that was named or lies in the current folder; `None` leaves it to what the directory was last run by.
pub(super) fn load_chart(named: Option<&Path>) -> Result<Option<Chart>, Failure> {
    match named {
        Some(path) => Ok(Some(config::load(path)?)),
        None if Path::new(DEFAULT_CHART).is_file() => Ok(Some(config::load(Path::new(DEFAULT_CHART))?)),
        None => Ok(None),
    }
}

pub(super) async fn start(data_dir: &Path, chart: Option<&Chart>) -> Result<App, app::Error> {
    App::start(Options { data_dir: data_dir.to_owned(), chart: chart.cloned(), probe: Arc::new(NoProbe) }).await
}

/// Starts a daemon. A directory that somebody reads or that a daemon is leaving is waited for; one with a daemon is not.
async fn start_when_free(data_dir: &Path, chart: Option<&Chart>) -> Result<App, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match start(data_dir, chart).await {
            Ok(app) => return Ok(app),
            Err(error) if is_in_use(&error) && Instant::now() < deadline && !answers(data_dir).await => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether another echelon has the directory.
pub(super) fn is_in_use(error: &app::Error) -> bool {
    matches!(error, app::Error::InUse { .. } | app::Error::Ledger(ledger::Error::Store(store::Error::InUse { .. })))
}

/// Whether a daemon answers on the directory. That somebody has its socket is not enough: a daemon that was killed while
/// it started a program leaves a process that has it, and the lock, for as long as that takes.
async fn answers(data_dir: &Path) -> bool {
    let asked = async {
        match ask(data_dir, Ask::Query(Query::Status)).await {
            Ok(answers) => answers.one::<StatusView>().await.is_ok(),
            Err(_) => false,
        }
    };
    tokio::time::timeout(ANSWER_TIMEOUT, asked).await.unwrap_or(false)
}

/// Ends a daemon: what runs may end first, unless another signal comes.
pub(super) async fn drain(app: App, signals: &mut Signals, printer: &Printer) -> Result<Exit, Failure> {
    let exit = match app.running() {
        0 => Exit::Done,
        running => {
            printer.note(format!(
                "{} under way may end, nothing new starts; Ctrl-C again stops at once",
                output::count(running, "attempt")
            ));
            let failed = tokio::select! {
                () = app.drain() => None,
                () = signals.next() => {
                    printer.note("stopping at once; what ran starts again with the next daemon");
                    app.stop().await;
                    return Ok(Exit::Interrupted);
                }
                why = app.failed() => Some(why),
            };
            if let Some(why) = failed {
                return Err(write_failed(app, &why).await);
            }
            Exit::Done
        }
    };
    app.stop().await;
    Ok(exit)
}

/// The ledger could not write. What was acknowledged is on the disk; what runs is ended, since nothing can be recorded.
pub(super) async fn write_failed(app: App, why: &str) -> Failure {
    app.stop().await;
    Failure::new(
        Exit::Failed,
        format!("the ledger stopped: {why}"),
        "look at the disk (full? unplugged? read-only?), then start again: nothing acknowledged is lost",
    )
}

/// Ctrl-C, the request to terminate, and the end of the terminal.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    /// Heard and not listened to: unheard, it would end the process at the write that is beyond the limit of a file's
    /// size, without a word; heard, the write fails, and the ledger says so.
    _too_large: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            _too_large: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Completes with the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
