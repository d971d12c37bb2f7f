//! When somebody who could do a task is expected to have room for it.

use super::Turn;
use crate::domain::assignment::{QUALIFIED, WORKLOAD_DAYS, available_below, skill_match};
use crate::domain::command::TaskAction;
use crate::domain::org::Ic;
use crate::domain::role::Role;
use crate::domain::task::{Pause, Task};
use crate::domain::time::{Effort, Millis};

impl Turn<'_> {
    /// Says when somebody is expected to have room, once a visit, and that the task has arrived.
    pub(super) fn wait_for_capacity(&mut self, task: &Task) {
        self.acknowledge(task);
        let ahead = self.waiting;
        self.waiting = self.waiting.plus(task.work.effort);
        let waited = task.clock.pauses.iter().any(|(pause, _, _)| *pause == Pause::Capacity);
        if waited || task.clock.forecast.is_some() {
            return;
        }
        let limit = available_below(task.priority) * WORKLOAD_DAYS;
        let could: Vec<&Ic> = self
            .state
            .chart
            .ics_of(&task.domain)
            .filter(|ic| self.state.absence(&Role::Ic(ic.id.clone())).is_none())
            .filter(|ic| skill_match(ic, &task.work) >= QUALIFIED && !task.failed_with.contains(&ic.id))
            .collect();
        let team = could.iter().fold(Effort::default(), |sum, ic| sum.plus(ic.hours_per_day));
        let over = |ic: &Ic| {
            let committed = self.state.load(&ic.id).committed.plus(self.given_to(&ic.id));
            committed.minus(Effort::from_hours(limit * ic.hours_per_day.hours()))
        };
        let wait = could.iter().filter_map(|ic| forecast(over(ic), ahead, ic.hours_per_day, team)).min();
        if let Some(wait) = wait {
            self.commit(task.id, TaskAction::WaitForCapacity { until: self.at.org.plus(wait) });
        }
    }
}

/// When somebody is expected to have room for a task: the hours by which they are over their limit, at their pace, and the
/// work that waits before it, at the pace of all who could do it. `None` beyond the days that are looked ahead.
fn forecast(over: Effort, ahead: Effort, hours_per_day: Effort, team_hours: Effort) -> Option<Millis> {
    const DAYS_AHEAD: i64 = 3;
    let at_pace = |work: Effort, pace: Effort| {
        let milli_days =
            u64::from(work.milli_hours()).saturating_mul(1_000).checked_div(u64::from(pace.milli_hours()))?;
        i64::try_from(milli_days.saturating_mul(86_400)).ok()
    };
    let wait = at_pace(over, hours_per_day)?.saturating_add(at_pace(ahead, team_hours)?);
    (wait <= Millis::from_hours(24 * DAYS_AHEAD).0).then_some(Millis(wait.max(1)))
}
