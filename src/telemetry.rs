//! Telemetry: what happens, as lines that people and programs read.
//!
//! Everything that is said about the organisation's work is said here, from the events that are durable, so the log can
//! never tell more than the journal. State changes are INFO; what goes wrong or up the line is WARN.

pub mod narrative;

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::ChronoUtc;

use self::narrative::{Importance, narrate};
use crate::domain::event::Entry;
use crate::domain::state::{Archived, State};

/// The target of lines about the organisation's work, to filter by.
pub const TARGET: &str = "echelon::work";

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether lines are for programs, which get the event's place in the journal, too.
static FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

/// Logs one durable event. Where nobody would see it, no words are looked for.
pub fn log(entry: &Entry, state: &State, archived: &[Archived]) {
    if !tracing::enabled!(target: TARGET, Level::WARN) {
        return;
    }
    let line = narrate(entry, state, archived);
    let sequence = FOR_PROGRAMS.load(Ordering::Relaxed).then_some(entry.sequence.0);
    match line.importance {
        Importance::Detail => tracing::debug!(target: TARGET, sequence, "{}", line.text),
        Importance::Change => tracing::info!(target: TARGET, sequence, "{}", line.text),
        Importance::Trouble => tracing::warn!(target: TARGET, sequence, "{}", line.text),
    }
}

/// Sends log lines of this process to `writer`. `filter` is a level (`info`) or a list of directives
/// (`warn,echelon::work=info`).
///
/// # Errors
/// When the filter cannot be understood; the text says what is wrong with it.
pub fn init<W>(filter: &str, format: Format, colour: bool, writer: W) -> Result<(), String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let understood =
        EnvFilter::try_new(filter).map_err(|error| format!("the log filter `{filter}` is not understood: {error}"))?;
    // What the database engine says of itself is told in our own words where it matters.
    let filter = match "sled=off".parse() {
        Ok(quiet) if !filter.contains("sled") => understood.add_directive(quiet),
        Ok(_) | Err(_) => understood,
    };
    FOR_PROGRAMS.store(format == Format::Json, Ordering::Relaxed);
    // A line that cannot be written is lost. Saying so on standard error, which is where it was to go, would panic.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    let done = match format {
        Format::Text => builder
            .with_ansi(colour)
            .with_target(false)
            .with_timer(ChronoUtc::new("%H:%M:%S%.3f".to_owned()))
            .try_init(),
        Format::Json => builder.json().flatten_event(true).with_timer(ChronoUtc::rfc_3339()).try_init(),
    };
    done.map_err(|error| error.to_string())
}
