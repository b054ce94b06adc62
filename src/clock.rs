//! The current time and the local time zone. Tests can replace them with fixed values.

use jiff::{Timestamp, tz::TimeZone};

/// A source of the current time and the local time zone.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    fixed: Option<Timestamp>,
    zone: TimeZone,
}

impl Clock {
    /// Returns a clock with the system time and the system time zone.
    pub(crate) fn system() -> Self {
        Self { fixed: None, zone: TimeZone::system() }
    }

    /// Returns a clock that always returns the time `now`.
    #[cfg(test)]
    pub(crate) fn fixed(now: Timestamp, zone: TimeZone) -> Self {
        Self { fixed: Some(now), zone }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }
}
