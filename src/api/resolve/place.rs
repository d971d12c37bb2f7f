//! Finding the place of the organisation that a person means.

use super::{SHOWN, one};
use crate::api::wire::{Code, Refusal};
use crate::domain::id::IcId;
use crate::domain::role::Role;
use crate::domain::state::State;

/// The place that `text` names: as it is shown (`software:tech-lead`, `software/backend:lead`, `software/backend/ben`,
/// `person:ada`, `operator`), or the end of that where it is unique (`backend:lead`, `ben`, `ada`).
///
/// # Errors
/// When there is none, or more than one.
pub fn role(state: &State, text: &str) -> Result<Role, Refusal> {
    let all = places(state);
    if let Some(exact) = all.iter().find(|role| role.to_string() == text) {
        return Ok(exact.clone());
    }
    let found: Vec<&Role> = all.iter().filter(|role| ends_with(&role.to_string(), text)).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known: Vec<String> = all.iter().map(ToString::to_string).collect();
            Err(Refusal::new(Code::NotFound, format!("there is no place `{text}`; there are: {}", known.join(", "))))
        }
        several => {
            let mut names: Vec<String> = several.iter().take(SHOWN).map(ToString::to_string).collect();
            if several.len() > SHOWN {
                names.push(format!("{} more", several.len() - SHOWN));
            }
            Err(Refusal::new(
                Code::Ambiguous,
                format!("`{text}` could be any of {}; give more of it", names.join(", ")),
            ))
        }
    }
}

/// Whether `text` is the end of a place's name, from the beginning of one of its parts on.
fn ends_with(name: &str, text: &str) -> bool {
    let before = name.strip_suffix(text).filter(|_| !text.is_empty());
    before.is_some_and(|before| before.ends_with(['/', ':']))
}

fn places(state: &State) -> Vec<Role> {
    let chart = &state.chart;
    let managers =
        chart.departments.keys().flat_map(|id| [Role::EngineeringManager(id.clone()), Role::TechLead(id.clone())]);
    let leads = chart.domains.keys().cloned().map(Role::DomainLead);
    let ics = chart.ics.keys().cloned().map(Role::Ic);
    let people = chart.people.keys().cloned().map(Role::Person);
    [Role::Operator].into_iter().chain(people).chain(managers).chain(leads).chain(ics).collect()
}

/// The IC that `text` names: an id, or the end of one where it is unique.
///
/// # Errors
/// When there is none, or more than one.
pub fn ic(state: &State, text: &str) -> Result<IcId, Refusal> {
    let all = state.chart.ics.keys();
    if let Some(exact) = all.clone().find(|ic| ic.as_str() == text) {
        return Ok(exact.clone());
    }
    let found: Vec<&IcId> = all.filter(|ic| ends_with(ic.as_str(), text)).collect();
    match found.as_slice() {
        [] => Err(Refusal::new(
            Code::NotFound,
            format!("there is no IC `{text}` in the chart; `echelon tree` shows who there is"),
        )),
        _some => one("IC", text, found, ToString::to_string).cloned(),
    }
}
