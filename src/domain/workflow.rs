//! Workflow templates: how instructions of one work type are planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::id::{BriefField, DepartmentId, DomainId, StepKey, WorkType, WorkerId};
use crate::domain::plan::{Piece, Range, size_limits};
use crate::domain::risk::Risk;
use crate::domain::role::Role;
use crate::domain::time::Millis;
use crate::domain::work::{Tier, Work};

/// How instructions of one work type are planned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Workflow {
    /// The work type it plans.
    pub work_type: WorkType,
    /// One line on what it is for.
    pub description: String,
    /// The department it belongs to.
    pub department: DepartmentId,
    /// Whether an instruction planned by it must name a git repository.
    pub needs_repository: bool,
    /// What an instruction must say before it is planned: fields by name, with the question that each answers.
    pub brief: BTreeMap<BriefField, String>,
    /// What could go wrong with any work of this type, where the instruction does not say.
    pub risk: Risk,
    /// A worker that plans it; the templates stand in for it where there are any.
    pub planner: Option<WorkerId>,
    /// Templates by tier, in ascending order; the one without a tier, if there is one, comes first and serves those that
    /// have none of their own.
    pub variants: Vec<Variant>,
}

/// A template for the plan of an instruction of one tier.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Variant {
    /// The tier it plans; any where it is absent.
    pub tier: Option<Tier>,
    /// What is done, in the order of the file. Steps run side by side unless one needs the other.
    pub steps: Vec<Step>,
    /// Parts that other departments do, in the order of the file; none where it has steps.
    pub parts: Vec<PartTemplate>,
    /// Who is asked about the plan.
    pub consultations: Vec<ConsultTemplate>,
    /// What could go wrong with work of this tier besides.
    pub risk: Risk,
}

/// One step of a workflow: one task of the plan, or one for each of several targets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the template.
    pub key: StepKey,
    /// The domain that does it.
    pub domain: DomainId,
    /// Steps that must be done before it can start.
    pub needs: Vec<StepKey>,
    /// What it asks for. `{instruction}` in its texts stands for the text of the instruction, `{item}` for the target.
    pub work: Work,
    /// One task for each of these, where it is given.
    pub for_each: Option<ForEach>,
    /// Whether it stops for a go-ahead where the risk of the plan calls for checkpoints.
    pub checkpoint: bool,
    /// Hours that it takes, at least and at most, where that is said.
    pub range: Option<Range>,
    /// What its lead breaks it down into, where it is a milestone and the template says so.
    pub outline: Vec<Piece>,
}

impl Step {
    /// The step as one piece of what a milestone is broken down into.
    #[must_use]
    pub fn piece(&self) -> Piece {
        Piece { key: self.key.clone(), domain: self.domain.clone(), needs: self.needs.clone(), work: self.work.clone() }
    }
}

/// The targets of a step that is done once for each of several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForEach {
    /// These.
    Items(Vec<String>),
    /// The files of the instruction's repository that match this glob.
    Glob(String),
    /// The lines of this field of the instruction's brief.
    Brief(BriefField),
}

/// A part of a workflow that another department does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PartTemplate {
    /// Its name, unique in the template.
    pub key: StepKey,
    /// The department that does it.
    pub department: DepartmentId,
    /// The kind of work; one of that department's.
    pub work_type: WorkType,
    /// What to do, in words; `{instruction}` stands for the text of the instruction.
    pub text: String,
    /// Parts that must be done before it can start.
    pub needs: Vec<StepKey>,
}

/// Somebody who is asked about each plan of a workflow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConsultTemplate {
    /// Who is asked: a lead, or the tech lead.
    pub whom: Role,
    /// What is asked; `{instruction}` stands for the text of the instruction.
    pub question: String,
    /// Whether the plan waits for the answer.
    pub blocking: bool,
    /// Organisation time after which nobody waits for it any more.
    pub within: Millis,
}

impl Variant {
    /// Whether a plan by it is one of this tier, whatever tier it is for. How many tasks a step for each of several
    /// targets makes is not known before; parts of other departments have no tier.
    fn would_serve(&self, tier: Tier) -> bool {
        let (least, most) = size_limits(tier);
        let same_phases = self.tier.is_some_and(|own| own.has_strategic_phase() == tier.has_strategic_phase());
        let is_known = !self.steps.is_empty() && self.steps.iter().all(|step| step.for_each.is_none());
        same_phases && is_known && (least..=most).contains(&self.steps.len())
    }
}

impl Workflow {
    /// The template for a tier: its own, the one that serves any, or one of another tier that is planned in as many phases
    /// and has as many steps as this one takes.
    #[must_use]
    pub fn variant(&self, tier: Tier) -> Option<&Variant> {
        let own = self.variants.iter().find(|variant| variant.tier == Some(tier));
        let any = || self.variants.iter().find(|variant| variant.tier.is_none());
        own.or_else(any).or_else(|| self.variants.iter().find(|variant| variant.would_serve(tier)))
    }

    /// What could go wrong with work of a tier.
    #[must_use]
    pub fn risk_of(&self, tier: Tier) -> Risk {
        self.variant(tier).map_or(self.risk, |variant| variant.risk.max(&self.risk))
    }

    /// Tiers that it has a template of their own for, in ascending order.
    pub fn tiers(&self) -> impl Iterator<Item = Tier> + '_ {
        self.variants.iter().filter_map(|variant| variant.tier)
    }

    /// Whether an instruction of this tier can be planned by it.
    #[must_use]
    pub fn plans(&self, tier: Tier) -> bool {
        self.planner.is_some() || self.variant(tier).is_some()
    }

    /// The template whose steps are work for one IC each: that of the highest tier which is planned in one phase.
    #[must_use]
    pub fn one_phase(&self) -> Option<&Variant> {
        let tactical = |variant: &&Variant| variant.tier.is_none_or(|tier| !tier.has_strategic_phase());
        let found = self.variants.iter().filter(tactical).max_by_key(|variant| variant.tier);
        found.filter(|variant| !variant.steps.is_empty())
    }

    /// Every step of every template of it.
    pub fn steps(&self) -> impl Iterator<Item = &Step> + '_ {
        self.variants.iter().flat_map(|variant| &variant.steps)
    }
}
