//! The words of standups: how each department stands, in half a line.

use crate::domain::standup::{Capacity, Content, Report, Summary};

/// The line of a standup: one part for each department.
pub(super) fn line(reports: &[Report]) -> String {
    let parts: Vec<String> = reports.iter().map(part).collect();
    if parts.is_empty() { "standup: nobody is there to report".to_owned() } else { parts.join("; ") }
}

fn part(report: &Report) -> String {
    let (name, summary, capacity) = match &report.content {
        Content::Contributor(found) => {
            return format!("standup {}: has {}", found.ic, super::count(found.tasks.len(), "task"));
        }
        Content::Lead(found) => (found.domain.to_string(), &found.summary, found.capacity),
        Content::TechLead(found) => (found.department.to_string(), &found.summary, found.capacity),
        Content::Manager(found) => (found.line.department.to_string(), &found.line.summary, found.line.capacity),
        Content::Organisation(found) => {
            let parts: Vec<String> = found
                .iter()
                .map(|one| sentence(one.line.department.as_str(), &one.line.summary, one.line.capacity))
                .collect();
            return parts.join("; ");
        }
    };
    sentence(&name, summary, capacity)
}

fn sentence(name: &str, summary: &Summary, capacity: Capacity) -> String {
    let troubles: Vec<String> = [(summary.late, "late"), (summary.stalled, "stalled"), (summary.blocked, "blocked")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let troubles = if troubles.is_empty() { String::new() } else { format!(" ({})", troubles.join(", ")) };
    let since = if summary.since.is_some() { " since the last" } else { "" };
    let trend = summary.completed_before.map(|before| format!(" ({before} before)")).unwrap_or_default();
    let booked = capacity.percent().map(|percent| format!(", capacity {percent} %")).unwrap_or_default();
    format!("standup {name}: {} open{troubles}, {} done{since}{trend}{booked}", summary.open, summary.completed)
}
