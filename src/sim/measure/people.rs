//! People: how busy everybody was.

use super::spans::{HOUR, share};
use super::tasks::Lookup;
use crate::domain::id::{DomainId, IcId};
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::sim::report::{DomainUse, IcUse, Utilisation};

/// Who there is, by number, and how busy each was.
#[derive(Default)]
pub(super) struct People {
    numbers: Lookup<IcId, u32>,
    ics: Vec<One>,
    domain_numbers: Lookup<DomainId, u16>,
    pub(super) domains: Vec<DomainId>,
    /// Decisions of each domain's lead.
    lead_decisions: Vec<u64>,
}

/// One IC.
struct One {
    id: IcId,
    domain: u16,
    parallel_limit: u32,
    hours_per_day: f64,
    /// Since when they are there, if they are.
    present_since: Option<i64>,
    present: i64,
    busy: i64,
    attempts: u64,
    reviews: u64,
}

impl People {
    /// Looks who there is, and who of them is there at this time.
    pub(super) fn look(&mut self, state: &State, at: i64) {
        for domain in state.chart.domains.keys() {
            self.domain(domain);
        }
        for ic in state.chart.ics.values() {
            let number = self.ic(&ic.id);
            let absent = state.absence(&Role::Ic(ic.id.clone())).is_some();
            if let Some(one) = self.ics.get_mut(number as usize) {
                one.parallel_limit = ic.parallel_limit;
                one.hours_per_day = ic.hours_per_day.hours();
                match (absent, one.present_since) {
                    (true, Some(since)) => {
                        one.present += at.saturating_sub(since);
                        one.present_since = None;
                    }
                    (false, None) => one.present_since = Some(at),
                    (true, None) | (false, Some(_)) => {}
                }
            }
        }
    }

    /// The number of a domain.
    pub(super) fn domain(&mut self, id: &DomainId) -> u16 {
        if let Some(number) = self.domain_numbers.get(id) {
            return *number;
        }
        let number = u16::try_from(self.domains.len()).unwrap_or(u16::MAX);
        self.domain_numbers.insert(id.clone(), number);
        self.domains.push(id.clone());
        self.lead_decisions.push(0);
        number
    }

    /// The number of an IC.
    pub(super) fn ic(&mut self, id: &IcId) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = u32::try_from(self.ics.len()).unwrap_or(u32::MAX);
        let domain = self.domain(&id.domain());
        self.numbers.insert(id.clone(), number);
        self.ics.push(One {
            id: id.clone(),
            domain,
            parallel_limit: 1,
            hours_per_day: 24.0,
            present_since: None,
            present: 0,
            busy: 0,
            attempts: 0,
            reviews: 0,
        });
        number
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, ic: u32) {
        if let Some(one) = self.ics.get_mut(ic as usize) {
            one.attempts += 1;
        }
    }

    /// An attempt was at work for so many milliseconds.
    pub(super) fn busy(&mut self, ic: u32, millis: i64) {
        if let Some(one) = self.ics.get_mut(ic as usize) {
            one.busy += millis.max(0);
        }
    }

    /// Somebody has judged.
    pub(super) fn judged(&mut self, by: &Role) {
        match by {
            Role::Ic(ic) => {
                let number = self.ic(ic);
                if let Some(one) = self.ics.get_mut(number as usize) {
                    one.reviews += 1;
                }
            }
            Role::DomainLead(domain) => {
                let number = self.domain(domain);
                if let Some(decisions) = self.lead_decisions.get_mut(usize::from(number)) {
                    *decisions += 1;
                }
            }
            Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_) | Role::Person(_) | Role::Operator => {
            }
        }
    }

    /// What it came to at the end.
    pub(super) fn utilisation(mut self, end: i64) -> Utilisation {
        for one in &mut self.ics {
            if let Some(since) = one.present_since.take() {
                one.present += end.saturating_sub(since);
            }
        }
        let mut domains: Vec<DomainUse> = self
            .domains
            .iter()
            .zip(&self.lead_decisions)
            .map(|(id, decisions)| DomainUse {
                domain: id.to_string(),
                lead_decisions: *decisions,
                ..DomainUse::default()
            })
            .collect();
        let mut ics = Vec::with_capacity(self.ics.len());
        for one in &self.ics {
            let found = one.figures();
            if let Some(domain) = domains.get_mut(usize::from(one.domain)) {
                domain.ics += 1;
                domain.slot_hours += found.present_hours * f64::from(one.parallel_limit);
                domain.busy_hours += found.busy_hours;
                domain.reviews += one.reviews;
            }
            ics.push(found);
        }
        for domain in &mut domains {
            domain.share = share(domain.busy_hours, domain.slot_hours);
        }
        domains.sort_by(|one, other| one.domain.cmp(&other.domain));
        ics.sort_by(|one, other| one.ic.cmp(&other.ic));
        let busy: f64 = domains.iter().map(|domain| domain.busy_hours).sum();
        let slots: f64 = domains.iter().map(|domain| domain.slot_hours).sum();
        Utilisation { share: share(busy, slots), domains, ics }
    }
}

impl One {
    fn figures(&self) -> IcUse {
        let (present, busy) = (self.present as f64 / HOUR, self.busy as f64 / HOUR);
        IcUse {
            ic: self.id.to_string(),
            domain: self.id.domain().to_string(),
            parallel_limit: self.parallel_limit,
            hours_per_day: self.hours_per_day,
            present_hours: present,
            busy_hours: busy,
            worked_hours: busy * self.hours_per_day / 24.0,
            share: share(busy, present * f64::from(self.parallel_limit)),
            attempts: self.attempts,
            reviews: self.reviews,
        }
    }
}
