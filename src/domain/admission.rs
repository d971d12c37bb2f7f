//! Admission and arbitration: whether an instruction that is queued begins now, and what it waits for otherwise.
//!
//! - What it depends on comes first, in every tier.
//! - Small work, tiers 0 to 2, always begins: holding it back would cost more than it does.
//! - The rest begins as long as each of its domains stays at or under [`FULL`] percent of three days of everybody who is
//!   there, or nothing else runs there. Where it would be more than that by itself, other small work is not waited for:
//!   there may always be some.
//! - The queue goes by what somebody decided, then critical, then promised to a customer, then first come. What waits
//!   holds back whatever comes after it and competes for the same domains, so nothing is overtaken for ever.
//! - Something critical that competes with what runs is asked about: the manager says whether others make room, or a
//!   person, where one of those is critical, too.
//!
//! Everything here follows from the state alone. Work of an instruction that makes room for another still counts: it goes
//! on by itself.

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::domain::id::{DomainId, InstructionId};
use crate::domain::instruction::{Hold, HoldKind, Instruction, State as InstructionState, StateName};
use crate::domain::reaction::waits_for;
use crate::domain::role::Role;
use crate::domain::schedule::left_by_domain;
use crate::domain::state::State;
use crate::domain::time::Effort;
use crate::domain::work::Priority;

/// The share of a domain's capacity, in percent, up to which large instructions run side by side.
pub const FULL: u64 = 85;

/// Days of work that capacity is measured by.
pub const DAYS: u64 = 3;

/// What comes of looking at an instruction that is queued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It begins.
    Begin,
    /// It waits, and for what.
    Wait(Hold),
}

/// Whether an instruction that is queued begins now.
#[must_use]
pub fn look(state: &State, found: &Instruction) -> Verdict {
    if let Some(hold) = dependencies(state, found) {
        return Verdict::Wait(hold);
    }
    if !is_large(found) || goes_first(state, found) {
        return Verdict::Begin;
    }
    // Only what is queued and not paused is in the queue; for anything else there is nothing to compete for.
    let mut verdict = Verdict::Begin;
    walk(state, |one, place| {
        if one.id != found.id {
            return ControlFlow::Continue(());
        }
        if !place.begins {
            verdict = Verdict::Wait(place.hold(state, one));
        }
        ControlFlow::Break(())
    });
    verdict
}

/// Of everything that is queued: what begins now, and what waits for something else than it was said to wait for.
#[must_use]
pub fn news(state: &State) -> BTreeMap<InstructionId, Verdict> {
    survey(state, is_other)
}

/// Everything that is queued, and whether it begins now; as [`look`] says of each.
#[must_use]
pub fn all(state: &State) -> BTreeMap<InstructionId, Verdict> {
    survey(state, |_, _, _| true)
}

/// As [`all`], without those that wait and are not `wanted`: putting into words why takes most of the time.
fn survey(
    state: &State,
    wanted: fn(&Instruction, HoldKind, &[InstructionId]) -> bool,
) -> BTreeMap<InstructionId, Verdict> {
    let mut found = BTreeMap::new();
    // These do not look at the queue.
    for one in state.queued().filter(|one| !is_large(one) || dependencies(state, one).is_some()) {
        match look(state, one) {
            Verdict::Wait(hold) if !wanted(one, hold.kind, &hold.behind) => {}
            verdict => drop(found.insert(one.id, verdict)),
        }
    }
    walk(state, |one, place| {
        if place.begins {
            found.insert(one.id, Verdict::Begin);
        } else {
            let (kind, behind) = place.waits_for(state, one);
            if wanted(one, kind, &behind) {
                found.insert(one.id, Verdict::Wait(place.hold(state, one)));
            }
        }
        ControlFlow::Continue(())
    });
    found
}

/// Goes through the queue in its order and says where each stands, until `see` has seen enough.
fn walk<'a>(state: &'a State, mut see: impl FnMut(&'a Instruction, &Place) -> ControlFlow<()>) {
    let mut floor = Floor::new(state);
    // Domains for which something waits that comes before, and what.
    let mut taken: BTreeMap<DomainId, InstructionId> = BTreeMap::new();
    let mut place = Place::default();
    for one in queue(state) {
        let asked = left_by_domain(state, one);
        place.before = asked.keys().filter_map(|domain| Some(((*domain).clone(), *taken.get(*domain)?))).collect();
        place.full = asked.iter().filter_map(|(domain, own)| floor.full(domain, *own)).collect();
        place.begins = goes_first(state, one) || (place.before.is_empty() && place.full.is_empty());
        if see(one, &place).is_break() {
            return;
        }
        if place.begins {
            place.begun.insert(one.id);
        }
        for (domain, own) in asked {
            if place.begins {
                floor.add(domain, one.id, own);
            } else {
                taken.entry(domain.clone()).or_insert(one.id);
            }
        }
    }
}

/// Where one that is queued stands.
#[derive(Default)]
struct Place {
    begins: bool,
    /// What waits for the same domains and comes before it.
    before: BTreeMap<DomainId, InstructionId>,
    /// Domains that would be too full with it.
    full: Vec<Full>,
    /// What begins before it, as soon as the organisation gets to it.
    begun: BTreeSet<InstructionId>,
}

/// Whether somebody has to hear of a hold: it is another one than the instruction has.
#[must_use]
pub fn is_news(found: &Instruction, hold: &Hold) -> bool {
    is_other(found, hold.kind, &hold.behind)
}

fn is_other(found: &Instruction, kind: HoldKind, behind: &[InstructionId]) -> bool {
    found.held.as_ref().is_none_or(|before| before.kind != kind || before.behind != behind)
}

/// The share of a domain's capacity that the work of the instructions which run takes, in percent; nothing where nobody is
/// there.
#[must_use]
pub fn percent(state: &State, domain: &DomainId, more: Effort) -> Option<u64> {
    let running: u64 = state.open_work(domain).map(|(_, hours)| u64::from(hours.milli_hours())).sum();
    share(running.saturating_add(u64::from(more.milli_hours())), capacity(state, domain))
}

/// Instructions of the upper tiers that are queued and could begin as far as others they depend on go, in their order.
fn queue(state: &State) -> Vec<&Instruction> {
    let mut queue: Vec<&Instruction> = state
        .queued()
        .filter(|one| one.paused.is_none() && is_large(one) && dependencies(state, one).is_none())
        .collect();
    queue.sort_by_key(|one| {
        let is_critical = one.request.priority == Priority::Critical;
        // What is true sorts after what is not.
        (!goes_first(state, one), !is_critical, !one.request.customer_commitment, one.received.org, one.id)
    });
    queue
}

/// Whether it is of the tiers that wait for capacity.
fn is_large(found: &Instruction) -> bool {
    found.tier().is_some_and(|tier| tier.has_strategic_phase())
}

/// Whether somebody decided that it goes before others, or others stand still until it is over, however far around: they
/// would wait for one another otherwise.
fn goes_first(state: &State, found: &Instruction) -> bool {
    found.arbitrated.as_ref().is_some_and(|one| one.first)
        || state.making_room().any(|paused| waits_for(state, paused.id, found.id))
}

/// What an instruction waits for among those it depends on.
fn dependencies(state: &State, found: &Instruction) -> Option<Hold> {
    let needed = || found.request.depends_on.iter().copied().filter(|on| !found.waived.contains(on));
    let lost: Vec<InstructionId> =
        needed().filter(|on| matches!(state.ended(*on), Some(StateName::Cancelled | StateName::Rejected))).collect();
    if !lost.is_empty() {
        let reason = words::lost(state, &lost);
        return Some(Hold { kind: HoldKind::DependencyLost, reason, behind: lost });
    }
    let unmet: Vec<InstructionId> = needed().filter(|on| state.ended(*on) != Some(StateName::Completed)).collect();
    let reason = words::unmet(&unmet);
    (!unmet.is_empty()).then_some(Hold { kind: HoldKind::Dependencies, reason, behind: unmet })
}

/// What is at work in the domains that are looked at.
struct Floor<'a> {
    state: &'a State,
    others: BTreeMap<DomainId, Others>,
    /// Hours of small work that is about to begin: nothing holds that back.
    small: BTreeMap<&'a DomainId, Effort>,
}

/// What is at work in one domain.
#[derive(Clone, Default)]
struct Others {
    large: BTreeMap<InstructionId, Effort>,
    small: Effort,
}

/// A domain that would be too full.
struct Full {
    domain: DomainId,
    own: Effort,
    others: Others,
    capacity: u64,
}

impl Full {
    /// Thousandths of hours that would be spoken for without some of the others.
    fn total(&self, without: &BTreeSet<InstructionId>) -> u64 {
        let stay = self.others.large.iter().filter(|(id, _)| !without.contains(id));
        let large: u64 = stay.map(|(_, hours)| u64::from(hours.milli_hours())).sum();
        [self.own, self.others.small].iter().fold(large, |sum, more| sum.saturating_add(u64::from(more.milli_hours())))
    }

    /// Whether it is too full without some of the others.
    fn is_full(&self, without: &BTreeSet<InstructionId>) -> bool {
        let is_alone = self.others.large.keys().all(|id| without.contains(id));
        let too_large = is_over(u64::from(self.own.milli_hours()), self.capacity);
        let is_alone = is_alone && (too_large || self.others.small == Effort::default());
        !is_alone && is_over(self.total(without), self.capacity)
    }
}

impl<'a> Floor<'a> {
    fn new(state: &'a State) -> Self {
        let mut small: BTreeMap<&DomainId, Effort> = BTreeMap::new();
        let begins = |one: &&Instruction| !is_large(one) && one.paused.is_none() && dependencies(state, one).is_none();
        for (domain, hours) in state.queued().filter(begins).flat_map(|one| left_by_domain(state, one)) {
            let sum = small.entry(domain).or_default();
            *sum = sum.plus(hours);
        }
        Self { state, others: BTreeMap::new(), small }
    }

    fn others(&mut self, domain: &DomainId) -> &mut Others {
        let state = self.state;
        let small = self.small.get(domain).copied().unwrap_or_default();
        self.others.entry(domain.clone()).or_insert_with(|| {
            let mut found = Others { small, ..Others::default() };
            for (id, hours) in state.open_work(domain) {
                if state.instructions.get(&id).is_some_and(is_large) {
                    found.large.insert(id, hours);
                } else {
                    found.small = found.small.plus(hours);
                }
            }
            // These go on by themselves.
            for paused in state.making_room().filter(|one| is_large(one)) {
                if let Some(hours) = left_by_domain(state, paused).get(domain) {
                    found.large.insert(paused.id, *hours);
                }
            }
            found
        })
    }

    /// A domain that would be too full with so much more, if it would.
    fn full(&mut self, domain: &DomainId, own: Effort) -> Option<Full> {
        let capacity = capacity(self.state, domain);
        // Most domains are not full, and have much at work.
        let others = std::mem::take(self.others(domain));
        let full = Full { domain: domain.clone(), own, others, capacity };
        if full.is_full(&BTreeSet::new()) {
            self.others.insert(domain.clone(), full.others.clone());
            return Some(full);
        }
        self.others.insert(domain.clone(), full.others);
        None
    }

    fn add(&mut self, domain: &DomainId, id: InstructionId, hours: Effort) {
        self.others(domain).large.insert(id, hours);
    }
}

impl Place {
    /// Why it waits, where it has nothing to wait for among those it depends on.
    fn hold(&self, state: &State, found: &Instruction) -> Hold {
        let (kind, behind) = self.waits_for(state, found);
        let reason = if self.asks_nobody(found) {
            words::waits(&self.before, &self.full)
        } else {
            words::competes(kind, &Self::critical(state, &self.asked(state, found)), &self.full)
        };
        Hold { kind, reason, behind }
    }

    /// Whether it just waits for its turn.
    fn asks_nobody(&self, found: &Instruction) -> bool {
        !self.before.is_empty() || found.request.priority != Priority::Critical
    }

    /// What it competes with.
    fn rivals(&self) -> BTreeSet<InstructionId> {
        self.full.iter().flat_map(|one| one.others.large.keys().copied()).collect()
    }

    /// What it waits for, and which others that is.
    fn waits_for(&self, state: &State, found: &Instruction) -> (HoldKind, Vec<InstructionId>) {
        let rivals = self.rivals();
        if self.asks_nobody(found) {
            let behind: BTreeSet<_> = rivals.into_iter().chain(self.before.values().copied()).collect();
            return (HoldKind::Capacity, behind.into_iter().collect());
        }
        let running = self.running(state);
        let asked = self.asked(state, found);
        if asked.is_empty() && found.arbitrated.is_some() {
            (HoldKind::Capacity, rivals.into_iter().collect())
        } else if !is_relieved(&running, &self.full) {
            // What makes room for another already goes on when that one is over, and is asked about then.
            (HoldKind::Capacity, rivals.into_iter().collect())
        } else if Self::critical(state, &asked).is_empty() {
            (HoldKind::Manager, makes_room(state, &running, &self.full))
        } else {
            (HoldKind::Person, running)
        }
    }

    /// Which of its rivals run, or are about to.
    fn running(&self, state: &State) -> Vec<InstructionId> {
        let runs = |id: &InstructionId| {
            let other = state.instructions.get(id);
            let executes = |one: &Instruction| one.state == InstructionState::Executing && one.paused.is_none();
            self.begun.contains(id) || other.is_some_and(executes)
        };
        self.rivals().into_iter().filter(runs).collect()
    }

    /// Those of them about which nothing was decided: whom it was decided to wait for is not asked about again.
    fn asked(&self, state: &State, found: &Instruction) -> Vec<InstructionId> {
        let settled = found.arbitrated.as_ref().map(|one| &one.others);
        let mut asked = self.running(state);
        asked.retain(|id| settled.is_none_or(|settled| !settled.contains(id)));
        asked
    }

    fn critical(state: &State, asked: &[InstructionId]) -> Vec<InstructionId> {
        let priority = |id: &InstructionId| state.instructions.get(id).map(|one| one.request.priority);
        asked.iter().copied().filter(|id| priority(id) == Some(Priority::Critical)).collect()
    }
}

/// Whether there is room once all that runs has made some.
fn is_relieved(running: &[InstructionId], full: &[Full]) -> bool {
    let without: BTreeSet<InstructionId> = running.iter().copied().collect();
    !full.iter().any(|place| place.is_full(&without))
}

/// Those of what runs that have to make room, as few as it takes, the least important first.
fn makes_room(state: &State, running: &[InstructionId], full: &[Full]) -> Vec<InstructionId> {
    let mut candidates: Vec<&Instruction> = running.iter().filter_map(|id| state.instructions.get(id)).collect();
    candidates.sort_by_key(|one| {
        let latest = std::cmp::Reverse((one.received.org, one.id));
        (one.request.priority, one.request.customer_commitment, latest)
    });
    let mut gone: BTreeSet<InstructionId> = BTreeSet::new();
    for one in candidates {
        let helps = |place: &&Full| place.others.large.contains_key(&one.id) && place.is_full(&gone);
        if full.iter().any(|place| helps(&place)) {
            gone.insert(one.id);
        }
    }
    gone.into_iter().collect()
}

/// Thousandths of hours that everybody of a domain who is there works in three days.
fn capacity(state: &State, domain: &DomainId) -> u64 {
    let is_there = |ic: &&crate::domain::org::Ic| state.absence(&Role::Ic(ic.id.clone())).is_none();
    let a_day = state.chart.ics_of(domain).filter(is_there).map(|ic| u64::from(ic.hours_per_day.milli_hours()));
    a_day.sum::<u64>().saturating_mul(DAYS)
}

const fn is_over(hours: u64, capacity: u64) -> bool {
    hours.saturating_mul(100) > capacity.saturating_mul(FULL)
}

/// A share in percent, to the nearest one.
fn share(hours: u64, capacity: u64) -> Option<u64> {
    let half = capacity.checked_div(2)?;
    hours.saturating_mul(100).saturating_add(half).checked_div(capacity)
}
