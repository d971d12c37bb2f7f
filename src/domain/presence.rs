//! Who is there: places that nobody stands at, who takes a person's place, and whom an escalation goes to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, DomainId, PersonId};
use crate::domain::org::{Chart, PersonRole, ReviewPolicy, WorkerKind};
use crate::domain::role::{Asker, Level, Principal, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, Checkpoint, Skipped, State as TaskState, Task};

/// In what way nobody stands at a place, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Absence {
    /// In what way.
    pub kind: AbsenceKind,
    /// Why.
    pub reason: String,
}

/// In what way nobody stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsenceKind {
    /// Somebody said so; they come back when somebody says that.
    Away,
    /// What stands for it in this daemon has failed too often; it comes back with the next daemon.
    Dead,
}

impl fmt::Display for AbsenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Away => "away",
            Self::Dead => "dead",
        })
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.reason)
    }
}

/// What somebody may do besides what is theirs by their place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Right {
    /// Hand instructions in.
    Submit,
    /// Decide: answer, approve, cancel, reassign, pause.
    Decide,
    /// Change the organisation itself.
    Operate,
}

impl Chart {
    /// A place and everything below it, from the top down, as far as nobody may stand there: the organisation as a whole
    /// and people are always there.
    #[must_use]
    pub fn places_from(&self, role: &Role) -> Vec<Role> {
        let team = |domain: &DomainId| {
            let ics = self.ics_of(domain).map(|ic| Role::Ic(ic.id.clone()));
            std::iter::once(Role::DomainLead(domain.clone())).chain(ics).collect::<Vec<_>>()
        };
        let below = |department: &DepartmentId| {
            let teams = self.domains_of(department).flat_map(|domain| team(&domain.id));
            std::iter::once(Role::TechLead(department.clone())).chain(teams).collect::<Vec<_>>()
        };
        let managed = |department: &DepartmentId| {
            let manager = Role::EngineeringManager(department.clone());
            std::iter::once(manager).chain(below(department)).collect::<Vec<_>>()
        };
        match role {
            Role::Organisation => self.departments.keys().flat_map(managed).collect(),
            Role::EngineeringManager(department) => managed(department),
            Role::TechLead(department) => below(department),
            Role::DomainLead(domain) => team(domain),
            Role::Ic(_) => vec![role.clone()],
            Role::Person(_) | Role::Operator => Vec::new(),
        }
    }
}

impl State {
    /// Why nobody stands at a place, if nobody does.
    #[must_use]
    pub fn absence(&self, role: &Role) -> Option<&Absence> {
        if self.absent.is_empty() {
            return None;
        }
        let own = self.absent.get(role);
        match role {
            // Who works through a person is not there when that person is not.
            Role::Ic(_) => own.or_else(|| self.absent.get(&Role::Person(self.person_behind(role)?))),
            Role::Organisation
            | Role::EngineeringManager(_)
            | Role::TechLead(_)
            | Role::DomainLead(_)
            | Role::Person(_)
            | Role::Operator => own,
        }
    }

    /// The person by whom the work or the reviews of a place are done, where it is a person.
    #[must_use]
    pub fn person_behind(&self, role: &Role) -> Option<PersonId> {
        let worker = match role {
            Role::Ic(ic) => Some(&self.chart.ics.get(ic)?.worker),
            Role::DomainLead(domain) => self.chart.domains.get(domain)?.lead_worker.as_ref(),
            Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_) | Role::Person(_) | Role::Operator => {
                None
            }
        }?;
        match &self.chart.workers.get(worker)?.kind {
            WorkerKind::Human { person } => Some(person.clone()),
            WorkerKind::Command { .. } | WorkerKind::Simulated { .. } | WorkerKind::Acp { .. } => None,
        }
    }

    /// Who does the work or the reviews of a place: a person for whoever works through one, or where a person is asked
    /// to judge; otherwise the place itself.
    #[must_use]
    pub fn who_works_for(&self, role: &Role) -> Role {
        if let Some(person) = self.person_behind(role) {
            return Role::Person(person);
        }
        let policy = match role {
            Role::DomainLead(domain) => {
                self.chart.domains.get(domain).filter(|one| one.lead_worker.is_none()).map(|one| one.review)
            }
            Role::TechLead(department) => self.chart.departments.get(department).map(|one| one.review),
            Role::Organisation | Role::EngineeringManager(_) | Role::Ic(_) | Role::Person(_) | Role::Operator => None,
        };
        match (policy, role) {
            (Some(ReviewPolicy::Person), Role::DomainLead(domain)) => self.person_for(&domain.department()),
            (Some(ReviewPolicy::Person), Role::TechLead(department)) => self.person_for(department),
            (Some(ReviewPolicy::Person | ReviewPolicy::Checks) | None, _) => role.clone(),
        }
    }

    /// Who judges the work of a task in the name of a reviewer: as [`who_works_for`](Self::who_works_for), but where any
    /// person may be asked, not the one who did it.
    #[must_use]
    pub fn judge_of(&self, reviewer: &Role, task: &Task) -> Role {
        let judge = self.who_works_for(reviewer);
        let author = task.state.assignee().and_then(|author| self.person_behind(&author.role()));
        match (&judge, author) {
            (Role::Person(person), Some(author)) if *person == author && self.person_behind(reviewer).is_none() => {
                self.person_but(&task.domain.department(), Some(&author))
            }
            _other => judge,
        }
    }

    /// The person who decides for a department: one of its own before one of all departments, then by id; whoever
    /// operates the daemon where the chart has nobody who is there.
    #[must_use]
    pub fn person_for(&self, department: &DepartmentId) -> Role {
        self.person_but(department, None)
    }

    /// As [`person_for`](Self::person_for), but for one person.
    fn person_but(&self, department: &DepartmentId, but: Option<&PersonId>) -> Role {
        let mut candidates: Vec<_> = self
            .chart
            .people
            .values()
            .filter(|person| person.role >= PersonRole::Manager)
            .filter(|person| person.department.as_ref().is_none_or(|own| own == department))
            .filter(|person| Some(&person.id) != but && self.absence(&Role::Person(person.id.clone())).is_none())
            .collect();
        candidates.sort_by_key(|person| (person.department.is_none(), person.id.clone()));
        candidates.first().map_or(Role::Operator, |person| Role::Person(person.id.clone()))
    }

    /// Who stands at a level for work of a department and domain.
    #[must_use]
    pub fn place_at(&self, level: Level, task: &Task) -> Role {
        match level {
            Level::DomainLead => Role::DomainLead(task.domain.clone()),
            Level::TechLead => Role::TechLead(task.domain.department()),
            Level::EngineeringManager => Role::EngineeringManager(task.domain.department()),
            Level::Person => self.person_for(&task.domain.department()),
        }
    }

    /// Whether `principal` has a right for a department; `None` asks for all of them.
    #[must_use]
    pub fn may(&self, principal: &Principal, right: Right, department: Option<&DepartmentId>) -> bool {
        match &principal.asker {
            Asker::Client { .. } | Asker::Role(Role::Operator) => true,
            Asker::Role(Role::Person(person)) => self.chart.people.get(person).is_some_and(|found| {
                let enough = match right {
                    Right::Submit => PersonRole::Contributor,
                    Right::Decide => PersonRole::Manager,
                    Right::Operate => PersonRole::Operator,
                };
                found.role >= enough && found.department.as_ref().is_none_or(|own| Some(own) == department)
            }),
            Asker::System
            | Asker::Role(
                Role::Organisation
                | Role::EngineeringManager(_)
                | Role::TechLead(_)
                | Role::DomainLead(_)
                | Role::Ic(_),
            ) => false,
        }
    }

    /// Whether `principal` may speak for `role`: it is theirs, or they are the person by whom its work is done. Whoever
    /// operates the daemon may lend any such person a hand.
    #[must_use]
    pub fn speaks_for(&self, principal: &Principal, role: &Role) -> bool {
        if principal.is(role) {
            return true;
        }
        let behind = match role {
            Role::Person(person) => Some(person.clone()),
            other => self.person_behind(other),
        };
        match (&principal.asker, behind) {
            (Asker::Role(Role::Person(asking)), Some(behind)) => *asking == behind,
            (Asker::Client { .. } | Asker::Role(Role::Operator), Some(_)) => true,
            (Asker::Role(_) | Asker::System | Asker::Client { .. }, _) => false,
        }
    }

    /// Whether `principal` is whoever did the work of a task, or the person by whom it was done.
    #[must_use]
    pub fn is_author(&self, principal: &Principal, task: &Task) -> bool {
        let Some(author) = task.state.assignee().map(Assignee::role) else {
            return false;
        };
        principal.is(&author)
            || matches!((&principal.asker, self.person_behind(&author)), (Asker::Role(Role::Person(asking)), Some(behind)) if *asking == behind)
    }

    /// Who decides about instructions for a manager or tech lead: they themselves; while they are not there, the other one
    /// of the department; and where neither is, the organisation.
    #[must_use]
    pub fn deputy(&self, role: Role) -> Role {
        let other = match &role {
            Role::EngineeringManager(department) => Role::TechLead(department.clone()),
            Role::TechLead(department) => Role::EngineeringManager(department.clone()),
            Role::Organisation | Role::DomainLead(_) | Role::Ic(_) | Role::Person(_) | Role::Operator => return role,
        };
        [role, other].into_iter().find(|who| self.absence(who).is_none()).unwrap_or(Role::Organisation)
    }

    /// Who answers a question that is put to a place: whoever stands in for it, or decides where nobody is there.
    #[must_use]
    pub fn answers(&self, place: &Role) -> Role {
        let who = self.who_works_for(place);
        match (self.absence(&who), place.department()) {
            (Some(_), Some(department)) => self.person_for(&department),
            (Some(_) | None, _) => who,
        }
    }

    /// Who gives a milestone that stops for it the go-ahead.
    #[must_use]
    pub fn gives_go_ahead(&self, task: &Task) -> Role {
        let department = task.domain.department();
        match task.checkpoint {
            Some(Checkpoint::AsksPerson) => self.person_for(&department),
            Some(Checkpoint::Named | Checkpoint::Stopped | Checkpoint::Passed) | None => {
                self.deputy(Role::EngineeringManager(department))
            }
        }
    }

    /// Open escalations that a place holds.
    #[must_use]
    pub fn held_by(&self, role: &Role) -> u32 {
        self.index.held.get(role).copied().unwrap_or(0)
    }

    /// Whom a trouble of a task goes to: the lowest level from `from` on that can take it, and whom it passes over.
    ///
    /// Passed over are places where nobody stands, whoever did the work, and managers who hold more than a digest's worth
    /// already. Where everybody who is left is overloaded, the lowest of them takes it all the same: people come last.
    #[must_use]
    pub fn target(&self, task: &Task, from: Level) -> (Level, Role, Vec<Skipped>) {
        self.target_counting(task, from, |who| self.held_by(who))
    }

    /// As [`State::target`], with `held` for how many open escalations a place holds, for whoever hands on several at once.
    pub(super) fn target_counting(
        &self,
        task: &Task,
        from: Level,
        held: impl Fn(&Role) -> u32,
    ) -> (Level, Role, Vec<Skipped>) {
        let mut skipped = Vec::new();
        let mut overloaded = None;
        let mut next = Some(from);
        while let Some(level) = next.filter(|level| *level != Level::Person) {
            next = level.above();
            let who = self.place_at(level, task);
            let is_author = task.state.assignee().is_some_and(|author| author.role() == who)
                && !matches!(task.state, TaskState::Blocked { .. } | TaskState::Escalated { .. });
            let why = if !self.has_place(&who) {
                "not in the chart any more".to_owned()
            } else if let Some(absence) = self.absence(&who) {
                absence.to_string()
            } else if is_author {
                "it is their own work".to_owned()
            } else if held(&who) >= self.chart.sla.digest_after && level != Level::EngineeringManager {
                overloaded.get_or_insert((level, who.clone(), skipped.len()));
                format!("overloaded: holds {} open escalations", held(&who))
            } else {
                return (level, who, skipped);
            };
            skipped.push(Skipped { level, who, why });
        }
        if let Some((level, who, before)) = overloaded {
            skipped.truncate(before);
            return (level, who, skipped);
        }
        (Level::Person, self.place_at(Level::Person, task), skipped)
    }
}
