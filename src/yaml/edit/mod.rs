//! Edits YAML files while preserving all other content, including comments.
//!
//! Edit positions are derived from the positions of existing values. An edit is only returned if the new text parses to
//! the expected value.

mod apply;
mod entry;
mod fix;
mod quoting;
mod relocation;

pub(crate) use apply::apply;
pub(crate) use fix::{
    indent_below_first, invert_flag, quote_key, quote_value, remove_entry, rename_key, split_item,
    wrap_in_list, wrap_in_mapping,
};
pub(crate) use quoting::quote_values;
pub(crate) use relocation::{Destination, move_entries};

use serde_json::{Map, Value as Json, json};

use super::{
    document::Document,
    load::load_overlay,
    node::{Node, NodeKind},
    write::{write_entries, write_flow, write_item},
};
use crate::{
    pointer::{Pointer, Segment},
    source::{Source, Span},
    value::{Value, from_json},
};

type JsonObject = Map<String, Json>;

/// The result of editing a YAML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) text: String,
    /// The inserted text.
    pub(crate) added: String,
}

/// Appends an item to the list under a top-level key. Creates the list if it does not exist.
///
/// Returns `None` if the structure of the file does not permit the edit, for example if the list is an alias.
pub(crate) fn append(document: &Document, key: &str, item: &Json) -> Option<Edit> {
    let document = document.base();
    let Ok(Value::Mapping(mut expected)) = document.root.to_value() else { return None };
    let list = expected.entry(key.into()).or_insert_with(|| Value::Sequence(Vec::new()));
    list.as_sequence_mut()?.push(from_json(item));
    let text = Text::of(document);
    let NodeKind::Mapping(root) = &document.root.kind else { return None };
    let candidates = match root.entry(key).map(|entry| &entry.value) {
        None if text.is_bracket(document.root.span, '{') => {
            let entry = format!("{}: {}", write_flow(&json!(key)), write_flow(&json!([item])));
            vec![text.before_bracket(document.root.span, root.len(), &entry)]
        }
        None => text.new_list(document.root.span, key, item),
        Some(Node { span, kind: NodeKind::Sequence(items) }) if text.is_bracket(*span, '[') => {
            let within = text.before_bracket(*span, items.len(), &write_flow(item));
            let in_block = items.is_empty().then(|| text.in_place_of_brackets(*span, item));
            in_block.into_iter().chain([within]).collect()
        }
        Some(Node { span, kind: NodeKind::Sequence(items) }) => text.after_items(*span, items, item),
        Some(_) => Vec::new(),
    };
    first_right(document, candidates, &expected.into())
}

/// Adds entries to the mapping at a path.
///
/// Returns `None` if the structure of the file does not permit the edit. See [`append`].
pub(crate) fn extend(document: &Document, pointer: &Pointer, entries: &JsonObject) -> Option<Edit> {
    let mut expected = document.root.to_value().ok()?;
    let mut inner = &mut expected;
    for segment in pointer.segments() {
        inner = match segment {
            Segment::Key(key) => inner.get_mut(key.as_str())?,
            Segment::Index(index) => inner.get_mut(*index)?,
            Segment::CommandLine => return None,
        };
    }
    let inner = inner.as_mapping_mut()?;
    for (key, value) in entries {
        inner.insert(key.as_str().into(), from_json(value));
    }
    let node = document.locate(pointer)?;
    let text = Text::of(document);
    let count = inner.len() - entries.len();
    let candidates = if text.is_bracket(node.span, '{') {
        let flow = write_flow(&Json::Object(entries.clone()));
        vec![text.before_bracket(node.span, count, flow.trim_matches(['{', '}']))]
    } else {
        text.after_entries(node.span, entries)
    };
    first_right(document, candidates, &expected)
}

/// Returns the first edit whose text parses to `expected`, or `None` if no edit does.
fn first_right(document: &Document, edits: Vec<Edit>, expected: &Value) -> Option<Edit> {
    edits.into_iter().find(|edit| {
        let read = load_overlay(&Source::new(document.source.name(), edit.text.as_str()));
        read.is_ok_and(|read| read.root.to_value().is_ok_and(|value| value == *expected))
    })
}

/// The text of a document, with methods that operate on lines.
#[derive(Clone, Copy)]
struct Text<'a> {
    text: &'a str,
    line_end: &'static str,
}

impl<'a> Text<'a> {
    fn of(document: &'a Document) -> Self {
        let text = document.source.text();
        let is_windows = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Self { text, line_end: if is_windows { "\r\n" } else { "\n" } }
    }

    fn after(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    fn is_bracket(&self, span: Span, bracket: char) -> bool {
        self.after(span.start).starts_with(bracket)
    }

    /// Returns the start offset of the line that contains the offset `at`.
    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Returns the start offset of the line after the line that contains the offset `at`.
    fn next_line(&self, at: usize) -> usize {
        self.after(at).find('\n').map_or(self.text.len(), |end| at + end + 1)
    }

    /// Returns the indentation before an offset, or `None` if the line has other characters before the offset.
    fn indent(&self, at: usize) -> Option<usize> {
        let before = &self.text[self.line_start(at)..at];
        before.bytes().all(|byte| byte == b' ').then_some(before.len())
    }

    /// Returns the indentation of the dashes in a block list, given the start offset of the list.
    ///
    /// The list may start on the line of its key. Returns `None` if no dash is found.
    fn dash(&self, list: usize) -> Option<usize> {
        let start = self.line_start(list);
        let is_dash = |line: &str| line.trim_start().starts_with('-');
        let first = if is_dash(self.after(start)) {
            start
        } else {
            self.past(self.next_line(list), |line| is_comment(line) || line.trim().is_empty())
        };
        let line = self.after(first);
        is_dash(line).then(|| leading_spaces(line))
    }

    /// Returns the start offset of the first line at or after `at` for which `skipped` returns `false`.
    fn past(&self, mut at: usize, skipped: impl Fn(&str) -> bool) -> usize {
        while at < self.text.len() && skipped(&self.text[at..self.next_line(at)]) {
            at = self.next_line(at);
        }
        at
    }

    fn insert(&self, at: usize, added: &str) -> Edit {
        self.replacing(Span::new(at, at), added)
    }

    fn replacing(&self, span: Span, added: &str) -> Edit {
        let added = added.replace('\n', self.line_end);
        Edit { text: [&self.text[..span.start], &added, self.after(span.end)].concat(), added }
    }

    /// Inserts complete lines at the start of a line, or at the end of the text. Adds a missing line break before the
    /// inserted lines.
    fn with_lines(&self, at: usize, lines: &str) -> Edit {
        let is_at_start = at == 0 || self.text[..at].ends_with('\n');
        let edit = self.insert(at, &format!("{}{lines}", if is_at_start { "" } else { "\n" }));
        Edit { added: edit.added.trim_start_matches(['\r', '\n']).to_owned(), ..edit }
    }

    /// Inserts an item after a block list's last item and its comments.
    fn after_items(&self, list: Span, items: &[Node], item: &Json) -> Vec<Edit> {
        let Some(indent) = self.dash(list.start) else { return Vec::new() };
        let lines = write_item(item, indent, if indent == 0 { 0 } else { 2 });
        let lines = if self.has_blank_lines(items) { format!("\n{lines}") } else { lines };
        self.below(list, indent + 1, &lines)
    }

    /// Inserts entries after the last entry of a block mapping.
    fn after_entries(&self, mapping: Span, entries: &JsonObject) -> Vec<Edit> {
        let before = &self.text[self.line_start(mapping.start)..mapping.start];
        if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
            return Vec::new();
        }
        // A nested list has the same additional indentation as the list that contains the mapping.
        let list_indent = if before.starts_with(' ') { 2 } else { 0 };
        self.below(mapping, before.len(), &write_entries(entries, before.len(), list_indent))
    }

    /// Inserts lines after a block collection and after the comments that belong to the collection.
    ///
    /// Comments directly below the collection belong to it if they are indented by at least `indent` spaces.
    fn below(&self, collection: Span, indent: usize, lines: &str) -> Vec<Edit> {
        let end = self.next_line(collection.end.saturating_sub(1).max(collection.start));
        let own_comments = self.past(end, |line| is_comment(line) && leading_spaces(line) >= indent);
        // Blank lines may belong to a block scalar. Such a scalar ends before the next line with content.
        let next = self.past(end, |line| is_comment(line) || line.trim().is_empty());
        [own_comments, next].map(|at| self.with_lines(at, lines)).into()
    }

    /// Returns whether the last two items of a list are separated by a blank line.
    fn has_blank_lines(&self, items: &[Node]) -> bool {
        let [.., before, last] = items else { return false };
        let between = self.text.get(before.span.end.saturating_sub(1)..last.span.start).unwrap_or_default();
        // The first and the last line overlap the two items.
        between.lines().skip(1).any(|line| line.trim().is_empty())
    }

    /// Appends a new list to the end of the file.
    fn new_list(&self, root: Span, key: &str, item: &Json) -> Vec<Edit> {
        let Some(indent) = self.indent(root.start) else { return Vec::new() };
        let lines = format!("{}{key}:\n{}", " ".repeat(indent), write_item(item, indent, 0));
        let end = self.text.len();
        [format!("\n{lines}"), lines].map(|lines| self.with_lines(end, &lines)).into()
    }

    /// Replaces the brackets of an empty list with an item in block style.
    fn in_place_of_brackets(&self, list: Span, item: &Json) -> Edit {
        let before = self.text[..list.start].trim_end_matches(' ').len();
        let without = [&self.text[..before], self.after(list.end)].concat();
        let rest = Text { text: &without, line_end: self.line_end };
        let indent = leading_spaces(&without[rest.line_start(before)..]);
        rest.with_lines(rest.next_line(before), &write_item(item, indent, 0))
    }

    /// Inserts an item or entry before a flow collection's closing bracket. `count` is the number of existing items or
    /// entries.
    fn before_bracket(&self, collection: Span, count: usize, part: &str) -> Edit {
        let at = collection.end.saturating_sub(1);
        let has_comma = self.text[..at].trim_end().ends_with(',');
        self.insert(at, &format!("{}{part}", if count == 0 || has_comma { "" } else { ", " }))
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn leading_spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests;
