//! Whether an organisation would take an instruction in and could do it without a file, a repository or an answer that a
//! simulation does not have.

use std::collections::BTreeSet;

use crate::config::fault::quoted;
use crate::config::suggest;
use crate::domain::brief;
use crate::domain::id::{DepartmentId, WorkType};
use crate::domain::instruction::{Request, TEXT_LIMIT};
use crate::domain::org::Chart;
use crate::domain::work::Tier;
use crate::domain::workflow::Workflow;

/// Why an instruction does not fit.
pub(super) struct Misfit {
    /// The key that is not right or is missing.
    pub(super) key: &'static str,
    /// What is wrong.
    pub(super) what: String,
    /// What would be right.
    pub(super) help: String,
}

impl Misfit {
    fn new(key: &'static str, what: String, help: impl Into<String>) -> Self {
        Self { key, what, help: help.into() }
    }
}

/// Looks at everything of `request` that hangs on the chart, and fills in its department.
pub(super) fn check(request: &mut Request, chart: &Chart) -> Vec<Misfit> {
    let workflow = match workflow(request, chart) {
        Ok(workflow) => workflow,
        Err(misfit) => return vec![misfit],
    };
    request.department = Some(workflow.department.clone());
    let mut misfits = Vec::new();
    let work_type = &workflow.work_type;
    if let Some(needs) = needing_a_repository(workflow, chart) {
        let whose = if needs == *work_type { String::new() } else { format!(", by its part of work type `{needs}`") };
        misfits.push(Misfit::new(
            "work_type",
            format!("work type `{work_type}` is about a git repository{whose}, and a simulation has no files"),
            "name one that does without",
        ));
    }
    if request.text.len() > TEXT_LIMIT {
        let what = format!("its `text` has {} bytes", request.text.len());
        misfits.push(Misfit::new("text", what, format!("write {TEXT_LIMIT} or less")));
    }
    misfits.extend(tier(request.tier, workflow));
    let missing = brief::missing(workflow, &request.brief);
    if !missing.is_empty() {
        let fields = suggest::list(missing.iter().map(|field| field.as_str()));
        misfits.push(Misfit::new(
            "brief",
            format!("work type `{work_type}` asks for a brief with {fields}"),
            "fill them in, as in `brief = { goals = \"…\" }`; nobody would be asked for them",
        ));
    }
    misfits
}

/// A template that there is for the tier, and for any where it is left to triage.
fn tier(tier: Option<Tier>, workflow: &Workflow) -> Option<Misfit> {
    let work_type = &workflow.work_type;
    if workflow.variants.is_empty() {
        return Some(Misfit::new(
            "work_type",
            format!("work type `{work_type}` has no template, and a simulation has nobody who plans without one"),
            "name one that has, or add steps to its workflow",
        ));
    }
    let tier = tier.filter(|tier| workflow.variant(*tier).is_none())?;
    let tiers: Vec<String> = workflow.tiers().map(|tier| tier.to_string()).collect();
    Some(Misfit::new(
        "tier",
        format!("work type `{work_type}` has no template for tier {tier}"),
        format!("choose from {}", suggest::list(tiers.iter().map(String::as_str))),
    ))
}

/// The workflow by which a request would be planned.
fn workflow<'c>(request: &Request, chart: &'c Chart) -> Result<&'c Workflow, Misfit> {
    if let Some(wanted) = &request.department
        && !chart.departments.contains_key(wanted)
    {
        let names: Vec<&str> = chart.departments.keys().map(DepartmentId::as_str).collect();
        let help = suggest::help(wanted.as_str(), &names, "department");
        return Err(Misfit::new("department", format!("department `{wanted}` is not in this chart"), help));
    }
    let Some(work_type) = &request.work_type else { return usual_workflow(request, chart) };
    let Some(workflow) = chart.workflows.get(work_type) else {
        let names: Vec<&str> = chart.workflows.keys().map(WorkType::as_str).collect();
        let help = suggest::help(work_type.as_str(), &names, "work type");
        let what = format!("work type {} is not in this chart", quoted(work_type.as_str()));
        return Err(Misfit::new("work_type", what, help));
    };
    match &request.department {
        Some(wanted) if *wanted != workflow.department => Err(Misfit::new(
            "department",
            format!("work type `{work_type}` belongs to department `{}`", workflow.department),
            "name that department, or drop the key",
        )),
        Some(_) | None => Ok(workflow),
    }
}

/// The workflow of a request that names none: that of its department, which may be the only one.
fn usual_workflow<'c>(request: &Request, chart: &'c Chart) -> Result<&'c Workflow, Misfit> {
    let mut departments = chart.departments.values();
    let only = departments.next().filter(|_| departments.next().is_none());
    let department = request.department.as_ref().map_or(only, |wanted| chart.departments.get(wanted));
    let usual = department.and_then(|department| department.default_work_type.as_ref());
    usual.and_then(|work_type| chart.workflows.get(work_type)).ok_or_else(|| {
        let what = match department {
            Some(department) => format!("department `{}` has no default work type", department.id),
            None => "there are several departments, and nothing says which of them it is for".to_owned(),
        };
        let is_meant = |workflow: &&Workflow| department.is_none_or(|it| it.id == workflow.department);
        let names = chart.workflows.values().filter(is_meant).map(|workflow| workflow.work_type.as_str());
        Misfit::new("work_type", what, format!("add `work_type`: {}", suggest::list(names)))
    })
}

/// The work type that needs a repository, if this one or any of its parts does.
fn needing_a_repository(workflow: &Workflow, chart: &Chart) -> Option<WorkType> {
    let mut seen: BTreeSet<&WorkType> = BTreeSet::new();
    let mut open = vec![workflow];
    while let Some(next) = open.pop() {
        if next.needs_repository {
            return Some(next.work_type.clone());
        }
        if seen.insert(&next.work_type) {
            let parts = next.variants.iter().flat_map(|variant| &variant.parts);
            open.extend(parts.filter_map(|part| chart.workflows.get(&part.work_type)));
        }
    }
    None
}
