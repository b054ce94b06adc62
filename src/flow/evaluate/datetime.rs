//! Dates, times and durations, and their formats in Python and pydantic.

use jiff::civil;

/// Number of microseconds in a day.
const DAY: i128 = 86_400_000_000;

/// A UTC offset in seconds, as in Python's `datetime.timezone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UtcOffset(pub(crate) i32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime {
    pub(crate) civil: civil::DateTime,
    pub(crate) offset: Option<UtcOffset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) civil: civil::Time,
    pub(crate) offset: Option<UtcOffset>,
}

impl UtcOffset {
    fn suffix(self) -> String {
        if self.0 == 0 {
            return "Z".to_owned();
        }
        let sign = if self.0 < 0 { '-' } else { '+' };
        let (minutes, seconds) = (self.0.abs() / 60, self.0.abs() % 60);
        let tail = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
        format!("{sign}{:02}:{:02}{tail}", minutes / 60, minutes % 60)
    }
}

fn suffix(offset: Option<UtcOffset>) -> String {
    offset.map(UtcOffset::suffix).unwrap_or_default()
}

fn clock(time: civil::Time) -> String {
    let whole = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    match time.subsec_nanosecond() / 1_000 {
        0 => whole,
        microseconds => format!("{whole}.{microseconds:06}"),
    }
}

impl DateTime {
    pub(crate) fn encoded(self) -> String {
        format!("{}T{}{}", self.civil.date(), clock(self.civil.time()), suffix(self.offset))
    }

    /// Adds a duration in microseconds to the date. Returns `None` if the result is out of range.
    pub(crate) fn plus(self, microseconds: i128) -> Option<Self> {
        let span = jiff::SignedDuration::from_micros(i64::try_from(microseconds).ok()?);
        Some(Self { civil: self.civil.checked_add(span).ok()?, ..self })
    }
}

impl TimeOfDay {
    pub(crate) fn encoded(self) -> String {
        format!("{}{}", clock(self.civil), suffix(self.offset))
    }
}

/// Returns the duration unchanged, or `None` if it exceeds the range of Python's `timedelta`.
pub(crate) fn in_range(microseconds: i128) -> Option<i128> {
    (microseconds.abs() < 1_000_000_000 * DAY).then_some(microseconds)
}

/// Returns the number of whole days in a duration, rounded toward negative infinity.
pub(crate) fn days(microseconds: i128) -> i128 {
    microseconds.div_euclid(DAY)
}

/// Formats a duration as an ISO 8601 string. As in pydantic, a year has 365 days.
pub(crate) fn duration(microseconds: i128) -> String {
    let sign = if microseconds < 0 { "-" } else { "" };
    let (days, rest) = (microseconds.abs() / DAY, microseconds.abs() % DAY);
    let (years, days) = (days / 365, days % 365);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let part = |amount: i128, unit: char| if amount == 0 { String::new() } else { format!("{amount}{unit}") };
    let seconds = match (seconds, fraction) {
        (seconds, 0) => part(seconds, 'S'),
        (seconds, fraction) => {
            let digits = format!("{fraction:06}");
            format!("{seconds}.{}S", digits.trim_end_matches('0'))
        }
    };
    let date = part(years, 'Y') + &part(days, 'D');
    let time = part(hours, 'H') + &part(minutes, 'M') + &seconds;
    match (date.is_empty(), time.is_empty()) {
        (true, true) => "PT0S".to_owned(),
        (_, true) => format!("{sign}P{date}"),
        _ => format!("{sign}P{date}T{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_durations_with_years_of_365_days() {
        let second = 1_000_000;
        let cases = [
            (0, "PT0S"),
            (-300 * second, "-PT5M"),
            (26 * 3600 * second, "P1DT2H"),
            (90_500_000, "PT1M30.5S"),
            (400 * DAY + second + 5, "P1Y35DT1.000005S"),
            (7 * DAY, "P7D"),
        ];
        for (microseconds, text) in cases {
            assert_eq!(duration(microseconds), text);
        }
    }

    #[test]
    fn formats_datetimes_with_microseconds_and_offset() {
        let civil = civil::date(2024, 1, 2).at(3, 4, 5, 678_000_000);
        let at = |offset| DateTime { civil, offset }.encoded();
        assert_eq!(at(None), "2024-01-02T03:04:05.678000");
        assert_eq!(at(Some(UtcOffset(0))), "2024-01-02T03:04:05.678000Z");
        assert_eq!(at(Some(UtcOffset(-19_800))), "2024-01-02T03:04:05.678000-05:30");
    }
}
