//! Parts of a workflow that other departments do.

use super::graph::Graph;
use super::{INSTRUCTION, Later, Place};
use crate::config::reader::Table;
use crate::config::{program, reference};
use crate::domain::id::WorkType;
use crate::domain::plan::PARTS_LIMIT;
use crate::domain::workflow::PartTemplate;

/// Reads the parts of a file. Whether their work types are there is found out when every workflow is read.
pub(super) fn read(tables: Vec<Table<'_>>, place: Place<'_>, later: &mut Vec<(usize, Later)>) -> Vec<PartTemplate> {
    if let Some(one_too_many) = tables.get(PARTS_LIMIT) {
        one_too_many.fault(
            format!("this workflow has {} parts, and {PARTS_LIMIT} is the most", tables.len()),
            "join parts, or make a workflow of its own of some",
        );
    }
    let mut parts = Vec::new();
    for (mut table, key, needs) in Graph::read(tables, "part", "this workflow").rest() {
        let department = table.required("department", "`department = \"software\"`, who does it");
        let departments = place.chart.departments.keys().map(|id| (id.as_str(), id.clone()));
        let department = department.and_then(|value| reference::one_of(&value, "department", departments));
        let work_type = table.required("work_type", "`work_type = \"feature\"`, one of that department's");
        let line = work_type.as_ref().map(|value| value.line());
        let work_type = work_type.and_then(|value| value.id::<WorkType>());
        let text = table.required("text", "`text = \"{instruction}\"`, what to do").and_then(|value| {
            let text = value.text()?;
            program::check_text(&value, text, &[INSTRUCTION]);
            Some(text.to_owned())
        });
        table.finish();
        let (Some(key), Some(department), Some(work_type)) = (key, department, work_type) else { continue };
        let mention = Later::Part { department: department.clone(), work_type: work_type.clone() };
        later.extend(line.map(|line| (line, mention)));
        parts.push(PartTemplate { key, department, work_type, text: text.unwrap_or_default(), needs });
    }
    parts
}
