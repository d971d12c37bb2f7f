//! Packages of handoffs as clients see them.

use serde::{Deserialize, Serialize};

/// A package that waits for receivers, in a list.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct HandoffView {
    /// The task.
    pub task: String,
    /// Its name in the plan.
    pub key: String,
    /// The instruction it belongs to.
    pub instruction: String,
    /// The domain it comes from.
    pub from: String,
    /// The version of the package: the round in which it was approved.
    pub version: u32,
    /// Who waits for it, and what they have said.
    pub receivers: Vec<ReceiverView>,
    /// How often it has been sent back.
    pub rejections: u32,
    /// Since when it waits.
    pub since: String,
    /// By when it should be accepted, by wall time.
    pub due: Option<String>,
    /// How long until then, in milliseconds of organisation time; negative when that is past.
    pub due_in_ms: Option<i64>,
}

/// A domain that waits for a package.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ReceiverView {
    /// Which.
    pub domain: String,
    /// Who accepts it there, or sends it back.
    pub judge: String,
    /// Whether they have accepted this version.
    pub accepted: bool,
    /// Numbers of the items that they have verified so far, from 1.
    pub verified: Vec<u32>,
}

/// A package, whole.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct PackageView {
    /// As in a list.
    pub handoff: HandoffView,
    /// What the task is about, in one line.
    pub title: String,
    /// What was done, in the words of whoever did it.
    pub summary: String,
    /// The files.
    pub artefacts: Vec<ArtefactView>,
    /// What receivers go through.
    pub items: Vec<ItemView>,
    /// What happened on the way: questions with their answers, blockers that were cleared.
    pub notes: Vec<String>,
    /// What a receiver found wrong with the version before, where that is still to be settled.
    pub findings: Vec<String>,
}

/// A file of a package.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ArtefactView {
    /// Relative to the workspace.
    pub path: String,
    /// Absolute path.
    pub location: String,
    /// `passed` or `failed` by the machine checks; `unchecked` where there are none.
    pub status: String,
    /// Machine checks that hold.
    pub passed: u32,
    /// What those saw that do not.
    pub failed: Vec<String>,
}

/// One item of the checklist.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ItemView {
    /// Its number, from 1.
    pub number: u32,
    /// What must be true.
    pub text: String,
    /// Who says that it is, one phrase each; empty where nobody has.
    pub verified: Vec<String>,
}
