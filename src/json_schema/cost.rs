//! Limits the cost of evaluating a schema.

use serde_json::{Map, Value};

/// Maximum cost of an evaluation. One unit takes about a microsecond.
const MAX_COST: usize = 1_000_000;

/// Number of comparisons or lookups that cost one unit.
const COMPARISONS: usize = 8;

/// Number of string bytes that cost as much as a comparison.
const BYTES: usize = 64;

/// Cost of storing and reporting a mismatch.
pub(super) const MISMATCH: usize = 32;

/// The remaining cost budget of an evaluation.
pub(super) struct Budget {
    remaining: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { remaining: MAX_COST }
    }
}

impl Budget {
    pub(super) fn spend(&mut self, cost: usize) {
        self.remaining = self.remaining.saturating_sub(cost);
    }

    pub(super) fn exhaust(&mut self) {
        self.remaining = 0;
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.remaining == 0
    }
}

/// Returns the cost of checking a value against the keywords of a schema, without its subschemas and patterns.
pub(super) fn of_keywords(keywords: &Map<String, Value>, value: &Value) -> usize {
    let size = |keyword: &str| match keywords.get(keyword) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(entries)) => entries.len(),
        _ => 0,
    };
    let mut operations = 0;
    let compared = size("enum") + usize::from(keywords.contains_key("const"));
    let is_hashed = value.is_array() && keywords.contains_key("uniqueItems");
    if compared > 0 || is_hashed {
        operations += (compared + usize::from(is_hashed)) * weight(value);
    }
    if value.is_object() {
        operations += ["properties", "required", "dependentSchemas"].map(size).iter().sum::<usize>();
        let dependent = keywords.get("dependentRequired").and_then(Value::as_object);
        let names = dependent.into_iter().flat_map(Map::values);
        operations += names.map(|names| 1 + names.as_array().map_or(0, Vec::len)).sum::<usize>();
    }
    1 + operations / COMPARISONS
}

/// Returns the maximum number of comparisons for comparing a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / BYTES,
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(entries) => {
            1 + entries.iter().map(|(name, value)| 1 + name.len() / BYTES + weight(value)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}
