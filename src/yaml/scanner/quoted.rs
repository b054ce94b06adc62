//! Scans scalars in single and double quotes.

use std::borrow::Cow;

use super::{Scanner, TokenKind, plain::fold};
use crate::{
    source::Span,
    yaml::{error::YamlError, event::Style, syntax::Mistake},
};

impl Scanner<'_> {
    pub(super) fn scan_quoted(&mut self) -> Result<(), YamlError> {
        let start = self.at;
        let is_double = self.byte(0) == Some(b'"');
        let quote = if is_double { b'"' } else { b'\'' };
        self.at += 1;
        let mut value = String::new();
        let mut is_verbatim = true;
        loop {
            let part = self.quoted_length(is_double);
            value.push_str(&self.text[self.at..self.at + part]);
            self.at += part;
            match self.byte(0) {
                None => return Err(self.error(Mistake::OpenQuote, start)),
                Some(b'\'') if !is_double && self.byte(1) == Some(b'\'') => {
                    is_verbatim = false;
                    value.push('\'');
                    self.at += 2;
                }
                Some(byte) if byte == quote => break,
                Some(b'\\') => {
                    is_verbatim = false;
                    self.escape(&mut value, start)?;
                }
                Some(_) => is_verbatim &= self.quoted_space(&mut value, start)?,
            }
        }
        self.at += 1;
        let written = &self.text[start + 1..self.at - 1];
        let value = if is_verbatim { Cow::Borrowed(written) } else { Cow::Owned(value) };
        self.push(TokenKind::Scalar(value, Style::Quoted), Span::new(start, self.at));
        Ok(())
    }

    /// Returns the number of bytes before the next whitespace, escape sequence or closing quote.
    fn quoted_length(&self, is_double: bool) -> usize {
        let mut length = 0;
        while let Some(byte) = self.byte(length) {
            let is_end = match byte {
                b' ' | b'\t' => true,
                b'\r' | b'\n' | 0xc2 | 0xe2 => self.line_break(length) > 0,
                b'\\' | b'"' => is_double,
                b'\'' => !is_double,
                _ => false,
            };
            if is_end {
                break;
            }
            length += 1;
        }
        length
    }

    /// Appends the value of whitespace to the scalar. Returns whether this value is identical to the source text.
    fn quoted_space(&mut self, value: &mut String, start: usize) -> Result<bool, YamlError> {
        let from = self.at;
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        if self.byte(0).is_none() {
            return Err(self.error(Mistake::OpenQuote, start));
        }
        let Some(first) = self.take_line_break() else {
            value.push_str(&self.text[from..self.at]);
            return Ok(true);
        };
        let breaks = self.quoted_breaks(start)?;
        value.push_str(&fold(first, breaks));
        Ok(false)
    }

    /// Skips blank lines and the indentation of the next line with text. Returns the skipped line breaks.
    fn quoted_breaks(&mut self, start: usize) -> Result<String, YamlError> {
        let mut breaks = String::new();
        loop {
            if self.is_any_document_marker() {
                return Err(self.error(Mistake::OpenQuote, start));
            }
            while matches!(self.byte(0), Some(b' ' | b'\t')) {
                self.at += 1;
            }
            match self.take_line_break() {
                Some(value) => breaks.push_str(value),
                None => return Ok(breaks),
            }
        }
    }

    /// Appends the value of an escape sequence in a double-quoted scalar.
    fn escape(&mut self, value: &mut String, start: usize) -> Result<(), YamlError> {
        let at = self.at;
        self.at += 1;
        let escaped = match self.byte(0) {
            Some(b'0') => '\0',
            Some(b'a') => '\u{7}',
            Some(b'b') => '\u{8}',
            Some(b't' | b'\t') => '\t',
            Some(b'n') => '\n',
            Some(b'v') => '\u{b}',
            Some(b'f') => '\u{c}',
            Some(b'r') => '\r',
            Some(b'e') => '\u{1b}',
            Some(b' ') => ' ',
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'N') => '\u{85}',
            Some(b'_') => '\u{a0}',
            Some(b'L') => '\u{2028}',
            Some(b'P') => '\u{2029}',
            Some(b'x') => self.code(2, at)?,
            Some(b'u') => self.code(4, at)?,
            Some(b'U') => self.code(8, at)?,
            _ if self.take_line_break().is_some() => {
                value.push_str(&self.quoted_breaks(start)?);
                return Ok(());
            }
            None => return Err(self.error(Mistake::OpenQuote, start)),
            Some(_) => return Err(self.error(Mistake::Escape, at)),
        };
        self.at += 1;
        value.push(escaped);
        Ok(())
    }

    /// Parses a hexadecimal character code after the current position and moves the position to the last digit.
    fn code(&mut self, digits: usize, escape: usize) -> Result<char, YamlError> {
        let code = self.text.get(self.at + 1..=self.at + digits);
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        self.at += digits;
        code.and_then(char::from_u32).ok_or_else(|| self.error(Mistake::CharacterCode, escape))
    }
}
