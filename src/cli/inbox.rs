//! `echelon inbox`: what waits for somebody, and the command that deals with it.

use std::path::Path;

use clap::Args;
use console::style;

use super::OutputArgs;
use super::columns;
use super::connect::{ask, caller, command, query};
use super::exit::{Exit, Failure};
use super::live::short;
use super::needs::show_start;
use super::output::{self, Printer, readable};
use crate::api::view::{InboxGroup, InboxItem, InboxView, StoryView, UnreadView};
use crate::api::wire::{Act, Acted, Ask, Query};
use crate::telemetry::narrative::quote;

#[derive(Args, Debug)]
pub(super) struct InboxArgs {
    /// Whose: a person, an IC, `software:tech-lead`, `backend:lead`, `operator` [default: one's own]
    role: Option<String>,
    /// Leave broadcasts unread
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: InboxArgs, printer: &Printer) -> Result<Exit, Failure> {
    let named = args.role.is_some();
    let role = match (args.role, caller()) {
        // Without a daemon nobody else knows who asks.
        (None, Some(person)) => Some(format!("person:{person}")),
        (role, _) => role,
    };
    let view: InboxView = query(data_dir, Query::Inbox { role }).await?;
    if args.output.json {
        printer.json(&view)?
    } else {
        show(printer, data_dir, &readable(&view)?)?
    }
    let is_own = !named || caller().is_some_and(|person| view.role == format!("person:{person}"));
    if is_own && view.running && !args.keep {
        mark_read(data_dir, &view).await?;
    }
    Ok(Exit::Done)
}

/// Says that a person has read what was shown to them.
async fn mark_read(data_dir: &Path, view: &InboxView) -> Result<(), Failure> {
    let Some(own) = view.groups.iter().find(|group| group.who == view.role && !group.broadcasts.is_empty()) else {
        return Ok(());
    };
    let broadcasts = own.broadcasts.iter().map(|one| one.id.clone()).collect();
    let read = Act::Read { role: view.role.clone(), broadcasts };
    let _: Acted = ask(data_dir, Ask::Act(read)).await?.one().await?;
    Ok(())
}

fn show(printer: &Printer, data_dir: &Path, view: &InboxView) -> Result<(), Failure> {
    let waits: usize = view.groups.iter().map(|group| group.items.len() + group.broadcasts.len()).sum();
    if waits == 0 {
        printer.line(format!("Nothing waits for {}.", view.role))?;
    }
    let several = view.groups.iter().filter(|group| !group.items.is_empty()).count() > 1 || view.groups.len() > 1;
    let mut first = true;
    for group in &view.groups {
        if group.items.is_empty() && group.broadcasts.is_empty() && group.absent.is_none() {
            continue;
        }
        if !std::mem::take(&mut first) {
            printer.line("")?;
        }
        if several || group.absent.is_some() || group.name.is_some() {
            printer.prose("", heading(group))?;
        }
        for item in &group.items {
            show_item(printer, data_dir, item)?;
        }
        for broadcast in &group.broadcasts {
            show_broadcast(printer, broadcast)?;
        }
    }
    if waits > 0 && !view.running {
        show_start(printer, data_dir)?;
    }
    Ok(())
}

fn heading(group: &InboxGroup) -> String {
    let name = group.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let absent = group.absent.as_ref().map(|why| format!(", {}", style(quote(why)).red())).unwrap_or_default();
    format!("{}{name}{absent}", style(&group.who).bold())
}

fn show_item(printer: &Printer, data_dir: &Path, item: &InboxItem) -> Result<(), Failure> {
    let about = match (&item.key, &item.title) {
        (Some(key), Some(title)) => format!("{}: {title}", style(key).bold()),
        _instruction => quote(item.text.as_deref().unwrap_or_default()),
    };
    let id = style(short(&item.id)).bold();
    printer.prose(&format!("{id}  {}  ", output::state(&item.state)), about)?;
    let indented = |text: &str| printer.prose("    ", text);
    let mut facts =
        vec![format!("{}, {} priority, waits for {}", item.what, item.priority, span(item.waiting_seconds))];
    match (item.overdue_seconds, &item.due, &item.stands_still) {
        (Some(over), _, _) => facts.push(style(format!("overdue by {}", span(over))).red().to_string()),
        (None, Some(due), _) => facts.push(format!("due {} UTC", output::time(due))),
        (None, None, Some(why)) => facts.push(format!("its clock stands still: {why}")),
        (None, None, None) => {}
    }
    indented(&facts.join(", "))?;
    if let (Some(_), Some(instruction), Some(text)) = (&item.key, &item.instruction, &item.text) {
        indented(&style(format!("for {}: {}", short(instruction), quote(text))).dim().to_string())?;
    }
    item.detail.iter().try_for_each(|text| indented(text))?;
    if let Some(story) = &item.story {
        show_story(printer, story)?;
    }
    for option in &item.options {
        let recommended = if option.number == 1 { " (recommended)" } else { "" };
        printer.prose(&format!("    {}. ", option.number), format!("{}{recommended}", option.label))?;
    }
    for words in &item.commands {
        printer.line(format!("    {}", style(command(data_dir, words)).cyan()))?;
    }
    Ok(())
}

fn show_story(printer: &Printer, story: &StoryView) -> Result<(), Failure> {
    let late = if story.overdue_seconds > 0 { format!(" by {}", span(story.overdue_seconds)) } else { String::new() };
    let raised = output::time(&story.raised);
    printer.prose("    ", format!("{}{late}, raised {raised} UTC while {}", story.trouble, story.state))?;
    for turn in &story.turns {
        let how = if turn.skipped { "passed over" } else { "had it" };
        printer.prose("      ", format!("{} {how}: {}", turn.holder, turn.outcome))?;
    }
    match &story.decision {
        Some(decision) => printer.prose("      ", format!("decided: {decision}")),
        None => Ok(()),
    }
}

fn show_broadcast(printer: &Printer, broadcast: &UnreadView) -> Result<(), Failure> {
    let kind = style(&broadcast.kind).yellow();
    let at = output::time(&broadcast.at);
    let (channel, from) = (&broadcast.channel, &broadcast.from);
    printer.prose("", format!("{kind} to {channel} from {from}, {at} UTC: {}", broadcast.subject))?;
    printer.prose("    ", &broadcast.impact)?;
    broadcast.action_items.iter().try_for_each(|item| printer.prose("    - ", item))
}

/// Seconds as people say them.
fn span(seconds: i64) -> String {
    columns::span(seconds.saturating_mul(1_000))
}
