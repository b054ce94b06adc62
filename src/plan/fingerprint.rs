//! Computes digests of the compared states to detect later changes.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::Automation,
    deployment::{DesiredDeployment, LiveDeployment},
    digest::sha256_hex,
    plan::redaction,
    project::{IgnorableField, IgnoredFields},
    secret::Redactor,
    value::json_object,
};

/// Returns the digest of a deployment's desired state. If the deployment exists, the digest excludes ignored fields.
pub(super) fn desired(desired: &DesiredDeployment, exists: bool, redactor: &Redactor) -> String {
    let triggers: Vec<Json> =
        desired.triggers.iter().map(|trigger| trigger.automation_body(Uuid::nil())).collect();
    let slas: Option<Vec<Json>> =
        desired.slas.as_ref().map(|slas| slas.iter().map(|sla| sla.body(Uuid::nil())).collect());
    let mut deployment = json_object(desired.create_body(Uuid::nil(), Timestamp::UNIX_EPOCH));
    let mut parts = Map::from_iter([
        ("flow".to_owned(), json!(desired.flow_name)),
        ("triggers".to_owned(), json!(triggers)),
        ("slas".to_owned(), json!(slas)),
    ]);
    if exists {
        desired.ignored.remove_from(&mut deployment);
        if desired.ignored.contains(IgnorableField::Schedules) {
            deployment.shift_remove("schedules");
        }
        for (field, part) in [(IgnorableField::Triggers, "triggers"), (IgnorableField::Sla, "slas")] {
            if desired.ignored.contains(field) {
                parts.shift_remove(part);
            }
        }
    }
    parts.insert("deployment".into(), deployment.into());
    digest(&parts.into(), redactor)
}

/// Returns the digest of the live state without ignored fields. Returns an empty string if the deployment does not
/// exist.
pub(super) fn live(
    live: Option<&LiveDeployment>,
    automations: &[Automation],
    ignored: &IgnoredFields,
    redactor: &Redactor,
) -> String {
    let Some(live) = live else { return String::new() };
    let schedule = |schedule: &crate::api::DeploymentSchedule| {
        json!([schedule.id, schedule.schedule, schedule.active, schedule.parameters, schedule.slug])
    };
    let automation_state = |automation: &Automation| {
        let times = ["created", "updated"];
        let retained = automation.raw.iter().filter(|(key, _)| !times.contains(&key.as_str()));
        retained.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>()
    };
    let mut fields = json_object(live.fields());
    ignored.remove_from(&mut fields);
    let schedules = live.schedules.iter().filter(|_| !ignored.contains(IgnorableField::Schedules));
    let automations = automations.iter().filter(|_| !ignored.contains(IgnorableField::Triggers));
    digest(
        &json!({
            "id": live.id,
            "fields": fields,
            "schedules": sorted(schedules.map(schedule)),
            "automations": sorted(automations.map(|automation| Json::Object(automation_state(automation)))),
        }),
        redactor,
    )
}

/// Sorts items that the server returns in arbitrary order.
fn sorted(items: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut items: Vec<Json> = items.collect();
    items.sort_by_cached_key(canonical);
    items
}

pub(super) fn digest(value: &Json, redactor: &Redactor) -> String {
    let text = canonical(&redaction::redacted_value("", value, redactor));
    sha256_hex(text.as_bytes())
}

/// Serializes a value as JSON with sorted keys.
fn canonical(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let entry = |(key, value): (&String, &Json)| format!("{}:{}", json!(key), canonical(value));
            format!("{{{}}}", entries.into_iter().map(entry).collect::<Vec<_>>().join(","))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn digest_ignores_secrets_and_the_order_of_keys() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2"));
        redactor.learn(&Secret::new("hunter3"));
        let digest = |value: Json| digest(&value, &redactor);
        assert_eq!(digest(json!({"a": 1, "b": [2]})), digest(json!({"b": [2], "a": 1})));
        assert_ne!(digest(json!({"a": 1, "b": [2]})), digest(json!({"b": [3], "a": 1})));
        assert_eq!(digest(json!({"url": "x:hunter2"})), digest(json!({"url": "x:hunter3"})));
    }
}
