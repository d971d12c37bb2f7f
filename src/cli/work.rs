//! The commands of `echelon task` that change something: work that is done by hand, and who has what.

use clap::Subcommand;

use super::level;
use crate::api::wire::Act;
use crate::domain::role::Level;
use crate::domain::time::Millis;
use crate::domain::work::Priority;

#[derive(Subcommand, Debug)]
pub(super) enum WorkCommand {
    /// Begin a task by hand: makes its folder ready and says where it is
    Start {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
    },
    /// Say that one has a task and will come to it
    Ack {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
    },
    /// Say how far one is
    Progress {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// In words
        note: String,
        /// How much of it is done
        #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: Option<u8>,
    },
    /// Hand work in, once its files pass their checks
    Done {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// What was done, in a sentence or two
        #[arg(long, value_name = "TEXT")]
        summary: String,
        /// A file besides those that are asked for, in the working folder; may be given more than once
        #[arg(long = "artefact", value_name = "PATH")]
        artefacts: Vec<String>,
        /// What speaks for the work; may be given more than once
        #[arg(long, value_name = "TEXT")]
        evidence: Vec<String>,
    },
    /// Say that a task cannot go on
    Block {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// What is in the way
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// What would clear it
        #[arg(long, value_name = "TEXT")]
        needs: String,
        /// A word for what it is
        #[arg(long, value_name = "WORD", default_value = "reported")]
        kind: String,
    },
    /// Ask something about a task that one works on or reviews; its clock stands still until there is an answer
    Ask {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// The question, in words
        text: String,
        /// Who should answer
        #[arg(long, value_name = "LEVEL", value_parser = level(), default_value = "person")]
        to: Level,
    },
    /// Give a task to somebody else
    Reassign {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// To whom: an IC, or the end of its id where that is unique
        #[arg(long, value_name = "IC")]
        to: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Grant a task more time in the state it is in
    Grant {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// How much, by the organisation's clock: 90m, 4h, 2d
        #[arg(value_parser = span)]
        span: Millis,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Make a task more or less urgent
    Priority {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        /// low, normal, high or critical
        priority: Priority,
    },
}

fn span(text: &str) -> Result<Millis, String> {
    let span = humantime::parse_duration(text).map_err(|error| format!("{error}; write it as in 90m, 4h or 2d"))?;
    match i64::try_from(span.as_millis()) {
        Ok(millis) if millis > 0 => Ok(Millis(millis)),
        _none_or_too_long => Err("a span is longer than nothing, and shorter than all time".to_owned()),
    }
}

impl From<WorkCommand> for Act {
    fn from(command: WorkCommand) -> Self {
        match command {
            WorkCommand::Start { task } => Self::Start { task },
            WorkCommand::Ack { task } => Self::Acknowledge { task },
            WorkCommand::Progress { task, note, percent } => Self::Progress { task, percent, note },
            WorkCommand::Done { task, summary, artefacts, evidence } => {
                Self::Done { task, summary, artefacts, evidence }
            }
            WorkCommand::Block { task, reason, needs, kind } => Self::Block { task, reason, needs, kind },
            WorkCommand::Ask { task, text, to } => Self::Ask { task, text, to },
            WorkCommand::Reassign { task, to, reason } => Self::Reassign { task, to, reason },
            WorkCommand::Grant { task, span, reason } => Self::Grant { task, span, reason },
            WorkCommand::Priority { task, priority } => Self::Prioritise { task, priority },
        }
    }
}
