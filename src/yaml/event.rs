//! Events of the YAML parser, reduced to the information that affects values.

use std::borrow::Cow;

use crate::source::Span;

/// The tag of a list in an overlay whose items are added to the list in the base.
pub(super) const APPEND: &str = "!append";

/// An event of the parser and its position in the text.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) kind: EventKind<'a>,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum EventKind<'a> {
    DocumentStart,
    DocumentEnd,
    Alias(&'a str),
    Scalar {
        text: Cow<'a, str>,
        style: Style,
        properties: Properties<'a>,
    },
    SequenceStart {
        properties: Properties<'a>,
    },
    MappingStart {
        properties: Properties<'a>,
    },
    /// The end of a sequence or a mapping.
    End,
}

/// The style of a scalar in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

/// The anchor and the tag that precede a node.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<Anchor<'a>>,
    pub(super) tag: Tag,
}

#[derive(Debug)]
pub(super) struct Anchor<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
}

/// The tag of a node.
#[derive(Debug, Default)]
pub(super) enum Tag {
    #[default]
    Absent,
    /// The tag `!`. The type of the node is determined as if it had no tag.
    NonSpecific,
    Named {
        name: String,
        span: Span,
    },
}
