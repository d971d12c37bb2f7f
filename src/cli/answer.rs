//! `echelon answer`: answers a question that a task waits for.

use std::path::Path;

use super::connect::ask;
use super::exit::{Exit, Failure};
use super::live::short;
use super::output::Printer;
use crate::api::wire::{Answered, Ask};

pub(super) async fn run(data_dir: &Path, question: String, text: String, printer: &Printer) -> Result<Exit, Failure> {
    let answered: Answered = ask(data_dir, Ask::Answer { question, text }).await?.one().await?;
    printer.line(format!("{} is answered; {} goes on", short(&answered.question), short(&answered.task)))?;
    Ok(Exit::Done)
}
