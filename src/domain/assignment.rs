//! Who gets a task: skill match, load, fit and learning, each a figure one can look up afterwards.
//!
//! score = 0.40 match + 0.25 (1 − min(workload, 1)) + 0.20 fit + 0.10 learning + 0.05 performance; ties go to the smaller
//! id. Qualified from a match of 0.6; available up to a workload of 0.9, or 0.95 for critical work. The weights favour
//! being able to do it, then having the time, then growing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::id::{IcId, Sequence};
use crate::domain::org::Ic;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::Effort;
use crate::domain::work::{Complexity, Experience, Priority, SkillLevel, Work};

/// A match below this is not qualified.
pub const QUALIFIED: f64 = 0.6;
/// A workload above this is not available.
pub const AVAILABLE: f64 = 0.9;
/// A workload above this is not available even for critical work.
pub const AVAILABLE_FOR_CRITICAL: f64 = 0.95;
/// Workload is measured against this many days of the IC's hours.
pub const WORKLOAD_DAYS: f64 = 3.0;
/// The performance term of somebody without a history: neither good nor bad.
pub const NEUTRAL_PERFORMANCE: f64 = 0.5;
/// Candidates kept in an explanation.
const CANDIDATES_KEPT: usize = 10;

/// Why a task went to whom it went.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The place in the journal up to which the inputs were known.
    pub inputs: Sequence,
    /// The best ten, best first; the winner is the first, wherever a person who chose them found them.
    pub candidates: Vec<Candidate>,
    /// How many were not considered, by reason.
    pub rejected: BTreeMap<Unfit, u32>,
    /// Why a person chose the winner, where one did; the others are as they were rated.
    pub chosen: Option<String>,
}

/// Somebody who could have it, with the terms of their score.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub ic: IcId,
    /// Skill match, 0 to 1.
    pub skill_match: f64,
    /// Remaining committed hours over three days of theirs.
    pub workload: f64,
    /// How the complexity suits their experience, 0 to 1.
    pub fit: f64,
    /// Share of the task's skills that they want to learn.
    pub learning: f64,
    /// How they have done lately, 0 to 1.
    pub performance: f64,
    /// The weighted sum.
    pub score: f64,
}

/// Why somebody was not considered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// A required skill is missing, or the match is below 0.6.
    NotQualified,
    /// Too much on their desk.
    Overloaded,
    /// It failed with them for good.
    FailedBefore,
}

/// What came of looking for somebody.
#[derive(Clone, PartialEq, Debug)]
pub enum Choice {
    /// This one; the first candidate of the explanation.
    Ic(IcId, Explanation),
    /// Some are qualified, and none has the time: it waits.
    NobodyAvailable,
    /// Nobody is qualified, or it has failed with everybody who is.
    NobodyQualified(Explanation),
}

/// How well a level masters its skill, 0 to 1.
#[must_use]
pub const fn mastery(level: SkillLevel) -> f64 {
    match level {
        SkillLevel::Beginner => 0.5,
        SkillLevel::Intermediate => 0.75,
        SkillLevel::Advanced => 0.9,
        SkillLevel::Expert => 1.0,
    }
}

/// Mean mastery of the required skills, 0 if one is missing and 1 if none is required; with nice-to-haves 0.8 of that plus
/// 0.2 of the share of them that is there.
#[must_use]
pub fn skill_match(ic: &Ic, work: &Work) -> f64 {
    let mut sum = 0.0;
    for skill in &work.skills {
        match ic.skills.get(skill) {
            Some(level) => sum += mastery(*level),
            None => return 0.0,
        }
    }
    let required = if work.skills.is_empty() { 1.0 } else { sum / count(work.skills.len()) };
    if work.nice_to_have.is_empty() {
        return required;
    }
    let present = work.nice_to_have.iter().filter(|skill| ic.skills.contains_key(*skill)).count();
    0.8 * required + 0.2 * count(present) / count(work.nice_to_have.len())
}

/// Committed hours over three days of the IC's hours.
#[must_use]
pub fn workload(ic: &Ic, committed: Effort) -> f64 {
    committed.hours() / (ic.hours_per_day.hours() * WORKLOAD_DAYS)
}

/// How a complexity suits an experience, 0 to 1.
#[must_use]
pub const fn fit(experience: Experience, complexity: Complexity) -> f64 {
    match (complexity, experience) {
        (Complexity::Simple, Experience::Junior) => 1.0,
        (Complexity::Simple, Experience::Mid) => 0.9,
        (Complexity::Simple, Experience::Senior) => 0.7,
        (Complexity::Simple, Experience::Staff) => 0.6,
        (Complexity::Moderate, Experience::Junior) => 0.4,
        (Complexity::Moderate, Experience::Mid) => 1.0,
        (Complexity::Moderate, Experience::Senior) => 0.9,
        (Complexity::Moderate, Experience::Staff) => 0.7,
        (Complexity::High, Experience::Junior) => 0.0,
        (Complexity::High, Experience::Mid) => 0.6,
        (Complexity::High, Experience::Senior | Experience::Staff) => 1.0,
    }
}

/// Share of the task's skills that the IC wants to learn; 0 where the task names none.
#[must_use]
pub fn learning(ic: &Ic, work: &Work) -> f64 {
    let total = work.skills.len().saturating_add(work.nice_to_have.len());
    if total == 0 {
        return 0.0;
    }
    let wanted =
        work.skills.iter().chain(&work.nice_to_have).filter(|skill| ic.wants_to_learn.contains(*skill)).count();
    count(wanted) / count(total)
}

/// The terms and the score of one IC for a piece of work.
#[must_use]
pub fn rate(ic: &Ic, work: &Work, committed: Effort) -> Candidate {
    let skill_match = skill_match(ic, work);
    let workload = workload(ic, committed);
    let fit = fit(ic.experience, work.complexity);
    let learning = learning(ic, work);
    let performance = NEUTRAL_PERFORMANCE;
    let score =
        0.40 * skill_match + 0.25 * (1.0 - workload.min(1.0)) + 0.20 * fit + 0.10 * learning + 0.05 * performance;
    Candidate { ic: ic.id.clone(), skill_match, workload, fit, learning, performance, score }
}

/// The workload up to which somebody takes on something of this priority.
#[must_use]
pub const fn available_below(priority: Priority) -> f64 {
    match priority {
        Priority::Critical => AVAILABLE_FOR_CRITICAL,
        Priority::Low | Priority::Normal | Priority::High => AVAILABLE,
    }
}

/// Chooses among `ics`, whose committed hours `committed` tells.
pub fn choose<'a>(
    ics: impl Iterator<Item = &'a Ic>,
    work: &Work,
    priority: Priority,
    failed_with: &BTreeSet<IcId>,
    inputs: Sequence,
    committed: impl Fn(&IcId) -> Effort,
) -> Choice {
    let limit = available_below(priority);
    let mut explanation = Explanation { inputs, ..Explanation::default() };
    let mut reject = |why: Unfit| {
        let seen = explanation.rejected.entry(why).or_insert(0);
        *seen = seen.saturating_add(1);
    };
    let mut candidates = Vec::new();
    let mut overloaded = false;
    for ic in ics {
        let candidate = rate(ic, work, committed(&ic.id));
        if candidate.skill_match < QUALIFIED {
            reject(Unfit::NotQualified);
        } else if failed_with.contains(&ic.id) {
            reject(Unfit::FailedBefore);
        } else if candidate.workload > limit {
            reject(Unfit::Overloaded);
            overloaded = true;
        } else {
            candidates.push(candidate);
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.ic.cmp(&b.ic)));
    candidates.truncate(CANDIDATES_KEPT);
    match candidates.first().map(|best| best.ic.clone()) {
        Some(best) => {
            explanation.candidates = candidates;
            Choice::Ic(best, explanation)
        }
        None if overloaded => Choice::NobodyAvailable,
        None => Choice::NobodyQualified(explanation),
    }
}

/// What is to be known later where a person chose `to`: their terms first, then those of the others, best first, and why.
pub fn chosen_by_a_person<'a>(
    to: &Ic,
    others: impl Iterator<Item = &'a Ic>,
    work: &Work,
    inputs: Sequence,
    committed: impl Fn(&IcId) -> Effort,
    reason: &str,
) -> Explanation {
    let rate = |ic: &Ic| rate(ic, work, committed(&ic.id));
    let mut candidates: Vec<Candidate> = others.filter(|ic| ic.id != to.id).map(rate).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.ic.cmp(&b.ic)));
    candidates.insert(0, rate(to));
    candidates.truncate(CANDIDATES_KEPT);
    Explanation { inputs, candidates, rejected: BTreeMap::new(), chosen: Some(reason.to_owned()) }
}

/// Chooses among those of `ics` who are there to take a task, with what each has on their desk and what `given` adds to it.
pub(in crate::domain) fn choose_for<'a>(
    state: &State,
    task: &Task,
    ics: impl Iterator<Item = &'a Ic>,
    given: impl Fn(&IcId) -> Effort,
) -> Choice {
    let there = ics.filter(|ic| state.absence(&Role::Ic(ic.id.clone())).is_none());
    choose(there, &task.work, task.priority, &task.failed_with, state.sequence, |ic| {
        state.load(ic).committed.plus(given(ic))
    })
}

/// A count as a term of a formula. Counts here are numbers of skills, far below where this would round.
#[expect(clippy::cast_precision_loss, reason = "numbers of skills are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Skill;

    fn skills(names: &[&str]) -> BTreeSet<Skill> {
        names.iter().map(|name| name.parse().expect("test skills are names")).collect()
    }

    fn ic(name: &str, known: &[(&str, SkillLevel)]) -> Ic {
        Ic {
            id: format!("software/backend/{name}").parse().expect("test names are names"),
            title: String::new(),
            experience: Experience::Mid,
            skills: known
                .iter()
                .map(|(skill, level)| (skill.parse().expect("test skills are names"), *level))
                .collect(),
            wants_to_learn: BTreeSet::new(),
            hours_per_day: Effort::from_hours(8.0),
            parallel_limit: 1,
            worker: "w".parse().expect("a name"),
        }
    }

    fn work(required: &[&str], nice: &[&str]) -> Work {
        Work {
            title: String::new(),
            description: String::new(),
            effort: Effort::from_hours(4.0),
            complexity: Complexity::Moderate,
            skills: skills(required),
            nice_to_have: skills(nice),
            security_sensitive: false,
            criteria: Vec::new(),
            deliverables: Vec::new(),
        }
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn the_worked_example_comes_out_as_it_was_worked() {
        let ben = ic(
            "ben",
            &[("nodejs", SkillLevel::Expert), ("jwt", SkillLevel::Advanced), ("redis", SkillLevel::Beginner)],
        );
        let candidate = rate(&ben, &work(&["nodejs", "jwt"], &["redis", "passport"]), Effort::from_hours(6.0));
        assert!(close(candidate.skill_match, 0.86), "{candidate:?}");
        assert!(close(candidate.workload, 0.25), "{candidate:?}");
        assert!(close(candidate.score, 0.7565), "{candidate:?}");
    }

    #[test]
    fn nobody_qualified_differs_from_nobody_available() {
        let ben = ic("ben", &[("rust", SkillLevel::Expert)]);
        let none = BTreeSet::new();
        let ask = |required: &[&str], hours: f64, priority, failed: &BTreeSet<IcId>| {
            choose([&ben].into_iter(), &work(required, &[]), priority, failed, Sequence(7), |_| {
                Effort::from_hours(hours)
            })
        };
        assert!(matches!(ask(&["rust"], 0.0, Priority::Normal, &none), Choice::Ic(id, _) if id == ben.id));
        assert_eq!(ask(&["rust"], 22.0, Priority::Normal, &none), Choice::NobodyAvailable);
        assert!(matches!(ask(&["rust"], 22.0, Priority::Critical, &none), Choice::Ic(..)));
        assert!(matches!(ask(&["go"], 0.0, Priority::Normal, &none), Choice::NobodyQualified(_)));
        let failed = BTreeSet::from([ben.id.clone()]);
        assert!(matches!(ask(&["rust"], 0.0, Priority::Normal, &failed), Choice::NobodyQualified(_)));
    }

    #[test]
    fn ties_go_to_the_smaller_id_whatever_the_order_of_the_input() {
        let (ann, bob) = (ic("ann", &[]), ic("bob", &[]));
        for order in [[&ann, &bob], [&bob, &ann]] {
            let choice =
                choose(order.into_iter(), &work(&[], &[]), Priority::Normal, &BTreeSet::new(), Sequence(0), |_| {
                    Effort::default()
                });
            assert!(matches!(choice, Choice::Ic(id, _) if id == ann.id));
        }
    }
}
