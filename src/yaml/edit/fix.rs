//! Fixes that rename, remove, quote or wrap a single entry or value.
//!
//! Every function returns `None` if the structure of the file does not permit the edit. Edits are verified when they
//! are applied.

use super::{
    super::write::quoted_if_need_be,
    Document, Node, NodeKind, Text,
    entry::{WrittenEntry, WrittenMapping, reindent, split},
    is_comment, leading_spaces,
};
use crate::{
    diagnostics::{Effect, Fix, Replacement},
    pointer::{Pointer, Segment},
    source::Span,
    value::{Mapping, Value},
};

/// Creates a fix from its replacements. The replacements are sorted, and the extent is enlarged to contain them.
pub(super) fn fix(
    document: &Document,
    title: String,
    mut replacements: Vec<Replacement>,
    extent: Span,
    effects: Vec<(Span, Effect)>,
) -> Option<Fix> {
    if document.source.is_private() {
        return None;
    }
    replacements.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
    let start = replacements.iter().map(|replacement| replacement.span.start).fold(extent.start, usize::min);
    let end = replacements.iter().map(|replacement| replacement.span.end).fold(extent.end, usize::max);
    let source = document.source.clone();
    Some(Fix { source, title, replacements, extent: Span::new(start, end), effects })
}

/// Renames a key of a mapping. Returns `None` if the mapping already contains the new key.
pub(crate) fn rename_key(document: &Document, pointer: &Pointer, new: &str) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let (parent, old) = split(pointer)?;
    let NodeKind::Mapping(mapping) = &document.locate(&parent)?.kind else { return None };
    let span = mapping.entry(old)?.key.span;
    if mapping.entry(new).is_some() {
        return None;
    }
    let replacement = Replacement::new(span, quoted_if_need_be(new));
    let effects = vec![(span, Effect::Rename(new.to_owned()))];
    fix(document, format!("rename `{old}` to `{new}`"), vec![replacement], span, effects)
}

/// Renames a boolean's key and inverts the boolean.
pub(crate) fn invert_flag(document: &Document, pointer: &Pointer, new: &str) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let value = document.locate(pointer)?;
    let NodeKind::Bool(flag) = value.kind else { return None };
    let mut inverted = rename_key(document, pointer, new)?;
    inverted.title = format!("replace `{}` by `{new}: {}`", split(pointer)?.1, !flag);
    inverted.replacements.push(Replacement::new(value.span, (!flag).to_string()));
    inverted.effects.push((value.span, Effect::Set((!flag).into())));
    inverted.extent.end = inverted.extent.end.max(value.span.end);
    (inverted.extent.start < value.span.start).then_some(inverted)
}

/// Quotes a key.
pub(crate) fn quote_key(document: &Document, pointer: &Pointer) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    document.locate(pointer)?;
    let span = document.key_span(pointer);
    let written = plain(document, span)?;
    let effects = vec![(span, Effect::Rename(written.to_owned()))];
    quote(document, span, written, effects)
}

/// Quotes a scalar, so that it becomes a string of the written characters.
pub(crate) fn quote_value(document: &Document, value: &Node) -> Option<Fix> {
    let (document, span) = document.written(value.span);
    let written = plain(document, span)?;
    let effects = vec![(span, Effect::Set(written.into()))];
    quote(document, span, written, effects)
}

fn quote(document: &Document, span: Span, written: &str, effects: Vec<(Span, Effect)>) -> Option<Fix> {
    let replacement = Replacement::new(span, format!("\"{written}\""));
    fix(document, format!("quote `{written}`"), vec![replacement], span, effects)
}

/// Returns the characters of an unquoted scalar, or `None` if the scalar spans multiple lines or would need
/// escapes.
fn plain(document: &Document, span: Span) -> Option<&str> {
    let written = document.source.text().get(span.range())?;
    let is_simple = !written.is_empty() && !written.contains(['"', '\'', '\\', '\n', '\r']);
    is_simple.then_some(written)
}

/// Removes an entry from a mapping that has other entries. A comment after the value is kept on a separate
/// line.
pub(crate) fn remove_entry(document: &Document, pointer: &Pointer) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let (parent, key) = split(pointer)?;
    let mapping = WrittenMapping::at(document, &parent)?;
    let entries = mapping.written()?;
    let position = entries.iter().position(|written| written.entry.key.key_text().as_deref() == Some(key))?;
    let span = entries[position].entry.key.span;
    let replacement = if mapping.is_flow() {
        mapping.removal(&entries, position)?
    } else {
        let text = &mapping.text;
        let written = entries[position].span;
        let end = text.next_line(written.end.saturating_sub(1).max(written.start));
        let is_one_line = text.line_start(written.end) == text.line_start(written.start);
        let comment = text.text[written.end.min(end)..end].trim();
        if entries.len() == 1 || (!is_one_line && text.text[written.range()].contains('#')) {
            return None;
        }
        match text.indent(written.start) {
            Some(indent) if is_comment(comment) => {
                let line = format!("{}{comment}{}", " ".repeat(indent), text.line_end);
                Replacement::new(Span::new(text.line_start(written.start), end), line)
            }
            Some(_) => Replacement::new(Span::new(text.line_start(written.start), end), ""),
            None if comment.is_empty() => mapping.removal(&entries, position)?,
            None => return None,
        }
    };
    let effects = vec![(span, Effect::Remove)];
    fix(document, format!("remove `{key}`"), vec![replacement], span, effects)
}

/// Converts the mapping under a key to a list that contains this mapping, and renames the key.
pub(crate) fn wrap_in_list(document: &Document, pointer: &Pointer, new_key: Option<&str>) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let (parent, key) = split(pointer)?;
    let mapping = WrittenMapping::at(document, &parent)?;
    let entries = mapping.written()?;
    let entry = entries.iter().find(|written| written.entry.key.key_text().as_deref() == Some(key))?.entry;
    let inner = WrittenMapping::of(document, &entry.value)?;
    let text = &mapping.text;
    let mut effects = vec![(inner.span, Effect::Set(Value::Sequence(vec![entry.value.to_value().ok()?])))];
    let mut replacements = if inner.is_flow() {
        vec![Replacement::insertion(inner.span.start, "["), Replacement::insertion(inner.span.end, "]")]
    } else {
        let column = text.indent(inner.span.start)?;
        let start = text.line_start(inner.span.start);
        let end = text.next_line(inner.span.end.saturating_sub(1));
        let end = text.past(end, |line| is_comment(line) && leading_spaces(line) >= column);
        let lines = reindent(&text.text[start..end], 0, 2);
        let lines = format!("{}- {}", " ".repeat(column), lines.get(column + 2..)?);
        vec![Replacement::new(Span::new(start, end), lines)]
    };
    let mut title = format!("turn `{key}` into a list");
    if let Some(new) = new_key {
        if mapping.mapping.entry(new).is_some() {
            return None;
        }
        title = format!("turn `{key}` into a list named `{new}`");
        replacements.push(Replacement::new(entry.key.span, new));
        effects.push((entry.key.span, Effect::Rename(new.to_owned())));
    }
    let extent = Span::new(entry.key.span.start, inner.span.end);
    fix(document, title, replacements, extent, effects)
}

/// Replaces a scalar under a key with a mapping that contains the scalar under the key `inner`.
pub(crate) fn wrap_in_mapping(document: &Document, pointer: &Pointer, inner: &str) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let (parent, key) = split(pointer)?;
    let mapping = WrittenMapping::at(document, &parent)?;
    let entry = mapping.mapping.entry(key)?;
    let is_scalar = !matches!(
        entry.value.kind,
        NodeKind::Null | NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Set(_)
    );
    if !is_scalar {
        return None;
    }
    let (after_key, span) = (entry.key.span.end, entry.value.span);
    let written = mapping.text.text.get(span.range())?;
    let between = mapping.text.text.get(after_key..span.start)?;
    if written.contains(['\n', '\r']) || between.trim_end_matches(' ') != ":" {
        return None;
    }
    let replacement = if mapping.is_flow() {
        Replacement::new(span, format!("{{{inner}: {written}}}"))
    } else {
        let line_start = format!("{}{}", mapping.text.line_end, " ".repeat(mapping.column()? + 2));
        Replacement::new(Span::new(after_key + 1, span.start), format!("{line_start}{inner}: "))
    };
    let value = Mapping::from_iter([(Value::from(inner), entry.value.to_value().ok()?)]);
    let extent = Span::new(entry.key.span.start, span.end);
    let title = format!("write `{inner}` under `{key}`");
    fix(document, title, vec![replacement], extent, vec![(span, Effect::Set(value.into()))])
}

/// Indents all entries of a mapping except the first, so that the first entry's value contains them.
pub(crate) fn indent_below_first(document: &Document, pointer: &Pointer) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let mapping = WrittenMapping::at(document, pointer)?;
    let entries = mapping.written()?;
    let [first, .., last] = entries.as_slice() else { return None };
    let name = first.entry.key.key_text()?;
    if mapping.is_flow() || !matches!(first.entry.value.kind, NodeKind::Null) {
        return None;
    }
    let lines = Span::new(mapping.lines(&entries, 1)?.start, mapping.lines(&entries, entries.len() - 1)?.end);
    let column = mapping.column()?;
    let indented = reindent(&mapping.text.text[lines.range()], column, column + 2);
    let inputs = entries[1..]
        .iter()
        .map(|written| Some((written.entry.key.to_value().ok()?, written.entry.value.to_value().ok()?)));
    let inputs: Mapping = inputs.collect::<Option<_>>()?;
    let value = Mapping::from_iter([(Value::from(name.as_ref()), inputs.into())]);
    let extent = Span::new(first.span.start, last.span.end);
    let title = format!("indent the inputs under `{name}`");
    let effects = vec![(mapping.span, Effect::Set(value.into()))];
    fix(document, title, vec![Replacement::new(lines, indented)], extent, effects)
}

/// Splits a list item that is a mapping into one item per entry.
pub(crate) fn split_item(document: &Document, pointer: &Pointer) -> Option<Fix> {
    let (document, pointer) = &document.origin(pointer)?;
    let (Segment::Index(index), parents) = pointer.segments().split_last()? else { return None };
    let list = document.locate(&parents.iter().cloned().collect())?;
    let mapping = WrittenMapping::at(document, pointer)?;
    let entries = mapping.written()?;
    let dash = mapping.column()?.checked_sub(2)?;
    if mapping.is_flow() || entries.len() != mapping.mapping.len() {
        return None;
    }
    let text = &mapping.text;
    let replacement = |written: &WrittenEntry<'_>| {
        text.indent(written.span.start)?;
        let indent = Span::new(text.line_start(written.span.start), written.span.start);
        Some(Replacement::new(indent, format!("{}- ", " ".repeat(dash))))
    };
    let replacements = entries.iter().skip(1).map(replacement).collect::<Option<_>>()?;
    let Value::Sequence(mut items) = list.to_value().ok()? else { return None };
    let item = items.get(*index)?.as_mapping()?.clone();
    let parts = item.into_iter().map(|entry| Value::Mapping(Mapping::from_iter([entry])));
    items.splice(*index..=*index, parts);
    let effects = vec![(list.span, Effect::Set(Value::Sequence(items)))];
    fix(document, "write each step as a list item".to_owned(), replacements, list.span, effects)
}

impl Text<'_> {
    /// Replaces the line breaks in `lines` with the line breaks that the file uses.
    pub(super) fn with_line_ends(&self, lines: &str) -> String {
        lines.replace("\r\n", "\n").replace('\n', self.line_end)
    }
}
