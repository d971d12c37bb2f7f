//! `echelon broadcast`: tells many something, and shows who has read it.

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::connect::ask;
use super::connect::query;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::{self, Printer, count, readable};
use crate::api::view::BroadcastView;
use crate::api::wire::{Ask, Broadcast, Query, Sent};
use crate::domain::protocol::NoticeKind;

#[derive(Args, Debug)]
pub(super) struct BroadcastArgs {
    /// To whom: all, domain-leads, tech-leads, or a domain with -team after it, such as backend-team
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    channel: Option<String>,
    /// What there is to say, in one line
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    subject: Option<String>,
    /// What it is about: priority-change, resource-shift, milestone, blocker, celebration
    #[arg(long, value_name = "KIND", required_unless_present = "list", conflicts_with = "list")]
    kind: Option<NoticeKind>,
    /// What it means for whoever reads it
    #[arg(long, value_name = "TEXT", conflicts_with = "list")]
    impact: Option<String>,
    /// Something that is to be done; may be given several times
    #[arg(long = "action", value_name = "TEXT", conflicts_with = "list")]
    actions: Vec<String>,
    /// Show the latest instead, with who has read them
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: BroadcastArgs, printer: &Printer) -> Result<Exit, Failure> {
    let (Some(channel), Some(subject), Some(kind)) = (args.channel, args.subject, args.kind) else {
        return list(data_dir, args.output, printer).await;
    };
    let impact = args.impact.unwrap_or_default();
    let broadcast = Broadcast { channel, kind, subject, impact, action_items: args.actions };
    let sent: Sent = ask(data_dir, Ask::Broadcast(broadcast)).await?.one().await?;
    if args.output.json {
        printer.json(&sent)?;
    } else {
        let reached = count(sent.recipients, "recipient");
        printer.line(format!("{} went to {} ({reached})", short(&sent.id), sent.channel))?;
    }
    Ok(Exit::Done)
}

async fn list(data_dir: &Path, output: OutputArgs, printer: &Printer) -> Result<Exit, Failure> {
    let found: Vec<BroadcastView> = query(data_dir, Query::Broadcasts).await?;
    if output.json {
        printer.json(&found)?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        printer.line("Nothing was broadcast.")?;
    }
    for (place, one) in readable(&found)?.iter().enumerate() {
        if place > 0 {
            printer.line("")?;
        }
        show(printer, one)?;
    }
    Ok(Exit::Done)
}

fn show(printer: &Printer, one: &BroadcastView) -> Result<(), Failure> {
    printer.line(format!("{}  {}  {}", short(&one.id), style(&one.kind).cyan(), style(&one.subject).bold()))?;
    printer.line(format!("  to {} from {}, {} UTC", one.channel, one.from, output::time(&one.at)))?;
    if !one.impact.is_empty() {
        printer.line(format!("  impact: {}", one.impact))?;
    }
    for item in &one.action_items {
        printer.line(format!("  to do: {item}"))?;
    }
    let everybody = one.read.len() + one.unread.len();
    printer.line(format!("  read by {} of {everybody}", one.read.len()))?;
    for mark in &one.read {
        printer.line(format!("    {} {}  {} UTC", style("✓").green(), mark.role, output::time(&mark.at)))?;
    }
    for role in &one.unread {
        printer.line(format!("    {} {role}", style("·").dim()))?;
    }
    Ok(())
}
