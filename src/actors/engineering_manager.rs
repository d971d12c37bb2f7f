//! The EngineeringManager of a department: triage, approval of plans, go/no-go; the last level before a person.
//!
//! ```text
//!   ledger ── Told ──▶ EngineeringManager ── triage, approve, go/no-go ──▶ ledger
//!                                          └─ supervises the TechLead of the department
//! ```
//!
//! A tech lead who fails too often takes the manager along, and the matter goes to the organisation.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::{Desk, Heard};
use super::office::Office;
use super::plans::PARALLEL_PLANS;
use super::runs::Runs;
use super::supervision::{Family, Loss, restart_or_fail};
use super::tech_lead;
use crate::domain::id::DepartmentId;
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What an engineering manager is told.
pub enum Msg {
    /// What the ledger has for them.
    Told(Notice),
    /// Start the tech lead again.
    Respawn,
}

/// What an engineering manager begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
    /// The department.
    pub department: DepartmentId,
}

/// What an engineering manager keeps.
pub struct State {
    desk: Desk,
    department: DepartmentId,
    tech_lead: Family<()>,
    plans: Runs,
}

/// The actor.
pub struct EngineeringManager;

/// Starts an engineering manager as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, EngineeringManager, args, supervisor).await?;
    Ok(actor)
}

impl Actor for EngineeringManager {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let told = myself.clone();
        let tell = move |notice: Notice| drop(told.cast(Msg::Told(notice)));
        let desk = Desk::open(args.office, Role::EngineeringManager(args.department.clone()), tell).await?;
        let mut state =
            State { desk, department: args.department, tech_lead: Family::default(), plans: Runs::default() };
        state.spawn_tech_lead(&myself).await?;
        myself.cast(Msg::Told(Notice::Owed))?;
        Ok(state)
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Told(notice) => match state.desk.hear(&notice).await? {
                Heard::Nothing => {}
                // There is one tech lead as long as there is the department.
                Heard::Owed | Heard::Chart(_) => state.on_wake(&myself).await?,
            },
            Msg::Respawn => state.spawn_tech_lead(&myself).await?,
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
        match state.tech_lead.on_event(event) {
            Some(loss) => state.on_loss(&myself, loss),
            None => Ok(()),
        }
    }
}

impl State {
    /// Plans come here where there is no tech lead.
    async fn on_wake(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let moves = self.desk.turn().await?;
        self.plans.keep_in_step(&myself.get_cell(), &self.desk, moves, PARALLEL_PLANS).await?;
        Ok(())
    }

    async fn spawn_tech_lead(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let args = tech_lead::Args { office: Arc::clone(&self.desk.office), department: self.department.clone() };
        match tech_lead::spawn(myself.get_cell(), args).await {
            Ok(child) => {
                self.tech_lead.add((), &child.get_cell());
                Ok(())
            }
            Err(error) => {
                let loss = self.tech_lead.lose((), error.to_string());
                self.on_loss(myself, loss)
            }
        }
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<()>) -> Result<(), ActorProcessingErr> {
        let who = format!("the tech lead of {}", self.department);
        restart_or_fail(loss, &who, myself, |()| Msg::Respawn)
    }
}
