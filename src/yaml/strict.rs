//! Rejects YAML 1.2 syntax that PyYAML does not accept.

use super::{
    error::{YamlError, YamlErrorKind},
    event::{Event, EventKind, Properties, Style, Tag},
    syntax,
};
use crate::source::Span;

/// A checker that receives all events of a text in order.
pub(super) struct Strictness<'a> {
    text: &'a str,
    /// End offset of the previous event.
    seen: usize,
    /// The collections that have not ended yet. The outermost collection comes first.
    open: Vec<Level>,
}

struct Level {
    flow: bool,
    /// The kind of the next node in a mapping, or `None` in a sequence.
    next: Option<Next>,
}

#[derive(Clone, Copy)]
enum Next {
    Key,
    /// A value. The span of its key is present if the key and its colon must be on the same line.
    Value(Option<Span>),
}

impl<'a> Strictness<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, seen: 0, open: Vec::new() }
    }

    pub(super) fn check(&mut self, event: &Event<'_>) -> Result<(), YamlError> {
        let Event { kind, span } = event;
        self.check_gap(event)?;
        match kind {
            EventKind::DocumentStart | EventKind::DocumentEnd => {}
            EventKind::Alias(_) => self.node(*span, true)?,
            EventKind::Scalar { text, style, properties } => {
                self.scalar(*span, *style, text)?;
                let absent = span.start == span.end && *style == Style::Plain && is_bare(properties);
                self.node(*span, !absent)?;
            }
            EventKind::SequenceStart { flow, .. } => {
                self.node(Span::new(span.start, span.start), true)?;
                self.open.push(Level { flow: *flow, next: None });
            }
            EventKind::MappingStart { flow, .. } => {
                self.node(Span::new(span.start, span.start), true)?;
                self.open.push(Level { flow: *flow, next: Some(Next::Key) });
            }
            EventKind::End => {
                self.open.pop();
            }
        }
        self.seen = self.seen.max(span.end);
        Ok(())
    }

    /// Checks the text after the last event.
    pub(super) fn finish(&self) -> Result<(), YamlError> {
        self.check_tabs(self.gap(self.text.len()))
    }

    /// Returns the text between the end of the previous event and the offset `end`.
    fn gap(&self, end: usize) -> &'a str {
        &self.text[self.seen.min(end)..end]
    }

    /// Returns an error if the text before an event contains a tab outside of comments.
    fn check_gap(&self, Event { kind, span }: &Event<'_>) -> Result<(), YamlError> {
        let mut gap = self.gap(span.start);
        if let EventKind::Scalar { style: Style::Block, .. } = kind {
            // The text after the header line belongs to the scalar, including blank lines with tabs.
            gap = gap.split('\n').next().unwrap_or_default();
        }
        self.check_tabs(gap)
    }

    fn check_tabs(&self, gap: &str) -> Result<(), YamlError> {
        match find_outside_comments(gap, b'\t') {
            Some(tab) => Err(tab_error(self.seen + tab)),
            None => Ok(()),
        }
    }

    fn scalar(&self, span: Span, style: Style, value: &str) -> Result<(), YamlError> {
        let written = &self.text[span.range()];
        match style {
            Style::Plain => {
                if let Some(tab) = written.find('\t') {
                    return Err(tab_error(span.start + tab));
                }
                if self.open.last().is_some_and(|level| level.flow) {
                    check_plain_in_flow(span, written)?;
                }
            }
            Style::Block => {
                let in_first_column = span.start == 0 || self.text[..span.start].ends_with(['\n', '\r']);
                if in_first_column && !value.trim().is_empty() {
                    return Err(error(
                        "this block scalar must be indented",
                        "indent it by two spaces",
                        span.start,
                    ));
                }
            }
            Style::Quoted => {}
        }
        Ok(())
    }

    /// Checks a node and updates the state of its parent. The flag `present` is `false` for an empty node.
    fn node(&mut self, span: Span, present: bool) -> Result<(), YamlError> {
        let gap = self.gap(span.start);
        let Some(Level { flow, next: Some(next) }) = self.open.last_mut() else { return Ok(()) };
        match *next {
            Next::Key => {
                let explicit = find_outside_comments(gap, b'?').is_some();
                if !present && !explicit {
                    let help = "write `null` for a key that is null";
                    return Err(error("the key is missing", help, span.start));
                }
                *next = Next::Value((*flow && !explicit).then_some(span));
                Ok(())
            }
            Next::Value(key) => {
                *next = Next::Key;
                key.map_or(Ok(()), |key| self.check_colon(key, span.start))
            }
        }
    }

    /// Checks that the colon after a key is on the same line as the key.
    fn check_colon(&self, key: Span, value: usize) -> Result<(), YamlError> {
        let between = &self.text[key.end.min(value)..value];
        let Some(colon) = find_outside_comments(between, b':').map(|colon| key.end + colon) else {
            return Ok(());
        };
        if self.text[key.start..colon].contains(['\n', '\r']) {
            Err(syntax::split_key().at(Span::new(colon, colon + 1)))
        } else {
            Ok(())
        }
    }
}

/// Checks an unquoted scalar in a flow collection.
///
/// PyYAML treats `?` and a leading `:` as indicators, so the scalar must not contain them.
fn check_plain_in_flow(span: Span, written: &str) -> Result<(), YamlError> {
    const QUOTE: &str = "put the value in quotes";
    if let Some(mark) = written.find('?') {
        return Err(error(
            "a value without quotes inside brackets cannot contain `?`",
            QUOTE,
            span.start + mark,
        ));
    }
    if written.starts_with(':') {
        return Err(error("a value without quotes inside brackets cannot start with `:`", QUOTE, span.start));
    }
    Ok(())
}

fn is_bare(properties: &Properties<'_>) -> bool {
    properties.anchor.is_none() && matches!(properties.tag, Tag::Absent)
}

/// Returns the offset of a character in the text between two tokens. Comments are skipped.
fn find_outside_comments(gap: &str, character: u8) -> Option<usize> {
    let mut comment = false;
    gap.bytes().position(|byte| {
        comment = byte != b'\n' && byte != b'\r' && (comment || byte == b'#');
        byte == character && !comment
    })
}

fn tab_error(at: usize) -> YamlError {
    syntax::tab().at(Span::new(at, at + 1))
}

fn error(message: &str, help: &'static str, at: usize) -> YamlError {
    YamlErrorKind::Syntax { message: message.to_owned(), help: Some(help) }.at(Span::new(at, at))
}
