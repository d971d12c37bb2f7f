//! The organisations that ship: every file of them is sound, and everything they can be asked for they bring to its end.

mod charts;
mod departments;
mod feature;
mod phases;
mod stories;
mod work_types;

use std::path::{Path, PathBuf};

use echelon::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use echelon::domain::id::{InstructionId, TaskId};
use echelon::domain::instruction::{Request, StateName};
use echelon::domain::org::Chart;
use echelon::domain::plan::Plan;
use echelon::domain::time::{Millis, OrgTime};

use crate::stage::Stage;
use crate::support::inside;

/// Charts whose workers are simulated, so that they can be played on virtual time.
const CHARTS: [&str; 2] = ["software.toml", "company.toml"];

/// No instruction of theirs takes longer than this much of their time.
pub(crate) const LONGEST: Millis = Millis::from_hours(24 * 60);

/// The folder of what ships.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("org")
}

/// A request that says everything that its work type asks for.
pub(crate) fn request(chart: &Chart, work_type: &str, text: &str) -> Request {
    let work_type = work_type.parse().expect("a name");
    let workflow = &chart.workflows[&work_type];
    let brief = workflow.brief.iter().map(|(field, question)| (field.clone(), format!("An answer to: {question}")));
    Request {
        brief: brief.collect(),
        department: Some(workflow.department.clone()),
        work_type: Some(work_type),
        ..inside::request(text)
    }
}

/// Plays until an instruction is over; it has to be completed.
#[track_caller]
fn complete(stage: &mut Stage, request: Request) -> InstructionId {
    let id = stage.submit(request);
    stage.play(LONGEST);
    assert_eq!(stage.ended(id), Some(StateName::Completed), "{:?}\n{}", stage.open_tasks(), stage.story());
    id
}

/// The plan that an instruction was given.
fn plan_of(entries: &[Entry], id: InstructionId) -> &Plan {
    let mut plans = entries.iter().filter_map(|entry| match &entry.event {
        Event::Instruction(of, InstructionEvent::Planned { plan }) if *of == id => Some(plan),
        _other => None,
    });
    plans.next_back().expect("it was planned")
}

/// When something happened to a task first.
fn when(entries: &[Entry], id: TaskId, what: impl Fn(&TaskEvent) -> bool) -> Option<OrgTime> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::Task(task, event) if *task == id && what(event) => Some(entry.at.org),
        _other => None,
    })
}

/// When something happened to an instruction first.
fn when_instruction(entries: &[Entry], id: InstructionId, what: impl Fn(&InstructionEvent) -> bool) -> Option<OrgTime> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::Instruction(of, event) if *of == id && what(event) => Some(entry.at.org),
        _other => None,
    })
}
