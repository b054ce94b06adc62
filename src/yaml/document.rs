//! A parsed YAML document, with the position of each value in its file.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    key::Key,
    node::{Entry, Mapping, Node, NodeKind},
};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    pointer::{Pointer, Segment},
    source::{Source, Span},
};

/// A parsed YAML document and the problems that were found while parsing it.
///
/// A merged document has values from multiple files. See [`Document::place`].
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The file of the document, or the base file if the document was merged.
    pub(crate) source: Source,
    pub(crate) root: Node,
    /// The keys that occur more than once in a mapping, in source order.
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
    /// Keys whose merged value depends on the PyYAML release, in source order.
    pub(crate) merge_conflicts: Vec<MergeConflict>,
    /// The spans of the lists with the tag `!append`.
    pub(super) appended: HashSet<Span>,
    /// Source documents of a merged document. Empty if the document was not merged.
    pub(super) layers: Vec<Layer>,
    /// Maps each removed key, identified by its mapping's span and its name, to the span of the key in the
    /// layer that removed it.
    pub(super) removed: HashMap<(Span, Key), Span>,
}

/// A document that contributes values to a merged document.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// The offset of the layer's spans in the merged document.
    pub(super) start: usize,
    pub(super) document: Arc<Document>,
}

/// A key that has different values in the mappings of a merge list.
///
/// According to the YAML specification, the first mapping takes precedence. In PyYAML 6.0.4, the last mapping does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergeConflict {
    pub(crate) key: String,
    /// The position of the merge key `<<`.
    pub(crate) merge_key: Span,
}

impl MergeConflict {
    pub(crate) fn diagnostic(&self, source: &Source) -> Diagnostic {
        let message = format!(
            "the mappings in this merge list have different values for the key `{}`: prefectl uses the first value, \
             PyYAML 6.0.4 uses the last",
            self.key
        );
        Diagnostic::warning(Code::MERGE_CONFLICT, message)
            .at(Place::new(source, self.merge_key))
            .help("set the key in the mapping itself, or in only one of the merged mappings")
    }
}

/// A key that occurs more than once in a mapping. The last value takes precedence, as in Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DuplicateKey {
    pub(crate) key: String,
    pub(crate) first: Span,
    pub(crate) second: Span,
}

impl DuplicateKey {
    pub(crate) fn diagnostic(&self, source: &Source) -> Diagnostic {
        let message = format!("{}; this value overrides it", self.message(source));
        Diagnostic::warning(Code::DUPLICATE_KEY, message)
            .at(Place::new(source, self.second))
            .help("remove one of the two entries")
    }

    /// Returns a message that the key is already set, with the line of its first occurrence.
    pub(crate) fn message(&self, source: &Source) -> String {
        let line = source.position(self.first.start).line;
        format!("the key `{}` is already set on line {line}", self.key)
    }
}

/// A document value found by following a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<'a> {
    /// The mapping entry that contains the value. `None` for the root and for items of a list.
    pub(super) entry: Option<&'a Entry>,
    pub(super) node: &'a Node,
}

impl Document {
    /// Returns whether the document contains lists with the tag `!append`.
    pub(crate) fn has_appended_lists(&self) -> bool {
        !self.appended.is_empty()
    }

    /// Returns the warnings about merge keys.
    pub(crate) fn merge_warnings(&self) -> impl Iterator<Item = Diagnostic> {
        self.merge_conflicts.iter().map(|conflict| conflict.diagnostic(&self.source))
    }

    /// Returns the value at a path, or `None` if the value does not exist. Merge keys and aliases are resolved.
    pub(crate) fn locate(&self, pointer: &Pointer) -> Option<&Node> {
        let (found, missing) = self.follow(pointer);
        (missing == 0).then_some(found.node)
    }

    /// Returns whether the value at a path is a date. In a project, dates are converted to strings.
    pub(crate) fn is_date(&self, pointer: &Pointer) -> bool {
        let node = self.locate(pointer);
        node.is_some_and(|node| matches!(node.kind, NodeKind::Date(_) | NodeKind::DateTime(_)))
    }

    /// Returns whether the value at a path is NaN or infinite. In a project, such values are converted to null.
    pub(crate) fn is_no_number(&self, pointer: &Pointer) -> bool {
        let node = self.locate(pointer);
        node.is_some_and(|node| matches!(node.kind, NodeKind::Float(number) if !number.is_finite()))
    }

    /// Returns the span of the value at a path. If the value does not exist, returns the span of the key that removed
    /// the value, or else the span of the nearest existing ancestor. [`Self::place`] converts the span to a position in
    /// a file.
    pub(crate) fn value_span(&self, pointer: &Pointer) -> Span {
        let (found, missing) = self.follow(pointer);
        self.removal(found.node, pointer, missing).unwrap_or(found.node.span)
    }

    /// Returns the span of the key at a path. If the value does not exist, returns the span of the key that removed the
    /// value, or else the span of the nearest existing ancestor.
    ///
    /// Returns the span of the value for list items and the root, because these nodes have no key.
    pub(crate) fn key_span(&self, pointer: &Pointer) -> Span {
        let (found, missing) = self.follow(pointer);
        let removal = self.removal(found.node, pointer, missing);
        removal.or(found.entry.map(|entry| entry.key.span)).unwrap_or(found.node.span)
    }

    /// Returns the span of the key whose null removed the value at `pointer` from a layer. `nearest` is the nearest
    /// existing ancestor, and `missing` is the number of path segments after this ancestor.
    fn removal(&self, nearest: &Node, pointer: &Pointer, missing: usize) -> Option<Span> {
        let segments = pointer.segments();
        let Some(Segment::Key(key)) = segments.get(segments.len() - missing) else { return None };
        self.removed.get(&(nearest.span, Key::Text(key.as_str().into()))).copied()
    }

    /// Returns the position of the value at a path. See [`Self::value_span`].
    pub(crate) fn value_place(&self, pointer: &Pointer) -> Place {
        self.place(self.value_span(pointer))
    }

    /// Returns the position of the value at a path. If a template renders to a collection, the values in this
    /// collection have the position of the template.
    ///
    /// Returns `None` if the document does not set the value.
    pub(crate) fn written_place(&self, pointer: &Pointer) -> Option<Place> {
        let (Located { node, .. }, missing) = self.follow(pointer);
        let is_written = missing == 0 || matches!(node.kind, NodeKind::Text(_));
        is_written.then(|| self.place(node.span))
    }

    /// Returns the position of the key at a path. See [`Self::key_span`].
    pub(crate) fn key_place(&self, pointer: &Pointer) -> Place {
        self.place(self.key_span(pointer))
    }

    /// Follows a path as far as it exists. Returns the last value on the path and the number of remaining segments.
    pub(super) fn follow(&self, pointer: &Pointer) -> (Located<'_>, usize) {
        let mut found = Located { entry: None, node: &self.root };
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
    fn step(&self, segment: &Segment) -> Option<Located<'_>> {
        match (&self.kind, segment) {
            (NodeKind::Mapping(mapping), Segment::Key(key)) => {
                let entry = mapping.entry(key).or_else(|| mapping.entry_with_text(key))?;
                Some(Located { entry: Some(entry), node: &entry.value })
            }
            (NodeKind::Sequence(items) | NodeKind::Set(items), Segment::Index(index)) => {
                items.get(*index).map(|node| Located { entry: None, node })
            }
            _ => None,
        }
    }

    /// Returns the string that a scalar becomes as a key in JSON, or `None` if the node is a collection.
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
    /// Returns a description of a duplicate key, given its entry's index and the span of the first occurrence.
    pub(super) fn duplicate(&self, index: usize, first: Span) -> Option<DuplicateKey> {
        let key = &self.entries().nth(index)?.key;
        Some(DuplicateKey { key: key.key_text()?.into_owned(), first, second: key.span })
    }

    /// Returns the entry whose key is not a string but is converted to the string `key` in JSON.
    fn entry_with_text(&self, key: &str) -> Option<&Entry> {
        self.entries().find(|entry| entry.key.key_text().is_some_and(|text| text == key))
    }
}
