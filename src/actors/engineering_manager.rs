//! The EngineeringManager of a department: triage, approval of plans, go/no-go; the last level before a person.
//!
//! ```text
//!   ledger ── Wake, Receive, Chart ──▶ EngineeringManager ── triage, approve, go/no-go ──▶ ledger
//!                                          └─ supervises the TechLead of the department
//! ```
//!
//! A tech lead who fails too often takes the manager along, and the matter goes to the organisation.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::Desk;
use super::office::Office;
use super::supervision::{Family, Loss, restart_or_fail};
use super::tech_lead;
use crate::domain::id::DepartmentId;
use crate::domain::protocol::Message;
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What an engineering manager is told.
pub enum Msg {
    /// What they owe has changed.
    Wake,
    /// Somebody has something to say to them.
    Receive(Arc<Message>),
    /// The organisation runs by another chart.
    Chart,
    /// Start the tech lead again.
    Respawn,
}

impl From<Notice> for Msg {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Owed => Self::Wake,
            Notice::Message(message) => Self::Receive(message),
            Notice::Chart => Self::Chart,
        }
    }
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
        let tell = move |notice: Notice| drop(told.cast(notice.into()));
        let desk = Desk::open(args.office, Role::EngineeringManager(args.department.clone()), tell).await?;
        let mut state = State { desk, department: args.department, tech_lead: Family::default() };
        state.spawn_tech_lead(&myself).await?;
        myself.cast(Msg::Wake)?;
        Ok(state)
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Wake => drop(state.desk.turn().await?),
            Msg::Receive(message) => {
                if state.desk.receive(&message) {
                    drop(state.desk.turn().await?);
                }
            }
            // There is one tech lead as long as there is the department.
            Msg::Chart => {
                state.desk.office.look_at_chart().await?;
                drop(state.desk.turn().await?);
            }
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
        match state.tech_lead.on_event(event) {
            Some(loss) => state.on_loss(&myself, loss),
            None => Ok(()),
        }
    }
}

impl State {
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
