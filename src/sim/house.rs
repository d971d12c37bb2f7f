//! The house: an organisation on virtual time, from its first event to the end of its scenario.
//!
//! ```text
//!   begin ─▶ live in sessions: ledger, office, tree of actors, people ─▶ the end of the days
//!              ▲ instructions, absences, answers that come twice
//!              └── a restart: everything is dropped where it stands, and begins again from the store
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::checks::Violation;
use super::report::Report;
use super::session::Play;
use crate::config::scenario::Scenario;
use crate::domain::id::Sequence;
use crate::domain::rejection::Rejection;
use crate::ledger::{self, Decide};

/// How a scenario is run.
pub struct Options {
    /// What the organisation is put through.
    pub scenario: Scenario,
    /// Where chance comes from.
    pub seed: u64,
    /// The file that the journal is written to as it grows, an event a line.
    pub journal: Option<PathBuf>,
    /// How commands are decided on, in place of the core's own way: plants a fault. Asked for at the beginning and at each
    /// restart.
    pub decide: Option<Arc<dyn Fn() -> Decide + Send + Sync>>,
    /// How far it has come, for whoever shows that.
    pub progress: Arc<Progress>,
}

impl Options {
    /// A scenario by its own seed, and nothing else.
    #[must_use]
    pub fn of(scenario: Scenario) -> Self {
        let seed = scenario.seed;
        Self { scenario, seed, journal: None, decide: None, progress: Arc::default() }
    }
}

/// How far a simulation has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Milliseconds of the organisation's time since the beginning.
    pub passed: AtomicU64,
    /// Events.
    pub events: AtomicU64,
}

/// What a simulation came to.
#[derive(Debug)]
pub struct Outcome {
    /// Its measures.
    pub report: Report,
    /// The hash of the journal's last record, which stands for all of it.
    pub journal_hash: String,
}

/// Why a simulation has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that must always hold did not.
    #[error("{violation} (seed {seed})")]
    Violation {
        /// What.
        violation: Violation,
        /// The seed that shows it.
        seed: u64,
    },
    /// The organisation does not take on what the scenario asks of it.
    #[error("{what} is refused, {hours:.1} hours after the beginning: {rejection}")]
    Refused {
        /// What: "an instruction".
        what: &'static str,
        /// Hours after the beginning.
        hours: f64,
        /// Why.
        rejection: Rejection,
    },
    /// The organisation does not begin to work.
    #[error("the organisation does not come to life: {0}")]
    Start(String),
    /// The ledger cannot be opened, or stopped.
    #[error("the ledger of the simulation stopped: {0}")]
    Ledger(String),
    /// The journal cannot be written out.
    #[error("the journal cannot be written to {}: {source}", .path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl From<ledger::Stopped> for Error {
    fn from(stopped: ledger::Stopped) -> Self {
        Self::Ledger(stopped.to_string())
    }
}

/// Runs a scenario to its end, on a runtime of its own. What must always hold is checked after each group of events, most
/// of it at once and some of it now and then; where such a look finds something, the same is run again with a look after each
/// group since the last one that was clean, so that the event that is named is the first that shows it.
///
/// # Errors
/// When the organisation does not come to life, or something that must always hold does not.
pub fn run(options: &Options) -> Result<Outcome, Error> {
    match once(options, None) {
        Err(Error::Violation { violation: Violation { since: Some(clean), .. }, .. }) => {
            let mut ended = once(options, Some(clean.next()));
            if let Err(Error::Violation { violation, .. }) = &mut ended {
                // Every group before it was looked through.
                violation.since = None;
            }
            ended
        }
        ended => ended,
    }
}

fn once(options: &Options, every_group_from: Option<Sequence>) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| Error::Start(error.to_string()))?;
    runtime.block_on(async { Play::begin(options, every_group_from).await?.play_out().await })
}
