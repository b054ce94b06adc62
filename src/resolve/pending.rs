//! Detection of unresolved templates.

use crate::{template, value::Value};

/// Returns whether a string contains an unresolved template.
pub(crate) fn is_pending(text: &str) -> bool {
    template::placeholder::find(text).next().is_some() || text.contains("<<")
}

/// Returns whether a value contains an unresolved template.
pub(crate) fn has_pending(value: &Value) -> bool {
    match value {
        Value::String(text) => is_pending(text),
        Value::Sequence(items) => items.iter().any(has_pending),
        Value::Mapping(entries) => entries.values().any(has_pending),
        _ => false,
    }
}
