//! Plans that need the files of a repository: finds the targets of a template's globs, and has the plan made with them.
//!
//! A repository is only looked at: nothing in it is opened, no link is followed, and what is too large to be looked through
//! is a reason not to take the instruction on.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::desk::Desk;
use crate::domain::command::{Action, InstructionAction};
use crate::domain::plan::glob;
use crate::domain::plan::template::Targets;
use crate::domain::policy::{PlanOrder, plans};
use crate::ledger::Stopped;

/// Plans that one place has made side by side: enough that one slow planner does not hold the others up.
pub const PARALLEL_PLANS: usize = 4;

/// Files and folders that are looked at for one plan, at most. Large repositories have some ten thousand.
const ENTRIES_LIMIT: usize = 200_000;

/// Files that match one glob, at most: far more than any plan has tasks.
const MATCHES_LIMIT: usize = 1_000;

/// Has the plan of an order made by the template of its workflow, with the files that its globs stand for.
///
/// # Errors
/// When the ledger has stopped.
pub async fn from_files(desk: &Desk, order: PlanOrder) -> Result<(), Stopped> {
    let wanted = order.clone();
    let asked = desk.office.ledger.read(move |state| {
        let found = plans::awaited(state, &wanted)?;
        Some((plans::globs(state, found), found.request.repository.clone()))
    });
    let Some((globs, repository)) = asked.await? else { return Ok(()) };
    let looked = tokio::task::spawn_blocking(move || targets(repository.as_deref(), &globs)).await;
    let looked = looked.unwrap_or_else(|error| Err(format!("its repository could not be looked at: {error}")));
    let (instruction, mut ids) = (order.instruction, desk.office.ids.clone());
    let action = match looked {
        Ok(targets) => {
            let made = desk.office.ledger.read(move |state| plans::by_template(state, &order, &targets, &mut ids));
            made.await?
        }
        Err(reason) => Some(InstructionAction::Reject { reason: format!("it cannot be planned: {reason}") }),
    };
    match action {
        Some(action) => desk.commit(vec![Action::Instruction(instruction, action)]).await,
        None => Ok(()),
    }
}

/// The files of a repository that match each of these globs, as paths in it, in order of their names. Blocks.
///
/// # Errors
/// When there is no such folder, or it is too large.
pub fn targets(repository: Option<&str>, globs: &BTreeSet<String>) -> Result<Targets, String> {
    let Some(repository) = repository else {
        return Err("its workflow is about the files of a repository, and it names none".to_owned());
    };
    let mut walk =
        Walk { globs, found: globs.iter().map(|glob| (glob.clone(), Vec::new())).collect(), left: ENTRIES_LIMIT };
    walk.below(repository)?;
    let mut found = walk.found;
    found.values_mut().for_each(|files| files.sort());
    Ok(found)
}

struct Walk<'a> {
    globs: &'a BTreeSet<String>,
    found: Targets,
    left: usize,
}

impl Walk<'_> {
    fn below(&mut self, repository: &str) -> Result<(), String> {
        let cannot = |error: &io::Error| format!("its repository {repository} cannot be read: {error}");
        let mut folders: Vec<(PathBuf, String)> = vec![(PathBuf::from(repository), String::new())];
        while let Some((folder, path)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| cannot(&error))? {
                let entry = entry.map_err(|error| cannot(&error))?;
                self.left = self.left.checked_sub(1).ok_or_else(|| {
                    format!("its repository {repository} has more than {ENTRIES_LIMIT} files where targets may be")
                })?;
                // What has no name that can be written down is no target, and neither is a link or a device.
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                let kind = entry.file_type().map_err(|error| cannot(&error))?;
                let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                if kind.is_dir() && self.may_have(&name, &path) {
                    folders.push((entry.path(), path));
                } else if kind.is_file() {
                    self.file(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a folder is looked into. What git keeps there is none of the repository's files.
    fn may_have(&self, name: &str, path: &str) -> bool {
        let depth = path.split('/').count();
        name != ".git" && depth < glob::DEPTH_LIMIT && self.globs.iter().any(|one| glob::may_match_below(one, path))
    }

    fn file(&mut self, path: &str) -> Result<(), String> {
        for (pattern, files) in &mut self.found {
            if glob::matches(pattern, path) && !path.chars().any(char::is_control) {
                if files.len() == MATCHES_LIMIT {
                    return Err(format!("more than {MATCHES_LIMIT} files of its repository match `{pattern}`"));
                }
                files.push(path.to_owned());
            }
        }
        Ok(())
    }
}
