//! The errors that occur when a YAML file is parsed.

use super::{event::APPEND, integer::Integer};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    source::{Source, Span},
};

/// An error in a YAML file and its position.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct YamlError {
    pub(crate) kind: YamlErrorKind,
    pub(crate) span: Span,
}

/// The problem that makes a YAML file invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum YamlErrorKind {
    #[error("the file is not UTF-8")]
    NotUtf8 { utf16: bool },
    #[error("the character U+{:04X} is not allowed in YAML", *.0 as u32)]
    Character(char),
    #[error("{message}")]
    Syntax { message: String, help: Option<&'static str> },
    #[error("the file contains more than one YAML document")]
    SeveralDocuments,
    #[error("the alias `*{name}` has no anchor `&{name}` above it")]
    UndefinedAlias { name: String, suggestion: Option<String> },
    #[error("the anchor `&{name}` is already defined on line {first_line}")]
    DuplicateAnchor { name: String, first_line: usize },
    #[error("the alias `*{0}` is inside the value that it refers to")]
    RecursiveAlias(String),
    #[error("collections are nested more than {0} levels deep")]
    TooDeep(usize),
    #[error("the aliases in this file expand to too many values")]
    TooManyAliases,
    #[error("the file contains too many values")]
    TooManyNodes,
    #[error("the tag `{0}` is not supported")]
    UnknownTag(String),
    #[error("the tag `!append` requires a list, not {0}")]
    AppendedValue(&'static str),
    #[error("the value `{0}` must be quoted")]
    BareIndicator(&'static str),
    #[error("expected {expected}, found {found}")]
    WrongNode { expected: &'static str, found: &'static str },
    #[error("`{text}` is not {expected}")]
    InvalidScalar { text: String, expected: &'static str },
    #[error("{found} cannot be a mapping key")]
    UnhashableKey { found: &'static str, template: bool },
    #[error("`<<` can only merge a mapping or a list of mappings, not {0}")]
    MergeSource(&'static str),
    #[error("the integer {0} is out of range: the API only accepts 64-bit integers")]
    IntegerRange(Integer),
    #[error("the binary value is not UTF-8 and cannot be sent to the API")]
    BinaryNotText,
}

/// Help message for an unquoted template, which YAML parses as a mapping.
pub(super) const QUOTE_TEMPLATE: &str = "quote values that start with `{{`: \"{{ ... }}\"";

impl YamlErrorKind {
    pub(super) fn at(self, span: Span) -> YamlError {
        YamlError { kind: self, span }
    }

    /// Returns the stable code that identifies the kind of error in diagnostics.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::NotUtf8 { .. } | Self::Character(_) => Code::YAML_ENCODING,
            Self::Syntax { .. } | Self::SeveralDocuments => Code::YAML_SYNTAX,
            Self::UndefinedAlias { .. } | Self::DuplicateAnchor { .. } | Self::RecursiveAlias(_) => {
                Code::YAML_ALIAS
            }
            Self::TooDeep(_) | Self::TooManyAliases | Self::TooManyNodes => Code::YAML_LIMIT,
            Self::UnknownTag(_) | Self::AppendedValue(_) => Code::YAML_TAG,
            Self::BareIndicator(_)
            | Self::WrongNode { .. }
            | Self::InvalidScalar { .. }
            | Self::IntegerRange(_)
            | Self::BinaryNotText => Code::YAML_VALUE,
            Self::UnhashableKey { .. } | Self::MergeSource(_) => Code::YAML_KEY,
        }
    }

    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotUtf8 { utf16: true } => "convert the file from UTF-16 to UTF-8",
            Self::NotUtf8 { utf16: false } => "save the file with the encoding UTF-8",
            Self::Syntax { help, .. } => return help.map(str::to_owned),
            Self::SeveralDocuments => {
                "remove this `---`, because a project file must contain a single document"
            }
            Self::UndefinedAlias { suggestion: Some(name), .. } => {
                return Some(format!("did you mean `*{name}`?"));
            }
            Self::UndefinedAlias { suggestion: None, .. } => {
                "define the anchor earlier in the file, or quote the string if it starts with `*`"
            }
            Self::DuplicateAnchor { .. } => "use a different name for each anchor",
            Self::BareIndicator(_) => "quote the value to make it a string",
            Self::UnhashableKey { template: true, .. } => QUOTE_TEMPLATE,
            Self::IntegerRange(_) => "quote the value to send it as a string",
            Self::UnknownTag(name) if name == APPEND => {
                "only overlay files such as prefect.prod.yaml support this tag, because Prefect rejects it in prefect.yaml"
            }
            Self::UnknownTag(name) if strsim::osa_distance(&name.to_lowercase(), APPEND) <= 2 => {
                "did you mean `!append`, which overlay files such as prefect.prod.yaml support?"
            }
            Self::UnknownTag(_) => "remove the tag, or quote the string if it starts with `!`",
            Self::AppendedValue("a mapping") => "remove the tag: mappings are always merged",
            Self::AppendedValue(_) => "remove the tag",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

impl YamlError {
    /// Converts the error to a diagnostic that shows its position in `source`.
    pub(crate) fn diagnostic(&self, source: &Source) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(self.kind.code(), self.to_string()).at(Place::new(source, self.span));
        match self.kind.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
