//! The page of a department: what its tech lead and its engineering manager report.

use console::style;

use super::{capacity, counts, headline, more, risks, title};
use crate::api::view::{Count, DepartmentStandupView, ForecastView, TeamView};
use crate::cli::columns::{aligned, booked, hours};
use crate::cli::live::short;
use crate::cli::output;
use crate::domain::role::Level;

pub(super) fn lines(found: &DepartmentStandupView) -> Vec<String> {
    let mut lines = vec![String::new(), style(&found.department).bold().to_string()];
    lines.push(headline(&found.summary));
    lines.push(capacity(&found.capacity));
    if let Some(states) = found.instruction_states.as_ref().filter(|states| !states.is_empty()) {
        lines.push(format!("  instructions: {}", counts(states)));
    }
    if !found.escalations.is_empty() {
        let person = Level::Person.to_string();
        let with = |one: &Count| {
            let article = if one.name == person { "a" } else { "the" };
            format!("{} with {article} {}", one.count, one.name)
        };
        let levels: Vec<String> = found.escalations.iter().map(with).collect();
        lines.push(format!("  escalations: {}", style(levels.join(", ")).red()));
    }
    lines.extend(title("Domains"));
    let rows: Vec<Vec<String>> = found.teams.iter().map(team).collect();
    lines.extend(aligned(&["DOMAIN", "OPEN", "LATE", "STALLED", "BLOCKED", "DONE", "BOOKED"], &rows));
    lines.extend(more(found.more_teams, "domains"));
    if !found.instructions.is_empty() {
        lines.extend(title("Instructions"));
        found.instructions.iter().for_each(|one| lines.extend(forecast(one)));
        lines.extend(more(found.more_instructions, "instructions"));
    }
    lines.extend(risks(&found.risks));
    if !found.no_gos.is_empty() {
        lines.extend(title("A person decides"));
        for one in &found.no_gos {
            lines.push(format!("  {}  {}", short(&one.instruction), style(&one.facts).red()));
        }
        lines.extend(more(found.more_no_gos, "instructions"));
    }
    lines
}

fn team(one: &TeamView) -> Vec<String> {
    let trouble = |number: u32| match number {
        0 => style("-".to_owned()).dim().to_string(),
        some => style(some.to_string()).red().to_string(),
    };
    vec![
        one.domain.rsplit('/').next().unwrap_or_default().to_owned(),
        one.summary.open.to_string(),
        trouble(one.summary.late),
        trouble(one.summary.stalled),
        trouble(one.summary.blocked),
        one.summary.completed.to_string(),
        booked(one.capacity.percent),
    ]
}

fn forecast(one: &ForecastView) -> Vec<String> {
    let paused = if one.paused { ", paused" } else { "" };
    let mut lines = vec![format!(
        "  {}  {}{paused}  {}/{}  {}",
        short(&one.instruction),
        output::state(&one.state),
        one.over,
        one.tasks,
        one.text
    )];
    if !one.path.is_empty() {
        let more = if one.more_steps > 0 { format!(" → {} more", one.more_steps) } else { String::new() };
        let slack = one.slack_hours.map(|slack| format!(", slack {}", hours(slack))).unwrap_or_default();
        let path = format!("{}{more}: {} left{slack}", one.path.join(" → "), hours(one.path_hours));
        lines.push(format!("      {}", style(path).dim()));
    }
    lines
}
