//! What a step must produce, and the checks by which a machine tells whether it did.

use std::collections::BTreeSet;
use std::path::Path;

use super::Files;
use super::fault::quoted;
use super::program;
use super::reader::{Table, Value};
use crate::domain::work::{Check, Deliverable};

/// Reads the deliverables of one step. `path` is the workflow's file, beside which its schemas are.
pub(super) fn read(tables: Vec<Table<'_>>, files: Files<'_>, path: &Path) -> Vec<Deliverable> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut deliverables = Vec::new();
    for mut table in tables {
        let place = table.required("path", "`path = \"REPORT.md\"`").and_then(|value| {
            let place = place(&value)?;
            if !seen.insert(place) {
                value.fault(format!("deliverable {} is there twice", quoted(place)), "put all its checks into one");
            }
            Some(place)
        });
        let checks = checks(&mut table, files, path);
        table.finish();
        deliverables.extend(place.map(|place| Deliverable { path: place.to_owned(), checks }));
    }
    deliverables
}

/// A path that stays in the workspace, written in the one way in which it can be compared.
fn place<'a>(value: &Value<'a>) -> Option<&'a str> {
    let text = value.line_of_text()?;
    let wrong = if text.starts_with('/') {
        "is absolute"
    } else if text.split('/').any(|part| part == "..") {
        "leads out of the workspace"
    } else if text.split('/').any(|part| part.is_empty() || part == ".") {
        "has an empty part or a `.`"
    } else {
        return Some(text);
    };
    value.fault(
        format!("deliverable path {} {wrong}", quoted(text)),
        "write the path of a file within the workspace, such as `REPORT.md` or `docs/plan.md`",
    );
    None
}

/// Cheap checks come first, and those that explain a failure best.
fn checks(table: &mut Table<'_>, files: Files<'_>, path: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(table.optional("min_bytes").and_then(|value| value.integer(1..=u64::MAX)).map(Check::MinBytes));
    for item in table.optional("contains").and_then(Value::one_or_many).unwrap_or_default() {
        checks.extend(item.text().map(|text| Check::Contains(text.to_owned())));
    }
    for item in table.optional("matches").and_then(Value::one_or_many).unwrap_or_default() {
        checks.extend(pattern(&item).map(Check::Matches));
    }
    let format = table.optional("format").and_then(|value| value.word(&["json", "toml"]));
    checks.extend(format.map(|format| if format == "json" { Check::Json } else { Check::Toml }));
    if let Some(value) = table.optional("schema") {
        if format == Some("toml") {
            value.fault("a JSON schema says nothing about a TOML file", "drop `schema`, or write `format = \"json\"`");
        }
        checks.extend(schema(&value, files, path).map(Check::JsonSchema));
    }
    // The file's path is added as the last argument; nothing else is replaced.
    let command = table.optional("command").and_then(|value| program::argv(&value, &[]));
    checks.extend(command.map(Check::Command));
    checks
}

fn pattern(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    if let Err(error) = regex::Regex::new(text) {
        // The library draws where the fault is; its last line says what it is.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        value.fault(
            format!("{} is not a regular expression: {reason}", quoted(text)),
            "see https://docs.rs/regex for how it is written",
        );
        return None;
    }
    Some(text.to_owned())
}

/// The text of a JSON schema that compiles.
fn schema(value: &Value<'_>, files: Files<'_>, path: &Path) -> Option<String> {
    let file = Files::beside(path, value.line_of_text()?);
    let text = files.open(&file, Some(value))?;
    let schema: serde_json::Value = match serde_json::from_str(&text) {
        Ok(schema) => schema,
        Err(error) => {
            files.report.add(&file, Some(error.line()), format!("is not JSON: {error}"), "write a JSON schema");
            return None;
        }
    };
    if let Err(error) = jsonschema::validator_for(&schema) {
        let at = error.instance_path().to_string();
        let at = if at.is_empty() { String::new() } else { format!(" at {}", quoted(&at)) };
        let what = format!("is not a JSON schema{at}: {error}");
        files.report.add(&file, None, what, "see https://json-schema.org for how it is written");
        return None;
    }
    Some(text)
}
