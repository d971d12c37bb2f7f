//! A place in the journal, as a person names one: the number of an event, or a time.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime};

use crate::domain::id::Sequence;
use crate::domain::time::WallTime;

/// A place in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    Sequence(Sequence),
    Time(WallTime),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Sequence(Sequence(number)));
        }
        let day =
            || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
        let millis =
            time.or_else(day).ok_or("give the number of an event, a time as 2026-11-22T08:00:00Z, or a day")?;
        Ok(Self::Time(WallTime::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_an_event_a_time_or_a_day() {
        assert_eq!("7".parse(), Ok(Point::Sequence(Sequence(7))));
        let midnight = Ok(Point::Time(WallTime::from_millis(1_767_225_600_000)));
        for text in ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"] {
            assert_eq!(text.parse(), midnight, "{text}");
        }
        for wrong in ["", "-1", "yesterday", "2026-13-01"] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
