//! `echelon workflow`: lists, shows or checks workflow templates, and says how a plan is written down.

mod show;

use std::path::PathBuf;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::output::{self, Printer, count};
use super::serve::load_chart;
use super::{ChartFileArgs, OutputArgs};
use crate::config;
use crate::domain::id::WorkType;
use crate::domain::org::Chart;
use crate::domain::plan::draft::SCHEMA;
use crate::domain::workflow::{Variant, Workflow};

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
    /// The JSON Schema of a plan, for planners and plan files
    Schema,
}

pub(super) fn run(command: &WorkflowCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        WorkflowCommand::List { chart, output } => {
            let chart = required(chart)?;
            if output.json {
                printer.json(&chart.workflows.values().collect::<Vec<_>>())?;
                return Ok(Exit::Done);
            }
            let mut table = printer.table(&["WORK TYPE", "DEPARTMENT", "TIERS", "PLANNED BY", "WHAT FOR"]);
            for workflow in chart.workflows.values() {
                table.add_row([
                    workflow.work_type.to_string(),
                    workflow.department.to_string(),
                    tiers(workflow),
                    planned_by(workflow),
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
            if output.json { printer.json(workflow)? } else { show::workflow(printer, &output::readable(workflow)?)? }
        }
        WorkflowCommand::Check { file, chart } => {
            let chart = required(chart)?;
            let workflow = config::check_workflow(file, &chart)?;
            printer.line(format!(
                "{} is sound: {} for `{}`",
                output::clean(&file.display().to_string()),
                planned_by(&workflow),
                workflow.work_type
            ))?;
        }
        WorkflowCommand::Schema => printer.drawn_line(SCHEMA.trim_end())?,
    }
    Ok(Exit::Done)
}

/// The tiers that a workflow has templates for.
fn tiers(workflow: &Workflow) -> String {
    let tiers: Vec<String> = workflow
        .variants
        .iter()
        .map(|one| one.tier.map_or_else(|| "any".to_owned(), |tier| tier.to_string()))
        .collect();
    if tiers.is_empty() { "any".to_owned() } else { tiers.join(", ") }
}

/// What makes its plans: "2 steps", by tier "1, 6, 14 steps", "3 parts", "planner robot, or 5 steps".
fn planned_by(workflow: &Workflow) -> String {
    let planner = workflow.planner.iter().map(|worker| format!("planner {worker}"));
    let sizes = |of: fn(&Variant) -> usize| -> Vec<usize> {
        workflow.variants.iter().map(of).filter(|size| *size > 0).collect()
    };
    let templates = [(sizes(|one| one.steps.len()), "step"), (sizes(|one| one.parts.len()), "part")];
    let templates = templates.iter().filter_map(|(sizes, thing)| match sizes.as_slice() {
        [] => None,
        [only] => Some(count(*only, thing)),
        several => Some(format!("{} {thing}s", several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
    });
    let all: Vec<String> = planner.chain(templates).collect();
    all.join(", or ")
}

fn required(args: &ChartFileArgs) -> Result<Chart, Failure> {
    load_chart(args.org.as_deref())?.ok_or_else(|| {
        Failure::new(Exit::Usage, "no chart was named, and there is no org.toml here", "name one with --org FILE")
    })
}
