//! Durations of Python's `timedelta`, as numbers of microseconds.

use crate::date_time::DateTime;

/// Number of microseconds in a day.
pub(super) const DAY: i128 = 86_400_000_000;

/// Adds a duration to a date and time. Returns `None` if the result is out of range.
pub(super) fn add(moment: DateTime, microseconds: i128) -> Option<DateTime> {
    let duration = jiff::SignedDuration::from_micros(i64::try_from(microseconds).ok()?);
    Some(DateTime { local: moment.local.checked_add(duration).ok()?, ..moment })
}

/// Returns the duration unchanged, or `None` if it exceeds the range of Python's `timedelta`.
pub(crate) fn in_range(microseconds: i128) -> Option<i128> {
    (microseconds.abs() < 1_000_000_000 * DAY).then_some(microseconds)
}

/// Returns the number of whole days in a duration, rounded toward negative infinity.
pub(crate) fn days(microseconds: i128) -> i128 {
    microseconds.div_euclid(DAY)
}

/// Returns the duration as a number of seconds, as Python's `total_seconds()` does.
#[expect(clippy::cast_precision_loss, reason = "Python divides the number of microseconds as floats, too")]
pub(super) fn seconds(microseconds: i128) -> f64 {
    microseconds as f64 / 1_000_000.0
}

/// Formats a duration as an ISO 8601 string. A year has 365 days, as in pydantic.
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
}
