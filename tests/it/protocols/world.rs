//! A small organisation at a fixed time, and the steps that bring its tasks where a test needs them. Every step is a real
//! command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, Command, InstructionAction, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::Entry;
use echelon::domain::id::{DepartmentId, DomainId, EscalationId, IcId, InstructionId, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::org::{Chart, Department, Domain, Ic, ReviewPolicy, Worker, WorkerKind};
use echelon::domain::policy::{self, Move};
use echelon::domain::presence::{Absence, AbsenceKind};
use echelon::domain::reaction::liveness_faults;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::{Basis, TaskKind};
use echelon::domain::risk::Risk;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::{Assignee, PlannedTask, State as TaskState, Task};
use echelon::domain::time::{Effort, Millis, OrgTime, Stamp, WallTime};
use echelon::domain::work::{Check, CheckResult, Complexity, Deliverable, Experience, Submission, Tier, Work};
use echelon::domain::workflow::{Variant, Workflow};
use uuid::Uuid;

use crate::support::inside;

pub(super) const HOUR: i64 = 3_600_000;

pub(super) fn department() -> DepartmentId {
    "dev".parse().expect("a name")
}

pub(super) fn domain(name: &str) -> DomainId {
    format!("dev/{name}").parse().expect("domains of the test chart are names")
}

pub(super) fn ic(name: &str) -> IcId {
    format!("dev/{name}").parse().expect("ICs of the test chart are `domain/name`")
}

pub(super) fn lead(name: &str) -> Principal {
    Principal::role(Role::DomainLead(domain(name)))
}

pub(super) fn operator() -> Principal {
    Principal::client(1000)
}

/// Backend with two ICs, frontend and qa with one each; whoever is in `by_person` has a lead for whom a person judges.
pub(super) fn chart(by_person: &[&str]) -> Chart {
    let worker = "sim".parse().expect("a name");
    let mut chart = Chart { name: "test".to_owned(), folder: "/".to_owned(), ..Chart::default() };
    let (id, title) = (department(), "Development".to_owned());
    let gates = BTreeMap::new();
    let review = ReviewPolicy::Checks;
    let default_work_type = Some("feature".parse().expect("a name"));
    chart.departments.insert(department(), Department { id, title, default_work_type, gates, review });
    for name in ["backend", "frontend", "qa"] {
        let review = if by_person.contains(&name) { ReviewPolicy::Person } else { ReviewPolicy::Checks };
        let (id, title) = (domain(name), name.to_owned());
        chart.domains.insert(domain(name), Domain { id, title, lead_worker: None, review });
    }
    for name in ["backend/bea", "backend/ben", "frontend/fay", "qa/quinn"] {
        chart.ics.insert(
            ic(name),
            Ic {
                id: ic(name),
                title: name.to_owned(),
                position: None,
                experience: Experience::Mid,
                skills: BTreeMap::new(),
                wants_to_learn: BTreeSet::new(),
                hours_per_day: Effort::from_hours(8.0),
                parallel_limit: 2,
                worker: Clone::clone(&worker),
            },
        );
    }
    let kind = WorkerKind::Simulated { duration: Millis(1), failure_rate: 0.0, rework_rate: 0.0, seed: 1 };
    chart.workers.insert(Clone::clone(&worker), Worker { id: worker, kind, reviews: true });
    chart.workflows.insert(
        "feature".parse().expect("a name"),
        Workflow {
            work_type: "feature".parse().expect("a name"),
            description: "Anything.".to_owned(),
            department: department(),
            needs_repository: false,
            brief: BTreeMap::new(),
            risk: Risk::default(),
            planner: None,
            variants: vec![Variant::default()],
        },
    );
    chart
}

pub(super) fn work(title: &str, hours: f64) -> Work {
    Work {
        title: title.to_owned(),
        description: format!("make {title}"),
        effort: Effort::from_hours(hours),
        complexity: Complexity::Moderate,
        skills: BTreeSet::new(),
        nice_to_have: BTreeSet::new(),
        position: None,
        security_sensitive: false,
        criteria: vec!["it is done".to_owned()],
        deliverables: vec![Deliverable { path: "out.txt".to_owned(), checks: vec![Check::MinBytes(1)] }],
    }
}

/// The organisation, and the way commands get to it.
pub(super) struct World {
    pub(super) state: State,
    pub(super) millis: i64,
    keys: BTreeMap<String, TaskId>,
    ids: u128,
}

/// A step of a plan: its name, its domain, what it needs, and its hours.
pub(super) type Step<'a> = (&'a str, &'a str, &'a [&'a str], f64);

/// Backend's `api`, which frontend's `page` and backend's `docs` need.
pub(super) const TRIO: &[Step<'_>] =
    &[("api", "backend", &[], 4.0), ("page", "frontend", &["api"], 6.0), ("docs", "backend", &["api"], 1.0)];

impl World {
    pub(super) fn new(chart: Chart) -> Self {
        let keys = BTreeMap::new();
        let mut world = Self { state: State::default(), millis: 1_780_000_000_000, keys, ids: 0 };
        world.must(operator(), Action::ApplyChart(Arc::new(chart)));
        world
    }

    pub(super) fn now(&self) -> Stamp {
        Stamp { org: OrgTime::from_millis(self.millis), wall: WallTime::from_millis(self.millis) }
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    pub(super) fn escalation_id(&mut self) -> EscalationId {
        EscalationId::new(self.uuid())
    }

    /// Gives a command, a second after the last one.
    pub(super) fn give(&mut self, principal: Principal, action: Action) -> Result<Vec<Entry>, Rejection> {
        self.millis += 1_000;
        let command = Command { at: self.now(), principal, action };
        execute(&mut self.state, &command)
    }

    /// Gives a command that must be accepted and leave everything owned by somebody.
    #[track_caller]
    pub(super) fn must(&mut self, principal: Principal, action: Action) -> Vec<Entry> {
        let who = principal.to_string();
        let entries = self.give(principal, action.clone()).unwrap_or_else(|why| panic!("{who}: {action:?}: {why}"));
        assert_eq!(liveness_faults(&self.state), Vec::<String>::new(), "after {who}: {action:?}");
        entries
    }

    #[track_caller]
    pub(super) fn task_must(&mut self, principal: Principal, key: &str, action: TaskAction) {
        let id = self.id(key);
        self.must(principal, Action::Task(id, action));
    }

    #[track_caller]
    pub(super) fn id(&self, key: &str) -> TaskId {
        *self.keys.get(key).unwrap_or_else(|| panic!("there is a task `{key}`"))
    }

    #[track_caller]
    pub(super) fn task(&self, key: &str) -> &Task {
        self.state.task(self.id(key)).expect("the task's instruction is not over")
    }

    /// An instruction with this plan, up to its execution.
    pub(super) fn instruct(&mut self, tier: Tier, plan: &[Step<'_>]) -> InstructionId {
        let id = InstructionId::new(self.uuid());
        let request = Request { tier: Some(tier), ..inside::request("make it so") };
        let manager = || Principal::role(Role::EngineeringManager(department()));
        self.must(operator(), Action::Submit { id, request });
        let (work_type, reasons) = ("feature".parse().expect("a name"), vec!["given".to_owned()]);
        let act = |world: &mut Self, who: Principal, action| {
            world.must(who, Action::Instruction(id, action));
        };
        act(self, manager(), InstructionAction::Triage { tier, work_type, reasons });
        let kind = if tier >= Tier::Complex { TaskKind::Strategic } else { TaskKind::Tactical };
        let mut tasks = Vec::new();
        for (key, place, needs, hours) in plan {
            let task = TaskId::new(self.uuid());
            self.keys.insert((*key).to_owned(), task);
            let needs = needs.iter().map(|need| self.id(need)).collect();
            let (key, domain) = (key.parse().expect("keys are names"), domain(place));
            tasks.push(PlannedTask::new(
                task,
                Clone::clone(&key),
                kind,
                domain,
                needs,
                work(&format!("the {key}"), *hours),
            ));
        }
        act(self, Principal::role(Role::TechLead(department())), inside::plan(tasks));
        act(self, manager(), InstructionAction::ApprovePlan { review: Vec::new() });
        act(self, Principal::role(Role::Organisation), InstructionAction::Release);
        id
    }

    pub(super) fn assign(&mut self, key: &str, to: &str) {
        let to = Assignee::Ic(ic(to));
        let lead = Principal::role(Role::DomainLead(self.task(key).domain.clone()));
        self.task_must(lead, key, TaskAction::Assign { to, explanation: Explanation::default() });
    }

    fn author(&self, key: &str) -> Principal {
        Principal::role(self.task(key).state.assignee().expect("somebody has it").role())
    }

    pub(super) fn start(&mut self, key: &str) {
        self.task_must(self.author(key), key, TaskAction::StartAttempt);
    }

    /// From where an attempt can start to where its reviewers are done with it.
    pub(super) fn finish(&mut self, key: &str) {
        self.start(key);
        let epoch = self.task(key).running_epoch().expect("it runs");
        let check = |name: &str, passed| CheckResult {
            path: "out.txt".to_owned(),
            check: name.to_owned(),
            passed,
            detail: "looked".to_owned(),
        };
        let submission = Submission {
            summary: format!("made {key}"),
            artefacts: vec!["out.txt".to_owned(), "notes.md".to_owned()],
            checks: vec![check("exists", true), check("at least 1 bytes", true)],
            simulated: true,
            ..Submission::default()
        };
        self.task_must(self.author(key), key, TaskAction::HandIn { epoch, submission });
        let basis = || Basis::Worker { summary: "read it".to_owned(), simulated: true };
        loop {
            let (reviewer, action) = match &self.task(key).state {
                TaskState::UnderReview { reviewer, .. } => (reviewer.clone(), TaskAction::Approve { basis: basis() }),
                TaskState::DomainReview { reviewer, gate, .. } => {
                    (reviewer.clone(), TaskAction::PassGate { gate: *gate, basis: basis() })
                }
                _others => return,
            };
            self.task_must(Principal::role(reviewer), key, action);
        }
    }

    /// Says that nobody stands at a place.
    pub(super) fn away(&mut self, role: Role) {
        let absence = Some(Absence { kind: AbsenceKind::Away, reason: "on leave".to_owned() });
        self.must(operator(), Action::SetPresence { role, absence });
    }

    /// What a role does by itself.
    pub(super) fn moves(&mut self, role: &Role) -> Vec<Move> {
        policy::moves(&self.state, role, self.now(), &mut inside::NewIds::far_away())
    }
}
