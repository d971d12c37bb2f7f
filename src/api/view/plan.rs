//! The plan of an instruction.

use serde::{Deserialize, Serialize};

use super::InstructionSummary;

/// The plan of an instruction as a tree, with what must not be late. Points in time are wall time, in UTC; spans are hours
/// of organisation time unless they are hours of work.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct PlanView {
    /// The instruction.
    pub instruction: InstructionSummary,
    /// Why it has this tier and work type.
    pub triage: Vec<String>,
    /// Where the plan comes from; absent while there is none.
    pub source: Option<String>,
    /// What could go wrong, by score.
    pub risk: Vec<RiskScore>,
    /// The sum of the scores, and what follows from it; absent while there is no plan.
    pub risk_total: Option<u32>,
    /// `approved`, `approved with monitoring`, `approved with checkpoints`, `a person decides`.
    pub risk_band: Option<String>,
    /// What the manager saw when looking at it.
    pub review: Vec<String>,
    /// Who was asked about it.
    pub consultations: Vec<ConsultationView>,
    /// Parts that other departments do.
    pub parts: Vec<PlanPart>,
    /// Milestones and pieces of work, in the order of the plan; what a milestone was broken down into is inside of it.
    pub tasks: Vec<PlanTask>,
    /// Hours of organisation time that the longest way through what is left takes.
    pub length_hours: f64,
    /// Hours of work of all tasks together.
    pub effort_hours: f64,
    /// Hours of work that it may cost, where that was said.
    pub budget_hours: Option<f64>,
    /// When it should be done, where that was said.
    pub deadline: Option<String>,
    /// Why it does not begin although it is approved.
    pub held: Option<String>,
    /// By how many percent it takes longer than expected, while the manager has not decided about it.
    pub slipped_percent: Option<u32>,
}

/// One risk score.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct RiskScore {
    /// What could go wrong.
    pub name: String,
    /// 1 to 10.
    pub score: u8,
}

/// Somebody who was asked about a plan.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ConsultationView {
    /// The id of the question.
    pub id: String,
    /// Who.
    pub whom: String,
    /// What.
    pub question: String,
    /// Whether the plan waits for the answer.
    pub blocking: bool,
    /// What they said, or that nobody did in time; absent while it is waited for.
    pub answer: Option<String>,
}

/// A part of an instruction that another department does.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct PlanPart {
    /// The instruction that it is.
    pub instruction: String,
    /// Its name in the plan.
    pub key: String,
    /// The department.
    pub department: String,
    /// The kind of work.
    pub work_type: String,
    /// Names of the parts that come before it.
    pub needs: Vec<String>,
    /// Its state; absent before it was handed in.
    pub state: Option<String>,
}

/// A task of a plan.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct PlanTask {
    /// Its id.
    pub id: String,
    /// Its name in the plan.
    pub key: String,
    /// One line on what it is.
    pub title: String,
    /// The domain that answers for it.
    pub domain: String,
    /// Its state.
    pub state: String,
    /// Who has it.
    pub assignee: Option<String>,
    /// Hours of work expected.
    pub effort_hours: f64,
    /// Hours of work at least and at most, where the plan says.
    pub range_hours: Option<(f64, f64)>,
    /// Names of the tasks that it needs.
    pub needs: Vec<String>,
    /// Whether it lies on the longest way: if it is late, the whole is.
    pub critical: bool,
    /// Hours by which it may be late without anything else being late; absent once it is over.
    pub slack_hours: Option<f64>,
    /// `named`, `waits`, `asks a person` or `passed`, where it is a checkpoint.
    pub checkpoint: Option<String>,
    /// Whether a security reviewer must see it.
    pub security_sensitive: bool,
    /// What it was broken down into.
    pub parts: Vec<PlanTask>,
    /// Names of the pieces that its lead will break it down into, while that has not happened.
    pub outline: Vec<String>,
}
