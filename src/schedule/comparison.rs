//! Compares declared schedules with live schedules.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{Kind, Schedule, UTC, duration};
use crate::date_time::DateTime;

impl Schedule {
    /// Returns whether a live schedule runs at the same times as this schedule.
    ///
    /// An interval without an anchor matches an interval with any anchor. A rule without a start matches a rule with
    /// any start.
    pub(crate) fn runs_as(&self, live: &Map<String, Json>) -> bool {
        let text = |key: &str| live.get(key).and_then(Json::as_str);
        match &self.kind {
            Kind::Cron { expression, timezone, day_or } => {
                text("cron") == Some(expression)
                    && text("timezone") == timezone.as_deref()
                    && live.get("day_or").and_then(Json::as_bool).unwrap_or(true) == day_or.unwrap_or(true)
            }
            Kind::Interval { every, anchor, timezone } => {
                let seconds = live.get("interval").and_then(Json::as_f64);
                seconds.is_some_and(|seconds| (seconds - duration::seconds(*every)).abs() < 1e-6)
                    && text("timezone").unwrap_or(UTC) == timezone.as_deref().unwrap_or(UTC)
                    && anchor.is_none_or(|anchor| {
                        text("anchor_date").is_some_and(|live| same_instant(anchor, live))
                    })
            }
            Kind::Rrule { rule, timezone, .. } => {
                text("rrule").is_some_and(|live| rule.is(live)) && text("timezone").unwrap_or(UTC) == timezone
            }
        }
    }
}

fn same_instant(anchor: DateTime, live: &str) -> bool {
    let timestamp = |text: &str| text.parse::<Timestamp>().ok();
    timestamp(live).is_some_and(|live| timestamp(&anchor.to_string()) == Some(live))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ignores_defaults_set_by_the_server() {
        let anchor = json!({"interval": 600.0, "anchor_date": "2020-01-01T00:00:00Z", "timezone": "UTC"});
        let daily = json!({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY", "timezone": "UTC"});
        for (item, live, expected) in [
            ("cron: 0 0 * * *", json!({"cron": "0 0 * * *", "timezone": null, "day_or": true}), true),
            (
                "cron: 0 0 * * *",
                json!({"cron": "0 0 * * *", "timezone": "Asia/Tokyo", "day_or": true}),
                false,
            ),
            ("cron: 0 0 * * *", json!({"cron": "0 0 * * *", "timezone": "UTC", "day_or": true}), false),
            ("cron: 0 0 * * *", json!({"cron": "0 1 * * *", "timezone": null, "day_or": true}), false),
            ("interval: 600", anchor.clone(), true),
            ("interval: 601", anchor.clone(), false),
            ("{interval: 600, anchor_date: '2020-01-01T01:00:00+01:00'}", anchor.clone(), true),
            ("{interval: 600, anchor_date: 1577836800}", anchor.clone(), true),
            ("{interval: 600, anchor_date: '2020-01-02'}", anchor, false),
            ("rrule: FREQ=DAILY", daily.clone(), true),
            ("rrule: FREQ=WEEKLY", daily, false),
            ("rrule: FREQ=MINUTELY", json!({"rrule": "DTSTART:20260101T000100\nFREQ=MINUTELY"}), true),
        ] {
            let schedule = Schedule::from_item(&serde_yaml::from_str(item).unwrap()).unwrap();
            assert_eq!(schedule.runs_as(live.as_object().unwrap()), expected, "{item}: {live}");
        }
    }
}
