//! Scans directives: lines that start with `%`.

use super::{Directive, Scanner, TokenKind};
use crate::{
    source::Span,
    yaml::{error::YamlError, syntax::Mistake},
};

impl<'a> Scanner<'a> {
    pub(super) fn scan_directive(&mut self) -> Result<(), YamlError> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if name.is_empty() || !self.is_separated() {
            // A value that starts with `%` is more likely than a malformed directive.
            return Err(self.error(Mistake::Unstartable, start));
        }
        let directive = match name {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_prefix(start)?,
            _ => {
                while !self.is_line_end(0) {
                    self.at += 1;
                }
                Directive::Other
            }
        };
        self.push(TokenKind::Directive(directive), Span::new(start, self.at));
        self.take_spaces();
        self.skip_comment();
        if !self.is_line_end(0) {
            return Err(self.error(Mistake::Directive, start));
        }
        self.take_line_break();
        Ok(())
    }

    fn version(&mut self, start: usize) -> Result<Directive<'a>, YamlError> {
        self.take_spaces();
        let major = self.take_while(|byte| byte.is_ascii_digit());
        let has_point = self.byte(0) == Some(b'.');
        self.at += usize::from(has_point);
        let minor = self.take_while(|byte| byte.is_ascii_digit());
        if major.is_empty() || !has_point || minor.is_empty() || !self.is_separated() {
            return Err(self.error(Mistake::Directive, start));
        }
        Ok(Directive::Version { major })
    }

    fn tag_prefix(&mut self, start: usize) -> Result<Directive<'a>, YamlError> {
        self.take_spaces();
        let handle = self.tag_handle(start)?;
        if self.take_spaces().is_empty() {
            return Err(self.error(Mistake::Directive, start));
        }
        let prefix = self.uri(start)?;
        if !self.is_separated() {
            return Err(self.error(Mistake::Directive, start));
        }
        Ok(Directive::Tag { handle, prefix })
    }

    /// Returns whether a space or the end of the line is at the current position.
    fn is_separated(&self) -> bool {
        self.byte(0) == Some(b' ') || self.is_line_end(0)
    }

    fn take_while(&mut self, is_part: fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.byte(0).is_some_and(is_part) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }
}
