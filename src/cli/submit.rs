//! `echelon submit`: hands an instruction to the running organisation.

use std::path::Path;

use clap::Args;

use super::OutputArgs;
use super::connect::ask;
use super::exit::{Exit, Failure};
use super::instruction::InstructionArgs;
use super::output::Printer;
use crate::api::wire::{Ask, Submitted};

#[derive(Args, Debug)]
pub(super) struct SubmitArgs {
    #[command(flatten)]
    instruction: InstructionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(data_dir: &Path, args: SubmitArgs, printer: &Printer) -> Result<Exit, Failure> {
    let submitted = submit(data_dir, args.instruction).await?;
    if args.output.json {
        printer.json(&submitted)?;
    } else {
        printer.line(submitted.instruction)?;
        note_existing(&submitted, printer);
    }
    Ok(Exit::Done)
}

/// Says so when the key was known.
pub(super) fn note_existing(submitted: &Submitted, printer: &Printer) {
    if submitted.existing {
        printer.note(format!("{} is known by this key; nothing new was begun", submitted.instruction.short()));
    }
}

/// Hands an instruction in.
pub(super) async fn submit(data_dir: &Path, args: InstructionArgs) -> Result<Submitted, Failure> {
    let submit = args.into_submit()?;
    Ok(ask(data_dir, Ask::Submit(submit)).await?.one().await?)
}
