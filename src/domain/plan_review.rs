//! The manager's look at a plan: whether it is complete, whether it can be done, and what could go wrong; and for which
//! plans that is a person's to say.

use std::collections::BTreeSet;

use crate::domain::id::{DomainId, Skill};
use crate::domain::instruction::{ConsultEnd, Instruction};
use crate::domain::risk::{Risk, RiskBand};
use crate::domain::schedule::{forecast, is_qualified, left_by_domain, open_work, span};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::{Effort, Millis, OrgTime};
use crate::domain::work::{Tier, Work};

/// Names that one sentence has at most.
const NAMED: usize = 6;

/// What comes of looking at a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Review {
    /// What was seen, one sentence each.
    pub seen: Vec<String>,
    /// Why a person approves it, one sentence each; the manager does where there is none.
    pub asks: Vec<String>,
}

/// Looks at the plan of an instruction.
#[must_use]
pub fn review(state: &State, found: &Instruction, now: OrgTime) -> Review {
    let mut review = Review { asks: left_to_a_person(state, found), ..Review::default() };
    size(state, found, &mut review);
    complete(state, found, &mut review);
    feasible(state, found, &mut review);
    affordable(state, found, now, &mut review);
    risky(found, &mut review);
    consulted(found, &mut review);
    Review { seen: bounded(review.seen), asks: bounded(review.asks) }
}

/// Why a plan is not the manager's to approve, whatever they make of it.
#[must_use]
pub fn left_to_a_person(state: &State, found: &Instruction) -> Vec<String> {
    let mut reasons = Vec::new();
    let risk = found.plan.as_ref().map(|plan| plan.risk).unwrap_or_default();
    if risk.band() == RiskBand::Person {
        reasons.push(format!("its risk is {}: {}", risk.total(), what_is_risky(&risk)));
    }
    if let (Some(from), Some(tier)) = (state.chart.policy.approve_from, found.tier())
        && tier >= from
    {
        reasons.push(format!("a person approves every plan from tier {from} on, and this is tier {tier}"));
    }
    reasons
}

/// One piece of work of a plan: a task, or a piece of a milestone's outline.
struct Piece<'a> {
    name: String,
    domain: &'a DomainId,
    work: &'a Work,
}

fn pieces<'a>(state: &'a State, found: &'a Instruction) -> Vec<Piece<'a>> {
    let whole = |task: &'a Task| Piece { name: task.key.to_string(), domain: &task.domain, work: &task.work };
    let of = |task: &'a Task| -> Vec<Piece<'a>> {
        let outline = task.outline.iter();
        let name = |key: &crate::domain::id::StepKey| format!("{}/{key}", task.key);
        outline.map(|one| Piece { name: name(&one.key), domain: &one.domain, work: &one.work }).collect()
    };
    open_work(state, found)
        .flat_map(|task| if task.outline.is_empty() { vec![whole(task)] } else { of(task) })
        .collect()
}

fn size(state: &State, found: &Instruction, review: &mut Review) {
    let parts = found.plan.as_ref().map_or(&[][..], |plan| &plan.parts);
    if !parts.is_empty() {
        let departments: BTreeSet<String> = parts.iter().map(|part| part.department.to_string()).collect();
        review.seen.push(format!("{} for {}", count(parts.len(), "part"), list(departments.into_iter())));
        return;
    }
    let by_domain = left_by_domain(state, found);
    let hours = by_domain.values().fold(Effort::default(), |sum, hours| sum.plus(*hours));
    review.seen.push(format!(
        "{} with {hours} of work in {}; it takes {} with those who are there",
        count(found.tasks.len(), "task"),
        count(by_domain.len(), "domain"),
        in_words(span(state, found))
    ));
}

/// Whether everything says what must be true when it is done, and every domain has something to do for which its work type
/// usually has something.
fn complete(state: &State, found: &Instruction, review: &mut Review) {
    let pieces = pieces(state, found);
    let is_vague = |piece: &&Piece<'_>| piece.work.criteria.iter().all(|one| one.trim().is_empty());
    let vague = list(pieces.iter().filter(is_vague).map(|piece| piece.name.clone()));
    if !vague.is_empty() {
        review.asks.push(format!("nothing says when these are done: {vague}"));
    }
    let workflow = found.triage.as_ref().and_then(|one| state.chart.workflows.get(&one.work_type));
    let template = found.tier().and_then(|tier| workflow?.variant(tier));
    let touched: BTreeSet<&DomainId> = pieces.iter().map(|piece| piece.domain).collect();
    let usual: BTreeSet<&DomainId> = template.iter().flat_map(|one| &one.steps).map(|step| &step.domain).collect();
    let without = list(usual.difference(&touched).map(ToString::to_string));
    if let (false, Some(workflow)) = (without.is_empty() || pieces.is_empty(), workflow) {
        review.seen.push(format!("{} usually has work for {without}, and this plan has none", workflow.work_type));
    }
}

/// Whether for everything there is somebody who can do it.
fn feasible(state: &State, found: &Instruction, review: &mut Review) {
    for piece in pieces(state, found) {
        let mut able = state.chart.ics.values().filter(|ic| is_qualified(ic, piece.work));
        if state.chart.ics_of(piece.domain).any(|ic| is_qualified(ic, piece.work)) {
            continue;
        }
        match able.find(|ic| ic.id.department() == found.department) {
            Some(other) => review.seen.push(format!(
                "nobody of {} can do {}; {} of {} could",
                piece.domain,
                piece.name,
                other.id,
                other.id.domain()
            )),
            None => review.asks.push(format!(
                "nobody of {} can do {}: it takes {}",
                found.department,
                piece.name,
                asked_of(piece.work)
            )),
        }
    }
}

/// What a piece of work asks of whoever does it.
fn asked_of(work: &Work) -> String {
    let skills = list(work.skills.iter().map(Skill::to_string));
    match (&work.position, skills.is_empty()) {
        (Some(position), true) => format!("the position {position}"),
        (Some(position), false) => format!("the position {position}, with {skills}"),
        (None, false) => skills,
        (None, true) => "somebody at all".to_owned(),
    }
}

/// Whether it keeps to its budget and comes in time.
fn affordable(state: &State, found: &Instruction, now: OrgTime, review: &mut Review) {
    if found.has_parts() {
        if let Some(budget) = found.request.budget {
            let why = format!("it may cost {budget}, and what its parts cost is not known before they are planned");
            review.asks.push(why);
        }
        return;
    }
    let hours = left_by_domain(state, found).into_values().fold(Effort::default(), Effort::plus);
    match found.request.budget {
        Some(budget) if hours > budget => {
            review.asks.push(format!("it needs {hours} of work and may cost {budget}"));
        }
        Some(budget) => review.seen.push(format!("{hours} of the {budget} it may cost")),
        None => {}
    }
    let Some(deadline) = found.deadline else {
        return;
    };
    let done = forecast(state, found, now);
    if done > deadline {
        review.asks.push(format!("it would be done {} after its deadline", in_words(done.since(deadline))));
    } else {
        review.seen.push(format!("it would be done {} before its deadline", in_words(deadline.since(done))));
    }
}

fn risky(found: &Instruction, review: &mut Review) {
    let risk = found.plan.as_ref().map(|plan| plan.risk).unwrap_or_default();
    let what = what_is_risky(&risk);
    match risk.band() {
        RiskBand::Approve => review.seen.push(format!("its risk is {}: nothing to look after", risk.total())),
        RiskBand::Monitor => review.seen.push(format!(
            "its risk is {}: {what}; it is looked after: the manager hears of half the usual delay",
            risk.total()
        )),
        RiskBand::Checkpoints if !found.tier().is_some_and(Tier::has_strategic_phase) || found.has_parts() => {
            review.asks.push(format!("its risk is {}: {what}; and it has no milestone to stop at", risk.total()));
        }
        RiskBand::Checkpoints => {
            review.seen.push(format!("its risk is {}: {what}; it stops for a go-ahead on the way", risk.total()));
        }
        // Said among the reasons for a person.
        RiskBand::Person => {}
    }
}

/// The scores that make something risky, the highest first.
fn what_is_risky(risk: &Risk) -> String {
    let mut scores: Vec<(&str, u8)> = risk.scores().into_iter().filter(|(_, score)| *score > 1).collect();
    scores.sort_by_key(|(name, score)| (std::cmp::Reverse(*score), *name));
    list(scores.into_iter().map(|(name, score)| format!("{name} {score}")))
}

/// What those who were asked said, and who said nothing.
fn consulted(found: &Instruction, review: &mut Review) {
    for one in &found.consultations {
        let whom = &one.ask.whom;
        match (&one.end, one.ask.blocking) {
            (Some(ConsultEnd::Answered { by, text }), _) if by.is(whom) => {
                review.seen.push(format!("{whom}: {}", cut(text)));
            }
            (Some(ConsultEnd::Answered { by, text }), _) => {
                review.seen.push(format!("{by}, asked for {whom}: {}", cut(text)));
            }
            (Some(ConsultEnd::Lapsed), true) => {
                let question = cut(&one.ask.question);
                review.seen.push(format!("{whom} had to be asked and did not answer in time: {question}"));
            }
            (Some(ConsultEnd::Lapsed), false) => review.seen.push(format!("{whom} did not answer in time")),
            (None, _) => review.seen.push(format!("{whom} has not answered yet")),
        }
    }
}

/// The beginning of what somebody said: all of it is with the consultation.
fn cut(text: &str) -> String {
    const KEPT: usize = 400;
    let mut kept: String = text.chars().take(KEPT).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// The first of many sentences.
fn bounded(mut sentences: Vec<String>) -> Vec<String> {
    const KEPT: usize = 40;
    let more = sentences.len().saturating_sub(KEPT);
    sentences.truncate(KEPT);
    if more > 0 {
        sentences.push(format!("and {more} more of the kind"));
    }
    sentences
}

/// `3 tasks`, `1 task`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Names in a row, the first ones.
pub(super) fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let named = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// A span of organisation time, for a sentence: `5.5 h`, `3 days`.
pub(super) fn in_words(span: Millis) -> String {
    const TENTHS_A_DAY: u64 = 240;
    let tenths = span.to_duration().as_secs().saturating_add(180).checked_div(360).unwrap_or_default();
    let (number, unit) = if tenths < 2 * TENTHS_A_DAY { (tenths, "h") } else { (tenths / 24, "days") };
    let (whole, rest) = (number / 10, number % 10);
    if rest == 0 { format!("{whole} {unit}") } else { format!("{whole}.{rest} {unit}") }
}
