//! The chart: the organisation and its policy, its departments and domains, and the workflows it names.
//!
//! Read in the order of who refers to whom: whatever is referred to is known before anything refers to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fault::quoted;
use super::reader::{Table, Value};
use super::reference::Ambiguous;
use super::{Files, reference, staff, suggest};
use crate::domain::id::{DepartmentId, DomainId, WorkType, WorkerId};
use crate::domain::org::{Chart, Department, Domain, Policy};
use crate::domain::review::Gate;
use crate::domain::time::Millis;
use crate::domain::work::Tier;

/// The department of a chart that declares none.
const ONLY_DEPARTMENT: &str = "main";

/// Reads everything below `root`. What could not be read has left a fault, and something stands in for it.
pub(super) fn read(root: &mut Table<'_>, folder: String, files: Files<'_>, path: &Path) -> Chart {
    let mut chart = Chart { folder, ..Chart::default() };
    let organisation = root.required("organisation", "an `[organisation]` table with a `name`");
    let organisation = organisation.and_then(|value| value.table());
    let workflow_files = organisation.and_then(|table| organisation_of(table, &mut chart));
    if let Some(table) = root.optional("policy").and_then(|value| value.table()) {
        chart.policy = policy(table);
    }
    staff::workers(root.tables("worker", "worker"), &mut chart);
    let departments = departments(root.tables("department", "department"), &mut chart);
    let domains = domains(root.tables("domain", "domain"), &mut chart);
    staff::ics(root.tables("ic", "IC"), &mut chart);
    for declared in &departments {
        gates(declared, &mut chart);
    }
    let all_read = workflow_files.is_some_and(|named| workflows(&named, &mut chart, files, path));
    for declared in &departments {
        default_work_type(declared, &mut chart, all_read);
    }
    emptiness(root, &departments, &domains, &chart);
    root.finish();
    chart
}

/// Returns the values that name the workflow files; `None` if that list cannot be read.
fn organisation_of<'a>(mut table: Table<'a>, chart: &mut Chart) -> Option<Vec<Value<'a>>> {
    let name = table.required("name", "`name = \"acme\"`").and_then(|value| value.line_of_text());
    chart.name = name.unwrap_or_default().to_owned();
    let workflows = table.optional("workflows").map_or_else(|| Some(Vec::new()), |value| value.list());
    table.finish();
    workflows
}

fn policy(mut table: Table<'_>) -> Policy {
    let usual = Policy::default();
    let mut span = |key, least, most, usual| {
        table.optional(key).and_then(|value: Value<'_>| value.duration(least, most)).unwrap_or(usual)
    };
    // The shortest spans keep a daemon from doing nothing else; no silence of a whole day is a sign of life.
    let retry_backoff = span("retry_backoff", Millis(1), Policy::BACKOFF_LIMIT, usual.retry_backoff);
    let lease = span("lease", Millis::from_secs(1), Millis::from_hours(24), usual.lease);
    let mut count = |key, range| table.optional(key).and_then(|value| value.small_integer(range));
    let policy = Policy {
        max_retries: count("max_retries", 0..=100).unwrap_or(usual.max_retries),
        retry_backoff,
        max_review_rounds: count("max_review_rounds", 1..=100).unwrap_or(usual.max_review_rounds),
        lease,
        default_tier: count("default_tier", 0..=4)
            .and_then(|number| Tier::try_from(u8::try_from(number).ok()?).ok())
            .unwrap_or(usual.default_tier),
    };
    table.finish();
    policy
}

/// A `[[department]]`, with what can only be resolved once its domains and workflows are known.
struct DeclaredDepartment<'a> {
    id: DepartmentId,
    table: Table<'a>,
    default_work_type: Option<Value<'a>>,
    gates: Option<Table<'a>>,
}

fn departments<'a>(tables: Vec<Table<'a>>, chart: &mut Chart) -> Vec<DeclaredDepartment<'a>> {
    let mut declared: Vec<DeclaredDepartment<'_>> = Vec::new();
    for mut table in tables {
        let id = table.required("id", "`id = \"software\"`").and_then(|value| value.id::<DepartmentId>());
        if let Some(other) = declared.iter().find(|it| Some(&it.id) == id.as_ref()) {
            declared_twice(&table, &other.table);
        }
        let title = table.required("title", "`title = \"Software\"`").and_then(|value| value.line_of_text());
        let default_work_type = table.optional("default_work_type");
        let gates = table.optional("gates").and_then(|value| value.table());
        table.finish();
        let Some(id) = id.or_else(stand_in) else { continue };
        let title = title.unwrap_or_default().to_owned();
        let department = Department { id: id.clone(), title, default_work_type: None, gates: BTreeMap::new() };
        chart.departments.insert(id.clone(), department);
        declared.push(DeclaredDepartment { id, table, default_work_type, gates });
    }
    if declared.is_empty()
        && let Ok(id) = ONLY_DEPARTMENT.parse::<DepartmentId>()
    {
        let title = "Main".to_owned();
        let department = Department { id: id.clone(), title, default_work_type: None, gates: BTreeMap::new() };
        chart.departments.insert(id, department);
    }
    declared
}

fn domains<'a>(tables: Vec<Table<'a>>, chart: &mut Chart) -> Vec<(DomainId, Table<'a>)> {
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
        let lead_worker = lead.and_then(|lead| lead_worker(lead, chart));
        table.finish();
        let Some(department) = department.or_else(|| chart.departments.keys().next().cloned()) else { continue };
        let Ok(id) = department.domain(name.unwrap_or(STAND_IN)) else { continue };
        if name.is_some()
            && let Some((_, other)) = declared.iter().find(|(other, _)| *other == id)
        {
            declared_twice(&table, other);
        }
        let title = title.unwrap_or_default().to_owned();
        chart.domains.insert(id.clone(), Domain { id: id.clone(), title, lead_worker });
        declared.push((id, table));
    }
    declared
}

fn lead_worker(mut table: Table<'_>, chart: &Chart) -> Option<WorkerId> {
    let value = table.required("worker", "`worker = \"reviewer\"`");
    table.finish();
    let value = value?;
    let worker = reference::one_of(&value, "worker", chart.workers.iter().map(|(id, worker)| (id.as_str(), worker)))?;
    if !worker.reviews {
        value.fault(
            format!("worker `{}` does not review, and reviewing is all that a lead's worker is for", worker.id),
            "set `reviews = true` there if it can, or drop the lead's worker",
        );
    }
    Some(worker.id.clone())
}

fn gates(declared: &DeclaredDepartment<'_>, chart: &mut Chart) {
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

/// Reads the workflow files. Returns whether there is a workflow from each; its faults aside.
fn workflows(named: &[Value<'_>], chart: &mut Chart, files: Files<'_>, path: &Path) -> bool {
    let mut all_read = true;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut planned_by: BTreeMap<WorkType, &str> = BTreeMap::new();
    for value in named {
        let Some(name) = value.line_of_text() else {
            all_read = false;
            continue;
        };
        if !seen.insert(name) {
            value.fault(format!("{} is named twice", quoted(name)), "name each workflow file once");
            continue;
        }
        let file = Files::beside(path, name);
        let workflow = files.open(&file, Some(value)).and_then(|text| files.workflow(&text, &file, chart));
        let Some(workflow) = workflow else {
            all_read = false;
            continue;
        };
        if let Some(other) = planned_by.insert(workflow.work_type.clone(), name) {
            value.fault(
                format!("{} plans work type `{}`, as {} does", quoted(name), workflow.work_type, quoted(other)),
                "keep one, or give one of them another `work_type`",
            );
        }
        chart.workflows.insert(workflow.work_type.clone(), workflow);
    }
    all_read
}

fn default_work_type(declared: &DeclaredDepartment<'_>, chart: &mut Chart, all_read: bool) {
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
fn emptiness(
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

/// Reports the second of two tables with the same id.
pub(super) fn declared_twice(table: &Table<'_>, other: &Table<'_>) {
    let line = other.line().map_or_else(String::new, |line| format!(" in line {line}"));
    table.fault(format!("{} is already declared{line}", table.label()), "give one of them another `id`");
}

/// The name of whatever has none that can be used. It never leaves this module: without a name there is a fault.
pub(super) const STAND_IN: &str = "unknown";

/// An id for whatever has none that can be used.
pub(super) fn stand_in<T: std::str::FromStr>() -> Option<T> {
    STAND_IN.parse().ok()
}
