//! A document that was read: its values and the way back to their places.

use std::borrow::Cow;

use super::node::{Entry, Mapping, Node, NodeKind};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    pointer::{Pointer, Segment},
    source::{Source, Span},
};

/// The one document of a YAML text.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) source: Source,
    pub(crate) root: Node,
    /// Keys written more than once in the same mapping, in the order of the text.
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
}

/// A key that a mapping has twice. The value of the later one counts, as in Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DuplicateKey {
    pub(crate) key: String,
    pub(crate) first: Span,
    pub(crate) second: Span,
}

impl DuplicateKey {
    pub(crate) fn diagnostic(&self, source: &Source) -> Diagnostic {
        let line = source.position(self.first.start).line;
        Diagnostic::warning(
            Code::DUPLICATE_KEY,
            format!("`{}` is already set in line {line}; the value here replaces that one", self.key),
        )
        .at(Place::new(source, self.second))
        .help("remove one of the two")
    }
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    /// The entry whose value it is, unless it is the root or in a list.
    entry: Option<&'a Entry>,
    node: &'a Node,
}

impl Document {
    /// The value at a path. Merges and aliases are seen through.
    pub(crate) fn locate(&self, pointer: &Pointer) -> Option<&Node> {
        let (found, missing) = self.follow(pointer);
        (missing == 0).then_some(found.node)
    }

    /// Whether the value at a path is a date, which is text in the project.
    pub(crate) fn is_date(&self, pointer: &Pointer) -> bool {
        let node = self.locate(pointer);
        node.is_some_and(|node| matches!(node.kind, NodeKind::Date(_) | NodeKind::DateTime(_)))
    }

    /// Whether the value at a path is not-a-number or infinite, which is null in the project.
    pub(crate) fn is_no_number(&self, pointer: &Pointer) -> bool {
        let node = self.locate(pointer);
        node.is_some_and(|node| matches!(node.kind, NodeKind::Float(number) if !number.is_finite()))
    }

    /// Where the value at a path is written; if there is none, the nearest value around it.
    pub(crate) fn value_span(&self, pointer: &Pointer) -> Span {
        self.follow(pointer).0.node.span
    }

    /// Where the key at a path is written; if there is none, the nearest key around it. The items of lists and the
    /// root have no key: theirs is the span of the value.
    pub(crate) fn key_span(&self, pointer: &Pointer) -> Span {
        let (found, _) = self.follow(pointer);
        found.entry.map_or(found.node.span, |entry| entry.key.span)
    }

    /// [`Self::value_span`] as a place for messages.
    pub(crate) fn value_place(&self, pointer: &Pointer) -> Place {
        Place::new(&self.source, self.value_span(pointer))
    }

    /// [`Self::key_span`] as a place for messages.
    pub(crate) fn key_place(&self, pointer: &Pointer) -> Place {
        Place::new(&self.source, self.key_span(pointer))
    }

    /// Goes down a path as far as it exists; also how many segments were left.
    fn follow(&self, pointer: &Pointer) -> (Found<'_>, usize) {
        let mut found = Found { entry: None, node: &self.root };
        let mut rest = pointer.segments();
        while let [segment, after @ ..] = rest
            && let Some(next) = found.node.step(segment)
        {
            (found, rest) = (next, after);
        }
        (found, rest.len())
    }
}

impl Node {
    fn step(&self, segment: &Segment) -> Option<Found<'_>> {
        match (&self.kind, segment) {
            (NodeKind::Mapping(mapping), Segment::Key(key)) => {
                let entry = mapping.entry(key).or_else(|| mapping.entry_with_text(key))?;
                Some(Found { entry: Some(entry), node: &entry.value })
            }
            (NodeKind::Sequence(items) | NodeKind::Set(items), Segment::Index(index)) => {
                items.get(*index).map(|node| Found { entry: None, node })
            }
            _ => None,
        }
    }

    /// A scalar as the text that it becomes as a key in JSON; collections have none.
    pub(crate) fn key_text(&self) -> Option<Cow<'_, str>> {
        Some(match &self.kind {
            NodeKind::Null => "null".into(),
            NodeKind::Bool(flag) => flag.to_string().into(),
            NodeKind::Int(number) => number.to_string().into(),
            NodeKind::Float(number) => format!("{number:?}").into(),
            NodeKind::Text(text) => Cow::Borrowed(text),
            NodeKind::Date(date) => date.to_string().into(),
            NodeKind::DateTime(moment) => moment.to_string().into(),
            NodeKind::Binary(bytes) => String::from_utf8_lossy(bytes),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Set(_) => return None,
        })
    }
}

impl Mapping {
    /// The finding that an entry was already written at another place.
    pub(super) fn duplicate(&self, index: usize, first: Span) -> Option<DuplicateKey> {
        let key = &self.entries().nth(index)?.key;
        Some(DuplicateKey { key: key.key_text()?.into_owned(), first, second: key.span })
    }

    /// The entry whose key is not a text but becomes this one in JSON.
    fn entry_with_text(&self, key: &str) -> Option<&Entry> {
        self.entries().find(|entry| entry.key.key_text().is_some_and(|text| text == key))
    }
}
