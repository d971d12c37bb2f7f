//! Where the results of an instruction are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use console::style;

use super::exit::Failure;
use super::output::{self, Printer};
use crate::api::view::TaskView;

/// Shows the first file of what nothing else builds on, with its whole path, and then where the others are.
pub(super) fn show_results(printer: &Printer, tasks: &[TaskView]) -> Result<(), Failure> {
    if tasks.iter().any(|task| task.simulated) {
        printer.line("")?;
        printer.line("Simulated workers made results up; they have no files.")?;
    }
    let done: Vec<&TaskView> = tasks
        .iter()
        .filter(|task| task.state == "COMPLETED" && !task.artefacts.is_empty() && !task.simulated)
        .collect();
    let mut first = Vec::new();
    let mut others = Vec::new();
    for task in &done {
        let is_last = last(tasks).any(|last| last.id == task.id);
        for (place, artefact) in task.artefacts.iter().enumerate() {
            let file = Path::new(&task.workspace).join(artefact);
            if is_last && place == 0 { first.push(file) } else { others.push((task.key.as_str(), file)) }
        }
    }
    if !first.is_empty() {
        printer.line("")?;
        printer.line(if first.len() == 1 { "The result:" } else { "The results:" })?;
    }
    for file in first {
        printer.line(format!("  {}", style(shown(&file)).bold()))?;
    }
    let Some(folder) = common_folder(others.iter().map(|(_, file)| file)) else {
        return Ok(());
    };
    printer.line(format!("More in {}:", shown(&folder)))?;
    let width = others.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, file) in &others {
        let rest = file.strip_prefix(&folder).unwrap_or(file);
        printer.line(format!("  {key:width$}  {}", shown(rest)))?;
    }
    Ok(())
}

/// The tasks that no other task builds on.
pub(super) fn last(tasks: &[TaskView]) -> impl Iterator<Item = &TaskView> {
    let built_on: BTreeSet<&str> = tasks.iter().flat_map(|task| &task.needs).map(String::as_str).collect();
    tasks.iter().filter(move |task| !built_on.contains(task.key.as_str()))
}

fn shown(path: &Path) -> String {
    output::path(&path.display().to_string()).replace('\n', "\u{fffd}")
}

/// The innermost folder that all these files are in.
fn common_folder<'a>(mut files: impl Iterator<Item = &'a PathBuf>) -> Option<PathBuf> {
    let mut folder = files.next()?.parent()?.to_owned();
    for file in files {
        while !file.starts_with(&folder) {
            folder = folder.parent()?.to_owned();
        }
    }
    Some(folder)
}
