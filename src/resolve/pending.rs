//! Templates that are not resolved yet.

use crate::{template, value::Value};

/// Whether a text still has a template that steps may fill in.
pub(crate) fn is_pending(text: &str) -> bool {
    template::placeholder::find(text).next().is_some() || text.contains("<<")
}

/// Whether a value, or anything in it, still has a template.
pub(crate) fn has_pending(value: &Value) -> bool {
    match value {
        Value::String(text) => is_pending(text),
        Value::Sequence(items) => items.iter().any(has_pending),
        Value::Mapping(entries) => entries.values().any(has_pending),
        _ => false,
    }
}
