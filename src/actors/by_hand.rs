//! Attempts that people make by hand: what is made ready for them on the disk, and what is looked at when they hand in.
//!
//! No actor runs these; the person does, and what they say comes in over the socket. This module changes nothing in the
//! ledger.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::brief;
use super::office::Office;
use crate::domain::id::{Epoch, TaskId};
use crate::ledger::Stopped;
use crate::worker;

/// Why nothing was made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The task, or whoever has it, is gone.
    #[error("the task has moved on")]
    Gone,
    /// The disk refuses.
    #[error("its folder cannot be made ready: {0}")]
    Disk(#[from] io::Error),
}

/// Makes the folders of an attempt, with the job in them. The answer is the folder of the task.
///
/// # Errors
/// When the task is gone, the disk refuses, or the ledger has stopped.
pub async fn prepare(office: &Arc<Office>, task: TaskId, epoch: Epoch) -> Result<PathBuf, Error> {
    let (data_dir, token) = (office.data_dir.clone(), office.ids.token());
    let job = office.ledger.read(move |state| brief::for_attempt(state, &data_dir, task, epoch, token)).await?;
    let (_, job) = job.ok_or(Error::Gone)?;
    let made = tokio::task::spawn_blocking(move || worker::human::prepare(&job)).await;
    Ok(made.unwrap_or_else(|error| Err(io::Error::other(error)))?)
}

/// The files that are handed in, relative to the working folder. An error says what is wrong with one of them.
///
/// # Errors
/// When one is not a regular file inside of the folder.
pub async fn artefacts(workspace: &Path, paths: Vec<String>) -> Result<Vec<String>, String> {
    let workspace = workspace.to_owned();
    let look = move || paths.iter().map(|path| worker::human::artefact(&workspace, path)).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| Err(error.to_string()))
}
