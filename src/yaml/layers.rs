//! Merged documents, whose values come from multiple files.
//!
//! Each file of a merged document is a layer. The spans in a layer are shifted by an offset, so that all layers have
//! disjoint ranges and a span identifies its file.

use std::{collections::HashSet, sync::Arc};

use super::{
    document::{Document, Layer, Located},
    node::{Entry, Mapping, Node, NodeKind},
    overlay::Nulls,
};
use crate::{
    diagnostics::Place,
    pointer::{Pointer, Segment},
    source::Span,
};

impl Layer {
    fn end(&self) -> usize {
        self.start + self.document.source.text().len()
    }
}

impl Document {
    /// Returns a copy of this document that accepts layers.
    pub(crate) fn layered(&self) -> Self {
        Self { layers: vec![Layer { start: 0, document: Arc::new(self.clone()) }], ..self.clone() }
    }

    /// Adds a document's file as a layer. Returns the layer's root and the spans of its `!append` lists, both shifted
    /// by the layer's offset.
    pub(crate) fn add_layer(&mut self, document: Document) -> (Node, HashSet<Span>) {
        let start = self.layers.last().map_or(0, |last| last.end() + 1);
        let root = document.root.moved(start);
        let appended = document.appended.iter().map(|span| span.moved(start)).collect();
        self.layers.push(Layer { start, document: Arc::new(document) });
        (root, appended)
    }

    /// Sets the merged values. `nulls` contains the nulls of all layers, which locate removed values.
    pub(crate) fn set_merged(&mut self, root: Node, nulls: Nulls) {
        self.root = root;
        self.removed = nulls.removed;
    }

    /// Returns the documents from which this document was merged. Returns only this document if it is not the result of
    /// a merge.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self.layers.as_slice() {
            [] => vec![self],
            layers => layers.iter().map(|layer| &*layer.document).collect(),
        }
    }

    /// Returns the document of the project file, without the layers that are merged with it.
    pub(crate) fn base(&self) -> &Self {
        self.layers.first().map_or(self, |base| &base.document)
    }

    /// Returns the position of a span in the file that contains it.
    pub(crate) fn place(&self, span: Span) -> Place {
        let (document, span) = self.written(span);
        Place::new(&document.source, span)
    }

    /// Returns the document that contains a span, and the corresponding span in that document's text.
    pub(crate) fn written(&self, span: Span) -> (&Self, Span) {
        let layer = self.layers.iter().rev().find(|layer| layer.start <= span.start);
        layer.map_or((self, span), |layer| {
            let moved = |offset: usize| offset.saturating_sub(layer.start);
            (&layer.document, Span::new(moved(span.start), moved(span.end)))
        })
    }

    /// Returns the document that contains the value at a path, and the value's path in this document.
    ///
    /// Returns `None` if the value does not exist.
    pub(crate) fn origin(&self, pointer: &Pointer) -> Option<(&Self, Pointer)> {
        if self.layers.is_empty() {
            return Some((self, pointer.clone()));
        }
        let (Located { entry, node }, missing) = self.follow(pointer);
        let (document, span) = self.written(entry.map_or(node.span, |entry| entry.key.span));
        let origin = document.root.path_to(span, entry.is_some())?;
        (missing == 0).then_some((document, origin))
    }
}

impl Span {
    fn moved(self, offset: usize) -> Self {
        Self::new(self.start + offset, self.end + offset)
    }
}

impl Node {
    /// Returns a copy of the node with an offset added to all spans.
    fn moved(&self, offset: usize) -> Self {
        let all = |items: &[Self]| items.iter().map(|item| item.moved(offset)).collect();
        let kind = match &self.kind {
            NodeKind::Sequence(items) => NodeKind::Sequence(all(items)),
            NodeKind::Set(items) => NodeKind::Set(all(items)),
            NodeKind::Mapping(mapping) => NodeKind::Mapping(Arc::new(mapping.moved(offset))),
            scalar => scalar.clone(),
        };
        Self::new(self.span.moved(offset), kind)
    }

    /// Returns the path to the entry whose key has the given span, or to the value with this span.
    fn path_to(&self, span: Span, is_key: bool) -> Option<Pointer> {
        let mut path = Pointer::root();
        let mut node = self;
        loop {
            if !is_key && node.span == span {
                return Some(path);
            }
            let (segment, next) = node.child_around(span)?;
            path.push(segment);
            match next {
                Ok(child) => node = child,
                Err(_) => return is_key.then_some(path),
            }
        }
    }

    /// Returns the child that contains `span`, and its path segment. The child is `Ok` for a list item or a mapping
    /// value, and `Err` for a mapping key whose own span is `span`.
    fn child_around(&self, span: Span) -> Option<(Segment, Result<&Self, &Self>)> {
        let contains = |node: &Self| node.span.start <= span.start && span.end <= node.span.end;
        match &self.kind {
            NodeKind::Mapping(mapping) => mapping.entries().find_map(|Entry { key, value }| {
                let segment = Segment::Key(key.key_text()?.into_owned());
                if key.span == span {
                    return Some((segment, Err(key)));
                }
                contains(value).then_some((segment, Ok(value)))
            }),
            NodeKind::Sequence(items) | NodeKind::Set(items) => {
                let index = items.iter().position(contains)?;
                Some((index.into(), Ok(&items[index])))
            }
            _ => None,
        }
    }
}

impl Mapping {
    fn moved(&self, offset: usize) -> Self {
        let mut moved = Self::with_capacity(self.len());
        for (identity, Entry { key, value }) in self.identified() {
            moved.insert(identity.clone(), Entry { key: key.moved(offset), value: value.moved(offset) });
        }
        moved
    }
}
