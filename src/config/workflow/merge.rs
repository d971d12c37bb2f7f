//! Makes one workflow of all the files of a work type, and resolves what workflows say about each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Later, Loaded};
use crate::config::fault::{Report, quoted};
use crate::config::suggest;
use crate::domain::id::{BriefField, DepartmentId, StepKey, WorkType};
use crate::domain::plan::{CHILDREN_LIMIT, Piece, cycle, sum};
use crate::domain::work::Tier;
use crate::domain::workflow::{Step, Variant, Workflow};

/// What is wrong and what would be right.
type Wrong = (String, String);

/// Joins what several files say. Returns the workflows by their work types; `report` has what does not go together.
/// `all_read` is whether every file could be read: where not, what seems to be missing may be in one that was not.
pub(in crate::config) fn all(loaded: Vec<Loaded>, all_read: bool, report: &Report) -> BTreeMap<WorkType, Workflow> {
    let mut workflows: BTreeMap<WorkType, Workflow> = BTreeMap::new();
    let mut first: BTreeMap<WorkType, Vec<&Loaded>> = BTreeMap::new();
    for one in &loaded {
        let before = first.entry(one.workflow.work_type.clone()).or_default();
        one.goes_with(before, report);
        before.push(one);
        match workflows.get_mut(&one.workflow.work_type) {
            None => drop(workflows.insert(one.workflow.work_type.clone(), one.workflow.clone())),
            Some(workflow) => join(workflow, &one.workflow),
        }
    }
    for workflow in workflows.values_mut() {
        workflow.variants.sort_by_key(|variant| variant.tier);
    }
    resolve(&loaded, &mut workflows, all_read, report);
    no_part_of_itself(&loaded, &workflows, report);
    workflows
}

/// Resolves what one file says about others, which are those of a chart that is sound.
pub(in crate::config) fn one(loaded: Loaded, known: &BTreeMap<WorkType, Workflow>, report: &Report) -> Workflow {
    let mut workflows = known.clone();
    let work_type = loaded.workflow.work_type.clone();
    let mut own = loaded.workflow.clone();
    if let Some(other) = workflows.get(&work_type) {
        // What another file of the work type asks for holds for this one too.
        own.brief.extend(other.brief.clone());
        let others = other.variants.iter().filter(|one| own.variants.iter().all(|mine| mine.tier != one.tier));
        let others: Vec<Variant> = others.cloned().collect();
        own.variants.extend(others);
        own.variants.sort_by_key(|variant| variant.tier);
    }
    workflows.insert(work_type.clone(), own);
    let tiers: Vec<Option<Tier>> = loaded.workflow.variants.iter().map(|variant| variant.tier).collect();
    let loaded = [loaded];
    resolve(&loaded, &mut workflows, true, report);
    no_part_of_itself(&loaded, &workflows, report);
    let [loaded] = loaded;
    let found = workflows.remove(&work_type);
    let variants = found.map(|workflow| workflow.variants).unwrap_or_default();
    let variants = variants.into_iter().filter(|variant| tiers.contains(&variant.tier)).collect();
    Workflow { variants, ..loaded.workflow }
}

/// Adds what another file says to a workflow.
fn join(workflow: &mut Workflow, other: &Workflow) {
    workflow.needs_repository |= other.needs_repository;
    if workflow.brief.is_empty() {
        workflow.brief.clone_from(&other.brief);
    }
    workflow.risk = workflow.risk.max(&other.risk);
    if workflow.planner.is_none() {
        workflow.planner.clone_from(&other.planner);
    }
    workflow.variants.extend(other.variants.iter().cloned());
}

impl Loaded {
    /// Reports what does not go with the other files of its work type: another department, the same tier, and what holds
    /// for all of them and is said twice in different ways.
    fn goes_with(&self, before: &[&Self], report: &Report) {
        let add = |line: Option<usize>, (what, help): Wrong| report.add(&self.file, line, what, help);
        let (own, name) = (&self.workflow, &self.workflow.work_type);
        for other in before {
            let file = quoted(&other.file.display().to_string());
            if own.department != other.workflow.department {
                let theirs = &other.workflow.department;
                add(
                    None,
                    (
                        format!(
                            "work type `{name}` is of department `{theirs}` in {file}, and of `{}` here",
                            own.department
                        ),
                        "give one of them another `work_type`, or both the same `department`".to_owned(),
                    ),
                );
            }
            let tiers: BTreeSet<Option<Tier>> = own.variants.iter().map(|one| one.tier).collect();
            for twice in other.workflow.variants.iter().filter(|one| tiers.contains(&one.tier)) {
                let tier = twice.tier.map_or_else(|| "any tier".to_owned(), |tier| format!("tier {tier}"));
                add(
                    self.tier_line,
                    (
                        format!("it plans {tier} of work type `{name}`, as {file} does"),
                        "keep one, or give one of them another `tier` or `work_type`".to_owned(),
                    ),
                );
            }
            for (key, line) in &self.stated {
                if other.stated.contains_key(key) && !self.says_the_same(other, key) {
                    add(
                        Some(*line),
                        (
                            format!("`{key}` of work type `{name}` is different in {file}"),
                            "say it in one of its files; it holds for all of them".to_owned(),
                        ),
                    );
                }
            }
        }
    }

    fn says_the_same(&self, other: &Self, key: &str) -> bool {
        let (own, other) = (&self.workflow, &other.workflow);
        match key {
            "needs_repository" => own.needs_repository == other.needs_repository,
            "brief" => own.brief == other.brief,
            "risk" => own.risk == other.risk,
            _planner => own.planner == other.planner,
        }
    }

    /// The tier of its template.
    fn tier(&self) -> Option<Tier> {
        self.workflow.variants.first().and_then(|variant| variant.tier)
    }

    /// Workflows that its steps are broken down by, by step.
    fn outlines(&self) -> impl Iterator<Item = (&StepKey, &WorkType)> {
        self.later.iter().filter_map(|(_, later)| match later {
            Later::Outline { step, by, .. } => Some((step, by)),
            Later::Part { .. } | Later::Field(_) => None,
        })
    }
}

/// Steps of a template that are milestones whatever its tier: by work type and tier, and by whose steps each is broken down.
type Milestones<'a> = BTreeSet<(&'a WorkType, Option<Tier>, &'a StepKey, Option<&'a WorkType>)>;

fn resolve(loaded: &[Loaded], workflows: &mut BTreeMap<WorkType, Workflow>, all_read: bool, report: &Report) {
    let mut milestones: Milestones<'_> = BTreeSet::new();
    for one in loaded {
        let (work_type, tier) = (&one.workflow.work_type, one.tier());
        milestones.extend(one.outlines().map(|(step, by)| (work_type, tier, step, Some(by))));
        let with_tasks = one.workflow.steps().filter(|step| !step.outline.is_empty());
        milestones.extend(with_tasks.map(|step| (work_type, tier, &step.key, None)));
    }
    for one in loaded {
        for (line, later) in &one.later {
            let found = match later {
                Later::Outline { step, by, effort } => {
                    let outline = outline(one, step, by, workflows, &milestones);
                    outline.map(|pieces| {
                        let step =
                            workflows.get_mut(&one.workflow.work_type).and_then(|it| step_of(it, one.tier(), step));
                        if let Some(step) = step {
                            if *effort {
                                step.work.effort = sum(&pieces);
                            }
                            step.outline = pieces;
                        }
                    })
                }
                Later::Part { department, work_type } => part(department, work_type, workflows),
                Later::Field(field) => in_brief(field, workflows.get(&one.workflow.work_type)),
            };
            if let Err(missing) = found
                && (all_read || !missing.may_be_unread)
            {
                report.add(&one.file, Some(*line), missing.what, missing.help);
            }
        }
    }
}

/// Something that does not lead where it should.
struct Missing {
    what: String,
    help: String,
    /// Whether a file that could not be read may have it.
    may_be_unread: bool,
}

fn missing(what: String, help: impl Into<String>) -> Missing {
    Missing { what, help: help.into(), may_be_unread: true }
}

fn wrong(what: String, help: impl Into<String>) -> Missing {
    Missing { what, help: help.into(), may_be_unread: false }
}

fn step_of<'a>(workflow: &'a mut Workflow, tier: Option<Tier>, key: &StepKey) -> Option<&'a mut Step> {
    let variant = workflow.variants.iter_mut().find(|variant| variant.tier == tier)?;
    variant.steps.iter_mut().find(|step| step.key == *key)
}

/// The tasks of a milestone that is broken down by the steps of another workflow.
fn outline(
    one: &Loaded,
    step: &StepKey,
    by: &WorkType,
    workflows: &BTreeMap<WorkType, Workflow>,
    milestones: &Milestones<'_>,
) -> Result<Vec<Piece>, Missing> {
    let own = &one.workflow;
    let Some(workflow) = workflows.get(by).filter(|workflow| workflow.department == own.department) else {
        let all = workflows.values().filter(|it| it.department == own.department && it.work_type != own.work_type);
        let names: Vec<&str> = all.map(|it| it.work_type.as_str()).collect();
        let help = suggest::help(by.as_str(), &names, "workflow");
        return Err(missing(format!("department `{}` has no workflow `{by}`", own.department), help));
    };
    let Some(variant) = workflow.one_phase() else {
        return Err(missing(
            format!("workflow `{by}` has no template whose steps are work for one IC each"),
            "add one with `tier = 2` to it, or write the tasks of this step as `[[step.task]]`",
        ));
    };
    let inner = milestones.iter().find(|(work_type, tier, ..)| *work_type == by && *tier == variant.tier);
    if let Some((_, _, inner, onwards)) = inner {
        let back = *by == own.work_type || *onwards == Some(&own.work_type);
        let circle = if back { ", and so in a circle" } else { "" };
        return Err(wrong(
            format!("step `{step}` is broken down by workflow `{by}`, whose step `{inner}` is broken down too{circle}"),
            "name a workflow whose steps are work for one IC each",
        ));
    }
    if let Some(repeated) = variant.steps.iter().find(|step| step.for_each.is_some()) {
        return Err(wrong(
            format!("step `{}` of workflow `{by}` is done for each of several targets", repeated.key),
            "name a workflow without `for_each`",
        ));
    }
    if variant.steps.len() > CHILDREN_LIMIT {
        return Err(wrong(
            format!("workflow `{by}` has {} steps, and {CHILDREN_LIMIT} is the most", variant.steps.len()),
            "name one with fewer steps",
        ));
    }
    Ok(variant.steps.iter().map(Step::piece).collect())
}

fn part(
    department: &DepartmentId,
    work_type: &WorkType,
    workflows: &BTreeMap<WorkType, Workflow>,
) -> Result<(), Missing> {
    if workflows.get(work_type).is_some_and(|workflow| workflow.department == *department) {
        return Ok(());
    }
    let own = workflows.values().filter(|workflow| workflow.department == *department);
    let names: Vec<&str> = own.map(|workflow| workflow.work_type.as_str()).collect();
    let help = suggest::help(work_type.as_str(), &names, "workflow");
    Err(missing(format!("department `{department}` has no workflow `{work_type}`"), help))
}

fn in_brief(field: &BriefField, workflow: Option<&Workflow>) -> Result<(), Missing> {
    let Some(workflow) = workflow.filter(|workflow| !workflow.brief.contains_key(field)) else {
        return Ok(());
    };
    let names: Vec<&str> = workflow.brief.keys().map(BriefField::as_str).collect();
    let help = match suggest::nearest(field.as_str(), names) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => format!("add it to `brief`, such as `brief = {{ {field} = \"Which ones?\" }}`"),
    };
    Err(missing(format!("field `{field}` is not in the brief of `{}`", workflow.work_type), help))
}

/// Work for several departments never comes back to the work type that it is part of: that would have no end.
fn no_part_of_itself(loaded: &[Loaded], workflows: &BTreeMap<WorkType, Workflow>, report: &Report) {
    let parts = |workflow: &Workflow| -> BTreeSet<WorkType> {
        workflow.variants.iter().flat_map(|it| &it.parts).map(|part| part.work_type.clone()).collect()
    };
    let parts: BTreeMap<&WorkType, BTreeSet<WorkType>> = workflows.iter().map(|(id, it)| (id, parts(it))).collect();
    let names = parts.iter().map(|(id, parts)| (id.as_str(), parts.iter().map(WorkType::as_str).collect()));
    for circle in cycle::circles(&names.collect()) {
        let around: Vec<String> = circle.iter().copied().chain(circle.first().copied()).map(quoted).collect();
        let found = loaded.iter().filter(|one| circle.contains(&one.workflow.work_type.as_str()));
        let Some(one) = found.into_iter().find(|one| one.workflow.variants.iter().any(|it| !it.parts.is_empty()))
        else {
            continue;
        };
        let line = one.later.iter().find_map(|(line, later)| match later {
            Later::Part { work_type, .. } => circle.contains(&work_type.as_str()).then_some(*line),
            Later::Outline { .. } | Later::Field(_) => None,
        });
        report.add(
            &one.file,
            line,
            format!("these would be made of each other without end: {}", around.join(" has a part ")),
            "drop one of these parts",
        );
    }
}
