//! Source files and positions in them.
//!
//! A span is a range of bytes. Lines and columns are only computed when a position is displayed.

use std::{
    hash::{Hash, Hasher},
    ops::Range,
    sync::Arc,
};

/// A range of bytes in the text of a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A 1-based line and column. Columns are counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A file's text and name. Cloning a source is cheap because clones share the text and the name.
///
/// Two sources with the same name are equal.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    inner: Arc<Inner>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.name() == other.name()
    }
}

impl Eq for Source {}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[derive(Debug)]
struct Inner {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    is_private: bool,
}

impl Source {
    /// Creates a source from its contents. The `name` is the path of the file as specified by the user.
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(name.into(), text.into(), false)
    }

    /// Creates a source whose text is never displayed.
    ///
    /// Such a source represents a file that is outside the project but accessible through a symbolic link.
    pub(crate) fn private(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(name.into(), text.into(), true)
    }

    fn of(name: String, text: String, is_private: bool) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { inner: Arc::new(Inner { name, text, line_starts, is_private }) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.inner.text
    }

    /// Returns whether the text must not be displayed to users.
    pub(crate) fn is_private(&self) -> bool {
        self.inner.is_private
    }

    /// Creates a source with the same name but a different text.
    pub(crate) fn with_text(&self, text: impl Into<String>) -> Self {
        Self::of(self.inner.name.clone(), text.into(), self.inner.is_private)
    }

    /// Creates a source with the same text but a different name.
    pub(crate) fn with_name(&self, name: impl Into<String>) -> Self {
        Self::of(name.into(), self.inner.text.clone(), self.inner.is_private)
    }

    /// Converts a byte offset to a line and a column.
    ///
    /// An offset inside a character is rounded down, and an offset beyond the end of the text is moved to the end.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text().len());
        while !self.text().is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.inner.line_starts.partition_point(|start| *start <= offset);
        let start = self.inner.line_starts[line - 1];
        Position { line, column: self.text()[start..offset].chars().count() + 1 }
    }

    /// Returns the text of a line without its line ending. Lines are counted from 1.
    ///
    /// Returns `None` if the text must not be displayed.
    pub(crate) fn line(&self, line: usize) -> Option<&str> {
        let start = self.inner.line_starts.get(line.wrapping_sub(1)).copied().unwrap_or(self.text().len());
        (!self.inner.is_private).then(|| self.text()[start..].lines().next().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns_from_one() {
        let source = Source::new("a.yaml", "é: ü\nb\n");
        let at = |offset| {
            let Position { line, column } = source.position(offset);
            (line, column)
        };
        assert_eq!([at(0), at(2), at(4), at(7), at(99)], [(1, 1), (1, 2), (1, 4), (2, 1), (3, 1)]);
        assert_eq!([1, 2, 9].map(|line| source.line(line)), ["é: ü", "b", ""].map(Some));
        assert_eq!(Source::private("a.yaml", "b").line(1), None);
    }
}
