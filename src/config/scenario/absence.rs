//! Reads who is not there in a scenario, and when.

use std::collections::BTreeMap;

use super::PlannedAbsence;
use super::arrivals::moment;
use super::read::{Place, SPAN_LIMIT};
use crate::config::reader::{Table, Value};
use crate::config::{place, reference};
use crate::domain::id::DomainId;
use crate::domain::org::Chart;
use crate::domain::role::Role;
use crate::domain::time::Millis;

/// The absences in the order of the file; a domain's ICs one by one.
pub(super) fn read(tables: Vec<Table<'_>>, place: Place<'_>) -> Vec<PlannedAbsence> {
    let mut absences: Vec<PlannedAbsence> = Vec::new();
    // When each is away, with the line that says so.
    let mut away: BTreeMap<Role, Vec<(Millis, Millis, usize)>> = BTreeMap::new();
    for mut table in tables {
        let who = table.required("who", "`who = \"backend\"`, an IC, all of a domain, or a lead (`backend:lead`)");
        let share_value = table.optional("share");
        let share = share_value
            .as_ref()
            .map(|value| value.number("a share, more than 0 and at most 1", |share| share > 0.0 && share <= 1.0));
        let from = table.optional("from").map_or(Some(Millis(0)), |value| moment(&value, place));
        let span = table.required("for", "`for = \"3d\"`").and_then(|value| value.duration(Millis(1), SPAN_LIMIT));
        table.finish();
        let (Some(value), Some(chart)) = (who, place.chart) else { continue };
        let roles = who_is_away(&value, share_value.as_ref(), share.flatten(), chart);
        let (Some(from), Some(span)) = (from, span) else { continue };
        let until = Millis(from.0.saturating_add(span.0));
        for role in roles {
            let times = away.entry(role.clone()).or_default();
            if let Some((_, _, line)) = times.iter().find(|(begin, end, _)| *begin < until && from < *end) {
                value.fault(
                    format!("`{role}` is away already at that time, as line {line} says"),
                    "say it once, for all of the time",
                );
            }
            times.push((from, until, value.line()));
            absences.push(PlannedAbsence { who: role, from, span });
        }
    }
    absences
}

/// An IC or another place, or so many of the ICs of a domain, the first in order of their ids.
fn who_is_away(value: &Value<'_>, share_value: Option<&Value<'_>>, share: Option<f64>, chart: &Chart) -> Vec<Role> {
    let Some(text) = value.text() else { return Vec::new() };
    let is_domain = |id: &DomainId| id.as_str() == text || id.name() == text;
    let is_manager = matches!(text, "tech-lead" | "engineering-manager");
    // What has neither a place in a domain nor a word behind a colon can only be a domain.
    let means_domain = chart.domains.keys().any(is_domain) || !(text.contains(['/', ':']) || is_manager);
    if !means_domain {
        if let Some(share_value) = share_value {
            share_value.fault("`share` is for the ICs of a domain", "drop it, or name a domain");
        }
        return place::role(value, chart).into_iter().collect();
    }
    let Some(domain) = reference::domain(value, None, chart) else { return Vec::new() };
    let ics: Vec<Role> = chart.ics_of(&domain).map(|ic| Role::Ic(ic.id.clone())).collect();
    let share = share.unwrap_or(1.0);
    let count = ics.len();
    // Rounded to the nearest, and at least one: nobody says that nobody is away.
    let first = (1..=count).rev().find(|first| as_number(*first) <= as_number(count) * share + 0.5).unwrap_or(1);
    ics.into_iter().take(first).collect()
}

fn as_number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
