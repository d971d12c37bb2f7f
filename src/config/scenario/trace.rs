//! Reads traces: files that say one by one what came in and when, as comma-separated values with a header or as one object
//! of JSON on each line.
//!
//! Both say the same with the same names. `at` and `text` have to be there; `brief.FIELD` and `risk.SCORE` are columns of
//! their own, or objects in JSON. An empty cell says nothing.

mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::read::Place;
use crate::config::Files;
use crate::config::fault::quoted;
use crate::domain::instruction::Request;
use crate::domain::time::Millis;

/// How a trace is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// Comma-separated values.
    Csv,
    /// One object of JSON on each line.
    JsonLines,
}

impl Format {
    /// By the ending of a file's name, if it is one of the two.
    pub(super) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// What one line of a trace says, by name.
type Cells = BTreeMap<String, String>;

/// What came in, earliest first; what came at the same time is in the order of the file. Bad lines have left faults.
pub(super) fn read(text: &str, format: Format, file: &Path, place: Place<'_>) -> Vec<(Millis, Request)> {
    let lines = Lines { file, files: place.files };
    let rows = match format {
        Format::Csv => lines.csv(text),
        Format::JsonLines => lines.json(text),
    };
    let mut arrivals = Vec::new();
    let mut keys = BTreeSet::new();
    for (line, cells) in rows {
        let row = row::Row { lines: &lines, line, cells: &cells };
        let read = row.read(place.chart);
        if let Some(key) = read.as_ref().and_then(|(_, request)| request.key.clone())
            && !keys.insert(key.clone())
        {
            lines.fault(
                line,
                format!("key {} is there already", quoted(key.as_str())),
                "give each instruction its own, or none",
            );
        }
        arrivals.extend(read);
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

/// The lines of a trace, and where their faults go.
struct Lines<'a> {
    file: &'a Path,
    files: Files<'a>,
}

impl Lines<'_> {
    fn fault(&self, line: usize, what: impl AsRef<str>, help: impl AsRef<str>) {
        self.files.report.add(self.file, Some(line), what, help);
    }

    /// Every row below the header that has as many cells as it.
    fn csv(&self, text: &str) -> Vec<(usize, Cells)> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                self.fault(1, format!("the header cannot be read: {error}"), "begin with the names of the columns");
                return Vec::new();
            }
        };
        let names: Vec<&str> = header.iter().collect();
        let unknown = self.unknown(1, &names);
        for (place, name) in names.iter().enumerate() {
            if names.iter().take(place).any(|other| other == name) {
                self.fault(1, format!("column {} is there twice", quoted(name)), "keep one of them");
            }
        }
        for needed in row::NEEDED.iter().filter(|needed| !names.contains(needed) && !unknown.contains(needed)) {
            self.fault(1, format!("there is no column `{needed}`"), "add it to the header and to each line");
        }
        if !row::NEEDED.iter().all(|needed| names.contains(needed)) {
            return Vec::new();
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(1, csv::Position::line);
                    let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
                    let cells = cells.map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect();
                    rows.push((usize::try_from(line).unwrap_or(usize::MAX), cells));
                }
                Err(error) => self.bad_record(&error, names.len()),
            }
        }
        rows
    }

    fn bad_record(&self, error: &csv::Error, columns: usize) {
        let line = error.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
        let what = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, .. } => {
                format!("this line has {len} cells, and the header has {columns}")
            }
            _ => format!("this line cannot be read: {error}"),
        };
        self.fault(line, what, "write a cell for each column, in double quotes where it has a comma");
    }

    /// Every line that is an object; empty lines are passed over.
    fn json(&self, text: &str) -> Vec<(usize, Cells)> {
        let mut rows = Vec::new();
        for (place, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let line = place.saturating_add(1);
            let object = match serde_json::from_str::<Json>(text) {
                Ok(Json::Object(object)) => object,
                Ok(_) => {
                    self.fault(line, "this line is not an object of JSON", "write `{\"at\": \"1h\", \"text\": \"…\"}`");
                    continue;
                }
                Err(error) => {
                    self.fault(line, format!("this line is not JSON: {error}"), "write one object on each line");
                    continue;
                }
            };
            let before = self.files.report.count();
            let mut cells = Cells::new();
            for (name, value) in object {
                self.flatten(line, name, value, &mut cells);
            }
            let names: Vec<&str> = cells.keys().map(String::as_str).collect();
            self.unknown(line, &names);
            // What a line was meant to say is not known if part of it could not be read.
            if self.files.report.count() == before {
                rows.push((line, cells));
            }
        }
        rows
    }

    /// One value of an object as the cells that say the same.
    fn flatten(&self, line: usize, name: String, value: Json, cells: &mut Cells) {
        let text = match value {
            Json::Null => return,
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => number.to_string(),
            Json::String(text) => text,
            Json::Object(inner) if !name.contains('.') => {
                for (key, value) in inner {
                    self.flatten(line, format!("{name}.{key}"), value, cells);
                }
                return;
            }
            Json::Array(items) if name == row::LABELS => {
                let labels: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
                if labels.len() < items.len() {
                    self.fault(line, "a label is not a string", "write `[\"one\", \"two\"]`");
                }
                labels.join(row::LABELS_APART)
            }
            Json::Object(_) | Json::Array(_) => {
                self.fault(line, format!("{} is neither text nor a number", quoted(&name)), "write one value");
                return;
            }
        };
        let text = text.trim();
        if !text.is_empty() {
            cells.insert(name, text.to_owned());
        }
    }

    /// Reports names that nothing is known by. Returns what they may have meant.
    fn unknown(&self, line: usize, names: &[&str]) -> Vec<&'static str> {
        let unknown = names.iter().filter(|name| !row::is_known(name));
        unknown.filter_map(|name| row::report_unknown(self, line, name)).collect()
    }
}
