//! State for merging an environment's layers, including the errors found.

use std::collections::BTreeSet;

use crate::{
    diagnostics::{Code, Diagnostic},
    source::Span,
    yaml::{Document, Node, Nulls},
};

/// State for merging an environment's layers.
pub(super) struct Merging<'a> {
    /// The document that contains all layers' files.
    pub(super) document: &'a Document,
    /// Name suffix for all deployments, as a string node.
    pub(super) suffix: Option<Node>,
    /// Null values in the merged layers.
    pub(super) nulls: Nulls,
    /// Names of the deployments removed by the layers.
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

    /// Returns the line number of a value in the file that contains the value.
    pub(super) fn line(&self, span: Span) -> usize {
        self.document.place(span).start().line
    }

    /// Records an error at the position of a value.
    pub(super) fn error(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let diagnostic = Diagnostic::error(code, message).at(self.document.place(span));
        self.findings.push(Diagnostic { help, ..diagnostic });
    }
}
