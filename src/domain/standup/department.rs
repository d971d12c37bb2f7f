//! What the tech lead of a department makes of its domains, and its engineering manager of all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::path::{CriticalPath, critical_path};
use super::{Capacity, Risk, Summary, capacity_of_domain, completed, cut, late_by, number, open_work, risks};
use crate::domain::id::{DepartmentId, DomainId, InstructionId};
use crate::domain::instruction::{Instruction, State as InstructionState, StateName};
use crate::domain::role::Level;
use crate::domain::state::State;
use crate::domain::time::OrgTime;

/// Domains of a department that are named, those with most to do first.
const TEAMS_NAMED: usize = 30;

/// Instructions that are named, the most urgent first.
const INSTRUCTIONS_NAMED: usize = 10;

/// Instructions that a person is to decide about, as far as they are named.
const NO_GOS_NAMED: usize = 5;

/// What a tech lead reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TechLead {
    /// The department.
    pub department: DepartmentId,
    /// How much work there is.
    pub summary: Summary,
    /// How much of the department's coming days is booked.
    pub capacity: Capacity,
    /// Its domains.
    pub teams: Vec<Team>,
    /// How many more there are.
    pub more_teams: u32,
    /// Instructions that are not over, as far as they are named.
    pub instructions: Vec<Forecast>,
    /// How many more there are.
    pub more_instructions: u32,
    /// Open escalations by the level that holds them.
    pub escalations: BTreeMap<Level, u32>,
    /// What may not come out as planned.
    pub risks: Vec<Risk>,
}

/// A domain of a department.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Team {
    /// Which.
    pub domain: DomainId,
    /// How much work there is.
    pub summary: Summary,
    /// How much of its coming days is booked.
    pub capacity: Capacity,
}

/// How far an instruction is, and what is left of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// Which.
    pub instruction: InstructionId,
    /// What was asked for; cut to [`TEXT_LIMIT`](super::TEXT_LIMIT).
    pub text: String,
    /// Its state.
    pub state: StateName,
    /// Whether it is paused.
    pub paused: bool,
    /// Its tasks that are over.
    pub over: u32,
    /// All its tasks.
    pub tasks: u32,
    /// The longest way through what is left.
    pub path: CriticalPath,
}

/// What an engineering manager reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manager {
    /// Instructions that are not over, by state.
    pub states: BTreeMap<StateName, u32>,
    /// Instructions whose end the facts speak against, as far as they are named: a person decides.
    pub no_gos: Vec<NoGo>,
    /// How many more there are.
    pub more_no_gos: u32,
    /// What comes up the line.
    pub line: TechLead,
}

/// An instruction whose end the facts speak against.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoGo {
    /// Which.
    pub instruction: InstructionId,
    /// What speaks against it; cut to [`TEXT_LIMIT`](super::TEXT_LIMIT).
    pub facts: String,
}

fn instructions<'a>(state: &'a State, department: &'a DepartmentId) -> impl Iterator<Item = &'a Instruction> + 'a {
    state.instructions.values().filter(move |found| found.department == *department)
}

pub(super) fn tech_lead(state: &State, department: &DepartmentId, now: OrgTime) -> TechLead {
    let is_ours = |domain: &DomainId| domain.department() == *department;
    let (summary, mut teams) = teams(state, department, now);
    let capacity = teams.iter().map(|team| team.capacity).fold(Capacity::default(), Capacity::plus);
    teams.sort_by_key(|team| (std::cmp::Reverse(team.summary.open), team.domain.clone()));
    let mut open: Vec<&Instruction> = instructions(state, department).collect();
    open.sort_by_key(|found| (std::cmp::Reverse(found.request.priority), found.id));
    let mut escalations: BTreeMap<Level, u32> = BTreeMap::new();
    for task in state.tasks.values().filter(|task| is_ours(&task.domain)) {
        for record in task.escalations.values() {
            let count = escalations.entry(record.level).or_insert(0);
            *count = count.saturating_add(1);
        }
    }
    TechLead {
        department: department.clone(),
        summary,
        capacity,
        more_teams: number(teams.len().saturating_sub(TEAMS_NAMED)),
        teams: teams.into_iter().take(TEAMS_NAMED).collect(),
        more_instructions: number(open.len().saturating_sub(INSTRUCTIONS_NAMED)),
        instructions: open.into_iter().take(INSTRUCTIONS_NAMED).map(|found| forecast(state, found)).collect(),
        escalations,
        risks: risks(state, now, is_ours),
    }
}

/// A department and each of its domains, counted in one walk through the work.
fn teams(state: &State, department: &DepartmentId, now: OrgTime) -> (Summary, Vec<Team>) {
    let is_ours = |domain: &DomainId| domain.department() == *department;
    let mut whole = completed(state, is_ours);
    let mut by_domain: BTreeMap<&DomainId, Summary> = state
        .chart
        .domains_of(department)
        .map(|domain| (&domain.id, completed(state, |other| *other == domain.id)))
        .collect();
    for task in open_work(state, is_ours) {
        let is_late = late_by(state, task, now).is_some();
        whole.count(task, is_late);
        // A domain that left the chart may have work that is not over yet.
        if let Some(team) = by_domain.get_mut(&task.domain) {
            team.count(task, is_late);
        }
    }
    let team = |(domain, summary): (&DomainId, Summary)| Team {
        domain: domain.clone(),
        summary,
        capacity: capacity_of_domain(state, domain),
    };
    (whole, by_domain.into_iter().map(team).collect())
}

fn forecast(state: &State, found: &Instruction) -> Forecast {
    Forecast {
        instruction: found.id,
        text: cut(&found.request.text),
        state: found.state.name(),
        paused: found.paused.is_some(),
        over: number(found.tasks.len().saturating_sub(found.open.len())),
        tasks: number(found.tasks.len()),
        path: critical_path(state, found),
    }
}

pub(super) fn manager(state: &State, department: &DepartmentId, now: OrgTime) -> Manager {
    let mut states: BTreeMap<StateName, u32> = BTreeMap::new();
    let mut no_gos = Vec::new();
    for found in instructions(state, department) {
        let count = states.entry(found.state.name()).or_insert(0);
        *count = count.saturating_add(1);
        match &found.state {
            InstructionState::GoNoGo { no_go } if !no_go.is_empty() => {
                no_gos.push(NoGo { instruction: found.id, facts: cut(&no_go.join("; ")) });
            }
            InstructionState::GoNoGo { .. }
            | InstructionState::Received
            | InstructionState::Triaged
            | InstructionState::NeedsBrief { .. }
            | InstructionState::Planned
            | InstructionState::AwaitingApproval { .. }
            | InstructionState::Queued
            | InstructionState::Executing
            | InstructionState::Completed
            | InstructionState::Cancelled { .. }
            | InstructionState::Rejected { .. } => {}
        }
    }
    Manager {
        states,
        more_no_gos: number(no_gos.len().saturating_sub(NO_GOS_NAMED)),
        no_gos: no_gos.into_iter().take(NO_GOS_NAMED).collect(),
        line: tech_lead(state, department, now),
    }
}
