//! Scans plain (unquoted) scalars.

use std::borrow::Cow;

use super::{Scanner, TokenKind};
use crate::{source::Span, yaml::event::Style};

/// Characters that cannot start a plain scalar.
const INDICATORS: &[u8] = b"-?:,[]{}#&*!|>'\"%@`";

impl Scanner<'_> {
    /// Returns whether a plain (unquoted) scalar starts at the current position.
    pub(super) fn starts_plain(&self) -> bool {
        let Some(byte) = self.byte(0) else { return false };
        if self.is_blank(0) {
            return false;
        }
        let may_continue = byte == b'-' || (self.is_block() && matches!(byte, b'?' | b':'));
        !INDICATORS.contains(&byte) || (may_continue && !self.is_blank(1))
    }

    pub(super) fn scan_plain(&mut self) {
        let start = self.at;
        let mut end = start;
        let indent = self.indent.map_or(0, |indent| indent + 1);
        let mut value = Cow::Borrowed("");
        // The folded value of the whitespace before the next text, if it contains a line break.
        let mut folded: Option<String> = None;
        loop {
            let length = self.plain_length();
            if length == 0 || self.byte(0) == Some(b'#') {
                break;
            }
            self.allows_key = false;
            let part_end = self.at + length;
            match (&mut value, folded.take()) {
                (Cow::Borrowed(value), None) => *value = &self.text[start..part_end],
                (value, folded) => {
                    let value = value.to_mut();
                    value.push_str(folded.as_deref().unwrap_or(&self.text[end..self.at]));
                    value.push_str(&self.text[self.at..part_end]);
                }
            }
            (self.at, end) = (part_end, part_end);
            match self.plain_space() {
                Space::Inline => {}
                Space::Folded(_) if self.is_block() && self.blank_column() < indent => break,
                Space::Folded(value) => folded = Some(value),
                Space::End => break,
            }
            if self.byte(0) == Some(b'#') {
                break;
            }
        }
        self.push(TokenKind::Scalar(value, Style::Plain), Span::new(start, end));
    }

    /// Returns the number of bytes before the next whitespace or indicator.
    fn plain_length(&self) -> usize {
        let mut length = 0;
        while let Some(byte) = self.byte(length) {
            let is_end = match byte {
                b' ' | b'\t' => true,
                b'\r' | b'\n' | 0xc2 | 0xe2 => self.line_break(length) > 0,
                b':' => {
                    self.is_blank(length + 1)
                        || (!self.is_block()
                            && self.byte(length + 1).is_some_and(|next| b",[]{}".contains(&next)))
                }
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => !self.is_block(),
                _ => false,
            };
            if is_end {
                break;
            }
            length += 1;
        }
        length
    }

    /// Skips the whitespace inside a plain scalar.
    fn plain_space(&mut self) -> Space {
        let spaces = self.take_spaces().len();
        let Some(first) = self.take_line_break() else {
            return if spaces == 0 { Space::End } else { Space::Inline };
        };
        self.allows_key = true;
        let mut breaks = String::new();
        loop {
            if self.is_any_document_marker() {
                return Space::End;
            }
            self.take_spaces();
            match self.take_line_break() {
                Some(value) => breaks.push_str(value),
                None => break,
            }
        }
        Space::Folded(fold(first, breaks))
    }
}

/// The whitespace inside a plain scalar.
enum Space {
    Inline,
    /// The string to which whitespace with line breaks is folded.
    Folded(String),
    /// The scalar ends here.
    End,
}

/// Returns the string to which a line break and the following blank lines are folded.
pub(super) fn fold(first: &str, breaks: String) -> String {
    match (first, breaks.is_empty()) {
        ("\n", true) => " ".to_owned(),
        ("\n", false) => breaks,
        (first, _) => format!("{first}{breaks}"),
    }
}
