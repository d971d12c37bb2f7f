//! Escalations: how far what goes up the line gets, and how it ends.

use std::collections::BTreeMap;

use super::spans::HOUR;
use super::tasks::Lookup;
use crate::domain::event::{Target, TaskEvent};
use crate::domain::id::{EscalationId, TaskId};
use crate::domain::role::{Level, Principal, Role};
use crate::domain::task::Trouble;
use crate::sim::report::{CountOf, EscalationLevel, Escalations};

/// An escalation that is open.
struct Open {
    id: EscalationId,
    raised: i64,
    level: Level,
    holder: Role,
    /// What whoever holds it did about it that did not end it.
    means: Option<&'static str>,
}

/// Everything that went up the line.
#[derive(Default)]
pub(super) struct Ladder {
    open: Lookup<TaskId, Vec<Open>>,
    levels: [Flow; Level::ALL.len()],
    troubles: BTreeMap<String, u64>,
    means: BTreeMap<&'static str, u64>,
    ended: u64,
    lasted: i64,
}

/// What came to a level, and what became of it.
#[derive(Clone, Copy, Default)]
struct Flow {
    raised: u64,
    climbed_in: u64,
    climbed_on: u64,
    decided: u64,
    by_itself: u64,
}

impl Ladder {
    /// Something happened to a task that does not move it. Says by how many more of its escalations are open.
    pub(super) fn take(&mut self, task: TaskId, event: &TaskEvent, principal: &Principal, at: i64) -> i8 {
        match event {
            TaskEvent::EscalationRaised { id, trouble, to, .. } => {
                self.raise(task, *id, *trouble, to, at);
                return 1;
            }
            TaskEvent::EscalationClimbed { id, to, .. } => {
                if let Some(record) = find(&mut self.open, task, *id) {
                    let from = record.level;
                    (record.level, record.holder, record.means) = (to.level, to.holder.clone(), None);
                    self.flow(from).climbed_on += 1;
                    self.flow(to.level).climbed_in += 1;
                }
            }
            TaskEvent::EscalationDecided { id, .. } => {
                if let Some(record) = find(&mut self.open, task, *id) {
                    record.means.get_or_insert("decided, and left where it was");
                }
            }
            TaskEvent::EscalationClosed { id, .. } => {
                let records = self.open.get_mut(&task);
                let place = records.as_ref().and_then(|all| all.iter().position(|record| record.id == *id));
                if let Some(record) = records.zip(place).map(|(all, place)| all.remove(place)) {
                    self.end(&record, principal, "closed", at);
                    return -1;
                }
            }
            _others => {
                let means = match event {
                    TaskEvent::TimeGranted { .. } => "more time granted",
                    TaskEvent::PriorityChanged { .. } => "priority changed",
                    TaskEvent::ScopeChanged { .. } => "scope changed",
                    TaskEvent::ReviewerAssigned { .. } => "another reviewer",
                    _of_no_weight => return 0,
                };
                for record in self.open.get_mut(&task).into_iter().flatten() {
                    if principal.is(&record.holder) {
                        record.means = Some(means);
                    }
                }
            }
        }
        0
    }

    /// A task moves on, which ends what is open of it.
    pub(super) fn moved(&mut self, task: TaskId, event: &TaskEvent, principal: &Principal, at: i64) {
        let means = match event {
            TaskEvent::Resolved { .. } => "blocker cleared",
            TaskEvent::Reassigned { .. } => "given to another IC",
            TaskEvent::Unassigned { .. } => "taken back",
            TaskEvent::Assigned { .. } => "assigned",
            TaskEvent::Cancelled { .. } => "cancelled",
            _others => "moved on by hand",
        };
        for record in self.open.remove(&task).into_iter().flatten() {
            self.end(&record, principal, means, at);
        }
    }

    fn raise(&mut self, task: TaskId, id: EscalationId, trouble: Trouble, to: &Target, at: i64) {
        let record = Open { id, raised: at, level: to.level, holder: to.holder.clone(), means: None };
        self.open.entry(task).or_default().push(record);
        self.flow(to.level).raised += 1;
        *self.troubles.entry(trouble.to_string()).or_default() += 1;
    }

    fn end(&mut self, record: &Open, principal: &Principal, means: &'static str, at: i64) {
        self.ended += 1;
        self.lasted += at.saturating_sub(record.raised);
        let decided = record.means.or_else(|| principal.is(&record.holder).then_some(means));
        match decided {
            Some(means) => {
                self.flow(record.level).decided += 1;
                *self.means.entry(means).or_default() += 1;
            }
            None => self.flow(record.level).by_itself += 1,
        }
    }

    fn flow(&mut self, level: Level) -> &mut Flow {
        let [lead, tech_lead, manager, person] = &mut self.levels;
        match level {
            Level::DomainLead => lead,
            Level::TechLead => tech_lead,
            Level::EngineeringManager => manager,
            Level::Person => person,
        }
    }

    /// What it came to.
    pub(super) fn figures(self) -> Escalations {
        let levels = Level::ALL.iter().zip(self.levels).map(|(level, flow)| {
            let came = flow.raised + flow.climbed_in;
            EscalationLevel {
                level: level.to_string(),
                raised: flow.raised,
                climbed_in: flow.climbed_in,
                climbed_on: flow.climbed_on,
                decided: flow.decided,
                by_itself: flow.by_itself,
                open: came.saturating_sub(flow.climbed_on + flow.decided + flow.by_itself),
            }
        });
        let levels: Vec<EscalationLevel> = levels.collect();
        let sum = |figure: fn(&EscalationLevel) -> u64| levels.iter().map(figure).sum();
        Escalations {
            raised: sum(|level| level.raised),
            decided: sum(|level| level.decided),
            by_itself: sum(|level| level.by_itself),
            reached_person: levels.last().map_or(0, |level| level.raised + level.climbed_in),
            open: sum(|level| level.open),
            mean_hours: if self.ended == 0 { 0.0 } else { self.lasted as f64 / HOUR / self.ended as f64 },
            troubles: most_first(self.troubles),
            means: most_first(self.means.into_iter().map(|(name, count)| (name.to_owned(), count))),
            levels,
        }
    }
}

fn find(open: &mut Lookup<TaskId, Vec<Open>>, task: TaskId, id: EscalationId) -> Option<&mut Open> {
    open.get_mut(&task)?.iter_mut().find(|record| record.id == id)
}

/// Counts by name, the most first.
pub(super) fn most_first(counts: impl IntoIterator<Item = (String, u64)>) -> Vec<CountOf> {
    let mut found: Vec<CountOf> = counts.into_iter().map(|(name, count)| CountOf { name, count }).collect();
    found.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
    found
}
