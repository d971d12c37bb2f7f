//! A small organisation, and the steps by which tests bring its tasks into a state. Every step is a real command.

use std::collections::BTreeMap;
use std::sync::Arc;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, Command, InstructionAction, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event};
use echelon::domain::id::{Epoch, EscalationId, InstructionId, QuestionId, Round, TaskId};
use echelon::domain::instruction::{Instruction, Request};
use echelon::domain::lookup::Entities;
use echelon::domain::org::Chart;
use echelon::domain::reaction::{Accountability, Duty, Wait, liveness_faults};
use echelon::domain::rejection::Rejection;
use echelon::domain::review::TaskKind;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::state::{Changed, Finished, FinishedTask, Load, State, Stubs};
use echelon::domain::task::{Assignee, PlannedTask, State as TaskState, StateName, Task, Trouble};
use echelon::domain::time::{OrgTime, Stamp, WallTime};
use echelon::domain::work::Tier;
use uuid::Uuid;

pub(crate) use super::parts::{
    ICS, at, basis, blocker, chart, domain, failure, finding, ic, ic_id, lead, manager, person, submission, system,
    tech_lead, work,
};
use crate::support::inside;

/// All that a state says, in a form that compares.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    last: (u64, Stamp),
    instructions: Entities<InstructionId, Instruction>,
    tasks: Entities<TaskId, Task>,
    finished: Stubs<InstructionId, Finished>,
    finished_tasks: Stubs<TaskId, FinishedTask>,
    keys: usize,
    chart: Arc<Chart>,
    owed: Vec<(Role, Duty)>,
    accountability: Vec<Option<Accountability>>,
    load: Vec<Load>,
}

pub(crate) fn picture(state: &State) -> Picture {
    Picture {
        last: (state.sequence.0, state.last),
        instructions: state.instructions.clone(),
        tasks: state.tasks.clone(),
        finished: state.finished.clone(),
        finished_tasks: state.finished_tasks.clone(),
        keys: state.keys.len(),
        chart: Arc::clone(&state.chart),
        owed: state.owed().map(|(role, duty)| (role.clone(), duty)).collect(),
        accountability: state.tasks.keys().map(|id| state.accountability(*id).cloned()).collect(),
        load: ICS.iter().map(|name| state.load(&ic_id(name))).collect(),
    }
}

/// Tasks up to which a world is looked at as a whole after each command.
const LOOKED_AT: usize = 100;

/// The organisation under test, and the way commands get to it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) entries: Vec<Entry>,
    /// Every command, with the number of events it made happen.
    pub(crate) commands: Vec<(Command, Result<usize, Rejection>)>,
    pub(crate) keys: BTreeMap<String, TaskId>,
    pub(crate) millis: i64,
    ids: u128,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_chart(chart(true))
    }

    pub(crate) fn with_chart(chart: Chart) -> Self {
        let mut world = Self {
            state: State::default(),
            entries: Vec::new(),
            commands: Vec::new(),
            keys: BTreeMap::new(),
            millis: 1_780_000_000_000,
            ids: 0,
        };
        world.must(person(), Action::ApplyChart(Arc::new(chart)));
        world
    }

    pub(crate) fn new_id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    pub(crate) fn now(&self) -> Stamp {
        Stamp { org: OrgTime::from_millis(self.millis), wall: WallTime::from_millis(self.millis) }
    }

    /// Gives a command, a second after the last one.
    pub(crate) fn give(&mut self, principal: Principal, action: Action) -> Result<Vec<Entry>, Rejection> {
        self.millis += 1_000;
        self.give_at(self.now(), principal, action)
    }

    /// Gives a command that was stamped then. Whatever comes of it must be marked for the snapshots.
    pub(crate) fn give_at(&mut self, at: Stamp, principal: Principal, action: Action) -> Result<Vec<Entry>, Rejection> {
        // Looking at everything each time is for worlds of a size that a test looks at.
        let before = (self.state.tasks.len() <= LOOKED_AT).then(|| self.state.tasks.clone());
        let command = Command { at, principal, action };
        let result = execute(&mut self.state, &command);
        self.commands.push((command, result.as_ref().map(Vec::len).map_err(Clone::clone)));
        let entries = result?;
        self.entries.extend(entries.iter().cloned());
        let marked = self.state.take_changed();
        let Some(before) = before else {
            return Ok(entries);
        };
        for (id, task) in self.state.tasks.iter().filter(|(id, task)| before.get(id) != Some(*task)) {
            assert!(marked.contains(&Changed::Task(*id)), "{} changed unmarked with {entries:#?}", task.key);
        }
        Ok(entries)
    }

    /// Gives a command that must be accepted, and leave everything owned by somebody.
    #[track_caller]
    pub(crate) fn must(&mut self, principal: Principal, action: Action) -> Vec<Entry> {
        let who = principal.to_string();
        match self.give(principal, action.clone()) {
            Ok(entries) => {
                let faults = liveness_faults(&self.state);
                assert!(faults.is_empty(), "after {who}: {action:?}\n{faults:#?}");
                entries
            }
            Err(rejection) => panic!("{who}: {action:?}\nwas refused: {rejection}"),
        }
    }

    #[track_caller]
    pub(crate) fn task_must(&mut self, principal: Principal, key: &str, action: TaskAction) -> Vec<Entry> {
        let id = self.id(key);
        self.must(principal, Action::Task(id, action))
    }

    /// Gives a command that must be refused and change nothing.
    #[track_caller]
    pub(crate) fn refused(&mut self, principal: Principal, key: &str, action: TaskAction) -> Rejection {
        let id = self.id(key);
        self.refuses(principal, Action::Task(id, action))
    }

    #[track_caller]
    pub(crate) fn refuses(&mut self, principal: Principal, action: Action) -> Rejection {
        let before = picture(&self.state);
        let rejection = self.give(principal, action.clone()).expect_err(&format!("{action:?} must be refused"));
        assert_eq!(before, picture(&self.state), "a refused command changed something: {action:?}");
        rejection
    }

    #[track_caller]
    pub(crate) fn id(&self, key: &str) -> TaskId {
        *self.keys.get(key).unwrap_or_else(|| panic!("there is a task `{key}`"))
    }

    #[track_caller]
    pub(crate) fn task(&self, key: &str) -> &Task {
        self.state.task(self.id(key)).expect("the task's instruction is not over")
    }

    /// The name of the state that a task is in, or ended in.
    #[track_caller]
    pub(crate) fn name(&self, key: &str) -> StateName {
        let id = self.id(key);
        match self.state.tasks.get(&id) {
            Some(task) => task.state.name(),
            None => self.state.finished_tasks.get(&id).expect("a task is open or finished").state,
        }
    }

    #[track_caller]
    pub(crate) fn epoch(&self, key: &str) -> Epoch {
        self.task(key).running_epoch().expect("an attempt is at work")
    }

    pub(crate) fn instruction(&self) -> InstructionId {
        *self.state.instructions.keys().next_back().expect("an instruction is open")
    }

    pub(crate) fn planned(&mut self, key: &str, kind: TaskKind, place: &str, needs: &[&str]) -> PlannedTask {
        let id = TaskId::new(self.new_id());
        self.keys.insert(key.to_owned(), id);
        let needs = needs.iter().map(|need| self.id(need)).collect();
        PlannedTask::new(id, key.parse().expect("keys of tests are names"), kind, domain(place), needs, work(key))
    }

    pub(crate) fn submit(&mut self, tier: Tier) -> InstructionId {
        let id = InstructionId::new(self.new_id());
        let request = Request { tier: Some(tier), ..inside::request("make it so") };
        self.must(person(), Action::Submit { id, request });
        id
    }

    /// An instruction with this plan, up to its execution. A plan is `(key, domain, needs)` for each task.
    pub(crate) fn instruct(&mut self, tier: Tier, plan: &[(&str, &str, &[&str])]) -> InstructionId {
        let id = self.planned_only(tier, plan);
        self.must(manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }));
        self.must(Principal::role(Role::Organisation), Action::Instruction(id, InstructionAction::Release));
        id
    }

    /// An instruction with this plan that nobody has approved yet.
    pub(crate) fn planned_only(&mut self, tier: Tier, plan: &[(&str, &str, &[&str])]) -> InstructionId {
        let id = self.submit(tier);
        let work_type = "feature".parse().expect("a name");
        let triage = InstructionAction::Triage { tier, work_type, reasons: vec!["given".to_owned()] };
        self.must(manager(), Action::Instruction(id, triage));
        let kind = if tier >= Tier::Complex { TaskKind::Strategic } else { TaskKind::Tactical };
        let mut tasks = Vec::new();
        for (key, place, needs) in plan {
            tasks.push(self.planned(key, kind, place, needs));
        }
        self.must(tech_lead(), Action::Instruction(id, inside::plan(tasks)));
        id
    }

    /// One backend task `api` with a peer's review and its lead's gate.
    pub(crate) fn solo(&mut self) -> InstructionId {
        self.instruct(Tier::Simple, &[("api", "backend", &[])])
    }

    /// Backend's `api`; frontend's `page` and backend's `docs` need it.
    pub(crate) fn trio(&mut self) -> InstructionId {
        self.instruct(
            Tier::Moderate,
            &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("docs", "backend", &["api"])],
        )
    }

    /// Five milestones: `m1` of backend, `m2` of frontend and `m3` of backend that need it, and two on their own.
    pub(crate) fn milestones(&mut self) -> InstructionId {
        self.instruct(
            Tier::Complex,
            &[
                ("m1", "backend", &[]),
                ("m2", "frontend", &["m1"]),
                ("m3", "backend", &["m1"]),
                ("m4", "qa", &[]),
                ("m5", "security", &[]),
            ],
        )
    }

    /// Breaks a milestone down into tasks of its own domain, each on its own.
    pub(crate) fn break_down(&mut self, key: &str, children: &[&str]) {
        if self.name(key) == StateName::Pending {
            self.task_must(tech_lead(), key, TaskAction::BeginPlanning);
        }
        let place = self.task(key).domain.clone();
        let children =
            children.iter().map(|child| self.planned(child, TaskKind::Tactical, place.name(), &[])).collect();
        self.task_must(lead(place.name()), key, TaskAction::BreakDown { children });
    }

    pub(crate) fn assign(&mut self, key: &str, to: &str) {
        let lead = Principal::role(Role::DomainLead(self.task(key).domain.clone()));
        let to = Assignee::Ic(ic_id(to));
        self.task_must(lead, key, TaskAction::Assign { to, explanation: Explanation::default() });
    }

    pub(crate) fn author(&self, key: &str) -> Principal {
        Principal::role(self.task(key).state.assignee().expect("somebody has the task").role())
    }

    pub(crate) fn reviewer(&self, key: &str) -> Principal {
        match &self.task(key).state {
            TaskState::UnderReview { reviewer, .. } | TaskState::DomainReview { reviewer, .. } => {
                Principal::role(reviewer.clone())
            }
            other => panic!("{key} is {} and nobody reviews it", other.name()),
        }
    }

    pub(crate) fn start(&mut self, key: &str) -> Epoch {
        self.task_must(self.author(key), key, TaskAction::StartAttempt);
        self.epoch(key)
    }

    pub(crate) fn hand_in(&mut self, key: &str) {
        let epoch = self.epoch(key);
        self.task_must(self.author(key), key, TaskAction::HandIn { epoch, submission: submission(true) });
    }

    pub(crate) fn approve(&mut self, key: &str) {
        self.task_must(self.reviewer(key), key, TaskAction::Approve { basis: basis() });
    }

    pub(crate) fn pass_gate(&mut self, key: &str) {
        let TaskState::DomainReview { gate, .. } = self.task(key).state else {
            panic!("{key} stands at no gate");
        };
        self.task_must(self.reviewer(key), key, TaskAction::PassGate { gate, basis: basis() });
    }

    /// Passes every gate that is left.
    pub(crate) fn pass_gates(&mut self, key: &str) {
        while self.name(key) == StateName::DomainReview {
            self.pass_gate(key);
        }
    }

    pub(crate) fn changes(&mut self) -> TaskAction {
        let escalation = EscalationId::new(self.new_id());
        TaskAction::RequestChanges { findings: finding(), children: Vec::new(), escalation }
    }

    pub(crate) fn accept_handoff(&mut self, key: &str, receiver: &str) -> Vec<Entry> {
        let version = self.task(key).round;
        let action = TaskAction::AcceptHandoff { receiver: domain(receiver), version, basis: basis(), items: None };
        self.task_must(lead(receiver), key, action)
    }

    pub(crate) fn reject_handoff(&mut self, receiver: &str, version: u32) -> TaskAction {
        TaskAction::RejectHandoff {
            receiver: domain(receiver),
            version: Round(version),
            items: finding(),
            children: Vec::new(),
            escalation: EscalationId::new(self.new_id()),
        }
    }

    pub(crate) fn escalate(&mut self, to: Level) -> TaskAction {
        TaskAction::Escalate { id: EscalationId::new(self.new_id()), to, reason: "stuck".to_owned() }
    }

    /// Raises that a task is late; that level holds it then.
    pub(crate) fn late(&mut self, key: &str, level: Level) {
        let (_, action) = self.raise(Trouble::Late, level);
        self.task_must(system(), key, action);
    }

    /// From assigned to completed, for a task that nobody of another domain waits for.
    pub(crate) fn reach_end(&mut self, key: &str) {
        self.start(key);
        self.hand_in(key);
        self.approve(key);
        self.pass_gates(key);
        assert_eq!(self.name(key), StateName::Completed);
    }

    pub(crate) fn ask(&mut self, epoch: Option<Epoch>, to: Level, attempt_waits: bool) -> (QuestionId, TaskAction) {
        let id = QuestionId::new(self.new_id());
        (id, TaskAction::AskQuestion { id, epoch, to, text: "which one?".to_owned(), attempt_waits })
    }

    pub(crate) fn raise(&mut self, trouble: Trouble, level: Level) -> (EscalationId, TaskAction) {
        let id = EscalationId::new(self.new_id());
        (id, TaskAction::RaiseEscalation { id, trouble, level, reason: "no decision".to_owned() })
    }

    /// Brings a backend task from where it is pending to `state`, by `backend/ben`, reviewed by `backend/bea`.
    pub(crate) fn reach(&mut self, key: &str, state: StateName) {
        use StateName::{
            Assigned, Blocked, Cancelled, Completed, DomainReview, Escalated, InPlanning, InProgress, Pending,
            ReadyForHandoff, UnderReview,
        };
        let way: &[StateName] = match state {
            Pending => &[],
            InPlanning => &[InPlanning],
            Assigned => &[Assigned],
            InProgress => &[Assigned, InProgress],
            Blocked => &[Assigned, InProgress, Blocked],
            Escalated => &[Assigned, InProgress, Blocked, Escalated],
            UnderReview => &[Assigned, InProgress, UnderReview],
            DomainReview => &[Assigned, InProgress, UnderReview, DomainReview],
            ReadyForHandoff | Completed => &[Assigned, InProgress, UnderReview, DomainReview, state],
            Cancelled => &[Cancelled],
        };
        for step in way {
            match step {
                Pending => {}
                InPlanning => drop(self.task_must(tech_lead(), key, TaskAction::BeginPlanning)),
                Assigned => self.assign(key, "backend/ben"),
                InProgress => drop(self.start(key)),
                Blocked => {
                    let (epoch, blocker) = (Some(self.epoch(key)), blocker(Level::DomainLead));
                    self.task_must(self.author(key), key, TaskAction::Block { epoch, blocker });
                }
                Escalated => {
                    let action = self.escalate(Level::TechLead);
                    self.task_must(system(), key, action);
                }
                UnderReview => self.hand_in(key),
                DomainReview => self.approve(key),
                ReadyForHandoff => self.pass_gates(key),
                Completed => {
                    self.pass_gates(key);
                    if self.name(key) == ReadyForHandoff {
                        self.accept_handoff(key, "frontend");
                    }
                }
                Cancelled => {
                    drop(self.task_must(person(), key, TaskAction::Cancel { reason: "not needed".to_owned() }))
                }
            }
        }
        assert_eq!(self.name(key), state);
    }

    /// A task in `state`, in the smallest plan that has it there. Its key is `api`, or `m1` where it is planned.
    pub(crate) fn with_task_in(state: StateName) -> (Self, &'static str) {
        let mut world = Self::new();
        let key = if state == StateName::InPlanning {
            world.milestones();
            "m1"
        } else {
            world.trio();
            "api"
        };
        world.reach(key, state);
        (world, key)
    }

    /// The chart without these ICs.
    pub(crate) fn without(&self, gone: &[&str]) -> Action {
        let mut chart = self.state.chart.as_ref().clone();
        chart.ics.retain(|id, _| !gone.iter().any(|name| *id == ic_id(name)));
        Action::ApplyChart(Arc::new(chart))
    }

    /// `key event` for what happened to tasks, `instruction event` for the rest; names as the journal has them.
    pub(crate) fn labels(&self, entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|entry| self.label(&entry.event)).collect()
    }

    fn label(&self, event: &Event) -> String {
        let tag = |value: serde_json::Value| match value {
            serde_json::Value::String(name) => name,
            serde_json::Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
            other => other.to_string(),
        };
        match event {
            Event::Task(id, event) => {
                let key = self.keys.iter().find(|(_, found)| *found == id).map_or("?", |(key, _)| key.as_str());
                format!("{key} {}", tag(serde_json::to_value(event).expect("events are JSON")))
            }
            Event::Instruction(_, event) => {
                format!("instruction {}", tag(serde_json::to_value(event).expect("events are JSON")))
            }
            other => tag(serde_json::to_value(other).expect("events are JSON")),
        }
    }

    /// Who owes what for a task, or what it waits for: `dev/backend:lead: assign it`.
    pub(crate) fn owed(&self, key: &str) -> String {
        let Some(found) = self.state.accountability(self.id(key)) else {
            return String::new();
        };
        let mut parts: Vec<String> = found.owes.iter().map(|(role, duty)| format!("{role}: {duty}")).collect();
        let keys = |tasks: &[TaskId]| {
            let name = |id: &TaskId| self.keys.iter().find(|(_, found)| *found == id).map_or("?", |(key, _)| key);
            tasks.iter().map(name).collect::<Vec<_>>().join(" ")
        };
        parts.extend(found.waits.as_ref().map(|wait| match wait {
            Wait::Instruction(_) => "waits for its instruction".to_owned(),
            Wait::Paused(_) => "waits: paused".to_owned(),
            Wait::Dependencies(tasks) => format!("waits for {}", keys(tasks)),
            Wait::Children(tasks) => format!("waits for children {}", keys(tasks)),
        }));
        parts.join("; ")
    }
}
