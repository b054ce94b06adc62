//! Parses dates and times in the ISO 8601 notations that Prefect accepts for anchors and rules.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, ISOWeekDate, Time, Weekday},
    tz::Offset,
};

use crate::date_time::DateTime;

/// Converts seconds since 1970 to a date and time in UTC. Returns `None` if the number is out of range.
pub(super) fn from_seconds(seconds: f64) -> Option<DateTime> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok().map(DateTime::utc)
}

/// Parses a date or a date and time. A value without an offset is in UTC. Returns `None` if the string is invalid.
pub(super) fn parse_utc(text: &str) -> Option<DateTime> {
    parse(text).map(|parsed| DateTime { offset: parsed.offset.or(Some(Offset::UTC)), ..parsed })
}

/// Parses a date or a date and time. Returns `None` if the string is invalid.
///
/// Unlike Prefect, allows mixing notations with and without separators.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    let Some((date_text, time_text)) = text.split_once(['T', ' ']) else {
        return Some(DateTime { local: date(text)?.to_datetime(Time::midnight()), offset: None });
    };
    let (time, offset) = time_and_offset(time_text)?;
    Some(DateTime { local: date(date_text)?.to_datetime(time), offset })
}

/// Replaces every digit with `9` to determine the notation of a string.
fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
}

/// Parses a number with `length` digits at the offset `start`.
fn number(text: &str, start: usize, length: usize) -> Option<i16> {
    text.get(start..start + length)?.parse().ok()
}

fn small(text: &str, start: usize, length: usize) -> Option<i8> {
    number(text, start, length)?.try_into().ok()
}

fn date(text: &str) -> Option<Date> {
    let year = number(text, 0, 4)?;
    let calendar = |month: i8, day: i8| Date::new(year, month, day).ok();
    match shape(text).as_str() {
        "9999" => calendar(1, 1),
        "9999-99" => calendar(small(text, 5, 2)?, 1),
        "9999-99-99" | "9999/99/99" | "9999:99:99" => calendar(small(text, 5, 2)?, small(text, 8, 2)?),
        "99999999" => calendar(small(text, 4, 2)?, small(text, 6, 2)?),
        "9999-999" => ordinal(year, number(text, 5, 3)?),
        "9999999" => ordinal(year, number(text, 4, 3)?),
        "9999-W99" => week(year, small(text, 6, 2)?, 1),
        "9999-W99-9" => week(year, small(text, 6, 2)?, small(text, 9, 1)?),
        "9999W99" => week(year, small(text, 5, 2)?, 1),
        "9999W999" => week(year, small(text, 5, 2)?, small(text, 7, 1)?),
        _ => None,
    }
}

fn ordinal(year: i16, day: i16) -> Option<Date> {
    Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok()
}

fn week(year: i16, week: i8, day: i8) -> Option<Date> {
    Some(ISOWeekDate::new(year, week, Weekday::from_monday_one_offset(day).ok()?).ok()?.date())
}

fn time_and_offset(text: &str) -> Option<(Time, Option<Offset>)> {
    let (time, offset) = match text.find(['Z', '+', '-']) {
        Some(at) => (&text[..at], Some(offset(&text[at..])?)),
        None => (text, None),
    };
    let (whole, fraction) = match time.split_once(['.', ',']) {
        Some((whole, fraction)) if whole.len() >= 6 => (whole, microseconds(fraction)?),
        Some(_) => return None,
        None => (time, 0),
    };
    let (minute, second) = match shape(whole).as_str() {
        "99" => (Some(0), Some(0)),
        "99:99" => (small(whole, 3, 2), Some(0)),
        "9999" => (small(whole, 2, 2), Some(0)),
        "99:99:99" => (small(whole, 3, 2), small(whole, 6, 2)),
        "999999" => (small(whole, 2, 2), small(whole, 4, 2)),
        _ => return None,
    };
    let time = Time::new(small(whole, 0, 2)?, minute?, second?, fraction * 1000).ok()?;
    Some((time, offset))
}

/// Parses the first six digits of a fractional second. Ignores further digits.
pub(super) fn microseconds(fraction: &str) -> Option<i32> {
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && (1..=9).contains(&fraction.len());
    digits.then(|| format!("{:0<6}", &fraction[..fraction.len().min(6)]).parse().ok()).flatten()
}

fn offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes()[0] {
        b'Z' => return (text.len() == 1).then_some(Offset::UTC),
        b'-' => -1,
        _ => 1,
    };
    let (hours, minutes) = match shape(&text[1..]).as_str() {
        "99" => (number(text, 1, 2)?, 0),
        "9999" => (number(text, 1, 2)?, number(text, 3, 2)?),
        "99:99" => (number(text, 1, 2)?, number(text, 4, 2)?),
        _ => return None,
    };
    Offset::from_seconds(sign * (i32::from(hours) * 60 + i32::from(minutes)) * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Case {
        text: String,
        anchor: Option<String>,
    }

    #[test]
    fn parses_dates_as_prefect_does() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/data/schedule/anchors.json")).unwrap();
        assert!(cases.len() > 50);
        let read = |text: &str| parse_utc(text).map(|moment| moment.to_string());
        let wrong: Vec<_> = cases.iter().filter(|case| read(&case.text) != case.anchor).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
