//! Workflow templates: how instructions of one work type are planned.

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, DomainId, StepKey, WorkType};
use crate::domain::work::{Tier, Work};

/// A template for the plan of an instruction.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Workflow {
    /// The work type it plans.
    pub work_type: WorkType,
    /// One line on what it is for.
    pub description: String,
    /// The department it belongs to.
    pub department: DepartmentId,
    /// The tier of instructions planned by it, unless the submission gives one.
    pub tier: Option<Tier>,
    /// Whether an instruction planned by it must name a git repository.
    pub needs_repository: bool,
    /// What is done, in the order of the file. Steps run side by side unless one needs the other.
    pub steps: Vec<Step>,
}

/// One step of a workflow: one task of the plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the workflow.
    pub key: StepKey,
    /// The domain that does it.
    pub domain: DomainId,
    /// Steps that must be done before it can start.
    pub needs: Vec<StepKey>,
    /// What it asks for. `{instruction}` in its texts stands for the text of the instruction.
    pub work: Work,
}
