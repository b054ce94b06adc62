//! Converts live schedules to items of the `schedules` list.

use serde_json::{Map, Value as Json, json};

use crate::api::DeploymentSchedule;

/// Keys that a schedule in the file may contain. Later server versions may return other keys.
const KEYS: [&str; 6] = ["cron", "interval", "rrule", "anchor_date", "timezone", "day_or"];

/// Returns the list item that declares a schedule.
pub(super) fn item(schedule: &DeploymentSchedule) -> Json {
    let mut item = Map::new();
    for (key, value) in &schedule.schedule {
        let is_default = value.is_null() || (key == "day_or" && *value == json!(true));
        if KEYS.contains(&key.as_str()) && !is_default {
            item.insert(key.clone(), if key == "interval" { seconds(value) } else { value.clone() });
        }
    }
    if !schedule.active {
        item.insert("active".into(), false.into());
    }
    if !schedule.parameters.is_empty() {
        item.insert("parameters".into(), json!(schedule.parameters));
    }
    item.extend(schedule.slug.as_ref().map(|slug| ("slug".to_owned(), json!(slug))));
    Json::Object(item)
}

/// Converts whole numbers such as `600.0` to integers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is whole and far below the limit of the integer type"
)]
fn seconds(value: &Json) -> Json {
    match value.as_f64() {
        Some(seconds) if seconds.fract() == 0.0 && seconds.abs() < 1e12 => json!(seconds as i64),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schedule::Schedule, value};

    #[test]
    fn exports_the_schedule_as_an_item() {
        for live in [
            json!({"cron": "0 0 * * *", "timezone": null, "day_or": true}),
            json!({"cron": "0 0 1 * 1", "timezone": "Asia/Tokyo", "day_or": false}),
            json!({"interval": 600.0, "anchor_date": "2020-01-01T00:00:00Z", "timezone": "UTC"}),
            json!({"interval": 0.5, "anchor_date": "2020-01-01T00:00:00+01:00", "timezone": "Europe/Rome"}),
            json!({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;COUNT=3", "timezone": "UTC"}),
        ] {
            let schedule: DeploymentSchedule = serde_json::from_value(json!({
                "id": uuid::Uuid::nil(), "schedule": live, "active": false, "parameters": {"x": 1}, "slug": "s",
            }))
            .unwrap();
            let item = value::from_json(&item(&schedule));
            let read = Schedule::from_item(item.as_mapping().unwrap()).unwrap();
            assert!(read.runs_as(&schedule.schedule), "{live}");
            assert_eq!(
                (read.active, read.slug.as_deref(), read.parameters.len()),
                (Some(false), Some("s"), 1)
            );
        }
    }
}
