//! Describes cron schedules in words, such as `at 04:30 every day, Europe/Rome; next: 2026-11-30 04:30 CET`.

use std::collections::BTreeSet;

use jiff::{Timestamp, ZonedDateTime, civil::Date, tz::TimeZone};

use super::{
    UTC,
    cron::{self, Values},
    zone,
};

/// Maximum number of times of day in a description. A schedule with more times has no description.
const MAX_TIMES: usize = 6;
/// Number of days to search for the next run. Leap days are at most eight years apart.
const MAX_DAYS: usize = 366 * 8;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Describes a cron schedule in words, including its time zone and its next run after `now`.
///
/// Returns `None` if the expression has no short and precise description.
pub(crate) fn cron_in_words(expression: &str, timezone: Option<&str>, now: Timestamp) -> Option<String> {
    let values = cron::values(expression)?;
    let timezone = timezone.unwrap_or(UTC);
    let words = format!("{}, {timezone}", words(&values)?);
    let next = zone::parse(timezone).ok().and_then(|zone| next(&values, &zone, now));
    Some(match next {
        Some(next) => format!("{words}; next: {}", next.strftime("%Y-%m-%d %H:%M %Z")),
        None => words,
    })
}

/// A description of the times of day.
enum Times {
    /// Times of day, such as `at 01:00`.
    Points(String),
    /// A repeated time, such as `every 5 minutes`.
    Interval(String),
}

/// A description of the days.
enum Days {
    All,
    Selected(String),
}

fn words(values: &Values) -> Option<String> {
    Some(match (times(values)?, days(values)?) {
        (Times::Points(times) | Times::Interval(times), Days::Selected(days)) => format!("{times}, {days}"),
        (Times::Points(times), Days::All) => format!("{times} every day"),
        (Times::Interval(times), Days::All) => times,
    })
}

/// Describes the times of day when the schedule runs.
fn times(Values { minutes, hours, .. }: &Values) -> Option<Times> {
    let all_hours = hours.len() == 24;
    if let (Some(step), true) = (step(minutes, 60), all_hours) {
        return Some(Times::Interval(every(step, "minute")));
    }
    if let Some(minute) = only(minutes) {
        if let Some(step) = step(hours, 24) {
            let hours = every(step, "hour");
            let interval = if minute == 0 { hours } else { format!("{hours} at minute {minute}") };
            return Some(Times::Interval(interval));
        }
        if let Some((first, last)) = range(hours) {
            let interval = format!("every hour from {first:02}:{minute:02} to {last:02}:{minute:02}");
            return Some(Times::Interval(interval));
        }
    }
    if minutes.len() * hours.len() <= MAX_TIMES {
        let times =
            hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return Some(Times::Points(format!("at {}", listed(&times.collect::<Vec<_>>()))));
    }
    let (step, end) = (step(minutes, 60)?, minutes.last()?);
    let (first, last) = range(hours).or(only(hours).map(|hour| (hour, hour)))?;
    let interval = format!("{} from {first:02}:00 to {last:02}:{end:02}", every(step, "minute"));
    Some(Times::Interval(interval))
}

/// Describes the days when the schedule runs.
fn days(Values { days, months, weekdays, .. }: &Values) -> Option<Days> {
    let month_names = || names(months, &MONTHS, 1);
    let all_months = months.len() == MONTHS.len();
    let in_months = || if all_months { String::new() } else { format!(" in {}", month_names()) };
    match (days.len() == 31, weekdays.len() == WEEKDAYS.len()) {
        (true, true) if all_months => Some(Days::All),
        (true, true) => Some(Days::Selected(format!("every day in {}", month_names()))),
        (true, false) => Some(Days::Selected(format!("{}{}", weekday_words(weekdays), in_months()))),
        (false, true) => {
            let numbers: Vec<String> = days.iter().map(u64::to_string).collect();
            let noun = if numbers.len() == 1 { "day" } else { "days" };
            let months = if all_months { "every month".to_owned() } else { month_names() };
            (numbers.len() <= MAX_TIMES)
                .then(|| Days::Selected(format!("on {noun} {} of {months}", listed(&numbers))))
        }
        // `day_or` determines whether either or both of the days must match.
        (false, false) => None,
    }
}

fn weekday_words(weekdays: &BTreeSet<u64>) -> String {
    match range(weekdays) {
        Some((first, last)) => {
            let name = |number: u64| usize::try_from(number).ok().and_then(|index| WEEKDAYS.get(index));
            format!("{} to {}", name(first).unwrap_or(&""), name(last).unwrap_or(&""))
        }
        None => format!("on {}", names(weekdays, &WEEKDAYS, 0)),
    }
}

fn names(numbers: &BTreeSet<u64>, names: &[&str], first: u64) -> String {
    let index = |number: &u64| usize::try_from(number.checked_sub(first)?).ok();
    let names = numbers.iter().filter_map(|number| names.get(index(number)?).map(|name| (*name).to_owned()));
    listed(&names.collect::<Vec<_>>())
}

/// Joins items with commas, and the last two items with "and".
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

fn every(step: u64, unit: &str) -> String {
    if step == 1 { format!("every {unit}") } else { format!("every {step} {unit}s") }
}

fn only(numbers: &BTreeSet<u64>) -> Option<u64> {
    if numbers.len() == 1 { numbers.first().copied() } else { None }
}

/// Returns the step between numbers that start at 0 and are evenly spaced over the whole field.
fn step(numbers: &BTreeSet<u64>, size: u64) -> Option<u64> {
    let count =
        u64::try_from(numbers.len()).ok().filter(|count| *count > 1 && size.is_multiple_of(*count))?;
    let step = size / count;
    numbers.iter().copied().eq((0..size).step_by(usize::try_from(step).ok()?)).then_some(step)
}

/// Returns the first and last numbers of a sequence of at least three consecutive numbers.
fn range(numbers: &BTreeSet<u64>) -> Option<(u64, u64)> {
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    (numbers.len() > 2 && numbers.iter().copied().eq(first..=last)).then_some((first, last))
}

/// Returns the time of the first run after the given time.
fn next(values: &Values, zone: &TimeZone, now: Timestamp) -> Option<ZonedDateTime> {
    let mut date = zone.to_datetime(now).date();
    for _ in 0..MAX_DAYS {
        if is_due(values, date) {
            let times =
                values.hours.iter().flat_map(|hour| values.minutes.iter().map(move |minute| (hour, minute)));
            let runs = times.filter_map(|(hour, minute)| {
                let time = date.at(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0);
                time.to_zoned_datetime(zone.clone()).ok()
            });
            if let Some(run) = runs.filter(|run| run.timestamp() > now).min_by_key(ZonedDateTime::timestamp) {
                return Some(run);
            }
        }
        date = date.tomorrow().ok()?;
    }
    None
}

fn is_due(Values { days, months, weekdays, .. }: &Values, date: Date) -> bool {
    let has = |numbers: &BTreeSet<u64>, number: i8| u64::try_from(number).is_ok_and(|n| numbers.contains(&n));
    has(days, date.day())
        && has(months, date.month())
        && has(weekdays, date.weekday().to_sunday_zero_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_common_expressions() {
        for (expression, expected) in [
            ("30 4 * * *", Some("at 04:30 every day")),
            ("0 9 * * mon-fri", Some("at 09:00, Monday to Friday")),
            ("0 9 * * 1,3", Some("at 09:00, on Monday and Wednesday")),
            ("0 9 * * 7", Some("at 09:00, on Sunday")),
            ("0 9,17 * * *", Some("at 09:00 and 17:00 every day")),
            ("0,30 9 * * *", Some("at 09:00 and 09:30 every day")),
            ("* * * * *", Some("every minute")),
            ("*/15 * * * *", Some("every 15 minutes")),
            ("*/7 * * * *", None),
            ("0 * * * *", Some("every hour")),
            ("5 * * * *", Some("every hour at minute 5")),
            ("5 */6 * * *", Some("every 6 hours at minute 5")),
            ("0 9-17 * * 1-5", Some("every hour from 09:00 to 17:00, Monday to Friday")),
            ("*/30 8-18 * * *", Some("every 30 minutes from 08:00 to 18:30")),
            ("*/30 8 * * *", Some("at 08:00 and 08:30 every day")),
            ("*/5 8 * * *", Some("every 5 minutes from 08:00 to 08:55")),
            ("0 0 1 * *", Some("at 00:00, on day 1 of every month")),
            ("0 0 1,15 jan,jul *", Some("at 00:00, on days 1 and 15 of January and July")),
            ("0 0 * 6 *", Some("at 00:00, every day in June")),
            ("0 0 * 6 mon", Some("at 00:00, on Monday in June")),
            ("@daily", Some("at 00:00 every day")),
            ("@yearly", Some("at 00:00, on day 1 of January")),
            ("0 0 ? * *", Some("at 00:00 every day")),
            ("0 0 1 * mon", None),
            ("0 0 l * *", None),
            ("0 0 * * mon#1", None),
            ("0 0 * * * 30", None),
            ("nonsense", None),
        ] {
            let found = cron::values(expression).and_then(|values| words(&values));
            assert_eq!(found.as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn finds_the_next_run_in_the_time_zone() {
        let now: Timestamp = "2026-11-29T22:00:00Z".parse().unwrap();
        for (expression, zone, expected) in [
            (
                "30 4 * * *",
                Some("Europe/Rome"),
                "at 04:30 every day, Europe/Rome; next: 2026-11-30 04:30 CET",
            ),
            ("0 22 * * *", None, "at 22:00 every day, UTC; next: 2026-11-30 22:00 UTC"),
            ("0 0 29 2 *", None, "at 00:00, on day 29 of February, UTC; next: 2028-02-29 00:00 UTC"),
            ("0 0 31 2 *", None, "at 00:00, on day 31 of February, UTC"),
            ("0 1 * * *", Some("Nowhere/City"), "at 01:00 every day, Nowhere/City"),
        ] {
            assert_eq!(cron_in_words(expression, zone, now).as_deref(), Some(expected), "{expression}");
        }
    }
}
