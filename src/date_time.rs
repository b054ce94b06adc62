//! Dates and times with an optional UTC offset, and their format in JSON.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{self, Time},
    tz::Offset,
};

/// A date and time with an optional UTC offset. Without an offset, the context determines the time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime {
    pub(crate) local: civil::DateTime,
    pub(crate) offset: Option<Offset>,
}

/// A time of day with an optional UTC offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) local: Time,
    pub(crate) offset: Option<Offset>,
}

impl DateTime {
    /// Converts a timestamp to a date and time in UTC.
    pub(crate) fn utc(timestamp: Timestamp) -> Self {
        Self { local: Offset::UTC.to_datetime(timestamp), offset: Some(Offset::UTC) }
    }
}

/// Formats the date and time as pydantic does in JSON.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = TimeOfDay { local: self.local.time(), offset: self.offset };
        write!(f, "{}T{time}", self.local.date())
    }
}

/// Formats the time as pydantic does in JSON.
impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.local;
        write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        let microseconds = time.subsec_nanosecond() / 1000;
        if microseconds != 0 {
            write!(f, ".{microseconds:06}")?;
        }
        let Some(offset) = self.offset else { return Ok(()) };
        if offset == Offset::UTC {
            return f.write_str("Z");
        }
        let sign = if offset.is_negative() { '-' } else { '+' };
        let seconds = offset.seconds().abs();
        write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
        if seconds % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", seconds % 60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_dates_and_times() {
        let time = |nanoseconds| civil::date(2024, 1, 2).at(3, 4, 5, nanoseconds);
        let offset = |seconds| Some(Offset::from_seconds(seconds).unwrap());
        for (local, offset, expected) in [
            (time(0), None, "2024-01-02T03:04:05"),
            (time(678_000_000), None, "2024-01-02T03:04:05.678000"),
            (time(678_000_000), offset(0), "2024-01-02T03:04:05.678000Z"),
            (time(0), offset(3_600), "2024-01-02T03:04:05+01:00"),
            (time(1_000), offset(-19_800), "2024-01-02T03:04:05.000001-05:30"),
            (time(0), offset(-61), "2024-01-02T03:04:05-00:01:01"),
        ] {
            assert_eq!(DateTime { local, offset }.to_string(), expected);
        }
        let now = "2026-11-23T14:45:07.250Z".parse().unwrap();
        assert_eq!(DateTime::utc(now).to_string(), "2026-11-23T14:45:07.250000Z");
    }
}
