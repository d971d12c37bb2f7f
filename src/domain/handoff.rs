//! The package of a handoff: what a finished task passes on to the domains that wait for it.
//!
//! A package is derived from the task, never stored: its version is the round in which the work was approved, so a task
//! that was sent back and approved again has another package, and whatever was said about the old one is void.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::alarm;
use crate::domain::id::{DomainId, NAME_LIMIT, Round, StepKey, TaskId};
use crate::domain::instruction::Instruction;
use crate::domain::policy::Ids;
use crate::domain::review::{GateOutcome, TaskKind};
use crate::domain::role::Role;
use crate::domain::sla::Mark;
use crate::domain::state::State;
use crate::domain::task::{PlannedTask, State as TaskState, Task};
use crate::domain::time::{OrgTime, Stamp};
use crate::domain::work::{Finding, Work};

/// What a finished task passes on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Package {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// The round in which it was approved.
    pub version: Round,
    /// The domain it comes from.
    pub from: DomainId,
    /// What was done, in the words of whoever did it.
    pub summary: String,
    /// The files.
    pub artefacts: Vec<Artefact>,
    /// What receivers go through, item by item.
    pub items: Vec<Item>,
    /// What happened on the way: questions with their answers, blockers that were cleared.
    pub notes: Vec<String>,
    /// Who waits for it, and what they have said.
    pub receivers: Vec<Receiver>,
    /// How often a receiver has sent it back.
    pub rejections: u32,
    /// What the last one found wrong; empty once the work was approved again by new children or another attempt.
    pub findings: Vec<Finding>,
    /// Since when it waits.
    pub since: Stamp,
    /// By when it should be accepted.
    pub due: Option<OrgTime>,
}

/// A file of a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Artefact {
    /// The task whose workspace it is in: the package's own, or one of a milestone's children.
    pub task: TaskId,
    /// Where in that workspace.
    pub path: String,
    /// Machine checks of it that hold.
    pub passed: u32,
    /// What the machine checks that do not hold saw.
    pub failed: Vec<String>,
}

/// One item of the checklist.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Item {
    /// What must be true.
    pub text: String,
    /// Who says that it is.
    pub verified: Vec<Verified>,
}

/// Who says that an item holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// Machine checks of the file: how many hold.
    Machine(u32),
    /// A reviewer who passed the work: the review, and by whom.
    Review {
        /// `peer`, or the name of the gate.
        gate: String,
        /// Who.
        by: Role,
    },
    /// A domain that receives it.
    Receiver(DomainId),
}

/// A domain that waits for a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receiver {
    /// Which.
    pub domain: DomainId,
    /// Who accepts it there, or sends it back.
    pub judge: Role,
    /// Whether they have accepted this version.
    pub accepted: bool,
    /// Items they have verified so far, by their place in the checklist.
    pub verified: BTreeSet<u16>,
}

/// What a receiving lead goes through, item by item: the criteria of the work, then its deliverables.
#[must_use]
pub fn checklist(task: &Task) -> Vec<String> {
    let deliverables = task.work.deliverables.iter().map(|one| format!("{} is there and as asked for", one.path));
    task.work.criteria.iter().cloned().chain(deliverables).collect()
}

/// The package that a task passes on; `None` unless it waits for receivers.
#[must_use]
pub fn package(state: &State, task: &Task) -> Option<Package> {
    let TaskState::ReadyForHandoff { version, accepted, verified, .. } = &task.state else {
        return None;
    };
    // Who has accepted it stays in the picture when they need it no longer.
    let mut domains = state.receivers(task);
    domains.extend(accepted.iter().cloned());
    let receivers: Vec<Receiver> = domains
        .into_iter()
        .map(|domain| Receiver {
            judge: state.who_works_for(&Role::DomainLead(domain.clone())),
            accepted: accepted.contains(&domain),
            verified: verified.get(&domain).cloned().unwrap_or_default(),
            domain,
        })
        .collect();
    let artefacts = artefacts(state, task);
    Some(Package {
        task: task.id,
        key: task.key.clone(),
        version: *version,
        from: task.domain.clone(),
        summary: summary(state, task),
        items: items(task, &artefacts, &receivers),
        artefacts,
        notes: task.notes.clone(),
        receivers,
        rejections: task.handoff_rejections,
        findings: task.findings.clone(),
        since: task.entered,
        due: alarm::due(state, task, Mark::Target),
    })
}

/// The tasks whose workspaces the files are in.
fn parts<'a>(state: &'a State, task: &'a Task) -> Vec<&'a Task> {
    match task.kind {
        TaskKind::Tactical => vec![task],
        TaskKind::Strategic => task.children.iter().filter_map(|id| state.tasks.get(id)).collect(),
    }
}

/// What was done: by whoever did it, or of a milestone by each of its children.
fn summary(state: &State, task: &Task) -> String {
    let said = |part: &&Task| part.submission.as_ref().map(|handed| handed.submission.summary.clone());
    parts(state, task).iter().filter_map(said).collect::<Vec<_>>().join("\n")
}

fn artefacts(state: &State, task: &Task) -> Vec<Artefact> {
    let mut found = Vec::new();
    for part in parts(state, task) {
        let Some(handed) = &part.submission else {
            continue;
        };
        let mut paths: Vec<&String> = part.work.deliverables.iter().map(|one| &one.path).collect();
        for path in &handed.submission.artefacts {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        found.extend(paths.into_iter().map(|path| {
            let checks = || handed.submission.checks.iter().filter(move |check| check.path == *path);
            Artefact {
                task: part.id,
                path: path.clone(),
                passed: u32::try_from(checks().filter(|check| check.passed).count()).unwrap_or(u32::MAX),
                failed: checks()
                    .filter(|check| !check.passed)
                    .map(|check| format!("{}: {}", check.check, check.detail))
                    .collect(),
            }
        }));
    }
    found
}

fn items(task: &Task, artefacts: &[Artefact], receivers: &[Receiver]) -> Vec<Item> {
    let reviews: Vec<Verified> = task
        .gates
        .iter()
        .filter(|record| matches!(record.outcome, GateOutcome::Passed(_)))
        .map(|record| Verified::Review {
            gate: record.gate.map_or_else(|| "peer".to_owned(), |gate| gate.to_string()),
            by: record.by.clone(),
        })
        .collect();
    let criteria = task.work.criteria.len();
    let item = |(place, text): (usize, String)| {
        // What a machine has looked at is a file; what reviewers have, is the whole.
        let file = place.checked_sub(criteria).and_then(|place| task.work.deliverables.get(place));
        let machine = file
            .and_then(|file| artefacts.iter().find(|one| one.path == file.path))
            .filter(|one| one.failed.is_empty() && one.passed > 0)
            .map(|one| Verified::Machine(one.passed));
        let by_receiver =
            |one: &&Receiver| one.accepted || u16::try_from(place).is_ok_and(|place| one.verified.contains(&place));
        let received = receivers.iter().filter(by_receiver).map(|one| Verified::Receiver(one.domain.clone()));
        Item { text, verified: machine.into_iter().chain(reviews.iter().cloned()).chain(received).collect() }
    };
    checklist(task).into_iter().enumerate().map(item).collect()
}

/// The tasks that carry what is to be changed in work that goes back: a new child of a milestone, named by `id`. Any other
/// work is changed by whoever did it, and takes none.
#[must_use]
pub fn rework_children(
    state: &State,
    task: &Task,
    findings: &[Finding],
    id: impl FnOnce() -> TaskId,
) -> Vec<PlannedTask> {
    match task.kind {
        TaskKind::Tactical => Vec::new(),
        TaskKind::Strategic => vec![rework_child(state, task, id(), findings)],
    }
}

/// The child of a milestone that carries what is to be changed in it.
fn rework_child(state: &State, task: &Task, id: TaskId, findings: &[Finding]) -> PlannedTask {
    let said: Vec<String> = findings.iter().map(|finding| format!("- {}", finding.text)).collect();
    let work = Work {
        title: format!("Correct: {}", task.work.title),
        description: format!("{}\n\nWhat is to be changed:\n{}", task.work.description, said.join("\n")),
        criteria: findings.iter().map(|finding| format!("settled: {}", finding.text)).collect(),
        ..task.work.as_ref().clone()
    };
    let taken: BTreeSet<&StepKey> =
        task.children.iter().filter_map(|child| state.tasks.get(child)).map(|child| &child.key).collect();
    planned_child(task, id, free_key(&task.key, "rework", &taken), work)
}

/// The work that settles what somebody found at the end of an instruction: a task for each, in the domain of `last`.
#[must_use]
pub fn amending_tasks(
    state: &State,
    found: &Instruction,
    last: &Task,
    findings: &[Finding],
    ids: &mut dyn Ids,
) -> Vec<PlannedTask> {
    let keys = found.tasks.iter().filter_map(|id| state.tasks.get(id)).map(|task| task.key.clone());
    let mut taken: BTreeSet<StepKey> = keys.collect();
    let mut tasks = Vec::with_capacity(findings.len());
    for finding in findings {
        let key = free_key(&last.key, "more", &taken.iter().collect());
        taken.insert(key.clone());
        let place = finding.location.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let work = Work {
            title: format!("Settle: {}", finding.text),
            description: format!("What was found at the end of the instruction: {}{place}", finding.text),
            criteria: vec![format!("settled: {}", finding.text)],
            deliverables: Vec::new(),
            ..last.work.as_ref().clone()
        };
        tasks.push(planned_child(last, ids.task(), key, work));
    }
    tasks
}

/// The child that is a milestone as one piece of work.
#[must_use]
pub(in crate::domain) fn whole_child(task: &Task, id: TaskId) -> PlannedTask {
    planned_child(task, id, free_key(&task.key, "work", &BTreeSet::new()), task.work.as_ref().clone())
}

fn planned_child(task: &Task, id: TaskId, key: StepKey, work: Work) -> PlannedTask {
    PlannedTask::new(id, key, TaskKind::Tactical, task.domain.clone(), Vec::new(), work)
}

/// The name of a child: its parent's with a word after it, and a number where the name is taken. Names have a longest
/// length, so a long one gives up its end.
pub(in crate::domain) fn free_key(parent: &StepKey, word: &str, taken: &BTreeSet<&StepKey>) -> StepKey {
    let named = |suffix: String| -> StepKey {
        let kept: String = parent.as_str().chars().take(NAME_LIMIT.saturating_sub(suffix.len())).collect();
        format!("{kept}{suffix}").parse().unwrap_or_else(|_| parent.clone())
    };
    let first = named(format!("-{word}"));
    if !taken.contains(&first) {
        return first;
    }
    let more = (2..=taken.len().saturating_add(2)).map(|number| named(format!("-{word}-{number}")));
    more.into_iter().find(|key| !taken.contains(key)).unwrap_or(first)
}
