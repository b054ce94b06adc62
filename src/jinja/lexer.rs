//! Splits a template into tokens, like the lexer of Jinja with its default delimiters.

use super::SyntaxError;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}

/// A template token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns the token's description in Jinja's error messages.
    pub(super) fn describe(&self) -> &str {
        match self.kind {
            Kind::Name | Kind::Operator => self.text,
            kind => kind.describe(),
        }
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }

    pub(super) fn is_operator(&self, operator: &str) -> bool {
        self.kind == Kind::Operator && self.text == operator
    }
}

impl Kind {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Data => "template data / text",
            Self::BlockBegin => "begin of statement block",
            Self::BlockEnd => "end of statement block",
            Self::VariableBegin => "begin of print statement",
            Self::VariableEnd => "end of print statement",
            Self::Name => "name",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Operator => "operator",
            Self::End => "end of template",
        }
    }
}

const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

/// Splits a template into tokens. The last token is [`Kind::End`]. If an error occurs, returns the error and the
/// preceding tokens.
pub(super) fn tokens(template: &str) -> (Vec<Token<'_>>, Option<SyntaxError>) {
    // Jinja removes a trailing line break.
    let source = template.strip_suffix('\n').unwrap_or(template);
    let source = source.strip_suffix('\r').unwrap_or(source);
    let mut lexer = Lexer { source, position: 0, tokens: Vec::new() };
    let error = lexer.run().err();
    let end = Token { kind: Kind::End, text: "", start: source.len() };
    lexer.tokens.push(end);
    (lexer.tokens, error)
}

struct Lexer<'a> {
    source: &'a str,
    position: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let (start, text) = (self.position, &self.rest()[..length]);
        self.position += length;
        if !(kind == Kind::Data && text.is_empty()) {
            self.tokens.push(Token { kind, text, start });
        }
    }

    fn error<T>(&self, message: impl Into<String>, length: usize) -> Result<T, SyntaxError> {
        let range = self.position..self.position + length;
        Err(SyntaxError { message: message.into(), range })
    }

    fn run(&mut self) -> Result<(), SyntaxError> {
        while let Some(offset) = opening(self.rest()) {
            self.push(Kind::Data, offset);
            let rest = self.rest();
            if let Some(length) = raw_begin(rest) {
                self.skip_to(length, raw_end, "Missing end of raw directive")?;
            } else if rest.starts_with("{#") {
                self.skip_to(2, comment_end, "Missing end of comment tag")?;
            } else {
                let is_block = rest.starts_with("{%");
                let control = usize::from(rest[2..].starts_with(['-', '+']));
                self.push(if is_block { Kind::BlockBegin } else { Kind::VariableBegin }, 2 + control);
                self.tag(is_block)?;
            }
        }
        self.push(Kind::Data, self.rest().len());
        Ok(())
    }

    /// Skips a comment or a raw directive. `opening` is the opening delimiter's length. `end` returns the closing
    /// delimiter's length if a string starts with that delimiter.
    fn skip_to(
        &mut self,
        opening: usize,
        end: impl Fn(&str) -> Option<usize>,
        missing: &str,
    ) -> Result<(), SyntaxError> {
        let content = &self.rest()[opening..];
        let found = content.char_indices().find_map(|(index, _)| Some(index + end(&content[index..])?));
        match found {
            Some(length) => self.position += opening + length,
            None if content.is_empty() => self.position = self.source.len(),
            None => return self.error(missing, opening),
        }
        Ok(())
    }

    /// Reads the tokens of a tag up to its end.
    fn tag(&mut self, is_block: bool) -> Result<(), SyntaxError> {
        let mut open: Vec<&str> = Vec::new();
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { return Ok(()) };
            if open.is_empty()
                && let Some(length) = tag_end(rest, is_block)
            {
                self.push(if is_block { Kind::BlockEnd } else { Kind::VariableEnd }, length);
                return Ok(());
            }
            if is_space(first) {
                self.position += first.len_utf8();
                continue;
            }
            let follows_dot = self.source[..self.position].ends_with('.');
            if let Some(length) = float(rest).filter(|_| !follows_dot) {
                self.push(Kind::Float, length);
            } else if let Some(length) = integer(rest) {
                self.push(Kind::Integer, length);
            } else if let Some(length) = name(rest) {
                if !is_identifier(&rest[..length]) {
                    return self.error("Invalid character in identifier", length);
                }
                self.push(Kind::Name, length);
            } else if let Some(length) = text(rest) {
                if let Some(message) = invalid_escape(&rest[1..length - 1]) {
                    return self.error(message, length);
                }
                self.push(Kind::Text, length);
            } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                self.bracket(operator, &mut open)?;
                self.push(Kind::Operator, operator.len());
            } else {
                let position = self.source[..self.position].chars().count();
                let quote = if first == '\'' { '"' } else { '\'' };
                let escape = if first == '\\' { "\\" } else { "" };
                let message = format!("unexpected char {quote}{escape}{first}{quote} at {position}");
                return self.error(message, first.len_utf8());
            }
        }
    }

    /// Adds an opening bracket to `open`, or checks that a closing bracket matches the last open bracket.
    fn bracket(&self, operator: &str, open: &mut Vec<&str>) -> Result<(), SyntaxError> {
        match operator {
            "{" => open.push("}"),
            "(" => open.push(")"),
            "[" => open.push("]"),
            "}" | ")" | "]" => match open.pop() {
                None => return self.error(format!("unexpected '{operator}'"), 1),
                Some(expected) if expected != operator => {
                    return self.error(format!("unexpected '{operator}', expected '{expected}'"), 1);
                }
                Some(_) => {}
            },
            _ => {}
        }
        Ok(())
    }
}

/// Returns the position of the first delimiter that opens a tag or a comment.
fn opening(text: &str) -> Option<usize> {
    let mut braces = text.match_indices('{').map(|(index, _)| index);
    braces.find(|index| text[index + 1..].starts_with(['%', '{', '#']))
}

/// Returns whether `\s` in a Python regular expression matches a character.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Returns the length of a tag's closing delimiter, or `None` if the text does not start with a closing delimiter.
fn tag_end(text: &str, is_block: bool) -> Option<usize> {
    let end = if is_block { "%}" } else { "}}" };
    let controls: &[&str] = if is_block { &["+", "-", ""] } else { &["-", ""] };
    controls
        .iter()
        .find_map(|control| text.strip_prefix(control)?.starts_with(end).then_some(control.len() + 2))
}

fn comment_end(text: &str) -> Option<usize> {
    ["+#}", "-#}", "#}"].iter().find(|end| text.starts_with(**end)).map(|end| end.len())
}

fn raw_begin(text: &str) -> Option<usize> {
    directive(text, "raw", &["-%}", "%}"])
}

fn raw_end(text: &str) -> Option<usize> {
    directive(text, "endraw", &["+%}", "-%}", "%}"])
}

/// Returns the length of the Jinja tag at the start of `text`, such as `{%- raw %}`, or `None` if the tag does not
/// consist only of `name`.
fn directive(text: &str, name: &str, ends: &[&str]) -> Option<usize> {
    let rest = text.strip_prefix("{%")?;
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start_matches(is_space);
    let rest = rest.strip_prefix(name)?.trim_start_matches(is_space);
    let rest = ends.iter().find_map(|end| rest.strip_prefix(end))?;
    Some(text.len() - rest.len())
}

/// Returns the length of a sequence of decimal digits, optionally separated by underscores.
fn digits(text: &str) -> Option<usize> {
    separated(text, |byte| byte.is_ascii_digit())
}

fn separated(text: &str, is_digit: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_digit_at = |index: usize| bytes.get(index).is_some_and(|byte| is_digit(*byte));
    let mut length = 0;
    loop {
        if is_digit_at(length) {
            length += 1;
        } else if length > 0 && bytes.get(length) == Some(&b'_') && is_digit_at(length + 1) {
            length += 2;
        } else {
            return (length > 0).then_some(length);
        }
    }
}

fn float(text: &str) -> Option<usize> {
    let whole = digits(text)?;
    let fraction = text[whole..].strip_prefix('.').and_then(digits).map(|length| length + 1);
    let mantissa = whole + fraction.unwrap_or_default();
    let exponent = || {
        let rest = text[mantissa..].strip_prefix(['e', 'E'])?;
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        Some(1 + (rest.len() - unsigned.len()) + digits(unsigned)?)
    };
    match exponent() {
        Some(exponent) => Some(mantissa + exponent),
        None => fraction.map(|_| mantissa),
    }
}

fn integer(text: &str) -> Option<usize> {
    let lower = |prefix: &str| text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let based = |is_digit: fn(u8) -> bool| {
        let digits = &text[2..];
        let separator = usize::from(digits.starts_with('_'));
        separated(&digits[separator..], is_digit).map(|length| 2 + separator + length)
    };
    let prefixed = if lower("0b") {
        based(|byte| matches!(byte, b'0' | b'1'))
    } else if lower("0o") {
        based(|byte| (b'0'..=b'7').contains(&byte))
    } else if lower("0x") {
        based(|byte| byte.is_ascii_hexdigit())
    } else {
        None
    };
    prefixed
        .or_else(|| if text.starts_with('0') { separated(text, |byte| byte == b'0') } else { digits(text) })
}

fn name(text: &str) -> Option<usize> {
    let is_part = |c: char| c == '_' || c.is_alphanumeric() || unicode_ident::is_xid_continue(c);
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (length > 0).then_some(length)
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && characters.all(unicode_ident::is_xid_continue)
}

/// Returns the length of a string literal, including its quotes.
fn text(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut is_escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            character if character == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Returns Python's error message for an invalid escape sequence in a string.
fn invalid_escape(text: &str) -> Option<&'static str> {
    let mut rest = text;
    while let Some((_, escape)) = rest.split_once('\\') {
        let kind = escape.chars().next()?;
        rest = &escape[kind.len_utf8()..];
        let (length, message) = match kind {
            'x' => (2, "truncated \\xXX escape"),
            'u' => (4, "truncated \\uXXXX escape"),
            'U' => (8, "truncated \\UXXXXXXXX escape"),
            'N' => match rest.strip_prefix('{').and_then(|name| name.split_once('}')) {
                Some((name, _)) if !name.is_empty() => continue,
                _ => return Some("malformed \\N character escape"),
            },
            _ => continue,
        };
        let digits = rest.get(..length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(digits) = digits else { return Some(message) };
        if u32::from_str_radix(digits, 16).is_ok_and(|code| code > u32::from(char::MAX)) {
            return Some("illegal Unicode character");
        }
    }
    None
}
