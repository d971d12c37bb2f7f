//! Whoever watches all that becomes durable, from where the ledger is.

use super::Group;
use crate::domain::command::Command;
use crate::domain::state::State;

/// Watches all that becomes durable: measures it, or checks that it holds together.
pub trait Witness: Send {
    /// A group of commands is durable, and this is the state after it; nobody has been answered or woken yet. What it does
    /// here everybody waits for.
    fn witness(&mut self, commands: &[Command], group: &Group, state: &State);
}

/// Watches nothing.
pub struct NoWitness;

impl Witness for NoWitness {
    fn witness(&mut self, _: &[Command], _: &Group, _: &State) {}
}
