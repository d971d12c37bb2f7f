//! A plan as somebody writes it down: a file given with the instruction, or what a planner returns.

//!
//! [`SCHEMA`] is its JSON Schema: what it accepts is what is read. Whether a draft is a plan of a certain organisation, and
//! of the size that its tier has, is what [`Draft::plan`] finds out.

mod faults;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Consult, Piece, Plan, Range, Source, kind_of, sum, template};
use crate::domain::id::{DepartmentId, DomainId, Position, Skill, StepKey, TaskId, WorkType};
use crate::domain::org::Chart;
use crate::domain::policy::Ids;
use crate::domain::risk::Risk;
use crate::domain::role::Role;
use crate::domain::task::PlannedTask;
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Complexity, Deliverable, Tier, Work};

/// The JSON Schema of a draft, as JSON text.
pub const SCHEMA: &str = include_str!("draft.schema.json");

/// Whom a consultation asks that is not a domain's lead.
pub const TECH_LEAD: &str = "tech_lead";

/// Hours that an answer is waited for where a consultation says nothing: half a person's day.
const USUAL_WAIT_HOURS: u32 = 4;

/// A plan as it is written down. Domains are named as in a workflow file: `backend`, or `software/backend`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Draft {
    /// What could go wrong.
    pub risk: Option<Risk>,
    /// The tasks, in any order: milestones in tiers 3 and 4, pieces of work below.
    pub tasks: Vec<DraftTask>,
    /// Who is asked about it.
    pub consultations: Vec<DraftConsultation>,
}

/// A task of a [`Draft`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftTask {
    /// Its name, unique in the plan.
    pub key: StepKey,
    /// One line for tables.
    pub title: String,
    /// The domain that does it.
    pub domain: String,
    /// Tasks that must be done before it can start.
    #[serde(default)]
    pub needs: Vec<StepKey>,
    /// What to do.
    #[serde(default)]
    pub description: String,
    /// Hours of work expected.
    pub effort: Effort,
    /// Hours at least and at most, for milestones.
    #[serde(default)]
    pub range: Option<(Effort, Effort)>,
    /// How demanding it is.
    #[serde(default)]
    pub complexity: Option<Complexity>,
    /// Skills without which nobody is qualified.
    #[serde(default)]
    pub skills: BTreeSet<Skill>,
    /// Skills that help.
    #[serde(default)]
    pub nice_to_have: BTreeSet<Skill>,
    /// The position that whoever does it must have.
    #[serde(default)]
    pub position: Option<Position>,
    /// Whether a security reviewer must see it.
    #[serde(default)]
    pub security_sensitive: bool,
    /// What must be true for it to count as done.
    pub criteria: Vec<String>,
    /// What must come out.
    #[serde(default)]
    pub deliverables: Vec<Deliverable>,
    /// Whether it stops for a go-ahead where the risk calls for checkpoints.
    #[serde(default)]
    pub checkpoint: bool,
    /// For a milestone: what its lead breaks it down into.
    #[serde(default)]
    pub breakdown: Vec<DraftTask>,
    /// For a milestone: the workflow whose steps it is broken down into, instead of `breakdown`.
    #[serde(default)]
    pub workflow: Option<WorkType>,
}

/// Somebody whom a [`Draft`] wants asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftConsultation {
    /// The domain whose lead is asked, or `tech_lead`.
    pub whom: String,
    /// What is asked.
    pub question: String,
    /// Whether the plan waits for the answer.
    #[serde(default)]
    pub blocking: bool,
    /// Hours of organisation time after which nobody waits for it any more; 4 where it is absent.
    #[serde(default)]
    pub within: Option<u32>,
}

/// Whom a plan is for.
#[derive(Clone, Copy, Debug)]
pub struct For<'a> {
    /// The organisation.
    pub chart: &'a Chart,
    /// The department that does it.
    pub department: &'a DepartmentId,
    /// How much planning and review it gets.
    pub tier: Tier,
    /// The text of the instruction.
    pub text: &'a str,
}

impl Draft {
    /// The plan it is for an instruction.
    ///
    /// # Errors
    /// Everything that is wrong with it, one sentence each: what is not in the organisation, what waits for itself, what is
    /// too large or too small, what nobody could tell to be done.
    pub fn plan(&self, source: Source, whose: For<'_>, ids: &mut dyn Ids) -> Result<Plan, Vec<String>> {
        let faults = faults::of(self, whose);
        if !faults.is_empty() {
            return Err(faults);
        }
        let order = template::in_order(&self.tasks, |task| &task.key, |task| &task.needs).map_err(|why| vec![why])?;
        let mut known: BTreeMap<&StepKey, TaskId> = BTreeMap::new();
        let mut tasks = Vec::with_capacity(order.len());
        for task in order {
            let id = ids.task();
            known.insert(&task.key, id);
            // A draft without faults names no domain that is not there.
            tasks.extend(task.planned(id, &known, whose));
        }
        let ask = |one: &DraftConsultation| {
            let within = i64::from(one.within.unwrap_or(USUAL_WAIT_HOURS));
            Some(Consult {
                id: ids.question(),
                whom: one.whom(whose)?,
                question: one.question.clone(),
                blocking: one.blocking,
                within: Millis::from_hours(within),
            })
        };
        let consultations = self.consultations.iter().filter_map(ask).collect();
        Ok(Plan { source, tasks, parts: Vec::new(), risk: self.risk.unwrap_or_default(), consultations })
    }
}

impl DraftTask {
    fn planned(&self, id: TaskId, known: &BTreeMap<&StepKey, TaskId>, whose: For<'_>) -> Option<PlannedTask> {
        let outline = self.outline(whose);
        let mut work = self.work();
        if work.effort == Effort::default() {
            work.effort = sum(&outline);
        }
        Some(PlannedTask {
            id,
            key: self.key.clone(),
            kind: kind_of(whose.tier),
            domain: find_domain(&self.domain, whose)?.clone(),
            needs: self.needs.iter().filter_map(|need| known.get(need)).copied().collect(),
            work,
            range: self.range.map(|(low, high)| Range { low, high }),
            checkpoint: self.checkpoint,
            outline,
        })
    }

    /// What it is broken down into: its own breakdown, or the steps of the workflow it names.
    fn outline(&self, whose: For<'_>) -> Vec<Piece> {
        let by = self.workflow.as_ref().and_then(|by| whose.chart.workflows.get(by));
        if let Some(variant) = by.and_then(|workflow| workflow.one_phase()) {
            let filled = |piece: Piece| Piece { work: template::fill_in(&piece.work, whose.text, None), ..piece };
            return variant.steps.iter().map(|step| filled(step.piece())).collect();
        }
        let piece = |piece: &Self| {
            Some(Piece {
                key: piece.key.clone(),
                domain: find_domain(&piece.domain, whose)?.clone(),
                needs: piece.needs.clone(),
                work: piece.work(),
            })
        };
        self.breakdown.iter().filter_map(piece).collect()
    }

    fn work(&self) -> Work {
        Work {
            title: self.title.clone(),
            description: self.description.clone(),
            effort: self.effort,
            complexity: self.complexity.unwrap_or(Complexity::Moderate),
            skills: self.skills.clone(),
            nice_to_have: self.nice_to_have.clone(),
            position: self.position.clone(),
            security_sensitive: self.security_sensitive,
            criteria: self.criteria.clone(),
            deliverables: self.deliverables.clone(),
        }
    }
}

impl DraftConsultation {
    /// Who is asked, if there is such a place.
    fn whom(&self, whose: For<'_>) -> Option<Role> {
        if self.whom == TECH_LEAD {
            return Some(Role::TechLead(whose.department.clone()));
        }
        find_domain(&self.whom, whose).map(|domain| Role::DomainLead(domain.clone()))
    }
}

/// The domain of the department that a name stands for: `backend`, or `software/backend`.
fn find_domain<'a>(name: &str, whose: For<'a>) -> Option<&'a DomainId> {
    let own = |id: &&DomainId| id.department() == *whose.department && (id.as_str() == name || id.name() == name);
    whose.chart.domains.keys().find(own)
}
