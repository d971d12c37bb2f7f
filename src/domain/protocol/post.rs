//! Who gets which message when something has happened, and what it says then.

use std::collections::BTreeMap;

use super::delegation::delegation;
use super::message::{About, Answer, Broadcast, Escalation, Handoff, Message, Question, Standup};
use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, Event, InstructionEvent, Target, TaskEvent};
use crate::domain::handoff::package;
use crate::domain::id::{EscalationId, InstructionId, QuestionId, TaskId};
use crate::domain::role::Role;
use crate::domain::standup::Report;
use crate::domain::state::State;
use crate::domain::task::{Assignee, State as TaskState, Task};
use crate::domain::time::OrgTime;

/// The messages that follow from `entry`, which is part of `state` already, each with everybody who gets it as far as they
/// are `listening`: what nobody hears is not even put together. Whatever is over by now needs no message.
#[must_use]
pub fn addressed(state: &State, entry: &Entry, listening: &dyn Fn(&Role) -> bool) -> Vec<(Vec<Role>, Message)> {
    let mut post = Post { state, entry, listening, out: Vec::new() };
    match &entry.event {
        Event::Broadcast { id, notice, recipients } => {
            let said = || Broadcast { id: *id, from: entry.principal.clone(), at: entry.at, notice: notice.clone() };
            post.send(recipients, || Some(Message::Broadcast(said())));
        }
        Event::StandupHeld { reports } => post.standup(reports),
        Event::DigestSent { role, digest } => {
            post.send(std::slice::from_ref(role), || Some(Message::Digest(digest.clone())));
        }
        Event::Instruction(id, InstructionEvent::Executing { .. }) => post.plan(*id),
        Event::Task(id, event) => {
            if let Some(task) = state.tasks.get(id) {
                post.about_task(task, event);
            }
        }
        Event::ChartApplied(_)
        | Event::Started { .. }
        | Event::Received { .. }
        | Event::Instruction(..)
        | Event::ClockAnchored(_)
        | Event::SilenceExcused
        | Event::Absent { .. }
        | Event::Present { .. }
        | Event::BroadcastsRead { .. }
        | Event::CapacityNoted { .. } => {}
    }
    post.out
}

/// What one event has to be said about, as it is put together.
struct Post<'a> {
    state: &'a State,
    entry: &'a Entry,
    listening: &'a dyn Fn(&Role) -> bool,
    out: Vec<(Vec<Role>, Message)>,
}

impl Post<'_> {
    fn send(&mut self, to: &[Role], make: impl FnOnce() -> Option<Message>) {
        let listening: Vec<Role> = to.iter().filter(|role| (self.listening)(role)).cloned().collect();
        if !listening.is_empty()
            && let Some(message) = make()
        {
            self.out.push((listening, message));
        }
    }

    fn standup(&mut self, reports: &[Report]) {
        for department in self.state.chart.departments.keys() {
            let manager = Role::EngineeringManager(department.clone());
            let at = self.entry.at;
            self.send(&[manager], || {
                let theirs = reports.iter().filter(|report| report.role.department().as_ref() == Some(department));
                let reports: Vec<Report> = theirs.cloned().collect();
                (!reports.is_empty()).then_some(Message::Standup(Standup { at, reports }))
            });
        }
    }

    /// Every task that was given out when an instruction began, in one message for each place.
    fn plan(&mut self, id: InstructionId) {
        let state = self.state;
        let open = state.instructions.get(&id).map(|found| &found.open);
        self.given(open.into_iter().flatten());
    }

    /// Those of these tasks that were given to somebody by this event.
    fn given<'b>(&mut self, tasks: impl Iterator<Item = &'b TaskId>) {
        let state = self.state;
        let mut by_place: BTreeMap<&Role, Vec<&Task>> = BTreeMap::new();
        for task in tasks.filter_map(|id| state.tasks.get(id)) {
            if let Some(given) = task.delegation.as_ref().filter(|given| given.at == self.entry.at) {
                by_place.entry(&given.to).or_default().push(task);
            }
        }
        for (to, tasks) in by_place {
            self.send(std::slice::from_ref(to), || delegation(state, to, &tasks, false).map(Message::Delegation));
        }
    }

    fn delegated(&mut self, task: &Task, again: bool) {
        if let Some(given) = &task.delegation {
            let state = self.state;
            self.send(std::slice::from_ref(&given.to), || {
                delegation(state, &given.to, &[task], again).map(Message::Delegation)
            });
        }
    }

    fn about_task(&mut self, task: &Task, event: &TaskEvent) {
        let (state, entry) = (self.state, self.entry);
        match event {
            TaskEvent::Assigned { .. }
            | TaskEvent::Reassigned { .. }
            | TaskEvent::Resolved { next: AfterBlock::Assign(_), .. }
            | TaskEvent::PlanningBegun => self.delegated(task, false),
            TaskEvent::DelegationSentAgain => self.delegated(task, true),
            TaskEvent::BrokenDown { children }
            | TaskEvent::ChangesRequested { children, .. }
            | TaskEvent::HandoffRejected { children, .. } => self.given(children.iter().map(|child| &child.id)),
            TaskEvent::HandoffOpened => {
                let leads: Vec<Role> = state.receivers(task).into_iter().map(Role::DomainLead).collect();
                self.send(&leads, || handoff(state, task).map(Message::Handoff));
            }
            TaskEvent::QuestionAsked { id, question } => {
                let to = state.place_at(question.to, task);
                self.send(&[to], || Some(asked(task, *id, &question.from, &question.text, question.due)));
            }
            TaskEvent::QuestionClimbed { id, to, due } => {
                if let Some(question) = task.questions.get(id) {
                    let to = state.place_at(*to, task);
                    self.send(&[to], || Some(asked(task, *id, &question.from, &question.text, *due)));
                }
            }
            TaskEvent::QuestionAnswered { id, text } => {
                let answer =
                    || Answer { id: *id, about: about(task), from: entry.principal.clone(), text: text.clone() };
                let asker: Vec<Role> = asker(task).into_iter().collect();
                self.send(&asker, || Some(Message::Answer(answer())));
            }
            TaskEvent::EscalationRaised { id, to, .. } | TaskEvent::EscalationClimbed { id, to, .. } => {
                self.escalated(task, *id, to);
            }
            TaskEvent::EscalationTold { id, to } => {
                self.send(std::slice::from_ref(to), || escalation(task, *id, true).map(Message::Escalation));
            }
            TaskEvent::Resolved { next: AfterBlock::Resume | AfterBlock::Release, .. }
            | TaskEvent::Proposed { .. }
            | TaskEvent::ProposalRefused { .. }
            | TaskEvent::Stopped
            | TaskEvent::GoAheadAsked { .. }
            | TaskEvent::WentAhead { .. }
            | TaskEvent::Unassigned { .. }
            | TaskEvent::AttemptStarted { .. }
            | TaskEvent::ChildrenStarted
            | TaskEvent::Heartbeat { .. }
            | TaskEvent::HandedIn { .. }
            | TaskEvent::AttemptFailed { .. }
            | TaskEvent::Blocked { .. }
            | TaskEvent::Escalated { .. }
            | TaskEvent::ReviewerAssigned { .. }
            | TaskEvent::PeerApproved { .. }
            | TaskEvent::ReviewBegun { .. }
            | TaskEvent::GateEntered { .. }
            | TaskEvent::GatePassed { .. }
            | TaskEvent::GateSkipped { .. }
            | TaskEvent::RoundsSpent { .. }
            | TaskEvent::HandoffAccepted { .. }
            | TaskEvent::Completed
            | TaskEvent::Cancelled { .. }
            | TaskEvent::TimeGranted { .. }
            | TaskEvent::PriorityChanged { .. }
            | TaskEvent::ScopeChanged { .. }
            | TaskEvent::EscalationReminded { .. }
            | TaskEvent::EscalationAcknowledged { .. }
            | TaskEvent::EscalationDecided { .. }
            | TaskEvent::EscalationClosed { .. }
            | TaskEvent::ClockFired { .. }
            | TaskEvent::Stalled { .. }
            | TaskEvent::Reminded { .. }
            | TaskEvent::WaitsForCapacity { .. }
            | TaskEvent::ForecastPassed
            | TaskEvent::DelegationAcknowledged
            | TaskEvent::QuestionReminded { .. }
            | TaskEvent::ItemsVerified { .. }
            | TaskEvent::CancelledDecided { .. } => {}
        }
    }

    /// Whoever gets a digest instead of each is not told of each.
    fn escalated(&mut self, task: &Task, id: EscalationId, to: &Target) {
        if !to.in_digest {
            self.send(std::slice::from_ref(&to.holder), || escalation(task, id, false).map(Message::Escalation));
        }
    }
}

fn about(task: &Task) -> About {
    About { instruction: task.instruction, task: task.id, key: task.key.clone(), title: task.work.title.clone() }
}

fn asked(task: &Task, id: QuestionId, from: &Role, text: &str, due: OrgTime) -> Message {
    Message::Question(Question { id, about: about(task), from: from.clone(), text: text.to_owned(), due })
}

/// Whoever asked about a task: a reviewer while it is with one, else whoever has it. Questions of those who had it before
/// were withdrawn when it moved on; where nobody has it now, the answer is in its notes for whoever comes next.
fn asker(task: &Task) -> Option<Role> {
    match &task.state {
        TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => Some(reviewer.clone()),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => task.state.assignee().map(Assignee::role),
    }
}

/// An escalation as it stands; `None` once it is closed.
fn escalation(task: &Task, id: EscalationId, copy: bool) -> Option<Escalation> {
    let record = task.escalations.get(&id)?;
    Some(Escalation {
        id,
        about: about(task),
        trouble: record.trouble,
        state: record.state,
        overdue: record.overdue,
        level: record.level,
        holder: record.holder.clone(),
        due: record.due,
        acknowledge_by: record.acknowledge_by,
        turns: record.turns.clone(),
        copy,
    })
}

/// What a task passes on; `None` once all have accepted it.
fn handoff(state: &State, task: &Task) -> Option<Handoff> {
    let questions = task.questions.values().map(|question| question.text.clone()).collect();
    Some(Handoff { about: about(task), package: package(state, task)?, questions })
}
