//! Saying yes or no to what waits for it.

use super::{Desk, Subject, name};
use crate::api::resolve::{self, Matter};
use crate::api::wire::{Acted, Code, Refusal};
use crate::domain::command::{Action, InstructionAction, TaskAction};
use crate::domain::handoff::{amending_tasks, rework_children};
use crate::domain::id::{EscalationId, InstructionId, TaskId};
use crate::domain::instruction::{HoldKind, Instruction, State as InstructionState};
use crate::domain::policy::{Choosable, Ids, options};
use crate::domain::review::{Basis, Gate};
use crate::domain::role::Level;
use crate::domain::state::State;
use crate::domain::task::{Escalation, PlannedTask, State as TaskState, Task};
use crate::domain::work::Finding;

/// A decision that is to be asked for.
struct Decision {
    subject: Subject,
    label: String,
    action: Action,
    /// The escalation that it decides, which keeps what was decided and why.
    escalation: Option<(TaskId, EscalationId)>,
}

impl Desk<'_> {
    /// Says yes, in the way that was chosen.
    pub(super) async fn approve(&self, id: String, choose: usize, note: Option<String>) -> Result<Acted, Refusal> {
        let decision = self
            .look(move |state| match resolve::matter(state, &id)? {
                Matter::Instruction(id) => one_way(approve_instruction(state, id, note.as_deref())?, choose, None),
                Matter::Escalation(task, id) => {
                    let task = state.task(task)?;
                    let record = task.escalations.get(&id).ok_or_else(|| nothing_waits(task))?;
                    choose_way(state, task, id, record, choose, note.as_deref())
                }
                Matter::Task(id) => approve_task(state, state.task(id)?, choose, note.as_deref()),
            })
            .await?;
        let done = format!("is decided ({})", decision.label);
        self.carry_out(decision, done).await
    }

    /// Says no: changes are asked for where work is reviewed, and everything else ends.
    pub(super) async fn reject(&self, id: String, reason: String, findings: Vec<Finding>) -> Result<Acted, Refusal> {
        let mut ids = self.office.ids.clone();
        let decision = self
            .look(move |state| {
                let no_findings = |what: &str| {
                    if findings.is_empty() {
                        return Ok(());
                    }
                    Err(Refusal::new(Code::Rejected, format!("{what} is not reviewed work; leave --finding out")))
                };
                match resolve::matter(state, &id)? {
                    Matter::Instruction(id) => reject_instruction(state, id, reason, &findings, &mut ids),
                    Matter::Escalation(task, id) => {
                        no_findings(&id.short())?;
                        Ok(cancel(state.task(task)?, Some(id), reason))
                    }
                    Matter::Task(id) => {
                        let task = state.task(id)?;
                        match open_of(task)? {
                            Open::Review | Open::Gate(_) => {
                                Ok(ask_for_changes(state, task, reason, findings, &mut ids))
                            }
                            Open::GoAhead => {
                                no_findings(&name(task))?;
                                Ok(cancel(task, None, reason))
                            }
                            Open::Escalations(first, ..) => {
                                no_findings(&name(task))?;
                                Ok(cancel(task, Some(first.0), reason))
                            }
                        }
                    }
                }
            })
            .await?;
        let done = decision.label.clone();
        self.carry_out(decision, done).await
    }

    /// Has the decision recorded with its escalation and carried out. It is tried first, so that nothing is recorded that
    /// cannot be.
    async fn carry_out(&self, decision: Decision, done: String) -> Result<Acted, Refusal> {
        self.try_out(decision.action.clone()).await?;
        let mut actions = Vec::new();
        if let Some((task, id)) = decision.escalation {
            // Refused where it was decided before, without having moved the task. What is decided now is carried out anyway.
            actions.push(Action::Task(task, TaskAction::DecideEscalation { id, decision: decision.label }));
        }
        actions.push(decision.action);
        // In one group, so that there is no decision without what was decided.
        let mut results = self.office.ledger.commit(self.principal, actions).await?;
        if let Some(Err(rejection)) = results.pop() {
            return Err(rejection.into());
        }
        self.acted(decision.subject, done).await
    }
}

fn refused(message: String) -> Refusal {
    Refusal::new(Code::Rejected, message)
}

fn nothing_waits(task: &Task) -> Refusal {
    refused(format!(
        "{} is {}, and nothing of it waits for a yes or no of a person; `echelon inbox` shows what does, `echelon task \
         cancel` stops it",
        name(task),
        task.state.name()
    ))
}

/// An escalation of a task.
type Held<'a> = (EscalationId, &'a Escalation);

/// What of a task waits for a yes or no.
enum Open<'a> {
    /// The work, with a peer.
    Review,
    /// The work, at a gate.
    Gate(Gate),
    /// The go-ahead that a milestone stops for.
    GoAhead,
    /// Escalations that are with a person: one, and the others if there are more.
    Escalations(Held<'a>, Vec<Held<'a>>),
}

/// What somebody means who says yes or no to a task: the work, where it is reviewed; else what came up to a person. Of
/// a task of which both is open, the escalations are decided by naming them.
fn open_of(task: &Task) -> Result<Open<'_>, Refusal> {
    match &task.state {
        TaskState::UnderReview { .. } => return Ok(Open::Review),
        TaskState::DomainReview { gate, .. } => return Ok(Open::Gate(*gate)),
        TaskState::Pending if task.is_stopped() => return Ok(Open::GoAhead),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => {}
    }
    let mut held = at_a_person(task);
    let first = held.next().ok_or_else(|| nothing_waits(task))?;
    Ok(Open::Escalations(first, held.collect()))
}

/// Escalations of a task that are with a person.
fn at_a_person(task: &Task) -> impl Iterator<Item = Held<'_>> {
    task.escalations.iter().filter(|(_, record)| record.level == Level::Person).map(|(id, record)| (*id, record))
}

/// What was decided, with what there is to say about it.
fn with_note(label: &str, note: Option<&str>) -> String {
    let note = note.filter(|note| !note.trim().is_empty());
    note.map_or_else(|| label.to_owned(), |note| format!("{label}: {note}"))
}

/// A matter with one way only, and no place for a note.
fn one_way(decision: Decision, choose: usize, note: Option<&str>) -> Result<Decision, Refusal> {
    if choose != 1 {
        return Err(refused(format!("there is one way only (1: {}); leave --choose out", decision.label)));
    }
    if note.is_some() {
        return Err(refused("a note is kept with the decision of an escalation only; leave --note out".to_owned()));
    }
    Ok(decision)
}

/// The way with this number of those in which an escalation can be decided.
fn choose_way(
    state: &State,
    task: &Task,
    id: EscalationId,
    record: &Escalation,
    choose: usize,
    note: Option<&str>,
) -> Result<Decision, Refusal> {
    let ways = options(state, task, record);
    let Some(Choosable { label, action }) = choose.checked_sub(1).and_then(|place| ways.get(place)).cloned() else {
        let known: Vec<String> = ways.iter().zip(1..).map(|(way, number)| format!("{number}: {}", way.label)).collect();
        return Err(refused(match known.as_slice() {
            [] => format!("{} cannot be decided by a yes; `echelon inbox` shows what it takes", id.short()),
            known => format!("{} has no way {choose}; it has {}", id.short(), known.join(", ")),
        }));
    };
    let label = with_note(&label, note);
    let action = match action {
        TaskAction::Resolve { next, .. } => TaskAction::Resolve { resolution: label.clone(), next },
        TaskAction::GrantTime { span, .. } => TaskAction::GrantTime { span, reason: label.clone() },
        TaskAction::Unassign { .. } => TaskAction::Unassign { reason: label.clone() },
        as_it_is => as_it_is,
    };
    let action = Action::Task(task.id, action);
    Ok(Decision { subject: Subject::Task(task.id), label, action, escalation: Some((task.id, id)) })
}

/// Whatever of a task waits for a yes. Several escalations are one matter where the same way is chosen for all of them.
fn approve_task(state: &State, task: &Task, choose: usize, note: Option<&str>) -> Result<Decision, Refusal> {
    let (label, action) = match open_of(task)? {
        Open::GoAhead => {
            let reason = with_note("a person said so", note);
            let action = Action::Task(task.id, TaskAction::GoAhead { reason });
            let label = "it goes ahead".to_owned();
            return one_way(
                Decision { subject: Subject::Task(task.id), label, action, escalation: None },
                choose,
                None,
            );
        }
        Open::Review => ("the work is approved".to_owned(), TaskAction::Approve { basis: Basis::Person }),
        Open::Gate(gate) => (format!("the {gate} gate is passed"), TaskAction::PassGate { gate, basis: Basis::Person }),
        Open::Escalations((id, record), others) => {
            let decision = choose_way(state, task, id, record, choose, note)?;
            let differs = |(other, record): &Held<'_>| {
                let way = choose_way(state, task, *other, record, choose, note);
                !way.is_ok_and(|way| way.action == decision.action)
            };
            return if others.iter().any(differs) { Err(several(task)) } else { Ok(decision) };
        }
    };
    let action = Action::Task(task.id, action);
    let decision = Decision { subject: Subject::Task(task.id), label, action, escalation: None };
    one_way(decision, choose, note).map_err(|refusal| match at_a_person(task).next() {
        Some((id, _)) => {
            let message = format!("{}, or name {}, which is with a person, too", refusal.message, id.short());
            Refusal::new(refusal.code, message)
        }
        None => refusal,
    })
}

/// A task of which several escalations are with a person, who has to say which is meant.
fn several(task: &Task) -> Refusal {
    let names: Vec<String> =
        at_a_person(task).map(|(id, record)| format!("{} ({})", id.short(), record.trouble)).collect();
    Refusal::new(Code::Ambiguous, format!("`{}` could mean any of {}; name one of them", task.key, names.join(", ")))
}

fn instruction_waits_not(found: &Instruction) -> Refusal {
    refused(format!(
        "{} is {}, which waits for no yes or no; `echelon status {}` shows what it waits for",
        found.id.short(),
        found.state.name(),
        found.id.short()
    ))
}

fn about(id: InstructionId, label: &str, action: InstructionAction) -> Decision {
    let action = Action::Instruction(id, action);
    Decision { subject: Subject::Instruction(id), label: label.to_owned(), action, escalation: None }
}

fn approve_instruction(state: &State, id: InstructionId, note: Option<&str>) -> Result<Decision, Refusal> {
    let found = state.instruction(id)?;
    let reason = |otherwise: &str| with_note(otherwise, note);
    match &found.state {
        InstructionState::Planned | InstructionState::AwaitingApproval { .. } => {
            let mut review = found.plan.as_ref().map(|plan| plan.review.clone()).unwrap_or_default();
            review.push(reason("a person approved it"));
            Ok(about(id, "its plan is approved", InstructionAction::ApprovePlan { review }))
        }
        InstructionState::Queued => match found.held.as_ref().map(|hold| (hold.kind, hold.behind.first())) {
            Some((HoldKind::DependencyLost, Some(on))) => {
                let reason = reason("a person said that it goes on without");
                let label = format!("goes on without {}", on.short());
                Ok(about(id, &label, InstructionAction::WaiveDependency { on: *on, reason }))
            }
            Some((HoldKind::Manager | HoldKind::Person | HoldKind::Capacity, _)) => {
                let reason = reason("a person said so");
                Ok(about(id, "goes first, and others make room", InstructionAction::Arbitrate { first: true, reason }))
            }
            _waits => Err(instruction_waits_not(found)),
        },
        InstructionState::GoNoGo { .. } => {
            Ok(about(id, "it is completed, whatever speaks against that", InstructionAction::DecideGoNoGo))
        }
        _another => Err(instruction_waits_not(found)),
    }
}

/// The work that what is found asks for: a task for each, where the plan ended.
fn amendment(
    state: &State,
    found: &Instruction,
    findings: &[Finding],
    ids: &mut dyn Ids,
) -> Result<Vec<PlannedTask>, Refusal> {
    let mut plan = found.tasks.iter().filter_map(|id| state.tasks.get(id));
    let Some(last) = plan.rfind(|task| task.state == TaskState::Completed) else {
        return Err(refused(
            "its department has completed nothing of it that could be added to; submit what is missing by itself, or \
             leave --finding out to cancel it"
                .to_owned(),
        ));
    };
    Ok(amending_tasks(state, found, last, findings, ids))
}

fn reject_instruction(
    state: &State,
    id: InstructionId,
    reason: String,
    findings: &[Finding],
    ids: &mut dyn Ids,
) -> Result<Decision, Refusal> {
    let found = state.instruction(id)?;
    if !findings.is_empty() && !matches!(found.state, InstructionState::GoNoGo { .. }) {
        return Err(refused(format!("{} is not at its end; leave --finding out", found.id.short())));
    }
    match &found.state {
        InstructionState::Planned | InstructionState::AwaitingApproval { .. } => {
            Ok(about(id, "is rejected", InstructionAction::Reject { reason }))
        }
        InstructionState::Queued => match found.held.as_ref().map(|hold| hold.kind) {
            Some(HoldKind::Manager | HoldKind::Person) => {
                Ok(about(id, "waits its turn", InstructionAction::Arbitrate { first: false, reason }))
            }
            Some(HoldKind::DependencyLost) => Ok(about(id, "is cancelled", InstructionAction::Cancel { reason })),
            Some(HoldKind::Dependencies | HoldKind::Capacity) | None => Err(instruction_waits_not(found)),
        },
        InstructionState::GoNoGo { .. } if !findings.is_empty() => {
            let tasks = amendment(state, found, findings, ids)?;
            Ok(about(id, "goes on with more to do", InstructionAction::Amend { tasks, reason }))
        }
        InstructionState::GoNoGo { .. } => Ok(about(id, "is cancelled", InstructionAction::Cancel { reason })),
        _another => Err(instruction_waits_not(found)),
    }
}

fn cancel(task: &Task, escalation: Option<EscalationId>, reason: String) -> Decision {
    Decision {
        subject: Subject::Task(task.id),
        label: format!("is cancelled: {reason}"),
        action: Action::Task(task.id, TaskAction::Cancel { reason }),
        escalation: escalation.map(|id| (task.id, id)),
    }
}

/// The work goes back to whoever did it; a milestone gets a piece of work that carries what is to be changed.
fn ask_for_changes(state: &State, task: &Task, reason: String, findings: Vec<Finding>, ids: &mut dyn Ids) -> Decision {
    let mut all = vec![Finding { text: reason, location: None }];
    all.extend(findings);
    let children = rework_children(state, task, &all, || ids.task());
    let action = TaskAction::RequestChanges { findings: all, children, escalation: ids.escalation() };
    Decision {
        subject: Subject::Task(task.id),
        label: "goes back with what is to be changed".to_owned(),
        action: Action::Task(task.id, action),
        escalation: None,
    }
}
