//! `echelon workflow`: lists, shows or checks workflow templates.

use std::path::PathBuf;

use clap::Subcommand;
use console::style;

use super::exit::{Exit, Failure};
use super::output::{self, Printer, count};
use super::serve::load_chart;
use super::{ChartFileArgs, OutputArgs};
use crate::config;
use crate::domain::id::WorkType;
use crate::domain::org::Chart;
use crate::domain::workflow::Workflow;

#[derive(Subcommand, Debug)]
pub(super) enum WorkflowCommand {
    /// The workflows of a chart
    List {
        #[command(flatten)]
        chart: ChartFileArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// One workflow of a chart
    Show {
        /// The work type it plans
        work_type: WorkType,
        #[command(flatten)]
        chart: ChartFileArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Check a workflow file against a chart
    Check {
        /// The workflow
        file: PathBuf,
        #[command(flatten)]
        chart: ChartFileArgs,
    },
}

pub(super) fn run(command: &WorkflowCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        WorkflowCommand::List { chart, output } => {
            let chart = required(chart)?;
            if output.json {
                printer.json(&chart.workflows.values().collect::<Vec<_>>())?;
                return Ok(Exit::Done);
            }
            let mut table = printer.table(&["WORK TYPE", "DEPARTMENT", "TIER", "STEPS", "WHAT FOR"]);
            for workflow in chart.workflows.values() {
                table.add_row([
                    workflow.work_type.to_string(),
                    workflow.department.to_string(),
                    workflow.tier.map_or_else(|| "-".to_owned(), |tier| tier.to_string()),
                    workflow.steps.len().to_string(),
                    output::clean(&workflow.description),
                ]);
            }
            printer.show_table(&table)?;
        }
        WorkflowCommand::Show { work_type, chart, output } => {
            let chart = required(chart)?;
            let Some(workflow) = chart.workflows.get(work_type) else {
                let names: Vec<&str> = chart.workflows.keys().map(WorkType::as_str).collect();
                return Err(Failure::new(
                    Exit::Refused,
                    format!("the chart has no workflow `{work_type}`"),
                    format!("it has: {}", names.join(", ")),
                ));
            };
            if output.json { printer.json(workflow)? } else { show(printer, &output::readable(workflow)?)? }
        }
        WorkflowCommand::Check { file, chart } => {
            let chart = required(chart)?;
            let workflow = config::check_workflow(file, &chart)?;
            printer.line(format!(
                "{} is sound: {} for `{}`",
                output::clean(&file.display().to_string()),
                count(workflow.steps.len(), "step"),
                workflow.work_type
            ))?;
        }
    }
    Ok(Exit::Done)
}

fn required(args: &ChartFileArgs) -> Result<Chart, Failure> {
    load_chart(args.org.as_deref())?.ok_or_else(|| {
        Failure::new(Exit::Usage, "no chart was named, and there is no org.toml here", "name one with --org FILE")
    })
}

fn show(printer: &Printer, workflow: &Workflow) -> Result<(), Failure> {
    printer.line(format!("{}: {}", style(&workflow.work_type).bold(), workflow.description))?;
    for step in &workflow.steps {
        let needs: Vec<&str> = step.needs.iter().map(crate::domain::id::StepKey::as_str).collect();
        let after = if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) };
        printer.line(format!(
            "  {} ({}, {}, {}{after}): {}",
            style(&step.key).bold(),
            step.domain,
            step.work.effort,
            step.work.complexity,
            step.work.title
        ))?;
        for deliverable in &step.work.deliverables {
            let checks: Vec<String> = deliverable.checks.iter().map(ToString::to_string).collect();
            let checks = if checks.is_empty() { "exists".to_owned() } else { checks.join(", ") };
            printer.line(format!("    gives {}: {checks}", deliverable.path))?;
        }
        for criterion in &step.work.criteria {
            printer.line(format!("    done when {criterion}"))?;
        }
    }
    Ok(())
}
