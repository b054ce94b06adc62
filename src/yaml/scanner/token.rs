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
    /// The dash of a list item.
    BlockEntry,
    /// A comma in a flow collection.
    FlowEntry,
    /// Start of a key, with or without a `?`.
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
    /// The tag is complete, as in `!<tag>`.
    None,
    /// `!`, `!!` or a handle such as `!name!`.
    Named(&'a str),
}

/// A line that starts with `%`.
#[derive(Debug)]
pub(in super::super) enum Directive<'a> {
    /// The YAML version.
    Version {
        major: &'a str,
    },
    /// The prefix that a tag handle stands for.
    Tag {
        handle: &'a str,
        prefix: String,
    },
    Other,
}
