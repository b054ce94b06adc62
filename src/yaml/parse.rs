//! Produces the events of a YAML text. Only this module and `syntax` depend on the YAML parser crate.

use std::borrow::Cow;

use granit_parser::{Event as ParserEvent, Options, Parser, StrInput, StructureStyle, Tag as ParserTag};

use super::{
    error::{YamlError, YamlErrorKind},
    event::{Anchor, Event, EventKind, Properties, Style, Tag},
    strict::Strictness,
    syntax,
};
use crate::source::Span;

/// The events of a YAML text, which are parsed on demand.
pub(super) struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    strictness: Strictness<'a>,
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
        let parser = Parser::new_from_str_with_options(text, options);
        Self { text, parser, strictness: Strictness::new(text) }
    }

    /// Returns the next event, or `None` at the end of the text.
    ///
    /// # Errors
    ///
    /// Fails if the text is not valid YAML or uses syntax that PyYAML does not accept.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, YamlError> {
        while let Some(next) = self.parser.next() {
            let (event, place) = next.map_err(|error| syntax::error(self.text, &error))?;
            if let Some(kind) = self.kind(event, place)? {
                let event = Event { kind, span: span_of(place) };
                self.strictness.check(&event)?;
                return Ok(Some(event));
            }
        }
        self.strictness.finish()?;
        Ok(None)
    }

    /// Converts an event of the parser crate. Returns `None` for irrelevant events such as comments.
    fn kind(
        &mut self,
        event: ParserEvent<'a>,
        place: granit_parser::Span,
    ) -> Result<Option<EventKind<'a>>, YamlError> {
        Ok(Some(match event {
            ParserEvent::DocumentStart(..) => EventKind::DocumentStart,
            ParserEvent::DocumentEnd => EventKind::DocumentEnd,
            ParserEvent::Alias(_) | ParserEvent::UnresolvedAlias(_) => {
                EventKind::Alias(self.name(span_of(place))?)
            }
            ParserEvent::Scalar(text, style, anchor, tag) => {
                let style = Style::from(style);
                // The parser reports a missing scalar as `~`.
                let absent = style == Style::Plain && place.is_empty();
                let text = if absent { Cow::Borrowed("") } else { text };
                EventKind::Scalar { text, style, properties: self.properties(place, anchor, tag.as_deref())? }
            }
            ParserEvent::SequenceStart(style, anchor, tag) => EventKind::SequenceStart {
                flow: style == StructureStyle::Flow,
                properties: self.properties(place, anchor, tag.as_deref())?,
            },
            ParserEvent::MappingStart(style, anchor, tag) => EventKind::MappingStart {
                flow: style == StructureStyle::Flow,
                properties: self.properties(place, anchor, tag.as_deref())?,
            },
            ParserEvent::SequenceEnd | ParserEvent::MappingEnd => EventKind::End,
            _ => return Ok(None),
        }))
    }

    /// Returns the anchor and the tag of a node. An anchor number of 0 means that the node has no anchor.
    fn properties(
        &mut self,
        place: granit_parser::Span,
        anchor: usize,
        tag: Option<&ParserTag>,
    ) -> Result<Properties<'a>, YamlError> {
        let anchor = if anchor == 0 { None } else { self.anchor()? };
        let tag = match tag.map(ToString::to_string) {
            None => Tag::Absent,
            Some(name) if name == "!" => Tag::NonSpecific,
            Some(name) => Tag::Named { name, span: span_of(place.tag_span().unwrap_or(place)) },
        };
        Ok(Properties { anchor, tag })
    }

    /// Returns the anchor of the current node, which the parser reports as the next event.
    fn anchor(&mut self) -> Result<Option<Anchor<'a>>, YamlError> {
        let Some(next) = self.parser.next() else { return Ok(None) };
        let (_, place) = next.map_err(|error| syntax::error(self.text, &error))?;
        let span = span_of(place);
        Ok(Some(Anchor { name: self.name(span)?, span }))
    }

    /// Returns the name in a token such as `&name`.
    ///
    /// # Errors
    ///
    /// Fails if the name contains characters that PyYAML does not accept.
    fn name(&self, span: Span) -> Result<&'a str, YamlError> {
        let token = &self.text[span.range()];
        let name = token.get(1..).unwrap_or_default();
        if name.chars().all(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '_')) {
            Ok(name)
        } else {
            let message = format!("PyYAML does not accept the name in `{token}`");
            let help =
                Some("use letters, digits, `-` and `_`, or quote the string if it starts with `&` or `*`");
            Err(YamlErrorKind::Syntax { message, help }.at(span))
        }
    }
}

/// Converts a span of the parser crate. Its offsets count bytes because the input is a `str`.
fn span_of(span: granit_parser::Span) -> Span {
    let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or_default();
    Span::new(offset(span.start), offset(span.end))
}
