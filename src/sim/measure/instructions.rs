//! Instructions: how long they are in the system, and whether Little's law holds for them.

use super::spans::{Gauge, HOUR, Spans, share};
use super::tasks::{Lookup, by_tier, state_times};
use crate::domain::event::InstructionEvent;
use crate::domain::id::InstructionId;
use crate::domain::instruction::{Request, StateName};
use crate::domain::work::Tier;
use crate::sim::report::{InstructionCounts, LeadTimes, Little, StateTime};

/// The states of an instruction that is not over, in the order of its life.
const STATES: [StateName; 8] = [
    StateName::Received,
    StateName::NeedsBrief,
    StateName::Triaged,
    StateName::Planned,
    StateName::AwaitingApproval,
    StateName::Queued,
    StateName::Executing,
    StateName::GoNoGo,
];

/// An instruction that is not over.
pub(super) struct Open {
    received: i64,
    entered: i64,
    state: StateName,
    pub(super) tier: u8,
    /// What it waits for itself: a place and what is to be done there, by numbers, and since when.
    pub(super) waits: Option<(u32, u8, i64)>,
}

/// All instructions.
pub(super) struct Instructions {
    pub(super) open: Lookup<InstructionId, Open>,
    pub(super) counts: InstructionCounts,
    pub(super) in_system: Gauge,
    /// Time in the system of those that are over, whichever way, in milliseconds.
    stayed: i128,
    states: Vec<Spans>,
    lead: Spans,
    lead_by_tier: Vec<Spans>,
}

impl Default for Instructions {
    fn default() -> Self {
        Self {
            open: Lookup::default(),
            counts: InstructionCounts::default(),
            in_system: Gauge::default(),
            stayed: 0,
            states: STATES.iter().map(|_| Spans::default()).collect(),
            lead: Spans::default(),
            lead_by_tier: Tier::ALL.iter().map(|_| Spans::default()).collect(),
        }
    }
}

impl Instructions {
    /// One comes in.
    pub(super) fn receive(&mut self, id: InstructionId, request: &Request, at: i64) {
        let tier = u8::from(request.tier.unwrap_or(Tier::Moderate));
        self.open.insert(id, Open { received: at, entered: at, state: StateName::Received, tier, waits: None });
        self.counts.received += 1;
        self.in_system.rise(at);
    }

    /// Something happens to one. Gives it back once it is over.
    pub(super) fn take(&mut self, id: InstructionId, event: &InstructionEvent, at: i64) -> Option<Open> {
        let found = self.open.get_mut(&id)?;
        if let InstructionEvent::Triaged(triage) = event {
            found.tier = u8::from(triage.tier);
        }
        let next = next_state(event)?;
        let visit = at.saturating_sub(found.entered);
        if let Some(spans) =
            STATES.iter().position(|state| *state == found.state).and_then(|at| self.states.get_mut(at))
        {
            spans.push(visit);
        }
        (found.state, found.entered) = (next, at);
        if !next.is_terminal() {
            return None;
        }
        let gone = self.open.remove(&id)?;
        self.in_system.fall(at);
        let stayed = at.saturating_sub(gone.received);
        self.stayed += i128::from(stayed);
        match next {
            StateName::Completed => {
                self.counts.completed += 1;
                self.lead.push(stayed);
                if let Some(spans) = self.lead_by_tier.get_mut(usize::from(gone.tier)) {
                    spans.push(stayed);
                }
            }
            StateName::Rejected => self.counts.rejected += 1,
            _cancelled => self.counts.cancelled += 1,
        }
        Some(gone)
    }

    /// It ended at that time, when these were open.
    pub(super) fn end(&mut self, end: i64, ids: impl Iterator<Item = InstructionId>) -> Vec<StateTime> {
        let mut open = [(0_u64, 0_i64); STATES.len()];
        for found in ids.filter_map(|id| self.open.get(&id)) {
            self.stayed += i128::from(end.saturating_sub(found.received));
            self.counts.open += 1;
            if let Some((count, millis)) =
                STATES.iter().position(|state| *state == found.state).and_then(|place| open.get_mut(place))
            {
                *count += 1;
                *millis += end.saturating_sub(found.entered);
            }
        }
        self.in_system.pass(end);
        let names = STATES.map(|state| state.to_string());
        state_times(&names, &mut self.states, &open)
    }

    /// Little's law over so many milliseconds.
    pub(super) fn little(&self, span: i64) -> Little {
        let hours = span as f64 / HOUR;
        let received = self.counts.received as f64;
        let mean_in_system = self.in_system.mean(span);
        let arrivals_per_hour = share(received, hours);
        let mean_hours_in_system = share(self.stayed as f64 / HOUR, received);
        let gap = (mean_in_system - arrivals_per_hour * mean_hours_in_system).abs();
        let relative_gap = share(gap, mean_in_system);
        Little { mean_in_system, arrivals_per_hour, mean_hours_in_system, relative_gap }
    }

    /// Lead times.
    pub(super) fn lead_times(self) -> LeadTimes {
        LeadTimes {
            instructions: self.lead.distribution(),
            instructions_by_tier: by_tier(self.lead_by_tier),
            ..LeadTimes::default()
        }
    }
}

/// The state that an event takes an instruction to, if it does.
const fn next_state(event: &InstructionEvent) -> Option<StateName> {
    match event {
        InstructionEvent::Triaged(_) | InstructionEvent::BriefFilled { .. } => Some(StateName::Triaged),
        InstructionEvent::NeedsBrief { .. } => Some(StateName::NeedsBrief),
        InstructionEvent::Rejected { .. } => Some(StateName::Rejected),
        InstructionEvent::Planned { .. } => Some(StateName::Planned),
        InstructionEvent::ApprovalAsked { .. } => Some(StateName::AwaitingApproval),
        InstructionEvent::Queued { .. } => Some(StateName::Queued),
        InstructionEvent::Executing { .. } | InstructionEvent::Amended { .. } => Some(StateName::Executing),
        InstructionEvent::GoNoGoReached | InstructionEvent::NoGo { .. } => Some(StateName::GoNoGo),
        InstructionEvent::Completed { .. } => Some(StateName::Completed),
        InstructionEvent::Cancelled { .. } => Some(StateName::Cancelled),
        _others => None,
    }
}
