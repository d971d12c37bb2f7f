//! Triage: how much planning and review an instruction gets, by rules that one can read and edit.
//!
//! A rule that fits says a tier; of those that fit, the highest counts. What was given with the instruction counts before
//! all of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, WorkType};
use crate::domain::instruction::Request;
use crate::domain::plan::size_limits;
use crate::domain::work::{Priority, Tier};
use crate::domain::workflow::{Variant, Workflow};

/// One rule: where all of its conditions hold, the instruction is of at least this tier.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// The tier.
    pub tier: Tier,
    /// Why, in a few words; what is told where a rule says nothing is which conditions held.
    pub because: Option<String>,
    /// Only in this department.
    pub department: Option<DepartmentId>,
    /// Only for one of these work types; any where there are none.
    pub work_types: Vec<WorkType>,
    /// Only where the text or the brief has one of these words, in any case; any where there are none.
    pub words: Vec<String>,
    /// Only where text and brief together have at least that many words.
    pub brief_words: Option<u32>,
    /// Only where the work is of at least that many domains, by the templates of its work type.
    pub domains: Option<u32>,
    /// Only where the six risk scores sum up to at least that.
    pub risk: Option<u32>,
    /// Only from this priority on.
    pub priority: Option<Priority>,
}

impl Rule {
    /// Why the rule holds for an instruction, as a sentence; `None` where it does not.
    #[must_use]
    pub fn fits(&self, request: &Request, department: &DepartmentId, workflow: &Workflow) -> Option<String> {
        let mut held: Vec<String> = Vec::new();
        if self.department.as_ref().is_some_and(|own| own != department) {
            return None;
        }
        if !self.work_types.is_empty() {
            self.work_types.iter().find(|one| **one == workflow.work_type)?;
            held.push(format!("its work type is {}", workflow.work_type));
        }
        if !self.words.is_empty() {
            let word = self.words.iter().find(|word| says(request, word))?;
            held.push(format!("it says \u{201c}{word}\u{201d}"));
        }
        if let Some(least) = self.brief_words {
            let words = words_of(request);
            (words >= least).then_some(())?;
            held.push(format!("it has {words} words"));
        }
        if let Some(least) = self.domains {
            let domains = domains_of(workflow);
            (domains >= least).then_some(())?;
            held.push(format!("it is work for {domains} domains"));
        }
        if let Some(least) = self.risk {
            // How risky the templates are hangs on the tier, which is what is looked for.
            let risk = request.risk.unwrap_or_default().max(&workflow.risk).total();
            (risk >= least).then_some(())?;
            held.push(format!("its risk is {risk}"));
        }
        if let Some(least) = self.priority {
            (request.priority >= least).then_some(())?;
            held.push(format!("its priority is {}", request.priority));
        }
        let held = if held.is_empty() { "the rule holds for everything".to_owned() } else { held.join(" and ") };
        Some(match &self.because {
            Some(because) => format!("at least tier {}: {because} ({held})", self.tier),
            None => format!("at least tier {}: {held}", self.tier),
        })
    }
}

/// Whether the text or the brief has a word, in any case and as a whole word or words.
fn says(request: &Request, word: &str) -> bool {
    let wanted = word.to_lowercase();
    let texts = std::iter::once(&request.text).chain(request.brief.values());
    texts.into_iter().any(|text| {
        let text = text.to_lowercase();
        text.match_indices(&wanted).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at.saturating_add(wanted.len())..).and_then(|after| after.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    })
}

/// Words of the text and the brief together.
fn words_of(request: &Request) -> u32 {
    let texts = std::iter::once(&request.text).chain(request.brief.values());
    let words: usize = texts.map(|text| text.split_whitespace().count()).sum();
    u32::try_from(words).unwrap_or(u32::MAX)
}

/// Domains that the templates of a work type give work to, at most.
fn domains_of(workflow: &Workflow) -> u32 {
    let of = |variant: &Variant| {
        let own = variant.steps.iter().map(|step| &step.domain);
        let inner = variant.steps.iter().flat_map(|step| step.outline.iter().map(|piece| &piece.domain));
        own.chain(inner).collect::<BTreeSet<_>>().len()
    };
    u32::try_from(workflow.variants.iter().map(of).max().unwrap_or_default()).unwrap_or(u32::MAX)
}

/// The tier of an instruction, and why: the one that was given; otherwise the highest that a rule or the workflow asks for,
/// or the organisation's own where none does. Where the workflow has templates for certain tiers, it is the next higher of
/// these.
#[must_use]
pub fn tier(
    rules: &[Rule],
    own: Tier,
    request: &Request,
    department: &DepartmentId,
    workflow: &Workflow,
) -> (Tier, Vec<String>) {
    if let Some(tier) = request.tier {
        return (tier, vec![format!("tier {tier} was given")]);
    }
    let fitting: Vec<(Tier, String)> =
        rules.iter().filter_map(|rule| Some((rule.tier, rule.fits(request, department, workflow)?))).collect();
    let mut reasons: Vec<String> = fitting.iter().map(|(_, why)| why.clone()).collect();
    let mut tier = fitting.iter().map(|(tier, _)| *tier).max();
    let only = workflow.tiers().min();
    if tier.is_none()
        && let Some(least) = only
    {
        reasons.push(format!("tier {least} is what workflow {} asks for", workflow.work_type));
        tier = Some(least);
    }
    let tier = tier.unwrap_or_else(|| {
        reasons.push(format!("tier {own} is the organisation's own, as neither the workflow nor a rule says one"));
        own
    });
    if let Some(plan) = &request.plan {
        let size = plan.tasks.len();
        let phases = plan.tasks.iter().any(|task| !task.breakdown.is_empty() || task.workflow.is_some());
        let fits = |tier: &Tier| {
            let (least, most) = size_limits(*tier);
            (least..=most).contains(&size) && (tier.has_strategic_phase() || !phases)
        };
        let fitting: Vec<Tier> = Tier::ALL.into_iter().filter(fits).collect();
        let nearest = fitting.iter().find(|one| **one >= tier).or_else(|| fitting.last()).copied().unwrap_or(tier);
        if nearest != tier {
            reasons
                .push(format!("tier {nearest} is the nearest that takes the {size} tasks of the plan given with it"));
        }
        return (nearest, reasons);
    }
    if workflow.plans(tier) {
        return (tier, reasons);
    }
    let next = workflow.tiers().find(|other| *other > tier).or_else(|| workflow.tiers().max()).unwrap_or(tier);
    reasons.push(format!("tier {next} is the nearest that workflow {} has a template for", workflow.work_type));
    (next, reasons)
}
