//! Compares the fields of resources.

use serde_json::Value as Json;

use super::ResourceKind;

/// Returns whether the value of a field on the server has the desired value.
///
/// Servers complete triggers, actions and the data of blocks with further keys, which are ignored.
pub(crate) fn is_same_field(kind: ResourceKind, field: &str, live: Option<&Json>, desired: &Json) -> bool {
    let live = live.unwrap_or(&Json::Null);
    let is_completed = match kind {
        ResourceKind::Automation => !matches!(field, "description" | "enabled"),
        ResourceKind::Block => true,
        _ => false,
    };
    if is_completed { contains(live, desired) } else { equals(live, desired) }
}

/// Returns whether two values are equal. Numbers are compared by value, because servers convert integers to floats.
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

/// Returns whether `live` has all values of `desired`. A missing value equals null, zero and an empty list, because old
/// servers do not return fields of later releases. Lists of strings are compared as sets.
fn contains(live: &Json, desired: &Json) -> bool {
    match (live, desired) {
        (Json::Object(live), Json::Object(desired)) => {
            desired.iter().all(|(key, value)| match live.get(key) {
                Some(live) => contains(live, value),
                None => value.is_null() || value.as_f64() == Some(0.0) || *value == Json::Array(Vec::new()),
            })
        }
        (Json::Array(live), Json::Array(desired)) if live.iter().chain(desired).all(Json::is_string) => {
            let sorted = |items: &[Json]| {
                let mut texts: Vec<String> = items.iter().map(Json::to_string).collect();
                texts.sort_unstable();
                texts
            };
            sorted(live) == sorted(desired)
        }
        (Json::Array(live), Json::Array(desired)) => {
            live.len() == desired.len()
                && live.iter().zip(desired).all(|(live, desired)| contains(live, desired))
        }
        _ => equals(live, desired),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares_fields_by_value() {
        use ResourceKind::{Automation, Block, ConcurrencyLimit, Variable, WorkPool};
        for (kind, field, live, desired, expected) in [
            (ConcurrencyLimit, "slot_decay_per_second", json!(0.0), json!(0), true),
            (ConcurrencyLimit, "limit", json!(3), json!(4), false),
            (Variable, "value", json!({"a": 1, "b": 2}), json!({"a": 1}), false),
            (Variable, "value", json!({"b": [1], "a": 1}), json!({"a": 1.0, "b": [1]}), true),
            (WorkPool, "concurrency_limit", json!(null), json!(null), true),
            (WorkPool, "base_job_template", json!({"a": {"b": 1}}), json!({"a": {}}), false),
            (Block, "data", json!({"value": "********", "url": "x"}), json!({"url": "x"}), true),
            (
                Automation,
                "trigger",
                json!({"id": 1, "expect": ["b", "a"]}),
                json!({"expect": ["a", "b"]}),
                true,
            ),
            (Automation, "actions", json!([{"type": "x"}]), json!([{"type": "x", "parameters": null}]), true),
            (Automation, "actions", json!([{"type": "x"}]), json!([]), false),
        ] {
            assert_eq!(
                is_same_field(kind, field, Some(&live), &desired),
                expected,
                "{kind:?} {live} {desired}"
            );
        }
    }
}
