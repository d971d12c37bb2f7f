//! What a piece of work is: its size, the skills it takes, what must come out of it and how a machine checks that.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::id::{Position, Skill};
use crate::domain::time::Effort;

/// How much planning and review an instruction gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Tier {
    /// One task, no reviews.
    Trivial,
    /// One tactical task.
    Simple,
    /// Three to eight tactical tasks with dependencies.
    Moderate,
    /// Five to fifteen strategic tasks, each broken down by its domain lead.
    Complex,
    /// Ten to thirty strategic milestones, risk review and go/no-go.
    Expert,
}

impl Tier {
    /// Every tier, the least first.
    pub const ALL: [Self; 5] = [Self::Trivial, Self::Simple, Self::Moderate, Self::Complex, Self::Expert];

    /// Whether the instruction is planned in two phases: strategic tasks first, each broken down by its lead.
    #[must_use]
    pub const fn has_strategic_phase(self) -> bool {
        match self {
            Self::Complex | Self::Expert => true,
            Self::Trivial | Self::Simple | Self::Moderate => false,
        }
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Trivial => 0,
            Tier::Simple => 1,
            Tier::Moderate => 2,
            Tier::Complex => 3,
            Tier::Expert => 4,
        }
    }
}

impl TryFrom<u8> for Tier {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Trivial),
            1 => Ok(Self::Simple),
            2 => Ok(Self::Moderate),
            3 => Ok(Self::Complex),
            4 => Ok(Self::Expert),
            other => Err(format!("{other} is not a tier: tiers are 0, 1, 2, 3 and 4")),
        }
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u8>().map_err(|_| format!("`{text}` is not a tier: tiers are 0, 1, 2, 3 and 4"))?.try_into()
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", u8::from(*self))
    }
}

/// Declares an enum of plain words, with its text form.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it, as files and the command line have it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::id::ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::id::ParseIdError { text: text.to_owned(), expected: $expected }),
                }
            }
        }
    };
}

pub(in crate::domain) use words;

words!(
    /// How urgent something is. Later in this list goes first.
    #[derive(Default)]
    Priority,
    "a priority (low, normal, high, critical)",
    /// When there is nothing else.
    Low = "low",
    /// In its turn.
    #[default]
    Normal = "normal",
    /// Before others.
    High = "high",
    /// Before everything; may use the last of the capacity.
    Critical = "critical",
);
words!(
    /// How demanding a task is for the one who does it.
    Complexity,
    "a complexity (simple, moderate, high)",
    /// Anyone on the team.
    Simple = "simple",
    /// Somebody who knows the way.
    Moderate = "moderate",
    /// Somebody who can find the way.
    High = "high",
);
words!(
    /// How long somebody has done this kind of work.
    Experience,
    "an experience (junior, mid, senior, staff)",
    /// Learning the trade.
    Junior = "junior",
    /// Works on their own.
    Mid = "mid",
    /// Works on what is hard.
    Senior = "senior",
    /// Works on what nobody has done.
    Staff = "staff",
);
words!(
    /// How well somebody masters a skill.
    SkillLevel,
    "a skill level (beginner, intermediate, advanced, expert)",
    /// 0.5 of mastery.
    Beginner = "beginner",
    /// 0.75 of mastery.
    Intermediate = "intermediate",
    /// 0.9 of mastery.
    Advanced = "advanced",
    /// Mastery.
    Expert = "expert",
);

/// What a piece of work asks for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Work {
    /// One line for tables.
    pub title: String,
    /// What to do, for whoever does it; may be empty where the title says it all.
    pub description: String,
    /// Hours of work expected.
    pub effort: Effort,
    /// How demanding it is.
    pub complexity: Complexity,
    /// Skills without which nobody is qualified.
    pub skills: BTreeSet<Skill>,
    /// Skills that help.
    pub nice_to_have: BTreeSet<Skill>,
    /// The position that whoever does it must have; any where it is absent.
    pub position: Option<Position>,
    /// Whether a security reviewer must see it.
    pub security_sensitive: bool,
    /// What must be true for the work to count as done, in words a reviewer can decide on.
    pub criteria: Vec<String>,
    /// What must come out.
    pub deliverables: Vec<Deliverable>,
}

/// A file that the work must produce, and what must be true of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deliverable {
    /// Where, relative to the workspace; never absolute and never through `..`.
    pub path: String,
    /// What must be true of the file besides that it exists.
    pub checks: Vec<Check>,
}

/// One thing a machine can check about a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// At least that many bytes.
    MinBytes(u64),
    /// Contains this text.
    Contains(String),
    /// Some part of it matches this regular expression.
    Matches(String),
    /// Is valid JSON.
    Json,
    /// Is valid TOML.
    Toml,
    /// Is JSON that satisfies this JSON Schema, given as JSON text.
    JsonSchema(String),
    /// This program, run in the workspace with the file's path as its last argument, exits 0.
    Command(Vec<String>),
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinBytes(bytes) => write!(f, "at least {bytes} bytes"),
            Self::Contains(text) => write!(f, "contains {text:?}"),
            Self::Matches(pattern) => write!(f, "matches /{pattern}/"),
            Self::Json => f.write_str("is JSON"),
            Self::Toml => f.write_str("is TOML"),
            Self::JsonSchema(_) => f.write_str("satisfies its JSON schema"),
            Self::Command(argv) => write!(f, "`{}` exits 0", argv.join(" ")),
        }
    }
}

/// The outcome of one check of one deliverable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckResult {
    /// The deliverable's path.
    pub path: String,
    /// What was checked: "exists", "at least 200 bytes".
    pub check: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was seen, where that helps: "file is missing", "12 bytes".
    pub detail: String,
}

/// What somebody hands in as done.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Submission {
    /// One or two sentences by the one who did the work.
    pub summary: String,
    /// Files produced, relative to the workspace.
    pub artefacts: Vec<String>,
    /// What speaks for the work, in the worker's words.
    pub evidence: Vec<String>,
    /// What the machine found when it checked the deliverables.
    pub checks: Vec<CheckResult>,
    /// Whether a simulated worker made this up.
    pub simulated: bool,
}

/// Something a reviewer wants changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong and what would be right.
    pub text: String,
    /// Where, if there is one place: `src/main.rs:12`.
    #[serde(default)]
    pub location: Option<String>,
}
