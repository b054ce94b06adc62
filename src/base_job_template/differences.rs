//! Differences between two base job templates.

use serde_json::Value;

use crate::{
    json_diff::{ChangedValue, changed_values},
    pointer::{Pointer, Segment},
};

/// A difference between two templates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Keys and indexes of the path, joined with dots.
    pub(crate) path: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// Returns the differences between two templates.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let difference = |change: ChangedValue<'_>| Difference {
        path: dotted(&change.path),
        before: change.old.cloned(),
        after: change.new.cloned(),
    };
    changed_values(Pointer::root(), before, after).into_iter().map(difference).collect()
}

/// Formats a path in the form that `--place` accepts, such as `spec.containers.0`.
fn dotted(path: &Pointer) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
        Segment::CommandLine => String::new(),
    };
    path.segments().iter().map(segment).collect::<Vec<_>>().join(".")
}
