//! Parses durations in natural language, such as `5 minutes`, `1h30m`, `2 weeks and 1 day` and `PT5M`.

use jiff::{SignedDuration, Span, Timestamp, tz::Offset};

use crate::{schedule::duration, value::Value};

/// A duration in months and seconds. Months are stored separately because their length varies.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Amount {
    months: i64,
    rest: SignedDuration,
}

impl Amount {
    /// Returns `start` plus this duration. Returns `None` if the time is out of range. A day has 24 hours.
    pub(super) fn after(&self, start: Timestamp) -> Option<Timestamp> {
        let months = Span::new().try_months(self.months).ok()?;
        let end = Offset::UTC.to_datetime(start).checked_add(months).ok()?.checked_add(self.rest).ok()?;
        Offset::UTC.to_timestamp(end).ok()
    }
}

/// Parses a duration. Returns `None` if the phrase is not a duration.
pub(super) fn parse(text: &str) -> Option<Amount> {
    if text.starts_with('P') {
        let rest = duration::parse(&Value::from(text)).ok()?;
        return Some(Amount { months: 0, rest });
    }
    let lower = text.to_lowercase();
    let mut rest = lower.strip_suffix(" from now").unwrap_or(&lower).trim();
    let mut amount = Amount::default();
    while !rest.is_empty() {
        rest = add_next(rest, &mut amount)?;
    }
    (amount != Amount::default() || lower.starts_with('0')).then_some(amount)
}

/// Parses a number and unit at the start of `text` and adds them to `amount`. Returns the remaining string.
fn add_next<'a>(text: &'a str, amount: &mut Amount) -> Option<&'a str> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = if number_end == 0 {
        let (word, rest) = text.split_once(' ')?;
        (word_number(word)?, rest)
    } else {
        (text[..number_end].parse().ok()?, &text[number_end..])
    };
    let rest = rest.trim_start();
    let unit_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    amount.add(number, &rest[..unit_end])?;
    Some(skip_connectors(&rest[unit_end..]))
}

fn skip_connectors(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix([',', '+', '&']).or_else(|| rest.strip_prefix("and ")) {
        rest = after.trim_start();
    }
    rest
}

fn word_number(word: &str) -> Option<f64> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if matches!(word, "a" | "an") {
        return Some(1.0);
    }
    WORDS.iter().position(|known| *known == word).and_then(|at| u32::try_from(at).ok()).map(f64::from)
}

impl Amount {
    fn add(&mut self, number: f64, unit: &str) -> Option<()> {
        let seconds = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "wk" | "wks" | "week" | "weeks" => 604_800.0,
            "fortnight" | "fortnights" => 1_209_600.0,
            "mo" | "month" | "months" => return self.add_months(number, 1),
            "y" | "yr" | "yrs" | "year" | "years" => return self.add_months(number, 12),
            _ => return None,
        };
        let length = SignedDuration::try_from_secs_f64(number * seconds).ok()?;
        self.rest = self.rest.checked_add(length)?;
        Some(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "the number is a small integer")]
    fn add_months(&mut self, number: f64, months: i64) -> Option<()> {
        let is_whole = number.fract() == 0.0 && number < 120_000.0;
        self.months += if is_whole { number as i64 * months } else { return None };
        Some(())
    }
}
