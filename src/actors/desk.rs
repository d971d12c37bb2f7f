//! A desk: how a place in the organisation is woken, learns what it owes and does what policy says about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor::ActorRef;

use super::office::{Office, Phase};
use crate::domain::command::Action;
use crate::domain::org::Chart;
use crate::domain::policy::{Move, moves};
use crate::domain::protocol::Message;
use crate::domain::rejection::Rejection;
use crate::domain::role::{Principal, Role};
use crate::ledger::{Notice, Results, Stopped};
use crate::telemetry::narrative::quote;

/// What a probe is told a look at what is owed is called.
pub const LOOK: &str = "look";

/// The desk of one role.
pub struct Desk {
    /// What is shared.
    pub office: Arc<Office>,
    /// Whose desk it is.
    pub role: Role,
    principal: Principal,
    /// Whether a wake-up is under way that has not been looked at: many changes make one.
    woken: Arc<AtomicBool>,
}

/// What to do about what the ledger had to say.
pub enum Heard {
    /// Nothing now: a look at what is owed is under way anyhow.
    Nothing,
    /// Look at what is owed.
    Owed,
    /// The organisation runs by this chart: bring whoever is below in step, and look at what is owed.
    Chart(Arc<Chart>),
}

impl Desk {
    /// Sits down: from now on `tell` is called with what the ledger has for the role, and the chart of the office is not
    /// older than this.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn open(
        office: Arc<Office>,
        role: Role,
        tell: impl Fn(Notice) + Send + 'static,
    ) -> Result<Self, Stopped> {
        let woken = Arc::new(AtomicBool::new(false));
        let (flag, reader) = (Arc::clone(&woken), role.clone());
        let tell_once = move |notice| match notice {
            Notice::Owed if flag.swap(true, Ordering::AcqRel) => {}
            // A look at what is owed is under way anyhow, and the message is behind it.
            Notice::Message(message) if flag.load(Ordering::Acquire) => read(&reader, &message),
            Notice::Owed | Notice::Message(_) | Notice::Chart => tell(notice),
        };
        office.ledger.attach(role.clone(), Box::new(tell_once)).await?;
        office.look_at_chart().await?;
        let principal = Principal::role(role.clone());
        Ok(Self { office, role, principal, woken })
    }

    /// Takes note of what the ledger says, and answers what to do about it. A chart is taken over by the office first.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn hear(&self, notice: &Notice) -> Result<Heard, Stopped> {
        match notice {
            Notice::Owed => Ok(Heard::Owed),
            Notice::Message(message) => {
                read(&self.role, message);
                Ok(if self.woken.load(Ordering::Acquire) { Heard::Nothing } else { Heard::Owed })
            }
            Notice::Chart => Ok(Heard::Chart(self.office.look_at_chart().await?)),
        }
    }

    /// Has whoever sits here look at what is owed after a while, by the message for it.
    pub fn look_after<M: ractor::Message>(&self, after: Duration, myself: &ActorRef<M>, look: fn() -> M) {
        if !after.is_zero() {
            drop(myself.send_after(after, look));
        } else if !self.woken.load(Ordering::Acquire) {
            // Whoever is gone looks at nothing.
            let _ = myself.cast(look());
        }
    }

    /// Does what policy says about everything that is owed, and returns what is for workers to do.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn turn(&self) -> Result<Vec<Move>, Stopped> {
        // Cleared first: what changes after the look wakes again.
        self.woken.store(false, Ordering::Release);
        self.office.probe.observe(&self.role, Phase::Before, LOOK);
        let (role, at, mut ids) = (self.role.clone(), self.office.ledger.clock().now(), self.office.ids.clone());
        let decided = self.office.ledger.read(move |state| moves(state, &role, at, &mut ids)).await?;
        let mut actions = Vec::new();
        let mut for_workers = Vec::new();
        for decision in decided {
            match decision {
                Move::Commit(action) => actions.push(action),
                Move::Start(_) | Move::StartLater(..) | Move::Attend(..) | Move::Review(_) | Move::Plan(_) => {
                    for_workers.push(decision);
                }
            }
        }
        if !actions.is_empty() {
            self.commit(actions).await?;
        }
        Ok(for_workers)
    }

    /// Asks the ledger for all of these. What it refuses is out of date by now, and is only logged.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn commit(&self, actions: Vec<Action>) -> Result<(), Stopped> {
        let names: Vec<&'static str> = actions.iter().map(Action::name).collect();
        let results = self.ask(actions).await?;
        for (name, result) in names.iter().zip(results) {
            if let Err(rejection) = result {
                self.log_refusal(name, &rejection);
            }
        }
        Ok(())
    }

    /// Asks the ledger for all of these, and says what came of each.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub async fn ask(&self, actions: Vec<Action>) -> Result<Results, Stopped> {
        let names: Vec<&'static str> = actions.iter().map(Action::name).collect();
        for name in &names {
            self.office.probe.observe(&self.role, Phase::Before, name);
        }
        let results = self.office.ledger.commit(&self.principal, actions).await?;
        for name in &names {
            self.office.probe.observe(&self.role, Phase::After, name);
        }
        Ok(results)
    }

    fn log_refusal(&self, name: &str, rejection: &Rejection) {
        match rejection {
            // Policy asks only for what is legal in the state it saw, so the state has moved on since.
            Rejection::IllegalMove { .. }
            | Rejection::IllegalInstructionMove { .. }
            | Rejection::TaskFinished { .. }
            | Rejection::InstructionFinished { .. }
            | Rejection::StaleEpoch { .. }
            | Rejection::StaleVersion { .. }
            | Rejection::NotExecuting(_)
            | Rejection::Paused(_)
            | Rejection::TooSoon(_)
            | Rejection::QuestionNotOpen { .. }
            | Rejection::AtLimit { .. } => {
                tracing::debug!(role = %self.role, "{name}: {rejection}");
            }
            Rejection::UnknownTask(_)
            | Rejection::UnknownInstruction(_)
            | Rejection::EscalationNotOpen(_)
            | Rejection::Exists(_)
            | Rejection::NotAllowed { .. }
            | Rejection::NotReady { .. }
            | Rejection::SelfReview(_)
            | Rejection::ChecksFailed(_)
            | Rejection::KeyReused { .. }
            | Rejection::Invalid(_) => {
                tracing::warn!(role = %self.role, "could not {name}: {rejection}");
            }
        }
    }
}

fn read(role: &Role, message: &Message) {
    tracing::debug!(role = %role, "received a {}", quote(&message.to_string()));
}
