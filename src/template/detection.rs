//! Detection of unresolved templates.

use super::placeholder;
use crate::value::Value;

/// Checks whether a string contains a placeholder or an expression.
pub(crate) fn is_template(text: &str) -> bool {
    placeholder::find(text).next().is_some() || text.contains("<<")
}

/// Checks whether any string in a value contains a placeholder or an expression.
pub(crate) fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Sequence(items) => items.iter().any(has_template),
        Value::Mapping(entries) => entries.values().any(has_template),
        _ => false,
    }
}
