//! Collects diagnostics with their positions in a project file.

use std::collections::HashSet;

use super::lossy_scalars;
use crate::{
    diagnostics::{Diagnostic, Place},
    pointer::Pointer,
    source::Span,
    yaml::{self, Document},
};

/// Maximum number of bytes to search when locating substrings. Bounds the work for a long string with many diagnostics.
const SEARCHABLE: usize = 64 << 20;

/// A collector for the diagnostics about a document.
///
/// A diagnostic is only recorded once per position because deployments may share values and some checks run more than
/// once.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    document: Option<&'a Document>,
    diagnostics: Vec<Diagnostic>,
    noted: HashSet<Noted>,
    /// Number of bytes that may still be searched for substrings.
    searchable: usize,
    /// Paths of values that command-line options replace, each with the option.
    overrides: Vec<(Pointer, String)>,
}

/// A deployment value's origin.
#[derive(Debug)]
pub(crate) enum Origin<'a> {
    File(Place),
    /// A command-line option as typed by the user.
    Option(&'a str),
    Default,
}

/// A single-line substring of a string value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    /// Creates the substring of `text` at a byte range.
    pub(crate) fn new(text: &'a str, range: std::ops::Range<usize>) -> Self {
        Self { text, start: range.start, end: range.end }
    }

    /// Returns the substring's span in the source of the value at `span`, or `None` if the substring cannot be located.
    ///
    /// The substring is located by counting its occurrences. Offsets would be wrong for block scalars because only the
    /// source contains their indentation.
    fn locate(&self, source: &str, span: Span) -> Option<Span> {
        let part = self.text.get(self.start..self.end).filter(|part| !part.is_empty())?;
        let written = source.get(span.range())?;
        let before = self.text[..self.start].matches(part).count();
        let (offset, _) = written.match_indices(part).nth(before)?;
        let is_complete = written.matches(part).count() == self.text.matches(part).count();
        let start = span.start + offset;
        is_complete.then(|| Span::new(start, start + part.len()))
    }
}

/// A diagnostic's identity: its code, message and position.
type Noted = (&'static str, String, Option<(String, Span)>);

impl<'a> Findings<'a> {
    pub(crate) fn new(document: Option<&'a Document>) -> Self {
        Self {
            document,
            diagnostics: Vec::new(),
            noted: HashSet::new(),
            searchable: SEARCHABLE,
            overrides: Vec::new(),
        }
    }

    /// Records that a command-line option replaces the value at a path.
    ///
    /// Diagnostics about this value name the option instead of a document position.
    pub(crate) fn add_override(&mut self, pointer: Pointer, option: String) {
        self.overrides.push((pointer, option));
    }

    /// Returns the option that replaces the value at a path or one of its ancestors, or `None` if no option does.
    fn option(&self, pointer: &Pointer) -> Option<&str> {
        let replaces = |path: &Pointer| pointer.segments().starts_with(path.segments());
        self.overrides.iter().find(|(path, _)| replaces(path)).map(|(_, option)| option.as_str())
    }

    /// Returns the origin of the value at a path.
    pub(crate) fn origin(&self, pointer: &Pointer) -> Origin<'_> {
        if let Some(option) = self.option(pointer) {
            return Origin::Option(option);
        }
        let place = self.document.and_then(|document| document.written_place(pointer));
        place.map_or(Origin::Default, Origin::File)
    }

    /// Records a diagnostic about the option that replaces the value at a path.
    ///
    /// Returns the diagnostic without recording it if no option replaces the value.
    fn blame_option(&mut self, pointer: &Pointer, diagnostic: Diagnostic) -> Option<Diagnostic> {
        let Some(option) = self.option(pointer) else { return Some(diagnostic) };
        let message = format!("{option}: {}", diagnostic.message);
        self.push(Diagnostic { message, fix: None, ..diagnostic });
        None
    }

    /// Records a diagnostic at the position of a value.
    pub(crate) fn at_value(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let Some(diagnostic) = self.blame_option(pointer, diagnostic) else { return };
        let place = self.place(pointer);
        self.push(diagnostic.at(place));
    }

    /// Records a diagnostic at the position of a key.
    pub(crate) fn at_key(&mut self, pointer: &Pointer, diagnostic: Diagnostic) {
        let Some(diagnostic) = self.blame_option(pointer, diagnostic) else { return };
        let place = self.document_with(pointer).map(|document| document.key_place(pointer));
        self.push(diagnostic.at(place));
    }

    /// Returns a value's position, or `None` if there is no document or only the command line specifies the value.
    pub(crate) fn place(&self, pointer: &Pointer) -> Option<Place> {
        self.document_with(pointer).map(|document| document.value_place(pointer))
    }

    /// Returns the document that a path refers to.
    fn document_with(&self, pointer: &Pointer) -> Option<&'a Document> {
        self.document.filter(|_| pointer.is_in_document())
    }

    /// Records a diagnostic at a substring's position in a string value.
    ///
    /// Uses the whole value's position if the substring cannot be located, for example because the string contains
    /// escape sequences. This also applies after [`SEARCHABLE`] bytes have been searched.
    pub(crate) fn at_part(&mut self, pointer: &Pointer, part: Part<'_>, diagnostic: Diagnostic) {
        let place = self.place(pointer).map(|place| {
            let Some(searchable) = self.searchable.checked_sub(part.text.len()) else { return place };
            self.searchable = searchable;
            match part.locate(place.source.text(), place.span) {
                Some(span) => Place { span, ..place },
                None => place,
            }
        });
        self.push(diagnostic.at(place));
    }

    /// Adds a hint to quote the value at a path if YAML reads the unquoted string as a different type.
    pub(crate) fn with_quotes(&self, pointer: &Pointer, diagnostic: Diagnostic) -> Diagnostic {
        let Some(document) = self.document else { return diagnostic };
        let Some(node) = document.locate(pointer) else { return diagnostic };
        match lossy_scalars::quoting_advice(document, node) {
            Some(advice) => diagnostic.help(advice).fix(yaml::quote_value(document, node)),
            None => diagnostic,
        }
    }

    /// Returns the document that the diagnostics refer to, or `None` if the project has no file.
    pub(crate) fn document(&self) -> Option<&'a Document> {
        self.document
    }

    /// Returns whether a string value in the project is a date in the YAML file.
    pub(super) fn is_date(&self, pointer: &Pointer) -> bool {
        self.document.is_some_and(|document| document.is_date(pointer))
    }

    /// Returns whether a null value in the project is NaN or infinite in the YAML file.
    pub(super) fn is_no_number(&self, pointer: &Pointer) -> bool {
        self.document.is_some_and(|document| document.is_no_number(pointer))
    }

    /// Records a diagnostic without changing its position. Drops a fix for another file.
    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        let place = diagnostic.place.as_ref();
        diagnostic.fix.take_if(|fix| place.is_some_and(|place| place.source.name() != fix.source.name()));
        let place = diagnostic.place.as_ref();
        let place = place.map(|Place { source, span }| (source.name().to_owned(), *span));
        if self.noted.insert((diagnostic.code.name(), diagnostic.message.clone(), place)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds another collector's diagnostics and overrides. Both collectors must be for the same document.
    pub(crate) fn append(&mut self, other: Findings<'_>) {
        self.overrides.extend(other.overrides);
        other.diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Returns whether any of the recorded diagnostics is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns and removes the diagnostics that have been recorded since the last call.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Code, source::Source};

    #[test]
    fn locates_parts_of_strings() {
        let text = "a: |\n  one $X\n  two $X\nb: \"x $X\"\nc: \"\\u0024X $X\"\nd: >-\n  $X and\n  $Y\n";
        let document = yaml::load(&Source::new("prefect.yaml", text)).unwrap();
        let mut findings = Findings::new(Some(&document));
        let mut place = |key: &str, value: &str, range: std::ops::Range<usize>| {
            let diagnostic = Diagnostic::warning(Code::UNKNOWN_KEY, "m");
            findings.at_part(&Pointer::root().join(key), Part::new(value, range), diagnostic);
            findings.take().first().map(|found| {
                let start = found.place.as_ref().unwrap().start();
                (start.line, start.column)
            })
        };
        let block = "one $X\ntwo $X\n";
        assert_eq!(place("a", block, 4..6), Some((2, 7)));
        assert_eq!(place("a", block, 11..13), Some((3, 7)));
        assert_eq!(place("b", "x $X", 2..4), Some((4, 7)));
        assert_eq!(place("c", "$X $X", 3..5), Some((5, 4)));
        assert_eq!(place("d", "$X and $Y", 7..9), Some((8, 3)));
    }

    #[test]
    fn records_a_diagnostic_once_per_place() {
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
