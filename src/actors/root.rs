//! The root: starts the organisation, and starts it again when it fails.
//!
//! ```text
//!   app ── spawn, stop ──▶ Root
//!                           └─ supervises the Organisation, and with it the whole tree
//! ```
//!
//! It has no duties, so there is nothing in it that could fail. Nothing is above it: an organisation that fails too often
//! is shown as degraded, and the daemon goes on answering.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::task::JoinHandle;

use super::office::Office;
use super::organisation;
use super::supervision::{Family, Loss, Verdict};
use crate::domain::role::Role;

/// What the root is told.
pub enum Msg {
    /// Start the organisation again.
    Respawn,
}

/// What it begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
}

/// What it keeps.
pub struct State {
    office: Arc<Office>,
    organisation: Family<()>,
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
        // The first time it is for whoever starts the daemon to know.
        let begin = organisation::Args { office: Arc::clone(&args.office) };
        let organisation = organisation::spawn(myself.get_cell(), begin).await?;
        let mut family = Family::default();
        family.add((), &organisation.get_cell());
        Ok(State { office: args.office, organisation: family })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        Msg::Respawn: Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.spawn_organisation(&myself).await;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(loss) = state.organisation.on_event(event) {
            state.on_loss(&myself, loss);
        }
        Ok(())
    }
}

impl State {
    async fn spawn_organisation(&mut self, myself: &ActorRef<Msg>) {
        let args = organisation::Args { office: Arc::clone(&self.office) };
        match organisation::spawn(myself.get_cell(), args).await {
            Ok(organisation) => self.organisation.add((), &organisation.get_cell()),
            Err(error) => {
                let loss = self.organisation.lose((), error.to_string());
                self.on_loss(myself, loss);
            }
        }
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<()>) {
        let Loss { child: (), reason, verdict } = loss;
        match verdict {
            Verdict::Restart(after) => {
                tracing::warn!("the organisation failed and starts again in {after:?}: {reason}");
                drop(myself.send_after(after, || Msg::Respawn));
            }
            Verdict::GiveUp => {
                tracing::error!(
                    "the organisation is degraded: it failed too often ({reason}); \
                     all work waits until the daemon is started again"
                );
                self.office.mark_degraded(Role::Organisation, reason);
            }
        }
    }
}
