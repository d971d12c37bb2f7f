//! Plans: what an instruction is done by, whoever made them, and checked the same way wherever they come from.
//!
//! A plan is strategic: milestones or, in the tiers that are planned in one phase, the work itself. What a milestone is
//! broken down into is the lead's to say; a plan may come with an outline of it.

mod check;
pub mod cycle;
pub mod draft;
pub mod glob;
pub mod template;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::check::{check_amendment, check_breakdown, check_plan};
use crate::domain::id::{DepartmentId, DomainId, InstructionId, QuestionId, StepKey, WorkType, WorkerId};
use crate::domain::review::TaskKind;
use crate::domain::risk::Risk;
use crate::domain::role::Role;
use crate::domain::task::PlannedTask;
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Tier, Work};

/// Children a strategic task is broken down into, at most: more would be two milestones.
pub const CHILDREN_LIMIT: usize = 10;

/// Hours of one piece of work, at most: what one IC does within a day, even if that day has no night.
pub const TASK_HOURS_LIMIT: f64 = 24.0;

/// Hours of a milestone, at most: what one person works in a year. What is longer is several.
pub const MILESTONE_HOURS_LIMIT: f64 = 2_000.0;

/// Parts for other departments that a plan has, at most: as many as the largest plan has tasks.
pub const PARTS_LIMIT: usize = 30;

/// The plan of an instruction: either tasks of its own department or parts for several.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Where it comes from.
    pub source: Source,
    /// The tasks, each after those it needs; none where it has parts.
    pub tasks: Vec<PlannedTask>,
    /// Instructions for other departments that it is made of, each after those it needs; none where it has tasks.
    pub parts: Vec<Part>,
    /// What could go wrong, as far as the plan says.
    pub risk: Risk,
    /// Who is asked about it before it begins.
    pub consultations: Vec<Consult>,
}

impl Plan {
    /// A plan of these tasks, without anything that could go wrong and with nobody to be asked.
    #[must_use]
    pub fn of_tasks(source: Source, tasks: Vec<PlannedTask>) -> Self {
        Self { source, tasks, parts: Vec::new(), risk: Risk::default(), consultations: Vec::new() }
    }
}

/// Where a plan comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The workflow template of its work type.
    Workflow(WorkType),
    /// The same, because the worker that was to plan gave no plan that holds.
    InPlaceOfPlanner(WorkType),
    /// A worker that plans.
    Planner(WorkerId),
    /// A file that came with the instruction.
    File,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow(work_type) => write!(f, "workflow {work_type}"),
            Self::InPlaceOfPlanner(work_type) => {
                write!(f, "workflow {work_type}, in place of a planner whose plans were refused")
            }
            Self::Planner(worker) => write!(f, "planner {worker}"),
            Self::File => f.write_str("the plan file given with it"),
        }
    }
}

/// Hours that a milestone takes, at least and at most, by whoever planned it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Range {
    /// At least.
    pub low: Effort,
    /// At most.
    pub high: Effort,
}

/// One piece of the outline of a milestone: what its lead breaks it down into.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Piece {
    /// Its name, unique in the milestone.
    pub key: StepKey,
    /// The domain that does it: the milestone's own, or another of the department.
    pub domain: DomainId,
    /// Pieces of the same milestone that must be done before it can start.
    pub needs: Vec<StepKey>,
    /// What it asks for.
    pub work: Work,
}

/// The hours of all pieces together.
#[must_use]
pub fn sum(outline: &[Piece]) -> Effort {
    outline.iter().fold(Effort::default(), |sum, piece| sum.plus(piece.work.effort))
}

/// A part of an instruction that another department does, as an instruction of its own.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The id it gets.
    pub id: InstructionId,
    /// Its name in the plan.
    pub key: StepKey,
    /// The department that does it.
    pub department: DepartmentId,
    /// The kind of work.
    pub work_type: WorkType,
    /// What to do, in words.
    pub text: String,
    /// Parts that must be done before it can start.
    pub needs: Vec<InstructionId>,
}

/// Somebody who is asked about a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consult {
    /// The id of the question.
    pub id: QuestionId,
    /// Who is asked: a lead, or the tech lead.
    pub whom: Role,
    /// What is asked.
    pub question: String,
    /// Whether the plan waits for the answer.
    pub blocking: bool,
    /// Organisation time after which nobody waits for it any more.
    pub within: Millis,
}

/// Tasks that a plan of this tier has, at least and at most.
#[must_use]
pub const fn size_limits(tier: Tier) -> (usize, usize) {
    match tier {
        Tier::Trivial | Tier::Simple => (1, 1),
        Tier::Moderate => (2, 8),
        Tier::Complex => (5, 15),
        Tier::Expert => (10, 30),
    }
}

/// What the tasks of a plan of this tier are.
#[must_use]
pub const fn kind_of(tier: Tier) -> TaskKind {
    if tier.has_strategic_phase() { TaskKind::Strategic } else { TaskKind::Tactical }
}
