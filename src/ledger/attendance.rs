//! Who stands for which role, and how they are told what concerns them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Group;
use crate::domain::event::Event;
use crate::domain::lookup::Lookup;
use crate::domain::protocol::{Message, addressed};
use crate::domain::role::Role;
use crate::domain::state::State;

/// Messages that one role is handed for one group, at most. Each stands in a mailbox until it is read; whoever gets more
/// than this at once finds the rest in what they owe, for which the wake-up is enough.
const MESSAGES_LIMIT: usize = 64;

/// What whoever stands for a role is told. Losing any of it costs nothing: what is owed is derived from state.
#[derive(Clone, Debug)]
pub enum Notice {
    /// What they owe has changed.
    Owed,
    /// Somebody has something to say to them.
    Message(Arc<Message>),
    /// The organisation runs by another chart from now on. Comes before whatever else follows from that.
    Chart,
}

/// Tells whoever stands for a role. Called on the ledger's thread, so it only leaves a message.
pub type Wake = Box<dyn Fn(Notice) + Send>;

/// Everybody who stands for a role.
#[derive(Default)]
pub(super) struct Attendance {
    wakes: Lookup<Role, Wake>,
}

impl Attendance {
    /// From now on this one stands for the role.
    pub(super) fn attach(&mut self, role: Role, wake: Wake) {
        self.wakes.insert(role, wake);
    }

    /// Hands out what a durable group means for everybody: first that there is another chart, then that somebody should look
    /// at what they owe, then what the events have to say. For roles that nobody stands for nothing is made.
    pub(super) fn tell(&mut self, group: &Group, state: &State) {
        if self.wakes.is_empty() {
            return;
        }
        let entries = || group.results.iter().flatten().flatten();
        if entries().any(|entry| matches!(entry.event, Event::ChartApplied(_))) {
            self.wakes.in_order().for_each(|(_, wake)| wake(Notice::Chart));
            // Whoever left hears this last, and nobody takes their place.
            self.wakes.retain(|role| state.has_place(role));
        }
        for wake in group.stirred.iter().filter_map(|role| self.wakes.get(role)) {
            wake(Notice::Owed);
        }
        let mut told: BTreeMap<Role, usize> = BTreeMap::new();
        for entry in entries() {
            let has_room = |role: &Role| told.get(role).is_none_or(|count| *count < MESSAGES_LIMIT);
            let listens = |role: &Role| self.wakes.contains_key(role) && has_room(role);
            for (roles, message) in addressed(state, entry, &listens) {
                let message = Arc::new(message);
                for role in roles {
                    if let Some(wake) = self.wakes.get(&role) {
                        wake(Notice::Message(Arc::clone(&message)));
                        *told.entry(role).or_default() += 1;
                    }
                }
            }
        }
    }
}
