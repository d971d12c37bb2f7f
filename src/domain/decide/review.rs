//! Decisions of reviewers and of receiving leads. Whoever did the work never reviews it, whatever their role.

use std::collections::BTreeSet;

use super::{Context, May, aim, block, illegal, in_state};
use crate::domain::command::TaskAction;
use crate::domain::event::TaskEvent;
use crate::domain::handoff::checklist;
use crate::domain::id::{DomainId, EscalationId, IcId, Round};
use crate::domain::plan::check_breakdown;
use crate::domain::reaction::level_above_reviewer;
use crate::domain::rejection::Rejection;
use crate::domain::review::{Basis, Gate, TaskKind, required_gates};
use crate::domain::role::{Level, Role};
use crate::domain::state::State;
use crate::domain::task::{PlannedTask, State as TaskState, StateName, Task, Trouble};
use crate::domain::time::Millis;
use crate::domain::work::Finding;

type Decided = Result<Vec<TaskEvent>, Rejection>;

/// Rejections of a package after which the tech lead holds the matter.
const HANDOFF_REJECTIONS: u32 = 3;

/// Who reads the work of `author` first: the IC of the task's domain with the fewest reviews, or its lead where there is
/// no other IC.
pub(in crate::domain) fn choose_peer(state: &State, task: &Task, author: &IcId) -> Role {
    another_peer(state, task, author, None).unwrap_or_else(|| Role::DomainLead(task.domain.clone()))
}

/// The IC of the task's domain with the fewest reviews who may read the work of `author`, but for one.
pub(in crate::domain) fn another_peer(state: &State, task: &Task, author: &IcId, but: Option<&Role>) -> Option<Role> {
    state
        .chart
        .ics_of(&task.domain)
        .filter(|ic| ic.id != *author && may_read(state, &ic.id, author))
        .map(|ic| (state.load(&ic.id).reviews, Role::Ic(ic.id.clone())))
        .filter(|(_, peer)| Some(peer) != but)
        .min()
        .map(|(_, peer)| peer)
}

/// Whether somebody is there to read the work of `author`, and is not the same person behind another name.
fn may_read(state: &State, reader: &IcId, author: &IcId) -> bool {
    let (reader, author) = (Role::Ic(reader.clone()), Role::Ic(author.clone()));
    let behind = state.person_behind(&reader);
    state.absence(&reader).is_none() && (behind.is_none() || behind != state.person_behind(&author))
}

/// Who holds a gate of a task; an error says why nobody can.
pub(in crate::domain) fn gate_holder(state: &State, task: &Task, gate: Gate) -> Result<Role, String> {
    let holder = match gate {
        Gate::DomainLead => Role::DomainLead(task.domain.clone()),
        Gate::TechLead => Role::TechLead(task.domain.department()),
        Gate::Security | Gate::Architecture | Gate::Qa => {
            match state.chart.gate_holder(&task.domain.department(), gate) {
                Some(domain) => Role::DomainLead(domain.clone()),
                None => return Err(format!("the chart names no domain that holds the {gate} gate")),
            }
        }
    };
    match task.state.assignee() {
        Some(author) if author.role() == holder => Err(format!("its holder, {holder}, is the author")),
        Some(_) | None => Ok(holder),
    }
}

/// The gates a task has to pass after its peer's review.
pub(in crate::domain) fn gates_of(state: &State, task: &Task) -> Vec<Gate> {
    let is_final = task
        .dependants
        .iter()
        .all(|id| state.tasks.get(id).is_none_or(|dependant| matches!(dependant.state, TaskState::Cancelled { .. })));
    required_gates(task.kind, task.tier, task.work.security_sensitive, is_final)
}

fn not_the_author(context: &Context<'_>, task: &Task) -> Result<(), Rejection> {
    match task.state.assignee() {
        Some(author) if context.state.is_author(context.principal, task) => {
            Err(Rejection::SelfReview(author.to_string()))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn assign_reviewer(context: &Context<'_>, task: &Task, action: &TaskAction, reviewer: &Role) -> Decided {
    in_state(task, action, &[StateName::UnderReview, StateName::DomainReview])?;
    context.allow(task, action.name(), &[May::DomainLead, May::Holder])?;
    if task.state.assignee().is_some_and(|author| author.role() == *reviewer) {
        return Err(Rejection::SelfReview(reviewer.to_string()));
    }
    let reviews = match reviewer {
        Role::Ic(_) | Role::DomainLead(_) | Role::TechLead(_) | Role::EngineeringManager(_) | Role::Operator => true,
        Role::Organisation | Role::Person(_) => false,
    };
    if !reviews || !context.state.has_place(reviewer) {
        return Err(Rejection::Invalid(format!("{reviewer} is not in the chart or does not review")));
    }
    Ok(vec![TaskEvent::ReviewerAssigned { reviewer: reviewer.clone() }])
}

/// Once reviewers and author do not come to an end, only whoever that matter is with decides.
fn not_contested(context: &Context<'_>, task: &Task, action: &TaskAction) -> Result<(), Rejection> {
    match task.escalation_for(Trouble::Rounds) {
        Some((_, record)) if !context.holds_record(record, task) => {
            Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() })
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn approve(context: &Context<'_>, task: &Task, action: &TaskAction, basis: &Basis) -> Decided {
    in_state(task, action, &[StateName::UnderReview])?;
    not_the_author(context, task)?;
    not_contested(context, task, action)?;
    context.allow(task, action.name(), &[May::Reviewer, May::Holder])?;
    let mut gates = gates_of(context.state, task).into_iter();
    let Some(gate) = gates.next() else {
        return Err(illegal(task, action));
    };
    let reviewer = gate_holder(context.state, task, gate).map_err(Rejection::Invalid)?;
    Ok(vec![TaskEvent::PeerApproved { basis: basis.clone(), gate, reviewer, remaining: gates.collect() }])
}

fn at_gate(task: &Task, action: &TaskAction, gate: Gate) -> Result<(), Rejection> {
    match &task.state {
        TaskState::DomainReview { gate: current, .. } if *current == gate => Ok(()),
        TaskState::DomainReview { gate: current, .. } => {
            Err(Rejection::Invalid(format!("the task stands at the {current} gate, not at the {gate} gate")))
        }
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => Err(illegal(task, action)),
    }
}

pub(super) fn pass_gate(context: &Context<'_>, task: &Task, action: &TaskAction, gate: Gate, basis: &Basis) -> Decided {
    at_gate(task, action, gate)?;
    not_the_author(context, task)?;
    not_contested(context, task, action)?;
    context.allow(task, action.name(), &[May::Reviewer, May::Holder])?;
    Ok(vec![TaskEvent::GatePassed { gate, basis: basis.clone() }])
}

pub(super) fn skip_gate(context: &Context<'_>, task: &Task, action: &TaskAction, gate: Gate, reason: &str) -> Decided {
    at_gate(task, action, gate)?;
    not_the_author(context, task)?;
    context.allow(task, action.name(), &[May::Holder])?;
    super::say_why(reason)?;
    Ok(vec![TaskEvent::GateSkipped { gate, reason: reason.to_owned() }])
}

pub(super) fn request_changes(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    findings: &[Finding],
    children: &[PlannedTask],
    escalation: EscalationId,
) -> Decided {
    in_state(task, action, &[StateName::UnderReview, StateName::DomainReview])?;
    not_the_author(context, task)?;
    context.allow(task, action.name(), &[May::Reviewer, May::Holder])?;
    let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
    super::not_too_long(&texts)?;
    if findings.iter().all(|finding| finding.text.trim().is_empty()) {
        return Err(Rejection::Invalid("say what is to be changed: at least one finding".to_owned()));
    }
    carried_by(context, task, children)?;
    not_contested(context, task, action)?;
    let open = task.escalation_for(Trouble::Rounds);
    if task.round.0 >= context.state.chart.policy.max_review_rounds && open.is_none() {
        // One turn a level: every further round past the limit begins one level higher, and so comes to an end.
        let spent = task.round.0.saturating_sub(context.state.chart.policy.max_review_rounds);
        let mut level = super::reviewer_of(task).map_or(Level::TechLead, level_above_reviewer);
        for _ in 0..spent.min(4) {
            level = level.above().unwrap_or(level);
        }
        block::unused(task, escalation)?;
        return Ok(vec![
            TaskEvent::RoundsSpent { findings: findings.to_vec() },
            TaskEvent::EscalationRaised {
                id: escalation,
                trouble: Trouble::Rounds,
                overdue: Millis::default(),
                to: aim(context, task, level),
            },
        ]);
    }
    Ok(vec![TaskEvent::ChangesRequested { findings: findings.to_vec(), children: children.to_vec() }])
}

/// Refuses unless somebody carries what is to be changed: whoever did the work, or new children of a milestone.
fn carried_by(context: &Context<'_>, task: &Task, children: &[PlannedTask]) -> Result<(), Rejection> {
    match task.kind {
        TaskKind::Strategic => check_breakdown(context.state, task, children).map_err(Rejection::Invalid),
        TaskKind::Tactical if children.is_empty() => Ok(()),
        TaskKind::Tactical => Err(Rejection::Invalid("only a strategic task gets children".to_owned())),
    }
}

/// Which package, by which receiver.
#[derive(Clone, Copy)]
pub(super) struct Package<'a> {
    pub(super) receiver: &'a DomainId,
    pub(super) version: Round,
}

fn receiving(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    Package { receiver, version }: Package<'_>,
) -> Result<(), Rejection> {
    let TaskState::ReadyForHandoff { version: current, accepted, .. } = &task.state else {
        return Err(illegal(task, action));
    };
    not_the_author(context, task)?;
    let is_holder = context.allow(task, action.name(), &[May::Holder]).is_ok();
    let lead = Role::DomainLead(receiver.clone());
    // Where nobody stands at the receiving end, whoever may decide for the department stands in.
    let stands_in = context.state.absence(&lead).is_some() && context.is_person_for(task);
    if !is_holder && !stands_in && !context.judges_for(&lead, task) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() });
    }
    if version != *current {
        return Err(Rejection::StaleVersion { given: version, current: *current });
    }
    if !context.state.receivers(task).contains(receiver) {
        return Err(Rejection::Invalid(format!("`{receiver}` does not wait for this package")));
    }
    if accepted.contains(receiver) {
        return Err(Rejection::Invalid(format!("`{receiver}` has accepted this package already")));
    }
    Ok(())
}

pub(super) fn accept_handoff(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    package: Package<'_>,
    basis: &Basis,
    items: Option<&[u16]>,
) -> Decided {
    receiving(context, task, action, package)?;
    let receiver = package.receiver;
    let mut events = Vec::new();
    if let (Some(items), TaskState::ReadyForHandoff { verified, .. }) = (items, &task.state) {
        let count = checklist(task).len();
        if let Some(none) = items.iter().find(|item| usize::from(**item) >= count) {
            return Err(Rejection::Invalid(format!(
                "the checklist has items 1 to {count}, and no item {}",
                usize::from(*none).saturating_add(1)
            )));
        }
        let mut all: BTreeSet<u16> = verified.get(receiver).cloned().unwrap_or_default();
        all.extend(items);
        events.push(TaskEvent::ItemsVerified { receiver: receiver.clone(), items: items.to_vec() });
        if all.len() < count {
            return Ok(events);
        }
    }
    events.push(TaskEvent::HandoffAccepted { receiver: receiver.clone(), basis: basis.clone() });
    Ok(events)
}

pub(super) fn reject_handoff(
    context: &Context<'_>,
    task: &Task,
    action: &TaskAction,
    package: Package<'_>,
    items: &[Finding],
    children: &[PlannedTask],
    escalation: EscalationId,
) -> Decided {
    receiving(context, task, action, package)?;
    let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    super::not_too_long(&texts)?;
    if items.iter().all(|item| item.text.trim().is_empty()) {
        return Err(Rejection::Invalid("say which items fail: at least one".to_owned()));
    }
    carried_by(context, task, children)?;
    let mut events = vec![TaskEvent::HandoffRejected {
        receiver: package.receiver.clone(),
        items: items.to_vec(),
        children: children.to_vec(),
    }];
    if task.handoff_rejections.saturating_add(1) >= HANDOFF_REJECTIONS {
        block::unused(task, escalation)?;
        // Going back ends what was open; whoever held this holds it on.
        let held_at = task.escalation_for(Trouble::Handoff).map(|(_, record)| record.level);
        let level = held_at.map_or(Level::TechLead, |level| level.max(Level::TechLead));
        let to = aim(context, task, level);
        let overdue = Millis::default();
        events.push(TaskEvent::EscalationRaised { id: escalation, trouble: Trouble::Handoff, overdue, to });
    }
    Ok(events)
}
