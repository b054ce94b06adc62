//! Compares resource fields.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::ResourceKind;
use crate::secret::MASK;

/// Keys of lists that the server stores as sets.
const SETS: [&str; 4] = ["after", "expect", "for_each", "tags"];
/// Keys of mappings from a label name to a value or a list of alternative values.
const LABELS: [&str; 2] = ["match", "match_related"];
/// Keys of mappings whose keys the server does not extend.
const USER_MAPPINGS: [&str; 2] = ["job_variables", "parameters"];

/// Returns whether a field has the desired value on the server.
///
/// Ignores keys that the server adds to triggers, actions and block data, except in mappings whose keys are all
/// user-defined.
pub(crate) fn is_same_field(kind: ResourceKind, field: &str, live: Option<&Json>, desired: &Json) -> bool {
    if kind == ResourceKind::Automation && field == "tags" && live.is_none() {
        // Early server releases do not store tags.
        return true;
    }
    let live = live.unwrap_or(&Json::Null);
    match (kind, live, desired) {
        (ResourceKind::Automation, ..) if !matches!(field, "description" | "enabled") => {
            is_same_automation_field(field, Some(live), desired)
        }
        (ResourceKind::Block, Json::Object(live), Json::Object(desired)) => {
            has_all(live, desired, |_, live, desired| is_same_block_field(live, desired))
        }
        _ => equals(live, desired),
    }
}

/// Returns whether an automation, trigger or action field has the desired value on the server. A missing field equals
/// null, zero and an empty list because old servers do not return fields from later releases.
pub(crate) fn is_same_automation_field(key: &str, live: Option<&Json>, desired: &Json) -> bool {
    let Some(live) = live else { return is_default(desired) };
    match (live, desired) {
        (Json::Object(live), Json::Object(desired)) if LABELS.contains(&key) => {
            live.len() == desired.len()
                && desired
                    .iter()
                    .all(|(key, value)| live.get(key).is_some_and(|live| set(live) == set(value)))
        }
        (Json::Object(_), Json::Object(_)) if USER_MAPPINGS.contains(&key) => equals(live, desired),
        (Json::Object(live), Json::Object(desired)) => has_all(live, desired, is_same_automation_field),
        (Json::Array(_), Json::Array(_)) if SETS.contains(&key) => set(live) == set(desired),
        (Json::Array(live), Json::Array(desired)) => {
            live.len() == desired.len()
                && live
                    .iter()
                    .zip(desired)
                    .all(|(live, desired)| is_same_automation_field(key, Some(live), desired))
        }
        _ => equals(live, desired),
    }
}

/// Returns whether an object has all desired fields.
fn has_all(
    live: &Map<String, Json>,
    desired: &Map<String, Json>,
    is_same: impl Fn(&str, Option<&Json>, &Json) -> bool,
) -> bool {
    desired.iter().all(|(key, value)| is_same(key, live.get(key), value))
}

/// Returns whether a block field has the desired value. Ignores secrets nested in the field because the server masks
/// them.
fn is_same_block_field(live: Option<&Json>, desired: &Json) -> bool {
    live.map_or_else(|| is_default(desired), |live| equals(&without_masked(live), &without_masked(desired)))
}

/// Returns a value without the fields that the server masks.
fn without_masked(value: &Json) -> Json {
    match value {
        Json::Object(fields) => fields
            .iter()
            .filter(|(_, value)| value.as_str() != Some(MASK))
            .map(|(key, value)| (key.clone(), without_masked(value)))
            .collect(),
        Json::Array(items) => items.iter().map(without_masked).collect(),
        other => other.clone(),
    }
}

/// Returns a list's items as JSON. Treats any other value as a list with one item.
fn set(value: &Json) -> BTreeSet<String> {
    match value {
        Json::Array(items) => items.iter().map(Json::to_string).collect(),
        item => BTreeSet::from([item.to_string()]),
    }
}

fn is_default(value: &Json) -> bool {
    value.is_null() || value.as_f64() == Some(0.0) || value.as_array().is_some_and(Vec::is_empty)
}

/// Returns whether two values are equal. Compares numbers by value because servers convert integers to floats.
fn equals(live: &Json, desired: &Json) -> bool {
    match (live, desired) {
        (Json::Number(live), Json::Number(desired)) => live == desired || live.as_f64() == desired.as_f64(),
        (Json::Array(live), Json::Array(desired)) => {
            live.len() == desired.len()
                && live.iter().zip(desired).all(|(live, desired)| equals(live, desired))
        }
        (Json::Object(live), Json::Object(desired)) => {
            live.len() == desired.len()
                && desired.iter().all(|(key, value)| live.get(key).is_some_and(|live| equals(live, value)))
        }
        _ => live == desired,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assert_same(kind: ResourceKind, field: &str, live: &Json, desired: &Json, expected: bool) {
        let found = is_same_field(kind, field, Some(live), desired);
        assert_eq!(found, expected, "{kind:?} {field} {live} {desired}");
    }

    #[test]
    fn tags_of_automations_are_not_compared_if_the_server_lacks_them() {
        let is_same =
            |live: Option<&Json>| is_same_field(ResourceKind::Automation, "tags", live, &json!(["a"]));
        assert!(is_same(None));
        assert!(!is_same(Some(&json!([]))));
    }

    #[test]
    fn compares_fields_by_value() {
        use ResourceKind::{Block, ConcurrencyLimit, Variable, WorkPool};
        for (kind, field, live, desired, expected) in [
            (ConcurrencyLimit, "slot_decay_per_second", json!(0.0), json!(0), true),
            (ConcurrencyLimit, "limit", json!(3), json!(4), false),
            (Variable, "value", json!({"a": 1, "b": 2}), json!({"a": 1}), false),
            (Variable, "value", json!({"b": [1], "a": 1}), json!({"a": 1.0, "b": [1]}), true),
            (WorkPool, "concurrency_limit", json!(null), json!(null), true),
            (WorkPool, "base_job_template", json!({"a": {"b": 1}}), json!({"a": {}}), false),
            (Block, "data", json!({"value": MASK, "url": "x"}), json!({"url": "x"}), true),
            (Block, "data", json!({"env": {"A": "1", "B": "2"}}), json!({"env": {"A": "1"}}), false),
            (Block, "data", json!({"env": {"A": "1", "token": MASK}}), json!({"env": {"A": "1"}}), true),
            (Block, "data", json!({"commands": ["b", "a"]}), json!({"commands": ["a", "b"]}), false),
            (Block, "data", json!({}), json!({"commands": null}), true),
        ] {
            assert_same(kind, field, &live, &desired, expected);
        }
    }

    #[test]
    fn ignores_keys_of_automations_that_the_server_adds() {
        for (field, live, desired) in [
            ("trigger", json!({"id": 1, "expect": ["b", "a"]}), json!({"expect": ["a", "b"]})),
            ("trigger", json!({"match": {"a": ["x", "y"]}}), json!({"match": {"a": ["y", "x"]}})),
            ("trigger", json!({"match": {"a": ["x"]}}), json!({"match": {"a": "x"}})),
            ("actions", json!([{"type": "x"}]), json!([{"type": "x", "parameters": null}])),
            ("tags", json!(["b", "a"]), json!(["a", "b"])),
        ] {
            assert_same(ResourceKind::Automation, field, &live, &desired, true);
        }
    }

    #[test]
    fn compares_mappings_of_automations_exactly() {
        let labels = json!({"a": "x", "b": "y"});
        for (field, live, desired) in [
            ("trigger", json!({"match": labels}), json!({"match": {"a": "x"}})),
            ("trigger", json!({"match_related": [labels]}), json!({"match_related": [{"a": "x"}]})),
            (
                "trigger",
                json!({"triggers": [{"id": 1, "match": labels}]}),
                json!({"triggers": [{"match": {}}]}),
            ),
            ("actions", json!([{"type": "x"}]), json!([])),
            ("actions", json!([{"parameters": labels}]), json!([{"parameters": {"a": "x"}}])),
            (
                "actions",
                json!([{"parameters": {"c": ["q", "p"]}}]),
                json!([{"parameters": {"c": ["p", "q"]}}]),
            ),
            (
                "actions",
                json!([{"parameters": {"tags": ["b", "a"]}}]),
                json!([{"parameters": {"tags": ["a", "b"]}}]),
            ),
            (
                "actions",
                json!([{"job_variables": {"env": labels}}]),
                json!([{"job_variables": {"env": {"a": "x"}}}]),
            ),
        ] {
            assert_same(ResourceKind::Automation, field, &live, &desired, false);
        }
    }
}
