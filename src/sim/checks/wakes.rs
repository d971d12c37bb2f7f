//! Lost wake-ups: whoever owes something new, or was told to look, has to look before time goes on.

use std::collections::BTreeMap;

use super::fault::{Fault, expect};
use super::invariant::WAKES;
use crate::domain::id::Sequence;
use crate::domain::reaction::Duty;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::time::OrgTime;

/// Who has to look at what they owe.
#[derive(Default)]
pub(super) struct Wakes {
    waiting: BTreeMap<Role, Waiting>,
}

/// Since when somebody has to look, and why.
struct Waiting {
    since: OrgTime,
    sequence: Sequence,
    /// What is new; nothing where they were only told to look.
    duties: Vec<Duty>,
    is_stirred: bool,
}

impl Wakes {
    /// Somebody owes something new.
    pub(super) fn owe(&mut self, role: &Role, duty: Duty, at: (OrgTime, Sequence), state: &State) {
        if is_automated(role, state) {
            self.waiting(role, at).duties.push(duty);
        }
    }

    /// Somebody was told to look.
    pub(super) fn stir(&mut self, role: &Role, at: (OrgTime, Sequence), state: &State) {
        if is_automated(role, state) {
            self.waiting(role, at).is_stirred = true;
        }
    }

    fn waiting(&mut self, role: &Role, (since, sequence): (OrgTime, Sequence)) -> &mut Waiting {
        let new = || Waiting { since, sequence, duties: Vec::new(), is_stirred: false };
        self.waiting.entry(role.clone()).or_insert_with(new)
    }

    /// Somebody looks, or is not there to.
    pub(super) fn looked(&mut self, role: &Role) {
        self.waiting.remove(role);
    }

    /// Nobody could look until now.
    pub(super) fn excuse(&mut self) {
        self.waiting.clear();
    }

    /// It is `now`: whoever had to look before has looked, or owes nothing of it any more.
    pub(super) fn check(&mut self, now: OrgTime, state: &State) -> Result<(), (Sequence, Fault)> {
        let mut found = Ok(());
        self.waiting.retain(|role, waiting| {
            if waiting.since >= now || found.is_err() {
                return true;
            }
            if is_automated(role, state) {
                let owed = state.owed_by(role).find(|duty| waiting.is_stirred || waiting.duties.contains(duty));
                found = expect(owed.is_none(), WAKES, || say(role, owed, waiting.since))
                    .map_err(|fault| (waiting.sequence, fault));
            }
            false
        });
        found
    }
}

/// Whether somebody stands there who looks by themselves.
fn is_automated(role: &Role, state: &State) -> bool {
    !role.is_person() && (state.absent.is_empty() || state.absence(role).is_none()) && state.has_place(role)
}

fn say(role: &Role, owed: Option<Duty>, since: OrgTime) -> String {
    let duty = owed.map_or_else(String::new, |duty| match (duty.task(), duty.instruction()) {
        (Some(task), _) => format!(" {duty} ({task})"),
        (None, Some(instruction)) => format!(" {duty} ({instruction})"),
        (None, None) => format!(" {duty}"),
    });
    format!("{role} owes{duty} and has not looked since {since}")
}
