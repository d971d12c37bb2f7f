//! The organisation chart: who is there, what they can do, and which workers do it.
//!
//! A chart is a value. It is recorded in the journal when it changes, so whatever was decided under it can be explained
//! later without the file it came from.

mod difference;
mod facts;
mod pairs;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, DomainId, IcId, PersonId, Position, Skill, WorkType, WorkerId};
use crate::domain::lookup::Entities;
use crate::domain::review::Gate;
use crate::domain::role::Role;
use crate::domain::sla::Sla;
use crate::domain::time::{Effort, Millis};
use crate::domain::triage::Rule;
use crate::domain::work::{Experience, SkillLevel, Tier, words};
use crate::domain::workflow::Workflow;

pub use self::difference::{Change, Difference, Leaving, OpenTask, Part, PartKind, difference};

/// A whole organisation. Every id it mentions is in it: the loader refuses a chart where that is not so.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Chart {
    /// What the organisation is called.
    pub name: String,
    /// Absolute path of the folder the chart came from; `{org_dir}` in a worker's command stands for it.
    pub folder: String,
    /// Departments by id.
    pub departments: BTreeMap<DepartmentId, Department>,
    /// Domains by id.
    pub domains: BTreeMap<DomainId, Domain>,
    /// Individual contributors by id.
    pub ics: Entities<IcId, Ic>,
    /// Workers by id.
    pub workers: BTreeMap<WorkerId, Worker>,
    /// Workflow templates by the work type they plan.
    pub workflows: BTreeMap<WorkType, Workflow>,
    /// Limits that hold for everyone.
    pub policy: Policy,
    /// Rules by which instructions get their tier, in the order of the file.
    pub triage: Vec<Rule>,
    /// The people who may decide things, by id. Where there are none, whoever operates the daemon decides everything.
    pub people: BTreeMap<PersonId, Person>,
    /// How fast organisation time runs.
    pub clock: ClockPolicy,
    /// How long things may take.
    pub sla: Sla,
    /// How often everybody reports up the line, in organisation time; only on demand where it is absent.
    pub standup_every: Option<Millis>,
    /// Places that nobody stands at from the start, and why.
    #[serde(with = "pairs")]
    pub absences: BTreeMap<Role, String>,
}

impl Chart {
    /// The ICs of a domain, in order of their ids.
    pub fn ics_of<'a>(&'a self, domain: &'a DomainId) -> impl Iterator<Item = &'a Ic> + 'a {
        self.ics.from(domain.below_its_ics()).take_while(move |ic| domain.has(&ic.id))
    }

    /// The domains of a department, in order of their ids.
    pub fn domains_of<'a>(&'a self, department: &'a DepartmentId) -> impl Iterator<Item = &'a Domain> + 'a {
        self.domains.values().filter(move |domain| domain.id.department() == *department)
    }

    /// The domain whose lead holds `gate` for work of `department`, if the chart names one.
    #[must_use]
    pub fn gate_holder(&self, department: &DepartmentId, gate: Gate) -> Option<&DomainId> {
        self.departments.get(department)?.gates.get(&gate)
    }
}

/// A department: one manager, one tech lead, some domains.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// What it is called.
    pub title: String,
    /// The work type of an instruction that names none, if the chart says one.
    pub default_work_type: Option<WorkType>,
    /// Which domain's lead holds the gates that are not the domain lead's own.
    pub gates: BTreeMap<Gate, DomainId>,
    /// Who judges at the gates of the tech lead.
    pub review: ReviewPolicy,
}

/// A domain: a lead and the ICs whose ids lie in it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// What it is called.
    pub title: String,
    /// The worker by which the lead reviews; without one it is as `review` says.
    pub lead_worker: Option<WorkerId>,
    /// Who judges in the place of a lead without a worker.
    pub review: ReviewPolicy,
}

words!(
    /// Who judges work where a lead has no worker to review with.
    #[derive(Default)]
    ReviewPolicy,
    "a review policy (checks, person)",
    /// The machine checks of the deliverables; the record says so.
    #[default]
    Checks = "checks",
    /// A person is asked.
    Person = "person",
);

/// A person who may decide things.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The only department they decide for; all of them where it is absent.
    pub department: Option<DepartmentId>,
    /// The user id by which the socket knows them.
    pub uid: Option<u32>,
}

words!(
    /// What a person may do; each may do what those before it may.
    PersonRole,
    "a person's role (observer, contributor, manager, operator)",
    /// Look.
    Observer = "observer",
    /// Hand instructions in, and do the work that is theirs.
    Contributor = "contributor",
    /// Decide: answer, approve, cancel, reassign, pause; and what comes up the line.
    Manager = "manager",
    /// Everything, the chart included.
    Operator = "operator",
);

/// How fast organisation time runs.
///
/// It is looked at when a daemon starts. A chart that is applied to a running daemon changes nothing about its clock until
/// the next start: what is being waited for stays where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockPolicy {
    /// Organisation time over wall time: 1 runs with it, 3600 makes an hour of a second.
    pub speed: u32,
    /// Whether time passes while the daemon is down.
    pub downtime: Downtime,
}

impl Default for ClockPolicy {
    fn default() -> Self {
        Self { speed: 1, downtime: Downtime::Counts }
    }
}

words!(
    /// Whether organisation time passes while the daemon is down.
    Downtime,
    "what downtime does (counts, stops)",
    /// It does: what became due meanwhile is due at the start.
    Counts = "counts",
    /// It stands still.
    Stops = "stops",
);

/// An individual contributor: a person or an agent that does work through a worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ic {
    /// Their id.
    pub id: IcId,
    /// What they are called: "backend developer".
    pub title: String,
    /// What they are, for work that asks for one.
    pub position: Option<Position>,
    /// How long they have done this.
    pub experience: Experience,
    /// What they can do, and how well.
    pub skills: BTreeMap<Skill, SkillLevel>,
    /// Skills they want to learn; a task that needs one suits them a little better.
    pub wants_to_learn: BTreeSet<Skill>,
    /// Hours they work a day: 8 for a person, 24 for an agent that never sleeps.
    pub hours_per_day: Effort,
    /// Attempts they may run at the same time.
    pub parallel_limit: u32,
    /// By which worker they do it.
    pub worker: WorkerId,
}

/// A worker: how the work is really done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// What it is.
    pub kind: WorkerKind,
    /// Whether it can also judge the work of others. One that cannot is stood in for by the machine checks.
    pub reviews: bool,
}

/// The kinds of worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerKind {
    /// A program: the job on its standard input, the outcome in a file or by its exit status.
    Command {
        /// Program and arguments. `{org_dir}` stands for the chart's folder, `{step}` for the name of the task's step.
        argv: Vec<String>,
        /// Environment variables it gets besides the few that every worker gets.
        environment: BTreeMap<String, String>,
        /// Wall time after which it is stopped, in milliseconds.
        timeout: Millis,
    },
    /// Makes the work up, from a seed: for trying an organisation out. Always labelled as simulated.
    Simulated {
        /// Wall time that one attempt takes, in milliseconds.
        duration: Millis,
        /// Share of attempts that fail for a passing reason, 0 to 1.
        failure_rate: f64,
        /// Share of reviews that ask for changes, 0 to 1.
        rework_rate: f64,
        /// Where its random numbers begin; the same seed makes the same outcomes for the same tasks.
        seed: u64,
    },
    /// A person: what is to be done waits in their inbox, and they say how it went.
    Human {
        /// Who.
        person: PersonId,
    },
    /// A coding agent that is talked to over the Agent Client Protocol. (Journals know a kind by its place: new ones come
    /// last.)
    Acp {
        /// Program and arguments, as for a command.
        argv: Vec<String>,
        /// Environment variables it gets besides the few that every worker gets.
        environment: BTreeMap<String, String>,
        /// Wall time after which it is stopped, in milliseconds.
        timeout: Millis,
    },
}

/// Limits that hold for the whole organisation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// Attempts again after a passing failure, before the task becomes blocked.
    pub max_retries: u32,
    /// Wall time before the first retry, in milliseconds; doubled with each further one, up to [`Policy::BACKOFF_LIMIT`].
    pub retry_backoff: Millis,
    /// Rounds of review before it goes up the line.
    pub max_review_rounds: u32,
    /// Wall time without a sign of life after which an attempt counts as lost, in milliseconds.
    pub lease: Millis,
    /// The tier of instructions whose workflow and submission name none.
    pub default_tier: Tier,
    /// A person approves every plan from this tier on; where it is absent, only those that are risky or over budget.
    pub approve_from: Option<Tier>,
}

impl Policy {
    /// No retry waits longer than this: an hour is longer than most passing failures last.
    pub const BACKOFF_LIMIT: Millis = Millis::from_hours(1);

    /// Wall time to wait before the next try after that many: doubled with each, and bounded.
    #[must_use]
    pub fn backoff(&self, retries: u32) -> Millis {
        let factor = 1_i64.checked_shl(retries.min(20)).unwrap_or(1);
        Millis(self.retry_backoff.0.saturating_mul(factor).min(Self::BACKOFF_LIMIT.0))
    }

    /// How long a used-up quota is waited for. A worker that names no time, a past one or one beyond all sense is held to
    /// these bounds: retries that do not count must not come fast, nor never.
    #[must_use]
    pub fn quota_wait(&self, asked: Option<Millis>) -> Millis {
        const LEAST: Millis = Millis::from_secs(30);
        const MOST: Millis = Millis::from_hours(7 * 24);
        let asked = asked.unwrap_or(Self::BACKOFF_LIMIT);
        Millis(asked.0.clamp(LEAST.0.max(self.retry_backoff.0).min(MOST.0), MOST.0))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            retry_backoff: Millis::from_secs(1),
            max_review_rounds: 3,
            lease: Millis::from_secs(60),
            default_tier: Tier::Moderate,
            approve_from: None,
        }
    }
}
