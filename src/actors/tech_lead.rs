//! The TechLead of a department: plans across its domains and decides about what was cancelled.
//!
//! ```text
//!   ledger ── Told ──▶ TechLead ── plan, decide, reassign ──▶ ledger
//!                                          ├─ has plans made, by planners and of files
//!                                          └─ supervises a DomainLead for each domain of the department
//! ```
//!
//! A domain lead who fails too often takes the tech lead along, and the matter goes to the engineering manager.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::{Desk, Heard};
use super::domain_lead;
use super::office::Office;
use super::plans::PARALLEL_PLANS;
use super::runs::Runs;
use super::supervision::{Family, Loss, restart_or_fail};
use crate::domain::id::{DepartmentId, DomainId};
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What a tech lead is told.
pub enum Msg {
    /// What the ledger has for them.
    Told(Notice),
    /// Start the lead of this domain again.
    Respawn(DomainId),
}

/// What a tech lead begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
    /// The department.
    pub department: DepartmentId,
}

/// What a tech lead keeps.
pub struct State {
    desk: Desk,
    department: DepartmentId,
    leads: Family<DomainId>,
    plans: Runs,
}

/// The actor.
pub struct TechLead;

/// Starts a tech lead as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, TechLead, args, supervisor).await?;
    Ok(actor)
}

impl Actor for TechLead {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let told = myself.clone();
        let tell = move |notice: Notice| drop(told.cast(Msg::Told(notice)));
        let desk = Desk::open(args.office, Role::TechLead(args.department.clone()), tell).await?;
        let mut state = State { desk, department: args.department, leads: Family::default(), plans: Runs::default() };
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
            Msg::Respawn(domain) => state.spawn_lead(&myself, domain).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(after) = state.plans.on_event(&event)? {
            drop(myself.send_after(after, || Msg::Told(Notice::Owed)));
            return Ok(());
        }
        match state.leads.on_event(event) {
            Some(loss) => state.on_loss(&myself, loss),
            None => Ok(()),
        }
    }
}

impl State {
    async fn on_wake(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let moves = self.desk.turn().await?;
        self.plans.keep_in_step(&myself.get_cell(), &self.desk, moves, PARALLEL_PLANS).await?;
        Ok(())
    }

    /// Brings the leads in step with the chart.
    async fn keep_in_step(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let chart = self.desk.office.chart();
        let wanted = chart.domains_of(&self.department).map(|domain| domain.id.clone()).collect();
        for domain in self.leads.keep(wanted) {
            self.spawn_lead(myself, domain).await?;
        }
        Ok(())
    }

    async fn spawn_lead(&mut self, myself: &ActorRef<Msg>, domain: DomainId) -> Result<(), ActorProcessingErr> {
        // The domain may have left the chart, or come back with one, while its lead was waited for.
        if self.leads.has(&domain) || !self.desk.office.chart().domains.contains_key(&domain) {
            return Ok(());
        }
        let args = domain_lead::Args { office: Arc::clone(&self.desk.office), domain: domain.clone() };
        match domain_lead::spawn(myself.get_cell(), args).await {
            Ok(child) => {
                self.leads.add(domain, &child.get_cell());
                Ok(())
            }
            Err(error) => {
                let loss = self.leads.lose(domain, error.to_string());
                self.on_loss(myself, loss)
            }
        }
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<DomainId>) -> Result<(), ActorProcessingErr> {
        let who = format!("the lead of {}", loss.child);
        restart_or_fail(loss, &who, myself, Msg::Respawn)
    }
}
