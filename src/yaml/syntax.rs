//! Messages of syntax errors.

use super::error::{QUOTE_TEMPLATE, YamlError, YamlErrorKind};
use crate::source::Span;

const ALIGN: &str = "align the line with the other lines at the same level";
const QUOTE: &str = "quote the value";

/// The kind of a collection, as named in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    List,
    Mapping,
}

/// A syntax error in a YAML text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Text that directly follows a quoted scalar.
    AfterQuote,
    BlockHeader,
    /// A block scalar without indentation.
    BlockText,
    /// A closing bracket that does not match the opening bracket.
    Bracket(char, char),
    CharacterCode,
    /// A missing comma between two entries of a flow collection.
    Comma(Collection),
    Directive,
    /// Text after the end of the document.
    DocumentStart,
    Escape,
    FlowColon,
    FlowDash,
    FlowQuestionMark,
    /// A tag handle that has not been declared.
    Handle,
    Indentation,
    /// A list item that does not start on a new line.
    Item,
    ItemInMapping,
    /// A key that is not allowed at its position in the line.
    Key,
    MissingKey,
    MissingValue,
    /// An anchor or an alias with an invalid name.
    Name,
    /// A line of a mapping that contains no colon.
    NoColon,
    NoValue,
    OpenBracket(char),
    OpenQuote,
    RepeatedDirective,
    /// A line that does not belong to the surrounding block collection.
    Sibling(Collection),
    /// A key in a flow collection whose colon is on a different line.
    SplitKey,
    StrayBracket,
    Tab,
    Tag,
    UnexpectedEnd,
    /// A character that cannot start a value without quotes.
    Unstartable,
    /// A colon after a value that cannot be a key.
    Value,
    Version,
}

impl Mistake {
    fn message(self) -> &'static str {
        match self {
            Self::AfterQuote => "unexpected text after the closing quote",
            Self::BlockHeader => "only `+`, `-` and a digit from 1 to 9 may follow `|` or `>`",
            Self::BlockText => "this block scalar must be indented",
            Self::Bracket(..) => "this bracket does not close the open bracket",
            Self::CharacterCode => "invalid character code in double quotes",
            Self::Comma(Collection::List) => "expected `,` or `]` in this list",
            Self::Comma(Collection::Mapping) => "expected `,` or `}` in this mapping",
            Self::Directive => "invalid YAML directive",
            Self::DocumentStart => "the document ends before this line",
            Self::Escape => "unknown escape sequence in a double-quoted string",
            Self::FlowColon => "an unquoted value inside brackets cannot start with `:`",
            Self::FlowDash => "a list item cannot start with `- ` inside brackets",
            Self::FlowQuestionMark => "an unquoted value inside brackets cannot contain `?`",
            Self::Handle => "the prefix of this tag is not declared",
            Self::Indentation => "the indentation of this line is wrong",
            Self::Item | Self::ItemInMapping => "a list item is not allowed here",
            Self::Key => "a key is not allowed here",
            Self::MissingKey => "the key of this value is missing",
            Self::MissingValue => "a value is missing before this comma",
            Self::Name => "invalid name of an anchor or alias",
            Self::NoColon => "expected `:` after this key",
            Self::NoValue => "a value is missing here",
            Self::OpenBracket(_) => "this bracket is not closed",
            Self::OpenQuote => "the quoted string is not closed",
            Self::RepeatedDirective => "this YAML directive is repeated",
            Self::Sibling(Collection::List) => "expected another `- ` item of the list",
            Self::Sibling(Collection::Mapping) => "expected another key of the mapping",
            Self::SplitKey => "a key and its `:` must be on the same line",
            Self::StrayBracket => "this bracket has no opening bracket",
            Self::Tab => "YAML does not allow tabs for indentation",
            Self::Tag => "invalid tag",
            Self::UnexpectedEnd => "unexpected end of the file",
            Self::Unstartable => "an unquoted value cannot start with this character",
            Self::Value => "a mapping cannot start here",
            Self::Version => "this version of YAML is not supported",
        }
    }

    fn help(self) -> Option<&'static str> {
        Some(match self {
            Self::AfterQuote => "write an apostrophe in single quotes as `''`, or use double quotes",
            Self::BlockHeader => "start the text on the next line",
            Self::BlockText => "indent the block scalar by two spaces",
            Self::CharacterCode => "use `\\\\` for a backslash",
            Self::Directive => "remove the line, or quote a value that starts with `%`",
            Self::DocumentStart | Self::Indentation | Self::Key | Self::Sibling(_) => ALIGN,
            Self::Escape => "write `\\\\` for a backslash, or use single quotes",
            Self::FlowColon | Self::FlowQuestionMark | Self::Unstartable => QUOTE,
            Self::FlowDash => "remove the dash",
            Self::Handle | Self::Tag => "quote the string if it starts with `!`",
            Self::Item => "start the list on a new line",
            Self::ItemInMapping => "a key has either a value on its line or a list below it",
            Self::MissingKey => "write `null` if the key is null",
            Self::MissingValue => "remove the comma",
            Self::NoColon => "write the key and its `:` on the same line",
            Self::RepeatedDirective | Self::Version => "remove the line",
            Self::SplitKey => "a `,` or a bracket may be missing before the key",
            Self::Tab => "use spaces",
            Self::Value => {
                "quote the value if it contains `: `; otherwise, check the indentation of this line"
            }
            Self::Bracket(..)
            | Self::Comma(_)
            | Self::Name
            | Self::NoValue
            | Self::OpenBracket(_)
            | Self::OpenQuote
            | Self::StrayBracket
            | Self::UnexpectedEnd => return None,
        })
    }
}

/// Returns the error for a problem at an offset.
pub(super) fn error(text: &str, mistake: Mistake, at: usize) -> YamlError {
    let at = at.min(text.len());
    if let Some((key, at)) = key_without_space(text, mistake, at) {
        let message = format!("a space is missing after `{key}:`");
        return YamlErrorKind::Syntax { message, help: None }.at(Span::new(at, at + key.len() + 1));
    }
    let (message, help) = match mistake {
        Mistake::Bracket(open, close) => (format!("`{close}` does not close `{open}`"), None),
        Mistake::OpenBracket(open) => (format!("this `{open}` is not closed"), None),
        Mistake::Unstartable => {
            let character = text[at..].chars().next().unwrap_or_default();
            (format!("an unquoted value cannot start with `{character}`"), mistake.help())
        }
        Mistake::Name => name(text, at),
        Mistake::NoColon => no_colon(text, at),
        Mistake::Value if is_after_value(text, at) => {
            ("an unquoted value cannot contain `: `".to_owned(), Some(QUOTE))
        }
        other => (other.message().to_owned(), other.help()),
    };
    let help = if starts_with_template(text, at) { Some(QUOTE_TEMPLATE) } else { help };
    YamlErrorKind::Syntax { message, help }.at(Span::new(at, at + width(text, mistake, at)))
}

/// Returns the message for an anchor or an alias with an invalid name.
fn name(text: &str, at: usize) -> (String, Option<&'static str>) {
    let token = token(text, at);
    match token {
        "*" => (
            "`*` starts an alias, but no name follows".to_owned(),
            Some("quote a value that starts with `*`, such as a cron expression"),
        ),
        "&" => ("`&` starts an anchor, but no name follows".to_owned(), Some(QUOTE)),
        _ if token.starts_with("*/") => (
            format!("`{token}` is not an alias"),
            Some("quote a value that starts with `*`, such as a cron expression"),
        ),
        _ => (
            format!("PyYAML does not accept the name in `{token}`"),
            Some("use letters, digits, `-` and `_`, or quote the string if it starts with `&` or `*`"),
        ),
    }
}

/// Returns the message for a line of a mapping that contains no colon.
fn no_colon(text: &str, at: usize) -> (String, Option<&'static str>) {
    let mistake = if follows_block_header(text, at) { Mistake::BlockText } else { Mistake::NoColon };
    let (_, last) = last_line(text, at);
    let help = if last.trim_start().starts_with('#') {
        Some("start the line with `#` if it continues the comment above")
    } else {
        mistake.help()
    };
    (mistake.message().to_owned(), help)
}

/// Returns the key in a line such as `key:value`, where the space after the colon is missing, and its offset.
///
/// The line is the line at the offset of the problem or, if that line contains a colon, the line before.
fn key_without_space(text: &str, mistake: Mistake, at: usize) -> Option<(&str, usize)> {
    let (start, line) = match mistake {
        Mistake::NoColon => (line_start(text, at), text[line_start(text, at)..].lines().next()?),
        Mistake::Value => last_line(text, at),
        _ => return None,
    };
    let content = line.trim_start_matches([' ', '-']);
    let (key, value) = content.split_once(':')?;
    let is_key = key.len() > 1 && key.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it));
    let is_value = value.starts_with(|first: char| first.is_ascii_graphic() && first != '/');
    let is_unspaced = !content.contains(": ") && !content.ends_with(':');
    (is_key && is_value && is_unspaced).then_some((key, start + line.len() - content.len()))
}

/// Returns whether the last line before an offset that is not blank ends with the header of a block scalar, such as
/// `key: |`.
fn follows_block_header(text: &str, at: usize) -> bool {
    let header = last_line(text, at).1.rsplit(' ').next().unwrap_or_default();
    header.starts_with(['|', '>']) && header[1..].chars().all(|it| matches!(it, '+' | '-' | '1'..='9'))
}

/// Returns whether a colon at an offset belongs to the value of another key in the same line.
fn is_after_value(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].contains(": ")
}

/// Returns the last line before the line at an offset that is not blank, and its offset. Omits whitespace at its end.
fn last_line(text: &str, at: usize) -> (usize, &str) {
    let before = text[..line_start(text, at)].trim_end();
    let start = line_start(before, before.len());
    (start, &before[start..])
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns the number of bytes to mark at the position of an error: a token or a single character.
fn width(text: &str, mistake: Mistake, at: usize) -> usize {
    if mistake == Mistake::Name {
        return token(text, at).len();
    }
    text[at..].chars().next().filter(|next| !matches!(next, '\n' | '\r')).map_or(0, char::len_utf8)
}

/// Returns the text before the next whitespace or bracket.
fn token(text: &str, at: usize) -> &str {
    let is_end = |next: char| next.is_whitespace() || matches!(next, ',' | '[' | ']' | '{' | '}');
    text[at..].split(is_end).next().unwrap_or_default()
}

/// Returns whether the line at an offset contains an unquoted value that starts with `{{`.
fn starts_with_template(text: &str, at: usize) -> bool {
    let line = text[line_start(text, at)..].lines().next().unwrap_or_default();
    [": {{", "- {{"].iter().any(|opening| line.contains(opening)) || line.trim_start().starts_with("{{")
}
