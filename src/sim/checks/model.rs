//! A small model of the organisation that follows its events and says which of them cannot be. It knows nothing of how
//! the core decides.

use std::collections::HashMap;
use std::sync::Arc;

use super::course::Course;
use super::edges::{Edge, edge};
use super::fault::{Fault, Scene, expect};
use super::invariant::{CHILDREN, EDGES, ESCALATIONS, ORDER, OVER};
use super::record::Record;
use super::{clocks, commands, escalations, gates, ownership};
use crate::domain::command::Command;
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{IcId, InstructionId, Sequence, TaskId};
use crate::domain::instruction;
use crate::domain::org::Chart;
use crate::domain::task::{Assignee, CancelledDecision, PlannedTask, StateName};
use crate::domain::time::{Millis, OrgTime};
use crate::domain::work::Tier;

/// What has happened so far, as far as it matters for what may happen next. No map of it is ever walked, so its order is
/// never seen.
#[derive(Default)]
pub(super) struct Model {
    pub(super) sequence: Sequence,
    pub(super) last: OrgTime,
    chart: Arc<Chart>,
    pub(super) tasks: HashMap<TaskId, Record>,
    pub(super) courses: HashMap<InstructionId, Course>,
    /// Attempts at work of each IC.
    at_work: HashMap<IcId, u32>,
    /// Instructions and tasks that ended with the command, which what is part of them has to follow.
    closing: Vec<InstructionId>,
    stopped: Vec<TaskId>,
    /// What the group has changed, some of it more than once.
    pub(super) touched: Vec<TaskId>,
    pub(super) touched_courses: Vec<InstructionId>,
    /// Instructions that left with the group, with how they ended and their tasks.
    pub(super) ended: Vec<(InstructionId, instruction::StateName, Vec<TaskId>)>,
}

impl Model {
    /// Follows what a command made happen.
    pub(super) fn take(&mut self, command: &Command, entries: &[Entry]) -> Result<(), (Sequence, Fault)> {
        for entry in entries {
            self.happen(command, entry).map_err(|fault| (entry.sequence, fault))?;
        }
        self.settle().map_err(|fault| (self.sequence, fault))
    }

    fn happen(&mut self, command: &Command, entry: &Entry) -> Result<(), Fault> {
        let next = self.sequence.next();
        expect(entry.sequence == next, ORDER, || format!("it should be event {next}"))?;
        let at = command.at.org.max(self.last);
        let in_time = entry.at.org == at && entry.at.wall == command.at.wall;
        expect(in_time, ORDER, || format!("it happens at {}, and should at {at}", entry.at.org))?;
        (self.sequence, self.last) = (entry.sequence, at);
        match &entry.event {
            Event::Task(id, event) => self.of_task(command, entry, *id, event),
            Event::Instruction(id, event) => self.of_instruction(command, entry, *id, event),
            other => {
                commands::check(command, entry)?;
                match other {
                    Event::ChartApplied(chart) => self.chart = Arc::clone(chart),
                    Event::Received { id, request, .. } => {
                        self.courses.insert(*id, Course::new(request, at));
                        self.touched_courses.push(*id);
                    }
                    _others => {}
                }
                Ok(())
            }
        }
    }

    fn of_instruction(
        &mut self,
        command: &Command,
        entry: &Entry,
        id: InstructionId,
        event: &InstructionEvent,
    ) -> Result<(), Fault> {
        let Some(course) = self.courses.get_mut(&id) else {
            return Err((OVER, format!("{id} is over, or never was")));
        };
        course.check(entry, event).map_err(|(invariant, detail)| (invariant, format!("{id}: {detail}")))?;
        commands::check(command, entry)?;
        let paused = course.paused;
        course.apply(entry, event);
        let (tier, at, is_over) = (course.tier, entry.at.org, course.state.is_terminal());
        match event {
            InstructionEvent::Planned { plan } => self.add(&plan.tasks, id, None, tier, at),
            InstructionEvent::Amended { tasks, .. } => self.add(tasks, id, None, tier, at),
            InstructionEvent::Executing { .. } | InstructionEvent::Paused { .. } | InstructionEvent::Resumed => {
                self.start_or_stop(id, event, paused, at);
            }
            _others => {}
        }
        self.touched_courses.push(id);
        if is_over {
            self.closing.push(id);
            self.leave_if_over(id);
        }
        Ok(())
    }

    /// Whether anything of it may begin hangs on an instruction, so its tasks are touched, too.
    fn start_or_stop(&mut self, id: InstructionId, event: &InstructionEvent, paused: Option<OrgTime>, at: OrgTime) {
        let Some(course) = self.courses.get(&id) else { return };
        for task in &course.tasks {
            let Some(record) = self.tasks.get_mut(task).filter(|record| !record.state.is_terminal()) else { continue };
            match event {
                InstructionEvent::Executing { .. } if record.state == StateName::Pending => record.entered = at,
                InstructionEvent::Resumed => {
                    let from = paused.unwrap_or(at).max(record.entered);
                    record.stood_still = Millis(record.stood_still.0.saturating_add(at.since(from).0.max(0)));
                }
                _others => {}
            }
            self.touched.push(*task);
        }
    }

    fn of_task(&mut self, command: &Command, entry: &Entry, id: TaskId, event: &TaskEvent) -> Result<(), Fault> {
        let Some(record) = self.tasks.get(&id) else {
            return Err((OVER, format!("{id} is over with its instruction, or never was")));
        };
        let edge = edge(event, record.owner.as_ref());
        let fault = |(invariant, detail): Fault| (invariant, format!("{} of {id}: {detail}", edge.name));
        self.may_happen(command, entry, record, event, &edge).map_err(fault)?;
        self.apply(entry, id, event, &edge);
        Ok(())
    }

    fn may_happen(
        &self,
        command: &Command,
        entry: &Entry,
        record: &Record,
        event: &TaskEvent,
        edge: &Edge,
    ) -> Result<(), Fault> {
        if record.state.is_terminal() {
            let of = if edge.name.starts_with("escalation_") { ESCALATIONS } else { OVER };
            return Err((of, format!("the task is {}", record.state)));
        }
        let Some(course) = self.courses.get(&record.instruction) else {
            return Err((OVER, "its instruction is over".to_owned()));
        };
        let is_end = matches!(event, TaskEvent::Cancelled { .. });
        expect(is_end || !course.state.is_terminal(), OVER, || format!("its instruction is {}", course.state))?;
        let scene = Scene { command, entry, chart: &self.chart, course };
        ownership::owner(record, &scene, event)?;
        ownership::attempt(record, &scene, event, &self.at_work)?;
        ownership::review(record, &scene, event)?;
        self.children(record, event)?;
        gates::check(record, &scene, event)?;
        escalations::check(record, event)?;
        clocks::check(record, &scene, event)?;
        expect(edge.from.contains(&record.state), EDGES, || format!("the task is {}", record.state))?;
        commands::check(command, entry)
    }

    /// A parent is reviewed and completed once all its children are over, and a package once everybody has accepted it.
    fn children(&self, record: &Record, event: &TaskEvent) -> Result<(), Fault> {
        if !matches!(event, TaskEvent::Completed | TaskEvent::ReviewBegun { .. }) {
            return Ok(());
        }
        let open = record.open_children;
        expect(open == 0, CHILDREN, || format!("{open} of its children are open"))?;
        if record.state != StateName::ReadyForHandoff {
            return Ok(());
        }
        let waits = record.dependants.iter().filter_map(|id| self.tasks.get(id)).find(|dependant| {
            let is_other = !dependant.state.is_terminal() && dependant.domain != record.domain;
            is_other && !record.accepted.contains(&dependant.domain)
        });
        let domain = waits.map(|dependant| dependant.domain.to_string()).unwrap_or_default();
        expect(waits.is_none(), CHILDREN, || format!("{domain} has not accepted its package"))
    }

    fn apply(&mut self, entry: &Entry, id: TaskId, event: &TaskEvent, edge: &Edge) {
        let Some(record) = self.tasks.get_mut(&id) else { return };
        let at_work =
            |record: &Record| record.running.as_ref().and(record.owner.as_ref()).and_then(Assignee::ic).cloned();
        if let TaskEvent::Heartbeat { .. } = event {
            record.apply(entry, event, None);
            return;
        }
        let ran = at_work(record);
        record.apply(entry, event, edge.to);
        let runs = at_work(record);
        let (instruction, parent, tier) = (record.instruction, record.parent, record.tier);
        let is_over = record.state.is_terminal();
        if ran != runs {
            if let Some(count) = ran.and_then(|ic| self.at_work.get_mut(&ic)) {
                *count = count.saturating_sub(1);
            }
            if let Some(ic) = runs {
                *self.at_work.entry(ic).or_default() += 1;
            }
        }
        self.touched.push(id);
        match event {
            TaskEvent::BrokenDown { children }
            | TaskEvent::ChangesRequested { children, .. }
            | TaskEvent::HandoffRejected { children, .. } => {
                self.add(children, instruction, Some(id), tier, entry.at.org);
            }
            TaskEvent::CancelledDecided { decision: CancelledDecision::Replace(with), .. } => {
                self.tasks.get_mut(with).into_iter().for_each(|needed| needed.dependants.push(id));
            }
            TaskEvent::HandoffAccepted { .. } => self.touch_neighbours(id),
            _others => {}
        }
        if is_over {
            self.touch_neighbours(id);
            self.stopped.push(id);
            if let Some(parent) = parent.and_then(|parent| self.tasks.get_mut(&parent)) {
                parent.open_children = parent.open_children.saturating_sub(1);
            }
            if let Some(course) = self.courses.get_mut(&instruction) {
                course.open = course.open.saturating_sub(1);
            }
            self.leave_if_over(instruction);
        }
    }

    /// Whoever waits for a task may have to do something now.
    fn touch_neighbours(&mut self, id: TaskId) {
        if let Some(record) = self.tasks.get(&id) {
            self.touched.extend(record.dependants.iter().chain(&record.parent));
            self.touched_courses.push(record.instruction);
        }
    }

    fn add(
        &mut self,
        tasks: &[PlannedTask],
        instruction: InstructionId,
        parent: Option<TaskId>,
        tier: Tier,
        at: OrgTime,
    ) {
        for planned in tasks {
            for need in &planned.needs {
                self.tasks.get_mut(need).into_iter().for_each(|needed| needed.dependants.push(planned.id));
            }
            if let Some(parent) = parent.and_then(|parent| self.tasks.get_mut(&parent)) {
                parent.open_children = parent.open_children.saturating_add(1);
            }
            if let Some(course) = self.courses.get_mut(&instruction) {
                course.tasks.push(planned.id);
                course.open = course.open.saturating_add(1);
            }
            self.tasks.insert(planned.id, Record::new(planned, instruction, parent, tier, at));
            self.touched.push(planned.id);
        }
    }

    /// Forgets an instruction that is over, with its tasks.
    fn leave_if_over(&mut self, id: InstructionId) {
        let is_over = |course: &Course| course.state.is_terminal() && course.open == 0;
        if !self.courses.get(&id).is_some_and(is_over) {
            return;
        }
        if let Some(course) = self.courses.remove(&id) {
            for task in &course.tasks {
                self.tasks.remove(task);
            }
            self.ended.push((id, course.state, course.tasks));
        }
    }

    /// What is part of what ended with a command has ended with it.
    fn settle(&mut self) -> Result<(), Fault> {
        while let Some(id) = self.closing.pop() {
            let open = self.courses.get(&id).map_or(0, |course| course.open);
            expect(open == 0, CHILDREN, || format!("{id} is over, and {open} tasks of it are not"))?;
        }
        while let Some(id) = self.stopped.pop() {
            let open = self.tasks.get(&id).map_or(0, |record| record.open_children);
            expect(open == 0, CHILDREN, || format!("{id} is over, and {open} of its children are not"))?;
        }
        Ok(())
    }
}
