//! Triage: the rules by which instructions get their tier.

use super::reader::{Table, Value};
use super::{reference, suggest};
use crate::domain::id::{DepartmentId, WorkType};
use crate::domain::org::Chart;
use crate::domain::triage::Rule;
use crate::domain::work::{Priority, Tier};

/// The least and the most that six risk scores sum up to.
const RISKS: std::ops::RangeInclusive<u32> = 6..=60;

/// Words of a text and domains of a chart that a rule may count, at most; nothing has more.
const COUNTS: std::ops::RangeInclusive<u32> = 1..=100_000;

/// Reads the rules of a chart whose workflows are known; `all_read` is whether there is one from each file.
pub(super) fn rules(tables: Vec<Table<'_>>, chart: &Chart, all_read: bool) -> Vec<Rule> {
    tables.into_iter().map(|table| rule(table, chart, all_read)).collect()
}

fn rule(mut table: Table<'_>, chart: &Chart, all_read: bool) -> Rule {
    let tier =
        table.required("tier", "`tier = 3`, which the instruction is of at least").and_then(|value| value.tier());
    let because = table.optional("because").and_then(|value| value.line_of_text()).map(str::to_owned);
    let department = table.optional("department").and_then(|value| {
        let all = chart.departments.keys().map(|id| (id.as_str(), id.clone()));
        reference::one_of(&value, "department", all)
    });
    let work_types = table
        .optional("work_type")
        .and_then(|value| value.set(|item| work_type(item, department.as_ref(), chart, all_read)));
    let words = table
        .optional("words")
        .and_then(|value| value.set(|item| item.line_of_text().map(|text| text.trim().to_owned())));
    let mut count = |key, range| table.optional(key).and_then(|value: Value<'_>| value.small_integer(range));
    let brief_words = count("brief_words", COUNTS);
    let domains = count("domains", COUNTS);
    let risk = count("risk", RISKS);
    let priority = table.optional("priority").and_then(|value| value.word(Priority::ALL));
    table.finish();
    Rule {
        tier: tier.unwrap_or(Tier::Trivial),
        because,
        department,
        work_types: work_types.unwrap_or_default().into_iter().collect(),
        words: words.unwrap_or_default().into_iter().collect(),
        brief_words,
        domains,
        risk,
        priority,
    }
}

/// A work type of the chart, and of the rule's department where it has one.
fn work_type(value: &Value<'_>, department: Option<&DepartmentId>, chart: &Chart, all_read: bool) -> Option<WorkType> {
    let named = value.id::<WorkType>()?;
    match chart.workflows.get(&named) {
        Some(workflow) => {
            if let Some(department) = department.filter(|own| **own != workflow.department) {
                value.fault(
                    format!(
                        "work type `{named}` is of department `{}`, and the rule of `{department}`",
                        workflow.department
                    ),
                    "name a work type of that department, or drop `department`",
                );
            }
        }
        // The file that could not be read may be the one that plans it; its own fault comes first.
        None if !all_read => {}
        None => {
            let names: Vec<&str> = chart.workflows.keys().map(WorkType::as_str).collect();
            let help = suggest::help(named.as_str(), &names, "work type");
            value.fault(format!("work type `{named}` is not in this chart"), help);
        }
    }
    Some(named)
}
