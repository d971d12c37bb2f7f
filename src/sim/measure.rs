//! Measures: what a simulation comes to, taken from the events as they become durable.
//!
//! Events say what happens to each task, so its state is followed by them alone; only whom it waits for is asked of the
//! state, once a group, for the tasks that the group touched and for those that wait for them. Nothing here changes the
//! state, keeps an event or a task that is over, or looks through all tasks before the end.

mod escalations;
mod instructions;
mod people;
mod places;
mod spans;
mod tasks;
mod troubles;

use self::escalations::Ladder;
use self::instructions::Instructions;
use self::people::People;
use self::places::{Places, standing};
use self::spans::{HOUR, share};
use self::tasks::{Holder, Lives, Open, OpenTasks, Step, step};
use self::troubles::Troubles;
use super::report::{Day, Report, Throughput};
use crate::config::scenario::Scenario;
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{InstructionId, TaskId};
use crate::domain::role::{Asker, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, PlannedTask, StateName, Trouble};
use crate::domain::time::{OrgTime, Stamp};
use crate::ledger::Group;

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

/// Takes the measure of everything that becomes durable.
pub struct Measure {
    report: Report,
    /// When the first event was, and the latest; milliseconds of the organisation's time.
    begin: Option<i64>,
    now: i64,
    today: Day,
    tasks: OpenTasks,
    lives: Lives,
    instructions: Instructions,
    people: People,
    places: Places,
    ladder: Ladder,
    troubles: Troubles,
    /// Tasks that stand elsewhere since the group began, those others may wait for, and instructions.
    touched: Vec<TaskId>,
    released: Vec<TaskId>,
    touched_instructions: Vec<InstructionId>,
    /// Whether somebody came or went.
    presence: bool,
}

impl Measure {
    /// The measure of a scenario that is run by a seed, before anything has happened.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self {
            report: Report {
                simulated: true,
                scenario: scenario.name.clone(),
                about: scenario.about.clone(),
                seed,
                program: env!("CARGO_PKG_VERSION").to_owned(),
                ..Report::default()
            },
            begin: None,
            now: 0,
            today: Day { day: 1, ..Day::default() },
            tasks: OpenTasks::default(),
            lives: Lives::default(),
            instructions: Instructions::default(),
            people: People::default(),
            places: Places::default(),
            ladder: Ladder::default(),
            troubles: Troubles::default(),
            touched: Vec::new(),
            released: Vec::new(),
            touched_instructions: Vec::new(),
            presence: false,
        }
    }

    /// A group is durable, and this is the state after it.
    pub fn take(&mut self, group: &Group, state: &State) {
        for entry in group.results.iter().flatten().flatten() {
            self.take_entry(entry, state);
        }
        self.settle(state);
    }

    /// What it came to when the simulation ended.
    #[must_use]
    pub fn finish(mut self, state: &State, end: Stamp) -> Report {
        let end = end.org.as_millis().max(self.now);
        self.pass_to(end);
        let begin = self.begin.unwrap_or(end);
        let span = end.saturating_sub(begin);
        self.close_last_day(span);
        let open = self.end_open(state, end);
        let mut report = self.report;
        report.task_states = self.lives.times(&open);
        report.instruction_states = self.instructions.end(end, state.instructions.keys().copied());
        report.little = self.instructions.little(span);
        (report.instructions, report.tasks) = (self.instructions.counts, self.lives.counts);
        report.breaches = self.lives.breaches();
        report.queues = self.places.queues(&self.people, end, span);
        report.lead_times = self.instructions.lead_times();
        self.lives.lead_times(&mut report.lead_times);
        let used = self.people.utilisation(end);
        report.waits = self.places.waits(&used, end, span);
        report.utilisation = used;
        report.bottleneck = places::bottleneck(&report.waits);
        report.escalations = self.ladder.figures();
        report.quality = self.troubles.figures();
        (report.begin, report.end) = (OrgTime::from_millis(begin), OrgTime::from_millis(end));
        report.days = span as f64 / HOUR / 24.0;
        report.throughput = Throughput {
            received_per_day: share(report.instructions.received as f64, report.days),
            instructions_per_day: share(report.instructions.completed as f64, report.days),
            tasks_per_day: share(report.tasks.completed as f64, report.days),
        };
        report
    }

    fn take_entry(&mut self, entry: &Entry, state: &State) {
        self.report.events += 1;
        self.pass_to(entry.at.org.as_millis());
        match &entry.event {
            Event::Task(id, event) => self.take_task(*id, event, entry),
            Event::Received { id, request, .. } => {
                self.instructions.receive(*id, request, self.now);
                self.today.received += 1;
                self.touched_instructions.push(*id);
            }
            Event::Instruction(id, event) => self.take_instruction(*id, event, state),
            Event::ChartApplied(_) | Event::Absent { .. } | Event::Present { .. } => self.presence = true,
            Event::Started { .. }
            | Event::ClockAnchored(_)
            | Event::SilenceExcused
            | Event::Broadcast { .. }
            | Event::BroadcastsRead { .. }
            | Event::StandupHeld { .. }
            | Event::DigestSent { .. }
            | Event::CapacityNoted { .. } => {}
        }
    }

    /// Time goes by; days that end in it are closed.
    fn pass_to(&mut self, at: i64) {
        let begin = *self.begin.get_or_insert(at);
        while at.saturating_sub(begin) >= i64::from(self.today.day).saturating_mul(DAY) {
            self.close_day();
        }
        self.now = self.now.max(at);
    }

    fn close_day(&mut self) {
        self.today.open_instructions = self.instructions.in_system.now();
        self.today.open_tasks = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        self.today.tasks_at_work = self.places.at_work.now();
        self.today.tasks_waiting = self.places.waiting_tasks.now();
        self.today.waiting_for_people = self.places.for_people.now();
        self.report.daily.push(self.today);
        self.today = Day { day: self.today.day.saturating_add(1), ..Day::default() };
    }

    /// Closes the day at which it ended; what happened at the very end of the day before is still part of that.
    fn close_last_day(&mut self, span: i64) {
        let is_over = span == i64::from(self.today.day.saturating_sub(1)).saturating_mul(DAY);
        let last = self.report.daily.pop_if(|_| is_over);
        if let Some(last) = last {
            self.today.day = last.day;
            self.today.received += last.received;
            self.today.instructions_completed += last.instructions_completed;
            self.today.tasks_completed += last.tasks_completed;
        }
        self.close_day();
    }

    fn take_instruction(&mut self, id: InstructionId, event: &InstructionEvent, state: &State) {
        let tier = self.instructions.open.get(&id).map_or(2, |found| found.tier);
        match event {
            InstructionEvent::Planned { plan } => self.plan(&plan.tasks, tier),
            InstructionEvent::Amended { tasks, .. } => self.plan(tasks, tier),
            _others => {}
        }
        if let Some(gone) = self.instructions.take(id, event, self.now) {
            if let Some(waits) = gone.waits {
                self.places.waited(waits, self.now);
            }
            if matches!(event, InstructionEvent::Completed { .. }) {
                self.today.instructions_completed += 1;
            }
        }
        self.touched_instructions.push(id);
        let moves_tasks = matches!(
            event,
            InstructionEvent::Planned { .. }
                | InstructionEvent::Amended { .. }
                | InstructionEvent::Executing { .. }
                | InstructionEvent::Paused { .. }
                | InstructionEvent::Resumed
        );
        if let Some(found) = state.instructions.get(&id).filter(|_| moves_tasks) {
            self.touched.extend(&found.open);
        }
    }

    fn plan(&mut self, tasks: &[PlannedTask], tier: u8) {
        for planned in tasks {
            let open = Open {
                planned: self.now,
                entered: self.now,
                running: None,
                holder: Holder::Nobody,
                waits: None,
                queue: None,
                domain: self.people.domain(&planned.domain),
                tier,
                state: StateName::Pending as u8,
                escalations: 0,
            };
            self.tasks.insert(planned.id, open);
            self.lives.counts.planned += 1;
            self.lives.enter(StateName::Pending as u8, tier);
            self.touched.push(planned.id);
        }
    }

    fn take_task(&mut self, id: TaskId, event: &TaskEvent, entry: &Entry) {
        if self.troubles.take(event)
            && let Asker::Role(by) = &entry.principal.asker
        {
            self.people.judged(by);
        }
        match event {
            TaskEvent::Heartbeat { .. } => return,
            TaskEvent::BrokenDown { children }
            | TaskEvent::ChangesRequested { children, .. }
            | TaskEvent::HandoffRejected { children, .. } => {
                let tier = self.tasks.get(&id).map_or(2, |task| task.tier);
                self.plan(children, tier);
            }
            _others => {}
        }
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        match event {
            TaskEvent::ClockFired { mark, .. } => self.lives.pass(task.state, task.tier, *mark),
            TaskEvent::EscalationRaised { trouble: Trouble::Late, .. } => self.lives.raised_as_late += 1,
            _others => {}
        }
        let state = StateName::ALL.get(usize::from(task.state)).copied().unwrap_or(StateName::Pending);
        let next = step(event, state, task.holder);
        let (principal, now) = (&entry.principal, self.now);
        match next {
            Step::Stays => {
                task.escalations = task.escalations.saturating_add_signed(self.ladder.take(id, event, principal, now));
            }
            // Another level is another visit, but what goes up the line goes on.
            Step::Enters(StateName::Escalated) if state == StateName::Escalated => {}
            Step::Enters(_) if task.escalations > 0 => {
                self.ladder.moved(id, event, principal, now);
                task.escalations = 0;
            }
            Step::Enters(_) => {}
        }
        let ends_attempt = matches!((next, event), (Step::Enters(_), _) | (_, TaskEvent::AttemptFailed { .. }));
        if let Some((ic, since)) = task.running.take_if(|_| ends_attempt) {
            self.people.busy(ic, now.saturating_sub(since));
        }
        hold(task, event, next, &mut self.people);
        if let (TaskEvent::AttemptStarted { .. }, Holder::Ic(ic)) = (event, task.holder) {
            task.running = Some((ic, now));
            self.people.begin(ic);
        }
        if let Step::Enters(next) = next {
            self.lives.leave(task.state, now.saturating_sub(task.entered));
            (task.state, task.entered) = (next as u8, now);
            self.lives.enter(task.state, task.tier);
            if next.is_terminal() {
                self.end_task(id, next);
            }
        }
        if matches!(event, TaskEvent::HandoffAccepted { .. } | TaskEvent::CancelledDecided { .. }) {
            self.released.push(id);
        }
        if next != Step::Stays || stands_elsewhere(event) {
            self.touched.push(id);
        }
    }

    fn end_task(&mut self, id: TaskId, how: StateName) {
        let Some(gone) = self.tasks.remove(&id) else {
            return;
        };
        if how == StateName::Completed {
            self.lives.counts.completed += 1;
            self.lives.complete(gone.tier, self.now.saturating_sub(gone.planned));
            self.today.tasks_completed += 1;
        } else {
            self.lives.counts.cancelled += 1;
        }
        if let Some(waits) = gone.waits {
            self.places.waited_task(waits, self.now);
        }
        self.places.queue(gone.domain, gone.queue, None, self.now);
        self.released.push(id);
    }

    /// Looks where everything stands that the group touched.
    fn settle(&mut self, state: &State) {
        if std::mem::take(&mut self.presence) {
            self.people.look(state, self.now);
        }
        for id in self.released.drain(..) {
            let Some(task) = state.tasks.get(&id) else {
                continue;
            };
            self.touched.extend(task.parent);
            for dependant in task.dependants.iter().filter_map(|id| state.tasks.get(id)) {
                self.touched.push(dependant.id);
                // What a milestone waits for, its children wait for, too.
                self.touched.extend(&dependant.children);
            }
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        touched.drain(..).for_each(|id| self.stand(id, state));
        self.touched = touched;
        let mut touched = std::mem::take(&mut self.touched_instructions);
        touched.sort_unstable();
        touched.dedup();
        touched.drain(..).for_each(|id| self.stand_instruction(id, state));
        self.touched_instructions = touched;
    }

    fn stand(&mut self, id: TaskId, state: &State) {
        let (Some(open), Some(task), Some(found)) =
            (self.tasks.get_mut(&id), state.tasks.get(&id), state.accountability(id))
        else {
            return;
        };
        debug_assert_eq!(open.state, task.state.name() as u8, "{id} was followed into another state than it is in");
        let standing = standing(task, found);
        let place = standing.waits.map(|(role, stage)| {
            let number = match standing.team {
                true => self.places.team(open.domain, &self.people),
                false => self.places.number(role, &mut self.people),
            };
            (number, stage)
        });
        if open.queue != Some(standing.queue) {
            self.places.queue(open.domain, open.queue, Some(standing.queue), self.now);
            open.queue = Some(standing.queue);
        }
        if open.waits.map(|(place, stage, _)| (place, stage)) != place {
            if let Some(waits) = open.waits.take() {
                self.places.waited_task(waits, self.now);
            }
            open.waits = place.map(|(place, stage)| (place, stage, self.now));
            if let Some((place, _)) = place {
                self.places.wait_task(place, self.now);
            }
        }
    }

    fn stand_instruction(&mut self, id: InstructionId, state: &State) {
        let Some(open) = self.instructions.open.get_mut(&id) else {
            return;
        };
        // The organisation lets begin what nothing holds back: nobody waits for it.
        let owed = state.instruction_duties(id).iter().find(|(role, _)| *role != Role::Organisation);
        let place = owed.map(|(role, _)| self.places.number(role, &mut self.people));
        if open.waits.map(|(place, _, _)| place) != place {
            if let Some(waits) = open.waits.take() {
                self.places.waited(waits, self.now);
            }
            open.waits = place.map(|place| (place, places::INSTRUCTION, self.now));
            if let Some(place) = place {
                self.places.wait(place, self.now);
            }
        }
    }

    /// What is open counts with its age. Gives the visits to states that have not ended: how many, and how long.
    fn end_open(&mut self, state: &State, end: i64) -> [(u64, i64); StateName::ALL.len()] {
        let mut visits = [(0, 0); StateName::ALL.len()];
        for id in state.tasks.keys() {
            let Some(open) = self.tasks.get(id) else {
                continue;
            };
            self.lives.counts.open += 1;
            if let Some((count, millis)) = visits.get_mut(usize::from(open.state)) {
                *count += 1;
                *millis += end.saturating_sub(open.entered);
            }
            if let Some((ic, since)) = open.running {
                self.people.busy(ic, end.saturating_sub(since));
            }
            if let Some(waits) = open.waits {
                self.places.waits_still(waits, end);
            }
        }
        for id in state.instructions.keys() {
            if let Some(waits) = self.instructions.open.get(id).and_then(|open| open.waits) {
                self.places.waits_still(waits, end);
            }
        }
        visits
    }
}

/// Who has a task after an event.
fn hold(task: &mut Open, event: &TaskEvent, next: Step, people: &mut People) {
    match event {
        TaskEvent::Assigned { to: Assignee::Ic(ic), .. } | TaskEvent::Reassigned { to: ic, .. } => {
            task.holder = Holder::Ic(people.ic(ic));
        }
        TaskEvent::Resolved { next: crate::domain::command::AfterBlock::Assign(ic), .. } => {
            task.holder = Holder::Ic(people.ic(ic));
        }
        TaskEvent::Assigned { to: Assignee::Lead(_), .. }
        | TaskEvent::BrokenDown { .. }
        | TaskEvent::ChildrenStarted => task.holder = Holder::Lead,
        _others if next == Step::Enters(StateName::Pending) => task.holder = Holder::Nobody,
        _others => {}
    }
}

/// Whether a task may stand elsewhere after an event that leaves it in its state.
const fn stands_elsewhere(event: &TaskEvent) -> bool {
    matches!(
        event,
        TaskEvent::AttemptStarted { .. }
            | TaskEvent::AttemptFailed { .. }
            | TaskEvent::Proposed { .. }
            | TaskEvent::ProposalRefused { .. }
            | TaskEvent::Stopped
            | TaskEvent::GoAheadAsked { .. }
            | TaskEvent::WentAhead { .. }
            | TaskEvent::ReviewerAssigned { .. }
            | TaskEvent::RoundsSpent { .. }
            | TaskEvent::HandoffAccepted { .. }
            | TaskEvent::QuestionAsked { .. }
            | TaskEvent::QuestionAnswered { .. }
            | TaskEvent::QuestionClimbed { .. }
            | TaskEvent::EscalationRaised { .. }
            | TaskEvent::EscalationClimbed { .. }
            | TaskEvent::EscalationDecided { .. }
            | TaskEvent::EscalationClosed { .. }
            | TaskEvent::WaitsForCapacity { .. }
            | TaskEvent::ForecastPassed
            | TaskEvent::CancelledDecided { .. }
    )
}
