//! What the test organisation is made of, and the pieces that commands are made of.

use std::collections::{BTreeMap, BTreeSet};

use echelon::domain::id::{DepartmentId, DomainId, IcId, WorkerId};
use echelon::domain::org::{Chart, Department, Domain, Ic, Policy, ReviewPolicy, Worker, WorkerKind};
use echelon::domain::review::{Basis, Gate};
use echelon::domain::risk::Risk;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{Blocker, BlockerKind, Failure, FailureClass};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Check, CheckResult, Complexity, Deliverable, Experience, Finding, Submission, Work};
use echelon::domain::workflow::{Variant, Workflow};

/// ICs of the chart by their short names.
pub(crate) const ICS: [&str; 5] = ["backend/ben", "backend/bea", "frontend/fay", "qa/quinn", "security/sam"];

pub(crate) fn domain(name: &str) -> DomainId {
    format!("dev/{name}").parse().expect("domains of the test chart are names")
}

pub(crate) fn ic_id(name: &str) -> IcId {
    format!("dev/{name}").parse().expect("ICs of the test chart are `domain/name`")
}

/// Commands come from these.
pub(crate) fn ic(name: &str) -> Principal {
    Principal::role(Role::Ic(ic_id(name)))
}

pub(crate) fn lead(name: &str) -> Principal {
    Principal::role(Role::DomainLead(domain(name)))
}

pub(crate) fn tech_lead() -> Principal {
    Principal::role(Role::TechLead("dev".parse().expect("a name")))
}

pub(crate) fn manager() -> Principal {
    Principal::role(Role::EngineeringManager("dev".parse().expect("a name")))
}

/// Whoever holds what goes up from backend at that level.
pub(crate) fn at(level: Level) -> Role {
    match level {
        Level::DomainLead => Role::DomainLead(domain("backend")),
        Level::TechLead => Role::TechLead("dev".parse().expect("a name")),
        Level::EngineeringManager => Role::EngineeringManager("dev".parse().expect("a name")),
        Level::Person => Role::Operator,
    }
}

pub(crate) fn person() -> Principal {
    Principal::client(1000)
}

pub(crate) fn system() -> Principal {
    Principal::system()
}

/// One department with four domains; backend has two ICs, the others one each.
pub(crate) fn chart(with_gates: bool) -> Chart {
    let department: DepartmentId = "dev".parse().expect("a name");
    let worker: WorkerId = "sim".parse().expect("a name");
    let gates = [(Gate::Security, "security"), (Gate::Architecture, "backend"), (Gate::Qa, "qa")];
    let mut chart = Chart { name: "test".to_owned(), folder: "/".to_owned(), ..Chart::default() };
    chart.departments.insert(
        department.clone(),
        Department {
            id: department.clone(),
            title: "Development".to_owned(),
            default_work_type: Some("feature".parse().expect("a name")),
            gates: gates.into_iter().filter(|_| with_gates).map(|(gate, name)| (gate, domain(name))).collect(),
            review: ReviewPolicy::Checks,
        },
    );
    for name in ["backend", "frontend", "qa", "security"] {
        chart.domains.insert(
            domain(name),
            Domain { id: domain(name), title: name.to_owned(), lead_worker: None, review: ReviewPolicy::Checks },
        );
    }
    for name in ICS {
        chart.ics.insert(
            ic_id(name),
            Ic {
                id: ic_id(name),
                title: name.to_owned(),
                position: None,
                experience: Experience::Mid,
                skills: BTreeMap::new(),
                wants_to_learn: BTreeSet::new(),
                hours_per_day: Effort::from_hours(24.0),
                parallel_limit: 2,
                worker: worker.clone(),
            },
        );
    }
    let kind = WorkerKind::Simulated { duration: Millis(1), failure_rate: 0.0, rework_rate: 0.0, seed: 1 };
    chart.workers.insert(worker.clone(), Worker { id: worker, kind, reviews: true });
    chart.workflows.insert(
        "feature".parse().expect("a name"),
        Workflow {
            work_type: "feature".parse().expect("a name"),
            description: "Anything.".to_owned(),
            department,
            needs_repository: false,
            brief: BTreeMap::new(),
            risk: Risk::default(),
            planner: None,
            variants: vec![Variant::default()],
        },
    );
    chart.policy = Policy { retry_backoff: Millis::from_secs(1), ..Policy::default() };
    chart
}

pub(crate) fn work(title: &str) -> Work {
    Work {
        title: title.to_owned(),
        description: String::new(),
        effort: Effort::from_hours(4.0),
        complexity: Complexity::Moderate,
        skills: BTreeSet::new(),
        nice_to_have: BTreeSet::new(),
        position: None,
        security_sensitive: false,
        criteria: vec!["it is done".to_owned()],
        deliverables: vec![Deliverable { path: "out.txt".to_owned(), checks: vec![Check::MinBytes(1)] }],
    }
}

pub(crate) fn submission(passed: bool) -> Submission {
    let check =
        CheckResult { path: "out.txt".to_owned(), check: "exists".to_owned(), passed, detail: "looked".to_owned() };
    Submission { summary: "done".to_owned(), checks: vec![check], simulated: true, ..Submission::default() }
}

pub(crate) fn finding() -> Vec<Finding> {
    vec![Finding { text: "not like this".to_owned(), location: None }]
}

pub(crate) fn basis() -> Basis {
    Basis::Worker { summary: "read it".to_owned(), simulated: true }
}

pub(crate) fn blocker(owner: Level) -> Blocker {
    Blocker {
        kind: BlockerKind::Reported("access".to_owned()),
        description: "no access to the registry".to_owned(),
        needs: "a token".to_owned(),
        owner,
    }
}

pub(crate) fn failure(class: FailureClass) -> Failure {
    Failure { class, message: "it broke".to_owned() }
}
