//! `echelon org`: checks or shows an organisation chart, or applies it to the running organisation.

pub(super) mod apply;

use std::path::PathBuf;

use clap::Subcommand;
use console::style;

use super::OutputArgs;
use super::exit::{Exit, Failure};
use super::output::{self, Printer, count};
use crate::config;
use crate::domain::org::{Chart, Domain, Ic, WorkerKind};

#[derive(Subcommand, Debug)]
pub(super) enum OrgCommand {
    #[command(flatten)]
    File(FileCommand),
    /// Have the running organisation go on by another chart, after a look at the difference
    Apply(apply::ApplyArgs),
}

/// What needs the chart's file and nothing else.
#[derive(Subcommand, Debug)]
pub(super) enum FileCommand {
    /// Check a chart and the workflows it names; every fault is shown with its line
    Check {
        /// The chart
        file: PathBuf,
    },
    /// Show a chart as a tree
    Show {
        /// The chart
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(super) fn run(command: &FileCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        FileCommand::Check { file } => {
            let chart = config::load(file)?;
            printer.line(format!(
                "{} is sound: {}, {}, {}, {}, {}",
                output::clean(&file.display().to_string()),
                count(chart.departments.len(), "department"),
                count(chart.domains.len(), "domain"),
                count(chart.ics.len(), "IC"),
                count(chart.workers.len(), "worker"),
                count(chart.workflows.len(), "workflow")
            ))?;
        }
        FileCommand::Show { file, output } => {
            let chart = config::load(file)?;
            if output.json { printer.json(&chart)? } else { show(printer, &output::readable(&chart)?)? }
        }
    }
    Ok(Exit::Done)
}

fn show(printer: &Printer, chart: &Chart) -> Result<(), Failure> {
    printer.line(style(&chart.name).bold())?;
    for department in chart.departments.values() {
        printer.line(format!("└─ {} ({})", style(&department.title).bold(), department.id))?;
        let domains: Vec<&Domain> = chart.domains_of(&department.id).collect();
        for (place, domain) in domains.iter().enumerate() {
            let (branch, trunk) = if place + 1 == domains.len() { ("└─", "  ") } else { ("├─", "│ ") };
            let gates: Vec<String> = department
                .gates
                .iter()
                .filter(|(_, holder)| **holder == domain.id)
                .map(|(gate, _)| gate.to_string())
                .collect();
            let gates =
                if gates.is_empty() { String::new() } else { format!(", holds the {} gate", gates.join(" and ")) };
            printer.line(format!("   {branch} {} ({}){gates}", style(&domain.title).bold(), domain.id.name()))?;
            let ics: Vec<&Ic> = chart.ics_of(&domain.id).collect();
            for (place, ic) in ics.iter().enumerate() {
                let twig = if place + 1 == ics.len() { "└─" } else { "├─" };
                let skills: Vec<String> = ic.skills.iter().map(|(skill, level)| format!("{skill} {level}")).collect();
                printer.line(format!(
                    "   {trunk} {twig} {}, {} {}: {}",
                    ic.id.name(),
                    ic.experience,
                    ic.title,
                    skills.join(", ")
                ))?;
            }
        }
    }
    for worker in chart.workers.values() {
        let what = match &worker.kind {
            WorkerKind::Command { argv, .. } => format!("runs `{}`", argv.join(" ")),
            WorkerKind::Acp { argv, .. } => format!("is the coding agent `{}`", argv.join(" ")),
            WorkerKind::Simulated { .. } => "simulates".to_owned(),
            WorkerKind::Human { person } => format!("is {person}"),
        };
        let reviews = if worker.reviews { ", reviews" } else { "" };
        printer.line(format!("worker {} {what}{reviews}", worker.id))?;
    }
    Ok(())
}
