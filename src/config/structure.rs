//! Departments and domains, and how their leads review.

use std::collections::BTreeMap;

use super::chart::{STAND_IN, declared_twice, stand_in};
use super::fault::quoted;
use super::reader::{Table, Value};
use super::reference::{self, Ambiguous};
use super::suggest;
use crate::domain::id::{DepartmentId, DomainId, WorkerId};
use crate::domain::org::{Chart, Department, Domain, ReviewPolicy};
use crate::domain::review::Gate;

/// The department of a chart that declares none.
const ONLY_DEPARTMENT: &str = "main";

/// A `[[department]]`, with what can only be resolved once its domains and workflows are known.
pub(super) struct DeclaredDepartment<'a> {
    id: DepartmentId,
    table: Table<'a>,
    default_work_type: Option<Value<'a>>,
    gates: Option<Table<'a>>,
}

/// Reads the departments into the chart; if there is none, one called `main` is all there is.
pub(super) fn departments<'a>(tables: Vec<Table<'a>>, chart: &mut Chart) -> Vec<DeclaredDepartment<'a>> {
    let mut declared: Vec<DeclaredDepartment<'_>> = Vec::new();
    for mut table in tables {
        let id = table.required("id", "`id = \"software\"`").and_then(|value| value.id::<DepartmentId>());
        if let Some(other) = declared.iter().find(|it| Some(&it.id) == id.as_ref()) {
            declared_twice(&table, &other.table);
        }
        let title = table.required("title", "`title = \"Software\"`").and_then(|value| value.line_of_text());
        let default_work_type = table.optional("default_work_type");
        let gates = table.optional("gates").and_then(|value| value.table());
        let review = table.optional("review").and_then(|value| value.word(ReviewPolicy::ALL));
        table.finish();
        let Some(id) = id.or_else(stand_in) else { continue };
        let department = department(&id, title.unwrap_or_default(), review.unwrap_or_default());
        chart.departments.insert(id.clone(), department);
        declared.push(DeclaredDepartment { id, table, default_work_type, gates });
    }
    if declared.is_empty()
        && let Ok(id) = ONLY_DEPARTMENT.parse::<DepartmentId>()
    {
        let department = department(&id, "Main", ReviewPolicy::default());
        chart.departments.insert(id, department);
    }
    declared
}

/// A department as far as it can be read before its domains and workflows are known.
fn department(id: &DepartmentId, title: &str, review: ReviewPolicy) -> Department {
    Department { id: id.clone(), title: title.to_owned(), default_work_type: None, gates: BTreeMap::new(), review }
}

/// Reads the domains into the chart, which has their departments and workers.
pub(super) fn domains<'a>(tables: Vec<Table<'a>>, chart: &mut Chart) -> Vec<(DomainId, Table<'a>)> {
    let mut declared: Vec<(DomainId, Table<'_>)> = Vec::new();
    for mut table in tables {
        let department = match reference::department(table.optional("department").as_ref(), chart) {
            Ok(department) => department,
            Err(Ambiguous(departments)) => {
                table.fault(format!("{} has no `department`", table.label()), format!("add one of {departments}"));
                None
            }
        };
        let name = table.required("id", "`id = \"backend\"`").and_then(|value| value.name());
        let title = table.required("title", "`title = \"Backend\"`").and_then(|value| value.line_of_text());
        let lead = table.optional("lead").and_then(|value| value.table());
        let lead = lead.map(|lead| self::lead(lead, chart)).unwrap_or_default();
        table.finish();
        let Some(department) = department.or_else(|| chart.departments.keys().next().cloned()) else { continue };
        let Ok(id) = department.domain(name.unwrap_or(STAND_IN)) else { continue };
        if name.is_some()
            && let Some((_, other)) = declared.iter().find(|(other, _)| *other == id)
        {
            declared_twice(&table, other);
        }
        let title = title.unwrap_or_default().to_owned();
        let Lead { worker, review } = lead;
        chart.domains.insert(id.clone(), Domain { id: id.clone(), title, lead_worker: worker, review });
        declared.push((id, table));
    }
    declared
}

/// How the lead of a domain reviews.
#[derive(Default)]
struct Lead {
    worker: Option<WorkerId>,
    review: ReviewPolicy,
}

fn lead(mut table: Table<'_>, chart: &Chart) -> Lead {
    let worker = table.optional("worker");
    let review = table.optional("review");
    table.finish();
    if worker.is_none() && review.is_none() && table.knows_every_key() {
        table.fault(
            format!("{} has neither `worker` nor `review`", table.label()),
            "add `worker = \"reviewer\"` or `review = \"person\"`",
        );
    }
    if let (Some(_), Some(review)) = (&worker, &review) {
        review.fault(
            "a lead reviews with its worker, and `review` is for a lead without one",
            "drop `review`, or drop `worker`",
        );
    }
    let review = review.and_then(|value| value.word(ReviewPolicy::ALL)).unwrap_or_default();
    Lead { worker: worker.and_then(|value| lead_worker(&value, chart)), review }
}

fn lead_worker(value: &Value<'_>, chart: &Chart) -> Option<WorkerId> {
    let worker = reference::one_of(value, "worker", chart.workers.iter().map(|(id, worker)| (id.as_str(), worker)))?;
    if !worker.reviews {
        value.fault(
            format!("worker `{}` does not review, and reviewing is all that a lead's worker is for", worker.id),
            "set `reviews = true` there if it can, or drop the lead's worker",
        );
    }
    Some(worker.id.clone())
}

/// Reads who holds the gates of a department, once its domains are known.
pub(super) fn gates(declared: &DeclaredDepartment<'_>, chart: &mut Chart) {
    let Some(table) = &declared.gates else { return };
    let mut found = BTreeMap::new();
    for (key, value) in table.entries() {
        let gate = match key {
            "security" => Gate::Security,
            "architecture" => Gate::Architecture,
            "qa" => Gate::Qa,
            "domain_lead" | "tech_lead" => {
                value.fault(
                    format!("`{key}` is a role that the chart always has"),
                    "drop it; only `security`, `architecture` and `qa` are gates that a domain holds",
                );
                continue;
            }
            other => {
                let help = suggest::help(other, &["security", "architecture", "qa"], "gate");
                value.fault(format!("{} is not a gate", quoted(other)), help);
                continue;
            }
        };
        if let Some(domain) = reference::domain(&value, Some(&declared.id), chart) {
            found.insert(gate, domain);
        }
    }
    if let Some(department) = chart.departments.get_mut(&declared.id) {
        department.gates = found;
    }
}

/// Reads the default work type of a department. `all_read` is whether there is a workflow from each file.
pub(super) fn default_work_type(declared: &DeclaredDepartment<'_>, chart: &mut Chart, all_read: bool) {
    let Some(value) = &declared.default_work_type else { return };
    let Some(name) = value.name() else { return };
    let workflow = chart.workflows.values().find(|workflow| workflow.work_type.as_str() == name);
    let work_type = match workflow {
        Some(workflow) if workflow.department != declared.id => {
            value.fault(
                format!("work type `{name}` belongs to department `{}`", workflow.department),
                format!("name a work type of `{}`", declared.id),
            );
            None
        }
        Some(workflow) => Some(workflow.work_type.clone()),
        // The file that could not be read may be the one that plans it; its own fault comes first.
        None if !all_read => None,
        None => {
            let own = chart.workflows.values().filter(|workflow| workflow.department == declared.id);
            reference::one_of(value, "work type", own.map(|it| (it.work_type.as_str(), it.work_type.clone())))
        }
    };
    if let Some(department) = chart.departments.get_mut(&declared.id) {
        department.default_work_type = work_type;
    }
}

/// An organisation has work to give to somebody: no department without a domain, no domain without an IC.
pub(super) fn emptiness(
    root: &Table<'_>,
    departments: &[DeclaredDepartment<'_>],
    domains: &[(DomainId, Table<'_>)],
    chart: &Chart,
) {
    if domains.is_empty() {
        root.fault("this chart has no domain", "add a `[[domain]]` and an `[[ic]]` in it");
        return;
    }
    for DeclaredDepartment { id, table, .. } in departments {
        if chart.domains_of(id).next().is_none() {
            let help = format!("add a `[[domain]]` with `department = \"{id}\"`, or drop the department");
            table.fault(format!("{} has no domain", table.label()), help);
        }
    }
    for (id, table) in domains {
        if chart.ics_of(id).next().is_none() {
            let help = format!("add an `[[ic]]` with `domain = \"{}\"`, or drop the domain", id.name());
            table.fault(format!("{} has no IC", table.label()), help);
        }
    }
}
