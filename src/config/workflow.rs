//! Workflow templates: their steps, checked against the chart whose people are to do them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fault::quoted;
use super::reader::{Table, Value};
use super::reference::{self, Ambiguous};
use super::staff::skill_set;
use super::{Files, cycle, deliverable, program, suggest};
use crate::domain::id::{DepartmentId, DomainId, Skill, StepKey, WorkType};
use crate::domain::org::Chart;
use crate::domain::plan::size_limits;
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Complexity, Tier, Work};
use crate::domain::workflow::{Step, Workflow};

/// What stands for the text of the instruction in the texts of a step.
const INSTRUCTION: &str = "instruction";

/// A step is work that one IC can finish within a day, even if that day has no night.
const LONGEST_STEP_HOURS: f64 = 24.0;

/// Reads everything below `root`. `None` when not even its work type or department is known; other parts that could not
/// be read have left a fault.
pub(super) fn read(root: &mut Table<'_>, chart: &Chart, files: Files<'_>, path: &Path) -> Option<Workflow> {
    let work_type =
        root.required("work_type", "`work_type = \"code_review\"`").and_then(|value| value.id::<WorkType>());
    let needs_repository = root.optional("needs_repository").and_then(|value| value.flag()).unwrap_or(false);
    let description = root.required("description", "`description = \"…\"`, one line on what it is for");
    let description = description.and_then(|value| value.line_of_text()).unwrap_or_default().to_owned();
    let department = match reference::department(root.optional("department").as_ref(), chart) {
        Ok(department) => department,
        Err(Ambiguous(departments)) => {
            root.fault("this workflow has no `department`", format!("add one of {departments}"));
            None
        }
    };
    let tier_value = root.optional("tier");
    let tier = tier_value.as_ref().and_then(|value| value.tier());
    let tables = root.tables("step", "step");
    root.finish();
    if tier_value.is_none() || tier.is_some() {
        size(root, tier_value.as_ref(), tier, tables.len(), chart);
    }
    let department = department?;
    let steps = steps(tables, &department, chart, files, path);
    Some(Workflow { work_type: work_type?, description, department, tier, needs_repository, steps })
}

/// Whether the number of steps is right for the tier, be it the workflow's own or the organisation's.
fn size(root: &Table<'_>, value: Option<&Value<'_>>, tier: Option<Tier>, steps: usize, chart: &Chart) {
    let fault = |what: String, help: &str| match value {
        Some(value) => value.fault(what, help),
        None => root.fault(what, help),
    };
    if steps == 0 {
        root.fault("this workflow has no step", "add a `[[step]]` with a `key`, a `title`, a `domain` and `criteria`");
        return;
    }
    let whose = if tier.is_some() { "tier" } else { "the organisation's default tier" };
    let tier = tier.unwrap_or(chart.policy.default_tier);
    let (least, most) = size_limits(tier);
    if (least..=most).contains(&steps) {
        return;
    }
    let range = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let change = if steps < least { "add" } else { "drop" };
    let help = match fitting_tier(steps) {
        Some(fitting) => format!("set `tier = {fitting}`, or {change} steps"),
        None => "join steps, or make two workflows of it".to_owned(),
    };
    fault(format!("{whose} {tier} takes {range} steps, and this workflow has {steps}"), &help);
}

/// The lowest tier that takes that many steps and has somebody look at the work afterwards, as the lowest of all has not.
fn fitting_tier(steps: usize) -> Option<Tier> {
    [Tier::Simple, Tier::Moderate, Tier::Complex, Tier::Expert].into_iter().find(|tier| {
        let (least, most) = size_limits(*tier);
        (least..=most).contains(&steps)
    })
}

fn steps(tables: Vec<Table<'_>>, department: &DepartmentId, chart: &Chart, files: Files<'_>, path: &Path) -> Vec<Step> {
    let mut tables = tables;
    let read =
        |table: &mut Table<'_>| table.required("key", "`key = \"review\"`").and_then(|value| value.id::<StepKey>());
    let keys: Vec<Option<StepKey>> = tables.iter_mut().map(read).collect();
    let mut first: BTreeMap<&StepKey, Option<usize>> = BTreeMap::new();
    for (table, key) in tables.iter().zip(&keys) {
        let Some(key) = key else { continue };
        match first.get(key) {
            Some(line) => {
                let line = line.map_or_else(String::new, |line| format!(" in line {line}"));
                table.fault(format!("{} is already there{line}", table.label()), "give one of them another `key`");
            }
            None => {
                first.insert(key, table.line());
            }
        }
    }
    let known: BTreeSet<&StepKey> = first.into_keys().collect();
    let mut steps = Vec::new();
    for (table, key) in tables.iter_mut().zip(&keys) {
        let needs = needs(table, &known);
        let step = step(table, department, chart, files, path);
        table.finish();
        if let (Some(key), Some((domain, work))) = (key, step) {
            steps.push(Step { key: key.clone(), domain, needs: needs.clone(), work });
        }
    }
    let waits = steps.iter().map(|step| (step.key.as_str(), step.needs.iter().map(StepKey::as_str).collect()));
    for circle in cycle::circles(&waits.collect()) {
        let table =
            tables.iter().zip(&keys).find(|(_, key)| key.as_ref().map(StepKey::as_str) == circle.first().copied());
        let Some((table, _)) = table else { continue };
        let mut around: Vec<&str> = circle.clone();
        around.extend(circle.first());
        let around = around.into_iter().map(quoted).collect::<Vec<_>>().join(" needs ");
        table.fault(format!("none of these can start: {around}"), "drop one of these needs");
    }
    steps
}

fn needs(table: &mut Table<'_>, known: &BTreeSet<&StepKey>) -> Vec<StepKey> {
    let mut needs: Vec<StepKey> = Vec::new();
    for item in table.optional("needs").and_then(|value| value.list()).unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        match known.iter().find(|key| key.as_str() == name) {
            Some(key) if needs.contains(key) => item.fault(format!("step `{key}` is needed twice"), "name it once"),
            Some(key) => needs.push((*key).clone()),
            None => {
                let keys: Vec<&str> = known.iter().map(|key| key.as_str()).collect();
                item.fault(
                    format!("step {} is not in this workflow", quoted(name)),
                    suggest::help(name, &keys, "step"),
                );
            }
        }
    }
    needs
}

/// Everything of a step but its key and its needs. `None` when its domain is not known.
fn step(
    table: &mut Table<'_>,
    department: &DepartmentId,
    chart: &Chart,
    files: Files<'_>,
    path: &Path,
) -> Option<(DomainId, Work)> {
    let checked = |value: &Value<'_>, text: &str| program::check_text(value, text, INSTRUCTION);
    let title = table.required("title", "`title = \"Security review\"`").and_then(|value| {
        let text = value.line_of_text()?;
        checked(&value, text);
        Some(text.to_owned())
    });
    let description = table.optional("description").and_then(|value| {
        let text = value.any_text()?;
        checked(&value, text);
        Some(text.to_owned())
    });
    let domain = table.required("domain", "`domain = \"backend\"`");
    let domain = domain.and_then(|value| reference::domain(&value, Some(department), chart));
    let effort = table.required("effort", "`effort = 0.5` (hours) or `effort = \"30m\"`").and_then(|it| effort(&it));
    let complexity = table.optional("complexity").and_then(|value| value.word(Complexity::ALL));
    let skills_value = table.optional("skills");
    let skills = skills_value.as_ref().map(skill_set).unwrap_or_default();
    let nice_value = table.optional("nice_to_have");
    let nice_to_have = nice_value.as_ref().map(skill_set).unwrap_or_default();
    let security_sensitive = table.optional("security_sensitive").and_then(|value| value.flag()).unwrap_or(false);
    let criteria = table.required("criteria", "`criteria = [\"…\"]`, what must be true for the step to count as done");
    let criteria = criteria.map(|value| self::criteria(&value)).unwrap_or_default();
    let deliverables = deliverable::read(table.tables("deliverable", "deliverable"), files, path);
    let domain = domain?;
    // A domain without ICs is a fault of the chart; that nobody there has a skill adds nothing.
    let anyone = chart.ics_of(&domain).next().is_some();
    if anyone && let Some(value) = &skills_value {
        required_skills(value, &skills, &domain, chart);
    }
    if anyone && let Some(value) = &nice_value {
        nice_skills(value, &nice_to_have, &skills, &domain, chart);
    }
    let work = Work {
        title: title.unwrap_or_default(),
        description: description.unwrap_or_default(),
        effort: effort.unwrap_or_default(),
        complexity: complexity.unwrap_or(Complexity::Moderate),
        skills,
        nice_to_have,
        security_sensitive,
        criteria,
        deliverables,
    };
    Some((domain, work))
}

fn effort(value: &Value<'_>) -> Option<Effort> {
    let accept = |hours: f64| hours <= LONGEST_STEP_HOURS && Effort::from_hours(hours) > Effort::default();
    if value.is_text() {
        // A thousandth of an hour, 3.6 seconds, is the least that is told apart from nothing.
        let span = value.duration(Millis(3_600), Millis::from_hours(24))?;
        return Some(Effort::from_hours(span.to_duration().as_secs_f64() / 3_600.0));
    }
    value.number("hours, more than 0 and at most 24, or a span such as `\"30m\"`", accept).map(Effort::from_hours)
}

fn criteria(value: &Value<'_>) -> Vec<String> {
    let items = value.list().unwrap_or_default();
    if items.is_empty() && value.is_list() {
        value.fault("a step without criteria can never be told to be done", "say at least one thing that must be true");
    }
    let text = |item: &Value<'_>| {
        let text = item.text()?;
        program::check_text(item, text, INSTRUCTION);
        Some(text.to_owned())
    };
    items.iter().filter_map(text).collect()
}

/// Work that takes a skill goes to somebody who has it; if nobody does, it would go nowhere.
fn required_skills(value: &Value<'_>, skills: &BTreeSet<Skill>, domain: &DomainId, chart: &Chart) {
    let mut each_is_there = true;
    for skill in skills {
        if !chart.ics_of(domain).any(|ic| ic.skills.contains_key(skill)) {
            each_is_there = false;
            let own: BTreeSet<&str> = chart.ics_of(domain).flat_map(|ic| ic.skills.keys()).map(Skill::as_str).collect();
            let help = match suggest::nearest(skill.as_str(), own) {
                Some(meant) => format!("did you mean {}?", quoted(meant)),
                None => "add it to one, or drop it".to_owned(),
            };
            value.fault(format!("no IC of domain `{domain}` has skill `{skill}`"), help);
        }
    }
    let has_all = chart.ics_of(domain).any(|ic| skills.iter().all(|skill| ic.skills.contains_key(skill)));
    if each_is_there && !has_all {
        let names = suggest::list(skills.iter().map(Skill::as_str));
        value.fault(
            format!("no single IC of domain `{domain}` has all of {names}"),
            "split the step, or teach one of them",
        );
    }
}

fn nice_skills(
    value: &Value<'_>,
    nice_to_have: &BTreeSet<Skill>,
    required: &BTreeSet<Skill>,
    domain: &DomainId,
    chart: &Chart,
) {
    for skill in nice_to_have {
        if required.contains(skill) {
            value.fault(format!("skill `{skill}` is required already"), "drop it here or under `skills`");
        } else if !chart.ics_of(domain).any(|ic| ic.skills.contains_key(skill) || ic.wants_to_learn.contains(skill)) {
            value.fault(
                format!("no IC of domain `{domain}` has skill `{skill}` or wants to learn it"),
                "add it to one, or drop it",
            );
        }
    }
}
