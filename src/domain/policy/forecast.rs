//! When somebody who could do a task is expected to have room for it.
//!
//! A task that nobody has the time for waits, and its clock stands still until the forecast says that somebody has. When
//! that time comes and nobody has, there is another forecast, for as long as the backlog before the task drains: a plan
//! far over capacity is not late for being large. Where nothing drains, the clock runs, and it goes up the line.

use super::Turn;
use crate::domain::assignment::Waiting;
use crate::domain::capacity::days_of_work;
use crate::domain::command::TaskAction;
use crate::domain::task::Task;
use crate::domain::time::{Effort, Millis};

/// No forecast is about less than this: whoever gets room sooner is given something at once, whatever was forecast.
const LEAST: Millis = Millis::from_hours(1);

/// No forecast is about more than this; what takes longer is looked at again.
const MOST: Millis = Millis::from_hours(72);

impl<'a> Turn<'a> {
    /// Says when somebody is expected to have room, and that the task has arrived.
    pub(super) fn wait_for_capacity(&mut self, task: &'a Task) {
        self.acknowledge(task);
        let before = self.waiting;
        self.waiting = self.waiting.plus(task.work.effort);
        if task.clock.forecast.is_some() {
            return;
        }
        let waiting = self.own(&task.domain).waiting(&task.work, task.priority, &task.failed_with);
        let ahead = waiting.committed.plus(before);
        let drains = task.clock.ahead.is_none_or(|least| ahead < least);
        if let Some(span) = forecast(waiting, before, drains).filter(|_| task.clock.may_wait(ahead)) {
            let until = self.at.org.plus(span);
            self.commit(task.id, TaskAction::WaitForCapacity { until, ahead });
        }
    }
}

/// When somebody is expected to have room for a task: the hours by which they are over their limit, at their pace, and the
/// work that waits before it, at the pace of all who could do it. Where the last forecast came to nothing, nobody says how
/// far they are: they have room once they have done all that they have. `None` where nobody could.
fn forecast(waiting: Waiting, before: Effort, drains: bool) -> Option<Millis> {
    let (over, a_day) = if drains { waiting.soonest } else { waiting.free }?;
    let span = days_of_work(over, a_day)?.0.saturating_add(days_of_work(before, waiting.a_day)?.0);
    Some(Millis(span.clamp(LEAST.0, MOST.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_the_first_room_and_the_backlog_at_the_pace_of_all() {
        let hours = Effort::from_hours;
        let team = |over: f64| Waiting {
            soonest: Some((hours(over), hours(8.0))),
            free: Some((hours(20.0), hours(8.0))),
            a_day: hours(16.0),
            committed: hours(40.0),
        };
        let table = [
            ("an hour at least", team(0.0), 0.0, true, Some(1)),
            ("four hours over, at eight a day", team(4.0), 0.0, true, Some(12)),
            ("and eight that wait, for two", team(4.0), 8.0, true, Some(24)),
            ("three days at most", team(4.0), 800.0, true, Some(72)),
            ("nothing was heard of what they do", team(4.0), 0.0, false, Some(60)),
            ("nobody", Waiting::default(), 8.0, true, None),
        ];
        for (case, waiting, before, drains, expected) in table {
            assert_eq!(forecast(waiting, hours(before), drains), expected.map(Millis::from_hours), "{case}");
        }
    }
}
