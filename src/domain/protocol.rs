//! The typed messages of the organisation: what goes down, up and across the line besides the work itself.
//!
//! What a message says is in the journal; [`addressed`] derives from an event who gets which. A message that is lost
//! costs nothing: it only wakes its receiver, and what they owe is derived from state.
//!
//! - the types of what is said: [`Message`], and [`Delegation`] with all that goes along with work;
//! - who gets which, and what it says then: [`addressed`].

mod delegation;
mod message;
mod post;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DomainId, InstructionId, TaskId};
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::time::OrgTime;
use crate::domain::work::words;

pub use self::delegation::{Authority, Context, Deadline, Delegated, Delegation, Related};
pub use self::message::{About, Answer, Broadcast, Escalation, Handoff, Message, Question, Standup};
pub use self::post::addressed;

words!(
    /// What a broadcast is about.
    NoticeKind,
    "a kind of broadcast (priority-change, resource-shift, milestone, blocker, celebration)",
    /// Something is more or less urgent than before.
    PriorityChange = "priority-change",
    /// Somebody comes, goes or moves.
    ResourceShift = "resource-shift",
    /// Something large is done.
    Milestone = "milestone",
    /// Something is in the way of many.
    Blocker = "blocker",
    /// Something to be glad about.
    Celebration = "celebration",
);

/// To whom a broadcast goes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Everybody.
    All,
    /// The lead of every domain.
    DomainLeads,
    /// The tech lead of every department.
    TechLeads,
    /// The lead and the ICs of a domain.
    Team(DomainId),
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::DomainLeads => f.write_str("domain-leads"),
            Self::TechLeads => f.write_str("tech-leads"),
            Self::Team(domain) => write!(f, "{domain}-team"),
        }
    }
}

/// What a broadcast says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// To whom it goes.
    pub channel: Channel,
    /// What it is about.
    pub kind: NoticeKind,
    /// One line.
    pub subject: String,
    /// What it means for whoever reads it; may be empty.
    pub impact: String,
    /// What is to be done.
    pub action_items: Vec<String>,
}

/// A summary of open escalations, for a manager who holds many.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Digest {
    /// How many are open.
    pub open: u32,
    /// How many of which trouble in which state: `late in PENDING`.
    pub by_trouble: BTreeMap<String, u32>,
    /// How many of which instruction, the most first; a handful.
    pub by_instruction: Vec<(InstructionId, u32)>,
    /// The task that has waited longest, and since when.
    pub oldest: Option<(TaskId, OrgTime)>,
}

/// Everybody whom a channel reaches.
///
/// # Errors
/// When the chart has no such domain.
pub fn recipients(state: &State, channel: &Channel) -> Result<Vec<Role>, String> {
    let chart = &state.chart;
    Ok(match channel {
        Channel::All => {
            let people = chart.people.keys().cloned().map(Role::Person);
            chart.places_from(&Role::Organisation).into_iter().chain(people).collect()
        }
        Channel::DomainLeads => chart.domains.keys().cloned().map(Role::DomainLead).collect(),
        Channel::TechLeads => chart.departments.keys().cloned().map(Role::TechLead).collect(),
        Channel::Team(domain) if chart.domains.contains_key(domain) => {
            chart.places_from(&Role::DomainLead(domain.clone()))
        }
        Channel::Team(domain) => return Err(format!("the chart has no domain `{domain}`")),
    })
}

/// Instructions that a digest names.
const DIGEST_INSTRUCTIONS: usize = 5;

/// A summary of the escalations that a place holds.
#[must_use]
pub fn digest(state: &State, role: &Role) -> Digest {
    let mut digest = Digest::default();
    let mut by_instruction: BTreeMap<InstructionId, u32> = BTreeMap::new();
    for task in state.held_tasks(role) {
        for record in task.escalations.values().filter(|record| record.holder == *role) {
            digest.open = digest.open.saturating_add(1);
            let kind = format!("{} in {}", record.trouble, task.state.name());
            let count = digest.by_trouble.entry(kind).or_insert(0);
            *count = count.saturating_add(1);
            let count = by_instruction.entry(task.instruction).or_insert(0);
            *count = count.saturating_add(1);
            let raised = (record.raised.org, task.id);
            if digest.oldest.is_none_or(|(id, at)| raised < (at, id)) {
                digest.oldest = Some((task.id, record.raised.org));
            }
        }
    }
    digest.by_instruction = by_instruction.into_iter().collect();
    digest.by_instruction.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
    digest.by_instruction.truncate(DIGEST_INSTRUCTIONS);
    digest
}
