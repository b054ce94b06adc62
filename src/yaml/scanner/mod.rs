//! Splits a YAML text into tokens according to the lexical rules of PyYAML.
//!
//! PyYAML implements YAML 1.1 with additional restrictions: `?` and `:` are indicators everywhere in a flow
//! collection, tabs do not separate tokens, and a key and its colon must be on the same line. Because a colon turns
//! the preceding value into a key, tokens stay in a queue until the value can no longer become a key.

mod block_scalar;
mod characters;
mod directive;
mod plain;
mod quoted;
mod tag;
mod token;

use std::collections::VecDeque;

pub(super) use self::token::{Directive, Handle, Token, TokenKind};
use super::{
    error::YamlError,
    syntax::{self, Mistake},
};
use crate::source::Span;

/// Maximum length of a key without a `?`, in characters.
const LONGEST_KEY: usize = 1024;

/// An iterator over the tokens of a YAML text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Start of the current line.
    line_start: usize,
    /// Number of open flow collections.
    flow_level: usize,
    /// The column of the innermost block collection, or `None` outside block collections.
    indent: Option<usize>,
    /// The columns of the enclosing block collections.
    outer_indents: Vec<Option<usize>>,
    tokens: VecDeque<Token<'a>>,
    /// Number of tokens removed from the queue so far.
    taken: usize,
    /// Whether a key without a `?` may start at the current position.
    allows_key: bool,
    /// The last value at each flow level that might become a key.
    keys: Vec<Option<PossibleKey>>,
    is_done: bool,
}

/// A value that becomes a key if it is followed by a colon.
#[derive(Clone, Copy)]
struct PossibleKey {
    /// The number of tokens before the value.
    token: usize,
    at: usize,
    line_start: usize,
    /// Whether the value must be a key because it is at the start of a line in a block mapping.
    is_required: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line_start: 0,
            flow_level: 0,
            indent: None,
            outer_indents: Vec::new(),
            tokens: VecDeque::new(),
            taken: 0,
            allows_key: true,
            keys: vec![None],
            is_done: false,
        }
    }

    /// Returns the kind and the span of the next token without removing it from the queue.
    ///
    /// At the end of the text, the last token is returned repeatedly.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, YamlError> {
        while !self.is_done && self.needs_tokens()? {
            self.fetch()?;
        }
        match self.tokens.front() {
            Some(token) => Ok(token),
            None => Err(self.error(Mistake::UnexpectedEnd, self.at)),
        }
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Result<Token<'a>, YamlError> {
        self.peek()?;
        let token = self.tokens.pop_front();
        self.taken += 1;
        token.ok_or_else(|| self.error(Mistake::UnexpectedEnd, self.at))
    }

    pub(super) fn error(&self, mistake: Mistake, at: usize) -> YamlError {
        syntax::error(self.text, mistake, at)
    }

    /// Returns whether more tokens must be scanned, because the queue is empty or its first token might still become a
    /// key.
    fn needs_tokens(&mut self) -> Result<bool, YamlError> {
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self.keys.iter().flatten().next().is_some_and(|key| key.token == self.taken))
    }

    /// Scans the next token and adds it to the queue.
    fn fetch(&mut self) -> Result<(), YamlError> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        let column = if self.is_block() { self.column() } else { usize::MAX };
        if self.is_block() {
            self.unwind(Some(column));
        }
        let Some(byte) = self.byte(0) else { return self.fetch_end() };
        let starts_line = self.at == self.line_start;
        match byte {
            b'%' if starts_line => self.fetch_directive(),
            b'-' if self.is_document_marker("---") => self.fetch_marker(TokenKind::DocumentStart),
            b'.' if self.is_document_marker("...") => self.fetch_marker(TokenKind::DocumentEnd),
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => {
                self.allows_key = true;
                self.forget_key()?;
                self.push_indicator(TokenKind::FlowEntry);
                Ok(())
            }
            b'-' if self.is_blank(1) => self.fetch_block_entry(column),
            b'?' if self.is_indicator() => self.fetch_key(column),
            b':' if self.is_indicator() => self.fetch_value(column),
            b'*' => {
                self.start_value()?;
                self.scan_name(TokenKind::Alias)
            }
            b'&' => {
                self.start_value()?;
                self.scan_name(TokenKind::Anchor)
            }
            b'!' => {
                self.start_value()?;
                self.scan_tag()
            }
            b'|' | b'>' if self.is_block() => {
                self.allows_key = true;
                self.forget_key()?;
                self.scan_block_scalar()
            }
            b'\'' | b'"' => {
                self.start_value()?;
                self.scan_quoted()
            }
            _ if self.starts_plain() => {
                self.start_value()?;
                self.scan_plain();
                Ok(())
            }
            b'\t' => Err(self.error(Mistake::Tab, self.at)),
            _ => Err(self.error(Mistake::Unstartable, self.at)),
        }
    }

    fn fetch_end(&mut self) -> Result<(), YamlError> {
        self.unwind(None);
        self.forget_key()?;
        self.keys.fill(None);
        self.allows_key = false;
        self.push(TokenKind::StreamEnd, Span::new(self.at, self.at));
        self.is_done = true;
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), YamlError> {
        self.unwind(None);
        self.forget_key()?;
        self.allows_key = false;
        self.scan_directive()
    }

    fn fetch_marker(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.unwind(None);
        self.forget_key()?;
        self.allows_key = false;
        self.push(kind, Span::new(self.at, self.at + 3));
        self.at += 3;
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.start_value()?;
        self.flow_level += 1;
        self.keys.resize(self.flow_level + 1, None);
        self.allows_key = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.forget_key()?;
        // A closing bracket without an opening bracket is a grammar error.
        self.flow_level = self.flow_level.saturating_sub(1);
        self.keys.truncate(self.flow_level + 1);
        self.allows_key = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_block_entry(&mut self, column: usize) -> Result<(), YamlError> {
        if self.is_block() {
            self.check_key_allowed(Mistake::Item)?;
            if self.add_indent(column) {
                self.push(TokenKind::BlockSequenceStart, Span::new(self.at, self.at));
            }
        }
        self.allows_key = true;
        self.forget_key()?;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self, column: usize) -> Result<(), YamlError> {
        if self.is_block() {
            self.check_key_allowed(Mistake::Key)?;
            if self.add_indent(column) {
                self.push(TokenKind::BlockMappingStart, Span::new(self.at, self.at));
            }
        }
        self.allows_key = self.is_block();
        self.forget_key()?;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self, column: usize) -> Result<(), YamlError> {
        if let Some(key) = self.keys.last_mut().and_then(Option::take) {
            let index = key.token - self.taken;
            let span = Span::new(key.at, key.at);
            self.tokens.insert(index, Token { kind: TokenKind::Key, span });
            if self.is_block() && self.add_indent(self.column_of(key.line_start, key.at)) {
                self.tokens.insert(index, Token { kind: TokenKind::BlockMappingStart, span });
            }
            self.allows_key = false;
        } else {
            if self.is_block() {
                self.check_key_allowed(Mistake::Value)?;
                if self.add_indent(column) {
                    self.push(TokenKind::BlockMappingStart, Span::new(self.at, self.at));
                }
            }
            self.allows_key = self.is_block();
            self.forget_key()?;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    /// Scans an anchor or an alias. The token ends before a character that may follow a name without a space.
    fn scan_name(&mut self, kind: fn(&'a str) -> TokenKind<'a>) -> Result<(), YamlError> {
        let start = self.at;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = self.text.as_bytes()[start + 1..].iter().take_while(|byte| is_name(byte)).count();
        self.at += 1 + length;
        let may_follow = self.is_blank(0) || self.byte(0).is_some_and(|byte| b"?:,]}%@`".contains(&byte));
        if length == 0 || !may_follow {
            return Err(self.error(Mistake::Name, start));
        }
        self.push(kind(&self.text[start + 1..self.at]), Span::new(start, self.at));
        Ok(())
    }

    /// Records that a value starts at the current position. The value might become a key.
    fn start_value(&mut self) -> Result<(), YamlError> {
        if std::mem::take(&mut self.allows_key) {
            self.forget_key()?;
            let is_required = self.is_block() && self.indent == Some(self.column());
            let token = self.taken + self.tokens.len();
            let key = PossibleKey { token, at: self.at, line_start: self.line_start, is_required };
            self.keys[self.flow_level] = Some(key);
        }
        Ok(())
    }

    /// Records that the last value of the current flow level is not followed by a colon.
    fn forget_key(&mut self) -> Result<(), YamlError> {
        match self.keys.last_mut().and_then(Option::take) {
            Some(key) if key.is_required => Err(self.error(Mistake::NoColon, key.at)),
            _ => Ok(()),
        }
    }

    /// Discards the values that can no longer become keys, because they are too long or on an earlier line.
    fn drop_stale_keys(&mut self) -> Result<(), YamlError> {
        let (text, at, line_start) = (self.text, self.at, self.line_start);
        let is_stale = |key: &PossibleKey| {
            key.line_start != line_start
                || (at - key.at > LONGEST_KEY && text[key.at..at].chars().count() > LONGEST_KEY)
        };
        for key in &mut self.keys {
            if let Some(stale) = key.take_if(|key| is_stale(key))
                && stale.is_required
            {
                return Err(syntax::error(text, Mistake::NoColon, stale.at));
            }
        }
        Ok(())
    }

    fn check_key_allowed(&self, mistake: Mistake) -> Result<(), YamlError> {
        if self.allows_key { Ok(()) } else { Err(self.error(mistake, self.at)) }
    }

    /// Ends the block collections whose column is greater than the given column.
    fn unwind(&mut self, column: Option<usize>) {
        while self.is_block() && self.indent > column {
            self.indent = self.outer_indents.pop().flatten();
            self.push(TokenKind::BlockEnd, Span::new(self.at, self.at));
        }
    }

    /// Starts a block collection if a column is greater than the column of the innermost block collection.
    fn add_indent(&mut self, column: usize) -> bool {
        let is_deeper = self.indent < Some(column);
        if is_deeper {
            self.outer_indents.push(self.indent);
            self.indent = Some(column);
        }
        is_deeper
    }

    fn push(&mut self, kind: TokenKind<'a>, span: Span) {
        self.tokens.push_back(Token { kind, span });
    }

    /// Adds a single-character token.
    fn push_indicator(&mut self, kind: TokenKind<'a>) {
        self.push(kind, Span::new(self.at, self.at + 1));
        self.at += 1;
    }

    fn is_block(&self) -> bool {
        self.flow_level == 0
    }
}
