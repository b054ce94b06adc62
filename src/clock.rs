//! The current time and time zone as a value, so that tests can fix them.

use jiff::{Timestamp, tz::TimeZone};

/// A source of the current time and the local time zone.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    fixed: Option<Timestamp>,
    zone: TimeZone,
}

impl Clock {
    /// Returns the clock and time zone of the system.
    pub(crate) fn system() -> Self {
        Self { fixed: None, zone: TimeZone::system() }
    }

    /// Returns a clock that always shows the same time.
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
