//! Fixes: file edits that solve a diagnostic's problem.

use crate::{
    source::{Source, Span},
    value::Value,
};

/// A file edit that solves a diagnostic's problem.
#[derive(Debug, Clone)]
pub(crate) struct Fix {
    /// The file that the fix edits.
    pub(crate) source: Source,
    /// Summary in the imperative, such as "rename `pool` to `work_pool`".
    pub(crate) title: String,
    /// Replacements in text order, without overlaps.
    pub(crate) replacements: Vec<Replacement>,
    /// The range of the file that no other fix applied at the same time may change.
    pub(crate) extent: Span,
    /// Changes to the parsed values. Each span belongs to a key or a value, depending on the effect.
    pub(crate) effects: Vec<(Span, Effect)>,
}

/// The new text for a range of a file. If the span is empty, the text is inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// The effect of a fix on the parsed values of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Renames the key of the entry at the span.
    Rename(String),
    /// Removes the entry whose key is at the span.
    Remove,
    /// Replaces the value at the span.
    Set(Value),
}

impl Replacement {
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Creates a replacement that inserts text at the given offset.
    pub(crate) fn insertion(at: usize, text: impl Into<String>) -> Self {
        Self::new(Span::new(at, at), text)
    }
}

/// Applies replacements in text order. Returns `None` if they overlap.
pub(crate) fn replace<'a>(
    text: &str,
    replacements: impl IntoIterator<Item = &'a Replacement>,
) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for replacement in replacements {
        result.push_str(text.get(end..replacement.span.start)?);
        result.push_str(&replacement.text);
        end = replacement.span.end;
    }
    result.push_str(text.get(end..)?);
    Some(result)
}

/// Selects the fixes of a file that can be applied together. If fixes overlap, selects the first of them.
pub(crate) fn compatible<'a>(fixes: impl IntoIterator<Item = &'a Fix>) -> Vec<&'a Fix> {
    let mut fixes: Vec<&Fix> = fixes.into_iter().collect();
    fixes.sort_by_key(|fix| (fix.extent.start, fix.extent.end));
    let mut end = 0;
    fixes.retain(|fix| {
        let is_free = fix.extent.start >= end;
        end = if is_free { fix.extent.end } else { end };
        is_free
    });
    fixes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(title: &str, start: usize, end: usize) -> Fix {
        let span = Span::new(start, end);
        let (source, title) = (Source::new("a", ""), title.to_owned());
        Fix { source, title, replacements: Vec::new(), extent: span, effects: Vec::new() }
    }

    #[test]
    fn replaces_parts_of_a_text() {
        let parts = [
            Replacement::new(Span::new(0, 1), "é"),
            Replacement::insertion(3, "x"),
            Replacement::new(Span::new(3, 4), ""),
        ];
        assert_eq!(replace("abcd", &parts).as_deref(), Some("ébcx"));
        let overlapping = [Replacement::new(Span::new(0, 2), ""), Replacement::new(Span::new(1, 3), "")];
        assert_eq!(replace("abcd", &overlapping), None);
    }

    #[test]
    fn selects_fixes_that_do_not_overlap() {
        let fixes = [fix("c", 7, 9), fix("b", 3, 6), fix("a", 0, 4), fix("d", 9, 9)];
        let titles: Vec<_> = compatible(&fixes).iter().map(|fix| fix.title.as_str()).collect();
        assert_eq!(titles, ["a", "c", "d"]);
    }
}
