//! The DomainLead: assigns the work of a domain, reviews it, accepts handoffs and clears blockers.
//!
//! ```text
//!   ledger ── Told ──▶ DomainLead ── assign, review, accept, resolve ──▶ ledger
//!                                          └─ supervises the ICs of the domain, and the runs of its own reviews
//! ```
//!
//! An IC who fails too often takes the lead along, and the matter goes to the tech lead.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::{Desk, Heard};
use super::ic;
use super::office::Office;
use super::runs::Runs;
use super::supervision::{Family, Loss, restart_or_fail};
use crate::domain::id::{DomainId, IcId};
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What a domain lead is told.
pub enum Msg {
    /// What the ledger has for them.
    Told(Notice),
    /// Start this IC again.
    Respawn(IcId),
}

/// What a domain lead begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
    /// The domain.
    pub domain: DomainId,
}

/// What a domain lead keeps.
pub struct State {
    desk: Desk,
    domain: DomainId,
    ics: Family<IcId>,
    reviews: Runs,
}

/// The actor.
pub struct DomainLead;

/// Starts a domain lead as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, DomainLead, args, supervisor).await?;
    Ok(actor)
}

impl Actor for DomainLead {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let told = myself.clone();
        let tell = move |notice: Notice| drop(told.cast(Msg::Told(notice)));
        let desk = Desk::open(args.office, Role::DomainLead(args.domain.clone()), tell).await?;
        let mut state = State { desk, domain: args.domain, ics: Family::default(), reviews: Runs::default() };
        state.keep_in_step(&myself).await?;
        myself.cast(Msg::Told(Notice::Owed))?;
        Ok(state)
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Told(notice) => {
                match state.desk.hear(&notice).await? {
                    Heard::Nothing => return Ok(()),
                    Heard::Owed => {}
                    Heard::Chart(_) => state.keep_in_step(&myself).await?,
                }
                state.on_wake(&myself).await?;
            }
            Msg::Respawn(ic) => state.spawn_ic(&myself, ic).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(after) = state.reviews.on_event(&event)? {
            state.desk.look_after(after, &myself, || Msg::Told(Notice::Owed));
            return Ok(());
        }
        match state.ics.on_event(event) {
            Some(loss) => state.on_loss(&myself, loss),
            None => Ok(()),
        }
    }
}

/// Reviews that a lead has done side by side: enough that one slow reviewer does not hold the domain up.
const PARALLEL_REVIEWS: usize = 4;

impl State {
    async fn on_wake(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let moves = self.desk.turn().await?;
        self.reviews.keep_in_step(&myself.get_cell(), &self.desk, moves, PARALLEL_REVIEWS).await?;
        Ok(())
    }

    /// Brings the ICs in step with the chart. With one who left go the runs of their attempts.
    async fn keep_in_step(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let chart = self.desk.office.chart();
        let wanted = chart.ics_of(&self.domain).map(|ic| ic.id.clone()).collect();
        for ic in self.ics.keep(wanted) {
            self.spawn_ic(myself, ic).await?;
        }
        Ok(())
    }

    async fn spawn_ic(&mut self, myself: &ActorRef<Msg>, ic: IcId) -> Result<(), ActorProcessingErr> {
        // They may have left the chart, or come back with one, while they were waited for.
        if self.ics.has(&ic) || !self.desk.office.chart().ics.contains_key(&ic) {
            return Ok(());
        }
        let args = ic::Args { office: Arc::clone(&self.desk.office), ic: ic.clone() };
        match ic::spawn(myself.get_cell(), args).await {
            Ok(child) => {
                self.ics.add(ic, &child.get_cell());
                Ok(())
            }
            Err(error) => {
                let loss = self.ics.lose(ic, error.to_string());
                self.on_loss(myself, loss)
            }
        }
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<IcId>) -> Result<(), ActorProcessingErr> {
        let who = loss.child.to_string();
        restart_or_fail(loss, &who, myself, Msg::Respawn)
    }
}
