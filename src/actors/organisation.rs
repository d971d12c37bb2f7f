//! The Organisation: the top of the chart. Releases instructions in their order.
//!
//! ```text
//!   ledger ── Wake ──▶ Organisation ── release ──▶ ledger
//!                          └─ supervises an EngineeringManager for each department
//! ```
//!
//! No place is above it: a department whose manager fails too often is shown as degraded, and the rest goes on.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::Desk;
use super::engineering_manager;
use super::office::Office;
use super::supervision::{Family, Loss, Verdict};
use crate::domain::id::DepartmentId;
use crate::domain::role::Role;

/// What the organisation is told.
pub enum Msg {
    /// What it owes has changed.
    Wake,
    /// Start this department again.
    Respawn(DepartmentId),
}

/// What it begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
}

/// What it keeps.
pub struct State {
    desk: Desk,
    departments: Family<DepartmentId>,
}

/// The actor.
pub struct Organisation;

/// Starts the organisation as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, Organisation, args, supervisor).await?;
    Ok(actor)
}

impl Actor for Organisation {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, args: Args) -> Result<State, ActorProcessingErr> {
        let waker = myself.clone();
        let wake = move || drop(waker.cast(Msg::Wake));
        let desk = Desk::open(args.office, Role::Organisation, wake).await?;
        let mut state = State { desk, departments: Family::default() };
        let departments: Vec<DepartmentId> = state.desk.office.chart.departments.keys().cloned().collect();
        for department in departments {
            state.spawn_department(&myself, department).await;
        }
        myself.cast(Msg::Wake)?;
        Ok(state)
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Wake => drop(state.desk.turn().await?),
            Msg::Respawn(department) => state.spawn_department(&myself, department).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(loss) = state.departments.on_event(event) {
            state.on_loss(&myself, loss);
        }
        Ok(())
    }
}

impl State {
    async fn spawn_department(&mut self, myself: &ActorRef<Msg>, department: DepartmentId) {
        let args = engineering_manager::Args { office: Arc::clone(&self.desk.office), department: department.clone() };
        match engineering_manager::spawn(myself.get_cell(), args).await {
            Ok(manager) => self.departments.add(department, &manager.get_cell()),
            Err(error) => {
                let loss = self.departments.lose(department, error.to_string());
                self.on_loss(myself, loss);
            }
        }
    }

    fn on_loss(&self, myself: &ActorRef<Msg>, loss: Loss<DepartmentId>) {
        let Loss { child, reason, verdict } = loss;
        match verdict {
            Verdict::Restart(after) => {
                tracing::warn!("the engineering manager of {child} failed and starts again in {after:?}: {reason}");
                drop(myself.send_after(after, move || Msg::Respawn(child)));
            }
            Verdict::GiveUp => {
                tracing::error!(
                    "department {child} is degraded: its manager failed too often ({reason}); \
                     its work waits until the daemon is started again"
                );
                self.desk.office.mark_degraded(Role::EngineeringManager(child), reason);
            }
        }
    }
}
