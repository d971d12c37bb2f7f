//! A chart as a list of facts about its parts, by which two charts are compared. Every field of a chart is taken apart by
//! name, so that a new one cannot be forgotten here.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use super::difference::{Part, PartKind};
use super::{Chart, ClockPolicy, Department, Domain, Ic, Person, Policy, Worker, WorkerKind};
use crate::domain::sla::{Override, Sla};
use crate::domain::time::Millis;
use crate::domain::triage::Rule;
use crate::domain::workflow::Workflow;

/// One thing that is so about a part of a chart.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// What of it.
    pub(super) what: String,
    /// How it is, for people.
    pub(super) shown: String,
    /// How it is, for comparison; the same as what is shown unless that leaves something out.
    pub(super) exact: String,
}

impl Fact {
    fn new(what: &str, shown: impl Display) -> Self {
        let shown = shown.to_string();
        Self { what: what.to_owned(), exact: shown.clone(), shown }
    }

    fn of(what: &str, shown: Option<impl Display>) -> Self {
        Self::new(what, shown.map(|shown| shown.to_string()).unwrap_or_default())
    }

    /// Only a summary is shown.
    fn summary(what: &str, shown: impl Display, exact: &impl Debug) -> Self {
        Self { what: what.to_owned(), shown: shown.to_string(), exact: format!("{exact:?}") }
    }
}

/// All facts of a chart, by the part that they are about.
pub(super) fn facts(chart: &Chart) -> BTreeMap<Part, Vec<Fact>> {
    let Chart {
        name,
        folder,
        departments,
        domains,
        ics,
        workers,
        workflows,
        policy,
        triage,
        people,
        clock,
        sla,
        standup_every,
        absences,
    } = chart;
    let mut all = BTreeMap::new();
    let mut add = |kind: PartKind, id: String, facts: Vec<Fact>| {
        all.insert(Part { kind, id }, facts);
    };
    let standup = Fact::of("standup every", standup_every.map(span));
    let organisation = vec![Fact::new("name", name), Fact::new("folder", folder), standup];
    add(PartKind::Organisation, String::new(), organisation);
    add(PartKind::Policy, String::new(), of_policy(policy));
    add(PartKind::Triage, String::new(), triage.iter().enumerate().map(|(place, rule)| of_rule(place, rule)).collect());
    add(PartKind::Clock, String::new(), of_clock(*clock));
    add(PartKind::Sla, String::new(), of_sla(sla));
    departments.iter().for_each(|(id, one)| add(PartKind::Department, id.to_string(), of_department(one)));
    domains.iter().for_each(|(id, one)| add(PartKind::Domain, id.to_string(), of_domain(one)));
    ics.iter().for_each(|(id, one)| add(PartKind::Ic, id.to_string(), of_ic(one)));
    people.iter().for_each(|(id, one)| add(PartKind::Person, id.to_string(), of_person(one)));
    workers.iter().for_each(|(id, one)| add(PartKind::Worker, id.to_string(), of_worker(one)));
    workflows.iter().for_each(|(id, one)| add(PartKind::Workflow, id.to_string(), of_workflow(one)));
    absences.iter().for_each(|(role, why)| add(PartKind::Absence, role.to_string(), vec![Fact::new("reason", why)]));
    all
}

fn of_department(department: &Department) -> Vec<Fact> {
    let Department { id: _, title, default_work_type, gates, review } = department;
    let gates = joined(gates.iter().map(|(gate, domain)| format!("{gate} by {domain}")));
    vec![
        Fact::new("title", title),
        Fact::of("default work type", default_work_type.as_ref()),
        Fact::new("gates", gates),
        Fact::new("review", review),
    ]
}

fn of_domain(domain: &Domain) -> Vec<Fact> {
    let Domain { id: _, title, lead_worker, review } = domain;
    vec![Fact::new("title", title), Fact::of("lead's worker", lead_worker.as_ref()), Fact::new("review", review)]
}

fn of_ic(ic: &Ic) -> Vec<Fact> {
    let Ic { id: _, title, position, experience, skills, wants_to_learn, hours_per_day, parallel_limit, worker } = ic;
    vec![
        Fact::new("title", title),
        Fact::of("position", position.as_ref()),
        Fact::new("experience", experience),
        Fact::new("skills", joined(skills.iter().map(|(skill, level)| format!("{skill} {level}")))),
        Fact::new("wants to learn", joined(wants_to_learn.iter().map(ToString::to_string))),
        Fact::new("hours per day", hours_per_day),
        Fact::new("parallel limit", parallel_limit),
        Fact::new("worker", worker),
    ]
}

fn of_person(person: &Person) -> Vec<Fact> {
    let Person { id: _, name, role, department, uid } = person;
    vec![
        Fact::new("name", name),
        Fact::new("role", role),
        Fact::of("department", department.as_ref()),
        Fact::of("uid", uid.as_ref()),
    ]
}

fn of_worker(worker: &Worker) -> Vec<Fact> {
    let Worker { id: _, kind, reviews } = worker;
    let mut facts = vec![Fact::new("reviews", if *reviews { "yes" } else { "no" })];
    match kind {
        WorkerKind::Command { argv, environment, timeout } | WorkerKind::Acp { argv, environment, timeout } => {
            let word = if matches!(kind, WorkerKind::Acp { .. }) { "acp" } else { "command" };
            facts.push(Fact::new("kind", word));
            facts.push(Fact::new("command", argv.join(" ")));
            // Values may be secrets: only their names are shown.
            facts.push(Fact::summary("environment", joined(environment.keys().cloned()), environment));
            facts.push(Fact::new("timeout", span(*timeout)));
        }
        WorkerKind::Simulated { duration, failure_rate, rework_rate, seed } => {
            facts.push(Fact::new("kind", "simulated"));
            facts.push(Fact::new("duration", span(*duration)));
            facts.push(Fact::new("failure rate", failure_rate));
            facts.push(Fact::new("rework rate", rework_rate));
            facts.push(Fact::new("seed", seed));
        }
        WorkerKind::Human { person } => {
            facts.push(Fact::new("kind", "human"));
            facts.push(Fact::new("person", person));
        }
    }
    facts
}

fn of_workflow(workflow: &Workflow) -> Vec<Fact> {
    let Workflow { work_type: _, description, department, needs_repository, brief, risk, planner, variants } = workflow;
    let steps: Vec<_> = workflow.steps().collect();
    vec![
        Fact::new("description", description),
        Fact::new("department", department),
        Fact::new("tiers", joined(workflow.tiers().map(|tier| tier.to_string()))),
        Fact::new("needs a repository", if *needs_repository { "yes" } else { "no" }),
        Fact::new("brief", joined(brief.iter().map(|(field, question)| format!("{field}: {question}")))),
        Fact::summary("risk", risk.total().to_string(), risk),
        Fact::of("planner", planner.as_ref()),
        Fact::summary("steps", joined(steps.iter().map(|step| step.key.to_string())), variants),
    ]
}

fn of_policy(policy: &Policy) -> Vec<Fact> {
    let Policy { max_retries, retry_backoff, max_review_rounds, lease, default_tier, approve_from } = policy;
    vec![
        Fact::new("max retries", max_retries),
        Fact::new("retry backoff", span(*retry_backoff)),
        Fact::new("max review rounds", max_review_rounds),
        Fact::new("lease", span(*lease)),
        Fact::new("default tier", default_tier),
        Fact::of("a person approves plans from tier", approve_from.as_ref()),
    ]
}

fn of_rule(place: usize, rule: &Rule) -> Fact {
    let shown = rule.because.clone().unwrap_or_else(|| format!("at least tier {}", rule.tier));
    Fact::summary(&format!("rule {}", place.saturating_add(1)), shown, rule)
}

fn of_clock(clock: ClockPolicy) -> Vec<Fact> {
    let ClockPolicy { speed, downtime } = clock;
    // A clock is set when a daemon starts.
    vec![Fact::new("speed, from the next start on", speed), Fact::new("downtime", downtime)]
}

fn of_sla(sla: &Sla) -> Vec<Fact> {
    let Sla {
        overrides,
        heartbeat,
        acknowledge_escalation,
        acknowledge_delegation,
        escalate_delegation,
        answer,
        remind,
        digest_after,
        digest_every,
    } = sla;
    let overrides = joined(overrides.iter().map(of_override));
    vec![
        Fact::new("overrides", overrides),
        Fact::new("heartbeat", span(*heartbeat)),
        Fact::new("acknowledge an escalation", span(*acknowledge_escalation)),
        Fact::new("acknowledge a delegation", span(*acknowledge_delegation)),
        Fact::new("escalate a delegation", span(*escalate_delegation)),
        Fact::new("answer", span(*answer)),
        Fact::new("remind", span(*remind)),
        Fact::new("digest after", digest_after),
        Fact::new("digest every", span(*digest_every)),
    ]
}

/// An override as a sentence: `ASSIGNED, tier 1, high in dev/backend: target 2h, escalate 8h`.
fn of_override(one: &Override) -> String {
    let Override { states, tiers, priorities, domain, level, target, warn, escalate } = one;
    let mut fits: Vec<String> = states.iter().map(ToString::to_string).collect();
    fits.extend(tiers.iter().map(|tier| format!("tier {tier}")));
    fits.extend(priorities.iter().map(ToString::to_string));
    fits.extend(domain.iter().map(|domain| format!("in {domain}")));
    fits.extend(level.iter().map(|level| format!("with the {level}")));
    let limits = [("target", target), ("warn", warn), ("escalate", escalate)];
    let limits = joined(limits.iter().filter_map(|(name, limit)| limit.map(|limit| format!("{name} {}", span(limit)))));
    format!("{}: {limits}", fits.join(", "))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A span to the millisecond, as charts write it: `1h 30m`, `500ms`.
fn span(span: Millis) -> String {
    humantime::format_duration(span.to_duration()).to_string()
}
