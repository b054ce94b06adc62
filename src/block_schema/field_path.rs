//! Paths to fields of a block.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::{api::JsonObject, pointer::Pointer};

/// A path to a field of a block. The field may be inside an object. Paths are displayed as in
/// `headers.Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldPath {
    first: String,
    rest: Vec<String>,
}

impl From<&str> for FieldPath {
    fn from(name: &str) -> Self {
        Self { first: name.to_owned(), rest: Vec::new() }
    }
}

impl FieldPath {
    /// Creates a path from segments. Returns `None` if there are no segments.
    pub(super) fn from_segments(segments: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut segments = segments.into_iter();
        Some(Self { first: segments.next()?, rest: segments.collect() })
    }

    /// Returns the name of the block's field.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first).chain(&self.rest).map(String::as_str)
    }

    /// Returns whether the path leads to a field inside an object.
    pub(crate) fn is_nested(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Returns this path with an additional segment at the end.
    #[must_use]
    pub(crate) fn join(&self, segment: &str) -> Self {
        let mut joined = self.clone();
        joined.rest.push(segment.to_owned());
        joined
    }

    /// Returns whether the paths are equal, or one path is inside the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.segments().zip(other.segments()).all(|(own, other)| own == other)
    }

    /// Returns the path of this field in a document, where `base` is the path of the block's data.
    pub(crate) fn pointer(&self, base: &Pointer) -> Pointer {
        self.segments().fold(base.clone(), |pointer, segment| match segment.parse::<usize>() {
            Ok(index) => pointer.join(index),
            Err(_) => pointer.join(segment),
        })
    }

    /// Returns the value at this path. If the path does not exist, returns the innermost value on it.
    pub(super) fn value_in<'a>(&self, data: &'a Json) -> &'a Json {
        let mut value = data;
        for segment in self.segments() {
            let next = match value {
                Json::Array(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                value => value.get(segment),
            };
            let Some(next) = next else { break };
            value = next;
        }
        value
    }

    /// Returns whether `data` sets this field, or sets an ancestor of this field to a value that is not an object.
    pub(crate) fn is_set_in(&self, data: &JsonObject) -> bool {
        let mut segments = self.segments();
        let mut value = segments.next().and_then(|first| data.get(first));
        for segment in segments {
            match value {
                Some(Json::Object(entries)) => value = entries.get(segment),
                _ => break,
            }
        }
        value.is_some()
    }

    /// Returns an object with a value at this path.
    pub(super) fn wrap(&self, value: Json) -> JsonObject {
        let mut data = JsonObject::new();
        self.set(&mut data, value);
        data
    }

    /// Sets the value at this path. Creates missing objects on the path.
    pub(crate) fn set(&self, data: &mut JsonObject, value: Json) {
        let Some((last, objects)) = self.rest.split_last() else {
            data.insert(self.first.clone(), value);
            return;
        };
        let mut object = data;
        for segment in std::iter::once(&self.first).chain(objects) {
            let entry = object.entry(segment.as_str()).or_insert_with(|| Map::new().into());
            if !entry.is_object() {
                *entry = Map::new().into();
            }
            let Json::Object(entries) = entry else { return };
            object = entries;
        }
        object.insert(last.clone(), value);
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first)?;
        self.rest.iter().try_for_each(|segment| write!(f, ".{segment}"))
    }
}
