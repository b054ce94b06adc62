//! Kinds of tokens.

use crate::yaml::scanner::TokenKind;

/// Kinds of tokens, for lookahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    End,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequence,
    BlockMapping,
    BlockEnd,
    FlowSequence,
    FlowMapping,
    FlowSequenceEnd,
    FlowMappingEnd,
    Item,
    Comma,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

impl From<&TokenKind<'_>> for Next {
    fn from(kind: &TokenKind<'_>) -> Self {
        match kind {
            TokenKind::StreamEnd => Self::End,
            TokenKind::Directive(_) => Self::Directive,
            TokenKind::DocumentStart => Self::DocumentStart,
            TokenKind::DocumentEnd => Self::DocumentEnd,
            TokenKind::BlockSequenceStart => Self::BlockSequence,
            TokenKind::BlockMappingStart => Self::BlockMapping,
            TokenKind::BlockEnd => Self::BlockEnd,
            TokenKind::FlowSequenceStart => Self::FlowSequence,
            TokenKind::FlowMappingStart => Self::FlowMapping,
            TokenKind::FlowSequenceEnd => Self::FlowSequenceEnd,
            TokenKind::FlowMappingEnd => Self::FlowMappingEnd,
            TokenKind::BlockEntry => Self::Item,
            TokenKind::FlowEntry => Self::Comma,
            TokenKind::Key => Self::Key,
            TokenKind::Value => Self::Value,
            TokenKind::Alias(_) => Self::Alias,
            TokenKind::Anchor(_) => Self::Anchor,
            TokenKind::Tag(..) => Self::Tag,
            TokenKind::Scalar(..) => Self::Scalar,
        }
    }
}
