//! Reads an organisation chart and the workflow templates it names, and reports everything wrong with them at once.
//!
//! A file is read as a TOML document whose values know their place, walked key by key, and turned into [`Chart`] and
//! [`Workflow`]. A derived deserialiser would stop at the first fault; here a part that cannot be read leaves a
//! [`Fault`] behind and the walk goes on, with a stand-in where that keeps one fault from causing others. A chart that
//! is returned has no faults: every id it mentions is in it, every pattern and schema in it compiles.
//!
//! This module never writes a file, starts nothing and knows nothing of a running organisation.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

mod chart;
mod clocks;
mod deliverable;
mod fault;
mod people;
mod place;
mod plan;
mod program;
mod reader;
mod reference;
pub mod scenario;
mod sla;
mod staff;
mod structure;
mod suggest;
mod triage;
mod workflow;

pub use fault::{Fault, Faults};
pub use plan::DraftFormat;

use fault::Report;
use reader::{Source, Table, Value};
use scenario::Scenario;

use crate::domain::org::Chart;
use crate::domain::plan::draft::Draft;
use crate::domain::workflow::Workflow;

/// The largest file that is read, in bytes: a thousand ICs take about a quarter of it, and a wrong path to something
/// endless is found out before it fills the memory.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Reads the chart in the file `path` and the workflow files it names.
///
/// # Errors
/// Everything that is wrong with any of these files.
pub fn load(path: &Path) -> Result<Chart, Faults> {
    let report = Report::default();
    let files = Files { report: &report, read: &read_file };
    let chart = files.open(path, None).and_then(|text| files.chart(&text, path));
    report.finish(chart)
}

/// Reads a chart from `text`. `path` is where the text would be: paths in it are relative to that folder, and faults
/// name it. Every other file is asked of `read`.
///
/// # Errors
/// Everything that is wrong with the text and the files it names.
pub fn parse(text: &str, path: &Path, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Chart, Faults> {
    let report = Report::default();
    let chart = Files { report: &report, read }.chart(text, path);
    report.finish(chart)
}

/// Reads the workflow in the file `path`, as one of the workflows of `chart`, whether or not the chart names it.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn check_workflow(path: &Path, chart: &Chart) -> Result<Workflow, Faults> {
    let report = Report::default();
    let files = Files { report: &report, read: &read_file };
    let loaded = files.open(path, None).and_then(|text| files.workflow(&text, path, chart));
    let workflow = loaded.map(|loaded| workflow::merge::one(loaded, &chart.workflows, &report));
    report.finish(workflow)
}

/// Reads the plan in the file `path`: TOML where its name ends in `.toml`, JSON otherwise.
///
/// # Errors
/// Everything that is wrong with its shape, with the line where it is TOML and with the path within it where it is JSON.
pub fn plan_file(path: &Path) -> Result<Draft, Faults> {
    let report = Report::default();
    let files = Files { report: &report, read: &read_file };
    let format = DraftFormat::of(path);
    let draft = files.open(path, None).and_then(|text| plan::read(&text, format, path, &report));
    report.finish(draft)
}

/// Reads a plan from `text`. `path` is what faults name.
///
/// # Errors
/// As [`plan_file`].
pub fn parse_draft(text: &str, format: DraftFormat, path: &Path) -> Result<Draft, Faults> {
    let report = Report::default();
    let draft = plan::read(text, format, path, &report);
    report.finish(draft)
}

/// Reads the scenario in the file `path`, the chart that it is about and the traces it names.
///
/// # Errors
/// Everything that is wrong with any of these files.
pub fn scenario(path: &Path) -> Result<Scenario, Faults> {
    let report = Report::default();
    let files = Files { report: &report, read: &read_file };
    let scenario = files.open(path, None).and_then(|text| scenario::read(&text, path, files));
    report.finish(scenario)
}

/// Reads a scenario from `text`. `path` is where the text would be; every other file is asked of `read`, as in [`parse`].
///
/// # Errors
/// As [`scenario()`].
pub fn parse_scenario(
    text: &str,
    path: &Path,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Scenario, Faults> {
    let report = Report::default();
    let scenario = scenario::read(text, path, Files { report: &report, read });
    report.finish(scenario)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the texts come from and where their faults go.
#[derive(Clone, Copy)]
struct Files<'a> {
    report: &'a Report,
    read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl Files<'_> {
    /// The text of a file. `named_by` is the value that names it, which is where its absence is a fault.
    fn open(&self, path: &Path, named_by: Option<&Value<'_>>) -> Option<String> {
        let fault = |line: Option<usize>, what: String, help: &str| self.report.add(path, line, what, help);
        let bytes = match (self.read)(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                match named_by {
                    Some(value) => value.fault(
                        format!("`{}` cannot be read: {error}", path.display()),
                        "the path is relative to the folder of the file that names it",
                    ),
                    None => fault(None, format!("cannot be read: {error}"), "give the path of a file that can be read"),
                }
                return None;
            }
        };
        if bytes.len() as u64 > FILE_LIMIT {
            fault(None, format!("is larger than {FILE_LIMIT} bytes"), "give the path of a smaller file");
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let valid = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
                let line = valid.filter(|byte| **byte == b'\n').count().saturating_add(1);
                fault(Some(line), "is not UTF-8 text".to_owned(), "save the file as UTF-8");
                None
            }
        }
    }

    fn chart(&self, text: &str, path: &Path) -> Option<Chart> {
        let source = Source::new(path, text, self.report);
        let document = source.parse(text)?;
        let mut root = Table::root(&source, "this chart", document.get_ref());
        let folder = std::path::absolute(path).ok().and_then(|path| Some(path.parent()?.to_str()?.to_owned()));
        if folder.is_none() {
            root.fault("the path of the chart's folder is not UTF-8 text", "move the chart to a folder whose path is");
        }
        Some(chart::read(&mut root, folder.unwrap_or_default(), *self, path))
    }

    fn workflow(&self, text: &str, path: &Path, chart: &Chart) -> Option<workflow::Loaded> {
        let source = Source::new(path, text, self.report);
        let document = source.parse(text)?;
        workflow::read(&mut Table::root(&source, "this workflow", document.get_ref()), chart, *self, path)
    }

    /// A path that `file` gives relative to its own folder.
    fn beside(file: &Path, relative: &str) -> PathBuf {
        file.parent().unwrap_or_else(|| Path::new("")).join(relative)
    }
}
