//! Access to the characters at and after the current position of the scanner.

use super::Scanner;

impl<'a> Scanner<'a> {
    /// Returns the byte at an offset from the current position. Bytes are sufficient because all indicators
    /// are ASCII.
    pub(super) fn byte(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    /// Returns the length of the line break at an offset from the current position, or 0 if the offset is not
    /// at a line break.
    pub(super) fn line_break(&self, offset: usize) -> usize {
        break_length(&self.text.as_bytes()[(self.at + offset).min(self.text.len())..])
    }

    /// Returns whether the character at an offset from the current position is a line break or the end of the text.
    pub(super) fn is_line_end(&self, offset: usize) -> bool {
        self.byte(offset).is_none() || self.line_break(offset) > 0
    }

    /// Returns whether the character at an offset from the current position is a space, a tab, a line break or the end
    /// of the text.
    pub(super) fn is_blank(&self, offset: usize) -> bool {
        matches!(self.byte(offset), Some(b' ' | b'\t')) || self.is_line_end(offset)
    }

    /// Returns whether the `?` or `:` at the current position is an indicator rather than part of a value.
    pub(super) fn is_indicator(&self) -> bool {
        !self.is_block() || self.is_blank(1)
    }

    /// Returns whether the given document marker is at the current position. The position must be the start
    /// of a line.
    pub(super) fn is_document_marker(&self, marker: &str) -> bool {
        self.at == self.line_start && self.text[self.at..].starts_with(marker) && self.is_blank(3)
    }

    /// Returns whether any document marker is at the current position.
    pub(super) fn is_any_document_marker(&self) -> bool {
        self.is_document_marker("---") || self.is_document_marker("...")
    }

    /// Skips a line break. Returns its normalized value, or `None` if the position is not at a line break.
    ///
    /// Unicode line separators are not normalized.
    pub(super) fn take_line_break(&mut self) -> Option<&'static str> {
        let length = self.line_break(0);
        let value = match &self.text.as_bytes()[self.at..self.at + length] {
            [] => return None,
            [0xe2, 0x80, 0xa8] => "\u{2028}",
            [0xe2, 0x80, 0xa9] => "\u{2029}",
            _ => "\n",
        };
        self.at += length;
        self.line_start = self.at;
        Some(value)
    }

    /// Skips spaces and returns them.
    pub(super) fn take_spaces(&mut self) -> &'a str {
        let start = self.at;
        while self.byte(0) == Some(b' ') {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// Skips a comment at the current position. Does nothing if no comment starts there.
    pub(super) fn skip_comment(&mut self) {
        if self.byte(0) == Some(b'#') {
            while !self.is_line_end(0) {
                self.at += 1;
            }
        }
    }

    /// Skips spaces, comments and line breaks. At the start of the text, a byte order mark is also skipped.
    pub(super) fn skip_to_token(&mut self) {
        if self.at == 0 && self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
            self.line_start = self.at;
        }
        loop {
            self.take_spaces();
            self.skip_comment();
            if self.take_line_break().is_none() {
                return;
            }
            if self.is_block() {
                self.allows_key = true;
            }
        }
    }

    /// Returns the column of the current position if only spaces precede it on its line.
    pub(super) fn blank_column(&self) -> usize {
        self.at - self.line_start
    }

    pub(super) fn column(&self) -> usize {
        self.column_of(self.line_start, self.at)
    }

    /// Returns the number of characters between the start of a line and a position, ignoring byte order marks.
    pub(super) fn column_of(&self, line_start: usize, at: usize) -> usize {
        let before = &self.text[line_start..at];
        if before.is_ascii() {
            before.len()
        } else {
            before.chars().filter(|character| *character != '\u{feff}').count()
        }
    }
}

/// Returns the length, in bytes, of the line break at the start of `bytes`.
///
/// YAML 1.1 has more kinds of line breaks than YAML 1.2.
fn break_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}
