//! The state while the layers of an environment are merged, including the errors that were found.

use std::collections::BTreeSet;

use crate::{
    diagnostics::{Code, Diagnostic},
    source::Span,
    yaml::{Document, Node, Nulls},
};

/// The state while the layers of an environment are merged.
pub(super) struct Merging<'a> {
    /// The document that contains the files of all layers.
    pub(super) document: &'a Document,
    /// The name suffix of all deployments: a string.
    pub(super) suffix: Option<Node>,
    /// The nulls of the layers that have been merged.
    pub(super) nulls: Nulls,
    /// The names of the deployments that the layers have removed.
    pub(super) removed: BTreeSet<String>,
    pub(super) findings: Vec<Diagnostic>,
}

impl<'a> Merging<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self {
            document,
            suffix: None,
            nulls: Nulls::default(),
            removed: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// Returns the line of a value in its file.
    pub(super) fn line(&self, span: Span) -> usize {
        self.document.place(span).start().line
    }

    /// Records an error at the position of a value.
    pub(super) fn error(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let diagnostic = Diagnostic::error(code, message).at(self.document.place(span));
        self.findings.push(Diagnostic { help, ..diagnostic });
    }
}
