//! Choosing for many pieces of work among the same people.
//!
//! What of a score hangs on the work alone is worked out once for all work that asks for the same, so one more task of a
//! kind costs a look at each workload. Once nobody has the time for work of a kind, the next task of it costs a look-up.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CANDIDATES_KEPT, Candidate, Choice, Explanation, QUALIFIED, Standing, Unfit, available_below, fit, has_position,
    learning, score, skill_match, workload,
};
use crate::domain::id::{IcId, Position, Sequence, Skill};
use crate::domain::learning::{Pace, pace, performance};
use crate::domain::org::Ic;
use crate::domain::time::Effort;
use crate::domain::work::{Complexity, Priority, Work};

/// Some ICs, how they stand, and what was worked out about them.
pub struct Pool<'a> {
    members: Vec<Member<'a>>,
    groups: BTreeMap<Needs<'a>, Group>,
    inputs: Sequence,
}

/// One of them.
struct Member<'a> {
    ic: &'a Ic,
    standing: Standing<'a>,
    workload: f64,
    performance: f64,
}

/// All that work asks of whoever does it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Needs<'a> {
    skills: &'a BTreeSet<Skill>,
    nice_to_have: &'a BTreeSet<Skill>,
    position: Option<&'a Position>,
    complexity: Complexity,
}

/// Who could do work of a kind.
#[derive(Default)]
struct Group {
    suited: Vec<Suited>,
    rejected: BTreeMap<Unfit, u32>,
    /// Nobody is available up to this workload.
    full: Option<f64>,
}

/// Somebody who is qualified, with the terms that do not hang on what they have to do.
struct Suited {
    member: usize,
    skill_match: f64,
    fit: f64,
    learning: f64,
    pace: Pace,
}

/// What a piece of work waits for, where whoever could do it has no time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Hours until the first of them has room, at their own pace: hours over the limit, and hours they work a day.
    pub soonest: Option<(Effort, Effort)>,
    /// Hours until the first of them has done everything they have: hours, and hours they work a day.
    pub free: Option<(Effort, Effort)>,
    /// Hours that all of them work a day.
    pub a_day: Effort,
    /// Hours that all of them have to do.
    pub committed: Effort,
}

impl<'a> Pool<'a> {
    /// A pool of these. `inputs` is the place in the journal up to which it is known how they stand.
    pub fn new(ics: impl Iterator<Item = &'a Ic>, standing: impl Fn(&IcId) -> Standing<'a>, inputs: Sequence) -> Self {
        let member = |ic: &'a Ic| {
            let standing = standing(&ic.id);
            let (workload, performance) = (workload(ic, standing.committed), performance(standing.history));
            Member { ic, standing, workload, performance }
        };
        let mut members: Vec<Member<'a>> = ics.map(member).collect();
        // In order of their ids, whatever the order they came in: that is what ties go by.
        members.sort_by(|a, b| a.ic.id.cmp(&b.ic.id));
        Self { members, groups: BTreeMap::new(), inputs }
    }

    /// Chooses for a piece of work, and does not count it as given.
    pub fn choose(&mut self, work: &'a Work, priority: Priority, failed_with: &BTreeSet<IcId>) -> Choice {
        let limit = available_below(priority);
        let needs = self.learn(work);
        let Some(group) = self.groups.get_mut(&needs) else {
            return Choice::NobodyAvailable;
        };
        if failed_with.is_empty() && group.full.is_some_and(|full| limit <= full) {
            return Choice::NobodyAvailable;
        }
        let mut rejected = group.rejected.clone();
        let mut found = Vec::new();
        let mut overloaded = false;
        for suited in &group.suited {
            let Some(member) = self.members.get(suited.member) else {
                continue;
            };
            if failed_with.contains(&member.ic.id) {
                reject(&mut rejected, Unfit::FailedBefore);
            } else if member.workload > limit {
                reject(&mut rejected, Unfit::Overloaded);
                overloaded = true;
            } else {
                found.push((total(suited, member), suited));
            }
        }
        if found.is_empty() && overloaded && failed_with.is_empty() {
            group.full = Some(group.full.map_or(limit, |full| full.max(limit)));
        }
        let candidates = best(&self.members, found, work);
        let winner = candidates.first().map(|best| best.ic.clone());
        let explanation = Explanation { inputs: self.inputs, candidates, rejected, ..Explanation::default() };
        match winner {
            Some(winner) => Choice::Ic(winner, explanation),
            None if overloaded => Choice::NobodyAvailable,
            None => Choice::NobodyQualified(explanation),
        }
    }

    /// Everybody who is qualified, whether or not they have the time; those who do not are counted as overloaded all the
    /// same.
    pub(super) fn qualified(mut self, work: &'a Work, priority: Priority, failed_with: &BTreeSet<IcId>) -> Explanation {
        let limit = available_below(priority);
        let needs = self.learn(work);
        let group = self.groups.remove(&needs).unwrap_or_default();
        let mut rejected = group.rejected;
        let mut found = Vec::new();
        for suited in &group.suited {
            let Some(member) = self.members.get(suited.member) else {
                continue;
            };
            if failed_with.contains(&member.ic.id) {
                reject(&mut rejected, Unfit::FailedBefore);
                continue;
            }
            if member.workload > limit {
                reject(&mut rejected, Unfit::Overloaded);
            }
            found.push((total(suited, member), suited));
        }
        let candidates = best(&self.members, found, work);
        Explanation { inputs: self.inputs, candidates, rejected, ..Explanation::default() }
    }

    /// What a piece of work waits for that nobody has the time for.
    pub fn waiting(&mut self, work: &'a Work, priority: Priority, failed_with: &BTreeSet<IcId>) -> Waiting {
        let limit = available_below(priority) * super::WORKLOAD_DAYS;
        let needs = self.learn(work);
        let suited = self.groups.get(&needs).map_or(&[][..], |group| group.suited.as_slice());
        let mut waiting = Waiting::default();
        let (mut least, mut first) = (f64::INFINITY, f64::INFINITY);
        for member in suited.iter().filter_map(|one| self.members.get(one.member)) {
            if failed_with.contains(&member.ic.id) {
                continue;
            }
            let (committed, a_day) = (member.standing.committed, member.ic.hours_per_day);
            let over = committed.minus(Effort::from_hours(limit * a_day.hours()));
            let days = over.hours() / a_day.hours();
            if days < least {
                least = days;
                waiting.soonest = Some((over, a_day));
            }
            if member.workload < first {
                first = member.workload;
                waiting.free = Some((committed, a_day));
            }
            waiting.a_day = waiting.a_day.plus(a_day);
            waiting.committed = waiting.committed.plus(committed);
        }
        waiting
    }

    /// Hours that an IC of the pool is expected to need for a piece of work.
    #[must_use]
    pub fn expects(&self, ic: &IcId, work: &Work) -> Effort {
        let history = self.place(ic).and_then(|place| self.members.get(place)).map(|member| member.standing.history);
        pace(history.unwrap_or_default(), work).expects(work.effort).expected
    }

    /// An IC has so much to do now. Whoever is not in the pool does not count.
    pub fn set(&mut self, ic: &IcId, committed: Effort) {
        let Some(member) = self.place(ic).and_then(|place| self.members.get_mut(place)) else {
            return;
        };
        let has_more_room = committed < member.standing.committed;
        member.standing.committed = committed;
        member.workload = workload(member.ic, committed);
        if has_more_room {
            self.groups.values_mut().for_each(|group| group.full = None);
        }
    }

    fn place(&self, ic: &IcId) -> Option<usize> {
        self.members.binary_search_by(|member| member.ic.id.cmp(ic)).ok()
    }

    /// Works out who is qualified for work of this kind, the first time there is some.
    fn learn(&mut self, work: &'a Work) -> Needs<'a> {
        let needs = || Needs {
            skills: &work.skills,
            nice_to_have: &work.nice_to_have,
            position: work.position.as_ref(),
            complexity: work.complexity,
        };
        let members = &self.members;
        self.groups.entry(needs()).or_insert_with(|| group(members, work));
        needs()
    }
}

fn group(members: &[Member<'_>], work: &Work) -> Group {
    let mut group = Group::default();
    for (place, member) in members.iter().enumerate() {
        let skill_match = skill_match(member.ic, work);
        if !has_position(member.ic, work) {
            reject(&mut group.rejected, Unfit::OtherPosition);
        } else if skill_match < QUALIFIED {
            reject(&mut group.rejected, Unfit::NotQualified);
        } else {
            group.suited.push(Suited {
                member: place,
                skill_match,
                fit: fit(member.ic.experience, work.complexity),
                learning: learning(member.ic, work),
                pace: pace(member.standing.history, work),
            });
        }
    }
    group
}

fn reject(rejected: &mut BTreeMap<Unfit, u32>, why: Unfit) {
    let seen = rejected.entry(why).or_insert(0);
    *seen = seen.saturating_add(1);
}

fn total(suited: &Suited, member: &Member<'_>) -> f64 {
    score(suited.skill_match, suited.fit, suited.learning, member.performance, member.workload)
}

/// The best ten, best first. Only these are put in order: the others are of no account.
fn best(members: &[Member<'_>], mut found: Vec<(f64, &Suited)>, work: &Work) -> Vec<Candidate> {
    let order = |a: &(f64, &Suited), b: &(f64, &Suited)| b.0.total_cmp(&a.0).then_with(|| a.1.member.cmp(&b.1.member));
    if found.len() > CANDIDATES_KEPT {
        found.select_nth_unstable_by(CANDIDATES_KEPT, order);
        found.truncate(CANDIDATES_KEPT);
    }
    found.sort_unstable_by(order);
    let candidate = |(score, suited): (f64, &Suited)| {
        let member = members.get(suited.member)?;
        Some(Candidate {
            ic: member.ic.id.clone(),
            skill_match: suited.skill_match,
            workload: member.workload,
            fit: suited.fit,
            learning: suited.learning,
            performance: member.performance,
            score,
            estimate: suited.pace.expects(work.effort),
        })
    };
    found.into_iter().filter_map(candidate).collect()
}
