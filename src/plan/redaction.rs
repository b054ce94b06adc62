//! Redacts secrets in plans.
//!
//! Secrets known to this process are redacted. The server may also store secrets from earlier deploys. Values whose key
//! suggests a secret and values that replace a secret are therefore also redacted.

use serde_json::{Map, Value as Json};

use crate::{
    plan::FieldChange,
    secret::{MASK, Redactor, is_secret_key},
    template::placeholder,
};

/// Suffix of a redacted secret that differs from the previous secret.
pub(crate) const CHANGED: &str = " (another value)";

/// Redacts a change's old and new values. Different secrets remain distinguishable.
pub(crate) fn redacted_pair(field: &str, old: &Json, new: &Json, redactor: &Redactor) -> (Json, Json) {
    pair_below(is_secret_key(field), old, new, redactor)
}

/// Redacts two versions of a value. `is_secret` specifies whether a key on the value's path suggests a secret.
fn pair_below(is_secret: bool, old: &Json, new: &Json, redactor: &Redactor) -> (Json, Json) {
    match (old, new) {
        (Json::Object(before), Json::Object(after)) => {
            let masked = |own: &Map<String, Json>, is_old: bool| {
                let entry = |(key, value): (&String, &Json)| {
                    let is_secret = is_secret || is_secret_key(key);
                    let other = if is_old { after.get(key) } else { before.get(key) }.unwrap_or(&Json::Null);
                    let (old, new) = if is_old { (value, other) } else { (other, value) };
                    let (old, new) = pair_below(is_secret, old, new, redactor);
                    (key.clone(), if is_old { old } else { new })
                };
                Json::Object(own.iter().map(entry).collect())
            };
            (masked(before, true), masked(after, false))
        }
        (Json::Array(before), Json::Array(after)) if before.len() == after.len() => {
            let (before, after) =
                before.iter().zip(after).map(|(old, new)| pair_below(is_secret, old, new, redactor)).unzip();
            (Json::Array(before), Json::Array(after))
        }
        _ if is_secret || has_secret(old, redactor) || has_secret(new, redactor) => {
            let (old_shown, new_shown) = (whole(old, redactor, true), whole(new, redactor, true));
            if old != new && old_shown == new_shown {
                (old_shown, Json::String(format!("{MASK}{CHANGED}")))
            } else {
                (old_shown, new_shown)
            }
        }
        _ => (whole(old, redactor, false), whole(new, redactor, false)),
    }
}

/// Redacts a change's old and new values in place.
pub(crate) fn mask(change: &mut FieldChange, redactor: &Redactor) {
    (change.old, change.new) = redacted_pair(&change.field, &change.old, &change.new, redactor);
}

/// Redacts a value.
pub(crate) fn redacted_value(field: &str, value: &Json, redactor: &Redactor) -> Json {
    whole(value, redactor, is_secret_key(field))
}

fn whole(value: &Json, redactor: &Redactor, hide: bool) -> Json {
    match value {
        Json::String(text) if hide && !is_reference(text) => Json::String(MASK.to_owned()),
        Json::String(text) => Json::String(redactor.mask(text)),
        Json::Number(_) if hide => Json::String(MASK.to_owned()),
        Json::Array(items) => items.iter().map(|item| whole(item, redactor, hide)).collect(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), whole(value, redactor, hide || is_secret_key(key))))
            .collect(),
        other => other.clone(),
    }
}

/// Returns whether a string is empty or a single placeholder. Placeholders are not secrets because the worker resolves
/// them.
fn is_reference(text: &str) -> bool {
    text.is_empty() || placeholder::only(text).is_some()
}

fn has_secret(value: &Json, redactor: &Redactor) -> bool {
    value.as_str().is_some_and(|text| redactor.mask(text) != text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    #[test]
    fn redacts_both_sides_and_keeps_the_change_visible() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("new-secret"));
        let old = json!({"env": {"DSN": "old-secret", "API_TOKEN": "abc", "STAGE": "dev"}, "args": ["a"]});
        let new = json!({"env": {"DSN": "new-secret", "STAGE": "prod"}, "args": ["new-secret"]});
        let (old, new) = redacted_pair("job_variables", &old, &new, &redactor);
        assert_eq!(old, json!({"env": {"DSN": MASK, "API_TOKEN": MASK, "STAGE": "dev"}, "args": [MASK]}));
        let another = format!("{MASK} (another value)");
        assert_eq!(new, json!({"env": {"DSN": another, "STAGE": "prod"}, "args": [another]}));
    }

    #[test]
    fn redacts_all_values_below_a_secret_key() {
        let redactor = Redactor::default();
        let another = format!("{MASK} (another value)");
        for (field, old, new, old_shown, new_shown) in [
            (
                "api_token",
                json!({"prod": "a"}),
                json!({"prod": "b"}),
                json!({"prod": MASK}),
                json!({"prod": another}),
            ),
            (
                "job_variables",
                json!({"credentials": {"value": "a", "list": [1, 2]}}),
                json!({"credentials": {"value": "a", "list": [1, 3]}}),
                json!({"credentials": {"value": MASK, "list": [MASK, MASK]}}),
                json!({"credentials": {"value": MASK, "list": [MASK, another]}}),
            ),
            (
                "job_variables",
                json!({"credentials": "a"}),
                json!({"credentials": {"value": "b"}}),
                json!({"credentials": MASK}),
                json!({"credentials": {"value": MASK}}),
            ),
        ] {
            assert_eq!(
                redacted_pair(field, &old, &new, &redactor),
                (old_shown, new_shown),
                "{field} {old} {new}"
            );
        }
    }

    #[test]
    fn does_not_redact_references() {
        let steps =
            json!([{"git_clone": {"access_token": "{{ prefect.blocks.secret.t }}", "password": "x"}}]);
        assert_eq!(
            redacted_value("pull_steps", &steps, &Redactor::default()),
            json!([{"git_clone": {"access_token": "{{ prefect.blocks.secret.t }}", "password": MASK}}])
        );
    }
}
