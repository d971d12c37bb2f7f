//! Who has a task, at whose hands its attempts run, and who judges it.

use std::collections::HashMap;

use super::fault::{Fault, Scene, expect};
use super::invariant::{ATTEMPTS, OWNER, REVIEW};
use super::record::Record;
use crate::domain::command::AfterBlock;
use crate::domain::event::TaskEvent;
use crate::domain::id::{IcId, PersonId};
use crate::domain::org::{Chart, PersonRole, WorkerKind};
use crate::domain::review::TaskKind;
use crate::domain::role::{Asker, Principal, Role};
use crate::domain::task::{Assignee, StateName};

/// A task has one owner at most, who is in the chart when they get it.
pub(super) fn owner(record: &Record, scene: &Scene<'_>, event: &TaskEvent) -> Result<(), Fault> {
    let known =
        |ic: &IcId| expect(scene.chart.ics.contains_key(ic), OWNER, || format!("{ic} gets it and is not in the chart"));
    match event {
        TaskEvent::Assigned { to, .. } => {
            if let Some(owner) = &record.owner {
                return Err((OWNER, format!("{to} gets it while {owner} has it")));
            }
            match to {
                Assignee::Ic(ic) => known(ic),
                Assignee::Lead(domain) => {
                    let is_theirs = record.kind == TaskKind::Strategic && *domain == record.domain;
                    expect(is_theirs, OWNER, || format!("{to} gets it and is not the lead of its domain"))
                }
            }
        }
        TaskEvent::BrokenDown { .. } => {
            expect(record.owner.is_none(), OWNER, || "it is broken down while somebody has it".to_owned())
        }
        TaskEvent::Unassigned { .. } => {
            let by_ic = record.owner.as_ref().is_some_and(|owner| owner.ic().is_some());
            expect(by_ic, OWNER, || "it is taken back and no IC has it".to_owned())
        }
        TaskEvent::Reassigned { to, .. } => {
            let before = record.owner.as_ref().and_then(Assignee::ic);
            expect(before.is_some_and(|before| before != to), OWNER, || {
                format!("it goes to {to} from {}", before.map_or_else(|| "no IC".to_owned(), ToString::to_string))
            })?;
            known(to)
        }
        TaskEvent::Resolved { next: AfterBlock::Assign(to), .. } => known(to),
        _others => Ok(()),
    }
}

/// One attempt at a time, by whoever has the task, each with an epoch of its own.
pub(super) fn attempt(
    record: &Record,
    scene: &Scene<'_>,
    event: &TaskEvent,
    at_work: &HashMap<IcId, u32>,
) -> Result<(), Fault> {
    match event {
        TaskEvent::AttemptStarted { epoch, .. } => {
            if let Some(running) = &record.running {
                return Err((ATTEMPTS, format!("attempt {epoch} begins while attempt {} runs", running.epoch)));
            }
            expect(*epoch > record.epoch, ATTEMPTS, || format!("attempt {epoch} comes after {}", record.epoch))?;
            let Some(Assignee::Ic(ic)) = &record.owner else {
                return Err((ATTEMPTS, "an attempt begins and no IC has the task".to_owned()));
            };
            let is_retry = record.state == StateName::InProgress && scene.entry.principal.asker == Asker::System;
            if !is_retry {
                speaks(record, scene, "starts an attempt")?;
            }
            let limit = scene.chart.ics.get(ic).map_or(0, |known| known.parallel_limit);
            let runs = at_work.get(ic).copied().unwrap_or(0);
            expect(runs < limit, ATTEMPTS, || {
                format!("{ic} has {runs} attempts at work, may have {limit} and begins one")
            })
        }
        TaskEvent::HandedIn { epoch, .. } | TaskEvent::AttemptFailed { epoch, .. } => {
            let running = record.running.as_ref().map(|running| running.epoch);
            expect(running == Some(*epoch), ATTEMPTS, || match running {
                Some(running) => format!("attempt {epoch} ends while attempt {running} runs"),
                None => format!("attempt {epoch} ends and none runs"),
            })?;
            if matches!(event, TaskEvent::HandedIn { .. }) { speaks(record, scene, "hands it in") } else { Ok(()) }
        }
        TaskEvent::Heartbeat { .. } => {
            expect(record.running.is_some(), ATTEMPTS, || "a sign of life comes and no attempt runs".to_owned())?;
            speaks(record, scene, "gives a sign of life")
        }
        TaskEvent::Stalled { .. } => {
            expect(record.running.is_some(), ATTEMPTS, || "an attempt stalls and none runs".to_owned())
        }
        _others => Ok(()),
    }
}

/// Whoever has a task speaks for its attempts: they, or a human.
fn speaks(record: &Record, scene: &Scene<'_>, what: &str) -> Result<(), Fault> {
    let principal = &scene.entry.principal;
    let may = match &principal.asker {
        Asker::Role(role @ Role::Ic(_)) => record.owner.as_ref().is_some_and(|owner| owner.role() == *role),
        Asker::Role(role) => role.is_person(),
        Asker::Client { .. } => true,
        Asker::System => false,
    };
    expect(may, ATTEMPTS, || format!("{principal} {what} and does not have it"))
}

/// Whoever did the work does not judge it, and is not asked to.
pub(super) fn review(record: &Record, scene: &Scene<'_>, event: &TaskEvent) -> Result<(), Fault> {
    let Some(author) = &record.owner else { return Ok(()) };
    match event {
        TaskEvent::HandedIn { reviewer: Some(reviewer), .. }
        | TaskEvent::ReviewerAssigned { reviewer }
        | TaskEvent::PeerApproved { reviewer, .. }
        | TaskEvent::ReviewBegun { reviewer, .. }
        | TaskEvent::GateEntered { reviewer, .. } => {
            expect(*reviewer != author.role(), REVIEW, || format!("{reviewer} is to review their own work"))?;
        }
        _others => {}
    }
    let judges = matches!(
        event,
        TaskEvent::PeerApproved { .. }
            | TaskEvent::GatePassed { .. }
            | TaskEvent::ChangesRequested { .. }
            | TaskEvent::RoundsSpent { .. }
            | TaskEvent::HandoffAccepted { .. }
            | TaskEvent::HandoffRejected { .. }
    );
    if !judges {
        return Ok(());
    }
    let principal = &scene.entry.principal;
    let is_author = match &principal.asker {
        Asker::Role(Role::Person(person)) => behind(scene.chart, author) == Some(person),
        Asker::Role(role) => author.role() == *role,
        Asker::System | Asker::Client { .. } => false,
    };
    expect(!is_author, REVIEW, || format!("{principal} judges their own work"))
}

/// The person by whom somebody works.
fn behind<'a>(chart: &'a Chart, who: &Assignee) -> Option<&'a PersonId> {
    let worker = match who {
        Assignee::Ic(ic) => &chart.ics.get(ic)?.worker,
        Assignee::Lead(domain) => chart.domains.get(domain)?.lead_worker.as_ref()?,
    };
    match &chart.workers.get(worker)?.kind {
        WorkerKind::Human { person } => Some(person),
        WorkerKind::Command { .. } | WorkerKind::Simulated { .. } | WorkerKind::Acp { .. } => None,
    }
}

/// Whether the principal is a human who may do more than look.
pub(super) fn is_human(chart: &Chart, principal: &Principal) -> bool {
    match &principal.asker {
        Asker::Role(Role::Person(person)) => {
            chart.people.get(person).is_some_and(|found| found.role > PersonRole::Observer)
        }
        Asker::Role(role) => role.is_person(),
        Asker::Client { .. } => true,
        Asker::System => false,
    }
}
