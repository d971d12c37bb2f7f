//! The Organisation: the top of the chart. Releases instructions in their order.
//!
//! ```text
//!   ledger ── Told ──▶ Organisation ── release ──▶ ledger
//!                                          └─ supervises an EngineeringManager for each department
//! ```
//!
//! No place is above it: a department whose manager fails too often is shown as degraded, and the rest goes on.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::desk::{Desk, Heard};
use super::engineering_manager;
use super::office::Office;
use super::plans::PARALLEL_PLANS;
use super::runs::Runs;
use super::supervision::{Family, Loss, Verdict};
use crate::domain::id::DepartmentId;
use crate::domain::role::Role;
use crate::ledger::Notice;

/// What the organisation is told.
pub enum Msg {
    /// What the ledger has for it.
    Told(Notice),
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
    plans: Runs,
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
        let told = myself.clone();
        let tell = move |notice: Notice| drop(told.cast(Msg::Told(notice)));
        let desk = Desk::open(args.office, Role::Organisation, tell).await?;
        let mut state = State { desk, departments: Family::default(), plans: Runs::default() };
        state.keep_in_step(&myself).await;
        myself.cast(Msg::Told(Notice::Owed))?;
        Ok(state)
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Told(notice) => {
                match state.desk.hear(&notice).await? {
                    Heard::Nothing => return Ok(()),
                    Heard::Owed => {}
                    Heard::Chart(chart) => {
                        state.desk.office.forget_departed(&chart);
                        state.keep_in_step(&myself).await;
                    }
                }
                // Plans come here where nobody of the department is there to make them.
                let moves = state.desk.turn().await?;
                state.plans.keep_in_step(&myself.get_cell(), &state.desk, moves, PARALLEL_PLANS).await?;
            }
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
        if let Some(after) = state.plans.on_event(&event)? {
            drop(myself.send_after(after, || Msg::Told(Notice::Owed)));
            return Ok(());
        }
        if let Some(loss) = state.departments.on_event(event) {
            state.on_loss(&myself, loss);
        }
        Ok(())
    }
}

impl State {
    /// Brings the departments in step with the chart. One that was given up stays so until the daemon is started again.
    async fn keep_in_step(&mut self, myself: &ActorRef<Msg>) {
        let wanted = self.desk.office.chart().departments.keys().cloned().collect();
        let degraded = self.desk.office.degraded();
        for department in self.departments.keep(wanted) {
            if !degraded.contains_key(&Role::EngineeringManager(department.clone())) {
                self.spawn_department(myself, department).await;
            }
        }
    }

    async fn spawn_department(&mut self, myself: &ActorRef<Msg>, department: DepartmentId) {
        // It may have left the chart, or come back with one, while it was waited for.
        if self.departments.has(&department) || !self.desk.office.chart().departments.contains_key(&department) {
            return;
        }
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
                self.desk.office.degrade(Role::EngineeringManager(child), reason);
            }
        }
    }
}
