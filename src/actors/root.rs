//! The root: starts the organisation and its timer, and starts them again when they fail.
//!
//! ```text
//!   app ── spawn, stop ──▶ Root
//!                           ├─ supervises the Organisation, and with it the whole tree
//!                           └─ supervises the Timer
//! ```
//!
//! It has no duties, so there is nothing in it that could fail. Nothing is above it: an organisation that fails too often,
//! or whose timer does, is shown as degraded, and the daemon goes on answering.

use std::fmt;
use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::task::JoinHandle;

use super::office::Office;
use super::supervision::{Family, Loss, Verdict};
use super::{organisation, timer};
use crate::domain::role::Role;

/// What the root is told.
pub enum Msg {
    /// Start this child again.
    Respawn(Child),
}

/// What is right under the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Child {
    /// The organisation.
    Organisation,
    /// What has its clocks fire.
    Timer,
}

impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organisation => "the organisation",
            Self::Timer => "the timer",
        })
    }
}

/// What it begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
}

/// What it keeps.
pub struct State {
    office: Arc<Office>,
    children: Family<Child>,
}

/// The actor.
pub struct Root;

/// Starts the whole tree. The handle ends with it.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(args: Args) -> Result<(ActorRef<Msg>, JoinHandle<()>), SpawnErr> {
    Actor::spawn(None, Root, args).await
}

impl Actor for Root {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let mut state = State { office: args.office, children: Family::default() };
        // The first time it is for whoever starts the daemon to know.
        for child in [Child::Organisation, Child::Timer] {
            state.spawn(&myself, child).await?;
        }
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        Msg::Respawn(child): Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Err(error) = state.spawn(&myself, child).await {
            let loss = state.children.lose(child, error.to_string());
            state.on_loss(&myself, loss);
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(loss) = state.children.on_event(event) {
            state.on_loss(&myself, loss);
        }
        Ok(())
    }
}

impl State {
    async fn spawn(&mut self, myself: &ActorRef<Msg>, child: Child) -> Result<(), SpawnErr> {
        let office = Arc::clone(&self.office);
        let cell: ActorCell = match child {
            Child::Organisation => {
                organisation::spawn(myself.get_cell(), organisation::Args { office }).await?.get_cell()
            }
            Child::Timer => timer::spawn(myself.get_cell(), timer::Args { office }).await?.get_cell(),
        };
        self.children.add(child, &cell);
        Ok(())
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<Child>) {
        let Loss { child, reason, verdict } = loss;
        match verdict {
            Verdict::Restart(after) => {
                tracing::warn!("{child} failed and starts again in {after:?}: {reason}");
                drop(myself.send_after(after, move || Msg::Respawn(child)));
            }
            Verdict::GiveUp => {
                let consequence = match child {
                    Child::Organisation => "all work waits",
                    Child::Timer => "no clock fires and no lease runs out",
                };
                tracing::error!(
                    "the organisation is degraded: {child} failed too often ({reason}); \
                     {consequence} until the daemon is started again"
                );
                match child {
                    Child::Organisation => self.office.degrade(Role::Organisation, reason),
                    Child::Timer => self.office.note_degraded(
                        Role::Organisation,
                        &format!("{consequence}, since its timer failed too often: {reason}"),
                    ),
                }
            }
        }
    }
}
