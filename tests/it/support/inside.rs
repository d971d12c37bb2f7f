//! What tests share that look inside the crate: instructions, charts that are read from memory, and ids in their order.

use std::io;
use std::path::Path;

use echelon::config;
use echelon::domain::command::InstructionAction;
use echelon::domain::id::{EscalationId, InstructionId, QuestionId, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::plan::{Plan, Source};
use echelon::domain::policy::Ids;
use echelon::domain::task::PlannedTask;
use uuid::Uuid;

/// An instruction of which nothing is given but its text.
pub(crate) fn request(text: &str) -> Request {
    Request { text: text.to_owned(), ..Request::default() }
}

/// Reads a chart that must have no fault, with the files beside it: name and content of each.
pub(crate) fn read_chart(chart: &str, beside: &[(&str, &str)]) -> Chart {
    let read = |path: &Path| {
        let found = beside.iter().find(|(name, _)| path == Path::new("/org").join(name));
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    match config::parse(chart, Path::new("/org/org.toml"), &read) {
        Ok(chart) => chart,
        Err(faults) => panic!("the chart has faults: {faults}"),
    }
}

/// New ids, each one more than the last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct NewIds(u128);

impl NewIds {
    /// Ids that nobody has who counts from nothing.
    pub(crate) fn far_away() -> Self {
        Self(1 << 64)
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

impl Ids for NewIds {
    fn instruction(&mut self) -> InstructionId {
        InstructionId::new(self.uuid())
    }

    fn question(&mut self) -> QuestionId {
        QuestionId::new(self.uuid())
    }

    fn task(&mut self) -> TaskId {
        TaskId::new(self.uuid())
    }

    fn escalation(&mut self) -> EscalationId {
        EscalationId::new(self.uuid())
    }
}

/// The recording of a plan of these tasks.
pub(crate) fn plan(tasks: Vec<PlannedTask>) -> InstructionAction {
    InstructionAction::Plan { plan: Box::new(Plan::of_tasks(Source::File, tasks)) }
}
