//! Text to events. The only place that knows the YAML parser.
//!
//! The parser reads YAML 1.2; what PyYAML refuses and the parser takes is refused here.

use std::borrow::Cow;

use granit_parser::{Event as ParserEvent, Options, Parser, ScalarStyle, StrInput, Tag as ParserTag};

use super::{
    error::{YamlError, YamlErrorKind},
    syntax,
};
use crate::source::Span;

/// A part of the text that matters for its values.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) kind: EventKind<'a>,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum EventKind<'a> {
    DocumentStart,
    Alias(&'a str),
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
        properties: Properties<'a>,
    },
    SequenceStart(Properties<'a>),
    MappingStart(Properties<'a>),
    /// The end of a sequence or mapping.
    End,
}

/// What can stand before a node.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<Anchor<'a>>,
    /// The full tag, without the one that means "no particular type".
    pub(super) tag: Tag,
}

#[derive(Debug)]
pub(super) struct Anchor<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
}

/// An explicit tag.
#[derive(Debug, Default)]
pub(super) enum Tag {
    #[default]
    Absent,
    /// A lone `!`: the type is found as if the scalar were plain.
    NonSpecific,
    Named {
        name: String,
        span: Span,
    },
}

/// The events of a text, in its order.
pub(super) struct Events<'a> {
    text: &'a str,
    parser: std::iter::Peekable<Parser<'a, StrInput<'a>>>,
    /// How far the text between tokens was checked.
    checked: usize,
}

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let options: Options = granit_parser::options! {
            bom_inside_document_as_content: true,
            block_scalar_eof_without_line_feed: true,
            emit_comments: false,
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
        };
        Self { text, parser: Parser::new_from_str_with_options(text, options).peekable(), checked: 0 }
    }

    /// The next event, or `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, YamlError> {
        loop {
            let Some(next) = self.parser.next() else { return Ok(None) };
            let (event, place) = next.map_err(|error| syntax::error(self.text, &error))?;
            let span = span_of(place);
            self.check_gap(span, &event)?;
            let kind = match event {
                ParserEvent::DocumentStart(..) => EventKind::DocumentStart,
                ParserEvent::Alias(_) | ParserEvent::UnresolvedAlias(_) => EventKind::Alias(self.name(span)?),
                ParserEvent::Scalar(text, style, _, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    // The parser writes `~` for a scalar that is not there.
                    let text = if plain && span.start == span.end { Cow::Borrowed("") } else { text };
                    EventKind::Scalar { text, plain, properties: self.properties(place, tag.as_deref())? }
                }
                ParserEvent::SequenceStart(_, _, tag) => {
                    EventKind::SequenceStart(self.properties(place, tag.as_deref())?)
                }
                ParserEvent::MappingStart(_, _, tag) => {
                    EventKind::MappingStart(self.properties(place, tag.as_deref())?)
                }
                ParserEvent::SequenceEnd | ParserEvent::MappingEnd => EventKind::End,
                _ => continue,
            };
            return Ok(Some(Event { kind, span }));
        }
    }

    fn properties(
        &mut self,
        place: granit_parser::Span,
        tag: Option<&ParserTag>,
    ) -> Result<Properties<'a>, YamlError> {
        let anchor = self.parser.next_if(|next| matches!(next, Ok((ParserEvent::Anchor(..), _))));
        let anchor = match anchor {
            Some(Ok((_, place))) => {
                let span = span_of(place);
                Some(Anchor { name: self.name(span)?, span })
            }
            _ => None,
        };
        let tag = match tag.map(ToString::to_string) {
            None => Tag::Absent,
            Some(name) if name == "!" => Tag::NonSpecific,
            Some(name) => Tag::Named { name, span: span_of(place.tag_span().unwrap_or(place)) },
        };
        Ok(Properties { anchor, tag })
    }

    /// The name in a token such as `&name`, of the characters that PyYAML knows.
    fn name(&self, span: Span) -> Result<&'a str, YamlError> {
        let token = &self.text[span.range()];
        let name = token.get(1..).unwrap_or_default();
        if name.chars().all(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '_')) {
            Ok(name)
        } else {
            let message = format!("`{token}` is not a name that PyYAML reads");
            let help = Some("use letters, digits, `-` and `_`; quote a text that starts with `&` or `*`");
            Err(YamlErrorKind::Syntax { message, help }.at(span))
        }
    }

    /// PyYAML takes tabs inside scalars and comments only; the parser also takes them between tokens.
    fn check_gap(&mut self, span: Span, event: &ParserEvent<'_>) -> Result<(), YamlError> {
        if span.start == span.end && !matches!(event, ParserEvent::StreamEnd) {
            return Ok(());
        }
        let start = self.checked.min(span.start);
        self.checked = self.checked.max(span.end);
        let mut gap = &self.text[start..span.start];
        if matches!(event, ParserEvent::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..)) {
            // What follows the header is content, blank lines with tabs among it.
            gap = gap.split('\n').next().unwrap_or_default();
        }
        let Some(tab) = find_tab(gap) else { return Ok(()) };
        let at = start + tab;
        Err(syntax::tab().at(Span::new(at, at + 1)))
    }
}

/// The first tab of a text between tokens that is not in a comment.
fn find_tab(gap: &str) -> Option<usize> {
    let mut comment = false;
    gap.bytes().position(|byte| {
        comment = byte != b'\n' && byte != b'\r' && (comment || byte == b'#');
        byte == b'\t' && !comment
    })
}

/// The parser counts bytes when it reads a `str`.
fn span_of(span: granit_parser::Span) -> Span {
    let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or_default();
    Span::new(offset(span.start), offset(span.end))
}
