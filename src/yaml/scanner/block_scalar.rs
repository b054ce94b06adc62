//! Scans literal and folded block scalars.

use std::borrow::Cow;

use super::{Scanner, TokenKind};
use crate::{
    source::Span,
    yaml::{error::YamlError, event::Style, syntax::Mistake},
};

/// The handling of line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    /// Scans a block scalar. The scalar's span starts with the first line of its text.
    pub(super) fn scan_block_scalar(&mut self) -> Result<(), YamlError> {
        let start = self.at;
        let is_folded = self.byte(0) == Some(b'>');
        self.at += 1;
        let (chomping, increment) = self.block_header(start)?;
        let least = self.indent.map_or(1, |indent| indent + 1);
        let (indent, mut breaks, mut end) = if let Some(increment) = increment {
            let indent = least + increment - 1;
            let (breaks, end) = self.block_breaks(indent);
            (indent, breaks, end)
        } else {
            let (breaks, deepest, end) = self.block_indentation();
            (least.max(deepest), breaks, end)
        };
        let mut value = String::new();
        let mut line_break = "";
        let mut first_line = None;
        while self.blank_column() == indent && self.byte(0).is_some() {
            value.push_str(&breaks);
            let starts_with_text = !matches!(self.byte(0), Some(b' ' | b'\t'));
            let from = self.at;
            first_line.get_or_insert(from);
            while !self.is_line_end(0) {
                self.at += 1;
            }
            value.push_str(&self.text[from..self.at]);
            end = self.at;
            line_break = self.take_line_break().unwrap_or_default();
            (breaks, _) = self.block_breaks(indent);
            if self.blank_column() != indent || self.byte(0).is_none() {
                break;
            }
            let is_joined = is_folded
                && line_break == "\n"
                && starts_with_text
                && !matches!(self.byte(0), Some(b' ' | b'\t'));
            match (is_joined, breaks.is_empty()) {
                (true, true) => value.push(' '),
                (true, false) => {}
                (false, _) => value.push_str(line_break),
            }
        }
        if chomping != Chomping::Strip {
            value.push_str(line_break);
        }
        if chomping == Chomping::Keep {
            value.push_str(&breaks);
        }
        let span = Span::new(first_line.unwrap_or(end), end);
        self.push(TokenKind::Scalar(Cow::Owned(value), Style::Block), span);
        Ok(())
    }

    /// Parses the indicators after `|` or `>` and skips the rest of the line.
    fn block_header(&mut self, start: usize) -> Result<(Chomping, Option<usize>), YamlError> {
        let mut chomping = None;
        let mut increment = None;
        loop {
            match self.byte(0) {
                Some(b'+') if chomping.is_none() => chomping = Some(Chomping::Keep),
                Some(b'-') if chomping.is_none() => chomping = Some(Chomping::Strip),
                Some(digit @ b'1'..=b'9') if increment.is_none() => {
                    increment = Some(usize::from(digit - b'0'));
                }
                Some(b' ') | None => break,
                Some(_) if self.line_break(0) > 0 => break,
                Some(_) => return Err(self.error(Mistake::BlockHeader, self.at)),
            }
            self.at += 1;
        }
        self.take_spaces();
        self.skip_comment();
        if !self.is_line_end(0) {
            return Err(self.error(Mistake::BlockHeader, start));
        }
        self.take_line_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    /// Skips blank lines and the indentation of the first line with text.
    ///
    /// Returns the skipped line breaks, the largest indentation, and the end offset of the last blank line.
    fn block_indentation(&mut self) -> (String, usize, usize) {
        let mut breaks = String::new();
        let mut deepest = 0;
        let mut end = self.at;
        loop {
            self.take_spaces();
            deepest = deepest.max(self.blank_column());
            match self.take_line_break() {
                Some(value) => breaks.push_str(value),
                None => return (breaks, deepest, end),
            }
            end = self.at;
        }
    }

    /// Skips blank lines, and up to `indent` spaces of the next line with text.
    ///
    /// Returns the skipped line breaks and the end offset of the last blank line.
    fn block_breaks(&mut self, indent: usize) -> (String, usize) {
        let mut breaks = String::new();
        let mut end = self.at;
        loop {
            while self.blank_column() < indent && self.byte(0) == Some(b' ') {
                self.at += 1;
            }
            match self.take_line_break() {
                Some(value) => breaks.push_str(value),
                None => return (breaks, end),
            }
            end = self.at;
        }
    }
}
