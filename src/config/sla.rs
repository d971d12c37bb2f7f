//! Limits of a chart that are not the usual ones: what they are for, and whether they can be kept.

use std::collections::BTreeSet;

use super::clocks::{leaves_time_between, shown, span};
use super::fault::quoted;
use super::reader::{Table, Value};
use super::{reference, suggest};
use crate::domain::org::Chart;
use crate::domain::role::Level;
use crate::domain::sla::Override;
use crate::domain::task::StateName;
use crate::domain::time::Millis;
use crate::domain::work::Priority;

/// The levels of the reporting line, as charts write them.
const LEVELS: [(&str, Level); 4] = [
    ("domain_lead", Level::DomainLead),
    ("tech_lead", Level::TechLead),
    ("engineering_manager", Level::EngineeringManager),
    ("person", Level::Person),
];

/// Reads the overrides, in the order of the file, of a chart that has its domains.
pub(super) fn overrides(tables: Vec<Table<'_>>, chart: &Chart) -> Vec<Override> {
    let mut read: Vec<(Override, Table<'_>)> = Vec::new();
    for mut table in tables {
        let Some(one) = one(&mut table, chart) else { continue };
        if let Some((_, other)) = read.iter().find(|(other, _)| is_for_the_same(other, &one)) {
            let line = other.line().map_or_else(String::new, |line| format!(" in line {line}"));
            table.fault(format!("{} is for the same tasks as the one{line}", table.label()), "make one of the two");
        }
        read.push((one, table));
    }
    read.into_iter().map(|(one, _)| one).collect()
}

/// `None` when it cannot be told what it is for.
fn one(table: &mut Table<'_>, chart: &Chart) -> Option<Override> {
    let states = table.required("state", "`state = \"ASSIGNED\"`, or a list of states").and_then(|it| it.set(state));
    let tiers = optional_set(table.optional("tier"), |value| value.tier());
    let priorities = optional_set(table.optional("priority"), |value| value.word(Priority::ALL));
    let domain = optional(table.optional("domain"), |value| reference::domain(value, None, chart));
    let level_value = table.optional("level");
    let limits = ["target", "warn", "escalate"].map(|key| Limit { key, value: table.optional(key) });
    table.finish();
    if limits.iter().all(|limit| limit.value.is_none()) && table.knows_every_key() {
        table.fault(format!("{} has no limit", table.label()), "add `target`, `warn` or `escalate`");
    }
    if let Some(states) = &states {
        suits_the_states(states, level_value.as_ref(), &limits);
    }
    let [target, warn, escalate] = spans(&limits);
    let level = optional(level_value, level);
    // A person is reminded as often as that; each level below has its turn once.
    if let (Some(states), Some(None | Some(Level::Person))) = (&states, &level)
        && states.contains(&StateName::Escalated)
        && let ([_, _, Limit { value: Some(value), .. }], Some(span)) = (&limits, escalate)
    {
        leaves_time_between(value, span, chart);
    }
    Some(Override {
        states: states?,
        tiers: tiers?,
        priorities: priorities?,
        domain: domain?,
        level: level?,
        target,
        warn,
        escalate,
    })
}

/// One of the three limits, if it is given.
struct Limit<'a> {
    key: &'static str,
    value: Option<Value<'a>>,
}

/// What may be left out: `None` only for what is there and cannot be read.
fn optional<T>(value: Option<Value<'_>>, read: impl FnOnce(&Value<'_>) -> Option<T>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| read(&value).map(Some))
}

/// As [`optional`], for what is empty where it is left out.
fn optional_set<T: Ord>(value: Option<Value<'_>>, read: impl Fn(&Value<'_>) -> Option<T>) -> Option<BTreeSet<T>> {
    value.map_or_else(|| Some(BTreeSet::new()), |value| value.set(read))
}

fn state(value: &Value<'_>) -> Option<StateName> {
    let text = value.text()?;
    match StateName::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text)) {
        Some(state) if state.is_terminal() => {
            value.fault(format!("a task that is {state} is over, and no clock runs"), "name another state");
            None
        }
        Some(state) => Some(state),
        None => {
            let states: Vec<&str> =
                StateName::ALL.iter().filter(|state| !state.is_terminal()).map(|state| state.as_str()).collect();
            let help = suggest::help(&text.to_ascii_uppercase(), &states, "state");
            value.fault(format!("{} is {}", value.label(), quoted(text)), help);
            None
        }
    }
}

fn level(value: &Value<'_>) -> Option<Level> {
    let word = value.word(&LEVELS.map(|(word, _)| word))?;
    LEVELS.iter().find(|(it, _)| *it == word).map(|(_, level)| *level)
}

/// Whoever has an escalation decides by one limit, which is theirs; every other state has three, which are nobody's.
fn suits_the_states(states: &BTreeSet<StateName>, level: Option<&Value<'_>>, limits: &[Limit<'_>]) {
    let escalated = StateName::Escalated;
    if let Some(level) = level
        && states.iter().any(|state| *state != escalated)
    {
        level.fault(
            format!("a level holds a task only while it is {escalated}"),
            format!("write `state = \"{escalated}\"`, or drop `level`"),
        );
    }
    if !states.contains(&escalated) {
        return;
    }
    for value in limits.iter().filter(|limit| limit.key != "escalate").filter_map(|limit| limit.value.as_ref()) {
        value.fault(
            format!("{} means nothing for {escalated}, where a level only has to decide in time", value.label()),
            format!("write `escalate`, or give {escalated} an `[[sla]]` of its own"),
        );
    }
}

/// Reads the limits, each of which is reached no earlier than those before it.
fn spans(limits: &[Limit<'_>; 3]) -> [Option<Millis>; 3] {
    let mut before: Option<(&str, Millis)> = None;
    limits.each_ref().map(|Limit { key, value }| {
        let value = value.as_ref()?;
        let limit = span(value)?;
        if let Some((earlier, least)) = before
            && limit < least
        {
            let least = shown(least);
            value.fault(
                format!("{} is {}, before `{earlier}` at {least}", value.label(), shown(limit)),
                format!("write {least} or more"),
            );
        }
        before = Some((key, limit));
        Some(limit)
    })
}

fn is_for_the_same(one: &Override, other: &Override) -> bool {
    let scope =
        |it: &Override| (it.states.clone(), it.tiers.clone(), it.priorities.clone(), it.domain.clone(), it.level);
    scope(one) == scope(other)
}
