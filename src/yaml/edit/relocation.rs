//! Fixes that move entries from one mapping to another mapping.

use super::{
    super::write::quoted_if_need_be,
    Document, Text,
    entry::{EntryLines, WrittenEntry, WrittenMapping, reindent, split},
    fix::fix,
    is_comment, leading_spaces,
};
use crate::{
    diagnostics::{Effect, Fix, Replacement},
    pointer::{Pointer, Segment},
    source::Span,
    value::{Mapping, Value},
};

/// The destination of moved entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination<'a> {
    /// An existing mapping.
    pub(crate) base: &'a Pointer,
    /// The keys of the nested mappings under `base` that will contain the entries. Missing mappings are created.
    pub(crate) containers: &'a [&'a str],
    /// The new key of a single entry, or `None` if the entries keep their keys.
    pub(crate) key: Option<&'a str>,
    /// Whether the innermost container is a new list whose only item consists of the entries.
    pub(crate) is_item: bool,
}

/// Moves mapping entries together with their comments.
///
/// Returns `None` if the destination already contains one of the keys, or if the structure of the file does not permit
/// the edit.
pub(crate) fn move_entries(
    document: &Document,
    pointers: &[Pointer],
    destination: Destination<'_>,
) -> Option<Fix> {
    let (document, origins, base) = origins(document, pointers, destination.base)?;
    let (pointers, destination) = (origins.as_slice(), Destination { base: &base, ..destination });
    let (parent, first) = split(pointers.first()?)?;
    let origin = WrittenMapping::at(document, &parent)?;
    let entries = origin.written()?;
    let position = |pointer: &Pointer| {
        let (_, key) = split(pointer)?;
        entries.iter().position(|written| written.entry.key.key_text().as_deref() == Some(key))
    };
    let mut positions: Vec<usize> = pointers.iter().map(position).collect::<Option<_>>()?;
    positions.sort_unstable();
    let (target, found) = target(document, destination)?;
    let missing = &destination.containers[found..];
    let key_of = |position: &usize| {
        destination.key.map_or_else(|| entries[*position].entry.key.key_text(), |key| Some(key.into()))
    };
    let has_conflict =
        |position: &usize| key_of(position).is_none_or(|key| target.mapping.entry(&key).is_some());
    if missing.is_empty() && (destination.is_item || positions.iter().any(has_conflict)) {
        return None;
    }
    let relocation =
        Relocation { origin: &origin, entries: &entries, positions: &positions, missing, destination };
    let replacements = relocation.replacements(&target)?;

    let top =
        if destination.base.segments().len() <= parent.segments().len() { destination.base } else { &parent };
    let node = document.locate(top)?;
    let value = value_after(node.to_value().ok()?, top, pointers, destination)?;
    let title = title(first, destination);
    fix(document, title, replacements, node.span, vec![(node.span, Effect::Set(value))])
}

/// Returns the document that contains the entries, their paths in this document, and the path of the target
/// mapping.
///
/// Returns `None` if the entries are written in different files, or if the mapping does not contain them.
fn origins<'a>(
    document: &'a Document,
    pointers: &[Pointer],
    base: &Pointer,
) -> Option<(&'a Document, Vec<Pointer>, Pointer)> {
    if document.parts().len() == 1 {
        return Some((document, pointers.to_vec(), base.clone()));
    }
    let first = pointers.first()?;
    let (part, origin) = document.origin(first)?;
    let below = first.segments().strip_prefix(base.segments())?;
    let base = origin.segments().strip_suffix(below)?.iter().cloned().collect();
    let origins = pointers.iter().map(|pointer| {
        let (other, origin) = document.origin(pointer)?;
        std::ptr::eq(part, other).then_some(origin)
    });
    Some((part, origins.collect::<Option<_>>()?, base))
}

fn title(first: &str, destination: Destination<'_>) -> String {
    match (destination.containers.last(), destination.key) {
        (Some(container), _) if destination.is_item => {
            format!("move `{first}` into an item of `{container}`")
        }
        (Some(container), Some(key)) if key != first => {
            format!("move `{first}` to `{key}` under `{container}`")
        }
        (Some(container), _) => format!("move `{first}` under `{container}`"),
        (None, Some(key)) if key != first => format!("move `{first}` to `{key}` in the deployment"),
        (None, _) => format!("move `{first}` to the deployment"),
    }
}

/// Returns the innermost existing mapping of a destination, and the number of containers that exist.
fn target<'a>(document: &'a Document, destination: Destination<'_>) -> Option<(WrittenMapping<'a>, usize)> {
    let mut pointer = destination.base.clone();
    let mut target = WrittenMapping::at(document, &pointer)?;
    for (found, container) in destination.containers.iter().enumerate() {
        if target.mapping.entry(container).is_none() {
            return Some((target, found));
        }
        pointer.push(*container);
        let inner = WrittenMapping::at(document, &pointer)?;
        // Other deployments might use an alias or a merged mapping.
        if inner.span.start < target.span.start || inner.span.end > target.span.end {
            return None;
        }
        target = inner;
    }
    Some((target, destination.containers.len()))
}

/// Returns the value that the path `top` has after the entries have been moved.
fn value_after(
    mut value: Value,
    top: &Pointer,
    pointers: &[Pointer],
    destination: Destination<'_>,
) -> Option<Value> {
    let mut moved = Mapping::new();
    for pointer in pointers {
        let (parent, key) = split(pointer)?;
        let mapping = mapping_at(&mut value, parent.segments().get(top.segments().len()..)?)?;
        moved.insert(destination.key.unwrap_or(key).into(), mapping.shift_remove(key)?);
    }
    let mut inner = mapping_at(&mut value, destination.base.segments().get(top.segments().len()..)?)?;
    let (containers, list) = match destination.containers.split_last() {
        Some((last, containers)) if destination.is_item => (containers, Some(last)),
        _ => (destination.containers, None),
    };
    for container in containers {
        let next = inner.entry((*container).into()).or_insert_with(|| Value::Mapping(Mapping::new()));
        inner = next.as_mapping_mut()?;
    }
    match list {
        Some(list) => drop(inner.insert((*list).into(), Value::Sequence(vec![moved.into()]))),
        None => inner.extend(moved),
    }
    Some(value)
}

fn mapping_at<'a>(value: &'a mut Value, path: &[Segment]) -> Option<&'a mut Mapping> {
    let mut value = value;
    for segment in path {
        value = match segment {
            Segment::Key(key) => value.get_mut(key.as_str())?,
            Segment::Index(index) => value.get_mut(*index)?,
            Segment::CommandLine => return None,
        };
    }
    value.as_mapping_mut()
}

/// The text edits that move entries to another mapping.
struct Relocation<'a> {
    origin: &'a WrittenMapping<'a>,
    entries: &'a [WrittenEntry<'a>],
    /// The indexes of the moved entries in their mapping, in ascending order.
    positions: &'a [usize],
    /// The keys of the containers that do not exist in the target mapping.
    missing: &'a [&'a str],
    destination: Destination<'a>,
}

impl Relocation<'_> {
    fn replacements(&self, target: &WrittenMapping<'_>) -> Option<Vec<Replacement>> {
        let text = &self.origin.text;
        if !self.origin.is_flow()
            && self.positions.len() >= self.entries.len()
            && target.span != self.origin.span
        {
            return None;
        }
        let is_in_place = target.span == self.origin.span && !target.is_flow();
        if is_in_place {
            return self.in_place();
        }
        let mut replacements = self.removals()?;
        if target.is_flow() {
            if let Some(part) = self.flow_part() {
                let edit =
                    text.before_bracket(target.span, target.mapping.len() - self.removed_from(target), &part);
                replacements.push(Replacement::insertion(target.span.end.saturating_sub(1), edit.added));
            } else {
                replacements.extend(self.expansion(target)?);
            }
        } else {
            let column = target.column()?;
            let end = text.next_line(target.span.end.saturating_sub(1));
            let at = text.past(end, |line| is_comment(line) && leading_spaces(line) >= column);
            let line_break = if text.text[..at].ends_with('\n') { "" } else { text.line_end };
            let lines = format!("{line_break}{}", text.with_line_ends(&self.block_lines(column)?));
            replacements.push(Replacement::insertion(at, lines));
        }
        Some(replacements)
    }

    /// Returns the number of entries that the move removes from the target mapping. Returns 0 if the entries come from
    /// a different mapping.
    fn removed_from(&self, target: &WrittenMapping<'_>) -> usize {
        if target.span == self.origin.span { self.positions.len() } else { 0 }
    }

    fn removals(&self) -> Option<Vec<Replacement>> {
        self.positions.iter().map(|position| self.origin.removal(self.entries, *position)).collect()
    }

    /// Replaces the first moved entry with the new containers and removes the other moved entries.
    fn in_place(&self) -> Option<Vec<Replacement>> {
        let (first, others) = self.positions.split_first()?;
        let lines = self.origin.lines(self.entries, *first)?;
        let mut nested = self.origin.text.with_line_ends(&self.block_lines(lines.column)?);
        if lines.follows_dash {
            nested = nested.split_off(leading_spaces(&nested));
        }
        let mut replacements = vec![Replacement::new(lines.span(), nested)];
        for position in others {
            let lines = self.origin.lines(self.entries, *position)?;
            replacements.push(Replacement::new(lines.span(), ""));
        }
        Some(replacements)
    }

    /// Returns the moved entries in block style, inside the new containers. The containers start at the given
    /// column.
    fn block_lines(&self, column: usize) -> Option<String> {
        let mut lines = String::new();
        let mut column = column;
        for container in self.missing {
            lines.extend([" ".repeat(column).as_str(), container, ":\n"]);
            column += 2;
        }
        if !self.destination.is_item {
            return Some(lines + &self.entry_lines(column)?);
        }
        // The dashes have the same indentation as the deployment's dash, if the deployment is a list item.
        let text = &self.origin.text;
        let start = self.origin.span.start;
        let is_indented = text.text[text.line_start(start)..start].starts_with(' ');
        let dash = if is_indented { column } else { column - 2 };
        let mut has_dash = false;
        for line in self.entry_lines(dash + 2)?.split_inclusive('\n') {
            if has_dash {
                lines.push_str(line);
                continue;
            }
            has_dash = !is_comment(line);
            let mark = if has_dash { "- " } else { "" };
            lines.extend([" ".repeat(dash).as_str(), mark, line.trim_start_matches(' ')]);
        }
        Some(lines)
    }

    fn entry_lines(&self, column: usize) -> Option<String> {
        let lines = self.positions.iter().map(|position| {
            let written = self.entries.get(*position)?;
            let lines = if self.origin.is_flow() {
                let span = written.span;
                EntryLines { start: span.start, end: span.end, column: 0, follows_dash: false }
            } else {
                self.origin.lines(self.entries, *position)?
            };
            let mut piece = self.renamed(written, lines.span())?;
            if !piece.ends_with('\n') {
                piece.push('\n');
            }
            Some(reindent(&piece, lines.column, column))
        });
        lines.collect()
    }

    /// Returns the text of the span `part` with the entry's key replaced with the new key.
    fn renamed(&self, written: &WrittenEntry<'_>, part: Span) -> Option<String> {
        let text = self.origin.text.text;
        let key = written.entry.key.span;
        let new = self.destination.key.map(quoted_if_need_be);
        let new = new.as_deref().unwrap_or(text.get(key.range())?);
        Some([text.get(part.start..key.start)?, new, text.get(key.end..part.end)?].concat())
    }

    /// Returns the moved entries in flow style, inside the new containers.
    ///
    /// Returns `None` if the entries have comments or span multiple lines.
    fn flow_part(&self) -> Option<String> {
        let part = |position: &usize| {
            let written = self.entries.get(*position)?;
            let part = self.renamed(written, written.span)?;
            let is_commented = !self.origin.is_flow() && {
                let lines = self.origin.lines(self.entries, *position)?;
                self.origin.text.text[lines.span().range()].contains('#')
            };
            (!is_commented && !part.contains(['\n', '\r', '#'])).then_some(part)
        };
        let parts: Vec<String> = self.positions.iter().map(part).collect::<Option<_>>()?;
        let mut inner = parts.join(", ");
        for (index, container) in self.missing.iter().rev().enumerate() {
            inner = if index == 0 && self.destination.is_item {
                format!("{container}: [{{{inner}}}]")
            } else {
                format!("{container}: {{{inner}}}")
            };
        }
        Some(inner)
    }

    /// Converts a target mapping from flow style to block style and appends the moved entries.
    fn expansion(&self, target: &WrittenMapping<'_>) -> Option<Vec<Replacement>> {
        let text: &Text<'_> = &self.origin.text;
        let written = text.text.get(target.span.range())?;
        let line = text.line_start(target.span.start);
        let prefix = text.text[line..].len() - text.text[line..].trim_start_matches([' ', '-']).len();
        if written.contains(['\n', '\r', '#']) || self.origin.is_flow() {
            return None;
        }
        let column = prefix + 2;
        let own = target.written()?;
        let own =
            own.iter().map(|entry| format!("{}{}\n", " ".repeat(column), &text.text[entry.span.range()]));
        let lines = format!("{}{}", own.collect::<String>(), self.block_lines(column)?);
        let before = text.text[..target.span.start].trim_end_matches(' ').len();
        let after = text.next_line(target.span.end);
        let line_break = if text.text[..after].ends_with('\n') { "" } else { text.line_end };
        Some(vec![
            Replacement::new(Span::new(before, target.span.end), ""),
            Replacement::insertion(after, format!("{line_break}{}", text.with_line_ends(&lines))),
        ])
    }
}

impl WrittenMapping<'_> {
    /// Removes an entry together with its comments.
    pub(super) fn removal(&self, entries: &[WrittenEntry<'_>], position: usize) -> Option<Replacement> {
        let span = entries.get(position)?.span;
        let next = entries.get(position + 1).map(|next| next.span.start);
        let previous = position.checked_sub(1).map(|previous| entries[previous].span.end);
        if self.is_flow() {
            let removed = match (next, previous) {
                (Some(next), _) => Span::new(span.start, next),
                (None, Some(previous)) => Span::new(previous, span.end),
                (None, None) => span,
            };
            let is_commented = self.text.text[removed.range()].contains('#');
            return (!is_commented).then(|| Replacement::new(removed, ""));
        }
        let lines = self.lines(entries, position)?;
        if !lines.follows_dash {
            return Some(Replacement::new(lines.span(), ""));
        }
        // The next entry moves up behind the dash.
        let next = next?;
        let between = self.text.text.get(lines.end..next)?;
        between.trim().is_empty().then(|| Replacement::new(Span::new(lines.start, next), ""))
    }
}
