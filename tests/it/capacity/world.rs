//! A small organisation on virtual time in which everybody does what policy says, and only when the ledger wakes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, Command, InstructionAction, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event};
use echelon::domain::evolve::{evolve, rebuild_index};
use echelon::domain::id::{DomainId, EscalationId, IcId, InstructionId, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::org::{Chart, Department, Domain, Ic, ReviewPolicy, Worker, WorkerKind};
use echelon::domain::policy::{Move, moves};
use echelon::domain::reaction::liveness_faults;
use echelon::domain::review::TaskKind;
use echelon::domain::risk::Risk;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::{Assignee, PlannedTask, State as TaskState, Task};
use echelon::domain::time::{Effort, Millis, OrgTime, Stamp, WallTime};
use echelon::domain::work::{Complexity, Experience, Priority, Submission, Tier, Work};
use echelon::domain::workflow::{Variant, Workflow};

use crate::support::inside::{NewIds, plan, request};

/// More turns than any chain of decisions without work takes.
const TURNS: usize = 500;

pub(super) fn domain(name: &str) -> DomainId {
    format!("dev/{name}").parse().expect("domains of the test chart are names")
}

pub(super) fn ic(name: &str) -> IcId {
    format!("dev/{name}").parse().expect("ICs of the test chart are `domain/name`")
}

pub(super) fn operator() -> Principal {
    Principal::client(1000)
}

pub(super) fn work(hours: f64) -> Work {
    Work {
        title: "work".to_owned(),
        description: String::new(),
        effort: Effort::from_hours(hours),
        complexity: Complexity::Moderate,
        skills: BTreeSet::new(),
        nice_to_have: BTreeSet::new(),
        position: None,
        security_sensitive: false,
        criteria: vec!["it is done".to_owned()],
        deliverables: Vec::new(),
    }
}

/// One department with these ICs, `domain/name` each, who work eight hours a day.
pub(super) fn chart(ics: &[&str]) -> Chart {
    let worker: echelon::domain::id::WorkerId = "sim".parse().expect("a name");
    let department: echelon::domain::id::DepartmentId = "dev".parse().expect("a name");
    let work_type: echelon::domain::id::WorkType = "feature".parse().expect("a name");
    let mut chart = Chart { name: "test".to_owned(), folder: "/".to_owned(), ..Chart::default() };
    chart.departments.insert(
        department.clone(),
        Department {
            id: department.clone(),
            title: "Development".to_owned(),
            default_work_type: Some(work_type.clone()),
            gates: BTreeMap::new(),
            review: ReviewPolicy::Checks,
        },
    );
    for name in ics {
        let id = ic(name);
        let (of, review) = (id.domain(), ReviewPolicy::Checks);
        chart.domains.insert(of.clone(), Domain { id: of, title: (*name).to_owned(), lead_worker: None, review });
        chart.ics.insert(
            id.clone(),
            Ic {
                id,
                title: (*name).to_owned(),
                position: None,
                experience: Experience::Mid,
                skills: BTreeMap::new(),
                wants_to_learn: BTreeSet::new(),
                hours_per_day: Effort::from_hours(8.0),
                parallel_limit: 1,
                worker: worker.clone(),
            },
        );
    }
    let kind = WorkerKind::Simulated { duration: Millis(1), failure_rate: 0.0, rework_rate: 0.0, seed: 1 };
    chart.workers.insert(worker.clone(), Worker { id: worker, kind, reviews: false });
    chart.workflows.insert(
        work_type.clone(),
        Workflow {
            work_type,
            description: "Anything.".to_owned(),
            department,
            needs_repository: false,
            brief: BTreeMap::new(),
            risk: Risk::default(),
            planner: None,
            variants: vec![Variant::default()],
        },
    );
    chart
}

/// The organisation, and the way commands get to it.
pub(super) struct World {
    pub(super) state: State,
    pub(super) entries: Vec<Entry>,
    pub(super) millis: i64,
    pub(super) ids: NewIds,
    keys: BTreeMap<String, TaskId>,
    /// Whether attempts begin and come to an end.
    pub(super) works: bool,
}

impl World {
    pub(super) fn new(ics: &[&str]) -> Self {
        Self::with_chart(chart(ics))
    }

    pub(super) fn with_chart(chart: Chart) -> Self {
        let mut world = Self {
            state: State::default(),
            entries: Vec::new(),
            millis: 1_780_000_000_000,
            ids: NewIds::default(),
            keys: BTreeMap::new(),
            works: true,
        };
        world.must(operator(), Action::ApplyChart(Arc::new(chart)));
        world
    }

    pub(super) fn now(&self) -> Stamp {
        Stamp { org: OrgTime::from_millis(self.millis), wall: WallTime::from_millis(self.millis) }
    }

    fn give(&mut self, principal: Principal, action: Action) -> Result<usize, echelon::domain::rejection::Rejection> {
        let command = Command { at: self.now(), principal, action };
        let entries = execute(&mut self.state, &command)?;
        let count = entries.len();
        self.entries.extend(entries);
        Ok(count)
    }

    #[track_caller]
    pub(super) fn must(&mut self, principal: Principal, action: Action) {
        let said = format!("{principal}: {action:?}");
        self.give(principal, action).unwrap_or_else(|rejection| panic!("{said}\nwas refused: {rejection}"));
    }

    pub(super) fn id(&self, key: &str) -> TaskId {
        self.keys[key]
    }

    pub(super) fn task(&self, key: &str) -> &Task {
        self.state.task(self.id(key)).expect("its instruction is not over")
    }

    /// Who has a task, as `domain/name`.
    pub(super) fn has(&self, key: &str) -> Option<String> {
        let assignee = self.task(key).state.assignee().and_then(Assignee::ic)?;
        Some(assignee.as_str().trim_start_matches("dev/").to_owned())
    }

    /// An instruction whose tasks may begin: name, domain, hours. Nobody has looked at them yet.
    pub(super) fn instruct(&mut self, tier: Tier, priority: Priority, tasks: &[(&str, &str, f64)]) -> InstructionId {
        let id = InstructionId::new(self.ids.uuid());
        let request = Request { tier: Some(tier), priority, ..request("make it so") };
        self.must(operator(), Action::Submit { id, request });
        let manager = || Principal::role(Role::EngineeringManager("dev".parse().expect("a name")));
        let work_type = "feature".parse().expect("a name");
        let triage = InstructionAction::Triage { tier, work_type, reasons: Vec::new() };
        self.must(manager(), Action::Instruction(id, triage));
        let kind = if tier >= Tier::Complex { TaskKind::Strategic } else { TaskKind::Tactical };
        let planned = tasks.iter().map(|(key, place, hours)| {
            let task = TaskId::new(self.ids.uuid());
            self.keys.insert((*key).to_owned(), task);
            PlannedTask::new(task, key.parse().expect("a name"), kind, domain(place), Vec::new(), work(*hours))
        });
        let planned = planned.collect();
        let tech_lead = Principal::role(Role::TechLead("dev".parse().expect("a name")));
        self.must(tech_lead, Action::Instruction(id, plan(planned)));
        self.must(manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }));
        self.must(Principal::role(Role::Organisation), Action::Instruction(id, InstructionAction::Release));
        id
    }

    /// A lead gives a task to somebody, whatever that makes of their load.
    pub(super) fn assign(&mut self, key: &str, to: &str) {
        let id = self.id(key);
        let lead = Principal::role(Role::DomainLead(self.task(key).domain.clone()));
        let to = Assignee::Ic(ic(to));
        self.must(lead, Action::Task(id, TaskAction::Assign { to, explanation: Explanation::default() }));
    }

    /// Whoever was woken does what policy says, until nobody is woken any more. Attempts begin; reviews are done by the
    /// machine checks.
    #[track_caller]
    pub(super) fn settle(&mut self) {
        for _ in 0..TURNS {
            let woken = self.state.take_stirred();
            if woken.is_empty() {
                let faults = liveness_faults(&self.state);
                assert!(faults.is_empty(), "{faults:#?}");
                return;
            }
            for role in woken {
                self.turn(&role);
            }
        }
        panic!("it does not come to rest: {:#?}", self.entries.iter().rev().take(20).collect::<Vec<_>>());
    }

    /// Only these do what policy says, once.
    pub(super) fn turn(&mut self, role: &Role) {
        let at = self.now();
        for next in moves(&self.state, role, at, &mut self.ids) {
            let action = match next {
                Move::Commit(action) => action,
                Move::Start(task) if self.works => Action::Task(task, TaskAction::StartAttempt),
                Move::Start(_) | Move::StartLater(..) | Move::Attend(..) | Move::Review(_) | Move::Plan(_) => continue,
            };
            // What another move of the same turn has overtaken is refused.
            let _ = self.give(Principal::role(role.clone()), action);
        }
    }

    /// An hour passes: who works gives a sign of life, hands in what is done, and whatever is due fires.
    pub(super) fn live_an_hour(&mut self, reports: bool) {
        self.millis += 3_600_000;
        let running: Vec<TaskId> =
            self.state.tasks.values().filter(|task| task.running_epoch().is_some()).map(|task| task.id).collect();
        for id in running {
            let task = &self.state.tasks[&id];
            let (Some(epoch), Some(since)) = (task.running_epoch(), task.running_since) else {
                continue;
            };
            let who = task.state.assignee().and_then(Assignee::ic).expect("an IC does it").clone();
            let hours = self.now().org.since(since).to_duration().as_secs_f64() / 3_600.0 * 8.0 / 24.0;
            let share = hours / task.work.effort.hours();
            let action = if share >= 1.0 && self.works {
                TaskAction::HandIn {
                    epoch,
                    submission: Submission { summary: "done".to_owned(), ..Submission::default() },
                }
            } else {
                let percent = (0..=100).rev().find(|percent| f64::from(*percent) <= share * 100.0);
                TaskAction::Heartbeat { epoch, progress: Some((percent.filter(|_| reports), "at it".to_owned())) }
            };
            self.must(Principal::role(Role::Ic(who)), Action::Task(id, action));
        }
        loop {
            let ids = (0..64).map(|_| EscalationId::new(self.ids.uuid())).collect();
            if self.give(Principal::system(), Action::FireClocks { ids }).expect("the system may") == 0 {
                break;
            }
        }
        self.settle();
    }

    /// The state from the journal, and that with its indexes derived anew, are as this one.
    pub(super) fn check_restart(&self) {
        let mut replayed = State::default();
        for entry in &self.entries {
            evolve(&mut replayed, entry);
        }
        let mut rebuilt = replayed.clone();
        // Rebuilding is for a state without indexes; one with them shows what it would add twice.
        let mut bare = State::default();
        std::mem::swap(&mut bare.chart, &mut rebuilt.chart);
        bare.sequence = rebuilt.sequence;
        bare.last = rebuilt.last;
        bare.instructions = rebuilt.instructions;
        bare.tasks = rebuilt.tasks;
        bare.finished = rebuilt.finished;
        bare.finished_tasks = rebuilt.finished_tasks;
        bare.absent = rebuilt.absent;
        bare.history = rebuilt.history;
        bare.bands = rebuilt.bands;
        rebuild_index(&mut bare);
        for (name, state) in [("replayed", &replayed), ("rebuilt", &bare)] {
            for ic in self.state.chart.ics.keys() {
                assert_eq!(state.load(ic), self.state.load(ic), "{name}: {ic}");
            }
            for domain in self.state.chart.domains.keys() {
                assert_eq!(state.booked(domain), self.state.booked(domain), "{name}: {domain}");
                let ids = |state: &State| state.waiting(domain).map(|task| task.id).collect::<Vec<_>>();
                assert_eq!(ids(state), ids(&self.state), "{name}: {domain}");
                let over = |state: &State| state.overloaded(domain).cloned().collect::<Vec<_>>();
                assert_eq!(over(state), over(&self.state), "{name}: {domain}");
            }
        }
    }

    /// Hours on somebody's desk.
    pub(super) fn hours(&self, name: &str) -> f64 {
        self.state.load(&ic(name)).committed.hours()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    pub(super) fn is_pending(&self, key: &str) -> bool {
        self.task(key).state == TaskState::Pending
    }
}
