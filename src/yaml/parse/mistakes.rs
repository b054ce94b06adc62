//! Detects violations of the grammar and creates their errors.

use super::{Events, Next};
use crate::{
    source::Span,
    yaml::{
        error::YamlError,
        syntax::{Collection, Mistake},
    },
};

impl Events<'_> {
    /// Consumes the comma between two entries of a flow collection.
    pub(super) fn comma(&mut self, collection: Collection) -> Result<(), YamlError> {
        let (next, span) = self.peek()?;
        if next == Next::Comma {
            return self.take().map(drop);
        }
        if let Some((open, at)) = self.brackets.last()
            && self.indentation(span.start) <= self.indentation(*at)
            && self.text[*at..span.start].contains('\n')
        {
            return Err(self.error(Mistake::OpenBracket(*open), *at));
        }
        Err(match next {
            Next::Value => self.error(Mistake::SplitKey, span.start),
            Next::Key if self.text[span.start..].starts_with('?') => {
                self.error(Mistake::FlowQuestionMark, span.start)
            }
            _ => self
                .in_brackets(next, span)
                .unwrap_or_else(|| self.error(Mistake::Comma(collection), span.start)),
        })
    }

    /// Returns the number of spaces at the start of the line that contains an offset.
    fn indentation(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].bytes().take_while(|byte| *byte == b' ').count()
    }

    /// Returns the error for a token at a position where a node must start.
    pub(super) fn misplaced(&self, next: Next, span: Span) -> YamlError {
        let mistake = match next {
            Next::Comma if !self.brackets.is_empty() => Mistake::MissingValue,
            Next::Value if !self.brackets.is_empty() => Mistake::FlowColon,
            Next::Item if !self.brackets.is_empty() => Mistake::FlowDash,
            Next::Item => Mistake::Item,
            Next::FlowSequenceEnd | Next::FlowMappingEnd if self.brackets.is_empty() => Mistake::StrayBracket,
            _ => {
                return self
                    .in_brackets(next, span)
                    .unwrap_or_else(|| self.error(Mistake::NoValue, span.start));
            }
        };
        self.error(mistake, span.start)
    }

    /// Returns the error for a token that is not a valid end of a flow collection.
    pub(super) fn in_brackets(&self, next: Next, span: Span) -> Option<YamlError> {
        let (open, at) = *self.brackets.last()?;
        match next {
            Next::End | Next::DocumentStart | Next::DocumentEnd | Next::Directive => {
                Some(self.error(Mistake::OpenBracket(open), at))
            }
            Next::FlowSequenceEnd if open == '{' => Some(self.error(Mistake::Bracket(open, ']'), span.start)),
            Next::FlowMappingEnd if open == '[' => Some(self.error(Mistake::Bracket(open, '}'), span.start)),
            _ => None,
        }
    }

    /// Returns the error for a token that does not belong to the current block collection.
    pub(super) fn outside(&self, collection: Collection, next: Next, span: Span) -> YamlError {
        let is_after_quote = self.text[..span.start].ends_with(['"', '\'']) && next == Next::Scalar;
        let mistake = match (collection, next) {
            _ if is_after_quote => Mistake::AfterQuote,
            (Collection::Mapping, Next::Value) => Mistake::MissingKey,
            (Collection::Mapping, Next::Item) => Mistake::ItemInMapping,
            (_, Next::FlowSequenceEnd | Next::FlowMappingEnd) => Mistake::StrayBracket,
            (Collection::List, Next::BlockMapping | Next::BlockSequence) => Mistake::Indentation,
            (collection, _) => Mistake::Sibling(collection),
        };
        self.error(mistake, span.start)
    }
}
