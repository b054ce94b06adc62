//! Diagnostics about a project file, with their places.

use std::collections::HashSet;

use crate::{
    diagnostics::{Diagnostic, Place},
    pointer::Pointer,
    source::Span,
    yaml::Document,
};

/// Collector of diagnostics about one document.
///
/// The same diagnostic is recorded once per place: deployments may share parts of the file, and some checks run again
/// when more is known.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    document: Option<&'a Document>,
    diagnostics: Vec<Diagnostic>,
    noted: HashSet<Noted>,
    /// Options that replace values of the document, by the path of the value.
    overrides: Vec<(Pointer, String)>,
}

/// Identity of a diagnostic: code, message and place.
type Noted = (&'static str, String, Option<(String, Span)>);

impl<'a> Findings<'a> {
    pub(crate) fn new(document: Option<&'a Document>) -> Self {
        Self { document, diagnostics: Vec::new(), noted: HashSet::new(), overrides: Vec::new() }
    }

    /// Declares that a command-line option replaces the value at a path. Diagnostics about the value name the option instead
    /// of a place in the document.
    pub(crate) fn add_override(&mut self, pointer: Pointer, option: String) {
        self.overrides.push((pointer, option));
    }

    /// Returns the option that replaces the value at a path, or a value that contains it.
    fn option(&self, pointer: &Pointer) -> Option<&str> {
        let replaces = |path: &Pointer| pointer.segments().starts_with(path.segments());
        self.overrides.iter().find(|(path, _)| replaces(path)).map(|(_, option)| option.as_str())
    }

    /// Records a diagnostic about an option, if an option replaces the value at the path. Gives the diagnostic back otherwise.
    fn blame_option(&mut self, pointer: &Pointer, diagnostic: Diagnostic) -> Option<Diagnostic> {
        let Some(option) = self.option(pointer) else { return Some(diagnostic) };
        let message = format!("{option}: {}", diagnostic.message);
        self.push(Diagnostic { message, ..diagnostic });
        None
    }

    /// Records a diagnostic at the place of a value.
    pub(crate) fn at_value(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let Some(diagnostic) = self.blame_option(pointer, diagnostic) else { return };
        let place = self.document.map(|document| document.value_place(pointer));
        self.push(diagnostic.at(place));
    }

    /// Records a diagnostic at the place of a key.
    pub(crate) fn at_key(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let Some(diagnostic) = self.blame_option(pointer, diagnostic) else { return };
        let place = self.document.map(|document| document.key_place(pointer));
        self.push(diagnostic.at(place));
    }

    /// Whether a string in the project is a date in YAML.
    pub(super) fn is_date(&self, pointer: &Pointer) -> bool {
        self.document.is_some_and(|document| document.is_date(pointer))
    }

    /// Whether a null in the project is NaN or infinite in YAML.
    pub(super) fn is_no_number(&self, pointer: &Pointer) -> bool {
        self.document.is_some_and(|document| document.is_no_number(pointer))
    }

    /// Records a diagnostic that already has its place, or has none.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.place.as_ref();
        let place = place.map(|Place { source, span }| (source.name().to_owned(), *span));
        if self.noted.insert((diagnostic.code.name(), diagnostic.message.clone(), place)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Returns the diagnostics recorded since the last call.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Code, source::Source, yaml};

    #[test]
    fn the_same_finding_is_noted_once_for_a_place() {
        let document = yaml::load(&Source::new("prefect.yaml", "a: &x {b: 1}\nc: *x\nd: {b: 1}\n")).unwrap();
        let mut findings = Findings::new(Some(&document));
        let mut note = |path: &[&str], message: &str| {
            let pointer = path.iter().copied().collect();
            findings.at_key(&pointer, Diagnostic::warning(Code::UNKNOWN_KEY, message));
            findings.take().len()
        };
        let counts =
            [note(&["a", "b"], "m"), note(&["c", "b"], "m"), note(&["d", "b"], "m"), note(&["a", "b"], "n")];
        assert_eq!(counts, [1, 0, 1, 1]);
    }
}
