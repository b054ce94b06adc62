//! Values with the place where they are written.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::{
    civil::{self, Date},
    tz::Offset,
};

use super::{integer::Integer, key::Key};
use crate::source::Span;

/// A value and the text it comes from. Clones are cheap: collections and texts are shared, which is also
/// how an alias refers to its anchor's value.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where the value is written, without its anchor and tag; for an alias that is at the anchor.
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

/// The values that PyYAML's safe loader makes.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Null,
    Bool(bool),
    Int(Integer),
    Float(f64),
    Text(Arc<str>),
    Date(Date),
    DateTime(DateTime),
    Binary(Arc<[u8]>),
    /// A list; also `!!omap` and `!!pairs`, as a list of lists of two.
    Sequence(Arc<[Node]>),
    Mapping(Arc<Mapping>),
    /// The members of a `!!set`, in the order of the text.
    Set(Arc<[Node]>),
}

/// A date with a time of day, at a known distance from UTC or local to nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime {
    pub(crate) local: civil::DateTime,
    pub(crate) offset: Option<Offset>,
}

/// The entries of a mapping in the order of Python's dictionaries: an entry stays where its key first came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    entries: IndexMap<Key, Entry>,
}

/// A key and its value; after a merge both are where they are written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

impl Mapping {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The entry under a text key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { entries: IndexMap::with_capacity(capacity) }
    }

    /// Sets a value as Python's dictionaries do: an equal key keeps its place and its type, the value is the new
    /// one. The place in the text becomes that of the new key, which belongs to the value; the number of the entry
    /// and the former place of its key are returned.
    pub(super) fn insert(&mut self, identity: Key, Entry { key, value }: Entry) -> Option<(usize, Span)> {
        match self.entries.entry(identity) {
            indexmap::map::Entry::Occupied(mut occupied) => {
                let index = occupied.index();
                let entry = occupied.get_mut();
                entry.value = value;
                Some((index, std::mem::replace(&mut entry.key.span, key.span)))
            }
            indexmap::map::Entry::Vacant(vacant) => {
                vacant.insert(Entry { key, value });
                None
            }
        }
    }

    pub(super) fn identified(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }
}

impl Node {
    pub(crate) fn new(span: Span, kind: NodeKind) -> Self {
        Self { span, kind }
    }

    pub(crate) fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the identity of a node as a mapping key. Returns `None` for collections, which cannot be keys.
    pub(super) fn identity(&self) -> Option<Key> {
        Some(match &self.kind {
            NodeKind::Null => Key::Null,
            NodeKind::Bool(flag) => Key::Integer(Integer::Small((*flag).into())),
            NodeKind::Int(number) => Key::Integer(number.clone()),
            NodeKind::Float(number) => Key::float(*number, self.span),
            NodeKind::Text(text) => Key::Text(Arc::clone(text)),
            NodeKind::Binary(bytes) => Key::Binary(Arc::clone(bytes)),
            NodeKind::Date(date) => Key::Date(*date),
            NodeKind::DateTime(DateTime { local, offset }) => Key::date_time(*local, *offset),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Set(_) => return None,
        })
    }

    /// What kind of value it is, in the words of messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Int(_) => "an integer",
            NodeKind::Float(_) => "a number",
            NodeKind::Text(_) => "text",
            NodeKind::Date(_) => "a date",
            NodeKind::DateTime(_) => "a date and time",
            NodeKind::Binary(_) => "binary data",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Set(_) => "a set",
        }
    }
}
