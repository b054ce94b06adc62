//! Parses a single recurrence rule such as `FREQ=...;INTERVAL=...;BY...=...`. The rule must be in upper case.

use jiff::civil::Time;

use super::date_list::{self, Awareness};

/// The frequency of a rule, ordered from the longest period to the shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
    Minutely,
    Secondly,
}

const FREQUENCIES: [(&str, Frequency); 7] = [
    ("YEARLY", Frequency::Yearly),
    ("MONTHLY", Frequency::Monthly),
    ("WEEKLY", Frequency::Weekly),
    ("DAILY", Frequency::Daily),
    ("HOURLY", Frequency::Hourly),
    ("MINUTELY", Frequency::Minutely),
    ("SECONDLY", Frequency::Secondly),
];
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// The start of a rule, as specified by its `DTSTART` property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) time: Time,
    pub(super) awareness: Awareness,
}

/// The recurrence rule properties required by validation and the API request.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: i64,
    pub(super) has_count: bool,
    pub(super) until: Option<Awareness>,
    by_hour: Vec<i64>,
    by_minute: Vec<i64>,
    by_second: Vec<i64>,
}

impl Rule {
    /// Parses a rule with or without the prefix `RRULE:`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pairs = match text.split_once(':') {
            Some(("RRULE", pairs)) if !pairs.contains(':') => pairs,
            Some(_) => return Err("unknown parameter name".to_owned()),
            None => text,
        };
        let mut frequency = None;
        let mut rule = Self {
            frequency: Frequency::Yearly,
            interval: 1,
            has_count: false,
            until: None,
            by_hour: Vec::new(),
            by_minute: Vec::new(),
            by_second: Vec::new(),
        };
        for pair in pairs.split(';') {
            let (name, value) = pair
                .split_once('=')
                .filter(|(_, value)| !value.contains('='))
                .ok_or_else(|| format!("`{pair}` is not NAME=VALUE"))?;
            if name == "FREQ" {
                let found = FREQUENCIES.iter().find(|(name, _)| *name == value);
                frequency = Some(found.ok_or_else(|| invalid(name, value))?.1);
            } else {
                rule.set(name, value)?;
            }
        }
        rule.frequency = frequency.ok_or("FREQ is missing")?;
        Ok(rule)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let numbers = || numbers(value).ok_or_else(|| invalid(name, value));
        let number = || value.parse::<i64>().map_err(|_| invalid(name, value));
        match name {
            // With an interval of 0, the server would search for the next run indefinitely.
            "INTERVAL" => {
                self.interval = Some(number()?).filter(|n| *n > 0).ok_or_else(|| invalid(name, value))?;
            }
            "COUNT" => {
                number()?;
                self.has_count = true;
            }
            "UNTIL" => self.until = Some(date_list::date(value).ok_or_else(|| invalid(name, value))?.1),
            "WKST" if WEEKDAYS.contains(&value) => {}
            "BYDAY" | "BYWEEKDAY" if value.split(',').all(is_weekday) => {}
            "WKST" | "BYDAY" | "BYWEEKDAY" => return Err(invalid(name, value)),
            "BYSETPOS" => {
                if numbers()?.iter().any(|n| *n == 0 || !(-366..=366).contains(n)) {
                    return Err("bysetpos must be between 1 and 366, or between -366 and -1".to_owned());
                }
            }
            "BYHOUR" => self.by_hour = numbers()?,
            "BYMINUTE" => self.by_minute = numbers()?,
            "BYSECOND" => self.by_second = numbers()?,
            "BYMONTH" | "BYMONTHDAY" | "BYYEARDAY" | "BYEASTER" | "BYWEEKNO" => {
                numbers()?;
            }
            _ => return Err(format!("unknown parameter '{name}'")),
        }
        Ok(())
    }

    /// Validates the rule with its start. The default start is midnight.
    pub(super) fn check(&self, start: Option<Start>) -> Result<(), String> {
        if let (Some(start), Some(until)) = (start, self.until)
            && start.awareness != until
        {
            return Err("UNTIL must have a time zone (a trailing Z) if DTSTART has a time zone, and must not have one otherwise".to_owned());
        }
        let time = start.map_or(Time::midnight(), |start| start.time);
        for (name, numbers, unit, size, from) in [
            ("BYHOUR", &self.by_hour, Frequency::Hourly, 24, time.hour()),
            ("BYMINUTE", &self.by_minute, Frequency::Minutely, 60, time.minute()),
            ("BYSECOND", &self.by_second, Frequency::Secondly, 60, time.second()),
        ] {
            if self.frequency < Frequency::Hourly
                && let Some(number) = numbers.iter().find(|number| !(0..size).contains(*number))
            {
                return Err(format!("{name} must be between 0 and {}, not {number}", size - 1));
            }
            if self.frequency == unit && !numbers.is_empty() && !self.reaches(numbers, size, from.into()) {
                return Err(format!("intervals of {} from {from} never reach a {name}", self.interval));
            }
        }
        Ok(())
    }

    /// Returns whether repeatedly adding the interval to `from`, modulo `size`, reaches any of the numbers.
    fn reaches(&self, numbers: &[i64], size: i64, from: i64) -> bool {
        let stride = greatest_common_divisor(self.interval, size);
        numbers.iter().any(|number| number.rem_euclid(stride) == from.rem_euclid(stride))
    }
}

fn invalid(name: &str, value: &str) -> String {
    format!("invalid '{name}': {value}")
}

fn numbers(value: &str) -> Option<Vec<i64>> {
    value.split(',').map(|number| number.parse().ok()).collect()
}

/// Returns whether a string is a weekday such as `MO`, `+1MO`, `-1FR` or `MO(+1)`.
fn is_weekday(text: &str) -> bool {
    let (day, nth) = if let Some((day, nth)) = text.split_once('(') {
        (day, nth.strip_suffix(')'))
    } else {
        let at = text.find(|c: char| !c.is_ascii_digit() && c != '+' && c != '-').unwrap_or(text.len());
        (&text[at..], Some(&text[..at]).filter(|nth| !nth.is_empty()))
    };
    let is_nth = |nth: &str| nth.parse::<i64>().is_ok_and(|nth| nth != 0);
    WEEKDAYS.contains(&day) && nth.is_none_or(is_nth) && text.contains('(') == text.ends_with(')')
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
