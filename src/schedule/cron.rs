//! Validates cron expressions with the syntax of croniter, the library that Prefect uses.
//!
//! No Rust crate supports exactly this syntax. The sixth field contains seconds, and the seventh field contains years.
//! Ranges may wrap around (`sat-mon`). `mon#1` is the first Monday of a month, and `l5` is the last Friday.

use std::collections::BTreeSet;

/// The error for an invalid cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CronError {
    #[error("Invalid cron string: \"{expression}\": {reason}")]
    Invalid { expression: String, reason: String },
    #[error("Random and Hashed expressions are unsupported, received: \"{0}\"")]
    Hashed(String),
}

const ALIASES: [&str; 7] = ["@midnight", "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Checks that a cron expression is valid in Prefect.
pub(crate) fn check(expression: &str) -> Result<(), CronError> {
    let lower = expression.to_lowercase();
    if ALIASES.contains(&lower.as_str()) {
        return Ok(());
    }
    let texts: Vec<&str> = lower.split_whitespace().collect();
    if texts.iter().any(|text| is_hashed(text)) {
        return Err(CronError::Hashed(expression.to_owned()));
    }
    check_fields(&texts).map_err(|reason| CronError::Invalid { expression: expression.to_owned(), reason })
}

/// The values of a cron expression's five fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) minutes: BTreeSet<u64>,
    pub(super) hours: BTreeSet<u64>,
    pub(super) days: BTreeSet<u64>,
    pub(super) months: BTreeSet<u64>,
    /// Days of the week. 0 is Sunday.
    pub(super) weekdays: BTreeSet<u64>,
}

/// Returns a cron expression's values.
///
/// Returns `None` if the expression is invalid, contains seconds or years, or selects month-dependent days such as the
/// last day.
pub(super) fn values(expression: &str) -> Option<Values> {
    let lower = expression.to_lowercase();
    let fields = match lower.as_str() {
        "@hourly" => "0 * * * *",
        "@midnight" | "@daily" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        other => other,
    };
    let texts: Vec<&str> = fields.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = texts.as_slice() else { return None };
    check(fields).ok()?;
    let values = |index: usize, text: &str| FIELDS[index].values(text, texts.len());
    Some(Values {
        minutes: values(0, minutes)?,
        hours: values(1, hours)?,
        days: values(2, days)?,
        months: values(3, months)?,
        weekdays: values(4, weekdays)?,
    })
}

/// Returns whether a field is hashed or random, such as `H`, `R`, `H/15` or `H(0-29)`.
fn is_hashed(text: &str) -> bool {
    text.strip_prefix(['h', 'r']).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '(']))
}

fn check_fields(texts: &[&str]) -> Result<(), String> {
    if !(5..=7).contains(&texts.len()) {
        return Err(match texts.first() {
            Some(first) if first.starts_with('@') => {
                format!("`{first}` is not one of {}", ALIASES.join(", "))
            }
            _ => format!("expected 5 fields, or 6 with seconds in the last field, found {}", texts.len()),
        });
    }
    let fields = FIELDS.iter().zip(texts);
    let mut weekdays = Days::default();
    for (field, text) in fields {
        let days = field.check(text, texts.len()).map_err(|reason| format!("{}: {reason}", field.name))?;
        if field.kind == Kind::Weekday {
            weekdays = days;
        }
    }
    weekdays.check_mix()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Day,
    Month,
    Weekday,
}

struct Field {
    name: &'static str,
    kind: Kind,
    min: u64,
    max: u64,
}

const FIELDS: [Field; 7] = [
    Field { name: "minute", kind: Kind::Number, min: 0, max: 59 },
    Field { name: "hour", kind: Kind::Number, min: 0, max: 23 },
    Field { name: "day of month", kind: Kind::Day, min: 1, max: 31 },
    Field { name: "month", kind: Kind::Month, min: 1, max: 12 },
    Field { name: "day of week", kind: Kind::Weekday, min: 0, max: 6 },
    Field { name: "second", kind: Kind::Number, min: 0, max: 59 },
    Field { name: "year", kind: Kind::Number, min: 1970, max: 2099 },
];

/// The weekdays in a field, which are checked after all items in the field have been parsed.
#[derive(Default)]
struct Days {
    any: bool,
    plain: BTreeSet<u64>,
    nth: BTreeSet<u64>,
}

impl Days {
    /// Checks that the field does not mix weekdays with nth weekdays of the month.
    ///
    /// A mix is only allowed if both select the same weekdays or if the field selects every weekday.
    fn check_mix(&self) -> Result<(), String> {
        let all: BTreeSet<_> = self.plain.union(&self.nth).collect();
        let every_day = all.len() + usize::from(self.any) == 7;
        let mixed = !self.nth.is_empty() && !self.plain.is_subset(&self.nth);
        if mixed && !every_day {
            return Err("day of week: weekdays cannot be combined with nth weekdays of the month".to_owned());
        }
        Ok(())
    }
}

impl Field {
    fn values(&self, text: &str, count: usize) -> Option<BTreeSet<u64>> {
        let days = self.check(text, count).ok()?;
        let all = (self.min..=self.max).collect();
        match days {
            Days { any: true, .. } => Some(all),
            Days { plain, nth, .. } => {
                let has_last_day = self.kind == Kind::Day && text.contains('l');
                (nth.is_empty() && !plain.is_empty() && !has_last_day).then_some(plain)
            }
        }
    }

    fn check(&self, text: &str, count: usize) -> Result<Days, String> {
        if text.contains('?') {
            return match (text, self.kind) {
                ("?", Kind::Day | Kind::Weekday) => Ok(Days { any: true, ..Days::default() }),
                ("?", _) => Err("`?` is only allowed for the day of month and the day of week".to_owned()),
                _ => Err(format!("`?` cannot be combined with other values, as in `{text}`")),
            };
        }
        let mut days = Days::default();
        for item in text.split(',') {
            self.check_item(item, count, &mut days)?;
        }
        Ok(days)
    }

    fn check_item(&self, item: &str, count: usize, days: &mut Days) -> Result<(), String> {
        let (item, is_nth) = if self.kind == Kind::Weekday { split_nth(item)? } else { (item, false) };
        let numbers = match self.range(item) {
            Some(range) => self.expand(item, &range, count)?,
            None if item == "*" => {
                days.any = true;
                return Ok(());
            }
            None if item == "l" && self.kind == Kind::Day => return Ok(()),
            None => {
                let number = self.alias(self.number(item)?, count);
                self.check_bounds(number)?;
                vec![number]
            }
        };
        if is_nth {
            days.nth.extend(numbers);
        } else {
            days.plain.extend(numbers);
        }
        Ok(())
    }

    /// Parses a range such as `1-5` or a step such as `*/10`. Returns `None` if the item is a single value.
    ///
    /// A step without a range extends to the field's maximum, so `10/5` equals `10-59/5`.
    fn range(&self, item: &str) -> Option<Range> {
        let (ends, step) = match item.rsplit_once('/') {
            Some((ends, step)) if is_digits(step) => (ends, Some(step)),
            Some(_) => return None,
            None => (item, None),
        };
        let step_number = step.map_or(1, to_number);
        let text = |text: &str| (!text.is_empty() && !text.contains('/')).then(|| text.to_owned());
        if let Some((low, high)) = ends.split_once('-') {
            return (!high.contains('-'))
                .then(|| Some(Range { low: text(low)?, high: text(high)?, step: step_number }))
                .flatten();
        }
        step?;
        let low = if ends == "*" { self.min.to_string() } else { text(ends)? };
        Some(Range { low, high: self.max.to_string(), step: step_number })
    }

    /// Returns the numbers in a range.
    ///
    /// A range may wrap around the end of the field. A range with identical ends contains all values of the field.
    fn expand(&self, item: &str, range: &Range, count: usize) -> Result<Vec<u64>, String> {
        if range.step == 0 {
            return Err(format!("the step of `{item}` must not be 0"));
        }
        let low = self.alias(self.number(&range.low)?, count);
        let high = if self.kind == Kind::Day && range.high == "l" { 31 } else { self.number(&range.high)? };
        let high = self.alias(high, count);
        if low.max(high) > self.max {
            return Err(self.out_of_bounds(low.max(high)));
        }
        let step = usize::try_from(range.step).unwrap_or(usize::MAX);
        if low == high {
            return Ok((self.min..=self.max).step_by(step).collect());
        }
        self.check_bounds(low)?;
        if low < high {
            return Ok((low..=high).step_by(step).collect());
        }
        let mut numbers: Vec<u64> = (low..=self.max).step_by(step).collect();
        let last = numbers.last().copied().unwrap_or(low);
        let (after_last, size) = (self.max - last, self.max - self.min + 1);
        let wraps = (last - self.min).saturating_add(range.step) > size && after_last < range.step;
        let skip = if wraps { range.step - after_last } else { 0 };
        numbers.extend((self.min.saturating_add(skip)..=high).step_by(step));
        Ok(numbers)
    }

    fn number(&self, text: &str) -> Result<u64, String> {
        if is_digits(text) {
            return Ok(to_number(text));
        }
        let names: &[&str] = match self.kind {
            Kind::Month => &MONTHS,
            Kind::Weekday => &WEEKDAYS,
            Kind::Number | Kind::Day => &[],
        };
        names
            .iter()
            .position(|name| *name == text)
            .and_then(|index| u64::try_from(index).ok())
            .map(|index| index + self.min)
            .ok_or_else(|| format!("`{text}` is not a valid value"))
    }

    /// Converts alternative numbers to the default numbers.
    ///
    /// In a five-field expression, 7 is Sunday. In a six-field expression, 0 is the first day of the month.
    fn alias(&self, number: u64, count: usize) -> u64 {
        match (self.kind, number, count) {
            (Kind::Weekday, 7, 5) => 0,
            (Kind::Day, 0, 6) => 1,
            _ => number,
        }
    }

    fn check_bounds(&self, number: u64) -> Result<(), String> {
        if (self.min..=self.max).contains(&number) { Ok(()) } else { Err(self.out_of_bounds(number)) }
    }

    fn out_of_bounds(&self, number: u64) -> String {
        format!("{number} is not between {} and {}", self.min, self.max)
    }
}

struct Range {
    low: String,
    high: String,
    step: u64,
}

/// Splits an item into its weekdays and a flag for the nth weekday of the month, as in `mon#1`, `mon-fri#2` or `l5`.
///
/// The flag is `true` if the item selects each weekday only once per month.
fn split_nth(item: &str) -> Result<(&str, bool), String> {
    if let Some(day) = item.strip_prefix('l').filter(|day| is_digits(day)) {
        return Ok((day, true));
    }
    let Some((days, nth)) = item.split_once('#').filter(|(days, nth)| is_digits(nth) && is_day(days)) else {
        return Ok((item, false));
    };
    if (1..=5).contains(&to_number(nth)) {
        Ok((days, true))
    } else {
        Err(format!("`{item}` selects week {nth}, but a month has at most 5 weeks"))
    }
}

/// Returns whether a string is valid before `#`: a name or a range of weekday names.
fn is_day(text: &str) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_word(text)
        || text.split_once('-').is_some_and(|(low, high)| WEEKDAYS.contains(&low) && WEEKDAYS.contains(&high))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses a number. Returns a value that is out of bounds for every field if the number is too large.
fn to_number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        cron: String,
        valid: bool,
    }

    #[test]
    fn accepts_expressions_that_croniter_accepts() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/data/schedule/crons.json")).unwrap();
        assert!(cases.len() > 400);
        let wrong: Vec<_> = cases
            .iter()
            .filter(|case| check(&case.cron).is_ok() != case.valid)
            .map(|case| (&case.cron, case.valid))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn accepts_numbers_of_any_length() {
        let huge = "99999999999999999999999";
        assert_eq!(check(&format!("0 0 * * sat-mon/{huge}")), Ok(()));
        assert!(check(&format!("0 0 {huge} * *")).is_err());
    }

    #[test]
    fn errors_name_the_reason() {
        for (expression, message) in [
            (
                "not a cron",
                "Invalid cron string: \"not a cron\": expected 5 fields, or 6 with seconds in the last field, found 3",
            ),
            ("0 24 * * *", "Invalid cron string: \"0 24 * * *\": hour: 24 is not between 0 and 23"),
            ("H * * * *", "Random and Hashed expressions are unsupported, received: \"H * * * *\""),
            ("R/5 * * * *", "Random and Hashed expressions are unsupported, received: \"R/5 * * * *\""),
            (
                "0 0 * * mon#6",
                "Invalid cron string: \"0 0 * * mon#6\": day of week: `mon#6` selects week 6, but a month has at most 5 weeks",
            ),
            ("*/0 * * * *", "Invalid cron string: \"*/0 * * * *\": minute: the step of `*/0` must not be 0"),
            (
                "@reboot",
                "Invalid cron string: \"@reboot\": `@reboot` is not one of @midnight, @hourly, @daily, @weekly, @monthly, @yearly, @annually",
            ),
        ] {
            assert_eq!(check(expression).unwrap_err().to_string(), message);
        }
    }
}
