//! Parses an item in a deployment's `schedules` list.

use super::{
    Kind, Problem, Schedule, ScheduleError, UTC, cron, date_time, duration, rrule::Recurrence, zone,
};
use crate::{
    coerce,
    date_time::DateTime,
    diagnostics::did_you_mean,
    python,
    value::{self, Mapping, Value},
};

const KEYS: [&str; 10] = [
    "cron",
    "interval",
    "rrule",
    "timezone",
    "anchor_date",
    "active",
    "parameters",
    "slug",
    "replaces",
    "day_or",
];

/// Parses an item in the `schedules` list.
///
/// # Errors
///
/// Fails with all errors in the item.
pub(super) fn read(item: &Mapping) -> Result<Schedule, Vec<ScheduleError>> {
    let mut reader = Reader { item, errors: Vec::new() };
    reader.check_keys();
    let active = reader.boolean("active");
    let parameters = reader.parameters();
    let slug = reader.text("slug");
    let replaces = reader.text("replaces");
    let kind = reader.kind();
    match kind {
        Some(kind) if reader.errors.is_empty() => Ok(Schedule { kind, active, parameters, slug, replaces }),
        _ => Err(reader.errors),
    }
}

struct Reader<'a> {
    item: &'a Mapping,
    errors: Vec<ScheduleError>,
}

impl<'a> Reader<'a> {
    /// Returns a key's value. Null is treated as missing.
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.item.get(key).filter(|value| !value.is_null())
    }

    fn fail<T>(&mut self, key: &str, problem: impl Into<Problem>) -> Option<T> {
        self.errors.push(ScheduleError { key: Some(key.to_owned()), problem: problem.into() });
        None
    }

    fn wrong_type<T>(&mut self, key: &str, expected: &'static str, value: &Value) -> Option<T> {
        self.fail(key, Problem::Type { expected, found: value::kind(value) })
    }

    fn keep<T, E: Into<Problem>>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        result.map_or_else(|error| self.fail(key, error), Some)
    }

    fn check_keys(&mut self) {
        for key in self.item.keys() {
            let name = python::to_text(key);
            if !KEYS.contains(&name.as_str()) {
                let suggestion = did_you_mean(&name, KEYS).map(str::to_owned);
                let problem = Problem::UnknownKey { key: name.clone(), suggestion };
                self.errors.push(ScheduleError { key: Some(name), problem });
            }
        }
    }

    /// Returns a key's string value. An empty string is treated as missing because a template may render to an empty
    /// string.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => self.wrong_type(key, "a string", other),
        }
    }

    fn boolean(&mut self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        coerce::boolean(value).or_else(|| self.wrong_type(key, "true or false", value))
    }

    fn parameters(&mut self) -> Mapping {
        match self.item.get("parameters") {
            None => Mapping::new(),
            Some(Value::Mapping(parameters)) => parameters.clone(),
            Some(other) => self.wrong_type("parameters", "a mapping", other).unwrap_or_default(),
        }
    }

    fn timezone(&mut self) -> Option<String> {
        let name = self.text("timezone")?;
        self.keep("timezone", zone::parse(&name).map(|_| name))
    }

    fn kind(&mut self) -> Option<Kind> {
        let given: Vec<_> =
            ["cron", "interval", "rrule"].into_iter().filter(|key| self.get(key).is_some()).collect();
        // An interval of 0 is reported separately. An empty string is treated as missing.
        let is_empty = |key: &str| self.get(key).is_some_and(|value| value.as_str() == Some(""));
        let whole = |problem| ScheduleError { key: None, problem };
        match given[..] {
            [key] if !is_empty(key) => match key {
                "cron" => self.cron(),
                "interval" => self.interval(),
                _ => self.rrule(),
            },
            [] | [_] => {
                let item = python::to_text(&Value::Mapping(self.item.clone()));
                self.errors.push(whole(Problem::NoKind(item)));
                None
            }
            _ => {
                self.errors.push(whole(Problem::SeveralKinds));
                None
            }
        }
    }

    fn cron(&mut self) -> Option<Kind> {
        let timezone = self.timezone();
        let day_or = self.boolean("day_or");
        let expression = self.text("cron")?;
        self.keep("cron", cron::check(&expression))?;
        Some(Kind::Cron { expression, timezone, day_or })
    }

    fn interval(&mut self) -> Option<Kind> {
        let timezone = self.timezone();
        let anchor = self.anchor();
        let every = self.keep("interval", duration::parse(self.get("interval")?))?;
        if !every.is_positive() {
            return self.fail("interval", Problem::NotPositive);
        }
        Some(Kind::Interval { every, anchor, timezone })
    }

    fn anchor(&mut self) -> Option<DateTime> {
        if let Some(seconds) = self.get("anchor_date")?.as_f64() {
            let moment = date_time::from_seconds(seconds);
            return self.keep("anchor_date", moment.ok_or_else(|| Problem::Anchor(seconds.to_string())));
        }
        let text = self.text("anchor_date")?;
        self.keep("anchor_date", date_time::parse_utc(&text).ok_or(Problem::Anchor(text)))
    }

    fn rrule(&mut self) -> Option<Kind> {
        let timezone = self.timezone();
        let text = self.text("rrule")?;
        let (text, own_timezone) = match serde_json::from_str(&text) {
            Ok(json) => self.rrule_json(&json)?,
            Err(_) => (text, None),
        };
        let rule = self.keep("rrule", Recurrence::parse(&text))?;
        let timezone = timezone.or(own_timezone).unwrap_or_else(|| UTC.to_owned());
        let zone = self.keep("rrule", zone::parse(&timezone))?;
        Some(Kind::Rrule { rule, timezone, zone })
    }

    /// Returns the rule and time zone of an `rrule` written as a JSON object.
    fn rrule_json(&mut self, json: &serde_json::Value) -> Option<(String, Option<String>)> {
        let Some(object) = json.as_object() else { return self.fail("rrule", Problem::RruleJsonRule) };
        if let Some(key) = object.keys().find(|key| !["rrule", "timezone"].contains(&key.as_str())) {
            return self.fail("rrule", Problem::RruleJsonKey(key.clone()));
        }
        let Some(rule) = object.get("rrule").and_then(|rule| rule.as_str()) else {
            return self.fail("rrule", Problem::RruleJsonRule);
        };
        let timezone = match object.get("timezone") {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::String(name)) => Some(name.clone()),
            Some(other) => return self.wrong_type("rrule", "a string", &value::from_json(other)),
        };
        Some((rule.to_owned(), timezone))
    }
}
