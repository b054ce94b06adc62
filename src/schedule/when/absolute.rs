//! Parses points in time such as `17:30`, `tomorrow at 5pm`, `friday 9am EST` and `December 1st, 2026 17:30`.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday, time},
    tz::TimeZone,
};

use super::{HINT, NUMBER_HINT, WEEKDAY_HINT, ZONE_HINT, zone_name};
use crate::schedule::date_time::{self, microseconds};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The date and time components that a phrase specifies.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Point {
    day: Option<Day>,
    /// The weekday. Without a date, selects the next occurrence of the weekday. With a date, the weekday must
    /// match.
    weekday: Option<Weekday>,
    time: Option<Time>,
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    Today,
    Tonight,
    Tomorrow,
    AfterTomorrow,
    /// A day and a month. The year is the current year, or the next year if the day has passed.
    OfYear {
        month: i8,
        day: i8,
    },
    Date(Date),
}

/// Parses a phrase that specifies a point in time. Fails with a hint for the user.
pub(super) fn parse(text: &str) -> Result<Point, &'static str> {
    let words: Vec<&str> = text
        .split([' ', '\t', ','])
        .filter(|word| {
            !word.is_empty() && !["at", "on", "of", "next", "this"].contains(&word.to_lowercase().as_str())
        })
        .collect();
    let mut point = Point::default();
    let mut rest = words.as_slice();
    if rest.is_empty() {
        return Err(HINT);
    }
    while !rest.is_empty() {
        let used = point.take(rest)?;
        rest = &rest[used..];
    }
    let is_empty = point.day.is_none() && point.weekday.is_none() && point.time.is_none();
    if is_empty { Err(HINT) } else { Ok(point) }
}

impl Point {
    /// Parses one date or time component at the start of `words` and stores it. Returns the number of words consumed.
    ///
    /// # Errors
    ///
    /// Returns a hint for the user if the words are not recognized.
    fn take(&mut self, words: &[&str]) -> Result<usize, &'static str> {
        let word = words[0].to_lowercase();
        if let Some(day) = named_day(&word) {
            return self.set_day(day).map(|()| 1);
        }
        let after_tomorrow = ["day", "after", "tomorrow"];
        if words.len() >= 3
            && after_tomorrow.iter().zip(words).all(|(known, word)| word.eq_ignore_ascii_case(known))
        {
            return self.set_day(Day::AfterTomorrow).map(|()| 3);
        }
        if let Some(weekday) = name_index(&word, &WEEKDAYS) {
            let weekday = Weekday::from_monday_one_offset(weekday).map_err(|_| HINT)?;
            return self.weekday.replace(weekday).map_or(Ok(1), |_| Err(HINT));
        }
        if let Some((day, used)) = month_day(words) {
            return self.set_day(day).map(|()| used);
        }
        if let Some(day) = numeric_day(&word) {
            return self.set_day(day).map(|()| 1);
        }
        if let Some(moment) = date_time::parse(words[0]).filter(|_| is_iso_date_time(words[0])) {
            self.set_day(Day::Date(moment.local.date()))?;
            self.set_time(moment.local.time())?;
            return moment.offset.map_or(Ok(()), |offset| self.set_zone(TimeZone::fixed(offset))).map(|()| 1);
        }
        if let Some(used) = self.take_time(&word, words)? {
            return Ok(used);
        }
        if let Some(zone) = zone_name::parse(words[0]) {
            return self.set_zone(zone).map(|()| 1);
        }
        if self.take_year(&word) {
            return Ok(1);
        }
        let looks_like_zone = words[0].chars().all(|c| c.is_ascii_uppercase()) || words[0].contains('/');
        Err(if word.parse::<f64>().is_ok() && words.len() == 1 {
            NUMBER_HINT
        } else if looks_like_zone && self.time.is_some() {
            ZONE_HINT
        } else {
            HINT
        })
    }

    /// Parses a year after the time, as in the output of `date`. Returns whether the word is a year.
    fn take_year(&mut self, word: &str) -> bool {
        let (Some(Day::OfYear { month, day }), 4, Ok(year)) = (self.day, word.len(), word.parse()) else {
            return false;
        };
        let date = Date::new(year, month, day).ok();
        self.day = date.map(Day::Date).or(self.day);
        date.is_some()
    }

    /// Parses a time such as `17:30`, `17:30:15.5`, `5pm`, `5 pm` or `5 p.m.`. A time zone may follow directly, as in
    /// `17:30Z`.
    ///
    /// Returns the number of consumed words, or `None` if the phrase does not start with a time.
    fn take_time(&mut self, word: &str, words: &[&str]) -> Result<Option<usize>, &'static str> {
        let word = &without_dots(word);
        let half = words.get(1).map(|next| without_dots(&next.to_lowercase()));
        let half = half.filter(|next| next == "am" || next == "pm");
        if let Some(time) = half.and_then(|half| clock_time(&format!("{word}{half}"))) {
            return self.set_time(time).map(|()| Some(2));
        }
        let zone_at = word.find(['+', '-', 'z']).filter(|at| *at > 0).unwrap_or(word.len());
        let Some(time) = clock_time(&word[..zone_at]) else { return Ok(None) };
        self.set_time(time)?;
        if zone_at < word.len() {
            self.set_zone(zone_name::parse(&word[zone_at..]).ok_or(ZONE_HINT)?)?;
        }
        Ok(Some(1))
    }

    fn set_day(&mut self, day: Day) -> Result<(), &'static str> {
        self.day.replace(day).map_or(Ok(()), |_| Err(HINT))
    }

    fn set_time(&mut self, time: Time) -> Result<(), &'static str> {
        self.time.replace(time).map_or(Ok(()), |_| Err(HINT))
    }

    fn set_zone(&mut self, zone: TimeZone) -> Result<(), &'static str> {
        self.zone.replace(zone).map_or(Ok(()), |_| Err(HINT))
    }

    /// Converts the components to a timestamp. Derives missing components from `now`. The default time zone is
    /// `local_zone`.
    pub(super) fn resolve(&self, now: Timestamp, local_zone: &TimeZone) -> Result<Timestamp, &'static str> {
        let zone = self.zone.as_ref().unwrap_or(local_zone);
        let found = self.find(now, zone).ok_or(HINT)?;
        let is_another = |weekday| weekday != zone.to_datetime(found).date().weekday();
        if self.weekday.is_some_and(is_another) { Err(WEEKDAY_HINT) } else { Ok(found) }
    }

    /// Returns this time of day on the date of a timestamp, or `None` if the phrase specifies more than a time.
    pub(super) fn on_date_of(&self, timestamp: Timestamp, local_zone: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(local_zone);
        let time = self.time.filter(|_| self.day.is_none() && self.weekday.is_none())?;
        instant(zone.to_datetime(timestamp).date().to_datetime(time), zone)
    }

    fn find(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = zone.to_datetime(now);
        let today = here.date();
        let at = |day: Date, default: Time| instant(day.to_datetime(self.time.unwrap_or(default)), zone);
        let midnight = Time::midnight();
        let Some(day) = self.day else {
            if let Some(weekday) = self.weekday {
                return at(today.nth_weekday(1, weekday).ok()?, midnight);
            }
            let first = at(today, midnight)?;
            return if first < now { at(today.tomorrow().ok()?, midnight) } else { Some(first) };
        };
        match day {
            Day::Today if self.time.is_none() => Some(now),
            Day::Today => at(today, midnight),
            Day::Tonight => at(today, time(20, 0, 0, 0)),
            Day::Tomorrow => at(today.tomorrow().ok()?, here.time()),
            Day::AfterTomorrow => at(today.tomorrow().ok()?.tomorrow().ok()?, here.time()),
            Day::OfYear { month, day } => {
                let this_year = Date::new(today.year(), month, day).ok().and_then(|day| at(day, midnight));
                let next_year = || at(Date::new(today.year() + 1, month, day).ok()?, midnight);
                this_year.filter(|time| *time >= now).or_else(next_year)
            }
            Day::Date(date) => at(date, midnight),
        }
    }
}

fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(local).ok()
}

fn named_day(word: &str) -> Option<Day> {
    match word {
        "now" | "today" => Some(Day::Today),
        "tonight" => Some(Day::Tonight),
        "tomorrow" => Some(Day::Tomorrow),
        _ => None,
    }
}

/// Returns the one-based position of a name in the list. Accepts abbreviations with at least three letters.
fn name_index(word: &str, names: &[&str]) -> Option<i8> {
    let word = word.strip_suffix('.').unwrap_or(word);
    let at = names.iter().position(|name| word.len() >= 3 && name.starts_with(word))?;
    i8::try_from(at + 1).ok()
}

/// Parses a date such as `December 1`, `1st December` or `Dec 1 2026`. Returns the date and the number of consumed
/// words.
fn month_day(words: &[&str]) -> Option<(Day, usize)> {
    let month = |word: &str| name_index(&word.to_lowercase(), &MONTHS);
    let (month, day) = match (month(words[0]), month(words.get(1)?)) {
        (Some(month), _) => (month, ordinal(words[1])?),
        (None, Some(month)) => (month, ordinal(words[0])?),
        (None, None) => return None,
    };
    match words.get(2).filter(|year| year.len() == 4).and_then(|year| year.parse().ok()) {
        Some(year) => Some((Day::Date(Date::new(year, month, day).ok()?), 3)),
        None => Some((Day::OfYear { month, day }, 2)),
    }
}

fn ordinal(word: &str) -> Option<i8> {
    let lower = word.to_lowercase();
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
    digits.parse().ok()
}

/// Parses a numeric date such as `2026-12-01`, `12/01/2026`, `12-01-26`, `20.12.2027` or `12/01`.
///
/// The month precedes the day unless the number is too large for a month, as in Prefect. Two-digit years are between
/// 1969 and 2068.
fn numeric_day(word: &str) -> Option<Day> {
    let separator = ['/', '-', '.'].into_iter().find(|separator| word.contains(*separator))?;
    let parts: Vec<&str> = word.split(separator).collect();
    let number =
        |part: &str| part.parse::<i16>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
    let small =
        |part: &str| number(part).filter(|_| part.len() <= 2).and_then(|number| i8::try_from(number).ok());
    match parts[..] {
        [year, month, day] if year.len() == 4 => {
            Date::new(number(year)?, small(month)?, small(day)?).ok().map(Day::Date)
        }
        [first, second, year] => {
            let year = match year.len() {
                4 => number(year)?,
                2 => number(year).map(|year| if year < 69 { 2000 + year } else { 1900 + year })?,
                _ => return None,
            };
            let (month, day) = month_and_day(small(first)?, small(second)?);
            Date::new(year, month, day).ok().map(Day::Date)
        }
        [first, second] if separator != '.' => {
            let (month, day) = month_and_day(small(first)?, small(second)?);
            (1..=12).contains(&month).then_some(Day::OfYear { month, day })
        }
        _ => None,
    }
}

/// Returns the month and day. The month comes first unless the first number is too large for a month.
fn month_and_day(first: i8, second: i8) -> (i8, i8) {
    if first > 12 { (second, first) } else { (first, second) }
}

fn is_iso_date_time(word: &str) -> bool {
    word.len() > 10 && word.as_bytes()[4] == b'-' && word.as_bytes()[10] == b'T'
}

/// Replaces `a.m.` and `p.m.` at the end of a word with `am` and `pm`.
fn without_dots(word: &str) -> String {
    let half = ["a", "p"].into_iter().find_map(|half| {
        let time = word.strip_suffix('.').unwrap_or(word).strip_suffix(&format!("{half}.m"))?;
        Some(format!("{time}{half}m"))
    });
    half.unwrap_or_else(|| word.to_owned())
}

/// Parses a time of day such as `17:30`, `17:30:15`, `17:30:15.5`, `17h30`, `5pm`, `5:30pm`, `5.30pm`, `noon` or
/// `midnight`.
fn clock_time(word: &str) -> Option<Time> {
    match word {
        "noon" => return Some(time(12, 0, 0, 0)),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let (digits, afternoon) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(false)),
        (_, Some(digits)) => (digits, Some(true)),
        _ => (word, None),
    };
    // A number after the seconds is a fraction, but the number in `5.30pm` is the minute.
    let (digits, microsecond) = match digits.split_once('.') {
        Some((whole, fraction)) if whole.matches(':').count() == 2 => (whole, microseconds(fraction)?),
        _ => (digits, 0),
    };
    let parts: Vec<i8> = digits
        .split([':', 'h', '.'])
        .map(|part| if (1..=2).contains(&part.len()) { part.parse().ok() } else { None })
        .collect::<Option<_>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour] if afternoon.is_some() => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    Time::new(hour, minute, second, microsecond * 1000).ok()
}
