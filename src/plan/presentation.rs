//! Converts live schedules and automations to JSON values for display in plans.

use serde_json::{Map, Value as Json, json};

use crate::{api::DeploymentSchedule, value::json_object};

/// Returns a live schedule for display, without IDs, null values and defaults.
pub(super) fn schedule(live: &DeploymentSchedule) -> Json {
    let is_default = |key: &str, value: &Json| value.is_null() || (key == "day_or" && *value == json!(true));
    let times = live.schedule.iter().filter(|(key, value)| !is_default(key, value));
    let times: Map<String, Json> = times.map(|(key, value)| (key.clone(), value.clone())).collect();
    without_nulls(json!({
        "schedule": times,
        "active": live.active,
        "parameters": live.parameters,
        "slug": live.slug,
    }))
}

/// Returns an automation with only the trigger keys.
pub(super) fn trigger(automation: &Json) -> Json {
    const WORDS: [&str; 5] = ["name", "description", "enabled", "trigger", "actions"];
    let retained =
        WORDS.iter().filter_map(|key| Some(((*key).to_owned(), without_ids(automation.get(key)?))));
    Json::Object(retained.collect())
}

/// Removes IDs and null values, which only occur on the server.
fn without_ids(value: &Json) -> Json {
    match value {
        Json::Object(entries) => entries
            .iter()
            .filter(|(key, value)| !matches!(key.as_str(), "id" | "deployment_id") && !value.is_null())
            .map(|(key, value)| (key.clone(), without_ids(value)))
            .collect(),
        Json::Array(items) => items.iter().map(without_ids).collect(),
        other => other.clone(),
    }
}

pub(super) fn without_nulls(value: Json) -> Json {
    let entries = json_object(value).into_iter();
    let is_given =
        |value: &Json| !value.is_null() && value.as_object().is_none_or(|entries| !entries.is_empty());
    Json::Object(entries.filter(|(_, value)| is_given(value)).collect::<Map<_, _>>())
}
