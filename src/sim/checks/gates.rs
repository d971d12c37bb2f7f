//! The gates that work goes through before it is done.

use super::fault::{Fault, Scene, expect};
use super::invariant::GATES;
use super::ownership::is_human;
use super::record::Record;
use crate::domain::command::{Action, TaskAction};
use crate::domain::event::TaskEvent;
use crate::domain::review::{Basis, Gate, TaskKind};
use crate::domain::role::Asker;
use crate::domain::task::StateName;
use crate::domain::work::Tier;

/// A passed gate was passed by somebody who may, a skipped one is never a passed one, and none is forgotten.
pub(super) fn check(record: &Record, scene: &Scene<'_>, event: &TaskEvent) -> Result<(), Fault> {
    match event {
        TaskEvent::HandedIn { reviewer: None, .. } => expect(record.tier == Tier::Trivial, GATES, || {
            format!("work of tier {} is done without a review", record.tier)
        }),
        TaskEvent::PeerApproved { basis, gate, remaining, .. } => {
            let is_command = matches!(asked(scene), Some(TaskAction::Approve { basis: given }) if given == basis);
            expect(is_command, GATES, || "an approval comes from no command to approve on this basis".to_owned())?;
            may_judge(record, scene, basis)?;
            all_due(record, *gate, remaining)
        }
        TaskEvent::ReviewBegun { gate, remaining, .. } => all_due(record, *gate, remaining),
        TaskEvent::GatePassed { gate, basis } => {
            let is_command = matches!(asked(scene),
                Some(TaskAction::PassGate { gate: at, basis: given }) if at == gate && given == basis);
            expect(is_command, GATES, || {
                let command = scene.command.action.name();
                format!("the {gate} gate is recorded as passed, and what was asked for is to {command}")
            })?;
            expect(record.at_gate == Some(*gate), GATES, || format!("it does not stand at the {gate} gate"))?;
            may_judge(record, scene, basis)
        }
        TaskEvent::GateSkipped { gate, reason } => {
            let is_next = record.gates.first() == Some(gate);
            expect(is_next, GATES, || format!("the {gate} gate is left out, and is not the next"))?;
            expect(!reason.trim().is_empty(), GATES, || format!("the {gate} gate is left out without a reason"))
        }
        TaskEvent::GateEntered { gate, .. } => {
            let is_next = record.at_gate.is_none() && record.gates.first() == Some(gate);
            expect(is_next, GATES, || format!("it comes to the {gate} gate before those ahead of it are decided"))
        }
        TaskEvent::HandoffOpened => all_decided(record),
        TaskEvent::Completed if record.state == StateName::DomainReview => all_decided(record),
        _others => Ok(()),
    }
}

fn asked<'a>(scene: &Scene<'a>) -> Option<&'a TaskAction> {
    match &scene.command.action {
        Action::Task(_, action) => Some(action),
        _others => None,
    }
}

/// Whoever reviews it may judge, and whoever holds an escalation of it, and a human.
fn may_judge(record: &Record, scene: &Scene<'_>, basis: &Basis) -> Result<(), Fault> {
    let principal = &scene.entry.principal;
    let by_role = match &principal.asker {
        Asker::Role(role) => {
            record.reviewer.as_ref() == Some(role) || record.escalations.iter().any(|open| open.holder == *role)
        }
        Asker::System | Asker::Client { .. } => false,
    };
    let is_human = is_human(scene.chart, principal);
    expect(by_role || is_human, GATES, || format!("{principal} passes it and neither reviews nor holds it"))?;
    expect(*basis != Basis::Person || is_human, GATES, || format!("{principal} passes it as a person and is none"))
}

fn all_decided(record: &Record) -> Result<(), Fault> {
    expect(record.gates.is_empty(), GATES, || {
        let left: Vec<String> = record.gates.iter().map(ToString::to_string).collect();
        format!("it goes on, and nothing is decided at: {}", left.join(", "))
    })
}

/// The gates that work has to go through whatever comes after it are among those it goes through, in their order.
fn all_due(record: &Record, first: Gate, remaining: &[Gate]) -> Result<(), Fault> {
    let gates: Vec<Gate> = std::iter::once(first).chain(remaining.iter().copied()).collect();
    let is_strategic = record.kind == TaskKind::Strategic;
    let mut due = vec![if is_strategic { Gate::TechLead } else { Gate::DomainLead }];
    if record.security_sensitive {
        due.push(Gate::Security);
    }
    if is_strategic && record.tier >= Tier::Complex {
        due.push(Gate::Architecture);
    }
    if is_strategic && record.tier >= Tier::Moderate {
        due.push(Gate::Qa);
    }
    // The last of several pieces goes through one more.
    let mut with_last = due.clone();
    if !is_strategic && record.tier == Tier::Moderate {
        with_last.push(Gate::Qa);
    }
    expect(gates == due || gates == with_last, GATES, || {
        format!("it goes through {gates:?} and has to through {due:?}")
    })
}
