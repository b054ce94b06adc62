//! Events of the YAML parser, reduced to those that matter for values.

use std::borrow::Cow;

use granit_parser::ScalarStyle;

use crate::source::Span;

/// An event with its place.
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
    /// End of a sequence or mapping.
    End,
}

/// Style of a scalar.
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

/// Properties that precede a node.
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

/// Tag of a node.
#[derive(Debug, Default)]
pub(super) enum Tag {
    #[default]
    Absent,
    /// The tag `!`, which leaves the type to be resolved as if there were no tag.
    NonSpecific,
    Named {
        name: String,
        span: Span,
    },
}
