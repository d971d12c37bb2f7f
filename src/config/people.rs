//! The people of a chart, and the places that nobody stands at from the start.

use std::collections::BTreeMap;

use super::chart::declared_twice;
use super::reader::Table;
use super::{place, reference};
use crate::domain::id::PersonId;
use crate::domain::org::{Chart, Person, PersonRole};
use crate::domain::role::Role;

/// Reads the people into the chart, which has its departments.
pub(super) fn people(tables: Vec<Table<'_>>, chart: &mut Chart) {
    let mut declared: Vec<(Option<PersonId>, Table<'_>)> = Vec::new();
    let mut somebody_decides = false;
    let mut known_by: BTreeMap<u32, String> = BTreeMap::new();
    for mut table in tables {
        let id = table.required("id", "`id = \"ada\"`").and_then(|value| value.id::<PersonId>());
        if id.is_some()
            && let Some((_, other)) = declared.iter().find(|(other, _)| *other == id)
        {
            declared_twice(&table, other);
        }
        let name = table.optional("name").and_then(|value| value.line_of_text());
        // A role that cannot be read is a fault already; it is none that nobody could decide.
        let role = table.optional("role").and_then(|value| value.word(PersonRole::ALL)).unwrap_or(PersonRole::Manager);
        let department = table.optional("department").and_then(|value| {
            reference::one_of(&value, "department", chart.departments.keys().map(|id| (id.as_str(), id.clone())))
        });
        let uid = table.optional("uid").and_then(|value| {
            let uid = value.small_integer(0..=u32::MAX)?;
            if let Some(other) = known_by.insert(uid, table.label().to_owned()) {
                value.fault(format!("{other} has uid {uid} already"), "give each their own, or leave one of them out");
            }
            Some(uid)
        });
        table.finish();
        somebody_decides |= role >= PersonRole::Manager;
        if let Some(id) = &id {
            let name = name.unwrap_or(id.as_str()).to_owned();
            chart.people.insert(id.clone(), Person { id: id.clone(), name, role, department, uid });
        }
        declared.push((id, table));
    }
    if let Some((_, first)) = declared.first()
        && !somebody_decides
    {
        first.fault("nobody could decide anything", "give one person the role `manager` or `operator`");
    }
}

/// Reads the absences into the chart, which has everybody who may be absent.
pub(super) fn absences(tables: Vec<Table<'_>>, chart: &mut Chart) {
    let mut lines: BTreeMap<Role, usize> = BTreeMap::new();
    for mut table in tables {
        let role = table.required("role", "`role = \"backend:lead\"`, who is absent");
        let reason = table.required("reason", "`reason = \"on leave\"`").and_then(|value| value.line_of_text());
        let found = role.as_ref().and_then(|value| place::role(value, chart));
        table.finish();
        let (Some(value), Some(role)) = (role, found) else { continue };
        if let Some(line) = lines.insert(role.clone(), value.line()) {
            value.fault(format!("`{role}` is absent already, as line {line} says"), "say it once");
        }
        chart.absences.insert(role, reason.unwrap_or_default().to_owned());
    }
}
