//! The job: everything a worker is told, as one JSON document.
//!
//! A program reads it from its standard input or from the file that `ECHELON_JOB` names. Fields are only ever added;
//! `version` changes when an old reader would misunderstand. Absent things are `null` or empty, never left out.
//!
//! ```json
//! {
//!   "version": 1,
//!   "kind": "work",
//!   "organisation": "Quickstart",
//!   "instruction": { "id": "ins_…", "text": "review the repository", "department": "software" },
//!   "task": { "id": "tsk_…", "key": "security", "title": "…", "description": "…", "tier": 1, "priority": "normal" },
//!   "criteria": ["every finding names a file"],
//!   "deliverables": [{ "path": "report.md", "checks": [{ "min_bytes": 200 }] }],
//!   "findings": [{ "text": "…", "location": null }],
//!   "notes": ["use the staging database"],
//!   "announcements": [{ "kind": "blocker", "subject": "the registry is down", "impact": "no releases", "action_items": [] }],
//!   "inputs": [{ "step": "plan", "folder": "/…/inputs/plan", "artefacts": ["plan.md"] }],
//!   "gate": null, "submission": null, "subject": null,
//!   "round": 1, "repository": null, "workspace": "/…/workspace",
//!   "epoch": 1, "token": "…", "deadline": "2026-05-28T20:26:40.123Z", "plan": null
//! }
//! ```
//!
//! A job of kind `plan` asks for the plan of the instruction itself: `plan` says for whom, how large it may be and how it is
//! written down, and `task` stands for the planning.
//!
//! This module never reads or writes a file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::brief::Brief;
use crate::domain::id::{
    DepartmentId, DomainId, Epoch, InstructionId, Position, Round, Skill, StepKey, TaskId, WorkType,
};
use crate::domain::protocol::NoticeKind;
use crate::domain::review::{Gate, TaskKind};
use crate::domain::time::{Effort, OrgTime};
use crate::domain::work::{Deliverable, Experience, Finding, Priority, SkillLevel, Submission, Tier};

/// The version of the document that this code writes.
pub const VERSION: u32 = 1;

/// One job for a worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Job {
    /// [`VERSION`].
    pub version: u32,
    /// To do the work, to judge it, or to plan it.
    pub kind: JobKind,
    /// What the organisation is called.
    pub organisation: String,
    /// For whom the job is done, as charts name places.
    #[serde(default)]
    pub role: String,
    /// What somebody asked the organisation to do.
    pub instruction: Instruction,
    /// The piece of it that this job is about.
    pub task: Task,
    /// What must be true for the work to count as done.
    pub criteria: Vec<String>,
    /// The files the work must produce, and what a machine checks about them.
    pub deliverables: Vec<Deliverable>,
    /// What reviewers wanted changed in the last round.
    pub findings: Vec<Finding>,
    /// What was decided since the task began: answers to questions, resolutions of blockers.
    pub notes: Vec<String>,
    /// The latest messages to channels that reached whoever does the work, newest first.
    #[serde(default)]
    pub announcements: Vec<Announcement>,
    /// What the tasks before this one produced.
    pub inputs: Vec<Input>,
    /// Reviews: which gate is held; `None` is the peer review.
    pub gate: Option<Gate>,
    /// Reviews: what was handed in.
    pub submission: Option<Submission>,
    /// Reviews: absolute path of the workspace with the work under review. It is for reading.
    pub subject: Option<PathBuf>,
    /// Times the task has been handed to review, this one included when the job is a review.
    pub round: Round,
    /// Absolute path of the repository that the instruction is about, if it names one.
    pub repository: Option<PathBuf>,
    /// Absolute path of the folder to work in, as [`Workspace::work`](super::Workspace::work) gives it.
    pub workspace: PathBuf,
    /// Which attempt this is; whatever an older one says is refused.
    pub epoch: Epoch,
    /// Proves that a message comes from this attempt.
    pub token: Token,
    /// When the task is due, on the organisation's clock.
    pub deadline: Option<OrgTime>,
    /// Plans: what is to be planned, and for whom.
    #[serde(default)]
    pub plan: Option<Box<Planning>>,
}

/// What a planner is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Planning {
    /// The kind of work.
    pub work_type: WorkType,
    /// What the instruction says, by field.
    pub brief: Brief,
    /// How much planning and review it gets.
    pub tier: Tier,
    /// What the tasks of the plan are: `strategic` milestones that leads break down, or `tactical` work for one IC each.
    pub tasks: TaskKind,
    /// Tasks that the plan has at least.
    pub least_tasks: usize,
    /// Tasks that the plan has at most.
    pub most_tasks: usize,
    /// Hours of one task, at most.
    pub most_hours: f64,
    /// Tasks that a milestone is broken down into, at most.
    pub most_pieces: usize,
    /// Who may be given work.
    pub domains: Vec<Team>,
    /// Workflows that a milestone may be broken down by.
    pub workflows: Vec<WorkType>,
    /// The JSON Schema of the plan.
    pub schema: serde_json::Value,
    /// Why plans for it were refused before: what is to be different.
    pub refusals: Vec<String>,
}

/// A domain and who is there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub domain: DomainId,
    /// What it is called.
    pub title: String,
    /// Those who do its work.
    pub members: Vec<Member>,
}

/// Somebody who does work.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// What they are called.
    pub title: String,
    /// What they are, for work that asks for one.
    pub position: Option<Position>,
    /// How long they have done this.
    pub experience: Experience,
    /// What they can do, and how well.
    pub skills: BTreeMap<Skill, SkillLevel>,
    /// Hours they work a day.
    pub hours_per_day: Effort,
}

/// What a job asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Do the task.
    Work,
    /// Judge what was handed in.
    Review,
    /// Plan an instruction.
    Plan,
}

impl JobKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Review => "review",
            Self::Plan => "plan",
        }
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The instruction a job belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Instruction {
    /// Its id.
    pub id: InstructionId,
    /// What was asked for.
    pub text: String,
    /// The department that does it.
    pub department: DepartmentId,
}

/// The task a job is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its name within the plan.
    pub key: StepKey,
    /// One line.
    pub title: String,
    /// What to do; may be empty where the title says it all.
    pub description: String,
    /// How much planning and review its instruction gets.
    pub tier: Tier,
    /// How urgent it is.
    pub priority: Priority,
    /// Hours of work that were planned for it.
    #[serde(default)]
    pub effort: Effort,
}

/// A message to a channel, as a worker gets to read it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// What it is about.
    pub kind: NoticeKind,
    /// One line.
    pub subject: String,
    /// What it means for whoever reads it; may be empty.
    pub impact: String,
    /// What is to be done.
    pub action_items: Vec<String>,
}

/// What a task before this one produced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Input {
    /// The step that produced it.
    pub step: StepKey,
    /// Absolute path of the folder that `artefacts` are relative to. Whoever makes the job names the workspace of that
    /// step; what a program reads names a copy, which it may change without harm.
    pub folder: PathBuf,
    /// The files. The copy has those that are regular files inside the workspace; a program is told of no others.
    pub artefacts: Vec<String>,
}

/// The secret of one attempt. It is never printed: its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The token made of these random bytes; sixteen or more, from the system's generator.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}
