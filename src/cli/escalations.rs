//! `echelon escalations`: what went up the line, with whom it is, and what came of it.

use std::path::Path;

use clap::{Args, ValueEnum};
use console::style;

use super::OutputArgs;
use super::columns::{aligned, due, span};
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, readable};
use crate::api::view::EscalationView;
use crate::api::wire::Query;
use crate::domain::role::Level;

#[derive(Args, Debug)]
pub(super) struct EscalationsArgs {
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// Only those of this task, finished or not: its id, a unique beginning or end of it, or its name in the plan
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Only those that are with this level, or were last
    #[arg(long, value_enum, value_name = "LEVEL")]
    level: Option<LevelWord>,
    #[command(flatten)]
    output: OutputArgs,
}

/// A level of the reporting line as it is typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum LevelWord {
    DomainLead,
    TechLead,
    EngineeringManager,
    Person,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::DomainLead => Self::DomainLead,
            LevelWord::TechLead => Self::TechLead,
            LevelWord::EngineeringManager => Self::EngineeringManager,
            LevelWord::Person => Self::Person,
        }
    }
}

pub(super) async fn run(data_dir: &Path, args: EscalationsArgs, printer: &Printer) -> Result<Exit, Failure> {
    let asked = Query::Escalations { open: args.open, task: args.task, level: args.level.map(Level::from) };
    let found: Vec<EscalationView> = query(data_dir, asked).await?;
    if args.output.json {
        printer.json(&found)?;
        return Ok(Exit::Done);
    }
    let (open, closed): (Vec<EscalationView>, Vec<EscalationView>) =
        readable(&found)?.into_iter().partition(|one| one.closed.is_none());
    if open.is_empty() {
        printer.line("No escalation is open.")?;
    } else {
        show(printer, "Open", &open)?;
    }
    if !closed.is_empty() {
        printer.line("")?;
        show(printer, "Over, the latest first", &closed)?;
    }
    Ok(Exit::Done)
}

fn show(printer: &Printer, title: &str, found: &[EscalationView]) -> Result<(), Failure> {
    printer.line(style(title).bold())?;
    let row = |one: &EscalationView| {
        vec![
            format!("{} ({})", one.key, short(&one.task)),
            style(&one.trouble).red().to_string(),
            output::state(&one.state),
            if one.overdue_ms > 0 { span(one.overdue_ms) } else { "-".to_owned() },
            match (&one.closed, &one.decision) {
                (Some(_), _) => "over".to_owned(),
                (None, Some(_)) => format!("decided, {}", due(one.due_in_ms)),
                (None, None) => due(one.due_in_ms),
            },
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let lines = aligned(&["TASK", "TROUBLE", "STATE", "OVER BY", "DUE"], &rows);
    let mut lines = lines.into_iter();
    if let Some(header) = lines.next() {
        printer.line(header)?;
    }
    for (line, one) in lines.zip(found) {
        printer.line(line)?;
        for said in &one.story {
            printer.line(format!("      {}", style(said).dim()))?;
        }
    }
    Ok(())
}
