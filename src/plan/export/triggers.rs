//! Converts live automations to items of the `triggers` list.

use serde_json::{Map, Value as Json, json};

use crate::{api::Automation, plan};

/// Default trigger values.
const DEFAULTS: [(&str, &str); 10] = [
    ("description", r#""""#),
    ("enabled", "true"),
    ("match", "{}"),
    ("match_related", "{}"),
    ("after", "[]"),
    ("for_each", "[]"),
    ("expect", "[]"),
    ("schedule_after", "0.0"),
    ("posture", r#""Reactive""#),
    ("threshold", "1"),
];

/// Keys that a trigger condition in the file may contain. Servers return additional keys, such as IDs and fields from
/// later versions.
const CONDITION_KEYS: [&str; 12] = [
    "type",
    "match",
    "match_related",
    "posture",
    "after",
    "expect",
    "for_each",
    "threshold",
    "within",
    "require",
    "metric",
    "triggers",
];

/// Returns the list item that declares an automation, or `None` if the automation has tags or does anything other than
/// run a deployment.
pub(super) fn item(automation: &Automation) -> Option<Json> {
    let has_tags = automation.raw.get("tags").and_then(Json::as_array).is_some_and(|tags| !tags.is_empty());
    if has_tags || !plan::could_be_trigger(automation) {
        return None;
    }
    let mut item = Map::from_iter([("name".to_owned(), json!(automation.name))]);
    for key in ["description", "enabled"] {
        add(&mut item, key, automation.raw.get(key));
    }
    item.extend(condition(automation.raw.get("trigger")?)?);
    let action = automation.raw.get("actions")?.get(0)?;
    for key in ["parameters", "job_variables", "schedule_after"] {
        add(&mut item, key, action.get(key));
    }
    Some(Json::Object(item))
}

/// Returns a trigger condition's keys, including nested triggers.
pub(super) fn condition(trigger: &Json) -> Option<Map<String, Json>> {
    let mut item = Map::new();
    for (key, value) in trigger.as_object()? {
        match (key.as_str(), value) {
            (key, _) if !CONDITION_KEYS.contains(&key) => {}
            ("triggers", Json::Array(inner)) => {
                let inner: Option<Vec<Json>> =
                    inner.iter().map(|trigger| condition(trigger).map(Json::Object)).collect();
                item.insert(key.clone(), inner?.into());
            }
            _ => add(&mut item, key, Some(value)),
        }
    }
    Some(item)
}

fn add(item: &mut Map<String, Json>, key: &str, value: Option<&Json>) {
    let Some(value) = value.filter(|value| !value.is_null()) else { return };
    let written = value.to_string();
    if !DEFAULTS.iter().any(|(name, default)| *name == key && written == *default) {
        item.insert(key.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::value::json_object;

    #[test]
    fn triggers_only_run_a_deployment() {
        let run = json!({"type": "run-deployment", "deployment_id": Uuid::nil(), "parameters": {"a": 1}});
        let pause = json!({"type": "pause-deployment", "deployment_id": Uuid::nil()});
        for (fields, is_trigger) in [
            (json!({"actions": [run]}), true),
            (json!({"actions": [run], "tags": [], "actions_on_trigger": []}), true),
            (json!({"actions": [pause]}), false),
            (json!({"actions": [run, pause]}), false),
            (json!({"actions": [run], "actions_on_resolve": [pause]}), false),
            (json!({"actions": [run], "tags": ["a"]}), false),
            (json!({"actions": []}), false),
        ] {
            let mut raw = json_object(fields.clone());
            raw.insert("trigger".to_owned(), json!({"type": "event", "expect": ["x"]}));
            let automation = Automation { id: Uuid::nil(), name: "a".to_owned(), raw };
            let expected = json!({"name": "a", "type": "event", "expect": ["x"], "parameters": {"a": 1}});
            assert_eq!(item(&automation), is_trigger.then_some(expected), "{fields}");
        }
    }
}
