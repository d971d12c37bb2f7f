//! What another chart would change: who comes, who leaves and what they hand back, and what is different for those who
//! stay. Nothing is decided here; whether the chart may be applied is [`decide`](crate::domain::decide)'s to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Chart;
use super::facts::{Fact, facts};
use crate::domain::id::{StepKey, TaskId};
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::{Assignee, State as TaskState, StateName, Task};
use crate::domain::work::words;

words!(
    /// A kind of thing in a chart.
    PartKind,
    "a kind of thing in a chart",
    /// What holds for the organisation as a whole.
    Organisation = "organisation",
    /// A department.
    Department = "department",
    /// A domain.
    Domain = "domain",
    /// An individual contributor.
    Ic = "IC",
    /// A person.
    Person = "person",
    /// A worker.
    Worker = "worker",
    /// A workflow template.
    Workflow = "workflow",
    /// Limits that hold for everyone.
    Policy = "policy",
    /// Rules by which instructions get their tier.
    Triage = "triage rules",
    /// How fast organisation time runs.
    Clock = "clock",
    /// How long things may take.
    Sla = "SLA",
    /// Somebody who is not there from the start.
    Absence = "absence",
);

/// One thing in a chart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Which; empty where there is only one of the kind.
    pub id: String,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id.is_empty() { write!(f, "{}", self.kind) } else { write!(f, "{} {}", self.kind, self.id) }
    }
}

/// What another chart would change.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Difference {
    /// What comes.
    pub comes: Vec<Part>,
    /// What leaves.
    pub leaves: Vec<Leaving>,
    /// What is different for what stays.
    pub changes: Vec<Change>,
}

/// Something that leaves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Leaving {
    /// What.
    pub part: Part,
    /// Open tasks that are handed back, and go to somebody else.
    pub hands_back: Vec<OpenTask>,
    /// Open tasks whose review somebody else takes over.
    pub hands_over: Vec<OpenTask>,
}

/// A task that somebody who leaves has to do with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenTask {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Where it is in its life.
    pub state: StateName,
}

/// Something that is different for what stays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// For what.
    pub part: Part,
    /// What of it.
    pub what: String,
    /// How it is; empty where it is not there.
    pub before: String,
    /// How it would be; empty where it would not be there.
    pub after: String,
}

impl Difference {
    /// Whether the charts are the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.comes.is_empty() && self.leaves.is_empty() && self.changes.is_empty()
    }
}

/// What `chart` would change for an organisation as it is now.
#[must_use]
pub fn difference(state: &State, chart: &Chart) -> Difference {
    let (before, after) = (facts(&state.chart), facts(chart));
    let mut difference = Difference::default();
    for (part, old) in &before {
        match after.get(part) {
            Some(new) => changes(part, old, new, &mut difference.changes),
            None => difference.leaves.push(leaving(state, part)),
        }
    }
    difference.comes = after.into_keys().filter(|part| !before.contains_key(part)).collect();
    difference
}

fn changes(part: &Part, old: &[Fact], new: &[Fact], changes: &mut Vec<Change>) {
    let by_name = |facts: &[Fact]| -> BTreeMap<String, Fact> {
        facts.iter().map(|fact| (fact.what.clone(), fact.clone())).collect()
    };
    let (old, mut new) = (by_name(old), by_name(new));
    let mut found: Vec<(String, Option<Fact>, Option<Fact>)> = Vec::new();
    for (what, before) in old {
        let after = new.remove(&what);
        found.push((what, Some(before), after));
    }
    found.extend(new.into_iter().map(|(what, after)| (what, None, Some(after))));
    found.sort_by(|one, other| one.0.cmp(&other.0));
    for (what, before, after) in found {
        if before.as_ref().map(|fact| &fact.exact) == after.as_ref().map(|fact| &fact.exact) {
            continue;
        }
        let shown = |fact: Option<Fact>| fact.map(|fact| fact.shown).unwrap_or_default();
        let (before, mut after) = (shown(before), shown(after));
        if before == after {
            // What differs is not for everybody's eyes, or too long for them.
            after = format!("{after} (different ones)");
        }
        changes.push(Change { part: part.clone(), what, before, after });
    }
}

fn leaving(state: &State, part: &Part) -> Leaving {
    let mut leaving = Leaving { part: part.clone(), hands_back: Vec::new(), hands_over: Vec::new() };
    let is = |kind: PartKind, id: &str| part.kind == kind && part.id == id;
    let is_leaver = |role: &Role| match role {
        Role::Ic(ic) => is(PartKind::Ic, ic.as_str()),
        Role::DomainLead(domain) => is(PartKind::Domain, domain.as_str()),
        Role::TechLead(department) | Role::EngineeringManager(department) => {
            is(PartKind::Department, department.as_str())
        }
        Role::Person(person) => is(PartKind::Person, person.as_str()),
        Role::Organisation | Role::Operator => false,
    };
    for task in state.tasks.values() {
        let open = || OpenTask { task: task.id, key: task.key.clone(), state: task.state.name() };
        if has(task).is_some_and(|assignee| is_leaver(&assignee.role())) {
            leaving.hands_back.push(open());
        }
        if reviewer(task).is_some_and(is_leaver) {
            leaving.hands_over.push(open());
        }
    }
    leaving
}

/// Who has a task that would be handed back if they left.
const fn has(task: &Task) -> Option<&Assignee> {
    match &task.state {
        TaskState::Assigned { assignee } | TaskState::InProgress { assignee, .. } => Some(assignee),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::UnderReview { .. }
        | TaskState::DomainReview { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}

const fn reviewer(task: &Task) -> Option<&Role> {
    match &task.state {
        TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => Some(reviewer),
        TaskState::Pending
        | TaskState::InPlanning
        | TaskState::Assigned { .. }
        | TaskState::InProgress { .. }
        | TaskState::Blocked { .. }
        | TaskState::Escalated { .. }
        | TaskState::ReadyForHandoff { .. }
        | TaskState::Completed
        | TaskState::Cancelled { .. } => None,
    }
}
