//! The time, passed in so that tests can fix it.

use jiff::{Timestamp, tz::TimeZone};

/// Tells the time and the local time zone.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    fixed: Option<Timestamp>,
    zone: TimeZone,
}

impl Clock {
    /// The machine's clock and time zone.
    pub(crate) fn system() -> Self {
        Self { fixed: None, zone: TimeZone::system() }
    }

    /// A clock that stands still.
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
