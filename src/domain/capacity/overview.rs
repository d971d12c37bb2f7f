//! Capacity rolled up: each IC, their domain, its department, the whole organisation.

use super::{Band, Booked, DAYS, available_from, by_day};
use crate::domain::id::{DepartmentId, DomainId, IcId};
use crate::domain::org::Ic;
use crate::domain::role::Role;
use crate::domain::state::State;
use crate::domain::time::{Effort, OrgTime};

/// How the time of somebody, or of everybody at a place, is spoken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// What is spoken for of the coming days.
    pub booked: Booked,
    /// When they have done everything they have; of several, the first of them. Nothing where nobody is there.
    pub available_from: Option<OrgTime>,
    /// Hours that are spoken for on each of the coming days.
    pub days: [Effort; DAYS],
    /// Hours that are worked a day.
    pub a_day: Effort,
}

impl Figures {
    fn of(committed: Effort, hours_per_day: Effort, now: OrgTime) -> Self {
        Self {
            booked: Booked::of(committed, hours_per_day),
            available_from: available_from(now, committed, hours_per_day),
            days: by_day(committed, hours_per_day),
            a_day: hours_per_day,
        }
    }

    /// How full they are; healthy where no hours are worked, since there is nothing to fill.
    #[must_use]
    pub fn band(&self) -> Band {
        self.booked.utilisation().map_or(Band::Healthy, Band::of)
    }

    /// The share of each of the coming days that is spoken for, in percent.
    #[must_use]
    pub fn percent_by_day(&self) -> [Option<u32>; DAYS] {
        self.days.map(|hours| Booked { committed: hours, hours: self.a_day }.percent())
    }

    fn plus(self, other: Self) -> Self {
        let mut days = self.days;
        days.iter_mut().zip(other.days).for_each(|(sum, more)| *sum = sum.plus(more));
        Self {
            booked: self.booked.plus(other.booked),
            available_from: self.available_from.into_iter().chain(other.available_from).min(),
            days,
            a_day: self.a_day.plus(other.a_day),
        }
    }
}

fn sum(parts: impl Iterator<Item = Figures>) -> Figures {
    parts.fold(Figures::default(), Figures::plus)
}

/// An IC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Who.
    pub ic: IcId,
    /// Why they are not there, if they are not.
    pub absent: Option<String>,
    /// Tasks they have.
    pub tasks: u32,
    /// Of them: at work.
    pub running: u32,
    /// Their time.
    pub figures: Figures,
}

/// A domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// Which.
    pub domain: DomainId,
    /// Tasks that wait for somebody to have the time.
    pub waiting: u32,
    /// Hours of these.
    pub waiting_hours: Effort,
    /// The time of all of its ICs.
    pub figures: Figures,
    /// Its ICs, in order of their ids.
    pub members: Vec<Member>,
}

/// A department.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Department {
    /// Which.
    pub department: DepartmentId,
    /// The time of everybody in it.
    pub figures: Figures,
    /// Its domains, in order of their ids.
    pub domains: Vec<Domain>,
}

/// Everybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// The time of everybody.
    pub figures: Figures,
    /// The departments, in order of their ids; those without a domain that is looked at are left out.
    pub departments: Vec<Department>,
}

/// The capacity of the organisation, or of one domain of it.
#[must_use]
pub fn organisation(state: &State, only: Option<&DomainId>, now: OrgTime) -> Organisation {
    let mut departments = Vec::new();
    for department in state.chart.departments.keys() {
        let looked_at = |domain: &&DomainId| only.is_none_or(|only| only == *domain);
        let ids = state.chart.domains_of(department).map(|domain| &domain.id).filter(looked_at);
        let domains: Vec<Domain> = ids.map(|id| domain(state, id, now)).collect();
        if domains.is_empty() {
            continue;
        }
        let figures = sum(domains.iter().map(|one| one.figures));
        departments.push(Department { department: department.clone(), figures, domains });
    }
    Organisation { figures: sum(departments.iter().map(|one| one.figures)), departments }
}

fn domain(state: &State, id: &DomainId, now: OrgTime) -> Domain {
    let members: Vec<Member> = state.chart.ics_of(id).map(|ic| member(state, ic, now)).collect();
    let waiting: Vec<Effort> = state.waiting(id).map(|task| task.work.effort).collect();
    Domain {
        domain: id.clone(),
        waiting: u32::try_from(waiting.len()).unwrap_or(u32::MAX),
        waiting_hours: waiting.into_iter().fold(Effort::default(), Effort::plus),
        figures: sum(members.iter().map(|one| one.figures)),
        members,
    }
}

fn member(state: &State, ic: &Ic, now: OrgTime) -> Member {
    let load = state.load(&ic.id);
    let absence = state.absence(&Role::Ic(ic.id.clone()));
    let hours = if absence.is_none() { ic.hours_per_day } else { Effort::default() };
    Member {
        ic: ic.id.clone(),
        absent: absence.map(ToString::to_string),
        tasks: load.tasks,
        running: load.running,
        figures: Figures::of(load.committed, hours, now),
    }
}
