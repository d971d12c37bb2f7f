//! One instruction as a tree: the organisation's domains, the tasks in them, who has what and how far it is.

use std::collections::BTreeMap;
use std::time::Duration;

use console::style;

use super::output::{self, pad};
use crate::api::view::{InstructionView, TaskView};
use crate::clock::{Clock, SystemClock};
use crate::domain::time::WallTime;

/// Widest bar of the header, in characters.
const BAR: usize = 20;

/// The lines of the tree.
pub(super) fn lines(view: &InstructionView, elapsed: Option<Duration>) -> Vec<String> {
    let instruction = &view.instruction;
    let now = SystemClock::default().now().wall;
    let paused = if instruction.paused.is_some() { ", paused" } else { "" };
    let mut lines = vec![format!(
        "{}  {}{paused}  {}  {} {}/{}{}",
        style(short(&instruction.id)).bold(),
        output::state(&instruction.state),
        instruction.work_type.as_deref().unwrap_or("?"),
        bar(instruction.tasks_over, instruction.tasks),
        instruction.tasks_over,
        instruction.tasks,
        elapsed.map(|elapsed| format!("  {}", clock(elapsed))).unwrap_or_default(),
    )];
    let mut domains: BTreeMap<&str, Vec<&TaskView>> = BTreeMap::new();
    for task in &view.tasks {
        domains.entry(&task.domain).or_default().push(task);
    }
    let widest = |text: fn(&TaskView) -> &str| view.tasks.iter().map(|task| text(task).len()).max().unwrap_or(0);
    let (key_width, who_width, state_width) = (widest(|task| &task.key), widest(who), widest(|task| &task.state));
    let last_domain = domains.len().saturating_sub(1);
    for (place, (domain, tasks)) in domains.iter().enumerate() {
        let (branch, trunk) = if place == last_domain { ("└─", "  ") } else { ("├─", "│ ") };
        lines.push(format!("{} {}", style(branch).dim(), style(domain).bold()));
        for (place, task) in tasks.iter().enumerate() {
            let twig = if place + 1 == tasks.len() { "└─" } else { "├─" };
            let line = format!(
                "{} {} {:key_width$}  {:who_width$}  {}  {:>5}  {}",
                style(trunk).dim(),
                style(twig).dim(),
                task.key,
                who(task),
                pad(&output::state(&task.state), state_width),
                in_state(task, now),
                remark(task),
            );
            lines.push(line.trim_end().to_owned());
        }
    }
    lines
}

/// How long an open task has been in its state.
fn in_state(task: &TaskView, now: WallTime) -> String {
    match (task.state.as_str(), task.since.parse::<WallTime>()) {
        ("COMPLETED" | "CANCELLED", _) | (_, Err(_)) => String::new(),
        (_, Ok(since)) => clock(now.since(since).to_duration()),
    }
}

fn who(task: &TaskView) -> &str {
    task.assignee.as_deref().map_or("-", name)
}

/// The last part of a place in the organisation.
pub(super) fn name(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

/// What there is to say about a task besides its state.
fn remark(task: &TaskView) -> String {
    let mut remarks = Vec::new();
    if let Some(percent) = task.percent {
        remarks.push(format!("{percent} %"));
    }
    match (&task.gate, &task.reviewer) {
        (Some(gate), Some(reviewer)) => remarks.push(format!("{gate} gate, {reviewer}")),
        (None, Some(reviewer)) => remarks.push(format!("by {reviewer}")),
        (_, None) => {}
    }
    if !task.waits_for.is_empty() {
        remarks.push(format!("waits for {}", task.waits_for.join(", ")));
    }
    if task.attempts > 1 && task.state == "IN_PROGRESS" {
        remarks.push(format!("attempt {}", task.attempts));
    }
    if let Some(note) = &task.note {
        remarks.push(note.clone());
    }
    if task.simulated {
        remarks.push("[simulated]".to_owned());
    }
    if remarks.is_empty() { String::new() } else { style(remarks.join(" · ")).dim().to_string() }
}

fn bar(done: usize, all: usize) -> String {
    let filled = (BAR * done).checked_div(all).unwrap_or(0);
    format!("{}{}", style("━".repeat(filled)).green(), style("─".repeat(BAR - filled)).dim())
}

fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds / 3600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// An id as people read it: the prefix and the last eight digits.
pub(super) fn short(id: &str) -> String {
    match id.split_once('_') {
        Some((prefix, digits)) if digits.len() > 8 => {
            format!("{prefix}_{}", digits.get(digits.len() - 8..).unwrap_or(digits))
        }
        _as_it_is => id.to_owned(),
    }
}

/// The tree on a terminal, drawn over itself. It is gone when this is: what is shown last is printed by whoever ends it.
pub(super) struct Live;

impl Live {
    pub(super) fn draw(&self, lines: Vec<String>) {
        output::draw(lines);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        output::erase();
    }
}
