//! Plans by workflow templates.
//!
//! Each step is a task; one that is done for each of several targets is as many, named after the step and the target. What
//! needs such a step needs all of its tasks, also where it has the same targets itself. In the tiers that are planned in two
//! phases a step is a milestone, which the lead of its domain breaks down.

use std::collections::{BTreeMap, BTreeSet};

use super::{Consult, Part, Piece, Plan, Source, kind_of};
use crate::domain::brief::Brief;
use crate::domain::id::{InstructionId, NAME_LIMIT, StepKey, TaskId};
use crate::domain::policy::Ids;
use crate::domain::risk::Risk;
use crate::domain::task::PlannedTask;
use crate::domain::work::{Tier, Work};
use crate::domain::workflow::{ForEach, PartTemplate, Step, Variant};

/// Files that match each glob, in order. They are found outside of the core.
pub type Targets = BTreeMap<String, Vec<String>>;

/// What a template is filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The text of the instruction.
    pub text: &'a str,
    /// What it says by field.
    pub brief: &'a Brief,
    /// The files of its globs.
    pub targets: &'a Targets,
}

/// The globs of a template, whose files must be known before a plan is made of it.
#[must_use]
pub fn globs(variant: &Variant) -> BTreeSet<String> {
    let glob = |step: &Step| match &step.for_each {
        Some(ForEach::Glob(pattern)) => Some(pattern.clone()),
        Some(ForEach::Items(_) | ForEach::Brief(_)) | None => None,
    };
    variant.steps.iter().filter_map(glob).collect()
}

/// The plan that a template makes of an instruction, each task after those it needs.
///
/// # Errors
/// Everything that is wrong with it, in one text: steps that need each other in a circle, or one that has no targets.
pub fn plan(
    variant: &Variant,
    tier: Tier,
    source: Source,
    risk: Risk,
    given: Given<'_>,
    ids: &mut dyn Ids,
) -> Result<Plan, String> {
    let tasks = tasks(variant, tier, given, ids)?;
    let parts = parts(variant, given, ids)?;
    let ask = |one: &crate::domain::workflow::ConsultTemplate| Consult {
        id: ids.question(),
        whom: one.whom.clone(),
        question: fill(&one.question, given.text, None),
        blocking: one.blocking,
        within: one.within,
    };
    let consultations = variant.consultations.iter().map(ask).collect();
    Ok(Plan { source, tasks, parts, risk, consultations })
}

fn tasks(variant: &Variant, tier: Tier, given: Given<'_>, ids: &mut dyn Ids) -> Result<Vec<PlannedTask>, String> {
    let mut planned: Vec<PlannedTask> = Vec::with_capacity(variant.steps.len());
    let mut of_step: BTreeMap<&StepKey, Vec<TaskId>> = BTreeMap::new();
    let mut taken: BTreeSet<StepKey> = variant.steps.iter().map(|step| step.key.clone()).collect();
    let mut faults = Vec::new();
    let order = in_order(&variant.steps, |step| &step.key, |step| &step.needs)?;
    for step in order {
        let items = match items(step, given) {
            Ok(items) => items,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let needs: Vec<TaskId> = step.needs.iter().filter_map(|need| of_step.get(need)).flatten().copied().collect();
        for item in items {
            let key = item.map_or_else(|| step.key.clone(), |item| key_for(&step.key, item, &mut taken));
            let id = ids.task();
            of_step.entry(&step.key).or_default().push(id);
            let outline = step
                .outline
                .iter()
                .map(|piece| Piece { work: fill_in(&piece.work, given.text, item), ..piece.clone() });
            planned.push(PlannedTask {
                id,
                key,
                kind: kind_of(tier),
                domain: step.domain.clone(),
                needs: needs.clone(),
                work: fill_in(&step.work, given.text, item),
                range: step.range,
                checkpoint: step.checkpoint,
                // What is work for one IC is not broken down.
                outline: if tier.has_strategic_phase() { outline.collect() } else { Vec::new() },
            });
        }
    }
    if faults.is_empty() { Ok(planned) } else { Err(faults.join("; ")) }
}

/// What a step is done for; once for nothing in particular where it has no targets.
fn items<'a>(step: &'a Step, given: Given<'a>) -> Result<Vec<Option<&'a str>>, String> {
    let (items, none): (Vec<&str>, String) = match &step.for_each {
        None => return Ok(vec![None]),
        Some(ForEach::Items(items)) => (items.iter().map(String::as_str).collect(), "it names no target".to_owned()),
        Some(ForEach::Glob(pattern)) => {
            let found = given.targets.get(pattern).map(Vec::as_slice).unwrap_or_default();
            let none = format!("no file of the repository matches `{pattern}`");
            (found.iter().map(String::as_str).collect(), none)
        }
        Some(ForEach::Brief(field)) => {
            let said = given.brief.get(field).map(String::as_str).unwrap_or_default();
            let mut seen = BTreeSet::new();
            let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && seen.insert(*line));
            (lines.collect(), format!("field `{field}` of the brief has no line"))
        }
    };
    if items.is_empty() {
        return Err(format!("step {} has no targets: {none}", step.key));
    }
    Ok(items.into_iter().map(Some).collect())
}

/// A name that tells the tasks of one step apart: that of the step and the target's letters and digits, with a number
/// where that is taken. Names have a longest length, so a long target gives up its beginning: paths differ at their ends.
fn key_for(step: &StepKey, item: &str, taken: &mut BTreeSet<StepKey>) -> StepKey {
    let letters = item.to_lowercase();
    let words = letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    let named = |suffix: &str| -> Option<StepKey> {
        let room = NAME_LIMIT.saturating_sub(suffix.len());
        let stem: String = step.as_str().chars().take(room.min(NAME_LIMIT / 2)).collect();
        let left = room.saturating_sub(stem.len()).saturating_sub(1);
        let kept = slug.get(slug.len().saturating_sub(left)..).unwrap_or_default().trim_start_matches('-');
        let dash = if kept.is_empty() { "" } else { "-" };
        format!("{stem}{dash}{kept}{suffix}").parse().ok()
    };
    let most = taken.len().saturating_add(2);
    let more = (2..=most).filter_map(|number| named(&format!("-{number}")));
    let key = named("").into_iter().chain(more).find(|key| !taken.contains(key)).unwrap_or_else(|| step.clone());
    taken.insert(key.clone());
    key
}

fn parts(variant: &Variant, given: Given<'_>, ids: &mut dyn Ids) -> Result<Vec<Part>, String> {
    let mut known: BTreeMap<&StepKey, InstructionId> = BTreeMap::new();
    let mut parts = Vec::new();
    for part in in_order(&variant.parts, |part: &PartTemplate| &part.key, |part| &part.needs)? {
        let id = ids.instruction();
        known.insert(&part.key, id);
        parts.push(Part {
            id,
            key: part.key.clone(),
            department: part.department.clone(),
            work_type: part.work_type.clone(),
            text: fill(&part.text, given.text, None),
            needs: part.needs.iter().filter_map(|need| known.get(need)).copied().collect(),
        });
    }
    Ok(parts)
}

/// Things that need each other, each after what it needs, and otherwise as they were.
///
/// # Errors
/// When some need each other in a circle, or one needs what is not there.
pub(super) fn in_order<'a, T>(
    all: &'a [T],
    key: impl Fn(&'a T) -> &'a StepKey,
    needs: impl Fn(&'a T) -> &'a [StepKey],
) -> Result<Vec<&'a T>, String> {
    let mut known: BTreeSet<&StepKey> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(all.len());
    let mut left: Vec<&'a T> = all.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|one| {
            let is_ready = needs(one).iter().all(|need| known.contains(need));
            if is_ready {
                known.insert(key(one));
                ordered.push(*one);
            }
            !is_ready
        });
        if left.len() == before {
            let names: Vec<&str> = left.iter().map(|one| key(one).as_str()).collect();
            return Err(format!(
                "these steps wait for each other or for a step that is not there: {}",
                names.join(", ")
            ));
        }
    }
    Ok(ordered)
}

/// Work with the instruction's text and the target where the template has a place for them.
pub(super) fn fill_in(work: &Work, text: &str, item: Option<&str>) -> Work {
    Work {
        title: fill(&work.title, text, item),
        description: fill(&work.description, text, item),
        criteria: work.criteria.iter().map(|criterion| fill(criterion, text, item)).collect(),
        ..work.clone()
    }
}

/// A text with its places filled in once: what is filled in is never a place itself.
fn fill(template: &str, text: &str, item: Option<&str>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        if let Some(after) = after.strip_prefix("instruction}") {
            filled.push_str(text);
            rest = after;
        } else if let (Some(after), Some(item)) = (after.strip_prefix("item}"), item) {
            filled.push_str(item);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}
