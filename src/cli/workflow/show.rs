//! One workflow, for people to read.

use console::style;

use crate::cli::exit::Failure;
use crate::cli::output::{Printer, count};
use crate::domain::id::StepKey;
use crate::domain::plan::{Piece, Range};
use crate::domain::risk::Risk;
use crate::domain::work::Work;
use crate::domain::workflow::{ConsultTemplate, ForEach, PartTemplate, Step, Variant, Workflow};

/// Shows what a workflow asks for and how it plans in each tier.
pub(super) fn workflow(printer: &Printer, workflow: &Workflow) -> Result<(), Failure> {
    printer.line(format!("{}: {}", style(&workflow.work_type).bold(), workflow.description))?;
    printer.line(format!("  for department {}", workflow.department))?;
    if workflow.needs_repository {
        printer.line("  needs a git repository")?;
    }
    for (field, question) in &workflow.brief {
        printer.line(format!("  asks for {}: {question}", style(field).bold()))?;
    }
    risk(printer, "  ", &workflow.risk)?;
    if let Some(planner) = &workflow.planner {
        let otherwise = if workflow.variants.is_empty() { "" } else { "; the templates stand in for it" };
        printer.line(format!("  planned by worker {planner}{otherwise}"))?;
    }
    workflow.variants.iter().try_for_each(|one| variant(printer, one))
}

fn variant(printer: &Printer, variant: &Variant) -> Result<(), Failure> {
    let tier = variant.tier.map_or_else(|| "any tier".to_owned(), |tier| format!("tier {tier}"));
    let of = match (variant.steps.len(), variant.parts.len()) {
        (0, parts) => count(parts, "part"),
        (steps, _none) => count(steps, "step"),
    };
    printer.line(format!("  {}: {of}", style(tier).bold()))?;
    risk(printer, "    ", &variant.risk)?;
    variant.consultations.iter().try_for_each(|one| consultation(printer, one))?;
    variant.steps.iter().try_for_each(|one| step(printer, one))?;
    variant.parts.iter().try_for_each(|one| part(printer, one))
}

/// What could go wrong, where anything could.
fn risk(printer: &Printer, margin: &str, risk: &Risk) -> Result<(), Failure> {
    if *risk == Risk::default() {
        return Ok(());
    }
    let scores = risk.scores().into_iter().filter(|(_, score)| *score > 1);
    let scores: Vec<String> = scores.map(|(name, score)| format!("{name} {score}")).collect();
    printer.line(format!("{margin}risk {} ({}): {}", risk.total(), risk.band(), scores.join(", ")))
}

fn consultation(printer: &Printer, asked: &ConsultTemplate) -> Result<(), Failure> {
    let within = humantime::format_duration(asked.within.to_duration());
    let waits = if asked.blocking { "waits for the answer" } else { "does not wait" };
    printer.line(format!("    asks {} within {within} and {waits}: {}", asked.whom, asked.question))
}

fn step(printer: &Printer, step: &Step) -> Result<(), Failure> {
    printer.line(format!(
        "    {} ({}, {}{}{}): {}",
        style(&step.key).bold(),
        who(step.domain.as_str(), &step.work),
        size(&step.work),
        step.range.map_or_else(String::new, |Range { low, high }| format!(", {low} to {high}")),
        after(&step.needs),
        step.work.title
    ))?;
    match &step.for_each {
        Some(ForEach::Items(items)) => printer.line(format!("      for each of {}", items.join(", ")))?,
        Some(ForEach::Glob(glob)) => printer.line(format!("      for each file {glob}"))?,
        Some(ForEach::Brief(field)) => printer.line(format!("      for each line of the brief's {field}"))?,
        None => {}
    }
    if step.checkpoint {
        printer.line("      stops for a go-ahead where the risk calls for it")?;
    }
    for piece in &step.outline {
        self::piece(printer, piece)?;
    }
    outcome(printer, &step.work, "      ")
}

fn piece(printer: &Printer, piece: &Piece) -> Result<(), Failure> {
    printer.line(format!(
        "      {} ({}, {}{}): {}",
        style(&piece.key).bold(),
        who(piece.domain.as_str(), &piece.work),
        size(&piece.work),
        after(&piece.needs),
        piece.work.title
    ))?;
    outcome(printer, &piece.work, "        ")
}

/// What must come out and when it is done.
fn outcome(printer: &Printer, work: &Work, margin: &str) -> Result<(), Failure> {
    for deliverable in &work.deliverables {
        let checks: Vec<String> = deliverable.checks.iter().map(ToString::to_string).collect();
        let checks = if checks.is_empty() { "exists".to_owned() } else { checks.join(", ") };
        printer.line(format!("{margin}gives {}: {checks}", deliverable.path))?;
    }
    work.criteria.iter().try_for_each(|criterion| printer.line(format!("{margin}done when {criterion}")))
}

fn part(printer: &Printer, part: &PartTemplate) -> Result<(), Failure> {
    let (key, after) = (style(&part.key).bold(), after(&part.needs));
    printer.line(format!("    {key} (department {}, {}{after}): {}", part.department, part.work_type, part.text))
}

fn who(domain: &str, work: &Work) -> String {
    work.position.as_ref().map_or_else(|| domain.to_owned(), |position| format!("{position} of {domain}"))
}

fn size(work: &Work) -> String {
    format!("{}, {}", work.effort, work.complexity)
}

fn after(needs: &[StepKey]) -> String {
    let needs: Vec<&str> = needs.iter().map(StepKey::as_str).collect();
    if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) }
}
