//! Collects what is wrong with a project, with the places.

use crate::{
    diagnostics::{Diagnostic, Place},
    pointer::Pointer,
    yaml::Document,
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

    /// [`Self::at_value`], unless the same has been noted for this place: deployments may share what is written there.
    pub(crate) fn at_value_once(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let place = self.document.map(|document| document.value_place(pointer));
        self.once(place, diagnostic);
    }

    /// [`Self::at_key`], unless the same has been noted for this place.
    pub(crate) fn at_key_once(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let place = self.document.map(|document| document.key_place(pointer));
        self.once(place, diagnostic);
    }

    fn once(&mut self, place: Option<Place>, diagnostic: Diagnostic) {
        let span = |place: &Option<Place>| place.as_ref().map(|place| place.span);
        let known =
            |known: &Diagnostic| known.message == diagnostic.message && span(&known.place) == span(&place);
        if !self.diagnostics.iter().any(known) {
            self.diagnostics.push(diagnostic.at(place));
        }
    }

    /// Notes a finding that has its place, or none.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Notes a finding unless the same has been noted: deployments may share what it is about.
    pub(crate) fn push_once(&mut self, diagnostic: Diagnostic) {
        if !self
            .diagnostics
            .iter()
            .any(|known| known.code == diagnostic.code && known.message == diagnostic.message)
        {
            self.diagnostics.push(diagnostic);
        }
    }

    /// What has been found since the last time.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }
}
