//! Parser events in the terms of this module.

use std::borrow::Cow;

use granit_parser::ScalarStyle;

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
    DocumentEnd,
    Alias(&'a str),
    Scalar {
        text: Cow<'a, str>,
        style: Style,
        properties: Properties<'a>,
    },
    SequenceStart {
        flow: bool,
        properties: Properties<'a>,
    },
    MappingStart {
        flow: bool,
        properties: Properties<'a>,
    },
    /// The end of a sequence or mapping.
    End,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Self::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Self::Block,
        }
    }
}

/// What can stand before a node.
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
