//! Compares recorded values with live values. Recorded values contain masks instead of secrets. This module replaces
//! the masks with the live secrets.

use serde_json::{Map, Value as Json};

use crate::{plan::CHANGED, secret::MASK};

/// Returns whether a value contains a redacted secret.
pub(super) fn has_mask(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains(MASK),
        Json::Array(items) => items.iter().any(has_mask),
        Json::Object(entries) => entries.values().any(has_mask),
        _ => false,
    }
}

/// Replaces redacted secrets in `recorded` with the live values that could be these secrets.
pub(super) fn overlaid(recorded: &Json, live: &Json) -> Json {
    match (recorded, live) {
        (Json::String(text), _) if text.contains(MASK) && could_be(text, live) => live.clone(),
        (Json::Array(items), Json::Array(live)) if items.len() == live.len() => {
            items.iter().zip(live).map(|(item, live)| overlaid(item, live)).collect()
        }
        (Json::Object(entries), Json::Object(live)) => entries
            .iter()
            .map(|(key, value)| {
                let value = live.get(key).map_or_else(|| value.clone(), |live| overlaid(value, live));
                (key.clone(), value)
            })
            .collect(),
        _ => recorded.clone(),
    }
}

/// Overlays the entries of an object like [`overlaid`].
pub(super) fn overlaid_object(recorded: &Map<String, Json>, live: &Map<String, Json>) -> Map<String, Json> {
    let empty = Json::Null;
    recorded
        .iter()
        .map(|(key, value)| (key.clone(), overlaid(value, live.get(key).unwrap_or(&empty))))
        .collect()
}

/// Returns whether a live value equals a recorded value, apart from redacted secrets.
pub(super) fn matches(recorded: &Json, live: &Json) -> bool {
    overlaid(recorded, live) == *live
}

/// Returns whether `live` matches the redacted string `text`. A mask matches any secret.
fn could_be(text: &str, live: &Json) -> bool {
    let Some(live) = live.as_str() else { return live.is_number() && text.trim_end_matches(CHANGED) == MASK };
    let text = text.replace(&format!("{MASK}{CHANGED}"), MASK);
    let parts: Vec<&str> = text.split(MASK).collect();
    let [prefix, middle @ .., suffix] = parts.as_slice() else { return text == live };
    let Some(mut rest) = live.strip_prefix(prefix) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(suffix)
}

/// Fills in a recorded value's secrets from the live value. Copies a secret from `live` only if no deploy has changed
/// it.
///
/// Adds the pointers of all other secrets to `lost`. These secrets keep their live values. Secrets without a live value
/// are omitted.
pub(super) fn completed(
    previous: &Json,
    intended: &[Option<&Json>],
    live: Option<&Json>,
    pointer: &str,
    lost: &mut Vec<String>,
) -> Option<Json> {
    if !has_mask(previous) {
        return Some(previous.clone());
    }
    match (previous, live) {
        (Json::Object(entries), _) => {
            let entry = |(key, value): (&String, &Json)| {
                let intended: Vec<_> =
                    intended.iter().map(|value| value.and_then(|value| value.get(key))).collect();
                let live = live.and_then(|live| live.get(key));
                let value = completed(value, &intended, live, &format!("{pointer}.{key}"), lost)?;
                Some((key.clone(), value))
            };
            Some(Json::Object(entries.iter().filter_map(entry).collect()))
        }
        (Json::Array(items), Some(Json::Array(now))) if items.len() == now.len() => {
            let item = |(index, (value, live)): (usize, (&Json, &Json))| {
                let intended: Vec<_> =
                    intended.iter().map(|value| value.and_then(|value| value.get(index))).collect();
                completed(value, &intended, Some(live), &format!("{pointer}[{index}]"), lost)
            };
            Some(items.iter().zip(now).enumerate().filter_map(item).collect())
        }
        (Json::String(text), Some(now))
            if could_be(text, now) && intended.iter().all(|value| *value == Some(previous)) =>
        {
            Some(now.clone())
        }
        _ => {
            lost.push(pointer.to_owned());
            live.cloned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masks_match_any_secret() {
        for (recorded, live, expected) in [
            (json!("********"), json!("hunter2"), true),
            (json!("********"), json!(7), true),
            (json!("******** (another value)"), json!("hunter2"), true),
            (json!("********"), json!(null), false),
            (json!("a ******** b ********"), json!("a x b y"), true),
            (json!("a ******** b"), json!("a x c"), false),
            (json!("a ******** b ******** c"), json!("a b c"), false),
            (json!("x"), json!("y"), false),
            (json!({"a": "********", "b": [1, "********"]}), json!({"a": "s", "b": [1, "t"]}), true),
            (json!({"a": "********"}), json!({"a": "s", "b": 1}), false),
            (json!(["********"]), json!([]), false),
        ] {
            assert_eq!(matches(&recorded, &live), expected, "{recorded} {live}");
        }
    }

    #[test]
    fn takes_only_unchanged_secrets_from_the_live_value() {
        let previous = json!({"env": {"KEPT": "********", "NEW": "********", "GONE": "********", "V": "1"}});
        let intended = json!({"env": {"KEPT": "********", "NEW": "******** (another value)", "V": "2"}});
        let live = json!({"env": {"KEPT": "k", "NEW": "n", "V": "2"}});
        let mut lost = Vec::new();
        let value = completed(&previous, &[Some(&intended)], Some(&live), "job_variables", &mut lost);
        assert_eq!(value, Some(json!({"env": {"KEPT": "k", "NEW": "n", "V": "1"}})));
        assert_eq!(lost, ["job_variables.env.NEW", "job_variables.env.GONE"]);
    }
}
