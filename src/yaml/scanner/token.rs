//! Tokens of a YAML text.

use std::borrow::Cow;

use super::super::event::Style;
use crate::source::Span;

#[derive(Debug)]
pub(in super::super) struct Token<'a> {
    pub(in super::super) kind: TokenKind<'a>,
    pub(in super::super) span: Span,
}

#[derive(Debug)]
pub(in super::super) enum TokenKind<'a> {
    StreamEnd,
    Directive(Directive<'a>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    /// End of a block collection.
    BlockEnd,
    FlowSequenceStart,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowMappingEnd,
    /// The dash of an item in a block list.
    BlockEntry,
    /// The comma between two entries of a flow collection.
    FlowEntry,
    /// The start of a key, which may be marked with a `?`.
    Key,
    /// The colon before a value.
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag(Handle<'a>, String),
    Scalar(Cow<'a, str>, Style),
}

/// Prefix of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Handle<'a> {
    /// The complete URI of a tag, as in `!<tag>`.
    None,
    /// A tag handle: `!`, `!!` or a named handle such as `!name!`.
    Named(&'a str),
}

/// A directive: a line that starts with `%`.
#[derive(Debug)]
pub(in super::super) enum Directive<'a> {
    /// The YAML version.
    Version {
        major: &'a str,
    },
    /// The prefix that replaces a tag handle.
    Tag {
        handle: &'a str,
        prefix: String,
    },
    Other,
}
