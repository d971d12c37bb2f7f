//! Learning: how work turned out against what was expected of it, by who did it, and what follows for the next estimate.
//!
//! Two figures come of the latest [`LOOKED_AT`] pieces of work of an IC: how well they have [performed](performance), which
//! is a term of their score, and at what [pace] they go at work of a kind, which their next estimate follows. Both are
//! explained wherever they are used.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{Round, Skill};
use crate::domain::org::Ic;
use crate::domain::task::Task;
use crate::domain::time::Effort;
use crate::domain::work::{Complexity, Work};

/// Finished pieces of work of each IC that are looked at.
pub const LOOKED_AT: usize = 20;

/// Pieces of work of a kind below which nothing follows from them: two may be chance.
pub const SAMPLES: usize = 3;

/// The performance term of somebody without a history: neither good nor bad.
pub const NEUTRAL_PERFORMANCE: f64 = 0.5;

/// How one piece of work turned out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The skills it took.
    pub skills: BTreeSet<Skill>,
    /// How demanding it was.
    pub complexity: Complexity,
    /// Hours that were expected.
    pub estimated: Effort,
    /// Hours that it took, as its attempts ran, in hours of whoever did it.
    pub actual: Effort,
    /// Whether it was approved the first time it was handed in.
    pub first_time: bool,
}

/// How a task that is done turned out, by whoever did it.
#[must_use]
pub fn outcome(task: &Task, ic: &Ic) -> Outcome {
    // So much of a day of organisation time is theirs.
    let hours = task.spent.to_duration().as_secs_f64() / 3_600.0 * ic.hours_per_day.hours() / 24.0;
    Outcome {
        skills: task.work.skills.clone(),
        complexity: task.work.complexity,
        estimated: task.work.effort,
        actual: Effort::from_hours(hours),
        first_time: task.round == Round(1),
    }
}

/// How somebody has done lately, 0 to 1: half of it the share of work that was approved the first time, half of it
/// min(1, estimated ÷ actual). Both hours are sums, so that one small task that took long does not outweigh a large one
/// that did not. [`NEUTRAL_PERFORMANCE`] without a history.
#[must_use]
pub fn performance(history: &[Outcome]) -> f64 {
    if history.is_empty() {
        return NEUTRAL_PERFORMANCE;
    }
    let (mut first, mut all) = (0.0, 0.0);
    for one in history {
        all += 1.0;
        first += if one.first_time { 1.0 } else { 0.0 };
    }
    let (estimated, actual) = sums(history.iter());
    let kept = if actual > estimated { ratio(estimated, actual) } else { 1.0 };
    0.5 * first / all + 0.5 * kept
}

/// Estimated and actual thousandths of hours.
fn sums<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (u64, u64) {
    outcomes.fold((0, 0), |(estimated, actual), one| {
        let add = |sum: u64, effort: Effort| sum.saturating_add(u64::from(effort.milli_hours()));
        (add(estimated, one.estimated), add(actual, one.actual))
    })
}

#[expect(clippy::cast_precision_loss, reason = "twenty efforts in thousandths are far below 2^52")]
fn ratio(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// How long somebody takes for work of a kind against what was planned for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Thousandths of what is planned: 1,300 takes 1.3 times as long. From 500 to 2,000.
    pub permille: u32,
    /// Pieces of work that it is known from; none where nothing is known and it is as planned.
    pub samples: u32,
}

impl Pace {
    /// Nothing speaks against the plan.
    pub const AS_PLANNED: Self = Self { permille: 1_000, samples: 0 };

    /// No pace is below or above these: a history is short, and estimates that it moves further would be guesses.
    const BOUNDS: (u64, u64) = (500, 2_000);

    /// What somebody of this pace is expected to need for work that was planned with so much.
    #[must_use]
    pub fn expects(self, planned: Effort) -> Estimate {
        let expected = u64::from(planned.milli_hours()).saturating_mul(u64::from(self.permille)) / 1_000;
        let expected = Effort::from_milli_hours(u32::try_from(expected).unwrap_or(u32::MAX));
        Estimate { planned, expected, samples: self.samples }
    }
}

/// The pace of somebody with this history at a piece of work: for each of its skills the actual over the estimated hours,
/// as sums, of their work of the same complexity that took it, where there are [`SAMPLES`] of that; the mean of these.
/// Work that takes no skill is compared with work that took none.
#[must_use]
pub fn pace(history: &[Outcome], work: &Work) -> Pace {
    if history.len() < SAMPLES {
        return Pace::AS_PLANNED;
    }
    let alike = |one: &&Outcome| one.complexity == work.complexity && one.estimated > Effort::default();
    let of_none = |one: &&Outcome| alike(one) && one.skills.is_empty();
    let (mut sum, mut kinds) = (0_u64, 0_u64);
    // Whether there is enough of a kind, which is then part of the mean.
    let mut look = |found: &mut dyn Iterator<Item = &Outcome>| {
        let (mut count, mut estimated, mut actual) = (0_usize, 0_u64, 0_u64);
        for one in found {
            count = count.saturating_add(1);
            estimated = estimated.saturating_add(u64::from(one.estimated.milli_hours()));
            actual = actual.saturating_add(u64::from(one.actual.milli_hours()));
        }
        let is_enough = count >= SAMPLES;
        if is_enough {
            sum = sum.saturating_add(actual.saturating_mul(1_000).checked_div(estimated).unwrap_or(1_000));
            kinds = kinds.saturating_add(1);
        }
        is_enough
    };
    let samples = if work.skills.is_empty() {
        let is_enough = look(&mut history.iter().filter(of_none));
        if is_enough { history.iter().filter(of_none).count() } else { 0 }
    } else {
        let took = |skill: &Skill, one: &&Outcome| alike(one) && one.skills.contains(skill);
        let known: Vec<&Skill> =
            work.skills.iter().filter(|skill| look(&mut history.iter().filter(|one| took(skill, one)))).collect();
        // Work that took several of the skills counts once.
        history.iter().filter(|one| known.iter().any(|skill| took(skill, one))).count()
    };
    let Some(mean) = sum.checked_div(kinds) else {
        return Pace::AS_PLANNED;
    };
    let bounded = mean.clamp(Pace::BOUNDS.0, Pace::BOUNDS.1);
    Pace { permille: u32::try_from(bounded).unwrap_or(1_000), samples: u32::try_from(samples).unwrap_or(u32::MAX) }
}

/// What a piece of work was planned with, and what somebody is expected to need for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// Hours of the plan.
    pub planned: Effort,
    /// Hours that they are expected to need; the hours of the plan where nothing is known of them.
    pub expected: Effort,
    /// Pieces of their work that this is known from.
    pub samples: u32,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "estimated {}", self.planned)?;
        if self.samples == 0 {
            return Ok(());
        }
        write!(f, ", for them {}, by {} pieces of such work of theirs", self.expected, self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(skills: &[&str], complexity: Complexity, hours: (f64, f64), first_time: bool) -> Outcome {
        Outcome {
            skills: skills.iter().map(|skill| skill.parse().expect("test skills are names")).collect(),
            complexity,
            estimated: Effort::from_hours(hours.0),
            actual: Effort::from_hours(hours.1),
            first_time,
        }
    }

    fn work(skills: &[&str], complexity: Complexity) -> Work {
        Work {
            title: String::new(),
            description: String::new(),
            effort: Effort::from_hours(4.0),
            complexity,
            skills: skills.iter().map(|skill| skill.parse().expect("test skills are names")).collect(),
            nice_to_have: BTreeSet::new(),
            position: None,
            security_sensitive: false,
            criteria: Vec::new(),
            deliverables: Vec::new(),
        }
    }

    #[test]
    fn performance_is_half_approval_at_once_and_half_hours_kept() {
        let one = |hours, first| outcome(&[], Complexity::Simple, hours, first);
        let table: [(&str, Vec<Outcome>, f64); 6] = [
            ("no history", vec![], 0.5),
            ("as planned, at once", vec![one((4.0, 4.0), true)], 1.0),
            ("faster counts no more", vec![one((4.0, 1.0), true)], 1.0),
            ("twice as long, at once", vec![one((4.0, 8.0), true)], 0.75),
            ("as planned, never at once", vec![one((4.0, 4.0), false)], 0.5),
            // Sums: 9 of 12 hours; the mean of 0.25 and 1 would be 0.625.
            ("one small task took long", vec![one((1.0, 4.0), true), one((8.0, 8.0), false)], 0.25 + 0.375),
        ];
        for (case, history, expected) in table {
            assert!((performance(&history) - expected).abs() < 1e-9, "{case}: {}", performance(&history));
        }
    }

    #[test]
    fn an_estimate_follows_work_of_the_same_skill_and_complexity() {
        use Complexity::{High, Simple};
        let slow = || outcome(&["rust"], Simple, (4.0, 5.2), true);
        let table = [
            ("nothing is known", vec![], work(&["rust"], Simple), (1_000, 0)),
            ("two are chance", vec![slow(), slow()], work(&["rust"], Simple), (1_000, 0)),
            ("three are not", vec![slow(), slow(), slow()], work(&["rust"], Simple), (1_300, 3)),
            ("another complexity", vec![slow(), slow(), slow()], work(&["rust"], High), (1_000, 0)),
            ("another skill", vec![slow(), slow(), slow()], work(&["go"], Simple), (1_000, 0)),
            ("no skill is another kind", vec![slow(), slow(), slow()], work(&[], Simple), (1_000, 0)),
            ("the skill that is known", vec![slow(), slow(), slow()], work(&["go", "rust"], Simple), (1_300, 3)),
            ("never more than twice", vec![outcome(&[], Simple, (1.0, 9.0), true); 4], work(&[], Simple), (2_000, 4)),
            ("never less than half", vec![outcome(&[], Simple, (9.0, 0.0), true); 4], work(&[], Simple), (500, 4)),
        ];
        for (case, history, work, (permille, samples)) in table {
            assert_eq!(pace(&history, &work), Pace { permille, samples }, "{case}");
        }
        let estimate = pace(&[slow(), slow(), slow()], &work(&["rust"], Simple)).expects(Effort::from_hours(4.0));
        assert_eq!(estimate.to_string(), "estimated 4 h, for them 5.2 h, by 3 pieces of such work of theirs");
        assert_eq!(Pace::AS_PLANNED.expects(Effort::from_hours(4.0)).to_string(), "estimated 4 h");
    }

    #[test]
    fn several_skills_are_averaged_and_each_piece_counts_once() {
        let mut history = vec![outcome(&["go", "rust"], Complexity::Simple, (2.0, 4.0), true); 3];
        history.extend(vec![outcome(&["go"], Complexity::Simple, (2.0, 2.0), true); 3]);
        // rust: 12 of 6 hours; go: 18 of 12.
        assert_eq!(pace(&history, &work(&["go", "rust"], Complexity::Simple)), Pace { permille: 1_750, samples: 6 });
    }
}
