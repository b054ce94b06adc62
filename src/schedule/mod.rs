//! Parses deployment schedules and creates their API requests.
//!
//! Reports all errors that can be detected locally because the server would only report them after other changes have
//! been written.

mod comparison;
mod cron;
mod date_time;
pub(crate) mod duration;
mod error;
mod item;
mod options;
mod rrule;
pub(crate) mod when;
mod words;
mod zone;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

use crate::{
    date_time::DateTime,
    value::{Mapping, Value, json_object, to_json},
};

pub(crate) use cron::CronError;
pub(crate) use error::{BothKeys, Problem, ScheduleError};
pub(crate) use options::{ScheduleOptions, with_options};
pub(crate) use rrule::RruleError;
pub(crate) use words::cron_in_words;
pub(crate) use zone::ZoneError;

use rrule::Recurrence;

/// The default time zone.
const UTC: &str = "UTC";

/// A deployment schedule. Unspecified values are `None` or empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) kind: Kind,
    pub(crate) active: Option<bool>,
    pub(crate) parameters: Mapping,
    pub(crate) slug: Option<String>,
    pub(crate) replaces: Option<String>,
}

/// A schedule kind, with the values that determine the run times.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Cron { expression: String, timezone: Option<String>, day_or: Option<bool> },
    Interval { every: SignedDuration, anchor: Option<DateTime>, timezone: Option<String> },
    Rrule { rule: Recurrence, timezone: String, zone: TimeZone },
}

impl Schedule {
    /// Parses an item in the `schedules` list.
    ///
    /// # Errors
    ///
    /// Fails with all errors in the item.
    pub(crate) fn from_item(item: &Mapping) -> Result<Self, Vec<ScheduleError>> {
        item::read(item)
    }

    /// Returns the request body that creates the schedule. Sets unspecified values to their defaults.
    pub(crate) fn for_create(&self, now: Timestamp) -> Json {
        let schedule = match &self.kind {
            Kind::Cron { expression, timezone, day_or } => {
                json!({"cron": expression, "timezone": timezone, "day_or": day_or.unwrap_or(true)})
            }
            Kind::Interval { every, anchor, timezone } => json!({
                "interval": duration::seconds(*every),
                "anchor_date": anchor.unwrap_or_else(|| DateTime::utc(now)).to_string(),
                "timezone": timezone.as_deref().unwrap_or(UTC),
            }),
            Kind::Rrule { rule, timezone, zone } => rrule_json(rule, timezone, zone, now),
        };
        json!({
            "schedule": schedule,
            "active": self.active.unwrap_or(true),
            "max_scheduled_runs": null,
            "parameters": self.parameters_json(),
            "slug": self.slug,
            "replaces": self.replaces,
        })
    }

    /// Returns the request body that updates the schedule. Contains only specified values.
    pub(crate) fn for_update(&self, now: Timestamp) -> Json {
        let schedule = match &self.kind {
            Kind::Cron { expression, timezone, day_or } => object([
                ("cron", Some(json!(expression))),
                ("timezone", timezone.as_ref().map(|zone| json!(zone))),
                ("day_or", day_or.map(Json::Bool)),
            ]),
            Kind::Interval { every, anchor, timezone } => object([
                ("interval", Some(json!(duration::seconds(*every)))),
                ("anchor_date", anchor.map(|anchor| json!(anchor.to_string()))),
                ("timezone", Some(json!(timezone.as_deref().unwrap_or(UTC)))),
            ]),
            Kind::Rrule { rule, timezone, zone } => rrule_json(rule, timezone, zone, now),
        };
        object([
            ("schedule", Some(schedule)),
            ("active", self.active.map(Json::Bool)),
            ("parameters", Some(self.parameters_json()).filter(|_| !self.parameters.is_empty())),
            ("slug", self.slug.as_ref().map(|slug| json!(slug))),
            ("replaces", self.replaces.as_ref().map(|slug| json!(slug))),
        ])
    }

    /// Returns the specified values in API format for display.
    pub(crate) fn described(&self) -> Json {
        self.for_update(Timestamp::UNIX_EPOCH)
    }

    /// Converts the schedule to an item of `schedules`. [`Self::from_item`] converts the item back to an
    /// equal schedule.
    pub(crate) fn item(&self) -> Json {
        let mut body = json_object(self.described());
        let mut item = json_object(body.remove("schedule").unwrap_or_default());
        if let Kind::Rrule { rule, .. } = &self.kind {
            // Omit the start that is added for the server.
            item.insert("rrule".to_owned(), json!(rule.text()));
        }
        item.extend(body);
        Json::Object(item)
    }

    fn parameters_json(&self) -> Json {
        to_json(&Value::Mapping(self.parameters.clone()))
    }
}

fn rrule_json(rule: &Recurrence, timezone: &str, zone: &TimeZone, now: Timestamp) -> Json {
    json!({"rrule": rule.started(zone, now), "timezone": timezone})
}

/// Creates a JSON object from the entries with a value.
fn object<const N: usize>(entries: [(&str, Option<Json>); N]) -> Json {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests;
