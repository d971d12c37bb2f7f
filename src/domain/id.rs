//! Identifiers: every kind of thing has its own type, so that a task can never be passed where an instruction is meant.
//!
//! Two families:
//! - *Entity ids* (`ins_…`, `tsk_…`) are UUID v7, made outside of the core and given to it inside commands. They sort by
//!   the time they were made.
//! - *Places in the organisation* (`software/backend/ben`) are paths: department, domain and name. The department and the
//!   domain are part of the id from the start, so two departments may both have a `backend` domain or a `ben`.
//!
//! This module never makes an id out of thin air: randomness and time are the caller's.

mod name;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use self::name::Name;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseIdError {
    /// What was given.
    pub text: String,
    /// What would have been right, with an article: "an instruction id (`ins_` and 32 hexadecimal digits)".
    pub expected: &'static str,
}

/// Declares an entity id: a UUID v7 shown as a prefix and 32 hexadecimal digits.
macro_rules! entity_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name(Uuid);

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.as_u128().hash(state);
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            /// Byte for byte; as one number, which compares in two instructions where bytes take a call.
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.as_u128().cmp(&other.0.as_u128())
            }
        }

        impl $name {
            /// What every id of this kind begins with when it is shown.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that the caller made.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The sixteen bytes, in the order in which ids of this kind sort.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The prefix and the last eight digits, enough for a person to tell tasks apart in a table. The first
            /// digits of a UUID v7 are a time, so ids made together share them; the last ones differ.
            #[must_use]
            pub fn short(&self) -> String {
                let full = self.0.simple().to_string();
                format!("{}{}", $prefix, full.get(24..).unwrap_or(&full))
            }

            /// Whether `text`, with or without the prefix, is the beginning or the [`short`](Self::short) form of this id.
            #[must_use]
            pub fn matches(&self, text: &str) -> bool {
                let digits = text.strip_prefix($prefix).unwrap_or(text).to_ascii_lowercase();
                let full = self.0.simple().to_string();
                !digits.is_empty() && (full.starts_with(&digits) || (digits.len() >= 4 && full.ends_with(&digits)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix)
                    .and_then(|digits| Uuid::try_parse(digits).ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { text: text.to_owned(), expected: $expected })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    Uuid::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

entity_id!(
    /// One instruction: what somebody asked the organisation to do.
    InstructionId,
    "ins_",
    "an instruction id (`ins_` and 32 hexadecimal digits)"
);
entity_id!(
    /// One task: a milestone a lead answers for, or a piece of work for one IC.
    TaskId,
    "tsk_",
    "a task id (`tsk_` and 32 hexadecimal digits)"
);
entity_id!(
    /// One question asked while working or reviewing.
    QuestionId,
    "qst_",
    "a question id (`qst_` and 32 hexadecimal digits)"
);
entity_id!(
    /// One escalation record beside a task.
    EscalationId,
    "esc_",
    "an escalation id (`esc_` and 32 hexadecimal digits)"
);
entity_id!(
    /// A message to a channel.
    BroadcastId,
    "brc_",
    "a broadcast id (`brc_` and 32 hexadecimal digits)"
);

/// Declares an id that is a text with a shape of its own, kept as a [`Name`] or as a text that is shared.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kept:ty, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($kept);

        impl $name {
            /// The whole id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(<$kept>::from(text)))
                } else {
                    Err(ParseIdError { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Text::deserialize(deserializer)?.0.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A text as it is read, borrowed where the format allows it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Longest name of anything that a person writes in a chart; keeps ids readable in a table and rows small.
pub const NAME_LIMIT: usize = 64;

/// Whether `text` is a name as charts use them: lower-case letters, digits, `_` and `-`, beginning with a letter or digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_LIMIT
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

fn is_path(text: &str, parts: usize) -> bool {
    text.split('/').count() == parts && text.split('/').all(is_name)
}

text_id!(
    /// A department: `software`.
    DepartmentId,
    Name,
    is_name,
    "a department name (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// A domain within its department: `software/backend`.
    DomainId,
    Name,
    |text| is_path(text, 2),
    "a domain (`department/domain`)"
);
text_id!(
    /// An individual contributor within their domain: `software/backend/ben`.
    IcId,
    Name,
    |text| is_path(text, 3),
    "an IC (`department/domain/name`)"
);
text_id!(
    /// A person named in the chart who may decide things: `ada`.
    PersonId,
    Name,
    is_name,
    "a person's name (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// A worker of the chart: the program, agent or person that does an IC's work.
    WorkerId,
    Name,
    is_name,
    "a worker's name (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// A skill: `postgresql`, `code-review`.
    Skill,
    Arc<str>,
    is_name,
    "a skill (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// A kind of work that workflow templates are chosen by: `code_review`, `hotfix`.
    WorkType,
    Arc<str>,
    is_name,
    "a work type (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// The name of a step within one plan: `security`, `summary`. Unique within its instruction.
    StepKey,
    Arc<str>,
    is_name,
    "a step name (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// What an IC is, besides their domain: `developer`, `dba`. Work may ask for one.
    Position,
    Arc<str>,
    is_name,
    "a position (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// A field of the brief of an instruction: `goals`, `timeline`.
    BriefField,
    Arc<str>,
    is_name,
    "a field of a brief (lower-case letters, digits, `_`, `-`)"
);
text_id!(
    /// What makes a repeated submission the same one; chosen by the client, up to 256 visible characters.
    IdempotencyKey,
    Arc<str>,
    |text| !text.is_empty() && text.len() <= 256 && !text.chars().any(char::is_control),
    "an idempotency key (1 to 256 characters, none of them a control character)"
);

impl DepartmentId {
    /// The domain of this department with the given name.
    ///
    /// # Errors
    /// When `name` is not a name.
    pub fn domain(&self, name: &str) -> Result<DomainId, ParseIdError> {
        format!("{self}/{name}").parse()
    }
}

impl DomainId {
    /// Whether an IC is of this domain.
    #[must_use]
    pub fn has(&self, ic: &IcId) -> bool {
        ic.0.above() == self.0
    }

    /// A bound right below the ids of its ICs, which lie side by side in their order. It is nobody's id.
    pub(in crate::domain) fn below_its_ics(&self) -> IcId {
        IcId(self.0.below())
    }

    /// The department this domain belongs to.
    #[must_use]
    pub fn department(&self) -> DepartmentId {
        DepartmentId(self.0.above())
    }

    /// The last part: `backend` of `software/backend`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The IC of this domain with the given name.
    ///
    /// # Errors
    /// When `name` is not a name.
    pub fn ic(&self, name: &str) -> Result<IcId, ParseIdError> {
        format!("{self}/{name}").parse()
    }
}

impl IcId {
    /// The domain this IC works in.
    #[must_use]
    pub fn domain(&self) -> DomainId {
        DomainId(self.0.above())
    }

    /// The department this IC works in.
    #[must_use]
    pub fn department(&self) -> DepartmentId {
        self.domain().department()
    }

    /// The last part: `ben` of `software/backend/ben`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// Declares a counter that only ever grows.
macro_rules! counter {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The one after this.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counter!(
    /// The place of an event in the journal. The first event is 1; 0 means "before everything".
    Sequence,
    u64
);
counter!(
    /// Fences attempts: each start of a task issues the next one, and whatever carries an older one is refused.
    Epoch,
    u32
);
counter!(
    /// Counts the times a task has been handed to review; a package of a handoff carries it as its version.
    Round,
    u32
);
counter!(
    /// Counts the visits of a task to its states: entering a state, even the same one again, starts a new visit.
    Visit,
    u32
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_id_round_trips_through_its_text_and_is_found_by_its_beginning_and_its_end() {
        let id = TaskId::new(Uuid::from_u128(0x0191_e0c0_7000_7abc_8def_0123_4567_89ab));
        assert_eq!(id.to_string(), "tsk_0191e0c070007abc8def0123456789ab");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short(), "tsk_456789ab");
        for found in ["tsk_0191", "0191E0C0", "tsk_456789ab", "89ab"] {
            assert!(id.matches(found), "{found}");
        }
        for not_found in ["", "tsk_", "0192", "9ab", "ins_0191"] {
            assert!(!id.matches(not_found), "{not_found}");
        }
        assert!("ins_0191e0c070007abc8def0123456789ab".parse::<TaskId>().is_err());
    }

    #[test]
    fn what_a_plan_may_name_is_not_kept_for_the_life_of_the_process() {
        let text = "made-up-by-a-planner";
        assert!(text.parse::<Skill>().is_ok() && text.parse::<Position>().is_ok());
        assert!(text.parse::<StepKey>().is_ok() && text.parse::<WorkType>().is_ok());
        assert!(!name::is_kept(text));
        assert!("made/up/ic".parse::<IcId>().is_ok());
        assert!(name::is_kept("made/up/ic") && name::is_kept("made/up"));
    }

    #[test]
    fn a_place_in_the_organisation_knows_the_places_above_it() {
        let ic: IcId = "software/backend/ben".parse().expect("three names make an IC");
        assert_eq!(ic.name(), "ben");
        assert_eq!(ic.domain().as_str(), "software/backend");
        assert_eq!(ic.department().as_str(), "software");
        for wrong in ["ben", "software/ben", "software//ben", "Software/backend/ben", "a/b/c/d"] {
            assert!(wrong.parse::<IcId>().is_err(), "{wrong}");
        }
    }
}
