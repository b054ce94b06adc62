//! Errors of YAML files.

use super::integer::Integer;
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    source::{Source, Span},
};

/// An error and its place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct YamlError {
    pub(crate) kind: YamlErrorKind,
    pub(crate) span: Span,
}

/// Reason why a YAML text is rejected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum YamlErrorKind {
    #[error("the file is not UTF-8 text")]
    NotUtf8 { utf16: bool },
    #[error("the character U+{:04X} is not allowed in YAML", *.0 as u32)]
    Character(char),
    #[error("{message}")]
    Syntax { message: String, help: Option<&'static str> },
    #[error("the file holds more than one YAML document")]
    SeveralDocuments,
    #[error("the alias `*{name}` has no anchor `&{name}` before it")]
    UndefinedAlias { name: String, suggestion: Option<String> },
    #[error("the anchor `&{name}` is already defined in line {first_line}")]
    DuplicateAnchor { name: String, first_line: usize },
    #[error("the alias `*{0}` stands inside the value it refers to")]
    RecursiveAlias(String),
    #[error("collections are nested more than {0} levels deep")]
    TooDeep(usize),
    #[error("the aliases of this file expand to too many values")]
    TooManyAliases,
    #[error("there are too many values in this file")]
    TooManyNodes,
    #[error("the tag `{0}` is not supported")]
    UnknownTag(String),
    #[error("a bare `{0}` cannot be a value")]
    BareIndicator(&'static str),
    #[error("expected {expected}, found {found}")]
    WrongNode { expected: &'static str, found: &'static str },
    #[error("`{text}` is not {expected}")]
    InvalidScalar { text: String, expected: &'static str },
    #[error("{found} cannot be the key of a mapping")]
    UnhashableKey { found: &'static str, template: bool },
    #[error("`<<` merges a mapping or a list of mappings, not {0}")]
    MergeSource(&'static str),
    #[error("the integer {0} is out of range: numbers are sent to the API as 64-bit integers")]
    IntegerRange(Integer),
    #[error("this binary value is not UTF-8 text and cannot be sent to the API")]
    BinaryNotText,
}

/// Help for an unquoted template, which YAML parses as a mapping.
pub(super) const QUOTE_TEMPLATE: &str = "a value that starts with `{{` needs quotes: \"{{ ... }}\"";

impl YamlErrorKind {
    pub(super) fn at(self, span: Span) -> YamlError {
        YamlError { kind: self, span }
    }

    /// Returns the diagnostic code of the error.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::NotUtf8 { .. } | Self::Character(_) => Code::YAML_ENCODING,
            Self::Syntax { .. } | Self::SeveralDocuments => Code::YAML_SYNTAX,
            Self::UndefinedAlias { .. } | Self::DuplicateAnchor { .. } | Self::RecursiveAlias(_) => {
                Code::YAML_ALIAS
            }
            Self::TooDeep(_) | Self::TooManyAliases | Self::TooManyNodes => Code::YAML_LIMIT,
            Self::UnknownTag(_) => Code::YAML_TAG,
            Self::BareIndicator(_)
            | Self::WrongNode { .. }
            | Self::InvalidScalar { .. }
            | Self::IntegerRange(_)
            | Self::BinaryNotText => Code::YAML_VALUE,
            Self::UnhashableKey { .. } | Self::MergeSource(_) => Code::YAML_KEY,
        }
    }

    /// Returns advice, if there is any.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotUtf8 { utf16: true } => "it is UTF-16; save it as UTF-8",
            Self::NotUtf8 { utf16: false } => "save it as UTF-8",
            Self::Syntax { help, .. } => return help.map(str::to_owned),
            Self::SeveralDocuments => "keep everything in one document; remove this `---`",
            Self::UndefinedAlias { suggestion: Some(name), .. } => {
                return Some(format!("did you mean `*{name}`?"));
            }
            Self::UndefinedAlias { suggestion: None, .. } => {
                "define the anchor earlier in the file, or quote a text that starts with `*`"
            }
            Self::DuplicateAnchor { .. } => "give every anchor a name of its own",
            Self::BareIndicator(_) => "put it in quotes to make it a text",
            Self::UnhashableKey { template: true, .. } => QUOTE_TEMPLATE,
            Self::IntegerRange(_) => "put it in quotes to send it as a text",
            Self::UnknownTag(_) => "remove the tag; quote a text that starts with `!`",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

impl YamlError {
    /// Converts the error to a diagnostic.
    pub(crate) fn diagnostic(&self, source: &Source) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(self.kind.code(), self.to_string()).at(Place::new(source, self.span));
        match self.kind.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
