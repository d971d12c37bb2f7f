//! What waits for a person, and the command that deals with it.

use std::path::Path;

use console::style;

use super::connect::command;
use super::exit::Failure;
use super::live::short;
use super::output::Printer;
use crate::api::view::OwedView;

/// Shows what waits for a person. `running` is whether there will be a daemon that takes the commands.
pub(super) fn show_needs(printer: &Printer, data_dir: &Path, running: bool, needs: &[OwedView]) -> Result<(), Failure> {
    if needs.is_empty() {
        return Ok(());
    }
    printer.line("")?;
    printer.line(style("A person has to act:").red().bold())?;
    for need in needs {
        printer.prose("  ", format!("{}{}", subject(need), need.what))?;
        printer.prose("    ", need.detail.as_deref().unwrap_or_default())?;
        for option in &need.options {
            printer.prose(&format!("    {}. ", option.number), &option.label)?;
        }
        for act in acts(data_dir, need) {
            printer.line(format!("    {}", style(act).cyan()))?;
        }
    }
    if !running {
        show_start(printer, data_dir)?;
    }
    Ok(())
}

/// Says how a daemon is started that could take what is to be said.
pub(super) fn show_start(printer: &Printer, data_dir: &Path) -> Result<(), Failure> {
    printer.line("No daemon runs that could take this; start it first:")?;
    printer.line(format!("    {}", style(command(data_dir, "up")).cyan()))
}

fn subject(need: &OwedView) -> String {
    match (&need.key, &need.task, &need.instruction) {
        (Some(key), Some(task), _) => format!("{} ({}): ", style(key).bold(), short(task)),
        (_, _, Some(instruction)) => format!("{}: ", short(instruction)),
        _nothing => String::new(),
    }
}

/// The commands to choose from.
fn acts(data_dir: &Path, need: &OwedView) -> Vec<String> {
    let mut acts: Vec<String> = need.commands.iter().map(|words| command(data_dir, words)).collect();
    // A no to an escalation cancels the task, too.
    let is_there = need.escalation.is_some();
    if let Some(subject) = need.task.as_ref().or(need.instruction.as_ref()).filter(|_| !is_there) {
        acts.push(command(data_dir, &format!("task cancel {} --reason TEXT", short(subject))));
    }
    acts
}
