//! `echelon task`: looks at tasks, cancels one, or does something with it.

use std::path::Path;

use clap::Subcommand;
use console::style;

use super::connect::{ask, query};
use super::exit::{Exit, Failure};
use super::live::{name, short};
use super::output::{self, Printer, count, readable};
use super::work::WorkCommand;
use super::{OutputArgs, act};
use crate::api::view::{TaskDetail, TaskView};
use crate::api::wire::{Ask, Cancelled, Query};

#[derive(Subcommand, Debug)]
pub(super) enum TaskCommand {
    /// Tasks of open instructions, or those of one instruction
    List {
        /// Only those of this instruction, finished or not
        #[arg(long, value_name = "ID")]
        instruction: Option<String>,
        /// Only those in this state
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// One task, whole
    Show {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        id: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Stop a task, or an instruction with all its tasks
    Cancel {
        /// The task or instruction: its id, or a unique beginning or end of it
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    #[command(flatten)]
    Work(WorkCommand),
}

pub(super) async fn run(data_dir: &Path, command: TaskCommand, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        TaskCommand::List { instruction, state, output } => {
            let mut tasks: Vec<TaskView> = query(data_dir, Query::Tasks { instruction }).await?;
            if let Some(state) = state {
                tasks.retain(|task| task.state.eq_ignore_ascii_case(&state));
            }
            if output.json { printer.json(&tasks)? } else { show_list(printer, &readable(&tasks)?)? }
        }
        TaskCommand::Show { id, output } => {
            let task: TaskDetail = query(data_dir, Query::Task { id }).await?;
            if output.json { printer.json(&task)? } else { show(printer, &readable(&task)?)? }
        }
        TaskCommand::Cancel { id, reason } => {
            let cancelled: Cancelled = ask(data_dir, Ask::Cancel { id, reason }).await?.one().await?;
            printer.line(format!("{} is cancelled", short(&cancelled.id)))?;
        }
        TaskCommand::Work(command) => return act::run(data_dir, command, printer).await,
    }
    Ok(Exit::Done)
}

fn show_list(printer: &Printer, tasks: &[TaskView]) -> Result<(), Failure> {
    if tasks.is_empty() {
        return printer.line("No such tasks; add `--instruction ID` for those of an instruction that is over.");
    }
    let mut table = printer.table(&["TASK", "NAME", "STATE", "WHO", "DOMAIN", "NEXT"]);
    for task in tasks {
        table.add_row([
            short(&task.id),
            task.key.clone(),
            output::state(&task.state),
            task.assignee.as_deref().map_or("-", name).to_owned(),
            name(&task.domain).to_owned(),
            next(task),
        ]);
    }
    printer.show_table(&table)
}

/// Who must act next and on what, or what is waited for.
fn next(task: &TaskView) -> String {
    if !task.waits_for.is_empty() {
        return format!("waits for {}", task.waits_for.join(", "));
    }
    task.next.iter().map(|owed| format!("{}: {}", owed.who, owed.what)).collect::<Vec<_>>().join("; ")
}

fn show(printer: &Printer, detail: &TaskDetail) -> Result<(), Failure> {
    let task = &detail.task;
    printer.line(format!("{}  {}  {}", style(&task.id).bold(), output::state(&task.state), task.title))?;
    let field = |title: &str, value: &str| -> Result<(), Failure> {
        if value.is_empty() { Ok(()) } else { printer.prose(&format!("  {:12} ", style(title).dim()), value) }
    };
    field("name", &task.key)?;
    field("instruction", &task.instruction)?;
    field("domain", &task.domain)?;
    field("who", task.assignee.as_deref().unwrap_or("-"))?;
    field("since", &format!("{} UTC", output::time(&task.since)))?;
    field("next", &next(task))?;
    field("note", task.note.as_deref().unwrap_or_default())?;
    let skills = list(&detail.skills);
    field("work", &format!("{}, {}, {skills}", effort(detail.effort_hours), detail.complexity))?;
    field("after", &detail.needs.join(", "))?;
    let rounds = count(task.rounds, "review round");
    field("attempts", &format!("{}, {rounds}", task.attempts))?;
    field("workspace", &output::path(&task.workspace))?;
    field("files", &task.artefacts.join(", "))?;
    if task.simulated {
        field("simulated", "a simulated worker made this up")?;
    }
    let section = |title: &str, lines: Vec<String>| -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        printer.line(style(title).bold())?;
        lines.iter().try_for_each(|text| printer.prose("  ", text))
    };
    section("What to do", detail.description.lines().map(str::to_owned).collect())?;
    section("Done when", detail.criteria.clone())?;
    let mark = |passed: bool| if passed { style("holds").green() } else { style("fails").red() };
    section(
        "Checks",
        detail
            .checks
            .iter()
            .map(|check| format!("{}  {}: {} ({})", mark(check.passed), check.path, check.check, check.detail))
            .collect(),
    )?;
    section(
        "Reviews",
        detail
            .reviews
            .iter()
            .map(|review| format!("{}: {} by {}, {}", review.gate, review.outcome, review.by, review.basis))
            .collect(),
    )?;
    section("Changes wanted", detail.findings.clone())?;
    section("On the way", detail.notes.clone())?;
    section(
        "Questions",
        detail.questions.iter().map(|one| format!("{} from {}: {}", short(&one.id), one.from, one.text)).collect(),
    )
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no particular skill".to_owned() } else { format!("takes {}", names.join(", ")) }
}

/// Hours as people say them.
fn effort(hours: f64) -> String {
    let minutes = (hours * 60.0).round();
    if minutes < 60.0 { format!("{minutes} min") } else { format!("{} h", (hours * 100.0).round() / 100.0) }
}
