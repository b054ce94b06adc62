//! Parses durations in the notations that Prefect's models accept.
//!
//! The notations are a number of seconds, `HH:MM:SS`, `1 day, HH:MM:SS` and ISO 8601. A year has 365 days, and a month
//! has 30 days.

use jiff::SignedDuration;
use serde::{Serialize, Serializer};

use crate::value::{self, Value};

/// Maximum duration in days, as in Python's `timedelta`.
const MAX_DAYS: i128 = 999_999_999;
const MICROSECONDS: i128 = 1_000_000;
const DAY: i128 = 86_400;

/// The error for an invalid duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    #[error("expected a duration, found {0}")]
    Kind(&'static str),
    #[error(
        "the string is a number without a unit; remove the quotes to specify seconds, or add a unit, as in `PT{0}S`"
    )]
    BareNumber(String),
    #[error("invalid duration `{0}`: use seconds (90), HH:MM:SS (00:01:30) or ISO 8601 (PT1M30S)")]
    Text(String),
    #[error("a duration must not exceed {MAX_DAYS} days")]
    TooLong,
}

/// Parses a duration, which may be zero or negative.
///
/// # Errors
///
/// Fails if the value has the wrong type or an unknown notation, or if the duration is too long.
pub(crate) fn parse(value: &Value) -> Result<SignedDuration, DurationError> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => from_microseconds(i128::from(seconds) * MICROSECONDS),
            None => from_float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => parse_text(text),
        other => Err(DurationError::Kind(value::kind(other))),
    }
}

/// A duration that is represented in JSON as a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) SignedDuration);

impl Seconds {
    pub(crate) const ZERO: Self = Self(SignedDuration::ZERO);

    pub(crate) const fn from_secs(seconds: i64) -> Self {
        Self(SignedDuration::from_secs(seconds))
    }

    /// Returns the number of seconds in API format.
    pub(crate) fn as_f64(self) -> f64 {
        seconds(self.0)
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0.is_negative()
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

/// Converts a duration to seconds in API format.
#[expect(clippy::cast_precision_loss, reason = "the API represents durations as floating-point numbers")]
pub(crate) fn seconds(duration: SignedDuration) -> f64 {
    if duration.subsec_nanos() == 0 { duration.as_secs() as f64 } else { duration.as_micros() as f64 / 1e6 }
}

fn from_microseconds(microseconds: i128) -> Result<SignedDuration, DurationError> {
    if microseconds.abs() >= (MAX_DAYS + 1) * DAY * MICROSECONDS {
        return Err(DurationError::TooLong);
    }
    i64::try_from(microseconds / MICROSECONDS)
        .ok()
        .zip(i32::try_from(microseconds % MICROSECONDS * 1000).ok())
        .map(|(seconds, nanoseconds)| SignedDuration::new(seconds, nanoseconds))
        .ok_or(DurationError::TooLong)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "float casts saturate, and the limit is far below the maximum of `i128`"
)]
fn from_float(seconds: f64) -> Result<SignedDuration, DurationError> {
    if seconds.is_nan() {
        return Err(DurationError::Text("NaN".to_owned()));
    }
    from_microseconds((seconds * 1e6).round_ties_even() as i128)
}

fn parse_text(text: &str) -> Result<SignedDuration, DurationError> {
    // In YAML 1.1, a number such as `1e3` is a string without quotes.
    if text.parse::<f64>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(DurationError::BareNumber(text.to_owned()));
    }
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let microseconds = if let Some(components) = unsigned.strip_prefix('P') {
        iso(components)
    } else if unsigned.contains(['d', 'D']) {
        days_and_time(unsigned)
    } else {
        time(unsigned)
    };
    let microseconds = microseconds.ok_or_else(|| DurationError::Text(text.to_owned()))?;
    from_microseconds(if negative { -microseconds } else { microseconds })
}

/// Parses an ISO 8601 duration without the leading `P`. Only the last number may have a fraction.
fn iso(components: &str) -> Option<i128> {
    let mut total = 0;
    let mut in_time = false;
    let mut had_fraction = false;
    let mut rest = components;
    let mut numbers = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T').filter(|_| !in_time) {
            in_time = true;
            rest = after;
            continue;
        }
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let unit = match (rest.as_bytes()[unit_at], in_time) {
            (b'Y', false) => 365 * DAY,
            (b'M', false) => 30 * DAY,
            (b'W', false) => 7 * DAY,
            (b'D', false) => DAY,
            (b'H', true) => 3600,
            (b'M', true) => 60,
            (b'S', true) => 1,
            _ => return None,
        };
        if had_fraction {
            return None;
        }
        let number = &rest[..unit_at];
        let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
        had_fraction = whole.len() < number.len();
        total += digits(whole)? * unit * MICROSECONDS;
        if had_fraction {
            total += fraction_of(fraction, unit)?;
        }
        numbers += 1;
        rest = &rest[unit_at + 1..];
    }
    (numbers > 0).then_some(total)
}

/// Converts a fraction of a unit to microseconds. `unit` is the unit's length in seconds.
fn fraction_of(fraction: &str, unit: i128) -> Option<i128> {
    // Further digits represent less than one microsecond, even for the longest unit.
    let fraction = &fraction[..fraction.len().min(15)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let microseconds = digits(fraction)? * unit * MICROSECONDS;
    Some((microseconds + scale / 2) / scale)
}

/// Parses a duration such as `1 day`, `2 days, 03:04:05` or `3d 04:05`.
fn days_and_time(text: &str) -> Option<i128> {
    let number_ends = text.find(|c: char| !c.is_ascii_digit())?;
    let days = digits(&text[..number_ends])? * DAY * MICROSECONDS;
    let rest = &text[number_ends..];
    let rest = skip(rest, [' ']).strip_prefix(['d', 'D'])?;
    let rest = match rest.get(..2) {
        Some(word) if word.eq_ignore_ascii_case("ay") => skip(&rest[2..], ['s', 'S']),
        _ => rest,
    };
    let rest = skip(skip(rest, [',']), [' ']);
    // After a number of days, the time must be less than one day.
    let time = if rest.is_empty() { Some(0) } else { time(rest).filter(|time| *time < DAY * MICROSECONDS) };
    Some(days + time?)
}

/// Parses a duration of the form `HH:MM` or `HH:MM:SS.ffffff`. The number of hours is not limited.
fn time(text: &str) -> Option<i128> {
    if text.len() < 5 {
        return None;
    }
    let (hours, rest) = text.split_once(':')?;
    let (minutes, rest) = rest.split_once(':').map_or((rest, None), |(minutes, rest)| (minutes, Some(rest)));
    let (seconds, fraction) = match rest {
        Some(rest) => rest.split_once(['.', ',']).map_or((rest, None), |(whole, part)| (whole, Some(part))),
        None => ("00", None),
    };
    let microseconds = fraction.map_or(Some(0), microseconds)?;
    let total = digits(hours)? * 3600 + below_sixty(minutes)? * 60 + below_sixty(seconds)?;
    Some(total * MICROSECONDS + microseconds)
}

/// Parses the first six digits of a fractional second. Unlike ISO 8601 durations, times are truncated, not rounded.
fn microseconds(fraction: &str) -> Option<i128> {
    digits(fraction)?;
    digits(&format!("{:0<6}", &fraction[..fraction.len().min(6)]))
}

fn below_sixty(text: &str) -> Option<i128> {
    digits(text).filter(|number| text.len() == 2 && *number < 60)
}

/// Parses a number. The number of digits is limited so that sums cannot overflow.
fn digits(text: &str) -> Option<i128> {
    let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Removes the first character of a string if it is one of `any_of`.
fn skip<const N: usize>(text: &str, any_of: [char; N]) -> &str {
    text.strip_prefix(any_of).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Case {
        text: String,
        seconds: Option<f64>,
    }

    #[test]
    fn parses_strings_as_prefect_does() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/data/schedule/durations.json")).unwrap();
        assert!(cases.len() > 80);
        let read = |text: &str| parse(&Value::from(text)).ok().map(seconds);
        let wrong: Vec<_> = cases.iter().filter(|case| read(&case.text) != case.seconds).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn converts_numbers_to_microseconds() {
        for (yaml, expected) in
            [("900", 900.0), ("90.5", 90.5), ("-5", -5.0), ("0.0000014", 0.000_001), ("1e3", 1000.0)]
        {
            let value: Value = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(parse(&value).map(seconds), Ok(expected), "{yaml}");
        }
    }

    #[test]
    fn errors_suggest_a_format() {
        let error = |yaml: &str| parse(&serde_yaml::from_str(yaml).unwrap()).unwrap_err().to_string();
        assert!(error("'60'").contains("remove the quotes"));
        assert!(error("1 hour").contains("ISO 8601"));
        assert!(error("'1e400'").starts_with("invalid duration `1e400`"));
        assert_eq!(error("true"), "expected a duration, found a boolean");
        assert_eq!(error("1e300"), DurationError::TooLong.to_string());
        assert_eq!(error(".inf"), DurationError::TooLong.to_string());
    }
}
