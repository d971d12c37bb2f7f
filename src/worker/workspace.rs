//! Where an attempt works, and what it finds there.
//!
//! ```text
//! <data>/instructions/<instruction>/<step>-<task>/
//!     workspace/            the working folder; kept between attempts, so that rework builds on what is there
//!     inputs/<step>/…       copies of what the tasks before produced; made afresh for each attempt
//!     control/<epoch>/      job.json, outcome.json, worker.log, pid, home/, tmp/
//!     review-<round>-<gate>/{workspace,inputs,control}/
//!     README.md, JOB.json   where a person does the work
//! ```
//!
//! All folders are for their owner only. The paths are computed without touching the disk; a run makes them.
//!
//! This module never follows a symbolic link that a worker made, and never changes what is in a working folder.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::job::{Input, Job};
use super::outcome::inside;
use crate::domain::id::{Epoch, InstructionId, Round, StepKey, TaskId};
use crate::domain::review::Gate;

/// Most bytes copied from all the tasks before an attempt: reports and patches fit many times over, a disk image or a
/// build folder does not.
pub const INPUT_BYTES_LIMIT: u64 = 256 * 1024 * 1024;

/// The file with the process group of a running attempt, in its control folder.
pub(super) const PID_FILE: &str = "pid";

/// The folder of one task, or of one review of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Where the work on a task is done.
    #[must_use]
    pub fn for_work(data_dir: &Path, instruction: InstructionId, step: &StepKey, task: TaskId) -> Self {
        let folder = data_dir.join("instructions").join(instruction.to_string());
        Self { folder: folder.join(format!("{step}-{}", task.short())) }
    }

    /// Where a review of this task's work is done. `None` is the peer review.
    #[must_use]
    pub fn for_review(&self, round: Round, gate: Option<Gate>) -> Self {
        let gate = gate.map_or_else(|| "peer".to_owned(), |gate| gate.to_string().replace(' ', "-"));
        Self { folder: self.folder.join(format!("review-{round}-{gate}")) }
    }

    /// The workspace whose working folder is `work`, if it is one.
    #[must_use]
    pub fn around(work: &Path) -> Option<Self> {
        let folder = (work.is_absolute() && work.file_name()? == "workspace").then(|| work.parent())??;
        Some(Self { folder: folder.to_owned() })
    }

    /// The folder that holds everything of the task.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The working folder.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    /// The folder with one sub-folder for each step whose work this one builds on.
    #[must_use]
    pub fn inputs(&self) -> PathBuf {
        self.folder.join("inputs")
    }

    /// The folder of one attempt: its job, its outcome, its log, its private home.
    #[must_use]
    pub fn control(&self, epoch: Epoch) -> PathBuf {
        self.folder.join("control").join(epoch.to_string())
    }

    /// Makes the folders of one attempt and copies its inputs. Blocks.
    ///
    /// # Errors
    /// When the disk refuses, when a worker replaced one of the folders by something else, or when the inputs are over
    /// [`INPUT_BYTES_LIMIT`] (kind `FileTooLarge`).
    pub(super) fn prepare(&self, job: &Job) -> io::Result<Prepared> {
        let control = self.control(job.epoch);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        ensure_folder(&self.work())?;
        // What an attempt of the same number left behind must not be taken for what this one says.
        let home = control.join("home");
        let tmp = control.join("tmp");
        ensure_folder(&self.folder.join("control"))?;
        remove_folder(&control)?;
        for folder in [&control, &home, &tmp] {
            ensure_folder(folder)?;
        }
        remove_folder(&self.inputs())?;
        ensure_folder(&self.inputs())?;
        let mut budget = INPUT_BYTES_LIMIT;
        let mut told = job.clone();
        told.inputs = job.inputs.iter().map(|input| self.copy(input, &mut budget)).collect::<io::Result<_>>()?;
        let document = serde_json::to_vec_pretty(&told)?;
        let job_file = control.join("job.json");
        create_new(&job_file, 0o600)?.write_all(&document)?;
        Ok(Prepared {
            work: self.work(),
            inputs: self.inputs(),
            outcome: control.join("outcome.json"),
            control,
            home,
            tmp,
            job_file,
            document,
            told,
        })
    }

    /// Copies what one step produced, and says what was copied.
    fn copy(&self, input: &Input, budget: &mut u64) -> io::Result<Input> {
        let folder = self.inputs().join(input.step.as_str());
        ensure_folder(&folder)?;
        let mut copied = BTreeSet::new();
        for path in input.artefacts.iter().filter_map(|path| inside(path)) {
            if copied.contains(&path) {
                continue;
            }
            let Ok(source) = open_inside(&input.folder, &path) else {
                tracing::debug!(step = %input.step, path, "an artefact of an earlier step is not there; it is left out");
                continue;
            };
            let target = folder.join(&path);
            if let Some(parent) = target.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            }
            let mode = (source.metadata()?.mode() & 0o700) | 0o600;
            let bytes = io::copy(&mut source.take(budget.saturating_add(1)), &mut create_new(&target, mode)?)?;
            *budget = budget.checked_sub(bytes).ok_or_else(|| {
                let limit = INPUT_BYTES_LIMIT / (1024 * 1024);
                io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("what the earlier steps produced is over {limit} MiB"),
                )
            })?;
            copied.insert(path);
        }
        Ok(Input { step: input.step.clone(), folder, artefacts: copied.into_iter().collect() })
    }
}

/// The folders and files of one attempt, ready.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) work: PathBuf,
    pub(super) inputs: PathBuf,
    pub(super) outcome: PathBuf,
    pub(super) control: PathBuf,
    pub(super) home: PathBuf,
    pub(super) tmp: PathBuf,
    pub(super) job_file: PathBuf,
    /// The job as the program reads it.
    pub(super) document: Vec<u8>,
    /// The job itself, with the copies of its inputs.
    pub(super) told: Job,
}

/// Opens a regular file below `root` for reading. Neither `root` nor any part of `relative` may be a symbolic link, and a
/// pipe or a device is never waited for.
///
/// # Errors
/// `NotFound` when there is nothing; `InvalidInput` when it is not a regular file or lies behind a symbolic link.
pub(super) fn open_inside(root: &Path, relative: &str) -> io::Result<File> {
    let not_a_file = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    let refused = |errno: Errno| match errno {
        Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::MLINK => not_a_file(),
        other => other.into(),
    };
    let relative = inside(relative).ok_or_else(not_a_file)?;
    let mut folder = open_folder(root).map_err(refused)?;
    let mut parts = relative.split('/').peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() { OFlags::DIRECTORY } else { OFlags::NONBLOCK | OFlags::NOCTTY };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
        folder = rustix::fs::openat(&folder, part, flags, Mode::empty()).map_err(refused)?;
    }
    let file = File::from(folder);
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// Opens a folder that is none behind a symbolic link.
fn open_folder(folder: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Writes a file in `folder`, in place of whatever a worker may have put there. Where it put a symbolic link in place of the
/// folder, nothing is written.
pub(super) fn replace_inside(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let folder = open_folder(folder)?;
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?;
    File::from(file).write_all(text.as_bytes())
}

/// Removes a file from a folder that is none behind a symbolic link.
pub(super) fn remove_inside(folder: &Path, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(open_folder(folder)?, name, AtFlags::empty())?)
}

/// Creates a file that was not there.
pub(super) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// The pid files of every attempt of these instructions that has not ended in order. Blocks.
pub(super) fn pid_files(data_dir: &Path, instructions: &[InstructionId]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for instruction in instructions {
        for task in folders(&data_dir.join("instructions").join(instruction.to_string()))? {
            let reviews = folders(&task)?.into_iter().filter(|folder| {
                folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("review-"))
            });
            for place in reviews.chain([task.clone()]) {
                let controls = folders(&place.join("control"))?;
                found.extend(controls.into_iter().map(|control| control.join(PID_FILE)).filter(|file| file.is_file()));
            }
        }
    }
    Ok(found)
}

/// The real folders in `folder`; none where it does not exist.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Makes `folder` unless it is there. A symbolic link in its place is refused, not followed.
fn ensure_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && fs::symlink_metadata(folder)?.is_dir() => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", folder.display()))),
        Ok(()) => Ok(()),
    }
}

/// Removes `folder` and what is in it, if it is there. Links in it are removed, not followed.
fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io::Error::new(error.kind(), format!("{}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}
