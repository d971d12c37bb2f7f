//! What a place answers that is asked about a plan and has nobody to judge: facts about its own part of it, labelled as what
//! a machine said.

use std::collections::BTreeSet;

use crate::domain::admission;
use crate::domain::id::{DepartmentId, DomainId};
use crate::domain::instruction::Instruction;
use crate::domain::plan::Consult;
use crate::domain::plan_review::{count, in_words, list};
use crate::domain::review::Gate;
use crate::domain::role::Role;
use crate::domain::schedule::{is_qualified, left_by_domain, open_work, schedule};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::Effort;
use crate::domain::work::Tier;

/// What `consult` is answered with, as far as the state says something about it.
pub(super) fn answer(state: &State, found: &Instruction, consult: &Consult) -> String {
    let said = match &consult.whom {
        Role::DomainLead(domain) => of_lead(state, found, domain),
        Role::TechLead(department) => of_tech_lead(state, found, department),
        Role::EngineeringManager(_) | Role::Organisation | Role::Ic(_) | Role::Person(_) | Role::Operator => {
            vec![length(state, found)]
        }
    };
    format!("by machine: {}", said.join("; "))
}

/// A lead: what the plan has for the domain, who can do it and whether they have time; and what is sensitive, where the
/// domain looks after that.
fn of_lead(state: &State, found: &Instruction, domain: &DomainId) -> Vec<String> {
    let mut said = Vec::new();
    let tasks: Vec<&Task> = open_work(state, found).filter(|task| task.domain == *domain).collect();
    let hours = left_by_domain(state, found).get(domain).copied().unwrap_or_default();
    if tasks.is_empty() {
        said.push(format!("the plan has no work for {domain}"));
    } else {
        let ics: Vec<_> = state.chart.ics_of(domain).collect();
        let able = ics.iter().filter(|ic| tasks.iter().all(|task| is_qualified(ic, &task.work))).count();
        said.push(format!(
            "{} for {domain}, {hours}: {able} of {} can do all of it",
            count(tasks.len(), "task"),
            count(ics.len(), "IC")
        ));
        let nobody = |task: &&&Task| !ics.iter().any(|ic| is_qualified(ic, &task.work));
        let without = list(tasks.iter().filter(nobody).map(|task| task.key.to_string()));
        if !without.is_empty() {
            said.push(format!("nobody of {domain} can do {without}"));
        }
    }
    let now = admission::percent(state, domain, Effort::default());
    said.push(match (now, admission::percent(state, domain, hours)) {
        (Some(now), Some(then)) if then > now => format!("{domain} is {now} % full, and {then} % with it"),
        (Some(now), _) => format!("{domain} is {now} % full"),
        (None, _) => format!("nobody of {domain} is there"),
    });
    if state.chart.gate_holder(&found.department, Gate::Security) == Some(domain) {
        said.push(sensitive(state, found));
    }
    said
}

/// What is sensitive, and whether somebody looks at it.
fn sensitive(state: &State, found: &Instruction) -> String {
    let of = |task: &Task| {
        let own = task.work.security_sensitive.then(|| task.key.to_string());
        let pieces = task.outline.iter().filter(|piece| piece.work.security_sensitive);
        own.into_iter().chain(pieces.map(|piece| format!("{}/{}", task.key, piece.key))).collect::<Vec<_>>()
    };
    let named = list(open_work(state, found).flat_map(of));
    if named.is_empty() {
        return "nothing of it is marked as sensitive".to_owned();
    }
    match (state.chart.gate_holder(&found.department, Gate::Security), found.tier()) {
        (_, Some(Tier::Trivial) | None) => format!("{named} is sensitive, and tier 0 has no gates"),
        (Some(holder), _) => format!("the security gate of {holder} is on {named}"),
        (None, _) => format!("{named} is sensitive, and nobody holds the security gate"),
    }
}

/// A tech lead: what crosses domains, and what must not be late.
fn of_tech_lead(state: &State, found: &Instruction, department: &DepartmentId) -> Vec<String> {
    let crossing = |task: &Task| {
        let before = task.needs.iter().filter_map(|need| state.tasks.get(need));
        let others = before.filter(|need| need.domain != task.domain);
        others.map(|need| format!("{} to {}", need.key, task.key)).collect::<Vec<_>>()
    };
    let handoffs: Vec<String> = open_work(state, found).flat_map(crossing).collect();
    let domains: BTreeSet<&DomainId> = open_work(state, found).map(|task| &task.domain).collect();
    let crossed = if handoffs.is_empty() {
        format!("nothing is handed from one domain of {department} to another")
    } else {
        let number = count(handoffs.len(), "handoff");
        format!("{number} between {}: {}", count(domains.len(), "domain"), list(handoffs.into_iter()))
    };
    vec![crossed, length(state, found)]
}

/// How long it takes by its dependencies, and on what that hangs.
fn length(state: &State, found: &Instruction) -> String {
    let laid = schedule(state, found);
    if laid.path.is_empty() {
        return "it has no work of its own".to_owned();
    }
    let path = laid.path.iter().filter_map(|id| state.tasks.get(id)).map(|task| task.key.to_string());
    format!("it takes {} by its dependencies, along {}", in_words(laid.length), list(path))
}
