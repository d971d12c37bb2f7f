//! References to places of the organisation: leads, tech leads, managers, ICs and people.
//!
//! A place is written as it is shown: `software/backend:lead`, `software:tech-lead`, `software:engineering-manager`,
//! `software/backend/ben`, `person:ada`. The department may be left out where that leaves no doubt: `backend:lead`,
//! `tech-lead`, `backend/ben`.

use super::fault::quoted;
use super::reader::Value;
use super::suggest;
use crate::domain::org::Chart;
use crate::domain::role::Role;

/// The place that `value` names. The root of the organisation is none: somebody has to be there.
pub(super) fn role(value: &Value<'_>, chart: &Chart) -> Option<Role> {
    let text = value.text()?;
    let mut places = places(chart);
    let named = |place: &Place| place.full == text;
    let mut found: Vec<usize> = positions(&places, named);
    if found.is_empty() {
        found = positions(&places, |place| place.short.as_deref() == Some(text));
    }
    match found.as_slice() {
        [] => {
            let names: Vec<&str> = places
                .iter()
                .flat_map(|place| place.short.as_deref().into_iter().chain([place.full.as_str()]))
                .collect();
            let help = match suggest::nearest(text, names) {
                Some(meant) => format!("did you mean {}?", quoted(meant)),
                None => FORMS.to_owned(),
            };
            value.fault(format!("{} is not a place in this chart", quoted(text)), help);
            None
        }
        [only] => Some(places.swap_remove(*only).role),
        several => {
            let full = several.iter().filter_map(|at| places.get(*at)).map(|place| place.full.as_str());
            value.fault(
                format!("{} is in more than one department", quoted(text)),
                format!("write the department too: {}", suggest::list(full)),
            );
            None
        }
    }
}

/// What to write, where nothing that is there may have been meant.
const FORMS: &str = "write a lead (`backend:lead`), a `tech-lead`, an `engineering-manager`, an IC (`backend/ben`) or a \
                     person (`person:ada`)";

/// A place, as it is shown, and without its department if it has one.
struct Place {
    full: String,
    short: Option<String>,
    role: Role,
}

fn positions(places: &[Place], accept: impl Fn(&Place) -> bool) -> Vec<usize> {
    places.iter().enumerate().filter(|(_, place)| accept(place)).map(|(at, _)| at).collect()
}

fn places(chart: &Chart) -> Vec<Place> {
    let departments = chart.departments.keys();
    let managers = departments.flat_map(|id| [Role::TechLead(id.clone()), Role::EngineeringManager(id.clone())]);
    let leads = chart.domains.keys().cloned().map(Role::DomainLead);
    let ics = chart.ics.keys().cloned().map(Role::Ic);
    let people = chart.people.keys().cloned().map(Role::Person);
    managers.chain(leads).chain(ics).chain(people).map(place).collect()
}

fn place(role: Role) -> Place {
    let full = role.to_string();
    let after = |separator| full.split_once(separator).map(|(_, rest): (&str, &str)| rest.to_owned());
    let short = match &role {
        Role::TechLead(_) | Role::EngineeringManager(_) => after(':'),
        Role::DomainLead(_) | Role::Ic(_) => after('/'),
        Role::Person(_) | Role::Organisation | Role::Operator => None,
    };
    Place { full, short, role }
}
