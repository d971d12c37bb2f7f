//! Reads the plan that a planner returns, strictly, and says everything that is wrong with its shape at once.
//!
//! This module never guesses what a planner meant, and knows nothing of who the plan is for.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::outcome::tidy;
use crate::domain::plan::draft::{Draft, SCHEMA};

/// Faults of one plan that are told, at most.
const FAULTS_LIMIT: usize = 20;

/// Longest text of one fault: libraries repeat the value that is wrong.
const FAULT_BYTES: usize = 300;

/// The published schema, once it is compiled.
static VALIDATOR: LazyLock<Option<jsonschema::Validator>> = LazyLock::new(|| jsonschema::validator_for(&schema()).ok());

/// The JSON Schema that a plan satisfies.
#[must_use]
pub fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

/// The draft that a planner wrote down.
///
/// # Errors
/// Everything that is wrong with its shape, one sentence each, with where it is.
pub fn read(plan: &Value) -> Result<Draft, Vec<String>> {
    let mut faults: Vec<String> = match &*VALIDATOR {
        Some(validator) => validator
            .iter_errors(plan)
            .take(FAULTS_LIMIT)
            .map(|error| {
                let at = error.instance_path().to_string();
                let at = if at.is_empty() { "/".to_owned() } else { at };
                tidy(&format!("{at}: {error}"), FAULT_BYTES)
            })
            .collect(),
        None => vec!["the schema of plans cannot be compiled".to_owned()],
    };
    if faults.is_empty() {
        match Draft::deserialize(plan) {
            Ok(draft) => return Ok(draft),
            Err(error) => faults.push(tidy(&error.to_string(), FAULT_BYTES)),
        }
    }
    Err(faults)
}
