//! Points in time and spans of it, as the core uses them.
//!
//! There are two clocks. *Wall time* is what a person's watch says; leases, retry backoff and process limits use it.
//! *Organisation time* is what deadlines, effort and capacity use: it runs at a chosen speed and may stand still while the
//! daemon is down. Both are milliseconds since the Unix epoch and are shown as RFC 3339 in UTC; what is not to come is
//! shown as `never`.
//!
//! This module never reads a clock; every point in time comes in with a command.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::org::{ClockPolicy, Downtime};

/// How the last point of a clock is shown: what is set to it is not to come.
const NEVER: &str = "never";

/// How a point is shown whose year does not have four digits, behind its milliseconds.
const MILLIS_SINCE: &str = " ms since 1970";

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
                // RFC 3339 has four digits for the year.
                let time = DateTime::<Utc>::from_timestamp_millis(self.0).filter(|time| (0..=9999).contains(&time.year()));
                match time {
                    Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
                    None if self.0 == i64::MAX => f.write_str(NEVER),
                    None => write!(f, "{}{MILLIS_SINCE}", self.0),
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
                if text == NEVER {
                    return Ok(Self(i64::MAX));
                }
                if let Some(Ok(millis)) = text.strip_suffix(MILLIS_SINCE).map(str::parse) {
                    return Ok(Self(millis));
                }
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

    /// That many thousandths of an hour.
    #[must_use]
    pub const fn from_milli_hours(milli_hours: u32) -> Self {
        Self(milli_hours)
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

/// Where organisation time stands and how fast it runs from there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Anchor {
    /// The wall time of the anchor.
    pub wall: WallTime,
    /// The organisation time at that wall time.
    pub org: OrgTime,
    /// Organisation time over wall time.
    pub speed: u32,
}

impl Anchor {
    /// Wall time by which an anchor may be off before there is a new one: clocks are put right by this much all the time.
    const DRIFT: Millis = Millis(2_000);

    /// Organisation time runs with wall time: how it is until something else is said.
    pub const WITH_WALL: Self = Self { wall: WallTime(0), org: OrgTime(0), speed: 1 };

    /// The anchor that a daemon goes on by which starts at `now`, after one that ran by `before` and recorded its last event
    /// at `last`. It is `before` itself where nothing is different, so that nothing has to be recorded.
    ///
    /// Where downtime counts, organisation time has gone on at the old speed until `now`. Where it does not, organisation
    /// time goes on from the last event: what passed between that and the end of the daemon was without consequence. It
    /// never begins before the last event, whatever the wall clock says.
    #[must_use]
    pub fn resumed(before: Self, last: Stamp, now: WallTime, policy: ClockPolicy) -> Self {
        let speed = policy.speed.max(1);
        if last == Stamp::default() {
            // Nothing has happened yet.
            return if speed == 1 { Self::WITH_WALL } else { Self { wall: now, org: OrgTime(now.0), speed } };
        }
        // A wall clock that was set back stands still until it has caught up.
        let wall = now.max(last.wall);
        // From the last event on: what the wall clock was set to before that says nothing.
        let passed = wall.since(last.wall).0.saturating_mul(i64::from(before.speed.max(1)));
        let reached = last.org.plus(Millis(passed));
        let org = match policy.downtime {
            Downtime::Counts => reached.max(last.org),
            Downtime::Stops => last.org,
        };
        let drift = before.org_at(wall).since(org).0.saturating_abs();
        let allowed = match policy.downtime {
            Downtime::Counts => Self::DRIFT.0.saturating_mul(i64::from(speed)),
            Downtime::Stops => 0,
        };
        let is_near = drift <= allowed && before.org_at(wall) >= last.org;
        if is_near && speed == before.speed.max(1) { before } else { Self { wall, org, speed } }
    }

    /// The organisation time at a wall time; before the anchor it stands still.
    #[must_use]
    pub fn org_at(&self, wall: WallTime) -> OrgTime {
        let passed = wall.since(self.wall).0.max(0);
        self.org.plus(Millis(passed.saturating_mul(i64::from(self.speed.max(1)))))
    }

    /// The first wall time at which organisation time has come to `org`.
    #[must_use]
    pub fn wall_at(&self, org: OrgTime) -> WallTime {
        let ahead = org.since(self.org).0.max(0);
        let speed = i64::from(self.speed.max(1));
        // Rounded up: never early.
        let wait = ahead.saturating_add(speed.saturating_sub(1)).checked_div(speed).unwrap_or(i64::MAX);
        self.wall.plus(Millis(wait))
    }
}

impl Default for Anchor {
    fn default() -> Self {
        Self::WITH_WALL
    }
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

    #[test]
    fn every_point_in_time_is_read_as_it_is_shown() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_280_000_123, "2026-11-21T16:53:20.123Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "253402300800000 ms since 1970"),
            (-62_167_219_200_001, "-62167219200001 ms since 1970"),
            (i64::MIN, "-9223372036854775808 ms since 1970"),
            (i64::MAX, "never"),
        ];
        for (millis, shown) in table {
            assert_eq!(OrgTime(millis).to_string(), shown);
            assert_eq!(shown.parse(), Ok(OrgTime(millis)));
        }
        assert!("x ms since 1970".parse::<OrgTime>().is_err());
    }

    #[test]
    fn organisation_time_goes_on_after_downtime_as_the_chart_says() {
        use Downtime::{Counts, Stops};
        const WITH_WALL: Anchor = Anchor::WITH_WALL;
        const fn anchor(wall: i64, org: i64, speed: u32) -> Anchor {
            Anchor { wall: WallTime(wall), org: OrgTime(org), speed }
        }
        let never = (0, 0);
        let table = [
            ("the first start", WITH_WALL, never, 5_000, 1, Counts, WITH_WALL),
            ("the first start, stopping", WITH_WALL, never, 5_000, 1, Stops, WITH_WALL),
            ("the first start, fast", WITH_WALL, never, 5_000, 60, Counts, anchor(5_000, 5_000, 60)),
            ("a speed of nothing is 1", WITH_WALL, never, 5_000, 0, Counts, WITH_WALL),
            ("nothing changes", WITH_WALL, (1_000, 1_000), 5_000, 1, Counts, WITH_WALL),
            ("nothing changes, fast", anchor(0, 0, 60), (60_000, 1_000), 5_000, 60, Counts, anchor(0, 0, 60)),
            ("faster", WITH_WALL, (1_000, 1_000), 5_000, 60, Counts, anchor(5_000, 5_000, 60)),
            ("slower", anchor(0, 0, 60), (60_000, 1_000), 5_000, 1, Counts, anchor(5_000, 300_000, 1)),
            ("stopped", WITH_WALL, (1_000, 1_000), 5_000, 1, Stops, anchor(5_000, 1_000, 1)),
            ("stopped and faster", WITH_WALL, (1_000, 1_000), 5_000, 60, Stops, anchor(5_000, 1_000, 60)),
            ("stopped for no time", WITH_WALL, (1_000, 1_000), 1_000, 1, Stops, WITH_WALL),
            ("the wall clock was set back", WITH_WALL, (1_000, 1_000), 400, 60, Counts, anchor(1_000, 1_000, 60)),
            ("set back, and nothing changes", WITH_WALL, (1_000, 1_000), 400, 1, Counts, WITH_WALL),
            ("never before the last event", WITH_WALL, (9_000, 1_000), 5_000, 1, Counts, anchor(5_000, 13_000, 1)),
        ];
        for (case, before, (org, wall), now, speed, downtime, after) in table {
            let last = Stamp { org: OrgTime(org), wall: WallTime(wall) };
            let resumed = Anchor::resumed(before, last, WallTime(now), ClockPolicy { speed, downtime });
            assert_eq!(resumed, after, "{case}");
            assert!(resumed.org_at(WallTime(now.max(wall))) >= last.org, "{case}");
        }
    }
}
