//! Scans the tags of nodes, including their handles and URIs.

use super::{Handle, Scanner, TokenKind};
use crate::{
    source::Span,
    yaml::{error::YamlError, syntax::Mistake},
};

/// The characters that a URI may contain, in addition to letters, digits and escape sequences.
const URI_PUNCTUATION: &[u8] = b"-;/?:@&=+$,_.!~*'()[]";

impl<'a> Scanner<'a> {
    pub(super) fn scan_tag(&mut self) -> Result<(), YamlError> {
        let start = self.at;
        let kind = if self.byte(1) == Some(b'<') {
            self.at += 2;
            let uri = self.uri(start)?;
            if self.byte(0) != Some(b'>') {
                return Err(self.error(Mistake::Tag, start));
            }
            self.at += 1;
            TokenKind::Tag(Handle::None, uri)
        } else if self.is_blank(1) {
            self.at += 1;
            TokenKind::Tag(Handle::None, "!".to_owned())
        } else {
            let handle = if self.has_second_mark() {
                self.tag_handle(start)?
            } else {
                self.at += 1;
                "!"
            };
            TokenKind::Tag(Handle::Named(handle), self.uri(start)?)
        };
        if self.byte(0) != Some(b' ') && !self.is_line_end(0) {
            return Err(self.error(Mistake::Tag, start));
        }
        self.push(kind, Span::new(start, self.at));
        Ok(())
    }

    /// Returns whether another `!` occurs before the next space.
    fn has_second_mark(&self) -> bool {
        let mut offset = 1;
        while self.byte(offset) != Some(b' ') && !self.is_line_end(offset) {
            if self.byte(offset) == Some(b'!') {
                return true;
            }
            offset += 1;
        }
        false
    }

    /// Consumes a tag handle: `!`, `!!` or a name between exclamation marks.
    pub(super) fn tag_handle(&mut self, start: usize) -> Result<&'a str, YamlError> {
        let from = self.at;
        if self.byte(0) != Some(b'!') {
            return Err(self.error(Mistake::Tag, start));
        }
        let mut length = 1;
        if self.byte(1) != Some(b' ') {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            while self.byte(length).is_some_and(is_name) {
                length += 1;
            }
            if self.byte(length) != Some(b'!') {
                return Err(self.error(Mistake::Tag, start));
            }
            length += 1;
        }
        self.at += length;
        Ok(&self.text[from..self.at])
    }

    /// Consumes a URI and decodes its escape sequences.
    pub(super) fn uri(&mut self, start: usize) -> Result<String, YamlError> {
        let from = self.at;
        let mut bytes = Vec::new();
        while let Some(byte) = self.byte(0) {
            if byte == b'%' {
                bytes.push(self.uri_escape().ok_or_else(|| self.error(Mistake::Tag, start))?);
                self.at += 3;
            } else if byte.is_ascii_alphanumeric() || URI_PUNCTUATION.contains(&byte) {
                bytes.push(byte);
                self.at += 1;
            } else {
                break;
            }
        }
        let uri = String::from_utf8(bytes).ok().filter(|_| self.at > from);
        uri.ok_or_else(|| self.error(Mistake::Tag, start))
    }

    fn uri_escape(&self) -> Option<u8> {
        let digits = self.text.get(self.at + 1..self.at + 3)?;
        let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(digits, 16).ok().filter(|_| are_digits)
    }
}
