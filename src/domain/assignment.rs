//! Who gets a task: skill match, load, fit and learning, each a figure one can look up afterwards.
//!
//! score = 0.40 match + 0.25 (1 − min(workload, 1)) + 0.20 fit + 0.10 learning + 0.05 performance; ties go to the smaller
//! id. Qualified from a match of 0.6; available up to a workload of 0.9, or 0.95 for critical work. The weights favour
//! being able to do it, then having the time, then growing.
//!
//! [`rate`] is the formula; a [`Pool`] applies it to many pieces of work at once.

mod pool;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::pool::{Pool, Waiting};

use crate::domain::id::{IcId, Sequence};
use crate::domain::learning::{Estimate, Outcome, pace, performance};
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
    /// What else led to it, where something did: that somebody was borrowed from another domain, or that something less
    /// urgent was deferred for it.
    pub because: Option<String>,
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
    /// Hours that they are expected to need.
    pub estimate: Estimate,
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
    /// It asks for somebody of another position.
    OtherPosition,
}

/// What an IC has on their desk, and how their work turned out: all that a choice looks at besides the chart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'a> {
    /// Hours that are left of what they have.
    pub committed: Effort,
    /// Their latest work, oldest first.
    pub history: &'a [Outcome],
}

impl State {
    /// How an IC stands now.
    #[must_use]
    pub fn standing(&self, ic: &IcId) -> Standing<'_> {
        Standing { committed: self.load(ic).committed, history: self.history_of(ic) }
    }

    /// How the latest work of an IC turned out, oldest first.
    #[must_use]
    pub fn history_of(&self, ic: &IcId) -> &[Outcome] {
        self.history.get(ic).map_or(&[], Vec::as_slice)
    }
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

/// Whether somebody is what a piece of work asks for; any position is where it asks for none.
#[must_use]
pub fn has_position(ic: &Ic, work: &Work) -> bool {
    work.position.is_none() || work.position == ic.position
}

/// The terms and the score of one IC for a piece of work.
#[must_use]
pub fn rate(ic: &Ic, work: &Work, standing: Standing<'_>) -> Candidate {
    let skill_match = skill_match(ic, work);
    let workload = workload(ic, standing.committed);
    let fit = fit(ic.experience, work.complexity);
    let learning = learning(ic, work);
    let performance = performance(standing.history);
    let score = score(skill_match, fit, learning, performance, workload);
    let estimate = pace(standing.history, work).expects(work.effort);
    Candidate { ic: ic.id.clone(), skill_match, workload, fit, learning, performance, score, estimate }
}

fn score(skill_match: f64, fit: f64, learning: f64, performance: f64, workload: f64) -> f64 {
    0.40 * skill_match + 0.25 * (1.0 - workload.min(1.0)) + 0.20 * fit + 0.10 * learning + 0.05 * performance
}

/// The workload up to which somebody takes on something of this priority.
#[must_use]
pub const fn available_below(priority: Priority) -> f64 {
    match priority {
        Priority::Critical => AVAILABLE_FOR_CRITICAL,
        Priority::Low | Priority::Normal | Priority::High => AVAILABLE,
    }
}

/// Chooses among `ics`, who stand as `standing` tells.
pub fn choose<'a>(
    ics: impl Iterator<Item = &'a Ic>,
    work: &'a Work,
    priority: Priority,
    failed_with: &BTreeSet<IcId>,
    inputs: Sequence,
    standing: impl Fn(&IcId) -> Standing<'a>,
) -> Choice {
    Pool::new(ics, standing, inputs).choose(work, priority, failed_with)
}

/// What is to be known later where a person chose `to`: their terms first, then those of the others, best first, and why.
pub fn chosen_by_a_person<'a>(
    to: &Ic,
    others: impl Iterator<Item = &'a Ic>,
    work: &Work,
    inputs: Sequence,
    standing: impl Fn(&IcId) -> Standing<'a>,
    reason: &str,
) -> Explanation {
    let rate = |ic: &Ic| rate(ic, work, standing(&ic.id));
    let mut candidates: Vec<Candidate> = others.filter(|ic| ic.id != to.id).map(rate).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.ic.cmp(&b.ic)));
    candidates.insert(0, rate(to));
    candidates.truncate(CANDIDATES_KEPT);
    Explanation { inputs, candidates, chosen: Some(reason.to_owned()), ..Explanation::default() }
}

/// Everybody of a task's domain as they stand for it now: whoever is qualified, with or without the time, best first, and
/// the counts of all others. For whoever asks why it waits.
#[must_use]
pub fn as_things_stand(state: &State, task: &Task) -> Explanation {
    let ics = there(state, state.chart.ics_of(&task.domain));
    Pool::new(ics, |ic| state.standing(ic), state.sequence).qualified(&task.work, task.priority, &task.failed_with)
}

/// Chooses among those of `ics` who are there to take a task, who have as much on their desk as `committed` says.
pub(in crate::domain) fn choose_for<'a>(
    state: &'a State,
    task: &'a Task,
    ics: impl Iterator<Item = &'a Ic>,
    committed: impl Fn(&IcId) -> Effort,
) -> Choice {
    let standing = |ic: &IcId| Standing { committed: committed(ic), history: state.history_of(ic) };
    choose(there(state, ics), &task.work, task.priority, &task.failed_with, state.sequence, standing)
}

/// Those who are there.
pub(in crate::domain) fn there<'a>(
    state: &'a State,
    ics: impl Iterator<Item = &'a Ic>,
) -> impl Iterator<Item = &'a Ic> {
    ics.filter(|ic| state.absence(&Role::Ic(ic.id.clone())).is_none())
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
            position: None,
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
            position: None,
            security_sensitive: false,
            criteria: Vec::new(),
            deliverables: Vec::new(),
        }
    }

    fn with(hours: f64) -> Standing<'static> {
        Standing { committed: Effort::from_hours(hours), history: &[] }
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
        let candidate = rate(&ben, &work(&["nodejs", "jwt"], &["redis", "passport"]), with(6.0));
        assert!(close(candidate.skill_match, 0.86), "{candidate:?}");
        assert!(close(candidate.workload, 0.25), "{candidate:?}");
        assert!(close(candidate.score, 0.7565), "{candidate:?}");
    }

    #[test]
    fn nobody_qualified_differs_from_nobody_available() {
        let ben = ic("ben", &[("rust", SkillLevel::Expert)]);
        let none = BTreeSet::new();
        let ask = |required: &[&str], hours: f64, priority, failed: &BTreeSet<IcId>| {
            choose([&ben].into_iter(), &work(required, &[]), priority, failed, Sequence(7), |_| with(hours))
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
                    Standing::default()
                });
            assert!(matches!(choice, Choice::Ic(id, _) if id == ann.id));
        }
    }

    #[test]
    fn work_that_asks_for_a_position_goes_to_nobody_of_another() {
        let mut ben = ic("ben", &[]);
        let mut asks = work(&[], &[]);
        asks.position = Some("dba".parse().expect("a name"));
        let ask = |ic: &Ic| {
            choose([ic].into_iter(), &asks, Priority::Normal, &BTreeSet::new(), Sequence(0), |_| Standing::default())
        };
        let Choice::NobodyQualified(explanation) = ask(&ben) else {
            panic!("he has no position");
        };
        assert_eq!(explanation.rejected, BTreeMap::from([(Unfit::OtherPosition, 1)]));
        ben.position = Some("dba".parse().expect("a name"));
        assert!(matches!(ask(&ben), Choice::Ic(id, _) if id == ben.id));
    }
}
