//! The IC: starts attempts through a worker, up to a parallel limit, and reviews the work of peers.
//!
//! ```text
//!   ledger ── Told ──▶ IC ── start an attempt ──▶ ledger
//!                                       └─ supervises a Run for each attempt and each review
//! ```
//!
//! A run that fails is an attempt at work that nobody runs: the IC ends it in the ledger, and it is started again as the
//! lifecycle says. Runs that fail too often take the IC along, and the matter goes to the domain lead.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, MessagingErr, SpawnErr, SupervisionEvent};
use tokio::task::JoinHandle;

use super::desk::{Desk, Heard};
use super::office::Office;
use super::runs::Runs;
use crate::domain::id::IcId;
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What an IC is told.
pub enum Msg {
    /// What the ledger has for them; also that there may be room for more.
    Told(Notice),
}

/// What an IC begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
    /// Who.
    pub ic: IcId,
}

/// What an IC keeps.
pub struct State {
    desk: Desk,
    ic: IcId,
    runs: Runs,
    /// Wakes when the earliest retry may start; there is never more than one.
    retry: Option<JoinHandle<Result<(), MessagingErr<Msg>>>>,
}

/// The actor.
pub struct Ic;

/// Starts an IC as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, Ic, args, supervisor).await?;
    Ok(actor)
}

impl Actor for Ic {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let told = myself.clone();
        let tell = move |notice: Notice| drop(told.cast(Msg::Told(notice)));
        let desk = Desk::open(args.office, Role::Ic(args.ic.clone()), tell).await?;
        myself.cast(Msg::Told(Notice::Owed))?;
        Ok(State { desk, ic: args.ic, runs: Runs::default(), retry: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        Msg::Told(notice): Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match state.desk.hear(&notice).await? {
            Heard::Nothing => Ok(()),
            // Who they are, and how much they may do at once, is looked up each time.
            Heard::Owed | Heard::Chart(_) => state.on_wake(&myself).await,
        }
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(after) = state.runs.on_event(&event)? {
            state.desk.look_after(after, &myself, || Msg::Told(Notice::Owed));
        }
        Ok(())
    }
}

/// A clock that stands still, because the system's was set back, must not make this spin.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

impl State {
    async fn on_wake(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let moves = self.desk.turn().await?;
        // Whoever left the chart starts nothing; what runs is stopped with them.
        let limit = self.desk.office.chart().ics.get(&self.ic).map_or(0, |ic| ic.parallel_limit);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let later = self.runs.keep_in_step(&myself.get_cell(), &self.desk, moves, limit).await?;
        if let Some(earlier) = self.retry.take() {
            earlier.abort();
        }
        self.retry = later.map(|wait| myself.send_after(wait.max(SHORTEST_WAIT), || Msg::Told(Notice::Owed)));
        Ok(())
    }
}
