//! Where answers come from: a running daemon, or the data directory itself when none runs.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::exit::{Exit, Failure};
use super::output::shell_word;
use crate::api::client::{self, Answers};
use crate::api::query;
use crate::api::wire::{Ask, Query};
use crate::app::{DirectoryLock, lock_directory, open_ledger, open_store};
use crate::domain::id::PersonId;
use crate::ledger::{self, Ledger};
use crate::store::SledStore;

/// How long a directory that another echelon has may stay without a daemon that answers: reading takes a moment, and so
/// does starting or ending.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Between two attempts to get at a directory that another echelon has.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// The variable that names the data directory.
pub(super) const DATA_DIR_VARIABLE: &str = "ECHELON_DATA_DIR";

/// The variable that names the person for whom commands act.
pub(super) const CALLER_VARIABLE: &str = "ECHELON_AS";

/// The person for whom this process acts, if it was told one. Said once, before anything is asked.
static CALLER: OnceLock<String> = OnceLock::new();

/// Says for whom this process acts.
pub(super) fn act_for(person: Option<PersonId>) {
    if let Some(person) = person {
        CALLER.get_or_init(|| person.to_string());
    }
}

/// The person for whom this process acts, if it was told one.
pub(super) fn caller() -> Option<&'static str> {
    CALLER.get().map(String::as_str)
}

/// Asks the running daemon, as whoever this process acts for.
pub(super) async fn ask(data_dir: &Path, ask: Ask) -> Result<Answers, client::Error> {
    client::ask(data_dir, caller(), ask).await
}

/// The data directory: the one that was given, or `echelon` in the user's state folder.
pub(super) fn data_dir(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return std::path::absolute(&given)
            .map_err(|error| Failure::plain(Exit::Usage, format!("cannot use {}: {error}", given.display())));
    }
    default_data_dir()
        .ok_or_else(|| Failure::new(Exit::Usage, "no home folder is known", "name a data directory with --data-dir"))
}

fn default_data_dir() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("echelon"))
}

/// A command as it has to be typed to act on this data directory: with `--data-dir`, unless that is what it would use
/// without; and with `--as` in the same way.
pub(super) fn command(data_dir: &Path, words: &str) -> String {
    let named = std::env::var_os(DATA_DIR_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = named.and_then(|path| std::path::absolute(path).ok()).or_else(default_data_dir);
    let known = std::env::var(CALLER_VARIABLE).ok();
    let person = caller().filter(|person| known.as_deref() != Some(person));
    let person = person.map(|person| format!("--as {person} ")).unwrap_or_default();
    if usual.as_deref() == Some(data_dir) {
        format!("echelon {person}{words}")
    } else {
        format!("echelon --data-dir {} {person}{words}", shell_word(&data_dir.to_string_lossy()))
    }
}

/// What answers.
pub(super) enum Source<T> {
    /// The running daemon.
    Daemon(Answers),
    /// The directory, on which no daemon runs.
    Directory(Box<T>),
}

/// Asks the running daemon, or opens the ledger of the directory when there is none.
pub(super) async fn source(data_dir: &Path, ask: Ask) -> Result<Source<Ledger>, Failure> {
    source_or(data_dir, ask, |lock| open_ledger(lock, data_dir).map(|(ledger, _)| ledger)).await
}

/// Asks the running daemon, or opens the store of the directory when there is none: whatever its rows are like, the
/// journal can be read.
pub(super) async fn store_source(data_dir: &Path, ask: Ask) -> Result<Source<SledStore>, Failure> {
    source_or(data_dir, ask, |lock| Ok(open_store(lock, data_dir)?)).await
}

async fn source_or<T>(
    data_dir: &Path,
    ask: Ask,
    open: impl Fn(&DirectoryLock) -> Result<T, ledger::Error>,
) -> Result<Source<T>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match self::ask(data_dir, ask.clone()).await {
            Ok(answers) => return Ok(Source::Daemon(answers)),
            Err(client::Error::NotRunning { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // The store's own lock holds from here on for as long as what was opened lives.
        let opened = has_ledger(data_dir)
            .and_then(|()| lock_directory(data_dir).map_err(Failure::from))
            .and_then(|lock| open(&lock).map_err(Failure::from));
        match opened {
            Ok(opened) => return Ok(Source::Directory(Box::new(opened))),
            // Somebody else reads it, or a daemon starts or ends: all of that is over soon.
            Err(failure) if failure.exit == Exit::InUse && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Asks the running daemon, and without one looks into the directory itself.
pub(super) async fn query<T: DeserializeOwned>(data_dir: &Path, query: Query) -> Result<T, Failure> {
    match source(data_dir, Ask::Query(query.clone())).await? {
        Source::Daemon(answers) => Ok(answers.one().await?),
        Source::Directory(ledger) => {
            let value = query::answer(&ledger, &query, data_dir, None)?;
            serde_json::from_value(value).map_err(|error| client::Error::from(error).into())
        }
    }
}

/// Refuses a directory in which there is nothing to look at.
pub(super) fn has_ledger(data_dir: &Path) -> Result<(), Failure> {
    if data_dir.exists() && !data_dir.is_dir() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} is not a directory", data_dir.display()),
            "name a data directory with --data-dir",
        ));
    }
    if !data_dir.join("ledger").is_dir() {
        return Err(Failure::new(
            Exit::NotRunning,
            format!("no daemon runs on {}, and nothing is kept there", data_dir.display()),
            "start one with `echelon up --org FILE`, or name its directory with --data-dir",
        ));
    }
    Ok(())
}
