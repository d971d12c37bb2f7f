//! Why an instruction waits, in words and with the figures it was decided on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Full, share};
use crate::domain::id::{DomainId, InstructionId};
use crate::domain::instruction::HoldKind;
use crate::domain::state::State;
use crate::domain::time::Effort;

/// Instructions that are named, of one domain or one reason: more help nobody.
const NAMED: usize = 5;

pub(super) fn lost(state: &State, lost: &[InstructionId]) -> String {
    let each = |id: &InstructionId| {
        let end = state.ended(*id).map_or_else(String::new, |end| format!(", which is {end}"));
        format!("{}{end}", id.short())
    };
    let lost: Vec<String> = lost.iter().take(NAMED).map(each).collect();
    format!("it depends on {}: a person says whether it goes on without, or is cancelled", lost.join(" and on "))
}

pub(super) fn unmet(unmet: &[InstructionId]) -> String {
    format!("it begins when {} {} completed", names(unmet), if unmet.len() == 1 { "is" } else { "are" })
}

/// Why something that nobody is asked about waits.
pub(super) fn waits(before: &BTreeMap<DomainId, InstructionId>, full: &[Full]) -> String {
    let places = full.iter().take(NAMED).map(place);
    let turn = before.iter().take(NAMED).map(|(domain, one)| format!("{} waits for {domain} before it", one.short()));
    let said: Vec<String> = places.chain(turn).collect();
    format!("{}; it waits", said.join("; "))
}

/// Why something critical waits, and who is asked.
pub(super) fn competes(kind: HoldKind, critical: &[InstructionId], full: &[Full]) -> String {
    let places: Vec<String> = full.iter().take(NAMED).map(place).collect();
    let places = places.join("; ");
    match kind {
        HoldKind::Manager => format!("{places}; it is critical: the manager says whether others make room"),
        HoldKind::Person => {
            format!("{places}; it is critical, and so is {}: a person says which goes first", names(critical))
        }
        HoldKind::Capacity | HoldKind::Dependencies | HoldKind::DependencyLost => {
            format!("{places}; it was decided that it waits")
        }
    }
}

/// How full a domain would be, and of what.
fn place(full: &Full) -> String {
    let domain = &full.domain;
    let of = |hours: Effort| share(u64::from(hours.milli_hours()), full.capacity);
    let (Some(total), Some(own)) = (share(full.total(&BTreeSet::new()), full.capacity), of(full.own)) else {
        return format!("nobody of {domain} is there, and others wait for them, too");
    };
    let percent = |hours: Effort| of(hours).unwrap_or_default();
    let mut large: Vec<_> = full.others.large.iter().collect();
    large.sort_by_key(|(id, hours)| (std::cmp::Reverse(**hours), **id));
    let mut parts: Vec<String> =
        large.iter().take(NAMED).map(|(id, hours)| format!("{} % of {}", percent(**hours), id.short())).collect();
    let rest = large.iter().skip(NAMED).fold(Effort::default(), |sum, (_, hours)| sum.plus(**hours));
    if rest > Effort::default() {
        parts.push(format!("{} % of {} more", percent(rest), large.len().saturating_sub(NAMED)));
    }
    if full.others.small > Effort::default() {
        parts.push(format!("{} % of small work", percent(full.others.small)));
    }
    format!("{domain} would be at {total} %: {} and {own} % of this", parts.join(", "))
}

fn names(ids: &[InstructionId]) -> String {
    let more = ids.len().saturating_sub(NAMED);
    let mut names: Vec<String> = ids.iter().take(NAMED).map(InstructionId::short).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
