//! How the program ends.

use std::process::{ExitCode, Termination};

use crate::api::client;
use crate::api::wire::{Code, Refusal};
use crate::app::{self, keeping};
use crate::config::Faults;
use crate::{ledger, store};

/// Exit codes. Numbers are never given to another meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// Something failed that none of the others says.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A chart or a workflow has faults.
    Configuration = 3,
    /// No daemon runs there, or there is nothing there yet.
    NotRunning = 4,
    /// Another echelon has the data directory.
    InUse = 5,
    /// The instruction ended without being completed.
    NotCompleted = 6,
    /// Nothing goes on until a person does something.
    NeedsPerson = 7,
    /// The ledger or a file with a journal is damaged, or something in it is not as it should be.
    Damaged = 8,
    /// The organisation refuses: no such thing, not allowed, not possible now.
    Refused = 9,
    /// Something that must always hold did not, in a simulation: a fault of this program.
    Violated = 10,
    /// Ended by Ctrl-C or a signal before it was done.
    Interrupted = 130,
}

/// The exit codes, for the help text.
pub(super) const HELP: &str = "\
Exit codes:
    0  done
    1  failed
    2  wrong command line
    3  the chart or a workflow has faults
    4  no daemon runs there, or the directory is empty
    5  another echelon has the data directory
    6  the instruction ended without being completed
    7  nothing goes on until a person does something
    8  the ledger is damaged or has faults, or a file with a journal has
    9  refused: no such thing, not allowed, not possible now
   10  in a simulation, something that must always hold did not
  130  interrupted

NO_COLOR is kept. Every flag with an [env: …] note can be set by that variable.";

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What is wrong; may have several lines.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: Some(help.into()) }
    }

    /// A failure whose message says what to do.
    pub(super) fn plain(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // Whoever read our output has seen enough; that is no fault of theirs or ours.
        let exit = if error.kind() == std::io::ErrorKind::BrokenPipe { Exit::Done } else { Exit::Failed };
        Self::plain(exit, error.to_string())
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        let message = match faults.as_slice().len() {
            1 => faults.to_string(),
            many => format!("{many} faults\n{faults}").replace('\n', "\n  "),
        };
        Self::new(
            Exit::Configuration,
            message,
            "correct this and try again; `echelon org check FILE` checks a chart without running it",
        )
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.code {
            Code::NotFound | Code::Ambiguous | Code::Rejected | Code::NotAllowed => Exit::Refused,
            Code::Stopping => Exit::NotRunning,
            Code::BadRequest | Code::Internal | Code::Busy => Exit::Failed,
        };
        Self::plain(exit, refusal.message)
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        match error {
            client::Error::NotRunning { .. } => Self::new(
                Exit::NotRunning,
                error.to_string(),
                "start one with `echelon up --org FILE`, or name its directory with --data-dir",
            ),
            client::Error::Refused(refusal) => refusal.into(),
            client::Error::Connection(_) => Self::new(
                Exit::NotRunning,
                error.to_string(),
                "look at what the daemon logged, and start it again if it has ended",
            ),
            client::Error::Unreadable(_) => Self::plain(Exit::Failed, error.to_string()),
        }
    }
}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        let exit = match &error {
            ledger::Error::Store(store::Error::InUse { .. }) => Exit::InUse,
            ledger::Error::Store(store::Error::Io { .. }) => {
                return Self::new(
                    Exit::Failed,
                    error.to_string(),
                    "look at the disk (full? unplugged? read-only?) and at who may write there, then start again: \
                     nothing acknowledged is lost",
                );
            }
            ledger::Error::Store(store::Error::Engine { .. }) => Exit::Failed,
            ledger::Error::Store(store::Error::Dropped { .. }) => Exit::Refused,
            ledger::Error::Store(_)
            | ledger::Error::Unreadable { .. }
            | ledger::Error::Base { .. }
            | ledger::Error::Row { .. } => Exit::Damaged,
        };
        Self::plain(exit, error.to_string())
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        ledger::Error::from(error).into()
    }
}

impl From<keeping::Error> for Failure {
    fn from(error: keeping::Error) -> Self {
        let exit = match error {
            keeping::Error::App(error) => return error.into(),
            keeping::Error::Ledger(error) => return error.into(),
            keeping::Error::NotEmpty { .. } => Exit::Refused,
            keeping::Error::Faults(_) => Exit::Damaged,
            keeping::Error::Different(_) => Exit::Failed,
        };
        Self::plain(exit, error.to_string())
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        let exit = match error {
            app::Error::Ledger(error) => return error.into(),
            app::Error::Directory { .. } => {
                return Self::new(
                    Exit::Failed,
                    error.to_string(),
                    "make it a directory that you may write to, or choose another one with --data-dir",
                );
            }
            app::Error::InUse { .. } => Exit::InUse,
            app::Error::Chart(_) => {
                return Self::new(
                    Exit::Configuration,
                    error.to_string(),
                    "without --org it goes on by the chart it was run by last; or choose another directory with --data-dir",
                );
            }
            app::Error::NoChart(_) => Exit::Configuration,
            app::Error::SocketPath(_) | app::Error::Survivors(_) | app::Error::Stopped(_) | app::Error::Tree(_) => {
                Exit::Failed
            }
        };
        Self::plain(exit, error.to_string())
    }
}
