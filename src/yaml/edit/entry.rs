//! The entries of a mapping as written in the file.

use super::{Text, is_comment, leading_spaces};
use crate::{
    pointer::{Pointer, Segment},
    source::Span,
    yaml::{
        document::Document,
        node::{Entry, Mapping, Node, NodeKind},
    },
};

/// A mapping whose entries are either written in a single location of the file or inherited through merge keys.
pub(super) struct WrittenMapping<'a> {
    pub(super) text: Text<'a>,
    pub(super) span: Span,
    pub(super) mapping: &'a Mapping,
}

/// An entry that is written inside its mapping, not inherited through a merge key.
#[derive(Clone, Copy)]
pub(super) struct WrittenEntry<'a> {
    pub(super) entry: &'a Entry,
    /// The entry's span, from the start of the key to the end of the value or alias.
    pub(super) span: Span,
}

/// The lines that an entry in block style occupies.
pub(super) struct EntryLines {
    /// The start of the first line, or the start of the key if the line begins with a list item's dash.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Indentation of the key.
    pub(super) column: usize,
    /// Whether the key follows the dash of a list item on the same line.
    pub(super) follows_dash: bool,
}

impl<'a> WrittenMapping<'a> {
    /// Returns the mapping at a path, or `None` if the value at the path is not a mapping.
    pub(super) fn at(document: &'a Document, pointer: &Pointer) -> Option<Self> {
        Self::of(document, document.locate(pointer)?)
    }

    pub(super) fn of(document: &'a Document, node: &'a Node) -> Option<Self> {
        let NodeKind::Mapping(mapping) = &node.kind else { return None };
        Some(Self { text: Text::of(document), span: node.span, mapping })
    }

    pub(super) fn is_flow(&self) -> bool {
        self.text.is_bracket(self.span, '{')
    }

    /// Returns the column of the mapping's keys, or `None` if the text before the first key is not just spaces and list
    /// dashes.
    pub(super) fn column(&self) -> Option<usize> {
        let before = &self.text.text[self.text.line_start(self.span.start)..self.span.start];
        before.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(before.len())
    }

    /// Returns the entries in source order without entries from merge keys, or `None` if the end of an entry is
    /// unknown.
    pub(super) fn written(&self) -> Option<Vec<WrittenEntry<'a>>> {
        let is_inside =
            |entry: &&Entry| self.span.start <= entry.key.span.start && entry.key.span.end <= self.span.end;
        let mut entries: Vec<&Entry> = self.mapping.entries().filter(is_inside).collect();
        entries.sort_by_key(|entry| entry.key.span.start);
        let ends = entries.iter().skip(1).map(|entry| entry.key.span.start).chain([self.span.end]);
        let written = |(entry, next): (&&'a Entry, usize)| {
            let span = Span::new(entry.key.span.start, self.end(entry, next)?);
            (span.end <= next).then_some(WrittenEntry { entry, span })
        };
        entries.iter().zip(ends).map(written).collect()
    }

    /// Returns the end offset of an entry that is followed by the entry at `next`.
    fn end(&self, entry: &Entry, next: usize) -> Option<usize> {
        let Span { start, end } = entry.value.span;
        if start >= entry.key.span.end && end <= next {
            return Some(end);
        }
        // The value of an alias is at a different position.
        let after_key = self.text.after(entry.key.span.end);
        let alias = after_key.trim_start_matches([' ', ':']);
        let length =
            alias.find(|next: char| next.is_whitespace() || ",]}".contains(next)).unwrap_or(alias.len());
        alias.starts_with('*').then(|| entry.key.span.end + (after_key.len() - alias.len()) + length)
    }

    /// Returns the lines of an entry in block style, including its comments.
    ///
    /// Includes the comments directly above the entry, and comments below the entry that are indented further than its
    /// key.
    pub(super) fn lines(&self, entries: &[WrittenEntry<'_>], position: usize) -> Option<EntryLines> {
        let text = &self.text;
        let span = entries.get(position)?.span;
        let column = self.column()?;
        let end = text.next_line(span.end.saturating_sub(1).max(span.start));
        let end = text.past(end, |line| is_comment(line) && leading_spaces(line) > column);
        let next = entries.get(position + 1).map(|entry| entry.span.start);
        if next.is_some_and(|next| next < end) {
            return None;
        }
        let Some(indent) = text.indent(span.start) else {
            let is_first = position == 0;
            return is_first.then_some(EntryLines { start: span.start, end, column, follows_dash: true });
        };
        let first = match position.checked_sub(1) {
            Some(previous) => text.next_line(entries[previous].span.end.saturating_sub(1)),
            None => text.line_start(span.start),
        };
        let mut start = text.line_start(span.start);
        while start > first {
            let above = text.line_start(start - 1);
            let line = &text.text[above..start];
            if !is_comment(line) || leading_spaces(line) != column {
                break;
            }
            start = above;
        }
        (indent == column).then_some(EntryLines { start, end, column, follows_dash: false })
    }
}

impl EntryLines {
    pub(super) fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// Returns the path of the mapping that contains an entry, and the entry's key.
pub(super) fn split(pointer: &Pointer) -> Option<(Pointer, &str)> {
    let (Segment::Key(key), parents) = pointer.segments().split_last()? else { return None };
    Some((parents.iter().cloned().collect(), key))
}

/// Changes the indentation of lines from `from` to `to` spaces. Blank lines are not changed.
pub(super) fn reindent(lines: &str, from: usize, to: usize) -> String {
    let indented = |line: &str| {
        let content = &line[leading_spaces(line).min(from)..];
        if content.trim().is_empty() { line.to_owned() } else { format!("{}{content}", " ".repeat(to)) }
    };
    lines.split_inclusive('\n').map(indented).collect()
}
