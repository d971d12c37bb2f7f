//! Packages of handoffs as clients see them.

use super::Look;
use crate::actors::brief::workspace_of;
use crate::api::view::{ArtefactView, HandoffView, ItemView, PackageView, ReceiverView};
use crate::api::wire::{Code, Refusal};
use crate::domain::handoff::{Artefact, Package, Receiver, Verified, package};
use crate::domain::task::Task;

impl Look<'_> {
    /// Packages that wait, the oldest first.
    pub(super) fn handoffs(&self) -> Vec<HandoffView> {
        let mut found: Vec<(&Task, Package)> =
            self.state.tasks.values().filter_map(|task| Some((task, package(self.state, task)?))).collect();
        found.sort_by_key(|(task, package)| (package.since, task.id));
        found.into_iter().map(|(task, package)| self.handoff_view(task, &package)).collect()
    }

    /// One package, whole.
    pub(super) fn handoff(&self, text: &str) -> Result<PackageView, Refusal> {
        let id = self.task_named(text)?;
        let task = self.state.task(id)?;
        let Some(package) = package(self.state, task) else {
            return Err(Refusal::new(
                Code::Rejected,
                format!(
                    "{} is {}: only a task that is READY_FOR_HANDOFF has a package; `echelon handoff list` shows them",
                    task.key,
                    task.state.name()
                ),
            ));
        };
        let item = |(place, item): (usize, &crate::domain::handoff::Item)| ItemView {
            number: number(place),
            text: item.text.clone(),
            verified: item.verified.iter().map(phrase).collect(),
        };
        Ok(PackageView {
            handoff: self.handoff_view(task, &package),
            title: task.work.title.clone(),
            summary: package.summary.clone(),
            artefacts: package.artefacts.iter().map(|one| self.artefact(one)).collect(),
            items: package.items.iter().enumerate().map(item).collect(),
            notes: package.notes.clone(),
            findings: package.findings.iter().map(|finding| finding.text.clone()).collect(),
        })
    }

    fn handoff_view(&self, task: &Task, package: &Package) -> HandoffView {
        HandoffView {
            task: task.id.to_string(),
            key: task.key.to_string(),
            instruction: task.instruction.to_string(),
            from: package.from.to_string(),
            version: package.version.0,
            receivers: package.receivers.iter().map(receiver).collect(),
            rejections: package.rejections,
            since: package.since.wall.to_string(),
            due: package.due.map(|due| self.wall(due)),
            due_in_ms: package.due.map(|due| self.until(due)),
        }
    }

    fn artefact(&self, found: &Artefact) -> ArtefactView {
        let workspace = self.state.tasks.get(&found.task).map(|task| workspace_of(self.data_dir, task).work());
        let location = workspace.map(|folder| folder.join(&found.path).display().to_string());
        ArtefactView {
            path: found.path.clone(),
            location: location.unwrap_or_else(|| found.path.clone()),
            status: match (found.failed.is_empty(), found.passed) {
                (false, _) => "failed",
                (true, 0) => "unchecked",
                (true, _) => "passed",
            }
            .to_owned(),
            passed: found.passed,
            failed: found.failed.clone(),
        }
    }
}

fn receiver(found: &Receiver) -> ReceiverView {
    ReceiverView {
        domain: found.domain.to_string(),
        judge: found.judge.to_string(),
        accepted: found.accepted,
        verified: found.verified.iter().map(|place| u32::from(*place).saturating_add(1)).collect(),
    }
}

/// The number of an item for people, from 1.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1)
}

fn phrase(verified: &Verified) -> String {
    match verified {
        Verified::Machine(1) => "1 machine check holds".to_owned(),
        Verified::Machine(checks) => format!("{checks} machine checks hold"),
        Verified::Review { gate, by } => format!("passed the {gate} review by {by}"),
        Verified::Receiver(domain) => format!("verified by {domain}"),
    }
}
