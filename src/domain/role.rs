//! Who is who: the places of the organisation that owe things, and the principal that every command names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::id::{DepartmentId, DomainId, IcId, PersonId};

/// A place in the organisation that can owe something and do something about it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Role {
    /// The root: routes instructions and keeps the order between them.
    Organisation,
    /// Admission, risk, go/no-go; the last level before a person.
    EngineeringManager(DepartmentId),
    /// Plans across the domains of a department.
    TechLead(DepartmentId),
    /// Assigns, reviews and hands off the work of a domain.
    DomainLead(DomainId),
    /// Does the work.
    Ic(IcId),
    /// A person of the chart.
    Person(PersonId),
    /// Whoever operates this daemon: a human who may decide what no manager can.
    Operator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation => f.write_str("organisation"),
            Self::EngineeringManager(department) => write!(f, "{department}:engineering-manager"),
            Self::TechLead(department) => write!(f, "{department}:tech-lead"),
            Self::DomainLead(domain) => write!(f, "{domain}:lead"),
            Self::Ic(ic) => write!(f, "{ic}"),
            Self::Person(person) => write!(f, "person:{person}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

impl Role {
    /// The department it belongs to; `None` for whoever stands above or beside all of them.
    #[must_use]
    pub fn department(&self) -> Option<DepartmentId> {
        match self {
            Self::EngineeringManager(department) | Self::TechLead(department) => Some(department.clone()),
            Self::DomainLead(domain) => Some(domain.department()),
            Self::Ic(ic) => Some(ic.department()),
            Self::Organisation | Self::Person(_) | Self::Operator => None,
        }
    }

    /// Whether a human stands there.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        match self {
            Self::Person(_) | Self::Operator => true,
            Self::Organisation
            | Self::EngineeringManager(_)
            | Self::TechLead(_)
            | Self::DomainLead(_)
            | Self::Ic(_) => false,
        }
    }
}

/// A level of the reporting line above an IC, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The lead of the task's domain.
    DomainLead,
    /// The tech lead of the task's department.
    TechLead,
    /// The engineering manager of the task's department.
    EngineeringManager,
    /// A human; nobody is above.
    Person,
}

impl Level {
    /// All of them, lowest first.
    pub const ALL: [Self; 4] = [Self::DomainLead, Self::TechLead, Self::EngineeringManager, Self::Person];

    /// Its name in one word, as it is typed and as views have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DomainLead => "domain-lead",
            Self::TechLead => "tech-lead",
            Self::EngineeringManager => "engineering-manager",
            Self::Person => "person",
        }
    }

    /// The level above, or `None` above a person.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::DomainLead => Some(Self::TechLead),
            Self::TechLead => Some(Self::EngineeringManager),
            Self::EngineeringManager => Some(Self::Person),
            Self::Person => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In a sentence the word is two.
        for (place, part) in self.word().split('-').enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// A text that is no level.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a level is domain-lead, tech-lead, engineering-manager or person, not `{0}`")]
pub struct ParseLevelError(String);

impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|level| level.word() == text).ok_or_else(|| ParseLevelError(text.to_owned()))
    }
}

/// The way a command came in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// From an actor of this daemon.
    Internal,
    /// Over the daemon's Unix socket.
    Socket,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// A place in the organisation: an IC, a manager or a person of the chart.
    Role(Role),
    /// The ledger's own consequence, or a clock.
    System,
    /// A human at the socket, known by the user id of the process at the other end.
    Client {
        /// The peer's user id as the kernel reports it.
        uid: u32,
    },
}

/// Who asks and by which way; recorded in every event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Principal {
    /// Who asks.
    pub asker: Asker,
    /// By which way.
    pub via: Via,
}

impl Principal {
    /// The ledger itself, or a clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { asker: Asker::System, via: Via::Internal }
    }

    /// An actor of this daemon, speaking for its place in the organisation.
    #[must_use]
    pub const fn role(role: Role) -> Self {
        Self { asker: Asker::Role(role), via: Via::Internal }
    }

    /// A human at the socket.
    #[must_use]
    pub const fn client(uid: u32) -> Self {
        Self { asker: Asker::Client { uid }, via: Via::Socket }
    }

    /// A person of the chart at the socket.
    #[must_use]
    pub const fn person(person: PersonId) -> Self {
        Self { asker: Asker::Role(Role::Person(person)), via: Via::Socket }
    }

    /// Whether this speaks for `role`.
    #[must_use]
    pub fn is(&self, role: &Role) -> bool {
        match &self.asker {
            Asker::Role(own) => own == role,
            Asker::Client { .. } => *role == Role::Operator,
            Asker::System => false,
        }
    }

    /// The place at which this stands. A process that is nobody in the chart, and the ledger itself, stand where whoever
    /// operates the daemon does.
    #[must_use]
    pub fn place(&self) -> Role {
        match &self.asker {
            Asker::Role(role) => role.clone(),
            Asker::System | Asker::Client { .. } => Role::Operator,
        }
    }

    /// Whether this is a human.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        match &self.asker {
            Asker::Client { .. } => true,
            Asker::Role(role) => role.is_person(),
            Asker::System => false,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asker {
            Asker::Role(role) => fmt::Display::fmt(role, f),
            Asker::System => f.write_str("system"),
            Asker::Client { uid } => write!(f, "client:{uid}"),
        }
    }
}
