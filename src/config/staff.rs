//! Who does the work: ICs, and the workers by which they do it.

use std::collections::{BTreeMap, BTreeSet};

use super::chart::{STAND_IN, declared_twice, stand_in};
use super::fault::quoted;
use super::program::{self, WORKER_PLACEHOLDERS};
use super::reader::{Table, Value};
use super::reference;
use crate::domain::id::{IcId, Position, Skill, WorkerId};
use crate::domain::org::{Chart, Ic, PersonRole, Worker, WorkerKind};
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Experience, SkillLevel};

/// An IC that says nothing about it works a person's day.
const DEFAULT_HOURS_PER_DAY: f64 = 8.0;

/// An IC that says nothing about it does one thing at a time.
const DEFAULT_PARALLEL_LIMIT: u32 = 1;

/// A program that says nothing about it is stopped after this: longer than most need, and short enough that one that
/// hangs is noticed the same day.
const DEFAULT_TIMEOUT: Millis = Millis::from_hours(1);

/// Coding agents that are known by name, and what makes them speak the Agent Client Protocol. The first two are packages of
/// their own around the agent: `@agentclientprotocol/claude-agent-acp` and `@agentclientprotocol/codex-acp`.
const AGENTS: [(&str, &[&str]); 5] = [
    ("claude", &["claude-agent-acp"]),
    ("codex", &["codex-acp"]),
    ("opencode", &["opencode", "acp"]),
    ("gemini", &["gemini", "--acp"]),
    ("qwen", &["qwen", "--acp"]),
];

/// How long a simulated attempt takes if its worker says nothing about it: long enough to be seen.
const DEFAULT_DURATION: Millis = Millis::from_secs(1);

/// No attempt may take longer than this: work that takes a week is to be cut into steps.
const LONGEST_ATTEMPT: Millis = Millis::from_hours(7 * 24);

/// Reads the ICs into the chart, which has their domains and workers.
pub(super) fn ics(tables: Vec<Table<'_>>, chart: &mut Chart) {
    let mut declared: Vec<(IcId, Table<'_>)> = Vec::new();
    for mut table in tables {
        let name = table.required("id", "`id = \"ben\"`").and_then(|value| value.name());
        let domain = table.required("domain", "`domain = \"backend\"`");
        let domain = domain.and_then(|value| reference::domain(&value, None, chart));
        let title = table.required("title", "`title = \"Backend developer\"`").and_then(|value| value.line_of_text());
        let position = table.optional("role").and_then(|value| value.id::<Position>());
        let experience = table.required("experience", "`experience = \"mid\"`");
        let experience = experience.and_then(|value| value.word(Experience::ALL));
        let skills = table.optional("skills").map(|value| skills(&value)).unwrap_or_default();
        let wants_to_learn = table.optional("wants_to_learn").map(|value| skill_set(&value)).unwrap_or_default();
        let hours_per_day = table.optional("hours_per_day").and_then(|value| hours(&value));
        let parallel_limit = table.optional("parallel_limit").and_then(|value| value.small_integer(1..=1_000));
        let worker = table.required("worker", "`worker = \"shell\"`").and_then(|value| {
            reference::one_of(&value, "worker", chart.workers.keys().map(|id| (id.as_str(), id.clone())))
        });
        table.finish();
        let Some(id) = domain.and_then(|domain| domain.ic(name.unwrap_or(STAND_IN)).ok()) else { continue };
        let Some(worker) = worker.or_else(stand_in) else { continue };
        // Ten thousand are looked through only where there is something to find.
        if name.is_some()
            && chart.ics.contains_key(&id)
            && let Some((_, other)) = declared.iter().find(|(other, _)| *other == id)
        {
            declared_twice(&table, other);
        }
        let ic = Ic {
            id: id.clone(),
            title: title.unwrap_or_default().to_owned(),
            position,
            experience: experience.unwrap_or(Experience::Mid),
            skills,
            wants_to_learn,
            hours_per_day: hours_per_day.unwrap_or(Effort::from_hours(DEFAULT_HOURS_PER_DAY)),
            parallel_limit: parallel_limit.unwrap_or(DEFAULT_PARALLEL_LIMIT),
            worker,
        };
        chart.ics.insert(id.clone(), ic);
        declared.push((id, table));
    }
}

/// A list of skills, none of them twice.
pub(super) fn skill_set(value: &Value<'_>) -> BTreeSet<Skill> {
    let mut skills = BTreeSet::new();
    for item in value.list().unwrap_or_default() {
        if let Some(skill) = item.id::<Skill>()
            && let Some(twice) = skills.replace(skill)
        {
            item.fault(format!("skill `{twice}` is named twice"), "name it once");
        }
    }
    skills
}

fn skills(value: &Value<'_>) -> BTreeMap<Skill, SkillLevel> {
    let Some(table) = value.table() else { return BTreeMap::new() };
    let mut skills = BTreeMap::new();
    for (name, value) in table.entries() {
        // A level that cannot be read is a fault of its own; the skill is there, so steps that need it have none.
        let level = value.word(SkillLevel::ALL).unwrap_or(SkillLevel::Beginner);
        match name.parse::<Skill>() {
            Ok(skill) => {
                skills.insert(skill, level);
            }
            Err(error) => value.fault(format!("{} is not a skill", quoted(name)), format!("write {}", error.expected)),
        }
    }
    skills
}

fn hours(value: &Value<'_>) -> Option<Effort> {
    let accept = |hours: f64| hours > 0.0 && hours <= 24.0 && Effort::from_hours(hours) > Effort::default();
    value.number("a number of hours, more than 0 and at most 24", accept).map(Effort::from_hours)
}

/// Reads the workers into the chart, which has its people.
pub(super) fn workers(tables: Vec<Table<'_>>, chart: &mut Chart) {
    let mut declared: Vec<(WorkerId, Table<'_>)> = Vec::new();
    for mut table in tables {
        let id = table.required("id", "`id = \"shell\"`").and_then(|value| value.id::<WorkerId>());
        if let Some((_, other)) = declared.iter().find(|(other, _)| Some(other) == id.as_ref()) {
            declared_twice(&table, other);
        }
        let word = table.required("kind", "`kind = \"command\"`, `\"acp\"`, `\"simulated\"` or `\"human\"`");
        let word = word.and_then(|value| value.word(&["command", "acp", "simulated", "human"]));
        let reviews = table.optional("reviews").and_then(|value| value.flag());
        // A person can judge the work of others, unless the chart says otherwise; so may whatever has an unknown kind.
        let (kind, usually_reviews) = match word {
            Some("command") => (Some(command(&mut table)), false),
            Some("acp") => (Some(acp(&mut table)), false),
            Some("simulated") => (Some(simulated(&mut table)), false),
            Some(_) => (human(&mut table, chart), true),
            None => {
                // Which keys belong here depends on the kind: without one, those of any may be right.
                for key in ["command", "preset", "environment", "timeout", "person"] {
                    table.optional(key);
                }
                (Some(simulated(&mut table)), true)
            }
        };
        table.finish();
        let (Some(id), Some(kind)) = (id.or_else(stand_in), kind) else { continue };
        let reviews = reviews.unwrap_or(usually_reviews);
        chart.workers.insert(id.clone(), Worker { id: id.clone(), kind, reviews });
        declared.push((id, table));
    }
}

fn command(table: &mut Table<'_>) -> WorkerKind {
    let argv = table.required("command", "`command = [\"sh\", \"{org_dir}/work.sh\"]`");
    let argv = argv.and_then(|value| program::argv(&value, WORKER_PLACEHOLDERS)).unwrap_or_default();
    let (environment, timeout) = surroundings(table);
    WorkerKind::Command { argv, environment, timeout }
}

/// A coding agent: its command, or that of an agent that is known by name.
fn acp(table: &mut Table<'_>) -> WorkerKind {
    let preset = table.optional("preset");
    let known = preset.as_ref().and_then(|value| value.word(&AGENTS.map(|(name, _)| name)));
    let known = AGENTS.iter().find(|(name, _)| Some(*name) == known);
    let known = known.map(|(_, argv)| argv.iter().map(|&word| word.to_owned()).collect());
    let own = match preset {
        Some(_) => table.optional("command"),
        None => table.required("command", "`command = [\"opencode\", \"acp\"]`, or `preset = \"opencode\"`"),
    };
    let own = own.and_then(|value| program::argv(&value, WORKER_PLACEHOLDERS));
    let (environment, timeout) = surroundings(table);
    WorkerKind::Acp { argv: own.or(known).unwrap_or_default(), environment, timeout }
}

/// The variables and the time of a program.
fn surroundings(table: &mut Table<'_>) -> (BTreeMap<String, String>, Millis) {
    let environment = table.optional("environment").map(|value| program::environment(&value));
    let timeout = table.optional("timeout").and_then(|value| value.duration(Millis(1), LONGEST_ATTEMPT));
    (environment.unwrap_or_default(), timeout.unwrap_or(DEFAULT_TIMEOUT))
}

fn simulated(table: &mut Table<'_>) -> WorkerKind {
    let duration = table.optional("duration").and_then(|value| value.duration(Millis(0), LONGEST_ATTEMPT));
    let mut rate = |key| {
        let value = table.optional(key);
        value.and_then(|value| value.number("a share, from 0 to 1", |share| (0.0..=1.0).contains(&share)))
    };
    let failure_rate = rate("failure_rate").unwrap_or_default();
    let rework_rate = rate("rework_rate").unwrap_or_default();
    let seed = table.optional("seed").and_then(|value| value.integer(0..=u64::MAX)).unwrap_or_default();
    WorkerKind::Simulated { duration: duration.unwrap_or(DEFAULT_DURATION), failure_rate, rework_rate, seed }
}

/// A person who does the work. Where nobody is named, or nobody who is there, somebody stands in.
fn human(table: &mut Table<'_>, chart: &Chart) -> Option<WorkerKind> {
    let value = table.required("person", "`person = \"ada\"`, who does the work");
    let named = value.and_then(|value| {
        let people = chart.people.iter().map(|(id, person)| (id.as_str(), person));
        let person = reference::one_of(&value, "person", people)?;
        if person.role < PersonRole::Contributor {
            value.fault(
                format!("person `{}` is an observer, who only looks", person.id),
                "give them the role `contributor` or a higher one, or name somebody else",
            );
        }
        Some(person.id.clone())
    });
    let person = named.or_else(stand_in)?;
    Some(WorkerKind::Human { person })
}
