//! Collects what is wrong with a project, with the places.

use crate::{
    diagnostics::Diagnostic,
    yaml::{Document, Pointer},
};

/// Findings about one document, all of them and not just the first.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    document: Option<&'a Document>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(document: Option<&'a Document>) -> Self {
        Self { document, diagnostics: Vec::new() }
    }

    /// Notes a finding about a value; it is placed where the value stands.
    pub(crate) fn at_value(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let place = self.document.map(|document| document.value_place(pointer));
        self.diagnostics.push(diagnostic.at(place));
    }

    /// Notes a finding about a key; it is placed where the key stands.
    pub(crate) fn at_key(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let place = self.document.map(|document| document.key_place(pointer));
        self.diagnostics.push(diagnostic.at(place));
    }

    /// Notes a finding that has its place, or none.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
