//! Parses durations in natural language, such as `5 minutes`, `1h30m`, `2 weeks and 1 day` and `PT5M`.

use jiff::{SignedDuration, Span, Timestamp, tz::Offset};

use crate::{schedule::duration, value::Value};

const SMALL_NUMBERS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Multiples of ten, indexed by their tens digit.
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
/// Seconds of a day.
const DAY: i64 = 86_400;

/// A duration in months and seconds. Months are stored separately because their length varies.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Amount {
    months: i64,
    rest: SignedDuration,
}

impl Amount {
    /// Returns whether the duration consists of whole days, weeks, months and years.
    pub(super) fn is_days(&self) -> bool {
        self.rest.subsec_nanos() == 0 && self.rest.as_secs() % DAY == 0
    }

    /// Returns `start` plus this duration, or `None` if the time is out of range. A day has 24 hours.
    pub(super) fn after(&self, start: Timestamp) -> Option<Timestamp> {
        let months = Span::new().try_months(self.months).ok()?;
        let end = Offset::UTC.to_datetime(start).checked_add(months).ok()?.checked_add(self.rest).ok()?;
        Offset::UTC.to_timestamp(end).ok()
    }
}

/// Parses a duration, or returns `None` if `text` is not a duration.
pub(super) fn parse(text: &str) -> Option<Amount> {
    if text.starts_with('P') {
        let rest = duration::parse(&Value::from(text)).ok()?;
        return Some(Amount { months: 0, rest });
    }
    let lower = text.to_lowercase();
    let mut amount = Amount::default();
    if let Some(unit @ ("week" | "month" | "year")) = lower.strip_prefix("next ") {
        return amount.add(1.0, unit).map(|()| amount);
    }
    let mut rest = lower.strip_suffix(" from now").unwrap_or(&lower).trim();
    while !rest.is_empty() {
        rest = add_next(rest, &mut amount)?;
    }
    (amount != Amount::default() || lower.starts_with('0')).then_some(amount)
}

/// Parses a number and unit at the start of `text` and adds them to `amount`. Returns the remaining string.
fn add_next<'a>(text: &'a str, amount: &mut Amount) -> Option<&'a str> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = if number_end == 0 {
        spelled_number(text)?
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

/// Parses a number in words, such as `an`, `ten`, `twenty five` or `twenty-five`. Returns the number and the remaining
/// string.
fn spelled_number(text: &str) -> Option<(f64, &str)> {
    let (word, rest) = text.split_once(' ')?;
    if matches!(word, "a" | "an") {
        return Some((1.0, rest));
    }
    if let Some(number) = index(word, &SMALL_NUMBERS) {
        return Some((number, rest));
    }
    let digit = |word| index(word, &SMALL_NUMBERS).filter(|digit| (1.0..10.0).contains(digit));
    let tens = |word| index(word, &TENS).map(|tens| tens * 10.0);
    if let Some((ten, one)) = word.split_once('-') {
        return Some((tens(ten)? + digit(one)?, rest));
    }
    let tens = tens(word)?;
    let after = rest.split_once(' ').and_then(|(word, rest)| Some((tens + digit(word)?, rest)));
    Some(after.unwrap_or((tens, rest)))
}

/// Returns the zero-based position of a word in a list.
fn index(word: &str, words: &[&str]) -> Option<f64> {
    let at = words.iter().position(|known| !known.is_empty() && *known == word)?;
    u32::try_from(at).ok().map(f64::from)
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
