//! Parses start times in natural language, such as `10 minutes`, `1h30m`, `tomorrow at 5pm` and `2026-12-01 17:30
//! EST`.
//!
//! Times without a time zone are in the local time zone. Times in the past and ambiguous phrases, such as numbers
//! without a unit, are rejected.

mod absolute;
mod relative;
mod zone_name;

use jiff::{Timestamp, tz::TimeZone};

use crate::clock::Clock;

/// The error for an invalid start time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhenError {
    #[error("Unable to parse scheduled start time '{phrase}'. {hint}")]
    Unclear { phrase: String, hint: &'static str },
    #[error("The scheduled start time '{phrase}' is in the past ({time} UTC).")]
    Past { phrase: String, time: String },
}

const HINT: &str = "Use a duration (10 minutes, 1h30m, PT5M), a time (17:30, 5pm, tomorrow at 9am) or a date with a \
                    time (2026-12-01 17:30, 2026-12-01T17:30:00+01:00).";
const NUMBER_HINT: &str = "The number has no unit. Use 10 minutes, 10:00 or 10am.";
const WEEKDAY_HINT: &str = "The date does not fall on the given weekday.";
const AGO_HINT: &str = "A flow run cannot start in the past.";
const ZONE_HINT: &str = "The time zone is unknown or ambiguous. Use a name such as America/New_York, or an offset such as \
                         +05:30.";

/// Parses the value of `--start-in`. Returns the start time.
pub(crate) fn start_in(phrase: &str, clock: &Clock) -> Result<Timestamp, WhenError> {
    start("in", phrase, clock)
}

/// Parses the value of `--start-at`. Returns the start time.
pub(crate) fn start_at(phrase: &str, clock: &Clock) -> Result<Timestamp, WhenError> {
    start("at", phrase, clock)
}

/// Parses the value of `--start-in` or `--start-at`. Both options accept the same phrases, as in Prefect.
fn start(word: &str, phrase: &str, clock: &Clock) -> Result<Timestamp, WhenError> {
    let now = clock.now();
    let whole = format!("{word} {phrase}");
    let text = without_preposition(phrase.trim());
    let unclear = |hint| WhenError::Unclear { phrase: whole.clone(), hint };
    let time_of_day = if word == "at" { time_of_day(text) } else { None };
    let time = match time_of_day {
        Some(time) => absolute::parse(&time).and_then(|moment| moment.resolve(now, clock.zone())),
        None if let Some(hint) = refusal(text) => Err(hint),
        None if let Some(amount) = relative::parse(text) => amount.after(now).ok_or(HINT),
        None if let Some(time) = days_and_time(text, clock) => Ok(time),
        None => absolute::parse(text).and_then(|moment| moment.resolve(now, clock.zone())),
    };
    let time = time.map_err(unclear)?;
    if time < now {
        let time = TimeZone::UTC.to_datetime(time).strftime("%Y-%m-%d %H:%M:%S").to_string();
        return Err(WhenError::Past { phrase: whole, time });
    }
    Ok(time)
}

/// Parses a number of days and a time of day, such as `2 days at 5pm`. Returns `None` if the phrase differs.
fn days_and_time(text: &str, clock: &Clock) -> Option<Timestamp> {
    let (days, time) = text.split_once(" at ")?;
    let days = relative::parse(days).filter(relative::Amount::is_days)?;
    absolute::parse(time).ok()?.on_date_of(days.after(clock.now())?, clock.zone())
}

/// Converts a time such as `17h` or `17.30` to `17:00` or `17:30`. Without `at`, such a phrase would be a duration of 17
/// hours or a number.
fn time_of_day(text: &str) -> Option<String> {
    let (hour, minute) = text.strip_suffix('h').map(|hour| (hour, "00")).or_else(|| text.split_once('.'))?;
    let is_time = (1..=2).contains(&hour.len())
        && minute.len() == 2
        && [hour, minute].concat().bytes().all(|digit| digit.is_ascii_digit());
    is_time.then(|| format!("{hour}:{minute}"))
}

fn without_preposition(text: &str) -> &str {
    match text.split_once(' ') {
        Some((word, rest)) if ["in", "at"].iter().any(|known| word.eq_ignore_ascii_case(known)) => {
            rest.trim_start()
        }
        _ => text,
    }
}

/// Returns a hint for a phrase that Prefect would interpret unexpectedly, or `None` for any other phrase.
fn refusal(text: &str) -> Option<&'static str> {
    let is_number = text.parse::<f64>().is_ok() && text.contains(|c: char| c.is_ascii_digit());
    if text.starts_with('-') || text.to_lowercase().ends_with(" ago") {
        Some(AGO_HINT)
    } else if is_number {
        Some(NUMBER_HINT)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
