//! `echelon handoff`: looks at packages that wait for other domains, accepts them or sends them back.

use std::path::Path;

use clap::Subcommand;
use console::style;

use super::OutputArgs;
use super::columns::{aligned, due};
use super::connect::ask;
use super::connect::{command, query};
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, count, readable};
use crate::api::view::{HandoffView, PackageView, ReceiverView};
use crate::api::wire::{Ask, Judged, Query, Verdict};

#[derive(Subcommand, Debug)]
pub(super) enum HandoffCommand {
    /// Packages that wait for another domain
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// One package: its files, its checklist, and who says what about it
    Show {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Accept a package, or items of it, in the name of a receiving domain
    Accept {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// The receiving domain [default: the only one that has not accepted]
        #[arg(long = "for", value_name = "DOMAIN")]
        receiver: Option<String>,
        /// The number of an item that holds; may be given several times [default: all of them]
        #[arg(long = "item", value_name = "N")]
        items: Vec<u32>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Send a package back to whoever made it
    Reject {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// The receiving domain [default: the only one that has not accepted]
        #[arg(long = "for", value_name = "DOMAIN")]
        receiver: Option<String>,
        /// The number of an item that fails; may be given several times
        #[arg(long = "item", value_name = "N")]
        items: Vec<u32>,
        /// What is wrong, and what would be right
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(super) async fn run(data_dir: &Path, asked: HandoffCommand, printer: &Printer) -> Result<Exit, Failure> {
    let (verdict, output) = match asked {
        HandoffCommand::List { output } => {
            let found: Vec<HandoffView> = query(data_dir, Query::Handoffs).await?;
            if output.json {
                printer.json(&found)?
            } else {
                list(printer, data_dir, &readable(&found)?)?
            }
            return Ok(Exit::Done);
        }
        HandoffCommand::Show { task, output } => {
            let found: PackageView = query(data_dir, Query::Handoff { task }).await?;
            if output.json {
                printer.json(&found)?
            } else {
                show(printer, data_dir, &readable(&found)?)?
            }
            return Ok(Exit::Done);
        }
        HandoffCommand::Accept { task, receiver, items, output } => {
            (Verdict { task, receiver, items, rejected: None }, output)
        }
        HandoffCommand::Reject { task, receiver, items, reason, output } => {
            (Verdict { task, receiver, items, rejected: Some(reason) }, output)
        }
    };
    let judged: Judged = ask(data_dir, Ask::Judge(verdict)).await?.one().await?;
    if output.json {
        printer.json(&judged)?;
    } else {
        printer.line(sentence(&readable(&judged)?))?;
    }
    Ok(Exit::Done)
}

/// What came of a verdict, in one line.
fn sentence(judged: &Judged) -> String {
    let task = format!("{} ({})", judged.key, short(&judged.task));
    match judged.outcome.as_str() {
        "rejected" => format!("{task} goes back from {}; it is {} now", judged.receiver, judged.state),
        "verified" => {
            let missing: Vec<String> = judged.missing.iter().map(ToString::to_string).collect();
            format!("{task}: {} has not verified item {} yet", judged.receiver, missing.join(", "))
        }
        _accepted if judged.waits_for.is_empty() => {
            format!("{task} is accepted by {}; it is {}", judged.receiver, judged.state)
        }
        _accepted => {
            format!("{task} is accepted by {}; it still waits for {}", judged.receiver, judged.waits_for.join(", "))
        }
    }
}

fn list(printer: &Printer, data_dir: &Path, found: &[HandoffView]) -> Result<(), Failure> {
    if found.is_empty() {
        return printer.line("No package waits for another domain.");
    }
    let row = |one: &HandoffView| {
        let waiting: Vec<&str> =
            one.receivers.iter().filter(|one| !one.accepted).map(|one| one.domain.as_str()).collect();
        vec![
            format!("{} ({})", one.key, short(&one.task)),
            one.from.clone(),
            waiting.join(", "),
            output::time(&one.since),
            due(one.due_in_ms),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    for line in aligned(&["TASK", "FROM", "WAITS FOR", "SINCE (UTC)", "DUE"], &rows) {
        printer.line(line)?;
    }
    printer.line("")?;
    printer.line(format!("look at one with `{}`", command(data_dir, "handoff show TASK")))
}

fn show(printer: &Printer, data_dir: &Path, package: &PackageView) -> Result<(), Failure> {
    let handoff = &package.handoff;
    let task = format!("{} ({})", style(&handoff.key).bold(), short(&handoff.task));
    printer.prose("", format!("{task}  version {} from {}: {}", handoff.version, handoff.from, package.title))?;
    printer.line(format!("  waits since {} UTC, due {}", output::time(&handoff.since), due(handoff.due_in_ms)))?;
    if handoff.rejections > 0 {
        printer.line(format!("  sent back {} so far", count(handoff.rejections, "time")))?;
    }
    let title = |name: &str| printer.line(style(name).bold());
    title("Summary")?;
    printer.prose("  ", &package.summary)?;
    title("Files")?;
    for file in &package.artefacts {
        let status = match file.status.as_str() {
            "passed" => style(format!("{} hold", count(file.passed, "check"))).green(),
            "failed" => style("fails".to_owned()).red(),
            _unchecked => style("not checked".to_owned()).dim(),
        };
        printer.line(format!("  {}  {status}", output::path(&file.location)))?;
        file.failed.iter().try_for_each(|saw| printer.prose("    ", saw))?;
    }
    title("Checklist")?;
    for item in &package.items {
        printer.prose(&format!("  {}  ", item.number), &item.text)?;
        item.verified.iter().try_for_each(|by| printer.prose("       ", style(by).dim()))?;
    }
    for (name, lines) in [("On the way", &package.notes), ("Still to settle", &package.findings)] {
        if !lines.is_empty() {
            title(name)?;
            lines.iter().try_for_each(|text| printer.prose("  ", text))?;
        }
    }
    title("Receivers")?;
    handoff.receivers.iter().try_for_each(|one| printer.line(format!("  {}", receiver(one, package.items.len()))))?;
    for words in commands(handoff) {
        printer.line(format!("    {}", style(command(data_dir, &words)).cyan()))?;
    }
    Ok(())
}

/// What there is to say about a package: for which receiver has to be said where several wait for it.
fn commands(handoff: &HandoffView) -> Vec<String> {
    let task = short(&handoff.task);
    let waiting: Vec<&ReceiverView> = handoff.receivers.iter().filter(|one| !one.accepted).collect();
    let several = waiting.len() > 1;
    let both = |one: &ReceiverView| {
        let receiver = if several { format!(" --for {}", one.domain) } else { String::new() };
        [format!("handoff accept {task}{receiver}"), format!("handoff reject {task}{receiver} --item N --reason TEXT")]
    };
    waiting.into_iter().flat_map(both).collect()
}

fn receiver(found: &ReceiverView, items: usize) -> String {
    if found.accepted {
        return format!("{}  {}", found.domain, style("accepted").green());
    }
    let verified = match found.verified.len() {
        0 => String::new(),
        some => format!(", {some} of {} verified", count(items, "item")),
    };
    format!("{}  {} for {}{verified}", found.domain, style("waits").yellow(), found.judge)
}
