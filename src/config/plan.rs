//! Plan files: a plan that somebody wrote down, checked against the published schema.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Report;
use super::reader::Source;
use crate::domain::plan::draft::{Draft, SCHEMA};
use crate::domain::work::{Check, Deliverable};

/// What to do about a plan that is not as the schema has it.
const SEE_SCHEMA: &str = "see `echelon workflow schema` for how a plan is written";

/// How a plan is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DraftFormat {
    /// JSON.
    Json,
    /// TOML, with `[[tasks]]` for each task.
    Toml,
}

impl DraftFormat {
    /// The format of a file, by the end of its name.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|end| end == "toml") { Self::Toml } else { Self::Json }
    }
}

/// Where a part of a plan is, for its faults.
trait Lines {
    /// The line of the value at a JSON pointer, if the text has lines that are known.
    fn line(&self, pointer: &str) -> Option<usize>;
}

struct NoLines;

impl Lines for NoLines {
    fn line(&self, _pointer: &str) -> Option<usize> {
        None
    }
}

struct TomlLines<'a> {
    source: &'a Source<'a>,
    document: &'a Spanned<DeTable<'a>>,
}

impl Lines for TomlLines<'_> {
    /// The line of the innermost part of the pointer that is there: what is missing has none of its own.
    fn line(&self, pointer: &str) -> Option<usize> {
        let mut parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
        let first = parts.next()?;
        let mut at = self.document.get_ref().get(first.as_str())?;
        for part in parts {
            let inner = match at.get_ref() {
                DeValue::Table(table) => table.get(part.as_str()),
                DeValue::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            match inner {
                Some(inner) => at = inner,
                None => break,
            }
        }
        Some(self.source.line(&at.span()))
    }
}

/// Reads a plan; what is wrong with it is left in `report`.
pub(super) fn read(text: &str, format: DraftFormat, path: &Path, report: &Report) -> Option<Draft> {
    match format {
        DraftFormat::Json => match serde_json::from_str(text) {
            Ok(value) => checked(&value, &NoLines, path, report),
            Err(error) => {
                report.add(path, Some(error.line()), format!("is not JSON: {error}"), SEE_SCHEMA);
                None
            }
        },
        DraftFormat::Toml => {
            let source = Source::new(path, text, report);
            let document = source.parse(text)?;
            let lines = TomlLines { source: &source, document: &document };
            // What can be walked with its lines can be read as a value.
            let value: serde_json::Value = match toml::from_str(text) {
                Ok(value) => value,
                Err(error) => {
                    let line = error.span().map(|span| source.line(&span));
                    report.add(path, line, format!("is not a plan: {}", error.message()), SEE_SCHEMA);
                    return None;
                }
            };
            checked(&value, &lines, path, report)
        }
    }
}

fn checked(value: &serde_json::Value, lines: &dyn Lines, path: &Path, report: &Report) -> Option<Draft> {
    let add = |pointer: &str, what: String, help: &str| {
        let line = lines.line(pointer);
        let at = if pointer.is_empty() { "the plan".to_owned() } else { format!("`{pointer}`") };
        report.add(path, line, format!("{at}: {what}"), help);
    };
    let schema = serde_json::from_str(SCHEMA).ok()?;
    let validator = match jsonschema::validator_for(&schema) {
        Ok(validator) => validator,
        Err(error) => {
            add("", format!("the schema of plans is broken: {error}"), "report this as a fault of the program");
            return None;
        }
    };
    let mut is_right = true;
    for error in validator.iter_errors(value) {
        is_right = false;
        add(error.instance_path().as_str(), error.to_string(), SEE_SCHEMA);
    }
    if !is_right {
        return None;
    }
    match Draft::deserialize(value) {
        Ok(draft) => {
            deliverables(&draft, &add);
            Some(draft)
        }
        Err(error) => {
            add("", error.to_string(), SEE_SCHEMA);
            None
        }
    }
}

/// Reports patterns and schemas of deliverables that do not compile: no file would ever pass them.
fn deliverables(draft: &Draft, add: &dyn Fn(&str, String, &str)) {
    for (index, task) in draft.tasks.iter().enumerate() {
        each(&task.deliverables, &format!("/tasks/{index}"), add);
        for (piece, inner) in task.breakdown.iter().enumerate() {
            each(&inner.deliverables, &format!("/tasks/{index}/breakdown/{piece}"), add);
        }
    }
}

fn each(deliverables: &[Deliverable], whose: &str, add: &dyn Fn(&str, String, &str)) {
    for (index, deliverable) in deliverables.iter().enumerate() {
        for (number, check) in deliverable.checks.iter().enumerate() {
            let fault = match check {
                Check::Matches(pattern) => regex::Regex::new(pattern).err().map(|error| error.to_string()),
                Check::JsonSchema(text) => schema_fault(text),
                Check::MinBytes(_) | Check::Contains(_) | Check::Json | Check::Toml | Check::Command(_) => None,
            };
            if let Some(fault) = fault {
                let pointer = format!("{whose}/deliverables/{index}/checks/{number}");
                add(
                    &pointer,
                    format!("cannot be checked: {fault}"),
                    "write a regular expression or a JSON schema that is one",
                );
            }
        }
    }
}

fn schema_fault(text: &str) -> Option<String> {
    match serde_json::from_str(text) {
        Ok(schema) => jsonschema::validator_for(&schema).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    }
}
