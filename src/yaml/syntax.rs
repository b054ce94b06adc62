//! Converts syntax errors of the YAML parser to messages.

use granit_parser::{ErrorKind, ScanError};

use super::{
    error::{QUOTE_TEMPLATE, YamlError, YamlErrorKind},
    limits::MAXIMUM_DEPTH,
};
use crate::source::Span;

const QUOTE_COLON: &str = "quote a value that contains `: `; otherwise check the indentation of this line";
const INDENT: &str = "align the line with its siblings";
const USE_SPACES: &str = "use spaces";

/// Returns the error for a tab at a position where PyYAML does not accept it.
pub(super) fn tab() -> YamlErrorKind {
    YamlErrorKind::Syntax {
        message: "YAML does not allow tabs for indentation".to_owned(),
        help: Some(USE_SPACES),
    }
}

/// Returns the error for a key whose colon is on another line.
pub(super) fn split_key() -> YamlErrorKind {
    let message = "a key and its `:` must be on one line".to_owned();
    YamlErrorKind::Syntax { message, help: Some("a `,` or a bracket before it may be missing") }
}

/// Converts an error of the parser. A position beyond the end of the text is moved to the end.
pub(super) fn error(text: &str, error: &ScanError) -> YamlError {
    let mut at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let width =
        text[at..].chars().next().filter(|next| !matches!(next, '\n' | '\r')).map_or(0, char::len_utf8);
    kind(text, at, error.kind()).at(Span::new(at, at + width))
}

fn kind(text: &str, at: usize, kind: &ErrorKind) -> YamlErrorKind {
    let (message, help) = match kind {
        ErrorKind::RecursionLimitExceeded => return YamlErrorKind::TooDeep(MAXIMUM_DEPTH),
        ErrorKind::UnexpectedEofImplicitFlowMapping if text[at..].starts_with(',') => {
            ("a value is missing before this comma".to_owned(), Some("remove the comma"))
        }
        ErrorKind::UnclosedFlowCollection { open } => (format!("this `{open}` is not closed"), None),
        ErrorKind::UnexpectedEofFlowSequence => ("this list is not closed: `]` is missing".to_owned(), None),
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            ("this mapping is not closed: `}` is missing".to_owned(), None)
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket has no opening bracket".to_owned(), None),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{close}` does not close `{open}`"), None)
        }
        ErrorKind::ExpectedFlowMappingSeparator => ("expected `,` or `}` in this mapping".to_owned(), None),
        ErrorKind::ExpectedFlowSequenceSeparator => ("expected `,` or `]` in this list".to_owned(), None),
        ErrorKind::UnclosedQuotedScalar => ("this quote is not closed".to_owned(), None),
        ErrorKind::UnexpectedCharacter { character } => (
            format!("a value without quotes cannot start with `{character}`"),
            Some("put the value in quotes"),
        ),
        ErrorKind::FlowMappingValueAdjacentCollection => {
            ("expected a space after this `:`".to_owned(), Some("write `key: [...]` or `key: {...}`"))
        }
        ErrorKind::MappingValueNotAllowed => ("a mapping cannot start here".to_owned(), Some(QUOTE_COLON)),
        ErrorKind::MappingKeyNotAllowed => ("a key is not allowed here".to_owned(), Some(INDENT)),
        ErrorKind::BlockSequenceEntryNotAllowed => {
            ("a list item is not allowed here".to_owned(), Some("start the list on a new line"))
        }
        ErrorKind::ExpectedBlockMappingKey => {
            ("expected another key of the mapping".to_owned(), Some(INDENT))
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            ("expected another `- ` item of the list".to_owned(), Some(INDENT))
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("expected `:` after this key".to_owned(), Some("write the key and its `:` on one line"))
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent => {
            ("the indentation of this line is wrong".to_owned(), Some(INDENT))
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => return tab(),
        ErrorKind::UndeclaredTagHandle => (
            "the prefix of this tag is not declared".to_owned(),
            Some("quote the string if it starts with `!`"),
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "unknown escape in double quotes".to_owned(),
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::ExpectedDocumentStart => ("the document ends before this line".to_owned(), Some(INDENT)),
        other => (format!("not valid YAML: {other}"), None),
    };
    let help = if starts_with_template(text, at) { Some(QUOTE_TEMPLATE) } else { help };
    YamlErrorKind::Syntax { message, help }
}

/// Returns whether the line at an offset contains an unquoted value that starts with `{{`.
fn starts_with_template(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    [": {{", "- {{"].iter().any(|opening| line.contains(opening)) || line.trim_start().starts_with("{{")
}
