//! What an instruction waits for besides what is owed for itself, and instructions that nothing will ever move.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::admission::{self, Verdict};
use crate::domain::id::InstructionId;
use crate::domain::instruction::{Hold, HoldKind, Instruction, State as InstructionState};
use crate::domain::state::State;

/// What an instruction waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InstructionWait {
    /// Its tasks: each of these is owned in turn.
    Tasks,
    /// Its parts, which other departments do.
    Parts(Vec<InstructionId>),
    /// The end of the instruction it makes room for.
    MakesRoom(InstructionId),
    /// A person who resumes it.
    Paused,
    /// Instructions that must be completed before it begins.
    Dependencies(Vec<InstructionId>),
    /// Capacity that these have, or wait for before it; any of them may make room by ending.
    Capacity(Vec<InstructionId>),
}

/// What an instruction waits for; nothing where it is over, or where what is owed for it is all there is.
#[must_use]
pub fn instruction_wait(state: &State, found: &Instruction) -> Option<InstructionWait> {
    if let Some(pause) = &found.paused {
        return Some(pause.until.map_or(InstructionWait::Paused, InstructionWait::MakesRoom));
    }
    match &found.state {
        InstructionState::Executing => {
            let parts = found.plan.iter().flat_map(|plan| &plan.parts).map(|part| part.id);
            let open: Vec<InstructionId> = parts.filter(|part| state.ended(*part).is_none()).collect();
            if open.is_empty() {
                (!found.open.is_empty()).then_some(InstructionWait::Tasks)
            } else {
                Some(InstructionWait::Parts(open))
            }
        }
        InstructionState::Queued => found.held.as_ref().map(wait_of),
        InstructionState::Received
        | InstructionState::Triaged
        | InstructionState::NeedsBrief { .. }
        | InstructionState::Planned
        | InstructionState::AwaitingApproval { .. }
        | InstructionState::GoNoGo { .. }
        | InstructionState::Completed
        | InstructionState::Cancelled { .. }
        | InstructionState::Rejected { .. } => None,
    }
}

fn wait_of(hold: &Hold) -> InstructionWait {
    match hold.kind {
        HoldKind::Dependencies | HoldKind::DependencyLost => InstructionWait::Dependencies(hold.behind.clone()),
        HoldKind::Capacity | HoldKind::Manager | HoldKind::Person => InstructionWait::Capacity(hold.behind.clone()),
    }
}

/// Why the instructions of a state are not alive: one that nobody owes anything for and that waits for nothing, or that
/// waits for what waits for it.
pub(super) fn instruction_faults(state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    for found in state.instructions.values().filter(|found| !found.state.name().is_terminal()) {
        if state.instruction_duties(found.id) != super::instruction_duties(state, found) {
            faults.push(format!("{}: the index of duties is not what the state says", found.id));
        }
        let wait = instruction_wait(state, found);
        if wait.is_none() && state.instruction_duties(found.id).is_empty() {
            faults.push(format!("{} is {} and nobody owes anything for it", found.id, found.state.name()));
        }
        if let Some(InstructionWait::MakesRoom(other)) = wait.filter(|wait| !is_open(state, wait)) {
            faults.push(format!("{} makes room for {other}, which is over", found.id));
        }
    }
    faults.extend(stuck(state).into_iter().map(|id| format!("{id} waits for what waits for it")));
    faults
}

/// Whether what room is made for is not over.
fn is_open(state: &State, wait: &InstructionWait) -> bool {
    match wait {
        InstructionWait::MakesRoom(other) => state.ended(*other).is_none(),
        InstructionWait::Tasks
        | InstructionWait::Parts(_)
        | InstructionWait::Paused
        | InstructionWait::Dependencies(_)
        | InstructionWait::Capacity(_) => true,
    }
}

/// Instructions that nothing will ever move, because what they wait for waits for them, however far around.
fn stuck(state: &State) -> BTreeSet<InstructionId> {
    let queued = admission::all(state);
    // What was said about those that are queued may be overtaken; what counts is what the organisation sees next.
    let wait = |found: &Instruction| {
        if found.state != InstructionState::Queued || found.paused.is_some() {
            return instruction_wait(state, found);
        }
        match queued.get(&found.id) {
            Some(Verdict::Wait(hold)) => Some(wait_of(hold)),
            Some(Verdict::Begin) | None => None,
        }
    };
    let waits: BTreeMap<InstructionId, Option<InstructionWait>> =
        state.instructions.values().map(|found| (found.id, wait(found))).collect();
    let mut left: BTreeSet<InstructionId> = state.instructions.keys().copied().collect();
    loop {
        let stays = |id: &InstructionId| left.contains(id);
        let moves = |wait: &Option<InstructionWait>| match wait {
            Some(InstructionWait::MakesRoom(other)) => !stays(other),
            Some(InstructionWait::Parts(others) | InstructionWait::Dependencies(others)) => !others.iter().any(stays),
            Some(InstructionWait::Capacity(others)) => others.is_empty() || !others.iter().all(stays),
            Some(InstructionWait::Tasks | InstructionWait::Paused) | None => true,
        };
        let still: BTreeSet<InstructionId> =
            left.iter().copied().filter(|id| waits.get(id).is_some_and(|wait| !moves(wait))).collect();
        if still.len() == left.len() {
            return left;
        }
        left = still;
    }
}

/// Whether `from` is over only after `to` is: it depends on it, is made of it, or makes room for it, however far around.
#[must_use]
pub fn waits_for(state: &State, from: InstructionId, to: InstructionId) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![from];
    while let Some(id) = left.pop() {
        if id == to {
            return true;
        }
        let Some(found) = state.instructions.get(&id).filter(|_| seen.insert(id)) else {
            continue;
        };
        let needed = found.request.depends_on.iter().copied().filter(|on| !found.waived.contains(on));
        let parts = found.plan.iter().flat_map(|plan| plan.parts.iter().map(|part| part.id));
        let until = found.paused.iter().filter_map(|pause| pause.until);
        left.extend(needed.chain(parts).chain(until));
    }
    false
}
