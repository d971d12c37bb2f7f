//! Tasks: where each that is open is in its life, and what is summed up as it moves on.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::spans::{HOUR, Spans, share};
use crate::domain::command::AfterBlock;
use crate::domain::event::TaskEvent;
use crate::domain::id::TaskId;
use crate::domain::sla::Mark;
use crate::domain::task::StateName;
use crate::domain::work::Tier;
use crate::sim::report::{BreachCell, Breaches, LeadTimes, StateTime, TaskCounts, TierTime};

/// A map that is only looked up in, so that the order of its entries shows nowhere. Its hash has no secret: the ids in
/// it are made by the simulation itself.
pub(super) type Lookup<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Who has a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    Nobody,
    Lead,
    /// By their number.
    Ic(u32),
}

/// A task that is not over.
pub(super) struct Open {
    pub(super) planned: i64,
    pub(super) entered: i64,
    /// When the attempt at work began, and whose slot it takes.
    pub(super) running: Option<(u32, i64)>,
    pub(super) holder: Holder,
    /// What it waits for: a place and what is to be done there, by numbers, and since when.
    pub(super) waits: Option<(u32, u8, i64)>,
    /// In which queue of its domain it stands.
    pub(super) queue: Option<u8>,
    pub(super) domain: u16,
    pub(super) tier: u8,
    pub(super) state: u8,
    /// Escalations of it that are open.
    pub(super) escalations: u8,
}

/// What an event makes of the state of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// It stays where it is.
    Stays,
    /// It begins a visit to this state, which may be the one it was in.
    Enters(StateName),
}

/// What an event makes of the state of a task; `holder` is who has it before.
pub(super) const fn step(event: &TaskEvent, state: StateName, holder: Holder) -> Step {
    match event {
        TaskEvent::PlanningBegun => Step::Enters(StateName::InPlanning),
        TaskEvent::BrokenDown { .. } | TaskEvent::Assigned { .. } | TaskEvent::Reassigned { .. } => {
            Step::Enters(StateName::Assigned)
        }
        TaskEvent::Unassigned { .. } => Step::Enters(StateName::Pending),
        TaskEvent::AttemptStarted { .. } => match state {
            StateName::Assigned => Step::Enters(StateName::InProgress),
            _in_progress => Step::Stays,
        },
        TaskEvent::ChildrenStarted | TaskEvent::ChangesRequested { .. } | TaskEvent::HandoffRejected { .. } => {
            Step::Enters(StateName::InProgress)
        }
        TaskEvent::HandedIn { reviewer, .. } => match reviewer {
            Some(_) => Step::Enters(StateName::UnderReview),
            None => Step::Enters(StateName::Completed),
        },
        TaskEvent::Blocked { .. } => Step::Enters(StateName::Blocked),
        TaskEvent::Escalated { .. } => Step::Enters(StateName::Escalated),
        TaskEvent::Resolved { next, .. } => match (next, holder) {
            (AfterBlock::Resume, Holder::Ic(_)) => Step::Enters(StateName::InProgress),
            (AfterBlock::Resume, Holder::Lead) | (AfterBlock::Assign(_), _) => Step::Enters(StateName::Assigned),
            (AfterBlock::Resume, Holder::Nobody) | (AfterBlock::Release, _) => Step::Enters(StateName::Pending),
        },
        TaskEvent::PeerApproved { .. } | TaskEvent::ReviewBegun { .. } | TaskEvent::GateEntered { .. } => {
            Step::Enters(StateName::DomainReview)
        }
        TaskEvent::HandoffOpened => Step::Enters(StateName::ReadyForHandoff),
        TaskEvent::Completed => Step::Enters(StateName::Completed),
        TaskEvent::Cancelled { .. } => Step::Enters(StateName::Cancelled),
        _others => Step::Stays,
    }
}

/// How long tasks were in their states, which limits they passed and how long they took.
pub(super) struct Lives {
    pub(super) counts: TaskCounts,
    states: Vec<Spans>,
    lead: Spans,
    lead_by_tier: Vec<Spans>,
    /// Visits by state and tier: begun, and past each of the three limits.
    limits: Vec<[[u64; 4]; 5]>,
    pub(super) raised_as_late: u64,
}

impl Default for Lives {
    fn default() -> Self {
        let per_state = StateName::ALL.len();
        Self {
            counts: TaskCounts::default(),
            states: (0..per_state).map(|_| Spans::default()).collect(),
            lead: Spans::default(),
            lead_by_tier: Tier::ALL.iter().map(|_| Spans::default()).collect(),
            limits: vec![[[0; 4]; 5]; per_state],
            raised_as_late: 0,
        }
    }
}

impl Lives {
    /// A visit to a state begins.
    pub(super) fn enter(&mut self, state: u8, tier: u8) {
        self.count(state, tier, 0);
    }

    /// A visit to a state ends after so many milliseconds.
    pub(super) fn leave(&mut self, state: u8, millis: i64) {
        if let Some(spans) = self.states.get_mut(usize::from(state)) {
            spans.push(millis);
        }
    }

    /// A limit of the state was passed.
    pub(super) fn pass(&mut self, state: u8, tier: u8, mark: Mark) {
        let column = match mark {
            Mark::Target => 1,
            Mark::Warning => 2,
            Mark::Escalation => 3,
        };
        self.count(state, tier, column);
    }

    fn count(&mut self, state: u8, tier: u8, column: usize) {
        let tiers = self.limits.get_mut(usize::from(state)).and_then(|tiers| tiers.get_mut(usize::from(tier)));
        if let Some(count) = tiers.and_then(|columns| columns.get_mut(column)) {
            *count += 1;
        }
    }

    /// A task is done, so many milliseconds after it was planned.
    pub(super) fn complete(&mut self, tier: u8, millis: i64) {
        self.lead.push(millis);
        if let Some(spans) = self.lead_by_tier.get_mut(usize::from(tier)) {
            spans.push(millis);
        }
    }

    /// Passed limits by state and tier.
    pub(super) fn breaches(&self) -> Breaches {
        let mut breaches = Breaches { raised_as_late: self.raised_as_late, ..Breaches::default() };
        for (state, tiers) in StateName::ALL.iter().zip(&self.limits) {
            // No clock of a state runs there.
            if state.is_terminal() || *state == StateName::Escalated {
                continue;
            }
            for (tier, [entered, target, warning, escalation]) in Tier::ALL.iter().zip(tiers) {
                breaches.entered += entered;
                breaches.target += target;
                breaches.warning += warning;
                breaches.escalation += escalation;
                if *entered > 0 {
                    breaches.cells.push(BreachCell {
                        state: state.to_string(),
                        tier: u8::from(*tier),
                        entered: *entered,
                        target: *target,
                        warning: *warning,
                        escalation: *escalation,
                        target_rate: share(*target as f64, *entered as f64),
                        escalation_rate: share(*escalation as f64, *entered as f64),
                    });
                }
            }
        }
        breaches
    }

    /// Time in each state, with `open` visits that have not ended: how many by state, and their milliseconds.
    pub(super) fn times(&mut self, open: &[(u64, i64)]) -> Vec<StateTime> {
        let names: Vec<String> =
            StateName::ALL.iter().filter(|name| !name.is_terminal()).map(ToString::to_string).collect();
        state_times(&names, &mut self.states, open)
    }

    /// Lead times, put into those of instructions.
    pub(super) fn lead_times(self, into: &mut LeadTimes) {
        into.tasks = self.lead.distribution();
        into.tasks_by_tier = by_tier(self.lead_by_tier);
    }
}

/// Lead times of the tiers that have any.
pub(super) fn by_tier(spans: Vec<Spans>) -> Vec<TierTime> {
    let all = spans.into_iter().zip(Tier::ALL).filter(|(spans, _)| spans.len() > 0);
    all.map(|(spans, tier)| TierTime { tier: u8::from(tier), lead: spans.distribution() }).collect()
}

/// Time in each of these states.
pub(super) fn state_times(names: &[String], ended: &mut [Spans], open: &[(u64, i64)]) -> Vec<StateTime> {
    let open_at = |place: usize| open.get(place).copied().unwrap_or_default();
    let totals: Vec<i64> = ended.iter().enumerate().map(|(place, spans)| spans.total() + open_at(place).1).collect();
    let all: i64 = totals.iter().take(names.len()).sum();
    let rows = names.iter().zip(ended.iter_mut()).zip(totals).enumerate();
    rows.map(|(place, ((name, spans), total))| StateTime {
        state: name.clone(),
        visits: spans.len(),
        open: open_at(place).0,
        mean_hours: spans.mean(),
        p90_hours: spans.p90(),
        total_hours: total as f64 / HOUR,
        share: share(total as f64, all as f64),
    })
    .collect()
}

/// The tasks that are not over.
pub(super) type OpenTasks = Lookup<TaskId, Open>;
