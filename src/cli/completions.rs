//! `echelon completions`: prints completions for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::exit::{Exit, Failure};
use super::output::Printer;

pub(super) fn run(shell: Shell, printer: &Printer) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "echelon", &mut script);
    printer.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
