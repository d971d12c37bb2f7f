//! Reads the kinds of instruction that come in in a scenario.

use std::collections::BTreeSet;

use super::read::Place;
use super::{Kind, fits};
use crate::config::fault::quoted;
use crate::config::reader::{Table, Value};
use crate::config::{clocks, workflow};
use crate::domain::id::{DepartmentId, WorkType};
use crate::domain::instruction::{Deadline, LABELS_LIMIT, Request, WORD_LIMIT};
use crate::domain::org::Chart;
use crate::domain::time::Effort;
use crate::domain::work::Priority;

/// The most hours that an instruction may be said to cost.
const BUDGET_LIMIT: f64 = 1_000_000.0;

/// The largest share: many of them still have a sum.
const SHARE_LIMIT: f64 = 1e9;

/// What stands for any ending of a work type.
const ANY_ENDING: char = '*';

/// The kinds that one `[[arrivals.mix]]` says: more than one where its work type stands for several.
pub(super) fn kinds(mut table: Table<'_>, place: Place<'_>) -> Vec<Kind> {
    let share = table.optional("share").map_or(Some(1.0), |value| {
        value.number("a number, more than 0 and at most 1000000000", |share| share > 0.0 && share <= SHARE_LIMIT)
    });
    let text = table.required("text", "`text = \"Let customers export their invoices\"`");
    let text = text.and_then(|value| value.text()).map(str::to_owned);
    let department_value = table.optional("department");
    let work_type_value = table.optional("work_type");
    let tier_value = table.optional("tier");
    let brief_value = table.optional("brief");
    let request = Request {
        text: text.unwrap_or_default(),
        department: department_value.as_ref().and_then(|value| value.id::<DepartmentId>()),
        tier: tier_value.as_ref().and_then(Value::tier),
        brief: brief_value.as_ref().map(|value| workflow::brief(value, Value::text)).unwrap_or_default(),
        ..rest(&mut table)
    };
    table.finish();
    let all_read =
        department_value.is_none() == request.department.is_none() && tier_value.is_none() == request.tier.is_none();
    let (Some(chart), true) = (place.chart, all_read) else { return Vec::new() };
    let work_types = match &work_type_value {
        Some(value) => work_types(value, chart).into_iter().map(Some).collect(),
        None => vec![None],
    };
    let number = u32::try_from(work_types.len()).map_or(f64::MAX, f64::from);
    let mut kinds = Vec::new();
    for work_type in work_types {
        let mut request = Request { work_type, ..request.clone() };
        for misfit in fits::check(&mut request, chart) {
            let value = match misfit.key {
                "department" => department_value.as_ref(),
                "work_type" => work_type_value.as_ref(),
                "tier" => tier_value.as_ref(),
                "brief" => brief_value.as_ref(),
                _ => None,
            };
            match value {
                Some(value) => value.fault(misfit.what, misfit.help),
                None => table.fault(misfit.what, misfit.help),
            }
        }
        kinds.extend(share.map(|share| Kind { share: share / number, request }));
    }
    kinds
}

/// The work types that a value names: one, or with a `*` at its end every one that begins so.
fn work_types(value: &Value<'_>, chart: &Chart) -> Vec<WorkType> {
    let Some(text) = value.text() else { return Vec::new() };
    let Some(beginning) = text.strip_suffix(ANY_ENDING) else {
        return value.id::<WorkType>().into_iter().collect();
    };
    let found: Vec<WorkType> =
        chart.workflows.keys().filter(|work_type| work_type.as_str().starts_with(beginning)).cloned().collect();
    if found.is_empty() {
        value.fault(
            format!("no work type of this chart begins with {}", quoted(beginning)),
            "name one, or write the beginning of several with a `*` behind it",
        );
    }
    found
}

/// What a kind of instruction says that nothing of the chart hangs on.
fn rest(table: &mut Table<'_>) -> Request {
    let priority = table.optional("priority").and_then(|value| value.word(Priority::ALL));
    let deadline = table.optional("deadline").and_then(|value| clocks::span(&value));
    let customer_commitment = table.optional("customer_commitment").and_then(|value| value.flag());
    let budget = table
        .optional("budget")
        .and_then(|value| value.number("a number of hours, more than 0 and at most 1000000", is_budget));
    let risk = table.optional("risk").and_then(|value| value.table()).map(workflow::risk);
    let mut named = |key| table.optional(key).and_then(|value: Value<'_>| word(&value));
    let (project, epic, sprint) = (named("project"), named("epic"), named("sprint"));
    let labels = table.optional("labels").map(labels).unwrap_or_default();
    Request {
        priority: priority.unwrap_or_default(),
        deadline: deadline.map(Deadline::Within),
        customer_commitment: customer_commitment.unwrap_or_default(),
        budget: budget.map(Effort::from_hours),
        risk,
        project,
        epic,
        sprint,
        labels,
        ..Request::default()
    }
}

/// Whether an instruction may be said to cost so many hours.
pub(super) fn is_budget(hours: f64) -> bool {
    hours <= BUDGET_LIMIT && Effort::from_hours(hours) > Effort::default()
}

/// A few words to find an instruction by.
fn word(value: &Value<'_>) -> Option<String> {
    let text = value.line_of_text()?;
    if text.len() > WORD_LIMIT {
        value.out_of_range(text, &format!("at most {WORD_LIMIT} bytes"));
        return None;
    }
    Some(text.to_owned())
}

fn labels(value: Value<'_>) -> BTreeSet<String> {
    let number = value.list().filter(|_| value.is_list()).map_or(1, |items| items.len());
    if number > LABELS_LIMIT {
        value.out_of_range(&format!("{number} labels"), &format!("at most {LABELS_LIMIT}"));
    }
    value.set(word).unwrap_or_default()
}
