//! The brief of an instruction: what it must say, field by field, before it is planned.
//!
//! Presence is checked, not quality: a field that says something is there.

use std::collections::BTreeMap;

use crate::domain::id::BriefField;
use crate::domain::workflow::Workflow;

/// What an instruction says, by field.
pub type Brief = BTreeMap<BriefField, String>;

/// The fields that a workflow asks for and a brief does not fill, in order of their names.
#[must_use]
pub fn missing(workflow: &Workflow, brief: &Brief) -> Vec<BriefField> {
    let empty = |field: &&BriefField| brief.get(*field).is_none_or(|said| said.trim().is_empty());
    workflow.brief.keys().filter(empty).cloned().collect()
}
