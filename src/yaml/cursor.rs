//! A cursor that matches a string from left to right.

/// A cursor over the unmatched rest of a string.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    pub(super) fn take_while(&mut self, allowed: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|next| !allowed(next)).unwrap_or(self.rest.len()))
    }

    pub(super) fn expect(&mut self, character: char) -> Option<char> {
        self.expect_any(&[character])
    }

    pub(super) fn expect_any(&mut self, characters: &[char]) -> Option<char> {
        let next = self.rest.chars().next().filter(|next| characters.contains(next))?;
        self.take(next.len_utf8());
        Some(next)
    }

    /// Consumes at most `most` digits. Returns `None` if there are fewer than `least` digits.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<&'a str> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        (length >= least).then(|| self.take(length))
    }

    pub(super) fn blanks(&mut self) -> &'a str {
        self.take_while(|next| matches!(next, ' ' | '\t'))
    }

    /// Consumes a digit and the digits and underscores after it. Returns `false` if the current character is not a
    /// digit.
    pub(super) fn grouped_digits(&mut self) -> bool {
        self.rest.starts_with(|first: char| first.is_ascii_digit())
            && !self.take_while(|next| next.is_ascii_digit() || next == '_').is_empty()
    }

    /// Consumes one or more groups of `:` and a number below 60. Returns `false` if no group follows.
    pub(super) fn sexagesimal_parts(&mut self) -> bool {
        let mut found = false;
        while let Some(rest) = self.rest.strip_prefix(':') {
            match rest.as_bytes() {
                [b'0'..=b'5', b'0'..=b'9', ..] => self.take(3),
                [b'0'..=b'9', ..] => self.take(2),
                _ => break,
            };
            found = true;
        }
        found
    }

    /// Consumes an optional exponent, which must have a sign. Returns `false` if the exponent is invalid in YAML 1.1.
    pub(super) fn exponent(&mut self) -> bool {
        self.expect_any(&['e', 'E']).is_none()
            || (self.expect_any(&['-', '+']).is_some() && self.digits(1, usize::MAX).is_some())
    }
}
