//! `echelon answer`: answers what a task or a plan waits for, and says what the brief of an instruction does not.

use std::path::Path;

use clap::Args;

use super::connect::ask;
use super::exit::{Exit, Failure};
use super::instruction::{brief, field};
use super::live::short;
use super::output::Printer;
use crate::api::wire::{Answered, Ask};
use crate::domain::id::BriefField;

#[derive(Args, Debug)]
pub(super) struct AnswerArgs {
    /// The question, or the instruction that waits for its brief: its id, or a unique beginning or end of it
    id: String,
    /// The answer, in words
    #[arg(required_unless_present = "fields")]
    text: Option<String>,
    /// What the brief of an instruction says, such as `goals=…`; `@FILE` after the `=` reads a file; may be given more
    /// than once
    #[arg(long = "field", value_name = "FIELD=TEXT", value_parser = field)]
    fields: Vec<(BriefField, String)>,
}

pub(super) async fn run(data_dir: &Path, args: AnswerArgs, printer: &Printer) -> Result<Exit, Failure> {
    let fields = brief(args.fields)?;
    let answered: Answered =
        ask(data_dir, Ask::Answer { question: args.id, text: args.text, fields }).await?.one().await?;
    let (question, about) = (short(&answered.question), short(&answered.task));
    printer.line(match answered.missing.as_slice() {
        [] if question == about => format!("{question} has its brief and goes on"),
        [] => format!("{question} is answered; {about} goes on"),
        missing => {
            let fields: Vec<&str> = missing.iter().map(BriefField::as_str).collect();
            format!("{question} still does not say {}", fields.join(", "))
        }
    })?;
    Ok(Exit::Done)
}
