//! Merges the values of an overlay into a base document. All values keep their spans.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    key::Key,
    node::{Entry, Mapping, Node, NodeKind},
};
use crate::source::Span;

/// The values of an overlay, to be merged into a base document.
///
/// Mappings are merged recursively, null removes the base value, and all other values replace the base value. If the
/// base has no value, null is kept as a value. Lists with the tag `!append` are added to the list in the base.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// The spans of the lists with the tag `!append`.
    appended: HashSet<Span>,
    /// Spans of the merged lists with the tag `!append`.
    merged: HashSet<Span>,
    /// Whether a null is dropped if the base has no value for it.
    only_removes: bool,
    nulls: Nulls,
    errors: Vec<AppendError>,
}

/// The nulls of the overlays that have been merged with a document. A null acts on the base document only,
/// even if multiple overlays contain it.
#[derive(Debug, Default)]
pub(crate) struct Nulls {
    /// Maps each removed key, identified by its mapping's span and its name, to the span of the overlay key
    /// whose null removed it.
    pub(super) removed: HashMap<(Span, Key), Span>,
    /// The spans of the nulls that are values.
    values: HashSet<Span>,
}

/// The error for a list with the tag `!append` that cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppendError {
    /// The value in the base is not a list.
    Base { list: Span, base: Span, found: &'static str },
    /// The list is inside a value that replaces the value in the base.
    Replaced { list: Span },
}

impl Overlay {
    /// Creates an overlay. `appended` contains the spans of the lists with the tag `!append`. `nulls`
    /// contains the nulls of the overlays merged before.
    pub(crate) fn new(appended: HashSet<Span>, nulls: Nulls) -> Self {
        Self { appended, nulls, ..Self::default() }
    }

    /// Merges an overlay value with the base value. Returns `None` if the overlay removes the base value.
    pub(crate) fn merge(&mut self, base: Option<&Node>, value: &Node) -> Option<Node> {
        Some(match (&value.kind, base) {
            (NodeKind::Null, Some(base)) if self.nulls.values.contains(&base.span) => base.clone(),
            (NodeKind::Null, base) if base.is_some() || self.only_removes => return None,
            (NodeKind::Null, None) => {
                self.nulls.values.insert(value.span);
                value.clone()
            }
            (NodeKind::Mapping(mapping), Some(Node { span, kind: NodeKind::Mapping(base) })) => {
                Node::new(*span, NodeKind::Mapping(Arc::new(self.merge_mappings(*span, base, mapping))))
            }
            (NodeKind::Mapping(mapping), _) => {
                let merged = self.merge_mappings(value.span, &Mapping::default(), mapping);
                Node::new(value.span, NodeKind::Mapping(Arc::new(merged)))
            }
            (NodeKind::Sequence(items), base) if self.is_appended(value.span) => {
                match base.map(|base| (base.span, &base.kind)) {
                    Some((span, NodeKind::Sequence(before))) => {
                        let items = before.iter().chain(items.iter()).cloned().collect();
                        Node::new(span, NodeKind::Sequence(items))
                    }
                    Some((span, kind)) if !matches!(kind, NodeKind::Null) => {
                        let found = base.map_or("null", Node::type_name);
                        self.errors.push(AppendError::Base { list: value.span, base: span, found });
                        value.clone()
                    }
                    _ => value.clone(),
                }
            }
            _ => value.clone(),
        })
    }

    /// Merges values that apply to multiple bases with a single base. A null only removes values, because the null
    /// might apply to a different base.
    pub(crate) fn merge_common(&mut self, base: &Node, values: &Node) -> Option<Node> {
        self.only_removes = true;
        let merged = self.merge(Some(base), values);
        self.only_removes = false;
        merged
    }

    /// Merges an overlay's entries with a base mapping, which has the given span. New entries follow the
    /// entries of the base.
    fn merge_mappings(&mut self, span: Span, base: &Mapping, overlay: &Mapping) -> Mapping {
        let mut merged = Mapping::with_capacity(base.len() + overlay.len());
        for (identity, entry) in base.identified() {
            let entry = match overlay.get(identity) {
                None => entry.clone(),
                Some(Entry { key, value }) => {
                    let Some(value) = self.merge(Some(&entry.value), value) else {
                        self.nulls.removed.insert((span, identity.clone()), key.span);
                        continue;
                    };
                    // A merged collection is written in the base, with values of the overlay.
                    let key = if value.span == entry.value.span { &entry.key } else { key };
                    Entry { key: key.clone(), value }
                }
            };
            merged.insert(identity.clone(), entry);
        }
        for (identity, Entry { key, value }) in overlay.identified() {
            let is_removed = || self.nulls.removed.contains_key(&(span, identity.clone()));
            if base.get(identity).is_some() || (matches!(value.kind, NodeKind::Null) && is_removed()) {
                continue;
            }
            if let Some(value) = self.merge(None, value) {
                merged.insert(identity.clone(), Entry { key: key.clone(), value });
            }
        }
        merged
    }

    /// Returns whether a list has the tag `!append`. Marks the list as merged.
    pub(crate) fn is_appended(&mut self, list: Span) -> bool {
        let is_appended = self.appended.contains(&list);
        if is_appended {
            self.merged.insert(list);
        }
        is_appended
    }

    /// Returns the nulls of all overlays, and the errors for the lists with the tag `!append` that could not
    /// be merged.
    pub(crate) fn finish(self) -> (Nulls, Vec<AppendError>) {
        let mut replaced: Vec<Span> = self.appended.difference(&self.merged).copied().collect();
        replaced.sort_unstable_by_key(|span| span.start);
        let mut errors = self.errors;
        errors.dedup();
        errors.extend(replaced.into_iter().map(|list| AppendError::Replaced { list }));
        (self.nulls, errors)
    }
}
