//! Points in time and spans of it, as the core uses them.
//!
//! There are two clocks. *Wall time* is what a person's watch says; leases, retry backoff and process limits use it.
//! *Organisation time* is what deadlines, effort and capacity use: it runs at a chosen speed and may stand still while the
//! daemon is down. Both are milliseconds since the Unix epoch and are shown as RFC 3339 in UTC.
//!
//! This module never reads a clock; every point in time comes in with a command.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares a point in time on one of the clocks.
macro_rules! point_in_time {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            /// The point that many milliseconds after the Unix epoch.
            #[must_use]
            pub const fn from_millis(millis: i64) -> Self {
                Self(millis)
            }

            /// Milliseconds since the Unix epoch.
            #[must_use]
            pub const fn as_millis(self) -> i64 {
                self.0
            }

            /// The point `span` later; the end of time is not passed.
            #[must_use]
            pub const fn plus(self, span: Millis) -> Self {
                Self(self.0.saturating_add(span.0))
            }

            /// How much later than `earlier` this is; negative when it is before.
            #[must_use]
            pub const fn since(self, earlier: Self) -> Millis {
                Millis(self.0.saturating_sub(earlier.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match DateTime::<Utc>::from_timestamp_millis(self.0) {
                    Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
                    None => write!(f, "{} ms since 1970", self.0),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = chrono::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                DateTime::parse_from_rfc3339(text).map(|time| Self(time.timestamp_millis()))
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
                    i64::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

point_in_time!(
    /// A point on the organisation's clock.
    OrgTime
);
point_in_time!(
    /// A point on the wall clock.
    WallTime
);

/// A span of time in milliseconds, on whichever clock its neighbours are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// That many seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// That many hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours.saturating_mul(3_600_000))
    }

    /// The span as the standard library has it; a negative one is zero.
    #[must_use]
    pub fn to_duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.max(0).unsigned_abs())
    }
}

/// Hours of work, in thousandths, so that sums are exact and equal on every machine. Shown as decimal hours: `1.5`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Effort(u32);

impl Effort {
    /// That many hours, to the nearest thousandth; nothing for what is negative or not a number.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 saturates, and the value was made non-negative"
    )]
    pub fn from_hours(hours: f64) -> Self {
        Self((hours.max(0.0) * 1_000.0).round() as u32)
    }

    /// Hours.
    #[must_use]
    pub fn hours(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }

    /// Thousandths of an hour.
    #[must_use]
    pub const fn milli_hours(self) -> u32 {
        self.0
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left after taking `other` away; never less than nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} h", self.hours())
    }
}

impl Serialize for Effort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_f64(self.hours())
        } else {
            serializer.serialize_u32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Effort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            f64::deserialize(deserializer).map(Self::from_hours)
        } else {
            u32::deserialize(deserializer).map(Self)
        }
    }
}

/// When something happened, on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// On the organisation's clock.
    pub org: OrgTime,
    /// On the wall clock.
    pub wall: WallTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_as_rfc_3339_in_utc_and_read_back() {
        let time = WallTime::from_millis(1_780_000_000_123);
        assert_eq!(time.to_string(), "2026-05-28T20:26:40.123Z");
        assert_eq!(time.to_string().parse(), Ok(time));
    }

    #[test]
    fn effort_is_exact_in_thousandths_and_never_negative() {
        assert_eq!(Effort::from_hours(1.5).milli_hours(), 1_500);
        assert_eq!(Effort::from_hours(-2.0), Effort::default());
        assert_eq!(Effort::from_hours(f64::NAN), Effort::default());
        assert_eq!(Effort::from_hours(1.0).minus(Effort::from_hours(2.0)), Effort::default());
        assert_eq!(Effort::from_hours(0.25).to_string(), "0.25 h");
    }
}
