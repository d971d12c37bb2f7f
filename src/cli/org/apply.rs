//! `echelon org apply`: another chart for the running organisation, shown and confirmed before it counts.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::api::client;
use crate::api::wire::{Ask, ChartApplied};
use crate::cli::OutputArgs;
use crate::cli::connect::ask;
use crate::cli::connect::command;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{self, Printer, shell_word};
use crate::config;
use crate::domain::org::{Change, Difference, Leaving, OpenTask};

#[derive(Args, Debug)]
pub(in crate::cli) struct ApplyArgs {
    /// The chart
    file: PathBuf,
    /// Apply it without asking; needed with --json, and where nobody sits at a terminal to be asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    difference: &'a Difference,
    /// Whether the organisation runs by the chart now.
    applied: bool,
}

/// Why a chart that could be applied is not.
enum Unconfirmed {
    /// Somebody said no.
    Declined,
    /// There is nobody to ask.
    NobodyThere,
    /// A program reads the difference, and nobody would see what they are asked about.
    NotShown,
}

pub(in crate::cli) async fn run(data_dir: &Path, args: &ApplyArgs, printer: &Printer) -> Result<Exit, Failure> {
    let chart = Box::new(config::load(&args.file)?);
    let question = Ask::CompareChart { chart: chart.clone() };
    let difference: Difference = match ask(data_dir, question).await {
        Ok(answers) => answers.one().await?,
        Err(error @ client::Error::NotRunning { .. }) => return Err(without_daemon(data_dir, &args.file, &error)),
        Err(error) => return Err(error.into()),
    };
    let shown: Difference = output::readable(&difference)?;
    if !args.output.json {
        show(printer, &shown)?;
    }
    let outcome = match (difference.is_empty() || args.yes, args.output.json) {
        (true, _) => Ok(()),
        (false, true) => Err(Unconfirmed::NotShown),
        (false, false) => confirm(printer),
    };
    if outcome.is_ok() && !difference.is_empty() {
        let _applied: ChartApplied = ask(data_dir, Ask::ApplyChart { chart }).await?.one().await?;
    }
    if args.output.json {
        printer.json(&Answer { difference: &difference, applied: outcome.is_ok() })?;
    } else if outcome.is_ok() {
        let file = output::clean(&args.file.display().to_string());
        printer.line(if difference.is_empty() {
            format!("nothing changes: the organisation runs by {file} already")
        } else {
            format!("the organisation runs by {file} now")
        })?;
    }
    match outcome {
        Ok(()) => Ok(Exit::Done),
        Err(Unconfirmed::Declined) => Err(Failure::plain(Exit::Failed, "nothing was changed")),
        Err(Unconfirmed::NobodyThere) => Err(Failure::new(
            Exit::Usage,
            "nothing was changed: there is no terminal on which to ask whether to apply this",
            "look at the difference, and repeat the command with --yes",
        )),
        Err(Unconfirmed::NotShown) => Err(Failure::new(
            Exit::Usage,
            "nothing was changed: with --json nobody is asked whether to apply this",
            "look at the difference, and repeat the command with --yes",
        )),
    }
}

fn without_daemon(data_dir: &Path, file: &Path, error: &client::Error) -> Failure {
    let up = command(data_dir, &format!("up --org {}", shell_word(&file.to_string_lossy())));
    Failure::new(Exit::NotRunning, error.to_string(), format!("the chart is sound; the next `{up}` uses it"))
}

/// Asks whoever sits at the terminal.
fn confirm(printer: &Printer) -> Result<(), Unconfirmed> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Unconfirmed::NobodyThere);
    }
    printer.note("apply this? Type `yes` to do so, anything else to leave everything as it is");
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(_) if matches!(line.trim(), "y" | "yes") => Ok(()),
        Ok(_) => Err(Unconfirmed::Declined),
        Err(_) => Err(Unconfirmed::NobodyThere),
    }
}

fn show(printer: &Printer, difference: &Difference) -> Result<(), Failure> {
    difference.comes.iter().try_for_each(|part| printer.line(format!("comes    {part}")))?;
    for Leaving { part, hands_back, hands_over } in &difference.leaves {
        printer.line(format!("leaves   {part}"))?;
        hands_back.iter().try_for_each(|task| printer.line(format!("           hands back {}", named(task))))?;
        hands_over
            .iter()
            .try_for_each(|task| printer.line(format!("           hands over the review of {}", named(task))))?;
    }
    for Change { part, what, before, after } in &difference.changes {
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        printer.line(format!("changes  {part}: {what}: {} -> {}", or_none(before), or_none(after)))?;
    }
    Ok(())
}

fn named(task: &OpenTask) -> String {
    format!("{} ({}), which is {}", task.key, task.task.short(), task.state)
}
