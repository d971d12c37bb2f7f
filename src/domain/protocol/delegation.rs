//! What whoever is given work gets with it: how far they may go, by when, why, and to whom they can turn.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::alarm::due;
use crate::domain::id::{InstructionId, StepKey, TaskId};
use crate::domain::role::{Level, Role};
use crate::domain::sla::Mark;
use crate::domain::state::State;
use crate::domain::task::{Delegation as Given, StateName, Task};
use crate::domain::time::OrgTime;
use crate::domain::work::{Finding, Priority, Tier, Work};

/// Work goes down the line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Delegation {
    /// Who gives it.
    pub from: Role,
    /// To whom.
    pub to: Role,
    /// The tasks that are given; never none, and all of one instruction.
    pub tasks: Vec<Delegated>,
    /// Why there is this work at all.
    pub context: Context,
    /// To whom they can turn, the nearest first.
    pub escalation_path: Vec<Role>,
    /// By when they say that they have it.
    pub acknowledge_by: OrgTime,
    /// Whether they got it before and have not said so.
    pub again: bool,
}

/// Why there is this work at all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Context {
    /// The instruction it comes from.
    pub instruction: InstructionId,
    /// What was asked for, in the words of whoever did.
    pub text: String,
}

/// One task that is given.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Delegated {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// What it is: its scope in the description, what must be true for it to count as done in the criteria, the hours that
    /// are expected, how demanding it is. Shared with the state, for plans are large and delegations many.
    pub work: Arc<Work>,
    /// How far they may go by themselves.
    pub authority: Authority,
    /// What it has to wait for.
    pub constraints: Vec<Related>,
    /// By when it should have left the state it is in; `None` where no such clock runs.
    pub deadline: Option<Deadline>,
    /// How urgent it is.
    pub priority: Priority,
    /// The milestone it is part of, and what waits for it.
    pub related: Vec<Related>,
    /// What went wrong before, and what was answered and decided since: what to look out for.
    pub risks: Vec<String>,
    /// What reviewers want changed.
    pub findings: Vec<Finding>,
}

/// How far whoever has a task may go by themselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Nobody looks at it afterwards: tier 0.
    Autonomous,
    /// Others review it before it counts: every tier above.
    ReviewRequired,
    /// Security has a say in it: whatever is security sensitive.
    ConsultRequired,
}

/// By when a task should have left the state it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deadline {
    /// What is aimed at.
    pub target: OrgTime,
    /// When somebody above is asked.
    pub escalation: OrgTime,
}

/// Another task that has to do with one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Related {
    /// The task.
    pub task: TaskId,
    /// Its name in the plan.
    pub key: StepKey,
    /// Where it is in its life.
    pub state: StateName,
}

/// What is said with tasks of one instruction that were given to one place; `None` where there is nothing to say.
pub(super) fn delegation(state: &State, to: &Role, tasks: &[&Task], again: bool) -> Option<Delegation> {
    let (first, given) = tasks.iter().find_map(|task| Some((*task, task.delegation.as_ref()?)))?;
    let instruction = state.instructions.get(&first.instruction)?;
    let times = tasks.iter().filter_map(|task| task.delegation.as_ref()).map(|one: &Given| one.acknowledge_by);
    Some(Delegation {
        from: given.from.clone(),
        to: to.clone(),
        tasks: tasks.iter().map(|task| delegated(state, task)).collect(),
        context: Context { instruction: instruction.id, text: instruction.request.text.clone() },
        escalation_path: path_from(state, to, first),
        acknowledge_by: times.min()?,
        again,
    })
}

fn delegated(state: &State, task: &Task) -> Delegated {
    let of = |id: &TaskId| {
        let found = state.tasks.get(id)?;
        Some(Related { task: found.id, key: found.key.clone(), state: found.state.name() })
    };
    let deadline = due(state, task, Mark::Target)
        .and_then(|target| Some(Deadline { target, escalation: due(state, task, Mark::Escalation)? }));
    Delegated {
        task: task.id,
        key: task.key.clone(),
        work: Arc::clone(&task.work),
        authority: authority(task),
        constraints: task.needs.iter().filter(|need| !task.waived.contains(need)).filter_map(of).collect(),
        deadline,
        priority: task.priority,
        related: task.parent.iter().chain(&task.dependants).filter_map(of).collect(),
        risks: task.notes.clone(),
        findings: task.findings.clone(),
    }
}

fn authority(task: &Task) -> Authority {
    if task.work.security_sensitive {
        return Authority::ConsultRequired;
    }
    match task.tier {
        Tier::Trivial => Authority::Autonomous,
        Tier::Simple | Tier::Moderate | Tier::Complex | Tier::Expert => Authority::ReviewRequired,
    }
}

/// Everybody above a place for a task, the nearest first.
fn path_from(state: &State, place: &Role, task: &Task) -> Vec<Role> {
    let mut next = match place {
        Role::Ic(_) => Some(Level::DomainLead),
        Role::DomainLead(_) => Some(Level::TechLead),
        Role::TechLead(_) => Some(Level::EngineeringManager),
        Role::EngineeringManager(_) | Role::Organisation => Some(Level::Person),
        Role::Person(_) | Role::Operator => None,
    };
    let mut path = Vec::new();
    while let Some(level) = next {
        path.push(state.place_at(level, task));
        next = level.above();
    }
    path
}
