//! The pages of an IC and of the lead of a domain.

use console::style;

use super::{capacity, counts, headline, more, risks, title};
use crate::api::view::{ContributorView, DeskView, LeadView, MemberView, WaitingView};
use crate::cli::columns::{aligned, booked, due, hours, span};
use crate::cli::live::{name, short};
use crate::cli::output::{self, count};

pub(super) fn contributor(found: &ContributorView) -> Vec<String> {
    let mut lines = vec![capacity(&found.capacity)];
    lines.extend(found.absent.as_deref().map(|why| format!("  {}", style(why).red())));
    if found.reviews > 0 {
        let reviews = count(found.reviews, "review");
        lines.push(format!("  {reviews} of others' work to do"));
    }
    if found.tasks.is_empty() {
        lines.push("  nothing on the desk".to_owned());
        return lines;
    }
    lines.push(String::new());
    let rows: Vec<Vec<String>> = found.tasks.iter().map(desk).collect();
    let mut table = aligned(&["TASK", "STATE", "DONE", "SPENT", "LEFT", "DUE"], &rows).into_iter();
    lines.extend(table.next());
    for (line, one) in table.zip(&found.tasks) {
        lines.push(line);
        lines.extend(one.blocker.as_deref().map(|why| format!("      {}", style(why).red())));
        if !one.next.is_empty() {
            lines.push(format!("      {}", style(format!("next: {}", one.next)).dim()));
        }
    }
    lines.extend(more(found.more, "tasks"));
    lines
}

fn desk(one: &DeskView) -> Vec<String> {
    vec![
        format!("{} ({})", one.key, short(&one.task)),
        output::state(&one.state),
        one.percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent} %")),
        span(one.spent_ms),
        hours(one.left_hours),
        due(one.due_in_ms),
    ]
}

pub(super) fn lead(found: &LeadView) -> Vec<String> {
    let mut lines = vec![headline(&found.summary), capacity(&found.capacity)];
    if !found.summary.states.is_empty() {
        lines.push(format!("  {}", counts(&found.summary.states)));
    }
    lines.extend(title("Team"));
    let rows: Vec<Vec<String>> = found.members.iter().map(member).collect();
    lines.extend(aligned(&["WHO", "TASKS", "AT WORK", "BOOKED"], &rows));
    lines.extend(more(found.more_members, "people"));
    if !found.milestones.is_empty() {
        lines.extend(title("Milestones"));
        for one in &found.milestones {
            let late = one.late_ms.map(|by| style(format!(", late by {}", span(by))).red().to_string());
            let progress = match one.children {
                0 => "not broken down yet".to_owned(),
                children => format!("{} of {children} done", one.over),
            };
            lines.push(format!("  {} ({})  {progress}{}", one.key, short(&one.task), late.unwrap_or_default()));
        }
        lines.extend(more(found.more_milestones, "milestones"));
    }
    lines.extend(handoffs("Handoffs in", &found.handoffs_in, found.waiting_in));
    lines.extend(handoffs("Handoffs out", &found.handoffs_out, found.waiting_out));
    lines.extend(risks(&found.risks));
    lines
}

fn member(one: &MemberView) -> Vec<String> {
    let booked = match &one.absent {
        Some(why) => style(why).red().to_string(),
        None => booked(one.capacity.percent),
    };
    vec![name(&one.ic).to_owned(), one.tasks.to_string(), one.running.to_string(), booked]
}

fn handoffs(name: &str, found: &[WaitingView], all: u32) -> Vec<String> {
    let mut lines = Vec::new();
    if found.is_empty() {
        return lines;
    }
    lines.extend(title(name));
    for one in found {
        lines.push(format!(
            "  {} ({})  from {} to {}, waits for {}",
            one.key,
            short(&one.task),
            one.from,
            one.to.join(", "),
            span(one.waited_ms)
        ));
    }
    lines.extend(more(all.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX)), "packages"));
    lines
}
