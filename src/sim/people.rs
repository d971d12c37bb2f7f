//! The people of a simulation: whatever comes to them is decided after a while, in the way that is recommended. Of the work
//! they are to read they send back as much as other reviewers do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dice::Dice;
use super::worker::factor;
use crate::config::scenario::{EffortModel, Scenario};
use crate::domain::command::{Action, AfterBlock, InstructionAction, TaskAction};
use crate::domain::id::InstructionId;
use crate::domain::instruction;
use crate::domain::policy::{Ids, options};
use crate::domain::reaction::Duty;
use crate::domain::review::Basis;
use crate::domain::role::{Principal, Role};
use crate::domain::state::State;
use crate::domain::task::{CancelledDecision, State as TaskState, Task};
use crate::domain::time::{Millis, Stamp};
use crate::domain::work::Finding;
use crate::ids::IdSource;
use crate::ledger::{LedgerHandle, Notice, Stopped};

/// How those who are asked decide.
#[derive(Clone)]
pub(super) struct Manner {
    answers_after: Millis,
    effort: EffortModel,
    rework: f64,
    dice: Dice,
    ids: IdSource,
}

impl Manner {
    pub(super) fn new(scenario: &Scenario, dice: Dice, ids: IdSource) -> Self {
        let (answers_after, rework) = (scenario.people.answers_after, scenario.conduct.rework);
        Self { answers_after, effort: scenario.effort, rework, dice, ids }
    }

    /// The dice for what somebody owes at a time.
    fn dice(&self, what: &str, role: &Role, duty: Duty, at: Stamp) -> StdRng {
        let about = format!("{role} {duty:?} {}", at.wall.as_millis());
        self.dice.about(&[b"people", what.as_bytes(), about.as_bytes()])
    }

    /// How long somebody takes for a decision that comes to them now.
    fn delay(&self, role: &Role, duty: Duty, now: Stamp) -> Duration {
        let mut dice = self.dice("delay", role, duty, now);
        // People do not decide in the very moment in which they are asked.
        self.answers_after.to_duration().mul_f64(factor(self.effort, &mut dice)).max(Duration::from_secs(1))
    }

    /// What they do about work that they read, where they want it changed.
    fn changes(&self, role: &Role, duty: Duty, now: Stamp) -> Option<TaskAction> {
        let reads = matches!(duty, Duty::Review(_) | Duty::DecideGate(_));
        let wants = reads && self.dice("changes", role, duty, now).random::<f64>() < self.rework;
        let finding = Finding { text: "simulated: a change".to_owned(), location: None };
        let escalation = self.ids.clone().escalation();
        wants.then(|| TaskAction::RequestChanges { findings: vec![finding], children: Vec::new(), escalation })
    }
}

/// What people have before them. It is theirs, and no restart of the organisation takes it from them.
pub(super) type Pending = Arc<Mutex<Due>>;

/// What people have before them, and when they decide about it.
#[derive(Default)]
pub(super) struct Due {
    /// How often something was taken up.
    number: u64,
    /// When each is decided, in the order in which they came.
    due: BTreeMap<(Instant, u64), (Role, Duty)>,
    known: BTreeSet<(Role, Duty)>,
}

/// Decides for every person of the chart, and for whoever operates it, until the ledger stops.
pub(super) async fn decide(ledger: LedgerHandle, manner: Manner, pending: Pending) -> Result<(), Stopped> {
    let (woken, mut heard) = mpsc::unbounded_channel();
    let people = ledger.read(|state| state.chart.people.keys().cloned().collect::<Vec<_>>()).await?;
    let people = people.into_iter().map(Role::Person).chain([Role::Operator]);
    for role in people {
        let (tell, who) = (woken.clone(), role.clone());
        let wake = move |notice| {
            if matches!(notice, Notice::Owed) {
                // Nobody listens any more once the simulation ends.
                let _ = tell.send(who.clone());
            }
        };
        ledger.attach(role.clone(), Box::new(wake)).await?;
        // Whatever they owed before they were there.
        let _ = woken.send(role);
    }
    let desk = Desk { ledger, manner, pending };
    loop {
        let next = desk.pending().due.keys().next().map(|(at, _)| *at);
        tokio::select! {
            biased;
            role = heard.recv() => match role {
                Some(role) => desk.look(role).await?,
                None => return Ok(()),
            },
            () = async { match next { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => {
                desk.act().await?;
            }
        }
    }
}

/// Where people look at what they have.
struct Desk {
    ledger: LedgerHandle,
    manner: Manner,
    pending: Pending,
}

impl Desk {
    fn pending(&self) -> MutexGuard<'_, Due> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what is new to somebody.
    async fn look(&self, role: Role) -> Result<(), Stopped> {
        let who = role.clone();
        let owed = self.ledger.read(move |state| state.owed_by(&who).collect::<Vec<Duty>>()).await?;
        for duty in owed {
            let is_new = self.pending().known.insert((role.clone(), duty));
            if is_new {
                self.take(role.clone(), duty);
            }
        }
        Ok(())
    }

    fn take(&self, role: Role, duty: Duty) {
        let delay = self.manner.delay(&role, duty, self.ledger.clock().now());
        let mut pending = self.pending();
        pending.number += 1;
        let place = (Instant::now() + delay, pending.number);
        pending.due.insert(place, (role, duty));
    }

    /// Decides about what is due first.
    async fn act(&self) -> Result<(), Stopped> {
        let Some((_, (role, duty))) = self.pending().due.pop_first() else { return Ok(()) };
        let who = role.clone();
        let changes = self.manner.changes(&role, duty, self.ledger.clock().now());
        let decided = self.ledger.read(move |state| {
            let is_owed = state.owed_by(&who).any(|owed| owed == duty);
            let changes = changes.zip(duty.task()).map(|(changes, task)| Action::Task(task, changes));
            is_owed.then(|| changes.or_else(|| decision(state, &who, duty))).flatten()
        });
        if let Some(action) = decided.await? {
            let name = action.name();
            let results = self.ledger.commit(&Principal::role(role.clone()), vec![action]).await?;
            for rejection in results.into_iter().filter_map(Result::err) {
                tracing::debug!(%role, "could not {name}: {rejection}");
            }
        }
        let who = role.clone();
        let is_left = self.ledger.read(move |state| state.owed_by(&who).any(|owed| owed == duty)).await?;
        if is_left {
            self.take(role, duty);
        } else {
            self.pending().known.remove(&(role, duty));
        }
        Ok(())
    }
}

/// What a person does about something they owe.
fn decision(state: &State, role: &Role, duty: Duty) -> Option<Action> {
    if let Some(id) = duty.instruction() {
        let found = state.instructions.get(&id)?;
        return about_instruction(state, found, duty).map(|action| Action::Instruction(id, action));
    }
    if let Duty::Read(id) = duty {
        return Some(Action::ReadBroadcasts { role: role.clone(), ids: vec![id] });
    }
    let task = state.tasks.get(&duty.task()?)?;
    about_task(state, task, duty).map(|action| Action::Task(task.id, action))
}

fn about_instruction(state: &State, found: &instruction::Instruction, duty: Duty) -> Option<InstructionAction> {
    let said = || "simulated: decided by a made-up person".to_owned();
    Some(match duty {
        Duty::FillBrief(_) => match &found.state {
            instruction::State::NeedsBrief { missing } => {
                InstructionAction::FillBrief { fields: missing.iter().map(|field| (field.clone(), said())).collect() }
            }
            _other => return None,
        },
        Duty::ApprovePlan(_) => InstructionAction::ApprovePlan { review: vec![said()] },
        Duty::Consult(_, question) => InstructionAction::AnswerConsultation { question, text: said() },
        Duty::Arbitrate(_) => match lost_dependency(state, found) {
            Some(on) => InstructionAction::WaiveDependency { on, reason: said() },
            None => InstructionAction::Arbitrate { first: true, reason: said() },
        },
        // The facts speak against it and nobody is there who would do more: it ends as not done.
        Duty::ResolveNoGo(_) => InstructionAction::Cancel { reason: said() },
        _managers => return None,
    })
}

/// The first instruction that it depends on and that will not be completed.
fn lost_dependency(state: &State, found: &instruction::Instruction) -> Option<InstructionId> {
    let lost = |on: &&InstructionId| {
        let ended = state.ended(**on);
        ended.is_some_and(|ended| ended != instruction::StateName::Completed) && !found.waived.contains(on)
    };
    found.request.depends_on.iter().find(lost).copied()
}

fn about_task(state: &State, task: &Task, duty: Duty) -> Option<TaskAction> {
    let said = || "simulated: decided by a made-up person".to_owned();
    Some(match duty {
        Duty::GoAhead(_) => TaskAction::GoAhead { reason: said() },
        Duty::Review(_) => TaskAction::Approve { basis: Basis::Person },
        Duty::DecideGate(_) => match &task.state {
            TaskState::DomainReview { gate, .. } => TaskAction::PassGate { gate: *gate, basis: Basis::Person },
            _other => return None,
        },
        Duty::ClearBlocker(_) => {
            // Whoever had it goes on; where nobody has it, it is given out again.
            let next = if task.state.assignee().is_some() { AfterBlock::Resume } else { AfterBlock::Release };
            TaskAction::Resolve { resolution: said(), next }
        }
        Duty::DecideCancelled(_) => {
            let of = state.cancelled_dependency(task).or_else(|| state.cancelled_child(task))?;
            TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive }
        }
        Duty::ReceiveHandoff(_) => match &task.state {
            TaskState::ReadyForHandoff { version, accepted, .. } => {
                let receiver = state.receivers(task).into_iter().find(|one| !accepted.contains(one))?;
                TaskAction::AcceptHandoff { receiver, version: *version, basis: Basis::Person, items: None }
            }
            _other => return None,
        },
        Duty::Answer(_, question) => TaskAction::Answer { question, text: said() },
        Duty::HoldEscalation(_, id) => {
            let record = task.escalations.get(&id)?;
            options(state, task, record).into_iter().next()?.action
        }
        _managers => return None,
    })
}
