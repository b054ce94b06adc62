//! Redacts prefectl's JSON documents. Fixed words in the document format are not masked.

use serde_json::Value;

use super::Redactor;

/// Fields whose values are fixed words in the document format, with the allowed words.
///
/// A fixed word reveals nothing about a secret with the same value.
const WORDS: [(&str, &[&str]); 8] = [
    ("action", &["create", "update", "unchanged", "delete"]),
    ("grade", &["exact", "approximate", "failed"]),
    ("kind", &["work_pool", "work_queue", "concurrency_limit", "variable", "block", "automation"]),
    ("section", &["build", "push", "pull"]),
    ("severity", &["error", "warning"]),
    ("stage", &["check", "steps", "verify_pull", "compare", "write", "prune"]),
    (
        "status",
        &[
            "created",
            "updated",
            "unchanged",
            "failed",
            "changed meanwhile",
            "not tried",
            "restored",
            "not restored",
            "deleted",
            "waiting",
            "running",
            "shared",
            "done",
            "reused",
            "verified",
            "not verified",
        ],
    ),
    ("stream", &["stdout", "stderr"]),
];

/// Fields with numbers that prefectl determines, such as counts and durations.
const NUMBERS: [&str; 6] = ["exit", "schema", "requests", "seconds", "line", "column"];

/// Fields whose values come from the user or server. These values may contain arbitrary fields.
const VALUES: [&str; 6] = ["old", "new", "inputs", "outputs", "body", "value"];

impl Redactor {
    /// Masks a document's values like [`Self::mask_json`], except for fixed words and numbers in the document format.
    pub(crate) fn mask_document(&self, document: Value) -> Value {
        match document {
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| {
                    let masked = match value {
                        value if is_fixed(&name, &value) => value,
                        value if VALUES.contains(&name.as_str()) => self.mask_json(value),
                        value => self.mask_document(value),
                    };
                    (self.mask_key(name), masked)
                })
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.mask_document(item)).collect(),
            other => self.mask_json(other),
        }
    }
}

/// Returns whether a field's value is a fixed word or number in the document format. Such values are not secret.
pub(crate) fn is_fixed(name: &str, value: &Value) -> bool {
    let is_word = |word: &str| WORDS.iter().any(|(field, words)| *field == name && words.contains(&word));
    match value {
        Value::String(text) => is_word(text),
        Value::Number(_) => NUMBERS.contains(&name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::{MASK, Secret};

    #[test]
    fn masks_values_and_keeps_the_words_of_the_format() {
        let redactor = Redactor::default();
        for secret in ["create", "exact", "build", "1234"] {
            redactor.learn(&Secret::new(secret));
        }
        let document = json!({
            "schema": 1, "requests": 1234, "name": "create", "action": "create", "flow": {"grade": "exact"},
            "steps": [{"section": "build", "inputs": {"action": "create", "requests": 1234}}],
            "changes": [{"field": "tags", "old": null, "new": {"status": "create"}}], "status": "create",
        });
        let expected = json!({
            "schema": 1, "requests": 1234, "name": MASK, "action": "create", "flow": {"grade": "exact"},
            "steps": [{"section": "build", "inputs": {"action": MASK, "requests": MASK}}],
            "changes": [{"field": "tags", "old": null, "new": {"status": MASK}}], "status": MASK,
        });
        assert_eq!(redactor.mask_document(document), expected);
    }
}
