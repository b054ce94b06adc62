//! Traversal of templates, shared by all substitution passes.

use super::{substitution::Substitution, trail::Trail};
use crate::{
    pointer::{Pointer, Segment},
    python,
    value::{Mapping, Value},
};

/// A substitution pass over the strings and mappings of a template.
pub(crate) trait Fill {
    /// Returns the replacement for a string, or `None` if the string has no value.
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value>;

    /// Returns the replacement for a whole mapping, or `None` if its entries are to be visited.
    fn mapping(&mut self, _: &Mapping, _: &Trail<'_>) -> Option<Value> {
        None
    }

    /// Returns `true` if entries and list items without a value are kept instead of removed.
    fn keeps_unknown(&self) -> bool {
        false
    }
}

/// A template whose placeholders have been substituted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filled {
    pub(crate) value: Value,
    pub(crate) substitutions: Vec<Substitution>,
}

/// Applies a pass to a template. Returns `None` if the template is a string without a value.
pub(crate) fn fill(template: &Value, pass: &mut impl Fill) -> Option<Value> {
    visit(template, &mut Trail::default(), pass)
}

fn visit<'a>(template: &'a Value, trail: &mut Trail<'a>, pass: &mut impl Fill) -> Option<Value> {
    match template {
        Value::String(text) => pass.text(text, trail),
        Value::Sequence(items) => {
            let filled = items.iter().enumerate().filter_map(|(index, item)| {
                let value = trail.at_index(index, |trail| visit(item, trail, pass));
                value.or_else(|| pass.keeps_unknown().then(|| item.clone()))
            });
            Some(Value::Sequence(filled.collect()))
        }
        Value::Mapping(mapping) => pass.mapping(mapping, trail).or_else(|| {
            let filled = mapping.iter().filter_map(|(key, entry)| {
                let value = trail.at_key(key, |trail| visit(entry, trail, pass));
                let value = value.or_else(|| pass.keeps_unknown().then(|| entry.clone()));
                Some((key.clone(), value?))
            });
            Some(Value::Mapping(filled.collect()))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => Some(template.clone()),
    }
}

/// Calls `action` with each string value in a template and its path. Skips mapping keys.
pub(crate) fn each_text<'a>(template: &'a Value, action: &mut dyn FnMut(&'a str, &Trail<'_>)) {
    texts(template, &mut Trail::default(), action);
}

fn texts<'a>(template: &'a Value, trail: &mut Trail<'a>, action: &mut dyn FnMut(&'a str, &Trail<'_>)) {
    match template {
        Value::String(text) => action(text, trail),
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                trail.at_index(index, |trail| texts(item, trail, action));
            }
        }
        Value::Mapping(mapping) => {
            for (key, entry) in mapping {
                trail.at_key(key, |trail| texts(entry, trail, action));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
}

/// Returns the value at a path, or `None` if the path does not exist.
pub(crate) fn value_at<'a>(value: &'a mut Value, path: &Pointer) -> Option<&'a mut Value> {
    path.segments().iter().try_fold(value, |value, segment| match (value, segment) {
        (Value::Sequence(items), Segment::Index(index)) => items.get_mut(*index),
        (Value::Mapping(entries), Segment::Key(key)) => {
            python::key_with_text(entries, key).and_then(|key| entries.get_mut(&key))
        }
        _ => None,
    })
}
