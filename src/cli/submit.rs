//! `echelon submit`: hands an instruction to the running organisation.

use std::path::Path;

use clap::Args;
use uuid::Uuid;

use super::connect::ask;
use super::exit::{Exit, Failure};
use super::output::Printer;
use super::{InstructionArgs, OutputArgs, repository};
use crate::api::wire::{Ask, Submit, Submitted};
use crate::domain::id::IdempotencyKey;

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

/// Hands an instruction in. Without a key it gets one of its own, so that asking again after a lost answer is harmless.
pub(super) async fn submit(data_dir: &Path, args: InstructionArgs) -> Result<Submitted, Failure> {
    let repository = repository::find(args.repo.as_deref())?;
    let key: Option<IdempotencyKey> = args.key.or_else(|| format!("cli-{}", Uuid::now_v7()).parse().ok());
    let submit = Submit {
        text: args.text,
        department: args.department,
        work_type: args.work_type,
        priority: args.priority,
        tier: args.tier,
        repository,
        key,
    };
    Ok(ask(data_dir, Ask::Submit(submit)).await?.one().await?)
}
