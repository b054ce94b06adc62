//! The walk over a template that all passes share.

use super::{substitution::Substitution, trail::Trail};
use crate::{
    pointer::{Pointer, Segment},
    python,
    value::{Mapping, Value},
};

/// What a pass does with the parts of a template.
pub(crate) trait Fill {
    /// What stands in the place of a text; nothing if it has no value.
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value>;

    /// What stands in the place of a whole mapping, if the pass has something to say about it.
    fn mapping(&mut self, _: &Mapping, _: &Trail<'_>) -> Option<Value> {
        None
    }

    /// Whether an entry or item whose text has no value stays as it is written, instead of being removed.
    fn keeps_unknown(&self) -> bool {
        false
    }
}

/// A template that has been filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filled {
    pub(crate) value: Value,
    pub(crate) substitutions: Vec<Substitution>,
}

/// The template with its texts filled in; nothing if it is a text without a value.
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

/// The value that a path of a note or an expression leads to.
pub(crate) fn value_at<'a>(value: &'a mut Value, path: &Pointer) -> Option<&'a mut Value> {
    path.segments().iter().try_fold(value, |value, segment| match (value, segment) {
        (Value::Sequence(items), Segment::Index(index)) => items.get_mut(*index),
        (Value::Mapping(entries), Segment::Key(key)) => {
            entries.iter_mut().find(|(known, _)| python::to_text(known) == *key).map(|(_, value)| value)
        }
        _ => None,
    })
}
