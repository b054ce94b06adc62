//! Values of a YAML document with their positions in the file.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil::Date;

use super::{integer::Integer, key::Key};
use crate::{date_time::DateTime, source::Span};

/// A value of a document and its position.
///
/// Cloning a node is cheap because collections and strings are shared. An alias shares the value of its anchor.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The span of the value without its anchor and tag. An alias has the span of the value it refers to.
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

/// The types of values that PyYAML's `SafeLoader` produces.
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
    /// A list. The tags `!!omap` and `!!pairs` produce lists of pairs.
    Sequence(Arc<[Node]>),
    Mapping(Arc<Mapping>),
    /// The members of a `!!set`, in source order.
    Set(Arc<[Node]>),
}

/// A mapping with the order of a Python dictionary: a duplicate key keeps its first position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    entries: IndexMap<Key, Entry>,
}

/// A key and its value. An entry from a merge key has the position of the original entry.
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

    /// Returns the entry whose key is the given string.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Returns the entry whose key has the given identity.
    pub(super) fn get(&self, identity: &Key) -> Option<&Entry> {
        self.entries.get(identity)
    }

    /// Creates a mapping from entries. Entries whose key is a collection are skipped, because a collection
    /// cannot be a key.
    pub(crate) fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut mapping = Self::default();
        for entry in entries {
            if let Some(identity) = entry.key.identity() {
                mapping.insert(identity, entry);
            }
        }
        mapping
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { entries: IndexMap::with_capacity(capacity) }
    }

    /// Sets the value of a key. An equal existing key keeps its position and type, as in a Python dictionary.
    ///
    /// If the key exists, its span becomes the new key's span. Returns the entry's index and the previous span.
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

    /// Creates a string.
    pub(crate) fn text(span: Span, text: &str) -> Self {
        Self::new(span, NodeKind::Text(text.into()))
    }

    /// Creates a mapping with a single entry.
    pub(crate) fn with_entry(span: Span, key: Self, value: Self) -> Self {
        Self::new(span, NodeKind::Mapping(Arc::new(Mapping::from_entries([Entry { key, value }]))))
    }

    /// Returns a copy of a mapping with an existing entry's value replaced. Other nodes are not changed.
    #[must_use]
    pub(crate) fn with_value(&self, key: &str, value: Self) -> Self {
        let NodeKind::Mapping(mapping) = &self.kind else { return self.clone() };
        let mut mapping = Mapping::clone(mapping);
        if let Some(entry) = mapping.entries.get_mut(key) {
            entry.value = value;
        }
        Self::new(self.span, NodeKind::Mapping(mapping.into()))
    }

    /// Returns a copy of a mapping with an additional entry. Other nodes are not changed.
    #[must_use]
    pub(crate) fn with_new_entry(&self, key: Self, value: Self) -> Self {
        let NodeKind::Mapping(mapping) = &self.kind else { return self.clone() };
        let entries = mapping.entries().cloned().chain([Entry { key, value }]);
        Self::new(self.span, NodeKind::Mapping(Mapping::from_entries(entries).into()))
    }

    /// Returns the number of values in the node, including itself. Shared values are counted each time.
    pub(crate) fn size(&self) -> usize {
        let sum = |sizes: &mut dyn Iterator<Item = usize>| sizes.fold(1, usize::saturating_add);
        match &self.kind {
            NodeKind::Sequence(items) | NodeKind::Set(items) => sum(&mut items.iter().map(Self::size)),
            NodeKind::Mapping(mapping) => sum(&mut mapping.entries().map(|entry| 1 + entry.value.size())),
            _ => 1,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_mapping(&self) -> Option<&Mapping> {
        match &self.kind {
            NodeKind::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the value of an entry, or `None` if the node is not a mapping or lacks the entry.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        Some(&self.as_mapping()?.entry(key)?.value)
    }

    pub(crate) fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the identity of a node that is used as a mapping key, or `None` if the node is a collection.
    pub(super) fn identity(&self) -> Option<Key> {
        Some(match &self.kind {
            NodeKind::Null => Key::Null,
            NodeKind::Bool(flag) => Key::Integer(Integer::Small((*flag).into())),
            NodeKind::Int(number) => Key::Integer(number.clone()),
            NodeKind::Float(number) => Key::float(*number, self.span),
            NodeKind::Text(text) => Key::Text(Arc::clone(text)),
            NodeKind::Binary(bytes) => Key::Binary(Arc::clone(bytes)),
            NodeKind::Date(date) => Key::Date(*date),
            NodeKind::DateTime(moment) => Key::date_time(*moment),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Set(_) => return None,
        })
    }

    /// Returns whether two nodes have the same value. Nodes that cannot be sent to the API are never equal.
    pub(super) fn is_equal_to(&self, other: &Self) -> bool {
        matches!((self.to_value(), other.to_value()), (Ok(a), Ok(b)) if a == b)
    }

    /// Returns the type of the value for messages, such as "a list".
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Int(_) => "an integer",
            NodeKind::Float(_) => "a number",
            NodeKind::Text(_) => "a string",
            NodeKind::Date(_) => "a date",
            NodeKind::DateTime(_) => "a date and time",
            NodeKind::Binary(_) => "binary data",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Set(_) => "a set",
        }
    }
}
